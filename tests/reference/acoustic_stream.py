"""Simulated streams as the core's tables, and the marks of the core on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sensors.detection import PulseArrays, SensorArrays, Weather
from sensors.simulation import streams
from sensors.simulation.streams import PRESETS, Preset, Stream, Truth
from tests.reference.acoustic_score import HealthMarks, Marks, mark, mark_health, pooled

__all__ = [
    "PRESETS",
    "HealthMarks",
    "MadeStream",
    "Marks",
    "Preset",
    "Truth",
    "as_tables",
    "make_stream",
    "mark",
    "mark_health",
    "pooled",
]


@dataclass(frozen=True)
class MadeStream:
    """What ``detect`` is given, and the truth it is not."""

    pulses: PulseArrays
    sensors: SensorArrays
    weather: Weather
    truth: Truth


def make_stream(
    preset: Preset | str, rng: np.random.Generator | None = None, *, seed: int = 0, part: int = 0
) -> MadeStream:
    """A stream by seed and part of the town's time, or by whatever seed a generator gives."""
    chosen = seed if rng is None else int(rng.integers(2**31))
    return as_tables(streams.make_stream(preset, seed=chosen, part=part))


def as_tables(stream: Stream) -> MadeStream:
    return MadeStream(
        pulses=PulseArrays(**stream.pulses),
        sensors=SensorArrays(**stream.sensors),
        weather=Weather(**stream.weather),
        truth=stream.truth,
    )
