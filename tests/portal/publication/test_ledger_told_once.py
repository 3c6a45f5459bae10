"""What the rows do not give away is told once of a month: two copies of the ledger tell nothing of one alert. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.publication.ledger_figures import Ledger
from portal.publication.measures import AMOUNTS, KEPT_SHARES, Answered, Figure
from portal.publication.numbers import Number

JANUARY = 12 * 56  # of 2026
LEAST = 10
SUMS = (*KEPT_SHARES, *(name for name, amount in AMOUNTS.items() if amount.is_total))
Hours = dict[tuple[int, int], list[float]]  # of the alerts of a month and district; NaN: not known


def told(
    hours: Hours, n_months: int = 2, known: Iterable[Figure] = ()
) -> dict[tuple[str, ...], Figure]:
    """The ledger of two districts. Whose hours are known was reviewed, too."""
    cells = [(month, district, h) for (month, district), given in hours.items() for h in given]
    n, value = len(cells), np.array([h for _, _, h in cells], float)
    unknown, no = np.full(n, np.nan), np.zeros(n, bool)
    alerts = Answered(
        month=np.array([JANUARY + month for month, _, _ in cells], int),
        district=np.array([district for _, district, _ in cells], int),
        outcome=np.array(["unconfirmed"] * n, object),
        n_reviewers=(~np.isnan(value)).astype(int),
        is_override=no,
        is_disputed=no,
        n_calls=np.zeros(n, int),
        dispatch_min=value,
        response_min=unknown,
        officer_hours=value,
        error_m=unknown,
        latency_s=unknown,
    )
    months = [JANUARY + month for month in range(n_months)]
    ledger = Ledger(alerts, months, frozenset(), ["north", "south"], LEAST, list(known))
    return {(f.period, f.district, f.measure): f for f in ledger.figures()}


def number(figures: dict[tuple[str, ...], Figure], *key: str) -> Number | None:
    return figures[key].number


UNKNOWN = float("nan")


@pytest.mark.parametrize("measure", ["officer_hours", "reviewed", "overridden", "dispatch"])
@pytest.mark.parametrize("district", ["north", ""])
def test_a_late_entry_of_dispatch_changes_no_number_of_its_month(
    measure: str, district: str
) -> None:
    before = told({(0, 0): [1.0] * 10 + [UNKNOWN]})

    after = told({(0, 0): [1.0] * 10 + [7.0], (1, 0): [2.0] * 20}, known=before.values())

    assert before["2026-01", district, measure].status == "told"
    assert after["2026-01", district, measure] == before["2026-01", district, measure]
    assert after["2026-02", district, measure].status == "told"
    without = told({(0, 0): [1.0] * 10 + [7.0], (1, 0): [2.0] * 20})
    if measure == "officer_hours":  # it would have told the hours of that alert
        assert number(without, "2026-01", district, measure).value == 17  # type: ignore[union-attr]


def test_twelve_months_and_years_are_sums_of_what_was_told() -> None:
    known = told({(0, 0): [1.0] * 10 + [UNKNOWN]})
    late = {(0, 0): [1.0] * 10 + [7.0], **{(month, 0): [2.0] * 10 for month in range(1, 12)}}

    found = told(late, 12, known.values())

    for period in ("2026-01/2026-12", "2026"):
        whole = number(found, period, "", "officer_hours")
        assert whole is not None
        assert (whole.n, whole.value) == (120, 230)
        assert whole.low is not None
        assert whole.high is not None
        assert 180 < whole.low < 230 < whole.high < 290
    share = number(found, "2026", "", "reviewed")
    assert share is not None
    assert (share.count, share.n) == (120, 121)


def test_a_month_that_was_withheld_is_told_when_there_is_company() -> None:
    before = told({(0, 0): [1.0] * 9 + [UNKNOWN] * 3})
    assert before["2026-01", "", "officer_hours"].status == "suppressed"

    after = told({(0, 0): [1.0] * 12}, known=before.values())

    assert number(after, "2026-01", "north", "officer_hours").n == 12  # type: ignore[union-attr]


def test_but_not_when_its_year_holds_it() -> None:
    of_year: Hours = {(month, 0): [1.0] * 5 for month in range(12)}
    before = told(of_year, 12)
    assert number(before, "2026", "", "officer_hours").n == 60  # type: ignore[union-attr]

    after = told({**of_year, (3, 0): [1.0] * 5 + [2.0] * 6}, 12, before.values())

    assert after["2026-04", "", "officer_hours"].status == "suppressed"
    assert after["2026", "", "officer_hours"] == before["2026", "", "officer_hours"]


def test_whether_one_alert_of_a_quiet_month_was_reviewed_is_not_told() -> None:
    """Everybody sees that there was one alert: "not supplied" beside it would say that nobody looked."""
    enough: Hours = {(1, 0): [1.0] * 20}

    some, none = (told({(0, 0): [hours], **enough}) for hours in (1.0, UNKNOWN))

    for measure in ("overridden", "officer_hours", "dispatch"):
        for district in ("", "north"):
            key = "2026-01", district, measure
            assert some[key] == none[key]
            assert some[key].status == "suppressed"
    silent = told({(0, 0): [UNKNOWN] * 10, **enough})
    assert silent["2026-01", "", "officer_hours"].status == "not_supplied"


LATE = st.lists(
    st.tuples(st.integers(0, 13), st.integers(-1, 1), st.integers(1, 12)), min_size=1, max_size=12
)


@settings(deadline=None, max_examples=60)
@given(first=LATE, second=LATE, third=LATE)
def test_whatever_comes_late_no_two_copies_differ_by_a_few(
    first: list[tuple[int, int, int]],
    second: list[tuple[int, int, int]],
    third: list[tuple[int, int, int]],
) -> None:
    """Three ledgers, each with entries that came since: what is told stays, and what is new has company."""
    hours: Hours = {}
    known: dict[tuple[str, ...], Figure] = {}
    for n_months, came in zip((11, 12, 14), (first, second, third), strict=True):
        for month, district, n in came:
            hours.setdefault((month, district), []).extend([1.0] * n)
        now = told(
            {key: v for key, v in hours.items() if key[0] < n_months}, n_months, known.values()
        )
        for key, figure in known.items():
            is_final = key[2] in SUMS and figure.number and "/" not in key[0]
            assert not is_final or now[key] == figure
        for measure in SUMS:
            assert all(left == 0 or left >= LEAST for left in _left_by_subtraction(now, measure))
        known = now


def _left_by_subtraction(found: dict[tuple[str, ...], Figure], measure: str) -> Sequence[int]:
    """What stays of the city without its districts, of a year without its months, of twelve months without theirs."""
    n = {key[:2]: f.number.n for key, f in found.items() if key[2] == measure and f.number}
    left = []
    for (period, district), whole in n.items():
        if len(period) == 7:
            parts = [k for (p, d), k in n.items() if p == period and d and not district]
        elif len(period) == 4:
            parts = [
                k for (p, d), k in n.items() if p[:5] == f"{period}-" and len(p) == 7 and not d
            ]
        else:
            first, last = period.split("/")
            parts = [
                k for (p, d), k in n.items() if len(p) == 7 and first <= p <= last and d == district
            ]
        left.append(whole - sum(parts))
    return left


def test_the_attacker_would_see_a_sum_that_was_counted_anew() -> None:
    honest = told({(month, 0): [1.0] * 10 for month in range(12)}, 12)
    year = honest["2026", "", "officer_hours"]
    assert year.number is not None
    leaky = {
        **honest,
        ("2026", "", "officer_hours"): replace(year, number=replace(year.number, n=121)),
    }

    assert 1 in _left_by_subtraction(leaky, "officer_hours")
