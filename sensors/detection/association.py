"""Pulses to incidents: which pulses belong together, without any grouping given.

A burst is one place with several emission times, and each sensor adds its own echoes to every
round. Taken round by round, echoes of one round line up with direct pulses of the next and make
ghosts; so an incident is solved whole. The place with the strongest single round is taken first,
all its rounds are found there, its direct pulses are used up, and the time after each of them is
marked as full of echoes, where a pulse proves little. What then still stands out is another incident.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sensors.detection.burst import Burst, fit_burst
from sensors.detection.evidence import Listener, Stream
from sensors.detection.hearing import HEARING_RANGE_M
from sensors.detection.multilateration import LocationError
from sensors.detection.propagation import Atmosphere
from sensors.detection.rounds import (
    SAME_ROUND_S,
    SHOT_GAP_S,
    Proposal,
    find_rounds,
    recount,
    weigh_burst,
)
from sensors.detection.search import (
    MARGIN_S,
    SEED_SCORE,
    Delays,
    Seeds,
    has_company,
    listen,
    neighbours,
    score_anchors,
    window_rarity,
)
from sensors.detection.streams import Bools, Floats, Ints
from sensors.detection.trials import try_seeds

CLUSTER_GAP_S = 8.0
"""Longer than sound needs across the hearing range, plus ``SHOT_GAP_S``: incidents cannot touch."""
INCIDENT_WEIGHT = 21.0
"""About the log of the number of distinguishable (place, instant) hypotheses in a city hour, 1e9 to 1e10.
On made streams of two authors, away from other incidents: below 20 there were 23 false results and
1 true one, from 20 to 23 5 and 7, from there on 9 and 598."""
SHADOW_WEIGHT = 28.0
"""Within ``SHADOW_S`` and ``SHADOW_M`` of an incident already explained echoes conspire: ask for more. Of 23
false results on those streams 17 lay below 29, nearly all within 700 m of a stronger incident; true
ones as weak lay mostly farther off."""
SHADOW_S, SHADOW_M = 6.0, 700.0
WORTH_POLISH = 10.0
"""How much weight a better place may add."""
SETTLED_S = 0.005
"""Rounds found again this near are the same."""
RIVAL_M, RIVAL_S = 1_000.0, 4.0
"""Ghosts of a burst lie within (time between rounds) x (speed of sound) of the source."""
RIVAL_SCORE = 0.5 * SEED_SCORE
RIVAL_PLACES, MOST_RIVALS = 8, 400
RIVAL_MASS = 0.3
"""Places with less than this share of the weightiest one's evidence are no rivals."""
EARLIER_S = 1.0
"""An explained incident changes little for what was heard this long before it."""
ANCHOR_RATE_PER_S = 5.0
"""Where other pulses come this thick one more can begin nothing."""
CELLS_AGAIN, SEED_SCORE_AGAIN = 2, 0.0
"""Around an explained incident a coarse cell is too coarse to tell: the fine look decides."""
SAME_RIVAL_M = 15.0
SAME_TRIAL_M, SAME_TRIAL_S = 60.0, 0.15
"""Seeds this alike lead to the same trial: once refused, they are not tried again."""


@dataclass(frozen=True, eq=False)
class Incident:
    """A burst that was accepted. pulse: (k,) stream rows, in the order of ``burst.row``. weight:
    log-likelihood ratio of the burst against background and echoes. asked: active sensors within hearing range."""

    burst: Burst
    pulse: Ints
    weight: float
    asked: int


@dataclass(frozen=True)
class Declined:
    """A place with evidence for which no location is given. t_s, x_m, y_m are rough."""

    t_s: float
    x_m: float
    y_m: float
    reason: str


def associate(
    stream: Stream,
    seeds: Seeds,
    delays: Delays,
    *,
    atmosphere_at_s: Callable[[float], Atmosphere],
    progress: Callable[[float], object] | None = None,
) -> tuple[list[Incident], list[Declined]]:
    """Incidents of a stream in time order, and places that had to be declined. Deterministic.

    progress: told the share of seeds done.
    """
    incidents: list[Incident] = []
    declined: list[Declined] = []
    at = stream.t_s[seeds.pulse]
    company = neighbours(stream.xy_m, stream.active)
    for part in np.split(np.arange(at.size), np.flatnonzero(np.diff(at) > CLUSTER_GAP_S) + 1):
        if part.size:
            chosen = Seeds(seeds.pulse[part], seeds.cell[part], seeds.score[part])
            air = atmosphere_at_s(float(np.median(at[part])))
            cluster = _Cluster(stream, chosen, delays, air, company)
            cluster.explain_all()
            incidents += cluster.incidents
            declined += cluster.declined
            if progress is not None:
                progress((int(part[-1]) + 1) / at.size)
    return sorted(incidents, key=lambda i: float(i.burst.round_t_s[0])), declined


