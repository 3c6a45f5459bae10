"""Only whole months are told; an empty one is a zero or a hole, and never the wrong one of the two."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.coverage import Coverage, holes, whole_months
from portal.models import PublishedIncident, Release
from portal.queries import Slice
from tests.factories import released

MONTHS = [dt.date(2025 + k // 12, k % 12 + 1, 1) for k in range(30)]


def told(counts: dict[dt.date, int], first: dt.date, limit: dt.date) -> list[dt.date]:
    return whole_months(counts, first_day=first, limit=limit)


def test_a_month_is_told_when_it_is_whole_and_old_enough() -> None:
    counts = dict.fromkeys(MONTHS[:4], 30)

    assert told(counts, dt.date(2025, 1, 2), dt.date(2025, 12, 1)) == MONTHS[:4]
    assert told(counts, dt.date(2025, 1, 8), dt.date(2025, 12, 1)) == MONTHS[1:4]
    assert told(counts, dt.date(2025, 1, 7), dt.date(2025, 4, 1)) == MONTHS[:3]
    assert told(counts, dt.date(2025, 1, 7), dt.date(2025, 3, 31)) == MONTHS[:2]


def test_one_month_of_rows_is_told_once_it_is_old_enough() -> None:
    counts = {MONTHS[0]: 5}

    assert told(counts, dt.date(2025, 1, 1), dt.date(2025, 2, 1)) == [MONTHS[0]]
    assert told(counts, dt.date(2025, 1, 1), dt.date(2025, 1, 31)) == []
    assert told(counts, dt.date(2025, 1, 20), dt.date(2025, 9, 1)) == []


def test_no_rows_are_no_months() -> None:
    assert whole_months({}, first_day=None, limit=dt.date(2026, 1, 1)) == []


def test_months_after_the_last_row_are_not_told() -> None:
    counts = {MONTHS[0]: 3, MONTHS[4]: 1}

    assert told(counts, dt.date(2025, 1, 1), dt.date(2026, 12, 1)) == MONTHS[:5]


def test_an_empty_month_among_few_rows_is_a_zero_and_among_many_a_hole() -> None:
    few, many = ({MONTHS[0]: n, MONTHS[2]: n, MONTHS[3]: n} for n in (19, 20))

    assert holes(few, MONTHS[:4]) == []
    assert holes(many, MONTHS[:4]) == [MONTHS[1]]
    assert holes({}, []) == []


@given(
    st.dictionaries(st.sampled_from(MONTHS), st.integers(1, 60), max_size=12),
    st.integers(1, 31),
    st.sampled_from(MONTHS),
)
def test_told_months_are_whole_settled_and_without_gaps(
    counts: dict[dt.date, int], day: int, limit: dt.date
) -> None:
    first = min(counts).replace(day=min(day, 28)) if counts else None
    months = whole_months(counts, first_day=first, limit=limit)

    for month in months:
        assert min(counts) <= month <= max(counts)
        assert (month + dt.timedelta(days=32)).replace(day=1) <= limit
        assert month > min(counts) or first is None or first.day <= 7
    if months:
        assert months == MONTHS[MONTHS.index(months[0]) : MONTHS.index(months[-1]) + 1]
    assert not set(holes(counts, months)) & set(counts)


@pytest.fixture
def coverage(city_db: None) -> Coverage:
    released.released_city()
    return Coverage.of(Release.objects.get(dataset__slug="incidents"))


def test_a_zero_is_told_as_zero_and_a_hole_as_none(coverage: Coverage) -> None:
    august, september, october = (dt.date(2026, month, 1) for month in (8, 9, 10))

    assert coverage.by_month({august: 5}) == [(august, 5), (september, 0), (october, 0)]
    holed = Coverage(coverage.release, coverage.months, frozenset({september}))
    assert holed.by_month({august: 5}) == [(august, 5), (september, None), (october, 0)]


def test_the_last_year_is_what_there_is_of_it(coverage: Coverage) -> None:
    assert coverage.last_year == Slice(since=dt.date(2026, 8, 1), until=dt.date(2026, 11, 1))
    assert coverage.last_year_in_words == "August 2026 to October 2026"


def test_a_single_month_is_named_once(coverage: Coverage) -> None:
    one = Coverage(coverage.release, coverage.months[:1])

    assert one.last_year_in_words == "August 2026"


def test_thirteen_months_end_in_a_year_of_twelve(coverage: Coverage) -> None:
    long = Coverage(coverage.release, tuple(MONTHS[:13]))

    assert long.last_year == Slice(since=dt.date(2025, 2, 1), until=dt.date(2026, 2, 1))


def test_without_a_whole_month_everything_so_far_is_told(city_db: None) -> None:
    release = released.release_of("incidents")
    released.incident(dt.date(2026, 11, 10), place="")
    released.tally("incidents")
    coverage = Coverage.of(release)

    assert coverage.months == ()
    assert coverage.last_year == Slice()
    assert coverage.last_year_in_words == "all that was released so far"
    assert PublishedIncident.objects.count() == 1
