"""The streams' own statistics against the published figures, from what a detector is given and the truth."""

from dataclasses import replace

import numpy as np
import pytest

from sensors.simulation.pulses import FORGED, NOISE
from sensors.simulation.sound import CLIP_DB
from sensors.simulation.streams import PRESETS, START_NS, Preset, make_stream
from sensors.simulation.town import build_town

PLAIN = replace(PRESETS["urban"], minutes=30.0, cluster_share=0.0, exchange_share=0.0)
EDGES_M = [0, 150, 300, 450, 600, 800, 1000]
STATED = [1.00, 0.95, 0.77, 0.72, 0.59, 0.34]
STATED_LATE = {(0, 300): 0.002, (300, 600): 0.038, (600, 1000): 0.087}
SHORT = {name: replace(preset, minutes=8.0) for name, preset in PRESETS.items()}


def sensor_rows(stream):
    row = {name: k for k, name in enumerate(stream.sensors["sensor_id"].tolist())}
    return np.array([row.get(name, -1) for name in stream.pulses["sensor_id"].tolist()])


def distances(stream, incident):
    return np.hypot(stream.truth.x_m - incident.x_m, stream.truth.y_m - incident.y_m)


@pytest.fixture(scope="module")
def towns():
    """Ten towns, each with the row of its sensor for every pulse."""
    made = [make_stream(PLAIN, seed=seed) for seed in range(30, 40)]
    return [(stream, sensor_rows(stream)) for stream in made]


def pistols(stream):
    """Rows of the stream for every pistol's incident, with the incident."""
    for number, incident in enumerate(stream.truth.incidents):
        if incident.style == "handgun":
            yield incident, np.flatnonzero(stream.truth.pulse.event == number)


def heard(towns):
    """Distance, direct pulse heard, anything heard: for every sensor, pistol and round."""
    distance, direct, anything = [], [], []
    for stream, sensor in towns:
        pulse = stream.truth.pulse
        for incident, rows in pistols(stream):
            shape = (incident.rounds_t_ns.size, stream.truth.x_m.size)
            of_round, any_of_round = np.zeros(shape, bool), np.zeros(shape, bool)
            any_of_round[pulse.round[rows], sensor[rows]] = True
            rows = rows[pulse.echo[rows] == 0]
            of_round[pulse.round[rows], sensor[rows]] = True
            distance.append(np.broadcast_to(distances(stream, incident), shape).ravel())
            direct.append(of_round.ravel())
            anything.append(any_of_round.ravel())
    return np.concatenate(distance), np.concatenate(direct), np.concatenate(anything)


def test_direct_pulses_of_pistols_are_heard_as_often_as_was_measured(towns):
    distance, direct, _ = heard(towns)
    band = np.digitize(distance, EDGES_M) - 1

    shares = [direct[band == k].mean() for k in range(6)]
    assert shares == pytest.approx(STATED, abs=0.06)


def test_first_arrivals_are_late_about_as_often_as_was_measured(towns):
    distance, direct, anything = heard(towns)

    for (low, high), share in STATED_LATE.items():
        mine = (distance >= low) & (distance < high) & anything
        assert np.mean(~direct[mine]) == pytest.approx(share, abs=0.025)


def test_further_pulses_within_600_ms_are_as_many_as_was_measured(towns):
    further = direct = 0
    for stream, sensor in towns:
        pulse, t_ns = stream.truth.pulse, stream.pulses["t_ns"]
        for incident, rows in pistols(stream):
            if incident.rounds_t_ns.size > 1:
                continue
            first = rows[pulse.echo[rows] == 0]
            start = dict(zip(sensor[first].tolist(), t_ns[first].tolist(), strict=True))
            echoes = rows[(pulse.echo[rows] > 0) & np.isin(sensor[rows], sensor[first])]
            lag = t_ns[echoes] - [start[s] for s in sensor[echoes].tolist()]
            further += np.sum(lag < 600_000_000)
            direct += len(first)

    assert direct > 400
    assert further / direct == pytest.approx(0.78, abs=0.15)


