"""Rows as arrays and lists."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from sensors import actions, knowledge, queries
from sensors.models import AcousticEvent, IngestBatch, Quarantined, Sensor, Source
from sensors.payloads.daylight import encode, since_epoch_ns
from tests.sensors.deliveries import accept, pulse, reading
from tests.sensors.field import NOW, T0_NS, entry, shot

pytestmark = pytest.mark.django_db

S = 1_000_000_000


def test_depths_count_what_waits(source: Source) -> None:
    assert (queries.inbox_depth(), queries.parked_count(), queries.quarantine_count()) == (0, 0, 0)
    for number in range(3):
        accept(source, [pulse(number)])
    assert queries.inbox_depth() == 3
    actions.drain(now=NOW)
    IngestBatch.objects.filter(pk=IngestBatch.objects.first().pk).update(state="parked")
    Quarantined.objects.filter(pk=Quarantined.objects.first().pk).update(replayed_at=NOW)

    assert (queries.inbox_depth(), queries.parked_count(), queries.quarantine_count()) == (0, 1, 2)


def test_the_latest_reading_of_each_property_is_given_by_serial(source: Source) -> None:
    actions.register_sensors(
        entries=[
            entry("BIN-2", "bin"),
            entry("BIN-1", "bin"),
            entry("L", "light"),
            entry("BIN-3", "bin"),
        ],
        now=NOW,
    )
    accept(
        source,
        [
            reading(0.2, 5, sensor="BIN-2"),
            reading(0.1, 9),
            reading(0.9, 3),
            reading("lidOpen", 4, property="status"),
            reading("on", 1, sensor="L", property="powerState"),
        ],
        "observations",
    )
    actions.drain(now=NOW)

    found = queries.latest_readings("bin")

    assert [(one.serial, one.observed_property, one.value) for one in found] == [
        ("BIN-1", "fillingLevel", 0.1),
        ("BIN-1", "status", 1.0),
        ("BIN-2", "fillingLevel", 0.2),
    ]
    assert found[0].at == datetime(2026, 3, 14, 21, 9, tzinfo=UTC)
    assert len(queries.latest_readings("bin", observed_property="status")) == 1


def test_pulses_of_the_spans_come_in_order_with_nan_for_what_is_missing(
    source: Source, microphones: list[Sensor]
) -> None:
    accept(source, [pulse(n) | ({"peak_db": 80.0} if n else {}) for n in (3, 0, 1, 9)])
    actions.drain(now=NOW)

    heard = queries.pulse_arrays([(T0_NS, T0_NS + S), (T0_NS + 2 * S, T0_NS + 9 * S)])

    assert heard.pulses.t_ns.tolist() == [T0_NS, T0_NS + 3 * S]
    assert heard.pulses.sensor_id.tolist() == heard.serial.tolist() == ["MIC-22"] * 2
    np.testing.assert_array_equal(heard.pulses.peak_db, [np.nan, 80.0])
    assert heard.pulses.recv_ns is not None
    assert heard.pulses.recv_ns.tolist() == [since_epoch_ns(NOW)] * 2
    assert heard.former_places == frozenset()


def test_no_pulses_are_empty_arrays_of_the_right_type(microphones: list[Sensor]) -> None:
    heard = queries.pulse_arrays([(0, 1)])

    assert (len(heard), heard.pulses.t_ns.dtype) == (0, np.int64)


def test_a_moved_sensor_is_two_stations_and_silent_at_its_new_place(
    source: Source, microphones: list[Sensor]
) -> None:
    accept(source, [pulse(0)])
    actions.drain(now=NOW)
    actions.register_sensor(entry=entry("MIC-22", "acoustic", x_m=70.0), now=NOW)
    accept(source, [pulse(500)], received_at=NOW + timedelta(hours=1))
    actions.drain(now=NOW)

    before = queries.pulse_arrays([(T0_NS, T0_NS + S)])
    both = queries.pulse_arrays([(T0_NS, T0_NS + 501 * S)])

    [place] = before.former_places
    assert before.pulses.sensor_id.tolist() == [place.station]
    sensors = queries.sensor_arrays("acoustic", before)
    activity = dict(zip(sensors.sensor_id.tolist(), sensors.active.tolist(), strict=True))
    assert (activity["MIC-22"], activity[place.station], activity["MIC-00"]) == (False, True, True)
    assert both.pulses.sensor_id.tolist() == [place.station, "MIC-22"]
    sensors = queries.sensor_arrays("acoustic", both)
    activity = dict(zip(sensors.sensor_id.tolist(), sensors.active.tolist(), strict=True))
    assert (activity["MIC-22"], activity[place.station]) == (True, True)


def test_a_sensor_out_of_service_counts_where_it_was_heard(
    source: Source, microphones: list[Sensor]
) -> None:
    accept(source, [pulse(0)])
    actions.drain(now=NOW)
    Sensor.objects.filter(serial__in=["MIC-22", "MIC-00"]).update(is_active=False)

    sensors = queries.sensor_arrays("acoustic", queries.pulse_arrays([(T0_NS, T0_NS + S)]))

    activity = dict(zip(sensors.sensor_id.tolist(), sensors.active.tolist(), strict=True))
    assert (activity["MIC-22"], activity["MIC-00"]) == (True, False)
    assert len(sensors) == 25


def test_acoustic_events_are_columns_for_the_gate(
    source: Source, microphones: list[Sensor]
) -> None:
    accept(source, encode(shot(x_m=130.0, y_m=-70.0, rounds=2)))
    actions.drain(now=NOW)
    actions.detect_dirty(now=NOW)
    own = AcousticEvent.objects.get()
    AcousticEvent.objects.create(
        provider="vendor",
        provider_event_id="7",
        occurred_at=own.occurred_at - timedelta(hours=1),
        lon=-79.9,
        lat=40.4,
        kind="gunfire",
        is_multiple=True,
        detected_at=NOW,
        withdrawn_at=NOW,
    )

    found = queries.acoustic_events()
    later = queries.acoustic_events(occurred_from=own.occurred_at)
    earlier = queries.acoustic_events(occurred_before=own.occurred_at)

    assert len(found) == 2
    assert found.provider.tolist() == ["vendor", "daylight"]
    assert found.n_shots.tolist() == [-1, 2]
    assert np.isnan(found.probability).tolist() == [True, False]
    assert found.withdrawn.tolist() == [True, False]
    assert found.is_multiple.tolist() == [True, True]
    assert found.occurred_ns.tolist()[1] == own.t_ns // 1000 * 1000
    assert (later.id.tolist(), len(earlier)) == ([own.pk], 1)


def test_no_events_are_empty_columns(db: None) -> None:
    assert queries.acoustic_events().occurred_ns.dtype == np.int64


def report(minute: int, name: str, value: float, *, sensor: str = "WX-1") -> dict[str, object]:
    return reading(value, minute, sensor=sensor, property=name)


@pytest.fixture
def stations(source: Source) -> None:
    actions.register_sensors(entries=[entry("WX-1", "weather"), entry("WX-2", "weather")], now=NOW)


def test_weather_is_temperature_with_the_wind_of_the_same_instant(
    source: Source, stations: None
) -> None:
    accept(
        source,
        [
            report(0, "temperature", 4.0),
            report(0, "windSpeed", 3.0),
            report(0, "windDirection", 270.0),
            report(15, "windSpeed", 9.0),  # without a temperature: no report
            report(30, "temperature", 5.0, sensor="WX-2"),
            report(30, "relativeHumidity", 0.5, sensor="WX-2"),
        ],
        "observations",
    )
    actions.drain(now=NOW)

    weather = knowledge.weather_arrays([(T0_NS, T0_NS + S)])

    assert weather is not None
    first_ns = since_epoch_ns(datetime(2026, 3, 14, 21, 0, tzinfo=UTC))
    assert weather.t_ns.tolist() == [first_ns, first_ns + 1800 * S]
    assert weather.temp_c.tolist() == [4.0, 5.0]
    np.testing.assert_array_equal(weather.wind_mps, [3.0, np.nan])
    np.testing.assert_array_equal(weather.wind_from_deg, [270.0, np.nan])


def test_only_weather_around_the_spans_is_asked_for(source: Source, stations: None) -> None:
    accept(
        source,
        [report(60 * hour, "temperature", float(hour)) for hour in range(-30, 2)],
        "observations",
    )
    actions.drain(now=NOW)
    day_ns = 86_400 * S

    weather = knowledge.weather_arrays([(T0_NS - day_ns, T0_NS - day_ns + S), (T0_NS, T0_NS + S)])

    assert weather is not None
    # 21:00 plus or minus so many hours; the spans are at 22:23 of this day and the one before
    assert weather.temp_c.tolist() == [-25.0, -24.0, -23.0, -22.0, -21.0, -20.0, -1.0, 0.0, 1.0]


def test_without_a_station_there_is_no_weather(
    source: Source, microphones: list[Sensor], stations: None
) -> None:
    accept(source, [report(0, "temperature", 30.0, sensor="MIC-22")], "observations")
    actions.drain(now=NOW)

    assert knowledge.weather_arrays([(T0_NS, T0_NS + S)]) is None
