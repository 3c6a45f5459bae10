"""Two years of incidents as a police records system exports them, dirt included."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from incidents.simulation.offenses import (
    FIREARM_ASSAULT_CODE,
    GUNFIRE_CODE,
    HOMICIDE_CODE,
    OFFENSES,
)
from incidents.simulation.patterns import draw_addresses, draw_wall_times, near_repeats
from incidents.simulation.wording import (
    dispositions,
    location_types,
    narratives,
    relationships,
    street_addresses,
)
from sensors.simulation.city import City
from sensors.simulation.gunfire import LoudEvents
from sensors.simulation.localtime import DAY_S, HOUR_S, instant_seconds, wall_seconds, wall_text
from sensors.simulation.randomness import part_generator

DAYS: Final = 730
PER_60K_ADDRESSES: Final = 14_000
_REPEATING: Final = ("burglary", "theft-from-vehicle", "vehicle-theft", "vandalism")
_REPEAT_SHARE: Final = 0.2
_UNNOTICED: Final = ("burglary", "vehicle-theft", "theft-from-vehicle", "vandalism", "fraud")
_MONTH_DAY_YEAR: Final = "%m/%d/%Y %H:%M"

Columns = dict[str, list[str]]


@dataclass(frozen=True)
class Incidents:
    """The export and the truth behind it; arrays of shape (n,), in the order of the rows."""

    columns: Columns
    offense: NDArray[np.intp]  # index into OFFENSES, also where the code was mistyped
    category: NDArray[np.str_]
    address: NDArray[np.intp]  # index into the city's addresses, -1 at a junction
    x: NDArray[np.float64]  # metres
    y: NDArray[np.float64]
    occurred_s: NDArray[np.int64]  # seconds since 1970 UTC
    reported_s: NDArray[np.int64]
    event: NDArray[np.intp]  # index into the loud events, -1 where it has nothing to do with one


@dataclass
class _Draft:
    """Incidents before they are written down; arrays of shape (n,). Times are of the wall clock."""

    offense: NDArray[np.intp]
    address: NDArray[np.intp]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    place: NDArray[np.str_]
    from_s: NDArray[np.int64]
    to_s: NDArray[np.int64]
    reported_s: NDArray[np.int64]
    event: NDArray[np.intp]

    def take(self, index: NDArray[np.intp]) -> _Draft:
        return _Draft(*(getattr(self, name)[index] for name in self.__dataclass_fields__))


def simulate_incidents(
    city: City,
    seed: int,
    *,
    until: dt.datetime,
    events: LoudEvents,
    days: int = DAYS,
    count: int | None = None,
) -> Incidents:
    """Incidents reported in the ``days`` before ``until`` (aware), in order of report.

    About 14,000 for 60,000 addresses without ``count``. ``events`` are the shootings and fireworks that
    the sensors hear too: each confirmed shooting becomes an incident here.
    """
    rng = part_generator(seed, 110)
    wanted = count or round(PER_60K_ADDRESSES * city.plan.addresses / 60_000)
    zone = city.plan.time_zone
    end_wall = int(wall_seconds(int(until.timestamp()), zone=zone))
    day = np.arange(end_wall // DAY_S - days, end_wall // DAY_S + 1)
    drafts = [
        _draft_ordinary(city, rng, day=day, count=wanted),
        _draft_shootings(city, rng, events=events),
    ]
    columns = (
        np.concatenate(column) for column in zip(*(vars(d).values() for d in drafts), strict=True)
    )
    draft = _Draft(*columns)
    in_time = (draft.reported_s < end_wall) & (draft.from_s >= day[0] * DAY_S)
    order = np.argsort(draft.reported_s, kind="stable")
    draft = draft.take(order[in_time[order]])
    return _written(city, rng, draft, zone=zone)


def _draft_ordinary(
    city: City, rng: np.random.Generator, *, day: NDArray[np.int64], count: int
) -> _Draft:
    """What no sensor hears."""
    weight = np.array([offense.weight for offense in OFFENSES])
    offense = rng.choice(len(OFFENSES), count, p=weight / weight.sum())
    category = np.array([o.category for o in OFFENSES])[offense]
    place = np.array([o.place for o in OFFENSES])[offense]
    place = _moved(rng, category, place)
    when = draw_wall_times(rng, np.array([o.rhythm for o in OFFENSES])[offense], days=day)
    address = draw_addresses(city, rng, place)
    place, address = _redirected(city, rng, category, place, address)
    for name in _REPEATING:
        mine = np.flatnonzero(category == name)
        follows = rng.random(len(mine)) < _REPEAT_SHARE
        when[mine], address[mine] = near_repeats(
            city, rng, when=when[mine], address=address[mine], follows=follows
        )
    x, y = _positions(city, rng, address, place)
    last, reported = _intervals(rng, category, when)
    none = np.full(count, -1)
    return _Draft(offense, address, x, y, place, when, last, reported, none)


def _moved(
    rng: np.random.Generator, category: NDArray[np.str_], place: NDArray[np.str_]
) -> NDArray[np.str_]:
    """Some assaults and thefts happen in schools, some offences in parking lots."""
    draw = rng.random(len(place))
    at_school = np.isin(category, ["assault", "theft", "drugs"]) & (draw < 0.03)
    in_lot = (place == "street") & (category != "gunfire") & (draw > 0.8)
    return np.where(at_school, "school", np.where(in_lot, "parking", place))


def _redirected(
    city: City,
    rng: np.random.Generator,
    category: NDArray[np.str_],
    place: NDArray[np.str_],
    address: NDArray[np.intp],
) -> tuple[NDArray[np.str_], NDArray[np.intp]]:
    """What is written down where it was reported or treated: at a station, a shelter, a clinic."""
    place, address = place.astype("U12"), address.copy()
    draw = rng.random(len(place))
    for name, share, use in (
        ("sexual-offence", 0.12, "police"),
        ("domestic", 0.05, "shelter"),
        ("mental-health", 0.1, "clinic"),
    ):
        mine = np.flatnonzero((category == name) & (draw < share))
        doors = [b.address for b in city.public_buildings if b.use == use]
        address[mine] = rng.choice(doors, len(mine))
        place[mine] = {"police": "station"}.get(use, use)
    return place, address


def _draft_shootings(city: City, rng: np.random.Generator, *, events: LoudEvents) -> _Draft:
    """One report for each confirmed shooting, and another for those that wounded or killed someone."""
    code = {o.code: i for i, o in enumerate(OFFENSES)}
    confirmed = np.flatnonzero(events.is_confirmed)
    draw = rng.random(len(confirmed))
    hurt, killed = confirmed[draw < 0.16], confirmed[draw < 0.03]
    event = np.concatenate([confirmed, hurt, killed])
    offense = np.repeat(
        [code[GUNFIRE_CODE], code[FIREARM_ASSAULT_CODE], code[HOMICIDE_CODE]],
        [len(confirmed), len(hurt), len(killed)],
    )
    when = wall_seconds(events.t_ns[event] // 1_000_000_000, zone=city.plan.time_zone)
    reported = when + rng.integers(60, 40 * 60, size=len(event))
    near = rng.normal(0.0, 8.0, (2, len(event)))  # a patrol writes down the nearest door
    return _Draft(
        offense, events.address[event], events.x[event] + near[0], events.y[event] + near[1],
        np.full(len(event), "street"), when, when, reported, event,
    )  # fmt: skip


def _positions(
    city: City, rng: np.random.Generator, address: NDArray[np.intp], place: NDArray[np.str_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """At the door; on the street before it; or at a junction, of which some are far worse than others."""
    at_door = ~np.isin(place, ["street", "parking", "venue", "park", "junction"])
    off = np.where(at_door, 0.0, 9.0) * rng.normal(size=(2, len(place)))
    x, y = city.addresses.x[address] + off[0], city.addresses.y[address] + off[1]
    junction = np.flatnonzero(place == "junction")
    risk = np.exp(0.9 * part_generator(city.seed, 111).normal(size=len(city.junctions.x)))
    pick = rng.choice(len(risk), len(junction), p=risk / risk.sum())
    x[junction], y[junction] = city.junctions.x[pick], city.junctions.y[pick]
    return x, y


def _intervals(
    rng: np.random.Generator, category: NDArray[np.str_], when: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Latest time it can have happened, and when it was reported; wall-clock seconds, shape (n,)."""
    n = len(when)
    unnoticed = np.isin(category, _UNNOTICED) & (rng.random(n) < 0.7)
    length = np.where(
        unnoticed, np.minimum(rng.lognormal(np.log(7 * HOUR_S), 0.8, n), 9 * DAY_S), 0.0
    )
    last = when + length.astype(np.int64)
    slow = np.select(
        [np.isin(category, ["sexual-offence", "child"]), category == "fraud", unnoticed],
        [5 * DAY_S, 6 * DAY_S, 3 * HOUR_S],
        35 * 60,
    )
    delay = np.minimum(rng.lognormal(np.log(slow), 1.0), 120 * DAY_S).astype(np.int64)
    return last, last + np.maximum(delay, 60)


