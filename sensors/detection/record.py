"""What the incidents of some hours say of each sensor: the evidence that sensors are judged by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sensors.detection.atmosphere import places
from sensors.detection.burst import Burst
from sensors.detection.evidence import Stream
from sensors.detection.hearing import heard
from sensors.detection.multilateration import PATH_SD_S
from sensors.detection.propagation import travel_time_s
from sensors.detection.streams import Bools, Floats, Ints

ASKED_M = 1_000.0
"""Farther off a direct pulse is the exception, and proves little about the sensor."""
MATCH_S = 0.040
STRAY_S = 60.0
COMMON_LEVEL_DB = 94.0
"""Of a pistol at 100 m, in the open (docs/detection.md)."""


@dataclass(frozen=True, eq=False)
class Pulses:
    """All pulses in order of sensor and time. sensor, t_s, level_db: (n,), level NaN where unknown.
    value: (n,) a number that only pulses with the same features to the last digit share, -1 for pulses
    without enough of them. first: (m + 1,) where each sensor's pulses begin."""

    sensor: Ints
    t_s: Floats
    level_db: Floats
    value: Ints
    first: Ints

    def of(self, sensor: int) -> slice:
        return slice(int(self.first[sensor]), int(self.first[sensor + 1]))


@dataclass(frozen=True, eq=False)
class Record:
    """Columns by sensor (m,), by incident (k,) and by asked sensor of an incident (p,).

    sensor_id: (m,) text. xy_m: (m, 2) where the register puts each sensor. active: (m,).
    t_s: (k,) emission of the first round. place_m: (k, 2). c_mps: (k,). rounds: (k,) lists of later
    emission times as (k, most) seconds after the first, NaN where there are fewer. group: (k,) number
    of the place: incidents of one group share the errors of their paths.
    incident, sensor: (p,) indices. distance_m: (p,). toward: (p, 2) unit vector from source to sensor,
    the bearing. predicted_s, sd_s: (p,) arrival of the first round as all *other* sensors tell it, and the
    standard deviation of a healthy sensor's arrival about it. chance: (p,) of a path that carries the
    incident's sound, by distance and loudness. matched: (p,) rounds with a pulse in time, 0 is silence.
    residual_s: (p,) arrival minus prediction, NaN in silence. level_db: (p,) NaN in silence.
    span_s: (2,) the time that was listened to.
    """

    sensor_id: np.ndarray
    xy_m: Floats
    active: Bools
    t_s: Floats
    place_m: Floats
    c_mps: Floats
    rounds: Floats
    group: Ints
    incident: Ints
    sensor: Ints
    distance_m: Floats
    toward: Floats
    predicted_s: Floats
    sd_s: Floats
    chance: Floats
    matched: Ints
    residual_s: Floats
    level_db: Floats
    pulses: Pulses
    span_s: tuple[float, float]

    @property
    def n_rounds(self) -> Ints:
        return np.asarray(np.isfinite(self.rounds).sum(axis=1))

    def of(self, sensor: int) -> Ints:
        """Rows of one sensor, in order of time."""
        return np.flatnonzero(self.sensor == sensor)


