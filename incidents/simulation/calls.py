"""Two years of calls for service: what dispatchers log, from the first ring until the unit is free."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from incidents.simulation.patterns import draw_addresses, draw_wall_times
from incidents.simulation.records import DAYS, Columns, Incidents
from incidents.simulation.wording import street_addresses
from sensors.simulation.city import City
from sensors.simulation.gunfire import LoudEvents
from sensors.simulation.localtime import DAY_S, instant_seconds, wall_seconds
from sensors.simulation.randomness import part_generator

PER_60K_ADDRESSES: Final = 60_000
SEEN_BY_ACOUSTIC: Final = 0.85
CALLED_ABOUT_SHOOTING: Final = 0.38
CALLED_ABOUT_FIREWORK: Final = 0.55
FIREWORK_TAKEN_FOR_SHOTS: Final = 0.45


@dataclass(frozen=True)
class CallType:
    """One row of the dispatch centre's table. ``weight`` counts calls that lead to no report."""

    name: str
    priority: int  # 1 is the most urgent
    minutes_on_scene: float  # median
    units: float  # mean
    weight: float
    place: str
    rhythm: str


_TABLE: Final = """
ALARM - BURGLAR        | 2 | 12 | 1.6 | 95 | shop     | overnight
ALARM - RESIDENCE      | 2 | 11 | 1.5 | 48 | dwelling | daytime
ALARM - PANIC          | 1 | 12 | 2.1 | 9  | shop     | daytime
SUSPICIOUS PERSON      | 3 | 14 | 1.5 | 92 | street   | evening
SUSPICIOUS VEHICLE     | 3 | 11 | 1.2 | 48 | street   | overnight
WELFARE CHECK          | 2 | 18 | 1.4 | 74 | dwelling | always
DISTURBANCE            | 2 | 20 | 2.0 | 92 | venue    | weekend
FAMILY DISTURBANCE     | 1 | 34 | 2.3 | 46 | dwelling | weekend
NOISE                  | 4 | 9  | 1.1 | 62 | dwelling | weekend
PARKING                | 4 | 12 | 1.0 | 64 | street   | daytime
TRAFFIC HAZARD         | 3 | 15 | 1.1 | 42 | junction | commute
TRAFFIC STOP           | 3 | 10 | 1.2 | 120 | junction | always
COLLISION              | 2 | 45 | 1.5 | 18 | junction | commute
SHOTS FIRED            | 1 | 22 | 2.6 | 7  | street   | weekend
FIREWORKS              | 4 | 8  | 1.1 | 2  | street   | evening
ACOUSTIC ALERT         | 1 | 19 | 2.2 | 0  | street   | weekend
MENTAL HEALTH CRISIS   | 1 | 48 | 2.1 | 22 | dwelling | always
OVERDOSE               | 1 | 32 | 2.0 | 10 | dwelling | weekend
TRESPASS               | 3 | 16 | 1.3 | 40 | shop     | always
THEFT                  | 3 | 28 | 1.1 | 26 | shop     | shopping
VEHICLE CRIME          | 4 | 26 | 1.0 | 16 | street   | daytime
BURGLARY REPORT        | 3 | 40 | 1.4 | 6  | dwelling | daytime
ROBBERY                | 1 | 50 | 3.2 | 2  | street   | evening
ASSAULT                | 1 | 42 | 2.4 | 12 | venue    | weekend
JUVENILE               | 3 | 22 | 1.3 | 18 | park     | daytime
ANIMAL                 | 4 | 16 | 1.0 | 26 | dwelling | daytime
CITIZEN ASSIST         | 4 | 15 | 1.0 | 54 | dwelling | daytime
FOLLOW UP              | 4 | 24 | 1.0 | 30 | dwelling | daytime
ABANDONED VEHICLE      | 4 | 14 | 1.0 | 20 | street   | daytime
911 HANG UP            | 2 | 9  | 1.3 | 58 | dwelling | always
"""

