"""What the attacker has and what he wants, as arrays.

A *spot* is where a row is said to be: an index over places, then cells, then districts, then the city.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

NONE = -1
LOW, PERSON, SENSITIVE = 1, 2, 3  # tiers 0a and 0b are LOW here
FEW = 8  # addresses: the floor of the best police portal known
EDGE_M = 2.0  # rounded footprints: a door on the border may lie in either


@dataclass(frozen=True)
class PublicMap:
    """Places and cells as published. Footprints in metres; dots of cells are their middles."""

    place_dot: Floats  # (p, 2)
    place_says: Ints  # addresses, as published; 0: open land
    place_shape: NDArray[np.object_]
    place_district: Ints
    cell_dot: Floats  # (c, 2)
    cell_says: Ints
    cell_shape: NDArray[np.object_]
    cell_parent: Ints
    cell_level: Ints
    cell_district: Ints
    n_districts: int

    @property
    def n_places(self) -> int:
        return len(self.place_says)

    @property
    def n_cells(self) -> int:
        return len(self.cell_says)

    @property
    def city(self) -> int:
        """The spot of a row of which only the city is said."""
        return self.n_places + self.n_cells + self.n_districts

    def cell_spot(self, cell: Ints) -> Ints:
        return np.where(cell >= 0, cell + self.n_places, NONE)

    def district_spot(self, district: Ints) -> Ints:
        return np.where(district >= 0, district + self.n_places + self.n_cells, NONE)

    @property
    def dots(self) -> Floats:
        """The dot of every spot, NaN for districts and the city."""
        blank = np.full((self.n_districts + 1, 2), np.nan)
        return np.concatenate([self.place_dot, self.cell_dot, blank])


@dataclass(frozen=True)
class Rows:
    """The rows of one release, by public id. record: index into the truth, NONE where it is gone."""

    spot: Ints
    category: Ints
    start_s: Ints
    end_s: Ints
    first_release: Ints
    position: Ints  # in the public table
    record: Ints

    def __len__(self) -> int:
        return len(self.spot)


@dataclass(frozen=True)
class Truth:
    """Private records. x, y: metres or NaN; door: the nearest address; row: index into the rows, or NONE."""

    number: Ints
    occurred_s: Ints
    x: Floats
    y: Floats
    door: Ints
    category: Ints
    tier: Ints
    row: Ints
    is_new: Flags  # its row appears in this release

    def __len__(self) -> int:
        return len(self.number)

    @property
    def points(self) -> Floats:
        return np.column_stack([self.x, self.y])


@dataclass(frozen=True)
class Addresses:
    """Public addresses. points: metres, shape (n, 2); stands_for: addresses at each."""

    points: Floats
    stands_for: Ints
    are_points: bool  # rather than blocks or street ranges


@dataclass(frozen=True)
class Pairs:
    """Which point lies in which shape, at its edge included; a point may lie in several."""

    point: Ints
    shape: Ints


def inside(points: Floats, shapes: NDArray[np.object_]) -> Pairs:
    """Pairs by point, then shape. Points are asked once however many records share them."""
    at = points[:, 0] + 1j * points[:, 1]
    known = np.flatnonzero(np.isfinite(at))
    if not len(known) or not len(shapes):
        return Pairs(np.empty(0, np.int64), np.empty(0, np.int64))
    distinct, where = np.unique(at[known], return_inverse=True)
    wide = shapely.buffer(shapes, EDGE_M, quad_segs=2)
    shapely.prepare(wide)
    tree = shapely.STRtree(wide)
    point, shape = tree.query(shapely.points(distinct.real, distinct.imag), "within")
    order = np.lexsort((shape, point))
    return _spread(point[order], shape[order], where, known)


def _spread(point: Ints, shape: Ints, where: Ints, known: Ints) -> Pairs:
    """Pairs of distinct points as pairs of the records at them."""
    count = np.bincount(point, minlength=int(where.max()) + 1)
    first = np.concatenate([[0], np.cumsum(count)[:-1]])
    each = count[where]
    record = np.repeat(known, each)
    offset = np.arange(each.sum()) - np.repeat(np.cumsum(each) - each, each)
    return Pairs(record, shape[np.repeat(first[where], each) + offset].astype(np.int64))


@dataclass(frozen=True)
class Known:
    """What can be known of each record from its door: the places and the finest cells around it."""

    places: Pairs
    leaves: Pairs

    @classmethod
    def of(cls, points: Floats, on: PublicMap) -> Known:
        leaf = np.setdiff1d(np.arange(on.n_cells), on.cell_parent)
        at = inside(points, on.cell_shape[leaf])
        return cls(inside(points, on.place_shape), Pairs(at.point, leaf[at.shape]))
