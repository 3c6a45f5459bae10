"""One incident, whole: from a rough cell to a place with all its rounds.

:func:`sharpen` turns a seed of the coarse search into a place that fits one round;
:func:`find_rounds` finds every other round fired there; :func:`fit_burst` solves the burst as one
place with many emission times.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sensors.detection.evidence import MATCH_S, Emissions, Listener, Odds, rarity, weigh_round
from sensors.detection.hearing import echo_rate_per_s, heard
from sensors.detection.multilateration import (
    MIN_SENSORS,
    Location,
    LocationError,
    PoorGeometry,
    TooFewSensors,
    fold_rounds,
    folded_sigma_s,
    locate,
)
from sensors.detection.propagation import travel_time_s
from sensors.detection.search import CELL_M
from sensors.detection.streams import Floats, Ints

FINE_STEP_M = 10.0
FINE_SD_S = 0.020
"""A lattice of 10 m moves an arrival by up to 21 ms."""
SEED_WINDOW_S = 0.25
"""The coarse cell may be the wrong neighbour: 80 m."""
TRIAL_EMISSIONS = 10
SHOT_GAP_S = 4.0
"""Rounds of one place less than this apart are one incident."""
LONGEST_BURST_S = 60.0
ROUND_SCORE = 8.0
REPEATS_IF_HEARD, REPEATS_IF_SILENT = 0.85, 0.25
"""A path that carried one round carries the next (live-fire set); one that did not seldom does."""
WRONG_PULSE_S = 0.012
"""Seven times ``ROUND_SD_S``: a pulse this far from its sensor's other rounds is not a direct one."""
FARTHEST_CORRECTION_M = 200.0
FEWEST_ROUNDS = 1.0 / 3.0
"""A sensor that matched in less than a third of the rounds matched by chance, through echoes."""


@dataclass(frozen=True, eq=False)
class Trial:
    """A place that explains one round. score: log-likelihood ratio. sensors: those that spoke."""

    place: Floats
    emission_s: float
    score: float
    sensors: Ints


@dataclass(frozen=True, eq=False)
class Burst:
    """One place and its rounds. round_t_s: (r,) ascending. row, row_round, row_residual_s: (k,)
    listener rows used, the round of each, and its arrival minus prediction. sensor: (j,) those that
    took part, in the order of ``location.residual_s`` and ``location.used``."""

    location: Location
    round_t_s: Floats
    row: Ints
    row_round: Ints
    row_residual_s: Floats
    sensor: Ints

    @property
    def place(self) -> Floats:
        return np.array([self.location.x_m, self.location.y_m])


def sharpen(listener: Listener, anchor: int, cell_xy_m: Floats) -> Trial | None:
    """The place near a seed that explains one round best; None if fewer than four sensors agree."""
    odds = listener.odds(cell_xy_m)
    guess = float(listener.t_s[anchor] - listener.travel_s(cell_xy_m)[listener.sensor[anchor]])
    at = listener.emissions(cell_xy_m, odds.asked, guess - SEED_WINDOW_S, guess + SEED_WINDOW_S)
    if np.unique(at.sensor).size < MIN_SENSORS:
        return None
    place, emission = _best_lattice_point(listener, at, odds, cell_xy_m)
    for tolerance in (2.0 * MATCH_S, MATCH_S, MATCH_S):
        row = _one_per_sensor(listener, place, emission, at, tolerance)
        if row.size < MIN_SENSORS:
            return None
        try:
            spot = locate(
                listener.xy_m[listener.sensor[row]],
                listener.t_s[row],
                atmosphere=listener.atmosphere,
                start_xy_m=place,
            )
        except LocationError:
            return None
        place, emission = np.array([spot.x_m, spot.y_m]), spot.t_s
    odds = listener.odds(place)
    at = listener.emissions(place, odds.asked, emission - SEED_WINDOW_S, emission + SEED_WINDOW_S)
    score, chosen = weigh_round(at, odds, emission)
    return Trial(place, emission, score, at.sensor[chosen])


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


def find_rounds(listener: Listener, trial: Trial) -> Floats:
    """Emission times of all rounds at the trial's place, in one chain of gaps under ``SHOT_GAP_S``."""
    odds = listener.odds(trial.place)
    same = np.zeros(odds.asked.size, bool)
    same[trial.sensors] = True
    heard_once = heard(listener.distance_m(trial.place))
    chance = np.where(same, REPEATS_IF_HEARD, np.minimum(REPEATS_IF_SILENT, heard_once))
    odds = Odds.of(chance, odds.asked)
    start = end = trial.emission_s
    while True:
        at = listener.emissions(trial.place, odds.asked, start - SHOT_GAP_S, end + SHOT_GAP_S)
        rounds = _chain(_peaks(at, odds, trial.emission_s), trial.emission_s)
        grown = rounds[0] < start - 1e-6 or rounds[-1] > end + 1e-6
        start, end = float(min(start, rounds[0])), float(max(end, rounds[-1]))
        if not grown or end - start > LONGEST_BURST_S:
            return rounds


