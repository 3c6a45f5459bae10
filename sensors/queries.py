"""Rows -> arrays and lists. The only place of this app where the ORM meets NumPy; nothing here writes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from sensors.detection import PulseArrays, SensorArrays
from sensors.detection.classification import DEFAULT, Classifier, FormatError
from sensors.models import (
    AcousticClassifier,
    AcousticEvent,
    AcousticReview,
    Datastream,
    DirtyWindow,
    IngestBatch,
    Quarantined,
    Sensor,
)
from sensors.payloads.daylight import since_epoch_ns


class SensorFacts(NamedTuple):
    """What a message's judge must know about the sensor that speaks."""

    id: int
    source_id: int
    kind: str
    is_active: bool
    lon: float
    lat: float
    z_m: float


def sensor_facts(serials: Iterable[str]) -> dict[str, SensorFacts]:
    """By serial; a serial that is not registered is absent."""
    fields = ("serial", *SensorFacts._fields)
    found = Sensor.objects.filter(serial__in=list(serials)).values_list(*fields)
    return {serial: SensorFacts(*facts) for serial, *facts in found}


class KeyFacts(NamedTuple):
    """An active signing key and whom it speaks for."""

    sealed_secret: bytes
    source_id: int


def active_key(key_id: str) -> KeyFacts | None:
    """None where the key is unknown or retired, or its source is switched off."""
    with connection.cursor() as cursor:  # on every request of every device: not through the ORM
        cursor.execute(
            "SELECT k.sealed_secret, k.source_id FROM sensors_devicekey k"
            " JOIN sensors_source s ON s.id = k.source_id"
            " WHERE k.key_id = %s AND k.retired_at IS NULL AND s.is_active",
            [key_id],
        )
        row = cursor.fetchone()
    return None if row is None else KeyFacts(bytes(row[0]), row[1])


def inbox_depth() -> int:
    """Batches that wait to be drained."""
    return IngestBatch.objects.filter(state=IngestBatch.State.WAITING).count()


def parked_count() -> int:
    """Batches that failed too often and wait for a person."""
    return IngestBatch.objects.filter(state=IngestBatch.State.PARKED).count()


def dirty_count() -> int:
    """Windows that wait for the detector; parked ones do not."""
    waiting = DirtyWindow.objects.filter(parked_at__isnull=True)
    return waiting.values("starts_at").distinct().count()


def parked_window_count() -> int:
    """Windows on which the detector failed, that wait for a person."""
    return DirtyWindow.objects.filter(parked_at__isnull=False).count()


def quarantine_count() -> int:
    """Messages that could not be used and were not replayed since."""
    return Quarantined.objects.filter(replayed_at__isnull=True).count()


class Reading(NamedTuple):
    """The newest reading of one observed property of one sensor."""

    serial: str
    name: str
    lon: float
    lat: float
    observed_property: str
    unit: str
    at: datetime
    value: float


def latest_readings(kind: str, *, observed_property: str | None = None) -> list[Reading]:
    """Newest reading per sensor and property of a kind, by serial and property; never-heard are absent."""
    streams = Datastream.objects.filter(sensor__kind=kind, latest_at__isnull=False)
    if observed_property is not None:
        streams = streams.filter(observed_property=observed_property)
    rows = streams.order_by("sensor__serial", "observed_property").values_list(
        "sensor__serial",
        "sensor__name",
        "sensor__lon",
        "sensor__lat",
        "observed_property",
        "unit",
        "latest_at",
        "latest_value",
    )
    return [
        Reading(serial, name, lon, lat, observed, unit, at, value)
        for serial, name, lon, lat, observed, unit, at, value in rows
        if at is not None and value is not None
    ]


