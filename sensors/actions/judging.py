"""Is a decoded message one that can be true? Each refusal has a countable reason and a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from sensors.kinds import PULSES, Property, UnknownStateError, kind_of
from sensors.models import IngestBatch
from sensors.payloads.daylight import OUT_OF_LIMITS, Message, Observation, Pulse, since_epoch_ns
from sensors.queries import SensorFacts

FUTURE_TOLERANCE_S = 300
"""A device's clock may be this much ahead; beyond it the reading would hide newer, true ones."""

_DAY_NS = 86_400 * 1_000_000_000


class Refusal(Exception):  # noqa: N818  (a verdict, not a fault of ours)
    """This message cannot be stored: a countable reason, and what was got and wanted."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail


@dataclass(frozen=True)
class Delivery:
    """One inbox row, its messages by their position, and the times that they may bear.

    Those are counted from its arrival and not from now, so that a replay judges as the first time.
    """

    batch_id: int
    source_id: int
    received_at: datetime
    earliest_ns: int
    latest_ns: int
    messages: Sequence[tuple[int, Message]]

    @classmethod
    def of(cls, batch: IngestBatch, messages: Sequence[tuple[int, Message]]) -> Delivery:
        received_ns = since_epoch_ns(batch.received_at)
        retention_days: int = settings.INGEST_RETENTION_DAYS
        return cls(
            batch.pk,
            batch.source_id,
            batch.received_at,
            received_ns - retention_days * _DAY_NS,
            received_ns + FUTURE_TOLERANCE_S * 1_000_000_000,
            messages,
        )

    def check_time(self, t_ns: int) -> None:
        if t_ns > self.latest_ns:
            late_s = (t_ns - self.latest_ns) / 1e9 + FUTURE_TOLERANCE_S
            raise Refusal(
                "future",
                f"got a time {late_s:.0f} s after arrival; wanted at most {FUTURE_TOLERANCE_S} s",
            )
        if t_ns < self.earliest_ns:
            days = (self.earliest_ns - t_ns) / _DAY_NS
            raise Refusal("too_old", f"got a time {days:.1f} days older than what is kept")


def speaker(serial: str, source_id: int, sensors: Mapping[str, SensorFacts]) -> SensorFacts:
    """The sensor that speaks, where it is registered, the sender's own, and in service."""
    sensor = sensors.get(serial)
    if sensor is None:
        raise Refusal("unknown_sensor", f"got sensor {serial!r}; wanted a registered serial")
    if sensor.source_id != source_id:
        raise Refusal("foreign_sensor", f"sensor {serial!r} belongs to another source")
    if not sensor.is_active:
        raise Refusal("inactive_sensor", f"sensor {serial!r} is out of service")
    return sensor


def pulse_row(delivery: Delivery, pulse: Pulse, sensor: SensorFacts) -> tuple[Any, ...]:
    """The columns of staging.PULSES."""
    if kind_of(sensor.kind).message_kind != PULSES:
        raise Refusal("wrong_kind", f"sensor {pulse.sensor!r} is a {sensor.kind}: it has no pulses")
    t_ns = pulse.at_ns
    delivery.check_time(t_ns)
    return (
        t_ns,
        sensor.id,
        pulse.pulse_id,
        delivery.received_at,
        sensor.lon,
        sensor.lat,
        sensor.z_m,
        pulse.peak_db,
        pulse.snr_db,
        pulse.rise_ms,
        pulse.dur_ms,
        pulse.centroid_hz,
    )


def observed_property(reading: Observation, sensor: SensorFacts) -> Property:
    """What the sensor's kind says about the property."""
    observed = kind_of(sensor.kind).observed(reading.property)
    if observed is None:
        raise Refusal("unknown_property", f"a {sensor.kind} has no {reading.property!r}")
    return observed


def result(delivery: Delivery, reading: Observation, observed: Property) -> float:
    """The number that is stored for a reading."""
    delivery.check_time(since_epoch_ns(reading.t))
    try:
        value = observed.number(reading.value)
    except UnknownStateError as error:
        raise Refusal("unknown_state", f"{reading.property}: {error}") from None
    if detail := observed.refusal(value):
        raise Refusal(OUT_OF_LIMITS, f"{reading.property}: {detail}")
    return value
