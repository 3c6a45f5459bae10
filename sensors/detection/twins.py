"""One source, one incident: what was found twice, or in pieces, is put together.

A building site hammers on for minutes and is found in stretches; a string of crackers leaves pulses
that look like a second, weaker source beside it. Both are told by place and time once every incident
is located as well as it will be.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sensors.detection.association import Incident, gap_s
from sensors.detection.burst import Burst
from sensors.detection.rounds import SHOT_GAP_S

SAME_PLACE_M, FARTHEST_TWIN_M, TWIN_CHI2 = 75.0, 150.0, 9.2
"""Two results at one time nearer than the first are one source seen twice; and so are those up to the
second whose ellipses meet (99 %)."""
SAME_SHOT_S = 0.05
"""A round seen twice, from places some metres apart."""


def together(incidents: list[Incident]) -> list[Incident]:
    """The incidents in time order, those of one source as one: one place, and no pause of
    ``SHOT_GAP_S`` between their rounds."""
    whole: list[Incident] = []
    going: list[int] = []
    for incident in sorted(incidents, key=_begins):
        going = [k for k in going if _ends(whole[k]) > _begins(incident) - SHOT_GAP_S]
        twin = next((k for k in going if _is_same(whole[k].burst, incident.burst)), None)
        if twin is None:
            going.append(len(whole))
            whole.append(incident)
        else:
            whole[twin] = _merged(whole[twin], incident)
    return sorted(whole, key=_begins)


def _begins(incident: Incident) -> float:
    return float(incident.burst.round_t_s[0])


def _ends(incident: Incident) -> float:
    return float(incident.burst.round_t_s[-1])


def _is_same(one: Burst, other: Burst) -> bool:
    """Whether two bursts are one source seen twice: one place, and no pause of ``SHOT_GAP_S`` between."""
    offset = one.place - other.place
    apart = float(np.hypot(*offset))
    if apart > FARTHEST_TWIN_M or gap_s(one.round_t_s, other.round_t_s) >= SHOT_GAP_S:
        return False
    cov = one.location.cov_m2 + other.location.cov_m2
    return apart < SAME_PLACE_M or float(offset @ np.linalg.solve(cov, offset)) < TWIN_CHI2


def _merged(one: Incident, other: Incident) -> Incident:
    """Two incidents of one source as one: the place of the weightier, the rounds of both."""
    first, second = (one, other) if one.weight >= other.weight else (other, one)
    a, b = first.burst, second.burst
    apart = np.abs(b.round_t_s[:, None] - a.round_t_s[None, :]).min(axis=1)
    seat = np.minimum(np.searchsorted(a.sensor, b.sensor), a.sensor.size - 1)
    further = np.flatnonzero(
        (apart > SAME_SHOT_S)[b.row_round] & (a.sensor[seat] == b.sensor)[b.row_seat]
    )
    added = np.unique(b.row_round[further])
    rounds = np.concatenate([a.round_t_s, b.round_t_s[added]])
    order = np.argsort(rounds, kind="stable")
    number = np.concatenate(
        [a.row_round, a.round_t_s.size + np.searchsorted(added, b.row_round[further])]
    )
    burst = replace(
        a,
        round_t_s=rounds[order],
        row=np.concatenate([a.row, b.row[further]]),
        row_round=np.argsort(order)[number],
        row_residual_s=np.concatenate([a.row_residual_s, b.row_residual_s[further]]),
        row_seat=np.concatenate([a.row_seat, seat[b.row_seat[further]]]),
    )
    pulse = np.concatenate([first.pulse, second.pulse[further]])
    return Incident(burst, pulse, first.weight + max(second.weight, 0.0), first.asked)
