"""All rounds fired at one place, and what the whole burst weighs.

:func:`find_rounds` finds the instants at which sensors agree; :func:`weigh_burst` is the
log-likelihood ratio by which rival places are compared; :func:`recount` finds the rounds again, and
those before and after, once the place and the lateness of each path are known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sensors.detection.evidence import (
    MATCH_S,
    MATCH_SD_S,
    Listener,
    Odds,
    rarity,
)
from sensors.detection.hearing import after_rounds_per_s, heard, one_line, stir_per_s
from sensors.detection.multilateration import MIN_SENSORS
from sensors.detection.streams import Floats, Ints

SHOT_GAP_S = 4.0
"""Rounds of one place less than this apart are one incident."""
LONGEST_TRIAL_S = 20.0
"""So much of a long burst is enough to weigh its place by; :func:`recount` finds the rest."""
ROUND_SCORE = 8.0
"""Evidence a further round needs: its place is known, only its instant is not."""
ROUND_COST = 4.0
"""log of the number of distinguishable instants (70 ms) in ``SHOT_GAP_S``."""
STRONGEST_FIRST = (0.5, 0.25, 0.0, 0.0)
"""Passes take rounds above this share of the strongest: clean ones teach the paths, then the rest."""
REPEATS_IF_HEARD = 0.9
"""A path that carried one round carries the next: 0.95 on the live-fire set, a calm night, so less."""
AS_IF_DISTANCE = (0.6, 1.0, 1.7, 2.6)
"""A source 4 dB louder or 5, 10 dB quieter than a pistol is heard as a pistol nearer by or farther off."""
PATH_ROUNDS = 0.3
"""Beta prior of how often a path carries, worth this many rounds: it carries either nearly all or none."""
PRIOR_ROUNDS = 1.0
"""How many rounds' worth the distance says about a path; each round taken outweighs it more."""
PRIOR_CAP = 0.5
"""What the distance says at most, once a round has been missed or heard."""
KNOWN_PATH_SD_S = 0.004
"""Round to round a path repeats within 1.6 ms; the rest is the error of the round's own instant."""
NARROW_S = 3.0 * KNOWN_PATH_SD_S
SETTLED_S = 0.002
SAME_ROUND_S = 0.025
"""Closer than this two rounds are one: the paths' lateness blurs them."""
MATCH_SDS = 3.5
MATCH_WORTH = 3.0
"""log-likelihood that one more matched round adds, at a usual rate of echoes."""


@dataclass(frozen=True, eq=False)
class Proposal:
    """A place (2,), the rounds fired there (r,) ascending, and the log-likelihood ratio of it all."""

    place: Floats
    round_t_s: Floats
    weight: float


def find_rounds(listener: Listener, place: Floats, emission_s: float) -> Proposal:
    """The rounds fired at a place, in one chain of gaps under ``SHOT_GAP_S`` through an instant, and their
    weight. A chain longer than ``LONGEST_TRIAL_S`` is cut."""
    train = _Train(listener, place)
    rounds, score = np.array([emission_s]), np.zeros(1)
    start = end = emission_s
    while True:
        train.listen(start - SHOT_GAP_S, end + SHOT_GAP_S)
        rounds, score = train.climb(rounds, emission_s)
        grown = rounds[0] < start - SAME_ROUND_S or rounds[-1] > end + SAME_ROUND_S
        start, end = float(min(start, rounds[0])), float(max(end, rounds[-1]))
        if not grown or end - start > LONGEST_TRIAL_S - 2.0 * SHOT_GAP_S:
            return _heaviest(train, emission_s, rounds, score)


def _heaviest(train: _Train, emission_s: float, rounds: Floats, score: Floats) -> Proposal:
    """How many of the rounds, strongest first, make the heaviest burst: weak ones may be another's."""
    first = np.abs(rounds - emission_s) < SAME_ROUND_S
    taken = rounds[np.lexsort((-score, ~first))]
    sizes = {*(2**k for k in range(int(taken.size).bit_length())), taken.size}
    proposals = []
    for size in sorted(sizes):
        chosen = chain(np.sort(taken[:size]), emission_s)
        weight = weigh_burst(train.listener, train.place, chosen)
        proposals.append(Proposal(train.place, chosen, weight))
    return max(proposals, key=lambda p: p.weight)


