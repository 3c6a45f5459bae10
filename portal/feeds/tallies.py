"""Totals that need no counting: the tallies of a release as arrays, read once by each process.

A tally is a number of rows of one category, area and precision whose periods begin in one month and end
in one month. So a window is counted by its whole months, and only what lies at its ends is looked at row
by row: totals cost the same in a city ten times as large.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from portal.city import the_city
from portal.feeds.asking import fetch
from portal.feeds.corners import shapes_now
from portal.feeds.editions import Memory, editions
from portal.feeds.selection import Selection, Value

# Columns of the tally by their names in the dictionary.
_COMMON: Final = {"district": "district_slug", "beat": "beat_slug", "precision": "precision"}
TALLIED: Final = {
    "incidents": {"category": "category", **_COMMON},
    "calls": {"category": "category", **_COMMON},
    "gunfire": {"kind": "category", **_COMMON},
}
MONTH: Final = "month"
# A month as a number, twelve a year.
Month = int


@dataclass(frozen=True)
class Tallies:
    """n: rows of each tally, int64 (tallies,). codes: index into values by column, int32 (tallies,);
    first, last: months in which the periods begin and end."""

    n: NDArray[np.int64]
    codes: Mapping[str, NDArray[np.int32]]
    values: Mapping[str, tuple[str, ...]]
    first: NDArray[np.int32]
    last: NDArray[np.int32]

    @property
    def nbytes(self) -> int:
        own = self.n.nbytes + self.first.nbytes + self.last.nbytes
        return own + sum(codes.nbytes for codes in self.codes.values()) + 1_000

    def chosen(
        self,
        equals: Mapping[str, Sequence[Value]],
        *,
        since: Month | None = None,
        until: Month | None = None,
    ) -> NDArray[np.bool_]:
        """Which tallies hold rows of some values, wholly in the months from ``since`` to before ``until``."""
        keep = np.ones(len(self.n), dtype=bool)
        for column, wanted in equals.items():
            known, codes = self.values[column], self.codes[column]
            found = [known.index(str(value)) for value in wanted if value in known]
            # Of one value a comparison is five times faster than looking each code up.
            keep &= codes == found[0] if len(found) == 1 else np.isin(codes, found)
        if since is not None:
            keep &= self.first >= since
        if until is not None:
            keep &= self.last < until
        return keep

    def counts(self, keep: NDArray[np.bool_], by: Sequence[str]) -> dict[tuple[Any, ...], int]:
        """Rows of the kept tallies by the values of some columns; '' is None, as in every answer."""
        keys = np.zeros(int(keep.sum()), dtype=np.int64)
        labels: list[tuple[Any, ...]] = []
        for column in by:
            codes, values = self._labelled(column, keep)
            keys = keys * len(values) + codes
            labels.append(values)
        found, places = np.unique(keys, return_inverse=True)
        sums = np.bincount(places, weights=self.n[keep], minlength=len(found))
        return {
            tuple(_unravel(int(key), labels)): int(n)
            for key, n in zip(found, sums, strict=True)
            if n
        }

    def _labelled(
        self, column: str, keep: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int32], tuple[Any, ...]]:
        if column != MONTH:
            return self.codes[column][keep], tuple(v or None for v in self.values[column])
        months, codes = np.unique(self.first[keep], return_inverse=True)
        return codes.astype(np.int32), tuple(f"{m // 12:04}-{m % 12 + 1:02}" for m in months)


def _unravel(key: int, labels: Sequence[tuple[Any, ...]]) -> list[Any]:
    values = []
    for names in reversed(labels):
        key, code = divmod(key, len(names))
        values.append(names[code])
    return values[::-1]


_memory: Memory[Tallies] = Memory(48_000_000, lambda tallies: tallies.nbytes, holds_few=True)


def tallies_of(dataset: str, release: int) -> Tallies | None:
    """Of the newest releases; None where there are none, or none that tell months of ends."""
    if dataset not in TALLIED:
        return None
    now = editions()
    known = _memory.get((dataset, release), now)
    if known is None:
        known = _read(dataset, release)
        _memory.put((dataset, release), known, now)
    return known if len(known.n) else None


def _read(dataset: str, release: int) -> Tallies:
    names = TALLIED[dataset]
    columns = ", ".join(dict.fromkeys(names.values()))
    statement = (
        f"SELECT month, last_month, n, {columns} FROM release.tally "  # noqa: S608 - our own text
        "WHERE dataset_slug = %(dataset)s AND release_number = %(release)s"
    )
    rows = fetch(statement, {"dataset": dataset, "release": release})
    if any(row[1] is None for row in rows):  # made before ends were told
        rows = []
    first, last, n, *texts = zip(*rows, strict=True) if rows else [()] * (3 + len(names))
    values, codes = {}, {}
    for name, column in zip(names, texts, strict=True):
        values[name] = tuple(sorted(set(column)))
        place = {value: code for code, value in enumerate(values[name])}
        codes[name] = np.array([place[value] for value in column], dtype=np.int32)
    return Tallies(np.array(n, dtype=np.int64), codes, values, _months(first), _months(last))


def _months(days: Sequence[dt.date]) -> NDArray[np.int32]:
    return np.array([month_of(day) for day in days], dtype=np.int32)


def month_of(day: dt.date) -> Month:
    return day.year * 12 + day.month - 1


def start_of(month: Month) -> dt.datetime:
    """Its first midnight in the city."""
    return dt.datetime(min(month // 12, dt.MAXYEAR), month % 12 + 1, 1, tzinfo=the_city().zone)


@dataclass(frozen=True)
class Plan:
    """A count by whole months, and the conditions on rows at each end of the window, of which no row meets two."""

    tallies: Tallies
    keep: NDArray[np.bool_]
    edges: tuple[str, ...]
    parameters: Mapping[str, Any]


def plan_of(selection: Selection, by: Sequence[str] = ()) -> Plan | None:
    """How to count without reading every row; None where only the rows can tell."""
    known = TALLIED.get(selection.dataset, {})
    beyond = (
        selection.within_cell
        or selection.at_least
        or selection.at_most
        or selection.starts_from
        or selection.starts_before
        or (selection.touching and (selection.since or selection.until))
        or selection.has_box
    )
    if beyond or not set(selection.equals) <= set(known):
        return None
    if not set(by) <= {*known, MONTH}:
        return None
    tallies = tallies_of(selection.dataset, selection.release)
    if tallies is None:
        return None
    return _in_months(selection, tallies)


@dataclass(frozen=True)
class Guess:
    """meant: rows; among: those that the box would have to leave out, too."""

    meant: float
    among: int


# How a row is placed, by what its place's code is the code of.
_PRECISIONS: Final = {"place": ("place",), "cell": ("cell",), "district": ("district", "city")}


def about(selection: Selection) -> Guess | None:
    """How many rows are meant, roughly, for choosing how to read them; None where no tally tells.

    By whole months, and as if each place (cell, district) had as many rows as the others.
    """
    tallies = tallies_of(selection.dataset, selection.release)
    if tallies is None:
        return None
    told = {name: values for name, values in selection.equals.items() if name in tallies.values}
    kept = np.flatnonzero(tallies.chosen(told))
    if selection.since:
        ends = tallies.last if selection.touching else tallies.first
        kept = kept[ends[kept] >= _month_holding(selection.since)]
    if selection.until:
        # No part of the window, so that a window of a month is of one month.
        before = selection.until - dt.timedelta(microseconds=1)
        kept = kept[tallies.first[kept] <= _month_holding(before)]
    n = tallies.n[kept]
    among = int(n.sum())
    held, known = selection.placed(touching=selection.touching), shapes_now().codes
    if held is None:
        return Guess(among, among)
    by_precision = np.bincount(tallies.codes["precision"][kept], weights=n)
    of = dict(zip(tallies.values["precision"], by_precision.tolist(), strict=False))
    meant = sum(
        sum(of.get(precision, 0.0) for precision in precisions) * len(held[kind]) / len(known[kind])
        for kind, precisions in _PRECISIONS.items()
        if held[kind]
    )
    return Guess(meant, among)


def _in_months(selection: Selection, tallies: Tallies) -> Plan | None:
    since = _month_from(selection.since)
    until = _month_to(selection.until)
    if since is not None and until is not None and since > until:
        return None  # inside one month: few rows, and no tally tells of them
    keep = tallies.chosen(selection.equals, since=since, until=until)
    edges: list[str] = []
    parameters: dict[str, Any] = {}
    if since is not None and selection.since and start_of(since) != selection.since:
        parameters["whole_from"] = start_of(since)
        edges.append("r.starts_at < %(whole_from)s")
    if until is not None and selection.until and start_of(until) != selection.until:
        reach = start_of(_earliest_reaching(tallies, until, since))
        parameters |= {"whole_to": start_of(until), "reach": reach}
        edges.append("r.starts_at >= %(reach)s AND r.ends_at > %(whole_to)s")
    return Plan(tallies, keep, tuple(edges), parameters)


def _earliest_reaching(tallies: Tallies, until: Month, since: Month | None) -> Month:
    """The first month in which a period begins that ends in ``until`` or after."""
    first = tallies.first[(tallies.last >= until) & (tallies.first < until)]
    earliest = int(first.min()) if len(first) else until
    # What begins before the first whole month is at the other end.
    return max(earliest, since) if since is not None else earliest


def _month_from(moment: dt.datetime | None) -> Month | None:
    """The first whole month at or after a moment."""
    if moment is None:
        return None
    month = month_of(moment.astimezone(the_city().zone).date())
    return month if start_of(month) == moment else month + 1


def _month_to(moment: dt.datetime | None) -> Month | None:
    """The month that a moment lies in: those before it are whole."""
    return None if moment is None else _month_holding(moment)


def _month_holding(moment: dt.datetime) -> Month:
    return month_of(moment.astimezone(the_city().zone).date())