def _peaks(at: Emissions, odds: Odds, first_s: float) -> Floats:
    """Emission times at which the sensors agree, strongest first, each making echoes likelier after it."""
    rate = at.rate_per_s.copy()
    open_ = np.ones(at.row.size, bool)
    low = np.searchsorted(at.emission_s, at.emission_s - MATCH_S)
    high = np.searchsorted(at.emission_s, at.emission_s + MATCH_S, side="right")
    rounds = [first_s]
    candidate = np.ones(at.row.size, bool)
    newest: float | None = first_s
    while True:
        if newest is not None:
            lag = at.emission_s - newest
            taken = np.abs(lag) < 2.0 * MATCH_S
            open_ &= ~taken
            rate += echo_rate_per_s(lag)
        weight = np.where(open_, np.maximum(odds.spoke[at.sensor] + rarity(rate) - 0.5, 0.0), 0.0)
        total = np.concatenate([[0.0], np.cumsum(weight)])
        summed = np.where(candidate & open_, total[high] - total[low], 0.0)
        best = int(np.argmax(summed)) if summed.size else 0
        if not summed.size or summed[best] + odds.silent.sum() < ROUND_SCORE:
            return np.array(sorted(rounds))
        inside = slice(low[best], high[best])
        centre = float(np.average(at.emission_s[inside], weights=weight[inside]))
        left = Emissions(at.row[open_], at.sensor[open_], at.emission_s[open_], rate[open_])
        score, chosen = weigh_round(left, odds, centre)
        if score >= ROUND_SCORE and chosen.size >= MIN_SENSORS:
            newest = float(np.median(left.emission_s[chosen]))
            rounds.append(newest)
        else:
            newest = None
            candidate[best] = False


def _chain(rounds: Floats, through_s: float) -> Floats:
    """The run of rounds around one of them in which no gap reaches ``SHOT_GAP_S``."""
    group = np.concatenate([[0], np.cumsum(np.diff(rounds) >= SHOT_GAP_S)])
    return np.asarray(rounds[group == group[int(np.argmin(np.abs(rounds - through_s)))]])


def fit_burst(listener: Listener, place: Floats, round_t_s: Floats) -> Burst:
    """Solve a burst as one place: match, fold the rounds, locate, and once more from the better place.

    Raises LocationError (TooFewSensors, PoorGeometry) where no place can be given.
    """
    burst = _fit_once(listener, place, round_t_s)
    return _fit_once(listener, burst.place, burst.round_t_s)


def _fit_once(listener: Listener, place: Floats, round_t_s: Floats) -> Burst:
    sensor, pulse = _match_rounds(listener, place, round_t_s)
    arrival = _trusted(np.where(pulse >= 0, listener.t_s[pulse], np.nan))
    keep, fired = np.isfinite(arrival).any(axis=1), np.isfinite(arrival).any(axis=0)
    if keep.sum() < MIN_SENSORS:
        raise TooFewSensors(f"got {keep.sum()} sensors that agree; wanted at least {MIN_SENSORS}")
    sensor, pulse, arrival = sensor[keep], pulse[np.ix_(keep, fired)], arrival[np.ix_(keep, fired)]
    folded, offset, _ = fold_rounds(arrival)
    spot = locate(
        listener.xy_m[sensor],
        folded,
        atmosphere=listener.atmosphere,
        sigma_s=folded_sigma_s(np.isfinite(arrival).sum(axis=1)),
        start_xy_m=place,
    )
    if np.hypot(spot.x_m - place[0], spot.y_m - place[1]) > FARTHEST_CORRECTION_M:
        raise PoorGeometry("got a place that moves when it is solved again; wanted a stable one")
    predicted = (folded - spot.residual_s)[:, None] + offset
    seat, which = np.nonzero(np.isfinite(arrival))
    order = np.argsort(offset, kind="stable")
    return Burst(
        location=spot,
        round_t_s=(spot.t_s + offset)[order],
        row=pulse[seat, which],
        row_round=np.argsort(order)[which],
        row_residual_s=(arrival - predicted)[seat, which],
        sensor=sensor,
    )


def _match_rounds(listener: Listener, place: Floats, round_t_s: Floats) -> tuple[Ints, Ints]:
    """Sensors (j,) and their pulses (j, r), listener rows or -1: the pulse nearest to each prediction."""
    asked = listener.odds(place).asked
    at = listener.emissions(place, asked, round_t_s[0] - MATCH_S, round_t_s[-1] + MATCH_S)
    middle = 0.5 * (round_t_s[1:] + round_t_s[:-1])
    which = np.searchsorted(middle, at.emission_s)
    miss = np.abs(at.emission_s - round_t_s[which])
    near = np.flatnonzero(miss < MATCH_S)
    near = near[np.argsort(-miss[near], kind="stable")]  # the closest is written last, and stays
    sensor, seat = np.unique(at.sensor[near], return_inverse=True)
    pulse = np.full((sensor.size, round_t_s.size), -1, np.int64)
    pulse[seat, which[near]] = at.row[near]
    return sensor, pulse


def _trusted(arrival_s: Floats) -> Floats:
    """Without pulses that disagree with their sensor's other rounds, and sensors that seldom matched."""
    rounds = arrival_s.shape[1]
    if rounds == 1 or arrival_s.shape[0] == 0:
        return arrival_s
    _, _, rest = fold_rounds(arrival_s)
    kept = np.where(np.abs(rest) < WRONG_PULSE_S, arrival_s, np.nan)
    often = np.isfinite(kept).sum(axis=1) >= FEWEST_ROUNDS * rounds
    return np.where(often[:, None], kept, np.nan)
