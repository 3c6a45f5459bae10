"""What leaves from one neighbourhood in one night is covered by what stands as near to each other."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from portal.publication.audit.attacks.sprees import Left, left_near
from portal.publication.disclosure import Seen, cover_together

IntArray = NDArray[np.int64]
DAY_S, BLOCK_M = 86_400, 250.0


def streets(random: np.random.Generator, n: int, sprees: int) -> Seen:
    """A year on a grid of 40 by 40 places. The first rows are sprees: three of a night at places side by side."""
    place, band = random.integers(0, 40, (n, 2)), random.integers(0, 4 * 365, n)
    for spree in range(sprees):
        rows = slice(3 * spree, 3 * spree + 3)
        place[rows] = random.integers(0, 38, 2) + np.array([[0, 0], [1, 0], [1, 1]])
        band[rows] = band[3 * spree]
    face = (place[:, 0] * 40 + place[:, 1]) * 10_000 + band
    category = random.integers(0, 4, n)
    category[: 3 * sprees] = category[: 3 * sprees : 3].repeat(3)
    nothing = np.zeros(n, np.int64)
    return Seen(nothing, category, band * DAY_S // 4, nothing, face, place * BLOCK_M)


def near_by_loops(seen: Seen, rows: IntArray) -> list[set[int]]:
    """Sets of two and more rows that left near each other: within a kilometre and a day of one another, by loops."""
    group = {int(row): {int(row)} for row in rows}
    for one, other in combinations(group, 2):
        apart = np.hypot(*(seen.spot[one] - seen.spot[other]))
        if apart <= 1_000 and abs(int(seen.start[one] - seen.start[other])) <= DAY_S:
            both = group[one] | group[other]
            group |= dict.fromkeys(both, both)
    found = {id(rows): rows for rows in group.values()}
    return [rows for rows in found.values() if len(rows) > 1]


@pytest.mark.parametrize("chance", range(5))
def test_the_attack_finds_what_loops_find(chance: int) -> None:
    random = np.random.default_rng(chance)
    seen = streets(random, 60, 6)
    seen.spot[random.integers(0, 60, 10)] = np.nan
    start, was_secret = seen.start // 40, random.random(60) < 0.5

    hits, group = left_near(Left(seen.spot, start, seen.face, was_secret))

    near = near_by_loops(replace(seen, start=start), np.arange(60))
    near = [rows for rows in near if len(set(seen.face[list(rows)].tolist())) > 1]
    assert sorted(np.bincount(group)[np.unique(group)]) == sorted(len(rows) for rows in near)
    assert hits.sum() == sum(was_secret[list(rows)].sum() for rows in near)


@pytest.mark.parametrize("chance", range(5))
def test_a_spree_leaves_with_two_others(chance: int) -> None:
    random = np.random.default_rng(chance)
    seen = streets(random, 20_000, 200)
    sealed = np.arange(3 * 8)

    cover = cover_together(sealed, [seen.face, seen.face], seen, generator=random)

    assert cover.size == 48
    together = near_by_loops(seen, np.concatenate([sealed, cover]))
    secret = [rows for rows in together if rows & set(sealed.tolist())]
    assert len(secret) / len(together) <= 0.34
    assert all(len(rows) == 3 for rows in together)
    for rows in together:
        assert len(set(seen.category[list(rows)].tolist())) == 1


def test_a_spree_like_which_there_is_no_other_goes_without_its_last_place() -> None:
    """Twenty pairs and one three: it is covered by pairs, and the third place by places that stand alone."""
    random = np.random.default_rng(4)
    where = np.arange(160) * 3_000.0
    spot = np.column_stack([where, where])
    spot[1:40:2] = spot[0:40:2] + 250
    spot[40] = spot[1] + 250
    nothing, face = np.zeros(160, np.int64), np.arange(160)
    seen = Seen(nothing, nothing, nothing, nothing, face, spot)

    cover = cover_together([0, 1, 40], [face, face], seen, generator=random)

    assert cover.size == 6 or cover.size == 7  # its second place may be covered once more
    together = near_by_loops(seen, cover)
    assert [len(rows) for rows in together] == [2, 2]


def test_crowds_that_hang_together_by_chance_are_no_spree() -> None:
    """Where half the city leaves everything is near something, and each place is covered by itself."""
    random = np.random.default_rng(5)
    seen = streets(random, 3_000, 0)
    removed = random.choice(3_000, 900, replace=False)

    cover = cover_together(removed, [seen.face, seen.face], seen, generator=random)

    assert 1_800 <= cover.size <= 1_830


def test_calls_about_a_spree_leave_by_their_events_and_near_each_other() -> None:
    """Two called about each of three thefts of a night: all who called about two other such nights leave."""
    random = np.random.default_rng(6)
    one = streets(random, 2_000, 60)
    seen = Seen(*(np.repeat(column, 2, axis=0) for column in vars(one).values()))
    event = np.repeat(np.arange(2_000), 2)
    removed = np.arange(6)

    cover = cover_together(removed, [event], seen, whole=True, generator=random)

    together = near_by_loops(seen, np.concatenate([removed, cover]))
    assert sorted(len(rows) for rows in together) == [6, 6, 6]
    assert set(np.bincount(event[cover])) == {0, 2}
