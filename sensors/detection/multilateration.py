"""Where a sound came from, out of the times at which sensors heard it.

One place, one unknown emission time, one arrival per sensor. The arrivals of several rounds from
one place are first folded into one per sensor (:mod:`sensors.detection.folding`), because what is
wrong with a path is wrong with it every time.

Error model (arXiv 2108.07377 and our re-derivation on 323 published shots, docs/detection.md): the
clock is good to 0.1 ms; what matters is the path. Sound bends round buildings and arrives a little
late or early by an amount that belongs to the path, 7.5 ms standard deviation, and only 1.6 ms of
scatter comes anew with each round. An ellipse built from the scatter is five times too small. Now
and then what arrives is not the direct sound at all, but an echo or another noise: mostly late.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sensors.detection.propagation import Atmosphere
from sensors.detection.solver import (
    Fit,
    Heard,
    begin,
    huber,
    huber_cost,
    if_direct,
    linearise,
    log_other,
    solve,
)
from sensors.detection.streams import Bools, Floats

PATH_SD_S = 0.0075
MIN_SENSORS = 4
"""Three arrivals fix two coordinates and a time with nothing left to check them; the fourth checks."""

OUTLIER_SD = 3.5
BIRGE_PRIOR = 3.0
"""So many sensors' worth of belief in the error model."""
MAX_ITERATIONS = 25
ROUGH_ITERATIONS = 6
CONVERGED_M = 0.01
MAX_SD_M = 500.0
"""A solution less certain than this is a direction, not a place."""
FEW_SENSORS = 7
"""With more, one wrong arrival is plain to see; with fewer, each is left out in turn."""
SAME_MODE_M = 3.0
WORTH_A_LOOK_SD = 8.0
"""20 m: a mirror image that explains half of the arrivals so well may explain them better yet."""
ANNEALED_SD = (8.0, 4.0, 2.0)


class LocationError(ValueError):
    """No location can be given; the message says why."""


class TooFewSensors(LocationError):  # noqa: N818 the word the design uses
    pass


class PoorGeometry(LocationError):  # noqa: N818
    pass


@dataclass(frozen=True, eq=False)
class Sounding:
    """What one incident alone says of the air, as a quadratic log-likelihood of a = (c, wind x, wind y):
    h . a - a . L a / 2, with h = weighted (3,) and L = information (3, 3), s^2/m^2. The place and the
    emission time are already free in it; the weather report is not in it."""

    weighted: Floats
    information: Floats


@dataclass(frozen=True, eq=False)
class Location:
    """x_m, y_m, t_s, t_sd_s: place, emission time and its standard deviation. cov_m2: (2, 2) of x, y.
    residual_s: (n,) arrival minus prediction, positive is late. used: (n,) False for arrivals set
    aside as outliers. deleted_s, deleted_sd_s: (n,) what the residual would be had the sensor not
    taken part, and its standard deviation: by this a sensor is judged. atmosphere: the weather prior
    moved by what these arrivals say. rival_share: probability of places other than this one, which
    ``cov_m2`` has been widened for."""

    x_m: float
    y_m: float
    t_s: float
    t_sd_s: float
    cov_m2: Floats
    residual_s: Floats
    used: Bools
    deleted_s: Floats
    deleted_sd_s: Floats
    atmosphere: Atmosphere
    sounding: Sounding
    rival_share: float


def locate(
    sensor_xy_m: Floats,
    arrival_s: Floats,
    *,
    atmosphere: Atmosphere,
    sigma_s: float | Floats = PATH_SD_S,
    start_xy_m: Floats | None = None,
    rough: bool = False,
) -> Location:
    """The likeliest place of a sound; sound speed and wind are estimated under their prior.

    sensor_xy_m: (n, 2) metres. arrival_s: (n,) seconds on any common clock. sigma_s: standard
    deviation of an arrival, scalar or (n,). start_xy_m: (2,) or None to find one. rough: good to a
    metre or so, and no arrival set aside; for a trial that will be solved again.
    First iterated reweighted least squares (Gauss-Newton with Huber weights), arrivals beyond
    ``OUTLIER_SD`` set aside one at a time, worst first. From there the maximum of the likelihood in
    which each arrival is either direct, Gaussian, or something else, mostly late (expectation and
    maximisation: the weight is the probability of being direct). With few sensors each is left out
    in turn, the mirror image is tried, and other places widen the ellipse by their probability.
    Raises TooFewSensors, or PoorGeometry where the place is not determined.
    """
    heard = _heard(sensor_xy_m, arrival_s, sigma_s, atmosphere)
    starts = [start_xy_m] if start_xy_m is not None else start_points(heard.xy, heard.t, atmosphere)
    stop_m, most = (1.0, ROUGH_ITERATIONS) if rough else (CONVERGED_M, MAX_ITERATIONS)
    fits = (solve(heard, begin(heard, s), huber, stop_m=stop_m, most=most) for s in starts)
    best = min(fits, key=lambda f: huber_cost(f.residual_s / heard.sigma) + f.prior_cost)
    if rough:
        return _location(heard, [best], used=heard.among)
    modes = _modes(heard, best, starts)
    return _location(heard, modes, used=modes[0].weight > 0.5)


