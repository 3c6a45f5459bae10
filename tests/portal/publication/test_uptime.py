"""What counts as listening: silence that chance does not make, faults, and time in service."""

from __future__ import annotations

import numpy as np

from portal.publication.uptime import Fault, Heard, Service, by_day, hours_listened

NO_FAULT = Fault(*(np.empty(0, np.int64) for _ in range(3)))
START = 24 * 20_000


def heard_in(counts: dict[int, list[int]]) -> Heard:
    """Pulses of each sensor, hour by hour from START; 0 has no row."""
    rows = [
        (sensor, START + i, n) for sensor, hours in counts.items() for i, n in enumerate(hours) if n
    ]
    return Heard(*np.array(rows, np.int64).reshape(-1, 3).T)


def in_service(*sensors: int, hours: int) -> Service:
    n = len(sensors)
    ids, starts = np.array(sensors), np.full(n, START)
    return Service(ids, np.zeros(n, np.int64), starts, starts + hours)


def listened(counts: dict[int, list[int]], fault: Fault = NO_FAULT) -> np.ndarray:
    hours = len(next(iter(counts.values())))
    _, did = hours_listened(
        heard_in(counts), in_service(*counts, hours=hours), fault, start=START, end=START + hours
    )
    return did


def test_a_quiet_hour_of_a_quiet_microphone_is_not_a_failure() -> None:
    assert listened({1: [2, 0, 0, 0, 1, 2]}).all()


def test_a_silence_longer_than_chance_makes_is_one() -> None:
    busy = listened({1: [9, 8, 0, 0, 9, 8]})
    quiet = listened({1: [2, 2, *[0] * 4, 2]})

    assert busy.tolist() == [[True, True, False, False, True, True]]
    assert quiet.tolist() == [[True, True, *[False] * 4, True]]


def test_a_microphone_that_never_spoke_did_not_listen() -> None:
    assert not listened({1: [5, 5, 5], 2: [0, 0, 0]})[1].any()


def test_a_silence_that_reaches_the_end_counts_too() -> None:
    assert listened({1: [9, 9, 0, 0]}).tolist() == [[True, True, False, False]]


def test_a_microphone_known_to_be_at_fault_did_not_listen() -> None:
    fault = Fault(np.array([1]), np.array([START + 1]), np.array([START + 3]))

    assert listened({1: [5, 5, 5, 5]}, fault).tolist() == [[True, False, False, True]]


def test_nobody_listens_before_he_is_in_service() -> None:
    service = Service(np.array([1]), np.array([0]), np.array([START + 2]), np.array([START + 3]))

    should, did = hours_listened(
        heard_in({1: [5, 5, 5, 5]}), service, NO_FAULT, start=START, end=START + 4
    )

    assert should.tolist() == did.tolist() == [[False, False, True, False]]


def test_a_stranger_s_pulses_are_nobody_s() -> None:
    should, did = hours_listened(
        heard_in({7: [5, 5]}), in_service(1, 9, hours=2), NO_FAULT, start=START, end=START + 2
    )

    assert should.all()
    assert not did.any()


def test_hours_add_up_to_days() -> None:
    hours = np.ones((3, 50), bool)
    hours[0, 24:] = False

    assert by_day(hours).tolist() == [72, 48, 4]
