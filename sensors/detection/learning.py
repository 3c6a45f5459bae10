"""Learning from reviewed incidents: weights that a few reviews nudge and many overrule the laws with.

Logistic regression with normal priors (MAP): the prior mean is "the laws are right" or "the laws
say nothing", the prior spread how far a city may differ. Which of these settings fits is weighed
by cross-validation, and their weights are averaged rather than one of them chosen, which costs
nothing (a mean of sums is a sum) and is steadier when reviews are few. Platt's scale and shift,
from answers on reviews that a fit had not seen, make the probabilities true. Everything is
deterministic and independent of the order of the reviews.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sensors.detection.calibration import (
    auc,
    brier,
    calibration_error,
    log_loss,
    logistic,
    reliability,
    rescaling,
)
from sensors.detection.classification import DEFAULT, FORMAT, Classifier, digest
from sensors.detection.laws import LAWS, judge_by_laws
from sensors.detection.streams import Floats
from sensors.detection.weights import INPUTS, Features, Scale, Weights, columns, input_matrix

Bools = NDArray[np.bool_]

FEWEST_OF_EACH = 2
"""Reviews of gunfire, and of anything else, below which nothing is learnt."""
FEWEST_FOR_REST = 5
FOLDS = 8
_SLOPE_SDS = (0.1, 0.3, 1.0, 3.0)
_BEND_SHARES = (0.3, 1.0)
_LAW_MEANS = (1.0, 0.0)
_LAW_SD, _PRIOR_SD = 0.5, 2.0
_BOLDNESS = 1.0
"""Nats that a setting must gain over the one that trusts the laws and their slopes more, per step."""


@dataclass(frozen=True, eq=False)
class History:
    """Reviewed incidents: pooled features of each, and its kind (n,), one of ``KINDS``."""

    features: tuple[Features, ...]
    kind: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.features)

    def take(self, rows: NDArray[Any]) -> History:
        return History(tuple(self.features[k] for k in rows), self.kind[rows])


def train(history: History) -> Classifier:
    """The classifier that these reviews teach; ``DEFAULT`` where they hold too few of either kind."""
    history = _in_own_order(history)
    is_gunfire = history.kind == "gunfire"
    if min(is_gunfire.sum(), (~is_gunfire).sum()) < FEWEST_OF_EACH:
        return DEFAULT
    said = np.array([judge_by_laws(one, LAWS)[0] for one in history.features])
    log_odds = np.log(said[:, 0]) - np.log1p(-said[:, 0])
    gunfire = _fit(history.features, log_odds, is_gunfire)
    rest, other = None, np.flatnonzero(~is_gunfire)
    is_firework = history.kind[other] == "firework"
    if min(is_firework.sum(), (~is_firework).sum()) >= FEWEST_FOR_REST:
        features = [history.features[k] for k in other]
        rest = _fit(features, np.log(said[other, 1] / said[other, 2]), is_firework)
    version = f"reviews-{len(history)}-{digest([FORMAT, _told(history), LAWS.to_json(), INPUTS])}"
    return Classifier(version, LAWS, gunfire, rest, len(history))


@dataclass(frozen=True)
class Report:
    """How true answers were on reviews that the classifier had not seen. n_gunfire of n were gunfire."""

    n: int
    n_gunfire: int
    auc: float
    ece: float
    brier: float
    log_loss: float
    bins: tuple[dict[str, float], ...]

    @classmethod
    def of(cls, prob: Floats, truth: Bools) -> Report:
        return cls(
            n=int(truth.size),
            n_gunfire=int(truth.sum()),
            auc=auc(prob, truth),
            ece=calibration_error(prob, truth),
            brier=brier(prob, truth),
            log_loss=log_loss(prob, truth),
            bins=tuple(asdict(one) for one in reliability(prob, truth)),
        )


def cross_validated(history: History) -> tuple[Report, Floats]:
    """What ``train`` achieves on reviews left out, an eighth at a time; and the probability of each (n,),
    in the history's order."""
    is_gunfire = history.kind == "gunfire"
    order = _own_order(history)
    fold = np.empty(len(history), int)
    fold[order] = _folds(is_gunfire[order], FOLDS)
    prob = np.empty(len(history))
    for k in np.unique(fold):
        classifier = train(history.take(np.flatnonzero(fold != k)))
        for row in np.flatnonzero(fold == k):
            prob[row] = classifier.judge(history.features[row]).prob
    return Report.of(prob, is_gunfire), prob


