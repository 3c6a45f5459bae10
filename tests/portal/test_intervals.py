"""Figures with intervals: what they say is true of their numbers, and what they draw is in their table."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal import charts, intervals
from portal.findings import Subject
from portal.intervals import Estimate

SUBJECT = Subject(
    title="Alerts that ended with evidence", unit="% of alerts", counted=str, release=3
)
MONTHS = [dt.date(2026, month, 1) for month in range(1, 5)]


def estimate(value: float, reach: float = 5.0, n: int = 40) -> Estimate:
    return Estimate(value, max(value - reach, 0), min(value + reach, 100), n)


@given(st.lists(st.integers(0, 5_000), min_size=1, max_size=6).filter(any))
def test_the_squares_are_a_hundred_and_none_is_off_by_one(counts: list[int]) -> None:
    squares = intervals.shared_out(counts)

    assert sum(squares) == 100
    for count, square in zip(counts, squares, strict=True):
        assert abs(square - 100 * count / sum(counts)) < 1


def test_a_hundred_squares_are_drawn_in_the_order_of_their_parts() -> None:
    spec = intervals.out_of_hundred(
        [("Evidence", 3), ("Nothing", 15), ("Else", 2)],
        leading=Estimate(15.0, 5.24, 36.04, 20),
        subject=SUBJECT,
    )

    drawn = charts.svg(spec, figure_id="h")
    kinds = re.findall(r'class="square square--(\d)"', drawn)
    assert kinds[:100] == ["1"] * 15 + ["2"] * 75 + ["3"] * 10
    assert spec["meta"]["finding"] == (
        "Of 100 such alerts, 15 ended with evidence of gunfire. Chance alone could have made it 5 to 36:"
        " the number rests on 20 alerts."
    )
    assert spec["meta"]["rows"][0] == ["Evidence", 3, 15.0]


def test_months_whose_intervals_overlap_are_not_told_apart() -> None:
    alike = [estimate(20), estimate(24), None, estimate(18)]
    spec = intervals.shares_over_time(zip(MONTHS, alike, strict=True), subject=SUBJECT)

    said = spec["meta"]["finding"]
    assert said.startswith("April 2026: 18% (13% to 23%), from 40 alerts.")
    assert "chance alone can make such ups and downs" in said
    assert "1 value is missing" in said
    apart = [estimate(20), estimate(60)]
    spec = intervals.shares_over_time(zip(MONTHS, apart, strict=False), subject=SUBJECT)
    assert "more than chance would make" in spec["meta"]["finding"]


def test_a_month_that_is_not_known_is_drawn_as_such_and_never_as_zero() -> None:
    rows = zip(MONTHS, [estimate(20), None, None, estimate(0)], strict=True)
    spec = intervals.shares_over_time(rows, subject=SUBJECT)

    drawn = charts.svg(spec, figure_id="m")
    assert drawn.count('class="dot s1"') == 2
    assert drawn.count("no data</title>") == 2
    assert spec["meta"]["rows"][1] == ["February 2026", None, None, None, None]
    assert spec["meta"]["rows"][3] == ["April 2026", 0, 0, 5, 40]


def test_areas_keep_their_order_and_whiskers_reach_both_ends() -> None:
    rows = [("South", estimate(10)), ("North", None), ("<b>", estimate(70))]
    spec = intervals.shares_by_name(rows, subject=SUBJECT, heading="District")

    drawn = charts.svg(spec, figure_id="d")
    assert "At least two differ" in spec["meta"]["finding"]
    assert drawn.index("South") < drawn.index("North") < drawn.index("&lt;b&gt;")
    assert "<title>South (5\N{EN DASH}15): 10</title>" in drawn
    assert drawn.count('class="whisker"') == 2
    assert "no data" in drawn


@pytest.mark.parametrize(
    ("observed", "verdict"),
    [
        ((55, 82), "agrees with what was found"),
        ((40, 60), "surer than the findings bear out"),
        ((75, 99), "right more often than it claims"),
        ((75, 60), "too much at some steps and too little at others"),
    ],
)
def test_the_curve_is_judged_by_its_intervals(observed: tuple[int, int], verdict: str) -> None:
    rows = [
        ("50% to 55%", 53.0, estimate(observed[0])),
        ("70% to 75%", 72.0, None),
        ("80% to 85%", 83.0, estimate(observed[1])),
    ]
    spec = intervals.stated_and_observed(rows, subject=SUBJECT)

    assert verdict in spec["meta"]["finding"]
    drawn = charts.svg(spec, figure_id="c")
    assert drawn.count('class="dot s1"') == 2
    assert 'class="line s6 agree"' in drawn


def test_nothing_known_says_so_in_every_figure() -> None:
    nothing = [
        intervals.shares_over_time([(MONTHS[0], None)], subject=SUBJECT),
        intervals.shares_by_name([("South", None)], subject=SUBJECT, heading="District"),
        intervals.stated_and_observed([("50%", 50.0, None)], subject=SUBJECT),
    ]

    for spec in nothing:
        assert spec["meta"]["finding"] == "No data. That is not the same as zero."
        assert "no data" in charts.svg(spec, figure_id="n")


def test_an_end_that_is_not_known_is_drawn_to_the_border_and_told_as_dots() -> None:
    rows = [("South", Estimate(40.0, None, None, 3))]
    spec = intervals.shares_by_name(rows, subject=SUBJECT, heading="District")

    assert spec["meta"]["rows"][0] == ["South", 40.0, None, None, 3]
    assert "\N{HORIZONTAL ELLIPSIS}" in charts.svg(spec, figure_id="x")
