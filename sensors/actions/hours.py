"""Pulses of each sensor and hour: counted as they are stored, and what is usual learnt from the counts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import connection

from sensors.kinds import ACOUSTIC

SECONDS_PER_HOUR = 3_600

USUAL_DAYS = 3
"""Long enough for two nights and their days, short enough to follow a building site."""
USUAL_HOURS = 6
"""Of so many hours at least the median is taken; of fewer nothing is learnt."""


def count_pulses(hours: Mapping[tuple[int, int], int]) -> None:
    """Add to the counts; keyed by sensor id and whole hours since 1970. In the caller's transaction.

    Taken in order of the key, and by every drain as its last lock, so that two drains that meet wait
    for each other's commit at most.
    """
    if not hours:
        return
    keys = sorted(hours)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO sensors_sensorhour AS known (sensor_id, hour, n_pulses)"
            " SELECT sensor, to_timestamp(hour), n"
            " FROM unnest(%s::bigint[], %s::bigint[], %s::int[]) AS fresh(sensor, hour, n)"
            " ON CONFLICT (sensor_id, hour) DO UPDATE SET n_pulses = known.n_pulses + excluded.n_pulses",
            [
                [sensor_id for sensor_id, _ in keys],
                [hour * SECONDS_PER_HOUR for _, hour in keys],
                [hours[key] for key in keys],
            ],
        )


def learn_background(*, now: datetime) -> int:
    """Set what each microphone usually hears in an hour; the number of sensors for which it changed.

    The median of its whole hours of the last days in which it heard anything: an hour of shooting or of
    silence moves it little, where a mean would take incidents for noise. Unknown (null) where there are
    too few such hours.
    """
    until = now.replace(minute=0, second=0, microsecond=0)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE sensors_sensor s SET background_per_h = u.usual FROM ("
            "  SELECT s.id, CASE WHEN count(h.id) >= %s"
            "    THEN percentile_cont(0.5) WITHIN GROUP (ORDER BY h.n_pulses) END AS usual"
            "  FROM sensors_sensor s LEFT JOIN sensors_sensorhour h"
            "    ON h.sensor_id = s.id AND h.hour >= %s AND h.hour < %s"
            "  WHERE s.kind = %s GROUP BY s.id"
            ") AS u WHERE u.id = s.id AND s.background_per_h IS DISTINCT FROM u.usual",
            [USUAL_HOURS, until - timedelta(days=USUAL_DAYS), until, ACOUSTIC],
        )
        return int(cursor.rowcount)
