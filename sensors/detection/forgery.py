"""Pulses that no sound made: sensors that lie, recognised by what a forger cannot make true.

Four signs. Replay: a pulse whose features were seen before at the same sensor to the last digit.
Contradiction: incidents loud at a handful of sensors that none of the others near them heard. Loneliness:
loud pulses that no neighbour confirms. Clockwork: intervals equal to milliseconds, as no hammer keeps
them. Each is counted against what chance, or the other sensors of the city, lead to expect.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sensors.detection.hearing import heard
from sensors.detection.record import (
    COMMON_LEVEL_DB,
    LEAST_CHANCE,
    MOST_CHANCE,
    Record,
    nearest_pulse,
)
from sensors.detection.streams import Floats, Ints

REPLAY_GAP_S = 1.0
"""Sooner it is the same pulse sent twice, a fault of transport."""
COMMONEST_REPEATS = 1e-3
"""Where more pulses than this share their features across sensors, features are too coarse to tell."""
MOST_FORGERS = 8
LOUD_SOURCE_DB = 92.0
CONTRADICTION = 4.0
HONEST_BETA = (0.3, 9.7)
"""Share of honest incidents that look contradictory, from sensor to sensor: on made streams 3 % in the
mean, and 20 % at one sensor in a hundred (assumed)."""
LOUD_PULSE_DB, CONFIRM_M, CLUSTER_S = 82.0, 600.0, 10.0
UNCONFIRMED = 5.0
LONELY_PER_H, LONELY_SHAPE = 0.2, 0.3
"""Loud sounds right beside a sensor, that no other hears: at least so many, very unevenly."""
CLOCKWORK_GAPS, CLOCKWORK_S, CLOCKWORK_SHARE = 20, 0.002, 0.5


@dataclass(frozen=True, eq=False)
class Signs:
    """Counts by sensor, each (m,), with what was to be expected of an honest one, and the sum of the
    log-likelihood ratios."""

    replayed: Ints
    replayed_expected: Floats
    contradicted: Ints
    took_part: Ints
    lonely: Ints
    lonely_expected: Floats
    clockwork: Ints
    weight: Floats


def signs_of_forgery(record: Record) -> Signs:
    replayed, by_chance = _replayed(record)
    contradicted, took_part = _contradicted(record)
    lonely, usual = _lonely(record)
    clockwork = _clockwork(record)
    weight = (
        _poisson_weight(replayed, by_chance)
        + _beta_binomial_weight(contradicted, took_part)
        + _negative_binomial_weight(lonely, usual)
        + 0.5 * clockwork
    )
    return Signs(replayed, by_chance, contradicted, took_part, lonely, usual, clockwork, weight)


def _replayed(record: Record) -> tuple[Ints, Floats]:
    """Pulses whose features the same sensor has sent before, and how many chance would make."""
    pulses, sensors = record.pulses, len(record.sensor_id)
    told = np.flatnonzero(pulses.value >= 0)
    order = told[np.lexsort((pulses.t_s[told], pulses.value[told], pulses.sensor[told]))]
    again = np.diff(pulses.sensor[order]) == 0
    again &= np.diff(pulses.value[order]) == 0
    again &= np.diff(pulses.t_s[order]) > REPLAY_GAP_S
    replayed = np.bincount(pulses.sensor[order[1:][again]], minlength=sensors)
    n = np.bincount(pulses.sensor[told], minlength=sensors).astype(float)
    # how often two pulses of different sensors share their features tells what is chance
    total, within = (
        _pairs(pulses.value[told]),
        _pairs(pulses.value[told] * sensors + pulses.sensor[told]),
    )
    possible = 0.5 * (n.sum() ** 2 - (n**2).sum())
    common = (total - within + 1.0) / max(possible, 1.0)
    if common > COMMONEST_REPEATS:
        return np.zeros(sensors, np.int64), np.ones(sensors)
    # and how often an honest sensor's pulse comes twice under another time, which is a fault of transport
    return replayed, 0.5 * n**2 * common + _usual(replayed / np.maximum(n, 1.0)) * n + 0.05


def _usual(rate: Floats) -> float:
    """Mean over all sensors but the worst tenth."""
    return float(np.sort(rate)[: max(int(0.9 * rate.size), 1)].mean()) if rate.size else 0.0


def _pairs(value: Ints) -> float:
    count = np.unique(value, return_counts=True)[1].astype(float)
    return float((0.5 * count * (count - 1.0)).sum())


def _contradicted(record: Record) -> tuple[Ints, Ints]:
    """Incidents each sensor took part in that were loud at a few and unheard by the rest; and all."""
    sensors, incidents = len(record.sensor_id), record.t_s.size
    hit = record.matched > 0
    source_db = record.level_db + 20.0 * np.log10(np.maximum(record.distance_m, 30.0) / 100.0)
    loud = np.full(incidents, np.nan)
    for k in range(incidents):
        mine = source_db[(record.incident == k) & hit]
        if np.isfinite(mine).any():
            loud[k] = np.nanmedian(mine)
    level = np.nan_to_num(loud, nan=-np.inf)
    as_if = 10.0 ** ((COMMON_LEVEL_DB - np.maximum(level, 60.0)) / 20.0)
    chance = np.clip(heard(as_if[record.incident] * record.distance_m), LEAST_CHANCE, MOST_CHANCE)
    n = np.bincount(record.incident, minlength=incidents)
    hits = np.bincount(record.incident[hit], minlength=incidents)
    share = np.clip(hits / np.maximum(n, 1), 0.02, 0.98)[record.incident]
    says = np.where(hit, np.log(share / chance), np.log((1.0 - share) / (1.0 - chance)))
    odds = np.bincount(record.incident, says, minlength=incidents)
    forged = (odds > CONTRADICTION) & (hits <= MOST_FORGERS) & (level >= LOUD_SOURCE_DB)
    here = record.sensor[hit]
    return (
        np.bincount(here[forged[record.incident[hit]]], minlength=sensors),
        np.bincount(here, minlength=sensors),
    )


def _lonely(record: Record) -> tuple[Ints, Floats]:
    """Clusters of loud pulses that no neighbour confirms, and how many are usual."""
    pulses, sensors = record.pulses, len(record.sensor_id)
    hours = max(record.span_s[1] - record.span_s[0], 60.0) / 3600.0
    loud = np.flatnonzero(np.nan_to_num(pulses.level_db, nan=-np.inf) >= LOUD_PULSE_DB)
    first = np.ones(loud.size, bool)
    first[1:] = (np.diff(pulses.sensor[loud]) != 0) | (np.diff(pulses.t_s[loud]) > CLUSTER_S)
    loud = loud[first]
    odds = np.zeros(loud.size)
    others = _neighbours(record)
    reach = 100.0 * 10.0 ** ((COMMON_LEVEL_DB + 6.0 - pulses.level_db[loud]) / 20.0)
    for rank in range(others.shape[1]):
        other = others[pulses.sensor[loud], rank]
        odds += np.where(other >= 0, _silence(record, loud, np.maximum(other, 0), reach), 0.0)
    lonely = np.bincount(pulses.sensor[loud[odds > UNCONFIRMED]], minlength=sensors)
    return lonely, np.full(sensors, LONELY_PER_H * hours + _usual(lonely.astype(float)))


def _silence(record: Record, loud: Ints, other: Ints, reach_m: Floats) -> Floats:
    """What one neighbour each says against a sound: its silence, or less than nothing if it spoke."""
    pulses = record.pulses
    away = np.hypot(*(record.xy_m[other] - record.xy_m[pulses.sensor[loud]]).T)
    nearest = nearest_pulse(pulses, other, pulses.t_s[loud])
    off = np.where(nearest >= 0, np.abs(pulses.t_s[nearest] - pulses.t_s[loud]), np.inf)
    spoke = off < away / 330.0 + 0.1
    chance = np.clip(heard(away + reach_m), LEAST_CHANCE, MOST_CHANCE)
    return np.where(spoke, -4.0, -np.log1p(-chance))


def _neighbours(record: Record, most: int = 8) -> Ints:
    """(m, most) active sensors within ``CONFIRM_M``, nearest first, -1 for none."""
    xy = np.where(record.active[:, None], np.nan_to_num(record.xy_m, nan=1e9), 1e9)
    apart = np.hypot(xy[:, None, 0] - xy[None, :, 0], xy[:, None, 1] - xy[None, :, 1])
    np.fill_diagonal(apart, np.inf)
    order = np.argsort(apart, axis=1, kind="stable")[:, :most]
    near = np.take_along_axis(apart, order, axis=1)
    return np.where((near < CONFIRM_M) & record.active[:, None], order, -1)


def _clockwork(record: Record) -> Ints:
    """Intervals equal to the commonest one, of sensors for which they are at least half of all."""
    pulses, equal = record.pulses, np.zeros(len(record.sensor_id), np.int64)
    for sensor in range(equal.size):
        gap = np.sort(np.diff(pulses.t_s[pulses.of(sensor)]))
        if gap.size >= CLOCKWORK_GAPS:
            most = int((np.searchsorted(gap, gap + CLOCKWORK_S) - np.arange(gap.size)).max())
            equal[sensor] = most if most >= CLOCKWORK_SHARE * gap.size else 0
    return equal


def _poisson_weight(count: Ints, expected: Floats) -> Floats:
    more = np.maximum(count, expected)
    return np.where(count > expected, more * np.log(more / expected) - (more - expected), 0.0)


def _beta_binomial_weight(count: Ints, of: Ints) -> Floats:
    """Minus the log-probability of so many where sensors differ: some honest ones stand where most
    incidents look contradictory."""
    from scipy.special import betaln, gammaln

    a, b = HONEST_BETA
    ways = gammaln(of + 1.0) - gammaln(count + 1.0) - gammaln(of - count + 1.0)
    log_p = ways + betaln(count + a, of - count + b) - betaln(a, b)
    return np.where(count >= 2, -log_p, 0.0)


def _negative_binomial_weight(count: Ints, expected: Floats) -> Floats:
    """Minus the log-probability of so many where sensors differ: some honest ones stand by a loud door."""
    from scipy.special import gammaln

    k = LONELY_SHAPE
    log_p = gammaln(count + k) - gammaln(k) - gammaln(count + 1.0)
    log_p += k * np.log(k / (k + expected)) + count * np.log(expected / (k + expected))
    return np.where((count >= 2) & (count > expected), -log_p, 0.0)
