"""A download is whole or an error, says how long it is, and is told apart from every other."""

from __future__ import annotations

import base64
import gzip
import hashlib
import zlib
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as rounds
from hypothesis import strategies as st

from portal.feeds import contract
from portal.models import Release

NEVER_TOLD = ("Last-Modified", "Set-Cookie")


@pytest.fixture
def client(shown_city: Client) -> Client:
    return shown_city


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


@pytest.mark.parametrize("suffix", ["csv", "json", "ndjson", "geojson", "parquet"])
@pytest.mark.parametrize("stem", ["incidents", "incidents-2026-10"])
def test_a_download_tells_its_length_and_hash_and_no_time_of_change(
    client: Client, stem: str, suffix: str
) -> None:
    response = client.get(f"/data/{stem}.{suffix}")

    sent = body(response)
    sha256 = hashlib.sha256(sent)
    digest = f"sha-256=:{base64.b64encode(sha256.digest()).decode()}:"
    assert response.status_code == 200
    assert response["Content-Length"] == str(len(sent))
    assert response["ETag"] == f'"{sha256.hexdigest()}"'
    assert response["Repr-Digest"] == response["Content-Digest"] == digest
    assert not [name for name in NEVER_TOLD if name in response]
    assert 'rel="license"' in response["Link"]
    assert 'rel="describedby"' in response["Link"]
    assert response["Daylight-Release"] == "1"
    assert response["Content-Location"] == f"/data/incidents/releases/1/{stem}.{suffix}"


def test_a_download_tells_how_many_rows_it_holds(client: Client) -> None:
    whole, month = (
        client.get("/data/incidents.ndjson"),
        client.get("/data/incidents-2026-08.ndjson"),
    )

    assert (
        whole["Daylight-Rows"]
        == str(body(whole).count(b"\n"))
        == str(Release.objects.get(dataset__slug="incidents").n_rows)
    )
    assert month["Daylight-Rows"] == str(body(month).count(b"\n")) == "5"


@pytest.mark.parametrize("suffix", ["csv", "json", "ndjson", "geojson"])
@pytest.mark.parametrize("stem", ["incidents", "incidents-2026-10", "places"])
def test_who_takes_gzip_gets_the_same_text_under_another_tag(
    client: Client, stem: str, suffix: str
) -> None:
    address = f"/data/{stem}.{suffix}"
    plain, packed = client.get(address), client.get(address, headers={"Accept-Encoding": "gzip"})

    text, sent = body(plain), body(packed)
    assert packed["Content-Encoding"] == "gzip"
    assert packed["Content-Length"] == str(len(sent))
    assert packed["ETag"] == f'"{hashlib.sha256(sent).hexdigest()}"' != plain["ETag"]
    assert "Accept-Encoding" in plain["Vary"] == packed["Vary"]
    assert gzip.decompress(sent) == text
    assert one_member(sent) == text


def one_member(sent: bytes) -> bytes:
    """What a reader gets who stops at the end of the first member, as browsers do."""
    reading = zlib.decompressobj(wbits=31)
    text = reading.decompress(sent)
    assert reading.eof
    assert reading.unused_data == b""
    return text


@pytest.mark.parametrize("encoding", ["", "identity", "br", "gzip;q=0", "gzip;q=0.1, identity"])
def test_who_does_not_want_gzip_gets_none(client: Client, encoding: str) -> None:
    response = client.get("/data/incidents.csv", headers={"Accept-Encoding": encoding})

    assert "Content-Encoding" not in response


@pytest.mark.parametrize(
    "known", ["{etag}", "W/{etag}", '"other", {etag}', '"other",W/{etag} , "more"', "*"]
)
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_a_known_file_is_not_sent_again(client: Client, known: str, encoding: str) -> None:
    headers = {"Accept-Encoding": encoding}
    etag = client.head("/data/incidents.csv", headers=headers)["ETag"]

    again = client.get(
        "/data/incidents.csv", headers={**headers, "If-None-Match": known.format(etag=etag)}
    )

    assert again.status_code == 304
    assert again["ETag"] == etag
    assert "Accept-Encoding" in again["Vary"]
    assert body(again) == b""
    assert again["Access-Control-Allow-Origin"] == "*"


