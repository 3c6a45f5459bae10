"""From the seeds of the coarse search to places that explain one round: trials of a hypothesis.

All seeds of a stretch are worked on at once, as arrays with a row for each seed: first on a fine
lattice around the coarse cell, then by Gauss-Newton steps on the pulses that lie near.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sensors.detection.evidence import MATCH_S, MATCH_SD_S, Listener, Odds, rarity
from sensors.detection.hearing import HEARING_RANGE_M, heard
from sensors.detection.multilateration import MIN_SENSORS
from sensors.detection.propagation import travel_time_s
from sensors.detection.search import MARGIN_S, SILENCE, Cells, Ear
from sensors.detection.streams import Bools, Floats, Ints

FINE_STEP_M = 10.0
FINE_SD_S = 0.020
"""A lattice of 10 m moves an arrival by up to 21 ms."""
FINE_REACH_M = 40.0
"""The coarse cell may be the wrong neighbour."""
FINE_BIN_S = 0.010
FINE_SPREAD_S = 0.050
LATTICE_BATCH = 64
STEPS, FARTHEST_STEP_M = 3, 60.0


@dataclass(frozen=True, eq=False)
class Trials:
    """Places (a, 2) that explain one round each, at emission_s (a,). score: (a,) log-likelihood ratio, -inf
    where fewer than four sensors agree. anchor: (a,) listener rows that suggested them."""

    anchor: Ints
    place: Floats
    emission_s: Floats
    score: Floats

    def __getitem__(self, rows: Ints | Bools) -> Trials:
        return Trials(self.anchor[rows], self.place[rows], self.emission_s[rows], self.score[rows])

    def and_also(self, other: Trials) -> Trials:
        return Trials(
            np.concatenate([self.anchor, other.anchor]),
            np.concatenate([self.place, other.place]),
            np.concatenate([self.emission_s, other.emission_s]),
            np.concatenate([self.score, other.score]),
        )


def try_seeds(listener: Listener, cells: Cells, anchor: Ints, cell: Ints) -> Trials:
    """The place near each seed that explains one round best. anchor: (a,) listener rows, cell: (a,)."""
    if anchor.size == 0:
        return Trials(anchor, np.empty((0, 2)), np.empty(0), np.empty(0))
    asked = cells.near[cell].astype(np.int64)
    place, emission = _on_lattice(listener, cells, anchor, cell)
    for tolerance in (2.0 * MATCH_S, MATCH_S):
        place, emission = _Near(listener, asked, place, emission).solved(tolerance)
    return Trials(anchor, place, emission, _Near(listener, asked, place, emission).score())


def _on_lattice(
    listener: Listener, cells: Cells, anchor: Ints, cell: Ints
) -> tuple[Floats, Floats]:
    """The best point of a fine lattice around each cell, (a, 2), and its emission time, (a,)."""
    place, emission = np.empty((anchor.size, 2)), np.empty(anchor.size)
    ear = _fine_ear(listener, anchor)
    steps = np.arange(-FINE_REACH_M, FINE_REACH_M + 1.0, FINE_STEP_M)
    lattice = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    for part in np.split(np.arange(anchor.size), range(LATTICE_BATCH, anchor.size, LATTICE_BATCH)):
        points = cells.xy_m[cell[part]][:, None, :] + lattice
        own = listener.xy_m[listener.sensor[anchor[part]]][:, None, :] - points
        fired = listener.t_s[anchor[part]][:, None] - travel_time_s(
            own[..., 0], own[..., 1], listener.atmosphere
        )
        near = cells.near[cell[part]]
        away = (listener.xy_m[near][:, None, :, :] - points[:, :, None, :]).astype(np.float32)
        travel = travel_time_s(away[..., 0], away[..., 1], listener.atmosphere)
        bin_ = ((fired - ear.start_s)[..., None] + travel) / FINE_BIN_S
        at = np.clip(bin_, 0, ear.bins - 1).astype(np.int64) + near[:, None, :] * ear.bins
        says = ear.rarity[at] + cells.gain[cell[part]][:, None, :]
        best = np.argmax(np.maximum(says, 0.0).sum(axis=2), axis=1)
        row = np.arange(part.size)
        place[part], emission[part] = points[row, best], fired[row, best]
    return place, emission


def _fine_ear(listener: Listener, anchor: Ints) -> Ear:
    """What was heard around these anchors, in fine bins: the further from its bin, the less a pulse says."""
    start = float(listener.t_s[anchor].min()) - MARGIN_S
    end = float(listener.t_s[anchor].max()) + MARGIN_S
    low, high = np.searchsorted(listener.t_s, [start, end])
    rows = low + np.flatnonzero(listener.free[low:high])
    bins = int((end - start) / FINE_BIN_S) + 2
    table = np.full(listener.xy_m.shape[0] * bins, SILENCE, np.float32)
    says = rarity(listener.cautious_rate_per_s[rows], FINE_SD_S)
    reach = round(FINE_SPREAD_S / FINE_BIN_S)
    for step in range(-reach, reach + 1):
        at = ((listener.t_s[rows] - start) / FINE_BIN_S).astype(np.int64) + step
        inside = (at >= 0) & (at < bins)
        slot = listener.sensor[rows][inside] * bins + at[inside]
        miss = step * FINE_BIN_S / FINE_SD_S
        np.maximum.at(table, slot, (says[inside] - 0.5 * miss**2).astype(np.float32))
    return Ear(table, start, bins)


class _Near:
    """The sensors asked at each place, (a, k), and their free pulse nearest to the time it predicts: row and
    miss_s, (a, k). The burst is weighed by all sensors; a trial only by those nearest to its cell."""

    def __init__(self, listener: Listener, sensor: Ints, place: Floats, emission_s: Floats) -> None:
        self.listener, self.place, self.emission_s = listener, place, emission_s
        self.sensor = sensor
        self.away = listener.xy_m[sensor] - place[:, None, :]
        self.distance_m = np.hypot(self.away[..., 0], self.away[..., 1])
        self.travel_s = travel_time_s(self.away[..., 0], self.away[..., 1], listener.atmosphere)
        self.row, self.miss_s = listener.nearest(self.sensor, emission_s[:, None] + self.travel_s)

    def solved(self, tolerance_s: float) -> tuple[Floats, Floats]:
        """Places and emission times moved to fit the pulses within tolerance, each sensor counting less the
        worse it fits (Cauchy weights)."""
        used = np.abs(self.miss_s) < tolerance_s
        enough = used.sum(axis=1) >= MIN_SENSORS
        place, emission = self.place.copy(), self.emission_s.copy()
        arrival = self.emission_s[:, None] + self.travel_s + self.miss_s
        for _ in range(STEPS):
            away = self.listener.xy_m[self.sensor] - place[:, None, :]
            travel = travel_time_s(away[..., 0], away[..., 1], self.listener.atmosphere)
            miss = arrival - emission[:, None] - travel
            weight = used / (1.0 + (miss / MATCH_SD_S) ** 2)
            slow = travel / np.maximum((away**2).sum(axis=2), 1.0)
            jacobian = np.dstack([-away * slow[..., None], np.ones_like(miss)])
            weighted = jacobian * weight[..., None]
            normal = np.einsum("aki,akj->aij", weighted, jacobian) + 1e-9 * np.eye(3)
            right = np.einsum("aki,ak->ai", weighted, miss)
            step = np.linalg.solve(normal, right[..., None])[..., 0]
            reach = np.maximum(np.hypot(step[:, 0], step[:, 1]) / FARTHEST_STEP_M, 1.0)
            step = np.where(enough[:, None], step / reach[:, None], 0.0)
            place, emission = place + step[:, :2], emission + step[:, 2]
        return place, emission

    def score(self) -> Floats:
        """Log-likelihood ratio of one round, (a,); -inf where fewer than ``MIN_SENSORS`` speak for it."""
        odds = Odds.of(heard(self.distance_m), self.distance_m < HEARING_RANGE_M)
        rate = self.listener.cautious_rate_per_s[self.row]
        says = odds.spoke + rarity(rate) - 0.5 * (self.miss_s / MATCH_SD_S) ** 2
        says = np.where(odds.asked & (np.abs(self.miss_s) < MATCH_S), np.maximum(says, 0.0), 0.0)
        score = odds.silent.sum(axis=1) + says.sum(axis=1)
        return np.where((says > 0.0).sum(axis=1) >= MIN_SENSORS, score, -np.inf)
