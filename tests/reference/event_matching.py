"""The pairing of found and known events, written a second time without arrays: best pair first, repeat."""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot

from sensors.matching import MIN_SHARED, SAME_M, SAME_S, Sighting


def match_slowly(found: Sequence[Sighting], known: Sequence[Sighting]) -> list[int | None]:
    partner: list[int | None] = [None] * len(found)
    free_found, free_known = set(range(len(found))), set(range(len(known)))
    while True:
        best = None
        for i in free_found:
            for j in free_known:
                shared = len(found[i].pulses & known[j].pulses)
                gap_s = abs(found[i].t_ns - known[j].t_ns) / 1e9
                apart_m = hypot(found[i].x_m - known[j].x_m, found[i].y_m - known[j].y_m)
                if shared < MIN_SHARED and (gap_s > SAME_S or apart_m > SAME_M):
                    continue
                rank = (-shared, apart_m / SAME_M + gap_s / SAME_S, i, j)
                if best is None or rank < best:
                    best = rank
        if best is None:
            return partner
        partner[best[2]] = best[3]
        free_found.remove(best[2])
        free_known.remove(best[3])
