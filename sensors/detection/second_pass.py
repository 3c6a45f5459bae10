"""What is only known once all incidents are: the air they share teaches each of them its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sensors.detection.association import Incident
from sensors.detection.atmosphere import Soundings, merged, shared_air
from sensors.detection.burst import relocate
from sensors.detection.propagation import Atmosphere
from sensors.detection.quality import NS_PER_S
from sensors.detection.streams import Floats, Ints

LONGEST_TRAVEL_NS = 4 * NS_PER_S
"""An incident began at most this long before its first pulse."""


def through_shared_air(
    incidents: list[Incident],
    sensor_xy_m: Floats,
    *,
    origin_ns: int,
    report_at_ns: Callable[[int], Atmosphere],
    known: Soundings | None = None,
) -> list[Incident]:
    """The same incidents, each located again through air that the others, and those known from before,
    have told of. sensor_xy_m: (m, 2). Times of the incidents are seconds after origin_ns."""
    if not incidents:
        return incidents
    here = soundings_of(incidents, origin_ns)
    air = shared_air(here if known is None else merged(here, known), report_at_ns=report_at_ns)
    return [
        replace(incident, burst=relocate(incident.burst, sensor_xy_m, its_air))
        for incident, its_air in zip(incidents, air[: len(incidents)], strict=True)
    ]


def soundings_of(incidents: list[Incident], origin_ns: int) -> Soundings:
    return Soundings.of(
        [origin_ns + round(float(i.burst.round_t_s[0]) * NS_PER_S) for i in incidents],
        [i.burst.place for i in incidents],
        [i.burst.location.sounding for i in incidents],
    )


def known_air(soundings: Soundings | None, t_ns: Ints) -> Soundings | None:
    """Soundings of incidents that the pulses at t_ns, (n,), cannot contain."""
    if soundings is None:
        return None
    return soundings.outside(int(t_ns.min()) - LONGEST_TRAVEL_NS, int(t_ns.max()))
