"""The laws of sound and rhythm by kind: what is believed of an incident before a city has reviewed any.

Gunfire's rise, duration and tone are measured on 1,380 clips of the Pittsburgh live-fire set (three
pistols), its level on that set's pulses. **Everything about fireworks and other impulses is an
assumption** from the general literature: no labelled set with a licence exists. So their doubts are
wide, no answer from laws alone is surer than ``SUREST``, and a city's own reviews may overrule each
number (``sensors.detection.learning``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sensors.detection.features import PULSE_FEATURES, known
from sensors.detection.streams import Floats

KINDS = ("gunfire", "firework", "impulse")
TERMS = ("prior", "rhythm", *PULSE_FEATURES)
"""Whose share of the log-odds is told apart, in this order."""
UNEVENNESS_SD = 0.3
"""Chance in the unevenness of one gap; a mean of n gaps has this over sqrt(n)."""
SUREST = 4.0
"""Log-odds that laws alone may approach, 98 %: they have not been checked against this city."""
_MOST_ROUNDS = 200.0
_FARTHEST_SD = 4.0
"""A feature further off than this counts as this far off: laws have no such tails."""


@dataclass(frozen=True)
class Source:
    """Something that bangs. share: of all incidents. rounds: mean number, geometric. log_gap_s,
    gap_unevenness: mean and sd. sounds: mean and sd between incidents of each of ``PULSE_FEATURES``."""

    kind: str
    share: float
    rounds: float
    log_gap_s: tuple[float, float]
    gap_unevenness: tuple[float, float]
    sounds: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Laws:
    """sources, and pulse_sd: sd between pulses of one incident for each of ``PULSE_FEATURES``."""

    sources: tuple[Source, ...]
    pulse_sd: tuple[float, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "sources": [vars(source) | {} for source in self.sources],
            "pulse_sd": list(self.pulse_sd),
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Laws:
        return cls(
            tuple(
                Source(
                    kind=str(one["kind"]),
                    share=float(one["share"]),
                    rounds=float(one["rounds"]),
                    log_gap_s=_pair(one["log_gap_s"]),
                    gap_unevenness=_pair(one["gap_unevenness"]),
                    sounds=tuple(_pair(sound) for sound in one["sounds"]),
                )
                for one in told["sources"]
            ),
            tuple(float(sd) for sd in told["pulse_sd"]),
        )


def _pair(told: Any) -> tuple[float, float]:
    mean, sd = told
    return float(mean), float(sd)


# Sounds: log of rise in ms, log of duration in ms, log of the ratio to a gunshot's centroid at that
# distance, decibels over a pistol at that distance.
LAWS = Laws(
    sources=(
        Source("gunfire", 0.42, 3.0, (-0.9, 0.6), (0.25, 0.12),
               ((0.1, 0.3), (5.0, 0.3), (0.0, 0.2), (0.0, 5.0))),
        # a magazine emptied as fast as a finger can, some five a second
        Source("gunfire", 0.05, 15.0, (-1.5, 0.4), (0.2, 0.1),
               ((0.1, 0.3), (5.0, 0.3), (0.0, 0.2), (0.0, 5.0))),
        # automatic fire: a machine's 10 to 15 a second, even, with pauses between bursts
        Source("gunfire", 0.03, 12.0, (-2.4, 0.3), (0.05, 0.05),
               ((0.1, 0.3), (5.0, 0.3), (0.0, 0.2), (2.0, 5.0))),
        # strings: 5 to 20 cracks a second, at random
        Source("firework", 0.13, 18.0, (-2.1, 0.5), (0.5, 0.15),
               ((0.6, 0.6), (5.3, 0.6), (-0.1, 0.4), (-4.0, 6.0))),
        Source("firework", 0.12, 1.4, (0.6, 0.7), (0.35, 0.2),
               ((0.9, 0.5), (5.7, 0.5), (-0.4, 0.3), (0.0, 7.0))),
        # backfire: slow rise, alone
        Source("impulse", 0.10, 1.4, (-0.3, 0.8), (0.4, 0.3),
               ((1.7, 0.6), (5.3, 0.5), (-0.4, 0.4), (-8.0, 7.0))),
        # building sites: strictly regular, and long
        Source("impulse", 0.08, 15.0, (0.0, 0.7), (0.05, 0.05),
               ((1.0, 0.8), (4.8, 0.6), (0.1, 0.5), (-10.0, 7.0))),
        Source("impulse", 0.07, 1.7, (0.0, 1.0), (0.4, 0.3),
               ((1.5, 0.8), (5.3, 0.6), (-0.2, 0.5), (-8.0, 8.0))),
    ),
    pulse_sd=(0.9, 0.6, 0.2, 8.0),
)  # fmt: skip


def kind_log_weights(features: Mapping[str, float], laws: Laws) -> Floats:
    """log(share x likelihood) by term and source, shape (len(TERMS), n sources); 0 where unknown."""
    table = np.zeros((len(TERMS), len(laws.sources)))
    for column, source in enumerate(laws.sources):
        table[0, column] = np.log(source.share)
        table[1, column] = _rhythm(features, source)
        for row, name in enumerate(PULSE_FEATURES):
            value, count = known(features, name), known(features, f"{name}_n")
            if count > 0.0 and np.isfinite(value):
                mean, shared_sd = source.sounds[row]
                variance = laws.pulse_sd[row] ** 2 / count + shared_sd**2
                table[2 + row, column] = _log_normal(value, mean, float(np.sqrt(variance)))
    return table


def judge_by_laws(features: Mapping[str, float], laws: Laws) -> tuple[Floats, dict[str, float]]:
    """Probabilities of ``KINDS`` (3,), and what each of ``TERMS`` adds to the log-odds of gunfire.

    The terms sum to the log-odds exactly. What a term adds depends on what is already known, so it is
    the mean of adding it in the order of ``TERMS`` and in the reverse order.
    """
    table = kind_log_weights(features, laws)
    member = np.array([[s.kind == kind for s in laws.sources] for kind in KINDS])
    forward = _log_odds_steps(table, member)
    backward = _log_odds_steps(table[[0, *range(len(TERMS) - 1, 0, -1)]], member)
    added = 0.5 * (forward + backward[[0, *range(len(TERMS) - 1, 0, -1)]])
    log_odds = float(added.sum())
    stated = SUREST * np.tanh(log_odds / SUREST)
    added *= stated / log_odds if abs(log_odds) > 1e-12 else 1.0
    by_kind = _log_sums(table.sum(axis=0), member)
    return share_kinds(stated, by_kind), dict(zip(TERMS, added.tolist(), strict=True))


def share_kinds(log_odds_gunfire: float, log_weight: Floats) -> Floats:
    """Probabilities of ``KINDS`` where gunfire has these log-odds and the others share the rest as weighed."""
    gunfire = 1.0 / (1.0 + np.exp(-log_odds_gunfire))
    rest = np.exp(log_weight[1:] - log_weight[1:].max())
    return np.concatenate([[gunfire], (1.0 - gunfire) * rest / rest.sum()])


def _log_odds_steps(table: Floats, member: Floats) -> Floats:
    sums = _log_sums(np.cumsum(table, axis=0), member)
    odds = sums[..., 0] - np.logaddexp(sums[..., 1], sums[..., 2])
    return np.diff(odds, prepend=0.0)


def _log_sums(weight: Floats, member: Floats) -> Floats:
    """log of the summed weights of each kind's sources: (..., sources) -> (..., 3)."""
    masked = np.where(member, weight[..., None, :], -np.inf)
    return np.asarray(np.logaddexp.reduce(masked, axis=-1))


def _rhythm(features: Mapping[str, float], source: Source) -> float:
    rounds = float(np.clip(known(features, "rounds"), 1.0, _MOST_ROUNDS))
    if np.isnan(rounds):
        return 0.0
    end = 1.0 / source.rounds
    weight = (rounds - 1.0) * np.log1p(-end) + np.log(end)
    gap_s = known(features, "median_gap_s")
    if np.isfinite(gap_s):
        weight += _log_normal(float(np.log(np.clip(gap_s, 0.01, 100.0))), *source.log_gap_s)
    uneven = known(features, "gap_unevenness")
    if np.isfinite(uneven) and rounds > 3:  # two gaps say nothing of evenness
        mean, sd = source.gap_unevenness
        weight += _log_normal(uneven, mean, float(np.hypot(sd, UNEVENNESS_SD / np.sqrt(rounds))))
    return float(weight)


def _log_normal(value: float, mean: float, sd: float) -> float:
    miss = min(abs(value - mean) / sd, _FARTHEST_SD)
    return float(-0.5 * miss**2 - np.log(sd))
