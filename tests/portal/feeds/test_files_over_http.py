"""Downloads through a real server and a real client: what the documents print runs, and a cut file is no file."""

from __future__ import annotations

import gzip
import http.client
import json
import re
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from portal.feeds import assembly
from portal.feeds.files import file_of
from portal.models import Release
from tests.serving import served

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "files.md"


@pytest.fixture(scope="module")
def site(shown_city: Client) -> Iterator[str]:
    from django.test import override_settings

    with override_settings(ALLOWED_HOSTS=["127.0.0.1"]), served() as address:
        yield address


def test_the_recipe_for_checking_runs_as_printed(
    site: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (recipe,) = re.findall(r"```python\n(.+?)```", DOCUMENT.read_text(), re.DOTALL)

    exec(recipe.replace("http://127.0.0.1:8000", site), {})

    said = capsys.readouterr().out.splitlines()
    assert len(said) == 15  # five formats of the whole and of two months
    assert all(line.endswith("as released") for line in said)


def test_a_download_goes_on_where_it_broke_off(site: str) -> None:
    address = f"{site}/data/incidents.csv"
    with urllib.request.urlopen(address) as answer:
        whole, etag = answer.read(), answer.headers["ETag"]
    for stop in (1, 200, len(whole) - 1):
        asked = urllib.request.Request(
            address, headers={"Range": f"bytes={stop}-", "If-Range": etag}
        )
        with urllib.request.urlopen(asked) as answer:
            assert (answer.status, whole[:stop] + answer.read()) == (206, whole)


def test_head_has_a_length_and_no_body(site: str) -> None:
    asked = urllib.request.Request(f"{site}/data/incidents.geojson", method="HEAD")

    with urllib.request.urlopen(asked) as answer:
        assert answer.read() == b""
        assert int(answer.headers["Content-Length"]) > 1000


def test_answers_on_one_connection_end_where_they_say(site: str) -> None:
    """A body that is not announced, or an announced one that is not sent, would be read as the next answer."""
    connection = http.client.HTTPConnection(site.removeprefix("http://"), timeout=20)

    def ask(method: str, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, "/data/incidents.geojson", headers=named)
        answer = connection.getresponse()
        return answer, answer.read()

    try:
        first, whole = ask("GET")
        etag, size = first.headers["ETag"], int(first.headers["Content-Length"])
        told = [
            ask("HEAD"),
            ask("HEAD", Accept_Encoding="gzip"),
            ask("HEAD", Range="bytes=0-1"),
            ask("GET", If_None_Match=f"W/{etag}", Range="bytes=0-1"),
            ask("GET", Range=f"bytes={size}-"),
            ask("GET", Range="bytes=0-1,4-5"),
            ask("GET", Range="bytes=5-", If_Range=etag, Accept_Encoding="gzip"),
            ask("POST", Content_Length="0"),
            ask("GET", Accept_Encoding="gzip"),
            ask("GET"),
        ]
    finally:
        connection.close()

    statuses = [answer.status for answer, _ in told]
    bodies = [body for _, body in told]
    assert statuses == [200, 200, 200, 304, 416, 200, 206, 405, 200, 200]
    assert size == len(whole)
    assert bodies[:4] == [b"", b"", b"", b""]
    assert [json.loads(bodies[n])["status"] for n in (4, 7)] == [416, 405]
    assert [bodies[5], bodies[6], gzip.decompress(bodies[8]), bodies[9]] == [
        whole,
        whole[5:],
        whole,
        whole,
    ]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_file_that_is_cut_while_it_is_sent_is_a_broken_download(
    site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = Release.objects.select_related("dataset").get(dataset__slug="incidents")
    month = file_of(release, "geojson", month="2026-08")
    victim = month.folder / month.pieces[0].file
    content = victim.read_bytes()
    cut = threading.Event()
    first_piece = assembly.Assembly._chunks_of

    def cut_before_it_is_read(self: Any, piece: Any, first: int, last: int) -> Any:
        if piece.file == victim.name and not cut.is_set():
            victim.write_bytes(content[: len(content) // 2])
            cut.set()
        return first_piece(self, piece, first, last)

    monkeypatch.setattr(assembly.Assembly, "_chunks_of", cut_before_it_is_read)
    try:
        with (
            pytest.raises((http.client.IncompleteRead, ConnectionError)),
            urllib.request.urlopen(f"{site}/data/incidents.geojson") as answer,
        ):
            answer.read()
        assert cut.is_set()
    finally:
        victim.write_bytes(content)
