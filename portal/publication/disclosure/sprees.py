"""Cover for a spree: what leaves from several places near each other, of about one time.

Six cars broken into along three streets in one night may be one case, which is sealed on one day. Covers
drawn place by place stand all over the city and the year, so that what left near each other would be the
case every time. So such parties are covered by as many others that are as near to each other. The same
holds for what left one place over months, a stalked woman's home, and for one night of an operation all
over the city.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order, connected_components
from scipy.spatial import cKDTree

from portal.publication.disclosure.parties import (
    HOME,
    NIGHT,
    SWEEP,
    FloatArray,
    IntArray,
    Party,
    Table,
)

# More than so many hang together by chance alone, and nothing else would look like them.
MOST_PARTIES = 6
# So many others near it in time, and as many anywhere, are tried for the first of a spree, until so many
# sprees about as alike are found, of which any may be the cover.
TRIED, ENOUGH = 600, 30
# What each step of a spree may differ by, in units of what is near, to be about alike.
ALIKE = 0.25


def cover_sprees(parties: list[Party], table: Table) -> tuple[list[IntArray], list[Party]]:
    """Covers of what leaves near each other, and the parties that still want theirs.

    Near in one of three ways (``NIGHT``, ``HOME``, ``SWEEP``), one after the other. A spree that too few others
    are like is covered without its last party, and so on; parties that do not have all their covers then wait
    with those that stand alone.
    """
    covers: list[IntArray] = []
    for table.near in (NIGHT, HOME, SWEEP):
        found, parties = _cover_near(parties, table)
        covers += found
    return covers, parties


def _cover_near(parties: list[Party], table: Table) -> tuple[list[IntArray], list[Party]]:
    sprees = [spree for spree in _sprees(parties, table) if len(spree) > 1]
    in_spree = {id(party) for spree in sprees for party in spree}
    waiting = [party for party in parties if id(party) not in in_spree]
    covers: list[IntArray] = []
    others = _Others(table)
    for spree in sorted(sprees, key=len, reverse=True):
        lacking = table.rules.covers_per_removal
        while lacking and len(spree) > 1:
            for found in _like(spree, others):
                if lacking and others.stands_apart(np.concatenate(found)):
                    covers.append(others.take(found))
                    lacking -= 1
            if lacking:
                waiting.append(spree.pop())
        if lacking:
            waiting += spree
    return covers, waiting


def near_pairs(at: FloatArray) -> IntArray:
    """Pairs of points that are near each other, shape (p, 2). at: from :meth:`Table.points`, all finite."""
    pairs: IntArray = cKDTree(at).query_pairs(np.sqrt(2) + 1e-9, output_type="ndarray")
    return pairs[_is_near(_steps(at[pairs[:, 0]], at[pairs[:, 1]]))]


def _steps(one: FloatArray, other: FloatArray) -> FloatArray:
    """How far it is from one to the other in place, and in time, shape (n, 2)."""
    apart = np.abs(one - other)
    return np.column_stack([np.hypot(apart[:, 0], apart[:, 1]), apart[:, 2]])


def _is_near(steps: FloatArray) -> NDArray[np.bool_]:
    near: NDArray[np.bool_] = np.logical_and(*(steps <= 1 + 1e-9).T)
    return near


def _sprees(parties: list[Party], table: Table) -> list[list[Party]]:
    """The parties by what hangs together; those of which too many do, each by itself."""
    at = table.points(np.array([party.rows[0] for party in parties], np.int64))
    known = np.flatnonzero(np.isfinite(at).all(axis=1))
    pairs = known[near_pairs(at[known])]
    graph = coo_array((np.ones(len(pairs)), pairs.T), shape=(len(parties), len(parties))).tocsr()
    _, of = connected_components(graph, directed=False)
    sprees: list[list[Party]] = []
    for first in np.unique(of, return_index=True)[1].tolist():
        order = breadth_first_order(graph, first, directed=False, return_predecessors=False)
        spree = [parties[n] for n in order]
        sprees += [spree] if len(spree) <= MOST_PARTIES else [[party] for party in spree]
    return sprees


@dataclass(frozen=True)
class _Pool:
    """Parties of one shape that could leave, by category and time of the first row of each.

    rows: shape (p, rows of each); at: see :meth:`Table.points`, of the first row, like category and start.
    """

    rows: IntArray
    category: IntArray
    start: IntArray
    at: FloatArray
    tree: cKDTree

    @classmethod
    def of(cls, rows: IntArray, table: Table) -> _Pool:
        seen = table.seen
        rows = rows[np.isfinite(table.points(rows[:, 0])).all(axis=1)]
        rows = rows[np.lexsort((seen.start[rows[:, 0]], seen.category[rows[:, 0]]))]
        lead, at = rows[:, 0], table.points(rows[:, 0])
        return cls(rows, seen.category[lead], seen.start[lead], at, cKDTree(at))

    def block(self, category: int, start: int) -> IntArray:
        """Which of them could stand for one of such a category and time: see :func:`cover_blocks`."""
        low, high = np.searchsorted(self.category, [category, category + 1])
        nth = np.searchsorted(self.start[low:high], start) // TRIED
        first = low + TRIED * max(min(nth, (high - low) // TRIED - 1), 0)
        last = first + TRIED if first + 2 * TRIED <= high else high
        return np.arange(first, last)


class _Others:
    """What could leave, by the shape of its parties, and of it what still can: what stands where nothing leaves."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._pools: dict[tuple[Any, ...], _Pool] = {}
        self._by_face = np.argsort(table.seen.face)
        self._faces = table.seen.face[self._by_face]
        self.is_free = np.ones(table.is_left.shape, bool)
        self.leaving = np.empty((0, 3))
        self._leave(np.flatnonzero(~table.is_left))

    def pool(self, like: Party) -> _Pool:
        key = like.rank
        if key not in self._pools:
            self._pools[key] = _Pool.of(self.table.alike(like), self.table)
        return self._pools[key]

    def take(self, parties: list[IntArray]) -> IntArray:
        rows = np.concatenate([self.table.take(party[None]) for party in parties])
        self._leave(rows)
        return rows

    def _leave(self, rows: IntArray) -> None:
        faces = np.unique(self.table.seen.face[rows])
        ends = [np.searchsorted(self._faces, faces, side) for side in ("left", "right")]
        for first, last in zip(*ends, strict=True):
            self.is_free[self._by_face[first:last]] = False
        self.leaving = np.concatenate([self.leaving, self.table.points(rows)])

    def stands_apart(self, rows: IntArray) -> bool:
        """Whether it is near nothing that leaves: it would be seen as a part of that."""
        return not any(_is_near(_steps(at, self.leaving)).any() for at in self.table.points(rows))