def recount(
    listener: Listener, place: Floats, round_t_s: Floats, sensor: Ints, late_s: Floats
) -> Floats:
    """The rounds of a located burst, found again with every path's lateness known; the chain is followed
    as far as it goes. sensor, late_s: (j,) who took part, and how late. Ascending, at least one."""
    train = _Train(listener, place)
    train.know(sensor, late_s)
    rounds, start, end = round_t_s, float(round_t_s[0]), float(round_t_s[-1])
    while True:
        train.listen(start - SHOT_GAP_S, end + SHOT_GAP_S)
        rounds, _ = train.climb(rounds, float(rounds[0]), passes=(0.0, 0.0))
        if rounds[0] > start - SHOT_GAP_S / 2.0 and rounds[-1] < end + SHOT_GAP_S / 2.0:
            return rounds
        reach = float(np.clip(end - start, SHOT_GAP_S, 8.0 * SHOT_GAP_S))
        start = min(start, rounds[0]) - (reach if rounds[0] < start else 0.0)
        end = max(end, rounds[-1]) + (reach if rounds[-1] > end else 0.0)


class _Train:
    """Instants at which the sensors agree on a round at one place, strongest first.

    Every round taken teaches something about each path: whether it carries sound, and by how much it
    is late. What is learnt makes the next round stand out from the echoes of those before it.
    Arrays (k,) are by seat: the asked sensors, in order.
    """

    def __init__(self, listener: Listener, place: Floats) -> None:
        self.listener, self.place = listener, place
        distance = listener.distance_m(place)
        self.odds_of_one = listener.odds(place)
        self.asked = np.flatnonzero(self.odds_of_one.asked)
        self.prior = np.minimum(heard(distance[self.asked]), PRIOR_CAP)
        self.late_s = np.zeros(self.asked.size)
        self.sd_s = np.full(self.asked.size, MATCH_SD_S)
        self.known = np.zeros(self.asked.size, bool)

    def know(self, sensor: Ints, late_s: Floats) -> None:
        """Paths whose lateness is known beforehand. sensor, late_s: (j,)."""
        seat = np.searchsorted(self.asked, sensor)
        mine = (seat < self.asked.size) & (
            self.asked[np.minimum(seat, self.asked.size - 1)] == sensor
        )
        self.late_s[seat[mine]] = late_s[mine]
        self.sd_s[seat[mine]] = KNOWN_PATH_SD_S
        self.known[seat[mine]] = True

    def listen(self, start_s: float, end_s: float) -> None:
        """Take in the free pulses whose sound would have left the place in this stretch."""
        self.at = self.listener.emissions(self.place, self.odds_of_one.asked, start_s, end_s)
        self.seat = np.searchsorted(self.asked, self.at.sensor)
        self.others = _Others(self.at.emission_s, self.seat)

    def climb(
        self, rounds: Floats, through_s: float, *, passes: tuple[float, ...] = STRONGEST_FIRST
    ) -> tuple[Floats, Floats]:
        """The rounds of the chain through an instant, ascending, and the evidence for each."""
        score = np.zeros(rounds.size)
        for share in passes:
            pulse = self._learn(rounds)
            instant, says = self._instants(rounds, pulse)
            good = says >= max(ROUND_SCORE, share * float(says.max(initial=0.0)))
            if not (np.abs(instant[good] - through_s) < SAME_ROUND_S).any():
                instant, says = np.append(instant[good], through_s), np.append(says[good], 0.0)
            else:
                instant, says = instant[good], says[good]
            order = np.argsort(instant, kind="stable")
            same = instant.size == rounds.size and np.abs(instant[order] - rounds).max() < SETTLED_S
            rounds, score = instant[order], says[order]
            if same and good.all():
                break
        inside = np.isin(rounds, chain(rounds, through_s))
        return rounds[inside], score[inside]

    def _learn(self, rounds: Floats) -> Ints:
        """Lateness of the paths, from the rounds so far. Returns the pulse of each, (k, r) or -1."""
        pulse = match(self.at.emission_s, self.seat, rounds, self.asked.size, MATCH_SD_S)
        hits = np.asarray((pulse >= 0).sum(axis=1))
        learnt = (hits > 0) & ~self.known
        miss = np.where(pulse >= 0, self.at.emission_s[pulse] - rounds, 0.0).sum(axis=1)
        self.late_s = np.where(
            learnt, miss / np.maximum(hits, 1), np.where(self.known, self.late_s, 0.0)
        )
        self.sd_s = np.where(learnt | self.known, KNOWN_PATH_SD_S, MATCH_SD_S)
        return pulse

    def _instants(self, rounds: Floats, pulse: Ints) -> tuple[Floats, Floats]:
        """Instants where evidence gathers, and how much: (c,), (c,) log-likelihood ratio."""
        carried = PRIOR_ROUNDS * self.prior + (pulse >= 0).sum(axis=1)
        chance = carried / (PRIOR_ROUNDS + rounds.size)
        odds = Odds.of(np.clip(chance, 0.01, REPEATS_IF_HEARD), np.ones(chance.size, bool))
        moved = self.at.emission_s - self.late_s[self.seat]
        order = np.argsort(moved, kind="stable")
        e, seat = moved[order], self.seat[order]
        echoes = after_rounds_per_s(e, rounds) * chance[seat]
        rate = self.at.rate_per_s[order] + np.maximum(echoes, self.others.per_s(pulse)[order])
        sd = self.sd_s[seat]
        worth = np.maximum(odds.spoke[seat] + rarity(rate, sd), 0.0)
        centre = _summits(e, worth, ROUND_SCORE - float(odds.silent.sum()))
        if centre.size == 0:
            return centre, centre
        for _ in range(2):
            table, centre = _said(centre, e, seat, worth, sd, self.asked.size)
        score = table.sum(axis=1) + odds.silent.sum()
        score[(table > 0.0).sum(axis=1) < MIN_SENSORS] = -np.inf
        return _apart(centre, score)


