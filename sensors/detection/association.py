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
from sensors.detection.multilateration import LocationError
from sensors.detection.propagation import Atmosphere
from sensors.detection.rounds import SHOT_GAP_S, Proposal, find_rounds
from sensors.detection.search import (
    MARGIN_S,
    SEED_SCORE,
    Delays,
    Seeds,
    listen,
    score_anchors,
    window_rarity,
)
from sensors.detection.streams import Floats, Ints
from sensors.detection.trials import sharpen

CLUSTER_GAP_S = 8.0
"""Longer than sound needs across the hearing range, plus ``SHOT_GAP_S``: incidents cannot touch."""
TRIAL_SCORE = 0.0
"""One round may be blurred by echoes; it need only be likelier than none for its burst to be weighed."""
INCIDENT_WEIGHT = 23.0
"""log of the number of distinguishable (place, instant) hypotheses in a city hour, about 1e10. On made
noise, 240 pulses per sensor and hour, 300 sensors, nothing passed in two hours of stream."""
SHADOW_WEIGHT = 26.0
"""Within ``SHADOW_S`` and ``SHADOW_M`` of a stronger incident echoes conspire: ask for more. All but
one of 111 false results of a published associator lay that close to a real source."""
SHADOW_S, SHADOW_M = 6.0, 2_500.0
SAME_PLACE_M = 75.0
"""Two results at one time nearer than this are one incident seen twice."""
RIVAL_M, RIVAL_S = 1_000.0, 4.0
"""Ghosts of a burst lie within (time between rounds) x (speed of sound) of the source."""
RIVAL_SCORE = 0.5 * SEED_SCORE
RIVAL_PLACES, SEEDS_PER_PLACE, MOST_RIVAL_SEEDS = 8, 2, 400
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
    for part in np.split(np.arange(at.size), np.flatnonzero(np.diff(at) > CLUSTER_GAP_S) + 1):
        if part.size:
            chosen = Seeds(seeds.pulse[part], seeds.cell[part], seeds.score[part])
            cluster = _Cluster(stream, chosen, delays, atmosphere_at_s(float(np.median(at[part]))))
            cluster.explain_all()
            incidents += cluster.incidents
            declined += cluster.declined
            if progress is not None:
                progress((int(part[-1]) + 1) / at.size)
    return sorted(incidents, key=lambda i: float(i.burst.round_t_s[0])), declined


