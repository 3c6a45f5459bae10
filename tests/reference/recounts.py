"""Counts of published rows, one row at a time: slow, and sharing no line with ``portal.queries``."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo


def is_public(row: Any, number: int) -> bool:
    if row.first_release > number:
        return False
    return row.retired_release is None or row.retired_release > number


def month_of(row: Any, zone: ZoneInfo) -> dt.date:
    local = row.starts_at.astimezone(zone)
    return dt.date(local.year, local.month, 1)


def recount(
    rows: Iterable[Any],
    *,
    number: int,
    zone: ZoneInfo,
    by: tuple[str, ...],
    **wanted: Any,
) -> dict[Any, int]:
    """Rows public in release ``number`` by some columns ("month" among them), where columns equal ``wanted``.

    since, until: first days of months, the second not part of the span.
    """
    since, until = wanted.pop("since", None), wanted.pop("until", None)
    counts: Counter[Any] = Counter()
    for row in rows:
        month = month_of(row, zone)
        if not is_public(row, number):
            continue
        if (since and month < since) or (until and month >= until):
            continue
        if any(getattr(row, column) != value for column, value in wanted.items()):
            continue
        key = tuple(month if column == "month" else getattr(row, column) for column in by)
        counts[key[0] if len(by) == 1 else key] += 1
    return dict(counts)


def inside(code: str, shown: str, parents: dict[str, str]) -> bool:
    """Whether cell ``code`` is ``shown`` or lies in it."""
    while code:
        if code == shown:
            return True
        code = parents.get(code, "")
    return False
