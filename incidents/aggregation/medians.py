"""Medians with intervals that ask nothing of the distribution. PURE."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from incidents.aggregation.rates import Interval, tail_of


def median_interval(values: ArrayLike, *, confidence: float = 0.95) -> Interval:
    """Median of a sample, with the order statistics between which the true median lies.

    values: any unit, shape (n,), NaN left out. How many of n lie below the true median is binomial
    with a half, so ranks j and n + 1 - j hold it with probability 1 - 2 P(B < j) (Thompson, Annals of
    Mathematical Statistics 7, 1936); j is the largest that reaches the confidence. Fewer than six
    values reach none of 95 %: the ends are -inf and inf, and NaN where there is no value at all.
    """
    given = np.asarray(values, float)
    known = np.sort(given[~np.isnan(given)])
    if not known.size:
        return Interval(*(np.array(np.nan) for _ in range(3)))
    below = int(stats.binom.ppf(tail_of(confidence), known.size, 0.5))
    # The largest j with P(B <= j - 1) <= tail; the quantile may overshoot it by one.
    while below and stats.binom.cdf(below - 1, known.size, 0.5) > tail_of(confidence):
        below -= 1
    ends = (known[below - 1], known[known.size - below]) if below else (-np.inf, np.inf)
    return Interval(np.array(np.median(known)), *(np.array(end) for end in ends))
