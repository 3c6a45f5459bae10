"""A request to OGC API Features, read: which features, how many, after which, in which form."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from django.http import QueryDict

from portal.feeds.dictionary import DATASETS
from portal.feeds.selection import Box, Selection, SelectionError

DEFAULT_LIMIT, MOST_LIMIT = 100, 10_000
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
OPEN_ENDS = ("", "..")


@dataclass(frozen=True)
class Asked:
    """What a client asks of a collection."""

    selection: Selection
    limit: int
    cursor: str


def read_items(collection: str, release: int, query: QueryDict) -> Asked:
    """Raises SelectionError, also for a parameter that the description does not name, as the standard wants."""
    columns = {f.name: f.type for f in DATASETS[collection].fields if f.type != "datetime"}
    known = {"f", "limit", "cursor", "release", "bbox", "bbox-crs", "datetime", *columns}
    if unknown := sorted(set(query) - known):
        raise SelectionError(f"got {', '.join(unknown)}; wanted some of {', '.join(sorted(known))}")
    since, until = _instants(query.get("datetime", ""))
    if query.get("bbox-crs", CRS84) != CRS84:
        raise SelectionError(f"got bbox-crs {query['bbox-crs']}; wanted {CRS84}")
    asked = {name: query.getlist(name) for name in query if name in columns}
    selection = Selection(
        collection,
        release,
        equals={name: tuple(values) for name, values in asked.items() if columns[name] == "string"},
        at_least=_numbers(asked, columns),
        at_most=_numbers(asked, columns),
        since=since,
        until=until,
        box=_box(query.get("bbox", "")) if query.get("bbox") else None,
        touching=True,
    )
    return Asked(selection, _limit(query.get("limit", "")), query.get("cursor", ""))


def _numbers(asked: Mapping[str, list[str]], columns: Mapping[str, str]) -> dict[str, float]:
    """A number is asked for as it is printed; several of one column would be none."""
    found = {}
    for name, values in asked.items():
        if columns[name] in ("integer", "number"):
            try:
                (found[name],) = map(float, values)
            except ValueError as error:
                raise SelectionError(f"got {name}={','.join(values)}; wanted a number") from error
    return found


def _limit(text: str) -> int:
    """More than we hand out at once is cut to what we do, as the standard wants."""
    if not text:
        return DEFAULT_LIMIT
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise SelectionError(f"got limit {text!r}; wanted a whole number from 1 to {MOST_LIMIT}")
    return min(int(text), MOST_LIMIT)


def _box(text: str) -> Box:
    """Four numbers, or six with a height that nothing here has."""
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError as error:
        raise SelectionError(f"got bbox {text!r}; wanted numbers between commas") from error
    if len(numbers) == 6:
        numbers = [*numbers[:2], *numbers[3:5]]
    if len(numbers) != 4:
        raise SelectionError(f"got a bbox of {len(numbers)} numbers; wanted 4 or 6")
    return Box(*numbers)


def _instants(text: str) -> tuple[dt.datetime | None, dt.datetime | None]:
    """An instant, or start/end with open ends as two dots or nothing (RFC 3339)."""
    if not text:
        return None, None
    start, slash, end = text.partition("/")
    if not slash:
        return _instant(start), _instant(start)
    since = None if start in OPEN_ENDS else _instant(start)
    until = None if end in OPEN_ENDS else _instant(end)
    if since and until and since > until:
        raise SelectionError(f"got datetime {text!r}; wanted a start before the end")
    return since, until


def _instant(text: str) -> dt.datetime:
    try:
        instant = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise SelectionError(
            f"got datetime {text!r}; wanted RFC 3339, such as 2026-11-22T06:00:00Z"
        ) from error
    return instant if instant.tzinfo else instant.replace(tzinfo=dt.UTC)
