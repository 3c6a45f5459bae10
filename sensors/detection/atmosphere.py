"""The air that the incidents of an hour share.

One incident says little about sound speed and wind: moving the source is nearly as good an
explanation as moving the air. Many incidents say it well. Each leaves a sounding (what its arrivals
alone say of the air, the place and the instant being free); the error of the weather report wanders
slowly (an Ornstein-Uhlenbeck process with the report's doubt as its variance), and every incident
gets as its prior what the report and incidents at *other* places say, so that nothing is counted
twice: what is wrong with the paths from a place is wrong with all incidents there, and is not air.
On top each incident has a gust of its own, which nobody else can tell it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sensors.detection.multilateration import Sounding
from sensors.detection.propagation import NS_PER_H, Atmosphere
from sensors.detection.streams import Floats, Ints

C_WANDERS_MPS, WIND_WANDERS_MPS = 0.6, 0.7
"""How far the error of a report goes in an hour, 1 C and, per component, 0.7 m/s: as in ``atmosphere_at``."""
C_GUST_MPS, GUST_MPS = 0.1, 0.5
"""How the air of one incident differs from that of the hour, per component: assumptions."""
SHARED_WORTH = 0.6
"""What a sounding counts for others: sources stand high and walls lie to one side, so that the errors of
different incidents are not wholly independent. On made streams this makes the stated doubt true."""
SAME_PATHS_M = 100.0
"""Sources nearer to each other than this are taken to share the errors of their paths: an assumption."""
BATCH = 64
"""Places at which several incidents were, handled at once: bounds the memory of long files."""
GATE = 7.81
"""95 % of soundings lie within this squared distance (chi-squared, 3 degrees of freedom); what lies
beyond comes from a wrong place or a wrong pulse and counts for less."""


@dataclass(frozen=True, eq=False)
class Soundings:
    """What incidents said of the air. t_ns: (k,) and place_m: (k, 2) of each, on the plane of the
    sensors. weighted: (k, 3), information: (k, 3, 3), see ``Sounding``."""

    t_ns: Ints
    place_m: Floats
    weighted: Floats
    information: Floats

    def __len__(self) -> int:
        return int(self.t_ns.size)

    @classmethod
    def of(
        cls, t_ns: Sequence[int], places_m: Sequence[Floats], soundings: Sequence[Sounding]
    ) -> Soundings:
        return cls(
            np.array(t_ns, np.int64),
            np.array(places_m, float).reshape(-1, 2),
            np.array([s.weighted for s in soundings]).reshape(-1, 3),
            np.array([s.information for s in soundings]).reshape(-1, 3, 3),
        )

    def outside(self, start_ns: int, end_ns: int) -> Soundings:
        """Those before start_ns or after end_ns: what a window may be told without hearing itself."""
        return self._take((self.t_ns < start_ns) | (self.t_ns > end_ns))

    def _take(self, rows: NDArray[Any]) -> Soundings:
        return Soundings(*(getattr(self, field.name)[rows] for field in fields(self)))

    def rows(self) -> list[list[float]]:
        """Each as twelve numbers for JSON: t_ns, x, y, weighted, upper triangle of information by rows."""
        upper = np.triu_indices(3)
        return [
            [int(t), *place.tolist(), *w.tolist(), *m[upper].tolist()]
            for t, place, w, m in zip(
                self.t_ns, self.place_m, self.weighted, self.information, strict=True
            )
        ]

    @classmethod
    def from_rows(cls, rows: Sequence[Sequence[float]]) -> Soundings:
        """The inverse of :meth:`rows`. Rows that are not twelve finite numbers are passed over."""
        good = [r for r in rows if len(r) == 12 and np.isfinite(np.asarray(r, float)).all()]
        table = np.array([list(map(float, r[1:])) for r in good]).reshape(-1, 11)
        information = table[:, [5, 6, 7, 6, 8, 9, 7, 9, 10]].reshape(-1, 3, 3)
        t_ns = np.array([int(r[0]) for r in good], np.int64)
        return cls(t_ns, table[:, :2], table[:, 2:5], information)


def merged(first: Soundings, second: Soundings) -> Soundings:
    names = (field.name for field in fields(Soundings))
    return Soundings(
        *(np.concatenate([getattr(first, name), getattr(second, name)]) for name in names)
    )


def shared_air(
    soundings: Soundings, *, report_at_ns: Callable[[int], Atmosphere]
) -> list[Atmosphere]:
    """For each sounding the air there as the report and the soundings of other places tell it.

    report_at_ns: the weather report's word at an instant. The answer's doubt includes the gust.
    """
    order = np.lexsort((*soundings.weighted.T, soundings.t_ns))
    told = soundings._take(order)
    walk = _Walk(told, [report_at_ns(int(t)) for t in told.t_ns])
    group = places(told.place_m)
    alike = SHARED_WORTH / np.bincount(group)[group] if len(told) else np.empty(0)
    trust = alike
    for _ in range(2):  # once to see which soundings stand apart, once without them
        mean, cov = walk.others(trust, group)
        trust = alike * np.minimum(1.0, GATE / np.maximum(walk.distance2(mean, cov), 1e-9))
    air: list[Any] = [None] * len(soundings)
    for k, row in enumerate(order):
        air[row] = walk.atmosphere(k, mean[k], cov[k])
    return air


def learnt_air(
    soundings: Soundings, at_ns: Ints, *, report_at_ns: Callable[[int], Atmosphere]
) -> list[Atmosphere]:
    """The air at the instants at_ns, (q,), as the report and all soundings tell it."""
    count = len(at_ns)
    # instants at which nobody was asked: soundings that say nothing, each at a place of its own
    nowhere = np.full((count, 2), 1e9)
    nowhere[:, 0] += 1e3 * np.arange(count)
    silent = Soundings(
        np.asarray(at_ns, np.int64), nowhere, np.zeros((count, 3)), np.zeros((count, 3, 3))
    )
    return shared_air(merged(silent, soundings), report_at_ns=report_at_ns)[:count]


def places(place_m: Floats) -> Ints:
    """Number of the place that each of (k, 2) belongs to: the first one nearer than ``SAME_PATHS_M``."""
    group, found = np.full(len(place_m), -1, np.int64), 0
    for k in range(len(place_m)):
        if group[k] < 0:
            near = np.hypot(*(place_m - place_m[k]).T) < SAME_PATHS_M
            group[near & (group < 0)] = found
            found += 1
    return group


class _Walk:
    """The report's error in units of its own doubt: a unit-variance process, seen by the soundings."""

    def __init__(self, soundings: Soundings, report: list[Atmosphere]) -> None:
        self.report = report
        self.sd = np.sqrt([np.diag(air.cov) for air in report]).reshape(-1, 3)
        mean = np.array([air.mean_mps for air in report]).reshape(-1, 3)
        drift = np.array([C_WANDERS_MPS, WIND_WANDERS_MPS, WIND_WANDERS_MPS])
        hours = np.diff(soundings.t_ns) / NS_PER_H
        between = 0.5 * (self.sd[1:] ** 2 + self.sd[:-1] ** 2)
        self.keeps = np.exp(-0.5 * hours[:, None] * drift**2 / between)
        self.gust = (np.array([C_GUST_MPS, GUST_MPS, GUST_MPS]) / self.sd) ** 2
        scale = self.sd[:, :, None] * self.sd[:, None, :]
        self.information = soundings.information * scale
        off = soundings.weighted - np.einsum("kij,kj->ki", soundings.information, mean)
        self.weighted = off * self.sd

    def others(self, trust: Floats, group: Ints) -> tuple[Floats, Floats]:
        """Mean (k, 3) and covariance (k, 3, 3) of the error at each sounding, told by the other groups.
        trust: (k,) 0 to 1. group: (k,)."""
        # a sounding sees the hour's air plus a gust: (L^-1 + G)^-1 = L (1 + G L)^-1
        blur = np.linalg.inv(np.eye(3) + self.information * self.gust[:, None, :])
        information = trust[:, None, None] * (blur @ self.information)
        weighted = trust[:, None] * np.einsum("kij,kj->ki", blur, self.weighted)
        mean, cov = np.empty_like(weighted), np.empty_like(information)
        size = np.bincount(group)
        alone, shared = np.flatnonzero(size[group] == 1), np.flatnonzero(size > 1)
        # the sweeps leave out a sounding's own word; companions at its place are silenced for it
        for part in np.split(shared, np.arange(BATCH, shared.size, BATCH)):
            heard = np.vstack([np.ones(group.size), group != part[:, None]])
            every_mean, every_cov = _both_ways(information, weighted, self.keeps, heard)
            mean[alone], cov[alone] = every_mean[0, alone], every_cov[0, alone]
            for row, one in enumerate(part, start=1):
                at = group == one
                mean[at], cov[at] = every_mean[row, at], every_cov[row, at]
        return mean, cov

    def distance2(self, mean: Floats, cov: Floats) -> Floats:
        """Squared distance of each sounding from what the others say, in its own doubt, (k,)."""
        gust = self.gust[:, :, None] * np.eye(3)
        pull = self.weighted - np.einsum("kij,kj->ki", self.information, mean)
        spread = self.information + self.information @ (cov + gust) @ self.information
        spread = spread + 1e-9 * np.eye(3)
        return np.asarray(
            np.einsum("ki,ki->k", pull, np.linalg.solve(spread, pull[..., None])[..., 0])
        )

    def atmosphere(self, k: int, mean: Floats, cov: Floats) -> Atmosphere:
        sd, report = self.sd[k], self.report[k]
        spread = (cov + np.diag(self.gust[k])) * np.outer(sd, sd)
        return Atmosphere.of(report.mean_mps + mean * sd, spread)