class _Cluster:
    """Seeds close enough in time to be one another's ghosts, explained strongest first."""

    def __init__(self, stream: Stream, seeds: Seeds, delays: Delays, air: Atmosphere) -> None:
        t_s = stream.t_s[seeds.pulse]
        reach = MARGIN_S + SHOT_GAP_S
        rows = slice(*np.searchsorted(stream.t_s, [t_s[0] - reach, t_s[-1] + reach]))
        self.listener = Listener(stream, rows, air)
        self.delays, self.cells = delays, delays.cells
        self.anchor, self.cell, self.score = (
            seeds.pulse - rows.start,
            seeds.cell,
            seeds.score.copy(),
        )
        self.incidents: list[Incident] = []
        self.declined: list[Declined] = []

    def explain_all(self) -> None:
        while self.score.size and self.score[best := int(np.argmax(self.score))] >= SEED_SCORE:
            proposal = self._best_proposal(best)
            if proposal is None or proposal.weight < self._weight_wanted(proposal):
                self._forget_seeds_like(best)
            else:
                self._settle(proposal)

    def _best_proposal(self, best: int) -> Proposal | None:
        """Of the places that compete for the same pulses, the one that explains its whole burst best.

        Taken by single rounds a ghost may lead; taken by bursts the source does, because it alone
        explains every round at every sensor.
        """
        proposals: list[Proposal] = []
        known: list[Floats] = []
        for seed in self._rival_seeds(best):
            cell_xy_m = self.cells.xy_m[self.cell[seed]]
            trial = sharpen(self.listener, int(self.anchor[seed]), cell_xy_m, known=known)
            if trial is None or trial.score < TRIAL_SCORE:
                continue
            if all(np.hypot(*(p.place - trial.place)) > SAME_RIVAL_M for p in proposals):
                proposals.append(find_rounds(self.listener, trial))
        return max(proposals, key=lambda p: p.weight, default=None)

    def _rival_seeds(self, best: int) -> list[int]:
        """Seeds to try against the best one: from each place where seeds pile up, the strongest few.

        A source is seen anew with every round and from several anchors, a ghost seldom twice, so
        places are ranked by the sum of the scores that fall on them.
        """
        emission, centre = self._emission(), self.cells.xy_m[self.cell]
        away = np.hypot(*(centre - centre[best]).T)
        near = np.abs(emission - emission[best]) < RIVAL_S
        near = np.flatnonzero(near & (away < RIVAL_M) & (self.score >= RIVAL_SCORE))
        near = near[np.argsort(-self.score[near], kind="stable")][:MOST_RIVAL_SEEDS]
        apart = np.hypot(*(centre[near, None] - centre[None, near]).transpose(2, 0, 1))
        together = apart < SAME_TRIAL_M
        mass = together @ self.score[near]
        seeds = [best]
        for _ in range(RIVAL_PLACES):
            top = int(np.argmax(mass))
            if mass[top] <= 0.0:
                break
            seeds += near[together[top] & (mass > 0.0)][:SEEDS_PER_PLACE].tolist()
            mass = np.where(together[top], 0.0, mass)
        return seeds

    def _weight_wanted(self, proposal: Proposal) -> float:
        for incident in self.incidents:
            near = float(np.hypot(*(incident.burst.place - proposal.place))) < SHADOW_M
            if near and _gap_s(incident.burst.round_t_s, proposal.round_t_s) < SHADOW_S:
                return SHADOW_WEIGHT
        return INCIDENT_WEIGHT

    def _settle(self, proposal: Proposal) -> None:
        place, rounds = proposal.place, proposal.round_t_s
        try:
            burst = fit_burst(self.listener, place, rounds)
        except LocationError as error:
            declined = Declined(float(rounds[0]), float(place[0]), float(place[1]), str(error))
            self.declined.append(declined)
            self._explained(place, rounds)
            return
        if not self._seen_already(burst):
            asked = int(self.listener.odds(burst.place).asked.sum())
            pulse = burst.row + self.listener.first_row
            self.incidents.append(Incident(burst, pulse, proposal.weight, asked))
        self._explained(burst.place, burst.round_t_s)

    def _seen_already(self, burst: Burst) -> bool:
        for incident in self.incidents:
            gap = _gap_s(incident.burst.round_t_s, burst.round_t_s)
            apart = float(np.hypot(*(incident.burst.place - burst.place)))
            if apart < SAME_PLACE_M and gap < SHOT_GAP_S:
                return True
        return False

    def _forget_seeds_like(self, best: int) -> None:
        emission = self._emission()
        centre = self.cells.xy_m[self.cell]
        alike = (np.abs(emission - emission[best]) < SAME_TRIAL_S) & (
            np.hypot(*(centre - centre[best]).T) < SAME_TRIAL_M
        )
        self.score[alike] = -np.inf

    def _emission(self) -> Floats:
        """Emission time that each seed stands for, at its cell."""
        away = self.listener.xy_m[self.listener.sensor[self.anchor]] - self.cells.xy_m[self.cell]
        travel = np.hypot(away[:, 0], away[:, 1]) / self.listener.atmosphere.c_mps
        return np.asarray(self.listener.t_s[self.anchor] - travel)

    def _explained(self, place: Floats, round_t_s: Floats) -> None:
        """Use up the incident's pulses and score again the seeds that its echoes may have fed."""
        listener = self.listener
        listener.explain(place, round_t_s)
        t_s = listener.t_s[self.anchor]
        self.score[~listener.free[self.anchor]] = -np.inf
        start, end = float(round_t_s[0]) - MARGIN_S, float(round_t_s[-1]) + 2.0 * MARGIN_S
        again = np.flatnonzero(np.isfinite(self.score) & (t_s > start) & (t_s < end))
        if again.size == 0:
            return
        low, high = np.searchsorted(listener.t_s, [start - MARGIN_S, end + MARGIN_S])
        rows = low + np.flatnonzero(listener.free[low:high])
        ear = listen(
            listener.t_s[rows],
            listener.sensor[rows],
            window_rarity(listener.cautious_rate_per_s[rows]),
            sensors=len(listener.xy_m),
            start_s=start - MARGIN_S,
            end_s=end + MARGIN_S,
        )
        delay = self.delays.at(listener.atmosphere)
        anchors = self.anchor[again]
        self.cell[again], self.score[again] = score_anchors(
            self.cells, delay, ear, listener.t_s[anchors], listener.sensor[anchors]
        )


def _gap_s(one: Floats, other: Floats) -> float:
    """Least time between a round of one burst and a round of the other."""
    return float(np.abs(one[:, None] - other[None, :]).min())
