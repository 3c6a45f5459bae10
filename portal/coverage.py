"""Which months a release can speak of: whole ones, old enough, and not those that nobody supplied."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from statistics import median

from django.utils import translation
from django.utils.translation import gettext as _

from portal import findings, queries
from portal.city import the_city
from portal.feeds.reading import counts_by, span_of
from portal.feeds.selection import Selection
from portal.feeds.tallies import MONTH
from portal.models import Release
from portal.queries import Slice

# A month is told only when nearly all of it can have been released: the slowest rows are weeks of
# person crimes, out on the Monday at least 7 days after their Sunday.
SETTLED_AFTER = dt.timedelta(days=14)
# The first month counts as whole when its first row is no later than this.
LATEST_FIRST_DAY = 7
# Where a month usually has so many rows, one without any is a hole in what was supplied: chance
# makes it once in 480 million months. Below it, an empty month is a real zero.
EMPTY_IS_A_HOLE_FROM = 20
YEAR = 12


@dataclass(frozen=True)
class Coverage:
    """The months of a release that pages tell, oldest first, and which of them are holes."""

    release: Release
    months: tuple[dt.date, ...] = ()
    holes: frozenset[dt.date] = frozenset()

    @classmethod
    def of(cls, release: Release) -> Coverage:
        everything = Selection(release.dataset.slug, release.number)
        told = counts_by(everything, [MONTH])
        counts = {dt.date.fromisoformat(f"{month}-01"): n for (month,), n in told.items()}
        first, _last = span_of(everything)
        months = whole_months(
            counts,
            first_day=first.astimezone(the_city().zone).date() if first else None,
            limit=(release.as_of - SETTLED_AFTER).astimezone(the_city().zone).date(),
        )
        return cls(release, tuple(months), frozenset(holes(counts, months)))

    @property
    def last_year(self) -> Slice:
        """The last twelve months, or as many as there are; everything where there is no whole month."""
        if not self.months:
            return Slice()
        return Slice(since=self.months[-YEAR:][0], until=queries.next_month(self.months[-1]))

    @property
    def last_year_in_words(self) -> str:
        """ "November 2025 to October 2026"."""
        if not self.months:
            return _("all that was released so far")
        ends = [findings.MONTH.index(month) for month in (self.months[-YEAR:][0], self.months[-1])]
        return findings.span_label(ends, findings.MONTH, translation)

    def by_month(self, counts: dict[dt.date, int]) -> list[tuple[dt.date, int | None]]:
        """Each told month with its count: 0 where there is no row, None where the month is a hole."""
        return [
            (month, None if month in self.holes else counts.get(month, 0)) for month in self.months
        ]


def whole_months(
    counts: dict[dt.date, int], *, first_day: dt.date | None, limit: dt.date
) -> list[dt.date]:
    """Months from the first whole one to the last with a row that ended by ``limit``.

    counts: rows of the whole city by month. A month after the last row is not told: whether it had
    nothing or was not supplied cannot be seen.
    """
    if not counts or first_day is None:
        return []
    month = min(counts)
    if first_day.day > LATEST_FIRST_DAY:
        month = queries.next_month(month)
    months = []
    while month <= max(counts) and queries.next_month(month) <= limit:
        months.append(month)
        month = queries.next_month(month)
    return months


def holes(counts: dict[dt.date, int], months: list[dt.date]) -> list[dt.date]:
    """Months without a row among months that usually have many."""
    usual = median([counts[month] for month in months if month in counts] or [0])
    return [month for month in months if month not in counts and usual >= EMPTY_IS_A_HOLE_FROM]
