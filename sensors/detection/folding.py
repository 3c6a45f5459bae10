"""The arrivals of several rounds from one place, folded into one per sensor."""

from __future__ import annotations

import numpy as np

from sensors.detection.multilateration import PATH_SD_S
from sensors.detection.streams import Floats

ROUND_SD_S = 0.0016
"""Scatter from round to round on one path: 1.4 to 1.8 ms on the live-fire set (docs/detection.md)."""


def fold_rounds(arrival_s: Floats) -> tuple[Floats, Floats, Floats]:
    """Split arrivals into a part of the sensor and a part of the round, by median polish (Tukey 1977).

    arrival_s: (sensors, rounds), NaN where a sensor did not hear a round; every row and every column
    holds at least one number. Returns the sensor part (sensors,), the emission time of each round
    relative to the first round's (rounds,), and the rest (sensors, rounds), which shows single wrong
    pulses. Medians, so one wrong pulse moves nothing.
    """
    rest = np.array(arrival_s, float)
    sensor_part, round_part = np.zeros(rest.shape[0]), np.zeros(rest.shape[1])
    for _ in range(10):
        by_round = _median(rest.T)
        rest, round_part = rest - by_round, round_part + by_round
        by_sensor = _median(rest)
        rest, sensor_part = rest - by_sensor[:, None], sensor_part + by_sensor
        if np.abs(by_sensor).max() < 1e-5:
            break
    offset = round_part[0]
    return sensor_part + offset, round_part - offset, rest


def _median(rows: Floats) -> Floats:
    """Median of each row without its NaNs; several times quicker than nanmedian on small tables."""
    ordered = np.sort(rows, axis=1)  # NaN sorts last
    count = np.isfinite(rows).sum(axis=1)
    pick = np.arange(rows.shape[0])
    return np.asarray(0.5 * (ordered[pick, (count - 1) // 2] + ordered[pick, count // 2]))


def folded_sigma_s(rounds_heard: Floats) -> Floats:
    """Standard deviation of a sensor's folded arrival: the path's error does not average, the rest does."""
    return np.sqrt(PATH_SD_S**2 + ROUND_SD_S**2 / np.maximum(rounds_heard, 1.0))
