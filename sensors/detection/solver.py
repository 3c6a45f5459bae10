"""Iterated reweighted least squares on arrival times: one place, one emission time, one air."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from sensors.detection.propagation import Atmosphere, travel_time_s
from sensors.detection.streams import Bools, Floats

HUBER_K = 1.345
"""95 % efficiency on clean Gaussian residuals (Huber 1964)."""
LATE_SD, EARLY_SD = 3.0, 3.5
"""Beyond this many sigma an arrival is likelier not to be the direct sound. With a path error of 7.5 ms:
one arrival in 17 is something later, one in 65 something earlier, evenly over 100 ms."""

Weigh = Callable[[Floats, Floats], Floats]
"""Residuals and their standard deviations, s, (n,) each, to weights from 0 to 1."""


@dataclass(frozen=True, eq=False)
class Heard:
    """What is to be explained. xy: (n, 2) metres, t: (n,) arrivals and sigma: (n,) their standard
    deviations, s. air: the prior, with precision (3, 3) the inverse of its covariance. among: (n,)
    arrivals that may count."""

    xy: Floats
    t: Floats
    sigma: Floats
    air: Atmosphere
    precision: Floats
    among: Bools

    def without(self, k: int) -> Heard:
        return replace(self, among=self.among & (np.arange(self.t.size) != k))


@dataclass(frozen=True, eq=False)
class Fit:
    """Where the iteration ended, linearised there."""

    params: Floats  # x, y, t, c, wind x, wind y
    normal: Floats  # (6, 6) weighted normal matrix, priors included
    jacobian: Floats  # (n, 6)
    residual_s: Floats
    weight: Floats  # (n,) 0 to 1
    prior_cost: float


def begin(heard: Heard, start: Floats) -> Floats:
    """Parameters (6,) to begin from at a place (2,): the median emission time, the air of the report."""
    travel = travel_time_s(heard.xy[:, 0] - start[0], heard.xy[:, 1] - start[1], heard.air)
    emission = float(np.median((heard.t - travel)[heard.among]))
    return np.array([start[0], start[1], emission, *heard.air.mean_mps])


def solve(heard: Heard, params: Floats, weigh: Weigh, *, stop_m: float, most: int) -> Fit:
    """Gauss-Newton steps from params (6,), at most so many, until the place moves less than stop_m.
    The weights are taken anew at each step."""
    prior = heard.air.mean_mps
    for _ in range(most):
        residual, jacobian = linearise(heard.xy, heard.t, params)
        weight = heard.among * weigh(residual, heard.sigma)
        scaled = jacobian * (weight / heard.sigma**2)[:, None]
        normal = scaled.T @ jacobian
        normal[3:, 3:] += heard.precision
        right = scaled.T @ residual
        right[3:] += heard.precision @ (prior - params[3:])
        damped = normal + np.diag(1e-9 * normal.diagonal() + 1e-9)  # solvable even if degenerate
        step = _bounded(np.asarray(np.linalg.solve(damped, right), float))
        params = params + step
        if np.abs(step[:2]).max() < stop_m:
            break
    residual, jacobian = linearise(heard.xy, heard.t, params)
    weight = heard.among * weigh(residual, heard.sigma)
    normal = (jacobian * (weight / heard.sigma**2)[:, None]).T @ jacobian
    normal[3:, 3:] += heard.precision
    off = params[3:] - prior
    return Fit(params, normal, jacobian, residual, weight, float(off @ heard.precision @ off))


def _bounded(step: Floats) -> Floats:
    """Never more than 300 m at once: far from the answer the linear step overshoots wildly."""
    reach = float(np.hypot(step[0], step[1]))
    return step * min(1.0, 300.0 / max(reach, 1e-9))


def linearise(xy: Floats, t: Floats, params: Floats) -> tuple[Floats, Floats]:
    """Residuals (n,) and derivatives of the predicted arrival (n, 6) by x, y, t, c, wind x, wind y."""
    dx, dy = xy[:, 0] - params[0], xy[:, 1] - params[1]
    distance = np.maximum(np.hypot(dx, dy), 1e-6)
    ux, uy = dx / distance, dy / distance
    speed = params[3] + params[4] * ux + params[5] * uy
    slow = -distance / speed**2
    jacobian = np.column_stack(
        [-ux / speed, -uy / speed, np.ones_like(ux), slow, slow * ux, slow * uy]
    )
    return t - params[2] - distance / speed, jacobian


def huber(residual: Floats, sigma: Floats) -> Floats:
    """Huber's weights: 1 in the middle, falling as one over the size beyond ``HUBER_K`` sigma."""
    return np.asarray(np.minimum(1.0, HUBER_K / np.maximum(np.abs(residual) / sigma, 1e-12)))


def huber_cost(scaled: Floats) -> float:
    """Twice Huber's loss of residuals over sigma, (n,), summed."""
    size = np.abs(scaled)
    return float(np.where(size < HUBER_K, size**2, HUBER_K * (2.0 * size - HUBER_K)).sum())


def log_other(residual: Floats) -> Floats:
    """log-density of a residual if the arrival is not direct, where a direct one has -z^2 / 2."""
    return np.asarray(-0.5 * np.where(residual > 0.0, LATE_SD, EARLY_SD) ** 2)


def if_direct(residual: Floats, sigma: Floats) -> Floats:
    """Probability that each arrival is the direct sound, (n,)."""
    scaled = np.minimum(np.abs(residual) / sigma, 30.0)  # exp overflows beyond
    return np.asarray(1.0 / (1.0 + np.exp(0.5 * scaled**2 + log_other(residual))))
