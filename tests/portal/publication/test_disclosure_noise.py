from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from portal.publication.disclosure import (
    Budget,
    BudgetError,
    Purpose,
    Rules,
    draw_discrete_laplace,
    noise_margin,
    publishable_counts,
)
from tests.reference import disclosure as reference


def test_the_noise_is_discrete_laplace():
    noise = draw_discrete_laplace(np.zeros(20_000, int), epsilon=0.5)

    inner = np.arange(-8, 9)
    mass = np.array([reference.laplace_mass(k, 0.5) for k in inner])
    expected = 20_000 * np.append(mass, 1 - mass.sum())
    observed = np.append([(noise == k).sum() for k in inner], (np.abs(noise) > 8).sum())
    # a right sampler fails this one time in a hundred million
    assert stats.chisquare(observed, expected).pvalue > 1e-8


def test_the_noise_is_added_to_the_counts_and_keeps_their_shape():
    counts = np.array([[100_000, 200_000], [300_000, 400_000]])

    noisy = draw_discrete_laplace(counts, epsilon=0.5)

    assert noisy.shape == (2, 2)
    assert (np.abs(noisy - counts) < 200).all()  # beyond it with probability 1e-43


def test_negative_draws_are_kept_and_shown_as_zero():
    noisy = draw_discrete_laplace(np.zeros(2000, int), epsilon=0.5)

    assert noisy.min() < 0
    assert publishable_counts(noisy).min() == 0
    assert (publishable_counts(noisy)[noisy >= 0] == noisy[noisy >= 0]).all()


@pytest.mark.parametrize(
    ("counts", "epsilon"),
    [([-1], 0.5), ([1.5], 0.5), ([1], 0.0), ([1], -1.0), ([1], float("nan")), ([1], float("inf"))],
)
def test_it_refuses_what_is_no_count_or_no_epsilon(counts, epsilon):
    with pytest.raises(ValueError, match="wanted"):
        draw_discrete_laplace(counts, epsilon=epsilon)


@given(st.floats(0.05, 3), st.floats(0.5, 0.999))
def test_the_margin_is_that_of_the_summed_distribution(epsilon, coverage):
    assert noise_margin(epsilon=epsilon, coverage=coverage) == reference.noise_margin(
        epsilon, coverage
    )


def test_the_margins_that_the_pages_quote():
    assert noise_margin(epsilon=0.5) == 6
    assert noise_margin(epsilon=1.0) == 3


@given(st.sampled_from([0.25, 0.5, 1.0]), st.integers(2, 4), st.floats(0.5, 0.99))
def test_the_margin_of_a_sum_is_that_of_every_way_to_make_it(epsilon, draws, coverage):
    assert noise_margin(epsilon=epsilon, coverage=coverage, draws=draws) == reference.sum_margin(
        epsilon, coverage, draws
    )


def test_the_margin_of_a_citys_sum_holds_nineteen_times_in_twenty():
    noise = draw_discrete_laplace(np.zeros((40_000, 9), int), epsilon=0.5).sum(axis=1)

    margin = noise_margin(epsilon=0.5, draws=9)

    # 17 holds 95.96 % of such sums, 16 holds 94.80 %: of so many, either share is as far off as this less
    # than once in a thousand million runs.
    assert 0.95 < (np.abs(noise) <= margin).mean() < 0.97
    assert (np.abs(noise) <= margin - 1).mean() < 0.955


def test_a_full_year_of_releases_spends_the_lifetime_and_no_more():
    budget = Budget()
    for quarter in range(1, 5):
        budget = budget.charge(Purpose.DISTRICT_QUARTER, f"2026-Q{quarter}", 0.5)
        budget = budget.charge(Purpose.GROUPS, f"2026-Q{quarter}", 0.5)
    for month in range(1, 13):
        budget = budget.charge(Purpose.CITY_MONTH, f"2026-{month:02}", 0.5)
    budget = budget.charge(Purpose.REVISION, "2026", 0.5)

    assert budget.spent("2026") == budget.spent("2026-Q3") == 2.0
    assert {budget.spent(f"2026-{month:02}") for month in range(1, 13)} == {2.0}
    assert budget.spent("2027-01") == 0
    for purpose, period in (
        (Purpose.DISTRICT_QUARTER, "2026-Q1"),
        (Purpose.CITY_MONTH, "2026-12"),
        (Purpose.REVISION, "2026"),
    ):
        with pytest.raises(BudgetError, match="wanted at most"):
            budget.charge(purpose, period, 0.001)


@given(
    st.lists(
        st.sampled_from(
            [
                (Purpose.DISTRICT_QUARTER, "2026-Q1"),
                (Purpose.GROUPS, "2026-Q1"),
                (Purpose.CITY_MONTH, "2026-02"),
                (Purpose.REVISION, "2026"),
            ]
        ).flatmap(lambda pair: st.tuples(st.just(pair), st.sampled_from([0.1, 0.2, 0.3, 0.5]))),
        max_size=40,
    )
)
def test_no_order_of_draws_overspends(draws):
    budget = Budget()
    for (purpose, period), epsilon in draws:
        try:
            budget = budget.charge(purpose, period, epsilon)
        except BudgetError:
            continue

    assert budget.spent("2026-02") <= 2.0


def test_five_tenths_are_one_half():
    budget = Budget()
    for _ in range(5):
        budget = budget.charge(Purpose.GROUPS, "2026-Q1", 0.1)

    assert budget.spent("2026-03") == 0.5


def test_a_refused_draw_leaves_the_ledger_as_it_was():
    budget = Budget().charge(Purpose.GROUPS, "2026-Q1", 0.4)

    with pytest.raises(BudgetError):
        budget.charge(Purpose.GROUPS, "2026-Q1", 0.2)

    assert budget.spent("2026-01") == 0.4


def test_a_stricter_city_has_a_smaller_budget():
    budget = Budget(rules=Rules(epsilon_groups=0.2))

    with pytest.raises(BudgetError):
        budget.charge(Purpose.GROUPS, "2026-Q1", 0.5)


def test_what_was_spent_under_looser_rules_counts_against_stricter_ones():
    budget = Budget()
    for purpose, period in (
        (Purpose.DISTRICT_QUARTER, "2026-Q1"),
        (Purpose.GROUPS, "2026-Q1"),
        (Purpose.CITY_MONTH, "2026-02"),
    ):
        budget = budget.charge(purpose, period, 0.5)
    strict = Rules(
        epsilon_lifetime=1.0,
        epsilon_district_quarter=0.25,
        epsilon_groups=0.25,
        epsilon_city_month=0.25,
        epsilon_revision=0.25,
    )
    budget = Budget(rules=strict, charges=budget.charges)

    with pytest.raises(BudgetError, match="an incident of 2026"):
        budget.charge(Purpose.REVISION, "2026", 0.25)
    assert budget.charge(Purpose.REVISION, "2027", 0.25).spent("2027") == 0.25


@pytest.mark.parametrize(
    ("purpose", "period", "epsilon"),
    [
        (Purpose.DISTRICT_QUARTER, "2026", 0.5),
        (Purpose.CITY_MONTH, "2026-13", 0.5),
        (Purpose.REVISION, "2026-Q1", 0.5),
        (Purpose.GROUPS, "2026-Q1", 0.0),
        (Purpose.GROUPS, "2026-Q1", -0.5),
    ],
)
def test_it_refuses_a_wrong_period_and_an_epsilon_that_spends_nothing(purpose, period, epsilon):
    with pytest.raises(BudgetError):
        Budget().charge(purpose, period, epsilon)