class _Others:
    """How thick, at each pulse, its sensor's other pulses are just before it, those of known rounds aside.

    What no round explains counts against every round: a place that explains only some of the pulses
    stands in a crowd. emission_s: (n,) ascending, seat: (n,)."""

    def __init__(self, emission_s: Floats, seat: Ints) -> None:
        self.order = np.argsort(seat, kind="stable")
        self.line = one_line(emission_s[self.order], seat[self.order])

    def per_s(self, pulse: Ints) -> Floats:
        """(n,) from the positions (any shape, -1 for none) of the pulses that rounds explain."""
        unexplained = np.ones(self.order.size)
        unexplained[pulse[pulse >= 0]] = 0.0
        rate = np.empty(self.order.size)
        rate[self.order] = stir_per_s(self.line, unexplained[self.order])
        return rate


def _summits(e: Floats, worth: Floats, floor: float) -> Floats:
    """Instants, among pulses e (n,) ascending, around which the most worth gathers locally."""
    low, high = np.searchsorted(e, e - NARROW_S), np.searchsorted(e, e + NARROW_S, side="right")
    total = np.concatenate([[0.0], np.cumsum(worth)])
    summed = total[high] - total[low]
    keen = np.flatnonzero(summed >= floor)
    if keen.size == 0:
        return np.empty(0)
    first = np.searchsorted(e, e[keen] - SAME_ROUND_S)
    last = np.searchsorted(e, e[keen] + SAME_ROUND_S, side="right")
    bounds = np.column_stack([first, np.minimum(last, e.size)]).ravel()
    highest = np.maximum.reduceat(np.append(summed, 0.0), bounds)[::2]
    return np.asarray(e[keen[summed[keen] >= highest]])


def _said(
    centre: Floats, e: Floats, seat: Ints, worth: Floats, sd: Floats, seats: int
) -> tuple[Floats, Floats]:
    """What each seat says for each instant, (c, seats), its best pulse only; and the instants moved to
    the mean of what was said."""
    low = np.searchsorted(e, centre - MATCH_S)
    count = np.searchsorted(e, centre + MATCH_S) - low
    which = np.repeat(np.arange(centre.size), count)
    pulse = np.arange(which.size) - np.repeat(np.cumsum(count) - count, count) + low[which]
    miss = (e[pulse] - centre[which]) / sd[pulse]
    says = worth[pulse] - 0.5 * miss**2
    speaks = says > 0.0
    which, pulse, says = which[speaks], pulse[speaks], says[speaks]
    table = np.zeros(centre.size * seats)
    slot = which * seats + seat[pulse]
    np.maximum.at(table, slot, says)
    best = says >= table[slot]
    which, pulse = which[best], pulse[best]
    precision = sd[pulse] ** -2.0
    weight = np.bincount(which, precision, centre.size)
    moved = np.bincount(which, precision * e[pulse], centre.size) / np.maximum(weight, 1e-12)
    return table.reshape(centre.size, seats), np.where(weight > 0.0, moved, centre)


def _apart(instant: Floats, score: Floats) -> tuple[Floats, Floats]:
    """The strongest of instants closer than ``SAME_ROUND_S``."""
    good = np.flatnonzero(score >= ROUND_SCORE)
    order = good[np.lexsort((-score[good], instant[good]))]
    instant, score = instant[order], score[order]
    close = np.diff(instant) < SAME_ROUND_S
    keep = np.ones(instant.size, bool)
    keep[1:][close & (score[1:] <= score[:-1])] = False
    keep[:-1][close & (score[1:] > score[:-1])] = False
    return instant[keep], score[keep]