def _told(history: History) -> list[Any]:
    value, noise = input_matrix(history.features)
    return [np.nan_to_num(np.hstack([value, noise]), posinf=-1.0).tolist(), history.kind.tolist()]


def _own_order(history: History) -> NDArray[np.int64]:
    """An order that only the reviews themselves decide."""
    told = list(zip(*_told(history), strict=True))
    return np.array(sorted(range(len(history)), key=told.__getitem__), np.int64)


def _in_own_order(history: History) -> History:
    return history.take(_own_order(history))


def _folds(truth: Bools, folds: int) -> NDArray[np.int64]:
    """Each kind dealt out evenly, at random but always the same."""
    rng = np.random.default_rng(len(truth))
    fold = np.empty(truth.size, np.int64)
    for kind in (False, True):
        members = rng.permutation(np.flatnonzero(truth == kind))
        fold[members] = np.arange(members.size) % folds
    return fold


def _fit(features: Sequence[Features], laws_say: Floats, truth: Bools) -> Weights:
    value, noise = input_matrix(features)
    scale = Scale.of(value, noise)
    straight, bent = columns(value, noise, scale)
    design = np.column_stack([np.ones(truth.size), laws_say, straight, bent])
    fold = _folds(truth, int(min(FOLDS, truth.sum(), (~truth).sum())))
    weights, unseen, worth = [], [], []
    for (s, slope_sd), bend, (m, law_mean) in product(
        enumerate(_SLOPE_SDS), _BEND_SHARES, enumerate(_LAW_MEANS)
    ):
        mean, sd = _prior(law_mean, slope_sd, bend)
        weights.append(most_likely(design, truth, mean, sd))
        unseen.append(_unseen(design, truth, fold, mean, sd))
        worth.append(-truth.size * log_loss(logistic(unseen[-1]), truth) - _BOLDNESS * (s + m))
    share = np.exp(np.array(worth) - max(worth))
    share /= share.sum()
    mixed = share @ np.array(weights)
    stretch, shift = rescaling(share @ np.array(unseen), truth)
    mixed = stretch * mixed
    slope, bend_weights = mixed[2 : 2 + len(INPUTS)], mixed[2 + len(INPUTS) :]
    return Weights(scale, float(mixed[0] + shift), float(mixed[1]), slope, bend_weights)


def _prior(law_mean: float, slope_sd: float, bend_share: float) -> tuple[Floats, Floats]:
    sd = np.full(2 + 2 * len(INPUTS), slope_sd)
    sd[:2] = _PRIOR_SD, _LAW_SD
    sd[2 + len(INPUTS) :] *= bend_share
    mean = np.zeros(sd.size)
    mean[1] = law_mean
    return mean, sd


def _unseen(
    design: Floats, truth: Bools, fold: NDArray[np.int64], mean: Floats, sd: Floats
) -> Floats:
    """Log-odds of each row by weights that were fitted without its fold."""
    log_odds = np.empty(truth.size)
    for k in np.unique(fold):
        kept = fold != k
        log_odds[~kept] = design[~kept] @ most_likely(design[kept], truth[kept], mean, sd)
    return log_odds


def most_likely(design: Floats, truth: Bools, mean: Floats, sd: Floats) -> Floats:
    """MAP weights (d,) of a logistic regression: design (n, d), truth (n,), prior mean and sd (d,).

    Newton's method on a concave sum, steps held to 3 until near: it always arrives.
    """
    weights = mean.copy()
    for _ in range(60):
        prob = logistic(design @ weights)
        gradient = design.T @ (truth - prob) - (weights - mean) / sd**2
        curvature = (design * (prob * (1.0 - prob))[:, None]).T @ design + np.diag(1.0 / sd**2)
        step = np.linalg.solve(curvature, gradient)
        longest = float(np.abs(step).max())
        weights = weights + step * min(1.0, 3.0 / max(longest, 1e-12))
        if longest < 1e-8:
            break
    return weights
