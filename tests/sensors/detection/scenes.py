"""Small hand-made scenes: a lattice of sensors, and bursts that are heard exactly as told."""

from __future__ import annotations

import numpy as np

from sensors.detection import PulseArrays, SensorArrays, Weather
from sensors.detection.propagation import Atmosphere, travel_time_s

NOON_NS = 1_780_000_000_000_000_000
AIR = Atmosphere(20.03 * np.sqrt(293.15))
WEATHER = Weather(np.array([NOON_NS]), np.array([20.0]), np.array([0.0]), np.array([0.0]))


def lattice(across: int = 6, step_m: float = 320.0) -> SensorArrays:
    """across x across sensors, shifted row by row so that no four of them are regular."""
    i, j = np.divmod(np.arange(across**2), across)
    x, y = i * step_m + 37.0 * (j % 3), j * step_m + 53.0 * (i % 2)
    return SensorArrays(np.array([f"s{k:02d}" for k in range(across**2)]), x_m=x, y_m=y)


def heard(
    sensors: SensorArrays, source, rounds_s, *, within_m=900.0, deaf=(), path_sd_s=0.004, seed=0
):
    """(sensor index, seconds after noon) of every direct pulse within a distance."""
    rng = np.random.default_rng(seed)
    dx, dy = sensors.x_m - source[0], sensors.y_m - source[1]
    arrival = travel_time_s(dx, dy, AIR) + rng.normal(0.0, path_sd_s, len(sensors))
    hears = [k for k in np.flatnonzero(np.hypot(dx, dy) < within_m) if k not in deaf]
    return [(k, r + arrival[k] + rng.normal(0.0, 0.001)) for r in rounds_s for k in hears]


def echoes(direct, *, seed=1, lags=2):
    """Each direct pulse again, some tenths of a second later, the same for every round of a sensor."""
    rng = np.random.default_rng(seed)
    pattern = {k: rng.uniform(0.08, 1.2, lags) for k, _ in direct}
    return [(k, t + lag) for k, t in direct for lag in pattern[k]]


def noise(sensors: SensorArrays, per_h: float, seconds: float, *, seed=2):
    rng = np.random.default_rng(seed)
    count = rng.poisson(per_h * seconds / 3600.0 * len(sensors))
    return list(
        zip(rng.integers(0, len(sensors), count), rng.uniform(0, seconds, count), strict=True)
    )


def as_pulses(sensors: SensorArrays, heard_by, **columns) -> PulseArrays:
    return PulseArrays(
        sensor_id=sensors.sensor_id[[k for k, _ in heard_by]],
        t_ns=np.array([NOON_NS + round(t * 1e9) for _, t in heard_by], np.int64),
        **columns,
    )


def shuffled(pulses: PulseArrays, rng: np.random.Generator) -> PulseArrays:
    order = rng.permutation(len(pulses))
    features = {k: v[order] for k, v in vars(pulses).items() if v is not None}
    return PulseArrays(**features)