@dataclass(frozen=True, eq=False)
class AcousticEventArrays:
    """Acoustic events as columns, all of shape (n,), in order of time and id.

    occurred_ns: int64 since 1970 UTC. probability: NaN where the provider gave none. n_shots: -1
    where the provider says only "multiple". withdrawn: a rerun no longer finds it.
    """

    id: NDArray[np.int64]
    occurred_ns: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    kind: NDArray[np.str_]
    probability: NDArray[np.float64]
    n_shots: NDArray[np.int64]
    is_multiple: NDArray[np.bool_]
    provider: NDArray[np.str_]
    withdrawn: NDArray[np.bool_]

    def __len__(self) -> int:
        return int(self.id.size)


def acoustic_events(
    *, occurred_from: datetime | None = None, occurred_before: datetime | None = None
) -> AcousticEventArrays:
    """Events with occurred_from <= occurred_at < occurred_before, withdrawn ones included and marked."""
    events = AcousticEvent.objects.order_by("occurred_at", "id")
    if occurred_from is not None:
        events = events.filter(occurred_at__gte=occurred_from)
    if occurred_before is not None:
        events = events.filter(occurred_at__lt=occurred_before)
    rows = events.values_list(
        "id",
        "occurred_at",
        "lon",
        "lat",
        "kind",
        "probability",
        "n_shots",
        "is_multiple",
        "provider",
        "withdrawn_at",
    )
    columns = as_columns(list(rows), 10)
    return AcousticEventArrays(
        id=np.array(columns[0], np.int64),
        occurred_ns=np.array([since_epoch_ns(at) for at in columns[1]], np.int64),
        lon=np.array(columns[2], np.float64),
        lat=np.array(columns[3], np.float64),
        kind=np.array(columns[4], np.str_),
        probability=np.array(columns[5], np.float64),  # None becomes NaN
        n_shots=np.array([-1 if n is None else n for n in columns[6]], np.int64),
        is_multiple=np.array(columns[7], np.bool_),
        provider=np.array(columns[8], np.str_),
        withdrawn=np.array([at is not None for at in columns[9]], np.bool_),
    )


def as_columns(rows: Sequence[Sequence[Any]], width: int) -> list[Sequence[Any]]:
    return list(zip(*rows, strict=True)) if rows else [()] * width


_PULSE_COLUMNS = (
    "s.serial, p.t_ns, p.pulse_id, p.received_at, p.lon, p.lat,"
    " p.peak_db, p.snr_db, p.rise_ms, p.dur_ms, p.centroid_hz,"
    " p.lon = s.lon AND p.lat = s.lat"
)


class FormerPlace(NamedTuple):
    """Where a sensor stood when it heard something, if it stands elsewhere now."""

    serial: str
    lon: float
    lat: float

    @property
    def station(self) -> str:
        return f"{self.serial} at {self.lon:.6f} {self.lat:.6f}"


@dataclass(frozen=True, eq=False)
class HeardPulses:
    """Pulses for the detector; serial (n,) names the sensor where sensor_id names its former place."""

    pulses: PulseArrays
    serial: NDArray[np.str_]
    former_places: frozenset[FormerPlace]

    def __len__(self) -> int:
        return len(self.pulses)


