"""Numbers with their intervals, rounded as they are told, and sums of such. PURE: no Django in here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from incidents.aggregation import Interval, median_interval, total_interval, wilson_interval


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


def numbered(interval: Interval, n: int, *, step: float = 0.01, count: int | None = None) -> Number:
    """An interval, rounded. Where the estimate or an end is not finite it is left out."""
    ends = (float(end) for end in (interval.estimate, interval.low, interval.high))
    value, low, high = (
        round(round(e / step) * step, 4) if math.isfinite(e) else None for e in ends
    )
    if value is None:
        raise ValueError("got nothing to estimate from; wanted at least one value")
    return Number(value, low, high, n, count)


def share_of(has: NDArray[np.bool_]) -> Number:
    """The share of some alerts that have something."""
    count, n = int(has.sum()), int(has.size)
    return numbered(wilson_interval(count, n), n, step=0.0001, count=count)


def median_of(values: NDArray[np.float64], *, step: float) -> Number:
    return numbered(median_interval(values), int(values.size), step=step)


def total_of(values: NDArray[np.float64], *, step: float) -> Number:
    return numbered(total_interval(values), int(values.size), step=step)


def shares_added(parts: Sequence[Number]) -> Number:
    count, n = sum(part.count or 0 for part in parts), sum(part.n for part in parts)
    return numbered(wilson_interval(count, n), n, step=0.0001, count=count)


def totals_added(parts: Sequence[Number]) -> Number:
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
