"""docs/ingest.md is run, not only read: its commands work and its tables are those of the code."""

from __future__ import annotations

import inspect
import io
import json
import os
import re
import shlex
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.db import connection

from sensors import api
from sensors.actions import judging, landing
from sensors.kinds import KINDS, PULSE_LIMITS, Property
from sensors.models import Datastream, Observation, Pulse
from sensors.payloads.daylight import MALFORMED, NOT_JSON, OUT_OF_LIMITS

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "ingest.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", DOCUMENT, re.S)


class Quiet(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        pass


class Server(WSGIServer):
    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        connection.close()


@pytest.fixture
def server(city_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Daylight behind a real socket."""
    monkeypatch.setattr("sensors.api.drain_soon", lambda: None)
    with make_server("127.0.0.1", 0, get_wsgi_application(), Server, Quiet) as listening:
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()
        thread.join()


def manage(lines: str) -> str:
    """Run the `python manage.py ...` lines of a block; what they say."""
    said = io.StringIO()
    for line in lines.strip().splitlines():
        python, manage_py, *arguments = shlex.split(line)
        assert (python, manage_py) == ("python", "manage.py")
        call_command(*arguments, stdout=said, stderr=io.StringIO())
    return said.getvalue()


def test_a_reader_who_does_what_the_document_says_has_data_in_daylight(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    register = next(text for language, text in BLOCKS if language == "csv")
    Path("sensors.csv").write_text(register)
    Path("recording.csv").write_text(
        "sensor,property,t,value\nBIN-1,cargoWeight,2026-03-14T20:00:00Z,12.5\n"
    )
    set_up, single, many, files = (text for language, text in BLOCKS if language == "bash")

    said = manage(set_up)
    credentials = dict(re.findall(r"(key|secret): +(\S+)", said))
    environment = os.environ | {
        "DAYLIGHT_URL": server,
        "DAYLIGHT_KEY": credentials["key"],
        "DAYLIGHT_SECRET": credentials["secret"],
    }
    receipts = []
    for block in (single, many):
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        receipts.append(json.loads(done.stdout))
    said = manage(files)

    promised = next(json.loads(text) for language, text in BLOCKS if language == "json")
    assert [receipt.keys() for receipt in receipts] == [promised.keys()] * 2
    assert [receipt["messages"] for receipt in receipts] == [1, 2]
    totals = json.loads(said.splitlines()[-1])
    assert (totals["stored"], totals["quarantined"]) == (4, 0)
    assert Pulse.objects.get().peak_db == 97.5
    assert dict(Datastream.objects.values_list("observed_property", "latest_value")) == {
        "fillingLevel": 0.42,
        "status": 1.0,
        "cargoWeight": 12.5,
    }
    assert Observation.objects.count() == 3


def told(observed: Property) -> str:
    low, high = observed.limits
    return ", ".join(observed.states) or f"{low:g} to {high:g}"


def test_every_property_is_in_the_table_with_its_unit_and_values() -> None:
    common = KINDS["acoustic"].properties or {}
    rows = [("every kind below", name, observed) for name, observed in common.items()]
    for kind in ("bin", "light", "charger", "vehicle", "weather"):
        own = (KINDS[kind].properties or {}).items()
        rows += [(kind, name, observed) for name, observed in own if name not in common]

    wanted = [f"| {kind} | `{name}` | {of.unit} | {told(of)} |" for kind, name, of in rows]

    table = DOCUMENT.split("| kind | property | unit | values |\n|---|---|---|---|\n")[1]
    assert table.split("\n\n")[0].splitlines() == wanted


def test_every_kind_and_every_field_of_a_pulse_is_named() -> None:
    for name in [*KINDS, *PULSE_LIMITS]:
        assert f"`{name}`" in DOCUMENT


def test_every_refusal_is_in_the_table_of_errors() -> None:
    wanted = {(refused.status.value, refused.code) for refused in api.REFUSALS.values()}

    found = re.findall(r"^\| (\d{3}) \| `([a-z-]+)` \|", DOCUMENT, re.M)

    assert {(int(status), code) for status, code in found} == wanted


def test_every_reason_of_the_quarantine_is_in_its_table() -> None:
    source = inspect.getsource(judging) + inspect.getsource(landing)
    wanted = set(re.findall(r'Refusal\(\s*"(\w+)"', source)) | set(
        re.findall(r'position, "(\w+)"', source)
    )

    found = re.findall(r"^\| `([a-z_]+)` \| [^|]+ \|$", DOCUMENT.split("## 4.")[1], re.M)

    assert set(found) == wanted | {MALFORMED, OUT_OF_LIMITS, NOT_JSON}


def test_the_numbers_in_the_document_are_those_of_the_code(settings: Any) -> None:
    assert f"differ from our clock by {settings.INGEST_WINDOW_S} s" in DOCUMENT
    assert f"up to {settings.INGEST_MAX_BODY_BYTES // 2**20} MiB" in DOCUMENT
    assert f"default {settings.INGEST_RETENTION_DAYS:,}" in DOCUMENT
    assert f"more than {judging.FUTURE_TOLERANCE_S // 60} minutes" in DOCUMENT
