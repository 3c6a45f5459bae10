"""Cover for removals: whoever keeps an old copy must not learn which record was sealed.

For each removed record two others are retired for good. They must not give themselves away: if a
sealed arson of May went with two thefts of last year, the arson would be the one, for a theft's
covers would have been thefts. So the public rows are first divided into blocks of alike rows, from
what is public alone, and covers are always taken from the block of the record that they cover, each
of its rows as likely as any other. Then all that was retired of a block looks the same.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from portal.publication.disclosure.rules import Rules

IntArray = NDArray[np.int64]

_DEFAULT = Rules()
# A block this large hides ten removals among twenty covers.
BLOCK_ROWS = 30


def cover_blocks(
    tier: ArrayLike, category: ArrayLike, quarter: ArrayLike, *, least: int = BLOCK_ROWS
) -> IntArray:
    """The block of each public row: an integer per row, rows of a block have one tier.

    tier, category, quarter: integers, shape (n,). A block is a category and quarter; what is
    smaller than ``least`` rows is put together with the other small quarters of its category, then
    with the other small categories of its tier, and then with the smallest block of the tier. Only
    a tier with fewer rows than ``least`` is a smaller block.
    """
    key = np.column_stack([np.asarray(column, np.int64) for column in (tier, category, quarter)])
    if len(key) == 0:
        return np.empty(0, np.int64)
    for level in (2, 1):
        small = _sizes(key) < least
        key[small, level:] = -1
    small = _sizes(key) < least
    for row in np.unique(key[small], axis=0):
        others = (key[:, 0] == row[0]) & (key != row).any(axis=1)
        if others.any():
            sizes = np.where(others, _sizes(key), len(key) + 1)
            key[(key == key[np.argmin(sizes)]).all(axis=1)] = row
    return np.unique(key, axis=0, return_inverse=True)[1].ravel().astype(np.int64)


def _sizes(key: IntArray) -> IntArray:
    """For each row how many rows share its key."""
    _, block, count = np.unique(key, axis=0, return_inverse=True, return_counts=True)
    return np.asarray(count[block.ravel()], np.int64)


def removal_cover(
    removed: ArrayLike,
    block: ArrayLike,
    *,
    generator: np.random.Generator,
    rules: Rules = _DEFAULT,
) -> IntArray:
    """Rows to retire for good together with the removed ones: for each two random others of its block.

    removed: indices of the rows that must go, shape (r,); block: of every public row, shape (n,),
    from :func:`cover_blocks`. Returns distinct indices, none of them removed. Where a block has too
    few left all of it is retired, for a removal can never wait. Pass a generator seeded from the
    operating system.
    """
    gone = np.unique(np.asarray(removed, np.int64))
    blocks = np.asarray(block, np.int64)
    stays = np.ones(blocks.shape, bool)
    stays[gone] = False
    covers: list[IntArray] = []
    for each, count in zip(*np.unique(blocks[gone], return_counts=True), strict=True):
        alike = np.flatnonzero(stays & (blocks == each))
        covers.append(generator.permutation(alike)[: rules.covers_per_removal * int(count)])
    return np.sort(np.concatenate(covers)) if covers else np.empty(0, np.int64)
