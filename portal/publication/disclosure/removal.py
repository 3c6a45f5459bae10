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
# Four removals and their covers. Larger blocks reach farther back, where a town is small: what is sealed is mostly
# recent, and then it would be known for being the newest. Where more must go, blocks grow.
BLOCK_ROWS = 12


def cover_blocks(
    tier: ArrayLike, category: ArrayLike, start: ArrayLike, *, least: int = BLOCK_ROWS
) -> IntArray:
    """The block of each public row: an integer per row, rows of a block have one tier.

    tier, category: integers, start: when its period begins, any number, shape (n,). The rows of a
    category are cut, in order of time, into blocks of ``least`` rows or a little more: what is
    sealed is mostly recent, and so must be its covers. Categories with fewer rows share blocks;
    only a tier with fewer is a smaller block. Rows that begin together keep their order, and blocks
    are numbered in the order of tier, category and time; between two numbers that follow each other
    lies a gap where they are of two categories.
    """
    tiers, categories, starts = (np.asarray(column) for column in (tier, category, start))
    block = np.full(tiers.shape, -1, np.int64)
    for each in np.unique(tiers):
        rows = np.flatnonzero(tiers == each)
        rows = rows[np.lexsort((starts[rows], categories[rows]))]
        _, where, count = np.unique(categories[rows], return_inverse=True, return_counts=True)
        is_rare = count[where] < least
        for kind in np.flatnonzero(count >= least):
            _cut(block, rows[where == kind], least)
        rare = rows[is_rare]
        if is_rare.all() or rare.size >= least:
            _cut(block, rare, least)
        else:
            block[rare] = block[rows[~is_rare][-1]]
    return block


def _cut(block: IntArray, rows: IntArray, least: int) -> None:
    """Number the rows, in their order, as new blocks of about equal size."""
    if rows.size:
        blocks = max(1, rows.size // least)
        block[rows] = block.max() + 2 + np.arange(rows.size) * blocks // rows.size


def with_room(
    removed: ArrayLike,
    block: ArrayLike,
    *,
    generator: np.random.Generator,
    rules: Rules = _DEFAULT,
) -> IntArray:
    """The blocks, grown where more must go than they can cover: by the one before or after, as it falls.

    removed, block: as for :func:`removal_cover`. Covers from far away would be known for covers, and
    what must go would be what is left of the block. Only blocks of one category grow together.
    """
    numbers, of = np.unique(np.asarray(block, np.int64), return_inverse=True)
    gone = np.unique(np.asarray(removed, np.int64))
    size = np.bincount(of, minlength=numbers.size)
    wanted = (1 + rules.covers_per_removal) * np.bincount(of[gone], minlength=numbers.size)
    continues = np.diff(numbers, prepend=-2) == 1
    is_border = np.ones(numbers.size, bool)
    while True:
        grown = np.cumsum(is_border) - 1
        is_small = np.bincount(grown, wanted) > np.bincount(grown, size)
        beside = is_small[grown] | is_small[grown - 1]
        may_fall = np.flatnonzero(is_border & continues & beside)
        if not may_fall.size:
            return grown[of].astype(np.int64)
        is_border[generator.choice(may_fall)] = False


def told_apart(
    kind: ArrayLike, mark: ArrayLike, removed: ArrayLike, *, rules: Rules = _DEFAULT
) -> IntArray:
    """Kinds that a mark tells apart as well, wherever enough rows are left to cover those that must go.

    kind, mark: integers, shape (n,); removed: as for :func:`removal_cover`. What everybody sees on a row
    tells its cover from it, unless the cover has it too. Where too few have a mark, they share with
    those of their kind that can spare most: better than to go alone. For the tier of :func:`cover_blocks`.
    """
    kinds, gone = np.asarray(kind, np.int64), np.asarray(removed, np.int64)
    pairs = np.column_stack([kinds, np.asarray(mark, np.int64)])
    _, found = np.unique(pairs, axis=0, return_inverse=True)
    while True:
        groups, first, of = np.unique(found, return_index=True, return_inverse=True)
        wanted = (1 + rules.covers_per_removal) * np.bincount(of[gone], minlength=groups.size)
        spare = np.bincount(of, minlength=groups.size) - wanted
        alike = kinds[first][:, None] == kinds[first]
        np.fill_diagonal(alike, val=False)
        lacking = np.flatnonzero((spare < 0) & alike.any(axis=1))
        if not lacking.size:
            return found
        host = np.argmax(np.where(alike[lacking[0]], spare, spare.min() - 1))
        found = np.where(found == groups[lacking[0]], groups[host], found)


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
