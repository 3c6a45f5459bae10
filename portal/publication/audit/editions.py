"""Released files of one dataset, laid over those of the release before."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from portal.feeds.files import folder_of
from portal.models import Release

# What a row says of where and when; it never changes as long as the row is public.
FIXED: Final = (
    "period", "starts_at", "ends_at", "precision", "place_code", "cell_code", "district", "beat",
    "longitude", "latitude", "stands_for_addresses",
)  # fmt: skip


def moved_rows(release: Release, previous: Release | None) -> int | None:
    """Rows that say another place or time than in the release before; None where that has no files.

    Whoever was held against his predecessor speaks for all that went before. A file that both
    releases share is the same, so that only the months that changed are read.
    """
    before, now = ({} if each is None else _files(each) for each in (previous, release))
    if not before:
        return None
    changed = [
        name for name, path in now.items() if name in before and not path.samefile(before[name])
    ]
    said = {key: hash(row) for name in changed for key, row in _fixed(before[name])}
    return sum(
        said.get(key, now_says) != now_says
        for name in changed
        for key, now_says in ((key, hash(row)) for key, row in _fixed(now[name]))
    )


def _files(release: Release) -> dict[str, Path]:
    """Of the whole or of each month."""
    return {path.name: path for path in sorted(folder_of(release).glob("*.csv"))}


def _fixed(path: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Id and fixed columns of each line of a file of records."""
    with path.open(newline="", encoding="utf-8") as file:
        lines = csv.reader(file)
        header = next(lines)
        at = [header.index(name) for name in FIXED]
        key = header.index("public_id")
        for line in lines:
            yield line[key], tuple(line[k] for k in at)
