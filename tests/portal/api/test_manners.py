"""What was answered is answered again for nothing, nobody asks too much, and everybody's scripts may read."""

from __future__ import annotations

import gzip
import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal.api import limits
from portal.api.memory import ANSWERS
from portal.feeds import contract
from portal.feeds.editions import editions, forget
from portal.models import PublishedArea
from tests.factories.released import release_of

ROWS = "/api/v1/datasets/incidents/rows"
COUNT = "/api/v1/datasets/incidents/count"


@pytest.fixture
def remembering(settings: Any) -> Iterator[None]:
    settings.EDITIONS_KEPT_S = 60
    forget()
    ANSWERS.clear()
    yield
    forget()
    ANSWERS.clear()


def again(api: Client, address: str, tag: str, **headers: str) -> Any:
    return api.get(address, headers={"if-none-match": tag, **headers})


@pytest.mark.usefixtures("remembering")
def test_an_answer_that_is_known_costs_no_query(api: Client) -> None:
    first = api.get(f"{ROWS}?category=theft&limit=3")
    assert editions()

    with CaptureQueriesContext(connections["public"]) as queries:
        known = again(api, f"{ROWS}?category=theft&limit=3", first["ETag"])
        repeated = api.get(f"{ROWS}?category=theft&limit=3")

    assert len(queries) == 0
    assert (known.status_code, known.content) == (304, b"")
    assert known["ETag"] == first["ETag"]
    assert repeated.content == first.content
    assert repeated["Content-Length"] == str(len(first.content))


@pytest.mark.usefixtures("remembering")
def test_what_is_kept_is_bounded_and_gone_with_the_release(api: Client) -> None:
    before = api.get(f"{ROWS}?limit=1").json()
    release_of("incidents", number=2)

    after = api.get(f"{ROWS}?limit=1").json()

    assert (before["release"], after["release"]) == (1, 2)


def test_a_tag_changes_with_the_release_and_the_question_and_with_nothing_else(api: Client) -> None:
    tag = api.get(f"{ROWS}?category=theft&limit=2")["ETag"]

    assert tag.startswith('W/"')
    assert again(api, f"{ROWS}?limit=2&category=theft", tag).status_code == 304
    assert again(api, f"{ROWS}?limit=3&category=theft", tag).status_code == 200
    assert again(api, f"{ROWS}?limit=2&category=theft", tag, accept="text/csv").status_code == 200
    assert api.head(f"{ROWS}?limit=2&category=theft")["ETag"] == tag
    release_of("gunfire", number=2)
    assert again(api, f"{ROWS}?limit=2&category=theft", tag).status_code == 304
    release_of("incidents", number=2)
    assert again(api, f"{ROWS}?limit=2&category=theft", tag).status_code == 200


