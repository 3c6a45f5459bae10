"""Linking by trying every assignment there is, with the densities written out one pair at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from incidents.linking import (
    AROUND_M,
    AROUND_S,
    ASTRAY,
    ASTRAY_TIMES,
    PRIOR_WEIGHT,
    VENDOR_SD_M,
    Law,
)

STEPS = 600


class Shot(NamedTuple):
    """An alert. covariance: (xx, xy, yy), or None."""

    t_s: float
    x_m: float
    y_m: float
    covariance: tuple[float, float, float] | None


class Told(NamedTuple):
    """A record."""

    from_s: float
    to_s: float
    x_m: float
    y_m: float


def normal_2d(dx: float, dy: float, xx: float, xy: float, yy: float) -> float:
    determinant = xx * yy - xy * xy
    d2 = (yy * dx * dx - 2 * xy * dx * dy + xx * dy * dy) / determinant
    return math.exp(-d2 / 2) / (2 * math.pi * math.sqrt(determinant))


def late(lag_s: float, law: Law) -> float:
    """Density of a normal clock error plus an exponential delay: the convolution, summed."""
    sd, mean = law.clock_sd_s, law.mean_s
    width, total = (12 * sd) / STEPS, 0.0
    for n in range(STEPS):
        error = -6 * sd + (n + 0.5) * width
        if lag_s >= error:
            bell = math.exp(-((error / sd) ** 2) / 2) / (sd * math.sqrt(2 * math.pi))
            total += bell * math.exp(-(lag_s - error) / mean) / mean * width
    return total


def score(shot: Shot, told: Told, law: Law, shots: Sequence[Shot]) -> float:
    """Log-odds that the alert is the record's; -inf beyond the reach."""
    dx, dy = told.x_m - shot.x_m, told.y_m - shot.y_m
    from_s, to_s = told.from_s - shot.t_s, told.to_s - shot.t_s
    if math.hypot(dx, dy) > law.reach_m or to_s < law.earliest_s or from_s > law.latest_s:
        return -math.inf
    xx, xy, yy = shot.covariance or (VENDOR_SD_M**2, 0.0, VENDOR_SD_M**2)
    xx, yy = xx + law.place_sd_m**2, yy + law.place_sd_m**2
    wide = ASTRAY_TIMES**2
    place = (1 - ASTRAY) * normal_2d(dx, dy, xx, xy, yy)
    place += ASTRAY * normal_2d(dx, dy, wide * xx, wide * xy, wide * yy)
    if to_s - from_s > 1:
        parts = 30
        step = (to_s - from_s) / parts
        time = sum(late(from_s + (n + 0.5) * step, law) for n in range(parts)) / parts
    else:
        time = late(from_s, law)
    near = sum(
        ((shot.x_m - o.x_m) / AROUND_M) ** 2
        + ((shot.y_m - o.y_m) / AROUND_M) ** 2
        + ((shot.t_s - o.t_s) / AROUND_S) ** 2
        <= 1
        for o in shots
    )
    background = near / (4 / 3 * math.pi * AROUND_M**2 * AROUND_S)
    if place <= 0 or time <= 0:
        return -math.inf
    return math.log(place * time / background * law.prior / (1 - law.prior))


def at_fitting_prior(scores: list[list[float]], law: Law) -> list[list[float]]:
    """Scores under the prior that the records themselves suggest, if that is below the law's."""
    stated, shift = math.log(law.prior / (1 - law.prior)), 0.0
    for _ in range(20):
        expected = PRIOR_WEIGHT * law.prior
        for row in scores:
            odds = sum(math.exp(value + shift) for value in row if value > 0)
            expected += odds / (1 + odds)
        prior = expected / (PRIOR_WEIGHT + len(scores))
        shift = min(math.log(prior / (1 - prior)) - stated, 0.0)
    return [[value + shift if value > 0 else -math.inf for value in row] for row in scores]


def best(scores: list[list[float]], row: int = 0, taken: frozenset[int] = frozenset()) -> float:
    """Highest total of log-odds over all assignments of records ``row``.. to alerts not taken."""
    if row == len(scores):
        return 0.0
    options = [best(scores, row + 1, taken)]
    options += [
        value + best(scores, row + 1, taken | {alert})
        for alert, value in enumerate(scores[row])
        if alert not in taken and value > 0
    ]
    return max(options)


def one_to_one(scores: list[list[float]], *, certain: float) -> list[int]:
    """For each record the alert without which every assignment is worse by ``certain``, or -1."""
    total, links = best(scores), [-1] * len(scores)
    for record, row in enumerate(scores):
        for alert, value in enumerate(row):
            if value > 0:
                without = [list(r) for r in scores]
                without[record][alert] = -math.inf
                if total - best(without) >= certain:
                    links[record] = alert
    return links


def many_to_one(scores: list[list[float]], *, certain: float) -> list[int]:
    links = []
    for row in scores:
        weights = [math.exp(value) if value > 0 else 0.0 for value in row]
        links.append(-1)
        for alert, weight in enumerate(weights):
            others = 1.0 + sum(weights) - weight
            if weight > 0 and math.log(weight / others) >= certain:
                links[-1] = alert
    return links
