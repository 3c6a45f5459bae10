"""The figures of the gunfire ledger from its alerts. PURE: arrays in, figures out, no Django in here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from incidents.aggregation import poisson_interval
from portal.publication.disclosure.ledger import Told, Whole, roll_up, roll_up_within
from portal.publication.measures import (
    AMOUNTS,
    ANSWERED,
    DISPOSED,
    KEPT_SHARES,
    NONE,
    NOT_COLLECTED,
    NOT_SUPPLIED,
    PUBLIC_SHARES,
    SUPPRESSED,
    TOLD,
    YEAR,
    Amount,
    Answered,
    Figure,
    Share,
    has_outcome,
    is_month,
    is_year,
    month_code,
    month_number,
    periods,
    told,
)
from portal.publication.numbers import (
    Number,
    median_of,
    numbered,
    share_of,
    shares_added,
    total_of,
    totals_added,
)

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

# Rows of the alerts -> the number that they give.
Numbering = Callable[[IntArray], "Number"]
# Numbers of parts -> the number of the whole.
Adding = Callable[[Sequence["Number"]], "Number"]
# Figures of one measure by period and district.
Figures = Mapping[tuple[str, str], "Figure"]


@dataclass(frozen=True, eq=False)
class Kept:
    """A share or a total, which could be subtracted, of some alerts. Columns of shape (n,).

    may: alerts that anybody sees could be counted; of: those of them that are; within: see :class:`Share`.
    """

    name: str
    unit: str
    may: BoolArray
    of: BoolArray
    number: Numbering
    add: Adding
    within: str = ""


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
        told: dict[str, tuple[Kept, Figures]] = {}
        for kept in self._that_add_up():  # a whole comes before its parts
            found = self._kept(kept, self._whole(*told[kept.within]) if kept.within else None)
            told[kept.name] = kept, found
            yield from found.values()
        for name, amount in AMOUNTS.items():
            if not amount.is_total:
                yield from self._alone(name, amount)

    def _that_add_up(self) -> Iterator[Kept]:
        for name, share in KEPT_SHARES.items():
            yield self._share(name, share)
        for name, amount in AMOUNTS.items():
            if amount.is_total:
                yield self._total(name, amount)

    def _share(self, name: str, share: Share) -> Kept:
        has, may = share.has(self.alerts), has_outcome(*ANSWERED)(self.alerts)
        of = share.of(self.alerts)
        return Kept(
            name, "share", may, of, lambda rows: share_of(has[rows]), shares_added, share.within
        )

    def _total(self, name: str, amount: Amount) -> Kept:
        may, values = self._values(amount)
        return Kept(
            name,
            amount.unit,
            may,
            ~np.isnan(values),
            lambda rows: total_of(values[rows], step=amount.step),
            totals_added,
            amount.within,
        )

    def _values(self, amount: Amount) -> tuple[BoolArray, FloatArray]:
        """Which alerts an amount is of, and what is known of each; NaN for nothing."""
        may = has_outcome(*amount.among)(self.alerts)
        return may, np.where(may, amount.of(self.alerts), np.nan)

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
        is_ever = bool(has_outcome(*DISPOSED)(self.alerts).any())
        for period, district, rows in self._spans():
            chosen = rows[of[rows]]
            if chosen.size and is_ever:
                yield told(period, district, name, "share", share_of(has[chosen]))
            else:
                why = NOT_COLLECTED if not is_ever else NOT_SUPPLIED if rows.size else NONE
                yield Figure(period, district, name, "share", why)

    def _alone(self, name: str, amount: Amount) -> Iterator[Figure]:
        """Medians cannot be subtracted, so each needs company for itself alone. How many alerts it rests on can
        be: the city's leaves out what is too little by itself, as totals do."""
        may, values = self._values(amount)
        of = ~np.isnan(values)
        why, found = self._why_not(of, may), self._final(name)
        final = {period for period, _ in found}
        yield from found.values()
        for period, district, rows in self._spans():
            if period in final:
                continue
            chosen = rows[of[rows]]
            if not district:
                together = np.zeros_like(chosen)
                where = roll_up(together, self.alerts.district[chosen], least=self.least)
                chosen = chosen[where > Told.NOWHERE]
            if chosen.size >= self.least:
                number = median_of(values[chosen], step=amount.step)
                yield told(period, district, name, amount.unit, number)
            else:
                yield Figure(period, district, name, amount.unit, why(period, rows))

    def _kept(self, kept: Kept, whole: Whole | None) -> Figures:
        """Figures that could be subtracted: a month is counted once, and longer times are sums of what was told.

        whole: where what is told of the measure within which this one lies.
        """
        where = self._where(kept, whole)
        why, found = self._why_not(kept.of, kept.may), self._final(kept.name)
        final = {period for period, _ in found}
        for period, district, rows in self.cells:  # months come before what they add up to
            if period in final:
                continue
            if is_month(period):
                mine = rows[where[rows] >= (Told.DISTRICT_MONTH if district else Told.CITY_MONTH)]
                parts = [kept.number(mine)] if mine.size else []
            else:
                parts = [
                    n for m in self._months_in(period) if (n := _number_in(found, m, district))
                ]
            if is_year(period):
                left = self._left_over(period, kept, found, whole)
                parts += [kept.number(left)] if left.size else []
            number = _added(parts, kept.add)
            status = TOLD if number else why(period, rows)
            found[period, district] = Figure(period, district, kept.name, kept.unit, status, number)
        return found

    def _where(self, kept: Kept, whole: Whole | None) -> IntArray:
        """Where each alert is told, :class:`Told`."""
        month, district = self.alerts.month, self.alerts.district
        if whole:
            return roll_up_within(
                month, district, whole, may=kept.may, of=kept.of, least=self.least
            )
        where = np.full(kept.of.shape, int(Told.NOWHERE))
        where[kept.of] = roll_up(month[kept.of], district[kept.of], least=self.least)
        return where

    def _left_over(self, year: str, kept: Kept, found: Figures, whole: Whole | None) -> IntArray:
        """What a year adds to its months, if that is enough by itself, and beside the whole."""
        left = self._left(year, kept.may, found)
        if whole:
            left = left[whole.part[left] >= 0]
        counted = left[kept.of[left]]
        enough = counted.size >= self.least and (
            not whole or whole.leaves_enough(left, least=self.least)
        )
        return counted if enough else counted[:0]

    def _whole(self, kept: Kept, found: Figures) -> Whole:
        """What is told of a measure, in parts, as far as each is still what it was when it was told.

        Where an entry came in since, a number of some of its alerts would tell that entry: there is no such number.
        """
        shape = kept.of.shape
        part, level = np.full(shape, -1), np.full(shape, int(Told.NOWHERE))
        for n, (period, district, rows) in enumerate(self.cells):
            number = _number_in(found, period, district)
            held = [] if district or "/" in period else self._parts_of(period, found)
            if not number or "/" in period or number.n == sum(each.n for each in held):
                continue  # nothing but what its parts told
            mine = rows if district else self._left(period, kept.may, found)
            # A month of the city is counted as a whole, a year is the sum of its months and the rest.
            whole = mine if is_year(period) else rows
            counted = whole[kept.of[whole]]
            now = kept.number(counted) if counted.size else None
            if now and number == (kept.add([*held, now]) if is_year(period) and held else now):
                part[mine] = n
                if not is_year(period):
                    level[mine] = Told.DISTRICT_MONTH if district else Told.CITY_MONTH
        return Whole(part, level, kept.of, kept.may)

    def _final(self, measure: str) -> dict[tuple[str, str], Figure]:
        """What was told of a measure and stays: all of a period of which a number was told, and the months of
        a year of which one was, for it holds what they lack. Twelve months that ended earlier are told no more."""
        known = {(f.period, f.district): f for f in self.known if f.measure == measure}
        final = {period for (period, _), figure in known.items() if figure.number}
        final |= {period for period, _ in known if is_month(period) and period[:4] in final}
        final -= {period for period in final if "/" in period} - {cell[0] for cell in self.cells}
        return {key: figure for key, figure in known.items() if key[0] in final}

    def _parts_of(self, period: str, found: Figures) -> list[Number]:
        """What was told of a month's districts, or of a year's months."""
        if is_year(period):
            cells = [(month, "") for month in self._months_in(period)]
        else:
            cells = [(period, slug) for slug in self.districts]
        return [number for cell in cells if (number := _number_in(found, *cell))]

    def _left(self, period: str, of: BoolArray, found: Figures) -> IntArray:
        """Rows of a month that no number of its districts holds, or of a year that no number of its months holds."""
        left = np.zeros(of.shape, np.bool_)
        for month in self._months_in(period) if is_year(period) else [period]:
            if is_year(period) and self._has_rest(month, found):
                continue  # the rest of the month was told with the city's number
            told_of = [i for i, slug in enumerate(self.districts) if _number_in(found, month, slug)]
            untold = ~np.isin(self.alerts.district, told_of)
            left |= of & untold & (self.alerts.month == month_number(month))
        return np.flatnonzero(left)

    def _has_rest(self, month: str, found: Figures) -> bool:
        """Whether the city's number of a month holds more than those of its districts."""
        whole = _number_in(found, month, "")
        return (whole.n if whole else 0) > sum(part.n for part in self._parts_of(month, found))

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
            return NOT_SUPPLIED if period in silent else SUPPRESSED

        return why

    def _spans(self) -> Iterator[tuple[str, str, IntArray]]:
        """The cells that are no calendar years: those gather what could not be told of a month."""
        return (cell for cell in self.cells if not is_year(cell[0]))

    def _in_period(self, period: str) -> BoolArray:
        if is_year(period):
            return np.asarray(1970 + self.alerts.month // YEAR == int(period))
        first, last = (month_number(code) for code in (period.split("/")[0], period.split("/")[-1]))
        return np.asarray((self.alerts.month >= first) & (self.alerts.month <= last))


def _number_in(found: Figures, period: str, district: str) -> Number | None:
    figure = found.get((period, district))
    return figure.number if figure else None


def _added(parts: Sequence[Number], add: Adding) -> Number | None:
    """A number that stands alone is told as it is."""
    return add(parts) if len(parts) > 1 else parts[0] if parts else None