def record_of(
    bursts: Sequence[Burst],
    stream: Stream,
    *,
    sensor_id: np.ndarray,
    level_db: Floats,
    value: Ints | None = None,
) -> Record:
    """The record of located bursts in a stream. sensor_id: (m,). level_db, value: (n,) by pulse of the
    stream, see ``Pulses``."""
    span_s = _span_s(stream.t_s)
    pulses = _by_sensor(stream, level_db, value, span_s)
    place = np.array([b.place for b in bursts]).reshape(-1, 2)
    away = stream.xy_m[None, :, :] - place[:, None, :]
    distance = np.hypot(away[..., 0], away[..., 1])
    incident, sensor = np.nonzero((distance < ASKED_M) & stream.active)
    distance, away = distance[incident, sensor], away[incident, sensor]
    toward = away / np.maximum(distance, 1.0)[:, None]
    predicted, sd = _expected(bursts, stream, incident, sensor, away, toward)
    rounds = _rounds(bursts)
    matched, residual, level = _heard_by(pulses, sensor, predicted, rounds[incident])
    n_rounds = np.isfinite(rounds).sum(axis=1)
    hit = is_hit(matched, n_rounds[incident])
    return Record(
        sensor_id=sensor_id,
        xy_m=stream.xy_m,
        active=stream.active,
        t_s=np.array([float(b.round_t_s[0]) for b in bursts]),
        place_m=place,
        c_mps=np.array([b.location.atmosphere.c_mps for b in bursts]),
        rounds=rounds,
        group=places(place),
        incident=incident,
        sensor=sensor,
        distance_m=distance,
        toward=toward,
        predicted_s=predicted,
        sd_s=sd,
        chance=chances(distance, hit, incident, len(bursts)),
        matched=np.where(hit, matched, 0),
        residual_s=np.where(hit, residual, np.nan),
        level_db=np.where(hit, level, np.nan),
        pulses=pulses,
        span_s=span_s,
    )


def is_hit(matched: Ints, n_rounds: Ints) -> Bools:
    """A sensor that matched in less than a third of the rounds matched by chance, through echoes."""
    return np.asarray((matched >= 1) & (3 * matched >= n_rounds))


def _span_s(t_s: Floats) -> tuple[float, float]:
    """When the stream was listened to. Not from first to last pulse: one may claim to be of 1971."""
    if t_s.size == 0:
        return 0.0, 0.0
    low, high = np.quantile(t_s, [0.05, 0.95])
    beyond = 0.2 * (high - low) + STRAY_S
    inside = t_s[(t_s >= low - beyond) & (t_s <= high + beyond)]
    return float(inside[0]), float(inside[-1])


def _by_sensor(
    stream: Stream, level_db: Floats, value: Ints | None, span_s: tuple[float, float]
) -> Pulses:
    inside = np.flatnonzero((stream.t_s >= span_s[0]) & (stream.t_s <= span_s[1]))
    order = inside[np.lexsort((stream.t_s[inside], stream.sensor[inside]))]
    sensor = stream.sensor[order]
    none = np.full(sensor.size, -1, np.int64)
    first = np.searchsorted(sensor, np.arange(len(stream.xy_m) + 1))
    value = none if value is None else value[order]
    return Pulses(sensor, stream.t_s[order], level_db[order], value, first)


def _rounds(bursts: Sequence[Burst]) -> Floats:
    most = max((b.round_t_s.size for b in bursts), default=1)
    rounds = np.full((len(bursts), most), np.nan)
    for row, burst in zip(rounds, bursts, strict=True):
        row[: burst.round_t_s.size] = burst.round_t_s - burst.round_t_s[0]
    return rounds


def _expected(
    bursts: Sequence[Burst],
    stream: Stream,
    incident: Ints,
    sensor: Ints,
    away: Floats,
    toward: Floats,
) -> tuple[Floats, Floats]:
    """Arrival of the first round at each asked sensor, told by the others, and its standard deviation."""
    predicted, sd = np.empty(incident.size), np.empty(incident.size)
    begin = np.searchsorted(incident, np.arange(len(bursts) + 1))
    for k, burst in enumerate(bursts):
        rows, spot = slice(begin[k], begin[k + 1]), burst.location
        travel = travel_time_s(away[rows, 0], away[rows, 1], spot.atmosphere)
        predicted[rows] = burst.round_t_s[0] + travel
        u = toward[rows] / spot.atmosphere.c_mps
        sd[rows] = np.sqrt(PATH_SD_S**2 + np.einsum("ij,jk,ik->i", u, spot.cov_m2, u))
        at = begin[k] + np.searchsorted(sensor[rows], burst.sensor)
        among = (at < begin[k + 1]) & (sensor[np.minimum(at, sensor.size - 1)] == burst.sensor)
        # what a sensor's own arrival did to the prediction is taken out of it again
        predicted[at[among]] += (spot.residual_s - spot.deleted_s)[among]
        sd[at[among]] = spot.deleted_sd_s[among]
    return predicted, sd


