"""Cover for what leaves together: three records of one case, the calls about one event.

Whoever compares two copies sees which rows left side by side. If covers were drawn one by one, what left
together would be the secret every time. So a party of rows that must go is covered by parties of as many
rows that stand together in the same way; parties that leave near each other by such as are near each other
(``sprees``). Where too few are left, by smaller ones and more of them: never by fewer rows, and never by none
while there is one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from portal.publication.disclosure.parties import Party, Seen, Table
from portal.publication.disclosure.removal import (
    cover_blocks,
    removal_cover,
    told_apart,
    with_room,
)
from portal.publication.disclosure.rules import Rules

IntArray = NDArray[np.int64]

_DEFAULT = Rules()


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
    # The web process reads the rules of this package, and starts without SciPy.
    from portal.publication.disclosure.sprees import cover_sprees

    gone = np.unique(np.asarray(removed, np.int64))
    is_left = np.ones(seen.kind.shape, bool)
    is_left[gone] = False
    table = Table(seen, scenes, is_left, generator, rules, whole)
    waiting = _parties(gone, table)
    for party in waiting:
        table.use(party.rows[None])
    covers, waiting = cover_sprees(waiting, table)
    while waiting:
        first = min(party.rank for party in waiting)
        now = [party for party in waiting if party.rank == first]
        found = _covered(now, table)
        covers.append(table.take(found))
        lacking = rules.covers_per_removal * len(now) - len(found)
        n_split = -(-lacking // rules.covers_per_removal)
        split = generator.permutation(len(now))[:n_split].tolist()
        waiting = [party for party in waiting if party.rank != first]
        waiting += [part for n in split for part in _parts(now[n], table)]
    return np.sort(np.concatenate([np.empty(0, np.int64), *covers]))


def _covered(parties: list[Party], table: Table) -> IntArray:
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
    block = with_room(removed, block, generator=table.generator, rules=table.rules)
    cover = removal_cover(removed, block, generator=table.generator, rules=table.rules)
    wanted = min(table.rules.covers_per_removal * len(ours), len(theirs))
    others = np.setdiff1d(np.arange(len(every)), np.concatenate([removed, cover]))
    more = table.generator.permutation(others)[: wanted - len(cover)]
    found: IntArray = every[np.concatenate([cover, more])]
    return found


def _parties(gone: IntArray, table: Table) -> list[Party]:
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


def _parts(party: Party, table: Table) -> list[Party]:
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
