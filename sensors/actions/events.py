"""Found events -> rows with stable ids: new, revised, unchanged, withdrawn."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db.models import Q

from sensors.actions.reasons import finite, reasons
from sensors.detection import DetectedEvent, Detection, SensorArrays
from sensors.geodesy import LocalPlane
from sensors.matching import Sighting, match
from sensors.models import AcousticEvent, AcousticEventRevision
from sensors.payloads.daylight import EPOCH
from sensors.queries import HeardPulses

Span = tuple[int, int]

LOOK_AROUND_NS = 60 * 1_000_000_000
"""Known events this far outside of a core may still be the same as one found inside it."""

# Within these an event that rests on the same pulses is the same: a better knowledge of the air, from
# whatever else was in the window, moves it by half of its standard deviation and is not news.
SAME_SD = 2.0
SAME_T_NS = 50_000_000
SAME_PROBABILITY = 0.01

EXACT = ("kind", "n_shots", "core_version", "withdrawn_at")
REVISED = (
    "occurred_at",
    "t_ns",
    "lon",
    "lat",
    "cov_xx_m2",
    "cov_xy_m2",
    "cov_yy_m2",
    "kind",
    "probability",
    "n_shots",
    "is_multiple",
    "participants",
    "core_version",
    "classifier_version",
    "reasons",
    "last_pulse_at",
    "withdrawn_at",
)


@dataclass(frozen=True, eq=False)
class Found:
    """What was looked at and what the core made of it; detection is None where nothing was heard."""

    heard: HeardPulses
    sensors: SensorArrays
    detection: Detection | None

    def rows(self, now: datetime) -> list[AcousticEvent]:
        """The events as rows that are not stored yet, in order of time."""
        if self.detection is None:
            return []
        told = zip(self.detection.events, self.detection.soundings.rows(), strict=True)
        return [_row(event, sounding, self, now) for event, sounding in told]


@dataclass(frozen=True)
class Changes:
    """Rows that were really written."""

    n_new: int
    n_revised: int
    n_withdrawn: int


def save_events(found: Found, cores: Sequence[Span], *, now: datetime) -> Changes:
    """Make the events that begin in ``cores`` those that were found. Runs in the caller's transaction.

    An event keeps its row and id while it is revised; what it said before goes to its history.
    One that is found no more is withdrawn, and comes back under its id if it is found again.
    """
    known, fresh = _known(cores), found.rows(now)
    partners = _partners(fresh, known)
    new, revised = [], []
    for event, partner in zip(fresh, partners, strict=True):
        old = None if partner is None else known[partner]
        if not _inside(event, cores) and (old is None or not _inside(old, cores)):
            continue  # another window's affair
        if old is None:
            new.append(event)
        elif _differs(event, old):
            revised.append((old, event))
    matched = {partner for partner in partners if partner is not None}
    withdrawn = [
        event
        for index, event in enumerate(known)
        if index not in matched and event.withdrawn_at is None and _inside(event, cores)
    ]
    _create(new)
    _revise(revised, withdrawn, now)
    return Changes(len(new), len(revised), len(withdrawn))


def save_first_versions(found: Found, core: Span, *, now: datetime) -> Changes:
    """Make the events that begin in ``core`` and are no known one's. Revises and withdraws nothing,
    for who looks at little sees only part of what is known. In the caller's transaction."""
    known, fresh = _known([core]), found.rows(now)
    partners = _partners(fresh, known)
    new = [
        event
        for event, partner in zip(fresh, partners, strict=True)
        if partner is None and _inside(event, [core])
    ]
    _create(new)
    return Changes(len(new), 0, 0)


def _create(new: Sequence[AcousticEvent]) -> None:
    _name_apart(new)
    AcousticEvent.objects.bulk_create(new)


def _known(cores: Sequence[Span]) -> list[AcousticEvent]:
    near = Q(pk__in=[])
    for low, high in cores:
        near |= Q(t_ns__gte=low - LOOK_AROUND_NS, t_ns__lt=high + LOOK_AROUND_NS)
    return list(AcousticEvent.objects.filter(near, provider=AcousticEvent.OWN).order_by("id"))


def _inside(event: AcousticEvent, cores: Sequence[Span]) -> bool:
    t_ns = event.t_ns or 0
    return any(low <= t_ns < high for low, high in cores)


def _row(event: DetectedEvent, sounding: list[float], found: Found, now: datetime) -> AcousticEvent:
    participants = _participants(event, found.heard)
    return AcousticEvent(
        provider=AcousticEvent.OWN,
        provider_event_id=_identity(participants[0], event),
        occurred_at=_instant(event.t_ns),
        t_ns=event.t_ns,
        lon=event.lon,
        lat=event.lat,
        cov_xx_m2=event.cov_xx,
        cov_xy_m2=event.cov_xy,
        cov_yy_m2=event.cov_yy,
        kind=event.kind,
        probability=event.prob,
        n_shots=event.n_shots,
        is_multiple=event.n_shots > 1,
        participants=participants,
        core_version=event.core_version,
        classifier_version=event.classifier_version,
        reasons=reasons(event, found.sensors) | {"sounding": finite(sounding)},
        last_pulse_at=_last_received_at(event, found.heard),
        detected_at=now,
    )


