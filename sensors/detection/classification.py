"""How likely it is that an incident was gunfire. Uncalibrated until a city's reviews calibrate it.

A naive Bayes over physically argued features, each pooled over the sensors that took part: one
pulse says little, the mean over sensors says more, but not without limit, because an incident's
pulses share its street (``shared_sd``). A feature that the input lacks says nothing.

Where the numbers come from: gunfire rise, duration and centroid are from 1,380 clips of the
Pittsburgh live-fire set (three pistols), level from its pulses. **Everything about fireworks and
other impulses is an assumption** from the general literature (docs/detection.md): no labelled set
with a licence exists.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sensors.detection.streams import Floats

KINDS = ("gunfire", "firework", "impulse")
PRIOR = np.array([0.5, 0.25, 0.25])
"""Of incidents that several sensors locate; a city's own history replaces it."""

_LEVEL_AT_100_M_DB = 92.0
_LEVEL_FALL_DB = 15.0
"""Level falls by 15 dB for each tenfold distance: 92 dB at 100 m, 80 dB at 600 m as measured. Less
than the 20 dB of free air, because a sensor reports only the pulses loud enough to be heard."""
_CENTROID_M, _CENTROID_HZ = np.array([100.0, 225.0, 400.0]), np.array([830.0, 615.0, 550.0])
"""Air and edges take the high tones: measured gunshot centroids by distance."""


@dataclass(frozen=True)
class Law:
    """A Gaussian law of one feature's value for one pulse: mean per kind, in the order of ``KINDS``,
    sd between pulses of an incident, and the part of the doubt that all its pulses share."""

    mean: tuple[float, float, float]
    pulse_sd: float
    shared_sd: tuple[float, float, float]


LAWS: dict[str, Law] = {
    # natural logs of milliseconds and of the ratio to a gunshot's centroid at that distance
    "log_rise": Law((0.1, 0.8, 1.5), 0.9, (0.3, 0.5, 0.6)),
    "log_duration": Law((5.0, 5.6, 5.3), 0.6, (0.25, 0.4, 0.5)),
    "log_centroid_ratio": Law((0.0, -0.35, -0.3), 0.2, (0.15, 0.3, 0.4)),
    # decibels over a pistol at that distance
    "level_excess_db": Law((0.0, -3.0, -10.0), 8.0, (4.0, 6.0, 7.0)),
}

_ROUNDS_MEAN = (3.0, 18.0, 1.7)
"""Geometric laws of the number of rounds; half of the fireworks are single shells, half strings."""
_LOG_GAP_MEAN, _LOG_GAP_SD = (-0.7, -2.1, 0.0), (0.7, 0.5, 0.9)
"""Median gap between rounds: half a second for a pistol, 0.12 s for a string (5 to 20 cracks a second)."""


def pooled_features(
    *,
    distance_m: Floats,
    rise_ms: Floats,
    dur_ms: Floats,
    centroid_hz: Floats,
    peak_db: Floats,
    round_t_s: Floats,
) -> dict[str, float]:
    """Means over the pulses of one incident, and how many pulses each rests on. NaN where none.

    All but round_t_s (r,) have shape (k,): one value a pulse, NaN where unknown.
    """
    away = np.maximum(distance_m, 50.0)
    values = {
        "log_rise": _log(rise_ms),
        "log_duration": _log(dur_ms),
        "log_centroid_ratio": _log(centroid_hz)
        - np.log(np.interp(away, _CENTROID_M, _CENTROID_HZ)),
        "level_excess_db": np.where(
            (peak_db > 0.0) & (peak_db < 200.0),
            peak_db - _LEVEL_AT_100_M_DB + _LEVEL_FALL_DB * np.log10(away / 100.0),
            np.nan,
        ),
    }
    pooled: dict[str, float] = {}
    for name, value in values.items():
        known = value[np.isfinite(value)]
        pooled[name] = float(known.mean()) if known.size else float("nan")
        pooled[f"{name}_n"] = float(known.size)
    gaps = np.diff(np.sort(round_t_s))
    pooled["rounds"] = float(round_t_s.size)
    pooled["median_gap_s"] = float(np.median(gaps)) if gaps.size else float("nan")
    return pooled


def _log(values: Floats) -> Floats:
    return np.log(np.where((values > 0.0) & (values < 1e6), values, np.nan))


def classify(features: dict[str, float]) -> tuple[str, float, Floats]:
    """The likeliest kind, the probability of gunfire, and the probabilities of all ``KINDS`` (3,)."""
    log_odds = np.log(PRIOR) + _rhythm(features["rounds"], features["median_gap_s"])
    for name, law in LAWS.items():
        if features[f"{name}_n"] > 0:
            variance = law.pulse_sd**2 / features[f"{name}_n"] + np.square(law.shared_sd)
            miss = features[name] - np.array(law.mean)
            log_odds += -0.5 * miss**2 / variance - 0.5 * np.log(variance)
    share = np.exp(log_odds - log_odds.max())
    share /= share.sum()
    return KINDS[int(np.argmax(share))], float(share[0]), share


def _rhythm(rounds: float, median_gap_s: float) -> Floats:
    stay = 1.0 - 1.0 / np.array(_ROUNDS_MEAN)
    count = (rounds - 1.0) * np.log(stay) + np.log1p(-stay)
    if rounds == 1.0:
        count[1] = np.log(0.5)
    else:
        count[1] += np.log(0.5)
    if not np.isfinite(median_gap_s):
        return count
    miss = (np.log(max(median_gap_s, 0.01)) - np.array(_LOG_GAP_MEAN)) / np.array(_LOG_GAP_SD)
    return np.asarray(count - 0.5 * miss**2 - np.log(_LOG_GAP_SD))
