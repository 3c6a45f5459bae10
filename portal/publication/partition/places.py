"""Snap places: the fixed points that stand for at least 20 addresses each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from portal.publication.partition.districts import (
    OUTSIDE,
    District,
    FloatArray,
    IntArray,
    assign_districts,
    centimetres,
)
from portal.publication.partition.tree import Points, Tree, footprints, grow, merge_points

CLEAR_OF_ADDRESSES_M = 3.0  # a place's point is nobody's door: it keeps this far from every address
_RINGS_M = (0.0, 4.0, 8.0, 12.0, 16.0, 24.0, 32.0)
_DIRECTIONS = np.arange(8) * np.pi / 4


class PartitionError(ValueError):
    """The addresses cannot give places that keep the promise; the message says why."""


@dataclass(frozen=True)
class Places:
    """The list of places, first those that stand for addresses, then the parks.

    code: stable and readable ("3-WNES": district 3, its west part, the north of that, ...);
    x, y: metres, the point to publish; district: index; stands_for: addresses, 0 for a park;
    max_displacement_m: the furthest of its addresses from the point (for a park: its reach);
    footprint: the piece of the district that belongs to the place (for a park: a disc
    clipped to the district);
    of_address: for each given address row its place, ``OUTSIDE`` where it is in no district or in
    a district with too few addresses for any place.
    """

    code: tuple[str, ...]
    x: FloatArray
    y: FloatArray
    district: IntArray
    stands_for: IntArray
    max_displacement_m: FloatArray
    footprint: tuple[BaseGeometry, ...]
    of_address: IntArray
    park_radius_m: float
    districts: tuple[District, ...] = field(repr=False)
    _tree: Tree = field(repr=False)
    _place_of_node: IntArray = field(repr=False)
    _addresses: cKDTree = field(repr=False)

    def assign(self, x: ArrayLike, y: ArrayLike) -> IntArray:
        """The place of each point; the same function that placed the addresses.

        x, y: metres, shape (n,). NaN, outside the city, or in a district without a place: -1.
        A point goes to a park when it is nearer to the park's point than to any address and within
        the park's reach; an address itself never does.
        """
        xs, ys = centimetres(x), centimetres(y)
        district = assign_districts(xs, ys, self.districts)
        node = self._tree.descend(xs, ys, district, self._tree.is_split)
        place = np.where(node >= 0, self._place_of_node[node], OUTSIDE)
        parks = np.flatnonzero(self.stands_for == 0)
        inside = np.flatnonzero(district >= 0)
        if parks.size == 0 or inside.size == 0:
            return place
        at = np.column_stack([xs[inside], ys[inside]])
        park_m, nearest = cKDTree(np.column_stack([self.x[parks], self.y[parks]])).query(at)
        address_m, _ = self._addresses.query(at)
        park = parks[nearest]
        taken = (park_m < address_m) & (park_m <= self.park_radius_m)
        taken &= self.district[park] == district[inside]
        place[inside[taken]] = park[taken]
        return place


def snap_places(
    x: ArrayLike,
    y: ArrayLike,
    weight: ArrayLike,
    district: ArrayLike,
    *,
    districts: Sequence[District],
    k: int = 20,
    minimum_points: int = 3,
    parks: tuple[ArrayLike, ArrayLike] | None = None,
    park_radius_m: float = 150.0,
    park_clearance_m: float = 50.0,
) -> Places:
    """The fixed list of places for a city, from its public addresses alone.

    x, y: metres, shape (n,); weight: addresses at each point (1 for a house, many for a street
    range or a census block); district: index into ``districts`` from :func:`assign_districts`,
    -1 leaves the row out. k: least addresses of a place. minimum_points: least distinct points of
    a place, so that a tower of fifty flats is never a place of its own. parks: x and y of open
    land; a park nearer than ``park_clearance_m`` to an address is dropped, so that its dot cannot
    stand for that address. Give a larger clearance where points stand for whole blocks.
    The same rows in any order give the same places, with the same codes. Raises PartitionError
    when no district has enough addresses for one place.
    """
    points = merge_points(x, y, weight, district)
    tree = grow(points, districts, k=k, minimum_points=minimum_points)
    leaves = np.flatnonzero(tree.is_split == 0)
    if leaves.size == 0:
        raise PartitionError(f"got no district with {k} addresses; wanted at least one")
    shapes = footprints(tree, districts, leaves)
    shape = np.array([shapes[int(leaf)] for leaf in leaves], object)
    place_of_node = np.full(len(tree.axis), OUTSIDE, np.int64)
    place_of_node[leaves] = np.arange(leaves.size)
    node = tree.descend(points.x, points.y, points.district, tree.is_split)
    place = np.where(node >= 0, place_of_node[node], OUTSIDE)
    addresses = cKDTree(np.column_stack([points.x, points.y]))
    px, py = _public_points(points, place, shape, addresses)
    park_x, park_y, park_district, park_code = _parks(
        parks, addresses, districts, clearance_m=park_clearance_m
    )
    border = np.array([district.polygon for district in districts], object)[park_district]
    around = shapely.buffer(shapely.points(park_x, park_y), park_radius_m)
    furthest = _displacements(points, place, px, py)
    return Places(
        code=(*(tree.code[leaf] for leaf in leaves), *park_code),
        x=np.concatenate([px, park_x]),
        y=np.concatenate([py, park_y]),
        district=np.concatenate([tree.district[leaves], park_district]),
        stands_for=np.concatenate([tree.addresses[leaves], np.zeros(park_x.size, np.int64)]),
        max_displacement_m=np.concatenate([furthest, np.full(park_x.size, park_radius_m)]),
        footprint=(*shape, *shapely.intersection(around, border)),
        of_address=np.where(points.of_row >= 0, place[points.of_row], OUTSIDE),
        park_radius_m=park_radius_m,
        districts=tuple(districts),
        _tree=tree,
        _place_of_node=place_of_node,
        _addresses=addresses,
    )


def _displacements(points: Points, place: IntArray, px: FloatArray, py: FloatArray) -> FloatArray:
    """How far each place's furthest point is from its dot."""
    furthest, kept = np.zeros(px.size), place >= 0
    distance = np.hypot(points.x[kept] - px[place[kept]], points.y[kept] - py[place[kept]])
    np.maximum.at(furthest, place[kept], distance)
    return furthest


