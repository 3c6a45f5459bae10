"""The page of the record, and the doors through which programs get it."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from portal.city import the_city
from portal.feeds.dictionary import DATASETS
from portal.models import ChainEntry
from portal.publication import chain, signing
from portal.publication.disclosure import FLOORS
from portal.views import ledger_of_releases
from portal.vocabulary import RULES
from tests.factories.released import release_of
from tests.portal.views.reading import table, words_of

ON = dt.date(2026, 11, 16)
CHAIN, KEYS, RECIPE = (
    f"/data/releases/{name}" for name in ("chain.ndjson", "keys.json", "verify.py")
)


@pytest.fixture
def reader(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Of a city with three releases, without rows, and a second key."""
    monkeypatch.setenv("DAYLIGHT_SIGNING_KEY_FILE", str(tmp_path / "keys" / "signing"))
    for slug in ("cells", "gunfire", "incidents"):
        release_of(slug)
    chain.begin(the_city(), on=ON)
    chain.rotate(reason="once a year", on=ON)
    return client


def test_before_the_first_release_the_record_is_empty_and_says_so(client: Client) -> None:
    assert "Not supplied" in words_of(client.get("/data/releases/"))
    assert client.get(CHAIN).content == b""
    assert json.loads(client.get(KEYS).content) == {"keys": []}


def test_the_page_tells_what_happened_newest_first(reader: Client) -> None:
    page = reader.get("/data/releases/")

    rows = table(page, "The record, newest first")
    n = ChainEntry.objects.count()
    assert [int(row[0]) for row in rows] == list(range(n, 0, -1))
    assert rows[0][1] == "A new key, announced by the old one: once a year"
    assert rows[-1][1] == "The first key; it signs what follows"
    assert [row[1] for row in rows[1:-1]] == [
        f"Release 1 of {DATASETS[slug].title}" for slug in ("incidents", "gunfire", "cells")
    ]
    head = ChainEntry.objects.order_by("number").last()
    assert head.sha256 in page.content.decode()


def test_every_rule_that_a_city_may_loosen_has_words() -> None:
    assert set(RULES) == set(FLOORS)


def test_it_is_told_in_pages(reader: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_of_releases, "ENTRIES_SHOWN", 2)
    seen, address = [], "/data/releases/"
    while address:
        page = reader.get(address)
        seen += [int(row[0]) for row in table(page, "The record, newest first")]
        address = f"/data/releases/{older}" if (older := page.context["older"]) else ""

    assert seen == list(range(ChainEntry.objects.count(), 0, -1))


@pytest.mark.parametrize("before", ["0", "1", "-3", "99999", "x", "²", "1e3", ""])
def test_a_page_that_cannot_be_is_not_found(reader: Client, before: str) -> None:
    assert reader.get("/data/releases/", {"before": before}).status_code == 404


def test_a_new_entry_makes_the_page_new(reader: Client) -> None:
    tag = reader.get("/data/releases/")["ETag"]
    assert reader.get("/data/releases/", headers={"If-None-Match": tag}).status_code == 304

    chain.rotate(reason="again", on=ON)

    assert reader.get("/data/releases/", headers={"If-None-Match": tag}).status_code == 200


def test_the_page_is_spanish_where_it_is_asked_for(reader: Client) -> None:
    assert reader.get("/es/data/releases/").status_code == 200


@pytest.mark.parametrize("address", [CHAIN, KEYS, RECIPE, "/data/releases/2.json"])
def test_a_program_gets_it_whole_with_length_and_tag_from_anywhere(
    reader: Client, address: str
) -> None:
    response = reader.get(address)

    assert int(response["Content-Length"]) == len(response.content) > 0
    assert response["Access-Control-Allow-Origin"] == "*"
    again = reader.get(address, headers={"If-None-Match": response["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert reader.head(address).content == b""
    assert not response.cookies


def test_the_chain_is_its_entries_line_by_line(reader: Client) -> None:
    response = reader.get(CHAIN)

    lines = [json.loads(line) for line in response.content.decode().splitlines()]
    assert response["Content-Type"] == "application/x-ndjson"
    assert response["ETag"] == f'"{lines[-1]["sha256"]}"'
    assert lines == [
        reader.get(f"/data/releases/{n}.json").json() for n in range(1, len(lines) + 1)
    ]
    for line in lines:
        assert hashlib.sha256(line["body"].encode()).hexdigest() == line["sha256"]


def test_the_chain_that_a_program_had_grows_and_is_new(reader: Client) -> None:
    before = reader.get(CHAIN)

    chain.rotate(reason="again", on=ON)

    after = reader.get(CHAIN, headers={"If-None-Match": before["ETag"]})
    assert after.status_code == 200
    assert after.content.startswith(before.content)
    assert after.content.count(b"\n") == before.content.count(b"\n") + 1


def test_an_entry_never_changes_and_says_so(reader: Client) -> None:
    assert "immutable" in reader.get("/data/releases/1.json")["Cache-Control"]
    assert "immutable" not in reader.get(CHAIN)["Cache-Control"]


def test_an_entry_that_is_not_there_is_a_problem_in_the_one_shape(reader: Client) -> None:
    response = reader.get("/data/releases/999.json")

    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["detail"] == "The chain has no entry 999."


def test_the_keys_are_told_with_what_people_compare(reader: Client) -> None:
    keys = reader.get(KEYS).json()["keys"]

    assert [key["event"] for key in keys] == ["first", "rotation"]
    assert keys[1]["announced_in_entry"] == ChainEntry.objects.count()
    for key in keys:
        raw = base64.b64decode(key["public_key"])
        assert key["fingerprint_sha256"] == hashlib.sha256(raw).hexdigest()
    assert (
        signing.text_of(signing.public_of(signing.signing_key(keys[1]["id"])))
        == keys[1]["public_key"]
    )


def test_nothing_private_of_the_key_is_served(reader: Client) -> None:
    secret = signing.key_file().read_text().strip()
    raw = base64.urlsafe_b64decode(secret)
    forms = [secret, raw.hex(), base64.b64encode(raw).decode(), str(signing.key_file())]

    for address in (CHAIN, KEYS, "/data/releases/", "/data/releases/1.json"):
        text = reader.get(address).content.decode()
        assert not [form for form in forms if form in text]


def test_the_record_is_read_with_few_questions(
    reader: Client, django_assert_max_num_queries: Any
) -> None:
    from django.db import connections

    reader.get("/data/releases/")
    with django_assert_max_num_queries(12, connection=connections["public"]):
        reader.get("/data/releases/")
    reader.get(CHAIN)
    with django_assert_max_num_queries(1, connection=connections["public"]):
        reader.get(CHAIN)
