"""How often chance alone stops a release that keeps its promises: counted, not hoped for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom, norm

from portal.publication.audit import records
from portal.publication.audit.asking import _gain
from portal.publication.audit.attacks import differences, ordering
from portal.publication.audit.attacks.limits import ENOUGH, RHO_SIGMAS, UNLIKELY, is_too_high
from portal.publication.audit.attacks.world import LOW
from tests.portal.publication.audit.test_attacks_in_arrays import DAY, WEEK, ints, rows, truth

ONCE_IN_A_MILLION = 1e-6


@pytest.mark.parametrize(
    ("measured", "limit"), [(0.0002, 0.002), (0.046, 0.125), (0.03, 0.10), (0.001, 0.01)]
)
def test_few_guesses_right_as_often_as_was_measured_stop_no_release(
    measured: float, limit: float
) -> None:
    """The rates of docs/gate.md, and a tenth of what is allowed where none was right."""
    for n in range(1, ENOUGH):
        shares = np.arange(n + 1) / n
        least = next((k for k in range(n + 1) if is_too_high(shares[k], trials=n, limit=limit)), n + 1)  # fmt: skip
        assert binom.sf(least - 1, n, measured) < ONCE_IN_A_MILLION, n


def test_covers_near_each_other_stop_no_release_although_a_third_of_them_is_secret() -> None:
    """The gate draws two for each: of what left near each other one in three is secret, and never much less."""
    for n in (1, 5, 20, 90, 400):
        shares = np.arange(n + 1) / n
        too_high = [is_too_high(share, trials=n, limit=0.34, chance=UNLIKELY, enough=np.inf) for share in shares]  # fmt: skip
        least = too_high.index(True) if any(too_high) else n + 1
        assert binom.sf(least - 1, n, 1 / 3) < UNLIKELY
    assert is_too_high(1.0, trials=30, limit=0.34, chance=UNLIKELY, enough=np.inf)


@pytest.mark.parametrize(("n", "right"), [(6, 0.05), (8, 0.1), (16, 0.1), (30, 0.1), (100, 0.2)])
def test_two_shares_of_few_guesses_that_are_right_by_luck_stop_no_release(
    n: int, right: float
) -> None:
    chance = 0.0
    mass = binom.pmf(np.arange(n + 1), n, right)
    answers = [[True] * k + [False] * (n - k) for k in range(n + 1)]
    for one in range(n + 1):
        for other in range(one):
            if _gain("time-difference", answers[one], answers[other]).stops:
                chance += 2 * mass[one] * mass[other]

    assert chance < ONCE_IN_A_MILLION
    assert _gain("time-difference", answers[n], answers[0]).stops


def test_ids_and_positions_that_were_drawn_well_hang_together_with_nothing() -> None:
    """Three series of positions, each against time, number and two coordinates."""
    assert 12 * 2 * norm.sf(RHO_SIGMAS) < ONCE_IN_A_MILLION / 10


def appeared(n: int, at: int) -> Any:
    """Rows of one week that all happened at one instant, in the release two days after the week."""
    late = rows(*[(0, 3, 0, WEEK)] * n)
    return SimpleNamespace(
        rows=late.__class__(**{**late.__dict__, "first_release": np.full(n, 2)}),
        truth=truth(*[(20, 50, at, 3, LOW)] * n),
        editions=differences.Editions(ints(1, 2), ints(WEEK + DAY, WEEK + 2 * DAY)),
        delay_s=np.full(n, 2 * DAY),
        is_new=np.ones(n, bool),
    )


@pytest.mark.parametrize(("n", "stops"), [(1, False), (2, False), (30, True)])
def test_one_burglary_of_a_sunday_evening_stops_no_release(n: int, stops: bool) -> None:
    """It is published on the first day on which its week may be, as one of a Monday would be."""
    found = list(records.appearance(appeared(n, at=WEEK - 3_600)))

    assert [finding.measured for finding in found] == pytest.approx([6 / 7] * 2, abs=1e-6)
    assert [finding.stops for finding in found] == [stops] * 2


@pytest.mark.parametrize(("n_inside", "found"), [(0, 0), (1, 0), (3, 3), (400, 400)])
def test_a_number_of_six_digits_in_a_random_id_is_chance_and_in_many_it_is_none(
    n_inside: int, found: int
) -> None:
    """Of five thousand ids a day one contains the number of its record in every 180 days, by chance."""
    ids = [f"{n:05x}{'f' * 13}000000"[:24] for n in range(5_000)]
    numbers = [str(100_000 + n) for n in range(5_000)]
    for n in range(n_inside):
        ids[n] = f"{n:04x}a{numbers[n]}{'e' * 13}"

    assert ordering.made_from_numbers(ids, [(number, "") for number in numbers]) == found
