"""Where a figure comes from: a text that names its release and its question, and the answer counted anew.

The text stands in the address of a page, such as
``incidents-r12;by=month;district=north;months=2025-11..2026-10``. Counting anew reads the released rows
themselves; pages read sums made of them when the release went out. Both must be the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Self

from django.db import connections

from portal.city import the_city
from portal.feeds.dictionary import DATASETS
from portal.feeds.history import RECORDS
from portal.feeds.projections import PROJECTIONS
from portal.feeds.reading import groupable_of
from portal.queries import Slice, next_month

# Parts of the instant at which a period begins, in the city, that figures are counted by; and how long it is.
CALENDAR: Final = {"month": "YYYY-MM", "weekday": "ID", "hour": "HH24"}
GRAIN: Final = "grain"
_RELEASE = re.compile(r"(?P<dataset>[a-z-]+)-r(?P<release>[1-9][0-9]{0,8})")
_MONTHS = re.compile(r"([0-9]{4}-[0-9]{2})\.\.([0-9]{4}-[0-9]{2})")
MOST_GROUPS: Final = 3
# What separates parts and values; no released value holds one of them.
PART, VALUE = ";", ","


class FigureError(ValueError):
    """A text that names no figure; the message says what was got and what was wanted."""


@dataclass(frozen=True)
class FigureRef:
    """The question behind a figure. by: columns or parts of the calendar, empty for one number;
    months: first and last in which the periods begin, such as 2025-11, empty for all;
    rows: the rows themselves, of a dataset that holds figures."""

    dataset: str
    release: int
    by: tuple[str, ...] = ()
    equals: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    months: tuple[str, str] | None = None
    rows: bool = False

    def __post_init__(self) -> None:
        if self.dataset not in DATASETS:
            raise FigureError(f"got dataset {self.dataset!r}; wanted one of {', '.join(DATASETS)}")
        columns = DATASETS[self.dataset].columns
        dated = (*CALENDAR, GRAIN) if "starts_at" in columns else ()
        # Rows are counted by what several of them share: else a figure would be the file.
        known = {*groupable_of(self.dataset), *measured_of(self.dataset), *dated}
        if unknown := sorted({*self.by, *self.equals} - known):
            raise FigureError(
                f"got {', '.join(unknown)}; wanted some of {', '.join(sorted(known))}"
            )
        if len(self.by) > MOST_GROUPS:
            raise FigureError(f"got {len(self.by)} columns; wanted at most {MOST_GROUPS}")
        if self.rows and self.dataset in RECORDS:
            raise FigureError(
                f"got rows; {self.dataset} is told by counts, its rows are in its files"
            )
        if any("\0" in value for values in self.equals.values() for value in values):
            raise FigureError("got a value with a NUL; no released value holds one")
        if self.months and not dated:
            raise FigureError(f"got months; the rows of {self.dataset} have no start")

    @classmethod
    def counting(cls, dataset: str, release: int, of: Slice, *, by: tuple[str, ...] = ()) -> Self:
        """The question that a page puts to the tallies."""
        kind = {"gunfire": "kind"}.get(dataset, "category")
        equals = {"district": of.district, "beat": of.beat, kind: of.category}
        months = None
        if of.since and of.until:
            last = max(m for m in _months_from(of.since, of.until))
            months = (f"{of.since:%Y-%m}", f"{last:%Y-%m}")
        return cls(
            dataset,
            release,
            by,
            {name: (value,) for name, value in equals.items() if value},
            months,
        )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises FigureError."""
        head, *parts = text.split(PART)
        found = _RELEASE.fullmatch(head)
        if found is None:
            raise FigureError(f"got {head!r}; wanted a dataset and release, such as incidents-r12")
        by: tuple[str, ...] = ()
        equals: dict[str, tuple[str, ...]] = {}
        months = None
        for part in parts:
            name, sign, value = part.partition("=")
            if not sign and name != "rows":
                raise FigureError(f"got {part!r}; wanted column=value")
            if name == "by":
                by = tuple(value.split(VALUE))
            elif name == "months":
                span = _MONTHS.fullmatch(value)
                if span is None:
                    raise FigureError(f"got months {value!r}; wanted such as 2025-11..2026-10")
                months = (span[1], span[2])
            elif name != "rows":
                equals[name] = tuple(value.split(VALUE))
        return cls(found["dataset"], int(found["release"]), by, equals, months, "rows" in parts)

    def __str__(self) -> str:
        parts = [f"{self.dataset}-r{self.release}"]
        if self.by:
            parts.append(f"by={VALUE.join(self.by)}")
        parts += [f"{name}={VALUE.join(values)}" for name, values in sorted(self.equals.items())]
        if self.months:
            parts.append(f"months={self.months[0]}..{self.months[1]}")
        if self.rows:
            parts.append("rows")
        return PART.join(parts)

    def of_release(self, number: int) -> Self:
        """The same question to another release."""
        return replace(self, release=number)


def measured_of(dataset: str) -> tuple[str, ...]:
    """Columns of whole numbers: the few steps of a confidence, say."""
    return tuple(f.name for f in DATASETS[dataset].fields if f.type == "integer")


def _months_from(since: Any, until: Any) -> list[Any]:
    months = [since]
    while next_month(months[-1]) < until:
        months.append(next_month(months[-1]))
    return months


def recount(ref: FigureRef) -> list[tuple[Any, ...]]:
    """The answer from the released rows: groups with their counts (one row without groups), or the rows."""
    projection = PROJECTIONS[ref.dataset]
    where, parameters = _where(ref)
    if ref.rows:
        what = ", ".join(projection.columns.values())
        return _fetch(projection.select(what, where=where, order=projection.file_order), parameters)
    groups = [_expression(ref.dataset, name) for name in ref.by]
    statement = projection.select(", ".join([*groups, "count(*)"]), where=where)
    if groups:
        numbers = ", ".join(str(n + 1) for n in range(len(groups)))
        statement += f" GROUP BY {numbers} ORDER BY {numbers}"
    return _fetch(statement, parameters)


def _where(ref: FigureRef) -> tuple[str, dict[str, Any]]:
    conditions, parameters = [], {"release": ref.release, "zone": str(the_city().zone)}
    for n, (name, values) in enumerate(sorted(ref.equals.items())):
        conditions.append(
            f"coalesce({_expression(ref.dataset, name)}::text, '') = ANY(%(equals_{n})s)"
        )
        parameters[f"equals_{n}"] = list(values)
    if ref.months:
        conditions.append(f"{_expression(ref.dataset, 'month')} BETWEEN %(first)s AND %(last)s")
        parameters |= {"first": ref.months[0], "last": ref.months[1]}
    return " AND ".join(conditions), parameters


def _expression(dataset: str, name: str) -> str:
    if name in CALENDAR and name not in PROJECTIONS[dataset].columns:
        return f"to_char(r.starts_at AT TIME ZONE %(zone)s, '{CALENDAR[name]}')"
    if name == GRAIN and name not in PROJECTIONS[dataset].columns:
        return "CASE WHEN r.period LIKE '%%/PT6H' THEN 'band' ELSE 'longer' END"
    return PROJECTIONS[dataset].columns[name]


def _fetch(statement: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connections["public"].cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())
