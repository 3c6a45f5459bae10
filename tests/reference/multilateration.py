"""A second, slow, obvious way to locate a sound, and to bound how well it can be done.

No derivative, no reweighting, no shared code with the core: every pair of sensors gives one time
difference, a coarse grid finds the best place, a simplex walks downhill from there. Wind is a moving
medium solved as a quadratic, not the core's approximation. Outliers are found by leaving out each
sensor in turn.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
from scipy.optimize import minimize


def sound_travel_s(source, sensor, c_mps: float, wind=(0.0, 0.0)) -> float:
    """Time after which a circle that grows at c and drifts with the wind reaches the sensor."""
    dx, dy = sensor[0] - source[0], sensor[1] - source[1]
    # |d - w t| = c t, squared: (c^2 - |w|^2) t^2 + 2 (d . w) t - |d|^2 = 0
    a = c_mps**2 - wind[0] ** 2 - wind[1] ** 2
    b = 2.0 * (dx * wind[0] + dy * wind[1])
    return (-b + math.sqrt(b * b + 4.0 * a * (dx * dx + dy * dy))) / (2.0 * a)


def pair_cost(source, sensors, arrivals, c_mps: float, wind) -> float:
    """Sum over all pairs of the squared error of the time difference, s^2."""
    lag = [
        t - sound_travel_s(source, s, c_mps, wind) for s, t in zip(sensors, arrivals, strict=True)
    ]
    return sum((one - other) ** 2 for one, other in itertools.combinations(lag, 2))


def locate_slowly(
    sensors, arrivals, *, c_mps: float, wind=(0.0, 0.0), margin_m: float = 300.0
) -> np.ndarray:
    """The place with the least pair cost: a 25 m grid, then Nelder-Mead from its best three points."""
    sensors = np.asarray(sensors, float)
    low, high = sensors.min(axis=0) - margin_m, sensors.max(axis=0) + margin_m
    xs, ys = (np.arange(a, b + 25.0, 25.0) for a, b in zip(low, high, strict=True))
    grid = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
    costs = _grid_costs(grid, sensors, np.asarray(arrivals, float), c_mps, wind)
    ends = [
        minimize(
            pair_cost,
            grid[k],
            args=(sensors, arrivals, c_mps, wind),
            method="Nelder-Mead",
            options={"xatol": 1e-5, "fatol": 1e-18, "maxiter": 4000},
        )
        for k in np.argsort(costs)[:3]
    ]
    return np.asarray(min(ends, key=lambda end: end.fun).x)


def _grid_costs(grid, sensors, arrivals, c_mps: float, wind) -> np.ndarray:
    distance = np.linalg.norm(grid[:, None, :] - sensors[None, :, :], axis=2)
    along = ((sensors[None] - grid[:, None]) @ np.asarray(wind)) / np.maximum(distance, 1e-9)
    lag = arrivals - distance / (c_mps + along)
    return np.square(lag[:, :, None] - lag[:, None, :]).sum(axis=(1, 2))


def locate_without_worst(sensors, arrivals, *, c_mps: float) -> tuple[np.ndarray, int]:
    """Leave out each sensor in turn; the place and the sensor whose absence leaves the least cost."""
    best = (math.inf, np.zeros(2), -1)
    for k in range(len(arrivals)):
        kept, times = np.delete(sensors, k, axis=0), np.delete(arrivals, k)
        place = locate_slowly(kept, times, c_mps=c_mps)
        cost = pair_cost(place, kept, times, c_mps, (0.0, 0.0))
        if cost < best[0]:
            best = (cost, place, k)
    return best[1], best[2]


def tdoa_bound(sensors, source, *, c_mps: float, sigma_s: float) -> np.ndarray:
    """Cramer-Rao bound of x, y from time differences in still, known air, m^2.

    J = (1 / c^2) U^T (W - W 1 1^T W / 1^T W 1) U, the form without an emission time.
    """
    away = np.asarray(sensors, float) - source
    unit = away / np.linalg.norm(away, axis=1)[:, None]
    weight = np.full(len(unit), sigma_s**-2.0)
    centred = np.diag(weight) - np.outer(weight, weight) / weight.sum()
    return np.linalg.inv(unit.T @ centred @ unit / c_mps**2)


def hybrid_bound(sensors, source, *, c_mps, c_sd_mps, wind_sd_mps, sigma_s) -> np.ndarray:
    """The same with unknown sound speed and wind under their priors, by numerical differentiation."""

    def predicted(p):
        return np.array(
            [p[2] + sound_travel_s(p[:2], s, c_mps + p[3], (p[4], p[5])) for s in sensors]
        )

    at = np.array([source[0], source[1], 0.0, 0.0, 0.0, 0.0])
    step = np.array([0.01, 0.01, 1e-5, 0.01, 0.01, 0.01])
    columns = [(predicted(at + h) - predicted(at - h)) / (2.0 * h.max()) for h in np.diag(step)]
    jacobian = np.array(columns).T
    information = jacobian.T @ jacobian / sigma_s**2
    information += np.diag([0.0, 0.0, 0.0, c_sd_mps**-2.0, wind_sd_mps**-2.0, wind_sd_mps**-2.0])
    return np.linalg.inv(information)[:2, :2]
