from __future__ import annotations

import gzip
import itertools
import json
import os
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.publication.partition import (
    OUTSIDE,
    District,
    PartitionError,
    assign_districts,
    median_tree,
    snap_places,
)
from sensors.geodesy import LocalPlane
from tests.reference import partition as reference

WEST = District("1", shapely.box(0, 0, 1000, 1000))
EAST = District("2", shapely.box(1000, 0, 2000, 1000))
BOTH = (WEST, EAST)


def scattered(*, count, seed, districts=BOTH, east_m=2000.0, north_m=1000.0):
    rng = np.random.default_rng(seed)
    x = np.round(rng.uniform(0, east_m, count), 2)
    y = np.round(rng.uniform(0, north_m, count), 2)
    return x, y, np.ones(count, int), assign_districts(x, y, districts)


def a_city(*, seed=0, count=12_000):
    """Houses every 12 m on both sides of a grid of streets, in 4 districts, and the districts."""
    rng = np.random.default_rng(seed)
    districts = tuple(
        District(f"{2 * row + column + 1}", shapely.box(*_corner(column, row)))
        for row in range(2)
        for column in range(2)
    )
    lane = rng.integers(1, 30, count) * 100.0
    along = rng.integers(0, 250, count) * 12.0 + 5
    side = rng.choice([-8.0, 8.0], count)
    is_row = rng.random(count) < 0.5
    x = np.where(is_row, along, lane + side)
    y = np.where(is_row, lane + side, along)
    x, y = np.unique(np.column_stack([x, y]), axis=0).T
    return x, y, np.ones(x.size, int), assign_districts(x, y, districts), districts


def _corner(column, row):
    return column * 1500, row * 1500, (column + 1) * 1500, (row + 1) * 1500


# --- against the slow second implementation

rows = st.lists(
    st.tuples(
        st.integers(0, 40).map(lambda i: i * 50.0),
        st.integers(0, 20).map(lambda i: i * 50.0),
        st.integers(1, 9),
    ),
    min_size=1,
    max_size=120,
)


@settings(deadline=None)
@given(rows, st.integers(2, 12), st.integers(1, 4))
def test_it_groups_addresses_as_the_slow_implementation_does(rows, k, minimum_points):
    x, y, weight = (np.array(column) for column in zip(*rows, strict=True))
    district = assign_districts(x, y, BOTH)
    expected = reference.places(
        zip(x, y, weight, district, strict=True), k=k, minimum_points=minimum_points
    )

    try:
        places = snap_places(
            x, y, weight, district, districts=BOTH, k=k, minimum_points=minimum_points
        )
    except PartitionError:
        assert expected == set()
        return

    groups: dict[int, set] = {}
    for i, place in enumerate(places.of_address.tolist()):
        if place != OUTSIDE:
            groups.setdefault(place, set()).add((x[i], y[i], district[i]))
    assert {frozenset(group) for group in groups.values()} == expected
    for place, stands_for in enumerate(places.stands_for):
        members = places.of_address == place
        assert weight[members].sum() == stands_for >= k
        assert len(groups[place]) >= minimum_points


@settings(deadline=None)
@given(rows, st.integers(2, 5), st.integers(10, 60))
def test_it_groups_cells_as_the_slow_implementation_does(rows, k, minimum):
    x, y, weight = (np.array(column) for column in zip(*rows, strict=True))
    district = assign_districts(x, y, BOTH)
    expected = reference.cells(
        zip(x, y, weight, district, strict=True), minimum=minimum, k=k, minimum_points=1
    )

    cells = median_tree(
        x, y, weight, district, districts=BOTH, minimum=minimum, k=k, minimum_points=1
    )

    groups: dict[int, set] = {}
    for i, cell in enumerate(cells.assign(x, y).tolist()):
        if cell > 0:
            groups.setdefault(cell, set()).add((x[i], y[i], district[i]))
    assert {frozenset(group) for group in groups.values()} == expected
    assert all(cells.addresses[1:] >= minimum)


# --- the promises


