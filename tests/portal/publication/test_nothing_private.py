"""What must not be in any file or public table of a released city, and what must never be a row."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy.spatial import cKDTree

from portal.feeds.dictionary import DATASETS
from portal.publication.writing import TABLES
from tests.factories.attacked import AttackedCity
from tests.reference.contents import lines_of


def test_no_private_value_is_in_any_file_or_public_table(attacked_city: AttackedCity) -> None:
    city, rows = attacked_city, attacked_city.secrets
    texts = {row[name] for row in rows for name in ("narrative", "address_text", "source_id")}
    texts |= {row["narrative"][:30] for row in rows if len(row["narrative"]) > 30}
    texts |= {f"heard-{n}" for n in range(len(city.heard) + 1)}  # the sensors' own numbers
    points = {(row["lon"], row["lat"]) for row in rows if row["lon"] is not None}
    points |= city.heard_at
    points -= at_public_corners(city, points)

    assert min(len(texts), len(points), len(city.released.texts)) > 1_000
    assert len(city.released.numbers) > 10_000
    assert city.released.with_texts(texts) == set()
    assert city.released.with_points(points, decimals=6) == set()
    assert len(city.released.with_points(points, decimals=5)) <= met_by_chance(city, len(points))
    minutes = city.released.with_minutes()
    assert {text for text in minutes if text[:16] not in city.activated} == set()


def at_public_corners(
    city: AttackedCity, points: set[tuple[float, float]]
) -> set[tuple[float, float]]:
    """Those within two metres of a corner of the city's own areas: records at a junction of streets."""
    corners = cKDTree(np.array(list(city.borders.pairs(6))))
    distance, _ = corners.query(np.array(list(points)))
    return {at for at, gap in zip(points, distance, strict=True) if gap < 2e-5}


def met_by_chance(city: AttackedCity, n_points: int) -> float:
    """How many points meet a corner of the public map within a metre though nothing leaks: five sigma."""
    lon, lat = city.lonlat.T
    squares = np.ptp(lon) * np.ptp(lat) * 1e10
    inside = [
        (a, b)
        for a, b in city.released.pairs(5)
        if lon.min() <= a <= lon.max() and lat.min() <= b <= lat.max()
    ]
    expected = n_points * len(inside) / squares
    return expected + 5 * math.sqrt(expected)


def test_files_and_tables_have_the_columns_of_the_dictionary(attacked_city: AttackedCity) -> None:
    joined = {"longitude", "latitude", "stands_for_addresses"}  # of the place or cell
    other_names = {
        "lon": "longitude",
        "lat": "latitude",
        "district_slug": "district",
        "beat_slug": "beat",
        "parent_slug": "parent",
        "noisy_count": "count",
        "limit": "threshold",
    }
    internal = {"id", "first_release", "retired_release", "footprint", "geometry"}
    internal |= {"west", "south", "east", "north"}  # of the footprint
    elsewhere = {"gunfire": {"outcome"}, "feedback": {"photos"}, "privacy-budget": {"unit"}}
    for slug, spec in DATASETS.items():
        names = {field.name for field in TABLES[slug][0]._meta.concrete_fields} - internal
        if slug in ("places", "cells"):
            names = (
                (names - {"code", "parent_code"})
                | {f"{slug[:-1]}_code"}
                | (names & {"parent_code"})
            )
        public = {other_names.get(name, name) for name in names}
        public -= joined if slug == "cells" else set()  # the middle of a cell is for maps
        public |= elsewhere.get(slug, set())  # told and retired by itself, or the same for all
        assert public | (joined if slug in ("incidents", "gunfire", "calls") else set()) == set(
            spec.columns
        ), slug
    for path in attacked_city.folder.rglob("*.*"):
        columns = DATASETS[path.parent.parent.name].columns
        if path.suffix == ".csv":
            assert tuple(lines_of(path)[0]) == columns
        elif path.suffix == ".ndjson":
            assert {tuple(json.loads(line)) for line in path.read_text().splitlines()} == {columns}
        elif path.suffix == ".json" and path.name not in ("manifest.json", "build.json"):
            assert {tuple(row) for row in json.loads(path.read_text())["rows"]} == {columns}
        elif path.suffix == ".geojson":
            features = json.loads(path.read_text())["features"]
            assert {tuple(feature["properties"]) for feature in features} == {columns}
            assert {tuple(sorted(feature)) for feature in features} == {
                ("geometry", "properties", "type")
            }


@pytest.mark.parametrize(
    ("column", "harmless", "least"),
    [("RESTRICTED", "", "3"), ("JUVENILE_VICTIM", "N", "2"), ("DOMESTIC", "N", "2")],
)
def test_a_flag_of_the_police_system_keeps_a_record_from_being_a_row(
    attacked_city: AttackedCity, column: str, harmless: str, least: str
) -> None:
    city = attacked_city
    flagged = {
        number: line[column]
        for number, line in city.exported.items()
        if line[column] != harmless and number in city.tier
    }
    published = {city.number[record.record_id] for record in city.truth if record.public_id}

    assert len(flagged) > 3
    assert len(published) > 1_000
    assert all(city.tier[number] >= least for number in flagged)
    assert not flagged.keys() & published
