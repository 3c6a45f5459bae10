"""Intervals found by trying: sums of probabilities and bisection, with nothing but arithmetic."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from itertools import pairwise
from zoneinfo import ZoneInfo


def bisect(
    is_below: Callable[[float], bool], low: float, high: float, *, steps: int = 200
) -> float:
    """Where ``is_below`` turns from true to false."""
    for _ in range(steps):
        middle = (low + high) / 2
        low, high = (middle, high) if is_below(middle) else (low, middle)
    return (low + high) / 2


def poisson_at_most(k: int, mean: float) -> float:
    return math.fsum(
        math.exp(-mean + i * math.log(mean) - math.lgamma(i + 1)) for i in range(k + 1)
    )


def poisson_interval(k: int, confidence: float) -> tuple[float, float]:
    """The smallest and largest mean for which k is not surprisingly many or few."""
    tail, most = (1 - confidence) / 2, 10 * k + 100.0
    low = bisect(lambda mean: 1 - poisson_at_most(k - 1, mean) < tail, 1e-12, most) if k else 0.0
    return low, bisect(lambda mean: poisson_at_most(k, mean) > tail, 1e-12, most)


def binomial_at_most(k: int, n: int, p: float) -> float:
    return math.fsum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k + 1))


def ratio_interval(
    x: int, exposure: float, y: int, exposure_before: float, confidence: float
) -> tuple[float, float]:
    tail, n = (1 - confidence) / 2, x + y
    low = bisect(lambda p: 1 - binomial_at_most(x - 1, n, p) < tail, 0.0, 1.0) if x else 0.0
    high = bisect(lambda p: binomial_at_most(x, n, p) > tail, 0.0, 1.0) if y else 1.0
    scale = exposure_before / exposure
    return low / (1 - low) * scale, high / (1 - high) * scale if high < 1 else math.inf


def wilson_interval(x: int, n: int, z: float) -> tuple[float, float]:
    """Shares p for which (x/n - p)^2 = z^2 p (1 - p) / n, found by bisection on both sides of x/n."""

    def is_far(p: float) -> bool:
        return (x / n - p) ** 2 > z * z * p * (1 - p) / n

    return bisect(is_far, 0.0, x / n), bisect(lambda p: not is_far(p), x / n, 1.0)


def count(rows: list[tuple[int, int]], areas: list[int], edges: list[int]) -> list[list[int]]:
    return [
        [sum(a == area and start <= t < end for a, t in rows) for start, end in pairwise(edges)]
        for area in areas
    ]


def year_to_date(instants_s: list[float], today: dt.date, zone: str) -> tuple[int, int]:
    """Records of this year before today, and of last year on days that come before today's in the calendar."""
    now = before = 0
    for instant in instants_s:
        day = dt.datetime.fromtimestamp(instant, ZoneInfo(zone)).date()
        is_earlier = (day.month, day.day) < (today.month, today.day)
        now += day.year == today.year and is_earlier
        before += day.year == today.year - 1 and is_earlier
    return now, before


def median_ranks(n: int, confidence: float) -> tuple[int, int] | None:
    """The narrowest pair of ranks, counted from 1 and from either end, that holds the median; None for none."""
    found = None
    for rank in range(1, n // 2 + 1):
        outside = 2 * sum(math.comb(n, below) for below in range(rank)) / 2**n
        if 1 - outside >= confidence:
            found = rank, n + 1 - rank
    return found


def gamma_quantile(p: float, shape: float, *, steps: int = 40_000) -> float:
    """Of a gamma law of scale 1, by Simpson's rule over the logarithm of the argument."""

    def at_most(limit: float) -> float:
        low, high = math.log(limit) - 60 / min(shape, 1) - 5, math.log(limit)
        width = (high - low) / steps
        density = [
            math.exp(shape * u - math.exp(u) - math.lgamma(shape))
            for u in (low + i * width for i in range(steps + 1))
        ]
        return (
            width
            / 3
            * (density[0] + density[-1] + 4 * sum(density[1:-1:2]) + 2 * sum(density[2:-1:2]))
        )

    return bisect(lambda limit: at_most(limit) < p, 1e-9, 20 * shape + 60, steps=45)
