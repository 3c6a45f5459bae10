"""A field of microphones, and a shot that they hear. For tests."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from sensors.geodesy import LocalPlane
from sensors.payloads.daylight import Pulse
from sensors.payloads.register import SensorEntry

NOW = datetime(2026, 3, 14, 22, 30, 0, tzinfo=UTC)
T0_NS = 1_773_527_000_000_000_000  # 2026-03-14T22:23:20Z, in the middle of a window
PLANE = LocalPlane(-79.99, 40.44)


def entry(
    serial: str, kind: str, *, x_m: float = 0.0, y_m: float = 0.0, source: str = "gateway"
) -> SensorEntry:
    lon, lat = PLANE.to_lonlat(x_m, y_m)
    return SensorEntry(serial=serial, kind=kind, lon=float(lon), lat=float(lat), source=source)


def microphone_entries(*, source: str = "gateway") -> list[SensorEntry]:
    """25 of them, 400 m apart."""
    return [
        entry(
            f"MIC-{row}{column}",
            "acoustic",
            x_m=400.0 * (column - 2),
            y_m=400.0 * (row - 2),
            source=source,
        )
        for row in range(5)
        for column in range(5)
    ]


def shot(
    *, x_m: float, y_m: float, t_ns: int = T0_NS, rounds: int = 1, reach_m: float = 900.0
) -> list[Pulse]:
    """What the microphones of ``microphone_entries`` report of rounds 0.7 s apart, in still air at 15 C."""
    pulses = []
    for one in microphone_entries():
        mx, my = (float(v) for v in PLANE.to_xy(one.lon, one.lat))
        distance_m = float(np.hypot(mx - x_m, my - y_m))
        if distance_m > reach_m:
            continue
        for number in range(rounds):
            at_ns = t_ns + number * 700_000_000 + round(distance_m / 340.3 * 1e9)
            pulses.append(
                Pulse(
                    sensor=one.serial,
                    pulse_id=f"{one.serial}-{at_ns}",
                    t_ns=at_ns,
                    peak_db=120.0 - 20 * float(np.log10(max(distance_m, 10.0) / 10.0)),
                    rise_ms=1.1,
                    dur_ms=130.0,
                    centroid_hz=650.0,
                )
            )
    return sorted(pulses, key=lambda pulse: pulse.at_ns)
