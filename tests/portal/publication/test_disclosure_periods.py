from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.publication.disclosure import (
    Grain,
    code_interval,
    local_times,
    time_code,
    time_interval,
)
from tests.reference import disclosure as reference

moments = st.datetimes(datetime(1960, 1, 1), datetime(2060, 1, 1)).map(
    lambda moment: moment.replace(microsecond=0)
)
CHICAGO = ZoneInfo("America/Chicago")


def times(*texts):
    return np.array(texts, "datetime64[s]")


@given(st.lists(moments, min_size=1), st.sampled_from(Grain))
def test_codes_are_those_of_the_slow_implementation(moments, grain):
    codes = time_code(np.array(moments, "datetime64[s]"), grain)

    assert codes.tolist() == [reference.time_code(m, grain.name.lower()) for m in moments]


@given(st.lists(moments, min_size=2), st.sampled_from(Grain))
def test_codes_sort_as_the_times_do(moments, grain):
    in_order = np.sort(np.array(moments, "datetime64[s]"))

    codes = time_code(in_order, grain).tolist()

    assert codes == sorted(codes)


@given(moments, st.sampled_from(Grain))
def test_a_code_gives_back_its_interval(moment, grain):
    local = np.datetime64(moment, "s")
    start, end = time_interval(local, grain)

    assert code_interval(time_code(local, grain).item()) == (start, end)
    assert start <= local < end
    assert time_code(end, grain) != time_code(local, grain) == time_code(start, grain)


def test_the_codes_look_as_documented():
    moment = times("2026-11-22T11:59:59")

    assert [time_code(moment, grain).item() for grain in Grain] == [
        "2026-11-22T06/PT6H",
        "2026-W47",
        "2026-11",
        "2026-Q4",
        "2026",
    ]


def test_an_iso_week_belongs_to_the_year_of_its_thursday():
    codes = time_code(times("2021-01-03T23:59", "2020-12-31", "2024-12-30"), Grain.WEEK)

    assert codes.tolist() == ["2020-W53", "2020-W53", "2025-W01"]


@pytest.mark.parametrize("grain", Grain)
def test_an_unknown_time_has_no_code(grain):
    assert time_code(times("NaT", "2026-01-01"), grain)[0] == ""
    assert np.isnat(time_interval(times("NaT"), grain)).all()


@pytest.mark.parametrize(
    "text", ["2026-W60", "2025-W53", "2026-13", "2026-11-31T06/PT6H", "2026-11-22T07/PT6H", "", "x"]
)
def test_text_that_is_no_code_is_refused(text):
    with pytest.raises(ValueError):
        code_interval(text)


@given(
    st.lists(st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1)), max_size=20),
    st.sampled_from(["America/Chicago", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"]),
)
def test_local_times_are_those_of_the_standard_library(moments, name):
    zone = ZoneInfo(name)
    moments = [moment.replace(microsecond=0) for moment in moments]

    local = local_times(np.array(moments, "datetime64[s]"), zone=zone)

    assert local.tolist() == [
        m.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None) for m in moments
    ]


def test_the_hour_that_comes_twice_lies_whole_in_one_band():
    start = datetime(2026, 11, 1, 5)  # 00:00 in Chicago, summer time ends that night
    seven_hours = [start + timedelta(minutes=m) for m in range(0, 7 * 60, 10)]

    local = local_times(np.array(seven_hours, "datetime64[s]"), zone=CHICAGO)

    assert set(time_code(local, Grain.BAND).tolist()) == {"2026-11-01T00/PT6H"}


def test_local_times_keep_unknown_times_unknown():
    assert np.isnat(local_times(times("NaT"), zone=CHICAGO)).all()
