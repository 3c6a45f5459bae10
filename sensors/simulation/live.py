"""Keep devices talking: what every device of a city sends in an interval of time.

The same seed and interval give the same messages, and an interval gives exactly what its parts give:
bangs and noise are drawn for whole slots of ten minutes, and what falls into the interval is sent.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from sensors.simulation.acoustic import AcousticSensors, hear, pulse_messages, street_noise
from sensors.simulation.assets import Assets, observation_messages
from sensors.simulation.city import City
from sensors.simulation.gunfire import LoudEvents, draw_events
from sensors.simulation.pulses import Heard, between, joined
from sensors.simulation.randomness import part_generator

SLOT_S: Final = 600
LONGEST_EVENT_S: Final = 120  # from the first impulse of an event to its last echo


@dataclass(frozen=True)
class LiveRates:
    """How lively the demo is. Far above a real city's rates, so that a visitor sees something happen."""

    shootings_per_hour: float = 0.5
    fireworks_per_hour: float = 0.5
    noise_per_sensor_hour: float = 6.0


@dataclass(frozen=True)
class LiveMessages:
    """What was sent in an interval, each list in order of time, and the events behind the pulses."""

    pulses: list[dict[str, Any]]
    observations: list[dict[str, Any]]
    events: tuple[LoudEvents, ...]  # the truth; one table for each slot that has any


def live_messages(
    city: City,
    sensors: AcousticSensors,
    assets: Assets,
    *,
    seed: int,
    start: dt.datetime,
    end: dt.datetime,
    rates: LiveRates | None = None,
) -> LiveMessages:
    """Everything the devices send in [start, end), aware instants."""
    rates = rates or LiveRates()
    from_ns, to_ns = (round(t.timestamp() * 1_000_000) * 1_000 for t in (start, end))
    first = (from_ns // 1_000_000_000 - LONGEST_EVENT_S) // SLOT_S
    last = -(-to_ns // (SLOT_S * 1_000_000_000))
    slots = [_slot(city, sensors, seed=seed, slot=slot, rates=rates) for slot in range(first, last)]
    pulses, _ = between(joined([heard for heard, _ in slots]), from_ns=from_ns, to_ns=to_ns)
    return LiveMessages(
        pulses=pulse_messages(sensors, pulses),
        observations=observation_messages(city, assets, start=start, end=end),
        events=tuple(events for _, events in slots if len(events.kind)),
    )


def _slot(
    city: City, sensors: AcousticSensors, *, seed: int, slot: int, rates: LiveRates
) -> tuple[Heard, LoudEvents]:
    """All pulses of the bangs and the noise that begin in one slot."""
    rng = part_generator(seed, 90, slot)
    hours = SLOT_S / 3_600.0
    counts = rng.poisson([rates.shootings_per_hour * hours, rates.fireworks_per_hour * hours])
    kind = np.repeat(["gunfire", "firework"], counts)
    instant = np.sort(slot * SLOT_S + rng.integers(SLOT_S, size=len(kind)))
    events = draw_events(city, rng, kind=rng.permutation(kind), instant_s=instant, tag=f"L{slot}-")
    bangs = hear(city, sensors, events, rng=rng)
    edges = {"from_ns": slot * SLOT_S * 1_000_000_000, "to_ns": (slot + 1) * SLOT_S * 1_000_000_000}
    noise = street_noise(sensors, rng=rng, per_sensor_hour=rates.noise_per_sensor_hour, **edges)
    return joined([bangs, noise]), events
