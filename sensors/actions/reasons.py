"""Why an event is one and what it was taken for, as JSON: what a reviewer is shown of the reasoning."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from sensors.detection import DetectedEvent, SensorArrays
from sensors.detection.classification import KINDS
from sensors.geodesy import LocalPlane

NEARBY_M = 700.0
"""Within this a shot is heard more often than not; who kept silent there is worth a reviewer's question."""
SHOWN_SILENT = 12


def reasons(event: DetectedEvent, sensors: SensorArrays) -> dict[str, Any]:
    """Keys: features, why, kind_probs, weight, n_asked, n_sensors, silent, c_mps, rounds_s, residuals.

    features: what the probability was made from, None where the sensors did not say. why: what each
    adds to the log-odds of gunfire. silent: serials of sensors in service nearby that said nothing,
    the nearest first. rounds_s: emission times after the first. residuals: seconds, per sensor.
    """
    return {
        "features": {name: _number(value) for name, value in event.evidence.items()},
        "why": {name: _number(value) for name, value in event.why.items()},
        "kind_probs": {
            kind: _number(share) for kind, share in zip(KINDS, event.kind_probs, strict=True)
        },
        "weight": _number(event.weight),
        "n_asked": event.n_asked,
        "n_sensors": event.n_sensors,
        "silent": _silent(event, sensors),
        "c_mps": _number(event.c_mps),
        "rounds_s": [round(int(t_ns - event.t_ns) / 1e9, 6) for t_ns in event.round_t_ns],
        "residuals": _residuals(event),
    }


def _residuals(event: DetectedEvent) -> dict[str, Any]:
    used = event.sensor_residual_s[event.sensor_used]
    return {
        "n_used": int(used.size),
        "rms_s": _number(np.sqrt(np.mean(used**2))) if used.size else None,
        "worst_s": _number(used[np.argmax(np.abs(used))]) if used.size else None,
        "set_aside": sorted(event.sensor_id[~event.sensor_used].tolist()),
    }


def _silent(event: DetectedEvent, sensors: SensorArrays) -> list[str]:
    assert sensors.lon is not None
    assert sensors.lat is not None
    distance_m = np.hypot(*LocalPlane(event.lon, event.lat).to_xy(sensors.lon, sensors.lat))
    is_silent = ~np.isin(sensors.sensor_id, event.sensor_id) & (distance_m <= NEARBY_M)
    if sensors.active is not None:
        is_silent &= sensors.active
    nearest = np.argsort(distance_m, kind="stable")
    return [str(name) for name in sensors.sensor_id[nearest[is_silent[nearest]]][:SHOWN_SILENT]]


def finite(values: Sequence[float]) -> list[float] | None:
    """The numbers as they are; None where one of them is none, for JSON has no NaN."""
    return list(values) if all(map(math.isfinite, values)) else None


def _number(value: Any) -> float | None:
    """To six decimals; JSON has no NaN."""
    number = float(value)
    return round(number, 6) if math.isfinite(number) else None
