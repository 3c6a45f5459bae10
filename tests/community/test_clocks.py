from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from community.clocks import (
    ANSWER_WITHIN_WORKING_DAYS,
    BusinessCalendar,
    add_working_time,
    due_at,
    resumed_due_at,
    working_time_between,
)
from tests.reference import business_minutes as reference

NEW_YORK = ZoneInfo("America/New_York")
CALENDAR = BusinessCalendar(NEW_YORK, holidays=frozenset({date(2026, 11, 26)}))


def local(text: str, zone: ZoneInfo = NEW_YORK) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


# Zones whose clocks change at 2 in the morning, at midnight, by half an hour, and never; and working
# hours that reach over the change.
calendars = st.builds(
    BusinessCalendar,
    zone=st.sampled_from(
        [NEW_YORK, ZoneInfo("Africa/Cairo"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("UTC")]
    ),
    holidays=st.frozensets(
        st.dates(min_value=date(2026, 3, 1), max_value=date(2026, 4, 30)), max_size=4
    ),
    weekdays=st.frozensets(st.integers(0, 6), min_size=2),
    opens=st.sampled_from([time(0), time(1, 30), time(8)]),
    closes=st.sampled_from([time(9, 30), time(17), time(23, 59)]),
)
# March and April: the clocks of three of the zones change.
minutes = st.integers(0, 60 * 24 * 40).map(
    lambda m: datetime(2026, 3, 1, tzinfo=UTC) + timedelta(minutes=m)
)


def parts(calendar: BusinessCalendar) -> dict[str, object]:
    return {
        "zone": calendar.zone,
        "holidays": calendar.holidays,
        "weekdays": calendar.weekdays,
        "opens": calendar.opens,
        "closes": calendar.closes,
    }


@settings(max_examples=60, deadline=None)
@given(calendars, minutes, st.integers(0, 60 * 24 * 6))
def test_time_between_equals_counting_minute_by_minute(
    calendar: BusinessCalendar, start: datetime, length: int
) -> None:
    end = start + timedelta(minutes=length)

    counted = reference.minutes_between(start, end, **parts(calendar))
    assert working_time_between(start, end, calendar=calendar) == timedelta(minutes=counted)


@settings(max_examples=60, deadline=None)
@given(calendars, minutes, st.integers(1, 60 * 20))
def test_adding_time_equals_counting_minute_by_minute(
    calendar: BusinessCalendar, start: datetime, length: int
) -> None:
    end = add_working_time(start, timedelta(minutes=length), calendar=calendar)

    assert end == reference.after_minutes(start, length, **parts(calendar))


@settings(max_examples=200, deadline=None)
@given(calendars, minutes, st.integers(0, 60 * 60))
def test_what_is_added_is_what_lies_between(
    calendar: BusinessCalendar, start: datetime, length: int
) -> None:
    duration = timedelta(minutes=length)

    end = add_working_time(start, duration, calendar=calendar)
    assert working_time_between(start, end, calendar=calendar) == duration


def test_a_hand_checked_example_over_thanksgiving() -> None:
    # Wednesday 16:00, one day of nine hours: one hour today, Thursday is off, eight hours on Friday.
    due = add_working_time(local("2026-11-25T16:00"), timedelta(hours=9), calendar=CALENDAR)

    assert due == local("2026-11-27T16:00")


def test_what_comes_at_night_starts_in_the_morning() -> None:
    due = add_working_time(local("2026-11-16T23:00"), timedelta(hours=1), calendar=CALENDAR)

    assert due == local("2026-11-17T09:00")


def test_a_full_day_is_due_at_closing_time_and_not_next_morning() -> None:
    due = add_working_time(local("2026-11-16T08:00"), timedelta(hours=9), calendar=CALENDAR)

    assert due == local("2026-11-16T17:00")


@pytest.mark.parametrize(("kind", "days"), sorted(ANSWER_WITHIN_WORKING_DAYS.items()))
def test_each_kind_is_due_after_its_working_days(kind: str, days: int) -> None:
    received = local("2026-06-01T10:00")  # a Monday in a month without holidays

    due = due_at(received, kind=kind, calendar=CALENDAR)
    assert working_time_between(received, due, calendar=CALENDAR) == timedelta(hours=9) * days
    assert due.astimezone(NEW_YORK).time() == time(10)


def test_the_clock_stands_still_while_the_city_waits() -> None:
    due, stopped = local("2026-11-18T12:00"), local("2026-11-17T12:00")
    resumed = local("2026-11-23T12:00")

    again = resumed_due_at(due, stopped_at=stopped, resumed_at=resumed, calendar=CALENDAR)
    assert again == local("2026-11-24T12:00")


def test_asking_a_question_does_not_mend_lateness() -> None:
    due = local("2026-11-16T12:00")

    again = resumed_due_at(
        due,
        stopped_at=local("2026-11-17T12:00"),
        resumed_at=local("2026-11-20T12:00"),
        calendar=CALENDAR,
    )
    assert again == due


@settings(max_examples=100, deadline=None)
@given(calendars, minutes, st.integers(1, 3000), st.integers(0, 9000), st.integers(0, 20000))
def test_stopping_and_resuming_keeps_the_time_that_was_left(
    calendar: BusinessCalendar, start: datetime, length: int, until_stop: int, stood: int
) -> None:
    due = add_working_time(start, timedelta(minutes=length), calendar=calendar)
    stopped = start + timedelta(minutes=until_stop)
    resumed = stopped + timedelta(minutes=stood)

    again = resumed_due_at(due, stopped_at=stopped, resumed_at=resumed, calendar=calendar)
    left = working_time_between(stopped, due, calendar=calendar)
    if stopped < due:
        assert working_time_between(resumed, again, calendar=calendar) == left
        assert again >= due
    else:
        assert again == due


def test_impossible_calendars_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one day"):
        BusinessCalendar(NEW_YORK, weekdays=frozenset())
    with pytest.raises(ValueError, match="closes after it opens"):
        BusinessCalendar(NEW_YORK, opens=time(9), closes=time(9))
    with pytest.raises(ValueError, match="0 or more"):
        add_working_time(local("2026-11-16T08:00"), timedelta(-1), calendar=CALENDAR)


def test_a_calendar_of_holidays_ends_in_an_error_and_not_in_a_search_for_ever() -> None:
    start = date(2026, 1, 1)
    always = frozenset(start + timedelta(days=i) for i in range(4000))
    closed = BusinessCalendar(NEW_YORK, holidays=always)

    with pytest.raises(ValueError, match="no working day"):
        add_working_time(local("2026-01-01T08:00"), timedelta(hours=1), calendar=closed)
