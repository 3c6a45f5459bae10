"""What the vault holds of released alerts: what became of them, which shootings had none, who listened.

With ``sources`` the only module that reads the private apps. It hands arrays to the gate and writes nothing.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from incidents.queries import (
    AlertLives as AlertLives,  # the gate decides on it, and reads nothing else
)
from incidents.queries import alert_lives
from portal.publication.linking import Named
from portal.publication.sources import (
    BOOL,
    FACE_DTYPES,
    FACES,
    FLOAT,
    GUNFIRE,
    INCIDENTS,
    INT,
    OBJECT,
    SECONDS,
    Located,
    Nearby,
    Table,
    columns_of,
    select,
)
from portal.publication.uptime import Fault, Heard, Service
from sensors.kinds import ACOUSTIC
from sensors.models import AcousticEvent

HOUR_S = 3_600
OWN = AcousticEvent.OWN


@dataclass(frozen=True)
class PublicAlerts(Table):
    """Alerts that are public, by public id, beside what the vault knows of the same.

    occurred_s, starts_s: UTC seconds, the true instant and the start of the published period; lon,
    lat: of the estimate. follows: public id of the record whose place and time it has, '' none. outcome:
    what is told now, '' for nothing yet. confidence_pct: NaN where none.
    """

    record_id: NDArray[np.int64]
    public_id: NDArray[np.object_]
    occurred_s: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    precision: NDArray[np.object_]
    place_code: NDArray[np.object_]
    cell_code: NDArray[np.object_]
    district: NDArray[np.object_]
    period: NDArray[np.object_]
    starts_s: NDArray[np.int64]
    confidence_pct: NDArray[np.float64]
    follows: NDArray[np.object_]
    outcome: NDArray[np.object_]

    @property
    def located(self) -> Located:
        return Located(self.record_id, self.occurred_s, self.lon, self.lat)


@dataclass(frozen=True)
class PublicShootings(Table):
    """Confirmed shootings inside the array, alerted or missed, and the public face of their record.

    tier: of the public record, or of the call that stands for the shooting; '' where there is no such.
    district, starts_s: as published; '' and the true instant for a call.
    """

    record_id: NDArray[np.int64]
    occurred_s: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    is_missed: NDArray[np.bool_]
    is_call: NDArray[np.bool_]
    tier: NDArray[np.object_]
    district: NDArray[np.object_]
    starts_s: NDArray[np.int64]

    @property
    def located(self) -> Located:
        return Located(self.record_id, self.occurred_s, self.lon, self.lat)


def public_alerts(number: int) -> PublicAlerts:
    """The alerts of a release of the dataset gunfire, the one that is being built included."""
    rows = select(
        "SELECT a.record_id, r.public_id, coalesce(e.occurred_at, r.starts_at), e.lon, e.lat, "
        "r.precision, r.place_code, r.cell_code, r.district_slug, r.period, r.starts_at, "
        "r.confidence_pct, a.follows, o.outcome "
        "FROM release.gunfire r JOIN vault.publication_assignment a USING (public_id) "
        "LEFT JOIN vault.sensors_acousticevent e ON e.id = a.record_id "
        "LEFT JOIN release.gunfire_outcome o ON o.public_id = r.public_id AND o.first_release <= %s "
        "AND (o.retired_release IS NULL OR o.retired_release > %s) "
        "WHERE a.dataset_slug = %s AND r.first_release <= %s "
        "AND (r.retired_release IS NULL OR r.retired_release > %s) ORDER BY r.public_id",
        number,
        number,
        GUNFIRE,
        number,
        number,
    )
    dtypes = [INT, OBJECT, SECONDS, FLOAT, FLOAT, *[OBJECT] * 5, SECONDS, FLOAT, OBJECT, OBJECT]
    return PublicAlerts.joined([PublicAlerts(*columns_of(chunk, dtypes)) for chunk in rows])


def lives(start_s: int, end_s: int) -> AlertLives:
    """What became of every event of a span, both ends included (UTC seconds)."""
    first, last = (dt.datetime.fromtimestamp(at, dt.UTC) for at in (start_s, end_s + 1))
    return alert_lives(occurred_from=first, occurred_before=last, using="publisher")


def has_outcomes() -> bool:
    """Whether dispatch or a reviewer ever said what became of any alert."""
    (((found,),),) = select(
        "SELECT EXISTS (SELECT 1 FROM vault.sensors_acousticreview) OR EXISTS ("
        "SELECT 1 FROM vault.incidents_alertresponse WHERE event_id IS NOT NULL AND disposition <> 'unknown')"
    )
    return bool(found)


def named_incidents(event_ids: NDArray[np.int64]) -> Named:
    """The police records that dispatch or linking names for some events, and their public faces."""
    table = (
        "(SELECT event_id, incident_id FROM vault.incidents_alertresponse UNION "
        "SELECT event_id, incident_id FROM vault.incidents_confirmedshooting) n "
        "JOIN vault.incidents_incident i ON i.id = n.incident_id"
    )
    rows = select(
        FACES.format(more=", n.event_id", table=table, public="incident")
        + "WHERE n.event_id = ANY(%s)",
        INCIDENTS,
        event_ids.tolist(),
    )
    tables = [columns_of(chunk, [*FACE_DTYPES, INT]) for chunk in rows]
    records = Nearby.joined([Nearby(*columns[:-1]) for columns in tables])
    return Named(np.concatenate([columns[-1] for columns in tables]), records)


def shootings() -> PublicShootings:
    """Every confirmed shooting inside the array of which it is known whether there was an alert."""
    rows = select(
        "SELECT s.id, s.occurred_at, s.lon, s.lat, s.event_id IS NULL, s.call_id IS NOT NULL, "
        "coalesce(a.tier, c.tier), r.district_slug, coalesce(r.starts_at, s.occurred_at) "
        "FROM vault.incidents_confirmedshooting s LEFT JOIN vault.publication_assignment a "
        "ON a.dataset_slug = %s AND a.record_id = s.incident_id AND a.fate = 'published' "
        "LEFT JOIN release.incident r USING (public_id) "
        "LEFT JOIN vault.incidents_callforservice c ON c.id = s.call_id "
        "WHERE s.is_covered AND (s.event_id IS NOT NULL OR s.unlinked_because = 'no_alert') ORDER BY s.id",
        INCIDENTS,
    )
    dtypes = [INT, SECONDS, FLOAT, FLOAT, BOOL, BOOL, OBJECT, OBJECT, SECONDS]
    return PublicShootings.joined([PublicShootings(*columns_of(chunk, dtypes)) for chunk in rows])


def first_heard_s() -> int | None:
    """The first hour in which any microphone heard anything, UTC seconds; None where none ever did."""
    (((first,),),) = select("SELECT min(hour) FROM vault.sensors_sensorhour")
    return None if first is None else int(first.timestamp())


def microphones() -> tuple[Service, NDArray[np.float64], NDArray[np.float64]]:
    """When each microphone was in service, without its district (-1), and where it stands: lon, lat.

    From the first hour in which it was heard; one that is switched off, until the last.
    """
    rows = select(
        "SELECT s.id, s.lon, s.lat, min(h.hour), max(h.hour), s.is_active FROM vault.sensors_sensor s "
        "JOIN vault.sensors_sensorhour h ON h.sensor_id = s.id WHERE s.kind = %s GROUP BY s.id ORDER BY s.id",
        ACOUSTIC,
    )
    tables = [columns_of(chunk, [INT, FLOAT, FLOAT, SECONDS, SECONDS, BOOL]) for chunk in rows]
    sensor, lon, lat, first, last, is_active = (
        np.concatenate(column) for column in zip(*tables, strict=True)
    )
    end = np.where(is_active, np.iinfo(np.int64).max, last // HOUR_S + 1)
    none = np.full(len(sensor), -1, np.int64)
    return Service(sensor, none, first // HOUR_S, end), lon, lat


def heard_hours(start_hour: int, end_hour: int) -> Heard:
    """The hours of a span (hours since 1970, the last not part of it) in which microphones heard something."""
    rows = select(
        "SELECT h.sensor_id, extract(epoch FROM h.hour)::bigint / 3600, h.n_pulses "
        "FROM vault.sensors_sensorhour h JOIN vault.sensors_sensor s ON s.id = h.sensor_id "
        "WHERE s.kind = %s AND h.hour >= to_timestamp(%s) AND h.hour < to_timestamp(%s) AND h.n_pulses > 0",
        ACOUSTIC,
        start_hour * HOUR_S,
        end_hour * HOUR_S,
    )
    tables = [columns_of(chunk, [INT, INT, INT]) for chunk in rows]
    return Heard(*(np.concatenate(column) for column in zip(*tables, strict=True)))


def faults() -> Fault:
    """Spans in which a microphone was known not to be usable; its clock alone the detector can mend."""
    rows = select(
        "SELECT sensor_id, extract(epoch FROM found_at)::bigint / 3600, "
        "coalesce(extract(epoch FROM cleared_at)::bigint / 3600 + 1, 9000000000) "
        "FROM vault.sensors_assetfault WHERE kind IN ('misplaced', 'deaf', 'spoofed', 'silent')"
    )
    tables = [columns_of(chunk, [INT, INT, INT]) for chunk in rows]
    return Fault(*(np.concatenate(column) for column in zip(*tables, strict=True)))


def made_with(start_s: int, end_s: int) -> dict[str, list[str]]:
    """Versions of the detector and the classifier behind our own events of a span (UTC seconds)."""
    rows = select(
        "SELECT DISTINCT core_version, classifier_version FROM vault.sensors_acousticevent "
        "WHERE provider = %s AND occurred_at BETWEEN to_timestamp(%s) AND to_timestamp(%s)",
        OWN,
        start_s,
        end_s,
    )
    pairs = [pair for chunk in rows for pair in chunk]
    names = ("detector", "classifier")
    return {name: sorted({pair[i] for pair in pairs} - {""}) for i, name in enumerate(names)}
