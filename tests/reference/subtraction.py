"""What adding and subtracting told sums can leave, by trying: plain sets and ranks, no graph and no rule of the gate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from itertools import combinations

import numpy as np


def few_left(sums: Iterable[Collection[int]], *, least: int) -> Counter[frozenset[int]] | None:
    """Fewer than ``least`` members on which some combination of the sums depends and on nobody else; None for none.

    sums: whose numbers each told sum adds up. Members that stand in the same sums are never told apart, so
    classes of them are tried, each few of them together: a combination that depends on these alone is there
    where the sums tell less once these are hidden.
    """
    told = [set(each) for each in sums]
    alike = Counter(
        frozenset(n for n, each in enumerate(told) if member in each)
        for member in set().union(*told)
    )
    for few in _few(alike, least):
        others = [kind for kind in alike if kind not in few]
        if _rank(list(alike), len(told)) > _rank(others, len(told)):
            return Counter({kind: alike[kind] for kind in few})
    return None


def _few(alike: Counter[frozenset[int]], least: int) -> Iterator[tuple[frozenset[int], ...]]:
    """Each choice of classes that together have fewer members than ``least``."""
    small = [kind for kind, n in alike.items() if n < least]
    for size in range(1, least):
        for few in combinations(small, size):
            if sum(alike[kind] for kind in few) < least:
                yield few


def _rank(kinds: list[frozenset[int]], n_sums: int) -> int:
    if not kinds:
        return 0
    matrix = np.array([[float(n in kind) for kind in kinds] for n in range(n_sums)])
    return int(np.linalg.matrix_rank(matrix))
