"""What compares or counts for each question is asked as often as the API, told in one way, and kept by nobody."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from portal.api import limits
from tests.factories.released import release_of, released_city

pytestmark = pytest.mark.usefixtures("city_db")

FIGURE = "/verify/incidents-r1;by=category/"
ADDRESSES = (
    "/data/incidents/diff/?from=1&to=2",
    "/data/incidents/diff.json?from=1&to=2",
    FIGURE,
    FIGURE + "?format=json",
    FIGURE.replace("verify", "embed"),
)


@pytest.fixture
def reader(redis_url: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Client:
    settings.REDIS_URL = redis_url
    monkeypatch.setattr(limits, "QUOTA", 1)
    monkeypatch.setattr(limits.time, "time", lambda: 1_800_000_001.0)
    released_city()
    release_of("incidents", number=2)
    return Client()


@pytest.mark.parametrize("address", ADDRESSES)
def test_who_asks_too_often_waits_and_nobody_keeps_the_refusal(
    reader: Client, address: str
) -> None:
    n = ADDRESSES.index(address)
    first, second = (reader.get(address, REMOTE_ADDR=f"198.51.100.{n}") for _ in range(2))

    assert (first.status_code, second.status_code) == (200, 429)
    assert first["RateLimit"] == '"reads";r=0;t=5'
    assert second["Retry-After"] == "5"
    assert second["Cache-Control"] == "no-store"
    assert "ETag" not in second
    is_page = "json" not in address
    assert second["Content-Type"].startswith("text/html" if is_page else "application/problem+json")
    assert reader.get(address, REMOTE_ADDR=f"198.51.100.{100 + n}").status_code == 200


def test_what_a_reader_has_already_is_free(reader: Client) -> None:
    here = "198.51.100.200"
    tag = reader.get(FIGURE, REMOTE_ADDR=here)["ETag"]

    again = [reader.get(FIGURE, HTTP_IF_NONE_MATCH=tag, REMOTE_ADDR=here) for _ in range(3)]

    assert {response.status_code for response in again} == {304}