def test_every_place_stands_for_at_least_twenty_addresses_and_half_for_thirty():
    x, y, weight, district, districts = a_city()

    places = snap_places(x, y, weight, district, districts=districts)

    assert places.stands_for.min() >= 20
    assert np.median(places.stands_for) >= 30
    assert (places.of_address >= 0).all()
    assert places.stands_for.sum() == weight.sum()


def test_no_place_crosses_a_district_border():
    x, y, weight, district, districts = a_city()

    places = snap_places(x, y, weight, district, districts=districts)

    assert (places.district[places.of_address] == district).all()
    for footprint, index in zip(places.footprint, places.district, strict=True):
        assert shapely.covers(shapely.buffer(districts[index].polygon, 1e-6), footprint)


def test_footprints_tile_their_districts():
    x, y, weight, district, districts = a_city()

    places = snap_places(x, y, weight, district, districts=districts)

    for index, owner in enumerate(districts):
        mine = [places.footprint[i] for i in np.flatnonzero(places.district == index)]
        assert sum(piece.area for piece in mine) == pytest.approx(owner.polygon.area, rel=1e-9)
        assert shapely.union_all(mine).area == pytest.approx(owner.polygon.area, rel=1e-9)


def test_footprints_tile_a_district_with_a_bent_border_and_a_hole():
    ring = shapely.Point(0, 0).buffer(1000).difference(shapely.Point(300, 200).buffer(250))
    rng = np.random.default_rng(4)
    x, y = rng.uniform(-1000, 1000, (2, 4000))
    districts = (District("bent", ring),)
    district = assign_districts(x, y, districts)

    places = snap_places(x, y, np.ones(x.size), district, districts=districts)

    assert sum(piece.area for piece in places.footprint) == pytest.approx(ring.area, rel=1e-9)
    inside = shapely.contains_xy(np.array(places.footprint, object), places.x, places.y)
    assert inside.all()


def test_addresses_and_records_at_addresses_get_the_same_place():
    x, y, weight, district, districts = a_city()

    places = snap_places(x, y, weight, district, districts=districts)

    assert (places.assign(x, y) == places.of_address).all()


def test_the_order_of_rows_changes_nothing():
    x, y, weight, district, districts = a_city(count=3000)
    shuffled = np.random.default_rng(8).permutation(x.size)

    one = snap_places(x, y, weight, district, districts=districts)
    two = snap_places(
        x[shuffled], y[shuffled], weight[shuffled], district[shuffled], districts=districts
    )

    assert one.code == two.code
    assert (one.x == two.x).all()
    assert (one.y == two.y).all()
    assert (one.of_address[shuffled] == two.of_address).all()


def test_a_lost_last_bit_moves_no_address_to_another_place():
    x, y, weight, district, districts = a_city(count=3000)

    one = snap_places(x, y, weight, district, districts=districts)
    two = snap_places(
        np.nextafter(x, np.inf), np.nextafter(y, -np.inf), weight, district, districts=districts
    )

    assert one.code == two.code
    assert (one.of_address == two.of_address).all()


def test_codes_are_unique_and_begin_with_their_district():
    x, y, weight, district, districts = a_city()

    places = snap_places(x, y, weight, district, districts=districts)
    cells = median_tree(x, y, weight, district, districts=districts)

    assert len(set(places.code)) == len(places.code)
    assert len(set(cells.code)) == len(cells.code)
    for code, index in zip(places.code, places.district, strict=True):
        assert code.startswith(districts[index].code)


def test_each_place_lies_in_one_cell_and_its_code_says_so():
    x, y, weight, district, districts = a_city()

    places = snap_places(x, y, weight, district, districts=districts)
    cells = median_tree(x, y, weight, district, districts=districts)

    cell_of_address, cell_of_place = cells.assign(x, y), cells.assign(places.x, places.y)
    assert (cell_of_place[places.of_address] == cell_of_address).all()
    for place, cell in enumerate(cell_of_place):
        assert places.code[place].startswith(cells.code[cell])


def test_the_published_point_is_nobodys_door():
    x, y, weight, district, districts = a_city()

    places = snap_places(x, y, weight, district, districts=districts)

    nearest_m = np.array(
        [np.hypot(x - px, y - py).min() for px, py in zip(places.x, places.y, strict=True)]
    )
    assert nearest_m.min() >= 2.9


