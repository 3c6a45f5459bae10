"""Plain values -> what the templates in `templates/_components/` take. Knows no framework."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from portal import charts
from portal.figures import Cell, Figure
from portal.findings import Count, number


@dataclass(frozen=True)
class Column:
    label: str
    is_number: bool = False


@dataclass(frozen=True)
class Link:
    text: str
    href: str


Value = str | Link | Count


def table(
    caption: str,
    columns: Sequence[Column],
    rows: Iterable[Sequence[Value]],
    *,
    absent: str,
    scrolls: bool = False,
) -> dict[str, Any]:
    """Caption, columns and cells. absent: the words for a number that is None.

    Each cell repeats its column's label, which heads it where the table is stacked on a phone.
    scrolls: a table too wide to stack moves sideways inside a box that the keyboard can reach.
    """
    return {
        "caption": caption,
        "scrolls": scrolls,
        "columns": columns,
        "rows": [
            [_cell(value, column, absent) for value, column in zip(row, columns, strict=True)]
            for row in rows
        ],
    }


def figure(
    spec: Figure, *, figure_id: str, csv_url: str = "", release: Any = None, ref: str = ""
) -> dict[str, Any]:
    """A specification drawn, with its table in the figures the drawing prints.

    release: what `_components/release_citation.html` cites; the page's newest where None. ref: the
    question behind the numbers (portal.provenance), so that a reader can have them counted anew.
    """
    return {
        "id": figure_id,
        "title": spec["layout"]["title"]["text"],
        "meta": spec["meta"],
        "svg": charts.svg(spec, figure_id=f"{figure_id}-drawing"),
        "rows": [[_printed(value) for value in row] for row in spec["meta"]["rows"]],
        "csv_url": csv_url,
        "release": release,
        "ref": ref,
    }


def _printed(value: Cell) -> str | None:
    return value if value is None or isinstance(value, str) else number(value)


def _cell(value: Value, column: Column, absent: str) -> dict[str, Any]:
    cell: dict[str, Any] = {"column": column.label, "is_number": column.is_number}
    if value is None:
        return {**cell, "absent": absent}
    if isinstance(value, Link):
        return {**cell, "text": value.text, "href": value.href}
    return {**cell, "text": value if isinstance(value, str) else number(value)}
