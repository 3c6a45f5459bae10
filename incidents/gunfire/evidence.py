"""Everything about one alert: who heard it, who judged it, what was done, what it said before."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from incidents.gunfire import hearing as ears
from incidents.gunfire.hearing import HEARD, SET_ASIDE, SILENT, Hearing, Listener, PulseSeen
from incidents.gunfire.wording import changes
from incidents.models import AlertResponse
from sensors.geodesy import LocalPlane
from sensors.models import AcousticEvent, AcousticEventRevision, AssetFault, Pulse, Sensor

NS_PER_S = 1_000_000_000
BEFORE_NS, AFTER_NS = 1 * NS_PER_S, 6 * NS_PER_S
"""Pulses shown around the rounds: enough for sound to come from the farthest sensor, and for echoes."""
LONGEST_NS = 60 * NS_PER_S
MOST_PULSES = 4_000
FAULT_WORDS: dict[str, str] = {
    AssetFault.Kind.CLOCK_OFFSET: "clock off",
    AssetFault.Kind.CLOCK_DRIFT: "clock drifts",
    AssetFault.Kind.MISPLACED: "not where it is registered",
    AssetFault.Kind.DEAF: "hears less than it should",
    AssetFault.Kind.SPOOFED: "pulses that nobody else heard",
    AssetFault.Kind.SILENT: "has gone silent",
}
FAULT_UNITS: dict[str, str] = {
    AssetFault.Kind.CLOCK_OFFSET: "s",
    AssetFault.Kind.CLOCK_DRIFT: "s a day",
    AssetFault.Kind.MISPLACED: "m",
}


def hearing_of(event: AcousticEvent) -> Hearing | None:
    """Who heard an event and who did not; None where it rests on no pulses, as a vendor's alert."""
    participants = _by_sensor(event)
    if event.t_ns is None or not participants:
        return None
    told_silent = event.reasons.get("silent")
    stations = map(str, told_silent) if isinstance(told_silent, list) else ()
    silent = {ears.serial_of(station) for station in stations}
    serials = sorted({*participants, *silent})
    sensors = {sensor.serial: sensor for sensor in Sensor.objects.filter(serial__in=serials)}
    pulses, faults = _pulses(event, sensors.values()), open_faults(serials)
    listeners = [
        _listener(event, sensors[serial], participants.get(serial, ()), pulses[serial], faults)
        for serial in serials
        if serial in sensors
    ]
    listeners.sort(key=lambda listener: listener.distance_m)
    c_mps = ears.speed_of_sound_mps(event.reasons)
    n_asked = event.reasons.get("n_asked")
    return Hearing(
        listeners=tuple(listeners),
        round_t_s=ears.told_rounds_s(event.reasons) or ears.emissions_s(listeners, c_mps=c_mps),
        c_mps=c_mps,
        n_asked=n_asked if isinstance(n_asked, int) else None,
        is_silence_known=isinstance(told_silent, list),
        missing_serials=tuple(serial for serial in serials if serial not in sensors),
    )


def sites_of(events: Sequence[AcousticEvent]) -> dict[int, tuple[tuple[float, float], ...]]:
    """Longitude and latitude of the sensors that heard each event, by its id; where they stand now."""
    heard = {event.pk: sorted(_by_sensor(event)) for event in events}
    serials = {serial for found in heard.values() for serial in found}
    rows = Sensor.objects.filter(serial__in=serials).values_list("serial", "lon", "lat")
    sites = {serial: (lon, lat) for serial, lon, lat in rows}
    return {
        pk: tuple(sites[serial] for serial in found if serial in sites)
        for pk, found in heard.items()
    }


def _by_sensor(event: AcousticEvent) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for one in event.participants:
        if isinstance(one, Mapping) and "sensor" in one:
            found[str(one["sensor"])].append(one)
    return dict(found)


def _pulses(event: AcousticEvent, sensors: Any) -> dict[str, list[Pulse]]:
    """What these sensors heard around the event, by serial and time. Read by the table's key, time first."""
    assert event.t_ns is not None
    of_id = {sensor.pk: sensor.serial for sensor in sensors}
    last_ns = event.t_ns + LONGEST_NS
    rows = Pulse.objects.filter(
        t_ns__gte=event.t_ns - BEFORE_NS, t_ns__lt=last_ns, sensor_id__in=list(of_id)
    ).order_by("t_ns")[:MOST_PULSES]
    found: dict[str, list[Pulse]] = defaultdict(list)
    for row in rows:
        found[of_id[row.sensor_id]].append(row)
    used = {str(one.get("pulse")) for one in event.participants if isinstance(one, Mapping)}
    last_used = max(
        (p.t_ns for heard in found.values() for p in heard if p.pulse_id in used), default=0
    )
    end_ns = max(last_used, event.t_ns) + AFTER_NS
    return defaultdict(
        list, {serial: [p for p in heard if p.t_ns < end_ns] for serial, heard in found.items()}
    )


