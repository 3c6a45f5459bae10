import datetime as dt

import numpy as np
import pytest

from sensors.simulation.acoustic import (
    covered_beats,
    hear,
    place_sensors,
    pulse_messages,
    street_noise,
)
from sensors.simulation.gunfire import LoudEvents, loud_events
from sensors.simulation.pulses import between, joined
from sensors.simulation.sound import CLIP_DB, PATH_SD_S, SHOT_SD_S, direct_share
from sensors.simulation.weather import weather_at

UNTIL = dt.datetime(2026, 11, 1, 6, tzinfo=dt.UTC)
HOUR_NS = 3_600_000_000_000
# Pittsburgh live fire, own evaluation: share of direct pulses between these distances (m).
STATED = [(0, 150, 1.00), (150, 300, 0.95), (300, 450, 0.77), (450, 600, 0.72), (600, 800, 0.59),
          (800, 1000, 0.34)]  # fmt: skip


@pytest.fixture(scope="module")
def sensors(full_city):
    return place_sensors(full_city)


def shots_at(x, y, *, t_ns=1_780_000_000_000_000_000, rounds=1, loudness_db=0.0, kind="gunfire"):
    """Events at the given places, one a minute, each with some rounds a second apart."""
    n = len(x)
    first = t_ns + 60_000_000_000 * np.arange(n, dtype=np.int64)
    return LoudEvents(
        event_id=np.array([f"T{i}" for i in range(n)]),
        kind=np.full(n, kind),
        x=np.asarray(x, float),
        y=np.asarray(y, float),
        address=np.zeros(n, dtype=np.intp),
        t_ns=first,
        rounds_t_ns=tuple(t + 1_000_000_000 * np.arange(rounds, dtype=np.int64) for t in first),
        loudness_db=np.full(n, loudness_db),
        is_confirmed=np.ones(n, dtype=bool),
    )


@pytest.fixture(scope="module")
def volley(full_city, sensors):
    """Five hundred single shots spread over the covered beats, with what was heard of them."""
    a = full_city.addresses
    covered = np.isin(full_city.address_beat, covered_beats(full_city, sensors=300))
    door = np.random.default_rng(3).choice(np.flatnonzero(covered), 500, replace=False)
    events = shots_at(a.x[door], a.y[door])
    pulses, truth = hear(full_city, sensors, events, rng=np.random.default_rng(4))
    return events, pulses, truth


def distances(events, sensors):
    """Metres from each event to each sensor, from 1.5 m above the street."""
    east = sensors.x[None, :] - events.x[:, None]
    north = sensors.y[None, :] - events.y[:, None]
    return np.sqrt(east**2 + north**2 + (sensors.z_m - 1.5) ** 2)


def test_about_300_sensors_stand_7_to_12_to_the_square_kilometre(full_city, sensors):
    beats = [full_city.beats[b] for b in covered_beats(full_city, sensors=300)]
    area_km2 = sum(beat.polygon.area for beat in beats) / 1e6

    assert 270 <= len(sensors.serial) <= 330
    assert 7.0 < len(sensors.serial) / area_km2 < 12.0
    assert len(set(sensors.serial)) == len(sensors.serial)
    assert sensors.z_m.min() >= 5.0


def test_sensors_are_spread_evenly_and_stand_in_the_busier_beats(full_city, sensors):
    gap = distances(shots_at(sensors.x, sensors.y), sensors)
    np.fill_diagonal(gap, np.inf)
    covered = covered_beats(full_city, sensors=300)
    people = np.bincount(full_city.address_beat) / [b.polygon.area for b in full_city.beats]

    assert np.percentile(gap.min(axis=1), 5) > 150.0
    assert np.percentile(gap.min(axis=1), 95) < 450.0
    assert people[covered].mean() > 1.2 * np.delete(people, covered).mean()


def test_direct_pulses_are_heard_as_often_as_was_measured_at_each_distance(sensors, volley):
    events, pulses, truth = volley
    distance = distances(events, sensors)
    heard = np.zeros_like(distance, dtype=bool)
    direct = truth.echo == 0
    heard[truth.event[direct], pulses.sensor[direct]] = True

    for low, high, share in STATED:
        within = (distance >= low) & (distance < high)
        assert np.mean(heard[within]) == pytest.approx(share, abs=0.03)
        assert direct_share(np.array([(low + high) / 2.0])) == share
    assert not heard[distance > 1_600.0].any()


