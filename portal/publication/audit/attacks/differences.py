"""What two releases tell that neither tells alone: the day a row appears, and which of those that went was sealed."""

from __future__ import annotations

from collections.abc import Iterator
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

    scene: rows of one event, or at one place and time, have one number; kind: rows of two kinds never cover each
    other; was_secret: what left for its own sake; face: rows at one place and time, where the scene is not that.
    """

    scene: Ints
    kind: Ints
    was_secret: Flags
    left: Flags
    face: Ints | None = None


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
    """Who takes for secret what left side by side: pairs and more, threes and more, and so on.

    By the scene, for who knows what belongs together, and as everybody sees it, by the face: there two covers
    are one party of twice the size, which covers no secret.
    """
    face = beside.scene if beside.face is None else beside.face
    several = [_several(where, beside.left) for where in (beside.scene, face)]
    stays = ~beside.left & ~several[0] & ~several[1]
    _, party = np.unique(np.column_stack([beside.scene, face]), axis=0, return_inverse=True)
    worst, has_company = 0.0, False
    for kind in np.unique(beside.kind[beside.left & beside.was_secret]):
        mine = beside.kind == kind
        secret, left = mine & beside.left & beside.was_secret, mine & beside.left
        could, must, went = (np.bincount(party[mine & rows]) for rows in (stays, secret, left))
        for where in (beside.scene, face):
            for n, n_secret, n_left in _by_size(where, secret, left):
                worst = max(worst, n_secret / n_left)
                wanted = (1 + covers_per_removal) * n_secret
                # Two secrets at one face are as large as no party is; covers at several faces are told.
                is_meant = n <= must.max() and (
                    where is beside.scene or (went >= n).sum() >= wanted
                )
                has_company |= n_left < wanted and is_meant and bool((could >= n).any())
    n_together = len(np.unique(beside.scene[several[0] & beside.left]))
    n_together = max(n_together, len(np.unique(face[several[1] & beside.left])))
    return Together(worst if n_together else None, n_together, has_company)


def _several(where: Ints, left: Flags) -> Flags:
    """Rows where more than one left."""
    size = int(where.max(initial=-1)) + 1
    return np.asarray((np.bincount(where[left], minlength=size) > 1)[where])


def _by_size(where: Ints, secret: Flags, left: Flags) -> Iterator[tuple[int, int, int]]:
    """For each number of rows: it, how many scenes or faces so many secret rows left, and so many of any."""
    size = int(where.max(initial=-1)) + 1
    of_secret, of_left = (np.bincount(where[rows], minlength=size) for rows in (secret, left))
    for n in range(2, int(of_secret.max()) + 1):
        yield n, int(np.count_nonzero(of_secret >= n)), int(np.count_nonzero(of_left >= n))
