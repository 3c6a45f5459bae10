"""One incident, whole: from a rough cell to a place with all its rounds.

:func:`sharpen` turns a seed of the coarse search into a place that fits one round;
:func:`find_rounds` finds every other round fired there; :func:`fit_burst` solves the burst as one
place with many emission times.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sensors.detection.evidence import (
    MATCH_S,
    MATCH_SD_S,
    Emissions,
    Listener,
    Odds,
    rarity,
    weigh_round,
)
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
from sensors.detection.streams import Bools, Floats, Ints

FINE_STEP_M = 10.0
FINE_SD_S = 0.020
"""A lattice of 10 m moves an arrival by up to 21 ms."""
SEED_WINDOW_S = 0.25
"""The coarse cell may be the wrong neighbour: 80 m."""
TRIAL_EMISSIONS = 10
LATTICE_MOVES = 4
SHOT_GAP_S = 4.0
"""Rounds of one place less than this apart are one incident."""
LONGEST_BURST_S = 60.0
ROUND_SCORE = 8.0
ROUND_COST = 4.0
"""log of the number of distinguishable instants (70 ms) in ``SHOT_GAP_S``."""
REPEATS_IF_HEARD = 0.88
"""A path that carried one round carries the next (live-fire set)."""
PRIOR_ROUNDS = 1.0
"""How many rounds' worth the distance says about a path; each round taken outweighs it more."""
PRIOR_CAP = 0.5
"""What the distance says at most, once a round has been missed or heard."""
KNOWN_PATH_SD_S = 0.004
"""Round to round a path repeats within 1.6 ms; the rest is the error of the round's own instant."""
NARROW_S = 0.012
WIDE_SD_S = 0.040
"""A trial place is sometimes 30 to 50 m off."""
MATCH_SDS = 3.5
MATCH_WORTH = 3.0
"""log-likelihood that one more matched round adds, at a usual rate of echoes."""
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
class Proposal:
    """A place (2,), the rounds fired there (r,) ascending, and the log-likelihood ratio of it all."""

    place: Floats
    round_t_s: Floats
    weight: float


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


def find_rounds(listener: Listener, trial: Trial) -> Proposal:
    """All rounds fired at the trial's place, in one chain of gaps under ``SHOT_GAP_S``, and their weight."""
    asked = listener.odds(trial.place).asked
    start = end = trial.emission_s
    while True:
        at = listener.emissions(trial.place, asked, start - SHOT_GAP_S, end + SHOT_GAP_S)
        taken = _Peaks(listener, trial, at).climb()
        rounds = _chain(np.sort(taken), trial.emission_s)
        grown = rounds[0] < start - 1e-6 or rounds[-1] > end + 1e-6
        start, end = float(min(start, rounds[0])), float(max(end, rounds[-1]))
        if not grown or end - start > LONGEST_BURST_S:
            return _heaviest(listener, trial, taken)


def _heaviest(listener: Listener, trial: Trial, taken: Floats) -> Proposal:
    """How many of the rounds, strongest first, make the heaviest burst: weak ones may be another's."""
    sizes = {*(2**k for k in range(int(taken.size).bit_length())), taken.size}
    proposals = []
    for size in sorted(sizes):
        rounds = _chain(np.sort(taken[:size]), trial.emission_s)
        weight = weigh_burst(listener, trial.place, rounds)
        proposals.append(Proposal(trial.place, rounds, weight))
    return max(proposals, key=lambda p: p.weight)


