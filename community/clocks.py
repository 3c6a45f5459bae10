"""The business calendar: when an answer is due, and how long the city really had. Pure.

Every instant is an aware datetime; results are in UTC. A working day is a window of wall-clock time
in the city's zone, so a day on which the clocks change counts the hours that really passed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

# Working days in which a resident can expect an answer. A question is quick to answer; a report needs
# somebody to look; a complaint needs both sides heard. They are printed on the form, so a change here is
# a change of a public promise.
ANSWER_WITHIN_WORKING_DAYS: Final = {"question": 3, "report": 5, "praise": 10, "complaint": 10}

# A message that nobody looked at by then is counted without its words, so that none can be kept out of the
# public numbers by not looking at it.
REVIEW_WITHIN: Final = timedelta(days=60)
# What residents wrote, and the photos, are erased so long after the end.
ERASE_AFTER: Final = timedelta(days=30)

# A calendar of nothing but holidays would be searched for ever; nobody closes for longer than this.
_LONGEST_SEARCH_DAYS: Final = 3660


@dataclass(frozen=True)
class BusinessCalendar:
    """Working hours of the desk. ``weekdays`` as in ``date.weekday()``: Monday is 0."""

    zone: ZoneInfo
    holidays: frozenset[date] = frozenset()
    weekdays: frozenset[int] = frozenset(range(5))
    opens: time = time(8)
    closes: time = time(17)
    working_day: timedelta = field(init=False)

    def __post_init__(self) -> None:
        if not self.weekdays or self.opens >= self.closes:
            raise ValueError(
                f"got {len(self.weekdays)} weekdays from {self.opens} to {self.closes}; "
                "wanted at least one day that closes after it opens"
            )
        day = date(2001, 1, 1)
        length = datetime.combine(day, self.closes) - datetime.combine(day, self.opens)
        object.__setattr__(self, "working_day", length)

    def windows_from(self, instant: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The (start, end) of each working window that ends after ``instant``, in order, in UTC."""
        first = instant.astimezone(self.zone).date()
        for offset in range(_LONGEST_SEARCH_DAYS):
            day = first + timedelta(days=offset)
            if day.weekday() not in self.weekdays or day in self.holidays:
                continue
            start = datetime.combine(day, self.opens, self.zone).astimezone(UTC)
            end = datetime.combine(day, self.closes, self.zone).astimezone(UTC)
            if end > instant:
                yield start, end
        raise ValueError(f"got a calendar with no working day in {_LONGEST_SEARCH_DAYS} days")


def add_working_time(
    start: datetime, duration: timedelta, *, calendar: BusinessCalendar
) -> datetime:
    """The instant at which ``duration`` (>= 0) of working time has passed since ``start``.

    A duration that ends exactly at closing time is due at closing time, not at the next opening.
    A duration of nothing is due at ``start``, even outside working hours.
    """
    if duration < timedelta(0):
        raise ValueError(f"got a duration of {duration}; wanted 0 or more")
    moment, left = start.astimezone(UTC), duration
    if not left:
        return moment
    for opens, closes in calendar.windows_from(moment):
        moment = max(moment, opens)
        if moment + left <= closes:
            return moment + left
        left -= closes - moment
    raise AssertionError("windows_from never ends quietly")


def working_time_between(
    start: datetime, end: datetime, *, calendar: BusinessCalendar
) -> timedelta:
    """How much working time lies between two instants; zero when ``end`` is not after ``start``."""
    total = timedelta(0)
    if end <= start:
        return total
    for opens, closes in calendar.windows_from(start):
        if opens >= end:
            break
        total += min(closes, end) - max(opens, start)
    return total


def due_at(received_at: datetime, *, kind: str, calendar: BusinessCalendar) -> datetime:
    """When feedback of this kind is due. The clock starts at receipt, not when somebody first looks."""
    days = ANSWER_WITHIN_WORKING_DAYS[kind]
    return add_working_time(received_at, days * calendar.working_day, calendar=calendar)


def resumed_due_at(
    due: datetime, *, stopped_at: datetime, resumed_at: datetime, calendar: BusinessCalendar
) -> datetime:
    """The new due time after the clock stood still while the city waited for the resident.

    The working time that was left at the stop is left again at the resumption. What was already overdue
    when the clock stopped stays overdue by its old due time: asking a question does not mend lateness.
    """
    if stopped_at >= due:
        return due
    left = working_time_between(stopped_at, due, calendar=calendar)
    return add_working_time(max(resumed_at, stopped_at), left, calendar=calendar)
