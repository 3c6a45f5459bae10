"""Maps: shapes decode back to their polygons, shades follow values, words are escaped."""

from __future__ import annotations

import gzip
import itertools
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from portal import maps
from portal.findings import Count, Subject, number
from tests.reference import figures as reference

HOSTILE = "<script>alert(1)</script>\"'&"


def subject(title: str = "Incidents by area") -> Subject:
    return Subject(title=title, unit="incidents", counted=lambda n: f"{number(n)} incidents")


def tessellation(
    columns: int, rows: int, jitter: list[float], values: list[Count]
) -> list[maps.Shape]:
    """Quadrilaterals that share their corners; jitter moves the inner corners."""
    pushes = itertools.cycle(jitter or [0.0])
    corner = {}
    for i, j in itertools.product(range(columns + 1), range(rows + 1)):
        inner = 0 < i < columns and 0 < j < rows
        dx, dy = (next(pushes), next(pushes)) if inner else (0.0, 0.0)
        corner[i, j] = (-98.6 + 0.02 * (i + 0.35 * dx), 39.8 + 0.015 * (j + 0.35 * dy))
    cells = itertools.product(range(columns), range(rows))
    return [
        maps.Shape(
            f"{i}{j}",
            f"Area {i} {j}",
            f"/areas/{i}-{j}/",
            [[corner[p] for p in ((i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1), (i, j))]],
            value,
        )
        for (i, j), value in zip(cells, itertools.cycle(values or [None]), strict=False)
    ]


tessellations = st.builds(
    tessellation,
    st.integers(1, 6),
    st.integers(1, 6),
    st.lists(st.floats(-1, 1), max_size=20),
    st.lists(st.one_of(st.none(), st.integers(0, 900)), min_size=1, max_size=36),
)


def areas(svg: str) -> dict[str, ET.Element]:
    """href -> link element."""
    links = [e for e in ET.fromstring(svg).iter() if e.tag == f"{reference.SVG}a"]
    return {link.get("href"): link for link in links}


def decoded(link: ET.Element) -> shapely.Geometry:
    """The drawn shape in drawing units, from its path alone."""
    shape = shapely.Polygon()
    for ring in reference.decoded_rings(link.find(f"{reference.SVG}path").get("d")):
        shape = shape.symmetric_difference(shapely.make_valid(shapely.Polygon(ring)))
    return shape


def drawn_and_true(shapes: list[maps.Shape]) -> list[tuple[shapely.Geometry, shapely.Geometry]]:
    links = areas(maps.choropleth(shapes, subject=subject(), map_id="m").svg)
    projection = maps.projection_of(shapes)
    pairs = []
    for shape in shapes:
        true = shapely.Polygon()
        for ring in shape.rings:
            true = true.symmetric_difference(shapely.make_valid(shapely.Polygon(ring)))
        pairs.append((decoded(links[shape.href]), shapely.transform(true, projection.units)))
    return pairs


@given(tessellations)
def test_paths_decode_back_to_their_polygons(shapes: list[maps.Shape]) -> None:
    for drawn, true in drawn_and_true(shapes):
        assert shapely.hausdorff_distance(drawn.boundary, true.boundary) <= 2.5
        assert drawn.symmetric_difference(true).area <= 0.02 * true.area + 1


@given(tessellations)
def test_neighbours_stay_neighbours(shapes: list[maps.Shape]) -> None:
    drawn = [polygon for polygon, _ in drawn_and_true(shapes)]

    whole = shapely.union_all(drawn)

    assert whole.area == pytest.approx(sum(polygon.area for polygon in drawn), rel=1e-6)
    assert sum(len(part.interiors) for part in getattr(whole, "geoms", [whole])) == 0


@given(tessellations)
def test_each_area_links_says_its_number_and_has_its_shade(shapes: list[maps.Shape]) -> None:
    choropleth = maps.choropleth(shapes, subject=subject(), map_id="m")
    links = areas(choropleth.svg)
    breaks = maps.class_breaks([shape.value for shape in shapes])

    for shape in shapes:
        title = links[shape.href].find(f"{reference.SVG}title").text
        path = links[shape.href].find(f"{reference.SVG}path")
        if shape.value is None:
            assert title == f"{shape.label}: no data"
            assert path.get("fill") == "url(#m-gap)"
        else:
            shade = reference.class_by_counting(shape.value, breaks) if breaks else 0
            assert title == f"{shape.label}: {shape.value:,} incidents"
            assert path.get("fill") == ("url(#m-top)" if shade == 4 else None)
            assert path.get("class") == ("area" if shade == 4 else f"area c{shade}")
    assert [row[3] for row in choropleth.rows] == [shape.value for shape in shapes]


@given(tessellations)
def test_the_legend_counts_every_area_once(shapes: list[maps.Shape]) -> None:
    legend = maps.choropleth(shapes, subject=subject(), map_id="m").legend

    assert sum(step.areas for step in legend) == len(shapes)
    absent = [step.areas for step in legend if step.shade is None]
    assert absent == ([n] if (n := sum(s.value is None for s in shapes)) else [])
    for shade, step in enumerate(step for step in legend if step.shade is not None):
        low, _, high = step.label.partition(" to ")
        bounds = reference.to_number(low), reference.to_number(high or low)
        held = [s for s in shapes if s.value is not None and bounds[0] <= s.value <= bounds[1]]
        assert (step.shade, step.areas) == (shade, len(held))


