"""More or fewer than before, and whether chance alone could be the reason. PURE."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from incidents.aggregation.counts import day_edges_us
from incidents.aggregation.rates import Interval, tail_of, whole_counts


@dataclass(frozen=True)
class YearToDate:
    """Records of this year so far and of the same days last year.

    ``change_pct`` from rate to rate per day, NaN where last year had none; the interval may reach
    to infinity.
    """

    now: int
    before: int
    days_now: int
    days_before: int
    change_pct: float
    low_pct: float
    high_pct: float

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out "no change"."""
        return self.low_pct > 0 or self.high_pct < 0


def rate_ratio(
    count: ArrayLike,
    exposure: ArrayLike,
    count_before: ArrayLike,
    exposure_before: ArrayLike,
    *,
    confidence: float = 0.95,
) -> Interval:
    """Ratio of two Poisson rates, with the exact conditional interval (Clopper and Pearson, 1934).

    All of one shape; exposures > 0. Given their sum, the first count is binomial; the ends of its
    share p become ends of the ratio p / (1 - p). NaN where both counts are 0; infinity where only
    the earlier is.
    """
    x, y = whole_counts(count), whole_counts(count_before)
    units, units_before = np.asarray(exposure, float), np.asarray(exposure_before, float)
    if not ((units > 0).all() and (units_before > 0).all()):
        raise ValueError("got an exposure of 0 or less; wanted more")
    tail = tail_of(confidence)
    low = np.where(x > 0, stats.beta.ppf(tail, np.maximum(x, 1), y + 1), 0.0)
    high = np.where(y > 0, stats.beta.ppf(1 - tail, x + 1, np.maximum(y, 1)), 1.0)
    scale = units_before / units
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = x / y.astype(float) * scale
        ends = [share / (1 - share) * scale for share in (low, high)]
    nothing = (x == 0) & (y == 0)
    return Interval(estimate, *(np.where(nothing, np.nan, end) for end in ends))


def year_to_date_days(today: dt.date) -> tuple[dt.date, dt.date, dt.date, dt.date]:
    """First day and day after the last, of this year so far and of the same days last year.

    Only whole days count, so today is not among them. Where last year has no such day, on
    29 February, last year goes to the end of February too.
    """
    start, start_before = today.replace(month=1, day=1), dt.date(today.year - 1, 1, 1)
    try:
        end_before = today.replace(year=today.year - 1)
    except ValueError:
        end_before = dt.date(today.year - 1, 3, 1)
    return start, today, start_before, end_before


def compare_year_to_date(
    occurred_us: ArrayLike, *, today: dt.date, zone: str, confidence: float = 0.95
) -> YearToDate:
    """This year so far against the same days of last year.

    occurred_us: microseconds since 1970 UTC, shape (n,), any order. On 1 January nothing can be
    compared yet: change and interval are NaN.
    """
    days = year_to_date_days(today)
    edges = day_edges_us(days, zone=zone)
    instants = np.sort(np.asarray(occurred_us, np.int64))
    place = np.searchsorted(instants, edges)
    now, before = int(place[1] - place[0]), int(place[3] - place[2])
    spans = (days[1] - days[0]).days, (days[3] - days[2]).days
    if not spans[0]:
        return YearToDate(now, before, *spans, *[float("nan")] * 3)
    ratio = rate_ratio(now, spans[0], before, spans[1], confidence=confidence)
    change, low, high = (
        100 * (float(value) - 1) for value in (ratio.estimate, ratio.low, ratio.high)
    )
    return YearToDate(now, before, *spans, change if before else float("nan"), low, high)