def test_what_no_weather_and_no_place_explains_is_the_path_error(towns):
    """Emission time, sound speed and wind fitted at the true place: what is left, by degrees of freedom."""
    left = freedom = 0.0
    for stream, sensor in towns:
        pulse = stream.truth.pulse
        for incident, rows in pistols(stream):
            rows = rows[(pulse.echo[rows] == 0) & (pulse.round[rows] == 0)]
            at = np.column_stack([stream.truth.x_m, stream.truth.y_m])[sensor[rows]]
            away = at - [incident.x_m, incident.y_m]
            if len(rows) > 8:
                since = (stream.pulses["t_ns"][rows] - incident.t_ns) / 1e9
                design = np.column_stack([np.ones(len(rows)), np.hypot(*away.T), away])
                fit = np.linalg.lstsq(design, since, rcond=None)[0]
                left += np.sum((since - design @ fit) ** 2)
                freedom += len(rows) - 4

    assert np.sqrt(left / freedom) == pytest.approx(np.hypot(7.5e-3, 1.6e-3), rel=0.08)


def test_repeats_are_as_frequent_as_was_measured(towns):
    for stream, sensor in towns:
        key = np.unique(np.column_stack([sensor, stream.pulses["t_ns"]]), axis=0)
        assert 1.0 - len(key) / sensor.size == pytest.approx(0.063 / 1.063, abs=0.015)


def test_levels_are_clipped_near_and_80_db_at_600_m(towns):
    near, far = [], []
    for stream, sensor in towns:
        pulse = stream.truth.pulse
        for incident, rows in pistols(stream):
            rows = rows[pulse.echo[rows] == 0]
            distance = distances(stream, incident)[sensor[rows]]
            near.append(stream.pulses["peak_db"][rows[distance < 110.0]])
            far.append(stream.pulses["peak_db"][rows[np.abs(distance - 600.0) < 60.0]])

    assert np.median(np.concatenate(near)) > 90.0
    assert np.concatenate(near).max() == CLIP_DB
    assert np.mean(np.concatenate(far)) == pytest.approx(80.0, abs=2.0)
    assert np.std(np.concatenate(far)) == pytest.approx(8.5, abs=1.5)


@pytest.mark.parametrize(("name", "per_h"), [("quiet", 10), ("urban", 40), ("dense", 240)])
def test_noise_comes_at_the_stated_rate_and_unevenly(name, per_h):
    stream = make_stream(replace(PRESETS[name], minutes=60.0), seed=41)
    noise = sensor_rows(stream)[stream.truth.pulse.event == NOISE]
    each = np.bincount(noise, minlength=stream.truth.x_m.size)

    repeats_of_bangs = 0.063 * np.sum(stream.truth.pulse.event >= 0) / each.size
    assert each.mean() == pytest.approx(1.063 * per_h + repeats_of_bangs, rel=0.15)
    assert each.max() > 2.0 * each.mean()


def test_a_day_of_the_city_is_about_1170000_pulses():
    hours = [make_stream("city", seed=seed, part=part) for seed in (41, 42) for part in (0, 1)]

    a_day = 24.0 * np.mean([stream.pulses["t_ns"].size for stream in hours])
    assert a_day == pytest.approx(1_170_000, rel=0.2)
    assert {stream.truth.x_m.size for stream in hours} == {1_000}


@pytest.mark.parametrize("name", PRESETS)
def test_the_same_seed_gives_the_same_stream_and_another_seed_another(name):
    one, again, other = (make_stream(SHORT[name], seed=seed) for seed in (5, 5, 6))

    for part in ("pulses", "sensors", "weather"):
        first, second = getattr(one, part), getattr(again, part)
        assert first.keys() == second.keys()
        assert all(
            np.array_equal(first[k], second[k], equal_nan=first[k].dtype.kind == "f") for k in first
        )
    assert not np.array_equal(one.pulses["t_ns"], other.pulses["t_ns"])
    assert not np.array_equal(one.sensors["x_m"], other.sensors["x_m"])


