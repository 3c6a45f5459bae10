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
    """Rows that some release held and this one does not. was_sealed: the secret."""

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


@dataclass(frozen=True)
class Beside:
    """Rows that could leave, or whose outcome could be withheld, and which did.

    scene: rows seen at one place and time, or of one event, have one number; kind: rows of two kinds never
    cover each other; was_secret: what left for its own sake.
    """

    scene: Ints
    kind: Ints
    was_secret: Flags
    left: Flags


def lacks_cover(beside: Beside, *, covers_per_removal: int) -> int:
    """Kinds that lost rows in this release without enough company although some was left."""
    n = int(beside.kind.max(initial=-1)) + 1
    secret = np.bincount(beside.kind[beside.was_secret & beside.left], minlength=n)
    left = np.bincount(beside.kind[beside.left], minlength=n)
    size = np.bincount(beside.kind, minlength=n)
    wanted = np.minimum(size, (1 + covers_per_removal) * secret)
    return int(np.count_nonzero(left < wanted))


@dataclass(frozen=True)
class Together:
    """share: of the scenes that several rows left together, those that were secret, at the worst number of rows;
    n: such scenes; has_company: whether others were left that could have covered them."""

    share: float | None
    n: int
    has_company: bool


def left_together(beside: Beside, *, covers_per_removal: int) -> Together:
    """Who takes for secret what left side by side: pairs and more, threes and more, and so on."""
    size = int(beside.scene.max(initial=-1)) + 1
    together = np.bincount(beside.scene[beside.left], minlength=size) > 1
    worst, has_company = 0.0, False
    for kind in np.unique(beside.kind[beside.left & beside.was_secret]):
        secret, left, stays = (
            np.bincount(beside.scene[(beside.kind == kind) & those], minlength=size)
            for those in (beside.left & beside.was_secret, beside.left, ~beside.left)
        )
        for n in range(2, int(secret.max()) + 1):
            n_secret, n_left = (int(np.count_nonzero(rows >= n)) for rows in (secret, left))
            worst = max(worst, n_secret / n_left)
            if n_left < (1 + covers_per_removal) * n_secret:
                has_company |= bool(((stays >= n) & ~together).any())
    n_together = int(together.sum())
    return Together(worst if n_together else None, n_together, has_company)
