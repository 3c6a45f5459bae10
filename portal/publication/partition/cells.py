"""Cells: the larger pieces, of at least 500 addresses, in which crimes against people are counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import ArrayLike
from shapely.geometry.base import BaseGeometry

from portal.publication.partition.districts import (
    OUTSIDE,
    District,
    IntArray,
    assign_districts,
    centimetres,
    polygonal,
)
from portal.publication.partition.tree import Tree, footprints, grow, merge_points

CITY = 0  # the index of the root of every chain


@dataclass(frozen=True)
class Cells:
    """Every cell and the larger ones above it: leaf, its parents, the district, the city (index 0).

    code: "city", a district's code, or that and the cuts ("3-WN"); a parent comes before its
    children and, inside a district, its code begins theirs. parent: index, -1 for the city;
    district: index, -1 for the city; addresses: how many it stands for; polygon: the piece of the
    city, and the children of a cell tile it; is_leaf: true for the finest.
    """

    code: tuple[str, ...]
    parent: IntArray
    district: IntArray
    addresses: IntArray
    polygon: tuple[BaseGeometry, ...]
    districts: tuple[District, ...] = field(repr=False)
    _tree: Tree = field(repr=False)
    _split: IntArray = field(repr=False)
    _cell_of_node: IntArray = field(repr=False)

    @property
    def is_leaf(self) -> IntArray:
        """1 for the finest cells. The city is one only where a district is too small for a cell."""
        leaf = np.ones(len(self.code), np.int64)
        leaf[self.parent[self.parent >= 0]] = 0
        return leaf

    def assign(self, x: ArrayLike, y: ArrayLike) -> IntArray:
        """The leaf cell of each point. x, y: metres, shape (n,). Outside the city or NaN: -1.

        In a district with too few addresses for a cell of its own it is the whole city (0).
        """
        xs, ys = centimetres(x), centimetres(y)
        district = assign_districts(xs, ys, self.districts)
        node = self._tree.descend(xs, ys, district, self._split)
        cell = np.where(node >= 0, self._cell_of_node[node], CITY)
        return np.where(district >= 0, np.maximum(cell, CITY), OUTSIDE)

    def chain(self, cell: int) -> tuple[int, ...]:
        """A cell and everything above it, the city last."""
        found = [cell]
        while self.parent[found[-1]] != OUTSIDE:
            found.append(int(self.parent[found[-1]]))
        return tuple(found)


def median_tree(
    x: ArrayLike,
    y: ArrayLike,
    weight: ArrayLike,
    district: ArrayLike,
    *,
    districts: Sequence[District],
    minimum: int = 500,
    k: int = 20,
    minimum_points: int = 3,
    city_code: str = "city",
) -> Cells:
    """The cells of a city, from its public addresses alone.

    x, y, weight, district, districts, k, minimum_points: as for ``snap_places``, and the same
    values, so that each place lies in one cell. minimum: least addresses of a cell; a piece is cut
    only where both halves keep that many. A district below the minimum has no cell: its points
    belong to the city as a whole.
    """
    points = merge_points(x, y, weight, district)
    tree = grow(points, districts, k=k, minimum_points=minimum_points)
    split = _large_enough_to_split(tree, minimum)
    shown = _shown(tree, split, minimum)
    cell_of_node = np.full(max(len(tree.axis), 1), OUTSIDE, np.int64)
    cell_of_node[shown] = np.arange(1, shown.size + 1)
    parent_node = tree.parent[shown]
    parent = np.where(parent_node >= 0, cell_of_node[parent_node], CITY)
    shapes = footprints(tree, districts, shown)
    city = shapely.union_all([polygonal(district.polygon) for district in districts])
    return Cells(
        code=(city_code, *(tree.code[node] for node in shown)),
        parent=np.concatenate([[OUTSIDE], parent]),
        district=np.concatenate([[OUTSIDE], tree.district[shown]]),
        addresses=np.concatenate([[points.weight.sum()], tree.addresses[shown]]),
        polygon=(city, *(shapes[int(node)] for node in shown)),
        districts=tuple(districts),
        _tree=tree,
        _split=split,
        _cell_of_node=cell_of_node,
    )


def _large_enough_to_split(tree: Tree, minimum: int) -> IntArray:
    """1 where a node was cut and both halves hold the minimum."""
    cut = tree.is_split == 1
    halves = np.minimum(tree.addresses[tree.low[cut]], tree.addresses[tree.high[cut]])
    split = np.zeros(len(tree.axis), np.int64)
    split[cut] = halves >= minimum
    return split


def _shown(tree: Tree, split: IntArray, minimum: int) -> IntArray:
    """The nodes that are cells: large enough, and every cut above them kept."""
    shown = np.zeros(len(tree.axis), bool)
    for node, parent in enumerate(tree.parent):
        above = shown[parent] and split[parent] == 1 if parent >= 0 else True
        shown[node] = above and tree.addresses[node] >= minimum
    return np.flatnonzero(shown)
