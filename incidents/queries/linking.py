"""What there is to link: alerts, responses and the records that confirm a shooting, as columns."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from incidents.models import AlertResponse, ImportedFile
from incidents.queries.columns import rows_of, selected
from sensors.detection.health import GOOD_SHIFT_SD_M
from sensors.kinds import ACOUSTIC
from sensors.models import AcousticEvent


@dataclass(frozen=True, eq=False)
class AlertRows:
    """Acoustic events that are not withdrawn, by time and id; shape (n,). t_s: seconds since 1970 UTC;
    cov_*_m2: NaN where none is stated. is_own: our detector's; is_gunfire: it says so now.
    """

    id: NDArray[np.int64]
    number: NDArray[np.str_]
    t_s: NDArray[np.float64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    cov_xx_m2: NDArray[np.float64]
    cov_xy_m2: NDArray[np.float64]
    cov_yy_m2: NDArray[np.float64]
    is_own: NDArray[np.bool_]
    is_gunfire: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class ResponseRows:
    """Responses by id, and how each is linked now; shape (n,). lon, lat: NaN without a place. event_id, incident_id:
    -1 for none; separation_*: NaN for none. by_hand: a person linked it, or said that it has no alert.
    """

    id: NDArray[np.int64]
    revision: NDArray[np.int64]
    alert_number: NDArray[np.str_]
    report_number: NDArray[np.str_]
    t_s: NDArray[np.float64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    event_id: NDArray[np.int64]
    incident_id: NDArray[np.int64]
    linked_by: NDArray[np.str_]
    unlinked_because: NDArray[np.str_]
    separation_m: NDArray[np.float64]
    separation_s: NDArray[np.float64]

    @property
    def by_hand(self) -> NDArray[np.bool_]:
        return np.asarray(self.linked_by == AlertResponse.Link.HAND.value)


@dataclass(frozen=True, eq=False)
class ShootingRows:
    """Records that confirm a shooting, by time and kind; shape (n,). from_s, to_s: seconds since 1970 UTC, equal
    where the record names an instant; lon, lat: NaN without a place.
    """

    id: NDArray[np.int64]
    is_call: NDArray[np.bool_]
    from_s: NDArray[np.float64]
    to_s: NDArray[np.float64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CallRows:
    """People's calls about gunfire that name a place, by id; shape (n,). t_s: seconds since 1970 UTC."""

    id: NDArray[np.int64]
    t_s: NDArray[np.float64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MicrophoneRows:
    """Acoustic sensors that were ever heard, by serial; shape (k,). since_s, until_s: in service, seconds since
    1970 UTC (inf where open). unusable: (sensor index, from_s, to_s) of each fault for which the detector
    asks it no more; shape (faults, 3).
    """

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    since_s: NDArray[np.float64]
    until_s: NDArray[np.float64]
    unusable: NDArray[np.float64]

    def active_at(self, t_s: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which of them worked at each instant; (instants, k)."""
        active = (t_s[:, None] >= self.since_s) & (t_s[:, None] <= self.until_s)
        for sensor, from_s, to_s in self.unusable.tolist():
            active[(t_s >= from_s) & (t_s < to_s), int(sensor)] = False
        return active


_EPOCH = "extract(epoch FROM {})::float8"


def alert_rows() -> AlertRows:
    """Every event that a record may be about."""
    sql = f"""
        SELECT id, provider_event_id, {_EPOCH.format("occurred_at")}, lon, lat,
               cov_xx_m2, cov_xy_m2, cov_yy_m2, provider = %(own)s, kind = %(gunfire)s
        FROM sensors_acousticevent WHERE withdrawn_at IS NULL ORDER BY occurred_at, id
        """  # noqa: S608
    dtypes: list[Any] = [np.int64, "U64", *[float] * 6, bool, bool]
    own = {"own": AcousticEvent.OWN, "gunfire": AcousticEvent.Kind.GUNFIRE.value}
    return AlertRows(*selected(sql, own, dtypes))


def response_rows() -> ResponseRows:
    """Every response."""
    sql = f"""
        SELECT id, revision, alert_number, report_number, {_EPOCH.format("alerted_at")}, lon, lat,
               coalesce(event_id, -1), coalesce(incident_id, -1), linked_by, unlinked_because,
               separation_m, separation_s
        FROM incidents_alertresponse ORDER BY id
        """  # noqa: S608
    dtypes: list[Any] = [
        np.int64, np.int64, "U64", "U64", float, float, float, np.int64, np.int64, "U16", "U16",
        float, float,
    ]  # fmt: skip
    return ResponseRows(*selected(sql, {}, dtypes))


def shooting_rows() -> ShootingRows:
    """Incidents that are not sealed, and calls, that confirm a shooting."""
    sql = f"""
        SELECT id, false AS is_call, {_EPOCH.format("occurred_from")} AS from_s,
               {_EPOCH.format("coalesce(occurred_to, occurred_from)")}, lon, lat
        FROM incidents_incident WHERE confirms_shooting AND NOT is_sealed
        UNION ALL
        SELECT id, true, {_EPOCH.format("received_at")}, {_EPOCH.format("received_at")}, lon, lat
        FROM incidents_callforservice WHERE confirms_shooting
        ORDER BY from_s, is_call, id
        """  # noqa: S608
    return ShootingRows(*selected(sql, {}, [np.int64, bool, *[float] * 4]))


def call_rows() -> CallRows:
    """Without those that dispatch opened for the alerts themselves: they bear the number of a response of that
    day, or are of a type with which one in ten responses of a source begins. Fewer began as calls.
    """
    sql = f"""
        WITH begun AS (
            SELECT initial_type, count(*) AS n, sum(count(*)) OVER (PARTITION BY source) AS of_source
            FROM incidents_alertresponse WHERE initial_type <> '' GROUP BY source, initial_type
        )
        SELECT id, {_EPOCH.format("received_at")}, lon, lat FROM incidents_callforservice c
        WHERE category = 'gunfire' AND lon IS NOT NULL AND lat IS NOT NULL
          AND call_type NOT IN (SELECT initial_type FROM begun WHERE 10 * n >= of_source)
          AND NOT EXISTS (SELECT FROM incidents_alertresponse r WHERE r.source_id = c.source_id
                          AND r.alerted_at BETWEEN c.received_at - interval '1 day'
                                               AND c.received_at + interval '1 day')
        ORDER BY id
        """  # noqa: S608
    return CallRows(*selected(sql, {}, [np.int64, float, float, float]))


_FIRST_HOUR = """(SELECT h.hour FROM sensors_sensorhour h WHERE h.sensor_id = s.id
                    ORDER BY h.hour LIMIT 1)"""
_LAST_HOUR = """(SELECT h.hour FROM sensors_sensorhour h WHERE h.sensor_id = s.id
                    ORDER BY h.hour DESC LIMIT 1)"""


def microphone_rows() -> MicrophoneRows:
    """In service from the first hour in which it was heard (and not before it was installed), and, where it
    was taken out, until the last."""
    sql = f"""
        SELECT s.id, s.lon, s.lat, {_EPOCH.format(f"greatest(s.installed_on::timestamptz, {_FIRST_HOUR})")},
               CASE WHEN s.is_active THEN 'infinity'::float8
                    ELSE {_EPOCH.format(f"{_LAST_HOUR} + interval '1 hour'")} END
        FROM sensors_sensor s WHERE s.kind = %(kind)s AND {_FIRST_HOUR} IS NOT NULL ORDER BY s.serial
        """  # noqa: S608
    id_, lon, lat, since_s, until_s = selected(sql, {"kind": ACOUSTIC}, [np.int64, *[float] * 4])
    faults = f"""
        SELECT sensor_id, {_EPOCH.format("found_at")},
               {_EPOCH.format("coalesce(cleared_at, 'infinity')")}
        FROM sensors_assetfault WHERE kind IN ('deaf', 'silent', 'spoofed')
            OR kind = 'misplaced' AND size_sd >= %(good_shift)s ORDER BY id
        """  # noqa: S608
    sensor, *span_s = selected(faults, {"good_shift": GOOD_SHIFT_SD_M}, [np.int64, float, float])
    index = rows_of(id_, sensor)
    unusable = np.column_stack([index, *span_s])[index >= 0]
    return MicrophoneRows(lon, lat, since_s, until_s, unusable)


def was_heard(t_s: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether any microphone was heard within six hours of each instant; shape of t_s.

    Not in the hour alone: shots that no microphone heard, in an array that hears little else, are the
    worst of misses and must not pass for an outage.
    """
    hour = t_s // 3_600.0
    sql = """
        SELECT asked FROM unnest(%(hours)s::bigint[]) AS asked
        WHERE EXISTS (SELECT FROM sensors_sensorhour h
                      WHERE h.hour BETWEEN to_timestamp((asked - 6) * 3600)
                                       AND to_timestamp((asked + 6) * 3600))
        """
    asked = {"hours": np.unique(hour).astype(np.int64).tolist()}
    return np.isin(hour, selected(sql, asked, [np.int64])[0])


def incident_ids(numbers: NDArray[np.str_]) -> NDArray[np.int64]:
    """The incident of each of the police's numbers; -1 for none, and for a number that two sources use."""
    sql = """
        SELECT source_id, min(id) FROM incidents_incident
        WHERE source = ANY(%(sources)s) AND source_id = ANY(%(numbers)s)
        GROUP BY source_id HAVING count(*) = 1
        """
    wanted = sorted(set(numbers.tolist()) - {""})
    sources = list(ImportedFile.objects.values_list("source", flat=True).distinct())
    with connection.cursor() as cursor:
        cursor.execute(sql, {"sources": sources, "numbers": wanted})
        found = dict(cursor.fetchall())
    return np.array([found.get(number, -1) for number in numbers.tolist()], np.int64)


def link_inputs() -> str:
    """A fingerprint of everything that linking reads: the same where there is nothing new to link.

    Counts, for what is only ever added: the newest instant or id says nothing of a transaction that
    began earlier and ended later. Files tell of the vendors' alerts and of corrected records as well.
    An hour that was filled late shows when the next begins.
    """
    sql = f"""
        SELECT (SELECT count(*) FROM sensors_acousticevent),
               (SELECT count(*) FROM sensors_acousticeventrevision),
               (SELECT count(*) FROM incidents_alertresponse),
               (SELECT count(*) FROM incidents_alertresponserevision),
               (SELECT count(*) FROM incidents_importedfile WHERE state = 'stored'),
               (SELECT (count(*), sum(id))::text FROM incidents_incident
                WHERE confirms_shooting AND NOT is_sealed),
               (SELECT (count(*), count(cleared_at))::text FROM sensors_assetfault),
               (SELECT string_agg((id, lon, lat, is_active, installed_on, {_FIRST_HOUR})::text, ''
                                  ORDER BY id) FROM sensors_sensor s WHERE kind = %s),
               (SELECT max(hour) FROM sensors_sensorhour)
        """  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, [ACOUSTIC])
        return hashlib.sha256(repr(cursor.fetchone()).encode()).hexdigest()