def test_a_tag_of_another_file_does_not_stop_a_download(client: Client) -> None:
    response = client.get("/data/incidents.csv", headers={"If-None-Match": '"other"'})

    assert response.status_code == 200
    wanted = client.get("/data/incidents.csv", headers={"If-Match": '"other"'})
    assert wanted.status_code == 412
    assert wanted["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("suffix", ["csv", "json", "ndjson", "geojson", "parquet"])
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_head_tells_what_get_tells(client: Client, suffix: str, encoding: str) -> None:
    headers = {"Accept-Encoding": encoding}
    got = client.get(f"/data/incidents.{suffix}", headers=headers)
    told = client.head(f"/data/incidents.{suffix}", headers=headers)

    assert body(told) == b""
    assert dict(told.items()) == dict(got.items())


@rounds(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    first=st.none() | st.integers(0, 4000),
    last=st.none() | st.integers(0, 4000),
    suffix=st.sampled_from(["csv", "geojson"]),
)
def test_a_range_is_a_slice(
    ranged: dict[str, bytes], client: Client, first: int | None, last: int | None, suffix: str
) -> None:
    whole = ranged[suffix]
    response = client.get(
        f"/data/incidents.{suffix}",
        headers={
            "Range": f"bytes={'' if first is None else first}-{'' if last is None else last}",
            "Accept-Encoding": "gzip",
        },
    )

    sent = body(response)
    if first is None:
        wanted = whole[max(0, len(whole) - last) :] if last else b""
    else:
        wanted = whole[first : None if last is None else last + 1]
    is_nonsense = (first is None and last is None) or (
        first is not None and last is not None and last < first
    )
    if is_nonsense:
        assert (response.status_code, sent) == (200, whole)
    elif not wanted:
        assert response.status_code == 416
        assert response["Content-Range"] == f"bytes */{len(whole)}"
    else:
        assert (response.status_code, sent) == (206, wanted)
        start = len(whole) - len(wanted) if first is None else first
        assert response["Content-Range"] == f"bytes {start}-{start + len(wanted) - 1}/{len(whole)}"
        assert response["Content-Length"] == str(len(wanted))
        assert "Content-Encoding" not in response


@pytest.fixture
def ranged(client: Client) -> dict[str, bytes]:
    return {s: body(client.get(f"/data/incidents.{s}")) for s in ("csv", "geojson")}


def test_the_unit_of_a_range_is_known_in_any_case(client: Client) -> None:
    response = client.get("/data/incidents.csv", headers={"Range": "Bytes=0-8"})

    assert (response.status_code, body(response)) == (206, b"public_id")


@pytest.mark.parametrize("when", ["Sun, 22 Nov 1999 06:00:00 GMT", "Sun, 22 Nov 2099 06:00:00 GMT"])
@pytest.mark.parametrize("name", ["If-Unmodified-Since", "If-Modified-Since"])
@pytest.mark.parametrize("path", ["incidents.csv", "incidents/feed.atom", "incidents/schema.json"])
def test_where_no_time_of_change_is_told_none_can_be_asked_for(
    client: Client, path: str, name: str, when: str
) -> None:
    assert client.get(f"/data/{path}", headers={name: when}).status_code == 200


@pytest.mark.parametrize("asked", ["bytes=0-1,4-5", "lines=1-2", "bytes=a-b", "bytes 0-1", ""])
def test_a_range_that_is_not_understood_is_the_whole_file(client: Client, asked: str) -> None:
    response = client.get("/data/incidents.csv", headers={"Range": asked})

    assert response.status_code == 200
    assert len(body(response)) == int(response["Content-Length"])


def test_a_download_goes_on_only_with_the_same_file(client: Client) -> None:
    whole = client.get("/data/incidents.csv")
    text, etag = body(whole), whole["ETag"]

    same = client.get("/data/incidents.csv", headers={"Range": "bytes=10-", "If-Range": etag})
    assert (same.status_code, body(same)) == (206, text[10:])
    for other in ('"other"', f"W/{etag}", "Sun, 22 Nov 2026 06:00:00 GMT"):
        again = client.get("/data/incidents.csv", headers={"Range": "bytes=10-", "If-Range": other})
        assert (again.status_code, body(again)) == (200, text)


def test_the_address_of_a_release_is_for_good_and_the_current_one_is_not(client: Client) -> None:
    frozen = client.get("/data/incidents/releases/1/incidents.json")
    current = client.get("/data/incidents.json")

    assert "immutable" in frozen["Cache-Control"]
    assert "immutable" not in current["Cache-Control"]
    assert body(frozen) == body(current)


@pytest.mark.parametrize(
    ("as_of", "status"),
    [
        ("7", 404), ("2020-01-01", 404), ("yesterday", 400), ("2026-13-01", 400), ("", 400),
        ("2026-11-16T12:00:00", 400), ("9999-12-31", 400), ("0001-01-01T00:00:00+14:00", 400),
    ],
)  # fmt: skip
def test_a_past_that_never_was_is_a_problem(client: Client, as_of: str, status: int) -> None:
    response = client.get("/data/incidents.csv", {"as_of": as_of})

    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path",
    [
        "/data/nothing.csv",
        "/data/incidents.exe",
        "/data/incidents-2026-09.csv",
        "/data/incidents-2026-13.csv",
        "/data/places-2026-10.csv",
        "/data/sensitive-totals.geojson",
        "/data/incidents/releases/9/incidents.csv",
        "/data/incidents/releases/99999999999/incidents.csv",
        "/data/incidents/releases/1/gunfire.csv",
        "/data/incidents/releases/1/incidents.exe",
        "/data/incidents/releases/1/build.json",
        "/data/incidents/releases/one/incidents.csv",
        "/data/incidents/releases/1/../1/incidents.csv",
        "/data/nothing/releases/1/manifest.json",
    ],
)
def test_what_does_not_exist_is_a_problem_and_no_page(client: Client, path: str) -> None:
    response = client.get(path)

    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response.json()["status"] == 404


