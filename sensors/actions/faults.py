"""What is wrong with microphones: found from the incidents of the last days, kept, cleared, mended.

The record is heard anew, and raw: corrections that are in force must not hide the evidence for them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from sensors.actions.detecting import AFTER_NS, BEFORE_NS, find
from sensors.detection import Fault
from sensors.knowledge import (
    REPAIRED,
    gone_silent,
    incidents_of_the_record,
    lately_repaired,
    times_asked,
)
from sensors.models import AssetFault, Sensor

ENOUGH_ASKED = 6
"""Incidents near a sensor in which it did nothing wrong, before a fault of it is believed to be over."""

Kind = AssetFault.Kind
LASTING = {Kind.SILENT}
"""Over when the sensor speaks again, and not when nothing happens near it."""


@dataclass(frozen=True)
class FaultsFound:
    """What a look at the record changed."""

    n_opened: int
    n_kept: int
    n_cleared: int


def find_faults(*, now: datetime) -> FaultsFound:
    """Open, keep and clear faults of microphones, as the incidents of the last days tell them.

    A sensor that a person has declared repaired is left alone until the record holds nothing older.
    """
    incidents, told = incidents_of_the_record(now), {}
    if len(incidents):
        spans = [(t_ns - BEFORE_NS, t_ns + AFTER_NS) for t_ns in incidents.t_ns.tolist()]
        detection = find(spans, is_mended=False).detection
        told = {fault.sensor_id: fault for fault in (detection.health if detection else ())}
    told |= {fault.sensor_id: fault for fault in gone_silent(now)}
    for serial in lately_repaired(now):
        told.pop(serial, None)
    return _save(told, times_asked(incidents), now)


@transaction.atomic
def declare_repaired(*, ids: Iterable[int], now: datetime) -> int:
    """A person says that it is mended: the faults are closed, and the number of them given."""
    faults = AssetFault.objects.filter(pk__in=list(ids), cleared_at__isnull=True)
    closed = list(faults.select_for_update())
    for fault in closed:
        fault.cleared_at = now
        fault.evidence = {**fault.evidence, REPAIRED: True}
    AssetFault.objects.bulk_update(closed, ["cleared_at", "evidence"])
    return len(closed)


@transaction.atomic
def _save(told: dict[str, Fault], asked: dict[str, int], now: datetime) -> FaultsFound:
    known = {
        fault.sensor.serial: fault
        for fault in AssetFault.objects.select_for_update(of=("self",))
        .select_related("sensor")
        .filter(cleared_at__isnull=True)
    }
    cleared = [
        fault
        for serial, fault in known.items()
        if not _stands(fault, told.get(serial)) and _is_over(fault, told, asked)
    ]
    for fault in cleared:
        fault.cleared_at = now
    kept = [fault for serial, fault in known.items() if _stands(fault, told.get(serial))]
    for fault in kept:
        _tell(fault, told[fault.sensor.serial], now)
    fields = ("size", "size_sd", "evidence", "seen_at", "cleared_at")
    AssetFault.objects.bulk_update([*cleared, *kept], fields)
    still_open = {fault.sensor.serial for fault in known.values() if fault.cleared_at is None}
    opened = AssetFault.objects.bulk_create(_new_faults(told, still_open, now))
    return FaultsFound(len(opened), len(kept), len(cleared))


def _stands(fault: AssetFault, said: Fault | None) -> bool:
    return said is not None and said.kind == fault.kind


def _is_over(fault: AssetFault, told: dict[str, Fault], asked: dict[str, int]) -> bool:
    """Another fault explains the sensor better, or it did well often enough since."""
    serial = fault.sensor.serial
    if serial in told:
        return True
    if fault.kind in LASTING:
        return has_spoken_since(fault)
    return asked.get(serial, 0) >= ENOUGH_ASKED


def has_spoken_since(fault: AssetFault) -> bool:
    """Whether it was heard in the hour in which it was last known to be silent, or later."""
    hour = fault.seen_at.replace(minute=0, second=0, microsecond=0)
    return fault.sensor.hours.filter(hour__gte=hour).exists()


def _new_faults(told: dict[str, Fault], still_open: set[str], now: datetime) -> list[AssetFault]:
    sensors = Sensor.objects.in_bulk(told.keys() - still_open, field_name="serial")
    opened = []
    for serial, sensor in sorted(sensors.items()):
        fault = AssetFault(sensor=sensor, kind=told[serial].kind, found_at=now)
        _tell(fault, told[serial], now)
        opened.append(fault)
    return opened


def _tell(fault: AssetFault, said: Fault, now: datetime) -> None:
    fault.size, fault.size_sd = said.size, said.sd
    fault.evidence, fault.seen_at = dict(said.evidence), now
