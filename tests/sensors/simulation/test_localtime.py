import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensors.simulation.localtime import instant_seconds, wall_seconds, wall_text

ZONE = "America/Chicago"


@given(st.lists(st.integers(1_500_000_000, 1_900_000_000), min_size=1, max_size=20))
def test_wall_clock_agrees_with_the_standard_library(instants):
    expected = [
        dt.datetime.fromtimestamp(t, ZoneInfo(ZONE)).replace(tzinfo=dt.UTC).timestamp()
        for t in instants
    ]

    assert wall_seconds(instants, zone=ZONE).tolist() == expected


@given(st.integers(1_500_000_000, 1_900_000_000))
def test_there_and_back_is_the_same_wall_time(instant):
    wall = wall_seconds(instant, zone=ZONE)

    assert wall_seconds(instant_seconds(wall, zone=ZONE), zone=ZONE) == wall


@pytest.mark.parametrize(
    ("wall", "instant"),
    [
        ("2026-11-01T01:30", "2026-11-01T06:30"),  # occurs twice: the earlier
        ("2026-03-08T02:30", "2026-03-08T08:30"),  # does not exist: an hour later
        ("2026-07-04T21:00", "2026-07-05T02:00"),
        ("2026-12-31T23:00", "2027-01-01T05:00"),
    ],
)
def test_the_hours_at_which_clocks_change(wall, instant):
    seconds = int(np.datetime64(wall, "s").astype(int))

    assert int(instant_seconds(seconds, zone=ZONE)) == int(np.datetime64(instant, "s").astype(int))


def test_wall_text_is_what_a_records_system_prints():
    seconds = np.datetime64("2026-07-04T21:35:20", "s").astype(int)

    assert wall_text([seconds, seconds]).tolist() == ["07/04/2026 21:35"] * 2
    assert wall_text([]).tolist() == []
