"""Two numbers of the ledger that are taken off each other leave enough alerts, or none. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.publication.ledger_figures import Ledger
from portal.publication.measures import Answered, Figure
from tests.reference.subtraction import few_left

JANUARY = 12 * 56  # of 2026
DISTRICTS = ["north", "south", "west"]
HOURS, UNCONFIRMED = "officer_hours", "officer_hours_unconfirmed"
Figures = dict[tuple[str, str, str], Figure]


@dataclass(frozen=True)
class Alert:
    """month 0 is January; district -1: only the city is known; n_reviewers 0: nobody looked."""

    district: int
    outcome: str = "unconfirmed"
    month: int = 0
    hours: float = float("nan")
    n_reviewers: int = 0


def told(
    alerts: list[Alert], *, least: int = 10, n_months: int = 1, known: Iterable[Figure] = ()
) -> Figures:
    n = len(alerts)
    no, unknown = np.zeros(n, bool), np.full(n, np.nan)
    columns = Answered(
        month=np.array([JANUARY + alert.month for alert in alerts], int),
        district=np.array([alert.district for alert in alerts], int),
        outcome=np.array([alert.outcome for alert in alerts], object),
        n_reviewers=np.array([alert.n_reviewers for alert in alerts], int),
        is_override=no,
        is_disputed=no,
        n_calls=np.zeros(n, int),
        dispatch_min=np.array([alert.hours for alert in alerts], float),
        response_min=unknown,
        officer_hours=np.array([alert.hours for alert in alerts], float),
        error_m=unknown,
        latency_s=unknown,
    )
    months = [JANUARY + month for month in range(n_months)]
    ledger = Ledger(columns, months, frozenset(), DISTRICTS, least, list(known))
    return {(f.period, f.district, f.measure): f for f in ledger.figures()}


def some(n: int, district: int, outcome: str = "unconfirmed", **values: object) -> list[Alert]:
    return [replace(Alert(district, outcome, hours=1.0), **values) for _ in range(n)]  # type: ignore[arg-type]


def n_of(figures: Figures, measure: str, district: str = "", period: str = "2026-01") -> int:
    number = figures[period, district, measure].number
    return number.n if number else 0


@pytest.mark.parametrize(
    ("n_unconfirmed", "n_others", "is_told"),
    [(11, 1, False), (11, 9, False), (10, 10, True), (9, 20, False), (15, 0, True)],
)
def test_hours_where_nothing_was_found_are_told_where_the_others_have_company(
    n_unconfirmed: int, n_others: int, is_told: bool
) -> None:
    found = told(some(n_unconfirmed, 0) + some(n_others, 0, "evidence"))

    for district in ("", "north"):
        assert n_of(found, HOURS, district) == n_unconfirmed + n_others
        assert n_of(found, UNCONFIRMED, district) == (n_unconfirmed if is_told else 0)
        if not is_told:
            assert found["2026-01", district, UNCONFIRMED].status == "suppressed"


def test_others_of_whom_no_hours_are_known_are_not_few_either() -> None:
    """Equal numbers of both would say of that one alert that nobody wrote down its hours."""
    found = told(some(11, 0) + some(1, 0, "evidence", hours=float("nan")))

    assert n_of(found, HOURS) == 11
    assert n_of(found, UNCONFIRMED) == 0


def test_districts_whose_others_are_few_are_told_together() -> None:
    """Of each district seven are left and nobody can take the two apart."""
    found = told(
        [alert for where in (0, 1) for alert in some(9, where) + some(7, where, "evidence")]
    )

    assert [n_of(found, UNCONFIRMED, slug) for slug in ("", "north", "south")] == [18, 0, 0]
    assert [n_of(found, HOURS, slug) for slug in ("", "north", "south")] == [32, 16, 16]
    fewer = told(
        [alert for where in (0, 1) for alert in some(9, where) + some(4, where, "evidence")]
    )
    assert n_of(fewer, UNCONFIRMED) == 0


def test_what_months_lack_their_year_tells() -> None:
    alerts = [
        alert
        for month in range(12)
        for alert in some(9, 0, month=month) + some(3, 0, "evidence", month=month)
    ]

    found = told(alerts, n_months=12)

    assert n_of(found, HOURS) == 12
    assert n_of(found, UNCONFIRMED) == 0
    assert n_of(found, UNCONFIRMED, period="2026") == 108


def test_a_month_in_which_hours_came_in_late_is_told_no_part() -> None:
    """What was told of all of them is without that entry: the part would be with it."""
    alerts = some(9, 0) + some(12, 0, "evidence")
    before = told(alerts)
    assert n_of(before, UNCONFIRMED) == 0

    after = told([*alerts, *some(1, 0)], known=before.values())

    assert n_of(after, HOURS) == 21
    assert n_of(after, UNCONFIRMED) == 0


def test_how_many_were_reviewed_is_told_of_no_few_alerts() -> None:
    """Of the west nobody is told how many of five were reviewed; overridden counts are shares of those."""
    found = told(
        [
            *some(20, 0, n_reviewers=1),
            *some(9, 1, n_reviewers=1),
            *some(3, 1),
            *some(4, 2, n_reviewers=1),
            *some(1, 2),
        ]
    )

    reviewed = found["2026-01", "", "reviewed"].number
    assert reviewed is not None
    assert (reviewed.count, reviewed.n) == (29, 32)
    assert n_of(found, "overridden") == 20  # 33 would have told that four of the west were


def test_how_many_minutes_are_known_is_told_of_no_few_alerts() -> None:
    found = told(some(20, 0) + some(1, 1))

    assert n_of(found, "dispatch", "north") == 20
    assert n_of(found, "dispatch") == 20  # 21 would have told that officers went to that one


CAME = st.lists(
    st.tuples(
        st.integers(0, 2), st.integers(-1, 2), st.sampled_from(["unconfirmed", "evidence"]),
        st.booleans(), st.integers(1, 4),
    ),
    min_size=1, max_size=10,
)  # fmt: skip
LEAST = 3


@settings(deadline=None, max_examples=80)
@given(copies=st.lists(CAME, min_size=1, max_size=3), changed=st.lists(st.integers(0, 40), max_size=4))  # fmt: skip
def test_no_sums_of_any_copies_leave_a_few(
    copies: list[list[tuple[int, int, str, bool, int]]], changed: list[int]
) -> None:
    """The hours of alert k are two to the power of k, so that each sum tells whose hours are in it."""
    alerts: list[Alert] = []
    known: Figures = {}
    sums: set[frozenset[int]] = set()
    for copy, came in enumerate(copies):
        for month, district, outcome, has_hours, n in came:
            for _ in range(n if len(alerts) < 48 else 0):
                hours = float(2 ** len(alerts)) if has_hours else float("nan")
                alerts.append(Alert(district, outcome, 9 + month, hours))
        for n, which in enumerate(changed if copy else []):
            alerts[which % len(alerts)] = altered(alerts, which % len(alerts), n)
        known = told(alerts, least=LEAST, n_months=12, known=known.values())
        for (_, _, measure), figure in known.items():
            if measure in (HOURS, UNCONFIRMED) and figure.number:
                sums.add(whose(figure.number.value))

    assert few_left(sums, least=LEAST) is None


def altered(alerts: list[Alert], which: int, n: int) -> Alert:
    """Found to be something else, or hours that were not known, or are no more."""
    alert = alerts[which]
    if n % 2:
        return replace(alert, outcome={"evidence": "unconfirmed"}.get(alert.outcome, "evidence"))
    return replace(alert, hours=float("nan") if alert.hours == alert.hours else float(2**which))


def whose(hours: float) -> frozenset[int]:
    return frozenset(k for k in range(53) if int(hours) >> k & 1)


def test_trying_finds_what_is_left() -> None:
    assert few_left([range(12), range(11)], least=2)
    assert few_left([range(12), range(2, 12)], least=3)
    assert not few_left([range(12), range(2, 12)], least=2)
    # The first two and the others of both districts leave the last one of all.
    assert few_left([range(5), range(5, 10), range(11)], least=2)
    assert not few_left([range(5), range(5, 10), range(10)], least=5)
    assert few_left([range(5), range(5, 10), range(10)], least=6)