class _Cluster:
    """Seeds close enough in time to be one another's ghosts, explained strongest first."""

    def __init__(
        self,
        stream: Stream,
        seeds: Seeds,
        delays: Delays,
        air: Atmosphere,
        company: tuple[Ints, Floats],
    ) -> None:
        t_s = stream.t_s[seeds.pulse]
        reach = MARGIN_S + SHOT_GAP_S
        rows = slice(*np.searchsorted(stream.t_s, [t_s[0] - reach, t_s[-1] + reach]))
        self.listener = Listener(stream, rows, air)
        self.delays = delays
        self.company = company
        self.trials = try_seeds(self.listener, delays.cells, seeds.pulse - rows.start, seeds.cell)
        self.incidents: list[Incident] = []
        self.declined: list[Declined] = []

    def explain_all(self) -> None:
        while (score := self.trials.score).size and score[
            best := int(np.argmax(score))
        ] >= SEED_SCORE:
            proposal, tried = self._best_proposal(best)
            wanted = self._weight_wanted(proposal)
            if wanted - WORTH_POLISH < proposal.weight < wanted:
                proposal = self._polished(proposal)
                wanted = self._weight_wanted(proposal)
            if proposal.weight < wanted or not self._settle(proposal):
                for trial in tried:  # none was better, so none need be asked again
                    self._forget_trials_like(trial)

    def _best_proposal(self, best: int) -> tuple[Proposal, list[int]]:
        """Of the places that compete for the same pulses, the one that explains its whole burst best; and
        the trials that were asked.

        Taken by single rounds a ghost may lead; taken by bursts the source does, because it alone
        explains every round at every sensor. The winner has to stand against its own neighbours too.
        """
        trials = self.trials
        asked = self._rivals(trials.place[best], float(trials.emission_s[best]), best)
        proposals = self._proposals(asked, [])
        champion = max(proposals, key=lambda p: p.weight)
        if champion.round_t_s.size > 1:
            further = self._rivals(champion.place, float(champion.round_t_s[0]), None)
            proposals = self._proposals(further, proposals)
            asked += further
            champion = max(proposals, key=lambda p: p.weight)
        return champion, asked

    def _proposals(self, asked: list[int], proposals: list[Proposal]) -> list[Proposal]:
        """Those given, and one from each trial that is not at one of their places."""
        proposals = list(proposals)
        for trial in asked:
            place = self.trials.place[trial]
            if all(np.hypot(*(p.place - place)) > SAME_RIVAL_M for p in proposals):
                emission_s = float(self.trials.emission_s[trial])
                proposals.append(find_rounds(self.listener, place, emission_s))
        return proposals

    def _rivals(self, place: Floats, emission_s: float, best: int | None) -> list[int]:
        """Trials to set against a place: from each place where they pile up, the strongest.

        A source is seen anew with every round and from several anchors, a ghost seldom twice, so
        places are ranked by the sum of the scores that fall on them.
        """
        trials = self.trials
        is_near = np.abs(trials.emission_s - emission_s) < RIVAL_S
        is_near &= np.hypot(*(trials.place - place).T) < RIVAL_M
        near = np.flatnonzero(is_near & (trials.score >= RIVAL_SCORE))
        near = near[np.argsort(-trials.score[near], kind="stable")][:MOST_RIVALS]
        spot = trials.place[near]
        together = np.hypot(*(spot[:, None] - spot[None]).transpose(2, 0, 1)) < SAME_TRIAL_M
        mass = together @ trials.score[near]
        rivals = [] if best is None else [best]
        least = RIVAL_MASS * float(mass.max(initial=0.0))
        for _ in range(RIVAL_PLACES):
            if near.size == 0 or mass[top := int(np.argmax(mass))] <= least:
                break
            rivals.append(int(near[np.flatnonzero(together[top] & (mass > 0.0))[0]]))
            mass = np.where(together[top], 0.0, mass)
        return rivals

    def _weight_wanted(self, proposal: Proposal) -> float:
        for incident in self.incidents:
            near = float(np.hypot(*(incident.burst.place - proposal.place))) < SHADOW_M
            if near and gap_s(incident.burst.round_t_s, proposal.round_t_s) < SHADOW_S:
                return SHADOW_WEIGHT
        return INCIDENT_WEIGHT

    def _polished(self, proposal: Proposal) -> Proposal:
        """The same, solved and its rounds found again from there: some metres may hide a burst's rounds."""
        try:
            burst = self._fit(proposal.place, proposal.round_t_s)
        except LocationError:
            return proposal
        weight = weigh_burst(self.listener, burst.place, burst.round_t_s)
        better = Proposal(burst.place, burst.round_t_s, weight)
        return max(proposal, better, key=lambda p: p.weight)

    def _settle(self, proposal: Proposal) -> bool:
        """Solve and report a burst. False if it used up no pulse: then it would be found for ever."""
        place, rounds = proposal.place, proposal.round_t_s
        try:
            burst = self._fit(place, rounds)
        except LocationError as error:
            declined = Declined(float(rounds[0]), float(place[0]), float(place[1]), str(error))
            self.declined.append(declined)
            return self._explained(place, rounds)
        asked = int(self.listener.odds(burst.place).asked.sum())
        new = Incident(burst, burst.row + self.listener.first_row, proposal.weight, asked)
        self.incidents.append(new)
        return self._explained(burst.place, burst.round_t_s, burst)

    def _fit(self, place: Floats, rounds: Floats) -> Burst:
        """The burst solved, its rounds found again from the better place, and solved with those."""
        try:
            burst = fit_burst(self.listener, place, rounds)
        except LocationError:  # its pattern misled; one round may still be solved
            burst = fit_burst(self.listener, place, rounds[:1])
        again = recount(
            self.listener, burst.place, burst.round_t_s, burst.sensor, burst.location.residual_s
        )
        known = burst.round_t_s
        if again.size != known.size or np.abs(again - known).max() > SETTLED_S:
            burst = fit_burst(self.listener, burst.place, again)
        once = _distinct(burst)
        return burst if once.all() else fit_burst(self.listener, burst.place, burst.round_t_s[once])

    def _forget_trials_like(self, one: int) -> None:
        trials = self.trials
        alike = (np.abs(trials.emission_s - trials.emission_s[one]) < SAME_TRIAL_S) & (
            np.hypot(*(trials.place - trials.place[one]).T) < SAME_TRIAL_M
        )
        trials.score[alike] = -np.inf

    def _explained(self, place: Floats, round_t_s: Floats, burst: Burst | None = None) -> bool:
        """Use up the incident's pulses, and search again in what they leave around it. False if no pulse
        was left to use up."""
        listener, trials = self.listener, self.trials
        free = int(listener.free.sum())
        if burst is None:
            listener.explain(place, round_t_s)
        else:
            listener.free[burst.row] = False
            listener.explain(place, round_t_s, burst.sensor, burst.location.residual_s)
        if int(listener.free.sum()) == free:
            return False
        start, end = float(round_t_s[0]) - EARLIER_S, float(round_t_s[-1]) + 2.0 * MARGIN_S
        around = listener.distance_m(place) < 1.5 * HEARING_RANGE_M
        t_s = listener.t_s[trials.anchor]
        elsewhere = (t_s <= start) | (t_s >= end) | ~around[listener.sensor[trials.anchor]]
        stays = elsewhere & np.isfinite(trials.score) & listener.free[trials.anchor]
        again = try_seeds(listener, self.delays.cells, *self._search_again(start, end, around))
        self.trials = trials[stays].and_also(again)
        return True

    def _search_again(self, start: float, end: float, around: Bools) -> tuple[Ints, Ints]:
        """Anchors among the unexplained pulses of a stretch at some sensors (m,), each with its best cells:
        listener rows, cells."""
        listener = self.listener
        low, high = np.searchsorted(listener.t_s, [start - MARGIN_S, end + MARGIN_S])
        rows = low + np.flatnonzero(listener.free[low:high])
        rate = listener.cautious_rate_per_s[rows]
        t_s, sensor = listener.t_s[rows], listener.sensor[rows]
        keen = (t_s > start) & (t_s < end) & (rate < ANCHOR_RATE_PER_S)
        seen = np.flatnonzero(keen & around[sensor])
        if seen.size == 0:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        seen = seen[has_company(t_s, sensor, t_s[seen], sensor[seen], self.company)]
        ear = listen(
            t_s, sensor, window_rarity(rate), sensors=len(listener.xy_m),
            start_s=start - MARGIN_S, end_s=end + MARGIN_S,
        )  # fmt: skip
        delay = self.delays.at(listener.atmosphere, sensor[seen])
        cell, score = score_anchors(
            self.delays.cells, delay, ear, t_s[seen], sensor[seen], keep=CELLS_AGAIN
        )
        which, rank = np.nonzero(score >= SEED_SCORE_AGAIN)
        return rows[seen[which]], cell[which, rank]


def gap_s(one: Floats, other: Floats) -> float:
    """Least time between a round of one burst and a round of the other."""
    return float(np.abs(one[:, None] - other[None, :]).min())


def _distinct(burst: Burst) -> Bools:
    """Rounds that are not one of their neighbours heard twice, (r,): the one with fewer pulses goes."""
    heard_by = np.bincount(burst.row_round, minlength=burst.round_t_s.size)
    close = np.diff(burst.round_t_s) < SAME_ROUND_S
    once = np.ones(burst.round_t_s.size, bool)
    once[1:] &= ~(close & (heard_by[1:] <= heard_by[:-1]))
    once[:-1] &= ~(close & (heard_by[:-1] < heard_by[1:]))
    return once
