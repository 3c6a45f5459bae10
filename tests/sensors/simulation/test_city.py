import dataclasses
import json

import numpy as np
import pytest
import shapely
from shapely.geometry import shape

from sensors.simulation.city import FULL_CITY, SMALL_CITY, build_city
from sensors.simulation.geojson import (
    city_address_table,
    city_geojson_beats,
    city_geojson_districts,
    city_geojson_limits,
    city_geojson_parks,
    city_geojson_public_buildings,
    city_geojson_streets,
    city_geojson_water,
)

COLLECTIONS = [
    city_geojson_limits,
    city_geojson_districts,
    city_geojson_beats,
    city_geojson_parks,
    city_geojson_water,
    city_geojson_streets,
    city_geojson_public_buildings,
]


def everything_as_text(city):
    return json.dumps([make(city) for make in COLLECTIONS] + [city_address_table(city)])


def polygons(collection):
    return np.array([shape(feature["geometry"]) for feature in collection["features"]])


@pytest.fixture(params=["small_city", "full_city"])
def city(request):
    return request.getfixturevalue(request.param)


def test_the_same_seed_gives_the_same_bytes(small_city):
    again = build_city(small_city.seed, plan=SMALL_CITY)

    assert everything_as_text(again) == everything_as_text(small_city)


def test_another_seed_gives_another_city(small_city):
    other = build_city(small_city.seed + 1, plan=SMALL_CITY)

    assert everything_as_text(other) != everything_as_text(small_city)


def test_it_has_as_many_addresses_districts_and_beats_as_planned(city):
    plan = city.plan
    columns = city_address_table(city)

    assert {len(column) for column in columns.values()} == {plan.addresses}
    assert len(city.districts) == plan.districts
    assert len(city.beats) == plan.districts * plan.beats_per_district
    assert len({area.name for area in city.districts}) == plan.districts


def test_districts_and_beats_tile_the_city_without_overlap(city):
    [limits] = polygons(city_geojson_limits(city))
    for collection in (city_geojson_districts(city), city_geojson_beats(city)):
        tiles = polygons(collection)
        union = shapely.union_all(tiles)

        assert shapely.coverage_is_valid(tiles)
        assert tiles.all()
        assert shapely.is_valid(tiles).all()
        assert shapely.area(tiles).sum() == pytest.approx(union.area, rel=1e-9)
        assert shapely.symmetric_difference(union, limits).area < 1e-6 * limits.area


def test_each_beat_lies_in_its_district(city):
    districts = {
        f["properties"]["code"]: shape(f["geometry"])
        for f in city_geojson_districts(city)["features"]
    }
    for beat in city_geojson_beats(city)["features"]:
        polygon, parent = shape(beat["geometry"]), districts[beat["properties"]["parent"]]

        assert shapely.intersection(polygon, parent).area == pytest.approx(polygon.area, rel=1e-6)


@pytest.mark.parametrize(
    ("make", "column"), [(city_geojson_districts, "district"), (city_geojson_beats, "beat")]
)
def test_every_address_lies_in_exactly_one_area_and_knows_which(city, make, column):
    table, collection = city_address_table(city), make(city)
    points = shapely.points(table["lon"], table["lat"])

    at, area = shapely.STRtree(polygons(collection)).query(points, predicate="within")

    codes = [feature["properties"]["code"] for feature in collection["features"]]
    assert at.tolist() == list(range(len(points)))
    assert [codes[i] for i in area] == table[column]


def test_districts_and_beats_are_connected_and_hold_a_fair_share_of_the_addresses(city):
    for areas, index in (
        (city.districts, city.address_district),
        (city.beats, city.address_beat),
    ):
        share = np.bincount(index, minlength=len(areas)) * len(areas) / len(index)

        assert all(area.polygon.geom_type == "Polygon" for area in areas)
        assert share.min() > 0.4
        assert share.max() < 2.0


def test_no_address_occurs_twice(city):
    table = city_address_table(city)
    rows = set(zip(table["number"], table["street"], table["unit"], strict=True))

    assert len(rows) == city.plan.addresses
    assert len(set(table["source_id"])) == city.plan.addresses
    assert min(table["number"]) > 0


