import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensors.detection import (
    CORE_VERSION,
    MISSING_NS,
    PulseArrays,
    SensorArrays,
    Weather,
    detect,
)
from sensors.detection.propagation import Atmosphere, sound_speed_mps, travel_time_s
from sensors.geodesy import LocalPlane
from tests.reference.acoustic_stream import Preset, make_stream
from tests.sensors.detection import scenes

CITY = scenes.lattice()
SOURCE = np.array([830.0, 790.0])


def busy_minute(seed=0):
    return make_stream(
        Preset(sensors=80, minutes=4.0, gunfire_per_h=60.0, noise_per_h=60.0),
        np.random.default_rng(seed),
    )


def told(detection):
    """Everything an answer says, as plain values."""
    return [
        (
            e.t_ns,
            e.x_m,
            e.y_m,
            e.cov_xx,
            e.cov_xy,
            e.cov_yy,
            e.prob,
            e.kind,
            e.weight,
            *e.round_t_ns,
            *e.sensor_id,
        )
        for e in detection.events
    ]


def test_the_same_input_gives_the_same_output_to_the_last_bit():
    stream = busy_minute()

    one, other = (detect(stream.pulses, stream.sensors, weather=stream.weather) for _ in range(2))

    assert len(one.events) >= 3
    assert told(one) == told(other)


def test_the_order_of_rows_does_not_matter():
    stream, rng = busy_minute(1), np.random.default_rng(0)
    mixed = rng.permutation(len(stream.sensors))
    sensors = SensorArrays(
        stream.sensors.sensor_id[mixed],
        x_m=stream.sensors.x_m[mixed],
        y_m=stream.sensors.y_m[mixed],
    )

    one = detect(stream.pulses, stream.sensors, weather=stream.weather)
    other = detect(scenes.shuffled(stream.pulses, rng), sensors, weather=stream.weather)

    assert len(one.events) >= 2
    assert told(one) == told(other)


def test_rows_point_into_the_input_as_it_was_given():
    rng = np.random.default_rng(0)
    pulses = scenes.shuffled(scenes.as_pulses(CITY, scenes.heard(CITY, SOURCE, [5.0, 5.7])), rng)

    (event,) = detect(pulses, CITY, weather=scenes.WEATHER).events

    arrival = pulses.t_ns[event.pulse_row] - event.round_t_ns[event.pulse_round]
    at = np.searchsorted(CITY.sensor_id, pulses.sensor_id[event.pulse_row])
    distance = np.hypot(CITY.x_m[at] - SOURCE[0], CITY.y_m[at] - SOURCE[1])
    assert arrival / 1e9 == pytest.approx(distance / scenes.AIR.c_mps, abs=0.03)


def test_a_window_with_margins_and_the_soundings_of_the_hour_gives_the_events_of_the_whole():
    stream = busy_minute(4)
    whole = detect(stream.pulses, stream.sensors, weather=stream.weather)
    first = int(stream.pulses.t_ns.min())
    middle = first + 120_000_000_000
    kept = []
    for start, end in ((0, middle), (middle, 2**62)):
        near = (stream.pulses.t_ns >= start - 15e9) & (stream.pulses.t_ns < end + 15e9)
        part = PulseArrays(stream.pulses.sensor_id[near], stream.pulses.t_ns[near])
        kept += [
            e
            for e in detect(
                part, stream.sensors, weather=stream.weather, soundings=whole.soundings
            ).events
            if start <= e.t_ns < end
        ]

    assert [e.n_shots for e in kept] == [e.n_shots for e in whole.events]
    assert [e.x_m for e in kept] == pytest.approx([e.x_m for e in whole.events], abs=2.0)


def test_degrees_go_in_and_come_out():
    plane = LocalPlane(-79.98, 40.44)
    lon, lat = plane.to_lonlat(CITY.x_m, CITY.y_m)
    sensors = SensorArrays(CITY.sensor_id, lon=lon, lat=lat)

    (event,) = detect(
        scenes.as_pulses(CITY, scenes.heard(CITY, SOURCE, [5.0])), sensors, weather=scenes.WEATHER
    ).events

    assert np.hypot(*(np.array(plane.to_xy(event.lon, event.lat)) - SOURCE)) < 6.0


def test_metres_give_no_degrees():
    (event,) = detect(scenes.as_pulses(CITY, scenes.heard(CITY, SOURCE, [5.0])), CITY).events

    assert np.isnan([event.lon, event.lat]).all()


def test_moving_the_city_moves_the_answer():
    heard = scenes.heard(CITY, SOURCE, [5.0, 5.4])
    moved = SensorArrays(CITY.sensor_id, x_m=CITY.x_m + 54_321.0, y_m=CITY.y_m - 9_876.0)

    (here,) = detect(scenes.as_pulses(CITY, heard), CITY, weather=scenes.WEATHER).events
    (there,) = detect(scenes.as_pulses(moved, heard), moved, weather=scenes.WEATHER).events

    assert (there.x_m - 54_321.0, there.y_m + 9_876.0) == pytest.approx(
        (here.x_m, here.y_m), abs=0.1
    )


