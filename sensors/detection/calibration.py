"""Whether stated probabilities are true: area under the curve, calibration error, Brier, reliability."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sensors.detection.streams import Floats

BINS = 10


def logistic(log_odds: Floats) -> Floats:
    """Probability of log-odds, any shape; without overflow."""
    return np.asarray(np.exp(-np.logaddexp(0.0, -log_odds)))


@dataclass(frozen=True)
class ReliabilityBin:
    """Of n answers stated with a mean probability of ``stated``, the share ``true`` came true."""

    low: float
    high: float
    n: int
    stated: float
    true: float


def auc(prob: Floats, truth: NDArray[np.bool_]) -> float:
    """Chance that a true one is ranked over a false one, ties halved (Mann-Whitney). NaN without both."""
    n_true, n_false = int(truth.sum()), int((~truth).sum())
    if n_true == 0 or n_false == 0:
        return float("nan")
    _, which, count = np.unique(prob, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - 0.5 * (count - 1))[which]
    return float((rank[truth].sum() - n_true * (n_true + 1) / 2.0) / (n_true * n_false))


def brier(prob: Floats, truth: NDArray[np.bool_]) -> float:
    """Mean square of what was stated minus what was true. NaN of nothing."""
    return float(np.mean((prob - truth) ** 2)) if prob.size else float("nan")


def log_loss(prob: Floats, truth: NDArray[np.bool_]) -> float:
    """Mean surprise in nats. NaN of nothing."""
    if prob.size == 0:
        return float("nan")
    return float(-np.mean(np.log(np.clip(np.where(truth, prob, 1.0 - prob), 1e-12, 1.0))))


def reliability(
    prob: Floats, truth: NDArray[np.bool_], *, bins: int = BINS
) -> tuple[ReliabilityBin, ...]:
    """Equal widths over 0 to 1; empty bins are left out."""
    which = np.minimum((prob * bins).astype(int), bins - 1)
    return tuple(
        ReliabilityBin(
            k / bins,
            (k + 1) / bins,
            int(inside.sum()),
            float(prob[inside].mean()),
            float(truth[inside].mean()),
        )
        for k in range(bins)
        if (inside := which == k).any()
    )


def calibration_error(prob: Floats, truth: NDArray[np.bool_], *, bins: int = BINS) -> float:
    """ECE: mean over answers of |stated - true| of their bin. NaN of nothing.

    Chance alone gives about 0.4 / sqrt(n / bins): a small n cannot show a small error.
    """
    if prob.size == 0:
        return float("nan")
    return (
        sum(one.n * abs(one.stated - one.true) for one in reliability(prob, truth, bins=bins))
        / prob.size
    )


def rescaling(
    log_odds: Floats, truth: NDArray[np.bool_], *, doubt_sd: float = 0.5
) -> tuple[float, float]:
    """Platt's scale and shift that make log-odds true, near (1, 0) unless the answers say otherwise.

    Newton's method on the logistic loss with a normal prior of doubt_sd on log(scale) and shift, so
    that a handful of answers changes little and the scale stays positive.
    """
    log_scale, shift = 0.0, 0.0
    for _ in range(30):
        scale = np.exp(log_scale)
        prob = logistic(scale * log_odds + shift)
        miss, spread = truth - prob, prob * (1.0 - prob)
        along = scale * log_odds
        gradient = np.array(
            [miss @ along - log_scale / doubt_sd**2, miss.sum() - shift / doubt_sd**2]
        )
        cross = float(spread @ along)
        curvature = np.array([[spread @ along**2, cross], [cross, spread.sum()]])
        step = np.linalg.solve(curvature + np.eye(2) / doubt_sd**2, gradient)
        step = np.clip(step, -0.5, 0.5)
        log_scale, shift = log_scale + float(step[0]), shift + float(step[1])
        if np.abs(step).max() < 1e-9:
            break
    return float(np.exp(log_scale)), shift
