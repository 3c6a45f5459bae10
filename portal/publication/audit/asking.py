"""Questions to the real API about a release that is not out yet: what two of them tell that one does not."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np

from portal.feeds import reading
from portal.feeds.selection import Box, Selection
from portal.publication.audit.attacks.limits import Finding, advantage, exact
from portal.publication.audit.attacks.world import Floats, Ints
from portal.publication.audit.reading import World

HALF_M = 15.0  # half the side of a house with its garden
AROUND_M = 600.0  # how far the boxes of an attacker reach
LEAST, MOST = 16, 100  # guesses of either kind
ROWS_A_GUESS = 200
# So many rows are looked at for each guess about a half of their period: of 128 more than 110 happened in one
# half less than once in 10^16 times.
LOOKED_AT = 8
QUESTIONS = 8  # that are asked again in other words


def box_difference(world: World) -> Iterator[Finding]:
    """Four boxes that together leave one house: does their sum tell whether it was there?

    Asked for the house of a record, in its period and of its category, and for another house of the
    same place. The difference of the two shares is what the boxes tell.
    """
    at, other = _houses(world)
    told = [_boxes_tell(world, row, world.doors[door]) for row, door in at]
    told_of_others = [_boxes_tell(world, row, world.doors[door]) for row, door in other]
    yield _gain("box-difference", told, told_of_others)


def _houses(world: World) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Rows at places with the door of their record, and the same rows with another door of the place."""
    rows, truth = world.rows, world.truth
    at_places = _at_places(world)
    chosen = _spread(_one_a_door(at_places, world), world, n=_guesses(at_places))
    mine = [(int(row), int(truth.door[rows.record[row]])) for row in chosen]
    place_of = world.place_of_door
    others = []
    for row, door in mine:
        same = np.flatnonzero(place_of == rows.spot[row])
        same = same[same != door]
        if len(same):
            others.append((row, int(same[row % len(same)])))
    return mine, others


def _at_places(world: World) -> Ints:
    """Rows that stand at a place, whose record has a point."""
    rows = world.rows
    known = (rows.spot < world.map.n_places) & (rows.record >= 0)
    return np.flatnonzero(known & np.isfinite(world.truth.x[rows.record]))


def _one_a_door(rows: Ints, world: World) -> Ints:
    """Records at one door have one answer. Of those at one the newest, by release, is kept."""
    rows = rows[np.argsort(~world.is_new[rows], kind="stable")]
    _, first = np.unique(world.truth.door[world.rows.record[rows]], return_index=True)
    return np.sort(rows[first])


