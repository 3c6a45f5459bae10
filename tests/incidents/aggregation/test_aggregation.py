"""Counts, rates and comparisons against sums of probabilities and plain loops."""

from __future__ import annotations

import datetime as dt
import math
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.aggregation import (
    compare_year_to_date,
    count_by_area_and_period,
    day_edges_us,
    poisson_interval,
    rate,
    rate_ratio,
    wilson_interval,
    year_to_date_days,
)
from tests.reference import aggregation as reference


@settings(deadline=None, max_examples=60)
@given(
    rows=st.lists(st.tuples(st.integers(0, 6), st.integers(-5, 50)), max_size=40),
    areas=st.lists(st.integers(0, 9), unique=True, max_size=6),
    edges=st.lists(st.integers(0, 45), unique=True, min_size=2, max_size=6).map(sorted),
)
def test_counts_are_what_a_loop_counts(
    rows: list[tuple[int, int]], areas: list[int], edges: list[int]
) -> None:
    area, instant = [a for a, _ in rows], [t for _, t in rows]

    counted = count_by_area_and_period(area, instant, areas=areas, edges_us=edges)

    assert counted.tolist() == reference.count(rows, areas, edges)
    assert counted.shape == (len(areas), len(edges) - 1)


def test_counting_refuses_what_it_cannot_count() -> None:
    with pytest.raises(ValueError, match="wanted as many"):
        count_by_area_and_period([1, 2], [1], areas=[1], edges_us=[0, 9])
    with pytest.raises(ValueError, match="ascend"):
        count_by_area_and_period([1], [1], areas=[1], edges_us=[9, 0])
    with pytest.raises(ValueError, match="each once"):
        count_by_area_and_period([1], [1], areas=[1, 1], edges_us=[0, 9])


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
@pytest.mark.parametrize("k", [0, 1, 2, 5, 30, 200])
def test_the_interval_of_a_count_is_where_it_stops_being_surprising(
    k: int, confidence: float
) -> None:
    found = poisson_interval(k, confidence=confidence)

    low, high = reference.poisson_interval(k, confidence)
    assert float(found.low) == pytest.approx(low, rel=1e-9, abs=1e-9)
    assert float(found.high) == pytest.approx(high, rel=1e-9)


def test_five_events_by_hand() -> None:
    """Garwood's table: 5 events, 95 %: 1.6235 to 11.6683."""
    found = poisson_interval([5])

    assert found.low[0] == pytest.approx(1.6235, abs=1e-4)
    assert found.high[0] == pytest.approx(11.6683, abs=1e-4)


def test_a_rate_is_a_count_in_other_units() -> None:
    found = rate([5, 0, 3], [10_000, 20_000, 0], per=1000)

    assert found.estimate[:2] == pytest.approx([0.5, 0.0])
    assert found.low[0] == pytest.approx(0.16235, abs=1e-5)
    assert found.high[1] == pytest.approx(3.6889 / 20, abs=1e-4)
    assert np.isnan([found.estimate[2], found.low[2], found.high[2]]).all()


@pytest.mark.parametrize(("x", "n"), [(0, 10), (1, 10), (5, 10), (10, 10), (7, 250), (0, 1)])
def test_the_interval_of_a_share_is_where_the_score_is_as_far(x: int, n: int) -> None:
    found = wilson_interval(x, n)

    low, high = reference.wilson_interval(x, n, z=1.959963984540054)
    assert float(found.low) == pytest.approx(low, abs=1e-9)
    assert float(found.high) == pytest.approx(high, abs=1e-9)


def test_no_trial_gives_no_share() -> None:
    assert np.isnan(wilson_interval([0], [0]).estimate[0])


@pytest.mark.parametrize(("x", "y"), [(0, 5), (5, 0), (1, 1), (12, 30), (40, 35), (3, 60)])
def test_the_interval_of_a_ratio_is_where_the_split_stops_being_surprising(x: int, y: int) -> None:
    found = rate_ratio(x, 60, y, 59)

    low, high = reference.ratio_interval(x, 60, y, 59, 0.95)
    assert float(found.low) == pytest.approx(low, rel=1e-8, abs=1e-12)
    assert float(found.high) == pytest.approx(high, rel=1e-8)


def test_nothing_against_nothing_says_nothing() -> None:
    found = rate_ratio(0, 1, 0, 1)

    assert np.isnan([found.estimate, found.low, found.high]).all()


@pytest.mark.parametrize(
    "refused",
    [
        lambda: poisson_interval([-1]),
        lambda: poisson_interval([1.5]),
        lambda: poisson_interval([1], confidence=95),
        lambda: wilson_interval([3], [2]),
        lambda: rate([1], [-1], per=1),
        lambda: rate_ratio(1, 0, 1, 1),
    ],
)
def test_what_cannot_be_is_refused(refused) -> None:
    with pytest.raises(ValueError, match="wanted"):
        refused()


def test_the_same_days_of_last_year() -> None:
    day = dt.date

    assert year_to_date_days(day(2026, 3, 1)) == (
        day(2026, 1, 1),
        day(2026, 3, 1),
        day(2025, 1, 1),
        day(2025, 3, 1),
    )
    assert year_to_date_days(day(2024, 2, 29)) == (
        day(2024, 1, 1),
        day(2024, 2, 29),
        day(2023, 1, 1),
        day(2023, 3, 1),
    )


def test_a_day_begins_at_its_local_midnight() -> None:
    edges = day_edges_us([dt.date(2026, 7, 1), dt.date(2026, 1, 1)], zone="America/Chicago")

    assert edges.tolist() == [1782882000000000, 1767247200000000]


@settings(deadline=None, max_examples=40)
@given(
    days=st.lists(st.floats(0, 3 * 365.0), max_size=60),
    today=st.dates(dt.date(2024, 1, 2), dt.date(2026, 12, 31)),
)
def test_year_to_date_counts_whole_local_days(days: list[float], today: dt.date) -> None:
    zone = "America/Denver"
    start = dt.datetime(2023, 6, 1, tzinfo=ZoneInfo(zone)).timestamp()
    instants = [math.floor(start + 86_400 * day) for day in days]

    found = compare_year_to_date([i * 1_000_000 for i in instants], today=today, zone=zone)

    assert (found.now, found.before) == reference.year_to_date(instants, today, zone)


def test_a_clear_change_is_called_clear_and_a_small_one_is_not() -> None:
    zone, today = "UTC", dt.date(2026, 3, 2)
    before = [1735689600 + 3600 * n for n in range(100)]
    now = [1767225600 + 3600 * n for n in range(160)]

    up = compare_year_to_date([s * 1_000_000 for s in before + now], today=today, zone=zone)
    same = compare_year_to_date([s * 1_000_000 for s in before + now[:104]], today=today, zone=zone)

    assert (up.now, up.before, up.days_now, up.days_before) == (160, 100, 60, 60)
    assert up.change_pct == pytest.approx(60)
    assert 20 < up.low_pct < 60 < up.high_pct
    assert up.is_clear
    assert not same.is_clear


def test_on_new_years_day_nothing_is_compared() -> None:
    found = compare_year_to_date([], today=dt.date(2026, 1, 1), zone="UTC")

    assert (found.now, found.days_now) == (0, 0)
    assert math.isnan(found.change_pct)
    assert not found.is_clear
