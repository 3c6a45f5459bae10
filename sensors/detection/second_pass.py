"""What is only known once all incidents are: the air they share, and which sensors cannot be believed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from sensors.detection.association import INCIDENT_WEIGHT, Declined, Incident
from sensors.detection.atmosphere import Soundings, learnt_air, merged, shared_air
from sensors.detection.burst import fit_burst, relocate
from sensors.detection.evidence import Listener, Stream
from sensors.detection.health import Fault, Mended, find_faults
from sensors.detection.hearing import HEARING_RANGE_M
from sensors.detection.multilateration import LocationError
from sensors.detection.propagation import Atmosphere, sound_speed_mps
from sensors.detection.quality import NS_PER_S
from sensors.detection.record import feature_values, record_of
from sensors.detection.rounds import weigh_burst
from sensors.detection.search import MARGIN_S
from sensors.detection.streams import Bools, Floats, Ints, PulseArrays, SensorSites

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


VAGUE_C_SD_MPS = 2.5
"""4 C: beyond it sound may be so much faster or slower than thought that arrivals are not recognised."""
TRIED_TEMP_C = (-12.0, -2.0, 8.0, 18.0, 28.0, 38.0)
SAMPLE_PULSES = 6_000
GUIDE_STEP_NS = 600 * NS_PER_S
FRESH = np.diag([0.61, 1.0, 1.0]) ** 2
"""What air learnt from incidents may still be wrong by where another was: as a fresh report."""

Search = Callable[[Stream, Callable[[float], Atmosphere]], list[Incident]]


def felt_air(
    stream: Stream,
    search: Search,
    *,
    origin_ns: int,
    report_at_ns: Callable[[int], Atmosphere],
    known: Soundings | None,
) -> Callable[[float], Atmosphere]:
    """The air to search with, by seconds of the stream: the report's where it is any good, else what
    incidents have told; and where there are none yet, what the first pulses tell: of several
    temperatures the right one explains them best."""
    start_ns, end_ns = (origin_ns + round(float(t) * NS_PER_S) for t in stream.t_s[[0, -1]])
    if max(report_at_ns(t).c_sd_mps for t in (start_ns, end_ns)) <= VAGUE_C_SD_MPS:
        return lambda t_s: report_at_ns(origin_ns + round(t_s * NS_PER_S))
    told = known
    if told is None or not len(told):
        told = soundings_of(_most_telling(stream, search), origin_ns)
    # garbage times may stretch the window over decades: no more guides than a month needs
    step_ns = max(GUIDE_STEP_NS, (end_ns - start_ns) // 4_000)
    at_ns = np.arange(start_ns, end_ns + step_ns, step_ns)
    guides = [
        Atmosphere.of(air.mean_mps, air.cov + FRESH)
        for air in learnt_air(told, at_ns, report_at_ns=report_at_ns)
    ]

    def nearest(t_s: float) -> Atmosphere:
        at = round((origin_ns + t_s * NS_PER_S - start_ns) / step_ns)
        return guides[min(max(at, 0), len(guides) - 1)]

    return nearest


def _most_telling(stream: Stream, search: Search) -> list[Incident]:
    """Incidents of a sample of the stream under the temperature that explains most."""
    middle = max((stream.t_s.size - SAMPLE_PULSES) // 2, 0)
    rows = slice(middle, middle + SAMPLE_PULSES)
    sample = replace(
        stream,
        t_s=stream.t_s[rows],
        sensor=stream.sensor[rows],
        rate_per_s=stream.rate_per_s[rows],
        stirred_per_s=stream.stirred_per_s[rows],
    )
    best: list[Incident] = []
    for temp_c in TRIED_TEMP_C:
        cov = np.diag([3.0, 3.0, 3.0]) ** 2
        air = Atmosphere.of(np.array([float(sound_speed_mps(temp_c)), 0.0, 0.0]), cov)
        found = search(sample, lambda _, air=air: air)  # type: ignore[misc]
        if sum(i.weight for i in found) > sum(i.weight for i in best):
            best = found
    return best


FEWEST_INCIDENTS = 6
"""Less says nothing of any sensor, and a live window should not spend time on it."""


def faults_of(
    incidents: list[Incident],
    stream: Stream,
    pulses: PulseArrays,
    *,
    rows: Ints,
    origin_ns: int,
    sites: SensorSites,
) -> tuple[Fault, ...]:
    """What the incidents say of the sensors. rows: (n,) of the input, by pulse of the stream."""
    if len(incidents) < FEWEST_INCIDENTS:
        return ()
    names = ("peak_db", "snr_db", "rise_ms", "dur_ms", "centroid_hz")
    features = [pulses.feature(name)[rows] for name in names]
    record = record_of(
        [incident.burst for incident in incidents],
        stream,
        sensor_id=sites.sensor_id,
        level_db=features[0],
        value=feature_values(features),
    )
    return find_faults(record, origin_ns=origin_ns)


def heard_again(
    incidents: list[Incident],
    stream: Stream,
    mended: Mended,
    *,
    moved_to: Ints,
    changed: Ints,
    air: Callable[[float], Atmosphere],
) -> tuple[list[Incident], list[Declined]]:
    """The incidents in a stream whose sensors were mended, and those that stand no more without the
    sensors that lied. moved_to: (n,) new row of each old row of the stream. changed: sensors, rows of
    the sites, whose faults were found."""
    taken = np.zeros(stream.t_s.size, bool)
    moved = [replace(i, pulse=moved_to[i.pulse]) for i in incidents]
    for incident in moved:
        taken[incident.pulse] = True
    kept: list[Incident] = []
    dropped: list[Declined] = []
    for incident in moved:
        away = np.hypot(*(stream.xy_m[changed] - incident.burst.place).T)
        if not (away < HEARING_RANGE_M).any() and not np.isin(incident.burst.sensor, changed).any():
            kept.append(incident)
            continue
        taken[incident.pulse] = False
        better = _refitted(incident, stream, taken, mended, air)
        if isinstance(better, Incident):
            kept.append(better)
            taken[better.pulse] = True
        else:
            dropped.append(better)
    return sorted(kept, key=lambda i: float(i.burst.round_t_s[0])), dropped


def _refitted(
    incident: Incident,
    stream: Stream,
    taken: Bools,
    mended: Mended,
    air: Callable[[float], Atmosphere],
) -> Incident | Declined:
    """One incident matched and located again; declined if it rested on sensors that cannot be believed."""
    rounds, place = incident.burst.round_t_s, incident.burst.place
    start, end = float(rounds[0]) - MARGIN_S, float(rounds[-1]) + MARGIN_S
    span = slice(*np.searchsorted(stream.t_s, [start, end]).tolist())
    listener = Listener(stream, span, air(float(rounds[0])))
    listener.free &= ~taken[span]
    lied = not mended.trusted[incident.burst.sensor].all()
    try:
        burst = fit_burst(listener, place, rounds)
    except LocationError as error:
        if not lied:
            return incident
        return _declined(incident, str(error))
    weight = weigh_burst(listener, burst.place, burst.round_t_s)
    if lied and weight < INCIDENT_WEIGHT:
        return _declined(incident, f"got a weight of {weight:.0f}; wanted {INCIDENT_WEIGHT:.0f}")
    return replace(incident, burst=burst, pulse=burst.row + listener.first_row)


def _declined(incident: Incident, reason: str) -> Declined:
    spot = incident.burst.location
    t_s = float(incident.burst.round_t_s[0])
    return Declined(t_s, spot.x_m, spot.y_m, f"without faulty sensors: {reason}")


def row_moves(old_rows: Ints, new_rows: Ints) -> Ints:
    """Where each row of one order of the input stands in another: (n,) from two (n,)."""
    at = np.empty(int(old_rows.max(initial=-1)) + 1, np.int64)
    at[new_rows] = np.arange(new_rows.size)
    return at[old_rows]


def names_to_rows(faults: Sequence[Fault], sites: SensorSites) -> Ints:
    """Rows of the sites of the sensors with faults."""
    return np.flatnonzero(np.isin(sites.sensor_id, [fault.sensor_id for fault in faults]))