def start_points(xy: Floats, t: Floats, atmosphere: Atmosphere) -> list[Floats]:
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


def _heard(xy: Floats, t: Floats, sigma_s: float | Floats, air: Atmosphere) -> Heard:
    xy, t = np.asarray(xy, float), np.asarray(t, float)
    if t.size < MIN_SENSORS:
        raise TooFewSensors(f"got {t.size} sensors; wanted at least {MIN_SENSORS}")
    if not (np.isfinite(xy).all() and np.isfinite(t).all()):
        raise LocationError("got a position or arrival that is not a finite number")
    sigma = np.broadcast_to(np.asarray(sigma_s, float), t.shape)
    precision = np.asarray(np.linalg.inv(air.cov), float)
    return Heard(xy, t, sigma, air, precision, np.ones(t.size, bool))


def _modes(heard: Heard, best: Fit, starts: list[Floats]) -> list[Fit]:
    """Places that explain the arrivals, the likeliest first."""
    begun = [_set_aside(heard, best)]
    if (np.abs(best.residual_s) > OUTLIER_SD * heard.sigma).any():
        begun += [_annealed(heard, start) for start in starts]
    mirrored = begin(heard, _mirrored(heard.xy, begun[0].params[:2]))
    off = np.abs(linearise(heard.xy, heard.t, mirrored)[0]) / heard.sigma
    if np.median(off) < WORTH_A_LOOK_SD:
        begun.append(solve(heard, mirrored, huber, stop_m=0.1, most=MAX_ITERATIONS))
    if heard.t.size <= FEW_SENSORS:
        others = (heard.without(k) for k in range(heard.t.size) if heard.t.size > MIN_SENSORS)
        begun += [solve(o, best.params, huber, stop_m=0.1, most=MAX_ITERATIONS) for o in others]
    fits: list[Fit] = []
    for fit in begun:
        fit = solve(heard, fit.params, if_direct, stop_m=CONVERGED_M, most=MAX_ITERATIONS)
        if (fit.weight > 0.5).sum() < MIN_SENSORS:
            continue  # where nearly nothing need be explained there is room without end
        if all(np.hypot(*(f.params - fit.params)[:2]) > SAME_MODE_M for f in fits):
            fits.append(fit)
    if not fits:
        raise TooFewSensors(f"got no {MIN_SENSORS} sensors that agree; wanted at least so many")
    return sorted(fits, key=lambda f: -_log_evidence(heard, f))


def _mirrored(xy: Floats, place: Floats) -> Floats:
    """The place on the other side of the line along which the sensors stretch: if they all stand near it,
    as along a street, both sides are heard alike."""
    middle = xy.mean(axis=0)
    along = np.linalg.svd(xy - middle, full_matrices=False)[2][0]
    away = place - middle
    return np.asarray(middle + 2.0 * (away @ along) * along - away)


def _annealed(heard: Heard, start: Floats) -> Fit:
    """From a start that wrong arrivals have not dragged away: doubt is wide at first, then narrows."""
    params = begin(heard, start)
    for wide in ANNEALED_SD:
        softened = replace(heard, sigma=wide * heard.sigma)
        params = solve(softened, params, if_direct, stop_m=1.0, most=ROUGH_ITERATIONS).params
    return solve(heard, params, if_direct, stop_m=0.1, most=MAX_ITERATIONS)


def _set_aside(heard: Heard, fit: Fit) -> Fit:
    """Leave out arrivals beyond ``OUTLIER_SD`` one at a time, worst first, down to ``MIN_SENSORS``."""
    while heard.among.sum() > MIN_SENSORS:
        far = np.where(heard.among, np.abs(fit.residual_s) / heard.sigma, 0.0)
        if far.max() <= OUTLIER_SD:
            break
        heard = heard.without(int(np.argmax(far)))
        fit = solve(heard, fit.params, huber, stop_m=CONVERGED_M, most=MAX_ITERATIONS)
    return fit


def _log_evidence(heard: Heard, fit: Fit) -> float:
    """log of the probability around one mode, up to a constant (Laplace's approximation)."""
    direct = -0.5 * (fit.residual_s / heard.sigma) ** 2
    likelihood = np.logaddexp(direct, log_other(fit.residual_s)).sum()
    sign, size = np.linalg.slogdet(fit.normal)
    if sign <= 0 or not np.isfinite(size):
        return -np.inf
    return float(likelihood - 0.5 * fit.prior_cost - 0.5 * size)


def _location(heard: Heard, modes: list[Fit], *, used: Bools) -> Location:
    fit = modes[0]
    cov = _covariance(fit)
    place_cov, rival_share = _widened(heard, modes, cov)
    ratio = _birge_ratio(heard, fit)
    place_cov = ratio * place_cov
    if not (np.linalg.eigvalsh(place_cov)[0] > 0.0 and place_cov.trace() < MAX_SD_M**2):
        sd_m = np.sqrt(abs(place_cov.trace()))
        raise PoorGeometry(
            f"got a standard deviation of {sd_m:.0f} m; wanted under {MAX_SD_M:.0f} m"
        )
    deleted, deleted_sd = _deleted(heard, fit, cov)
    x, y, t = (float(v) for v in fit.params[:3])
    return Location(
        x_m=x,
        y_m=y,
        t_s=t,
        t_sd_s=float(np.sqrt(ratio * cov[2, 2])),
        cov_m2=place_cov,
        residual_s=fit.residual_s,
        used=used,
        deleted_s=deleted,
        deleted_sd_s=deleted_sd,
        atmosphere=Atmosphere.of(fit.params[3:], cov[3:, 3:]),
        sounding=_sounding(heard, fit),
        rival_share=rival_share,
    )