def _heard_by(
    pulses: Pulses, sensor: Ints, predicted_s: Floats, rounds: Floats
) -> tuple[Ints, Floats, Floats]:
    """Rounds (p,) with a pulse within ``MATCH_S``, mean residual and mean level of those pulses."""
    expected = predicted_s[:, None] + np.nan_to_num(rounds)
    nearest = nearest_pulse(pulses, np.broadcast_to(sensor[:, None], rounds.shape), expected)
    miss = np.where(nearest >= 0, pulses.t_s[nearest] - expected, np.inf)
    near = (np.abs(miss) < MATCH_S) & np.isfinite(rounds)
    count = near.sum(axis=1)
    share = 1.0 / np.maximum(count, 1)
    residual = np.where(near, miss, 0.0).sum(axis=1) * share
    level = np.where(near, pulses.level_db[nearest], 0.0).sum(axis=1) * share
    return count, residual, level


def nearest_pulse(pulses: Pulses, sensor: Ints, at_s: Floats) -> Ints:
    """Row of the pulse of a sensor nearest to a time, any shape; -1 where the sensor has none."""
    if pulses.t_s.size == 0:
        return np.full(np.shape(at_s), -1, np.int64)
    # one line on which each sensor has a stretch to itself, so that one search serves all
    stretch = float(np.ptp(pulses.t_s)) + 1_000.0
    start = float(pulses.t_s.min())
    line = pulses.sensor * stretch + (pulses.t_s - start)
    wanted = sensor * stretch + np.clip(at_s - start, -400.0, stretch - 500.0)
    after = np.searchsorted(line, wanted)
    before, after = np.maximum(after - 1, 0), np.minimum(after, line.size - 1)
    best = np.where(np.abs(line[after] - wanted) < np.abs(line[before] - wanted), after, before)
    return np.asarray(np.where(pulses.sensor[best] == sensor, best, -1))


AS_IF = np.array([0.5, 0.63, 0.8, 1.0, 1.26, 1.6, 2.0, 2.5])
"""A loud source is heard as a pistol nearer by, a quiet one as one farther off: 2 dB steps."""
AS_IF_SD = 0.45
"""Of the logarithm: 4 dB, the spread of sources."""
MOST_CHANCE, LEAST_CHANCE = 0.95, 0.02


def chances(distance_m: Floats, hit: Bools, incident: Ints, incidents: int) -> Floats:
    """Chance of each asked sensor (p,) to hear its incident, which is as loud as its hits make likeliest."""
    chance = np.clip(heard(AS_IF[:, None] * distance_m), LEAST_CHANCE, MOST_CHANCE)
    said = np.where(hit, np.log(chance), np.log1p(-chance))
    total = np.array([np.bincount(incident, row, minlength=incidents) for row in said])
    total = total - 0.5 * (np.log(AS_IF)[:, None] / AS_IF_SD) ** 2
    best = np.argmax(total, axis=0) if incidents else np.empty(0, np.int64)
    return np.asarray(chance[best[incident], np.arange(incident.size)])


def feature_values(features: Sequence[Floats]) -> Ints:
    """A number that only pulses with equal features share, (n,); -1 for pulses with fewer than three.
    features: columns (n,), NaN where missing."""
    if not features:
        return np.empty(0, np.int64)
    table = np.column_stack(features)
    told = np.isfinite(table).sum(axis=1) >= 3
    value = np.full(len(table), -1, np.int64)
    if told.any():
        rows = np.ascontiguousarray(np.nan_to_num(table[told], nan=-1e300))
        as_bytes = rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1]))).ravel()
        value[told] = np.unique(as_bytes, return_inverse=True)[1]
    return value
