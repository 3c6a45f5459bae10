"""Where a figure comes from: a text that names its release and its question, and the answer counted anew.

The text stands in the address of a page, such as
``incidents-r12;by=month;district=north;months=2025-11..2026-10``. It can say all that a reader can ask of
a dataset. Counting anew reads the released rows themselves; pages read sums made of them when the release
went out. Both must be the same.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass, field, replace
from typing import Any, Final, Self
from urllib.parse import quote, unquote

from portal.api.problems import ProblemError
from portal.api.questions import moment
from portal.city import the_city
from portal.feeds.asking import fetch
from portal.feeds.dictionary import DATASETS
from portal.feeds.history import RECORDS
from portal.feeds.projections import PROJECTIONS
from portal.feeds.reading import groupable_of
from portal.feeds.selection import Box, Selection, SelectionError
from portal.queries import Slice, next_month

# Parts of the instant at which a period begins, in the city, that figures are counted by; and how long it is.
CALENDAR: Final = {"month": "YYYY-MM", "weekday": "ID", "hour": "HH24"}
GRAIN: Final = "grain"
_RELEASE = re.compile(r"(?P<dataset>[a-z-]+)-r(?P<release>[1-9][0-9]{0,8})")
_MONTHS = re.compile(r"([0-9]{4}-[0-9]{2})\.\.([0-9]{4}-[0-9]{2})")
MOST_GROUPS: Final = 3
# What separates parts and values, and what stands where no value is allowed at all.
PART, VALUE, NONE = ";", ",", "()"
# Within a value, what would end it here, or no path of an address holds; and a stroke that servers
# and browsers would fold with what follows it.
_UNSAFE: Final = re.compile(r"[;,%(\x01-\x1f]|/(?=[./]|$)")
_SIDES: Final = {"min_": "at_least", "max_": "at_most"}
_FLAGS: Final = ("rows", "touching")


class FigureError(ValueError):
    """A text that names no figure; the message says what was got and what was wanted."""


@dataclass(frozen=True)
class FigureRef:
    """The question behind a figure. by: columns or parts of the calendar, empty for one number;
    equals: of a column or a part of the calendar, any of some values;
    months: first and last in which the periods begin, such as 2025-11, empty for all;
    rows: the rows themselves, of a dataset that holds figures; the others as in a Selection."""

    dataset: str
    release: int
    by: tuple[str, ...] = ()
    equals: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    months: tuple[str, str] | None = None
    rows: bool = False
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    box: Box | None = None
    cell: str = ""
    at_least: Mapping[str, float] = field(default_factory=dict)
    at_most: Mapping[str, float] = field(default_factory=dict)
    touching: bool = False

    def __post_init__(self) -> None:
        if self.dataset not in DATASETS:
            raise FigureError(f"got dataset {self.dataset!r}; wanted one of {', '.join(DATASETS)}")
        fields = DATASETS[self.dataset].fields
        dated = (*CALENDAR, GRAIN) if "starts_at" in DATASETS[self.dataset].columns else ()
        # Rows are counted by what several of them share: else a figure would be the file.
        _refuse_unknown(self.by, {*groupable_of(self.dataset), *measured_of(self.dataset), *dated})
        askable = {f.name for f in fields if f.type in ("string", "integer")}
        _refuse_unknown(self.equals, {*askable, *dated})
        if len(self.by) > MOST_GROUPS:
            raise FigureError(f"got {len(self.by)} columns; wanted at most {MOST_GROUPS}")
        if self.rows and self.dataset in RECORDS:
            raise FigureError(
                f"got rows; {self.dataset} is told by counts, its rows are in its files"
            )
        if any("\0" in value for value in (self.cell, *sum(self.equals.values(), ()))):
            raise FigureError("got a value with a NUL; no released value holds one")
        for known in (f for f in fields if f.values):
            # Nought of a kind that there is not is no finding.
            _refuse_unknown(filter(None, self.equals.get(known.name, ())), set(known.values))
        if self.months and not dated:
            raise FigureError(f"got months; the rows of {self.dataset} have no start")
        try:
            _ = self.selection
        except SelectionError as error:
            raise FigureError(str(error)) from error

    @property
    def selection(self) -> Selection:
        """The rows that are counted, but for the parts of the calendar they are asked by."""
        whole = measured_of(self.dataset)
        return Selection(
            self.dataset,
            self.release,
            equals={
                name: tuple(_whole(value) if name in whole else value for value in values)
                for name, values in self.equals.items()
                if name in DATASETS[self.dataset].columns
            },
            at_least=self.at_least,
            at_most=self.at_most,
            since=self.since,
            until=self.until,
            box=self.box,
            touching=self.touching,
            within_cell=self.cell,
            starts_from=_midnight(self.months[0]) if self.months else None,
            starts_before=_midnight(self.months[1], after=True) if self.months else None,
        )

    @property
    def calendar(self) -> dict[str, tuple[str, ...]]:
        """The parts of the calendar that are asked by, which are no columns."""
        columns = DATASETS[self.dataset].columns
        return {name: values for name, values in self.equals.items() if name not in columns}

    @classmethod
    def choosing(cls, chosen: Selection, *, by: tuple[str, ...] = (), rows: bool = False) -> Self:
        """The question that a page puts to the rows: how many were chosen, or by what."""
        return cls(
            chosen.dataset,
            chosen.release,
            by,
            {name: tuple(map(str, values)) for name, values in chosen.equals.items()},
            rows=rows,
            since=chosen.since,
            until=chosen.until,
            box=chosen.box,
            cell=chosen.within_cell,
            at_least=chosen.at_least,
            at_most=chosen.at_most,
            touching=chosen.touching,
        )

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
        said: dict[str, Any] = {"equals": {}, "at_least": {}, "at_most": {}}
        for part in parts:
            name, sign, value = part.partition("=")
            if not sign and name not in _FLAGS:
                raise FigureError(f"got {part!r}; wanted column=value")
            side, column = _SIDES.get(name[:4], ""), name[4:]
            if not sign:
                said[name] = True
            elif side and column in DATASETS.get(found["dataset"], DATASETS["areas"]).columns:
                said[side][column] = _number(value)
            elif name in _READERS:
                said[name] = _READERS[name](value)
            else:
                said["equals"][name] = _values(value)
        if "bbox" in said:
            said["box"] = said.pop("bbox")
        return cls(found["dataset"], int(found["release"]), **said)

    def __str__(self) -> str:
        return PART.join([f"{self.dataset}-r{self.release}", *self._parts()])

    def _parts(self) -> Iterator[str]:
        if self.by:
            yield f"by={VALUE.join(self.by)}"
        for name, values in sorted(self.equals.items()):
            told = VALUE.join(map(_escaped, values))
            yield f"{name}={told if values else NONE}"
        for lead, limits in (("min_", self.at_least), ("max_", self.at_most)):
            for name, limit in sorted(limits.items()):
                yield f"{lead}{name}={limit!r}"
        if self.months:
            yield f"months={self.months[0]}..{self.months[1]}"
        for name, instant in (("since", self.since), ("until", self.until)):
            if instant:
                yield f"{name}={instant.astimezone(dt.UTC).isoformat().replace('+00:00', 'Z')}"
        if self.box:
            yield f"bbox={VALUE.join(map(repr, astuple(self.box)))}"
        if self.cell:
            yield f"cell={_escaped(self.cell)}"
        yield from (name for name in _FLAGS if getattr(self, name))

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


def _refuse_unknown(names: Any, known: set[str]) -> None:
    if unknown := sorted(set(names) - known):
        raise FigureError(f"got {', '.join(unknown)}; wanted some of {', '.join(sorted(known))}")


def _escaped(value: str) -> str:
    return _UNSAFE.sub(lambda sign: quote(sign[0], safe=""), value)


def _values(text: str) -> tuple[str, ...]:
    return () if text == NONE else tuple(unquote(value) for value in text.split(VALUE))


def _months(text: str) -> tuple[str, str]:
    span = _MONTHS.fullmatch(text)
    if span is None:
        raise FigureError(f"got months {text!r}; wanted such as 2025-11..2026-10")
    return span[1], span[2]


def _moment(text: str) -> dt.datetime:
    try:
        return moment("since or until", text)
    except ProblemError as error:
        raise FigureError(error.detail) from error


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise FigureError(f"got {text!r}; wanted a number")
    return value


def _whole(text: str) -> int | str:
    """'' asks for rows that say nothing."""
    if text and not re.fullmatch(r"-?[0-9]{1,10}", text):
        raise FigureError(f"got {text!r}; wanted a whole number")
    return int(text) if text else ""


def _box(text: str) -> Box:
    sides = [_number(part) for part in text.split(VALUE)]
    if len(sides) != 4:
        raise FigureError(f"got box {text!r}; wanted west,south,east,north in degrees")
    try:
        return Box(*sides)
    except SelectionError as error:
        raise FigureError(str(error)) from error


_READERS: Final[Mapping[str, Any]] = {
    "by": _values,
    "months": _months,
    "since": _moment,
    "until": _moment,
    "bbox": _box,
    "cell": unquote,
}


def _midnight(month: str, *, after: bool = False) -> dt.datetime:
    """When a month begins in the city, or the month after it."""
    try:
        first = dt.date.fromisoformat(f"{month}-01")
        first = next_month(first) if after else first
        return dt.datetime.combine(first, dt.time(), the_city().zone).astimezone(dt.UTC)
    except (ValueError, OverflowError) as error:
        raise FigureError(f"got month {month!r}; wanted such as 2025-11") from error


def recount(ref: FigureRef) -> list[tuple[Any, ...]]:
    """The answer from the released rows: groups with their counts (one row without groups), or the rows."""
    projection = PROJECTIONS[ref.dataset]
    where, parameters = _where(ref)
    if ref.rows:
        what = ", ".join(projection.columns.values())
        return fetch(projection.select(what, where=where, order=projection.file_order), parameters)
    groups = [_expression(ref.dataset, name) for name in ref.by]
    statement = projection.select(", ".join([*groups, "count(*)"]), where=where)
    if groups:
        numbers = ", ".join(str(n + 1) for n in range(len(groups)))
        statement += f" GROUP BY {numbers} ORDER BY {numbers}"
    return fetch(statement, parameters)


def _where(ref: FigureRef) -> tuple[str, dict[str, Any]]:
    where, parameters = ref.selection.where()
    conditions, zone = [where] if where else [], str(the_city().zone)
    for n, (name, values) in enumerate(sorted(ref.calendar.items())):
        conditions.append(f"{_expression(ref.dataset, name)} = ANY(%(dated_{n})s)")
        parameters[f"dated_{n}"] = list(values)
    return " AND ".join(conditions), {**parameters, "zone": zone}


def _expression(dataset: str, name: str) -> str:
    if name in CALENDAR and name not in PROJECTIONS[dataset].columns:
        return f"to_char(r.starts_at AT TIME ZONE %(zone)s, '{CALENDAR[name]}')"
    if name == GRAIN and name not in PROJECTIONS[dataset].columns:
        return "CASE WHEN r.period LIKE '%%/PT6H' THEN 'band' ELSE 'longer' END"
    return PROJECTIONS[dataset].columns[name]
