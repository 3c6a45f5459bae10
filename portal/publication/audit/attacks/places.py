"""Where was it? The dot taken for the point, the nearest address, the largest building, and who lives there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from portal.publication.audit.attacks.world import (
    NONE,
    Addresses,
    Flags,
    Floats,
    Ints,
    PublicMap,
    Rows,
    Truth,
    inside,
)

EXACT_M = 1.0


def counted(addresses: Addresses, shapes: NDArray[np.object_]) -> Ints:
    """Addresses in each footprint, counted one by one."""
    at = inside(addresses.points, shapes)
    weight = addresses.stands_for[at.point]
    return np.bincount(at.shape, weight, len(shapes)).astype(np.int64)


def places_in_use(rows: Rows, on: PublicMap) -> Ints:
    """The place of each row whose place stands for addresses."""
    place = rows.spot[(rows.spot >= 0) & (rows.spot < on.n_places)]
    return place[on.place_says[place] > 0]


def exact_point(rows: Rows, truth: Truth, on: PublicMap) -> tuple[Flags, Ints]:
    """Rows with a dot (indexes), and whether it is where it happened."""
    dots, at = on.dots[rows.spot], truth.points[rows.record]
    known = np.flatnonzero((rows.spot >= 0) & (rows.record >= 0) & np.isfinite(dots[:, 0]))
    apart_m = np.hypot(*(dots[known] - at[known]).T)
    return apart_m <= EXACT_M, known


def nearest_address(rows: Rows, truth: Truth, on: PublicMap, doors: Floats) -> tuple[Flags, Ints]:
    """Rows at a place with addresses (indexes), and whether the address nearest to the dot is the one."""
    guess = np.full(on.n_places, NONE)
    if on.n_places and len(doors):
        _, guess = cKDTree(doors).query(on.place_dot)
    return _guessed(rows, truth, on, guess)


def largest_building(
    rows: Rows, truth: Truth, on: PublicMap, doors: Floats, flats: Ints
) -> tuple[Flags, Ints]:
    """The same, of the door with most addresses in the footprint."""
    at = inside(doors, on.place_shape)
    order = np.argsort(flats[at.point], kind="stable")
    guess = np.full(on.n_places, NONE)
    guess[at.shape[order]] = at.point[order]  # the last of each place is the largest
    return _guessed(rows, truth, on, guess)


def _guessed(rows: Rows, truth: Truth, on: PublicMap, guess: Ints) -> tuple[Flags, Ints]:
    at_place = (rows.spot >= 0) & (rows.spot < on.n_places) & (rows.record >= 0)
    known = np.flatnonzero(at_place)
    known = known[on.place_says[rows.spot[known]] > 0]
    return guess[rows.spot[known]] == truth.door[rows.record[known]], known
