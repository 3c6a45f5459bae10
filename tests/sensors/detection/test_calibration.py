"""Figures about probabilities, each against a slow and obvious count."""

from __future__ import annotations

import numpy as np
import pytest

from sensors.detection.calibration import (
    auc,
    brier,
    calibration_error,
    log_loss,
    reliability,
    rescaling,
)
from tests.reference.probabilities import auc_by_pairs, ece_by_bins, rescaling_by_search

PROB = np.array([0.05, 0.15, 0.15, 0.35, 0.65, 0.65, 0.95, 1.0])
TRUTH = np.array([False, False, True, False, True, False, True, True])


@pytest.mark.parametrize("seed", range(5))
def test_figures_agree_with_the_slow_count(seed):
    rng = np.random.default_rng(seed)
    prob = np.round(rng.random(60), 1 + seed % 3)  # with ties, and on the edges of bins
    truth = rng.random(60) < prob

    assert auc(prob, truth) == pytest.approx(auc_by_pairs(prob, truth))
    assert calibration_error(prob, truth) == pytest.approx(ece_by_bins(prob, truth))


@pytest.mark.parametrize("seed", range(3))
def test_rescaling_agrees_with_a_search(seed):
    rng = np.random.default_rng(seed)
    log_odds = rng.normal(0.0, 3.0, 80)
    truth = rng.random(80) < 1.0 / (1.0 + np.exp(-0.5 * log_odds + 0.4))

    assert rescaling(log_odds, truth) == pytest.approx(
        rescaling_by_search(log_odds, truth, 0.5), abs=1e-4
    )


def test_auc_of_one_kind_alone_is_not_a_number():
    assert np.isnan(auc(PROB, np.ones(8, bool)))


def test_brier_and_log_loss_by_hand():
    prob, truth = np.array([0.8, 0.4]), np.array([True, False])

    assert brier(prob, truth) == pytest.approx((0.04 + 0.16) / 2)
    assert log_loss(prob, truth) == pytest.approx(-(np.log(0.8) + np.log(0.6)) / 2)


def test_reliability_leaves_out_empty_bins_and_counts_everything_once():
    bins = reliability(PROB, TRUTH)

    assert [(b.low, b.n) for b in bins] == [(0.0, 1), (0.1, 2), (0.3, 1), (0.6, 2), (0.9, 2)]
    assert (bins[1].stated, bins[1].true) == (pytest.approx(0.15), 0.5)
    assert calibration_error(PROB, TRUTH) == pytest.approx(
        (1 * 0.05 + 2 * 0.35 + 1 * 0.35 + 2 * 0.15 + 2 * 0.025) / 8
    )


@pytest.mark.parametrize("figure", [auc, brier, calibration_error, log_loss])
def test_nothing_asked_is_not_a_number(figure):
    assert np.isnan(figure(np.empty(0), np.empty(0, bool)))


def test_overbold_log_odds_are_drawn_in_to_what_comes_true():
    rng = np.random.default_rng(1)
    true_odds = rng.normal(0.5, 1.5, 4000)
    truth = rng.random(4000) < 1.0 / (1.0 + np.exp(-true_odds))

    scale, shift = rescaling(3.0 * true_odds - 1.0, truth)

    assert scale == pytest.approx(1 / 3, abs=0.03)
    assert shift == pytest.approx(1 / 3, abs=0.12)


def test_a_handful_of_answers_hardly_rescales():
    scale, shift = rescaling(np.array([2.0, -2.0, 1.0]), np.array([True, False, True]))

    assert 1.0 < scale < 1.3
    assert abs(shift) < 0.2


def test_rescaling_survives_answers_of_one_kind_and_great_odds():
    scale, shift = rescaling(np.full(50, 700.0), np.zeros(50, bool))

    assert np.isfinite([scale, shift]).all()
    assert scale > 0.0
