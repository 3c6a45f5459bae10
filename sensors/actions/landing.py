"""Decoded messages -> rows: look up, judge, insert what is new, mark what must be looked at.

Everything here runs inside the caller's transaction.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import DataError, IntegrityError, transaction

from sensors.actions.datastreams import datastream_ids, move_on
from sensors.actions.hours import count_pulses
from sensors.actions.judging import (
    Delivery,
    Refusal,
    observed_property,
    pulse_row,
    result,
    speaker,
)
from sensors.actions.staging import OBSERVATIONS, PULSES, Target, insert_new
from sensors.models import DirtyWindow, Observation
from sensors.payloads.daylight import Pulse
from sensors.queries import SensorFacts, sensor_facts

WINDOW_S = 60
"""The stretch of time that is marked dirty and detected over as one; a burst seldom lasts longer."""
WINDOW_NS = WINDOW_S * 1_000_000_000
HOUR_NS = 3_600 * 1_000_000_000

Row = tuple[Any, ...]
# A row that may be stored, and the message it stands for: batch id, position, row. A plain tuple,
# for there are many, and the garbage collector need not follow one of plain values.
Candidate = tuple[int, int, Row]


@dataclass
class Landed:
    """What became of some arrivals. Stored, repeated (by batch id) and refused add up to them."""

    stored: Counter[int] = field(default_factory=Counter)
    repeated: Counter[int] = field(default_factory=Counter)
    # (batch id, position) -> (reason, detail)
    refused: dict[tuple[int, int], tuple[str, str]] = field(default_factory=dict)
    n_pulses: int = 0  # of those stored
    # (sensor id, whole hours since 1970) -> pulses stored
    hours: Counter[tuple[int, int]] = field(default_factory=Counter)

    def refuse(self, batch_id: int, position: int, reason: str, detail: str) -> None:
        self.refused[batch_id, position] = (reason, detail)


def land(deliveries: Sequence[Delivery], *, now: datetime) -> Landed:
    """Store what is new and can be true; say why for the rest. Running it again stores nothing."""
    landed = Landed()
    serials = {message.sensor for delivery in deliveries for _, message in delivery.messages}
    sensors = sensor_facts(serials)
    pulses = _pulses(deliveries, sensors, landed)
    observations = _observations(deliveries, sensors, landed)
    _store(PULSES, pulses, landed, now)
    _store(OBSERVATIONS, observations, landed, now)
    count_pulses(landed.hours)
    return landed


def _pulses(
    deliveries: Sequence[Delivery], sensors: dict[str, SensorFacts], landed: Landed
) -> list[Candidate]:
    found = []
    for delivery in deliveries:
        for position, message in delivery.messages:
            if not isinstance(message, Pulse):
                continue
            try:
                sensor = speaker(message.sensor, delivery.source_id, sensors)
                found.append((delivery.batch_id, position, pulse_row(delivery, message, sensor)))
            except Refusal as refusal:
                landed.refuse(delivery.batch_id, position, refusal.reason, refusal.detail)
    return found


def _observations(
    deliveries: Sequence[Delivery], sensors: dict[str, SensorFacts], landed: Landed
) -> list[Candidate]:
    readings, units = [], {}
    for delivery in deliveries:
        for position, message in delivery.messages:
            if isinstance(message, Pulse):
                continue
            try:
                sensor = speaker(message.sensor, delivery.source_id, sensors)
                observed = observed_property(message, sensor)
                value = result(delivery, message, observed)
            except Refusal as refusal:
                landed.refuse(delivery.batch_id, position, refusal.reason, refusal.detail)
                continue
            key = (sensor.id, message.property)
            units[key] = observed.unit
            readings.append((delivery, position, key, message.t, value))
    ids = datastream_ids(units)
    flag = Observation.Flag.UNKNOWN.value  # not evaluated yet
    return [
        (delivery.batch_id, position, (ids[key], t, value, delivery.received_at, flag))
        for delivery, position, key, t, value in readings
    ]


def _store(target: Target, candidates: list[Candidate], landed: Landed, now: datetime) -> None:
    """The first of each key wins, here as against what is stored already."""
    unique: dict[Row, Candidate] = {}
    for candidate in candidates:
        if unique.setdefault(candidate[2][:2], candidate) is not candidate:
            landed.repeated[candidate[0]] += 1
    if unique:
        _insert(target, [unique[key] for key in sorted(unique)], landed, now)


def _insert(target: Target, candidates: list[Candidate], landed: Landed, now: datetime) -> None:
    """All rows at once; where the database refuses one, halves, until the poison stands alone."""
    try:
        with transaction.atomic():
            inserted = insert_new(target, [row for _, _, row in candidates])
    except (DataError, IntegrityError) as error:
        if len(candidates) == 1:
            batch_id, position, _ = candidates[0]
            landed.refuse(batch_id, position, "refused_by_database", str(error).strip())
            return
        middle = len(candidates) // 2
        _insert(target, candidates[:middle], landed, now)
        _insert(target, candidates[middle:], landed, now)
        return
    fresh = [candidate for candidate in candidates if candidate[2][:2] in inserted]
    landed.stored.update(Counter(batch_id for batch_id, _, _ in fresh))
    landed.repeated.update(
        Counter(batch_id for batch_id, _, row in candidates if row[:2] not in inserted)
    )
    if target is PULSES:
        landed.n_pulses += len(fresh)
        landed.hours.update([(row[1], row[0] // HOUR_NS) for _, _, row in fresh])
        _mark_dirty(fresh, now)
    else:
        _move_on(fresh)


def _mark_dirty(fresh: Sequence[Candidate], now: datetime) -> None:
    """A mark for each window that has new pulses. The candidates come in order of time."""
    by_window = itertools.groupby((row[0] for _, _, row in fresh), lambda t_ns: t_ns // WINDOW_NS)
    marks = []
    for number, times in by_window:
        first_ns, *later = times
        marks.append(
            DirtyWindow(
                starts_at=datetime.fromtimestamp(number * WINDOW_S, UTC),
                touched_at=now,
                first_ns=first_ns,
                last_ns=later[-1] if later else first_ns,
            )
        )
    DirtyWindow.objects.bulk_create(marks)


def _move_on(fresh: Sequence[Candidate]) -> None:
    newest: dict[int, tuple[datetime, float]] = {}
    for _, _, (datastream_id, at, value, *_) in fresh:
        if datastream_id not in newest or newest[datastream_id][0] < at:
            newest[datastream_id] = (at, value)
    if newest:
        move_on(newest)
