import collections
import datetime as dt
import itertools
import json

import numpy as np
import pytest

from sensors.kinds import KINDS
from sensors.payloads.register import read_register
from sensors.simulation.assets import (
    asset_register,
    faults_at,
    observation_messages,
    place_assets,
    weather_messages,
)
from sensors.simulation.lights import is_dark
from sensors.simulation.weather import reported_weather

START = dt.datetime(2026, 10, 5, 4, 37, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def assets(full_city):
    return place_assets(full_city)


@pytest.fixture(scope="module")
def fortnight(full_city, assets):
    return observation_messages(full_city, assets, start=START, end=START + dt.timedelta(days=14))


def by_series(messages):
    """(sensor, property) -> list of values in order of time."""
    values = collections.defaultdict(list)
    for message in messages:
        values[message["sensor"], message["property"]].append(message["value"])
    return values


@pytest.fixture(scope="module")
def series(fortnight):
    return by_series(fortnight)


def of_kind(assets, kind):
    return assets.serial[assets.kind == kind].tolist()


def test_the_register_is_one_that_our_own_reader_accepts(assets):
    rows = asset_register(assets, source="public-works")
    features = [
        {
            "type": "Feature",
            "properties": row,
            "geometry": {"type": "Point", "coordinates": [row["lon"], row["lat"]]},
        }
        for row in rows
    ]

    entries = read_register(json.dumps({"type": "FeatureCollection", "features": features}))

    assert [entry.serial for entry in entries] == assets.serial.tolist()
    assert {entry.kind for entry in entries} == {"bin", "light", "charger", "weather"}


def test_it_places_as_many_devices_as_asked_for(full_city, assets):
    few = place_assets(full_city, n_bins=10, n_lights=40, n_chargers=8)

    assert np.unique(assets.kind, return_counts=True)[1].tolist() == [360, 48, 600, 1]
    assert len(few.serial) == 59
    assert len(set(few.serial)) == 59


def test_the_lamps_of_a_circuit_stand_along_one_avenue(assets):
    spans = []
    for circuit in np.unique(assets.group[assets.kind == "light"]):
        mine = assets.group == circuit
        spans.append(np.hypot(np.ptp(assets.x[mine]), np.ptp(assets.y[mine])))

    assert np.median(spans) < 900.0


def test_messages_are_in_order_of_time_within_the_interval_and_known_to_the_kind(assets, fortnight):
    kind_of = dict(zip(assets.serial.tolist(), assets.kind.tolist(), strict=True))
    times = [message["t"] for message in fortnight]

    assert times == sorted(times)
    assert times[0] >= "2026-10-05T04:37:00Z"
    assert times[-1] < "2026-10-19T04:37:00Z"
    for message in fortnight[::97]:
        observed = KINDS[kind_of[message["sensor"]]].properties[message["property"]]
        assert observed.refusal(observed.number(message["value"])) is None


def test_an_interval_gives_what_its_parts_give(full_city, assets):
    cuts = [START, START + dt.timedelta(minutes=11, seconds=3), START + dt.timedelta(hours=9)]
    whole = observation_messages(full_city, assets, start=cuts[0], end=cuts[2])

    parts = [
        message
        for a, b in itertools.pairwise(cuts)
        for message in observation_messages(full_city, assets, start=a, end=b)
    ]

    assert parts == whole
    assert len(whole) > 5_000


def test_an_empty_interval_is_silent(full_city, assets):
    assert observation_messages(full_city, assets, start=START, end=START) == []


def test_bins_fill_by_day_and_are_emptied_in_the_morning(assets, series):
    well = [
        serial for serial in of_kind(assets, "bin") if len(series[serial, "fillingLevel"]) == 84
    ][:60]
    drops = rises = 0
    for serial in well:
        level = np.array(series[serial, "fillingLevel"])
        assert level.min() >= 0.0
        assert level.max() <= 1.0
        drops += np.sum(np.diff(level) < -0.25)
        rises += np.sum(np.diff(level) > 0.02)

    assert 2 <= drops / len(well) <= 9  # in two weeks, two to three times a week
    assert rises > 5 * drops


def test_gauges_that_are_well_stay_well_together(full_city, assets):
    fault = faults_at(full_city, assets, START)
    share = {
        kind: np.mean(fault[assets.kind == kind] != "") for kind in ("bin", "light", "charger")
    }

    assert 0.0 < share["bin"] < 0.12
    assert 0.005 < share["light"] < 0.2
    assert share["charger"] < 0.25
    assert set(fault) <= {
        "", "stuck", "spikes", "silent", "circuit-dead", "dark", "day-burner", "out-of-order",
    }  # fmt: skip


def test_a_stuck_gauge_repeats_itself_and_a_silent_one_says_nothing(full_city, assets):
    for days in range(60):
        now = START + dt.timedelta(days=days)
        fault = faults_at(full_city, assets, now)
        later = faults_at(full_city, assets, now + dt.timedelta(days=1))
        stuck = np.flatnonzero((fault == "stuck") & (later == "stuck"))
        silent = np.flatnonzero((fault == "silent") & (later == "silent"))
        if len(stuck) and len(silent):
            break
    messages = observation_messages(full_city, assets, start=now, end=now + dt.timedelta(days=1))

    levels = by_series(messages)
    assert len(set(levels[assets.serial[stuck[0]], "fillingLevel"])) == 1
    assert levels[assets.serial[silent[0]], "fillingLevel"] == []


def test_lamps_burn_at_night_but_for_those_with_a_fault(full_city, assets):
    night = dt.datetime(2026, 10, 6, 2, tzinfo=dt.UTC)  # nine in the evening
    day = dt.datetime(2026, 10, 6, 18, tzinfo=dt.UTC)  # one in the afternoon
    for start, is_night in ((night, True), (day, False)):
        messages = observation_messages(
            full_city, assets, start=start, end=start + dt.timedelta(hours=2)
        )
        fault = dict(zip(assets.serial.tolist(), faults_at(full_city, assets, start), strict=True))
        state = {m["sensor"]: m["value"] for m in messages if m["property"] == "powerState"}
        power = {m["sensor"]: m["value"] for m in messages if m["property"] == "powerConsumption"}

        wrong = [s for s in state if (state[s] != "off") != is_night]
        assert len(wrong) <= 0.05 * len(state)
        assert is_night or all(fault[s] == "day-burner" for s in wrong)
        for serial in state:
            lit = state[serial] != "off" and fault[serial] != "dark"
            assert (power[serial] > 15.0) == lit


def test_dusk_and_dawn_are_where_an_almanac_has_them():
    # 39.8 N, 98.6 W: on 21 June about 05:05 and 20:08 of solar time's civil day, +6 h 34 min to UTC.
    day = np.datetime64("2026-06-21T00:00", "s").astype(np.int64)
    minutes = np.arange(day, day + 86_400, 60)
    dark_hours = np.mean(is_dark(minutes, lon=-98.6, lat=39.8)) * 24

    winter = np.datetime64("2026-12-21T00:00", "s").astype(np.int64)
    winter_dark = np.mean(is_dark(np.arange(winter, winter + 86_400, 60), lon=-98.6, lat=39.8)) * 24

    assert dark_hours == pytest.approx(24 - 15.0, abs=0.15)
    assert winter_dark == pytest.approx(24 - 9.33, abs=0.15)
    solar_noon = int(np.datetime64("2026-06-21T18:34", "s").astype(np.int64))
    assert not is_dark(np.array([solar_noon]), lon=-98.6, lat=39.8)[0]


def test_meters_never_run_backwards_and_agree_with_the_power(assets, series):
    for serial in of_kind(assets, "charger")[:12]:
        meter = np.array(series[serial, "energyDelivered"])
        power = np.array(series[serial, "powerConsumption"])
        status = series[serial, "evseStatus"]

        assert (np.diff(meter) >= 0.0).all()
        assert (np.diff(meter) <= power.max() / 4_000.0 + 1e-6).all()
        assert all((s == "CHARGING") == (p > 0) for s, p in zip(status, power, strict=True))
        # 25 % of slack: a quarter hour of charging is seen at one instant only.
        assert meter[-1] - meter[0] == pytest.approx(power.sum() / 4_000.0, rel=0.25, abs=10.0)


def test_the_same_seed_gives_the_same_devices_and_words(full_city, assets, fortnight):
    again = place_assets(full_city)
    hour = {"start": START, "end": START + dt.timedelta(hours=1)}

    assert asset_register(again, source="x") == asset_register(assets, source="x")
    assert observation_messages(full_city, again, **hour) == [
        m for m in fortnight if m["t"] < "2026-10-05T05:37:00Z"
    ]


def test_a_small_city_has_devices_too(small_city):
    assets = place_assets(small_city)

    assert set(assets.kind) == {"bin", "light", "charger", "weather"}


def test_the_station_says_each_quarter_hour_what_an_airport_would_report(full_city, assets, series):
    [serial] = of_kind(assets, "weather")
    degrees, speed, from_deg = (
        np.array(series[serial, name]) for name in ("temperature", "windSpeed", "windDirection")
    )
    hour_ns = int(START.timestamp()) // 3_600 * 3_600 * 10**9
    first = reported_weather(full_city.seed, hour_ns)

    assert len(degrees) == len(speed) == len(from_deg) == 14 * 96
    assert degrees[0] == first.temperature_c
    towards = np.radians(from_deg[0] + 180.0)
    assert speed[0] * np.sin(towards) == pytest.approx(first.wind_east_m_s, abs=0.1)
    assert speed[0] * np.cos(towards) == pytest.approx(first.wind_north_m_s, abs=0.1)


def test_the_stations_archive_holds_a_report_an_hour_of_the_same_weather(full_city, assets, series):
    [serial] = of_kind(assets, "weather")

    archive = weather_messages(full_city, assets, start=START, end=START + dt.timedelta(days=14))

    hourly = by_series(archive)
    assert set(hourly) == {(serial, p) for p in ("temperature", "windSpeed", "windDirection")}
    assert {len(values) for values in hourly.values()} == {14 * 24}
    assert set(hourly[serial, "temperature"]) <= set(series[serial, "temperature"])
    assert [message["t"] for message in archive] == sorted(message["t"] for message in archive)
