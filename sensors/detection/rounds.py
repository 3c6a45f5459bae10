"""All rounds fired at one place, and what the whole burst weighs.

:func:`find_rounds` takes the instants at which sensors agree, strongest first; :func:`weigh_burst` is
the log-likelihood ratio by which rival places are compared.
"""

from __future__ import annotations

from dataclasses import dataclass

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
from sensors.detection.multilateration import MIN_SENSORS
from sensors.detection.streams import Bools, Floats, Ints
from sensors.detection.trials import Trial

SHOT_GAP_S = 4.0
"""Rounds of one place less than this apart are one incident."""
LONGEST_BURST_S = 30.0
"""An incident lasts no longer: what goes on is the next incident. Callers' windows rely on it."""
ROUND_SCORE = 8.0
"""Evidence a further round needs: its place is known, only its instant is not."""
ROUND_COST = 4.0
"""log of the number of distinguishable instants (70 ms) in ``SHOT_GAP_S``."""
REPEATS_IF_HEARD = 0.88
"""A path that carried one round carries the next: 0.95 on the live-fire set, a calm night, so less."""
AS_IF_DISTANCE = (0.6, 1.0, 1.8)
"""A source 4 dB louder or 5 dB quieter than a pistol is heard as a pistol nearer by or farther off."""
PRIOR_ROUNDS = 1.0
"""How many rounds' worth the distance says about a path; each round taken outweighs it more."""
PRIOR_CAP = 0.5
"""What the distance says at most, once a round has been missed or heard."""
KNOWN_PATH_SD_S = 0.004
"""Round to round a path repeats within 1.6 ms; the rest is the error of the round's own instant."""
NARROW_S = 3.0 * KNOWN_PATH_SD_S
MATCH_SDS = 3.5
MATCH_WORTH = 3.0
"""log-likelihood that one more matched round adds, at a usual rate of echoes."""


@dataclass(frozen=True, eq=False)
class Proposal:
    """A place (2,), the rounds fired there (r,) ascending, and the log-likelihood ratio of it all."""

    place: Floats
    round_t_s: Floats
    weight: float


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
        if not grown or end - start > LONGEST_BURST_S - 2.0 * SHOT_GAP_S:
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
    How loud the source is nobody knows: the weight is the mean over ``AS_IF_DISTANCE``.
    """
    odds = listener.odds(place)
    sensor, pulse = match_rounds(listener, place, round_t_s)
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
    distance = listener.distance_m(place)[odds.asked]
    weights = []
    for as_if in AS_IF_DISTANCE:
        carries = np.minimum(heard(as_if * distance) / REPEATS_IF_HEARD, 0.99)
        each = np.logaddexp(np.log(carries) + if_carried[odds.asked], np.log1p(-carries))
        weights.append(float(each.sum()))
    mean = float(np.logaddexp.reduce(weights) - np.log(len(weights)))
    return mean - ROUND_COST * (round_t_s.size - 1)


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


def match_rounds(
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
