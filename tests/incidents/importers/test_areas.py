"""Areas of real cities and of a square one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import shapely

from incidents.importers import Mapping, ingest, parse_mapping
from incidents.models import Area, ImportedFile, Incident, IncidentRevision, RefusedRow
from tests.incidents.conftest import NOW, Importing, case

MAPPING = """
source = "square-areas"
kind = "areas"

[columns]
kind = "kind"
code = "code"
name = "name"
parent = "parent"
population = "people"
"""


def square(x: float, y: float, size: float) -> dict[str, Any]:
    ring = [[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]
    return {"type": "Polygon", "coordinates": [ring]}


def feature(kind: str, code: str, geometry: dict[str, Any] | None, **values: Any) -> dict[str, Any]:
    properties = {"kind": kind, "code": code, "name": f"{kind} {code}".title(), **values}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


@pytest.fixture
def mapping() -> Mapping:
    return parse_mapping(MAPPING.encode())


@pytest.fixture
def draw(tmp_path: Path, mapping: Mapping, db: None):
    def drawing(features: list[dict[str, Any]], name: str = "areas.geojson") -> ImportedFile:
        path = tmp_path / name
        # Every feature carries every property, as real files do; a missing one is null.
        for one in features:
            one["properties"] = {"parent": None, "people": None} | one["properties"]
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
        return ingest(path, mapping=mapping, now=NOW)

    return drawing


CITY = feature("city", "sq", square(0, 0, 4), people=900)
WEST, EAST = feature("district", "w", square(0, 0, 2)), feature("district", "e", square(2, 0, 2))


def test_one_file_may_hold_a_city_its_districts_and_their_beats(draw) -> None:
    beat = feature("beat", "b1", square(1.9, 1, 1))  # mostly in the east

    file = draw([beat, EAST, WEST, CITY])

    assert (file.state, file.rows_in, file.rows_new) == ("stored", 4, 4), file.quality
    area = Area.objects.get(kind="beat")
    assert (area.name, area.slug) == ("Beat B1", "beat-b1")
    assert area.parent.code == "e"
    assert area.parent.parent.code == "sq"
    assert Area.objects.get(kind="city").population == 900


def test_a_parent_that_the_file_names_counts_more_than_where_it_lies(draw) -> None:
    draw([feature("beat", "b1", square(1.9, 1, 1), parent="w"), EAST, WEST])

    assert Area.objects.get(kind="beat").parent.code == "w"


def test_parts_of_one_code_are_one_area(draw) -> None:
    far = feature("district", "w", square(8, 8, 1))

    file = draw([WEST, far])

    assert (file.rows_in, file.rows_new, file.rows_refused) == (2, 2, 0)
    geometry = shapely.from_geojson(json.dumps(Area.objects.get().geometry))
    assert (geometry.geom_type, geometry.area) == ("MultiPolygon", 5)


def test_the_same_areas_again_change_nothing_and_a_new_border_is_a_change(draw) -> None:
    draw([WEST, EAST])

    again = draw([EAST, WEST], name="b.geojson")
    moved = draw([feature("district", "w", square(0, 0, 2.2)), EAST], name="c.geojson")

    assert (again.rows_new, again.rows_revised, again.rows_same) == (0, 0, 2)
    assert (moved.rows_new, moved.rows_revised, moved.rows_same) == (0, 1, 1)
    assert Area.objects.get(code="w").slug == "district-w"


def test_two_areas_of_one_name_have_two_addresses(draw) -> None:
    twins = [
        feature("park", code, square(n, 0, 1), name="Riverside") for n, code in enumerate("abc")
    ]

    draw(twins)

    assert sorted(Area.objects.values_list("slug", flat=True)) == [
        "park-c",
        "park-riverside",
        "riverside",
    ]


def test_a_street_is_a_line(draw) -> None:
    line = {"type": "LineString", "coordinates": [[0, 0], [1, 1]]}

    assert draw([feature("street", "main", line)]).state == "stored"


def test_a_polygon_that_crosses_itself_is_mended(draw) -> None:
    bow = {"type": "Polygon", "coordinates": [[[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]]}

    draw([feature("district", "bow", bow)])

    assert shapely.from_geojson(json.dumps(Area.objects.get().geometry)).is_valid


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (feature("county", "x", square(0, 0, 1)), "kind"),
        (feature("district", "", square(0, 0, 1)), "missing-code"),
        (feature("district", "x", None), "no-shape"),
        (feature("district", "x", {"type": "Point", "coordinates": [0, 0]}), "no-shape"),
        (feature("district", "x", square(397_965, 136_884, 9)), "no-shape"),
        (feature("district", "x" * 65, square(0, 0, 1)), "too-long"),
    ],
)
def test_a_feature_that_is_no_area_is_refused(bad: dict[str, Any], reason: str, draw) -> None:
    file = draw([WEST, EAST, CITY, bad])

    assert (file.rows_in, file.rows_new, file.rows_refused) == (4, 3, 1)
    assert RefusedRow.objects.get().reason == reason


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("source", "path", "rows", "areas", "parents"),
    [
        ("chicago-districts", "chicago_crimes_2016_2018/police_districts_current.geojson", 25, 23, 0),
        ("chicago-beats", "chicago_crimes_2016_2018/police_beats_current.geojson", 277, 275, 275),
        ("dc-boundary", "dc_boundaries/dc-boundary.geojson.gz", 1, 1, 0),
        ("dc-districts", "dc_boundaries/police-districts-mpd.geojson.gz", 7, 7, 7),
        ("dc-psas", "dc_boundaries/police-service-areas-psa.geojson.gz", 56, 56, 56),
        ("dc-block-groups", "dc_boundaries/census-block-groups-2010.geojson.gz", 450, 450, 450),
        ("dc-neighbourhoods", "dc_boundaries/neighborhood-clusters.geojson.gz", 39, 39, 39),
        ("cambridge-boundary", "cambridge_ma_city/BOUNDARY_CityBoundary.geojson", 1, 1, 0),
        ("cambridge-sectors", "cambridge_ma_city/PUBLICSAFETY_PoliceSectors.geojson", 5, 5, 5),
        ("cambridge-response-districts", "cambridge_ma_city/PUBLICSAFETY_PoliceResponseDistricts.geojson", 117, 117, 117),
        ("cambridge-neighbourhoods", "cambridge_ma_city/BOUNDARY_CDDNeighborhoods.geojson", 13, 13, 13),
        ("cambridge-blocks", "cambridge_ma_city/ADDRESS_MasterAddressBlocks.geojson.gz", 749, 749, 749),
        ("denver-neighbourhoods", "denver_crime_2014_2019/statistical_neighborhoods.geojson", 78, 78, 0),
    ],
)  # fmt: skip
def test_areas_of_real_cities(
    source: str, path: str, rows: int, areas: int, parents: int, shared_data: Path, db: None
) -> None:
    needs = {
        "chicago-beats": [("chicago-districts", "chicago_crimes_2016_2018/police_districts_current.geojson")],
        "dc-districts": [("dc-boundary", "dc_boundaries/dc-boundary.geojson.gz")],
        "dc-psas": [("dc-districts", "dc_boundaries/police-districts-mpd.geojson.gz")],
        "dc-block-groups": [("dc-districts", "dc_boundaries/police-districts-mpd.geojson.gz")],
        "dc-neighbourhoods": [("dc-boundary", "dc_boundaries/dc-boundary.geojson.gz")],
        "cambridge-sectors": [("cambridge-boundary", "cambridge_ma_city/BOUNDARY_CityBoundary.geojson")],
        "cambridge-response-districts": [("cambridge-sectors", "cambridge_ma_city/PUBLICSAFETY_PoliceSectors.geojson")],
        "cambridge-neighbourhoods": [("cambridge-boundary", "cambridge_ma_city/BOUNDARY_CityBoundary.geojson")],
        "cambridge-blocks": [("cambridge-neighbourhoods", "cambridge_ma_city/BOUNDARY_CDDNeighborhoods.geojson")],
    }  # fmt: skip
    for other, there in needs.get(source, []):
        ingest(shared_data / there, source=other, now=NOW)
    before = Area.objects.count()

    file = ingest(shared_data / path, source=source, now=NOW)

    assert (file.state, file.rows_in, file.rows_new, file.rows_refused) == ("stored", rows, rows, 0)
    assert Area.objects.count() - before == areas
    assert Area.objects.filter(imported_file=file).exclude(parent=None).count() == parents


@pytest.mark.shared_data
def test_beats_belong_to_the_districts_that_they_are_numbered_after(
    shared_data: Path, db: None
) -> None:
    folder = shared_data / "chicago_crimes_2016_2018"
    ingest(folder / "police_districts_current.geojson", source="chicago-districts", now=NOW)
    ingest(folder / "police_beats_current.geojson", source="chicago-beats", now=NOW)

    for beat in Area.objects.filter(kind="beat").select_related("parent"):
        assert beat.parent.code == f"0{beat.code[:2]}"


def test_a_file_of_areas_is_not_read_twice(draw) -> None:
    draw([WEST])

    assert draw([WEST]).state == "unchanged"
    assert Area.objects.get().imported_file.started_at == NOW


def test_records_that_were_there_before_the_map_get_their_areas(draw, take_in: Importing) -> None:
    rows = [case(1, Lon="1", Lat="1"), case(2, Lon="3", Lat="1"), case(3, Lon="9", Lat="9")]
    take_in([*rows, case(4, Lon="", Lat="")])

    file = draw([WEST, EAST, feature("beat", "b1", square(2.5, 0, 1))])

    found = Incident.objects.order_by("source_id").values_list("district__code", "beat__code")
    assert list(found) == [("w", None), ("e", "b1"), (None, None), (None, None)]
    assert file.quality["notes"] == ["2 records were given a district or beat."]
    assert not IncidentRevision.objects.exists()


def test_a_border_that_moved_moves_the_records_too(draw, take_in: Importing) -> None:
    draw([WEST, EAST])
    take_in([case(1, Lon="1", Lat="1"), case(2, Lon="2.1", Lat="1")])

    moved = [
        feature("district", "w", square(0, 0, 2.2)),
        feature("district", "e", square(2.2, 0, 2)),
    ]
    draw(moved, name="b.geojson")

    codes = Incident.objects.order_by("source_id").values_list("district__code", flat=True)
    assert list(codes) == ["w", "w"]
