"""Rates and shares with intervals that hold for small numbers. PURE."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Float = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """An estimate and the ends of its interval; arrays of one shape, NaN where nothing can be said."""

    estimate: Float
    low: Float
    high: Float


def poisson_interval(counts: ArrayLike, *, confidence: float = 0.95) -> Interval:
    """Expected number behind each count, if events come independently.

    counts: whole numbers >= 0, any shape. The exact interval of Garwood (Biometrika 28, 1936):
    quantiles of chi squared with 2k and 2k + 2 degrees of freedom, halved.
    """
    k = whole_counts(counts)
    tail = tail_of(confidence)
    low = np.where(k > 0, stats.chi2.ppf(tail, 2 * np.maximum(k, 1)) / 2, 0.0)
    high = stats.chi2.ppf(1 - tail, 2 * k + 2) / 2
    return Interval(k.astype(float), low, high)


def rate(
    counts: ArrayLike, exposure: ArrayLike, *, per: float, confidence: float = 0.95
) -> Interval:
    """Events per ``per`` units of exposure (residents, days), with the interval of the count.

    counts, exposure: one shape. NaN where the exposure is 0 or NaN: no residents, no rate.
    """
    found = poisson_interval(counts, confidence=confidence)
    units = np.asarray(exposure, float)
    if (units < 0).any():
        raise ValueError("got a negative exposure; wanted at least 0")
    scale = per / np.where(units > 0, units, np.nan)
    return Interval(found.estimate * scale, found.low * scale, found.high * scale)


def wilson_interval(
    successes: ArrayLike, trials: ArrayLike, *, confidence: float = 0.95
) -> Interval:
    """Share of successes in trials, with Wilson's score interval (JASA 22, 1927).

    successes, trials: whole numbers of one shape, successes <= trials. NaN where there was no trial.
    """
    x, n = whole_counts(successes), whole_counts(trials)
    if (x > n).any():
        raise ValueError("got more successes than trials; wanted at most as many")
    z2 = stats.norm.ppf(1 - tail_of(confidence)) ** 2
    trial = np.where(n > 0, n, np.nan)
    share = x / trial
    middle = (share + z2 / (2 * trial)) / (1 + z2 / trial)
    reach = np.sqrt(z2 * (share * (1 - share) + z2 / (4 * trial)) / trial) / (1 + z2 / trial)
    return Interval(share, np.clip(middle - reach, 0, 1), np.clip(middle + reach, 0, 1))


def whole_counts(values: ArrayLike) -> NDArray[np.int64]:
    given = np.asarray(values)
    counts = given.astype(np.int64)
    if (counts != given).any() or (counts < 0).any():
        raise ValueError("got counts that are not whole or negative; wanted whole numbers >= 0")
    return counts


def tail_of(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError(f"got confidence {confidence}; wanted a number between 0 and 1")
    return (1 - confidence) / 2