def test_flats_share_a_door_and_make_up_the_planned_share(city):
    a = city.addresses
    flats = a.unit != ""

    assert np.mean(flats) == pytest.approx(city.plan.apartment_share, abs=0.03)
    for building in np.unique(a.building[flats])[:50]:
        mine = a.building == building
        assert np.unique(a.x[mine]).size == 1
        assert np.unique(a.unit[mine]).size == mine.sum() > 1
        assert set(a.use[mine]) == {"dwelling"}


def test_nobody_lives_in_the_river_a_park_or_the_road(city):
    a = city.addresses
    wet = shapely.union_all([polygon for _, polygon in (*city.water, *city.parks)])
    points = shapely.points(a.x, a.y)
    _, distance = shapely.STRtree(city.street_pieces).query_nearest(
        points, return_distance=True, all_matches=False
    )

    assert not shapely.contains_xy(wet, a.x, a.y).any()
    assert distance.min() > 10.0
    assert distance.max() < 30.0


def test_house_numbers_rise_along_a_street_with_odd_and_even_on_opposite_sides(full_city):
    a = full_city.addresses
    label, count = np.unique(a.street[a.unit == ""], return_counts=True)
    street = label[np.argmax(np.where(np.char.startswith(label, "N "), count, 0))]
    mine = (a.street == street) & (a.unit == "")

    assert np.corrcoef(a.number[mine], a.y[mine])[0, 1] > 0.99
    even = a.number[mine] % 2 == 0
    order = np.argsort(a.y[mine])
    gap = np.diff(a.x[mine][order])[even[order][1:] != even[order][:-1]]
    assert np.median(np.abs(gap)) > 20.0


def test_there_are_streets_in_english_and_spanish_and_public_buildings_in_every_district(full_city):
    names = {f["properties"]["name"] for f in city_geojson_streets(full_city)["features"]}
    uses = [building.use for building in full_city.public_buildings]
    stations = [b.address for b in full_city.public_buildings if b.use == "police"]

    assert (
        sum(name.startswith(("Calle", "Camino", "Paseo", "Via", "Avenida")) for name in names) >= 20
    )
    assert any(name.endswith("Street") for name in names)
    assert {"school", "library", "clinic", "shelter", "police", "hospital"} <= set(uses)
    assert uses.count("school") == 28
    assert sorted(full_city.address_district[stations]) == list(range(8))
    assert full_city.addresses.use[full_city.public_buildings[-1].address] == uses[-1]


def test_geojson_is_what_the_standard_asks_for(city):
    for make in COLLECTIONS:
        collection = json.loads(json.dumps(make(city)))

        assert collection["type"] == "FeatureCollection"
        assert collection["features"]
        for feature in collection["features"]:
            geometry = shape(feature["geometry"])
            assert geometry.is_valid
            assert {"kind", "code", "name"} <= set(feature["properties"])
            if geometry.geom_type == "Polygon":
                assert geometry.exterior.is_ccw


def test_codes_and_street_names_are_unique_within_a_collection(city):
    for make in COLLECTIONS:
        codes = [feature["properties"]["code"] for feature in make(city)["features"]]

        assert len(set(codes)) == len(codes)


def test_the_middle_is_denser_than_the_edge(full_city):
    a = full_city.addresses
    out = np.hypot(a.x, a.y) / full_city.plan.radius_m
    inner, outer = np.sum(out < 0.25) / 0.25**2, np.sum(out > 0.75) / (1 - 0.75**2)

    assert inner > 2.0 * outer


def test_a_city_without_room_says_so():
    crowded = dataclasses.replace(SMALL_CITY, addresses=FULL_CITY.addresses)

    with pytest.raises(ValueError, match="got room for"):
        build_city(1, plan=crowded)


@pytest.mark.parametrize("seed", range(5))
def test_other_seeds_make_sound_cities_too(seed):
    city = build_city(seed, plan=SMALL_CITY)

    assert shapely.coverage_is_valid(polygons(city_geojson_beats(city)))
    assert np.bincount(city.address_beat, minlength=8).min() > 150
