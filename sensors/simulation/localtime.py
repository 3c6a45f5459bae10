"""Instants to wall-clock time of a zone and back, for whole arrays.

Wall-clock seconds count as if the wall clock showed UTC, so that day, hour and weekday are plain
arithmetic. Offsets are looked up once for each hour, which is exact wherever clocks change on the hour.
"""

from __future__ import annotations

import datetime as dt
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import ArrayLike, NDArray

DAY_S: Final = 86_400
HOUR_S: Final = 3_600


def wall_seconds(instant_s: ArrayLike, *, zone: str) -> NDArray[np.int64]:
    """What a wall clock shows at instants given in seconds since 1970 UTC; same shape."""
    instants = np.asarray(instant_s, np.int64)
    return instants + _offsets_s(instants, zone=zone)


def instant_seconds(wall_s: ArrayLike, *, zone: str) -> NDArray[np.int64]:
    """Seconds since 1970 UTC when a wall clock shows this.

    An hour that occurs twice is taken as the earlier, a time skipped in spring as an hour later.
    """
    wall = np.asarray(wall_s, np.int64)
    before = wall - _offsets_s(wall - DAY_S, zone=zone)
    after = wall - _offsets_s(before, zone=zone)
    is_changed = wall_seconds(before, zone=zone) != wall
    is_after = is_changed & (wall_seconds(after, zone=zone) == wall)
    return np.where(is_after, after, before)


def wall_text(wall_s: ArrayLike, *, pattern: str = "%m/%d/%Y %H:%M") -> NDArray[np.str_]:
    """Wall-clock seconds as text, like "07/04/2026 21:35"; equal minutes are formatted once."""
    minutes, back = np.unique(np.asarray(wall_s, np.int64) // 60, return_inverse=True)
    epoch = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - a wall clock has no zone
    text = [(epoch + dt.timedelta(minutes=int(m))).strftime(pattern) for m in minutes]
    return np.array(text or [""])[back] if len(minutes) else np.array([], dtype="U16")


def _offsets_s(instants: NDArray[np.int64], *, zone: str) -> NDArray[np.int64]:
    hours, back = np.unique(instants // HOUR_S, return_inverse=True)
    info = ZoneInfo(zone)
    offsets = [
        int(dt.datetime.fromtimestamp(int(h) * HOUR_S, info).utcoffset().total_seconds())  # type: ignore[union-attr]
        for h in hours
    ]
    return np.array(offsets, np.int64)[back].reshape(instants.shape)
