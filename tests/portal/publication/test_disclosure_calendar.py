from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.publication.disclosure import Grain, Rules, Tier, is_due, release_at, time_code
from tests.reference import disclosure as reference

moments = st.datetimes(datetime(2015, 1, 1), datetime(2035, 1, 1)).map(
    lambda moment: moment.replace(microsecond=0)
)


def times(*texts):
    return np.array(texts, "datetime64[s]")


@given(st.lists(st.tuples(moments, st.sampled_from(Tier), st.none() | moments), min_size=1))
def test_release_days_are_those_of_the_slow_implementation(records):
    occurred, tiers, known = zip(*records, strict=True)

    found = release_at(
        np.array(occurred, "datetime64[s]"),
        [int(tier) for tier in tiers],
        known_at=np.array(known, "datetime64[s]"),
    )

    assert found.tolist() == [
        reference.release_at(moment, tier.label, known_at)
        for moment, tier, known_at in zip(occurred, tiers, known, strict=True)
    ]


def test_release_days_by_hand():
    wednesday_evening = times("2026-11-18T21:30")

    assert release_at(wednesday_evening, [Tier.LOW_PUBLIC]).item() == datetime(2026, 11, 21, 6)
    assert release_at(wednesday_evening, [Tier.LOW_DWELLING]).item() == datetime(2026, 11, 25, 6)
    assert release_at(wednesday_evening, [Tier.PERSON]).item() == datetime(2026, 11, 30, 6)
    assert release_at(wednesday_evening, [Tier.SENSITIVE]).item() == datetime(2027, 2, 15, 6)
    assert release_at(wednesday_evening, [Tier.NEVER]).item() is None


@given(moments, moments, st.sampled_from([Tier.LOW_PUBLIC, Tier.LOW_DWELLING, Tier.PERSON]))
def test_all_records_of_one_code_come_due_in_one_release(one, other, tier):
    grain = Grain.BAND if tier == Tier.LOW_PUBLIC else Grain.WEEK
    both = np.array([one, other], "datetime64[s]")

    code, release = time_code(both, grain), release_at(both, [tier, tier])

    if code[0] == code[1]:
        assert release[0] == release[1]
    else:
        assert (code[0] < code[1]) == (both[0] < both[1])


@given(moments, st.sampled_from([t for t in Tier if t != Tier.NEVER]))
def test_nothing_appears_before_its_delay(moment, tier):
    least_h = {0: 48, 1: 48, 2: 7 * 24, 3: 45 * 24}[tier]

    release = release_at(np.array([moment], "datetime64[s]"), [tier])[0]

    assert release - np.datetime64(moment, "s") >= np.timedelta64(least_h, "h")


def test_a_release_at_another_hour_holds_what_the_last_regular_one_could_hold():
    occurred, tier = times("2026-11-18T21:30"), [Tier.LOW_PUBLIC]

    def due_at(text):
        return is_due(occurred, tier, as_of=np.datetime64(text, "s")).item()

    assert [due_at("2026-11-21T05:59"), due_at("2026-11-21T06:00")] == [False, True]


def test_an_unknown_time_is_never_due():
    assert not is_due(times("NaT"), [Tier.LOW_PUBLIC], as_of=np.datetime64("2100-01-01", "s")).any()


def test_a_city_can_wait_longer():
    slow = Rules(low_delay_h=96, low_public_grain=Grain.WEEK)

    release = release_at(times("2026-11-18T21:30"), [Tier.LOW_PUBLIC], rules=slow)

    assert release.item() == datetime(2026, 11, 27, 6)


@pytest.mark.parametrize("tier", Tier)
def test_no_records_are_no_error(tier):
    assert release_at(times(), np.full(0, tier)).size == 0
