"""What the detector answers: frozen results, each with its doubt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sensors.detection.atmosphere import Soundings
from sensors.detection.health import Fault
from sensors.detection.streams import Floats, Ints


@dataclass(frozen=True, eq=False)
class DetectedEvent:
    """One incident: a place, its rounds, and why we believe it.

    t_ns: emission of the first round, UTC. x_m, y_m: metres on the plane of the sensors; lon, lat:
    degrees, NaN where sensors were given in metres. cov_xx, cov_xy, cov_yy: m^2, from the path-error
    model. round_t_ns, round_sd_s: (n_shots,) emission times and their standard deviations, s.
    sensor_id, sensor_residual_s, sensor_distance_m, sensor_used: (j,) participating sensors, arrival
    minus prediction (positive is late), False where set aside as an outlier. pulse_row, pulse_round,
    pulse_residual_s: (k,) rows of the input that were used, the round each belongs to. n_sensors: sensors the location rests on. n_asked: active sensors within
    hearing range. weight: log-likelihood ratio of the incident against background and echoes.
    prob: probability of gunfire. kind: the likeliest of 'gunfire', 'firework', 'impulse'; never to
    be shown without prob. kind_probs: (3,) in that order. why: what the prior, the rhythm and each
    feature add to the log-odds of gunfire; sums to logit(prob). classifier_version: which weights
    said so. c_mps, wind_mps: sound speed and wind (towards east, north) as
    estimated here. evidence: the pooled features that prob was
    made from, NaN where the input had none.
    """

    t_ns: int
    x_m: float
    y_m: float
    lon: float
    lat: float
    cov_xx: float
    cov_xy: float
    cov_yy: float
    round_t_ns: Ints
    round_sd_s: Floats
    sensor_id: NDArray[np.str_]
    sensor_residual_s: Floats
    sensor_distance_m: Floats
    sensor_used: NDArray[np.bool_]
    pulse_row: Ints
    pulse_round: Ints
    pulse_residual_s: Floats
    n_asked: int
    weight: float
    kind: str
    prob: float
    kind_probs: Floats
    why: dict[str, float]
    classifier_version: str
    evidence: dict[str, float]
    c_mps: float
    wind_mps: tuple[float, float]
    core_version: str

    @property
    def n_shots(self) -> int:
        return int(self.round_t_ns.size)

    @property
    def n_sensors(self) -> int:
        return int(self.sensor_used.sum())


@dataclass(frozen=True)
class DeclinedPlace:
    """Sensors agreed that something happened, yet no location is given. t_ns and place are rough."""

    t_ns: int
    x_m: float
    y_m: float
    lon: float
    lat: float
    reason: str


@dataclass(frozen=True, eq=False)
class Rejected:
    """Rows of the input that were not used. row: (r,) indices. cause: (r,) text. counts: by cause."""

    row: Ints
    cause: NDArray[np.str_]
    counts: dict[str, int]
    out_of_order: int


@dataclass(frozen=True, eq=False)
class Detection:
    """The answer to one call of ``detect``: events in time order, places declined, rows rejected.
    soundings: what each event said of the air, in their order; later calls may be told of it. health:
    sensors taken out or corrected, with the evidence; those the caller named come first."""

    events: tuple[DetectedEvent, ...]
    declined: tuple[DeclinedPlace, ...]
    rejected: Rejected
    n_pulses: int
    core_version: str
    soundings: Soundings
    health: tuple[Fault, ...]

    def column(self, name: str) -> NDArray[Any]:
        """One scalar field of all events, (n_events,)."""
        return np.array([getattr(event, name) for event in self.events])
