"""What goes wrong with sensors by fault or by intent, so that a detector can be asked to notice.

Kinds: clock_offset (size in s), clock_drift (s per hour), misplaced (m), deaf (share still heard),
silent (second of the stream from which nothing comes), spoofed (0: in the hands of a forger).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sensors.simulation.pulses import FORGED, Heard, Pulses, joined, of_no_event, taken
from sensors.simulation.sound import clatter
from sensors.simulation.town import HOUR_S, Town

_KINDS: Final = ("clock_offset", "clock_drift", "misplaced", "deaf", "silent")
_ODDS: Final = (0.3, 0.2, 0.25, 0.2, 0.05)
_RING: Final = 6  # sensors in the hands of one forger
_RINGS: Final = 2
_REPLAY_S: Final = (20.0, 900.0)


@dataclass(frozen=True)
class Fault:
    """One sensor's fault. sensor: index. size: in the unit of its kind."""

    sensor: int
    kind: str
    size: float


@dataclass(frozen=True)
class Faults:
    """The faults of s sensors as what they do. shift_m: (s, 2) what the register says minus the truth."""

    told: tuple[Fault, ...]
    offset_s: NDArray[np.float64]
    drift_s_per_h: NDArray[np.float64]
    shift_m: NDArray[np.float64]
    hears: NDArray[np.float64]
    silent_from_s: NDArray[np.float64]
    rings: tuple[NDArray[np.intp], ...] = field(default=())

    @property
    def is_healthy(self) -> NDArray[np.bool_]:
        healthy = np.ones(self.hears.size, dtype=bool)
        healthy[[fault.sensor for fault in self.told]] = False
        return healthy


def draw_faults(town: Town, rng: np.random.Generator, *, share: float, forgers: bool) -> Faults:
    """Faults at a share of the sensors, and, where there are forgers, rings of neighbours they hold."""
    n = town.x_m.size
    told, offset, drift = list[Fault](), np.zeros(n), np.zeros(n)
    shift, hears, silent = np.zeros((n, 2)), np.ones(n), np.full(n, np.inf)
    chosen = rng.choice(n, round(share * n), replace=False)
    for sensor, kind in zip(chosen.tolist(), rng.choice(_KINDS, chosen.size, p=_ODDS), strict=True):
        sign, log_uniform = rng.choice([-1.0, 1.0]), rng.random()
        if kind == "clock_offset":
            size = offset[sensor] = sign * 0.005 * 400.0**log_uniform
        elif kind == "clock_drift":
            size = drift[sensor] = sign * 0.010 * 50.0**log_uniform
        elif kind == "misplaced":
            size, angle = 50.0 * 10.0**log_uniform, rng.uniform(0.0, 2.0 * np.pi)
            shift[sensor] = size * np.cos(angle), size * np.sin(angle)
        elif kind == "deaf":
            size = hears[sensor] = 0.1 * log_uniform
        else:
            size = silent[sensor] = 600.0 + 1_800.0 * log_uniform
        told.append(Fault(sensor, str(kind), float(size)))
    rings = _draw_rings(town, rng, free=np.setdiff1d(np.arange(n), chosen)) if forgers else ()
    told += [Fault(int(sensor), "spoofed", 0.0) for ring in rings for sensor in ring]
    return Faults(tuple(told), offset, drift, shift, hears, silent, rings)


def without_faults(town: Town) -> Faults:
    n = town.x_m.size
    return Faults(
        (), np.zeros(n), np.zeros(n), np.zeros((n, 2)), np.ones(n), np.full(n, np.inf)
    )  # fmt: skip


def as_heard_by_faulty(
    heard: Heard, faults: Faults, rng: np.random.Generator, *, start_ns: int
) -> Heard:
    """Without what deaf and silent sensors miss, and with the times that wrong clocks give."""
    sensor, t_s = heard[0].sensor, (heard[0].t_ns - start_ns) / 1e9
    kept = (rng.random(sensor.size) < faults.hears[sensor]) & (t_s < faults.silent_from_s[sensor])
    pulses, truth = taken(heard, np.flatnonzero(kept))
    hours = (pulses.t_ns - start_ns) / 1e9 / HOUR_S
    off_s = faults.offset_s[pulses.sensor] + faults.drift_s_per_h[pulses.sensor] * hours
    return _moved(pulses, np.round(1e9 * off_s).astype(np.int64)), truth


