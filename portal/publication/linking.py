"""One event, one place and one time: an alert of the sensors and the police's record of the same shots.

Two feeds that place one event differently can be laid over each other: near the border of two
places only a few houses remain. And a dot of six hours beside a crime against a person that is
published by the week tells which evening it was. So an alert is published exactly as its record is,
and waits, or stays unpublished, as long as the record does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from portal.publication.sources import Gunfire, Located, Nearby
from sensors.geodesy import LocalPlane

# Wide on purpose: a record's point may be its hundred block, its time the caller's guess. Two
# unrelated events so near to each other are rare, and cost no more than one coarser row.
LINK_M, LINK_S = 250.0, 15 * 60.0


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
    events: Gunfire | Located,
    chunks: Iterable[Nearby],
    plane: LocalPlane,
    *,
    named: Named | None = None,
) -> Partners:
    """The record of each event: of several the one of the strictest tier. chunks: at least one."""
    tree = cKDTree(_scaled(events, plane))
    found = [_pairs(tree, records, plane) for records in chunks]
    if named is not None:
        found.append(_of_named(events, named))
    event = np.concatenate([pair[0] for pair in found])
    records = Nearby.joined([pair[1] for pair in found])
    row = np.full(len(events), -1, np.int64)
    by_tier = np.lexsort((records.tier.astype(str), event))  # "" < "0a" < "0b" < "1"
    row[event[by_tier]] = by_tier
    is_waiting = np.zeros(len(events), bool)
    is_waiting[event[records.tier == ""]] = True
    return Partners(row, is_waiting, records)


def _pairs(tree: cKDTree, records: Nearby, plane: LocalPlane) -> tuple[NDArray[np.int64], Nearby]:
    """Every event and record within reach of each other, side by side."""
    near = tree.query_ball_point(_scaled(records, plane), 1.0)
    record = np.repeat(np.arange(len(records)), [len(events) for events in near])
    event = np.fromiter((one for events in near for one in events), np.int64, count=len(record))
    return event, records.where(record)


def _of_named(events: Gunfire | Located, named: Named) -> tuple[NDArray[np.int64], Nearby]:
    order = np.argsort(events.record_id)
    place = np.searchsorted(events.record_id[order], named.event_id)
    known = place < len(events)
    known[known] = events.record_id[order[place[known]]] == named.event_id[known]
    return order[place[known]].astype(np.int64), named.records.where(known)


def _scaled(rows: Gunfire | Located | Nearby, plane: LocalPlane) -> NDArray[np.float64]:
    """Place and time as points, shape (n, 3), in which the reach of a link is 1."""
    x, y = plane.to_xy(rows.lon, rows.lat)
    return np.column_stack([x / LINK_M, y / LINK_M, rows.occurred_s / LINK_S])
