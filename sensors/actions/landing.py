"""Decoded messages -> rows: look up, judge, stage, insert what is new, mark what must be looked at.

Everything here runs inside the caller's transaction. Rows are inserted in the order of their
keys, so that two drains that meet wait for each other and never deadlock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any

from django.db import DataError, IntegrityError, transaction

from sensors.actions.judging import (
    Arrival,
    Refusal,
    known_sensor,
    observed_property,
    pulse_row,
    result,
)
from sensors.actions.staging import (
    OBSERVATIONS,
    PULSES,
    WINDOW_S,
    Stage,
    datastream_ids,
    stage_and_insert,
    update_latest,
)
from sensors.kinds import Property
from sensors.models import DirtyWindow
from sensors.payloads.daylight import Observation, Pulse
from sensors.queries import sensor_facts

Row = tuple[Any, ...]  # batch id, position, and the columns of a stage
Fresh = list[tuple[int, int, int]]

KEY = itemgetter(2, 3)


@dataclass
class Landed:
    """What became of some arrivals. Stored, repeated (by batch id) and refused add up to them."""

    stored: Counter[int] = field(default_factory=Counter)
    repeated: Counter[int] = field(default_factory=Counter)
    # (batch id, position) -> (reason, detail)
    refused: dict[tuple[int, int], tuple[str, str]] = field(default_factory=dict)
    n_pulses: int = 0  # of those stored


def land(arrivals: Sequence[Arrival], *, now: datetime) -> Landed:
    """Store what is new and can be true; say why for the rest. Running it again stores nothing."""
    landed = Landed()
    sensors = sensor_facts({arrival.message.sensor for arrival in arrivals})
    pulses: list[Row] = []
    readings: list[tuple[Arrival, tuple[int, str], Property, float]] = []
    for arrival in arrivals:
        message = arrival.message
        try:
            sensor = known_sensor(arrival, sensors)
            if isinstance(message, Pulse):
                pulses.append(pulse_row(arrival, message, sensor))
            else:
                observed = observed_property(message, sensor)
                value = result(arrival, message, observed)
                readings.append((arrival, (sensor.id, message.property), observed, value))
        except Refusal as refusal:
            place = (arrival.delivery.batch_id, arrival.position)
            landed.refused[place] = (refusal.reason, refusal.detail)
    _store(PULSES, pulses, landed, now)
    _store(OBSERVATIONS, _observation_rows(readings), landed, now)
    return landed


def _observation_rows(
    readings: Iterable[tuple[Arrival, tuple[int, str], Property, float]],
) -> list[Row]:
    readings = list(readings)
    ids = datastream_ids({key: observed.unit for _, key, observed, _ in readings})
    rows = []
    for arrival, key, _, value in readings:
        message, delivery = arrival.message, arrival.delivery
        assert isinstance(message, Observation)
        place = (delivery.batch_id, arrival.position)
        rows.append((*place, ids[key], message.t, value, delivery.received_at))
    return rows


def _store(stage: Stage, rows: list[Row], landed: Landed, now: datetime) -> None:
    """The first of each key wins, here as against what is stored already."""
    unique: dict[Row, Row] = {}
    for row in rows:
        if unique.setdefault(KEY(row), row) is not row:
            landed.repeated[row[0]] += 1
    if unique:
        _insert(stage, sorted(unique.values(), key=KEY), landed, now)


def _insert(stage: Stage, rows: list[Row], landed: Landed, now: datetime) -> None:
    """All rows at once; where the database refuses one, halves, until the poison stands alone."""
    try:
        with transaction.atomic():
            fresh = stage_and_insert(stage, rows)
            if stage is PULSES:
                _mark_dirty(fresh, now)
            else:
                update_latest()
    except (DataError, IntegrityError) as error:
        if len(rows) == 1:
            landed.refused[rows[0][0], rows[0][1]] = ("refused_by_database", str(error).strip())
            return
        middle = len(rows) // 2
        _insert(stage, rows[:middle], landed, now)
        _insert(stage, rows[middle:], landed, now)
        return
    _count(stage, rows, fresh, landed)


def _count(stage: Stage, rows: list[Row], fresh: Fresh, landed: Landed) -> None:
    left = Counter(row[0] for row in rows)
    for batch_id, _, n_fresh in fresh:
        landed.stored[batch_id] += n_fresh
        left[batch_id] -= n_fresh
        landed.n_pulses += n_fresh if stage is PULSES else 0
    landed.repeated.update(left)


def _mark_dirty(fresh: Fresh, now: datetime) -> None:
    DirtyWindow.objects.bulk_create(
        DirtyWindow(starts_at=datetime.fromtimestamp(number * WINDOW_S, UTC), touched_at=now)
        for number in sorted({number for _, number, _ in fresh})
    )
