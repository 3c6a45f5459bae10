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

_ECHO_UNTIL_S = (0.5, 1.5, 6.0)
_ECHO_PER_S = (0.9, 0.4, 0.08)
"""Further pulses per second and sensor after a round's direct pulse, by the lag class."""

ECHO_AFTER_S = 0.01
"""Nearer than this a pulse is the direct one itself, or its retry."""

BACKGROUND_PER_H = 60.0
"""Usual impulses an hour at a city sensor, where nothing better is known."""
BACKGROUND_WEIGHT_S = 60.0
"""How many seconds of listening the usual rate is worth against what the window itself shows."""


def heard(distance_m: ArrayLike) -> Floats:
    """Probability that a sensor reports the direct pulse of one round. Any shape."""
    return np.asarray(np.interp(np.asarray(distance_m, float), _DISTANCE_M, _HEARD))


def after_rounds_per_s(t_s: ArrayLike, round_t_s: Floats) -> Floats:
    """Expected echo pulses per second at instants of any shape: the sum over the rounds (r,), ascending,
    that were at least ``ECHO_AFTER_S`` before."""
    t = np.asarray(t_s, float)
    rate = np.zeros(t.shape)
    before = np.searchsorted(round_t_s, t - ECHO_AFTER_S)
    for end, per_s in zip(_ECHO_UNTIL_S, _ECHO_PER_S, strict=True):
        earlier = np.searchsorted(round_t_s, t - end)
        rate += per_s * (before - earlier)
        before = np.minimum(before, earlier)
    return rate


RECUR_S = (0.03, 3.0)
"""Lags at which a path's own echoes are looked for."""
RECUR_WITHIN_S = 0.004
"""On the live-fire set 70 in 100 echoes recur within 6 ms after another round of the same test."""
RECUR_SHARE, RECUR_PER_S = 0.4, 70.0
"""A lag seen after this share of the other rounds is the path's. The rate is that of a Gaussian of 4 ms
around the expected instant, times 0.7."""


def recurring_per_s(emission_s: Floats, sensor: Ints, round_t_s: Floats, carried: Ints) -> Floats:
    """Echo rate learnt from the burst itself: (n,) per second. emission_s, sensor: (n,) pulses that are not
    direct, carried back to the source. carried: (m,) how many rounds each sensor heard. A lag counts
    by how many of its other rounds are followed by a pulse at the same lag, less what chance would give."""
    rate = np.zeros(emission_s.size)
    if round_t_s.size < 2 or emission_s.size == 0:
        return rate
    first = np.searchsorted(round_t_s, emission_s - RECUR_S[1])
    count = np.searchsorted(round_t_s, emission_s - RECUR_S[0]) - first
    pulse = np.repeat(np.arange(emission_s.size), count)
    which = np.arange(pulse.size) - np.repeat(np.cumsum(count) - count, count) + first[pulse]
    line = sensor[pulse] * 10.0 + emission_s[pulse] - round_t_s[which]
    order = np.argsort(line, kind="stable")
    line, pulse = line[order], pulse[order]

    def company(within_s: float) -> Floats:
        low, high = np.searchsorted(line, line - within_s), np.searchsorted(line, line + within_s)
        return np.asarray(high - low - 1.0)

    chance = company(0.1) * RECUR_WITHIN_S / 0.1
    others = np.maximum(carried[sensor[pulse]], 2) - 1.0
    share = np.minimum((company(RECUR_WITHIN_S) - chance) / others, 1.0)
    np.maximum.at(rate, pulse, np.where(share >= RECUR_SHARE, RECUR_PER_S * share, 0.0))
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


def stirred_per_s(
    t_s: Floats, sensor: Ints, background: Floats, weight: Floats | None = None
) -> Floats:
    """Pulse rate with what the sensor itself heard just before: (n,) from (n,), t_s ascending.

    A self-exciting (Hawkes) rate: in the thick of a burst a further pulse proves little, at its onset
    much. So the search begins with the first round of a burst, which no echo has yet blurred.
    weight: (n,) how much each pulse stirs, 1 if not given: what is explained stirs no more.
    """
    order = np.lexsort((t_s, sensor))
    stirs = np.ones(t_s.size) if weight is None else weight[order]
    stirred = np.empty(t_s.size)
    stirred[order] = stir_per_s(one_line(t_s[order], sensor[order]), stirs)
    return stirred + background


def one_line(t_s: Floats, sensor: Ints) -> Floats:
    """Times put on one line on which each sensor has a stretch to itself, so that one search serves all."""
    span = float(np.ptp(t_s)) + 10.0 if t_s.size else 0.0
    return sensor * span + t_s


def stir_per_s(line: Floats, weight: Floats) -> Floats:
    """What the pulses just before stir at each of those on a line (n,) ascending, by their weight (n,)."""
    total = np.concatenate([[0.0], np.cumsum(weight)])
    rate = np.zeros(line.size)
    for span, per_s in zip(_STIR_S, _STIR_PER_S, strict=True):
        rate += per_s * (total[:-1] - total[np.searchsorted(line, line - span)])
    return rate
