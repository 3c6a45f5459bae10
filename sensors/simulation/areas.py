"""Districts and beats: connected groups of quarters of about equal size, bounded by avenues and the river."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from shapely.geometry.base import BaseGeometry

from sensors.simulation import names
from sensors.simulation.plan import CityPlan
from sensors.simulation.randomness import part_generator
from sensors.simulation.streets import Network

MIN_BORDER_M: Final = 8.0  # quarters that share less are not neighbours


@dataclass(frozen=True)
class Area:
    """A district or a beat. ``parent`` is the code of the district of a beat, else empty."""

    code: str
    name: str
    polygon: BaseGeometry  # on the plane of the city
    parent: str


@dataclass(frozen=True)
class Division:
    """Districts, beats, and for each quarter (n,) the index of both."""

    districts: tuple[Area, ...]
    beats: tuple[Area, ...]
    district_of: NDArray[np.intp]
    beat_of: NDArray[np.intp]


def divide(plan: CityPlan, seed: int, network: Network, *, weight: NDArray[np.float64]) -> Division:
    """Districts and beats of about equal weight. weight: addresses in each quarter, shape (n,)."""
    rng = part_generator(seed, 4)
    polygons = np.array([quarter.polygon for quarter in network.quarters], dtype=object)
    weight = weight + 0.02 * weight.mean() + 1e-5 * shapely.area(polygons)
    pairs, over_river = _neighbours(polygons, network)
    side = _banks(pairs[~over_river], count=len(polygons))
    district_of = np.full(len(polygons), -1)
    shares = _seats(np.bincount(side, weights=weight), seats=plan.districts)
    side = _joined(polygons, side, has_seat=shares[side] > 0)
    taken = 0
    for bank in np.flatnonzero(shares):
        part = np.flatnonzero(side == bank)
        district_of[part] = taken + grow(
            rng, polygons, pairs, weight, part=part, count=int(shares[bank])
        )
        taken += int(shares[bank])
    beat_of = np.full(len(polygons), -1)
    for d in range(plan.districts):
        part = np.flatnonzero(district_of == d)
        per = plan.beats_per_district
        beat_of[part] = d * per + grow(rng, polygons, pairs, weight, part=part, count=per)
    return _named(plan, rng, polygons, district_of=district_of, beat_of=beat_of)


def _neighbours(
    polygons: NDArray[np.object_], network: Network
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Pairs (m, 2) of quarters with a common border, and whether the river is that border."""
    a, b = shapely.STRtree(polygons).query(polygons, predicate="touches")
    once = a < b
    a, b = a[once], b[once]
    border = shapely.intersection(polygons[a], polygons[b])
    long_enough = shapely.length(border) > MIN_BORDER_M
    a, b, border = a[long_enough], b[long_enough], border[long_enough]
    over_river = shapely.distance(shapely.point_on_surface(border), network.river_line) < 1.0
    return np.column_stack([a, b]), over_river


def _banks(pairs: NDArray[np.intp], *, count: int) -> NDArray[np.intp]:
    """The connected part of the city, by dry land, to which each quarter belongs."""
    links = coo_array((np.ones(len(pairs)), pairs.T), shape=(count, count))
    return np.asarray(connected_components(links, directed=False)[1], np.intp)


def _seats(weight: NDArray[Any], *, seats: int) -> NDArray[np.intp]:
    """Districts for each bank by largest remainder; a bank too small for one gets none."""
    quota = weight / weight.sum() * seats
    given = np.floor(quota + 1e-9).astype(int)
    given[np.argsort(-(quota - given), kind="stable")[: seats - int(given.sum())]] += 1
    return np.asarray(given, np.intp)


def _joined(
    polygons: NDArray[np.object_], side: NDArray[np.intp], *, has_seat: NDArray[np.bool_]
) -> NDArray[np.intp]:
    """Quarters on a bank without a district of its own go with the nearest that has one."""
    joined, seated = side.copy(), np.flatnonzero(has_seat)
    nearest = shapely.STRtree(polygons[seated]).nearest(polygons[~has_seat])
    joined[~has_seat] = side[seated[nearest]]
    return joined


