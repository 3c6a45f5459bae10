"""Intervals of medians, totals and shares over days against counting, integrals and repeated draws."""

from __future__ import annotations

import math

import numpy as np
import pytest

from incidents.aggregation import (
    median_interval,
    poisson_interval,
    share_over_days,
    total_interval,
)
from tests.reference import aggregation as reference


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
@pytest.mark.parametrize("n", [1, 5, 6, 7, 10, 11, 40, 201])
def test_the_interval_of_a_median_ends_at_the_ranks_that_counting_gives(
    n: int, confidence: float
) -> None:
    values = np.random.default_rng(n).permutation(np.arange(1, n + 1)) * 10.0

    found = median_interval(values, confidence=confidence)

    ranks = reference.median_ranks(n, confidence)
    assert found.estimate == np.median(values)
    if ranks is None:
        assert (found.low, found.high) == (-math.inf, math.inf)
    else:
        assert (found.low, found.high) == (10 * ranks[0], 10 * ranks[1])


def test_what_is_missing_counts_for_nothing_in_a_median() -> None:
    values = [4.0, math.nan, 1.0, 2.0, 3.0, 6.0, 5.0, math.nan]

    found, bare = median_interval(values), median_interval([math.nan])

    assert (found.estimate, found.low, found.high) == (3.5, 1.0, 6.0)
    assert all(math.isnan(end) for end in (bare.estimate, bare.low, bare.high))


def test_the_interval_of_a_median_holds_it_as_often_as_it_says() -> None:
    random = np.random.default_rng(3)
    held = 0
    for _ in range(2_000):
        found = median_interval(random.lognormal(0.0, 1.0, 15))
        held += bool(found.low <= 1.0 <= found.high)

    assert held / 2_000 > 0.95 - 0.015


def test_a_total_of_ones_is_a_count() -> None:
    for k in (1, 4, 30):
        total, count = total_interval(np.ones(k)), poisson_interval(k)
        assert float(total.estimate) == k
        assert np.allclose([total.low, total.high], [count.low, count.high])


def test_the_interval_of_a_total_is_a_gamma_law_with_its_mean_and_variance() -> None:
    weights = [0.4, 2.5, 1.0, 0.7]
    total, variance = sum(weights), sum(w * w for w in weights)
    up, variance_up = total + 2.5, variance + 2.5**2

    found = total_interval(weights)

    low = variance / total * reference.gamma_quantile(0.025, total**2 / variance)
    high = variance_up / up * reference.gamma_quantile(0.975, up**2 / variance_up)
    assert float(found.estimate) == pytest.approx(total)
    assert float(found.low) == pytest.approx(low, rel=1e-4)
    assert float(found.high) == pytest.approx(high, rel=1e-4)


def test_the_interval_of_a_total_holds_what_is_to_be_expected_as_often_as_it_says() -> None:
    random = np.random.default_rng(5)
    held, tries = 0, 2_000
    for _ in range(tries):
        weights = random.exponential(0.5, random.poisson(20))
        found = total_interval(weights)
        held += bool(found.low <= 10.0 <= found.high)

    assert held / tries > 0.94


def test_nothing_has_no_total_and_no_negative_one() -> None:
    assert math.isnan(total_interval([]).estimate)
    assert math.isnan(total_interval([math.nan]).estimate)
    assert float(total_interval([0.0, 0.0]).estimate) == 0.0
    with pytest.raises(ValueError, match="negative"):
        total_interval([1.0, -1.0])


def test_a_share_of_alike_days_has_the_interval_of_their_mean() -> None:
    random = np.random.default_rng(8)
    share = random.uniform(0.6, 1.0, 30)

    found = share_over_days(share * 240, np.full(30, 240.0))

    mean = sum(share) / 30
    deviation = math.sqrt(sum((one - mean) ** 2 for one in share) / 29)
    assert float(found.estimate) == pytest.approx(mean)
    # 2.0452: Student's t, 29 degrees of freedom, from any table
    assert float(found.high - found.low) / 2 == pytest.approx(
        2.0452 * deviation / math.sqrt(30), rel=1e-4
    )


def test_days_with_more_sensors_weigh_more_and_empty_days_nothing() -> None:
    found = share_over_days([10.0, 0.0, 30.0], [20.0, 0.0, 30.0])

    assert float(found.estimate) == pytest.approx(0.8)
    assert 0 <= found.low < 0.8 < found.high <= 1
    assert math.isnan(share_over_days([0.0], [0.0]).estimate)
    assert math.isnan(share_over_days([5.0], [10.0]).low)
    with pytest.raises(ValueError, match="wanted 0 <= good"):
        share_over_days([3.0], [2.0])
