"""Released files of one dataset, laid over those of the release before."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from portal.feeds.files import file_of
from portal.models import Release
from portal.publication.audit.attacks.world import NONE, Ints
from portal.publication.audit.reading import World

# What a row says of where and when; it never changes as long as the row is public.
FIXED = (
    "period", "starts_at", "ends_at", "precision", "place_code", "cell_code", "district", "beat",
    "longitude", "latitude", "stands_for_addresses",
)  # fmt: skip


def file_positions(world: World) -> Ints:
    """Where each row stands in the file, NONE where it does not."""
    path = file_of(world.release, "csv")
    in_file = np.array([public_id for public_id, _ in _fixed(path)], "S24")
    found = np.full(len(world.rows), NONE)
    if len(in_file) and len(found):
        at = np.minimum(np.searchsorted(world.public_ids, in_file), len(found) - 1)
        same = world.public_ids[at] == in_file
        found[at[same]] = np.flatnonzero(same)
    return found


def moved_rows(release: Release, previous: Release | None) -> tuple[int, int]:
    """Rows in both releases that say another place or time; and how many are in both."""
    if previous is None or not file_of(previous, "csv").exists():
        return 0, 0
    before = {}
    for public_id, said in _fixed(file_of(previous, "csv")):
        before[public_id] = hash(said)
    moved = both = 0
    for public_id, said in _fixed(file_of(release, "csv")):
        then = before.get(public_id)
        if then is not None:
            both += 1
            moved += then != hash(said)
    return moved, both


def _fixed(path: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Id and fixed columns of each line of a file of records."""
    with path.open(newline="", encoding="utf-8") as file:
        lines = csv.reader(file)
        header = next(lines)
        at = [header.index(name) for name in FIXED]
        key = header.index("public_id")
        for line in lines:
            yield line[key], tuple(line[k] for k in at)
