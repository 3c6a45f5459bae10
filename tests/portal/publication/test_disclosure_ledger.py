"""Which numbers of the ledger have company enough, against a plain loop and an attacker who subtracts."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.publication.disclosure import Told, roll_up
from tests.reference.disclosure import roll_up as plain_roll_up

ITEMS = st.lists(st.tuples(st.integers(640, 668), st.integers(-1, 3)), max_size=80)


@settings(deadline=None, max_examples=120)
@given(items=ITEMS, least=st.integers(1, 12))
def test_items_are_told_where_a_loop_tells_them(items: list[tuple[int, int]], least: int) -> None:
    months, districts = [m for m, _ in items], [d for _, d in items]

    found = roll_up(months, districts, least=least)

    assert found.tolist() == plain_roll_up(items, least)


@settings(deadline=None, max_examples=120)
@given(items=ITEMS, least=st.integers(2, 12))
def test_nothing_smaller_is_left_when_everything_told_is_subtracted(
    items: list[tuple[int, int]], least: int
) -> None:
    """District and month, city and month: whatever is taken off whatever, enough is left."""
    months, districts = (np.array([item[k] for item in items], int) for k in (0, 1))
    found = roll_up(months, districts, least=least)
    told = [(m, d, t) for (m, d), t in zip(items, found.tolist(), strict=True) if t]

    by_district = Counter((m, d) for m, d, t in told if t == Told.DISTRICT_MONTH)
    rest_of_month = Counter(m for m, _, t in told if t == Told.CITY_MONTH)

    for size in (*by_district.values(), *rest_of_month.values()):
        assert size >= least


def test_what_is_too_few_is_told_of_no_month() -> None:
    month = 12 * 54  # January 2024
    few = [month] * 3 + [month + 5] * 3

    assert roll_up(few, [0] * 6, least=5).tolist() == [Told.NOWHERE] * 6
    assert roll_up([], [], least=5).tolist() == []
