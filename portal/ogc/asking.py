"""A request to OGC API Features, read: which features, how many, after which."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.http import QueryDict

from portal.api.parameters import A_BOX, A_MOMENT
from portal.api.questions import moment, number_in, refuse_unknown, wrong
from portal.city import the_city
from portal.feeds.dictionary import DATASETS
from portal.feeds.selection import Box, Selection
from portal.feeds.specs import Field

DEFAULT_LIMIT, MOST_LIMIT = 100, 10_000
CRS84: Final = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
# Said once; a column may be said several times, for any of its values.
PARAMETERS: Final = ("f", "limit", "cursor", "release", "bbox", "bbox-crs", "datetime")
TEXT_PATTERN: Final = r"^[^\x00-\x1f\x7f]{0,200}$"
OPEN_ENDS: Final = ("", "..")


@dataclass(frozen=True)
class Asked:
    """What a client asks of a collection."""

    selection: Selection
    limit: int
    cursor: str


def columns_of(collection: str) -> dict[str, Field]:
    """What features can be chosen by, besides place and time."""
    return {f.name: f for f in DATASETS[collection].fields if f.type != "datetime"}


def read_items(collection: str, release: int, query: QueryDict) -> Asked:
    """Raises ProblemError, also for a parameter that the description does not name, as the standard wants."""
    columns = columns_of(collection)
    refuse_unknown(query, [*PARAMETERS, *columns])
    once = {name: _once(name, query.getlist(name)) for name in PARAMETERS if name in query}
    if once.get("bbox-crs", CRS84) != CRS84:
        raise wrong("bbox-crs", once["bbox-crs"], CRS84)
    # What has no time is meant by every time, says the standard.
    since, until = _period(once["datetime"]) if "datetime" in once else (None, None)
    has_time = "starts_at" in DATASETS[collection].columns
    asked = {name: query.getlist(name) for name in query if name in columns}
    numbers = _numbers(asked, columns)
    selection = Selection(
        collection,
        release,
        equals={n: _texts(columns[n], asked[n]) for n in asked if n not in numbers},
        at_least=numbers,
        at_most=numbers,
        since=since if has_time else None,
        until=until if has_time else None,
        box=_box(once["bbox"]) if "bbox" in once else None,
        touching=True,
        shapeless=True,  # as the standard wants (/req/core/fc-bbox-response)
    )
    limit = _limit(once["limit"]) if "limit" in once else DEFAULT_LIMIT
    return Asked(selection, limit, once.get("cursor", ""))


def _once(name: str, values: list[str]) -> str:
    if len(values) > 1:
        raise wrong(name, "it twice", "it once")
    return values[0]


def _texts(field: Field, values: list[str]) -> tuple[str, ...]:
    known = [*field.values, *([""] if field.missing else [])]
    for value in values:
        if field.values and value not in known:
            raise wrong(field.name, value, f"one of {', '.join(filter(None, known))}")
        if not re.fullmatch(TEXT_PATTERN, value):
            raise wrong(field.name, value, "up to 200 characters that can be seen")
    return tuple(values)


def _numbers(asked: Mapping[str, list[str]], columns: Mapping[str, Field]) -> dict[str, float]:
    """A number is asked for as it is printed; several of one column would be none."""
    found = {}
    for name, values in asked.items():
        if columns[name].type in ("integer", "number"):
            number = number_in(_once(name, values))
            if number is None:
                raise wrong(name, values[0], "a number")
            found[name] = number
    return found


def _limit(text: str) -> int:
    """More than we hand out at once is cut to what we do, as the standard wants."""
    digits = text.lstrip("0")
    if not re.fullmatch(r"[0-9]+", digits):
        raise wrong("limit", text, f"a whole number from 1 to {MOST_LIMIT}")
    return MOST_LIMIT if len(digits) > len(str(MOST_LIMIT)) else min(int(digits), MOST_LIMIT)


def _box(text: str) -> Box:
    """Four numbers, or six with a height that nothing here has.

    West of more than east is a box across the antimeridian: of it the half on the city's side.
    """
    numbers = [number_in(part) for part in text.split(",")]
    if len(numbers) == 6:
        numbers = [*numbers[:2], *numbers[3:5]]
    west, south, east, north = numbers if len(numbers) == 4 else (None,) * 4
    if west is None or south is None or east is None or north is None:
        raise wrong("bbox", text, f"{A_BOX}, or six numbers with heights")
    if 180 >= west > east >= -180:
        west, east = (west, 180) if the_city().lon >= 0 else (-180, east)
    return Box(west, south, east, north)


def _period(text: str) -> tuple[dt.datetime | None, dt.datetime | None]:
    """An instant or a day, or two of them with a stroke between; open ends are two dots or nothing (RFC 3339)."""
    start, stroke, end = text.partition("/")
    if not stroke:
        return _first(text), _last(text)
    since = None if start in OPEN_ENDS else _first(start)
    until = None if end in OPEN_ENDS else _last(end)
    if since and until and since > until:
        raise wrong("datetime", text, "a start before the end")
    return since, until


def _first(text: str) -> dt.datetime:
    return moment("datetime", text)


def _last(text: str) -> dt.datetime:
    """Of a day in the city its last moment."""
    first = moment("datetime", text)
    if "T" in text:
        return first
    try:
        after = dt.date.fromisoformat(text) + dt.timedelta(days=1)
    except OverflowError as error:
        raise wrong("datetime", text, A_MOMENT) from error
    return moment("datetime", after.isoformat()) - dt.timedelta(microseconds=1)
