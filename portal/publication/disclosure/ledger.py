"""Which numbers of the gunfire ledger may be told: those with enough behind them that nobody can subtract one.

A number that the public rows do not give away (minutes, officer hours, misses) could be laid beside
them: the sum over a district with one alert is that alert. So each needs company. What a district
and month lack moves to the city and that month, and must reach the number there *by itself*: what was
told of the districts is not lent to it, for a reader could take it off again. What a month lacks, its
year may tell, by the same rule; but a month is told once, so that who adds up a year goes by what was
told of its months.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


class Told(IntEnum):
    """Where an item is told; each holds what the ones above it left."""

    NOWHERE = 0
    CITY_MONTH = 1
    DISTRICT_MONTH = 2


def roll_up(month: ArrayLike, district: ArrayLike, *, least: int) -> IntArray:
    """Where each item is told, a :class:`Told` value, shape (n,).

    month: whole months since 1970-01, shape (n,); district: integer code, -1 where only the city is
    known; least: items that a number must have behind it.
    """
    months, districts = np.asarray(month, np.int64), np.asarray(district, np.int64)
    found = np.full(months.shape, int(Told.NOWHERE), np.int64)
    levels = (
        (Told.DISTRICT_MONTH, months * (districts.max(initial=0) + 2) + districts, districts >= 0),
        (Told.CITY_MONTH, months, np.ones(months.shape, bool)),
    )
    for level, group, may in levels:
        waiting = np.flatnonzero((found == Told.NOWHERE) & may)
        _, which, size = np.unique(group[waiting], return_inverse=True, return_counts=True)
        found[waiting[size[which] >= least]] = int(level)
    return found


@dataclass(frozen=True, eq=False)
class Whole:
    """The told numbers of one measure, which a number of some of its alerts could be taken off. Columns of shape (n,).

    part: the told number that each alert stands in, once all that is told of smaller areas and times is
    taken off; -1 where in none. level: how wide that is, :class:`Told`, ``NOWHERE`` for a year. counts:
    whether the alert adds to it; could: whether it is one of those that everybody sees could.
    """

    part: IntArray
    level: IntArray
    counts: BoolArray
    could: BoolArray

    def leaves_enough(self, rows: IntArray, *, least: int) -> bool:
        """Whether a number of some of its alerts may be told beside it.

        Among alerts that add to it, for what is left is theirs; among those that could, for the difference of
        how many each number rests on tells of the others whether anything is known of them.
        """
        return self._left(rows, self.counts) >= least or self._left(rows, self.could) == 0

    def _left(self, rows: IntArray, of: BoolArray) -> int:
        """The fewest alerts that any adding and subtracting leaves. Each part can be taken off or not: its alerts
        inside the number stay, or those outside."""
        part, inside = np.unique(self.part[rows[of[rows]]], return_counts=True)
        size = np.bincount(self.part[of & (self.part >= 0)], minlength=int(part.max(initial=0)) + 1)
        return int(np.minimum(inside, size[part] - inside).sum())


def roll_up_within(
    month: ArrayLike,
    district: ArrayLike,
    whole: Whole,
    *,
    may: BoolArray,
    of: BoolArray,
    least: int,
) -> IntArray:
    """As :func:`roll_up`, of a number of some alerts of a whole: only where the whole is told, and no closer.

    may: alerts whose kind the number is of, as everybody sees; of: those of them that add to it.
    """
    months, districts = np.asarray(month, np.int64), np.asarray(district, np.int64)
    found = np.full(months.shape, int(Told.NOWHERE), np.int64)
    levels = (
        (Told.DISTRICT_MONTH, months * (districts.max(initial=0) + 2) + districts, districts >= 0),
        (Told.CITY_MONTH, months, np.ones(months.shape, bool)),
    )
    for level, group, there in levels:
        waiting = np.flatnonzero((found == Told.NOWHERE) & may & there & (whole.level >= level))
        order = waiting[np.argsort(group[waiting], kind="stable")]
        for rows in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
            if of[rows].sum() >= least and whole.leaves_enough(rows, least=least):
                found[rows] = int(level)
    found[~of] = int(Told.NOWHERE)
    return found
