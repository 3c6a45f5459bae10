"""Published rows in words: what, when, where, and how many addresses it could be."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import translation

from portal import atlas, presentation
from portal.city import the_city
from portal.models import PublishedCell, PublishedGunfire, PublishedIncident
from portal.templatetags import daylight

STARTS = dt.datetime(2026, 10, 5, 23, tzinfo=dt.UTC)  # 18:00 in the city
NAMES = {"north": "North", "north-1": "North 1"}


def row(**values: object) -> PublishedIncident:
    known = {"precision": "place", "place_code": "N-0", "period": "2026-10-05T18/PT6H"}
    return PublishedIncident(category="theft", starts_at=STARTS, **{**known, **values})


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "33 addresses"),
        ({"place_code": "park"}, "a park or other open land"),
        ({"place_code": "one"}, "1 address"),
        ({"precision": "cell", "place_code": "", "cell_code": "N-W"}, "2,049 addresses"),
        ({"precision": "district", "place_code": "", "cell_code": "N"}, "6,396 addresses"),
        ({"precision": "district", "place_code": ""}, "the addresses of that area"),
        ({"precision": "city", "place_code": ""}, "all addresses of the city"),
        ({"place_code": "unknown"}, "the addresses of that area"),
    ],
)
def test_a_row_says_how_many_addresses_it_could_be(values: dict, said: str) -> None:
    known = {"N-0": 33, "park": 0, "one": 1, "N-W": 2049, "N": 6396}

    assert presentation.stands_for(row(**values), known) == said


def test_the_finest_known_area_is_named() -> None:
    city = the_city()

    assert (
        presentation.where(row(beat_slug="north-1", district_slug="north"), NAMES, city)
        == "North 1"
    )
    assert presentation.where(row(district_slug="north"), NAMES, city) == "North"
    assert presentation.where(row(), NAMES, city) == city.name
    assert presentation.where(row(beat_slug="gone", district_slug="north"), NAMES, city) == "North"


@pytest.mark.parametrize(
    ("kind", "rounds", "said"),
    [
        ("gunfire", "1", "1 round"),
        ("gunfire", "2-5", "2 to 5 rounds"),
        ("gunfire", "2+", "2 or more rounds"),
        ("firework", "6+", "Firework, 6 or more rounds"),
        ("new-kind", "9", "new-kind, 9"),
    ],
)
def test_an_alert_says_its_rounds_and_another_kind(kind: str, rounds: str, said: str) -> None:
    assert presentation.alert_label(PublishedGunfire(kind=kind, rounds=rounds)) == said


def test_a_confidence_that_was_not_stated_is_not_zero() -> None:
    assert presentation.confidence_label(None) == "not stated"
    assert presentation.confidence_label(0) == "under 3%"
    assert presentation.confidence_label(100) == "over 97%"
    assert presentation.confidence_label(85) == "85%"


def test_periods_read_in_city_time_and_in_the_readers_language() -> None:
    said = presentation.when_and_where(row(), NAMES, {})[0]
    with translation.override("es"):
        dicho = presentation.when_and_where(row(), NAMES, {})[0]

    assert said == "Oct. 5, 2026, 18:00 to 24:00"
    assert dicho == "5 de octubre de 2026, de 18:00 a 24:00"


def test_questions_without_parts_are_no_question() -> None:
    assert presentation.query_string(district="", beat="") == ""
    assert presentation.query_string(district="north", after="a&b") == "?district=north&after=a%26b"


def test_cells_are_named_by_where_in_the_district_they_lie() -> None:
    cells = {
        code: PublishedCell(code=code, parent_code=parent, level=level, district_slug=district)
        for code, parent, level, district in [
            ("city", "", 0, ""),
            ("3", "city", 1, "ferry"),
            ("3-W", "3", 2, "ferry"),
            ("3-WN", "3-W", 3, "ferry"),
        ]
    }
    names = {"ferry": "Ferry Point"}

    assert atlas.cell_name(cells["3"], cells, names) == "Ferry Point"
    assert atlas.cell_name(cells["3-WN"], cells, names) == "Ferry Point, west, north"
    with translation.override("es"):
        assert atlas.cell_name(cells["3-W"], cells, names) == "Ferry Point, oeste"


def test_lines_and_rings_are_taken_out_of_any_geometry() -> None:
    ring = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]

    assert atlas.rings_of({"type": "Polygon", "coordinates": [ring, ring]}) == [ring, ring]
    assert atlas.rings_of({"type": "MultiPolygon", "coordinates": [[ring], [ring]]}) == [ring, ring]
    assert atlas.rings_of({"type": "LineString", "coordinates": ring}) == [ring]
    assert atlas.rings_of({"type": "MultiLineString", "coordinates": [ring]}) == [ring]
    assert atlas.rings_of({"type": "Point", "coordinates": [0.0, 0.0]}) == []


@pytest.mark.parametrize(
    ("n_bytes", "said"),
    [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (1_503_882, "1.5 MB"), (2_000_000_000, "2 GB")],
)
def test_sizes_of_files_are_told_in_round_numbers(n_bytes: int, said: str) -> None:
    assert daylight.file_size(n_bytes) == said


def test_a_missing_number_stays_missing() -> None:
    assert daylight.number(None) is None
    assert daylight.number(0) == "0"
    assert daylight.number(12345.5) == "12,345.5"