def _like(spree: list[Party], others: _Others) -> list[list[IntArray]]:
    """Sprees that are about as alike, at random, and then the rest of those that were tried, the likest first."""
    seen, random, first = others.table.seen, others.table.generator, spree[0].rows[0]
    pool = others.pool(spree[0])
    block = pool.block(int(seen.category[first]), int(seen.start[first]))
    anywhere = random.integers(0, len(pool.rows), TRIED * bool(len(pool.rows)))
    tried = [*random.permutation(block).tolist(), *anywhere.tolist()]
    way = _way(others.table.points(np.array([party.rows[0] for party in spree], np.int64)))
    found: list[tuple[float, list[IntArray]]] = []
    n_alike = 0
    for n in dict.fromkeys(tried):
        if others.is_free[pool.rows[n]].all() and (
            one := _follow(spree, way, pool.rows[n], others)
        ):
            found.append(one)
            n_alike += one[0] <= ALIKE * len(way)
        if n_alike == ENOUGH:
            break
    found.sort(key=lambda one: one[0])
    order = [*random.permutation(n_alike).tolist(), *range(n_alike, len(found))]
    return [found[n][1] for n in order]


def _way(at: FloatArray) -> list[tuple[int, FloatArray]]:
    """From which earlier party, and by what steps, each but the first is reached."""
    way = []
    for n in range(1, len(at)):
        steps = _steps(at[n], at[:n])
        nearest = int(np.argmin(steps.max(axis=1)))
        way.append((nearest, steps[nearest]))
    return way


def _follow(
    spree: list[Party], way: list[tuple[int, FloatArray]], start: IntArray, others: _Others
) -> tuple[float, list[IntArray]] | None:
    """From a party the same steps as in the spree: how far it is from alike, and the parties; None where it ends."""
    seen = others.table.seen
    chosen, cost = [start], float(seen.category[start[0]] != seen.category[spree[0].rows[0]])
    for party, (before, steps) in zip(spree[1:], way, strict=True):
        pool = others.pool(party)
        at = others.table.points(chosen[before][:1])
        near = np.array(pool.tree.query_ball_point(at[0], np.sqrt(2) + 1e-9), np.int64)
        rows, theirs = pool.rows[near], _steps(at, pool.at[near])
        is_free = others.is_free[rows].all(axis=1) & _is_near(theirs)
        is_free &= ~np.isin(seen.face[rows], seen.face[np.concatenate(chosen)]).any(axis=1)
        if not is_free.any():
            return None
        rows, theirs = rows[is_free], theirs[is_free]
        costs = np.abs(theirs - steps).sum(axis=1)
        costs += seen.category[rows[:, 0]] != seen.category[party.rows[0]]
        best = int(np.argmin(costs))
        chosen.append(rows[best])
        cost += float(costs[best])
    return cost, chosen
