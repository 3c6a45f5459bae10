"""Columns of dates, against the standard library one value at a time."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.importers.dates import (
    DateFormat,
    DateFormatError,
    instant_texts,
    parse_instants,
    to_utc,
)

ZONES = ["America/Chicago", "America/Denver", "Europe/Dublin", "Australia/Lord_Howe", "UTC"]
FORMATS = [
    "%m/%d/%Y %I:%M:%S %p",
    "%Y-%m-%dT%H:%M:%S.%fZ",
    "%d.%m.%Y %H:%M",
    "%m/%d/%y %H:%M",
    "%Y%m%d%H%M%S",
    "%d %b %Y %H:%M:%S",
    "%B %d, %Y %I:%M %p",
    "%Y/%m/%d %H:%M:%S%z",
]


def parse(text: str, form: str, zone: str = "UTC") -> dt.datetime | None:
    us, ok = parse_instants([text], formats=[DateFormat(form)], zone=zone)
    return dt.datetime.fromtimestamp(us[0] / 1e6, dt.UTC) if ok[0] else None


@settings(max_examples=60, deadline=None)
@given(
    instants=st.lists(
        st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(2060, 1, 1)), min_size=1, max_size=20
    ),
    form=st.sampled_from(FORMATS),
    zone=st.sampled_from(ZONES),
)
def test_it_reads_what_strptime_reads(instants: list[dt.datetime], form: str, zone: str) -> None:
    texts = [instant.replace(tzinfo=ZoneInfo(zone)).strftime(form) for instant in instants]

    us, ok = parse_instants(texts, formats=[DateFormat(form)], zone=zone)

    expected = []
    for text in texts:
        value = dt.datetime.strptime(text, form)
        value = value if value.tzinfo else value.replace(tzinfo=ZoneInfo(zone))
        expected.append(
            round((value - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) / dt.timedelta(microseconds=1))
        )
    assert ok.all()
    assert us.tolist() == expected


@pytest.mark.parametrize("zone", ZONES)
def test_hours_that_are_missing_or_come_twice_are_read_as_python_does(zone: str) -> None:
    start = dt.datetime(2018, 1, 1)
    walls = [start + dt.timedelta(minutes=30 * n) for n in range(2 * 24 * 366)]

    us = to_utc(
        np.array([(w - dt.datetime(1970, 1, 1)) // dt.timedelta(microseconds=1) for w in walls]),
        zone=zone,
    )

    expected = [round(w.replace(tzinfo=ZoneInfo(zone)).timestamp()) * 1_000_000 for w in walls]
    assert us.tolist() == expected


def test_numbers_need_no_leading_zero() -> None:
    assert parse("6/5/2016 9:05:00 PM", "%m/%d/%Y %I:%M:%S %p") == dt.datetime(
        2016, 6, 5, 21, 5, tzinfo=dt.UTC
    )


def test_noon_and_midnight_of_a_twelve_hour_clock() -> None:
    form = "%m/%d/%Y %I:%M %p"

    assert parse("01/01/2016 12:00 AM", form) == dt.datetime(2016, 1, 1, tzinfo=dt.UTC)
    assert parse("01/01/2016 12:00 PM", form) == dt.datetime(2016, 1, 1, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "text",
    [
        "02/30/2016 01:00:00 PM", "13/01/2016 01:00:00 PM", "00/01/2016 01:00:00 PM",
        "01/01/2016 13:00:00 PM", "01/01/2016 00:00:00 AM", "01/01/2016 01:60:00 PM",
        "01/01/2016 01:00:00 XM", "01/01/2016 01:00:00 PM ", "01/01/2016", "", "x" * 10_000,
        "01/01/1776 01:00:00 PM", "01-01-2016 01:00:00 PM", "01/01/2016 01:00:00 PMM",
        "٠١/01/2016 01:00:00 PM",
    ],
)  # fmt: skip
def test_it_refuses_what_is_no_such_instant(text: str) -> None:
    assert parse(text, "%m/%d/%Y %I:%M:%S %p") is None


def test_the_first_format_that_fits_decides() -> None:
    formats = [DateFormat("%d/%m/%Y"), DateFormat("%m/%d/%Y")]

    us, ok = parse_instants(
        ["03/04/2016", "03/25/2016", "2016-03-04T05:06:07"], formats=formats, zone="UTC"
    )

    assert ok.all()
    assert instant_texts(us) == [
        "2016-04-03T00:00:00",
        "2016-03-25T00:00:00",
        "2016-03-04T05:06:07",
    ]


def test_a_z_that_lies_can_be_told_so() -> None:
    form = DateFormat("%Y-%m-%dT%H:%M:%S.000Z", zone="America/New_York")

    us, _ = parse_instants(["2019-03-05T21:40:47.000Z"], formats=[form], zone="UTC")

    assert instant_texts(us) == ["2019-03-06T02:40:47"]


@pytest.mark.parametrize("offset", ["+02:00", "+0200", "+02"])
def test_offsets_are_subtracted(offset: str) -> None:
    assert parse(f"2024/02/20 11:08:25{offset}", "%Y/%m/%d %H:%M:%S%z") == dt.datetime(
        2024, 2, 20, 9, 8, 25, tzinfo=dt.UTC
    )


def test_fractions_of_a_second_are_kept_to_the_microsecond() -> None:
    us, _ = parse_instants(["2024-01-01T00:00:00.1234567Z"], formats=[], zone="UTC")

    assert instant_texts(us) == ["2024-01-01T00:00:00.123456"]


@pytest.mark.parametrize("form", ["%Y-%m", "%Q", "%I:%M %d/%m/%Y", "%H:%M"])
def test_it_refuses_a_format_that_names_no_instant(form: str) -> None:
    with pytest.raises(DateFormatError, match="got"):
        DateFormat(form)


def test_an_empty_column_is_an_empty_column() -> None:
    us, ok = parse_instants([], formats=[DateFormat("%Y%m%d")], zone="UTC")

    assert us.shape == ok.shape == (0,)
