"""Answers as bytes: PostgreSQL made the text of the rows; here it gets its envelope."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from portal.api.memory import key_of
from portal.api.parameters import PAGE_FORMATS
from portal.api.questions import Question
from portal.city import the_city
from portal.feeds.areas import Areas
from portal.feeds.dictionary import DATASETS
from portal.feeds.editions import Edition, Editions, Memory
from portal.feeds.reading import Page, page_of
from portal.feeds.renderers import csv_cell, plain
from portal.feeds.selection import Selection
from portal.feeds.sentences import sentence_of

Row = dict[str, Any]

# For each web process.
TOTALS_BYTES: Final = 2_000_000


@dataclass(frozen=True)
class Answer:
    """The body, and what headers say of it."""

    body: bytes
    media_type: str
    headers: Mapping[str, str]


_totals: Memory[int] = Memory(TOTALS_BYTES, lambda _: 400)


def page_for(question: Question, form: str, now: Editions) -> tuple[Page, int]:
    """The page, and how many rows all its pages have: asked once for all of them."""
    key = key_of(question.selection)
    known = _totals.get(key, now)
    page = page_of(
        question.selection,
        columns=question.fields,
        sort=question.sort,
        limit=question.limit,
        cursor=question.cursor,
        with_footprint=form == "geojson",
        with_total=known is None,
    )
    total = known if page.total is None else page.total
    assert total is not None
    _totals.put(key, total, now)
    return page, total


def about(edition: Edition) -> Row:
    """What every answer says of where it comes from."""
    city = the_city()
    return {
        "dataset": edition.slug,
        "release": edition.number,
        "as_of": plain(edition.as_of),
        "licence": city.licence,
        "licence_url": city.licence_url,
        "publisher": city.department_name,
    }


def sentence(selection: Selection, areas: Areas) -> str:
    return sentence_of(selection, zone=the_city().zone, names=areas.names)


def rows_answer(
    question: Question, form: str, envelope: Row, *, next_url: str, page: Page, total: int
) -> Answer:
    """A page of rows in one of the forms; what JSON says in its envelope, headers say for all of them."""
    returned, more = len(page.items), bool(page.cursor)
    headers = {
        "X-Total-Count": str(total),
        "X-Returned-Count": str(returned),
        "X-Truncated": "true" if more else "false",
    }
    if next_url:
        headers["Link"] = f'<{next_url}>; rel="next"'
    envelope = {**envelope, "returned": returned, "truncated": more, "next": next_url or None}
    body = _BODIES[form](question, envelope, page.items)
    return Answer(body, media_type_of(form), headers)


def media_type_of(form: str) -> str:
    return "text/csv; charset=utf-8" if form == "csv" else PAGE_FORMATS[form]


def _json(question: Question, envelope: Row, items: Sequence[str]) -> bytes:
    return _with(envelope, "rows", items)


def _geojson(question: Question, envelope: Row, items: Sequence[str]) -> bytes:
    return _with({"type": "FeatureCollection", **envelope}, "features", items)


def _with(envelope: Row, key: str, items: Sequence[str]) -> bytes:
    opening = json.dumps(envelope, ensure_ascii=False)[:-1]
    return f'{opening}, "{key}": [{",".join(items)}]}}'.encode()


def _ndjson(question: Question, envelope: Row, items: Sequence[str]) -> bytes:
    return "".join(f"{item}\n" for item in items).encode()


def _csv(question: Question, envelope: Row, items: Sequence[str]) -> bytes:
    columns = question.fields or DATASETS[question.selection.dataset].columns
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(columns)
    for item in items:
        row = json.loads(item)
        writer.writerow([csv_cell(row[column]) for column in columns])
    return buffer.getvalue().encode()


_BODIES: Final = {"json": _json, "geojson": _geojson, "csv": _csv, "ndjson": _ndjson}


def json_answer(body: Row) -> Answer:
    return Answer(json.dumps(body, ensure_ascii=False).encode(), "application/json", {})
