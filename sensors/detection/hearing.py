"""What a sensor may be expected to hear: the probabilities that evidence is weighed with.

Fitted to the Pittsburgh live-fire pulses (three pistols, 2018, CC BY 4.0; docs/detection.md): how
often a shot's direct pulse is there at a distance, and how thick the echoes are after it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from sensors.detection.streams import Floats, Ints

_DISTANCE_M = np.array([0.0, 75.0, 225.0, 375.0, 525.0, 700.0, 900.0, 1200.0, 1600.0])
_HEARD = np.array([0.97, 0.97, 0.93, 0.77, 0.72, 0.59, 0.34, 0.15, 0.05])
"""Share of direct pulses present, middles of the classes of reference table; beyond 1 km the
survey has no sensors and the fall is continued by eye. Never 1: a near sensor may be broken."""

HEARING_RANGE_M = 1_200.0
"""Sensors farther off are not asked: their word would change the evidence by under 0.2."""

_ECHO_LAG_S = np.array([0.0, 0.5, 1.5, 6.0])
_ECHO_PER_S = np.array([0.9, 0.4, 0.08])
"""Further pulses per second and sensor after a round's direct pulse, by the lag class."""

BACKGROUND_PER_H = 60.0
"""Usual impulses an hour at a city sensor, where nothing better is known."""
BACKGROUND_WEIGHT_S = 60.0
"""How many seconds of listening the usual rate is worth against what the window itself shows."""


def heard(distance_m: ArrayLike) -> Floats:
    """Probability that a sensor reports the direct pulse of one round. Any shape."""
    return np.asarray(np.interp(np.asarray(distance_m, float), _DISTANCE_M, _HEARD))


def echo_rate_per_s(lag_s: ArrayLike) -> Floats:
    """Expected echo pulses per second at a lag after a round's direct arrival; 0 before it."""
    lag = np.asarray(lag_s, float)
    rate = np.zeros(lag.shape)
    for start, end, per_s in zip(_ECHO_LAG_S[:-1], _ECHO_LAG_S[1:], _ECHO_PER_S, strict=True):
        rate[(lag >= start) & (lag < end)] = per_s
    return rate


SLOT_S = 5.0
SLOT_CAP = 3
"""A burst fills a slot or two with dozens of pulses: more than three of them say nothing of the background."""
STORM_SHARE, STORM_SLOTS = 0.8, 6
"""Where most slots of half a minute or more are filled it is no burst: then every pulse counts."""


def background_per_s(
    t_s: Floats, sensor: Ints, block: Ints, usual_per_h: Floats, span_s: Floats
) -> Floats:
    """Pulse rate without incidents at each pulse's sensor in its block of time, (n,).

    t_s: (n,). sensor, block: (n,) indices. usual_per_h: (m,), NaN where not known. span_s: (n,) how
    long the pulse's block was listened to. The Gamma-Poisson mean of what was counted, at most
    ``SLOT_CAP`` per slot, and the usual rate with the weight of ``BACKGROUND_WEIGHT_S`` seconds, so that
    neither a burst is taken for noise nor a short window for silence.
    """
    usual = np.where(np.isfinite(usual_per_h) & (usual_per_h > 0), usual_per_h, BACKGROUND_PER_H)
    _, group = np.unique(block * usual.size + sensor, return_inverse=True)
    slot = np.floor(t_s / SLOT_S).astype(np.int64)
    slot -= slot.min(initial=0)
    filled, count = np.unique(group * (slot.max(initial=0) + 1) + slot, return_counts=True)
    owner = filled // (slot.max(initial=0) + 1)
    capped = np.bincount(owner, np.minimum(count, SLOT_CAP))
    slots = span_s / SLOT_S + 1.0
    storm = (np.bincount(owner)[group] > STORM_SHARE * slots) & (slots >= STORM_SLOTS)
    counted = np.where(storm, np.bincount(group)[group], capped[group])
    prior = usual[sensor] / 3600.0 * BACKGROUND_WEIGHT_S
    return np.asarray((prior + counted) / (BACKGROUND_WEIGHT_S + span_s))


_STIR_S, _STIR_PER_S = (0.5, 1.5), (0.6, 0.25)
"""What one pulse says about more to come at its sensor: thinner than after a direct pulse, for it
may itself be an echo."""


def stirred_per_s(t_s: Floats, sensor: Ints, background: Floats) -> Floats:
    """Pulse rate with what the sensor itself heard just before: (n,) from (n,), t_s ascending.

    A self-exciting (Hawkes) rate: in the thick of a burst a further pulse proves little, at its onset
    much. So the search begins with the first round of a burst, which no echo has yet blurred.
    """
    order = np.lexsort((t_s, sensor))
    line = sensor[order] * (float(t_s[-1]) + 10.0) + t_s[order] if t_s.size else t_s
    here = np.arange(line.size)
    rate = np.zeros(line.size)
    for span, per_s in zip(_STIR_S, _STIR_PER_S, strict=True):
        rate += per_s * (here - np.searchsorted(line, line - span))
    stirred = np.empty(line.size)
    stirred[order] = rate
    return stirred + background