def _guesses(rows: Ints) -> int:
    """How many guesses are enough where so many rows could be asked for."""
    return int(np.clip(len(rows) // ROWS_A_GUESS, LEAST, MOST))


def _spread(rows: Ints, world: World, *, n: int) -> Ints:
    """Some rows: of those that the release adds, evenly, and older ones where these are few."""
    fresh = world.is_new[rows]
    chosen = _evenly(rows[fresh], n)
    return np.concatenate([chosen, _evenly(rows[~fresh], n - len(chosen))])


def _evenly(rows: Ints, n: int) -> Ints:
    at = np.linspace(0, len(rows) - 1, min(n, len(rows)))
    return rows[np.unique(at.astype(np.int64))].astype(np.int64)


def _boxes_tell(world: World, row: int, door: Floats) -> bool:
    """Whether the box around a house, made of four large ones, holds a row of the kind and period of ``row``."""
    asked = _alike(world, row)
    x, y = door
    counts = {
        (east, north): reading.count_of(
            replace(asked, box=_box(world, x - AROUND_M, y - AROUND_M, x + east, y + north))
        )
        for east, north in product((-HALF_M, HALF_M), repeat=2)
    }
    left = (
        counts[HALF_M, HALF_M]
        - counts[-HALF_M, HALF_M]
        - counts[HALF_M, -HALF_M]
        + counts[-HALF_M, -HALF_M]
    )
    return left > 0


def _alike(world: World, row: int) -> Selection:
    """All rows of the category and period of one."""
    rows = world.rows
    since, until = (
        dt.datetime.fromtimestamp(int(at[row]), dt.UTC) for at in (rows.start_s, rows.end_s)
    )
    slug = world.release.dataset.slug
    column = "kind" if slug == "gunfire" else "category"
    return Selection(
        slug,
        world.release.number,
        equals={column: (world.categories[rows.category[row]],)},
        since=since,
        until=until,
    )


def _box(world: World, west: float, south: float, east: float, north: float) -> Box:
    lon, lat = world.plane.to_lonlat(np.array([west, east]), np.array([south, north]))
    return Box(float(lon[0]), float(lat[0]), float(lon[1]), float(lat[1]))


def time_difference(world: World) -> Iterator[Finding]:
    """A window that ends in the middle of the period that a row is said to be of: does it tell the half?

    Asked of windows that count what lies inside, and of those that count what they touch, for as many rows
    of the first half as of the second.
    """
    middle: dict[int, tuple[dt.datetime, dt.datetime, dt.datetime]] = {}
    at_places = _at_places(world)
    n = _guesses(at_places)
    for row in _spread(at_places, world, n=LOOKED_AT * n).tolist():
        if promised := world.promised(row):  # else the search for leaks says so
            since, until = promised
            middle[row] = since, since + (until - since) / 2, until
    rows = np.array(list(middle), np.int64)
    ends_s = np.array([at.timestamp() for _, at, _ in middle.values()])
    was_late = world.truth.occurred_s[world.rows.record[rows]] >= ends_s
    early, late = (
        [_is_said_early(world, row, *middle[row]) for row in _spread(half, world, n=n).tolist()]
        for half in (rows[~was_late], rows[was_late])
    )
    yield _gain("time-difference", early, late)


def _is_said_early(
    world: World, row: int, since: dt.datetime, middle: dt.datetime, until: dt.datetime
) -> bool:
    """Whether a window of the first half counts a row, or one of the second does not."""
    alike = _alike(world, row)
    only_here = {**alike.equals, "place_code": (world.place_codes[world.rows.spot[row]],)}
    asked = replace(alike, equals=only_here, since=since, until=until)
    after = middle + dt.timedelta(microseconds=1)
    is_inside = reading.count_of(replace(asked, until=middle)) > 0
    return is_inside or reading.count_of(replace(asked, since=after, touching=True)) == 0


def _gain(attack: str, hits: list[bool], false: list[bool]) -> Finding:
    """How far apart two shares of yes are, with the standard error of that.

    The error is that of the shares with one more yes and one more no (as Agresti and Caffo 2000): one
    guess of each, right by chance, has none of its own.
    """
    if not hits or not false:
        return advantage(attack, "", 0.0, error=0.0, n=0)
    p, q = float(np.mean(hits)), float(np.mean(false))
    error = np.sqrt(sum(s * (1 - s) / n for s, n in map(_with_doubt, (hits, false))))
    return advantage(attack, "", abs(p - q), error=float(error), n=len(hits) + len(false))


def _with_doubt(answers: list[bool]) -> tuple[float, int]:
    return (sum(answers) + 1) / (len(answers) + 2), len(answers)


def repeated_query(world: World) -> Iterator[Finding]:
    """The same question asked twice, by pages of two sizes, in two orders, and by counting groups."""
    differing = asked = 0
    for row in _spread(np.arange(len(world.rows)), world, n=QUESTIONS):
        selection = _alike(world, int(row))
        n = reading.count_of(selection)
        grouped = reading.counts_by(selection, ("precision",))
        answers = [n, reading.count_of(selection), sum(grouped.values())]
        pages = [_ids(selection, size, sort) for size in (7, 1000) for sort in ("newest", "id")]
        differing += sum(answer != n for answer in answers)
        differing += sum(page != pages[0] or len(page) != n for page in pages)
        asked += len(answers) + len(pages)
    yield exact("repeated-query", "", differing, n=asked)


def _ids(selection: Selection, limit: int, sort: str) -> frozenset[str]:
    """Every row by pages, whole, so that any difference in a row would be seen."""
    found: list[str] = []
    cursor = ""
    while True:
        page = reading.page_of(selection, sort=sort, limit=limit, cursor=cursor)
        found += [json.dumps(json.loads(item), sort_keys=True) for item in page.items]
        cursor = page.cursor
        if not cursor:
            return frozenset(found)
