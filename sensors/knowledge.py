"""What is known besides the pulses when the detector is asked: the weather, what earlier events said of
the air, what is wrong with sensors. Rows -> arrays, like queries.py; nothing here writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from sensors.detection import Fault, Soundings, Weather
from sensors.geodesy import LocalPlane
from sensors.kinds import ACOUSTIC, WEATHER
from sensors.models import AcousticEvent, AssetFault, Sensor
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


def known_faults(spoke: Container[str]) -> list[Fault]:
    """Open faults of microphones, by serial. spoke: serials that were heard, and so are not silent."""
    rows = (
        AssetFault.objects.filter(cleared_at__isnull=True, sensor__kind=ACOUSTIC)
        .order_by("sensor__serial", "id")
        .values_list("sensor__serial", "kind", "size", "size_sd", "evidence")
    )
    return [
        Fault(
            serial, kind, np.nan if size is None else size, np.nan if sd is None else sd, evidence
        )
        for serial, kind, size, sd, evidence in rows
        if not (kind == AssetFault.Kind.SILENT and serial in spoke)
    ]


RECORD = timedelta(days=3)
MOST_INCIDENTS = 300
"""Enough to tell faults of a city of a thousand sensors apart; a quarter of a minute of work."""
ASKED_M = 1_000.0
REPAIRED = "repaired"
"""In the evidence of a fault that a person, and not the record, has closed."""


@dataclass(frozen=True, eq=False)
class Incidents:
    """Our own events, newest first: t_ns, lon, lat, each of shape (k,)."""

    t_ns: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]

    def __len__(self) -> int:
        return int(self.t_ns.size)


def incidents_of_the_record(now: datetime) -> Incidents:
    """The newest of our own events of the last days, whatever made the noise: sensors hear it all."""
    events = AcousticEvent.objects.filter(
        provider=AcousticEvent.OWN, withdrawn_at=None, t_ns__gte=since_epoch_ns(now - RECORD)
    )
    rows = events.order_by("-t_ns", "-id").values_list("t_ns", "lon", "lat")[:MOST_INCIDENTS]
    t_ns, lon, lat = as_columns(list(rows), 3)
    return Incidents(np.array(t_ns, np.int64), np.array(lon, float), np.array(lat, float))


def times_asked(incidents: Incidents) -> Counter[str]:
    """Incidents within ``ASKED_M`` of each microphone, by serial."""
    asked: Counter[str] = Counter()
    if not len(incidents):
        return asked
    plane = LocalPlane(float(incidents.lon[0]), float(incidents.lat[0]))
    x_m, y_m = plane.to_xy(incidents.lon, incidents.lat)
    for serial, lon, lat in Sensor.objects.filter(kind=ACOUSTIC).values_list(
        "serial", "lon", "lat"
    ):
        at_x_m, at_y_m = plane.to_xy(lon, lat)
        asked[serial] = int(np.sum(np.hypot(x_m - at_x_m, y_m - at_y_m) <= ASKED_M))
    return asked


SILENT_MISSED = 100.0
"""Pulses that a living sensor would have sent meanwhile. At night a fifth of them would be usual, and half of
those for their coming in clumps: the chance of such a silence is e^-10 even then."""


def gone_silent(now: datetime) -> list[Fault]:
    """Microphones in service that are quiet for far longer than they usually are, by serial.

    Told from the counts by the hour, so that a dead microphone is named though nothing happens near
    it. Size: hours. While all are quiet it is not the sensors, and none is named.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LAST_HEARD, [ACOUSTIC])
        rows = cursor.fetchall()
    quiet = []
    for serial, per_h, last_hour in rows:
        hours = (now - last_hour) / timedelta(hours=1) - 1.0
        if per_h * hours > SILENT_MISSED:
            evidence = {"usual_per_h": per_h, "expected": round(per_h * hours, 1)}
            quiet.append(Fault(serial, "silent", round(hours, 2), 0.0, evidence))
    return [] if len(quiet) > len(rows) / 2 else quiet


_LAST_HEARD = """
SELECT s.serial, s.background_per_h,
    (SELECT h.hour FROM sensors_sensorhour h WHERE h.sensor_id = s.id ORDER BY h.hour DESC LIMIT 1)
FROM sensors_sensor s
WHERE s.kind = %s AND s.is_active AND s.background_per_h > 0
    AND EXISTS (SELECT FROM sensors_sensorhour h WHERE h.sensor_id = s.id)
ORDER BY s.serial
"""


def lately_repaired(now: datetime) -> set[str]:
    """Serials of sensors that a person declared repaired so lately that the record still remembers."""
    repaired = AssetFault.objects.filter(
        cleared_at__gt=now - RECORD, evidence__contains={REPAIRED: True}
    )
    return set(repaired.values_list("sensor__serial", flat=True))


def _instant(t_ns: int) -> datetime:
    return EPOCH + timedelta(microseconds=t_ns // 1000)
