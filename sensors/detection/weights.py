"""Log-odds as a sum: what the laws say, and a slope and a bend for each pooled feature.

The sum keeps every answer explainable: each input's share can be told apart. A bend (a square) lets
kinds differ in their spread and lets a kind lie between others, as gunfire's rise does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sensors.detection.features import PULSE_FEATURES, known
from sensors.detection.streams import Floats

INPUTS = (
    *PULSE_FEATURES,
    "level_slope",
    "log_rounds",
    "log_gap",
    "log_least_gap",
    "gap_spread",
    "gap_unevenness",
    "gap_trend",
    "log_reach",
    "heard_odds",
)
LEARNT_TERMS = ("level_slope_db", "reach_m", "heard_share")
"""Terms that only a history speaks of: the laws claim nothing about them."""
INPUT_TERM = (
    *PULSE_FEATURES,
    "level_slope_db",
    *(["rhythm"] * 6),
    "reach_m",
    "heard_share",
)
"""The term of the reasoning that each input belongs to."""

_PULSE_SD = (0.9, 0.6, 0.25, 7.0)
"""Between pulses of one incident, as measured; counts as much as ``_USUAL_N`` pulses of the incident."""
_USUAL_N = 5.0
_SPREAD_SD, _TREND_SD = 0.5, 0.7
_FARTHEST = 4.0
"""Spreads: an input further from the middle counts as this far, whatever a hostile sensor claims."""
_FARTHEST_BEND = 2.0
_LEAST_SIGNAL = 0.2
"""Share of an input's variance that is taken to be between incidents, at least."""

Features = Mapping[str, float]


def input_matrix(features: Sequence[Features]) -> tuple[Floats, Floats]:
    """Values (n, len(INPUTS)), NaN where unknown, and the variance of each by chance, inf where unknown."""
    pairs = np.array([_inputs(one) for one in features]).reshape(len(features), 2, len(INPUTS))
    value, noise = pairs[:, 0], pairs[:, 1]
    told = np.isfinite(value) & np.isfinite(noise)
    return np.where(told, value, np.nan), np.where(told, noise, np.inf)


def _inputs(told: Features) -> tuple[list[float], list[float]]:
    value, noise = [], []
    for name, sd in zip(PULSE_FEATURES, _PULSE_SD, strict=True):
        value.append(known(told, name))
        noise.append(_chance(sd, known(told, f"{name}_sd"), known(told, f"{name}_n")))
    value.append(known(told, "level_slope_db"))
    noise.append(_over(_PULSE_SD[3] ** 2, known(told, "level_slope_n")))
    rounds = known(told, "rounds")
    heard = float(np.clip(known(told, "heard_share"), 0.02, 0.98))
    value += [
        _log(rounds),
        _log(known(told, "median_gap_s")),
        _log(known(told, "least_gap_s")),
        known(told, "gap_spread"),
        known(told, "gap_unevenness"),
        known(told, "gap_trend"),
        _log(known(told, "reach_m")),
        float(np.log(heard / (1.0 - heard))),
    ]
    few = _SPREAD_SD**2 / max(1.0, rounds - 2.0)
    noise += [0.0, 0.0, 0.0, few, few, _TREND_SD**2, 0.0, 0.0]
    return value, noise


def _chance(usual_sd: float, own_sd: float, count: float) -> float:
    """Variance of a mean of ``count`` pulses, from their own scatter as far as they are many."""
    own = own_sd if 0.0 <= own_sd < 10.0 * usual_sd else usual_sd
    return _over((count * own**2 + _USUAL_N * usual_sd**2) / (count + _USUAL_N), count)


def _over(variance: float, count: float) -> float:
    return variance / count if count > 0.0 else float("inf")


def _log(value: float) -> float:
    return float(np.log(value)) if value > 0.0 else float("nan")


@dataclass(frozen=True, eq=False)
class Scale:
    """Middle and spread of each input between incidents, and the part of its variance that is real,
    not chance; all (len(INPUTS),)."""

    middle: Floats
    spread: Floats
    signal: Floats

    @classmethod
    def of(cls, value: Floats, noise: Floats) -> Scale:
        """From a history's inputs; an input that it never has gets (0, 1)."""
        middle, spread, chance = np.zeros(len(INPUTS)), np.ones(len(INPUTS)), np.zeros(len(INPUTS))
        for k in range(len(INPUTS)):
            told = value[np.isfinite(value[:, k]), k]
            if told.size:
                middle[k] = np.median(told)
                spread[k] = max(float(np.clip(told, *_fences(told)).std()), 1e-3)
                chance[k] = noise[np.isfinite(value[:, k]), k].mean()
        signal = np.maximum(spread**2 - chance, _LEAST_SIGNAL * spread**2)
        return cls(middle, spread, signal)


def _fences(value: Floats) -> tuple[float, float]:
    low, high = np.quantile(value, [0.25, 0.75])
    return low - 3.0 * (high - low), high + 3.0 * (high - low)


def columns(value: Floats, noise: Floats, scale: Scale) -> tuple[Floats, Floats]:
    """Slopes' and bends' columns (n, len(INPUTS)) of input values: each drawn to the middle by as much
    as it may be chance, so that an unknown one is 0 and a mean of two pulses counts for little."""
    told = np.isfinite(value)
    trust = np.where(told, scale.signal / (scale.signal + np.where(told, noise, 0.0)), 0.0)
    away = np.where(told, (np.where(told, value, 0.0) - scale.middle) / scale.spread, 0.0)
    straight = trust * np.clip(away, -_FARTHEST, _FARTHEST)
    bent = np.clip(straight, -_FARTHEST_BEND, _FARTHEST_BEND) ** 2
    return straight, np.where(told, 0.5 * (bent - 1.0), 0.0)


@dataclass(frozen=True, eq=False)
class Weights:
    """log-odds = prior + law x (what the laws say) + slope . inputs + bend . squares."""

    scale: Scale
    prior: float
    law: float
    slope: Floats
    bend: Floats

    def terms(self, features: Features, laws_say: Mapping[str, float]) -> dict[str, float]:
        """What each term adds to the log-odds. laws_say: the laws' log-odds by term."""
        straight, bent = columns(*input_matrix([features]), self.scale)
        added = (straight * self.slope + bent * self.bend)[0]
        terms = {term: self.law * value for term, value in laws_say.items()}
        terms["prior"] = terms.get("prior", 0.0) + self.prior
        for term, value in zip(INPUT_TERM, added.tolist(), strict=True):
            terms[term] = terms.get(term, 0.0) + value
        return terms

    def to_json(self) -> dict[str, Any]:
        scale = {name: column.tolist() for name, column in vars(self.scale).items()}
        return {
            "inputs": list(INPUTS),
            "scale": scale,
            "prior": self.prior,
            "law": self.law,
            "slope": self.slope.tolist(),
            "bend": self.bend.tolist(),
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Weights:
        """Raises ValueError where the weights are for other inputs than ``INPUTS``."""
        if list(told["inputs"]) != list(INPUTS):
            raise ValueError(f"weights: got inputs {told['inputs']}; wanted {list(INPUTS)}")
        scale = Scale(**{name: np.array(column, float) for name, column in told["scale"].items()})
        slope, bend = np.array(told["slope"], float), np.array(told["bend"], float)
        return cls(scale, float(told["prior"]), float(told["law"]), slope, bend)