def test_a_known_answer_is_not_read_from_the_rows(
    api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    tag = api.get(ROWS)["ETag"]

    def fail(*args: Any, **kwargs: Any) -> None:
        raise OperationalError

    monkeypatch.setattr("portal.api.answers.page_of", fail)
    assert again(api, ROWS, tag).status_code == 304


def test_an_answer_may_be_kept_for_a_minute_and_a_numbered_one_for_ever(api: Client) -> None:
    assert api.get(ROWS)["Cache-Control"] == "public, max-age=60"
    assert "immutable" in api.get(f"{ROWS}?as_of=1")["Cache-Control"]
    assert api.get(f"{ROWS}?as_of=2026-11-16")["Cache-Control"] == "public, max-age=60"
    assert api.get(f"{ROWS}?as_of=1")["Vary"] == "Accept, Accept-Encoding"


def test_a_larger_answer_is_pressed_for_those_who_can_read_it(api: Client) -> None:
    small = api.get(f"{ROWS}?limit=100", headers={"accept-encoding": "gzip"})
    whole = api.get(f"{ROWS}?limit=100")

    assert small["Content-Encoding"] == "gzip"
    assert gzip.decompress(small.content) == whole.content
    assert small["ETag"] == whole["ETag"]


def test_any_site_may_ask_and_read_the_headers(api: Client) -> None:
    preflight = api.options(ROWS, headers={"origin": "https://example.org"})
    answer = api.get(ROWS, headers={"origin": "https://example.org"})

    assert preflight.status_code == 204
    assert "GET" in preflight["Access-Control-Allow-Methods"]
    assert "If-None-Match" in preflight["Access-Control-Allow-Headers"]
    for response in (preflight, answer, api.get("/api/nothing")):
        assert response["Access-Control-Allow-Origin"] == "*"
        assert {"ETag", "Link", "RateLimit", "X-Total-Count"} <= set(
            response["Access-Control-Expose-Headers"].split(", ")
        )
    assert "Set-Cookie" not in answer


def test_who_asks_too_much_is_told_when_to_go_on(
    api: Client, redis_url: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.REDIS_URL = redis_url
    monkeypatch.setattr(limits, "QUOTA", 3)
    monkeypatch.setattr(limits.time, "time", lambda: 1_800_000_001.0)

    left = []
    for _ in range(5):
        response = api.get(ROWS, REMOTE_ADDR="203.0.113.7")
        left.append((response.status_code, response["RateLimit"]))

    assert left == [
        (200, '"reads";r=2;t=5'),
        (200, '"reads";r=1;t=5'),
        (200, '"reads";r=0;t=5'),
        (429, '"reads";r=0;t=5'),
        (429, '"reads";r=0;t=5'),
    ]
    assert response["Retry-After"] == "5"
    assert response["Content-Type"] == "application/problem+json"
    assert response["RateLimit-Policy"] == '"reads";q=60;w=6'
    assert api.get(ROWS, REMOTE_ADDR="203.0.113.8").status_code == 200
    monkeypatch.setattr(limits.time, "time", lambda: 1_800_000_006.0)
    assert api.get(ROWS, REMOTE_ADDR="203.0.113.7").status_code == 200


@pytest.mark.parametrize("address", ["203.0.113.7", "2001:db8::1"])
def test_everybody_may_read_where_nobody_counts(api: Client, settings: Any, address: str) -> None:
    settings.REDIS_URL = "unix:///nowhere/redis.sock"

    response = api.get(ROWS, REMOTE_ADDR=address)

    assert response.status_code == 200
    assert "RateLimit" not in response


def test_what_will_end_is_announced_with_every_answer(
    api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    notice = {"Deprecation": "@1700000000", "Sunset": "Thu, 01 Jan 2099 00:00:00 GMT"}
    monkeypatch.setattr(
        "portal.api.doors.headers_of", lambda slug: notice if slug == "incidents" else {}
    )

    assert contract.headers_of("incidents") == {}
    assert notice.items() <= dict(api.get(ROWS).headers).items()
    assert "Sunset" not in api.get("/api/v1/datasets/gunfire/rows")


@pytest.mark.parametrize("end", ["rows?limit=5", "count", "groups?by=category", "facets", ""])
def test_one_answer_is_the_same_for_every_reader(api: Client, end: str) -> None:
    address = f"/api/v1/datasets/incidents/{end}"
    readers = [{"accept-language": "es"}, {"cookie": "sessionid=x"}, {"user-agent": "curl"}]

    bodies = {api.get(address, headers=headers).content for headers in readers}

    assert len(bodies) == 1


def test_places_change_nothing_that_a_box_can_single_out(api: Client) -> None:
    """Boxes that differ by less than a footprint have the same answer, wherever they cut it."""
    PublishedArea.objects.all().delete()
    corner = -98.615, 39.79
    totals = set()
    for west, south in itertools.product((0.0001, 0.0003, 0.0009), repeat=2):
        box = f"{corner[0] + west},{corner[1] + south},{corner[0] + 0.00099},{corner[1] + 0.00099}"
        found = api.get(f"{COUNT}?bbox={box}").json()
        totals.add((found["total"], found["total_touching"]))

    assert len(totals) == 1


def test_a_door_looks_at_no_session_and_refuses_another_s_name(api: Client) -> None:
    api.cookies["sessionid"] = "of somebody"
    with CaptureQueriesContext(connections["default"]) as asked:
        answer = api.get(ROWS)

    assert answer.status_code == 200
    assert len(asked) == 0
    assert not answer.cookies
    refused = api.get(f"{ROWS}?limit=1", headers={"host": "other.example"})
    assert refused.status_code == 400


def test_an_answer_tells_its_length_and_one_without_a_body_none(api: Client) -> None:
    answer = api.get(ROWS)

    assert int(answer.headers["Content-Length"]) == len(answer.content)
    same = again(api, ROWS, answer.headers["ETag"])
    assert same.status_code == 304
    assert "Content-Length" not in same.headers
    assert "Content-Length" not in api.options(ROWS).headers