def _covariance(fit: Fit) -> Floats:
    """Inverse of the normal matrix, (6, 6). Raises PoorGeometry where the place is not determined."""
    scale = 1.0 / np.sqrt(np.maximum(fit.normal.diagonal(), 1e-300))
    equilibrated = fit.normal * np.outer(scale, scale)
    if not np.isfinite(fit.params).all() or np.linalg.cond(equilibrated) > 1e12:
        raise PoorGeometry("got sensors that do not fix a place; wanted them around the source")
    return np.asarray(np.linalg.inv(equilibrated) * np.outer(scale, scale), float)


def _birge_ratio(heard: Heard, fit: Fit) -> float:
    """How much larger residuals are than the error model says, squared; at least 1 (Birge 1932). Where
    paths are worse than usual, or the source stood high, the ellipse grows; by luck it never shrinks."""
    scaled = (fit.weight * (fit.residual_s / heard.sigma) ** 2).sum()
    freedom = max(float(fit.weight.sum()) - 3.0, 0.0)
    return max(1.0, float((BIRGE_PRIOR + scaled) / (BIRGE_PRIOR + freedom)))


def _widened(heard: Heard, modes: list[Fit], cov: Floats) -> tuple[Floats, float]:
    """The first mode's covariance of x, y with the other modes added as a mixture about it."""
    evidence = np.array([_log_evidence(heard, fit) for fit in modes])
    share = np.exp(evidence - evidence.max())
    share /= share.sum()
    away = np.array([fit.params[:2] - modes[0].params[:2] for fit in modes])
    return cov[:2, :2] + (share[:, None] * away).T @ away, float(1.0 - share[0])


def _deleted(heard: Heard, fit: Fit, cov: Floats) -> tuple[Floats, Floats]:
    """Residuals had each sensor not taken part (deleted residuals), and their standard deviations."""
    spread = np.einsum("ij,jk,ik->i", fit.jacobian, cov, fit.jacobian)
    left = np.maximum(1.0 - fit.weight * spread / heard.sigma**2, 1e-6)
    return fit.residual_s / left, np.sqrt(heard.sigma**2 + spread / left)


def _sounding(heard: Heard, fit: Fit) -> Sounding:
    data = fit.normal[3:, 3:] - heard.precision
    place, both = fit.normal[:3, :3], fit.normal[:3, 3:]
    information = data - both.T @ np.linalg.solve(place, both)
    # at the optimum the pull of the arrivals balances that of the prior
    pull = heard.precision @ (fit.params[3:] - heard.air.mean_mps)
    return Sounding(information @ fit.params[3:] + pull, information)


def position_bound(
    sensor_xy_m: Floats,
    source_xy_m: Floats,
    *,
    atmosphere: Atmosphere,
    sigma_s: float | Floats = PATH_SD_S,
) -> Floats:
    """The Cramer-Rao bound on the covariance of x, y, (2, 2) in m^2: what no unbiased method can beat.

    sensor_xy_m: (n, 2) sensors with a direct arrival. sigma_s: its standard deviation, scalar or (n,).
    Emission time unknown, sound speed and wind under the prior of ``atmosphere`` (the hybrid bound):
    J = sum_i g_i g_i^T / sigma_i^2 + prior, g_i = (-u_i / c, 1, -d_i / c^2, -d_i u_i / c^2) the
    derivatives of the predicted arrival by place, emission time, sound speed and wind, u_i the unit
    vector from source to sensor. The bound is the x, y block of J^-1, here in closed form by Schur
    complements: first the emission time is eliminated, then the air. Infinite where J is singular.
    """
    xy = np.asarray(sensor_xy_m, float)
    params = np.array([source_xy_m[0], source_xy_m[1], 0.0, *atmosphere.mean_mps])
    _, jacobian = linearise(xy, np.zeros(len(xy)), params)
    weight = np.broadcast_to(np.asarray(sigma_s, float), len(xy)) ** -2.0
    known = np.delete(jacobian, 2, axis=1)  # place and air; the emission time is the weighted mean
    known = known - weight @ known / weight.sum()
    information = (known * weight[:, None]).T @ known
    air = information[2:, 2:] + np.linalg.inv(atmosphere.cov)
    cross = information[:2, 2:]
    (a, b), (_, d) = information[:2, :2] - cross @ np.linalg.solve(air, cross.T)
    determinant = a * d - b * b
    if not determinant > 1e-12 * a * d:
        return np.full((2, 2), np.inf)
    return np.array([[d, -b], [-b, a]], float) / float(determinant)
