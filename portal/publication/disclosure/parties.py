"""Public rows that are seen to leave together: a party, and what else could leave in the same way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from portal.publication.disclosure.rules import Rules

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

DAY_S = 86_400.0


class Near(NamedTuple):
    """How far apart in place and time what left may be, by what is published, for a reader to take it for one case."""

    far_m: float
    long_s: float


NIGHT = Near(1_000.0, DAY_S)  # cars along three streets in one night
HOME = Near(1.0, 120 * DAY_S)  # whoever is stalked has the police at one place for months
SWEEP = Near(100_000.0, 1.0)  # an operation all over the city in one period


@dataclass(frozen=True)
class Seen:
    """What everybody sees on each row, as integers, shape (n,).

    kind: rows of two kinds never cover each other (their tier); mark: what tells rows apart where enough
    are left; start: when its period begins, seconds; face: where and when it is said to be; spot: the middle
    of its place or cell, metres east and north, shape (n, 2), NaN where it has none.
    """

    kind: IntArray
    category: IntArray
    start: IntArray
    mark: IntArray
    face: IntArray
    spot: FloatArray


@dataclass(frozen=True)
class Party:
    """Rows that leave together, by kind. level: the index of the scenes in which they do."""

    level: int
    rows: IntArray
    shape: tuple[int, ...]  # the kind of each
    faces: tuple[int, ...]  # of how many rows of it each shares the face, in order of that number

    @property
    def rank(self) -> tuple[int, int, tuple[int, ...], tuple[int, ...]]:
        """Wider scenes and more rows come first: what is left covers the smaller ones."""
        return self.level, -len(self.shape), self.shape, self.faces


@dataclass
class Table:
    """The public rows while they are taken. scenes: see :func:`cover_together`."""

    seen: Seen
    scenes: Sequence[IntArray]
    is_left: NDArray[np.bool_]
    generator: np.random.Generator
    rules: Rules
    whole: bool
    near: Near = NIGHT
    used: list[set[int]] = field(init=False)  # what several rows left: scenes by level, and faces

    def __post_init__(self) -> None:
        self.used = [set() for _ in self.seen_together]

    @property
    def seen_together(self) -> list[IntArray]:
        """Two parties that leave one face are seen as one large one, whatever their scenes."""
        return [*self.scenes, self.seen.face]

    def points(self, rows: IntArray) -> FloatArray:
        """Place and time as points, shape (n, 3), in which what is near differs by 1 either way at most."""
        far_m, long_s = self.near
        return np.column_stack([self.seen.spot[rows] / far_m, self.seen.start[rows] / long_s])

    def party(self, level: int, rows: IntArray) -> Party:
        rows = rows[np.argsort(self.seen.kind[rows], kind="stable")]
        (faces,) = self._faces(rows[None]).tolist()
        return Party(level, rows, tuple(self.seen.kind[rows].tolist()), tuple(faces))

    def _faces(self, parties: IntArray) -> IntArray:
        """See :class:`Party`. parties: shape (p, rows of each), as the result."""
        face = self.seen.face[parties]
        return np.sort((face[:, :, None] == face[:, None, :]).sum(axis=2), axis=1)

    def take(self, parties: IntArray) -> IntArray:
        """Let parties leave, shape (p, rows of each); the rows that do, those of the whole scenes where asked."""
        self.use(parties)
        rows = parties.ravel()
        if self.whole:
            scene = self.scenes[-1]
            rows = np.flatnonzero(self.is_left & np.isin(scene, scene[rows]))
        self.is_left[rows] = False
        return rows

    def use(self, parties: IntArray) -> None:
        """Remember where several rows left. parties: shape (p, rows of each)."""
        for scene, used in zip(self.seen_together, self.used, strict=True):
            at = np.sort(scene[parties], axis=1)
            used |= set(at[:, 1:][at[:, 1:] == at[:, :-1]].tolist())

    def alike(self, party: Party) -> IntArray:
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
        found = self._apart(self.generator.permutation(found), np.repeat(needed, needed) > 1)
        # Three calls at one place and time are no cover of themselves where they stand at two.
        is_alike = (self._faces(found) == party.faces).all(axis=1)
        return found[is_alike] if is_alike.any() else found

    def _apart(self, parties: IntArray, many: NDArray[np.bool_]) -> IntArray:
        """Of parties that would leave several rows each in one face, the first. many: by column."""
        for column in np.flatnonzero(many):
            _, first = np.unique(self.seen.face[parties[:, column]], return_index=True)
            parties = parties[np.sort(first)]
        return parties
