"""Cover for removals: whoever keeps an old copy must not learn which record was sealed."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from portal.publication.disclosure.rules import Rules

IntArray = NDArray[np.int64]

_DEFAULT = Rules()


def removal_cover(
    removed: ArrayLike,
    tier: ArrayLike,
    *,
    available: ArrayLike,
    generator: np.random.Generator,
    likeness: ArrayLike | None = None,
    rules: Rules = _DEFAULT,
) -> IntArray:
    """Records to retire for good together with the removed ones: for each two random others.

    removed: indices of the records that must go, shape (r,); tier: of every published record,
    shape (n,); available: true where a record is public now. likeness: an integer per record, for
    example of its category and quarter: covers are taken among the like where there are enough,
    since a sealed robbery of last week does not hide between two bicycles of three years ago.
    Returns distinct indices, none of them removed. Each cover has the tier of the record it
    covers; where a tier has too few left all of them are retired, for a removal can never wait.
    Retired records stay in the totals. Pass a generator seeded from the operating system.
    """
    gone = np.unique(np.asarray(removed, np.int64))
    tiers = np.asarray(tier, np.int64)
    free = np.array(available, bool)
    free[gone] = False
    kind = np.zeros(tiers.shape, np.int64) if likeness is None else np.asarray(likeness, np.int64)
    covers: list[IntArray] = []
    for tier_now, kind_now in np.unique(np.column_stack([tiers, kind])[gone], axis=0):
        same = (tiers[gone] == tier_now) & (kind[gone] == kind_now)
        wanted = rules.covers_per_removal * int(same.sum())
        like = np.flatnonzero(free & (tiers == tier_now) & (kind == kind_now))
        chosen = generator.permutation(like)[:wanted]
        free[chosen] = False
        others = np.flatnonzero(free & (tiers == tier_now))
        filled = generator.permutation(others)[: wanted - chosen.size]
        free[filled] = False
        covers += [chosen, filled]
    return np.sort(np.concatenate(covers)) if covers else np.empty(0, np.int64)