def test_another_part_is_another_period_of_the_same_town():
    one, next_one = (make_stream(SHORT["adversarial"], seed=5, part=part) for part in (0, 1))

    assert np.array_equal(one.sensors["x_m"], next_one.sensors["x_m"])
    assert one.truth.faults == next_one.truth.faults
    assert [i.x_m for i in one.truth.incidents] != [i.x_m for i in next_one.truth.incidents]


@pytest.mark.parametrize("name", PRESETS)
def test_the_truth_is_apart_and_speaks_of_every_row(name):
    stream = make_stream(SHORT[name], seed=8)

    assert set(stream.pulses) == {
        "pulse_id", "sensor_id", "t_ns", "recv_ns", "peak_db", "snr_db", "rise_ms", "dur_ms",
        "centroid_hz",
    }  # fmt: skip
    assert set(stream.sensors) == {"sensor_id", "x_m", "y_m", "z_m"}
    assert set(stream.weather) == {"t_ns", "temp_c", "wind_mps", "wind_from_deg"}
    assert stream.truth.pulse.event.shape == stream.pulses["t_ns"].shape
    assert stream.truth.pulse.event.max(initial=-1) < len(stream.truth.incidents)
    assert (np.diff(stream.pulses["recv_ns"]) >= 0).all()


def test_rounds_four_seconds_apart_are_two_incidents_in_the_truth_too():
    stream = make_stream(replace(PRESETS["urban"], firework_per_h=200.0, minutes=20.0), seed=9)

    gaps = [np.diff(i.rounds_t_ns).max(initial=0) for i in stream.truth.incidents if not i.is_site]
    assert max(gaps) < 4_000_000_000
    places = {(i.x_m, i.y_m) for i in stream.truth.incidents if i.style == "shells"}
    assert len(places) < sum(i.style == "shells" for i in stream.truth.incidents)


def test_only_healthy_sensors_with_direct_pulses_count_for_the_headline():
    stream = make_stream(replace(PRESETS["adversarial"], minutes=20.0), seed=10)
    ill = {fault.sensor for fault in stream.truth.faults}
    sensor, pulse = sensor_rows(stream), stream.truth.pulse

    for number, incident in enumerate(stream.truth.incidents):
        mine = (pulse.event == number) & (pulse.echo == 0)
        assert set(incident.sensor.tolist()) == set(sensor[mine].tolist()) - ill
        assert incident.is_asked == (
            incident.inside and incident.sensor.size >= 4 and not incident.is_site
        )


def test_faults_do_what_they_are_told_to():
    """An offset shows in the arrivals, a wrong place in the register, a deaf sensor in its silence."""
    clean = replace(PRESETS["adversarial"], fault_share=0.0, spoofs_per_h=0.0, garbage_share=0.0)
    ill = make_stream(PRESETS["adversarial"], seed=11)
    town = build_town(clean, seed=11)
    sensor, pulse = sensor_rows(ill), ill.truth.pulse
    sizes = {kind: [f for f in ill.truth.faults if f.kind == kind] for kind in
             ("clock_offset", "clock_drift", "misplaced", "deaf", "spoofed")}  # fmt: skip

    shift = np.hypot(ill.sensors["x_m"] - town.x_m, ill.sensors["y_m"] - town.y_m)
    assert sorted(np.flatnonzero(shift > 1.0)) == sorted(f.sensor for f in sizes["misplaced"])
    assert all(50.0 <= f.size <= 500.0 for f in sizes["misplaced"])
    assert all(0.005 <= abs(f.size) <= 2.0 for f in sizes["clock_offset"])
    seen, c_mps = 0, 20.03 * np.sqrt(ill.truth.sky.temp_c.mean() + 273.15)
    for fault in [f for f in sizes["clock_offset"] if abs(f.size) > 0.2]:
        late = [
            (ill.pulses["t_ns"][k] - i.rounds_t_ns[pulse.round[k]]) / 1e9
            - distances(ill, i)[fault.sensor] / c_mps
            for n, i in enumerate(ill.truth.incidents)
            for k in np.flatnonzero(
                (pulse.event == n) & (sensor == fault.sensor) & (pulse.echo == 0)
            )
        ]
        if late:
            seen += 1
            assert np.median(late) == pytest.approx(fault.size, abs=0.1)
    assert seen >= 3
    count = np.bincount(sensor[sensor >= 0], minlength=town.x_m.size)
    assert np.mean([count[f.sensor] for f in sizes["deaf"]]) < 0.25 * count.mean()
    assert np.isin(
        sensor[(pulse.event == FORGED) & (sensor >= 0)], [f.sensor for f in sizes["spoofed"]]
    ).any()