class _Peaks:
    """Instants at which the sensors agree on a round at one place, taken strongest first.

    Every round taken teaches something about each path: whether it carries sound, and by how much it
    is late. What is learnt makes the next round stand out from the echoes of those before it.
    """

    def __init__(self, listener: Listener, trial: Trial, at: Emissions) -> None:
        self.at = at
        self.rate = at.rate_per_s.copy()
        self.open = np.ones(at.row.size, bool)
        distance = listener.distance_m(trial.place)
        self.asked = listener.odds(trial.place).asked
        self.prior = np.minimum(heard(distance), PRIOR_CAP)
        self.hits, self.rounds = np.zeros(distance.size), [trial.emission_s]
        self.late_s, self.sd_s = np.zeros(distance.size), np.full(distance.size, MATCH_SD_S)
        direct = weigh_round(at, listener.odds(trial.place), trial.emission_s)[1]
        self._learn(direct, trial.emission_s)

    def climb(self) -> Floats:
        """Emission times in the order they were taken; the first is the trial's."""
        tried = np.zeros(self.at.row.size, bool)
        while True:
            odds = self._odds()
            left, back = self._left()
            best, centre = _summit(left, odds, tried[back])
            if best < 0:
                return np.array(self.rounds)
            score, chosen = weigh_round(left, odds, centre, sd_s=self.sd_s)
            if score >= ROUND_SCORE and chosen.size >= MIN_SENSORS:
                centre = float(np.median(left.emission_s[chosen]))
                self.rounds.append(centre)
                self._learn(back[chosen], centre)
            else:
                tried[back[np.abs(left.emission_s - centre) < NARROW_S]] = True
                tried[back[best]] = True

    def _left(self) -> tuple[Emissions, Ints]:
        """Pulses still open, moved earlier by what their path is known to be late; and where they were."""
        back = np.flatnonzero(self.open)
        moved = self.at.emission_s[back] - self.late_s[self.at.sensor[back]]
        back = back[np.argsort(moved, kind="stable")]
        sensor = self.at.sensor[back]
        moved = self.at.emission_s[back] - self.late_s[sensor]
        return Emissions(self.at.row[back], sensor, moved, self.rate[back]), back

    def _odds(self) -> Odds:
        """Beta posterior of each path carrying a round."""
        carried = PRIOR_ROUNDS * self.prior + self.hits
        chance = carried / (PRIOR_ROUNDS + len(self.rounds))
        return Odds.of(np.clip(chance, 0.01, REPEATS_IF_HEARD), self.asked)

    def _learn(self, direct: Ints, emission_s: float) -> None:
        sensor = self.at.sensor[direct]
        miss = self.at.emission_s[direct] - emission_s
        self.hits[sensor] += 1.0
        self.late_s[sensor] += (miss - self.late_s[sensor]) / self.hits[sensor]
        self.sd_s[sensor] = KNOWN_PATH_SD_S
        lag = self.at.emission_s - emission_s
        self.open &= np.abs(lag - self.late_s[self.at.sensor]) > MATCH_S
        self.rate += echo_rate_per_s(lag)


def _summit(left: Emissions, odds: Odds, tried: Bools) -> tuple[int, float]:
    """The pulse around which the most evidence gathers, and that gathering's centre; -1 if too little."""
    e = left.emission_s
    low = np.searchsorted(e, e - NARROW_S)
    high = np.searchsorted(e, e + NARROW_S, side="right")
    weight = np.maximum(odds.spoke[left.sensor] + rarity(left.rate_per_s, KNOWN_PATH_SD_S), 0.0)
    total = np.concatenate([[0.0], np.cumsum(weight)])
    summed = np.where(tried, 0.0, total[high] - total[low])
    best = int(np.argmax(summed)) if summed.size else -1
    if best < 0 or summed[best] + odds.silent.sum() < ROUND_SCORE:
        return -1, 0.0
    inside = slice(low[best], high[best])
    return best, float((e[inside] * weight[inside]).sum() / weight[inside].sum())


def _chain(rounds: Floats, through_s: float) -> Floats:
    """The run of rounds around one of them in which no gap reaches ``SHOT_GAP_S``."""
    group = np.concatenate([[0], np.cumsum(np.diff(rounds) >= SHOT_GAP_S)])
    return np.asarray(rounds[group == group[int(np.argmin(np.abs(rounds - through_s)))]])


def weigh_burst(listener: Listener, place: Floats, round_t_s: Floats) -> float:
    """Log-likelihood ratio of all rounds together at one place.

    A path either carries sound or does not, with the probability of hearing at its distance; one that
    does carries each round with ``REPEATS_IF_HEARD``, always about equally late (a random effect of
    ``MATCH_SD_S`` per path, ``KNOWN_PATH_SD_S`` per pulse). So a sensor that matched in one round of
    three, by an echo, speaks against the place. Each further round costs ``ROUND_COST``, for its time
    was free to choose. This is what tells a burst from its ghost: rounds half a second apart make
    another place, 170 m off, where some sensors' second rounds line up with others' first.
    """
    odds = listener.odds(place)
    sensor, pulse = _match_rounds(listener, place, round_t_s)
    spoke = pulse >= 0
    lag = round_t_s[:, None] - round_t_s[None, :]
    echoes = np.where(lag > 0.0, echo_rate_per_s(lag), 0.0).sum(axis=1)
    other = np.where(spoke, np.log(listener.rate_per_s[pulse] + echoes), 0.0).sum(axis=1)
    miss = listener.t_s[pulse] - listener.travel_s(place)[sensor][:, None] - round_t_s
    count = spoke.sum(axis=1)
    said = _log_density(np.where(spoke, miss, 0.0), count) - other
    said += count * np.log(REPEATS_IF_HEARD)
    said += (round_t_s.size - count) * np.log1p(-REPEATS_IF_HEARD)
    if_carried = np.full(odds.asked.size, round_t_s.size * np.log1p(-REPEATS_IF_HEARD))
    if_carried[sensor] = said
    carries = np.minimum(heard(listener.distance_m(place)) / REPEATS_IF_HEARD, 0.99)
    each = np.logaddexp(np.log(carries) + if_carried, np.log1p(-carries))
    return float(each[odds.asked].sum()) - ROUND_COST * (round_t_s.size - 1)


