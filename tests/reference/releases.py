"""A release of incidents again, slowly and in plain Python: loops over records, rings and addresses.

Takes what the vault holds and what the public map says, and answers for each record how it is
published, or not at all. Shares no code with the gate but the words of its rules.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.reference.disclosure import assign_groups, release_at, time_code

ORDER = ["0a", "0b", "1", "2", "3"]
GRAIN = {"0a": "band", "0b": "week", "1": "week"}
SLIVER_M, DOOR_M, LAND_M = 2.0, 50.0, 25.0

Ring = list[tuple[float, float]]


@dataclass(frozen=True)
class Shape:
    """A row of places or cells. rings: outer and inner ones of all its polygons, metres."""

    code: str
    rings: list[Ring]
    addresses: int
    district: str
    beat: str = ""
    parent: str = ""
    level: int = 0
    dot: tuple[float, float] = (0.0, 0.0)
    reach_m: float = 0.0


@dataclass(frozen=True)
class World:
    zone: ZoneInfo
    places: Sequence[Shape]
    cells: Sequence[Shape]
    district_addresses: Mapping[str, int]
    doors: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Fact:
    """One record as the vault holds it. at: metres, None without a point; screens: a tier label each."""

    record_id: int
    at: tuple[float, float] | None
    occurred: datetime
    known: datetime
    category: str
    district: str
    screens: tuple[str, ...]

    @property
    def tier(self) -> str:
        return max(self.screens, key=ORDER.index)


Public = tuple[str, str, str, str, str, str, datetime, datetime, str]


def release(
    facts: Iterable[Fact], decided: set[int], world: World, *, as_of: datetime, is_first: bool
) -> dict[int, Public]:
    """Record id -> (precision, place, cell, district, beat, period, start, end, category) of what is new."""
    waiting = [
        fact
        for fact in facts
        if fact.record_id not in decided and is_due(fact, world, as_of, is_first)
    ]
    rows = {fact.record_id: at_place(fact, world) for fact in waiting if fact.tier in ("0a", "0b")}
    people = [fact for fact in waiting if fact.tier == "1"]
    return rows | in_groups(people, world)


def is_due(fact: Fact, world: World, as_of: datetime, is_first: bool) -> bool:
    known = None if is_first else local(fact.known, world)
    day = release_at(local(fact.occurred, world), fact.tier, known)
    return fact.tier in GRAIN and day is not None and day <= local(as_of, world)


def local(at: datetime, world: World) -> datetime:
    return at.astimezone(world.zone).replace(tzinfo=None)


def period(fact: Fact, world: World) -> tuple[str, datetime, datetime]:
    """The code, and its first and last instant found by walking from hour to hour."""
    grain = GRAIN[fact.tier]
    hour = local(fact.occurred, world).replace(minute=0, second=0, microsecond=0)
    code = time_code(hour, grain)
    start = end = hour
    while time_code(start - timedelta(hours=1), grain) == code:
        start -= timedelta(hours=1)
    while time_code(end, grain) == code:
        end += timedelta(hours=1)
    return code, *(at.replace(tzinfo=world.zone).astimezone(UTC) for at in (start, end))


def at_place(fact: Fact, world: World) -> Public:
    place = place_of(fact.at, world) if fact.at else None
    code, start, end = period(fact, world)
    if place:
        shown = ("place", place.code, "", place.district, place.beat)
    elif world.district_addresses.get(fact.district, 0) >= 20:
        shown = ("district", "", "", fact.district, "")
    else:
        shown = ("city", "", "", "", "")
    return (*shown, code, start, end, fact.category)


def place_of(at: tuple[float, float], world: World) -> Shape | None:
    built = [place for place in world.places if place.addresses]
    home = shape_of(at, built)
    parks = [place for place in world.places if not place.addresses]
    if home and parks:
        park = min(parks, key=lambda shape: math.dist(shape.dot, at))
        to_door = min(math.dist(door, at) for door in world.doors)
        if math.dist(park.dot, at) < to_door and math.dist(park.dot, at) <= park.reach_m:
            return park
    return home


def shape_of(at: tuple[float, float], shapes: Sequence[Shape]) -> Shape | None:
    for shape in shapes:
        if sum(is_inside(at, ring) for ring in shape.rings) % 2:
            return shape
    near = [(min(distance_m(at, ring) for ring in shape.rings), shape) for shape in shapes]
    gap_m, shape = min(near, key=lambda pair: pair[0], default=(math.inf, None))
    return shape if gap_m <= SLIVER_M else None


def is_inside(at: tuple[float, float], ring: Ring) -> bool:
    """Even or odd: how many edges does a ray to the east cross?"""
    x, y = at
    crossed = 0
    for (x0, y0), (x1, y1) in zip(ring, [*ring[1:], ring[0]], strict=True):
        if (y0 > y) != (y1 > y) and x < x0 + (y - y0) * (x1 - x0) / (y1 - y0):
            crossed += 1
    return crossed % 2 == 1


def distance_m(at: tuple[float, float], ring: Ring) -> float:
    x, y = at
    best = math.inf
    for (x0, y0), (x1, y1) in zip(ring, [*ring[1:], ring[0]], strict=True):
        length2 = (x1 - x0) ** 2 + (y1 - y0) ** 2
        t = ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length2 if length2 else 0.0
        t = min(1.0, max(0.0, t))
        best = min(best, math.hypot(x - x0 - t * (x1 - x0), y - y0 - t * (y1 - y0)))
    return best


def in_groups(people: Sequence[Fact], world: World) -> dict[int, Public]:
    numbers = {cell.code: i for i, cell in enumerate(world.cells)}
    parent = [numbers.get(cell.parent, -1) for cell in world.cells]
    leaves = [cell for cell in world.cells if numbers[cell.code] not in parent]
    categories = sorted({fact.category for fact in people})
    weeks = [period(fact, world)[0] for fact in people]
    records = []
    for fact, week in zip(people, weeks, strict=True):
        leaf = shape_of(fact.at, leaves) if fact.at else None
        cell = numbers[leaf.code] if leaf else parent.index(-1)
        records.append((cell, week, categories.index(fact.category), address_of(fact.at, world)))
    found = assign_groups(records, parent, [-1] * len(people))
    rows: dict[int, Public] = {}
    for fact, cell in zip(people, found, strict=True):
        if cell != -1:
            rows[fact.record_id] = (
                *shown_in(world.cells[cell]),
                *period(fact, world),
                fact.category,
            )
    return rows


def shown_in(cell: Shape) -> tuple[str, str, str, str, str]:
    if cell.level == 0:
        return ("city", "", "", "", "")
    return ("district" if cell.level == 1 else "cell", "", cell.code, cell.district, "")


def address_of(at: tuple[float, float] | None, world: World) -> Any:
    """-1 where it is not known; else the nearest door, or a square of open land."""
    if at is None:
        return -1
    nearest = min(range(len(world.doors)), key=lambda i: math.dist(world.doors[i], at))
    if math.dist(world.doors[nearest], at) <= DOOR_M:
        return ("door", nearest)
    return ("land", math.floor(at[0] / LAND_M), math.floor(at[1] / LAND_M))