def _both_ways(
    information: Floats, weighted: Floats, keeps: Floats, heard: Floats
) -> tuple[Floats, Floats]:
    """Mean (v, k, 3) and covariance (v, k, 3, 3) at each step from all steps but itself, in v variants.
    heard: (v, k) 0 for a sounding that is silent in a variant."""
    ahead, ahead_v = _sweep(information, weighted, keeps, heard)
    back, back_v = _sweep(information[::-1], weighted[::-1], keeps[::-1], heard[:, ::-1])
    # both sweeps start from the report, so it is taken out once
    cov = np.linalg.inv(ahead + back[:, ::-1] - np.eye(3))
    return np.einsum("vkij,vkj->vki", cov, ahead_v + back_v[:, ::-1]), np.asarray(cov)


def _sweep(
    information: Floats, weighted: Floats, keeps: Floats, heard: Floats
) -> tuple[Floats, Floats]:
    """A Kalman filter in one direction: at each step the information (v, k, 3, 3) and the information-
    weighted mean (v, k, 3) from the report and the steps before it, its own sounding left out."""
    variants, steps = heard.shape
    told, told_v = np.empty((variants, steps, 3, 3)), np.empty((variants, steps, 3))
    mean, cov = np.zeros((variants, 3)), np.tile(np.eye(3), (variants, 1, 1))
    for k in range(steps):
        if k:
            mean = keeps[k - 1] * mean
            cov = np.outer(keeps[k - 1], keeps[k - 1]) * cov + np.diag(1.0 - keeps[k - 1] ** 2)
        told[:, k] = np.linalg.inv(cov)
        told_v[:, k] = np.einsum("vij,vj->vi", told[:, k], mean)
        cov = np.linalg.inv(told[:, k] + heard[:, k, None, None] * information[k])
        mean = np.einsum("vij,vj->vi", cov, told_v[:, k] + heard[:, k, None] * weighted[k])
    return told, told_v
