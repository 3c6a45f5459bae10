"""Pulses are counted by sensor and hour as they are stored, and what is usual is learnt from that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib import import_module

import numpy as np
import pytest
from django.db import connection

from sensors import actions, queries
from sensors.models import Pulse, Sensor, SensorHour, Source
from sensors.payloads.daylight import encode
from tests.sensors.deliveries import accept, pulse
from tests.sensors.field import NOW, shot

pytestmark = pytest.mark.django_db

HOUR = datetime(2026, 3, 14, 22, tzinfo=UTC)


def counts() -> dict[tuple[str, datetime], int]:
    return {
        (serial, hour): n
        for serial, hour, n in SensorHour.objects.values_list("sensor__serial", "hour", "n_pulses")
    }


def counted_anew() -> dict[tuple[str, datetime], int]:
    """The slow way: every stored pulse, one by one."""
    found: dict[tuple[str, datetime], int] = {}
    for t_ns, serial in Pulse.objects.values_list("t_ns", "sensor__serial"):
        at = datetime.fromtimestamp(t_ns // 10**9, UTC)
        key = serial, at.replace(minute=0, second=0)
        found[key] = found.get(key, 0) + 1
    return found


def test_pulses_that_were_really_stored_are_counted_once(
    source: Source, microphones: list[Sensor]
) -> None:
    accept(source, [pulse(0), pulse(1), pulse(-3_000), pulse(2, sensor="MIC-23")])
    actions.drain(now=NOW)
    accept(source, [pulse(1), pulse(2), pulse(4, sensor="NOBODY")])
    actions.drain(now=NOW)

    assert counts() == {
        ("MIC-22", HOUR): 3,
        ("MIC-22", HOUR - timedelta(hours=1)): 1,
        ("MIC-23", HOUR): 1,
    }
    assert counts() == counted_anew()


def test_a_drain_that_fails_counts_nothing(
    source: Source, microphones: list[Sensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    accept(source, [pulse(0)])
    monkeypatch.setattr("sensors.actions.draining._finish", lambda *args: 1 / 0)
    monkeypatch.setattr("sensors.actions.draining.logger.exception", lambda *args: None)

    actions.drain(now=NOW)

    assert not Pulse.objects.exists()
    assert counts() == {}


def test_what_was_stored_before_there_were_counts_is_counted_by_the_migration(
    source: Source, microphones: list[Sensor]
) -> None:
    accept(source, encode(shot(x_m=0.0, y_m=0.0, rounds=4)))
    accept(source, [pulse(-n * 700) for n in range(9)])
    actions.drain(now=NOW)
    before = counts()
    SensorHour.objects.all().delete()

    with connection.cursor() as cursor:
        cursor.execute(
            import_module("sensors.migrations.0002_gunfire_outcomes").COUNT_STORED_PULSES
        )

    assert counts() == before == counted_anew()
    assert len({hour for _, hour in before}) == 3


def test_the_usual_background_is_a_median_that_no_shooting_moves(
    microphones: list[Sensor],
) -> None:
    loud, new = microphones[0], microphones[1]
    SensorHour.objects.bulk_create(
        SensorHour(sensor=loud, hour=HOUR - timedelta(hours=back), n_pulses=n)
        for back, n in enumerate([900, 12, 10, 11, 900, 9, 12, 13])
    )
    SensorHour.objects.bulk_create(
        SensorHour(sensor=new, hour=HOUR - timedelta(hours=back), n_pulses=40) for back in range(4)
    )
    SensorHour.objects.create(sensor=loud, hour=HOUR - timedelta(days=9), n_pulses=5)

    n_changed = actions.learn_background(now=NOW)

    assert n_changed == 1
    loud.refresh_from_db()
    new.refresh_from_db()
    # the hour that is not over yet, 900, and that of nine days ago do not count
    assert loud.background_per_h == np.median([12, 10, 11, 900, 9, 12, 13])
    assert new.background_per_h is None
    sensors = queries.sensor_arrays("acoustic")
    assert sensors.background_per_h is not None
    assert sensors.background_per_h[0] == 12.0
    assert np.isnan(sensors.background_per_h[1:]).all()
    assert actions.learn_background(now=NOW) == 0


def test_a_sensor_that_fell_silent_has_no_usual_background_any_more(
    microphones: list[Sensor],
) -> None:
    Sensor.objects.filter(pk=microphones[0].pk).update(background_per_h=12.0)

    assert actions.learn_background(now=NOW) == 1
    assert not Sensor.objects.filter(background_per_h__isnull=False).exists()
