"""`manage.py up`, the whole of it: every process killed in turn, and the city still answers."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import Any

from conftest import Stage, wait_until

UP = [sys.executable, "manage.py", "up", "--without=demo", "--workers=1"]

CHILDREN = (
    ("granian",),
    ("celery", "worker"),
    ("celery", "beat"),
    ("redis-server",),
    ("postgres", "-D"),
)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


class City:
    """A started Daylight and what it says about itself."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.port = free_port()
        self.environ = {"DAYLIGHT_HOME": str(stage.home)}
        stage.start([*UP, f"--port={self.port}"], **self.environ)

    def health(self) -> dict[str, Any]:
        """The answer of /healthz, or nothing where there is none."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=10) as it:
                return json.load(it)
        except urllib.error.HTTPError as error:
            with error, contextlib.suppress(ValueError):
                return json.load(error)
        except OSError:
            pass
        return {}

    def has_ticked_since(self, instant_s: float) -> bool:
        """Whether web, database, queue, clock and worker have worked together since then."""
        age_s = self.health().get("queue_tick_age_s")
        return age_s is not None and age_s < time.monotonic() - instant_s

    def manage(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.stage.run([sys.executable, "manage.py", *words], **self.environ)


def test_a_city_survives_the_death_of_all_its_processes(stage: Stage) -> None:
    city = City(stage)
    wait_until(lambda: city.health().get("status") == "ok", what="the city was well")

    assert_it_is_well_after_killing_every_child(stage, city)
    assert_the_doctor_finds_nothing_wrong(city)
    assert_a_second_start_is_refused(city)
    assert_it_starts_again_after_killing_the_supervisor(stage, city)

    assert stage.stop() == 0
    assert stage.processes() == []


def assert_it_is_well_after_killing_every_child(stage: Stage, city: City) -> None:
    killed_at_s = time.monotonic()
    before = {words: stage.child(*words) for words in CHILDREN}
    for process in before.values():
        stage.kill(process)

    for words, process in before.items():
        wait_until(
            lambda words=words, process=process: stage.child(*words) not in (process, None),
            what=f"{words[0]} was back",
        )
    wait_until(lambda: city.has_ticked_since(killed_at_s), what="all worked together again")


def assert_the_doctor_finds_nothing_wrong(city: City) -> None:
    report = city.manage("doctor")

    assert report.returncode == 0, report.stdout
    for words in ("postgres 18", "redis-server 6.2", "mode 0700", "last tick", "none pending"):
        assert words in report.stdout
    assert "CVE-2025-49844" in report.stdout


def assert_a_second_start_is_refused(city: City) -> None:
    second = city.manage("up", f"--port={free_port()}")

    assert second.returncode == 1
    assert "already runs here" in second.stderr


def assert_it_starts_again_after_killing_the_supervisor(stage: Stage, city: City) -> None:
    assert stage.supervisor is not None
    stage.supervisor.send_signal(signal.SIGKILL)
    stage.supervisor.wait()
    wait_until(lambda: stage.processes() == [], what="everybody was gone")

    report = city.manage("doctor")
    assert report.returncode == 1
    assert "not running here" in report.stdout
    assert "unreachable" in report.stdout

    assert City(stage).health()["database"] == "ok"


def test_a_taken_port_is_reported_before_anything_starts(stage: Stage) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        refused = stage.run([*UP, f"--port={port}"], DAYLIGHT_HOME=str(stage.home))

    assert refused.returncode == 1
    assert f"port {port}" in refused.stderr
    assert "--port" in refused.stderr
    assert stage.processes() == []