def test_rubbish_of_every_sort_is_among_the_rows_of_the_adversary():
    stream = make_stream(SHORT["adversarial"], seed=12)
    t_ns, ids = stream.pulses["t_ns"], stream.pulses["pulse_id"]

    assert "stranger" in stream.pulses["sensor_id"]
    assert np.iinfo(np.int64).min in t_ns
    assert (np.abs(t_ns - START_NS) > 300 * 86_400 * 10**9).any()
    assert not np.isfinite(stream.pulses["peak_db"]).all()
    assert np.unique(ids).size < ids.size
    assert (np.diff(t_ns[np.abs(t_ns - START_NS) < 10**13]) < 0).any()


def test_the_bursts_of_the_burst_preset_are_rapid_long_and_crowded():
    incidents = make_stream("burst", seed=13).truth.incidents
    guns = [i for i in incidents if i.kind == "gunfire"]
    starts = np.sort([i.t_ns for i in incidents]) / 1e9

    assert np.median([i.rounds_t_ns.size for i in guns]) >= 8
    assert np.median(np.concatenate([np.diff(i.rounds_t_ns) for i in guns])) < 3e8
    assert np.mean(np.diff(starts) < 6.0) > 0.3
    pairs = [
        np.hypot(a.x_m - b.x_m, a.y_m - b.y_m)
        for k, a in enumerate(guns)
        for b in guns[:k]
        if abs(a.t_ns - b.t_ns) < 3.1e9
    ]
    assert sum(100.0 <= d <= 300.0 for d in pairs) >= 5


def test_weather_is_reported_with_an_error_and_wind_stays_below_10_mps():
    for seed in range(6):
        stream = make_stream(Preset(minutes=600.0, gunfire_per_h=1.0, noise_per_h=0.1), seed=seed)
        sky, told = stream.truth.sky, stream.weather
        assert np.hypot(*sky.wind_mps.T).max() <= 10.0 + 1e-9
        assert 0.4 < np.std(told["temp_c"] - sky.temp_c) < 1.8
        towards = np.radians(told["wind_from_deg"] + 180.0)
        east = told["wind_mps"] * np.sin(towards)
        assert 0.4 < np.std(east - sky.wind_mps[:, 0]) < 1.8


def test_kinds_can_be_made_alike_and_nothing_else_changes():
    apart, alike = (
        make_stream(replace(PRESETS["urban"], minutes=20.0, kinds_alike=share), seed=14)
        for share in (0.0, 1.0)
    )
    told = []
    for stream in (apart, alike):
        kind = np.array([i.kind for i in stream.truth.incidents])
        real = stream.truth.pulse.event >= 0
        shot = kind[stream.truth.pulse.event[real]] == "gunfire"
        rise = np.log(stream.pulses["rise_ms"][real])
        told.append(np.nanmedian(rise[~shot]) - np.nanmedian(rise[shot]))

    assert told[0] > 0.3
    assert abs(told[1]) < 0.5 * told[0]  # what is left is one source against another
    assert np.array_equal(apart.pulses["t_ns"], alike.pulses["t_ns"])
