"""Positions, against shapely one point at a time."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.importers.positions import Points, Polygons, degrees


def polygons(shapes: list[shapely.Geometry]) -> Polygons:
    codes = tuple(f"c{n}" for n in range(len(shapes)))
    return Polygons(np.arange(1, len(shapes) + 1), codes, np.array(shapes, dtype=object))


BOXES = [shapely.box(0, 0, 2, 2), shapely.box(2, 0, 4, 2), shapely.box(1, 1, 3, 3)]
HALVES = st.integers(-2, 10).map(lambda n: n / 2)


@settings(deadline=None, max_examples=80)
@given(places=st.lists(st.tuples(HALVES | st.just(float("nan")), HALVES), max_size=30))
def test_a_point_lies_in_the_first_polygon_that_touches_it(
    places: list[tuple[float, float]],
) -> None:
    lon, lat = np.array([p[0] for p in places]), np.array([p[1] for p in places])

    found = polygons(BOXES).containing(Points.of(lon, lat))

    expected = [
        0 if np.isnan(x) else next((n for n, box in enumerate(BOXES, 1) if box.intersects(shapely.Point(x, y))), 0)
        for x, y in places
    ]  # fmt: skip
    assert found.tolist() == expected


def test_no_polygons_contain_nothing() -> None:
    assert polygons([]).containing(Points.of(np.array([1.0]), np.array([1.0]))).tolist() == [0]


def test_codes_lead_to_ids() -> None:
    assert polygons(BOXES).named(["c1", "c9", "c0"]).tolist() == [2, 0, 1]


@pytest.mark.parametrize(
    ("lon", "lat"),
    [("0", "0"), ("0.0000001", "-0.0000001"), ("", "40"), ("x", "40"), ("-181", "40"), ("-105", "91"), ("nan", "1"),
     ("inf", "1"), ("1e999", "1")],
)  # fmt: skip
def test_a_position_that_cannot_be_is_none(lon: str, lat: str) -> None:
    east, north = degrees([lon, "-105.5"], [lat, "40.5"], None, None, crs="EPSG:4326", count=2)

    assert np.isnan([east[0], north[0]]).all()
    assert (east[1], north[1]) == (-105.5, 40.5)


def test_x_and_y_step_in_where_degrees_are_missing() -> None:
    """Sacramento's first row, checked by its publisher's own map: 38.4761, -121.4933."""
    east, north = degrees(
        ["", "-121.5"], ["", "38.5"], ["6706727", "0"], ["1935628", "0"], crs="EPSG:2226", count=2
    )

    assert east == pytest.approx([-121.4933, -121.5], abs=1e-4)
    assert north == pytest.approx([38.4761, 38.5], abs=1e-4)


def test_degrees_are_kept_to_a_centimetre() -> None:
    east, _ = degrees(["-105.123456789"], ["40"], None, None, crs="EPSG:4326", count=1)

    assert east.tolist() == [-105.1234568]
