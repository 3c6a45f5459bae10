"""The tree of cuts that places and cells share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import ArrayLike
from shapely.geometry.base import BaseGeometry

from portal.publication.partition.districts import (
    OUTSIDE,
    District,
    FloatArray,
    IntArray,
    centimetres,
    polygonal,
)

# A place aims at 1.6 times the least number of addresses: then the median stays above 30 for the
# default floor of 20, and rounding at a cut cannot push a place below the floor.
TARGET_PER_FLOOR = 1.6
_LEAF, _ACROSS_X, _ACROSS_Y = -1, 0, 1
_LETTERS = {_ACROSS_X: "WE", _ACROSS_Y: "SN"}  # low side, high side


@dataclass(frozen=True)
class Points:
    """Distinct public points. x, y: metres; weight: addresses at the point; district: index."""

    x: FloatArray
    y: FloatArray
    weight: IntArray
    district: IntArray
    of_row: IntArray  # for each given row its point, OUTSIDE where the row is in no district


@dataclass(frozen=True)
class Tree:
    """Nodes in depth-first order, the west or south half first; a parent comes before its children."""

    axis: IntArray
    cut_m: FloatArray
    low: IntArray
    high: IntArray
    parent: IntArray
    district: IntArray
    addresses: IntArray
    code: tuple[str, ...]  # district code, then W/E/S/N per cut: a parent's code is a prefix
    root: IntArray  # for each district its node, OUTSIDE where it holds too few addresses

    def descend(
        self, x: FloatArray, y: FloatArray, district: IntArray, split: IntArray
    ) -> IntArray:
        """The last node each point reaches, going down only through nodes whose ``split`` is true."""
        node: IntArray = np.where(district >= 0, self.root[district], OUTSIDE)
        moving = np.flatnonzero(node >= 0)
        while moving.size:
            moving = moving[split[node[moving]] != 0]
            at = node[moving]
            along = np.where(self.axis[at] == _ACROSS_X, x[moving], y[moving])
            node[moving] = np.where(along <= self.cut_m[at], self.low[at], self.high[at])
        return node

    @property
    def is_split(self) -> IntArray:
        """1 where a node was cut in two."""
        return np.not_equal(self.axis, _LEAF).astype(np.int64)


def merge_points(x: ArrayLike, y: ArrayLike, weight: ArrayLike, district: ArrayLike) -> Points:
    """Rows at the same centimetre of the same district become one point; their weights add up.

    The result does not depend on the order of the rows. Refuses NaN positions and weights below 1.
    """
    xs, ys = centimetres(x), centimetres(y)
    weights, districts = np.asarray(weight), np.asarray(district, np.int64)
    if not (np.isfinite(xs).all() and np.isfinite(ys).all()):
        raise ValueError("got an address without a position; wanted metres for every address")
    if (weights < 1).any() or (weights != np.floor(weights)).any():
        raise ValueError("got a weight below 1 or not whole; wanted the number of addresses")
    used = np.flatnonzero(districts >= 0)
    keys = np.column_stack([districts[used], xs[used], ys[used]])
    distinct, inverse = np.unique(keys, axis=0, return_inverse=True)
    total = np.zeros(len(distinct), np.int64)
    np.add.at(total, inverse.ravel(), weights[used].astype(np.int64))
    of_row = np.full(xs.shape, OUTSIDE, np.int64)
    of_row[used] = inverse.ravel()
    return Points(
        distinct[:, 1].copy(), distinct[:, 2].copy(), total, distinct[:, 0].astype(np.int64), of_row
    )


class _Node(NamedTuple):
    axis: int
    cut_m: float
    parent: int
    district: int
    addresses: int
    code: str


def grow(points: Points, districts: Sequence[District], *, k: int, minimum_points: int) -> Tree:
    """Cut every district until no piece can be cut into two that each hold >= k addresses."""
    target = int(np.ceil(k * TARGET_PER_FLOOR))
    nodes: list[_Node] = []
    root = np.full(len(districts) + 1, OUTSIDE, np.int64)  # one spare: root[OUTSIDE] is OUTSIDE
    for index, district in enumerate(districts):
        rows = np.flatnonzero(points.district == index)
        if points.weight[rows].sum() < k or rows.size < minimum_points:
            continue
        root[index] = len(nodes)
        pending = [(rows, OUTSIDE, district.code)]
        while pending:
            rows, parent, code = pending.pop()
            cut = _choose_cut(points, rows, target=target, k=k, minimum_points=minimum_points)
            axis, cut_m = cut or (_LEAF, np.nan)
            here, weight = len(nodes), int(points.weight[rows].sum())
            nodes.append(_Node(axis, cut_m, parent, index, weight, code))
            if cut:
                along = points.x[rows] if axis == _ACROSS_X else points.y[rows]
                stem = f"{code}-" if parent == OUTSIDE else code
                low, high = (stem + letter for letter in _LETTERS[axis])
                pending.append((rows[along > cut_m], here, high))
                pending.append((rows[along <= cut_m], here, low))
    return _as_tree(nodes, root)


def _as_tree(nodes: list[_Node], root: IntArray) -> Tree:
    axis, cut_m, parent, district, addresses, code = zip(*nodes, strict=True) if nodes else [()] * 6
    parents = np.array(parent, np.int64)
    low, high = np.full((2, len(nodes)), OUTSIDE, np.int64)
    child = np.flatnonzero(parents >= 0)
    first = child == parents[child] + 1  # depth first: the low half follows its parent at once
    low[parents[child[first]]] = child[first]
    high[parents[child[~first]]] = child[~first]
    return Tree(
        np.array(axis, np.int64),
        np.array(cut_m, float),
        low,
        high,
        parents,
        np.array(district, np.int64),
        np.array(addresses, np.int64),
        tuple(code),
        root,
    )


def _choose_cut(
    points: Points, rows: IntArray, *, target: int, k: int, minimum_points: int
) -> tuple[int, float] | None:
    """The axis and coordinate to cut at, or None where no cut leaves both halves large enough."""
    shares = int(points.weight[rows].sum()) // target
    if shares < 2:
        return None
    share = (shares // 2) / shares  # whole places to each side: all places come out about equal
    x, y = points.x[rows], points.y[rows]
    longer_first = sorted(((_ACROSS_X, x), (_ACROSS_Y, y)), key=lambda side: -np.ptp(side[1]))
    for axis, along in longer_first:
        cut_m = _cut_along(along, points.weight[rows], share=share, k=k, least=minimum_points)
        if cut_m is not None:
            return axis, cut_m
    return None


def _cut_along(
    along: FloatArray, weight: IntArray, *, share: float, k: int, least: int
) -> float | None:
    order = np.argsort(along, kind="stable")
    value, low = along[order], np.cumsum(weight[order])[:-1]
    total, count = int(weight.sum()), np.arange(1, along.size)
    allowed = np.flatnonzero(
        (value[1:] > value[:-1])
        & (low >= k)
        & (total - low >= k)
        & (count >= least)
        & (along.size - count >= least)
    )
    if allowed.size == 0:
        return None
    best = allowed[np.argmin(np.abs(low[allowed] - share * total))]
    return float(value[best] + (value[best + 1] - value[best]) / 2)


def footprints(
    tree: Tree, districts: Sequence[District], wanted: IntArray
) -> dict[int, BaseGeometry]:
    """The piece of its district that belongs to each node on the way to a wanted one.

    The pieces of a node's two halves tile the node: nothing of a district is lost or shared.
    """
    needed = np.zeros(len(tree.axis), bool)
    for node in wanted:
        while node != OUTSIDE and not needed[node]:
            needed[node] = True
            node = tree.parent[node]
    shape: dict[int, BaseGeometry] = {}
    for node in np.flatnonzero(needed):
        parent = int(tree.parent[node])
        if parent == OUTSIDE:
            shape[int(node)] = polygonal(districts[tree.district[node]].polygon)
            continue
        west, south, east, north = shapely.bounds(shape[parent])
        is_low, cut_m = tree.low[parent] == node, tree.cut_m[parent]
        if tree.axis[parent] == _ACROSS_X:
            west, east = (west, min(cut_m, east)) if is_low else (max(cut_m, west), east)
        else:
            south, north = (south, min(cut_m, north)) if is_low else (max(cut_m, south), north)
        half = shapely.box(west, south, east, north)
        shape[int(node)] = polygonal(shapely.intersection(shape[parent], half))
    return shape
