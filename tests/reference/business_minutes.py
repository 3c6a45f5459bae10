"""The business calendar, the slow way: one minute after the other."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)


def is_working(
    instant: datetime,
    *,
    zone: ZoneInfo,
    holidays: frozenset[date],
    weekdays: frozenset[int],
    opens: time,
    closes: time,
) -> bool:
    """Whether the minute that starts at this instant is a working one, by the clock on the wall."""
    local = instant.astimezone(zone)
    return (
        local.weekday() in weekdays
        and local.date() not in holidays
        and opens <= local.time().replace(tzinfo=None) < closes
    )


def minutes_between(start: datetime, end: datetime, **calendar: object) -> int:
    """Working minutes in [start, end), both on full minutes."""
    count, at = 0, start.astimezone(UTC)
    while at < end:
        count += is_working(at, **calendar)  # type: ignore[arg-type]
        at += MINUTE
    return count


def after_minutes(start: datetime, minutes: int, **calendar: object) -> datetime:
    """The end of the last of so many working minutes from ``start`` on."""
    at = start.astimezone(UTC)
    while minutes:
        minutes -= is_working(at, **calendar)  # type: ignore[arg-type]
        at += MINUTE
    return at
