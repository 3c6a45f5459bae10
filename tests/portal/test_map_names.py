"""Names on a map: whole where there is room, on two lines, else a code that the table explains."""

from __future__ import annotations

import re

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from portal import maps
from portal.findings import Subject, number
from portal.map_names import LABEL_CHARACTER, LABEL_SLACK, WIDE_SCALE, Label, area_names

TEXT = re.compile(r'<text class="name([^"]*)" x="(-?\d+)" y="(-?\d+)"[^>]*>([^<]*)</text>')


def box(width: float, height: float = 200) -> shapely.Polygon:
    return shapely.box(100, 100, 100 + width, 100 + height)


def area_name(name: str, code: str, shade: int | None, area: shapely.Polygon) -> tuple[str, bool]:
    """One small area among others with room enough."""
    roomy = [Label("Bay", str(n), 0, shapely.box(0, 0, 600, 300)) for n in (901, 902, 903)]
    markup, coded = area_names([Label(name, code, shade, area), *roomy])
    others, _ = area_names(roomy)
    return markup.removesuffix(others), code in coded


def shown(markup: str, screen: str) -> list[str]:
    """The lines that a narrow or a wide screen shows (static/styles/_maps.scss)."""
    hidden = {"narrow": "name--wide", "wide": "name--narrow"}[screen]
    return [line for classes, _x, _y, line in TEXT.findall(markup) if hidden not in classes]


def test_a_name_with_room_is_written_once() -> None:
    markup, by_code = area_name("Harbor", "1", 0, box(400))

    assert shown(markup, "narrow") == shown(markup, "wide") == ["Harbor"]
    assert len(TEXT.findall(markup)) == 1
    assert not by_code


def test_a_long_name_is_broken_between_words() -> None:
    markup, by_code = area_name("Old Landing", "1", 0, box(180))

    assert shown(markup, "narrow") == ["Old", "Landing"]
    assert shown(markup, "wide") == ["Old Landing"]
    assert not by_code


def test_where_no_name_fits_a_phone_shows_the_code_and_says_so() -> None:
    markup, by_code = area_name("Old Landing", "12", 0, box(90))

    assert shown(markup, "narrow") == ["12"]
    assert shown(markup, "wide") == ["Old", "Landing"]
    assert by_code


def test_where_nothing_fits_nothing_is_written() -> None:
    assert area_name("Old Landing", "12345", 0, box(8)) == ("", False)


def test_where_most_have_room_for_a_code_only_all_show_it() -> None:
    areas = [Label("West Prairie, beat 701", "701", 0, box(900))]
    areas += [Label("Old Landing, beat 101", "101", 0, box(80)) for _ in range(2)]
    markup, coded = area_names(areas)

    assert shown(markup, "narrow") == ["701", "101", "101"]
    assert coded == {"701", "101"}


def test_a_name_on_a_dark_area_is_light() -> None:
    assert "name--on-dark" in area_name("Harbor", "1", 3, box(400))[0]
    assert "name--on-dark" not in area_name("Harbor", "1", 2, box(400))[0]
    assert "name--on-dark" not in area_name("Harbor", "1", None, box(400))[0]


@given(
    st.text("abcdefgh ", min_size=1, max_size=30).filter(lambda name: name.strip() == name),
    st.floats(10, 900),
    st.floats(30, 300),
)
def test_no_line_is_wider_than_its_area_allows(name: str, width: float, height: float) -> None:
    markup, _ = area_name(name, "7", 0, box(width, height))

    for classes, x, _y, line in TEXT.findall(markup):
        scale = WIDE_SCALE if "name--wide" in classes else 1.0
        assert len(line) * LABEL_CHARACTER * scale <= width * LABEL_SLACK + 1
        assert 100 <= int(x) <= 101 + width


def subject() -> Subject:
    return Subject(title="t", unit="incidents", counted=lambda n: f"{number(n)} incidents")


def square(west: float, size: float = 0.01) -> list[list[float]]:
    south, east, north = 39.8, west + size, 39.8 + size
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def test_the_area_a_page_is_about_is_marked_and_no_other() -> None:
    shapes = [
        maps.Shape(str(n), f"Area {n}", f"#{n}", [square(-98.6 + n / 100)], n) for n in (1, 2)
    ]
    svg = maps.choropleth(shapes, subject=subject(), map_id="m", here="2").svg

    assert re.findall(r'<a href="(#\d)" aria-current="true">', svg) == ["#2"]


def test_codes_in_place_of_names_are_told_to_the_table() -> None:
    shapes = [
        maps.Shape("wide", "Harbor", "#1", [square(-98.6, 0.1)], 1),
        maps.Shape("77", "Extraordinarily Long", "#2", [square(-98.5, 0.02)], 2),
    ]

    assert maps.choropleth(shapes, subject=subject(), map_id="m").coded == {"77"}


@pytest.mark.parametrize("order", [1, -1])
def test_the_longest_streets_are_drawn_whole_and_the_alleys_dropped(
    order: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(maps.CONTEXT_BYTES, "street", 60)
    long = [[[-98.6 + k / 1000, 39.8], [-98.6 + (k + 1) / 1000, 39.8]] for k in range(8)]
    alleys = [[[[-98.6, 39.8 + k / 1000], [-98.5999, 39.8 + k / 1000]]] for k in range(60)]
    streets = [maps.Context("street", lines) for lines in [long, *alleys][::order]]
    projection = maps.Projection.around(np.array([[-98.6, 39.79], [-98.58, 39.87]]))

    data = re.findall(r'd="([^"]*)"', maps.backdrop(streets, projection))[0]
    widest = max(abs(int(step)) for step in re.findall(r"l(-?\d+)", data))
    assert widest > 50  # the long street, in one piece
    assert data.count("M") < 20
