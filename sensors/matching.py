"""Which event of a new detection is which event that we know already. PURE.

An event keeps its identity while it is revised. Pulses are the surest mark: an incident that
shares them is the same one, however far a better solution moved it in place or time. Where too
few are shared, nearness in space and time decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MIN_SHARED = 3
"""Two incidents at once may trade a pulse or two between detections; three is more than a trade."""
SAME_S = 0.5
"""Sound crosses in this time what SAME_M and the error of an early, poor location come to."""
SAME_M = 150.0


@dataclass(frozen=True)
class Sighting:
    """An event as the matching sees it. t_ns: emission. x_m, y_m: any one metric plane."""

    t_ns: int
    x_m: float
    y_m: float
    pulses: frozenset[tuple[str, str]]  # (sensor, pulse id)


def match(found: Sequence[Sighting], known: Sequence[Sighting]) -> list[int | None]:
    """For each of ``found`` the index into ``known`` of the same event, or None for a new one.

    Each known event is given at most once. Pairs are taken best first: by the number of shared
    pulses, then by distance, so the order of the input does not matter.
    """
    partner: list[int | None] = [None] * len(found)
    taken: set[int] = set()
    for i, j in _pairs_best_first(found, known):
        if partner[i] is None and j not in taken:
            partner[i] = j
            taken.add(j)
    return partner


def _pairs_best_first(
    found: Sequence[Sighting], known: Sequence[Sighting]
) -> list[tuple[int, int]]:
    if not found or not known:
        return []
    shared = _shared(found, known)
    gap_s, apart_m = _gaps(found, known)
    is_same = (shared >= MIN_SHARED) | ((gap_s <= SAME_S) & (apart_m <= SAME_M))
    i, j = np.nonzero(is_same)
    order = np.lexsort((j, i, apart_m[i, j] / SAME_M + gap_s[i, j] / SAME_S, -shared[i, j]))
    return list(zip(i[order].tolist(), j[order].tolist(), strict=True))


def _shared(found: Sequence[Sighting], known: Sequence[Sighting]) -> NDArray[np.int64]:
    holders: dict[tuple[str, str], list[int]] = {}
    for j, event in enumerate(known):
        for pulse in event.pulses:
            holders.setdefault(pulse, []).append(j)
    shared = np.zeros((len(found), len(known)), np.int64)
    for i, event in enumerate(found):
        for pulse in event.pulses:
            for j in holders.get(pulse, ()):
                shared[i, j] += 1
    return shared


def _gaps(
    found: Sequence[Sighting], known: Sequence[Sighting]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    t_found = np.array([event.t_ns for event in found], np.int64)
    t_known = np.array([event.t_ns for event in known], np.int64)
    gap_s = np.abs(t_found[:, None] - t_known[None, :]) / 1e9
    dx = np.array([e.x_m for e in found])[:, None] - np.array([e.x_m for e in known])[None, :]
    dy = np.array([e.y_m for e in found])[:, None] - np.array([e.y_m for e in known])[None, :]
    return gap_s, np.hypot(dx, dy)
