"""Where a sound came from, out of the times at which sensors heard it.

One place, one unknown emission time, one arrival per sensor. The arrivals of several rounds from
one place are first folded into one per sensor (:func:`fold_rounds`), because what is wrong with a
path is wrong with it every time.

Error model (arXiv 2108.07377 and our re-derivation on 323 published shots, docs/detection.md): the
clock is good to 0.1 ms; what matters is the path. Sound bends round buildings and arrives a little
late or early by an amount that belongs to the path, 7.5 ms standard deviation, and only 1.6 ms of
scatter comes anew with each round. An ellipse built from the scatter is five times too small.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sensors.detection.propagation import Atmosphere, travel_time_s
from sensors.detection.streams import Bools, Floats

PATH_SD_S = 0.0075
ROUND_SD_S = 0.0016
MIN_SENSORS = 4
"""Three arrivals fix two coordinates and a time with nothing left to check them; the fourth checks."""

HUBER_K = 1.345
"""95 % efficiency on clean Gaussian residuals (Huber 1964)."""
OUTLIER_SD = 3.5
MAX_ITERATIONS = 25
ROUGH_ITERATIONS = 6
CONVERGED_M = 0.01
MAX_SD_M = 500.0
"""A solution less certain than this is a direction, not a place."""


class LocationError(ValueError):
    """No location can be given; the message says why."""


class TooFewSensors(LocationError):  # noqa: N818 the word the design uses
    pass


class PoorGeometry(LocationError):  # noqa: N818
    pass


@dataclass(frozen=True, eq=False)
class Location:
    """x_m, y_m, t_s: place and emission time. cov_m2: (2, 2) of x, y. residual_s: (n,) arrival minus
    prediction, positive is late. used: (n,) False for arrivals set aside as outliers. atmosphere:
    the weather prior moved by what these arrivals say."""

    x_m: float
    y_m: float
    t_s: float
    cov_m2: Floats
    residual_s: Floats
    used: Bools
    atmosphere: Atmosphere


def locate(
    sensor_xy_m: Floats,
    arrival_s: Floats,
    *,
    atmosphere: Atmosphere,
    sigma_s: float | Floats = PATH_SD_S,
    start_xy_m: Floats | None = None,
    rough: bool = False,
) -> Location:
    """Robust least squares on arrival times; sound speed and wind are estimated under their prior.

    sensor_xy_m: (n, 2) metres. arrival_s: (n,) seconds on any common clock. sigma_s: standard
    deviation of an arrival, scalar or (n,). start_xy_m: (2,) or None to find one. rough: good to a
    metre or so, and no arrival set aside; for a trial that will be solved again.
    Huber weights by iterated reweighting (Gauss-Newton), then arrivals beyond ``OUTLIER_SD`` sigma are set
    aside one at a time, worst first, while more than ``MIN_SENSORS`` remain.
    Raises TooFewSensors, or PoorGeometry where the place is not determined.
    """
    xy, t = np.asarray(sensor_xy_m, float), np.asarray(arrival_s, float)
    if t.size < MIN_SENSORS:
        raise TooFewSensors(f"got {t.size} sensors; wanted at least {MIN_SENSORS}")
    if not (np.isfinite(xy).all() and np.isfinite(t).all()):
        raise LocationError("got a position or arrival that is not a finite number")
    sigma = np.broadcast_to(np.asarray(sigma_s, float), t.shape)
    starts = [start_xy_m] if start_xy_m is not None else start_points(xy, t, atmosphere=atmosphere)
    used = np.ones(t.size, bool)
    stop_m, most = (1.0, ROUGH_ITERATIONS) if rough else (CONVERGED_M, MAX_ITERATIONS)
    fits = (_solve(xy, t, sigma, used, atmosphere, s, stop_m=stop_m, most=most) for s in starts)
    best = min(fits, key=lambda f: f.cost)
    while used.sum() > MIN_SENSORS and not rough:
        late = np.where(used, np.abs(best.residual_s) / sigma, 0.0)
        if late.max() <= OUTLIER_SD:
            break
        used = used & (np.arange(t.size) != int(np.argmax(late)))
        start = best.params[:2]
        best = _solve(xy, t, sigma, used, atmosphere, start, stop_m=stop_m, most=most)
    return _location(best, used, atmosphere)


def start_points(xy: Floats, t: Floats, *, atmosphere: Atmosphere) -> list[Floats]:
    """Places to begin from: the closed form where it exists, the earliest sensor, the middle."""
    starts = [xy[int(np.argmin(t))] + 1.0, xy.mean(axis=0)]
    closed = closed_form(xy, t, c_mps=atmosphere.c_mps)
    if closed is not None:
        starts.insert(0, closed)
    return starts


def closed_form(xy: Floats, t: Floats, *, c_mps: float) -> Floats | None:
    """Linear solution for the place. xy: (n, 2), t: (n,), n >= 4. None where it has none.

    Squaring |s_i - p| = c (t_i - t0) gives, with k = |p|^2 - (c t0)^2,
    2 s_i . p - 2 c^2 t_i t0 - k = |s_i|^2 - (c t_i)^2: linear in (p, c t0, k), solved by least
    squares (the linearisation of Schau and Robinson 1987; not robust, good only as a start).
    """
    middle, first = xy.mean(axis=0), float(t.min())
    s, r = xy - middle, c_mps * (t - first)
    design = np.column_stack([2.0 * s, -2.0 * r, -np.ones(t.size)])
    solution, _, rank, _ = np.linalg.lstsq(design, (s**2).sum(axis=1) - r**2, rcond=1e-10)
    reach = 3.0 * float(np.ptp(s, axis=0).max()) + 1.0
    if rank < 4 or not np.isfinite(solution).all() or np.abs(solution[:2]).max() > reach:
        return None
    return np.asarray(solution[:2] + middle)


@dataclass(frozen=True, eq=False)
class _Fit:
    params: Floats  # x, y, t, and shifts of c, wind x, wind y
    normal: Floats  # (6, 6) weighted normal matrix, priors included
    residual_s: Floats
    cost: float


def _solve(
    xy: Floats,
    t: Floats,
    sigma: Floats,
    used: Bools,
    prior: Atmosphere,
    start: Floats,
    *,
    stop_m: float,
    most: int,
) -> _Fit:
    precision = np.array([prior.c_sd_mps, prior.wind_sd_mps, prior.wind_sd_mps]) ** -2.0
    travel = travel_time_s(xy[:, 0] - start[0], xy[:, 1] - start[1], prior)
    params = np.array([start[0], start[1], float(np.median((t - travel)[used])), 0.0, 0.0, 0.0])
    normal = np.eye(6)
    for _ in range(most):
        residual, jacobian = _linearise(xy, t, params, prior)
        scaled = np.abs(residual) / sigma
        weight = used / sigma**2 * np.minimum(1.0, HUBER_K / np.maximum(scaled, 1e-12))
        normal = (jacobian * weight[:, None]).T @ jacobian
        normal[[3, 4, 5], [3, 4, 5]] += precision
        right = jacobian.T @ (weight * residual)
        right[3:] -= precision * params[3:]
        damped = normal + np.diag(1e-9 * normal.diagonal() + 1e-9)  # solvable even if degenerate
        step = _bounded(np.asarray(np.linalg.solve(damped, right), float))
        params = params + step
        if np.abs(step[:2]).max() < stop_m:
            break
    residual, _ = _linearise(xy, t, params, prior)
    cost = _huber_cost((residual / sigma)[used]) + float(precision @ params[3:] ** 2)
    return _Fit(params, normal, residual, cost)


def _bounded(step: Floats) -> Floats:
    """Never more than 300 m at once: far from the answer the linear step overshoots wildly."""
    reach = float(np.hypot(step[0], step[1]))
    return step * min(1.0, 300.0 / max(reach, 1e-9))


def _linearise(xy: Floats, t: Floats, params: Floats, prior: Atmosphere) -> tuple[Floats, Floats]:
    """Residuals (n,) and derivatives of the predicted arrival (n, 6) by x, y, t, c, wind x, wind y."""
    dx, dy = xy[:, 0] - params[0], xy[:, 1] - params[1]
    distance = np.maximum(np.hypot(dx, dy), 1e-6)
    ux, uy = dx / distance, dy / distance
    speed = (
        prior.c_mps
        + params[3]
        + (prior.wind_x_mps + params[4]) * ux
        + (prior.wind_y_mps + params[5]) * uy
    )
    slow = -distance / speed**2
    jacobian = np.column_stack(
        [-ux / speed, -uy / speed, np.ones_like(ux), slow, slow * ux, slow * uy]
    )
    return t - params[2] - distance / speed, jacobian


def _huber_cost(scaled: Floats) -> float:
    size = np.abs(scaled)
    return float(np.where(size < HUBER_K, size**2, HUBER_K * (2.0 * size - HUBER_K)).sum())


def _location(fit: _Fit, used: Bools, prior: Atmosphere) -> Location:
    if not np.isfinite(fit.params).all() or np.linalg.cond(_equilibrated(fit.normal)) > 1e12:
        raise PoorGeometry("got sensors that do not fix a place; wanted them around the source")
    cov = np.asarray(np.linalg.inv(fit.normal)[:2, :2], float)
    if not (np.linalg.eigvalsh(cov)[0] > 0.0 and cov.trace() < MAX_SD_M**2):
        raise PoorGeometry(
            f"got a standard deviation of {np.sqrt(abs(cov.trace())):.0f} m; wanted under {MAX_SD_M:.0f} m"
        )
    x, y, t, dc, wx, wy = (float(v) for v in fit.params)
    return Location(
        x_m=x,
        y_m=y,
        t_s=t,
        cov_m2=cov,
        residual_s=fit.residual_s,
        used=used,
        atmosphere=Atmosphere(
            prior.c_mps + dc,
            prior.wind_x_mps + wx,
            prior.wind_y_mps + wy,
            prior.c_sd_mps,
            prior.wind_sd_mps,
        ),
    )


def _equilibrated(normal: Floats) -> Floats:
    scale = 1.0 / np.sqrt(np.maximum(normal.diagonal(), 1e-300))
    return normal * scale[:, None] * scale[None, :]


def position_bound(
    sensor_xy_m: Floats,
    source_xy_m: Floats,
    *,
    atmosphere: Atmosphere,
    sigma_s: float | Floats = PATH_SD_S,
) -> Floats:
    """The Cramer-Rao bound on the covariance of x, y, (2, 2) in m^2: what no unbiased method can beat.

    Emission time unknown, sound speed and wind under the prior of ``atmosphere`` (the hybrid bound).
    J = sum_i g_i g_i^T / sigma_i^2 + prior, g_i the derivatives of the predicted arrival.
    """
    xy = np.asarray(sensor_xy_m, float)
    params = np.array([source_xy_m[0], source_xy_m[1], 0.0, 0.0, 0.0, 0.0])
    _, jacobian = _linearise(xy, np.zeros(len(xy)), params, atmosphere)
    sigma = np.broadcast_to(np.asarray(sigma_s, float), len(xy))
    information = (jacobian / sigma[:, None] ** 2).T @ jacobian
    information[3, 3] += atmosphere.c_sd_mps**-2.0
    information[[4, 5], [4, 5]] += atmosphere.wind_sd_mps**-2.0
    return np.asarray(np.linalg.inv(information)[:2, :2])


def fold_rounds(arrival_s: Floats) -> tuple[Floats, Floats, Floats]:
    """Split arrivals into a part of the sensor and a part of the round, by median polish (Tukey 1977).

    arrival_s: (sensors, rounds), NaN where a sensor did not hear a round; every row and every column
    holds at least one number. Returns the sensor part (sensors,), the emission time of each round
    relative to the first round's (rounds,), and the rest (sensors, rounds), which shows single wrong
    pulses. Medians, so one wrong pulse moves nothing.
    """
    rest = np.array(arrival_s, float)
    sensor_part, round_part = np.zeros(rest.shape[0]), np.zeros(rest.shape[1])
    for _ in range(10):
        by_round = _median(rest.T)
        rest, round_part = rest - by_round, round_part + by_round
        by_sensor = _median(rest)
        rest, sensor_part = rest - by_sensor[:, None], sensor_part + by_sensor
        if np.abs(by_sensor).max() < 1e-5:
            break
    offset = round_part[0]
    return sensor_part + offset, round_part - offset, rest


def _median(rows: Floats) -> Floats:
    """Median of each row without its NaNs; several times quicker than nanmedian on small tables."""
    ordered = np.sort(rows, axis=1)  # NaN sorts last
    count = np.isfinite(rows).sum(axis=1)
    pick = np.arange(rows.shape[0])
    return np.asarray(0.5 * (ordered[pick, (count - 1) // 2] + ordered[pick, count // 2]))


def folded_sigma_s(rounds_heard: Floats) -> Floats:
    """Standard deviation of a sensor's folded arrival: the path's error does not average, the rest does."""
    return np.sqrt(PATH_SD_S**2 + ROUND_SD_S**2 / np.maximum(rounds_heard, 1.0))