def test_a_tower_is_never_a_place_of_its_own():
    x, y, weight, district = scattered(count=300, seed=3)
    weight[::40] = 200

    places = snap_places(x, y, weight, district, districts=BOTH, minimum_points=3)

    for place in range(len(places.code)):
        assert (places.of_address == place).sum() >= 3


def test_the_furthest_address_is_as_far_as_the_place_says():
    x, y, weight, district, districts = a_city(count=3000)

    places = snap_places(x, y, weight, district, districts=districts)

    away_m = np.hypot(x - places.x[places.of_address], y - places.y[places.of_address])
    for place, furthest_m in enumerate(places.max_displacement_m):
        assert away_m[places.of_address == place].max() == pytest.approx(furthest_m)


def test_places_stay_close_to_their_addresses():
    x, y, weight, district, districts = a_city()

    places = snap_places(x, y, weight, district, districts=districts)

    away_m = np.hypot(x - places.x[places.of_address], y - places.y[places.of_address])
    # a square holding as many addresses has a mean distance of 0.383 sides to its middle
    side_m = np.sqrt(3000**2 / x.size * np.mean(places.stands_for))
    assert away_m.mean() < 1.3 * 0.383 * side_m


def test_guessing_the_nearest_address_is_right_less_than_one_time_in_eight():
    x, y, weight, district, districts = a_city()
    rng = np.random.default_rng(5)
    popularity = rng.pareto(1.2, x.size)  # repeat addresses
    victim = rng.choice(x.size, 6000, p=popularity / popularity.sum())

    places = snap_places(x, y, weight, district, districts=districts)

    place = places.assign(x[victim], y[victim])
    guess = np.array([np.hypot(x - places.x[p], y - places.y[p]).argmin() for p in place])
    assert np.mean(guess == victim) <= 0.125
    assert np.mean((places.x[place] == x[victim]) & (places.y[place] == y[victim])) == 0
    assert places.stands_for[place].min() >= 20


# --- edges


def test_outside_the_city_and_nan_are_explicit():
    x, y, weight, district = scattered(count=2000, seed=1)
    places = snap_places(x, y, weight, district, districts=BOTH)
    cells = median_tree(x, y, weight, district, districts=BOTH)

    far_x, far_y = [np.nan, -1.0, 500.0, 1e9], [500.0, 500.0, np.nan, 0.0]

    assert places.assign(far_x, far_y).tolist() == [OUTSIDE] * 4
    assert cells.assign(far_x, far_y).tolist() == [OUTSIDE] * 4


def test_a_point_on_a_border_belongs_to_the_first_district():
    assert assign_districts([1000.0], [500.0], BOTH).tolist() == [0]
    assert assign_districts([1000.0], [500.0], BOTH[::-1]).tolist() == [0]


def test_a_district_with_too_few_addresses_has_no_place_and_its_cell_is_the_city():
    x, y, weight, _ = scattered(count=700, seed=2, east_m=1000.0)
    x, y, weight = np.append(x, 1500.0), np.append(y, 500.0), np.append(weight, 1)
    district = assign_districts(x, y, BOTH)

    places = snap_places(x, y, weight, district, districts=BOTH)
    cells = median_tree(x, y, weight, district, districts=BOTH)

    assert places.assign([1500.0], [500.0]).tolist() == [OUTSIDE]
    assert places.of_address[-1] == OUTSIDE
    assert cells.assign([1500.0], [500.0]).tolist() == [0]
    assert cells.code == ("city", "1")
    assert cells.addresses.tolist() == [701, 700]


def test_a_city_without_enough_addresses_is_refused():
    with pytest.raises(PartitionError, match="wanted at least one"):
        snap_places([1.0, 2.0], [1.0, 2.0], [1, 1], [0, 0], districts=BOTH)


@pytest.mark.parametrize(("x", "weight"), [(np.nan, 1), (1.0, 0), (1.0, 1.5)])
def test_it_refuses_addresses_it_cannot_count(x, weight):
    with pytest.raises(ValueError, match="wanted"):
        snap_places([x], [1.0], [weight], [0], districts=BOTH, k=1, minimum_points=1)


