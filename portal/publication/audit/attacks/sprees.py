"""What left from several places near each other, taken for one case: six cars of one night along three streets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from portal.publication.audit.attacks.world import Flags, Floats, Ints

# The attacker's, whatever the gate takes for near.
NEAR_M, NEAR_S = 1_000.0, 86_400.0


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


def left_near(left: Left) -> tuple[Flags, Ints]:
    """Of the rows that left near a row of another scene: whether each was secret, and a number of its group."""
    at = np.column_stack([left.spot / NEAR_M, left.start_s / NEAR_S])
    known = np.flatnonzero(np.isfinite(at).all(axis=1))
    pairs = known[cKDTree(at[known]).query_pairs(np.sqrt(2) + 1e-9, output_type="ndarray")]
    apart = np.abs(at[pairs[:, 0]] - at[pairs[:, 1]])
    near = pairs[(np.hypot(apart[:, 0], apart[:, 1]) <= 1) & (apart[:, 2] <= 1)]
    graph = coo_array((np.ones(len(near)), near.T), shape=(len(at), len(at)))
    _, group = connected_components(graph, directed=False)
    several = left.scene[near[:, 0]] != left.scene[near[:, 1]]
    taken = np.isin(group, group[near[several, 0]])
    return left.was_secret[taken], group[taken]