def pulse_arrays(spans_ns: Sequence[tuple[int, int]]) -> HeardPulses:
    """Pulses with start <= t_ns < end of any span (spans must not overlap), by time and sensor.

    The sensor_id of a row is the sensor's serial; where the sensor was moved since, it is the
    serial and its place of then, so that an old pulse is never heard from a new place.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_PULSE_COLUMNS} FROM unnest(%s::bigint[], %s::bigint[]) AS span(low, high)"  # noqa: S608
            " JOIN sensors_pulse p ON p.t_ns >= span.low AND p.t_ns < span.high"
            " JOIN sensors_sensor s ON s.id = p.sensor_id ORDER BY p.t_ns, s.serial",
            [[low for low, _ in spans_ns], [high for _, high in spans_ns]],
        )
        columns = as_columns(cursor.fetchall(), 12)
    serial, t_ns, pulse_id, received_at, lon, lat, *features, is_here = columns
    stations = list(serial)
    former = set()
    for row in np.flatnonzero(~np.array(is_here, bool)).tolist():
        place = FormerPlace(serial[row], lon[row], lat[row])
        stations[row] = place.station
        former.add(place)
    names = ("peak_db", "snr_db", "rise_ms", "dur_ms", "centroid_hz")
    pulses = PulseArrays(
        sensor_id=np.array(stations, np.str_),
        t_ns=np.array(t_ns, np.int64),
        pulse_id=np.array(pulse_id, np.str_),
        recv_ns=np.array([since_epoch_ns(at) for at in received_at], np.int64),
        **{name: np.array(column, float) for name, column in zip(names, features, strict=True)},
    )
    return HeardPulses(pulses, np.array(serial, np.str_), frozenset(former))


def sensor_arrays(kind: str, heard: HeardPulses | None = None) -> SensorArrays:
    """All sensors of a kind by serial, then the former places that ``heard`` names.

    A sensor counts as active where it is in service now, or was heard; not at a place that it
    reached only after what was heard. background_per_h is what was learnt of it where it stands now,
    NaN where nothing was.
    """
    spoke = set() if heard is None else set(heard.pulses.sensor_id.tolist())
    former = [] if heard is None else sorted(heard.former_places)
    away = {place.serial for place in former} - spoke
    fields = ("serial", "lon", "lat", "z_m", "background_per_h", "is_active")
    rows = [
        (serial, *site, (is_active or serial in spoke) and serial not in away)
        for serial, *site, is_active in Sensor.objects.filter(kind=kind)
        .order_by("serial")
        .values_list(*fields)
    ]
    rows += [(place.station, place.lon, place.lat, 0.0, None, True) for place in former]
    serial, lon, lat, z_m, background_per_h, active = as_columns(rows, 6)
    return SensorArrays(
        sensor_id=np.array(serial, np.str_),
        lon=np.array(lon, np.float64),
        lat=np.array(lat, np.float64),
        z_m=np.array(z_m, np.float64),
        active=np.array(active, np.bool_),
        background_per_h=np.array(background_per_h, np.float64),  # None becomes NaN
    )


def current_classifier() -> Classifier:
    """The classifier in use; the one without history where none was learnt, or where the one that was
    is of another format (after an upgrade, until it is learnt again)."""
    parameters = (
        AcousticClassifier.objects.filter(is_in_use=True).values_list("parameters", flat=True)
    ).first()
    if parameters is None:
        return DEFAULT
    try:
        return Classifier.from_json(parameters)
    except FormatError:
        return DEFAULT


class ReviewedEvent(NamedTuple):
    """An event of our own detector and what people found, the newest finding of each reviewer.

    features: what its probability was made from, as ``reasons`` keeps them; empty where nothing was kept.
    """

    id: int
    features: dict[str, float | None]
    findings: tuple[str, ...]
    reviewed_at: datetime  # the newest of the findings


def reviewed_events(*, most: int) -> list[ReviewedEvent]:
    """Events that somebody reviewed and that still stand, by id; the ``most`` of the highest ids."""
    newest = (
        AcousticReview.objects.filter(
            event__provider=AcousticEvent.OWN, event__withdrawn_at__isnull=True
        )
        .order_by("-event_id", "reviewer_id", "-reviewed_at", "-pk")
        .distinct("event_id", "reviewer_id")
        .values_list("event_id", "finding", "reviewed_at", "event__reasons")
    )
    found: dict[int, ReviewedEvent] = {}
    for event_id, finding, reviewed_at, reasons in newest.iterator():
        known = found.get(event_id)
        if known is None:
            if len(found) == most:
                break
            features = reasons.get("features") or {}
            known = ReviewedEvent(event_id, features, (), reviewed_at)
        found[event_id] = known._replace(
            findings=(*known.findings, finding),
            reviewed_at=max(known.reviewed_at, reviewed_at),
        )
    return sorted(found.values())
