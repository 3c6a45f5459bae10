"""One incident solved whole: one place, many emission times, one lateness per path."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sensors.detection.evidence import MATCH_SD_S, Listener
from sensors.detection.folding import ROUND_SD_S, fold_rounds, folded_sigma_s
from sensors.detection.multilateration import (
    MIN_SENSORS,
    Location,
    LocationError,
    PoorGeometry,
    TooFewSensors,
    locate,
)
from sensors.detection.propagation import Atmosphere
from sensors.detection.rounds import match_rounds
from sensors.detection.streams import Floats, Ints

WIDE_SD_S = 0.040
"""A trial place is sometimes 30 to 50 m off."""
WRONG_PULSE_S = 0.012
"""Seven times ``ROUND_SD_S``: a pulse this far from its sensor's other rounds is not a direct one."""
FARTHEST_CORRECTION_M = 200.0
FEWEST_ROUNDS = 1.0 / 3.0
"""A sensor that matched in less than a third of the rounds matched by chance, through echoes."""


@dataclass(frozen=True, eq=False)
class Burst:
    """One place and its rounds. round_t_s: (r,) ascending. row, row_round, row_residual_s: (k,)
    listener rows used, the round of each, and its arrival minus prediction. sensor: (j,) those that
    took part, in the order of ``location.residual_s`` and ``location.used``; arrival_s, arrival_sd_s:
    (j,) what each heard of the first round, folded from all rounds. row_seat: (k,) the sensor of each
    row as an index into ``sensor``."""

    location: Location
    round_t_s: Floats
    row: Ints
    row_round: Ints
    row_residual_s: Floats
    row_seat: Ints
    sensor: Ints
    arrival_s: Floats
    arrival_sd_s: Floats

    @property
    def round_sd_s(self) -> Floats:
        """Standard deviation of each emission time, (r,): the burst's own, and the scatter of the pulses
        that tell this round from the others."""
        heard_by = np.bincount(self.row_round, minlength=self.round_t_s.size)
        return np.sqrt(self.location.t_sd_s**2 + ROUND_SD_S**2 / np.maximum(heard_by, 1))

    @property
    def place(self) -> Floats:
        return np.array([self.location.x_m, self.location.y_m])


def fit_burst(listener: Listener, place: Floats, round_t_s: Floats) -> Burst:
    """Solve a burst as one place: match, fold the rounds, locate; again from the better place.

    The pattern of several rounds is recognised at a sensor even where the trial place is off by
    50 m, so the first match is a wide one. Raises LocationError where no place can be given.
    """
    doubts = (WIDE_SD_S, MATCH_SD_S, MATCH_SD_S) if round_t_s.size > 1 else (MATCH_SD_S,) * 2
    for doubt in doubts:
        burst = _fit_once(listener, place, round_t_s, doubt)
        place, round_t_s = burst.place, burst.round_t_s
    return burst


def _fit_once(listener: Listener, place: Floats, round_t_s: Floats, path_sd_s: float) -> Burst:
    sensor, pulse = match_rounds(listener, place, round_t_s, path_sd_s)
    arrival = _trusted(np.where(pulse >= 0, listener.t_s[pulse], np.nan))
    keep, fired = np.isfinite(arrival).any(axis=1), np.isfinite(arrival).any(axis=0)
    if keep.sum() < MIN_SENSORS:
        raise TooFewSensors(f"got {keep.sum()} sensors that agree; wanted at least {MIN_SENSORS}")
    sensor, pulse, arrival = sensor[keep], pulse[np.ix_(keep, fired)], arrival[np.ix_(keep, fired)]
    folded, offset, _ = fold_rounds(arrival)
    sigma = folded_sigma_s(np.isfinite(arrival).sum(axis=1))
    spot = locate(
        listener.xy_m[sensor],
        folded,
        atmosphere=listener.atmosphere,
        sigma_s=sigma,
        start_xy_m=place,
    )
    if np.hypot(spot.x_m - place[0], spot.y_m - place[1]) > FARTHEST_CORRECTION_M:
        raise PoorGeometry("got a place that moves when it is solved again; wanted a stable one")
    predicted = (folded - spot.residual_s)[:, None] + offset
    seat, which = np.nonzero(np.isfinite(arrival))
    order = np.argsort(offset, kind="stable")
    return Burst(
        location=spot,
        round_t_s=(spot.t_s + offset)[order],
        row=pulse[seat, which],
        row_round=np.argsort(order)[which],
        row_residual_s=(arrival - predicted)[seat, which],
        row_seat=seat,
        sensor=sensor,
        arrival_s=folded,
        arrival_sd_s=sigma,
    )


def relocate(burst: Burst, sensor_xy_m: Floats, atmosphere: Atmosphere) -> Burst:
    """The same arrivals solved again through better known air. sensor_xy_m: (m, 2). Where that gives
    no place the burst stays as it was."""
    try:
        spot = locate(
            sensor_xy_m[burst.sensor],
            burst.arrival_s,
            atmosphere=atmosphere,
            sigma_s=burst.arrival_sd_s,
            start_xy_m=burst.place,
        )
    except LocationError:
        return burst
    later = spot.residual_s - burst.location.residual_s
    return replace(
        burst,
        location=spot,
        round_t_s=burst.round_t_s + (spot.t_s - burst.location.t_s),
        row_residual_s=burst.row_residual_s + later[burst.row_seat],
    )


def _trusted(arrival_s: Floats) -> Floats:
    """Without pulses that disagree with their sensor's other rounds, and sensors that seldom matched."""
    rounds = arrival_s.shape[1]
    if rounds == 1 or arrival_s.shape[0] == 0:
        return arrival_s
    _, _, rest = fold_rounds(arrival_s)
    kept = np.where(np.abs(rest) < WRONG_PULSE_S, arrival_s, np.nan)
    often = np.isfinite(kept).sum(axis=1) >= FEWEST_ROUNDS * rounds
    return np.where(often[:, None], kept, np.nan)