def test_a_sensor_that_heard_one_round_hears_the_next(full_city, sensors):
    """In the live-fire set 97 % do, at every distance: whether sound gets through belongs to the path."""
    a = full_city.addresses
    events = shots_at(a.x[:20_000:100], a.y[:20_000:100], rounds=2)
    pulses, truth = hear(full_city, sensors, events, rng=np.random.default_rng(12))
    within = distances(events, sensors)[truth.event, pulses.sensor] < 1_000.0
    direct = (truth.echo == 0) & within
    key = truth.event[direct] * 10_000 + pulses.sensor[direct]
    _, rounds_heard = np.unique(key, return_counts=True)

    assert 2 * np.sum(rounds_heard == 2) / direct.sum() > 0.9


def flight_times(city, sensors, events, pulses, truth):
    """Seconds that sound takes in the true weather, straight from each event to each pulse's sensor."""
    event, s = truth.event, pulses.sensor
    hours = [weather_at(city.seed, int(t)) for t in events.t_ns]
    speed = np.array([w.sound_speed_m_s for w in hours])[event]
    wind_east = np.array([w.wind_east_m_s for w in hours])[event]
    wind_north = np.array([w.wind_north_m_s for w in hours])[event]
    east, north = sensors.x[s] - events.x[event], sensors.y[s] - events.y[event]
    d = np.sqrt(east**2 + north**2 + (sensors.z_m[s] - 1.5) ** 2)
    return d / (speed + (wind_east * east + wind_north * north) / d)


def test_no_pulse_comes_before_its_sound_can(full_city, sensors, volley):
    events, pulses, truth = volley
    since = (pulses.t_ns - events.t_ns[truth.event]) / 1e9
    flight = flight_times(full_city, sensors, events, pulses, truth)

    assert (since >= flight - 5 * SHOT_SD_S).all()
    assert flight.min() > 0.0


def test_the_path_error_has_the_stated_spread_and_stays_from_shot_to_shot(full_city, sensors):
    a = full_city.addresses
    events = shots_at(a.x[:12_000:100], a.y[:12_000:100], rounds=8)
    pulses, truth = hear(full_city, sensors, events, rng=np.random.default_rng(5))
    emitted = events.t_ns[truth.event] + 1_000_000_000 * truth.round
    late = (pulses.t_ns - emitted) / 1e9 - flight_times(full_city, sensors, events, pulses, truth)
    direct = truth.echo == 0

    key, late = (truth.event * 10_000 + pulses.sensor)[direct], late[direct]
    _, path, count = np.unique(key, return_inverse=True, return_counts=True)
    mean = np.bincount(path, weights=late) / count
    within = np.sqrt(np.bincount(path, weights=(late - mean[path]) ** 2).sum() / (count - 1).sum())
    assert np.std(mean[count >= 6]) == pytest.approx(PATH_SD_S, rel=0.1)
    assert within == pytest.approx(SHOT_SD_S, rel=0.05)


def test_the_same_place_and_sensor_have_the_same_path_and_echoes_another_day(full_city, sensors):
    a = full_city.addresses
    events = shots_at(a.x[:3_000:100], a.y[:3_000:100])
    seen = []
    for seed in (1, 2):
        pulses, truth = hear(full_city, sensors, events, rng=np.random.default_rng(seed))
        keys = zip(truth.event.tolist(), truth.echo.tolist(), pulses.sensor.tolist(), strict=True)
        seen.append(dict(zip(keys, pulses.t_ns.tolist(), strict=True)))
    both = seen[0].keys() & seen[1].keys()

    assert len(both) > 300
    assert max(abs(seen[0][key] - seen[1][key]) for key in both) < 1e9 * 8 * SHOT_SD_S
    assert len(both) < len(seen[0])


def test_echo_delays_have_the_measured_quartiles(full_city, sensors, volley):
    events, pulses, truth = volley
    since = pulses.t_ns - events.t_ns[truth.event]
    key = truth.event * 10_000 + pulses.sensor
    # the long tail of echoes, numbered from 5, comes after what was measured
    direct, echo = np.flatnonzero(truth.echo == 0), np.flatnonzero(np.isin(truth.echo, range(1, 5)))
    order = direct[np.argsort(key[direct])]
    at = np.searchsorted(key[order], key[echo])
    has_direct = (at < len(order)) & (key[order[np.minimum(at, len(order) - 1)]] == key[echo])
    delay_ms = (since[echo[has_direct]] - since[order[at[has_direct]]]) / 1e6

    assert np.percentile(delay_ms, [25, 75]) == pytest.approx([184.0, 437.0], rel=0.06)
    assert np.sum(delay_ms < 600.0) / len(direct) == pytest.approx(0.78, abs=0.05)


