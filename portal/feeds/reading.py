"""Answers to selections: pages of rows as JSON text made by PostgreSQL, exact totals, and counts by column."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from portal.city import the_city
from portal.feeds.asking import fetch
from portal.feeds.corners import shapes_now
from portal.feeds.dictionary import DATASETS
from portal.feeds.items import items_of
from portal.feeds.selection import PLACED, Selection, SelectionError, text_array
from portal.feeds.tallies import MONTH, Guess, about, plan_of

# How rows can be ordered: (column, descending). The last one is unique.
SORTS: Final = {
    "newest": (("starts_at", True), ("public_id", False)),
    "oldest": (("starts_at", False), ("public_id", False)),
}
FILE_ORDER: Final = "id"
# So many rows are counted while the page is looked for; of more, an index counts what lies beyond the page.
FEW: Final = 10_000
# The share of rows inside a box from which a page is full before long, read in the order of time.
SPREAD: Final = 0.01
# A page out of so many pages is found by reading them all: their number is then known, too. Of more it is
# cheaper to count in an index, and to look up the rows of the page.
WHOLE_PAGES: Final = 2
LIMIT: Final = "%(limit)s"


class CursorError(SelectionError):
    """A cursor of another question, another release or nobody's."""


@dataclass(frozen=True)
class Page:
    """items: JSON objects, one a row; cursor: of the next page, '' at the end; total: rows of all pages,
    None where it was not asked for."""

    items: list[str]
    cursor: str
    total: int | None = None


def sorts_of(dataset: str) -> tuple[str, ...]:
    """The orders a dataset can be read in, its own first."""
    columns = DATASETS[dataset].columns
    has_both = "starts_at" in columns and "public_id" in columns
    return (*SORTS, FILE_ORDER) if has_both else (FILE_ORDER,)


def page_of(
    selection: Selection,
    *,
    columns: Sequence[str] | None = None,
    sort: str = "",
    limit: int = 100,
    cursor: str = "",
    with_footprint: bool = False,
    with_total: bool = False,
) -> Page:
    """Some rows after a cursor, each a JSON object of the asked columns (or a GeoJSON feature).

    Keyset paging: page 1,000 costs as page 1, and rows neither repeat nor vanish, for a release
    never changes. Raises SelectionError.
    """
    sort = sort or sorts_of(selection.dataset)[0]
    keys = _keys(selection, sort)
    items = items_of(selection, columns, with_footprint=with_footprint)
    guess = about(selection) if selection.box or with_total else None
    way = _way_of(selection, guess, sort=sort, limit=limit, cursor=cursor, with_total=with_total)
    where, parameters = selection.where(in_order=way.is_in_order)
    if cursor:
        after = _read_cursor(cursor, selection, sort, len(keys))
        where = " AND ".join(part for part in (where, _beyond(keys)) if part)
        parameters |= {f"key_{n}": value for n, value in enumerate(after)}
    what = ", ".join([items.sql, *(f"{key}::text" for key, _ in keys)])
    order = ", ".join(f"{key} DESC" if descending else key for key, descending in keys)
    if way.is_counted and not (way.is_in_order or cursor):
        statement = selection.projection.page_of_few(
            what, where=where, order=order, limit=LIMIT, is_whole=way.is_whole
        )
    else:
        counted = selection.where()[0] if way.is_counted else None
        statement = selection.projection.page(
            what, where=where, order=order, limit=LIMIT, counted=counted
        )
    rows = fetch(statement, {**parameters, "limit": limit + 1}, is_prepared=way.is_prepared)
    more = len(rows) > limit
    last = rows[limit - 1][2 : 2 + len(keys)] if more else ()
    total = _total_of(rows, cursor) if way.is_counted else None
    return Page(
        items.texts(rows[:limit]),
        _make_cursor(last, selection, sort) if more else "",
        counts_in_box(selection)[0] if with_total and total is None else total,
    )


@dataclass(frozen=True)
class _Way:
    """How a page is read, by a guess of how many rows are meant. The answer is the same in each.

    is_counted: the statement tells how many rows there are; is_whole: for it, reads each of them;
    is_in_order: reads an index by time until the page is full.
    """

    is_counted: bool
    is_whole: bool
    is_in_order: bool

    @property
    def is_prepared(self) -> bool:
        """Whether one plan is good for any parameters."""
        return self.is_counted or self.is_in_order


