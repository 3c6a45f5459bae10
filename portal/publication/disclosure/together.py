"""Cover for what leaves together: three records of one case, the calls about one event.

Whoever compares two copies sees which rows left side by side. If covers were drawn one by one, what left
together would be the secret every time. So a party of rows that must go is covered by parties of as many
rows that stand together in the same way. Where too few are left, by smaller ones and more of them: never
by fewer rows, and never by none while there is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from portal.publication.disclosure.removal import cover_blocks, removal_cover, told_apart
from portal.publication.disclosure.rules import Rules

IntArray = NDArray[np.int64]

_DEFAULT = Rules()


@dataclass(frozen=True)
class Seen:
    """What everybody sees on each row, as integers, shape (n,).

    kind: rows of two kinds never cover each other (their tier); mark: what tells rows apart where enough
    are left; start: when its period begins; face: where and when it is said to be.
    """

    kind: IntArray
    category: IntArray
    start: IntArray
    mark: IntArray
    face: IntArray


@dataclass(frozen=True)
class _Party:
    """Rows that leave together, by kind. level: the index of the scenes in which they do."""

    level: int
    rows: IntArray
    shape: tuple[int, ...]  # the kind of each

    @property
    def rank(self) -> tuple[int, int, tuple[int, ...]]:
        """Wider scenes and more rows come first: what is left covers the smaller ones."""
        return self.level, -len(self.shape), self.shape


@dataclass
class _Table:
    """The public rows while they are taken. scenes: see :func:`cover_together`."""

    seen: Seen
    scenes: Sequence[IntArray]
    is_left: NDArray[np.bool_]
    generator: np.random.Generator
    rules: Rules
    whole: bool
    used: list[set[int]] = field(init=False)  # what several rows left: scenes by level, and faces

    def __post_init__(self) -> None:
        self.used = [set() for _ in self.seen_together]

    @property
    def seen_together(self) -> list[IntArray]:
        """Two parties that leave one face are seen as one large one, whatever their scenes."""
        return [*self.scenes, self.seen.face]

    def party(self, level: int, rows: IntArray) -> _Party:
        rows = rows[np.argsort(self.seen.kind[rows], kind="stable")]
        return _Party(level, rows, tuple(self.seen.kind[rows].tolist()))

    def use(self, parties: IntArray) -> None:
        """Remember where several rows left. parties: shape (p, rows of each)."""
        for scene, used in zip(self.seen_together, self.used, strict=True):
            at = np.sort(scene[parties], axis=1)
            used |= set(at[:, 1:][at[:, 1:] == at[:, :-1]].tolist())

    def alike(self, party: _Party) -> IntArray:
        """Rows of every party of such a shape that can be had, shape (p, rows of each), chosen at random."""
        scene, size = self.scenes[party.level], len(party.shape)
        kinds, needed = np.unique(party.shape, return_counts=True)
        may = self.is_left & np.isin(self.seen.kind, kinds)
        if size > 1:
            for where, used in list(zip(self.seen_together, self.used, strict=True))[party.level :]:
                taken = np.isin(where, list(used))
                may &= ~(np.isin(scene, scene[taken]) if self.whole else taken)
        rows = self.generator.permutation(np.flatnonzero(may))
        rows = rows[np.lexsort((self.seen.kind[rows], scene[rows]))]
        if size == 1 and not self.whole:
            return rows[:, None]
        both = scene[rows] * (self.seen.kind.max() + 1) + self.seen.kind[rows]
        # Those of one kind in one narrow scene: as they stand in the party.
        narrow, first = self.scenes[-1][rows], np.searchsorted(both, both)
        rows, both = (each[narrow == narrow[first]] for each in (rows, both))
        nth = np.arange(rows.size) - np.searchsorted(both, both)
        rows = rows[nth < needed[np.searchsorted(kinds, self.seen.kind[rows])]]
        _, of, count = np.unique(scene[rows], return_inverse=True, return_counts=True)
        found: IntArray = rows[count[of] == size].reshape(-1, size)
        return self._apart(self.generator.permutation(found), np.repeat(needed, needed) > 1)

    def _apart(self, parties: IntArray, many: NDArray[np.bool_]) -> IntArray:
        """Of parties that would leave several rows each in one face, the first. many: by column."""
        for column in np.flatnonzero(many):
            _, first = np.unique(self.seen.face[parties[:, column]], return_index=True)
            parties = parties[np.sort(first)]
        return parties


def cover_together(
    removed: ArrayLike,
    scenes: Sequence[IntArray],
    seen: Seen,
    *,
    generator: np.random.Generator,
    whole: bool = False,
    rules: Rules = _DEFAULT,
) -> IntArray:
    """Rows to retire for good together with the removed ones, none of them removed; each index once.

    removed: indices of the rows that must go; scenes: of every public row the scene in which it is seen,
    integers, the widest scenes first. Removed rows of one scene are a party, and for each party two others
    of as many rows of the same kinds are chosen, from scenes and faces of which no other party was taken: at
    random among those of the categories and times nearest to it (:func:`cover_blocks`), else among all. A row
    alone is covered by rows, wherever they stand. whole: a scene leaves with all its rows, or not at all.
    """
    gone = np.unique(np.asarray(removed, np.int64))
    is_left = np.ones(seen.kind.shape, bool)
    is_left[gone] = False
    table = _Table(seen, scenes, is_left, generator, rules, whole)
    waiting = _parties(gone, table)
    for party in waiting:
        table.use(party.rows[None])
    covers = [np.empty(0, np.int64)]
    while waiting:
        first = min(party.rank for party in waiting)
        now = [party for party in waiting if party.rank == first]
        found = _covered(now, table)
        table.use(found)
        taken = found.ravel()
        if whole:
            taken = np.flatnonzero(is_left & np.isin(scenes[-1], scenes[-1][taken]))
        is_left[taken] = False
        covers.append(taken)
        lacking = rules.covers_per_removal * len(now) - len(found)
        n_split = -(-lacking // rules.covers_per_removal)
        split = generator.permutation(len(now))[:n_split].tolist()
        waiting = [party for party in waiting if party.rank != first]
        waiting += [part for n in split for part in _parts(now[n], table)]
    return np.sort(np.concatenate(covers))


def _covered(parties: list[_Party], table: _Table) -> IntArray:
    """Parties of one shape that cover such parties, as far as there are any. Shape (p, rows of each)."""
    ours, theirs = np.stack([party.rows for party in parties]), table.alike(parties[0])
    # Shuffled, for rows that begin together keep their order in blocks.
    order = table.generator.permutation(len(ours) + len(theirs))
    every, seen = np.concatenate([ours, theirs])[order], table.seen
    removed, size = np.flatnonzero(order < len(ours)), every.shape[1]
    scene = table.scenes[parties[0].level]
    lead, nothing = every[:, 0], np.zeros(len(every), np.int64)
    mark = seen.mark[lead]
    if size > 1 or table.whole:
        # Whether others of the scene stay is seen, too.
        _, of, count = np.unique(scene, return_inverse=True, return_counts=True)
        mark = 2 * mark + (count[of][lead] > size)
    kind = told_apart(nothing, mark, removed, rules=table.rules)
    sorts = np.sort(seen.category[every], axis=1)
    category = sorts[:, 0] if size == 1 else np.unique(sorts, axis=0, return_inverse=True)[1]
    block = cover_blocks(kind, category, seen.start[every].min(axis=1))
    cover = removal_cover(removed, block, generator=table.generator, rules=table.rules)
    wanted = min(table.rules.covers_per_removal * len(ours), len(theirs))
    others = np.setdiff1d(np.arange(len(every)), np.concatenate([removed, cover]))
    more = table.generator.permutation(others)[: wanted - len(cover)]
    found: IntArray = every[np.concatenate([cover, more])]
    return found


def _parties(gone: IntArray, table: _Table) -> list[_Party]:
    """What leaves together: in the widest scene where each kind of it is seen in a place of its own and beside
    nothing else that leaves, otherwise in the narrowest."""
    wide, narrow = (np.unique(table.scenes[n][gone], return_inverse=True)[1] for n in (0, -1))
    kind, last = table.seen.kind[gone], len(table.scenes) - 1
    parties = []
    is_left = np.ones(gone.shape, bool)
    for rows in _by(wide) if last else []:
        kinds = np.unique(kind[rows])
        places = np.unique(np.column_stack([kind[rows], narrow[rows]]), axis=0)[:, 1]
        is_alone = np.isin(narrow, places).sum() == len(rows)
        if 1 < len(kinds) == len(places) == len(np.unique(places)) and is_alone:
            parties.append(table.party(0, gone[rows]))
            is_left[rows] = False
    parties += [table.party(last, gone[is_left][rows]) for rows in _by(narrow[is_left])]
    return parties


def _parts(party: _Party, table: _Table) -> list[_Party]:
    """What is left of a party that nothing like it covers: its kinds, or one row less, and that row."""
    last = len(table.scenes) - 1
    kinds = table.seen.kind[party.rows]
    if len(set(party.shape)) > 1:
        return [table.party(last, party.rows[rows]) for rows in _by(kinds)]
    if len(party.rows) > 1:
        return [table.party(last, rows) for rows in (party.rows[:-1], party.rows[-1:])]
    return []


def _by(label: IntArray) -> list[IntArray]:
    """The indices of each label."""
    order = np.argsort(label, kind="stable")
    return [
        part for part in np.split(order, np.flatnonzero(np.diff(label[order])) + 1) if part.size
    ]
