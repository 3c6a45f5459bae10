"""Which numbers of the gunfire ledger may be told: those with enough behind them that nobody can subtract one.

A number that the public rows do not give away (minutes, officer hours, misses) could be laid beside
them: the sum over a district with one alert is that alert. So each needs company. What a district
and month lack moves to the city and that month, and must reach the number there *by itself*: what was
told of the districts is not lent to it, for a reader could take it off again. What a month lacks, its
year may tell, by the same rule; but a month is told once, so that who adds up a year goes by what was
told of its months.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

IntArray = NDArray[np.int64]


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