def grow(
    rng: np.random.Generator,
    polygons: NDArray[np.object_],
    pairs: NDArray[np.intp],
    weight: NDArray[np.float64],
    *,
    part: NDArray[np.intp],
    count: int,
    tries: int = 24,
) -> NDArray[np.intp]:
    """Split some quarters into connected groups of like weight: shape (len(part),), values 0..count-1.

    Each group starts at a quarter near a k-means centre; the lightest group that still can takes its
    nearest free neighbour. The most even of a few tries is kept.
    """
    local = np.full(len(polygons), -1)
    local[part] = np.arange(len(part))
    inside = local[pairs][(local[pairs] >= 0).all(axis=1)]
    links: list[list[int]] = [[] for _ in part]
    for a, b in inside:
        links[a].append(int(b))
        links[b].append(int(a))
    centre = shapely.get_coordinates(shapely.centroid(polygons[part]))
    best, best_spread = None, np.inf
    for _ in range(tries):
        means = _spread_centres(rng, centre, weight[part], count=count)
        owner = _grown(links, centre, weight[part], means=means)
        sums = np.bincount(owner, weights=weight[part], minlength=count)
        spread = float(sums.max() / max(sums.min(), 1e-9))
        if spread < best_spread:
            best, best_spread = owner, spread
    assert best is not None
    return best


def _spread_centres(
    rng: np.random.Generator,
    centre: NDArray[np.float64],
    weight: NDArray[np.float64],
    *,
    count: int,
) -> NDArray[np.float64]:
    """Weighted k-means from a k-means++ start (Arthur and Vassilvitskii 2007); shape (count, 2)."""
    means = centre[[rng.choice(len(centre), p=weight / weight.sum())]]
    while len(means) < count:
        gap = ((centre[:, None] - means) ** 2).sum(axis=2).min(axis=1) * weight
        means = np.vstack([means, centre[rng.choice(len(centre), p=gap / gap.sum())]])
    for _ in range(8):
        nearest = ((centre[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
        total = np.bincount(nearest, weights=weight, minlength=count)
        moved = [np.bincount(nearest, weights=weight * c, minlength=count) for c in centre.T]
        means = np.where(
            total[:, None] > 0, np.column_stack(moved) / np.maximum(total, 1e-9)[:, None], means
        )
    return means


def _grown(
    links: list[list[int]],
    centre: NDArray[np.float64],
    weight: NDArray[np.float64],
    *,
    means: NDArray[np.float64],
) -> NDArray[np.intp]:
    away = np.hypot(*(centre[:, None, :] - means[None, :, :]).transpose(2, 0, 1))
    owner = np.full(len(centre), -1)
    is_crumb = weight < 0.2 * np.median(weight)  # a group that starts in a corner gets stuck there
    for group in range(len(means)):
        free = np.where(owner < 0, away[:, group] + 1e6 * is_crumb, np.inf)
        owner[int(np.argmin(free))] = group
    sums = np.bincount(owner[owner >= 0], weights=weight[owner >= 0], minlength=len(means))
    stuck = np.zeros(len(means), dtype=bool)
    while (owner < 0).any():
        if stuck.all():  # what is left touches no group by land: the nearest centre takes it
            rest = owner < 0
            owner[rest] = away[rest].argmin(axis=1)
            break
        group = int(np.argmin(np.where(stuck, np.inf, sums)))
        edge = {j for i in np.flatnonzero(owner == group) for j in links[i] if owner[j] < 0}
        if not edge:
            stuck[group] = True
            continue
        nearest = min(sorted(edge), key=lambda j: away[j, group])
        owner[nearest] = group
        sums[group] += weight[nearest]
    return owner


def _named(
    plan: CityPlan,
    rng: np.random.Generator,
    polygons: NDArray[np.object_],
    *,
    district_of: NDArray[np.intp],
    beat_of: NDArray[np.intp],
) -> Division:
    """Number the districts outwards from the market square and give them names by compass."""
    shapes = [shapely.coverage_union_all(polygons[district_of == d]) for d in range(plan.districts)]
    order = np.argsort([shape.centroid.distance(shapely.Point(0.0, 0.0)) for shape in shapes])
    pools = [list(rng.permutation(pool)) for pool in names.DISTRICTS]
    districts: list[Area] = []
    beats: list[Area] = []
    beat_rank = np.zeros(len(order) * plan.beats_per_district, int)
    for rank, d in enumerate(order):
        centre = shapes[d].centroid
        sector = round(np.degrees(np.arctan2(centre.y, centre.x)) / 45.0) % 8
        name = names.CENTRE_DISTRICT if rank == 0 else str(pools[sector].pop(0))
        code = str(rank + 1)
        districts.append(Area(code, name, shapes[d], ""))
        for b in range(plan.beats_per_district):
            old = d * plan.beats_per_district + b
            beat_rank[old] = len(beats)
            shape = shapely.coverage_union_all(polygons[beat_of == old])
            beats.append(Area(f"{code}{b + 1:02d}", f"{name}, beat {code}{b + 1:02d}", shape, code))
    rank_of = np.argsort(order)
    return Division(tuple(districts), tuple(beats), rank_of[district_of], beat_rank[beat_of])