def _listener(
    event: AcousticEvent,
    sensor: Sensor,
    participants: Sequence[Mapping[str, Any]],
    pulses: Sequence[Pulse],
    faults: Mapping[str, Sequence[str]],
) -> Listener:
    """Where it stood when it heard, for a sensor may have been moved since."""
    by_id = {str(one.get("pulse")): one for one in participants}
    then = next((pulse for pulse in pulses if pulse.pulse_id in by_id), None)
    stood = (then.lon, then.lat) if then is not None else (sensor.lon, sensor.lat)
    x_m, y_m = LocalPlane(event.lon, event.lat).to_xy(*stood)
    state, aside = SILENT, ears.told_aside(event.reasons)
    if participants:
        is_aside = ears.is_set_aside(participants) if aside is None else sensor.serial in aside
        state = SET_ASIDE if is_aside else HEARD
    return Listener(
        serial=sensor.serial,
        x_m=float(x_m),
        y_m=float(y_m),
        state=state,
        pulses=tuple(_seen(event, pulse, by_id.get(pulse.pulse_id)) for pulse in pulses),
        faults=tuple(faults.get(sensor.serial, ())),
    )


def _seen(event: AcousticEvent, pulse: Pulse, used: Mapping[str, Any] | None) -> PulseSeen:
    assert event.t_ns is not None
    t_s = (pulse.t_ns - event.t_ns) / NS_PER_S
    if used is None:
        return PulseSeen(t_s, peak_db=pulse.peak_db)
    late_s, number = used.get("residual_s"), used.get("round")
    return PulseSeen(
        t_s,
        shot=number + 1 if isinstance(number, int) else 1,
        residual_ms=None if late_s is None else 1000.0 * float(late_s),
        peak_db=pulse.peak_db,
    )


def open_faults(serials: Sequence[str]) -> dict[str, list[str]]:
    """What is known to be wrong with sensors now, in words, by serial."""
    rows = AssetFault.objects.filter(sensor__serial__in=serials, cleared_at__isnull=True)
    found: dict[str, list[str]] = defaultdict(list)
    for fault in rows.select_related("sensor").order_by("found_at"):
        found[fault.sensor.serial].append(_fault_words(fault))
    return dict(found)


def _fault_words(fault: AssetFault) -> str:
    words = FAULT_WORDS.get(fault.kind, fault.kind.replace("_", " "))
    unit = FAULT_UNITS.get(fault.kind)
    if fault.size is None or unit is None:
        return words
    doubt = f" ± {2 * fault.size_sd:.3g}" if fault.size_sd is not None else ""
    return f"{words} ({fault.size:+.3g}{doubt} {unit})"


@dataclass(frozen=True)
class Step:
    """One moment of a response. minutes: since the alert; None for the alert itself."""

    label: str
    at: dt.datetime
    minutes: float | None


def steps(response: AlertResponse) -> list[Step]:
    """Alerted, sent, on scene, cleared: those that are told, in order."""
    told = (
        ("Alerted", response.alerted_at),
        ("Officers sent", response.dispatched_at),
        ("On scene", response.on_scene_at),
        ("Cleared", response.cleared_at),
    )
    return [
        Step(
            label,
            at,
            None if label == "Alerted" else (at - response.alerted_at).total_seconds() / 60.0,
        )
        for label, at in told
        if at is not None
    ]


@dataclass(frozen=True)
class Answer:
    """A response with its moments. off_m: how far from the alert evidence was found."""

    response: AlertResponse
    steps: list[Step]
    off_m: float | None


def responses(event: AcousticEvent) -> list[Answer]:
    """What was done about an event, in order of the alert."""
    found = AlertResponse.objects.filter(event=event).select_related("incident")
    return [
        Answer(response, steps(response), off_by_m(event, response))
        for response in found.order_by("alerted_at", "pk")
    ]


def off_by_m(event: AcousticEvent, response: AlertResponse) -> float | None:
    """How far from the alert's place evidence was found; None where none was, or not where."""
    if response.evidence_lon is None or response.evidence_lat is None:
        return None
    x_m, y_m = LocalPlane(event.lon, event.lat).to_xy(response.evidence_lon, response.evidence_lat)
    return float((x_m**2 + y_m**2) ** 0.5)


@dataclass(frozen=True)
class Change:
    """Revision ``number`` came at ``at`` and changed this."""

    number: int
    at: dt.datetime
    told: list[str]


def revisions(event: AcousticEvent) -> list[Change]:
    """What changed and when, the newest first; empty for an alert that was never revised."""
    kept = list(AcousticEventRevision.objects.filter(event_id=event.pk).order_by("revision"))
    states: list[Mapping[str, Any]] = [row.was for row in kept]
    names = {name for state in states for name in state}
    states.append({name: getattr(event, name, None) for name in names})
    found = [
        Change(row.revision + 1, row.replaced_at, changes(before, after))
        for row, before, after in zip(kept, states, states[1:], strict=False)
    ]
    return found[::-1]
