"""Coarse times: the six-hour band, ISO week, month, quarter or year that an event is published with.

All times here are local wall-clock times without a zone (``datetime64``); :func:`local_times` makes
them from UTC. The bands begin at 00, 06, 12 and 18 o'clock on the wall. No zone changes its clock
at 06, 12 or 18; so a band is an hour longer or shorter when the clock changes, the hour that comes
twice lies whole in one band, and every event has exactly one code.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from enum import IntEnum
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import ArrayLike, NDArray

Times = NDArray[np.datetime64]


class Grain(IntEnum):
    """How coarse a published time is. A larger number tells less."""

    BAND = 0  # six hours
    WEEK = 1  # ISO week, from Monday
    MONTH = 2
    QUARTER = 3
    YEAR = 4


_FIRST_OF = {
    Grain.BAND: (np.datetime64("1970-01-01", "s"), np.timedelta64(6, "h")),
    Grain.WEEK: (np.datetime64("1970-01-05", "s"), np.timedelta64(7, "D")),  # a Monday
}
_MONTHS_IN = {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.YEAR: 12}


def local_times(utc: ArrayLike, *, zone: ZoneInfo) -> Times:
    """Wall-clock times of a zone, ``datetime64[s]``, for UTC instants. NaT stays NaT.

    utc: ``datetime64``, any shape. The zone is asked once per quarter of an hour: clocks have
    changed at no other minute since 1972.
    """
    instants = np.asarray(utc, "datetime64[s]")
    known = ~np.isnat(instants)
    quarters, where = np.unique(instants[known].astype(np.int64) // 900, return_inverse=True)
    offset_s = np.array([_offset_s(int(quarter) * 900, zone) for quarter in quarters], np.int64)
    local = instants.copy()
    local[known] += offset_s[where].astype("timedelta64[s]")
    return local


def _offset_s(epoch_s: int, zone: ZoneInfo) -> int:
    offset = datetime.fromtimestamp(epoch_s, zone).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


def time_interval(local: ArrayLike, grain: Grain) -> tuple[Times, Times]:
    """The interval around each time: its start and its end, which is the start of the next.

    local: ``datetime64``, any shape. Both results ``datetime64[s]``; NaT where the time is NaT.
    """
    times = np.asarray(local, "datetime64[s]")
    unknown = np.isnat(times)
    start, end = _interval(np.where(unknown, np.datetime64(0, "s"), times), grain)
    nowhen = np.datetime64("NaT", "s")
    return np.where(unknown, nowhen, start), np.where(unknown, nowhen, end)


def _interval(times: Times, grain: Grain) -> tuple[Times, Times]:
    if grain <= Grain.WEEK:
        first, length = _FIRST_OF[grain]
        start = first + (times - first) // length * length
        return start, start + length
    step = np.timedelta64(_MONTHS_IN[grain], "M")
    epoch = np.datetime64("1970-01")
    start = epoch + (times.astype("datetime64[M]") - epoch) // step * step
    return start.astype("datetime64[s]"), (start + step).astype("datetime64[s]")


def time_code(local: ArrayLike, grain: Grain) -> NDArray[np.str_]:
    """The published code of each time: text that sorts as the times do, "" where the time is NaT.

    ``2026-11-22T06/PT6H``, ``2026-W47``, ``2026-11``, ``2026-Q4``, ``2026``.
    """
    start, _ = time_interval(local, grain)
    distinct, where = np.unique(start, return_inverse=True)
    codes = np.array([_code_of(moment, grain) for moment in distinct.tolist()], str)
    return codes[where].reshape(start.shape)


def _code_of(start: datetime | None, grain: Grain) -> str:
    if start is None:
        return ""
    if grain == Grain.BAND:
        return f"{start:%Y-%m-%dT%H}/PT6H"
    if grain == Grain.WEEK:
        year, week, _ = start.isocalendar()
        return f"{year:04}-W{week:02}"
    if grain == Grain.QUARTER:
        return f"{start:%Y}-Q{(start.month + 2) // 3}"
    return f"{start:%Y-%m}" if grain == Grain.MONTH else f"{start:%Y}"


_CODES = {
    Grain.BAND: re.compile(r"(\d{4})-(\d\d)-(\d\d)T(00|06|12|18)/PT6H"),
    Grain.WEEK: re.compile(r"(\d{4})-W(\d\d)"),
    Grain.MONTH: re.compile(r"(\d{4})-(\d\d)"),
    Grain.QUARTER: re.compile(r"(\d{4})-Q([1-4])"),
    Grain.YEAR: re.compile(r"(\d{4})"),
}


def code_interval(code: str) -> tuple[np.datetime64, np.datetime64]:
    """The start and end of a published code, local: the inverse of :func:`time_code`.

    A window counts a record only when this interval lies wholly inside the window. Raises
    ValueError for text that is no code.
    """
    for grain, pattern in _CODES.items():
        if match := pattern.fullmatch(code):
            start, end = time_interval(_inside(grain, *map(int, match.groups())), grain)
            if time_code(start, grain).item() == code:  # week 53 of a short year is no code
                return np.datetime64(start.item(), "s"), np.datetime64(end.item(), "s")
    raise ValueError(f"got the period {code!r}; wanted one such as 2026-11-22T06/PT6H or 2026-W47")


def _inside(grain: Grain, year: int, part: int = 1, day: int = 1, hour: int = 0) -> np.datetime64:
    if grain == Grain.WEEK:
        return np.datetime64(date.fromisocalendar(year, part, 1), "s")
    month = 3 * part - 2 if grain == Grain.QUARTER else part
    return np.datetime64(datetime(year, month, day, hour), "s")  # noqa: DTZ001 - local by design
