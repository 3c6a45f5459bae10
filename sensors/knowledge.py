"""What is known besides the pulses when the detector is asked: the weather, and what lately sounded tell
of the air. Rows -> arrays, like queries.py; nothing here writes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
from django.db import connection

from sensors.detection import Weather
from sensors.detection.atmosphere import Soundings
from sensors.kinds import WEATHER
from sensors.models import AcousticEvent
from sensors.payloads.daylight import EPOCH, since_epoch_ns
from sensors.queries import as_columns

Span = tuple[int, int]

WEATHER_REACH = timedelta(hours=3)
"""Older reports say little of the air of now (sensors.detection.propagation: a degree of doubt an hour)."""


def weather_arrays(spans_ns: Sequence[Span]) -> Weather | None:
    """Reports of all weather stations around the spans, by time and station; None where there are none.

    A report is a temperature and the wind that its station told with the same instant, NaN where it
    told none; windDirection is where the wind comes from.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _WEATHER,
            {
                "kind": WEATHER,
                "low": [_instant(low) - WEATHER_REACH for low, _ in spans_ns],
                "high": [_instant(high) + WEATHER_REACH for _, high in spans_ns],
            },
        )
        rows = cursor.fetchall()
    if not rows:
        return None
    at, temp_c, wind_mps, wind_from_deg = as_columns(rows, 4)
    return Weather(
        t_ns=np.array([since_epoch_ns(one) for one in at], np.int64),
        temp_c=np.array(temp_c, np.float64),
        wind_mps=np.array(wind_mps, np.float64),
        wind_from_deg=np.array(wind_from_deg, np.float64),
    )


_WEATHER = """
SELECT o.phenomenon_at,
    max(o.result) FILTER (WHERE d.observed_property = 'temperature') AS temp_c,
    max(o.result) FILTER (WHERE d.observed_property = 'windSpeed'),
    max(o.result) FILTER (WHERE d.observed_property = 'windDirection')
FROM sensors_sensor s
JOIN sensors_datastream d ON d.sensor_id = s.id
JOIN sensors_observation o ON o.datastream_id = d.id
WHERE s.kind = %(kind)s AND s.is_active
    AND d.observed_property IN ('temperature', 'windSpeed', 'windDirection')
    AND EXISTS (
        SELECT FROM unnest(%(low)s::timestamptz[], %(high)s::timestamptz[]) AS span(low, high)
        WHERE o.phenomenon_at BETWEEN span.low AND span.high
    )
    AND o.phenomenon_at BETWEEN (SELECT min(l) FROM unnest(%(low)s::timestamptz[]) AS l)
        AND (SELECT max(h) FROM unnest(%(high)s::timestamptz[]) AS h)
GROUP BY s.id, o.phenomenon_at
HAVING bool_or(d.observed_property = 'temperature')
ORDER BY o.phenomenon_at, s.id
"""


SOUNDINGS_REACH_NS = 2 * 3_600 * 1_000_000_000
"""Air of longer ago is other air (sensors.detection.atmosphere: a degree an hour)."""
MOST_SOUNDINGS = 200


def soundings_before(start_ns: int) -> Soundings:
    """What our own events of the hours before an instant said of the air, the newest two hundred.

    Only of before: what an event says must not depend on what happened after it, or looking again
    would change it.
    """
    rows = (
        AcousticEvent.objects.filter(
            provider=AcousticEvent.OWN,
            withdrawn_at=None,
            t_ns__gte=start_ns - SOUNDINGS_REACH_NS,
            t_ns__lt=start_ns,
            reasons__has_key="sounding",
        )
        .order_by("-t_ns", "-id")
        .values_list("reasons__sounding", flat=True)[:MOST_SOUNDINGS]
    )
    return Soundings.from_rows([row for row in rows if row is not None])


def _instant(t_ns: int) -> datetime:
    return EPOCH + timedelta(microseconds=t_ns // 1000)
