"""What left near each other, taken for one case: six cars of one night along three streets, the home of a stalked
woman over months, an operation of one night all over the city."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from portal.publication.audit.attacks.world import Flags, Floats, Ints

# The attacker's, whatever the gate takes for near: at most so many metres and so many seconds apart.
HOW: Final = {
    "near": (1_000.0, 86_400.0),
    "home": (1.0, 120 * 86_400.0),
    "sweep": (100_000.0, 1.0),
}
# A small town has few homes or nights that lost nothing yet: so many for each must be left for the gate to be blamed.
WHOLE: Final = ("home", "sweep")
COMPANY: Final = 6


@dataclass(frozen=True)
class Left:
    """Rows that left with one release, shape (n,), as they were published.

    spot: middle of the place, metres, shape (n, 2), NaN for none; start_s: of the period; scene: rows that
    are seen as one have one number; was_secret: what left for its own sake.
    """

    spot: Floats
    start_s: Ints
    scene: Ints
    was_secret: Flags


def left_near(left: Left, how: str = "near") -> tuple[Flags, Ints]:
    """Of the rows that left near a row of another scene: whether each was secret, and a number of its group."""
    far_m, long_s = HOW[how]
    at = np.column_stack([left.spot / far_m, left.start_s / long_s])
    known = np.flatnonzero(np.isfinite(at).all(axis=1))
    pairs = known[cKDTree(at[known]).query_pairs(np.sqrt(2) + 1e-9, output_type="ndarray")]
    apart = np.abs(at[pairs[:, 0]] - at[pairs[:, 1]])
    near = pairs[(np.hypot(apart[:, 0], apart[:, 1]) <= 1) & (apart[:, 2] <= 1)]
    graph = coo_array((np.ones(len(near)), near.T), shape=(len(at), len(at)))
    _, group = connected_components(graph, directed=False)
    several = left.scene[near[:, 0]] != left.scene[near[:, 1]]
    taken = np.isin(group, group[near[several, 0]])
    return left.was_secret[taken], group[taken]


def by_size(hits: Flags, group: Ints) -> Iterator[tuple[Flags, Ints]]:
    """The same of pairs and more, of threes and more, up to the largest group that holds a secret."""
    _, of, size = np.unique(group, return_inverse=True, return_counts=True)
    rows_with = size[of]
    for least in range(2, int(rows_with[hits].max(initial=2)) + 1):
        large = rows_with >= least
        yield hits[large], group[large]


def has_company(left: Left, stays: Left, how: str) -> bool:
    """Whether enough homes, or nights, of several rows each stay whole that could have gone along."""
    hits, group = left_near(left, how)
    n_secret = len(np.unique(group[hits]))
    named = [rows.start_s if how == "sweep" else rows.spot for rows in (left, stays)]
    names = np.unique(np.concatenate(named), axis=0, return_inverse=True)[1].ravel()
    gone, there = np.split(names, [len(left.start_s)])
    count = np.bincount(there[~np.isin(there, gone)])
    return int((count > 1).sum()) >= COMPANY * n_secret
