"""When a number stops a release, and when it is told only."""

from __future__ import annotations

import math
from itertools import accumulate

import numpy as np
import pytest

from portal.feeds.audit_dictionary import ATTACKS, SUBJECTS
from portal.publication.audit.attacks.limits import (
    ENOUGH,
    LIMITS,
    advantage,
    correlation,
    exact,
    excused,
    is_too_high,
    share,
)
from portal.publication.audit.totals import _exactness


def hits(n_hits: int, n: int) -> np.ndarray:
    return np.arange(n) < n_hits


def by_hand(n: int, p: float) -> list[float]:
    """The chance of so many hits or more, for each number of hits."""
    mass = [math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)]
    return list(accumulate(reversed(mass)))[::-1]


def test_one_case_is_one_too_many_however_many_rows_there_are() -> None:
    assert exact("leak", "csv", 1, n=10**6).stops
    assert not exact("leak", "csv", 0, n=1).stops
    assert exact("place-size", "least", 19, n=10**6).stops
    assert not exact("place-size", "least", 20, n=1).stops


def test_from_a_thousand_trials_on_the_bare_share_counts() -> None:
    n = ENOUGH

    assert share("neighbour", "person", hits(n // 10 + 1, n)).stops
    assert not share("neighbour", "person", hits(n // 10, n)).stops


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 20, 60, 200, 999])
def test_of_few_trials_too_many_hits_are_those_that_chance_hardly_brings(n: int) -> None:
    at_the_limit, as_measured = by_hand(n, 0.10), by_hand(n, 0.04)
    for n_hits in range(n + 1):
        is_luck = at_the_limit[n_hits] >= 0.01 or as_measured[n_hits] >= 1e-6
        expected = n_hits / n > 0.10 and not is_luck
        assert is_too_high(n_hits / n, trials=n, limit=0.10) is expected


def test_five_exact_dots_of_a_hundred_are_no_accident() -> None:
    assert not share("exact-point", "new", hits(4, 100)).stops
    assert share("exact-point", "new", hits(5, 100)).stops


def test_records_that_fall_together_are_one_trial() -> None:
    """Twenty records at one door say as much about the rule as one does."""
    together = np.zeros(20, np.int64)

    assert share("nearest-address", "", hits(20, 20)).stops
    assert not share("nearest-address", "", hits(20, 20), together=together).stops
    assert share("nearest-address", "", hits(20, 20), together=together).measured == 1


def test_an_advantage_is_held_against_its_error_while_guesses_are_few() -> None:
    assert advantage("box-difference", "", 1.0, error=0.0, n=8).stops
    assert not advantage("box-difference", "", 0.25, error=0.2, n=8).stops
    assert advantage("appearance", "", 0.101, error=0.2, n=ENOUGH).stops


def test_a_correlation_needs_rows_to_mean_something() -> None:
    assert not correlation("order", "rows", 0.5, n=20).stops
    assert correlation("order", "rows", 0.99, n=40).stops
    assert correlation("order", "rows", -0.1001, n=3_601).stops
    assert correlation("order", "rows", None, n=3).status == "not_applicable"


def test_of_nothing_nothing_is_measured() -> None:
    found = share("scanner", "person", hits(0, 0))

    assert (found.status, found.measured, found.n) == ("not_applicable", None, 0)


def test_what_is_not_promised_is_told_and_stops_nothing() -> None:
    found = share("neighbour", "low-harm", hits(99, 100))

    assert (found.status, found.limit, found.stops) == ("told", None, False)


def test_what_protects_nobody_is_told_as_failed_and_stops_nothing() -> None:
    found = exact("hotspots", "", 0.23, n=15_108)

    assert (found.status, found.stops) == ("failed", False)
    assert exact("sealed", "", 0.5, n=2).stops
    assert not excused(exact("sealed", "", 0.5, n=2)).stops


def test_what_is_new_is_held_to_the_limit_of_all() -> None:
    assert share("scanner", "person-new", hits(0, 5)).limit == 0.10
    assert share("exact-point", "new", hits(0, 5)).limit == 0.002


def test_every_number_has_words() -> None:
    assert list(LIMITS) == list(ATTACKS)
    assert {subject for subjects in LIMITS.values() for subject in subjects} - {""} <= set(SUBJECTS)


def test_the_limits_are_at_least_as_strict_as_what_the_city_was_promised() -> None:
    promised = {
        ("place-size", "least"): 20,
        ("place-size", "median"): 30,
        ("exact-point", ""): 0.002,
        ("nearest-address", ""): 0.125,
        ("scanner", "person"): 0.10,
        ("scanner", "sensitive"): 0.10,
        ("scanner", "few-addresses"): 0.01,
        ("neighbour", "person"): 0.10,
        ("neighbour", "sensitive"): 0,
        ("box-difference", ""): 0.10,
        ("repeated-query", ""): 0,
        ("sealed", ""): 0.34,
        ("coverage", ""): 0.95,
        ("hotspots", ""): 0.90,
        ("density", ""): 0.95,
    }

    for (attack, subject), value in promised.items():
        limit = LIMITS[attack][subject]
        assert limit.value == value
        assert limit.direction == ("at_least" if value >= 0.9 else "at_most")


def test_a_wide_budget_makes_more_counts_exact_and_stops_no_release() -> None:
    """An override may raise an epsilon to 1, at which 46 counts of a hundred are exact by chance."""
    hits = np.arange(2_000) % 100 < 46

    assert _exactness(hits, np.full(2_000, 1.0)).status == "passed"
    assert _exactness(hits, np.full(2_000, 0.5)).status == "failed"
    assert _exactness(np.ones(12, bool), np.full(12, 0.5)).status == "failed"
    # Once in 65,000 by luck, and never to be drawn again: too often for cities that draw every quarter.
    assert _exactness(np.ones(8, bool), np.full(8, 0.5)).status == "passed"
    assert _exactness(np.arange(5_000) % 1000 < 255, np.full(5_000, 0.5)).status == "passed"