CALL_TYPES: Final[tuple[CallType, ...]] = tuple(
    CallType(name, int(priority), float(minutes), float(units), float(weight), place, rhythm)
    for name, priority, minutes, units, weight, place, rhythm in (
        (cell.strip() for cell in line.split("|")) for line in _TABLE.strip().splitlines()
    )
)
_INDEX: Final = {call_type.name: n for n, call_type in enumerate(CALL_TYPES)}
_OF_CATEGORY: Final = {
    "theft": "THEFT", "theft-from-vehicle": "VEHICLE CRIME", "vehicle-theft": "VEHICLE CRIME",
    "burglary": "BURGLARY REPORT", "robbery": "ROBBERY", "assault": "ASSAULT", "homicide": "SHOTS FIRED",
    "vandalism": "CITIZEN ASSIST", "disorder": "DISTURBANCE", "noise": "NOISE", "trespass": "TRESPASS",
    "traffic-collision": "COLLISION", "domestic": "FAMILY DISTURBANCE", "sexual-offence": "ASSAULT",
    "child": "JUVENILE", "suicide-self-harm": "MENTAL HEALTH CRISIS", "overdose": "OVERDOSE",
    "mental-health": "MENTAL HEALTH CRISIS", "weapons": "SUSPICIOUS PERSON", "drugs": "SUSPICIOUS PERSON",
    "fraud": "CITIZEN ASSIST", "other": "CITIZEN ASSIST", "trafficking": "WELFARE CHECK",
    "hate": "DISTURBANCE",
}  # fmt: skip
_OFFICERS_OWN: Final = ("TRAFFIC STOP", "FOLLOW UP", "ABANDONED VEHICLE")
# Median seconds by priority, from 1.
_QUEUE_S: Final = np.array([70.0, 240.0, 720.0, 1_900.0])
_DRIVE_S: Final = np.array([270.0, 400.0, 520.0, 640.0])


@dataclass(frozen=True)
class Calls:
    """The export and the truth behind it; arrays of shape (n,), in the order of the rows."""

    columns: Columns
    call_type: NDArray[np.intp]  # index into CALL_TYPES
    received_s: NDArray[np.int64]  # seconds since 1970 UTC
    event: NDArray[np.intp]  # index into the loud events, or -1
    incident: NDArray[np.intp]  # row of the incidents, or -1


@dataclass
class _Draft:
    """Calls before they are written down; arrays of shape (n,). Times are of the wall clock."""

    kind: NDArray[np.intp]
    address: NDArray[np.intp]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    received_s: NDArray[np.int64]
    event: NDArray[np.intp]
    incident: NDArray[np.intp]


