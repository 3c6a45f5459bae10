"""Specifications: the table is the data, the sentences are true of the table."""

from __future__ import annotations

import gettext
import json
import math
import re
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal import figures, findings
from portal.findings import Subject, number
from tests.reference import figures as reference

counts = st.one_of(st.none(), st.integers(0, 3000))


def counted(count: float) -> str:
    return f"{number(count)} incident" + ("" if count == 1 else "s")


def subject(**changes: object) -> Subject:
    return Subject(**{"title": "Incidents", "unit": "incidents", "counted": counted, **changes})


def months_from(first: date, values: list[float | None]) -> list[tuple[date, float | None]]:
    start = first.year * 12 + first.month - 1
    return [(date((start + i) // 12, (start + i) % 12 + 1, 1), n) for i, n in enumerate(values)]


@st.composite
def monthly_rows(draw: st.DrawFn) -> list[tuple[date, float | None]]:
    values = draw(st.lists(counts, min_size=1, max_size=40))
    rows = months_from(date(2023, draw(st.integers(1, 12)), 1), values)
    return draw(st.permutations(rows))


def test_a_year_against_the_year_before_by_hand() -> None:
    rows = months_from(date(2024, 1, 1), [100] * 12 + [120] * 11 + [130])

    finding = figures.monthly_counts(rows, subject=subject())["meta"]["finding"]

    assert finding == (
        "January 2025 to December 2025: 1,450 incidents, 21% more than a year before (1,200)."
        " The highest was 130 incidents, in December 2025."
        " In all: 2,650 incidents, January 2024 to December 2025."
    )


def test_a_difference_that_chance_can_make_is_not_called_a_change() -> None:
    rows = months_from(date(2024, 1, 1), [10] * 12 + [11] * 12)

    finding = figures.monthly_counts(rows, subject=subject())["meta"]["finding"]

    assert "132 incidents, no clear change from a year before (120)" in finding


def test_no_percentage_is_given_on_a_small_base() -> None:
    rows = months_from(date(2024, 1, 1), [1] * 12 + [4] * 12)

    finding = figures.monthly_counts(rows, subject=subject())["meta"]["finding"]

    assert "48 incidents, more than a year before (12)." in finding
    assert "%" not in finding


def test_one_is_singular_and_nothing_is_zero() -> None:
    one = figures.monthly_counts([(date(2025, 5, 9), 1)], subject=subject())["meta"]["finding"]
    none = figures.monthly_counts([(date(2025, 5, 9), 0)], subject=subject())["meta"]["finding"]

    assert one == "In all: 1 incident, May 2025."
    assert none == "In all: 0 incidents, May 2025."


def test_missing_is_said_to_be_missing_and_not_zero() -> None:
    known = [(date(2025, 1, 1), 5), (date(2025, 4, 1), 5)]

    figure = figures.monthly_counts(known, subject=subject())

    assert figure["data"][0]["y"] == [5, None, None, 5]
    assert (
        "2 values are missing; they are shown as gaps and are not zeros."
        in figure["meta"]["finding"]
    )


def test_nothing_known_is_said_plainly() -> None:
    rows = [(date(2025, 1, 1), None), (date(2025, 2, 1), math.nan)]

    assert figures.monthly_counts(rows, subject=subject())["meta"]["finding"] == (
        "No data for January 2025 to February 2025. That is not the same as zero."
    )
    assert figures.monthly_counts([], subject=subject())["meta"]["finding"] == (
        "No data. That is not the same as zero."
    )


@given(monthly_rows())
def test_the_table_is_the_calendar_with_gaps(rows: list[tuple[date, float | None]]) -> None:
    figure = figures.monthly_counts(rows, subject=subject())

    assert [tuple(row) for row in figure["meta"]["rows"]] == reference.month_table(rows)
    assert figure["data"][0]["y"] == [row[1] for row in figure["meta"]["rows"]]
    json.dumps(figure, allow_nan=False)


@given(monthly_rows())
def test_every_sentence_over_time_is_true(rows: list[tuple[date, float | None]]) -> None:
    finding = figures.monthly_counts(rows, subject=subject())["meta"]["finding"]
    table = reference.month_table(rows)
    known = [(label, n) for label, n in table if n is not None]

    total = re.search(r"In all: ([\d,]+) incidents?, ", finding)
    assert (total is not None) == bool(known)
    if known:
        assert reference.to_number(total[1]) == sum(n for _, n in known)
    if peak := re.search(
        r"highest was ([\d,]+) incidents?, in (\w+ \d+)(?: and (\d+) other)?", finding
    ):
        tops = [label for label, n in known if n == max(n for _, n in known)]
        assert reference.to_number(peak[1]) == max(n for _, n in known)
        assert peak[2] == tops[0]
        assert int(peak[3] or 0) == len(tops) - 1
    gaps = re.search(r"(\d+) values? (?:is|are) missing", finding)
    assert int(gaps[1] if gaps else 0) == (len(table) - len(known) if known else 0)


@given(monthly_rows())
def test_every_change_claimed_is_the_change(rows: list[tuple[date, float | None]]) -> None:
    finding = figures.monthly_counts(rows, subject=subject())["meta"]["finding"]
    table = reference.month_table(rows)

    expected = reference.year_on_year([n for _, n in table])

    assert ("a year before" in finding) == (expected is not None)
    if expected is None:
        return
    length, now, before = expected
    said = re.match(r"(.+?): ([\d,]+) incidents?, (.+?) a year before", finding)
    first, last = table[-length][0], table[-1][0]
    assert said[1] == (first if length == 1 else f"{first} to {last}")
    assert reference.to_number(said[2]) == now
    if "as many as" in said[3]:
        assert now == before
        return
    assert f"a year before ({before:,})" in finding
    if "more than" in said[3]:
        assert now > before
    if "fewer than" in said[3]:
        assert now < before
    if pct := re.match(r"([\d,.]+)%", said[3]):
        assert before >= 50
        assert reference.to_number(pct[1]) == pytest.approx(
            100 * abs(now - before) / before, abs=0.51
        )


@given(st.integers(0, 400), st.integers(0, 400))
def test_a_clear_change_is_what_an_exact_test_calls_one(now: int, before: int) -> None:
    p_value = reference.two_poisson_p_value(now, before) if now + before else 1.0

    if p_value < 0.04:
        assert findings.is_clear_change(now, before)
    if p_value > 0.06:
        assert not findings.is_clear_change(now, before)


def test_noise_widens_what_counts_as_chance() -> None:
    assert findings.is_clear_change(60, 30)
    assert not findings.is_clear_change(60, 30, noise_scale=8.0)


def test_noise_is_announced_with_its_true_width() -> None:
    noisy = subject(noise_scale=2.0)
    draws = np.random.default_rng(3).laplace(scale=2.0, size=200_000)

    figure = figures.quarterly_counts([(date(2025, 1, 1), 12)], subject=noisy)

    assert np.mean(np.abs(draws) <= noisy.margin) == pytest.approx(0.95, abs=0.003)
    assert "19 times in 20 no more than 6 either way" in figure["meta"]["finding"]
    assert figure["data"][0]["error_y"]["value"] == 6.0
    assert figure["meta"]["rows"] == [["Quarter 1 of 2025", 12]]


def test_only_counts_with_noise_may_be_negative() -> None:
    with pytest.raises(ValueError, match="only counts with noise"):
        figures.monthly_counts([(date(2025, 1, 1), -1)], subject=subject())

    figure = figures.quarterly_counts([(date(2025, 1, 1), -1)], subject=subject(noise_scale=1.0))
    assert figure["data"][0]["y"] == [-1]


def test_a_month_given_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="2025-01 appears twice"):
        figures.monthly_counts([(date(2025, 1, 1), 1), (date(2025, 1, 31), 1)], subject=subject())


@given(st.lists(counts, min_size=1, max_size=12))
def test_categories_are_sorted_shared_and_summed(values: list[float | None]) -> None:
    rows = [(f"Category {i:02}", n) for i, n in enumerate(values)]

    figure = figures.counts_by_category(rows, subject=subject(), heading="Category")

    table, known = figure["meta"]["rows"], [n for n in values if n is not None]
    assert sorted((row[0], -1 if row[1] is None else row[1]) for row in table) == [
        (label, -1 if n is None else n) for label, n in rows
    ]
    drawn = [n for n in figure["data"][0]["x"] if n is not None]
    assert drawn == sorted(known, reverse=True)
    if len(known) == len(values) and sum(known):
        assert [row[2] for row in table] == [round(100 * row[1] / sum(known), 1) for row in table]
    else:
        assert all(len(row) == 2 for row in table)


def test_the_largest_category_is_named_with_its_share() -> None:
    rows = [("Noise", 25), ("Theft", 75)]

    figure = figures.counts_by_category(rows, subject=subject(), heading="Category")

    assert figure["meta"]["finding"] == (
        "The largest is Theft: 75 incidents, 75% of all. In all: 100 incidents."
    )


def test_a_grid_keeps_cells_without_rows_as_gaps() -> None:
    figure = figures.hour_by_weekday([(4, 18, 9), (0, 0, 0)], subject=subject())

    assert figure["data"][0]["z"][4] == [None, None, None, 9]
    assert figure["data"][0]["z"][0] == [0, None, None, None]
    assert figure["meta"]["rows"][4] == ["Friday", None, None, None, 9]
    assert "The highest was 9 incidents: Friday 18:00–24:00." in figure["meta"]["finding"]
    assert "26 values are missing" in figure["meta"]["finding"]


def test_a_cell_given_twice_or_outside_the_grid_is_refused() -> None:
    for rows in ([(0, 6, 1), (0, 6, 1)], [(7, 0, 1)], [(0, 5, 1)]):
        with pytest.raises(ValueError, match="not a free cell"):
            figures.hour_by_weekday(rows, subject=subject())


@given(st.dictionaries(st.tuples(st.sampled_from("ABC"), st.integers(0, 20)), counts, min_size=1))
def test_areas_share_one_calendar(cells: dict[tuple[str, int], float | None]) -> None:
    rows = [(a, months_from(date(2024, 1, 1), [None] * 21)[m][0], n) for (a, m), n in cells.items()]

    figure = figures.series_by_area(rows, subject=subject())

    spans = {len(trace["y"]) for trace in figure["data"]}
    assert spans == {len(figure["meta"]["rows"])}
    assert [trace["name"] for trace in figure["data"]] == sorted({a for a, _ in cells})
    total = sum(n for n in cells.values() if n is not None)
    in_table = [n for row in figure["meta"]["rows"] for n in row[1:] if n is not None]
    assert sum(in_table) == total
    assert len(in_table) == sum(n is not None for n in cells.values())


def test_all_words_pass_through_the_translator() -> None:
    class Loud(gettext.NullTranslations):
        def gettext(self, message: str) -> str:
            return re.sub(r"(%\(\w+\)s)|[a-zA-Z]", lambda m: m[1] or "X", message)

        def ngettext(self, singular: str, plural: str, n: int) -> str:
            return self.gettext(singular if n == 1 else plural)

    quiet = subject(words=Loud(), counted=number, unit="", noise_scale=1.0)
    rows = months_from(date(2024, 1, 1), [3, 5, None] + [4] * 20)
    drawn = [
        figures.monthly_counts(rows, subject=quiet),
        figures.quarterly_counts([(date(2024, 1, 1), 3), (date(2025, 1, 1), 9)], subject=quiet),
        figures.hour_by_weekday([(0, 0, 1), (1, 0, 2)], subject=quiet),
    ]

    for figure in drawn:
        said = [figure["meta"]["finding"], *figure["meta"]["columns"]]
        said += [row[0] for row in figure["meta"]["rows"]]
        assert not re.search(r"[a-zA-WYZ]", " ".join(said))


values = st.one_of(
    st.integers(0, 10**7), st.floats(0, 10**6, allow_nan=False, allow_subnormal=False)
)


@given(st.lists(st.one_of(st.none(), values), max_size=60))
def test_class_breaks_rise_in_equal_steps_from_zero_and_hold_every_value(
    given_values: list[float | None],
) -> None:
    known = [value for value in given_values if value is not None and value > 1e-6]

    breaks = figures.class_breaks(
        [v if v is None or v > 1e-6 else 0 for v in given_values], max_classes=5
    )

    assert len(breaks) <= 5
    assert bool(breaks) == bool(known)
    for k, upper in enumerate(breaks):
        assert upper == pytest.approx((k + 1) * breaks[0])
    for value in known:
        assert figures.class_of(value, breaks) == reference.class_by_counting(value, breaks)
    if known and all(value == int(value) for value in known):
        assert all(upper == int(upper) for upper in breaks)


def test_class_breaks_by_hand() -> None:
    assert figures.class_breaks([1, 2, 3]) == [1, 2, 3, 4]
    assert figures.class_breaks([100, 3, None]) == [25, 50, 75, 100, 125]
    assert figures.class_breaks([0.1, 0.3]) == [0.1, 0.2, 0.3, 0.4]
    assert figures.class_breaks([0, 0]) == []
    assert figures.class_breaks([950, 990]) == [200, 400, 600, 800, 1000]


def test_class_breaks_refuse_negative_values() -> None:
    with pytest.raises(ValueError, match="not negative"):
        figures.class_breaks([-1, 4])


@pytest.mark.parametrize(
    ("value", "printed"),
    [(0, "0"), (1234.0, "1,234"), (2.5, "2.5"), (1 / 3, "0.33"), (-0.001, "0"), (-1200, "-1,200")],
)
def test_numbers_are_printed_one_way(value: float, printed: str) -> None:
    assert number(value) == printed