def _log_density(miss_s: Floats, count: Ints) -> Floats:
    """log density of each row's residuals under one shared lateness plus scatter. miss_s: (j, r) with
    zeros where there is none, count: (j,) how many there are."""
    pulse, path = KNOWN_PATH_SD_S**2, MATCH_SD_S**2
    total, squares = miss_s.sum(axis=1), (miss_s**2).sum(axis=1)
    both = pulse + count * path
    # Sherman-Morrison on pulse * I + path * 1 1^T
    form = (squares - path / both * total**2) / pulse
    determinant = (count - 1) * np.log(pulse) + np.log(both)
    return np.asarray(-0.5 * (form + determinant + count * np.log(2.0 * np.pi)))


def fit_burst(listener: Listener, place: Floats, round_t_s: Floats) -> Burst:
    """Solve a burst as one place: match, fold the rounds, locate; again from the better place.

    The pattern of several rounds is recognised at a sensor even where the trial place is off by
    50 m, so the first match is a wide one. Raises LocationError where no place can be given.
    """
    doubts = (WIDE_SD_S, MATCH_SD_S, MATCH_SD_S) if round_t_s.size > 1 else (MATCH_SD_S,) * 2
    for doubt in doubts:
        burst = _fit_once(listener, place, round_t_s, doubt)
        place, round_t_s = burst.place, burst.round_t_s
    return burst


def _fit_once(listener: Listener, place: Floats, round_t_s: Floats, path_sd_s: float) -> Burst:
    sensor, pulse = _match_rounds(listener, place, round_t_s, path_sd_s)
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


def _match_rounds(
    listener: Listener, place: Floats, round_t_s: Floats, path_sd_s: float = MATCH_SD_S
) -> tuple[Ints, Ints]:
    """Sensors (j,) and their pulses (j, r), listener rows or -1.

    Each sensor gets one lateness, the one at which most rounds have a pulse, early and late ones
    being less likely as a Gaussian of path_sd_s; its pulses are those nearest to that.
    """
    reach = MATCH_SDS * path_sd_s
    asked = listener.odds(place).asked
    at = listener.emissions(place, asked, round_t_s[0] - reach, round_t_s[-1] + reach)
    late = at.emission_s[:, None] - round_t_s
    k, which = np.nonzero(np.abs(late) < reach)
    late, who = late[k, which], at.sensor[k]
    order = np.lexsort((late, who))
    k, which, late, who = k[order], which[order], late[order], who[order]
    # one line on which each sensor has a stretch to itself, so that one search serves all
    line = who * 4.0 * reach + late
    company = np.searchsorted(line, line + NARROW_S) - np.searchsorted(line, line - NARROW_S)
    likely = MATCH_WORTH * np.minimum(company, round_t_s.size) - 0.5 * (late / path_sd_s) ** 2
    sensor, seat = np.unique(who, return_inverse=True)
    best = np.full(sensor.size, -np.inf)
    np.maximum.at(best, seat, likely)
    winner = np.flatnonzero(likely == best[seat])[::-1]
    usual = np.empty(sensor.size)
    usual[seat[winner]] = late[winner]
    pulse = np.full((sensor.size, round_t_s.size), -1, np.int64)
    off = np.abs(late - usual[seat])
    near = np.flatnonzero(off < NARROW_S)
    near = near[np.argsort(-off[near], kind="stable")]  # the closest is written last, and stays
    pulse[seat[near], which[near]] = at.row[k[near]]
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