def test_a_hole_stays_open() -> None:
    outer = [(-98.6, 39.8), (-98.5, 39.8), (-98.5, 39.9), (-98.6, 39.9), (-98.6, 39.8)]
    inner = [(-98.57, 39.83), (-98.53, 39.83), (-98.53, 39.87), (-98.57, 39.87), (-98.57, 39.83)]
    shape = maps.Shape("a", "A", "/a/", [outer, inner], 3)

    [(drawn, true)] = drawn_and_true([shape])

    assert drawn.area == pytest.approx(true.area, rel=0.01)
    assert len(drawn.interiors) == 1


def test_rates_are_labelled_up_to_and_not_added() -> None:
    shapes = tessellation(2, 1, [], [1.5, 4.0])

    choropleth = maps.choropleth(shapes, subject=subject(), map_id="m", additive=False)

    assert [step.label for step in choropleth.legend] == [
        "0 to under 1",
        "1 to under 2",
        "2 to under 3",
        "3 to under 4",
        "4 to under 5",
    ]
    assert choropleth.finding == (
        "The highest was 4 incidents: Area 1 0. The lowest was 1.5 incidents: Area 0 0."
    )


def test_a_map_without_values_is_all_hatched_and_says_so() -> None:
    choropleth = maps.choropleth(tessellation(2, 2, [], [None]), subject=subject(), map_id="m")

    assert choropleth.finding == "No data. That is not the same as zero."
    assert [(step.shade, step.areas) for step in choropleth.legend] == [(None, 4)]


def test_hostile_words_stay_words() -> None:
    [shape] = tessellation(1, 1, [], [3])
    evil = maps.Shape(HOSTILE, HOSTILE, f"/areas/?q={HOSTILE}", shape.rings, 3)

    svg = maps.choropleth([evil], subject=subject(HOSTILE), map_id='m"><script>').svg

    root = ET.fromstring(svg)
    assert "<script" not in svg
    assert root.find(f"{reference.SVG}title").text == HOSTILE
    assert list(areas(svg)) == [f"/areas/?q={HOSTILE}"]
    for element in root.iter():
        assert not [a for a in element.attrib if a == "style" or a.startswith("on")]


def test_context_is_drawn_under_the_names_and_within_its_budget() -> None:
    shapes = tessellation(3, 3, [0.5, -0.4], [5, 9])
    generator = np.random.default_rng(7)
    streets = [
        [start, start + generator.normal(0, 0.004, 2)]
        for start in generator.uniform([-98.6, 39.8], [-98.54, 39.845], (2000, 2))
    ]
    river = [(-98.62, 39.79), (-98.58, 39.82), (-98.52, 39.83)]

    svg = maps.choropleth(
        shapes,
        subject=subject(),
        map_id="m",
        context=[maps.Context("street", streets), maps.Context("river", [river])],
    ).svg

    paths = {e.get("class"): e.get("d") for e in ET.fromstring(svg).iter() if e.get("d")}
    assert 6000 < len(paths["map__street"]) < 7200
    assert svg.index("map__street") < svg.index("map__river") < svg.index("map__names")
    for line in reference.decoded_rings(paths["map__river"]):
        assert all(0 <= x <= 1000 for x, _ in line)


def test_layers_are_geojson_of_the_same_numbers() -> None:
    shapes = tessellation(2, 2, [0.3], [5, None])
    park = [(-98.6, 39.8), (-98.59, 39.8), (-98.59, 39.81), (-98.6, 39.8)]

    layers = maps.layers(shapes, [maps.Context("park", [park])])

    again = json.loads(json.dumps(layers, allow_nan=False))
    assert [f["properties"]["value"] for f in again["areas"]["features"]] == [5, None, 5, None]
    for feature, shape in zip(again["areas"]["features"], shapes, strict=True):
        true = shapely.Polygon(shape.rings[0])
        assert shapely.geometry.shape(feature["geometry"]).equals(true)
    assert again["park"]["features"][0]["geometry"]["type"] == "Polygon"


def test_names_are_written_where_they_fit_and_nowhere_else() -> None:
    svg = maps.choropleth(tessellation(6, 6, [0.9, -0.9], [1]), subject=subject(), map_id="m").svg

    wide = maps.choropleth(tessellation(2, 1, [], [1]), subject=subject(), map_id="m").svg

    assert {e.text for e in reference.elements(wide) if "name" in reference.classes(e)} == {
        "Area 0 0",
        "Area 1 0",
    }
    placed = [e for e in reference.elements(svg) if "name" in reference.classes(e)]
    by_code = {link.get("href"): decoded(link) for link in areas(svg).values()}
    for name in placed:
        point = shapely.Point(float(name.get("x")), float(name.get("y")))
        assert sum(polygon.distance(point) < 1 for polygon in by_code.values()) >= 1


def test_a_map_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one shape"):
        maps.choropleth([], subject=subject(), map_id="m")


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("dc_boundaries/police-service-areas-psa.geojson.gz", "NAME"),
        ("cambridge_ma_city/BOUNDARY_CDDNeighborhoods.geojson", "N_HOOD"),
    ],
)
def test_real_cities_fit_into_25_kb_and_keep_their_borders(
    shared_data: Path, file: str, code: str
) -> None:
    path = shared_data / file
    raw = path.read_bytes()
    features = json.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw)["features"]
    shapes = [
        maps.Shape(
            str(feature["properties"][code]),
            str(feature["properties"][code]),
            f"/areas/{order}/",
            [
                ring
                for part in shapely.get_parts(shapely.geometry.shape(feature["geometry"]))
                for ring in [r.coords for r in shapely.get_rings(part)]
            ],
            order * 10,
        )
        for order, feature in enumerate(features)
    ]

    svg = maps.choropleth(shapes, subject=subject(), map_id="m").svg

    assert len(svg) <= 25_000
    for drawn, true in drawn_and_true(shapes):
        mean_shift_units = drawn.symmetric_difference(true).area / true.length
        assert mean_shift_units <= 0.5
