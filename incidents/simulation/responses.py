"""What officers found at each alert, as a dispatch system exports it, and what reviewers thought of it.

The alerts are those that the detector really gave; what there was to find comes from the truth behind
them. Shares are round numbers near the published audits (one alert in eight with evidence, four in
five with nothing, one in twenty something else): of the shootings that left traces, the officers who
were sent find them three times in ten, in the dark; the others come to light later, or by a victim.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from incidents.simulation.records import Columns, Incidents
from incidents.simulation.wording import street_addresses
from sensors.simulation.city import City
from sensors.simulation.gunfire import LoudEvents
from sensors.simulation.localtime import wall_seconds
from sensors.simulation.randomness import part_generator

ANSWERED: Final = 0.97  # alerts that a unit is sent to
NUMBERED: Final = 0.8  # dispatch events in which the alert's number is noted
SAME_M, SAME_S = 300.0, 5.0  # an alert is of the sound that is so near to it, badly placed ones too

EVIDENCE, UNCONFIRMED, UNFOUNDED, UNKNOWN = range(4)
# What is found, by what there was: traces, shots without any, something else.
_CHANCES: Final = np.array(
    [[0.30, 0.66, 0.01, 0.03], [0.0, 0.94, 0.03, 0.03], [0.0, 0.70, 0.27, 0.03]]
)
_WORDS: Final = (
    ("CASINGS RECOVERED", "CASINGS RECOVERED", "PROPERTY STRUCK", "VICTIM LOCATED"),
    ("NOTHING FOUND", "GONE ON ARRIVAL", "AREA CHECKED"),
    ("FIREWORKS", "VEHICLE BACKFIRE", "CONSTRUCTION"),
    ("CANCELLED", ""),
)
_MINUTES_ON_SCENE: Final = np.array([85.0, 17.0, 12.0, 9.0])  # median
_OFFICERS: Final = np.array([4.5, 2.3, 2.1, 2.0])  # mean
_FIND_SD_M: Final = 2.5  # where casings lie about the shooter, and how well that is measured


@dataclass(frozen=True)
class Alerted:
    """The alerts of the city's past; arrays of shape (n,). t_s: seconds since 1970 UTC; x, y: metres."""

    number: NDArray[np.str_]
    t_s: NDArray[np.float64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    is_gunfire: NDArray[np.bool_]


@dataclass(frozen=True)
class Responses:
    """The export and the truth behind it; arrays of shape (m,), in the order of the rows."""

    columns: Columns
    alert: NDArray[np.intp]  # row of the alerts
    found: NDArray[np.intp]  # EVIDENCE, UNCONFIRMED, UNFOUNDED or UNKNOWN


def heard_of(alerts: Alerted, events: LoudEvents) -> NDArray[np.intp]:
    """The sound behind each alert, an index into the loud events; -1 for noise. Shape (n,)."""
    t_s = events.t_ns / 1e9
    order = np.argsort(t_s, kind="stable")
    low = np.searchsorted(t_s[order], alerts.t_s - SAME_S)
    high = np.searchsorted(t_s[order], alerts.t_s + SAME_S)
    source = np.full(alerts.t_s.size, -1, np.intp)
    for n in np.flatnonzero(high > low).tolist():
        near = order[low[n] : high[n]]
        apart = np.hypot(events.x[near] - alerts.x[n], events.y[near] - alerts.y[n])
        if apart.min() <= SAME_M:
            source[n] = near[apart.argmin()]
    return source


def simulate_responses(
    city: City, seed: int, *, alerts: Alerted, events: LoudEvents, incidents: Incidents
) -> Responses:
    """A dispatch event for nearly every alert of gunfire."""
    rng = part_generator(seed, 130)
    answered = alerts.is_gunfire & (rng.random(alerts.t_s.size) < ANSWERED)
    alert = np.flatnonzero(answered)
    source = heard_of(alerts, events)[alert]
    is_shot = (source >= 0) & (events.kind[source] == "gunfire")
    there = np.where(is_shot, np.where(events.is_confirmed[source], 0, 1), 2)
    found = (rng.random((alert.size, 1)) > _CHANCES[there].cumsum(axis=1)).sum(axis=1)
    found = np.minimum(found, UNKNOWN)
    x, y = (part[alert] + rng.normal(0.0, 12.0, alert.size) for part in (alerts.x, alerts.y))
    lon, lat = city.plane.to_lonlat(x, y)
    door = city.nearest_address(x, y)
    texts = [rng.choice(_WORDS[kind]) for kind in found.tolist()]
    is_noted = rng.random(alert.size) < NUMBERED
    columns = {
        "EVENT_NUMBER": np.array([f"G{n:06d}" for n in range(1, alert.size + 1)]),
        "ALERT_NUMBER": np.where(is_noted, alerts.number[alert], ""),
        **_stages(rng, alerts.t_s[alert], found, zone=city.plan.time_zone),
        "INITIAL_TYPE": np.full(alert.size, "ACOUSTIC ALERT"),
        "FINAL_TYPE": np.where(found == EVIDENCE, "SHOTS FIRED", "ACOUSTIC ALERT"),
        "DISPOSITION": np.array(texts or [""])[: alert.size],
        "REPORT_NUMBER": np.where(found == EVIDENCE, _reports(incidents, source), ""),
        "ADDRESS": street_addresses(city, door, np.full(alert.size, "call"), x=x, y=y),
        "LON": np.char.mod("%.6f", lon),
        "LAT": np.char.mod("%.6f", lat),
        **_evidence(city, rng, events, np.where(found == EVIDENCE, source, -1)),
    }
    return Responses({name: list(map(str, c)) for name, c in columns.items()}, alert, found)


def _stages(
    rng: np.random.Generator, t_s: NDArray[np.float64], found: NDArray[np.intp], *, zone: str
) -> dict[str, NDArray[np.str_]]:
    """Half a minute until a person let the alert through, a minute until a car was free, some driving."""
    n = t_s.size
    entered = t_s + 35.0 * np.exp(0.4 * rng.normal(size=n))
    dispatched = entered + 65.0 * np.exp(0.7 * rng.normal(size=n))
    on_scene = dispatched + 260.0 * np.exp(0.45 * rng.normal(size=n))
    cleared = on_scene + 60.0 * _MINUTES_ON_SCENE[found] * np.exp(0.5 * rng.normal(size=n))
    officers = 1 + rng.poisson(_OFFICERS[found] - 1.0)
    gone = rng.random(n)
    return {
        "ENTERED": _wall(entered, zone=zone),
        "DISPATCHED": _wall(dispatched, zone=zone),
        "ON_SCENE": np.where(gone < 0.03, "", _wall(on_scene, zone=zone)),  # nobody pressed the key
        "CLEARED": np.where(gone > 0.99, "", _wall(cleared, zone=zone)),
        "OFFICERS": officers.astype(str),
    }


def _wall(t_s: NDArray[np.float64], *, zone: str) -> NDArray[np.str_]:
    wall = wall_seconds(t_s.astype(np.int64), zone=zone)
    return np.char.replace(np.datetime_as_string(wall.astype("datetime64[s]")), "T", " ")


def _reports(incidents: Incidents, source: NDArray[np.intp]) -> NDArray[np.str_]:
    """The number of the first report about each sound."""
    rows = np.flatnonzero(incidents.event >= 0)[::-1]
    number = dict(
        zip(
            incidents.event[rows].tolist(),
            np.array(incidents.columns["REPORT_NUMBER"])[rows].tolist(),
            strict=True,
        )
    )
    return np.array([number.get(event, "") for event in source.tolist()], "U16")


def _evidence(
    city: City, rng: np.random.Generator, events: LoudEvents, source: NDArray[np.intp]
) -> dict[str, NDArray[np.str_]]:
    """Where it lay, and how many casings there were: some are never found."""
    off = rng.normal(0.0, _FIND_SD_M, (2, source.size))
    lon, lat = city.plane.to_lonlat(events.x[source] + off[0], events.y[source] + off[1])
    fired = np.array([len(events.rounds_t_ns[event]) for event in source.tolist()], int)
    casings = rng.binomial(fired, 0.8)
    is_there = source >= 0
    return {
        "FOUND_LON": np.where(is_there, np.char.mod("%.6f", lon), ""),
        "FOUND_LAT": np.where(is_there, np.char.mod("%.6f", lat), ""),
        "CASINGS": np.where(is_there, casings.astype(str), ""),
    }


@dataclass(frozen=True)
class Reviews:
    """Judgements in order of time; arrays of shape (k,). t_s: when; reviewer: 0 or 1; finding: as the staff page names
    them."""

    alert: NDArray[np.intp]
    reviewer: NDArray[np.intp]
    finding: NDArray[np.str_]
    reason: NDArray[np.str_]
    t_s: NDArray[np.float64]


_FINDINGS: Final = np.array(["evidence", "no_evidence", "unfounded", "firework"])
_REASONS: Final = {
    "evidence": "Casings, damage or a victim: found by officers or reported later.",
    "no_evidence": "Sounds like shots; nothing was found at the place.",
    "unfounded": "Officers found another cause.",
    "firework": "Many even cracks, heard as a string of firecrackers.",
}


def simulate_reviews(
    seed: int, *, alerts: Alerted, events: LoudEvents, responses: Responses
) -> Reviews:
    """Two reviewers: one judges most alerts of gunfire and some of the rest, the other looks again at a quarter.

    They know what officers found, hear of a quarter of what was reported later, and hear the recording;
    one in ten second looks disagrees.
    """
    rng = part_generator(seed, 131)
    n = alerts.t_s.size
    found = np.full(n, UNCONFIRMED)
    found[responses.alert] = responses.found
    source = heard_of(alerts, events)
    is_bang = (source < 0) | (events.kind[source] == "firework")
    came_to_light = (source >= 0) & events.is_confirmed[source] & (rng.random(n) < 0.25)
    first = _judged(rng, np.where(came_to_light, EVIDENCE, found), is_bang)
    other = np.where(first == 1, 3, 1)
    second = np.where((rng.random(n) < 0.1) & (first != EVIDENCE), other, first)
    looked = rng.random(n) < np.where(alerts.is_gunfire, 0.85, 0.4)
    again = looked & (rng.random(n) < 0.25)
    alert = np.concatenate([np.flatnonzero(looked), np.flatnonzero(again)])
    reviewer = np.repeat([0, 1], [int(looked.sum()), int(again.sum())])
    finding = _FINDINGS[np.where(reviewer == 0, first[alert], second[alert])]
    t_s = alerts.t_s[alert] + 3_600.0 * np.where(reviewer == 0, 9.0, 30.0)
    t_s = t_s + 3_600.0 * rng.exponential(6.0, alert.size)
    order = np.lexsort((reviewer, alert, t_s))
    reason = np.array([_REASONS[name] for name in finding.tolist()], dtype="U80")
    return Reviews(alert[order], reviewer[order], finding[order], reason[order], t_s[order])


def _judged(
    rng: np.random.Generator, found: NDArray[np.intp], is_bang: NDArray[np.bool_]
) -> NDArray[np.intp]:
    """Index into the findings: what officers found, and the ear where they found nothing."""
    sounds_like_crackers = is_bang & (rng.random(found.size) < 0.8)
    heard = np.where(sounds_like_crackers, 3, 1)
    seen = np.where(found == UNFOUNDED, np.where(sounds_like_crackers, 3, 2), heard)
    return np.where(found == EVIDENCE, 0, seen)
