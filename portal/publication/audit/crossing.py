"""Two datasets that show one event: does the second tell it more closely than the first?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from portal.publication import sources
from portal.publication.audit.attacks.limits import Finding, exact, share
from portal.publication.audit.attacks.world import FEW, Floats, Ints
from portal.publication.audit.reading import World
from portal.publication.sources import Nearby

# Nearer than this in place and time an attacker takes two rows for one event. It is less than what the
# gate links by, so that nothing here is on the edge of that.
NEAR_M, NEAR_S = 150.0, 600.0
_RANK: Final = {"city": 0, "district": 1, "cell": 2, "place": 3}


def cross_feed(world: World) -> Iterator[Finding]:
    """What a release adds, laid over the police records: closer than the record, beside one that is not public."""
    mine = np.flatnonzero(world.is_new & (world.rows.record >= 0))
    at = world.truth.points[world.rows.record[mine]]
    known = np.isfinite(at[:, 0])
    mine, at = mine[known], at[known]
    when = world.truth.occurred_s[world.rows.record[mine]]
    near, row = _pairs(world, at, when, mine)
    is_public = near.tier != ""
    narrowed = is_public & _is_closer(world, row, near)
    yield exact("cross-feed", "waiting", int((~is_public).sum()), n=len(mine))
    yield exact("cross-feed", "narrowed", int(narrowed.sum()), n=int(is_public.sum()))
    few = _few_left(world, row[is_public], near.where(is_public))
    yield share("cross-feed", "few-addresses", few)


def _pairs(world: World, at: Floats, when: Ints, mine: Ints) -> tuple[Nearby, Ints]:
    """Police records near what is new, and the row that each is near, side by side."""
    if not len(mine):
        return Nearby(*(np.empty(0, object) for _ in range(14))), mine
    tree = cKDTree(np.column_stack([at / NEAR_M, when / NEAR_S]))
    reach = int(NEAR_S)
    found, rows = [], []
    for records in sources.nearby_incidents(int(when.min()) - reach, int(when.max()) + reach):
        x, y = world.plane.to_xy(records.lon, records.lat)
        points = np.column_stack([x / NEAR_M, y / NEAR_M, records.occurred_s / NEAR_S])
        hits = tree.query_ball_point(points, 1.0)
        count = [len(each) for each in hits]
        found.append(records.where(np.repeat(np.arange(len(records)), count)))
        rows.append(mine[np.fromiter((k for each in hits for k in each), np.int64, sum(count))])
    return Nearby.joined(found), np.concatenate(rows)


def _is_closer(world: World, row: Ints, near: Nearby) -> NDArray[np.bool_]:
    """Whether a row says where or when more closely than the record's own row does."""
    rank = np.array([_RANK.get(each, 0) for each in near.precision], np.int64)
    lasts = [
        (end - start).total_seconds() if start else np.inf
        for start, end in zip(near.starts_at, near.ends_at, strict=True)
    ]
    mine_lasts = world.rows.end_s[row] - world.rows.start_s[row]
    return (world.rank[row] > rank) | (mine_lasts < np.array(lasts, float))


def _few_left(world: World, row: Ints, near: Nearby) -> NDArray[np.bool_]:
    """Whether fewer than eight addresses of the record's place are near the place of the row."""
    number = {code: n for n, code in enumerate(world.place_codes)}
    theirs = np.array([number.get(code, -1) for code in near.place_code], np.int64)
    mine = world.rows.spot[row]
    both = (theirs >= 0) & (mine < world.map.n_places) & (theirs != mine)
    few = np.zeros(len(row), bool)
    pairs, where = np.unique(np.stack([theirs[both], mine[both]], 1), axis=0, return_inverse=True)
    left = np.array([_shared_addresses(world, a, b) for a, b in pairs.tolist()], np.int64)
    few[both] = left[where.ravel()] < FEW
    return few


def _shared_addresses(world: World, theirs: int, mine: int) -> int:
    """Addresses of one place within reach of another."""
    reach = shapely.buffer(world.map.place_shape[mine], NEAR_M)
    both = shapely.intersection(world.map.place_shape[theirs], reach)
    points, weight = world.addresses.points, world.addresses.stands_for
    west, south, east, north = shapely.bounds(both)
    near = np.flatnonzero(
        (points[:, 0] >= west) & (points[:, 0] <= east)
        & (points[:, 1] >= south) & (points[:, 1] <= north)
    )  # fmt: skip
    inside = shapely.contains_xy(both, points[near, 0], points[near, 1])
    return int(weight[near][inside].sum())