def test_a_park_takes_what_is_nearer_to_it_than_to_any_address():
    x, y, weight, district = scattered(count=3000, seed=6, east_m=800.0)
    field = np.hypot(x - 400, y - 500) > 120
    x, y, weight, district = x[field], y[field], weight[field], district[field]

    places = snap_places(
        x, y, weight, district, districts=BOTH, parks=([400.0, 100.0], [500.0, 100.0])
    )

    park = places.code.index("1-park1")
    assert places.stands_for[park] == 0
    assert "1-park2" not in places.code  # within reach of doors
    assert places.assign([400.0, 410.0], [500.0, 505.0]).tolist() == [park, park]
    assert park not in places.assign(x, y)
    assert (places.assign(x, y) == places.of_address).all()


def test_census_blocks_make_places_too():
    rng = np.random.default_rng(9)
    x, y = rng.uniform(0, 1000, (2, 80))
    weight = rng.integers(5, 60, 80)

    places = snap_places(
        x, y, weight, assign_districts(x, y, BOTH), districts=BOTH, minimum_points=1
    )

    assert places.stands_for.min() >= 20
    assert places.stands_for.sum() == weight.sum()


def test_a_chain_leads_from_the_leaf_through_the_district_to_the_city():
    x, y, weight, district, districts = a_city()
    cells = median_tree(x, y, weight, district, districts=districts)

    for leaf in np.flatnonzero(cells.is_leaf):
        chain = cells.chain(int(leaf))
        assert chain[-1] == 0
        assert cells.code[chain[-2]] == districts[cells.district[leaf]].code
        assert (np.diff(cells.addresses[list(chain)]) > 0).all()
        for below, above in itertools.pairwise(chain[:-1]):
            assert cells.code[below].startswith(cells.code[above])


def test_children_tile_their_parent():
    x, y, weight, district, districts = a_city()
    cells = median_tree(x, y, weight, district, districts=districts)

    for cell, polygon in enumerate(cells.polygon):
        children = [cells.polygon[c] for c in np.flatnonzero(cells.parent == cell)]
        if children:
            assert sum(c.area for c in children) == pytest.approx(polygon.area, rel=1e-9)
            assert cells.addresses[cells.parent == cell].sum() == cells.addresses[cell]


# --- a real city

SHARED = Path(os.environ.get("DAYLIGHT_SHARED_DATA") or Path(__file__).parents[4] / "shared/data")
BLOCKS = SHARED / "dc_boundaries" / "census-block-groups-2010.geojson.gz"


@pytest.mark.shared_data
@pytest.mark.skipif(not BLOCKS.exists(), reason=f"no real city data at {SHARED}")
def test_washington_from_population_blocks():
    blocks = json.loads(gzip.decompress(BLOCKS.read_bytes()))["features"]
    police = json.loads(
        gzip.decompress((BLOCKS.parent / "police-districts-mpd.geojson.gz").read_bytes())
    )["features"]
    middle = [shapely.geometry.shape(f["geometry"]).representative_point() for f in blocks]
    lon, lat = np.array([p.x for p in middle]), np.array([p.y for p in middle])
    plane = LocalPlane.around(lon, lat)
    districts = tuple(
        District(
            str(f["properties"]["DISTRICT"]),
            shapely.transform(
                shapely.geometry.shape(f["geometry"]),
                lambda c: np.column_stack(plane.to_xy(c[:, 0], c[:, 1])),
            ),
        )
        for f in police
    )
    x, y = plane.to_xy(lon, lat)
    weight = np.array([max(int(f["properties"]["P0010001"]), 1) for f in blocks])
    district = assign_districts(x, y, districts)

    cells = median_tree(x, y, weight, district, districts=districts, minimum_points=1)

    assert (district >= 0).mean() > 0.99
    assert cells.addresses.min() >= 500
    assert len(cells.code) > len(districts) + 1
    assert cells.addresses[0] == weight[district >= 0].sum()