def _way_of(
    selection: Selection,
    guess: Guess | None,
    *,
    sort: str,
    limit: int,
    cursor: str,
    with_total: bool,
) -> _Way:
    meant, among = (guess.meant, guess.among) if guess else (math.inf, math.inf)
    # The number of rows that no tally knows is found by looking at each, while they are few.
    is_counted = with_total and meant <= FEW and plan_of(selection) is None
    is_whole = is_counted and not cursor and meant <= WHOLE_PAGES * limit
    is_spread = 0 < among * SPREAD <= meant < math.inf
    is_in_order = is_spread and not is_whole and sort == "newest" and selection.is_told_in_order
    return _Way(is_counted, is_whole, is_in_order)


def _total_of(rows: Sequence[tuple[Any, ...]], cursor: str) -> int | None:
    """The number that each row ends with. A first page without rows tells it, too."""
    if rows:
        return int(rows[0][-1])
    return None if cursor else 0


def values_of(selection: Selection, columns: Sequence[str], *, limit: int) -> list[tuple[Any, ...]]:
    """Some columns of the first rows in the order of the files, as Python values."""
    where, parameters = selection.where()
    statement = selection.projection.select(
        ", ".join(selection.projection.columns[column] for column in columns),
        where=where,
        order=selection.projection.file_order,
        limit="%(limit)s",
    )
    return fetch(statement, {**parameters, "limit": limit})


def count_of(selection: Selection) -> int:
    """How many rows there are, exactly."""
    plan = plan_of(selection)
    if plan is None:
        return _count_rows(selection)
    whole = int(plan.tallies.n[plan.keep].sum())
    return whole + sum(_count_rows(selection, edge, plan.parameters) for edge in plan.edges)


def _count_rows(selection: Selection, also: str = "", more: Mapping[str, Any] | None = None) -> int:
    where, parameters = selection.where()
    where = " AND ".join(part for part in (where, also) if part)
    statement = selection.projection.select("count(*)", where=where)
    return int(fetch(statement, {**parameters, **(more or {})})[0][0])


def touched_by(selection: Selection) -> int:
    """How many rows there would be if touching the box and the window were enough."""
    return count_of(replace(selection, touching=True))


def counts_in_box(selection: Selection) -> tuple[int, int]:
    """How many rows lie wholly inside the box, and how many touch it: the truth is between the two.

    The same number twice where there is no box.
    """
    if not selection.in_box(touching=False)[0]:
        return (count_of(selection),) * 2
    inside = selection.placed(touching=False)
    if inside is None or "precision" not in selection.projection.columns:
        return count_of(selection), count_of(replace(selection, touching=True))
    touching = selection.placed(touching=True) or shapes_now().codes
    where, parameters = replace(selection, box=None).where()
    statements = []
    for kind, (
        column,
        own,
    ) in PLACED.items():  # each in its own index, from which an OR would keep it
        if not touching[kind]:
            continue
        parameters[f"inside_{kind}"] = text_array(inside[kind])
        parameters[f"touching_{kind}"] = text_array(touching[kind])
        what = f"count(*) FILTER (WHERE {column} = ANY(%(inside_{kind})s::text[])), count(*)"
        conditions = [where, own, f"{column} = ANY(%(touching_{kind})s::text[])"]
        joined = " AND ".join(part for part in conditions if part)
        statements.append(selection.projection.select(what, where=joined))
    rows = fetch(" UNION ALL ".join(statements), parameters) if statements else []
    return sum(row[0] for row in rows), sum(row[1] for row in rows)


def span_of(selection: Selection) -> tuple[dt.datetime | None, dt.datetime | None]:
    """When the first period begins and the last ends; None where there is no row."""
    where, parameters = selection.where()
    what = "min(r.starts_at), max(r.ends_at)"
    ((first, last),) = fetch(selection.projection.select(what, where=where), parameters)
    return first, last


def counts_by(selection: Selection, by: Sequence[str]) -> dict[tuple[Any, ...], int]:
    """Rows by the values of one or more columns; None where nothing is said. An absent key has no row.

    A column may be MONTH: "2026-10", the month in which the period starts, city time.
    """
    columns = group_sql(selection)
    unknown = sorted(set(by) - set(columns))
    if unknown or not by:
        raise SelectionError(
            f"got group by {', '.join(unknown) or 'nothing'}; wanted some of {', '.join(columns)}"
        )
    plan = plan_of(selection, by)
    if plan is None:
        return dict(_group_rows(selection, by))
    counts = Counter(plan.tallies.counts(plan.keep, by))
    for edge in plan.edges:
        counts += _group_rows(selection, by, edge, plan.parameters)
    return dict(sorted(counts.items(), key=lambda pair: [(v is None, v) for v in pair[0]]))


