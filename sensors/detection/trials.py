"""From a seed of the coarse search to a place that explains one round: the trial of a hypothesis."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sensors.detection.evidence import MATCH_S, Emissions, Listener, Odds, rarity, weigh_round
from sensors.detection.multilateration import MIN_SENSORS, LocationError, locate
from sensors.detection.propagation import travel_time_s
from sensors.detection.search import CELL_M
from sensors.detection.streams import Floats, Ints

FINE_STEP_M = 10.0
FINE_SD_S = 0.020
"""A lattice of 10 m moves an arrival by up to 21 ms."""
LATTICE_MOVES = 4
SEED_WINDOW_S = 0.25
"""The coarse cell may be the wrong neighbour: 80 m."""
TRIAL_EMISSIONS = 10


@dataclass(frozen=True, eq=False)
class Trial:
    """A place that explains one round. score: log-likelihood ratio. sensors: those that spoke."""

    place: Floats
    emission_s: float
    score: float
    sensors: Ints


def sharpen(
    listener: Listener, anchor: int, cell_xy_m: Floats, *, known: list[Floats]
) -> Trial | None:
    """The place near a seed that explains one round best. None if fewer than four sensors agree, or if
    the place is one of those known, which then grows by it."""
    odds = listener.odds(cell_xy_m)
    guess = float(listener.t_s[anchor] - listener.travel_s(cell_xy_m)[listener.sensor[anchor]])
    at = _one_round(listener, cell_xy_m, odds, guess)
    if np.unique(at.sensor).size < MIN_SENSORS:
        return None
    place, emission = _climb_lattice(listener, at, odds, cell_xy_m)
    if any(np.abs(place - other).max() <= FINE_STEP_M for other in known):
        return None
    known.append(place)
    for tolerance in (2.0 * MATCH_S, MATCH_S):
        row = _one_per_sensor(listener, place, emission, at, tolerance)
        if row.size < MIN_SENSORS:
            return None
        try:
            spot = locate(
                listener.xy_m[listener.sensor[row]],
                listener.t_s[row],
                atmosphere=listener.atmosphere,
                start_xy_m=place,
                rough=True,
            )
        except LocationError:
            return None
        place, emission = np.array([spot.x_m, spot.y_m]), spot.t_s
    odds = listener.odds(place)
    at = _one_round(listener, place, odds, emission)
    score, chosen = weigh_round(at, odds, emission)
    return Trial(place, emission, score, at.sensor[chosen])


def _one_round(listener: Listener, place: Floats, odds: Odds, emission_s: float) -> Emissions:
    """Pulses about one instant, weighed with caution: nothing is known yet of what rings there."""
    at = listener.emissions(
        place, odds.asked, emission_s - SEED_WINDOW_S, emission_s + SEED_WINDOW_S
    )
    return replace(at, rate_per_s=listener.cautious_rate_per_s[at.row])


def _climb_lattice(
    listener: Listener, at: Emissions, odds: Odds, centre: Floats
) -> tuple[Floats, float]:
    """The best point of a fine lattice, moved along while its best point lies on the rim."""
    place, emission = centre, 0.0
    for _ in range(LATTICE_MOVES):
        best, emission = _best_lattice_point(listener, at, odds, place)
        moved = float(np.abs(best - place).max())
        place = best
        if moved < CELL_M:
            break
    return place, emission


def _best_lattice_point(
    listener: Listener, at: Emissions, odds: Odds, centre: Floats
) -> tuple[Floats, float]:
    """Try a fine lattice of places, each with the emission times that the weightiest pulses suggest."""
    steps = np.arange(-CELL_M, CELL_M + 1.0, FINE_STEP_M)
    places = centre + np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    away = listener.xy_m[at.sensor][None, :, :] - places[:, None, :]
    emission = listener.t_s[at.row] - travel_time_s(away[..., 0], away[..., 1], listener.atmosphere)
    weight = odds.spoke[at.sensor] + rarity(at.rate_per_s, FINE_SD_S)
    trial = np.argsort(-weight, kind="stable")[:TRIAL_EMISSIONS]
    miss = (emission[:, None, :] - emission[:, trial, None]) / FINE_SD_S
    score = np.maximum(weight - 0.5 * miss**2, 0.0).sum(axis=2)
    best, which = np.unravel_index(int(np.argmax(score)), score.shape)
    return places[best], float(emission[best, trial[which]])


def _one_per_sensor(
    listener: Listener, place: Floats, emission_s: float, at: Emissions, tolerance_s: float
) -> Ints:
    """Listener rows within tolerance of the predicted arrival, the closest of each sensor."""
    miss = np.abs(listener.t_s[at.row] - listener.travel_s(place)[at.sensor] - emission_s)
    near = np.flatnonzero(miss < tolerance_s)
    order = near[np.lexsort((miss[near], at.sensor[near]))]
    first = np.ones(order.size, bool)
    first[1:] = np.diff(at.sensor[order]) != 0
    return at.row[order[first]]
