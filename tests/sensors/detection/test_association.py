from dataclasses import replace

import numpy as np
import pytest

from sensors.detection import SensorArrays, detect
from tests.reference.acoustic_stream import PRESETS, make_stream, mark
from tests.sensors.detection import scenes

CITY = scenes.lattice()
HERE, THERE = np.array([830.0, 790.0]), np.array([400.0, 1300.0])


def found(*heard, sensors: SensorArrays = CITY):
    pulses = scenes.as_pulses(sensors, [pulse for part in heard for pulse in part])
    return detect(pulses, sensors, weather=scenes.WEATHER).events


def place(event):
    return np.array([event.x_m, event.y_m])


def away_m(event, source):
    return float(np.hypot(*(place(event) - source)))


def test_a_single_round_is_one_incident_at_its_place_and_time():
    direct = scenes.heard(CITY, HERE, [5.0])

    (event,) = found(direct)

    assert away_m(event, HERE) < 6.0
    assert event.t_ns == pytest.approx(scenes.NOON_NS + 5_000_000_000, abs=20_000_000)
    assert (event.n_shots, event.n_sensors) == (1, len(direct))


def test_a_burst_with_echoes_is_one_incident_with_all_its_rounds():
    direct = scenes.heard(CITY, HERE, [5.0, 5.5, 6.0, 6.5])

    (event,) = found(direct, scenes.echoes(direct))

    assert event.n_shots == 4
    assert np.diff(event.round_t_ns) == pytest.approx([5e8] * 3, abs=5e6)
    assert away_m(event, HERE) < 6.0


def test_echoes_of_one_round_on_direct_pulses_of_the_next_make_no_ghost():
    # every sensor echoes each round just as the next arrives from a place 170 m off
    direct = scenes.heard(CITY, HERE, [5.0, 5.5, 6.0], within_m=700.0)
    ghost = HERE + 120.0
    image = scenes.heard(CITY, ghost, [5.25, 5.75], within_m=450.0, seed=9)

    events = found(direct, [pulse for pulse in image if pulse[0] % 3 == 0], scenes.echoes(direct))

    assert len(events) == 1
    assert away_m(events[0], HERE) < 6.0


def test_rounds_four_seconds_apart_are_two_incidents_and_nearer_ones_are_one():
    apart = found(scenes.heard(CITY, HERE, [5.0, 9.5]))
    together = found(scenes.heard(CITY, HERE, [5.0, 8.5]))

    assert [event.n_shots for event in apart] == [1, 1]
    assert [event.n_shots for event in together] == [2]


def test_simultaneous_incidents_are_told_apart():
    events = found(
        scenes.heard(CITY, HERE, [5.0, 5.6]), scenes.heard(CITY, THERE, [5.2, 6.1], seed=4)
    )

    assert len(events) == 2
    by_place = sorted(events, key=lambda event: away_m(event, HERE))
    assert away_m(by_place[0], HERE) < 6.0
    assert away_m(by_place[1], THERE) < 6.0
    assert [event.n_shots for event in events] == [2, 2]


def test_silent_near_sensors_are_evidence_against_a_place():
    distance = np.hypot(CITY.x_m - HERE[0], CITY.y_m - HERE[1])
    nearest = np.argsort(distance)
    everyone = found(scenes.heard(CITY, HERE, [5.0], deaf=nearest[9:]))
    far_only = found(scenes.heard(CITY, HERE, [5.0], deaf=[*nearest[:8], *nearest[14:]]))

    assert len(everyone) == 1
    assert far_only == ()


def test_silence_of_a_sensor_out_of_service_is_no_evidence():
    distance = np.hypot(CITY.x_m - HERE[0], CITY.y_m - HERE[1])
    nearest = np.argsort(distance)
    out = np.ones(len(CITY), bool)
    out[nearest[:3]] = False
    told = SensorArrays(CITY.sensor_id, x_m=CITY.x_m, y_m=CITY.y_m, active=out)
    heard = scenes.heard(CITY, HERE, [5.0], deaf=[*nearest[:3], *nearest[12:]])

    weights = [found(heard, sensors=sensors)[0].weight for sensors in (CITY, told)]

    assert weights[1] > weights[0] + 3.0


def test_three_sensors_are_no_incident():
    nearest = np.argsort(np.hypot(CITY.x_m - HERE[0], CITY.y_m - HERE[1]))

    assert found(scenes.heard(CITY, HERE, [5.0], deaf=nearest[3:])) == ()


def test_a_late_first_arrival_is_set_aside_and_named():
    direct = scenes.heard(CITY, HERE, [5.0], path_sd_s=0.002)
    bent = [(k, t + (0.030 if k == direct[0][0] else 0.0)) for k, t in direct]

    (event,) = found(bent)

    outlier = event.sensor_id == CITY.sensor_id[direct[0][0]]
    assert event.sensor_used[outlier].tolist() == [False]
    assert event.sensor_residual_s[outlier] == pytest.approx([0.030], abs=0.008)


def test_a_string_of_crackers_is_one_incident():
    rng = np.random.default_rng(3)
    cracks = 5.0 + np.cumsum(rng.uniform(0.09, 0.2, 25))
    direct = scenes.heard(CITY, HERE, cracks, within_m=700.0)

    events = found(direct, scenes.echoes(direct, lags=1), scenes.noise(CITY, 60.0, 20.0))

    assert len(events) == 1
    assert abs(events[0].n_shots - 25) <= 2
    assert away_m(events[0], HERE) < 10.0


def test_noise_alone_is_nothing():
    assert found(scenes.noise(CITY, 240.0, 1800.0)) == ()


def test_a_storm_of_pulses_at_every_sensor_ends_and_is_next_to_nothing():
    # one a second and sensor, a hundred times the usual, as hail or a forger would send
    assert len(found(scenes.noise(CITY, 3600.0, 120.0))) <= 1
    assert len(found(scenes.noise(CITY, 36_000.0, 30.0))) <= 1


def test_evidence_points_back_at_the_pulses_it_rests_on():
    direct = scenes.heard(CITY, HERE, [5.0, 5.7])
    pulses = scenes.as_pulses(CITY, direct + scenes.noise(CITY, 200.0, 15.0))

    (event,) = detect(pulses, CITY, weather=scenes.WEATHER).events

    assert set(event.pulse_row) <= set(range(len(direct)))
    assert np.isin(pulses.sensor_id[event.pulse_row], event.sensor_id).all()
    assert np.bincount(event.pulse_round).tolist() == [len(direct) // 2] * 2
    assert np.abs(event.pulse_residual_s).max() < 0.03


@pytest.mark.parametrize(("preset", "least"), [("urban", 0.9), ("dense", 0.85)])
def test_it_holds_up_on_streams_made_elsewhere_from_the_error_model(preset, least):
    marks = []
    for seed in (11, 12):
        minutes = replace(PRESETS[preset], minutes=20.0)
        stream = make_stream(minutes, np.random.default_rng(seed))
        marks.append(
            mark(detect(stream.pulses, stream.sensors, weather=stream.weather), stream.truth)
        )

    assert sum(m.asked for m in marks) > 30
    assert min(m.f1 for m in marks) >= least
    assert max(m.median_m for m in marks) < 4.0
    assert np.mean([m.in_ellipse for m in marks]) > 0.8
