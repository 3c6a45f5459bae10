"""What the pulses of one incident say together: pooled features, each with how many pulses it rests on.

One pulse says little (a single rise time scatters by a factor of 2.5), the mean over sensors says
more. A feature that the input lacks is NaN and says nothing; a value that no microphone could have
given is treated as lacking.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sensors.detection.streams import Floats, Ints

LEVEL_AT_100_M_DB = 92.0
LEVEL_FALL_DB = 15.0
"""A pistol's level falls by 15 dB for each tenfold distance: 92 dB at 100 m, 80 dB at 600 m as measured on
the live-fire set. Less than the 20 dB of free air, because a sensor reports only what was loud enough."""
_CENTROID_M, _CENTROID_HZ = np.array([100.0, 225.0, 400.0]), np.array([830.0, 615.0, 550.0])
"""Air and edges take the high tones: measured gunshot centroids by distance."""
NEAREST_M = 50.0
"""Nearer than this the place's own doubt makes distance meaningless as a yardstick."""

PULSE_FEATURES = ("log_rise", "log_duration", "log_centroid_ratio", "level_excess_db")
RHYTHM_FEATURES = (
    *("rounds", "median_gap_s", "least_gap_s"),
    *("gap_spread", "gap_unevenness", "gap_trend"),
)
REACH_FEATURES = ("level_slope_db", "level_slope_n", "reach_m", "heard_share")
FEATURES = (
    *(f"{name}{part}" for name in PULSE_FEATURES for part in ("", "_sd", "_n")),
    *RHYTHM_FEATURES,
    *REACH_FEATURES,
)
"""Keys of ``pooled_features`` and the columns by which an events file is itself a history."""

_ABSURD = 1e9
_SANE = {"rise_ms": 1e4, "dur_ms": 1e5, "centroid_hz": 1e5}
_HUBER = 1.5
_FEWEST_FOR_SLOPE = 3
_LEAST_LOG_SPAN = 0.1
"""Sensors all at one distance (within a quarter) show no slope."""


def pooled_features(
    *,
    distance_m: Floats,
    rise_ms: Floats,
    dur_ms: Floats,
    centroid_hz: Floats,
    peak_db: Floats,
    round_t_s: Floats,
    n_asked: int = 0,
    sensor: Ints | None = None,
) -> dict[str, float]:
    """Robust means over the pulses of one incident, their spread, their number; rhythm; reach.

    All but round_t_s (r,) have shape (k,): one value a pulse, NaN where unknown. sensor: (k,) who heard
    it, and n_asked how many could have: without them reach and share are NaN. Keys are ``FEATURES``.
    """
    away = np.maximum(distance_m, NEAREST_M)
    log_away = np.log10(away / 100.0)
    values = {
        "log_rise": _log(rise_ms, _SANE["rise_ms"]),
        "log_duration": _log(dur_ms, _SANE["dur_ms"]),
        "log_centroid_ratio": _log(centroid_hz, _SANE["centroid_hz"])
        - np.log(np.interp(away, _CENTROID_M, _CENTROID_HZ)),
        "level_excess_db": np.where(
            (peak_db > 0.0) & (peak_db < 200.0),
            peak_db - LEVEL_AT_100_M_DB + LEVEL_FALL_DB * log_away,
            np.nan,
        ),
    }
    pooled: dict[str, float] = {}
    for name, value in values.items():
        known = value[np.isfinite(value)]
        pooled[name], pooled[f"{name}_sd"] = _robust_mean_sd(known)
        pooled[f"{name}_n"] = float(known.size)
    slope, slope_n = _slope(log_away, values["level_excess_db"])
    pooled |= {"level_slope_db": slope, "level_slope_n": slope_n}
    return pooled | rhythm_features(round_t_s) | _reach(distance_m, n_asked, sensor)


def rhythm_features(round_t_s: Floats) -> dict[str, float]:
    """rounds; median_gap_s; least_gap_s: their tenth percentile, which a finger cannot bring below a tenth
    of a second and a string can. gap_spread: sd of the gaps' logs (0 is a metronome, from 3 rounds).
    gap_unevenness: their median absolute deviation, which a pause between bursts leaves small.
    gap_trend: change of the gaps' log from first to last (positive slows down, from 4 rounds)."""
    gaps = np.diff(np.sort(round_t_s[np.isfinite(round_t_s)]))
    logs = np.log(np.clip(gaps, 0.01, 100.0))
    trend = nan = float("nan")
    if logs.size > 2:
        step = np.linspace(-0.5, 0.5, logs.size)
        trend = float(step @ (logs - logs.mean()) / (step @ step))
    is_rhythm = logs.size > 1
    return {
        "rounds": float(round_t_s.size),
        "median_gap_s": float(np.exp(np.median(logs))) if logs.size else nan,
        "least_gap_s": float(np.exp(np.quantile(logs, 0.1))) if logs.size else nan,
        "gap_spread": float(logs.std(ddof=1)) if is_rhythm else nan,
        "gap_unevenness": float(np.median(np.abs(logs - np.median(logs)))) if is_rhythm else nan,
        "gap_trend": trend,
    }


def known(features: Mapping[str, float], name: str) -> float:
    """One pooled feature; NaN where it is absent, no finite number, or absurd."""
    value = features.get(name)
    return float("nan") if value is None or not abs(value) < _ABSURD else float(value)


def _log(values: Floats, most: float) -> Floats:
    """Natural log, NaN where a value is not above a thousandth or not below ``most``."""
    return np.log(np.where((values > 1e-3) & (values < most), values, np.nan))


def _robust_mean_sd(known: Floats) -> tuple[float, float]:
    """Huber's mean, as one foreign pulse of another sound must not decide, and a robust sd."""
    if known.size == 0:
        return float("nan"), float("nan")
    if known.size == 1:
        return float(known[0]), float("nan")
    middle = float(np.median(known))
    sd = max(1.4826 * float(np.median(np.abs(known - middle))), 1e-6)
    for _ in range(3):
        middle = float(np.clip(known, middle - _HUBER * sd, middle + _HUBER * sd).mean())
    return middle, min(sd, float(known.std(ddof=1)) + 1e-6)


def _slope(log_away: Floats, excess_db: Floats) -> tuple[float, float]:
    """Fall of level beyond the law's, dB per tenfold distance, and the information it rests on."""
    known = np.isfinite(excess_db) & np.isfinite(log_away)
    x, y = log_away[known], excess_db[known]
    if x.size < _FEWEST_FOR_SLOPE or x.std() < _LEAST_LOG_SPAN:
        return float("nan"), 0.0
    x = x - x.mean()
    return float(x @ y / (x @ x)), float(x @ x)


def _reach(distance_m: Floats, n_asked: int, sensor: Ints | None) -> dict[str, float]:
    if sensor is None or n_asked <= 0 or sensor.size == 0:
        return {"reach_m": float("nan"), "heard_share": float("nan")}
    _, first = np.unique(sensor, return_index=True)
    return {
        "reach_m": float(np.quantile(distance_m[first], 0.9)),
        "heard_share": float(min(first.size / n_asked, 1.0)),
    }