def forgeries(
    heard: Heard,
    town: Town,
    faults: Faults,
    rng: np.random.Generator,
    *,
    count: int,
    seconds: float,
    start_ns: int,
) -> Heard:
    """Bursts that never were, from one sensor or a ring of them, and replays of what a ring heard."""
    parts = list[Heard]()
    for _ in range(count):
        ring = faults.rings[int(rng.integers(len(faults.rings)))]
        begin_s = rng.uniform(20.0, max(seconds - 40.0, 21.0))
        kind = rng.choice(["lone", "ring", "replay"])
        if kind == "replay":
            parts.append(_replay(heard, ring, rng, until_ns=start_ns + round(1e9 * seconds)))
            continue
        sensors = ring[:1] if kind == "lone" else rng.permutation(ring)[: int(rng.integers(3, 7))]
        rounds = begin_s + np.cumsum(rng.lognormal(np.log(0.35), 0.4, int(rng.integers(1, 12))))
        parts.append(_invented(town, sensors, rounds, rng, start_ns=start_ns))
    return joined(parts)


def _draw_rings(
    town: Town, rng: np.random.Generator, *, free: NDArray[np.intp]
) -> tuple[NDArray[np.intp], ...]:
    rings = list[NDArray[np.intp]]()
    for centre in rng.choice(free, min(_RINGS, free.size // (2 * _RING)), replace=False):
        away = np.hypot(town.x_m[free] - town.x_m[centre], town.y_m[free] - town.y_m[centre])
        ring = free[np.argsort(away)[:_RING]]
        rings.append(ring)
        free = np.setdiff1d(free, ring)
    return tuple(rings)


def _invented(
    town: Town,
    sensors: NDArray[np.intp],
    rounds_s: NDArray[np.float64],
    rng: np.random.Generator,
    *,
    start_ns: int,
) -> Heard:
    """Arrivals that fit a place amid the forger's sensors; the levels do not fall with distance."""
    x, y = town.x_m[sensors].mean(), town.y_m[sensors].mean()
    x, y = rng.normal((x, y), 80.0)
    flight_s = np.hypot(town.x_m[sensors] - x, town.y_m[sensors] - y) / 340.0
    t_s = (rounds_s[:, None] + flight_s).ravel()
    t_s = t_s + rng.normal(0.0, 0.002, t_s.size)
    sensor = np.tile(sensors, rounds_s.size)
    level, _ = clatter(rng, sensor, start_ns + np.round(1e9 * t_s).astype(np.int64))
    # a shot's shape, far too sharp and loud for where it would have come from
    fake = Pulses(
        sensor, level.t_ns, rng.uniform(84.0, 94.0, t_s.size).round(1), level.snr_db + 20.0,
        (level.rise_ms / 6.0).round(2), (level.dur_ms / 1.8).round(1),
        (1.5 * level.centroid_hz).round(1),
    )  # fmt: skip
    return fake, of_no_event(t_s.size, mark=FORGED)


def _replay(
    heard: Heard, ring: NDArray[np.intp], rng: np.random.Generator, *, until_ns: int
) -> Heard:
    """What a ring recorded of some earlier incident, sent again as if it were new."""
    mine = np.flatnonzero(np.isin(heard[0].sensor, ring) & (heard[1].event >= 0))
    if not mine.size:
        return joined([])
    event = heard[1].event[rng.choice(mine)]
    pulses, _ = taken(heard, mine[heard[1].event[mine] == event])
    later = _moved(pulses, np.int64(1e9 * rng.uniform(*_REPLAY_S)))
    inside = np.flatnonzero(later.t_ns < until_ns)
    return taken((later, of_no_event(len(later.t_ns), mark=FORGED)), inside)


def _moved(pulses: Pulses, by_ns: NDArray[np.int64] | np.int64) -> Pulses:
    columns = {name: getattr(pulses, name) for name in Pulses.__dataclass_fields__}
    return Pulses(**{**columns, "t_ns": pulses.t_ns + by_ns})
