"""Confirmed shootings inside the array, and those of which no alert came. PURE: no Django in here.

A shooting is counted by the public face of its record, among at least five others, once. What was told
is never counted again: a number that falls from nine to eight would say that a record was sealed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from incidents.aggregation import wilson_interval
from portal.publication.disclosure import Told, roll_up
from portal.publication.measures import (
    NOT_COLLECTED,
    SUPPRESSED,
    YEAR,
    Figure,
    month_code,
    periods,
    told,
)
from portal.publication.numbers import Number, numbered

IntArray = NDArray[np.int64]
MISSED = "missed"
# By period and district.
Known = Mapping[tuple[str, str], Figure]


@dataclass(frozen=True, eq=False)
class Shootings:
    """Confirmed shootings that may be counted, columns of shape (n,).

    month: since 1970-01; district: index into the ledger's, -1 where only the city is known.
    """

    month: IntArray
    district: IntArray
    is_missed: NDArray[np.bool_]


def missed_figures(
    shootings: Shootings,
    *,
    months: Sequence[int],
    districts: Sequence[str],
    least: int,
    known: Known,
) -> list[Figure]:
    """Misses of each month, year and the last twelve months. known: what was told before, which stays."""
    found = {key: figure for key, figure in known.items() if figure.status != NOT_COLLECTED}
    if not len(shootings.month) and not any(figure.number for figure in found.values()):
        return list(_not_collected(months, districts))
    level = roll_up(shootings.month, shootings.district, least=least)
    for month in months:
        if (month_code(month), "") not in found:
            found |= _of_month(shootings, level, month, districts)
    for month in months:
        year = str(1970 + month // YEAR)
        if month % YEAR == YEAR - 1 and (year, "") not in found:
            found[year, ""] = _of_year(shootings, month, districts, found, least)
    together = [period for period in periods(months) if "/" in period]
    kept = {key: figure for key, figure in found.items() if "/" not in key[0]}
    for period in together:
        for district in ("", *districts):
            parts = [kept[month_code(month), district] for month in months[-YEAR:]]
            kept[period, district] = _figure(period, district, _sum(parts))
    return list(kept.values())


def _not_collected(months: Sequence[int], districts: Sequence[str]) -> Iterator[Figure]:
    for period in periods(months):
        for district in ("", *districts):
            yield Figure(period, district, MISSED, "share", NOT_COLLECTED)


def _of_month(
    shootings: Shootings, level: IntArray, month: int, districts: Sequence[str]
) -> dict[tuple[str, str], Figure]:
    period, mine = month_code(month), shootings.month == month
    found = {}
    for code, district in enumerate(districts):
        rows = mine & (shootings.district == code) & (level == Told.DISTRICT_MONTH)
        found[period, district] = _figure(period, district, _count(shootings, rows))
    rows = mine & (level >= Told.CITY_MONTH)
    found[period, ""] = _figure(period, "", _count(shootings, rows))
    return found


def _of_year(
    shootings: Shootings, last: int, districts: Sequence[str], found: Known, least: int
) -> Figure:
    """All that was told of a year's months, and what was left, if that is enough by itself."""
    left = np.zeros(len(shootings.month), bool)
    city = []
    for month in range(last - YEAR + 1, last + 1):
        period = month_code(month)
        if (period, "") not in found:
            continue  # before the first whole month
        city.append(found[period, ""])
        parts = [found.get((period, district)) for district in districts]
        if _sum(city[-1:]) != _sum([part for part in parts if part]):
            continue  # the rest of the month was told with the city's number
        for code, part in enumerate([*parts, None]):
            if part is None or part.number is None:
                of = -1 if code == len(districts) else code
                left |= (shootings.month == month) & (shootings.district == of)
    count, n = _sum(city)
    if left.sum() >= least:
        count, n = count + int((left & shootings.is_missed).sum()), n + int(left.sum())
    year = str(1970 + last // YEAR)
    return _figure(year, "", (count, n))


def _count(shootings: Shootings, rows: NDArray[np.bool_]) -> tuple[int, int]:
    return int((rows & shootings.is_missed).sum()), int(rows.sum())


def _sum(figures: Sequence[Figure]) -> tuple[int, int]:
    numbers = [figure.number for figure in figures if figure.number]
    return sum(number.count or 0 for number in numbers), sum(number.n for number in numbers)


def _figure(period: str, district: str, counted: tuple[int, int]) -> Figure:
    count, n = counted
    if not n:
        return Figure(period, district, MISSED, "share", SUPPRESSED)
    number: Number = numbered(wilson_interval(count, n), n, step=0.0001, count=count)
    return told(period, district, MISSED, "share", number)