def _public_points(
    points: Points, place: IntArray, shape: NDArray[np.object_], addresses: cKDTree
) -> tuple[FloatArray, FloatArray]:
    """For each place the middle of its address points, stepped aside until it is nobody's door.

    The plain mean of the distinct points, not weighted, so that one tower does not draw it. Where
    it falls on an address (a regular street has a house in its middle) or outside its own piece of
    the district, the first of eight directions on growing rings that is clear is taken.
    """
    count = len(shape)
    member = place >= 0
    size = np.bincount(place[member], minlength=count)
    mean_x = np.bincount(place[member], points.x[member], minlength=count) / size
    mean_y = np.bincount(place[member], points.y[member], minlength=count) / size
    px, py = mean_x.copy(), mean_y.copy()
    pending = np.arange(count)
    for ring_m in _RINGS_M:
        for direction in _DIRECTIONS[: 1 if ring_m == 0 else None]:
            x = mean_x[pending] + ring_m * np.cos(direction)
            y = mean_y[pending] + ring_m * np.sin(direction)
            distance_m, _ = addresses.query(np.column_stack([x, y]))
            clear = distance_m >= CLEAR_OF_ADDRESSES_M
            clear &= shapely.contains_xy(shape[pending], x, y)
            px[pending[clear]], py[pending[clear]] = x[clear], y[clear]
            pending = pending[~clear]
    for index in pending:  # a bent or very dense piece: any point inside it
        inside = shape[index].representative_point()
        px[index], py[index] = inside.x, inside.y
    return centimetres(px), centimetres(py)


def _parks(
    parks: tuple[ArrayLike, ArrayLike] | None,
    addresses: cKDTree,
    districts: Sequence[District],
    *,
    clearance_m: float,
) -> tuple[FloatArray, FloatArray, IntArray, tuple[str, ...]]:
    """x, y, district and code of the parks that lie in a district and clear of every address."""
    given = np.empty((0, 2)) if parks is None else np.column_stack([*map(centimetres, parks)])
    distinct = np.unique(given[np.isfinite(given).all(axis=1)], axis=0)
    distance_m, _ = addresses.query(distinct)
    x, y = distinct[distance_m >= clearance_m].T
    district = assign_districts(x, y, districts)
    x, y, district = x[district >= 0], y[district >= 0], district[district >= 0]
    number = [int((district[:i] == d).sum()) + 1 for i, d in enumerate(district)]
    codes = tuple(
        f"{districts[d].code}-park{n}" for d, n in zip(district.tolist(), number, strict=True)
    )
    return x, y, district, codes
