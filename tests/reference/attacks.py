"""What somebody could learn who means harm: attacks on a released city, scored with the private truth.

The attacker holds every released file, the public addresses and, for the linkage attacks, what a
scanner or a window tells him. The truth is used to score him and for nothing else. Shares are in
0..1; a share of nothing is 0. Loops over rows, on purpose: this is a reader of files, not the gate.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby, pairwise
from zoneinfo import ZoneInfo

import numpy as np
import shapely
from scipy.spatial import cKDTree
from scipy.stats import spearmanr

PERSON, SENSITIVE = "1", "2"
LOW = ("0a", "0b")
HOUR_S, DAY_S = 3600, 86_400
SURE = 0.9  # a guess that is right nine times in ten is knowledge
FEW = 8  # addresses: the floor of the best police portal known


@dataclass(frozen=True)
class Row:
    """One row of the file of incidents. x, y: metres, NaN without a dot; start_s, end_s: UTC."""

    public_id: str
    category: str
    precision: str
    place: str
    cell: str
    district: str
    start_s: float
    end_s: float
    x: float
    y: float
    stands_for: int


@dataclass(frozen=True)
class Record:
    """The private truth about one incident. door: index of its address; public_id: '' where it is no row."""

    record_id: int
    public_id: str
    category: str
    tier: str
    x: float
    y: float
    door: int
    occurred_s: float


@dataclass(frozen=True)
class Map:
    """Footprints (metres) by code, and the district's slug by name of its polygon."""

    places: Mapping[str, shapely.Geometry]
    cells: Mapping[str, shapely.Geometry]
    level: Mapping[str, int]
    districts: Mapping[str, shapely.Geometry]

    def holding(self, kind: str, x: np.ndarray, y: np.ndarray) -> list[list[str]]:
        """For each point the codes of the footprints of a kind that it lies in or at the edge of."""
        shapes = getattr(self, kind)
        codes = list(shapes)
        tree = shapely.STRtree([shapely.buffer(shapes[code], 2.0) for code in codes])
        found: list[list[str]] = [[] for _ in x]
        known = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
        for point, shape in tree.query(shapely.points(x[known], y[known]), "within").T:
            found[known[point]].append(codes[shape])
        return found


@dataclass
class Intruder:
    """Holds one edition and asks it questions about a place and a time."""

    rows: Sequence[Row]
    map: Map
    by_place: dict[str, list[Row]] = field(init=False)
    by_area: dict[tuple[str, str], list[Row]] = field(init=False)

    def __post_init__(self) -> None:
        self.by_place, self.by_area = defaultdict(list), defaultdict(list)
        for row in self.rows:
            if row.precision == "place":
                self.by_place[row.place].append(row)
            else:
                self.by_area[row.precision, row.cell or row.district].append(row)

    def dots(self, places: Iterable[str], at_s: float) -> list[Row]:
        """Rows at some places whose period holds an instant."""
        return [r for code in places for r in self.by_place[code] if r.start_s <= at_s < r.end_s]

    def group(self, cells: Iterable[str], districts: Iterable[str], at_s: float) -> list[Row]:
        """The finest group that a crime against a person at a place and time can be in: whoever lives
        in a cell that has one that week knows that his is in it."""
        finest_first = sorted(cells, key=lambda code: -self.map.level[code])
        for key in [("cell", code) for code in finest_first] + [
            ("district", code) for code in [*finest_first, *districts]
        ]:
            found = [row for row in self.by_area[key] if row.start_s <= at_s < row.end_s]
            if found:
                return found
        return [row for row in self.by_area["city", ""] if row.start_s <= at_s < row.end_s]


@dataclass(frozen=True)
class Known:
    """What the attacker knows of each record from the window: the footprints around the door."""

    places: list[list[str]]
    cells: list[list[str]]
    districts: list[list[str]]

    @classmethod
    def of(cls, truth: Sequence[Record], on: Map) -> Known:
        x, y = np.array([r.x for r in truth]), np.array([r.y for r in truth])
        return cls(*(on.holding(kind, x, y) for kind in ("places", "cells", "districts")))


def share(hits: Iterable[bool]) -> float:
    found = list(hits)
    return sum(found) / len(found) if found else 0.0


# Where was it? ------------------------------------------------------------------------------------


def exact_point(
    rows: Sequence[Row], truth: Mapping[str, Record], *, within_m: float = 1.0
) -> float:
    """Share of rows whose dot is where it happened."""
    return share(
        math.hypot(row.x - truth[row.public_id].x, row.y - truth[row.public_id].y) <= within_m
        for row in rows
        if math.isfinite(row.x)
    )