def _written(city: City, rng: np.random.Generator, draft: _Draft, *, zone: str) -> Incidents:
    """The rows as typed, with the dirt that typing brings."""
    category = np.array([o.category for o in OFFENSES])[draft.offense]
    beat = city.beat_at(draft.x, draft.y)
    parent = np.array([b.parent for b in city.beats])[beat]
    lon, lat = city.plane.to_lonlat(draft.x, draft.y)
    juvenile, domestic, related = relationships(rng, category, draft.place)
    year = wall_text(draft.reported_s, pattern="%Y")
    interval = draft.to_s > draft.from_s
    table: dict[str, NDArray[np.str_]] = {
        "REPORT_NUMBER": _numbers(year),
        "OFFENSE_CODE": np.array([o.code for o in OFFENSES])[draft.offense],
        "OFFENSE_DESCRIPTION": np.array([o.label for o in OFFENSES])[draft.offense],
        "OCCURRED_FROM": wall_text(draft.from_s, pattern=_MONTH_DAY_YEAR),
        "OCCURRED_TO": np.where(interval, wall_text(draft.to_s, pattern=_MONTH_DAY_YEAR), ""),
        "REPORTED": wall_text(draft.reported_s, pattern=_MONTH_DAY_YEAR),
        "ADDRESS": street_addresses(city, draft.address, draft.place, x=draft.x, y=draft.y),
        "LON": np.char.mod("%.6f", lon),
        "LAT": np.char.mod("%.6f", lat),
        "DISTRICT": parent,
        "BEAT": np.array([b.code for b in city.beats])[beat],
        "LOCATION_TYPE": location_types(city, rng, draft.place, draft.address),
        "JUVENILE_VICTIM": np.where(juvenile, "Y", "N"),
        "DOMESTIC": np.where(domestic, "Y", "N"),
        "RELATIONSHIP": related,
        "RESTRICTED": _restrictions(rng, len(category)),
        "DISPOSITION": dispositions(rng, category),
        "NARRATIVE": np.array(narratives(rng, category, juvenile=juvenile)),
    }
    return Incidents(
        columns={name: column.tolist() for name, column in _soiled(rng, table).items()},
        offense=draft.offense, category=category, address=draft.address, x=draft.x, y=draft.y,
        occurred_s=instant_seconds(draft.from_s, zone=zone),
        reported_s=instant_seconds(draft.reported_s, zone=zone), event=draft.event,
    )  # fmt: skip


