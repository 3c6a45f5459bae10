"""The numbers of the gunfire ledger and their intervals. PURE: arrays in, figures out, no Django in here.

Two kinds. What follows from public rows (alerts, outcomes) is told wherever there are rows: a reader
can count it himself. What does not (minutes, hours, misses) is told where enough stands behind it,
see ``disclosure.ledger``, and told once: who compares two copies would else learn what came in between.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from incidents.aggregation import (
    Interval,
    median_interval,
    poisson_interval,
    total_interval,
    wilson_interval,
)
from portal.publication.disclosure import Told, roll_up

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

# Rows of the alerts -> the number that they give.
Numbering = Callable[[IntArray], "Number"]
# Numbers of parts -> the number of the whole.
Adding = Callable[[Sequence["Number"]], "Number"]
# Figures of one measure by period and district.
Figures = Mapping[tuple[str, str], "Figure"]

TOLD, NONE, WITHHELD = "told", "none", "withheld"
NOT_SUPPLIED, NOT_COLLECTED = "not_supplied", "not_collected"
YEAR = 12


@dataclass(frozen=True)
class Number:
    """A value with the ends of its 95 % interval (None: not known, or no bound) and what it rests on.

    count: what was counted, where it is a count or a share; n: of how many.
    """

    value: float
    low: float | None
    high: float | None
    n: int
    count: int | None = None


@dataclass(frozen=True)
class Figure:
    """One number of the ledger, or why there is none. period: see :func:`month_code`; district: '' the city."""

    period: str
    district: str
    measure: str
    unit: str
    status: str
    number: Number | None = None


@dataclass(frozen=True, eq=False)
class Answered:
    """Released alerts of the months that are told, columns of shape (n,).

    month: since 1970-01; district: index into the ledger's districts, -1 where only the city is known;
    outcome: as in the file; the rest as the vault knows it, NaN or 0 where it knows nothing, and where
    the outcome is withheld.
    """

    month: IntArray
    district: IntArray
    outcome: NDArray[np.object_]
    n_reviewers: IntArray
    is_override: BoolArray
    is_disputed: BoolArray
    n_calls: IntArray
    dispatch_min: FloatArray
    response_min: FloatArray
    officer_hours: FloatArray
    error_m: FloatArray
    latency_s: FloatArray


@dataclass(frozen=True)
class Share:
    """A share of alerts. of: which alerts it is a share of; has: which of them have it."""

    of: Callable[[Answered], BoolArray]
    has: Callable[[Answered], BoolArray]


@dataclass(frozen=True)
class Amount:
    """A median or a total of what is known of each alert. step: what it is rounded to; among: by outcome."""

    of: Callable[[Answered], FloatArray]
    unit: str
    step: float
    is_total: bool = False
    among: tuple[str, ...] = ("evidence", "unconfirmed", "unfounded", "not_reported")


def _is(*words: str) -> Callable[[Answered], BoolArray]:
    return lambda alerts: np.isin(alerts.outcome.astype(str), words)


_DISPOSED: Final = ("evidence", "unconfirmed", "unfounded")
_ANSWERED: Final = (*_DISPOSED, "not_reported")

# A function of the public rows: a reader can count the same.
PUBLIC_SHARES: Final = {
    "evidence": Share(_is(*_DISPOSED), _is("evidence")),
    "unconfirmed": Share(_is(*_DISPOSED), _is("unconfirmed")),
    "unfounded": Share(_is(*_DISPOSED), _is("unfounded")),
    "no_disposition": Share(_is(*_ANSWERED), _is("not_reported")),
}
KEPT_SHARES: Final = {
    "reviewed": Share(_is(*_ANSWERED), lambda alerts: alerts.n_reviewers > 0),
    "overridden": Share(lambda alerts: alerts.n_reviewers > 0, lambda alerts: alerts.is_override),
    # A city of which no call is known did not supply them.
    "called": Share(
        lambda alerts: _is(*_ANSWERED)(alerts) & (alerts.n_calls > 0).any(),
        lambda alerts: alerts.n_calls > 0,
    ),
    "disputed": Share(lambda alerts: alerts.n_reviewers > 1, lambda alerts: alerts.is_disputed),
}
AMOUNTS: Final = {
    "response": Amount(lambda alerts: alerts.response_min, "min", 0.5),
    "dispatch": Amount(lambda alerts: alerts.dispatch_min, "min", 0.5),
    "officer_hours": Amount(lambda alerts: alerts.officer_hours, "h", 1.0, is_total=True),
    "officer_hours_unconfirmed": Amount(
        lambda alerts: alerts.officer_hours, "h", 1.0, is_total=True, among=("unconfirmed",)
    ),
    "location_error": Amount(lambda alerts: alerts.error_m, "m", 1.0, among=("evidence",)),
    "latency": Amount(lambda alerts: alerts.latency_s, "s", 0.1),
}
MEASURES: Final = (
    "alerts", *PUBLIC_SHARES, *KEPT_SHARES, "missed", *AMOUNTS, "uptime",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Ledger:
    """What the figures are made from.

    months: those that are told, ascending, since 1970-01; holes: those of which no alerts were supplied;
    least: alerts that must stand behind a number that could be subtracted; known: what was told before,
    of which some is final.
    """

    alerts: Answered
    months: list[int]
    holes: frozenset[int]
    districts: list[str]
    least: int
    known: Collection[Figure] = ()

    @property
    def years_over(self) -> list[int]:
        return [1970 + month // YEAR for month in self.months if month % YEAR == YEAR - 1]

    @cached_property
    def cells(self) -> list[tuple[str, str, IntArray]]:
        """Period, district ('' the city) and the rows that are in it: months, twelve months, years."""
        found = []
        for period in periods(self.months, years_over=self.years_over):
            rows = np.flatnonzero(self._in_period(period))
            found.append((period, "", rows))
            if not is_year(period):
                of = self.alerts.district[rows]
                found += [(period, slug, rows[of == i]) for i, slug in enumerate(self.districts)]
        return found

    def figures(self) -> Iterator[Figure]:
        """Every figure but misses and uptime."""
        yield from self._counts()
        for name, share in PUBLIC_SHARES.items():
            yield from self._public_share(name, share)
        for name, share in KEPT_SHARES.items():
            has, of = share.has(self.alerts), share.of(self.alerts)
            may = _is(*_ANSWERED)(self.alerts)
            yield from self._kept(name, "share", of, may, partial(_share_of, has), _shares_added)
        for name, amount in AMOUNTS.items():
            may = _is(*amount.among)(self.alerts)
            values = np.where(may, amount.of(self.alerts), np.nan)
            counted = name, amount.unit, ~np.isnan(values), may, partial(_amount_of, values, amount)
            is_total = amount.is_total
            yield from self._kept(*counted, _totals_added) if is_total else self._alone(*counted)

    def _counts(self) -> Iterator[Figure]:
        for period, district, rows in self._spans():
            n = len(rows)
            if n == 0 and period in map(month_code, self.holes):
                yield Figure(period, district, "alerts", "alerts", NOT_SUPPLIED)
            else:
                number = numbered(poisson_interval(n), n, count=n)
                yield told(period, district, "alerts", "alerts", number)

    def _public_share(self, name: str, share: Share) -> Iterator[Figure]:
        """Shares that a reader can count himself, wherever there is anything to count."""
        of, has = share.of(self.alerts), share.has(self.alerts)
        is_ever = bool(_is(*_DISPOSED)(self.alerts).any())
        for period, district, rows in self._spans():
            chosen = rows[of[rows]]
            if chosen.size and is_ever:
                yield told(period, district, name, "share", _share_of(has, chosen))
            else:
                why = NOT_COLLECTED if not is_ever else NOT_SUPPLIED if rows.size else NONE
                yield Figure(period, district, name, "share", why)

    def _alone(
        self, name: str, unit: str, of: BoolArray, may: BoolArray, number: Numbering
    ) -> Iterator[Figure]:
        """Medians: they cannot be subtracted, so each needs company for itself alone."""
        why, found = self._why_not(of, may), self._final(name)
        final = {period for period, _ in found}
        yield from found.values()
        for period, district, rows in self._spans():
            chosen = rows[of[rows]]
            if period in final:
                continue
            if chosen.size >= self.least:
                yield told(period, district, name, unit, number(chosen))
            else:
                yield Figure(period, district, name, unit, why(period, rows))

    def _kept(
        self, name: str, unit: str, of: BoolArray, may: BoolArray, number: Numbering, add: Adding
    ) -> Iterator[Figure]:
        """Figures that could be subtracted: a month is counted once, and longer times are sums of what was told."""
        where = np.full(of.shape, int(Told.NOWHERE))
        where[of] = roll_up(self.alerts.month[of], self.alerts.district[of], least=self.least)
        why, found = self._why_not(of, may), self._final(name)
        final = {period for period, _ in found}
        for period, district, rows in self.cells:  # months come before what they add up to
            if period in final:
                continue
            if _is_month(period):
                mine = rows[where[rows] >= (Told.DISTRICT_MONTH if district else Told.CITY_MONTH)]
                parts = [number(mine)] if mine.size else []
            else:
                parts = [
                    n for m in self._months_in(period) if (n := _number_in(found, m, district))
                ]
            if is_year(period):
                left = self._left(period, of, found)
                parts += [number(left)] if left.size >= self.least else []
            whole = add(parts) if len(parts) > 1 else parts[0] if parts else None
            status = TOLD if whole else why(period, rows)
            found[period, district] = Figure(period, district, name, unit, status, whole)
        yield from found.values()

    def _final(self, measure: str) -> dict[tuple[str, str], Figure]:
        """What was told of a measure and stays: all of a period of which a number was told, and the months of
        a year of which one was, for it holds what they lack. Twelve months that ended earlier are told no more."""
        known = {(f.period, f.district): f for f in self.known if f.measure == measure}
        final = {period for (period, _), figure in known.items() if figure.number}
        final |= {period for period, _ in known if _is_month(period) and period[:4] in final}
        final -= {period for period in final if "/" in period} - {cell[0] for cell in self.cells}
        return {key: figure for key, figure in known.items() if key[0] in final}

    def _left(self, year: str, of: BoolArray, found: Figures) -> IntArray:
        """Rows of a year that no number of its months holds."""
        left = np.zeros(of.shape, np.bool_)
        for month in self._months_in(year):
            parts = [_number_in(found, month, slug) for slug in self.districts]
            whole = _number_in(found, month, "")
            if (whole.n if whole else 0) > sum(part.n for part in parts if part):
                continue  # the rest of the month was told with the city's number
            untold = ~np.isin(self.alerts.district, [i for i, part in enumerate(parts) if part])
            left |= of & untold & (self.alerts.month == _month(month))
        return np.flatnonzero(left)

    def _months_in(self, period: str) -> list[str]:
        first, last = (period, period) if is_year(period) else period.split("/")
        return [code for code in map(month_code, self.months) if first <= code[: len(last)] <= last]

    def _why_not(self, of: BoolArray, may: BoolArray) -> Callable[[str, IntArray], str]:
        """Why a figure is not told. Few and none are one: else "too few" would say that there was one.

        may: alerts that anybody sees could have been counted. Only among enough of them "none" may be said.
        """
        silent = {
            period
            for period, district, rows in self.cells
            if not district and may[rows].sum() >= self.least and not of[rows].any()
        }

        def why(period: str, rows: IntArray) -> str:
            if not of.any():
                return NOT_COLLECTED
            if not rows.size:
                return NONE
            return NOT_SUPPLIED if period in silent else WITHHELD

        return why

    def _spans(self) -> Iterator[tuple[str, str, IntArray]]:
        """The cells that are no calendar years: those gather what could not be told of a month."""
        return (cell for cell in self.cells if not is_year(cell[0]))

    def _in_period(self, period: str) -> BoolArray:
        if is_year(period):
            return np.asarray(1970 + self.alerts.month // YEAR == int(period))
        first, last = (_month(code) for code in (period.split("/")[0], period.split("/")[-1]))
        return np.asarray((self.alerts.month >= first) & (self.alerts.month <= last))


def told(period: str, district: str, measure: str, unit: str, number: Number) -> Figure:
    return Figure(period, district, measure, unit, TOLD, number)


def month_code(month: int) -> str:
    """A month since 1970-01 as 2026-10."""
    return f"{1970 + month // YEAR:04}-{month % YEAR + 1:02}"


def _month(code: str) -> int:
    year, month = code.split("-")
    return (int(year) - 1970) * YEAR + int(month) - 1


def is_year(period: str) -> bool:
    return len(period) == len("2026")


def _is_month(period: str) -> bool:
    return len(period) == len("2026-10")


def _number_in(found: Figures, period: str, district: str) -> Number | None:
    figure = found.get((period, district))
    return figure.number if figure else None


def periods(months: Sequence[int], *, years_over: Sequence[int] = ()) -> list[str]:
    """The months, the last twelve (or as many as there are) together (2025-11/2026-10), the years."""
    codes = [month_code(month) for month in months]
    together = [f"{codes[-YEAR:][0]}/{codes[-1]}"] if len(codes) > 1 else []
    return [*codes, *together, *map(str, years_over)]


def numbered(interval: Interval, n: int, *, step: float = 0.01, count: int | None = None) -> Number:
    """An interval, rounded. Where the estimate or an end is not finite it is left out."""
    ends = (float(end) for end in (interval.estimate, interval.low, interval.high))
    value, low, high = (
        round(round(e / step) * step, 4) if math.isfinite(e) else None for e in ends
    )
    if value is None:
        raise ValueError("got nothing to estimate from; wanted at least one value")
    return Number(value, low, high, n, count)


def _share_of(has: BoolArray, rows: IntArray) -> Number:
    count, n = int(has[rows].sum()), int(rows.size)
    return numbered(wilson_interval(count, n), n, step=0.0001, count=count)


def _amount_of(values: FloatArray, amount: Amount, rows: IntArray) -> Number:
    chosen = values[rows]
    interval = total_interval(chosen) if amount.is_total else median_interval(chosen)
    return numbered(interval, int(rows.size), step=amount.step)


def _shares_added(parts: Sequence[Number]) -> Number:
    count, n = sum(part.count or 0 for part in parts), sum(part.n for part in parts)
    return numbered(wilson_interval(count, n), n, step=0.0001, count=count)


def _totals_added(parts: Sequence[Number]) -> Number:
    """The ends lie as far away as the parts' do together (Zou and Donner, Statistics in Medicine 27, 2008)."""
    value = sum(part.value for part in parts)

    def away(ends: Sequence[float | None]) -> float | None:
        """Unknown where the end of one part is."""
        far = [
            abs(part.value - end) for part, end in zip(parts, ends, strict=True) if end is not None
        ]
        return math.hypot(*far) if len(far) == len(parts) else None

    below, above = away([part.low for part in parts]), away([part.high for part in parts])
    low = None if below is None else round(value - below, 4)
    high = None if above is None else round(value + above, 4)
    return Number(value, low, high, sum(part.n for part in parts))