def nearest_address(rows: Sequence[Row], truth: Mapping[str, Record], doors: np.ndarray) -> float:
    """Share of dots from which the nearest address is the right one. doors: metres, shape (n, 2)."""
    dots = [row for row in rows if row.precision == "place" and row.stands_for]
    if not dots:
        return 0.0
    _, guess = cKDTree(doors).query(np.array([(row.x, row.y) for row in dots]))
    return share(
        truth[row.public_id].door == int(door) for row, door in zip(dots, guess, strict=True)
    )


def largest_building(
    rows: Sequence[Row], truth: Mapping[str, Record], doors: np.ndarray, flats: np.ndarray, on: Map
) -> float:
    """Share of dots for which the building with most flats in the footprint is the right one."""
    at = on.holding("places", doors[:, 0], doors[:, 1])
    largest: dict[str, int] = {}
    for door, codes in enumerate(at):
        for code in codes:
            if code not in largest or flats[door] > flats[largest[code]]:
                largest[code] = door
    dots = [row for row in rows if row.precision == "place" and row.stands_for]
    return share(truth[row.public_id].door == largest.get(row.place, -1) for row in dots)


def addresses_left(rows: Sequence[Row], addresses: np.ndarray, on: Map) -> dict[str, float]:
    """Addresses in the footprint of each row's place, counted one by one: least and median.

    addresses: metres, shape (n, 2), one row an address (flats apart). Open land stands for none.
    """
    inside = Counter(code for codes in on.holding("places", *addresses.T) for code in set(codes))
    found = [inside[r.place] for r in rows if r.precision == "place" and r.stands_for]
    return {
        "least": float(min(found, default=0)),
        "median": float(np.median(found)) if found else 0.0,
        "single": share(n <= 1 for n in found),
    }


# Which row is it? ---------------------------------------------------------------------------------


def scanner(
    intruder: Intruder, truth: Sequence[Record], known: Known, *, knows_category: bool = False
) -> dict[str, float]:
    """A log of calls (door, second, and maybe the kind) against the rows: share tied to the right one."""
    tied: dict[str, list[bool]] = {"low": [], "person": [], "sensitive": [], "few": []}
    for i, record in enumerate(truth):
        if record.tier in LOW:
            rows = intruder.dots(known.places[i], record.occurred_s)
        else:
            rows = intruder.group(known.cells[i], known.districts[i], record.occurred_s)
            rows = rows + intruder.dots(known.places[i], record.occurred_s)
        if knows_category:
            rows = [row for row in rows if row.category == record.category]
        is_tied = len(rows) == 1 and rows[0].public_id == record.public_id
        kind = "low" if record.tier in LOW else "person" if record.tier == PERSON else "sensitive"
        tied[kind].append(is_tied)
        tied["few"].append(is_tied and 0 < rows[0].stands_for < FEW)
    return {kind: share(hits) for kind, hits in tied.items()}


def neighbour(intruder: Intruder, truth: Sequence[Record], known: Known) -> dict[str, float]:
    """Somebody saw the police at a door and knows the hour: share for whom the rows tell what happened.

    He knows whether it was a crime against a person; nine rows in ten of one category are an answer.
    ``sensitive``: share of sensitive records of which any row says so. What is not published cannot be
    hidden by rows, so silence tells something: of the records for which no dot fits (``no_dot``), and
    for which no row at all does (``no_row``), the share that was sensitive.
    """
    learns: dict[str, list[bool]] = {"low": [], "person": [], "sensitive": []}
    no_dot: list[bool] = []
    no_row: list[bool] = []
    for i, record in enumerate(truth):
        dots = intruder.dots(known.places[i], record.occurred_s)
        group = intruder.group(known.cells[i], known.districts[i], record.occurred_s)
        if not dots:
            no_dot.append(record.tier == SENSITIVE)
        if not dots and not group:
            no_row.append(record.tier == SENSITIVE)
        if record.tier in LOW:
            learns["low"].append(_is_sure(dots, record.category))
        elif record.tier == PERSON:
            learns["person"].append(_is_sure(group, record.category))
        else:
            learns["sensitive"].append(_is_sure([*dots, *group], record.category))
    learns |= {"no_dot": no_dot, "no_row": no_row}
    return {kind: share(hits) for kind, hits in learns.items()}


