"""Counts of records by area and period. PURE."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import ArrayLike, NDArray

Int = NDArray[np.int64]


def day_edges_us(days: Sequence[dt.date], *, zone: str) -> Int:
    """Local midnights of some days as microseconds since 1970 UTC, shape (n,): edges of periods.

    Where a day begins after midnight, because the clocks go forward then, its first instant is taken.
    """
    where = ZoneInfo(zone)
    midnights = [dt.datetime.combine(day, dt.time(), where) for day in days]
    return np.array([round(midnight.timestamp()) * 1_000_000 for midnight in midnights], np.int64)


def count_by_area_and_period(
    area: ArrayLike, occurred_us: ArrayLike, *, areas: ArrayLike, edges_us: ArrayLike
) -> Int:
    """How many records each area had in each period, shape (len(areas), len(edges_us) - 1).

    area: id of each record's area, shape (n,); occurred_us: its instant, microseconds since 1970
    UTC, shape (n,); areas: the ids to count, in the order wanted, each once; edges_us: ascending;
    period k is [edges_us[k], edges_us[k + 1]). Records of other areas or times count nowhere.
    """
    ids, instants = np.asarray(area, np.int64), np.asarray(occurred_us, np.int64)
    wanted, edges = np.asarray(areas, np.int64), np.asarray(edges_us, np.int64)
    if ids.shape != instants.shape or ids.ndim != 1:
        raise ValueError(f"got {ids.shape} areas and {instants.shape} instants; wanted as many")
    if len(edges) < 2 or (np.diff(edges) <= 0).any():
        raise ValueError("got edges that do not ascend; wanted at least two, each after the last")
    if len(np.unique(wanted)) != len(wanted):
        raise ValueError("got an area twice; wanted each once")
    shape = (len(wanted), len(edges) - 1)
    if not len(wanted):
        return np.zeros(shape, np.int64)
    order = np.argsort(wanted)
    place = np.minimum(np.searchsorted(wanted[order], ids), len(wanted) - 1)
    period = np.searchsorted(edges, instants, side="right") - 1
    inside = (period >= 0) & (period < shape[1]) & (wanted[order][place] == ids)
    cell = order[place[inside]] * shape[1] + period[inside]
    return np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape)
