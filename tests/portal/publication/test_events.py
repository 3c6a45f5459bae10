"""Which calls are about one event, and what stands beside what: against loops over all pairs."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from portal.publication.disclosure import WITHHELD, assign_groups
from portal.publication.linking import LINK_M, LINK_S, events_of, strictest_near
from portal.publication.sources import Located
from sensors.geodesy import LocalPlane

PLANE = LocalPlane(-98.6, 39.8)
coordinate = st.integers(-600, 600)
points = st.lists(st.tuples(coordinate, coordinate, st.integers(-3_000, 3_000)), max_size=12)


def located(rows: list[tuple[int, int, int]]) -> Located:
    x, y, at_s = (np.array([row[k] for row in rows], float) for k in range(3))
    lon, lat = PLANE.to_lonlat(x, y)
    return Located(np.arange(len(rows)), at_s.astype(np.int64), lon, lat)


def is_near(a: tuple[int, int, int], b: tuple[int, int, int]) -> bool:
    # A hair inside or outside does not matter: points are whole metres, the plane is not.
    return math.hypot(a[0] - b[0], a[1] - b[1]) <= LINK_M and abs(a[2] - b[2]) <= LINK_S


def is_clear(rows: list[tuple[int, int, int]]) -> bool:
    return all(
        abs(math.hypot(a[0] - b[0], a[1] - b[1]) - LINK_M) > 1e-6 for a in rows for b in rows
    )


@given(points)
def test_a_call_follows_the_earliest_within_reach_that_follows_none(
    rows: list[tuple[int, int, int]],
) -> None:
    if not is_clear(rows):
        return
    leader: dict[int, int] = {}
    for n in sorted(range(len(rows)), key=lambda n: (rows[n][2], n)):
        before = [k for k, of in leader.items() if k == of and is_near(rows[n], rows[k])]
        leader[n] = min(before, key=lambda k: (rows[k][2], k), default=n)

    found = events_of(located(rows), PLANE)

    assert found.tolist() == [leader[n] for n in range(len(rows))]


@given(points, st.lists(st.tuples(coordinate, coordinate, st.integers(-3_000, 3_000)), max_size=8))
def test_the_strictest_beside_is_that_of_a_loop(
    rows: list[tuple[int, int, int]], others: list[tuple[int, int, int]]
) -> None:
    if not is_clear([*rows, *others]):
        return
    tier = np.arange(len(others)) % 5

    found = strictest_near(located(rows), located(others), tier, PLANE, reach_s=LINK_S)

    expected = [
        max((int(tier[k]) for k, other in enumerate(others) if is_near(row, other)), default=-1)
        for row in rows
    ]
    assert found.tolist() == expected


# The city 0, its districts 1 and 2, cells 3 and 4 in district 1.
PARENT = [-1, 0, 0, 1, 1]


def test_what_follows_a_record_appears_in_its_cell_or_nowhere() -> None:
    cell = [3, 3, 3, 1, 1]  # three of a leaf, two that follow records in the district

    found = assign_groups(
        cell, [7] * 5, [0, 1, 0, 1, 0], range(5), parent=PARENT, stays=[False] * 3 + [True] * 2
    )
    assert found.tolist() == [1, 1, 1, 1, 1]

    alone = assign_groups(
        [3] * 5, [7] * 5, [0, 1, 0, 1, 0], range(5), parent=PARENT, stays=[True, *[False] * 4]
    )
    assert alone.tolist() == [3] * 5

    few = assign_groups(
        [4, 3, 3, 3, 3, 3],
        [7] * 6,
        [0, 1, 0, 1, 0, 1],
        range(6),
        parent=PARENT,
        stays=[True, *[False] * 5],
    )
    assert few.tolist() == [WITHHELD, 3, 3, 3, 3, 3]


@given(st.data())
def test_nothing_that_stays_ever_moves_or_is_told_without_company(data: st.DataObject) -> None:
    n = data.draw(st.integers(0, 25))

    def column(high: int) -> np.ndarray:
        values = data.draw(st.lists(st.integers(0, high), min_size=n, max_size=n))
        return np.array(values, np.int64)

    cell, week, category, address = column(4), column(1), column(2), column(6)
    stays = column(1) > 0

    found = assign_groups(cell, week, category, address, parent=PARENT, stays=stays)

    assert set(found[stays] - cell[stays]) <= {0, *(WITHHELD - cell[stays])}
    for key in {(c, w) for c, w in zip(found.tolist(), week.tolist(), strict=True) if c >= 0}:
        members = (found == key[0]) & (week == key[1])
        assert members.sum() >= 5
        assert len(set(category[members])) >= 2
        assert len(set(address[members])) >= 3
