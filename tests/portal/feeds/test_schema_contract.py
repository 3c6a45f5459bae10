"""No released column disappears, is renamed or changes its type without 90 days of notice."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import feedparser
import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from portal.feeds import contract
from portal.feeds.contract import CHANGES, Change, Columns, columns_of, merged, violations
from portal.feeds.dictionary import DATASETS
from portal.publication import releases
from portal.publication.builders import Changes
from tests.factories.released import released_city

DAY = dt.date(2027, 3, 1)
RELEASED: Columns = {"incidents": {"public_id": "string", "category": "string", "count": "integer"}}


def change(kind: Any = "removed", *, column: str = "category", **values: Any) -> Change:
    """Announced a hundred days before DAY; takes effect on DAY."""
    defaults: dict[str, Any] = {
        "dataset": "incidents",
        "announced_on": DAY - dt.timedelta(days=100),
        "effective_on": DAY,
        "why": "the city's codes changed",
    }
    return Change(kind=kind, column=column, **{**defaults, **values})


def without(column: str, **added: str) -> Columns:
    columns = {k: v for k, v in RELEASED["incidents"].items() if k != column}
    return {"incidents": {**columns, **added}}


def test_the_columns_of_today_keep_the_promise() -> None:
    released, current = contract.released_columns(), columns_of(DATASETS)

    assert violations(released, current, CHANGES, contract.today()) == []


def test_every_column_of_the_dictionary_is_on_record() -> None:
    """`manage.py document` adds what is new."""
    assert merged(contract.released_columns(), columns_of(DATASETS), CHANGES, contract.today()) == (
        contract.released_columns()
    )


def test_a_column_that_stays_is_no_violation() -> None:
    assert violations(RELEASED, RELEASED, [], DAY) == []


def test_a_new_column_needs_no_notice() -> None:
    assert violations(RELEASED, without("", weapon="string"), [], DAY) == []


@pytest.mark.parametrize(
    ("current", "words"),
    [
        (without("category"), "incidents.category disappeared"),
        (without("category", kind="string"), "incidents.category disappeared"),
        (without("count", count="number"), "incidents.count was integer and is number"),
        ({}, "incidents.public_id disappeared"),
    ],
)
def test_a_column_that_goes_unannounced_is_found(current: Columns, words: str) -> None:
    found = violations(RELEASED, current, [], DAY)

    assert any(words in sentence for sentence in found)


def test_a_column_may_go_on_its_announced_day_and_not_before() -> None:
    announced = [change()]

    assert violations(RELEASED, without("category"), announced, DAY) == []
    assert violations(RELEASED, without("category"), announced, DAY - dt.timedelta(days=1))


def test_until_that_day_both_columns_are_there() -> None:
    announced = [change("renamed", new="offence")]
    before = DAY - dt.timedelta(days=1)

    only_old = violations(RELEASED, RELEASED, announced, before)
    both = violations(RELEASED, without("", offence="string"), announced, before)

    assert len(only_old) == 1
    assert "incidents.offence is not there" in only_old[0]
    assert both == []


def test_an_announcement_that_is_still_to_come_binds_nobody() -> None:
    later = [change("renamed", new="offence", announced_on=DAY, effective_on=DAY + contract.NOTICE)]

    assert violations(RELEASED, RELEASED, later, DAY - dt.timedelta(days=1)) == []


def test_a_notice_that_is_too_short_is_found() -> None:
    hasty = [change(announced_on=DAY - dt.timedelta(days=89))]

    assert "got 89 days of notice; wanted 90" in violations(RELEASED, RELEASED, hasty, DAY)[0]


def test_a_rename_names_its_new_column() -> None:
    found = violations(RELEASED, without("category"), [change("renamed")], DAY)

    assert any("got no new column" in sentence for sentence in found)


def test_what_was_released_is_not_forgotten_by_writing_it_down_again() -> None:
    """Else the record of a column would go with the column."""
    written = merged(RELEASED, without("category", weapon="string"), [], DAY)

    assert written["incidents"] == {**RELEASED["incidents"], "weapon": "string"}
    assert "category" not in merged(RELEASED, without("category"), [change()], DAY)["incidents"]


def test_a_changed_type_does_not_overwrite_the_released_one() -> None:
    assert merged(RELEASED, without("count", count="number"), [], DAY) == RELEASED


@pytest.fixture
def announced(monkeypatch: pytest.MonkeyPatch) -> Change:
    """A planted rename that is under way today."""
    today = contract.today()
    planted = change(
        "renamed",
        new="offence",
        announced_on=today - dt.timedelta(days=10),
        effective_on=today + dt.timedelta(days=90),
    )
    monkeypatch.setattr(contract, "CHANGES", (planted,))
    return planted


def test_a_dataset_with_a_column_that_ends_says_so_in_headers(announced: Change) -> None:
    headers = contract.headers_of("incidents")

    seconds = int(headers["Deprecation"].removeprefix("@"))
    assert dt.datetime.fromtimestamp(seconds, dt.UTC).date() == announced.announced_on
    sunset = dt.datetime.strptime(headers["Sunset"], "%a, %d %b %Y %H:%M:%S GMT")
    assert sunset.date() == announced.effective_on
    assert contract.headers_of("gunfire") == {}


def test_headers_go_when_the_column_has_gone(announced: Change) -> None:
    assert contract.headers_of("incidents", announced.effective_on) == {}


def test_the_version_of_a_schema_counts_what_ended_and_what_was_added(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    added = change("added", column="weapon", announced_on=DAY - dt.timedelta(days=50))
    monkeypatch.setattr(contract, "CHANGES", (change(), added))

    days = (-60, -40, 0)
    versions = [contract.schema_version("incidents", DAY + dt.timedelta(days=n)) for n in days]

    assert versions == ["1", "1.1", "2"]
    assert contract.schema_version("gunfire", DAY) == "1"


@pytest.mark.usefixtures("city_db")
def test_a_release_is_built_with_the_version_of_its_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contract, "CHANGES", (change(),))

    built = [
        releases._build("incidents", lambda number: Changes(added=1), as_of=contract.midnight(day))
        for day in (DAY - dt.timedelta(days=1), DAY)
    ]

    assert [release.schema_version for release in built] == ["1", "2"]


@pytest.mark.usefixtures("city_db", "announced")
def test_what_will_change_of_that_dataset_carries_them_and_nothing_else(
    tmp_path: Path, settings: Any
) -> None:
    settings.FILES = tmp_path
    released_city()
    wanted = contract.headers_of("incidents")

    for address in (
        "/data/{}.csv",
        "/data/{}/schema.json",
        "/api/v1/datasets/{}/rows",
    ):
        warned, plain = (
            Client().get(address.format(slug, slug)) for slug in ("incidents", "gunfire")
        )

        assert warned.status_code == plain.status_code == 200
        assert {name: warned[name] for name in wanted} == wanted, address
        assert "Deprecation" not in plain
    # A release stays as it is for good.
    assert "Deprecation" not in Client().get("/data/incidents/releases/1/incidents.json")


@pytest.mark.usefixtures("city_db")
def test_announced_changes_are_on_a_page_in_a_feed_and_as_json(announced: Change) -> None:
    client = Client()

    page = client.get("/data/schema-changes/").content.decode()
    told = client.get("/data/schema-changes.json").json()
    feed = feedparser.parse(client.get("/data/schema-changes.atom").content)

    assert "incidents.category" in page
    assert "it is called offence" in page
    assert told["noticeDays"] == 90
    assert told["changes"] == [contract.as_json(announced)]
    assert not feed.bozo
    assert feed.version == "atom10"
    (entry,) = feed.entries
    assert entry.title == f"incidents.category ends on {announced.effective_on}; use offence"
    assert entry.updated.startswith(announced.announced_on.isoformat())


@pytest.mark.usefixtures("city_db")
def test_without_changes_the_page_says_so_and_the_feed_is_empty() -> None:
    client = Client()

    assert "No change is announced" in client.get("/data/schema-changes/").content.decode()
    assert feedparser.parse(client.get("/data/schema-changes.atom").content).entries == []


def test_a_document_is_not_written_over_a_broken_promise(monkeypatch: pytest.MonkeyPatch) -> None:
    lost = {**contract.released_columns(), "gone": {"column": "string"}}
    monkeypatch.setattr(contract, "released_columns", lambda: lost)

    with pytest.raises(CommandError, match=r"gone\.column disappeared without notice"):
        call_command("document", "--check")


def test_the_record_of_columns_is_a_file_of_the_project() -> None:
    assert Path(__file__).parents[3].joinpath("docs", contract.SNAPSHOT).is_file()
