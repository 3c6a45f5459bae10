"""Who heard an alert and who did not: pulses against the times at which they were to be expected. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

USUAL_C_MPS = 340.0
"""At 15 degrees Celsius; where the alert does not say which speed it was located with."""
PATH_SD_MS = 7.5
"""Standard deviation of an arrival, by the path that it takes (docs/detection.md, the error model)."""
OUTLIER_MS = 3.5 * PATH_SD_MS
"""Later or earlier than this, the locator sets a sensor aside."""
HEARD, SET_ASIDE, SILENT = "heard", "set aside", "silent"


@dataclass(frozen=True)
class PulseSeen:
    """One pulse of one sensor. t_s: after the first round. shot: its round from 1; None where the alert does
    not rest on it (an echo, or something else). residual_ms: arrival minus prediction, positive is late."""

    t_s: float
    shot: int | None = None
    residual_ms: float | None = None
    peak_db: float | None = None


@dataclass(frozen=True)
class Listener:
    """One sensor that was asked. x_m, y_m: east and north of the alert's place. pulses: in order of time."""

    serial: str
    x_m: float
    y_m: float
    state: str
    pulses: tuple[PulseSeen, ...] = ()
    faults: tuple[str, ...] = ()

    @property
    def distance_m(self) -> float:
        return math.hypot(self.x_m, self.y_m)

    @property
    def residual_ms(self) -> float | None:
        """The median over its rounds; None where it has none."""
        known = [pulse.residual_ms for pulse in self.pulses if pulse.residual_ms is not None]
        return median(known) if known else None

    @property
    def used(self) -> tuple[PulseSeen, ...]:
        return tuple(pulse for pulse in self.pulses if pulse.shot is not None)

    @property
    def unused(self) -> tuple[PulseSeen, ...]:
        """Echoes, and other sounds."""
        return tuple(pulse for pulse in self.pulses if pulse.shot is None)


@dataclass(frozen=True)
class Hearing:
    """All of them, the nearest first. round_t_s: emission of each round after the first."""

    listeners: tuple[Listener, ...]
    round_t_s: tuple[float, ...]
    c_mps: float
    n_asked: int | None = None
    is_silence_known: bool = True
    missing_serials: tuple[str, ...] = field(default=())

    def of(self, state: str) -> list[Listener]:
        return [listener for listener in self.listeners if listener.state == state]


def speed_of_sound_mps(reasons: Mapping[str, Any]) -> float:
    told = reasons.get("c_mps")
    is_possible = isinstance(told, int | float) and 250.0 < told < 450.0
    return float(told) if is_possible and told is not None else USUAL_C_MPS


def told_aside(reasons: Mapping[str, Any]) -> frozenset[str] | None:
    """The sensors that the locator set aside; None where the alert does not say."""
    residuals = reasons.get("residuals")
    told = residuals.get("set_aside") if isinstance(residuals, Mapping) else None
    return frozenset(map(serial_of, map(str, told))) if isinstance(told, list) else None


def told_rounds_s(reasons: Mapping[str, Any]) -> tuple[float, ...] | None:
    """Emission of each round after the first; None where the alert does not say."""
    told = reasons.get("rounds_s")
    is_list = isinstance(told, list) and told and all(map(_is_number, told))
    return tuple(map(float, told)) if is_list and told else None


def serial_of(station: str) -> str:
    """A sensor that was moved since is named with its place of then: "MIC-1 at -98.6 39.8"."""
    return station.partition(" at ")[0]


def is_set_aside(participants: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the location rests on this sensor, by the locator's own rule."""
    late_s = [float(one["residual_s"]) for one in participants if _is_number(one.get("residual_s"))]
    if not late_s:
        return False
    return 1000.0 * abs(median(late_s)) > OUTLIER_MS


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def emissions_s(listeners: Sequence[Listener], *, c_mps: float) -> tuple[float, ...]:
    """When each round was fired, by what the sensors that were used say together.

    arrival - residual is the prediction; less the travel time it is the emission. The median over
    sensors takes the small rest that is the wind's.
    """
    by_round: dict[int, list[float]] = {}
    for listener in listeners:
        if listener.state != HEARD:
            continue
        for pulse in listener.used:
            assert pulse.shot is not None
            late_s = (pulse.residual_ms or 0.0) / 1000.0
            by_round.setdefault(pulse.shot, []).append(
                pulse.t_s - late_s - listener.distance_m / c_mps
            )
    return tuple(median(by_round[shot]) for shot in sorted(by_round))
