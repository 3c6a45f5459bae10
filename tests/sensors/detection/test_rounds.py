"""Rounds of one place: found, counted again, weighed; and echoes told by the lag that recurs."""

import numpy as np
import pytest

from sensors.detection.evidence import Listener, Stream
from sensors.detection.hearing import recurring_per_s, stirred_per_s
from sensors.detection.rounds import find_rounds, match, recount, weigh_burst
from sensors.detection.search import delays_of
from sensors.detection.trials import try_seeds
from tests.sensors.detection import scenes

CITY = scenes.lattice()
XY = np.column_stack([CITY.x_m, CITY.y_m])
ALL = np.ones(len(XY), bool)
HERE = np.array([830.0, 790.0])
SHOTS = np.array([5.0, 5.4, 6.1, 6.3])


def listener(*heard_by, rate_per_s=0.02):
    pulses = sorted((t, k) for part in heard_by for k, t in part)
    t_s, sensor = np.array([t for t, _ in pulses]), np.array([k for _, k in pulses])
    rate = np.full(t_s.size, rate_per_s)
    stirred = stirred_per_s(t_s, sensor, rate)
    return Listener(Stream(t_s, sensor, rate, stirred, XY, ALL), slice(0, t_s.size), scenes.AIR)


def test_all_rounds_are_found_from_any_of_them():
    direct = scenes.heard(CITY, HERE, SHOTS)
    ears = listener(direct, scenes.echoes(direct))

    for begin in SHOTS:
        found = find_rounds(ears, HERE, begin)
        assert found.round_t_s == pytest.approx(SHOTS, abs=0.01)


def test_rounds_are_counted_again_and_followed_as_far_as_the_chain_goes():
    blows = 5.0 + 1.1 * np.arange(50)
    direct = scenes.heard(CITY, HERE, blows)
    ears = listener(direct)
    sensor = np.unique([k for k, _ in direct])

    again = recount(ears, HERE, blows[20:25], sensor, np.zeros(sensor.size))

    assert again == pytest.approx(blows, abs=0.01)


def test_a_burst_weighs_more_at_its_place_than_beside_it():
    ears = listener(scenes.heard(CITY, HERE, SHOTS))

    weights = [
        weigh_burst(ears, HERE + np.array([away, 0.0]), SHOTS) for away in (0.0, 40.0, 170.0)
    ]

    assert weights[0] > weights[1] + 10.0 > weights[2] + 20.0


def test_pulses_that_no_round_explains_count_against_a_place():
    direct = scenes.heard(CITY, HERE, SHOTS)
    before = [(k, t - lag) for k, t in direct for lag in (0.13, 0.21)]

    alone, crowded = (
        weigh_burst(listener(*parts), HERE, SHOTS) for parts in ([direct], [direct, before])
    )

    assert crowded < alone - 20.0


def test_a_lag_that_recurs_after_every_round_is_an_echo():
    echo, other = SHOTS + 0.27, np.array([5.6, 6.0, 6.2])
    emission = np.concatenate([echo, other])

    rate = recurring_per_s(emission, np.zeros(emission.size, int), SHOTS, np.array([4]))

    assert (rate[:4] > 20.0).all()
    assert (rate[4:] == 0.0).all()


def test_one_round_has_no_lag_to_recur():
    rate = recurring_per_s(np.array([5.3]), np.zeros(1, int), SHOTS[:1], np.array([1]))

    assert rate.tolist() == [0.0]


def test_what_is_explained_is_used_up_and_its_echoes_prove_nothing():
    direct = scenes.heard(CITY, HERE, SHOTS)
    echoes = scenes.echoes(direct)
    ears = listener(direct, echoes)
    sensor = np.unique([k for k, _ in direct])

    ears.explain(HERE, SHOTS, sensor, np.zeros(sensor.size))

    assert ears.free.sum() <= len(echoes)
    assert np.median(ears.rate_per_s[ears.free]) > 20.0


def test_a_seat_keeps_one_lateness_for_all_rounds():
    late = np.array([0.012, -0.008])
    emission = np.concatenate([SHOTS + late[0], SHOTS + late[1], [5.43]])
    seat = np.concatenate([np.zeros(4, int), np.ones(4, int), [0]])
    order = np.argsort(emission)

    pulse = match(emission[order], seat[order], SHOTS, 2, 0.010)

    assert emission[order][pulse[0]] == pytest.approx(SHOTS + late[0])
    assert emission[order][pulse[1]] == pytest.approx(SHOTS + late[1])


def test_a_trial_comes_within_metres_of_the_source_from_a_neighbouring_cell():
    ears = listener(scenes.heard(CITY, HERE, [5.0]))
    cells = delays_of(XY, ALL).cells
    cell = np.argsort(np.hypot(*(cells.xy_m - HERE).T))[:6]
    first = np.full(cell.size, int(np.argmin(ears.t_s)))

    trials = try_seeds(ears, cells, first, cell)

    assert np.hypot(*(trials.place - HERE).T).max() < 10.0
    assert trials.emission_s == pytest.approx(np.full(cell.size, 5.0), abs=0.02)
    assert (trials.score > 20.0).all()


def test_the_nearest_free_pulse_of_a_sensor_is_found_and_a_used_one_is_not():
    ears = listener([(3, 5.0), (3, 5.3), (4, 5.1)])
    ears.free[0] = False
    ears.explain(HERE + 9e4, np.array([0.0]))  # lays the free pulses out anew

    row, late = ears.nearest(np.array([3]), np.array([5.05]))

    assert ears.t_s[row] == pytest.approx([5.3])
    assert late == pytest.approx([0.25])