def test_without_weather_the_ellipse_is_wider():
    pulses = scenes.as_pulses(CITY, scenes.heard(CITY, SOURCE, [5.0]))

    (told_event,) = detect(pulses, CITY, weather=scenes.WEATHER).events
    (untold,) = detect(pulses, CITY).events

    assert untold.cov_xx + untold.cov_yy > told_event.cov_xx + told_event.cov_yy


def test_on_a_frosty_night_without_a_report_the_temperature_is_heard_from_the_incidents():
    cold = Atmosphere(float(sound_speed_mps(-14.0)), 2.0, -1.0)
    rng, heard, sources = np.random.default_rng(2), [], []
    for k in range(8):
        source = rng.uniform(400.0, 1_400.0, 2)
        away = np.column_stack([CITY.x_m, CITY.y_m]) - source
        late = travel_time_s(away[:, 0], away[:, 1], cold) + rng.normal(0.0, 0.005, len(CITY))
        near = np.flatnonzero(np.hypot(*away.T) < 800.0)
        heard += [(s, 60.0 * k + r + late[s]) for s in near for r in (0.0, 0.7)]
        sources.append(source)

    events = detect(scenes.as_pulses(CITY, heard), CITY).events

    assert len(events) == 8
    off = [np.hypot(e.x_m - s[0], e.y_m - s[1]) for e, s in zip(events, sources, strict=True)]
    assert max(off) < 12.0
    assert np.mean([e.c_mps for e in events]) == pytest.approx(cold.c_mps, abs=1.5)


def test_every_event_carries_the_version_and_a_kind_with_its_probability():
    detection = detect(scenes.as_pulses(CITY, scenes.heard(CITY, SOURCE, [5.0])), CITY)

    assert detection.core_version == detection.events[0].core_version == CORE_VERSION
    assert detection.events[0].kind in ("gunfire", "firework", "impulse")
    assert 0.0 < detection.events[0].prob < 1.0


def test_rejected_rows_are_named_with_their_cause():
    pulses = PulseArrays(np.array(["s00", "nobody"]), np.array([MISSING_NS, scenes.NOON_NS]))

    rejected = detect(pulses, CITY).rejected

    assert rejected.row.tolist() == [0, 1]
    assert rejected.cause.tolist() == ["missing_time", "unknown_sensor"]


def test_no_pulses_no_sensors_no_events():
    nothing = PulseArrays(np.empty(0, str), np.empty(0, np.int64))
    nobody = SensorArrays(np.empty(0, str), x_m=np.empty(0), y_m=np.empty(0))

    assert detect(nothing, CITY).events == ()
    assert detect(nothing, nobody).events == ()
    assert (
        detect(PulseArrays(np.array(["a"]), np.array([5])), nobody).rejected.counts[
            "unknown_sensor"
        ]
        == 1
    )


def test_progress_is_told_up_to_the_end():
    shares = []
    stream = busy_minute()

    detect(stream.pulses, stream.sensors, progress=shares.append)

    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)


instant = st.integers(-(2**63), 2**63 - 1) | st.integers(scenes.NOON_NS, scenes.NOON_NS + 10**10)
figure = st.floats(allow_nan=True, allow_infinity=True)


@settings(max_examples=120, deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(-1, 40), instant, figure, figure), max_size=60),
    spots=st.lists(st.tuples(figure, figure), max_size=36, min_size=1),
    report=st.lists(st.tuples(instant, figure, figure, figure), max_size=3),
)
def test_hostile_input_never_crashes_and_every_row_is_accounted_for(rows, spots, report):
    x, y = np.array(spots, float).T
    sensors = SensorArrays(np.arange(len(spots)), x_m=x, y_m=y)
    pulses = PulseArrays(
        sensor_id=np.array([r[0] for r in rows], int),
        t_ns=np.array([r[1] for r in rows], np.int64),
        recv_ns=np.array([r[1] for r in rows][::-1], np.int64),
        peak_db=np.array([r[2] for r in rows], float),
        rise_ms=np.array([r[3] for r in rows], float),
    )
    columns = list(zip(*report, strict=True)) or [()] * 4
    weather = Weather(np.array(columns[0], np.int64), *(np.array(c, float) for c in columns[1:]))

    detection = detect(pulses, sensors, weather=weather, now_ns=scenes.NOON_NS + 10**10)

    assert detection.rejected.row.size == sum(detection.rejected.counts.values()) <= len(rows)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), broken=st.integers(0, 60))
def test_a_burst_among_forged_and_broken_rows_is_still_found(seed, broken):
    rng = np.random.default_rng(seed)
    good = scenes.as_pulses(CITY, scenes.heard(CITY, SOURCE, [5.0, 5.6], seed=seed))
    ids = rng.choice([*CITY.sensor_id, "forged"], broken)
    times = scenes.NOON_NS + rng.integers(-(10**12), 10**12, broken)
    times[::3] = MISSING_NS
    pulses = PulseArrays(np.concatenate([good.sensor_id, ids]), np.concatenate([good.t_ns, times]))

    events = detect(scenes.shuffled(pulses, rng), CITY, weather=scenes.WEATHER).events

    assert len(events) == 1
    assert np.hypot(events[0].x_m - SOURCE[0], events[0].y_m - SOURCE[1]) < 10.0