def _last_received_at(event: DetectedEvent, heard: HeardPulses) -> datetime:
    """When the last of the pulses that the event rests on reached us."""
    recv_ns = heard.pulses.recv_ns
    assert recv_ns is not None
    return _instant(int(recv_ns[event.pulse_row].max()))


def _instant(t_ns: int) -> datetime:
    return EPOCH + timedelta(microseconds=t_ns // 1000)


def _participants(event: DetectedEvent, heard: HeardPulses) -> list[dict[str, Any]]:
    """Every pulse that the event rests on, by time: who heard it, its round, and how far it is off."""
    pulse_id = heard.pulses.pulse_id
    assert pulse_id is not None
    order = np.argsort(heard.pulses.t_ns[event.pulse_row], kind="stable")
    return [
        {
            "sensor": str(heard.serial[row]),
            "pulse": str(pulse_id[row]),
            "round": int(shot),
            "residual_s": round(float(residual_s), 6),
        }
        for row, shot, residual_s in zip(
            event.pulse_row[order],
            event.pulse_round[order],
            event.pulse_residual_s[order],
            strict=True,
        )
    ]


def _identity(first: dict[str, Any], event: DetectedEvent) -> str:
    """From the first pulse that was heard: a rebuilt database gives an incident the same id."""
    text = f"{first['sensor']}/{first['pulse']}/{event.t_ns // 1_000_000_000}"
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _name_apart(new: Sequence[AcousticEvent]) -> None:
    """Another event may have begun with the same pulse and been solved away from it since."""
    wanted = [event.provider_event_id for event in new]
    own = AcousticEvent.objects.filter(provider=AcousticEvent.OWN)
    taken = set(
        own.filter(provider_event_id__in=wanted).values_list("provider_event_id", flat=True)
    )
    for event in new:
        while event.provider_event_id in taken:
            again = hashlib.sha256(event.provider_event_id.encode())
            event.provider_event_id = again.hexdigest()[:24]
        taken.add(event.provider_event_id)


def _partners(fresh: Sequence[AcousticEvent], known: Sequence[AcousticEvent]) -> list[int | None]:
    if not fresh or not known:
        return [None] * len(fresh)
    plane = LocalPlane(known[0].lon, known[0].lat)
    return match(
        [_sighting(event, plane) for event in fresh], [_sighting(event, plane) for event in known]
    )


def _sighting(event: AcousticEvent, plane: LocalPlane) -> Sighting:
    x_m, y_m = plane.to_xy(event.lon, event.lat)
    pulses = frozenset((one["sensor"], one["pulse"]) for one in event.participants)
    return Sighting(event.t_ns or 0, float(x_m), float(y_m), pulses)


def _differs(new: AcousticEvent, old: AcousticEvent) -> bool:
    plane = LocalPlane(old.lon, old.lat)
    return (
        any(getattr(new, name) != getattr(old, name) for name in EXACT)
        or _sighting(new, plane).pulses != _sighting(old, plane).pulses
        or abs((new.probability or 0.0) - (old.probability or 0.0)) > SAME_PROBABILITY
        or abs((new.t_ns or 0) - (old.t_ns or 0)) > SAME_T_NS
        or _moved_sd(new, old) > SAME_SD
    )


def _moved_sd(new: AcousticEvent, old: AcousticEvent) -> float:
    """How far it moved, in standard deviations that it had there."""
    away_m = np.array(LocalPlane(old.lon, old.lat).to_xy(new.lon, new.lat), float)
    cov_m2 = np.array([[old.cov_xx_m2, old.cov_xy_m2], [old.cov_xy_m2, old.cov_yy_m2]], float)
    return float(np.sqrt(away_m @ np.linalg.solve(cov_m2, away_m)))


def _revise(
    revised: Sequence[tuple[AcousticEvent, AcousticEvent]],
    withdrawn: Sequence[AcousticEvent],
    now: datetime,
) -> None:
    AcousticEventRevision.objects.bulk_create(
        AcousticEventRevision(
            event_id=event.pk, revision=event.revision, replaced_at=now, was=_told(event)
        )
        for event in [*(old for old, _ in revised), *withdrawn]
    )
    for old, new in revised:
        for name in REVISED:
            setattr(old, name, getattr(new, name))
    for event in withdrawn:
        event.withdrawn_at = now
    changed = [*(old for old, _ in revised), *withdrawn]
    for event in changed:
        event.revision += 1
        event.revised_at = now
    AcousticEvent.objects.bulk_update(changed, [*REVISED, "revision", "revised_at"], batch_size=200)


def _told(event: AcousticEvent) -> dict[str, Any]:
    """The fields a revision replaces, as JSON keeps them."""
    values = {name: getattr(event, name) for name in REVISED}
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in values.items()
    }
