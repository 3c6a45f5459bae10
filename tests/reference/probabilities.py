"""Figures about probabilities and the fit behind them, written again: slow, by the definitions, by search."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize


def auc_by_pairs(prob, truth) -> float:
    """Every true answer against every false one."""
    wins = [
        1.0 if p > q else 0.5 if p == q else 0.0
        for p, is_true in zip(prob, truth, strict=True)
        if is_true
        for q, other in zip(prob, truth, strict=True)
        if not other
    ]
    return float(np.mean(wins))


def ece_by_bins(prob, truth, bins: int = 10) -> float:
    """Answers put into bins one by one; the bins' gaps weighed by what is in them."""
    held: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    for p, is_true in zip(prob, truth, strict=True):
        held[next(k for k in range(bins) if p < (k + 1) / bins or k == bins - 1)].append(
            (p, is_true)
        )
    gaps = [
        len(one) * abs(np.mean([p for p, _ in one]) - np.mean([t for _, t in one]))
        for one in held
        if one
    ]
    return float(sum(gaps) / len(prob))


def weights_by_search(design, truth, mean, sd):
    """The MAP weights of a logistic regression by a general optimiser on the written-out objective."""

    def surprise(weights):
        odds = design @ weights
        sign = np.where(truth, 1.0, -1.0)
        return float(
            np.logaddexp(0.0, -sign * odds).sum() + 0.5 * (((weights - mean) / sd) ** 2).sum()
        )

    found = minimize(surprise, mean, method="BFGS", options={"gtol": 1e-7, "maxiter": 5000})
    return found.x


def rescaling_by_search(log_odds, truth, doubt_sd: float):
    """Platt's scale and shift under normal priors, by the same optimiser."""

    def surprise(pair):
        odds = np.exp(pair[0]) * log_odds + pair[1]
        sign = np.where(truth, 1.0, -1.0)
        return float(np.logaddexp(0.0, -sign * odds).sum() + 0.5 * (pair**2).sum() / doubt_sd**2)

    found = minimize(
        surprise, np.zeros(2), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12}
    )
    return float(np.exp(found.x[0])), float(found.x[1])


def kind_odds_by_words(features, laws) -> float:
    """Log-odds of gunfire by the laws, source by source with scipy's normal density, before any bound."""
    from scipy.stats import geom, norm

    from sensors.detection.features import PULSE_FEATURES

    weight = {"gunfire": 0.0, "rest": 0.0}
    for source in laws.sources:
        likely = source.share * geom.pmf(int(features["rounds"]), 1.0 / source.rounds)
        if np.isfinite(features["median_gap_s"]):
            likely *= norm.pdf(np.log(features["median_gap_s"]), *source.log_gap_s)
        if np.isfinite(features["gap_unevenness"]) and features["rounds"] > 3:
            mean, sd = source.gap_unevenness
            doubt = np.hypot(sd, 0.3 / np.sqrt(features["rounds"]))
            likely *= norm.pdf(features["gap_unevenness"], mean, doubt)
        for name, pulse_sd, (mean, sd) in zip(
            PULSE_FEATURES, laws.pulse_sd, source.sounds, strict=True
        ):
            if features[f"{name}_n"] > 0:
                doubt = np.sqrt(sd**2 + pulse_sd**2 / features[f"{name}_n"])
                likely *= norm.pdf(features[name], mean, doubt)
        weight["gunfire" if source.kind == "gunfire" else "rest"] += likely
    return float(np.log(weight["gunfire"] / weight["rest"]))
