"""What two releases tell that neither tells alone: the day a row appears, and which of those that went was sealed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from portal.publication.audit.attacks.world import Flags, Floats, Ints, Rows, Truth


@dataclass(frozen=True)
class Editions:
    """Every release that readers may hold, in order: number, and the instant it speaks for (UTC seconds)."""

    number: Ints
    as_of_s: Ints


def appearance(rows: Rows, truth: Truth, editions: Editions, delay_s: Ints) -> tuple[Floats, Ints]:
    """How much better than chance the release in which a row first appears narrows its time.

    The attacker takes each record for one that was published once ``delay_s`` (of each row) had passed
    since it happened. A row of the first edition tells nothing. Returns gains in -1..1 and the rows.
    """
    at = np.searchsorted(editions.number, rows.first_release)
    later = (at > 0) & (at < len(editions.number)) & (rows.record >= 0)
    mine = np.flatnonzero(later)
    at, start, end = at[mine], rows.start_s[mine], rows.end_s[mine]
    low = np.maximum(start, editions.as_of_s[at - 1] - delay_s[mine])
    high = np.minimum(end, editions.as_of_s[at] - delay_s[mine])
    occurred = truth.occurred_s[rows.record[mine]]
    chance = np.maximum(high - low, 0) / np.maximum(end - start, 1)
    return ((low <= occurred) & (occurred <= high)) - chance, mine


@dataclass(frozen=True)
class Gone:
    """Rows that some release held and this one does not. was_sealed: the secret; block: see cover_blocks."""

    was_sealed: Flags
    category: Ints
    start_s: Ints

    def __len__(self) -> int:
        return len(self.was_sealed)


def newest_picks(gone: Gone) -> Flags:
    """As many of the gone rows as were sealed, the newest first: whether each was."""
    order = np.argsort(-gone.start_s, kind="stable")
    return gone.was_sealed[order[: int(gone.was_sealed.sum())]]


def rarest_picks(gone: Gone, n_of_category: Ints) -> Flags:
    """The same, the rarest category first. n_of_category: public rows of each, ever."""
    order = np.argsort(n_of_category[gone.category], kind="stable")
    return gone.was_sealed[order[: int(gone.was_sealed.sum())]]


def lacks_cover(block: Ints, was_sealed: Flags, is_gone: Flags, *, covers_per_removal: int) -> int:
    """Blocks that lost rows in this release without enough company although some was left.

    block, was_sealed, is_gone: of every row that was public before it.
    """
    n = int(block.max(initial=-1)) + 1
    sealed = np.bincount(block[was_sealed & is_gone], minlength=n)
    gone = np.bincount(block[is_gone], minlength=n)
    size = np.bincount(block, minlength=n)
    wanted = np.minimum(size, (1 + covers_per_removal) * sealed)
    return int(np.count_nonzero(gone < wanted))