def chain(rounds: Floats, through_s: float) -> Floats:
    """The run of rounds around one of them in which no gap reaches ``SHOT_GAP_S``."""
    group = np.concatenate([[0], np.cumsum(np.diff(rounds) >= SHOT_GAP_S)])
    return np.asarray(rounds[group == group[int(np.argmin(np.abs(rounds - through_s)))]])


def weigh_burst(listener: Listener, place: Floats, round_t_s: Floats) -> float:
    """Log-likelihood ratio of all rounds together at one place.

    How often a path carries is one number per path, Beta-distributed about the probability of hearing
    at its distance and mostly near 0 or 1 (``PATH_ROUNDS``); it is always about equally late (a random
    effect of ``MATCH_SD_S`` per path, ``KNOWN_PATH_SD_S`` per pulse). So a sensor that matched in one
    round of three, by an echo, speaks against the place. Each further round costs ``ROUND_COST``, for
    its time was free to choose. This is what tells a burst from its ghost: rounds half a second apart
    make another place, 170 m off, where some sensors' second rounds line up with others' first.
    How loud the source is nobody knows: the weight is the mean over ``AS_IF_DISTANCE``.
    """
    # Imported here, for the web process imports this package and never detects.
    from scipy.special import betaln

    odds = listener.odds(place)
    reach = MATCH_SDS * MATCH_SD_S + 1.5
    at = listener.emissions(place, odds.asked, round_t_s[0] - reach, round_t_s[-1] + reach)
    pulse = match(at.emission_s, at.sensor, round_t_s, odds.asked.size, MATCH_SD_S)
    spoke = pulse >= 0
    count = spoke.sum(axis=1)
    share = count / round_t_s.size
    echoes = after_rounds_per_s(at.emission_s, round_t_s) * share[at.sensor]
    others = _Others(at.emission_s, at.sensor).per_s(pulse)
    other = np.log(at.rate_per_s + np.maximum(echoes, others))
    miss = np.where(spoke, at.emission_s[pulse] - round_t_s, 0.0)
    said = _log_density(miss, count) - np.where(spoke, other[pulse], 0.0).sum(axis=1)
    said[count == 0] = 0.0
    count, said = count[odds.asked], said[odds.asked]
    distance = listener.distance_m(place)[odds.asked]
    weights = []
    for as_if in AS_IF_DISTANCE:
        p = np.clip(heard(as_if * distance), 0.01, 0.97)
        a, b = PATH_ROUNDS * p, PATH_ROUNDS * (1.0 - p)
        each = betaln(a + count, b + round_t_s.size - count) - betaln(a, b) + said
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
    sensor, seat = np.unique(at.sensor, return_inverse=True)
    pulse = match(at.emission_s, seat, round_t_s, sensor.size, path_sd_s)
    heard_any = (pulse >= 0).any(axis=1)
    return sensor[heard_any], np.where(pulse >= 0, at.row[pulse], -1)[heard_any]


def match(emission_s: Floats, seat: Ints, round_t_s: Floats, seats: int, path_sd_s: float) -> Ints:
    """Each seat's pulse for each round, (seats, r), positions or -1.

    emission_s: (n,) ascending. seat: (n,). Each seat has one lateness, the one at which most
    rounds have a pulse, early and late ones being less likely as a Gaussian of path_sd_s.
    """
    reach = MATCH_SDS * path_sd_s
    pulse = np.full((seats, round_t_s.size), -1, np.int64)
    low = np.searchsorted(emission_s, round_t_s - reach)
    count = np.searchsorted(emission_s, round_t_s + reach) - low
    which = np.repeat(np.arange(round_t_s.size), count)
    k = np.arange(which.size) - np.repeat(np.cumsum(count) - count, count) + low[which]
    late, who = emission_s[k] - round_t_s[which], seat[k]
    order = np.lexsort((which, late, who))
    k, which, late, who = k[order], which[order], late[order], who[order]
    # one line on which each seat has a stretch to itself, so that one search serves all
    line = who * 4.0 * reach + late
    company = np.searchsorted(line, line + NARROW_S) - np.searchsorted(line, line - NARROW_S)
    likely = MATCH_WORTH * np.minimum(company, round_t_s.size) - 0.5 * (late / path_sd_s) ** 2
    best = np.full(seats, -np.inf)
    np.maximum.at(best, who, likely)
    winner = np.flatnonzero(likely == best[who])[::-1]
    usual = np.zeros(seats)
    usual[who[winner]] = late[winner]
    off = np.abs(late - usual[who])
    near = np.flatnonzero(off < NARROW_S)
    near = near[np.argsort(-off[near], kind="stable")]  # the closest is written last, and stays
    pulse[who[near], which[near]] = k[near]
    return pulse
