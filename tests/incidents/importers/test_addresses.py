"""Addresses from points, from street ranges and from census blocks."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from incidents.importers import ingest, parse_mapping
from incidents.importers.places import geocode
from incidents.models import Address, Area, ImportedFile, RefusedRow
from tests.incidents.conftest import NOW

POINTS = """
source = "somewhere-addresses"
kind = "addresses"
[columns]
source_id = "id"
street = "street"
number = "number"
use = "use"
lon = "lon"
lat = "lat"
"""

RANGES = """
source = "somewhere-streets"
kind = "addresses"
[file]
null = ["0"]
[columns]
source_id = "id"
street = "street"
left_from = "lf"
left_to = "lt"
right_from = "rf"
right_to = "rt"
[addresses]
kind = "street-range"
"""

BLOCKS = """
source = "somewhere-blocks"
kind = "addresses"
[columns]
source_id = "id"
dwellings = "homes"
persons = "people"
[addresses]
kind = "block"
persons_per_address = 2.5
"""


def take_in(path: Path, mapping: str) -> ImportedFile:
    file = ingest(path, mapping=parse_mapping(mapping.encode()), now=NOW)
    assert file.state == "stored", file.quality
    return file


def points(path: Path, rows: list[list[object]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "street", "number", "use", "lon", "lat"])
        writer.writerows(rows)
    return path


def features(path: Path, geometry: dict, rows: list[dict]) -> Path:
    found = [{"type": "Feature", "properties": row, "geometry": geometry} for row in rows]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": found}))
    return path


def test_a_point_is_one_address_in_its_district(tmp_path: Path, db: None) -> None:
    ring = [[-105.1, 40.0], [-105.0, 40.0], [-105.0, 40.1], [-105.1, 40.1], [-105.1, 40.0]]
    district = Area.objects.create(kind="district", code="1", name="One", slug="one",
                                   geometry={"type": "Polygon", "coordinates": [ring]})  # fmt: skip
    path = points(tmp_path / "a.csv", [["a1", "N. Main Street", 12, "dwelling", -105.05, 40.05]])

    take_in(path, POINTS)

    address = Address.objects.get()
    assert (address.kind, address.stands_for, address.use) == ("point", 1, "dwelling")
    assert (address.street, address.street_key) == ("N. Main Street", "N MAIN ST")
    assert (address.number_from, address.number_to) == (12, 12)
    assert address.district == district


def test_an_address_that_moved_is_moved(tmp_path: Path, db: None) -> None:
    rows = [["a1", "Main St", 12, "", -105.05, 40.05], ["a2", "Main St", 14, "", -105.05, 40.06]]
    take_in(points(tmp_path / "a.csv", rows), POINTS)
    rows[1][4] = -105.04

    file = take_in(points(tmp_path / "b.csv", rows), POINTS)

    assert (file.rows_new, file.rows_revised, file.rows_same) == (0, 1, 1)
    assert Address.objects.get(source_id="a2").lon == -105.04


def test_an_address_without_a_position_is_refused(tmp_path: Path, db: None) -> None:
    rows = [
        ["a1", "Main St", 12, "", "", ""],
        *[[f"b{n}", "Main St", n, "", -105, 40] for n in range(9)],
    ]

    file = take_in(points(tmp_path / "a.csv", rows), POINTS)

    assert (file.rows_in, file.rows_new, file.rows_refused) == (10, 9, 1)
    assert RefusedRow.objects.get().reason == "no-position"


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ((2, 20, 1, 19), (1, 20, 20)),  # ten even numbers and ten odd ones
        ((20, 2, 19, 1), (1, 20, 20)),  # counted down the street
        ((2, 2, 0, 0), (2, 2, 1)),  # one house
        ((1, 20, 0, 0), (1, 20, 20)),  # both parities on one side
        ((2, 0, 0, 0), (2, 2, 1)),  # only one end is known
    ],
)
def test_a_range_stands_for_its_house_numbers(
    ends: tuple[int, ...], expected: tuple[int, int, int], tmp_path: Path, db: None
) -> None:
    line = {"type": "LineString", "coordinates": [[-71.1, 42.3], [-71.0, 42.3], [-71.0, 42.4]]}
    row = dict(zip(["lf", "lt", "rf", "rt"], ends, strict=True)) | {"id": "s1", "street": "Elm St"}

    take_in(features(tmp_path / "s.geojson", line, [row]), RANGES)

    address = Address.objects.get()
    assert (address.number_from, address.number_to, address.stands_for) == expected
    assert (address.lon, address.lat) == (-71.0, 42.3)  # the middle of the line


def test_a_stretch_without_houses_stands_for_nothing(tmp_path: Path, db: None) -> None:
    line = {"type": "LineString", "coordinates": [[-71.1, 42.3], [-71.0, 42.3]]}
    rows = [
        {"id": f"s{n}", "street": "Elm St", "lf": n, "lt": n, "rf": 0, "rt": 0} for n in range(5)
    ]

    file = take_in(features(tmp_path / "s.geojson", line, rows), RANGES)

    assert file.rows_new == 4
    assert RefusedRow.objects.get().reason == "no-addresses"


def test_a_block_stands_for_its_dwellings_or_for_its_people_by_households(
    tmp_path: Path, db: None
) -> None:
    square = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]}
    rows = [
        {"id": "b1", "homes": 40, "people": 9000},  # a dormitory counts by its units
        {"id": "b2", "homes": None, "people": 99},
        {"id": "b3", "homes": 0, "people": 12},
        {"id": "b4", "homes": None, "people": 2},
        {"id": "b5", "homes": 7, "people": None},
    ]

    file = take_in(features(tmp_path / "b.geojson", square, rows), BLOCKS)

    found = dict(Address.objects.values_list("source_id", "stands_for"))
    assert found == {"b1": 40, "b2": 39, "b5": 7}
    assert file.rows_refused == 2
    assert set(Address.objects.values_list("lon", "lat")) == {(0.5, 0.5)}


def test_addresses_are_found_by_number_by_block_and_by_neighbour(tmp_path: Path, db: None) -> None:
    rows = [[f"a{n}", "Main Street", n, "", -105 + n / 1e4, 40] for n in range(100, 200, 10)]
    take_in(points(tmp_path / "a.csv", rows), POINTS)

    lon, _ = geocode(
        ["120 main st", "100 BLOCK MAIN ST", "1XX MAIN ST", "205 Main St", "900 Main St", "5 Elm"]
    )

    expected = [-105 + 0.012, -105 + 0.0145, -105 + 0.0145, -105 + 0.019, np.nan, np.nan]
    assert lon == pytest.approx(expected, nan_ok=True)


@pytest.mark.shared_data
def test_cambridge_by_stretch_of_street(shared_data: Path, db: None) -> None:
    path = shared_data / "cambridge_ma_city/TRANS_Centerlines.geojson.gz"

    file = ingest(path, source="cambridge-streets", now=NOW)

    assert file.state == "stored"
    with gzip.open(path, "rt") as stream:
        rows = [feature["properties"] for feature in json.load(stream)["features"]]
    expected = 0
    for row in rows:
        for side in "LR":
            ends = [row[f"{side}_{end}"] for end in ("From", "To") if row[f"{side}_{end}"] > 0]
            if ends:
                step = 2 if (max(ends) - min(ends)) % 2 == 0 else 1
                expected += len(range(min(ends), max(ends) + 1, step))
    assert file.rows_new + file.rows_refused == len(rows) == 2643
    assert sum(Address.objects.values_list("stands_for", flat=True)) == expected
    assert 15_000 < expected < 40_000
    lon, lat = geocode(["125 SIXTH ST", "628 Massachusetts Avenue"])  # the two police stations
    assert lon == pytest.approx([-71.08612, -71.103674], abs=0.0015)
    assert lat == pytest.approx([42.367211, 42.365112], abs=0.0015)


@pytest.mark.shared_data
def test_washington_by_census_block_group(shared_data: Path, db: None) -> None:
    path = shared_data / "dc_boundaries/census-block-groups-2010.geojson.gz"

    file = ingest(path, source="dc-block-addresses", now=NOW)

    with gzip.open(path, "rt") as stream:
        rows = [feature["properties"] for feature in json.load(stream)["features"]]
    assert file.rows_new + file.rows_refused == 450
    units = sum(row["H0010001"] for row in rows)
    assert sum(Address.objects.values_list("stands_for", flat=True)) == units == 296_719
