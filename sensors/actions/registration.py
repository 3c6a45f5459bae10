"""Who may speak and from where: sources, their keys, their sensors."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from sensors.authentication import seal
from sensors.models import AssetFault, DeviceKey, Sensor, Source
from sensors.payloads.register import SensorEntry

MAX_ACTIVE_KEYS = 2  # the old one and the new one, while a device is being moved over


class RegistrationError(Exception):
    """The registration cannot be made; the message says what to do first."""


@dataclass(frozen=True)
class IssuedKey:
    """A new key. The secret is shown here and never again."""

    key_id: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Registered:
    """What a register changed."""

    n_created: int
    n_changed: int
    n_unchanged: int
    new_sources: list[str]


def create_source(*, slug: str, name: str, now: datetime) -> Source:
    """A new device or gateway. It cannot speak until a key was issued to it."""
    if Source.objects.filter(slug=slug).exists():
        raise RegistrationError(f"the source {slug!r} exists already")
    source = Source(slug=slug, name=name or slug, created_at=now)
    source.full_clean()
    source.save(force_insert=True)
    return source


@transaction.atomic
def issue_key(*, source: Source, now: datetime) -> IssuedKey:
    """A fresh signing key, sealed at rest. Raises RegistrationError where two are active already."""
    Source.objects.select_for_update().get(pk=source.pk)
    active = DeviceKey.objects.filter(source=source, retired_at__isnull=True)
    if active.count() >= MAX_ACTIVE_KEYS:
        listed = " and ".join(active.order_by("id").values_list("key_id", flat=True))
        raise RegistrationError(f"{source} has two active keys, {listed}; retire one of them first")
    issued = IssuedKey(f"dk_{secrets.token_hex(8)}", secrets.token_urlsafe(32))
    DeviceKey.objects.create(
        source=source, key_id=issued.key_id, sealed_secret=seal(issued.secret), created_at=now
    )
    return issued


def retire_key(*, key_id: str, now: datetime) -> None:
    """From now on the key is answered like one that never was. Retiring it again changes nothing."""
    if not DeviceKey.objects.filter(key_id=key_id).exists():
        raise RegistrationError(f"there is no key {key_id!r}")
    DeviceKey.objects.filter(key_id=key_id, retired_at__isnull=True).update(retired_at=now)


def register_sensor(*, entry: SensorEntry, now: datetime) -> Registered:
    """One sensor; see register_sensors."""
    return register_sensors(entries=[entry], now=now)


@transaction.atomic
def register_sensors(*, entries: Iterable[SensorEntry], now: datetime) -> Registered:
    """Make the register true: new serials are added, known ones moved or renamed, none removed.

    Sources that nobody named before are made, without a key. A sensor that moves takes its new
    place for what it says from now on; every stored pulse keeps the place it was heard at.
    """
    wanted = list(entries)
    sources, new_sources = _sources({entry.source for entry in wanted}, now)
    serials = [entry.serial for entry in wanted]
    known = {
        sensor.serial: sensor
        for sensor in Sensor.objects.select_for_update().filter(serial__in=serials)
    }
    fields = ("kind", "name", "source_id", "lon", "lat", "z_m", "installed_on")
    created, changed, moved = [], [], []
    for entry in wanted:
        sensor = known.get(entry.serial)
        fresh = _sensor(entry, sources[entry.source])
        if sensor is None:
            created.append(fresh)
        elif any(getattr(sensor, name) != getattr(fresh, name) for name in fields):
            fresh.pk, fresh.is_active = sensor.pk, sensor.is_active
            changed.append(fresh)
            if (fresh.lon, fresh.lat) != (sensor.lon, sensor.lat):
                moved.append(fresh.pk)
    Sensor.objects.bulk_create(created, batch_size=1000)
    Sensor.objects.bulk_update(changed, fields, batch_size=1000)
    _forget_old_places(moved, now)
    return Registered(
        len(created), len(changed), len(wanted) - len(created) - len(changed), new_sources
    )


def _forget_old_places(moved: list[int], now: datetime) -> None:
    """How far a sensor was from where the register had it says nothing of where it has it now."""
    misplaced = AssetFault.objects.filter(
        sensor_id__in=moved, kind=AssetFault.Kind.MISPLACED, cleared_at__isnull=True
    )
    misplaced.update(cleared_at=now)


def _sources(slugs: set[str], now: datetime) -> tuple[dict[str, Source], list[str]]:
    known = Source.objects.in_bulk(slugs, field_name="slug")
    new_slugs = sorted(slugs - known.keys())
    for slug in new_slugs:
        known[slug] = create_source(slug=slug, name=slug, now=now)
    return known, new_slugs


def _sensor(entry: SensorEntry, source: Source) -> Sensor:
    return Sensor(
        serial=entry.serial,
        kind=entry.kind,
        name=entry.name,
        source=source,
        lon=entry.lon,
        lat=entry.lat,
        z_m=entry.z_m,
        installed_on=entry.installed_on,
    )