def _is_sure(rows: Sequence[Row], category: str) -> bool:
    if not rows:
        return False
    said, n = Counter(row.category for row in rows).most_common(1)[0]
    return said == category and n >= SURE * len(rows)


# Differences --------------------------------------------------------------------------------------


def box_difference(
    rows: Sequence[Row], doors: np.ndarray, hit: np.ndarray, *, half_m: float = 15.0
) -> float:
    """Two boxes that differ by one house: how much better than chance their counts tell whether it had an incident.

    doors: metres, shape (n, 2); hit: whether a published incident happened there. The difference of
    two large boxes is the box around the house, so that one is asked. True minus false positives.
    """
    dots = np.array([(row.x, row.y) for row in rows if row.precision == "place"]).reshape(-1, 2)
    if not len(dots):
        return 0.0
    near = cKDTree(dots).query_ball_point(doors, half_m, p=np.inf, return_length=True) > 0
    return abs(share(near[hit].tolist()) - share(near[~hit].tolist()))


def time_difference(
    rows: Sequence[Row], truth: Mapping[str, Record], promised: Mapping[str, tuple[float, float]]
) -> float:
    """Two windows that differ by an instant: how much better than chance they tell the half of the period.

    Windows count a row when its whole period lies inside, so the middle of the published period is
    all that two of them can tell. promised: the period that a row should have. True minus false
    positives of "it was in the later half".
    """
    late, early = [], []
    for row in rows:
        middle = sum(promised[row.public_id]) / 2
        says_late = (row.start_s + row.end_s) / 2 > middle
        (late if truth[row.public_id].occurred_s > middle else early).append(says_late)
    return abs(share(late) - share(early))


@dataclass(frozen=True)
class Edition:
    """A release as its readers have it."""

    as_of_s: float
    rows: Sequence[Row]


def appearance(
    editions: Sequence[Edition], truth: Mapping[str, Record], delay_s: Mapping[str, float]
) -> float:
    """The release in which a row first appears: how much better than chance that narrows its time.

    The attacker takes each record for one that was published once ``delay_s`` had passed since it
    happened. A row of the first edition tells nothing. What he would have hit by chance is taken off.
    """
    seen = {row.public_id for row in editions[0].rows}
    better = []
    for before, now in pairwise(editions):
        for row in now.rows:
            if row.public_id in seen:
                continue
            seen.add(row.public_id)
            record = truth[row.public_id]
            delay = delay_s[record.tier]
            low, high = (
                max(row.start_s, before.as_of_s - delay),
                min(row.end_s, now.as_of_s - delay),
            )
            chance = max(high - low, 0) / (row.end_s - row.start_s)
            better.append((low <= record.occurred_s <= high) - chance)
    return float(np.mean(better)) if better else 0.0


def moved(
    editions: Sequence[Edition], on: Sequence[Map], addresses: np.ndarray
) -> dict[str, float]:
    """The same row in two editions: share whose place changed, and share left with few addresses."""
    first: dict[str, tuple[Row, Map]] = {}
    changed, few, total = 0, 0, 0
    for edition, with_map in zip(editions, on, strict=True):
        for row in edition.rows:
            total += row.public_id not in first
            before, its_map = first.setdefault(row.public_id, (row, with_map))
            if its_map is not with_map and row.place and before.place:
                old, new = its_map.places[before.place], with_map.places[row.place]
                if row.place != before.place or not shapely.equals(old, new):
                    changed += 1
                    both = shapely.intersection(old, new)
                    few += shapely.contains_xy(both, addresses[:, 0], addresses[:, 1]).sum() < FEW
    return {"moved": changed / max(total, 1), "few": few / max(total, 1)}


def cross_feed(
    rows: Sequence[Row],
    alerts: Sequence[Row],
    truth: Mapping[str, Record],
    heard: Mapping[str, Record],
    addresses: np.ndarray,
    on: Map,
) -> dict[str, float]:
    """Two feeds that show one event: share of events of which the second tells more than the first.

    A record and an alert within 150 m and ten minutes are one event. ``narrowed``: the alert does not
    cover the record's place and period; ``few``: fewer than eight addresses of the record's place lie
    within 150 m of the alert's.
    """
    narrowed, few = [], []
    for row in rows:
        record = truth[row.public_id]
        for alert in alerts:
            event = heard[alert.public_id]
            apart_s = abs(event.occurred_s - record.occurred_s)
            if apart_s > HOUR_S / 6 or math.hypot(event.x - record.x, event.y - record.y) > 150:
                continue
            same = (alert.place, alert.cell, alert.start_s) == (row.place, row.cell, row.start_s)
            narrowed.append(not (same or _covers(alert, row, on)))
            if row.place and alert.place:
                near = shapely.buffer(on.places[alert.place], 150.0)
                both = shapely.intersection(on.places[row.place], near)
                left = shapely.contains_xy(both, addresses[:, 0], addresses[:, 1]).sum()
                few.append(not same and left < FEW)
    return {"events": len(narrowed), "narrowed": share(narrowed), "few": share(few)}