def test_scripts_of_any_site_may_read_and_ask(client: Client) -> None:
    asked = client.options(
        "/data/incidents.csv",
        headers={"Origin": "https://example.org", "Access-Control-Request-Headers": "range"},
    )
    got = client.get("/data/incidents.csv", headers={"Origin": "https://example.org"})

    assert asked.status_code == 204
    assert "Range" in asked["Access-Control-Allow-Headers"]
    assert "GET" in asked["Access-Control-Allow-Methods"]
    assert got["Access-Control-Allow-Origin"] == "*"
    assert {"ETag", "Content-Range", "Repr-Digest", "Link"} <= set(
        got["Access-Control-Expose-Headers"].split(", ")
    )


@pytest.mark.parametrize("path", ["incidents.csv", "incidents/feed.json", "nothing.csv"])
def test_nothing_can_be_written_to_a_file(shown_city: Client, path: str) -> None:
    response = Client(enforce_csrf_checks=True).post(f"/data/{path}", {"a": "b"})

    assert response.status_code == 405
    assert response["Allow"] == "GET, HEAD, OPTIONS"
    assert response["Content-Type"] == "application/problem+json"


def test_a_file_with_a_column_that_ends_says_when(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ending = {"Deprecation": "@1790000000", "Sunset": "Wed, 31 Mar 2027 00:00:00 GMT"}
    monkeypatch.setattr(contract, "headers_of", lambda slug: ending)

    current = client.head("/data/incidents.csv")
    frozen = client.head("/data/incidents/releases/1/incidents.csv")

    assert ending.items() <= dict(current.items()).items()
    assert "Sunset" not in frozen  # what it holds never ends
