"""Small and recoverable cells: groups too small to hide in, alone or after subtraction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from portal.publication.audit.attacks.world import Flags, Ints


@dataclass(frozen=True)
class Least:
    """What a group needs."""

    records: int
    categories: int
    addresses: int


@dataclass(frozen=True)
class Batch:
    """Crimes against people as published, withdrawn and retired ones included, for an old copy has them.

    cell, start_s: where and when they are said to be; release: in which they came; address: -1 unknown.
    is_judged: whether the addresses of the rows count too.
    """

    cell: Ints
    start_s: Ints
    release: Ints
    category: Ints
    address: Ints
    is_judged: Flags

    def __len__(self) -> int:
        return len(self.cell)


def small_groups(rows: Batch, least: Least, *, subtracted: bool) -> tuple[int, int]:
    """Groups of a cell and period that are too small, and how many groups there are.

    subtracted: whoever holds two editions subtracts them and is left with what one release added, so
    that each addition must be a group by itself; only then addresses count.
    """
    if len(rows) == 0:
        return 0, 0
    release = rows.release if subtracted else np.zeros_like(rows.release)
    keys = np.stack([rows.cell, rows.start_s, release], axis=1)
    _, group, n = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    group = group.ravel()
    categories = _distinct(group, rows.category, len(n))
    is_judged = rows.is_judged & subtracted
    known = is_judged & (rows.address >= 0)
    addresses = _distinct(group[known], rows.address[known], len(n))
    judged = np.zeros(len(n), bool)
    judged[group[is_judged]] = True
    small = (
        (n < least.records)
        | (categories < least.categories)
        | (judged & (addresses < least.addresses))
    )
    return int(small.sum()), len(n)


def _distinct(group: Ints, value: Ints, n: int) -> Ints:
    """How many different values each group has."""
    pairs = np.unique(np.stack([group, value], axis=1), axis=0)
    return np.bincount(pairs[:, 0], minlength=n)
