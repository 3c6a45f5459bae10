"""Which alerts a record may belong to, and in which order they are tried. PURE."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from incidents.linking import (
    NO_ALERT,
    Alerts,
    Float,
    Int,
    Law,
    Links,
    Records,
    link_one_to_one,
)
from sensors.geodesy import LocalPlane

Linker = Callable[[Alerts, Records, Law], Links]
WRONG_NUMBER: Final = "wrong_number"
LONGEST_S: Final = 86_400.0
"""Between an alert and a record that names it: more is somebody's slip."""


@dataclass(frozen=True)
class Ground:
    """Alerts on a metric plane, and the pools of them: the surest first."""

    plane: LocalPlane
    alerts: Alerts
    pools: tuple[NDArray[np.bool_], ...]

    @classmethod
    def of(
        cls,
        t_s: Float,
        lon: Float,
        lat: Float,
        covariance_m2: Sequence[Float],
        *,
        plane: LocalPlane,
        is_own: NDArray[np.bool_],
        is_gunfire: NDArray[np.bool_],
    ) -> Self:
        """Our own alerts before a vendor's of perhaps the same shots, gunfire before what is no longer called so.

        covariance_m2: xx, xy, yy. All columns of shape (n,).
        """
        x, y = plane.to_xy(lon, lat)
        kinds = (is_own & is_gunfire, ~is_own & is_gunfire, is_own & ~is_gunfire)
        return cls(plane, Alerts(t_s, x, y, *covariance_m2), (*kinds, ~is_own & ~is_gunfire))

    def records(
        self, from_s: Float, to_s: Float, lon: Float, lat: Float, *, sd_m: Float | None = None
    ) -> Records:
        """Records on the same plane; sd_m: of their places, where they are not what the law says."""
        x, y = self.plane.to_xy(lon, lat)
        return Records(from_s, to_s, x, y, np.full(from_s.size, np.nan) if sd_m is None else sd_m)


def plane_of(lon: Float, lat: Float) -> LocalPlane:
    """The plane about the middle of a city, wherever single points of it were put by mistake."""
    placed = np.isfinite(lon) & np.isfinite(lat)
    if not placed.any():
        return LocalPlane(0.0, 0.0)
    return LocalPlane(float(np.median(lon[placed])), float(np.median(lat[placed])))


def link_in_turn(
    alerts: Alerts,
    records: Records,
    law: Law,
    *,
    pools: Sequence[NDArray[np.bool_]],
    is_open: NDArray[np.bool_],
    taken: NDArray[np.bool_],
    linker: Linker = link_one_to_one,
) -> tuple[Int, NDArray[np.str_]]:
    """Link the open records to alerts that are not taken, pool after pool; index (-1: none) and reason, shape (m,).

    A record that is torn between two alerts of a pool is not offered the next: doubt is no reason to
    take a worse one. Records that are not open have -1 and "".
    """
    link, reason = np.full(len(records), -1, np.int64), np.full(len(records), "", "U16")
    reason[is_open] = NO_ALERT
    for pool in pools:
        waiting, free = np.flatnonzero(reason == NO_ALERT), np.flatnonzero(pool & ~taken)
        found = linker(alerts.take(free), records.take(waiting), law)
        linked = found.alert >= 0
        link[waiting[linked]] = free[found.alert[linked]]
        reason[waiting] = found.reason
    return link, reason


def first_alike(records: Records, among: NDArray[np.bool_]) -> Int:
    """The first of those chosen that names the same place and instants, for each of them; itself for others; (m,).

    Such rows are one event of dispatch with several units, or its copies: as rivals for one alert they
    would all go without.
    """
    first = np.arange(len(records))
    rows = np.flatnonzero(among & np.isfinite(records.x_m + records.y_m))
    told = np.column_stack([records.from_s, records.to_s, records.x_m, records.y_m])[rows]
    _told, start, group = np.unique(told, axis=0, return_index=True, return_inverse=True)
    first[rows] = rows[start[group.reshape(-1)]]
    return first


def link_by_number(
    alert_number: NDArray[np.str_],
    alert_t_s: Float,
    record_number: NDArray[np.str_],
    record_t_s: Float,
) -> tuple[Int, NDArray[np.bool_]]:
    """The alert that each record names (-1: none), and whether it names one that cannot be its; shape (m,).

    A number that two alerts carry names the nearer in time. Several records may name one alert:
    dispatch opened several events for it, and each cost its own minutes.
    """
    link, is_wrong = np.full(record_number.size, -1, np.int64), np.zeros(record_number.size, bool)
    order = np.lexsort((alert_t_s, alert_number))
    names = alert_number[order]
    low, high = (np.searchsorted(names, record_number, side=side) for side in ("left", "right"))
    for record in np.flatnonzero((high > low) & (record_number != "")).tolist():
        mine = order[low[record] : high[record]]
        away = np.abs(alert_t_s[mine] - record_t_s[record])
        is_wrong[record] = away.min() >= LONGEST_S
        link[record] = -1 if is_wrong[record] else mine[away.argmin()]
    return link, is_wrong