def _numbers(year: NDArray[np.str_]) -> NDArray[np.str_]:
    """Report numbers that start again each year, as 2026-0001234."""
    first = np.searchsorted(year, year)
    return np.array(
        [f"{y}-{n:07d}" for y, n in zip(year, 1 + np.arange(len(year)) - first, strict=True)]
    )


def _restrictions(rng: np.random.Generator, n: int) -> NDArray[np.str_]:
    words = ["", "SEALED", "ACTIVE OPERATION", "OFFICER RESIDENCE", "INFORMANT"]
    return rng.choice(words, n, p=[0.9965, 0.0015, 0.001, 0.0005, 0.0005])


def _soiled(
    rng: np.random.Generator, table: dict[str, NDArray[np.str_]]
) -> dict[str, NDArray[np.str_]]:
    """A small share of the faults that every real export has."""
    dirty = {name: column.astype(object) for name, column in table.items()}
    n = len(table["REPORT_NUMBER"])

    def some(share: float) -> NDArray[np.intp]:
        return np.flatnonzero(rng.random(n) < share)

    dirty["ADDRESS"][some(0.012)] = ""
    unplaced = some(0.015)
    dirty["LON"][unplaced] = dirty["LAT"][unplaced] = ""
    origin = some(0.002)
    dirty["LON"][origin] = dirty["LAT"][origin] = "0.000000"
    for row in some(0.002):
        dirty["OCCURRED_FROM"][row] = "00/00/0000 00:00"
    for row in some(0.001):  # a slip of the year: occurred long after it was reported
        text = dirty["OCCURRED_FROM"][row]
        dirty["OCCURRED_FROM"][row] = (
            f"{text[:6]}2{text[7:9]}9{text[10:]}" if text[6] == "2" else text
        )
    dirty["OFFENSE_CODE"][some(0.003)] = "99Z9"
    for row in some(0.01):
        dirty["ADDRESS"][row] = f"  {dirty['ADDRESS'][row].lower()} "
    dirty["BEAT"][some(0.006)] = ""
    return dirty
