"""One source, one incident, however often and in how many pieces it was found."""

import numpy as np
import pytest

from sensors.detection import detect
from tests.sensors.detection import scenes

CITY = scenes.lattice()
HERE = np.array([830.0, 790.0])


def found(*heard):
    pulses = scenes.as_pulses(CITY, [pulse for part in heard for pulse in part])
    return detect(pulses, CITY, weather=scenes.WEATHER).events


def test_a_building_site_that_hammers_for_minutes_is_one_incident_from_its_first_blow():
    rng = np.random.default_rng(5)
    blows = 10.0 + np.cumsum(rng.normal(1.3, 0.05, 90))

    (event,) = found(scenes.heard(CITY, HERE, blows, within_m=600.0))

    assert event.n_shots == 90
    assert event.t_ns == pytest.approx(scenes.NOON_NS + blows[0] * 1e9, abs=2e7)
    assert np.hypot(event.x_m - HERE[0], event.y_m - HERE[1]) < 6.0


def test_a_pause_of_four_seconds_makes_two_of_it():
    blows = np.concatenate([np.arange(10.0, 40.0, 1.5), np.arange(46.0, 70.0, 1.5)])

    events = found(scenes.heard(CITY, HERE, blows, within_m=600.0))

    assert [event.n_shots for event in events] == [20, 16]


def test_two_shooters_120_m_apart_stay_two():
    events = found(
        scenes.heard(CITY, HERE, [5.0, 5.9, 6.4]),
        scenes.heard(CITY, HERE + np.array([120.0, 0.0]), [5.4, 6.1], seed=4),
    )

    assert sorted(event.n_shots for event in events) == [2, 3]


def test_rows_of_a_merged_incident_still_point_at_its_rounds():
    blows = 10.0 + 1.7 * np.arange(40)
    pulses = scenes.as_pulses(CITY, scenes.heard(CITY, HERE, blows, within_m=600.0))

    (event,) = detect(pulses, CITY, weather=scenes.WEATHER).events

    fired = event.round_t_ns[event.pulse_round]
    at = np.searchsorted(CITY.sensor_id, pulses.sensor_id[event.pulse_row])
    distance = np.hypot(CITY.x_m[at] - HERE[0], CITY.y_m[at] - HERE[1])
    travelled = (pulses.t_ns[event.pulse_row] - fired) / 1e9
    assert travelled == pytest.approx(distance / scenes.AIR.c_mps, abs=0.03)
