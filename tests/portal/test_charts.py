"""Drawings: well-formed, escaped, nothing drawn that is not in the table."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from portal import axes, charts, components, figures
from portal.findings import Subject, number
from tests.reference import figures as reference

HOSTILE = "<script>alert(1)</script>\"'&]]>\u202e"

counts = st.one_of(st.none(), st.integers(0, 5000))


def subject(**changes: object) -> Subject:
    return Subject(
        **{
            "title": "Incidents",
            "unit": "incidents",
            "counted": lambda n: f"{number(n)}x",
            **changes,
        }
    )


def monthly(values: list[float | None], **changes: object) -> figures.Figure:
    rows = [(date(2023 + i // 12, i % 12 + 1, 1), n) for i, n in enumerate(values)]
    return figures.monthly_counts(rows, subject=subject(**changes))


def weekly_grid(values: list[float | None], hours_per_band: int) -> figures.Figure:
    cells = itertools.product(range(7), range(0, 24, hours_per_band))
    rows = [(day, hour, n) for (day, hour), n in zip(cells, values, strict=False)]
    return figures.hour_by_weekday(rows, subject=subject(), hours_per_band=hours_per_band)


def by_category(values: list[float | None]) -> figures.Figure:
    rows = [(f"Category {i}", n) for i, n in enumerate(values)]
    return figures.counts_by_category(rows, subject=subject(), heading="Category")


def by_area(values: list[list[float | None]]) -> figures.Figure:
    rows = [
        (f"Area {a}", date(2024, m + 1, 1), n)
        for a, row in enumerate(values)
        for m, n in enumerate(row)
    ]
    return figures.series_by_area(rows, subject=subject())


any_figure = st.one_of(
    st.builds(monthly, st.lists(counts, min_size=1, max_size=50)),
    st.builds(by_category, st.lists(counts, min_size=1, max_size=12)),
    st.builds(weekly_grid, st.lists(counts, min_size=1, max_size=168), st.sampled_from([1, 6])),
    st.builds(by_area, st.lists(st.lists(counts, min_size=3, max_size=12), min_size=1, max_size=6)),
)


@given(any_figure)
def test_every_drawing_is_well_formed_named_and_free_of_scripts_and_styles(
    figure: figures.Figure,
) -> None:
    svg = charts.svg(figure, figure_id="f1")

    root = ET.fromstring(svg)
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert root.get("role") == "img"
    assert root.find(f"{reference.SVG}title").text == "Incidents"
    assert root.find(f"{reference.SVG}desc").text == figure["meta"]["finding"]
    assert {root.get("aria-labelledby"), root.get("aria-describedby")} <= set(ids)
    assert len(ids) == len(set(ids))
    assert all(i.startswith("f1-") for i in ids)
    for element in root.iter():
        assert element.tag.removeprefix(reference.SVG) not in ("script", "style", "foreignObject")
        assert not [a for a in element.attrib if a == "style" or a.startswith("on")]


@given(any_figure)
def test_the_drawing_says_the_numbers_of_the_table(figure: figures.Figure) -> None:
    meta = figure["meta"]
    table = {
        name(meta["kind"], len(figure["data"]), row[0], column): value
        for row in meta["rows"]
        for column, value in zip(meta["columns"][1:], row[1:], strict=True)
        if not column.startswith("Share")
    }

    svg = charts.svg(figure, figure_id="f1")

    said = reference.marks(svg)
    known = {label: number(value) for label, value in table.items() if value is not None}
    gaps = {label for label, value in table.items() if value is None}
    assert {label: text for label, text in said.items() if label not in gaps} == (known or {})
    assert all(said[label] == "no data" for label in gaps if label in said)
    assert set(reference.printed_values(svg)) <= set(known.values())


def name(kind: str, lines: int, row: str, column: str) -> str:
    if kind == "grid":
        return f"{row} {column}"
    return f"{column}, {row}" if lines > 1 else row


@given(st.lists(counts, min_size=13, max_size=50))
def test_dots_stand_at_their_values(values: list[float | None]) -> None:
    known = [n for n in values if n is not None]
    assume(known)

    read_off = reference.heights_read_off(charts.svg(monthly(values), figure_id="f"))

    reach = max(known, default=0) / 100 + 0.05
    assert read_off == pytest.approx(known, abs=reach)


@given(st.lists(st.integers(1, 5000), min_size=1, max_size=12))
def test_bars_are_as_long_as_their_values(values: list[int]) -> None:
    up = reference.bar_lengths(charts.svg(monthly(values), figure_id="f"), "height")
    across = reference.bar_lengths(charts.svg(by_category(values), figure_id="f"), "width")

    for lengths, shown in ((up, values), (across, sorted(values, reverse=True))):
        longest = max(shown)
        assert lengths == pytest.approx(
            [max(lengths) * value / longest for value in shown], abs=0.25
        )


@given(st.lists(counts, min_size=13, max_size=40))
def test_a_line_is_broken_at_every_gap(values: list[float | None]) -> None:
    svg = charts.svg(monthly(values), figure_id="f")

    runs = [known for known, _ in itertools.groupby(values, lambda n: n is not None) if known]
    path = re.search(r'<path class="line s1" d="([^"]*)"', svg)
    assert (path[1].count("M") if path else 0) == len(runs)
    if runs:
        assert svg.count('class="gap"') == values.count(None)


@given(any_figure)
def test_everything_stays_inside_the_drawing(figure: figures.Figure) -> None:
    root = ET.fromstring(charts.svg(figure, figure_id="f"))
    _, _, width, height = map(float, root.get("viewBox").split())

    assert width == axes.WIDTH
    for element in root.iter():
        if element.tag == f"{reference.SVG}rect" and element.get("x"):
            x, y = float(element.get("x")), float(element.get("y"))
            assert x >= -0.1
            assert x + float(element.get("width")) <= width + 0.1
            assert y >= -0.1
            assert y + float(element.get("height")) <= height + 0.1
        if element.tag == f"{reference.SVG}text":
            assert 0 <= float(element.get("x")) <= width
            assert 0 <= float(element.get("y")) <= height


def test_hostile_words_stay_words() -> None:
    evil = subject(title=HOSTILE, unit=HOSTILE, counted=lambda n: HOSTILE)
    drawings = [
        figures.counts_by_category([(HOSTILE, 3)], subject=evil, heading=HOSTILE),
        figures.series_by_area(
            [(HOSTILE, date(2024, 1, 1), 3), ("B", date(2024, 1, 1), 1)], subject=evil
        ),
        figures.monthly_counts([(date(2024, 1, 1), 3)], subject=evil),
        figures.hour_by_weekday([(0, 0, 3)], subject=evil),
    ]

    for figure in drawings:
        svg = charts.svg(figure, figure_id='f"><script>')
        root = ET.fromstring(svg)
        assert "<script" not in svg
        assert root.find(f"{reference.SVG}title").text == HOSTILE
        assert root.get("aria-labelledby") == 'f"><script>-title'


def test_more_lines_than_a_reader_can_tell_apart_are_refused() -> None:
    with pytest.raises(charts.TooManyLinesError, match="7 lines"):
        charts.svg(by_area([[1, 2, 3]] * 7), figure_id="f")


def test_noise_is_drawn_around_each_count() -> None:
    figure = monthly([12, 40, None], noise_scale=2.0)

    svg = charts.svg(figure, figure_id="f")

    whiskers = re.search(r'class="whisker" d="([^"]+)"', svg)[1]
    spans = [float(a) - float(b) for a, b in re.findall(r"M\S+ (\S+?)V([\d.]+)", whiskers)]
    heights = reference.bar_lengths(svg, "height")
    assert spans == pytest.approx([2 * 6.0 * heights[1] / 40] * 2, abs=0.3)


def test_a_drawing_without_data_says_so() -> None:
    svg = charts.svg(monthly([None, None]), figure_id="f")

    assert ">no data</text>" in svg
    assert reference.marks(svg) == {}


@given(
    st.one_of(st.just(0.0), st.floats(-500, -0.01)),
    st.one_of(st.just(0.0), st.floats(0.01, 10**6)),
    st.booleans(),
)
def test_axis_ticks_are_few_round_and_reach_around(low: float, high: float, whole: bool) -> None:
    ticks = axes.axis_ticks(low, high, whole=whole)

    steps = {round(b - a, 6) for a, b in itertools.pairwise(ticks)}
    assert 2 <= len(ticks) <= axes.MAX_STEPS + 1
    assert ticks[0] <= low
    assert ticks[-1] >= high * (1 - 1e-8)
    assert 0 in ticks
    assert len(steps) == 1
    if whole:
        assert all(tick == int(tick) for tick in ticks)


def test_the_page_prints_the_table_as_the_drawing_prints_it() -> None:
    figure = components.figure(monthly([1234, None, 0]), figure_id="f")

    assert [row[1] for row in figure["rows"]] == ["1,234", None, "0"]
    assert "January 2023: 1,234" in figure["svg"]
    assert figure["title"] == "Incidents"


def test_a_list_names_each_cell_by_its_column() -> None:
    columns = [components.Column("Area"), components.Column("Incidents", is_number=True)]
    rows = [(components.Link("Harbor", "/areas/harbor/"), 1204), ("Elsewhere", None)]

    table = components.table("By area", columns, rows, absent="no data")

    assert table["rows"][0] == [
        {"column": "Area", "is_number": False, "text": "Harbor", "href": "/areas/harbor/"},
        {"column": "Incidents", "is_number": True, "text": "1,204"},
    ]
    assert table["rows"][1][1] == {"column": "Incidents", "is_number": True, "absent": "no data"}
