"""Which found event is which known one."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from sensors.matching import Sighting, match
from tests.reference.event_matching import match_slowly

PULSES = [("MIC", str(number)) for number in range(12)]

sightings = st.builds(
    Sighting,
    t_ns=st.integers(0, 1_500).map(lambda ms: 1_773_527_000_000_000_000 + ms * 1_000_000),
    x_m=st.integers(0, 300).map(float),
    y_m=st.integers(0, 300).map(float),
    pulses=st.frozensets(st.sampled_from(PULSES), max_size=8),
)


def seen(*pulses: int, t_s: float = 0.0, x_m: float = 0.0) -> Sighting:
    return Sighting(int(t_s * 1e9), x_m, 0.0, frozenset(PULSES[number] for number in pulses))


@given(st.lists(sightings, max_size=6), st.lists(sightings, max_size=6))
def test_it_pairs_as_the_slow_way_does(found: list[Sighting], known: list[Sighting]) -> None:
    assert match(found, known) == match_slowly(found, known)


@given(st.lists(sightings, max_size=6, unique=True))
def test_unchanged_events_are_themselves_in_whatever_order(known: list[Sighting]) -> None:
    shuffled = random.Random(3).sample(known, len(known))
    pairs = match(shuffled, known)

    assert sorted(j for j in pairs if j is not None) == list(range(len(known)))


def test_shared_pulses_outweigh_distance() -> None:
    known = [seen(0, 1, 2, 3, t_s=3.0, x_m=2_000.0), seen(8, 9, 10, 11)]

    assert match([seen(0, 1, 2, 3, 4)], known) == [0]


def test_a_near_event_is_the_same_though_it_shares_nothing() -> None:
    assert match([seen(0, 1, t_s=0.4, x_m=140.0)], [seen(8, 9)]) == [0]


def test_a_far_event_that_shares_a_pulse_or_two_is_another() -> None:
    assert match([seen(0, 1, x_m=160.0)], [seen(0, 1, 2, 3)]) == [None]


def test_a_known_event_is_given_once() -> None:
    assert match([seen(0, 1, 2), seen(0, 1, 2, 3)], [seen(0, 1, 2, 3)]) == [None, 0]


def test_nothing_matches_nothing() -> None:
    assert match([], []) == []
    assert match([seen(0)], []) == [None]
    assert match([], [seen(0)]) == []