def test_first_arrivals_are_late_as_often_as_was_measured(sensors, volley):
    events, pulses, truth = volley
    distance = distances(events, sensors)[truth.event, pulses.sensor]
    key = truth.event * 10_000 + pulses.sensor
    is_late = ~np.isin(key, key[truth.echo == 0])

    for low, high, share in ((0, 300, 0.002), (300, 600, 0.038), (600, 1000, 0.087)):
        mine = (distance >= low) & (distance < high)
        late = np.unique(key[mine & is_late]).size / np.unique(key[mine]).size
        assert late == pytest.approx(share, abs=0.015)


def test_level_falls_with_distance_and_clips(sensors, volley):
    events, pulses, truth = volley
    distance = distances(events, sensors)[truth.event, pulses.sensor]
    direct = truth.echo == 0
    near, far = direct & (distance < 110.0), direct & (np.abs(distance - 600.0) < 60.0)

    assert np.median(pulses.peak_db[near]) > 90.0
    assert np.mean(pulses.peak_db[far]) == pytest.approx(80.0, abs=2.0)
    assert np.std(pulses.peak_db[far]) == pytest.approx(9.0, abs=1.5)
    assert pulses.peak_db.max() <= CLIP_DB
    assert np.median(pulses.peak_db[truth.echo > 0]) < np.median(pulses.peak_db[direct])


def test_a_louder_source_is_heard_farther_and_a_firework_sounds_duller(full_city, sensors):
    a = full_city.addresses
    common = shots_at(a.x[:6_000:100], a.y[:6_000:100])
    loud = shots_at(common.x, common.y, loudness_db=6.0)
    firework = shots_at(common.x, common.y, kind="firework")
    few, many, dull = (
        hear(full_city, sensors, events, rng=np.random.default_rng(6))[0]
        for events in (common, loud, firework)
    )

    assert len(many.t_ns) > 1.5 * len(few.t_ns)
    assert np.median(dull.centroid_hz) < 0.9 * np.median(few.centroid_hz)
    assert np.median(dull.rise_ms) > 1.5 * np.median(few.rise_ms)


def test_the_same_seed_gives_the_same_messages_in_order_of_arrival(full_city, sensors):
    events = loud_events(full_city, 7, until=UNTIL).take(np.arange(40))
    first, again = (
        pulse_messages(sensors, hear(full_city, sensors, events, rng=np.random.default_rng(8))[0])
        for _ in range(2)
    )

    assert first == again
    assert [m["t_ns"] for m in first] == sorted(m["t_ns"] for m in first)
    assert len({m["pulse_id"] for m in first}) == len(first)
    assert set(first[0]) == {"sensor", "pulse_id", "t_ns", "peak_db", "snr_db", "rise_ms", "dur_ms",
                             "centroid_hz"}  # fmt: skip
    assert all(isinstance(m["t_ns"], int) and m["sensor"] in sensors.serial for m in first)
    assert all(np.isfinite(list(m.values())[3:]).all() and m["snr_db"] >= 3.0 for m in first)


def test_street_noise_comes_at_the_stated_rate_and_is_marked_as_noise(sensors):
    pulses, truth = street_noise(
        sensors, rng=np.random.default_rng(9), from_ns=0, to_ns=20 * HOUR_NS, per_sensor_hour=10.0
    )

    assert len(pulses.t_ns) / len(sensors.x) / 20 == pytest.approx(10.0, rel=0.15)
    assert set(truth.event) == set(truth.echo) == {-1}
    assert pulses.t_ns.min() >= 0
    assert pulses.t_ns.max() < 20 * HOUR_NS
    assert (np.diff(pulses.t_ns) >= 0).all()


def test_cutting_and_joining_keep_every_pulse_with_its_truth(full_city, sensors, volley):
    _, pulses, truth = volley
    half = int(np.median(pulses.t_ns))
    end = int(pulses.t_ns.max()) + 1
    parts = [
        between((pulses, truth), from_ns=half, to_ns=end),
        between((pulses, truth), from_ns=0, to_ns=half),
    ]

    whole, kept = joined(parts)

    assert (whole.t_ns == pulses.t_ns).all()
    assert (kept.event == truth.event).all()
    assert len(joined([])[0].t_ns) == 0


def test_a_small_city_has_a_few_sensors(small_city):
    sensors = place_sensors(small_city)

    assert 10 <= len(sensors.serial) <= 30
