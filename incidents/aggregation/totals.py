"""Sums over events that come by chance, and shares of a time in which days are alike. PURE."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from incidents.aggregation.rates import Interval, tail_of


def total_interval(weights: ArrayLike, *, confidence: float = 0.95) -> Interval:
    """Sum of what each of some events cost, with the interval of the sum to expect of such a span.

    weights: >= 0 (hours), shape (n,), NaN left out. The number of events is Poisson and so the sum
    a weighted one; gamma quantiles matched to its mean and variance (Fay and Feuer, Statistics in
    Medicine 16, 1997). Where all weights are 1 it is Garwood's interval of the count.
    """
    given = np.asarray(weights, float)
    known = given[~np.isnan(given)]
    if (known < 0).any():
        raise ValueError("got a negative weight; wanted at least 0")
    if not known.size:
        return Interval(*(np.array(np.nan) for _ in range(3)))
    total, variance, largest = known.sum(), (known**2).sum(), known.max()
    if total == 0:
        return Interval(np.array(0.0), np.array(0.0), np.array(np.nan))
    tail = tail_of(confidence)
    low = variance / (2 * total) * stats.chi2.ppf(tail, 2 * total**2 / variance)
    total_up, variance_up = total + largest, variance + largest**2
    high = variance_up / (2 * total_up) * stats.chi2.ppf(1 - tail, 2 * total_up**2 / variance_up)
    return Interval(np.array(total), np.array(low), np.array(high))


def share_over_days(good: ArrayLike, possible: ArrayLike, *, confidence: float = 0.95) -> Interval:
    """Share of a time that was good, with the interval if its days were a sample of days like them.

    good, possible: sensor-hours of each day, shape (days,), 0 <= good <= possible. What fails
    together fails by the day, so days and not hours are what is counted: a ratio estimate with
    Student's t on their residuals (Cochran, Sampling Techniques, 1977, section 6.3), cut to [0, 1].
    NaN where nothing was possible, and for the ends where there are fewer than two days.
    """
    up, total = np.asarray(good, float), np.asarray(possible, float)
    if up.shape != total.shape or (up < 0).any() or (up > total).any():
        raise ValueError(
            "got more good than possible, or fewer than 0; wanted 0 <= good <= possible"
        )
    counted = total > 0
    up, total = up[counted], total[counted]
    days = total.size
    if not days:
        return Interval(*(np.array(np.nan) for _ in range(3)))
    share = up.sum() / total.sum()
    if days < 2:
        return Interval(np.array(share), np.array(np.nan), np.array(np.nan))
    spread = np.sqrt(((up - share * total) ** 2).sum() / (days - 1) / days) / total.mean()
    reach = stats.t.ppf(1 - tail_of(confidence), days - 1) * spread
    ends = np.clip([share - reach, share + reach], 0, 1)
    return Interval(np.array(share), *(np.array(end) for end in ends))
