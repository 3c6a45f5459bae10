"""One event, one place and one time: an alert, a call and the police's record of the same event.

Two feeds that place one event differently can be laid over each other: near the border of two
places only a few houses remain. And a dot of six hours beside a crime against a person that is
published by the week tells which evening it was. So an alert is published exactly as its record is,
and waits, or stays unpublished, as long as the record does. So are calls.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from portal.publication.sources import Located, Nearby
from sensors.geodesy import LocalPlane

# Wide on purpose: a record's point may be its hundred block, its time the caller's guess. Two
# unrelated events so near to each other are rare, and cost no more than one coarser row.
LINK_M, LINK_S = 250.0, 15 * 60.0
# A call may come before the officer's report, or long after the deed that it is about.
CALL_LINK_S = 60 * 60.0


class Spot(Protocol):
    """Rows that have a place and a time."""

    @property
    def record_id(self) -> NDArray[np.int64]: ...
    @property
    def occurred_s(self) -> NDArray[np.int64]: ...
    @property
    def lon(self) -> NDArray[np.float64]: ...
    @property
    def lat(self) -> NDArray[np.float64]: ...
    def __len__(self) -> int: ...


@dataclass(frozen=True)
class Partners:
    """The record that each event is published as: an index into ``records``, -1 for none.

    is_waiting: true where one of its records is not public; then the event is not either.
    """

    row: NDArray[np.int64]
    is_waiting: NDArray[np.bool_]
    records: Nearby


@dataclass(frozen=True)
class Named:
    """Records that somebody named as those of an event, wherever they are: its record id beside each."""

    event_id: NDArray[np.int64]
    records: Nearby


def partners(
    events: Spot,
    chunks: Iterable[Nearby],
    plane: LocalPlane,
    *,
    named: Named | None = None,
    reach_s: float = LINK_S,
) -> Partners:
    """The record of each event: of several the strictest, of those the nearest. chunks: at least one."""
    at = _scaled(events, plane, reach_s)
    found = []
    for records in chunks:
        there = _scaled(records, plane, reach_s)
        beside, record = _beside(at, there)
        apart = np.hypot(*(at[beside] - there[record])[:, :2].T)
        found.append((beside, apart, records.where(record)))
    if named is not None:
        beside, of_named = _of_named(events, named)
        found.append((beside, np.zeros(len(beside)), of_named))
    event, apart = (np.concatenate([table[k] for table in found]) for k in (0, 1))
    records = Nearby.joined([table[2] for table in found])
    row = np.full(len(events), -1, np.int64)
    by_tier = np.lexsort((-apart, records.tier.astype(str), event))  # "" < "0a" < "0b" < "1"
    row[event[by_tier]] = by_tier
    is_waiting = np.zeros(len(events), bool)
    is_waiting[event[records.tier == ""]] = True
    return Partners(row, is_waiting, records)


def strictest_near(
    rows: Spot,
    others: Spot,
    tier: NDArray[np.int64],
    plane: LocalPlane,
    *,
    reach_s: float,
) -> NDArray[np.int64]:
    """For each row the greatest tier of the others within reach of it, -1 where there is none."""
    row, other = _beside(_scaled(rows, plane, reach_s), _scaled(others, plane, reach_s))
    found = np.full(len(rows), -1, np.int64)
    np.maximum.at(found, row, tier[other])
    return found


def _of_named(events: Spot, named: Named) -> tuple[NDArray[np.int64], Nearby]:
    order = np.argsort(events.record_id)
    place = np.searchsorted(events.record_id[order], named.event_id)
    known = place < len(events)
    known[known] = events.record_id[order[place[known]]] == named.event_id[known]
    return order[place[known]].astype(np.int64), named.records.where(known)


def events_of(rows: Spot, plane: LocalPlane, *, reach_s: float = LINK_S) -> NDArray[np.int64]:
    """Which rows are about one event: for each the row that it follows, itself where it follows none.

    A row follows the earliest one within reach that follows none itself; so no row is farther from
    the one that it follows than the reach, however many stand in a chain. rows: with a point each.
    """
    order = np.lexsort((rows.record_id, rows.occurred_s))
    at = _scaled(rows, plane, reach_s)
    near, row = _beside(at, at)
    start = np.searchsorted(row, np.arange(len(order) + 1))
    leader = np.full(len(order), -1, np.int64)
    for one in order.tolist():
        if leader[one] < 0:
            followers = near[start[one] : start[one + 1]]
            leader[followers[leader[followers] < 0]] = one
    return leader


def events_among(rows: Spot, plane: LocalPlane) -> NDArray[np.int64]:
    """A number of the event of each row; one that has no point, or that the vault no longer holds, is one by itself."""
    event = len(rows) + np.arange(len(rows))
    there = np.flatnonzero(np.isfinite(rows.lon))
    if there.size:
        located = Located(rows.record_id, rows.occurred_s, rows.lon, rows.lat)
        event[there] = events_of(located.where(there), plane)
    return event


def _beside(
    rows: NDArray[np.float64], others: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every pair of a row and an other within reach of each other in place and in time, by the others' order."""
    near = cKDTree(rows).query_ball_point(others, np.sqrt(2) + 1e-9)
    other = np.repeat(np.arange(len(others)), [len(found) for found in near])
    row = np.fromiter((one for found in near for one in found), np.int64, count=len(other))
    apart = np.abs(rows[row] - others[other])
    within = (np.hypot(apart[:, 0], apart[:, 1]) <= 1) & (apart[:, 2] <= 1)
    return row[within], other[within]


def _scaled(rows: Spot, plane: LocalPlane, reach_s: float) -> NDArray[np.float64]:
    """Place and time as points, shape (n, 3), in which the reach of a link is 1 either way."""
    x, y = plane.to_xy(rows.lon, rows.lat)
    return np.column_stack([x / LINK_M, y / LINK_M, rows.occurred_s / reach_s])
