"""Whatever is asked of the API is answered as by one who reads the whole file and chooses by hand."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections import Counter
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from portal.city import the_city
from portal.feeds.dictionary import DATASETS
from portal.feeds.reading import categorical_of
from portal.feeds.renderers import csv_cell, formats_of, plain
from portal.feeds.rows import rows_of
from portal.models import PublishedIncident, Release
from tests.factories.released import DATASETS as RELEASED
from tests.factories.released import incident, release_of

ROWS = "/api/v1/datasets/incidents/rows"
COUNT = "/api/v1/datasets/incidents/count"


def whole(slug: str, number: int = 1) -> list[dict[str, Any]]:
    release = Release.objects.get(dataset__slug=slug, number=number)
    return [{k: plain(v) for k, v in row.items()} for row, _ in rows_of(release)]


def ask(api: Client, address: str, **parameters: Any) -> Any:
    response = api.get(f"{address}?{urlencode(parameters)}" if parameters else address)
    assert response.status_code == 200, response.content
    return response.json()


def read_all(api: Client, **parameters: Any) -> list[dict[str, Any]]:
    """Every page of a question, by the address each gives of the next."""
    found: list[dict[str, Any]] = []
    page = ask(api, ROWS, **parameters)
    while True:
        found += page["rows"]
        assert page["returned"] == len(page["rows"])
        assert page["truncated"] is bool(page["next"])
        if not page["next"]:
            assert page["total"] == len(found)
            return found
        page = api.get(page["next"]).json()


def ids(rows: list[dict[str, Any]]) -> Counter[str]:
    return Counter(row["public_id"] for row in rows)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


ZONE = the_city().zone
OCTOBER = dt.datetime(2026, 10, 1, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("parameters", "keeps"),
    [
        ({}, lambda row: True),
        ({"category": "theft"}, lambda row: row["category"] == "theft"),
        ({"category": "theft,assault"}, lambda row: row["category"] in ("theft", "assault")),
        ({"district": "north"}, lambda row: row["district"] == "north"),
        ({"district": ""}, lambda row: row["district"] is None),
        ({"beat": ",north-1"}, lambda row: row["beat"] in (None, "north-1")),
        ({"area": "north"}, lambda row: row["district"] == "north"),
        ({"area": "north-1"}, lambda row: row["beat"] == "north-1"),
        ({"area": "testville"}, lambda row: True),
        ({"area": "north", "district": "south"}, lambda row: False),
        ({"place": "N-0"}, lambda row: row["place_code"] == "N-0"),
        ({"place": "N-0,N-1"}, lambda row: row["place_code"] == "N-0"),
        ({"cell": "N-W"}, lambda row: row["cell_code"] == "N-W"),
        ({"cell": "N"}, lambda row: (row["place_code"] or row["cell_code"] or "")[:2] == "N-"),
        ({"cell": "city"}, lambda row: True),
        ({"precision": "district"}, lambda row: row["precision"] == "district"),
        ({"stands_for_addresses": "20"}, lambda row: row["stands_for_addresses"] == 20),
        ({"place_code": ""}, lambda row: row["place_code"] is None),
        ({"cell_code": "N-W,"}, lambda row: row["cell_code"] in ("N-W", None)),
        ({"stands_for_addresses": ""}, lambda row: row["stands_for_addresses"] is None),
        (
            {"min_stands_for_addresses": "21", "max_stands_for_addresses": "1000"},
            lambda row: 21 <= (row["stands_for_addresses"] or 0) <= 1000,
        ),
        ({"period": "2026-W41"}, lambda row: row["period"] == "2026-W41"),
        ({"since": "2026-10-01"}, lambda row: at(row["starts_at"]) >= OCTOBER),
        ({"until": "2026-10-01"}, lambda row: at(row["ends_at"]) <= OCTOBER),
        (
            {"since": "2026-10-02T06:00:00Z", "until": "2026-10-04T12:00:00Z"},
            lambda row: (
                at(row["starts_at"]) >= at("2026-10-02T06:00:00Z")
                and at(row["ends_at"]) <= at("2026-10-04T12:00:00Z")
            ),
        ),
        (
            {"category": "burglary", "area": "north", "since": "2026-10-01"},
            lambda row: (
                row["category"] == "burglary"
                and row["district"] == "north"
                and at(row["starts_at"]) >= OCTOBER
            ),
        ),
    ],
)
def test_a_filter_chooses_what_a_reader_of_the_file_would(
    api: Client, parameters: dict[str, str], keeps: Any
) -> None:
    expected = [row for row in whole("incidents") if keeps(row)]

    found = read_all(api, limit=4, **parameters)

    assert ids(found) == ids(expected)
    assert ask(api, "/api/v1/datasets/incidents/count", **parameters)["total"] == len(expected)
    groups = ask(api, "/api/v1/datasets/incidents/groups", by="category,month", **parameters)
    counted = Counter(
        (row["category"], f"{at(row['starts_at']).astimezone(ZONE):%Y-%m}") for row in expected
    )
    assert {(g["category"], g["month"]): g["count"] for g in groups["groups"]} == counted


def test_each_facet_ignores_its_own_filter_and_no_other(api: Client) -> None:
    facets = ask(
        api, "/api/v1/datasets/incidents/facets", category="theft", area="north", since="2026-09-01"
    )["facets"]

    rows = [row for row in whole("incidents") if at(row["starts_at"]) >= at("2026-09-01T05:00Z")]
    wanted = {"category": "theft", "district": "north"}
    assert set(facets) == set(categorical_of("incidents"))
    for column, values in facets.items():
        left = [
            row
            for row in rows
            if all(row[name] == value for name, value in wanted.items() if name != column)
        ]
        assert {v["value"]: v["count"] for v in values} == Counter(row[column] for row in left)


def test_a_box_says_how_many_lie_inside_and_how_many_touch(api: Client) -> None:
    place = -98.615, 39.79  # the corner of N-0's footprint, a thousandth of a degree wide
    around = f"{place[0] - 0.0001},{place[1] - 0.0001},{place[0] + 0.00101},{place[1] + 0.00101}"
    across = f"{place[0] + 0.0005},{place[1] - 0.0001},{place[0] + 0.00101},{place[1] + 0.00101}"

    inside, cut = (ask(api, ROWS, bbox=box) for box in (around, across))

    n = sum(row["place_code"] == "N-0" for row in whole("incidents"))
    assert inside["total"] == n > 0
    assert cut["total"] == 0
    assert cut["rows"] == []
    count = ask(api, COUNT, bbox=across)
    assert count["total"] == 0
    assert count["total_touching"] >= n


@pytest.mark.parametrize("slug", RELEASED)
def test_every_form_of_a_page_holds_the_same_rows(api: Client, slug: str) -> None:
    address = f"/api/v1/datasets/{slug}/rows"
    rows = ask(api, address, limit=1000)["rows"]

    lines = api.get(f"{address}?limit=1000&format=ndjson").content.decode().splitlines()
    table = api.get(f"{address}?limit=1000", headers={"accept": "text/csv"})

    assert Counter(tuple(row.items()) for row in rows) == Counter(
        tuple(row.items()) for row in whole(slug)
    )
    assert [json.loads(line) for line in lines] == rows
    assert table["X-Total-Count"] == str(len(rows))
    columns = DATASETS[slug].columns
    assert list(csv.reader(io.StringIO(table.content.decode(), newline=""))) == [
        list(columns),
        *[[csv_cell(row[column]) for column in columns] for row in rows],
    ]
    if "geojson" in formats_of(DATASETS[slug]):
        document = ask(api, address, limit=1000, format="geojson")
        assert [feature["properties"] for feature in document["features"]] == rows
        assert document["type"] == "FeatureCollection"
    else:
        assert api.get(f"{address}?format=geojson").status_code == 400


def test_fields_come_in_the_order_asked(api: Client) -> None:
    page = ask(api, ROWS, fields="category,public_id", limit=1)

    assert list(page["rows"][0]) == ["category", "public_id"]


def test_rows_come_in_the_order_asked(api: Client) -> None:
    times = {
        sort: [row["starts_at"] for row in read_all(api, sort=sort)]
        for sort in ("newest", "oldest")
    }
    assert times["newest"] == sorted(times["newest"], reverse=True)
    assert times["oldest"] == sorted(times["oldest"])
    names = [row["public_id"] for row in read_all(api, sort="id", limit=5)]
    assert names == sorted(names)


def test_a_reader_of_pages_is_not_disturbed_by_a_new_release(api: Client) -> None:
    before = ids(whole("incidents"))
    first = ask(api, ROWS, limit=5)
    gone = PublishedIncident.objects.get(public_id=max(before))
    PublishedIncident.objects.filter(pk=gone.pk).update(retired_release=2)
    incident(dt.date(2026, 11, 1), first_release=2)
    release_of("incidents", number=2)

    found, page = first["rows"], first
    while page["next"]:
        page = api.get(page["next"]).json()
        assert page["release"] == 1
        found += page["rows"]

    assert ids(found) == before
    assert ids(read_all(api)) != before
    assert ids(read_all(api, as_of="1")) == before


def test_an_answer_says_in_a_sentence_what_it_holds(api: Client) -> None:
    page = ask(api, ROWS, category="theft", area="north", since="2026-10-01", limit=1)

    assert page["query"] == (
        "Police incidents where category is theft and district is North and the period begins at or after "
        "2026-10-01 00:00 CDT."
    )
    assert (page["dataset"], page["release"], page["licence"]) == ("incidents", 1, "CC-BY-4.0")