def simulate_calls(
    city: City,
    seed: int,
    *,
    until: dt.datetime,
    events: LoudEvents,
    incidents: Incidents,
    days: int = DAYS,
    count: int | None = None,
) -> Calls:
    """Calls received in the ``days`` before ``until`` (aware), in order of receipt.

    About 60,000 for 60,000 addresses without ``count``. Two incidents in three began with a call, and
    residents and the acoustic sensors report shootings and fireworks of ``events``.
    """
    rng = part_generator(seed, 130)
    zone = city.plan.time_zone
    end_wall = int(wall_seconds(int(until.timestamp()), zone=zone))
    day = np.arange(end_wall // DAY_S - days, end_wall // DAY_S + 1)
    wanted = count or round(PER_60K_ADDRESSES * city.plan.addresses / 60_000)
    reported = _about_incidents(city, rng, incidents)
    banged = _about_bangs(city, rng, events)
    rest = max(wanted - len(reported.kind) - len(banged.kind), 0)
    drafts = (reported, banged, _other(city, rng, day=day, count=rest))
    columns = (
        np.concatenate(column) for column in zip(*(vars(d).values() for d in drafts), strict=True)
    )
    draft = _Draft(*columns)
    in_time = (draft.received_s < end_wall) & (draft.received_s >= day[0] * DAY_S)
    order = np.argsort(draft.received_s, kind="stable")
    kept = order[in_time[order]]
    draft = _Draft(*(column[kept] for column in vars(draft).values()))
    return _written(city, rng, draft, incidents=incidents, end_wall=end_wall)


def _about_incidents(city: City, rng: np.random.Generator, incidents: Incidents) -> _Draft:
    # What the sensors and frightened neighbours report comes from the bangs themselves.
    called = (incidents.event < 0) & (rng.random(len(incidents.category)) < 0.66)
    row = np.flatnonzero(called)
    kind = np.array([_INDEX[_OF_CATEGORY[c]] for c in incidents.category[row]], np.intp)
    since = incidents.reported_s[row] - incidents.occurred_s[row]
    lead = np.minimum(rng.integers(60, 25 * 60, size=len(row)), 0.8 * np.maximum(since, 0))
    received = wall_seconds(incidents.reported_s[row], zone=city.plan.time_zone)
    received = received - lead.astype(np.int64)
    none = np.full(len(row), -1)
    return _Draft(
        kind, incidents.address[row], incidents.x[row], incidents.y[row], received, none, row
    )


def _about_bangs(city: City, rng: np.random.Generator, events: LoudEvents) -> _Draft:
    """Alerts of the acoustic system, and residents who heard something and call shots or fireworks."""
    n, is_shot = len(events.kind), events.kind == "gunfire"
    alert = np.flatnonzero(is_shot & (rng.random(n) < SEEN_BY_ACOUSTIC))
    caller = np.flatnonzero(
        rng.random(n) < np.where(is_shot, CALLED_ABOUT_SHOOTING, CALLED_ABOUT_FIREWORK)
    )
    as_shots = is_shot[caller] | (rng.random(len(caller)) < FIREWORK_TAKEN_FOR_SHOTS)
    event = np.concatenate([alert, caller])
    kind = np.concatenate(
        [
            np.full(len(alert), _INDEX["ACOUSTIC ALERT"]),
            np.where(as_shots, _INDEX["SHOTS FIRED"], _INDEX["FIREWORKS"]),
        ]
    )
    wait = np.concatenate([rng.integers(8, 60, len(alert)), rng.integers(40, 420, len(caller))])
    received = wall_seconds(events.t_ns[event] // 1_000_000_000, zone=city.plan.time_zone) + wait
    # A caller knows the direction, not the place.
    off = np.repeat([12.0, 130.0], [len(alert), len(caller)]) * rng.normal(size=(2, len(event)))
    x, y = events.x[event] + off[0], events.y[event] + off[1]
    address = city.nearest_address(x, y)
    return _Draft(kind, address, x, y, received, event, np.full(len(event), -1))


def _other(city: City, rng: np.random.Generator, *, day: NDArray[np.int64], count: int) -> _Draft:
    weight = np.array([call_type.weight for call_type in CALL_TYPES])
    kind = rng.choice(len(CALL_TYPES), count, p=weight / weight.sum())
    place = np.array([call_type.place for call_type in CALL_TYPES])[kind]
    received = draw_wall_times(rng, np.array([t.rhythm for t in CALL_TYPES])[kind], days=day)
    address = draw_addresses(city, rng, place)
    x, y = city.addresses.x[address].copy(), city.addresses.y[address].copy()
    at = np.flatnonzero(place == "junction")
    pick = rng.integers(len(city.junctions.x), size=len(at))
    x[at], y[at] = city.junctions.x[pick], city.junctions.y[pick]
    none = np.full(count, -1)
    return _Draft(kind, address, x, y, received, none, none)


def _written(
    city: City, rng: np.random.Generator, draft: _Draft, *, incidents: Incidents, end_wall: int
) -> Calls:
    types = np.array([call_type.name for call_type in CALL_TYPES])[draft.kind]
    priority = np.array([call_type.priority for call_type in CALL_TYPES])[draft.kind]
    place = np.where(draft.address < 0, "junction", "call")
    beat = city.beat_at(draft.x, draft.y)
    lon, lat = city.plane.to_lonlat(draft.x, draft.y)
    numbers = np.array(incidents.columns["REPORT_NUMBER"] or [""])
    report = np.where(draft.incident >= 0, numbers[draft.incident], "")
    day = draft.received_s // DAY_S
    nth = np.arange(len(day)) - np.searchsorted(day, day) + 1
    date = np.datetime_as_string(day.astype("datetime64[D]"))
    table = {
        "CALL_NUMBER": np.array(
            [f"{d.replace('-', '')[2:]}-{n:04d}" for d, n in zip(date, nth, strict=True)]
        ),
        "CALL_TYPE": types,
        "PRIORITY": priority.astype(str),
        "SOURCE": _sources(rng, types),
        **_stages(rng, draft, types=types, priority=priority, end_wall=end_wall),
        "ADDRESS": street_addresses(city, draft.address, place, x=draft.x, y=draft.y),
        "LON": np.char.mod("%.6f", lon),
        "LAT": np.char.mod("%.6f", lat),
        "DISTRICT": np.array([b.parent for b in city.beats])[beat],
        "BEAT": np.array([b.code for b in city.beats])[beat],
        "DISPOSITION": _dispositions(rng, types, has_report=report != ""),
        "REPORT_NUMBER": report,
    }
    return Calls(
        columns={name: column.tolist() for name, column in table.items()}, call_type=draft.kind,
        received_s=instant_seconds(draft.received_s, zone=city.plan.time_zone), event=draft.event,
        incident=draft.incident,
    )  # fmt: skip


def _stages(
    rng: np.random.Generator,
    draft: _Draft,
    *,
    types: NDArray[np.str_],
    priority: NDArray[np.intp],
    end_wall: int,
) -> dict[str, NDArray[np.str_]]:
    """Received, dispatched, arrived, cleared and the number of units.

    Some calls end before a unit comes; what lies after ``end_wall`` has not happened yet.
    """
    n, own = len(types), np.isin(types, _OFFICERS_OWN)
    queue = np.where(own, 1.0, _QUEUE_S[priority - 1] * np.exp(0.8 * rng.normal(size=n)))
    drive = np.where(own, 1.0, _DRIVE_S[priority - 1] * np.exp(0.45 * rng.normal(size=n)))
    scene = np.array([t.minutes_on_scene for t in CALL_TYPES])[draft.kind]
    scene = 60.0 * scene * np.exp(0.6 * rng.normal(size=n))
    dispatched = draft.received_s + np.maximum(queue, 1.0).astype(np.int64)
    arrived = dispatched + np.maximum(drive, 1.0).astype(np.int64)
    cleared = arrived + np.maximum(scene, 30.0).astype(np.int64)
    fate = rng.random(n)
    is_cancelled, is_untimed = ~own & (fate < 0.06), ~own & (fate > 0.985)
    cleared = np.where(is_cancelled, dispatched + 90, cleared)
    units = 1 + rng.poisson(np.array([t.units for t in CALL_TYPES])[draft.kind] - 1.0)
    return {
        "RECEIVED": _stamp(draft.received_s, end_wall=end_wall),
        "DISPATCHED": _stamp(dispatched, end_wall=end_wall),
        "ARRIVED": np.where(is_cancelled | is_untimed, "", _stamp(arrived, end_wall=end_wall)),
        "CLEARED": _stamp(cleared, end_wall=end_wall),
        "UNITS": units.astype(str),
    }


def _stamp(wall_s: NDArray[np.int64], *, end_wall: int) -> NDArray[np.str_]:
    text = np.char.replace(np.datetime_as_string(wall_s.astype("datetime64[s]")), "T", " ")
    return np.where(wall_s < end_wall, text, "")


def _sources(rng: np.random.Generator, types: NDArray[np.str_]) -> NDArray[np.str_]:
    caller = rng.choice(
        ["911", "NON-EMERGENCY", "ONLINE", "WALK-IN"], len(types), p=[0.5, 0.41, 0.06, 0.03]
    )
    source = np.where(np.isin(types, _OFFICERS_OWN), "OFFICER", caller)
    source = np.where(np.char.startswith(types, "ALARM"), "ALARM COMPANY", source)
    return np.where(types == "ACOUSTIC ALERT", "SENSOR", source)


def _dispositions(
    rng: np.random.Generator, types: NDArray[np.str_], *, has_report: NDArray[np.bool_]
) -> NDArray[np.str_]:
    n = len(types)
    common = rng.choice(
        ["NO REPORT", "GONE ON ARRIVAL", "ADVISED", "UNFOUNDED", "ASSISTED"], n,
        p=[0.36, 0.2, 0.22, 0.1, 0.12],
    )  # fmt: skip
    alarm = np.char.startswith(types, "ALARM") & (rng.random(n) < 0.95)
    text = np.where(alarm, "FALSE ALARM", common)
    text = np.where(
        types == "TRAFFIC STOP", rng.choice(["WARNING", "CITATION"], n, p=[0.62, 0.38]), text
    )
    return np.where(has_report, "REPORT TAKEN", text)
