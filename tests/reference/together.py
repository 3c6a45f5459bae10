"""What left side by side, as somebody sees it who holds two copies: row by row, with a list and a count for each place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """event: what the row is of; face: where and when it is said to be; kind: its tier; was_secret: it left for
    its own sake."""

    event: int
    face: int
    kind: int
    was_secret: bool
    left: bool


def share_of_secrets(rows: Sequence[Row]) -> float | None:
    """Of the places (or events) that at least so many rows of a kind left, those that so many secret ones did: at
    the worst number of rows from two on, which secrets reach. None where no two rows left one place or event."""
    if not any(len(group) > 1 for by in (_event, _face) for group in _groups(rows, by, _gone)):
        return None
    return max((n_secret / n_left for *_, n_secret, n_left in _guesses(rows)), default=0.0)


def could_be_covered(rows: Sequence[Row], *, covers: int) -> bool:
    """Whether some secret lacks covers of its size although a party that stands alone was left that has it, or
    such went that are seen as one."""
    for kind, by, n, n_secret, n_left in _guesses(rows):
        mine = [row for row in rows if row.kind == kind]
        secrets = _groups(mine, _both, lambda row: row.left and row.was_secret)
        went = sum(len(group) >= n for group in _groups(mine, _both, _gone))
        wanted = (1 + covers) * n_secret
        if n_left >= wanted or all(len(group) < n for group in secrets):
            continue
        if by is _face and went < wanted:
            continue
        for group in _groups(mine, _both, lambda row: not row.left):
            if len(group) >= n and _stands_alone(group[0], rows):
                return True
    return False


def _guesses(rows: Sequence[Row]) -> Iterator[tuple[int, Callable[[Row], object], int, int, int]]:
    for kind in {row.kind for row in rows if row.left and row.was_secret}:
        mine = [row for row in rows if row.kind == kind]
        for by in (_event, _face):
            secret = _groups(mine, by, lambda row: row.left and row.was_secret)
            left = _groups(mine, by, _gone)
            for n in range(2, max(map(len, secret)) + 1):
                n_secret = sum(len(group) >= n for group in secret)
                yield kind, by, n, n_secret, sum(len(group) >= n for group in left)


def _stands_alone(one: Row, rows: Sequence[Row]) -> bool:
    """Whether no two rows left its event, nor its face."""
    return all(sum(row.left and by(row) == by(one) for row in rows) < 2 for by in (_event, _face))


def _groups(
    rows: Sequence[Row], by: Callable[[Row], object], of: Callable[[Row], bool]
) -> list[list[Row]]:
    found: dict[object, list[Row]] = defaultdict(list)
    for row in rows:
        if of(row):
            found[by(row)].append(row)
    return list(found.values())


def _event(row: Row) -> int:
    return row.event


def _face(row: Row) -> int:
    return row.face


def _both(row: Row) -> tuple[int, int]:
    return row.event, row.face


def _gone(row: Row) -> bool:
    return row.left