def _covers(alert: Row, row: Row, on: Map) -> bool:
    """Whether an alert is nowhere finer than a row."""
    if alert.start_s > row.start_s or alert.end_s < row.end_s:
        return False
    if alert.precision == "city":
        return True
    inner, outer = (on.cells.get(r.cell) or on.places.get(r.place) for r in (row, alert))
    return bool(inner and outer and shapely.covers(shapely.buffer(outer, 2.0), inner))


def sealed(editions: Sequence[Edition], removed: set[str]) -> dict[str, float]:
    """How often each strategy's pick was the sealed one."""
    return {name: share(was) for name, was in sealed_picks(editions, removed).items()}


def sealed_picks(editions: Sequence[Edition], removed: set[str]) -> dict[str, list[bool]]:
    """Rows of an old edition that are gone: of each that a strategy picks, whether it was the sealed one.

    all: takes each for sealed. newest, oldest, rarest: of all gone rows, as many as were sealed, by
    that order. lone: those that have no two of their own category beside them.
    """
    old = {row.public_id: row for edition in editions[:-1] for row in edition.rows}
    now = {row.public_id for row in editions[-1].rows}
    gone = [row for public_id, row in old.items() if public_id not in now]
    count = Counter(row.category for row in old.values())
    alike = Counter(row.category for row in gone)
    n = len(removed)
    picks = {
        "all": gone,
        "newest": sorted(gone, key=lambda row: -row.start_s)[:n],
        "oldest": sorted(gone, key=lambda row: row.start_s)[:n],
        "rarest": sorted(gone, key=lambda row: count[row.category])[:n],
        "lone": [row for row in gone if alike[row.category] < 3],
    }
    return {name: [row.public_id in removed for row in chosen] for name, chosen in picks.items()}


# Ids and order ------------------------------------------------------------------------------------


def order_correlation(
    rows: Sequence[Row], truth: Mapping[str, Record], positions: Sequence[int]
) -> float:
    """The largest |rho| of id or position with time, record number or place. positions: of each row in a file or table."""
    ids = [int(row.public_id, 16) / 2**96 for row in rows]
    records = [truth[row.public_id] for row in rows]
    secrets = [
        [getattr(record, name) for record in records]
        for name in ("occurred_s", "record_id", "x", "y")
    ]
    return max(
        abs(float(spearmanr(told, secret, nan_policy="omit").statistic))
        for told in (ids, positions)
        for secret in secrets
    )


def months_mixed(rows: Sequence[Row], zone: ZoneInfo) -> list[Row]:
    """The rows of a file that goes by months as if it did not: all first ones first, all last ones last."""
    placed = []
    for _month, run in groupby(
        rows, lambda row: f"{datetime.fromtimestamp(row.start_s, zone):%Y-%m}"
    ):
        mine = list(run)
        placed += [((k + 0.5) / len(mine), row) for k, row in enumerate(mine)]
    return [row for _, row in sorted(placed, key=lambda pair: pair[0])]


# Planted defects ----------------------------------------------------------------------------------


def with_exact_points(rows: Sequence[Row], truth: Mapping[str, Record]) -> list[Row]:
    return [
        replace(row, x=truth[row.public_id].x, y=truth[row.public_id].y, stands_for=1)
        if row.precision == "place"
        else row
        for row in rows
    ]


def with_minutes(rows: Sequence[Row], truth: Mapping[str, Record]) -> list[Row]:
    return [
        replace(
            row, start_s=truth[row.public_id].occurred_s, end_s=truth[row.public_id].occurred_s + 60
        )
        for row in rows
    ]


def without_groups(
    rows: Sequence[Row], truth: Mapping[str, Record], leaves: Mapping[str, str]
) -> list[Row]:
    """Every crime against a person in its own leaf cell. leaves: public id -> code."""
    return [
        replace(row, precision="cell", cell=leaves[row.public_id])
        if truth[row.public_id].tier == PERSON and row.public_id in leaves
        else row
        for row in rows
    ]