def _group_rows(
    selection: Selection,
    by: Sequence[str],
    also: str = "",
    more: Mapping[str, Any] | None = None,
) -> Counter[tuple[Any, ...]]:
    columns = group_sql(selection)
    where, parameters = selection.where()
    where = " AND ".join(part for part in (where, also) if part)
    numbers = ", ".join(str(n + 1) for n in range(len(by)))
    what = ", ".join([*(columns[column] for column in by), "count(*)"])
    statement = selection.projection.select(what, where=where)
    rows = fetch(
        f"{statement} GROUP BY {numbers} ORDER BY {numbers}", {**parameters, **(more or {})}
    )
    return Counter({tuple(key): int(n) for *key, n in rows})


def group_sql(selection: Selection) -> dict[str, str]:
    """What rows can be counted by: every column, and the month."""
    columns = dict(selection.projection.columns)
    if "starts_at" in columns:
        month = f"to_char(r.starts_at AT TIME ZONE '{the_city().zone.key}', 'YYYY-MM')"
        columns[MONTH] = month
    return columns


def groupable_of(dataset: str) -> tuple[str, ...]:
    """Columns that are worth counting by: not the row's own name, not what is measured."""
    spec = DATASETS[dataset]
    columns = [f.name for f in spec.fields if f.type == "string" and not f.unique]
    return (*columns, *([MONTH] if "starts_at" in spec.columns else []))


def categorical_of(dataset: str) -> tuple[str, ...]:
    """Columns of a few known values, which readers choose by."""
    return tuple(
        f.name
        for f in DATASETS[dataset].fields
        if f.type == "string" and not f.unique and (f.values or f.references == "areas.slug")
    )


# --- cursors ---


def _keys(selection: Selection, sort: str) -> list[tuple[str, bool]]:
    """SQL of what rows are ordered by, and whether the greatest comes first."""
    if sort not in sorts_of(selection.dataset):
        raise SelectionError(
            f"got sort {sort!r}; wanted one of {', '.join(sorts_of(selection.dataset))}"
        )
    if sort == FILE_ORDER:
        return [(key, False) for key in selection.projection.order]
    return [(selection.projection.bare(name), descending) for name, descending in SORTS[sort]]


def _beyond(keys: Sequence[tuple[str, bool]]) -> str:
    """Rows after the key, in lexical order of the keys; the first comparison lets an index help."""
    names = [f"%(key_{n})s" for n in range(len(keys))]
    ways = []
    for n, (key, descending) in enumerate(keys):
        same = [f"{keys[m][0]} = {names[m]}" for m in range(n)]
        ways.append(" AND ".join([*same, f"{key} {'<' if descending else '>'} {names[n]}"]))
    first, descending = keys[0]
    return f"{first} {'<=' if descending else '>='} {names[0]} AND ({' OR '.join(ways)})"


def _question(selection: Selection, sort: str) -> str:
    """A digest of what was asked, so that a cursor cannot continue another question."""
    return hashlib.sha256(f"{sort} {selection!r}".encode()).hexdigest()[:12]


def _make_cursor(key: Sequence[Any], selection: Selection, sort: str) -> str:
    text = json.dumps([_question(selection, sort), *key], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _is_text(part: Any) -> bool:
    """Whether PostgreSQL can take it for a text. Raises ValueError for half a character."""
    return isinstance(part, str) and b"\0" not in part.encode()


def _read_cursor(cursor: str, selection: Selection, sort: str, n_keys: int) -> list[Any]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        found = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        question, *key = found
        if SORTS.get(sort) and key:
            key[0] = dt.datetime.fromisoformat(key[0])
        if not all(isinstance(part, dt.datetime) or _is_text(part) for part in key):
            raise ValueError("keys are text")
    except (ValueError, TypeError, binascii.Error) as error:
        raise CursorError("got a cursor that this site did not make") from error
    if question != _question(selection, sort) or len(key) != n_keys:
        raise CursorError("got a cursor of another question or release; wanted that of this one")
    return list(key)
