from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from community.durations import median_days, waiting_curve
from tests.reference import waiting as reference

threads = st.lists(st.tuples(st.integers(0, 30).map(float), st.booleans()), max_size=60)


@given(threads)
def test_the_median_equals_the_one_by_fractions(pairs: list[tuple[float, bool]]) -> None:
    days, answered = [d for d, _ in pairs], [a for _, a in pairs]

    assert median_days(days, answered) == reference.median_days(days, answered)


def test_a_hand_checked_curve() -> None:
    # 6 wrote; answers on days 1, 3 and 4; one seen waiting on day 2, two on day 5.
    curve = waiting_curve([1, 2, 3, 4, 5, 5], [True, False, True, True, False, False])

    assert curve.days.tolist() == [1, 3, 4]
    np.testing.assert_allclose(curve.share_waiting, [5 / 6, 5 / 6 * 3 / 4, 5 / 6 * 3 / 4 * 2 / 3])
    assert median_days([1, 2, 3, 4, 5, 5], [True, False, True, True, False, False]) == 4


def test_those_who_still_wait_make_it_longer() -> None:
    # 40 of 100 are never answered; the rest after 1 to 60 days. Over the answered alone: 30.5 days.
    days = [*range(1, 61), *[365] * 40]
    answered = [True] * 60 + [False] * 40

    assert float(np.median(days[:60])) == 30.5
    assert median_days(days, answered) == 50


def test_it_is_none_while_more_than_half_wait() -> None:
    assert median_days([1, 2, 9, 9, 9], [True, True, False, False, False]) is None
    assert median_days([], []) is None


def test_all_answered_is_the_ordinary_lower_median() -> None:
    assert median_days([4, 1, 3, 2], [True] * 4) == 2


@pytest.mark.parametrize(
    ("days", "answered"), [([1.0], [True, False]), ([-1.0], [True]), ([math.nan], [True])]
)
def test_it_refuses_nonsense(days: list[float], answered: list[bool]) -> None:
    with pytest.raises(ValueError):
        median_days(days, answered)
