"""A river, avenues, and the streets of each quarter between them.

The avenues form a bent grid; what they enclose is a quarter (a face), and each quarter has its own
manner: an old town turned towards the river, a grid that continues from quarter to quarter as its
streets keep their names, crooked suburbs, and works with few streets. All lengths in metres on the
plane of the city, whose origin is the market square.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
import shapely
import shapely.affinity
import shapely.ops
from numpy.typing import NDArray
from shapely import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from sensors.simulation import names
from sensors.simulation.plan import CityPlan
from sensors.simulation.randomness import part_generator

BLOCK_LONG_M: Final = 180.0
BLOCK_SHORT_M: Final = 90.0
PRECISION_M: Final = 0.01  # vertices are rounded to this, so that neighbours share them exactly
G = TypeVar("G", bound=BaseGeometry)
_STEP_M: Final = 45.0  # between the vertices of a bent line


@dataclass(frozen=True)
class Street:
    """One named street. ``line`` runs along all of it, also where it is not built."""

    name: str
    line: LineString
    kind: str  # "avenue", "street"
    numbered_from_m: float  # chainage at which the house numbers start
    is_two_sided: bool  # numbers run both ways from there: N and S, or E and W
    runs_north: bool


@dataclass(frozen=True)
class Quarter:
    """What a face of the avenue network is like. ``style``: old, grid, crooked, works, bank or park."""

    polygon: Polygon
    style: str


@dataclass(frozen=True)
class Network:
    """The ground plan. ``pieces`` are the built stretches, ``street_of`` the street of each."""

    outline: Polygon
    river_line: LineString
    river: BaseGeometry
    streets: tuple[Street, ...]
    pieces: NDArray[np.object_]  # (n,) LineString
    street_of: NDArray[np.intp]  # (n,)
    quarters: tuple[Quarter, ...]
    parks: tuple[Polygon, ...]


class Bend:
    """Bent-grid coordinates (u east, v north) to the plane: a turn and a few long waves."""

    def __init__(self, rng: np.random.Generator, *, radius_m: float) -> None:
        self._angle = np.radians(rng.uniform(-9.0, 9.0))
        self._amplitude = radius_m * 0.035 * rng.uniform(0.6, 1.0, 4)
        self._wave = 2.0 * np.pi / (radius_m * rng.uniform(1.1, 1.9, 4))
        self._phase = rng.uniform(0.0, 2.0 * np.pi, 4)

    def __call__(self, u: NDArray[np.float64], v: NDArray[np.float64]) -> NDArray[np.float64]:
        """Plane coordinates, shape (n, 2), of bent-grid coordinates of shape (n,)."""
        a, w, p = self._amplitude, self._wave, self._phase
        u2 = u + a[0] * np.sin(w[0] * v + p[0]) + 0.5 * a[1] * np.sin(w[1] * u + p[1])
        v2 = v + a[2] * np.sin(w[2] * u + p[2]) + 0.5 * a[3] * np.sin(w[3] * v + p[3])
        cos, sin = np.cos(self._angle), np.sin(self._angle)
        return np.column_stack([cos * u2 - sin * v2, sin * u2 + cos * v2])


def build_network(plan: CityPlan, seed: int) -> Network:
    """The ground plan of a city. The same plan and seed give the same plan to the last bit."""
    rng = part_generator(seed, 1)
    outline = _outline(plan, rng)
    river_line, river = _river(plan, rng, outline=outline)
    bend = Bend(rng, radius_m=plan.radius_m)
    avenues = list(_avenues(plan, rng, bend=bend, river_line=river_line))
    avenues += _radials(plan, rng, avenues=avenues)
    quarters = _quarters(plan, rng, outline=outline, river_line=river_line, avenues=avenues)
    parks = _parks(plan, rng, quarters=quarters, river=river)
    locals_ = _grid_streets(plan, rng, bend=bend, quarters=quarters, avenues=avenues)
    locals_ += _quarter_streets(rng, quarters=quarters, river_line=river_line)
    streets, pieces, street_of = _built(
        rng, avenues, locals_, land=shapely.difference(outline, river), river=river, parks=parks
    )
    return Network(
        outline, river_line, river, streets, pieces, street_of, tuple(quarters), tuple(parks)
    )


def _rounded(geometry: G) -> G:
    return shapely.set_precision(geometry, PRECISION_M)


def _outline(plan: CityPlan, rng: np.random.Generator) -> Polygon:
    angle = np.linspace(0.0, 2.0 * np.pi, 96, endpoint=False)
    reach = np.ones_like(angle)
    for wave, size in ((2, 0.10), (3, 0.06), (5, 0.04), (9, 0.02)):
        reach += size * np.sin(wave * angle + rng.uniform(0.0, 2.0 * np.pi))
    xy = plan.radius_m * reach[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    return _rounded(Polygon(xy))


def _river(
    plan: CityPlan, rng: np.random.Generator, *, outline: Polygon
) -> tuple[LineString, BaseGeometry]:
    """A meandering line a little south of the market square, and the water within the city."""
    radius, tilt = plan.radius_m, np.radians(rng.uniform(-20.0, 20.0))
    along = np.arange(-1.6 * radius, 1.6 * radius, _STEP_M)
    phases = rng.uniform(0.0, 2.0 * np.pi, 2)
    across = -0.16 * radius + sum(
        size * radius * (np.sin(2 * np.pi * along / (wave * radius) + phase) - np.sin(phase))
        for size, wave, phase in zip((0.13, 0.045), (1.5, 0.62), phases, strict=True)
    )
    cos, sin = np.cos(tilt), np.sin(tilt)
    line = LineString(np.column_stack([cos * along - sin * across, sin * along + cos * across]))
    half_width_m = min(0.016 * radius + 10.0, 65.0)
    water = shapely.intersection(line.buffer(half_width_m), outline)
    return line, _rounded(water)


def _grid_positions(plan: CityPlan, rng: np.random.Generator, *, block_m: float) -> list[int]:
    """Indices of the grid lines that are avenues: about every ``blocks_per_avenue`` long blocks."""
    every = plan.blocks_per_avenue * BLOCK_LONG_M / block_m
    limit = int(1.3 * plan.radius_m / block_m)
    positions = [0]
    for direction in (-1, 1):
        at = 0.0
        while abs(at) < limit:
            at += direction * every * rng.uniform(0.8, 1.2)
            positions.append(round(at))
    return sorted(positions)


def _grid_avenues(
    plan: CityPlan, rng: np.random.Generator
) -> Iterator[tuple[bool, float, float, float]]:
    """(runs north, where, from, to) in bent-grid metres: long avenues, and short ones in the middle.

    The short ones halve the quarters around the market square, for that is where people live closest.
    """
    reach, middle = 1.35 * plan.radius_m, 0.42 * plan.radius_m
    east = BLOCK_LONG_M * np.array(_grid_positions(plan, rng, block_m=BLOCK_LONG_M))
    north = BLOCK_SHORT_M * np.array(_grid_positions(plan, rng, block_m=BLOCK_SHORT_M))
    for runs_north, block, own, other in (
        (True, BLOCK_LONG_M, east, north),
        (False, BLOCK_SHORT_M, north, east),
    ):
        yield from ((runs_north, float(at), -reach, reach) for at in own)
        inner, across = own[np.abs(own) <= middle], other[np.abs(other) <= middle]
        for low, high in itertools.pairwise(inner):
            between = block * round((low + high) / 2.0 / block)
            yield runs_north, float(between), float(across[0]), float(across[-1])


def _bent_line(
    bend: Bend, *, at_m: float, from_m: float, to_m: float, runs_north: bool
) -> LineString:
    t = np.linspace(from_m, to_m, max(2, round((to_m - from_m) / _STEP_M)))
    fixed = np.full_like(t, at_m)
    return LineString(bend(fixed, t) if runs_north else bend(t, fixed))


def _avenues(
    plan: CityPlan, rng: np.random.Generator, *, bend: Bend, river_line: LineString
) -> Iterator[Street]:
    pool = list(names.AVENUES)
    rng.shuffle(pool)
    for n, (runs_north, at, start, end) in enumerate(_grid_avenues(plan, rng)):
        line = _bent_line(bend, at_m=at, from_m=start, to_m=end, runs_north=runs_north)
        name = pool.pop() if pool else f"{names.ordinal(n)} Avenue"
        yield Street(name, line, "avenue", -start, is_two_sided=True, runs_north=runs_north)
    for side, name in ((1.0, "North Bank Road"), (-1.0, "South Bank Road")):
        bank = shapely.offset_curve(river_line, side * min(0.05 * plan.radius_m + 30.0, 170.0))
        if isinstance(bank, LineString):
            yield Street(name, bank, "avenue", 0.0, is_two_sided=False, runs_north=False)


def _radials(plan: CityPlan, rng: np.random.Generator, *, avenues: list[Street]) -> list[Street]:
    """Old roads out of town. Each begins where its line first meets an avenue."""
    grid, radials = shapely.union_all([street.line for street in avenues]), []
    start = rng.uniform(0.0, 2.0 * np.pi)
    for i in range(plan.radials):
        angle = start + 2.0 * np.pi * (i + rng.uniform(-0.2, 0.2)) / plan.radials
        line = _radial(rng, angle=angle, reach_m=1.35 * plan.radius_m)
        meets = shapely.line_locate_point(line, shapely.get_parts(shapely.intersection(line, grid)))
        line = LineString(shapely.ops.substring(line, float(meets.min()), line.length).coords)
        steep = abs(np.sin(angle)) > 0.7
        radials.append(Street(names.RADIALS[i], line, "avenue", 0.0, False, runs_north=steep))
    return radials


def _radial(rng: np.random.Generator, *, angle: float, reach_m: float) -> LineString:
    out = np.arange(0.18 * reach_m, reach_m, _STEP_M)
    sway = 0.05 * reach_m * np.sin(2.0 * np.pi * out / reach_m + rng.uniform(0.0, 2.0 * np.pi))
    cos, sin = np.cos(angle), np.sin(angle)
    return LineString(np.column_stack([cos * out - sin * sway, sin * out + cos * sway]))


def _quarters(
    plan: CityPlan,
    rng: np.random.Generator,
    *,
    outline: Polygon,
    river_line: LineString,
    avenues: list[Street],
) -> list[Quarter]:
    """The faces between avenues, river and city limit; they tile the city and share their vertices."""
    lines = [_rounded(street.line) for street in avenues] + [_rounded(river_line), outline.exterior]
    noded = shapely.unary_union(lines, grid_size=PRECISION_M)
    faces = shapely.get_parts(shapely.polygonize([noded]))
    faces = faces[shapely.contains(outline, shapely.point_on_surface(faces))]
    order = np.lexsort([shapely.get_y(c := shapely.centroid(faces)), shapely.get_x(c)])
    return [
        Quarter(face, _style(plan, rng, face=face, river_line=river_line)) for face in faces[order]
    ]


def _style(
    plan: CityPlan, rng: np.random.Generator, *, face: Polygon, river_line: LineString
) -> str:
    centre = face.centroid
    out = float(np.hypot(centre.x, centre.y)) / plan.radius_m
    draw = rng.random()
    if shapely.distance(face, river_line) < 1.0 and face.area / face.length < 50.0:
        return "bank"  # the strip between the water and the road along it
    if out < 0.24:
        return "old"
    if (
        centre.x > 0.25 * plan.radius_m
        and shapely.distance(face, river_line) < 400.0
        and draw < 0.5
    ):
        return "works"
    return "grid" if draw < 1.25 - 1.15 * out else "crooked"


def _parks(
    plan: CityPlan,
    rng: np.random.Generator,
    *,
    quarters: list[Quarter],
    river: BaseGeometry,
) -> list[Polygon]:
    """Large parks fill a corner of a quarter, small ones a block; river banks are green in part."""
    parks: list[Polygon] = []
    wanted = [0.42] * plan.large_parks + [0.09] * plan.small_parks
    roomy = [
        q.polygon
        for q in quarters
        if q.style in ("grid", "crooked", "old") and q.polygon.area > 6e4
    ]
    chosen = rng.permutation(len(roomy))[: len(wanted)]
    for index, share in zip(chosen, wanted, strict=False):
        face = roomy[index]
        corner = shapely.Point(face.exterior.coords[int(rng.integers(len(face.exterior.coords)))])
        origin = corner if share > 0.2 else face.representative_point()
        shrink = np.sqrt(share * rng.uniform(0.6, 1.4))
        park = shapely.affinity.scale(face, shrink, shrink, origin=origin)
        parks.append(park.intersection(face.buffer(-16.0)).buffer(-20.0).buffer(20.0))
    banks = [q.polygon for q in quarters if q.style == "bank"]
    parks += [
        shapely.difference(face, river).buffer(-12.0) for face in banks if rng.random() < 0.55
    ]
    parts = shapely.get_parts(np.array(parks, dtype=object))
    rounded = shapely.set_precision(parts[shapely.area(parts) > 2_500.0], PRECISION_M)
    return [part for part in shapely.get_parts(rounded) if part.area > 2_500.0]


def _grid_streets(
    plan: CityPlan,
    rng: np.random.Generator,
    *,
    bend: Bend,
    quarters: list[Quarter],
    avenues: list[Street],
) -> list[tuple[Street, BaseGeometry]]:
    """The streets of the common grid, each with the ground on which it is built."""
    grid = shapely.union_all([q.polygon for q in quarters if q.style == "grid"])
    taken = shapely.union_all([street.line for street in avenues]).buffer(8.0, quad_segs=1)
    ground, reach, built = shapely.difference(grid, taken), 1.35 * plan.radius_m, []
    trees = [f"{name} Street" for name in names.TREES]
    rng.shuffle(trees)
    for runs_north, block in ((True, BLOCK_LONG_M), (False, BLOCK_SHORT_M)):
        limit = int(1.2 * plan.radius_m / block)
        # From the middle outwards, so that the names people know are where the people are.
        for k in sorted(range(-limit, limit + 1), key=abs):
            line = _bent_line(
                bend, at_m=k * block, from_m=-reach, to_m=reach, runs_north=runs_north
            )
            name = f"{names.ordinal(k + limit + 1)} Street"
            if not runs_north:
                name = trees.pop() if trees else f"{names.ordinal(k + limit + 1)} Avenue"
            street = Street(name, line, "street", reach, is_two_sided=True, runs_north=runs_north)
            built.append((street, ground))
    return built


_MANNERS: Final = {  # style: long spacing, short spacing, sway, wave (metres), share of gaps
    "old": (110.0, 85.0, 4.0, 600.0, 0.04),
    "crooked": (230.0, 105.0, 26.0, 520.0, 0.16),
    "works": (380.0, 260.0, 0.0, 900.0, 0.20),
}


def _quarter_streets(
    rng: np.random.Generator, *, quarters: list[Quarter], river_line: LineString
) -> list[tuple[Street, BaseGeometry]]:
    """Streets that belong to one quarter: laid out on its own axes, swaying in the suburbs."""
    name, built = names.local_street_names(rng), []
    for quarter in quarters:
        if quarter.style not in _MANNERS or quarter.polygon.area < 2e4:
            continue
        long_m, short_m, sway_m, wave_m, gaps = _MANNERS[quarter.style]
        angle = (
            rng.uniform(0.0, np.pi) if quarter.style == "crooked" else _along(river_line, quarter)
        )
        wave_m *= rng.uniform(0.8, 1.7)
        centre = np.array(quarter.polygon.centroid.coords[0])
        reach = shapely.minimum_bounding_radius(quarter.polygon)
        for turn, spacing in ((angle, short_m), (angle + np.pi / 2, long_m)):
            phase = rng.uniform(0.0, 2.0 * np.pi)
            for offset in np.arange(-reach + spacing / 2, reach, spacing):
                t = np.arange(-reach, reach, _STEP_M / 1.5)
                across = offset + sway_m * np.sin(2 * np.pi * t / wave_m + phase + offset / 300.0)
                turned = np.column_stack(
                    [
                        np.cos(turn) * t - np.sin(turn) * across,
                        np.sin(turn) * t + np.cos(turn) * across,
                    ]
                )
                ground = quarter.polygon if rng.random() > gaps else _half(quarter.polygon, rng)
                street = Street(
                    next(name), LineString(centre + turned), "street", 0.0,
                    is_two_sided=False, runs_north=abs(np.sin(turn)) > 0.7,
                )  # fmt: skip
                built.append((street, ground))
    return built


def _along(river_line: LineString, quarter: Quarter) -> float:
    """The direction of the river beside a quarter, radians."""
    at = shapely.line_locate_point(river_line, quarter.polygon.centroid)
    a, b = shapely.line_interpolate_point(river_line, [at - 150.0, at + 150.0])
    return float(np.arctan2(b.y - a.y, b.x - a.x))


def _half(polygon: Polygon, rng: np.random.Generator) -> BaseGeometry:
    """A part of a quarter, so that a street in it ends blindly."""
    x, y = polygon.centroid.coords[0]
    reach = shapely.minimum_bounding_radius(polygon) * rng.uniform(0.5, 0.9)
    dx, dy = rng.normal(0.0, reach / 2.0, 2)
    return shapely.intersection(polygon, shapely.Point(x + dx, y + dy).buffer(reach))


def _built(
    rng: np.random.Generator,
    avenues: list[Street],
    locals_: list[tuple[Street, BaseGeometry]],
    *,
    land: BaseGeometry,
    river: BaseGeometry,
    parks: list[Polygon],
) -> tuple[tuple[Street, ...], NDArray[np.object_], NDArray[np.intp]]:
    """The stretches that exist: clipped to their ground, off water and parks, without crumbs."""
    outline = shapely.union(land, river)
    lines = np.array([s.line for s in avenues] + [s.line for s, _ in locals_], dtype=object)
    crosses = [outline if rng.random() < 0.6 else land for _ in avenues]
    grounds = np.array(crosses + [ground for _, ground in locals_], dtype=object)
    shapely.prepare(grounds)
    clipped = shapely.intersection(lines, grounds)
    green = shapely.union_all(parks)
    clipped[len(avenues) :] = shapely.difference(
        clipped[len(avenues) :], shapely.union(green, river)
    )
    pieces, owner = shapely.get_parts(clipped, return_index=True)
    pieces_kept = (shapely.get_type_id(pieces) == 1) & (shapely.length(pieces) > 40.0)
    kept, street_of = np.unique(owner[pieces_kept], return_inverse=True)
    streets = [*avenues, *(street for street, _ in locals_)]
    return tuple(streets[i] for i in kept), pieces[pieces_kept], street_of.astype(np.intp)
