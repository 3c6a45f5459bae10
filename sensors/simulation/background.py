"""What sensors hear when nobody shoots: street noise, chatter beside one sensor, building sites."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sensors.simulation.pulses import Heard, joined
from sensors.simulation.sound import Timbre, clatter
from sensors.simulation.town import HOUR_S, Town

CHATTER_SHARE = 0.25  # of all noise pulses, in the mean of towns
_CHATTER_PULSES = 25.0  # mean of one bout


def background(
    town: Town,
    *,
    rng: np.random.Generator,
    seconds: float,
    per_sensor_hour: float,
    start_ns: int,
) -> Heard:
    """Pulses heard by one sensor alone: at random, and in bouts beside one sensor at a time."""
    chatter = CHATTER_SHARE * rng.uniform(0.3, 1.7)
    expected = per_sensor_hour * seconds / HOUR_S * town.rate
    count = rng.poisson((1.0 - chatter) * expected)
    sensor = np.repeat(np.arange(count.size), count)
    t_s = rng.uniform(0.0, seconds, sensor.size)
    bouts = rng.poisson(chatter * expected / _CHATTER_PULSES)
    talker, talk_s = _bouts(np.repeat(np.arange(bouts.size), bouts), rng, seconds)
    return joined(
        [
            _noise(town, rng, sensor, start_ns + _ns(t_s), town.noise_db),
            _noise(town, rng, talker, start_ns + _ns(talk_s), town.noise_db + 4.0),
        ]
    )


def _bouts(
    sensor: NDArray[np.intp], rng: np.random.Generator, seconds: float
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """A nail gun, a dog, a gate in the wind: some dozen pulses within a few minutes at one sensor."""
    length = 1 + rng.geometric(1.0 / _CHATTER_PULSES, sensor.size)
    bout = np.repeat(np.arange(sensor.size), length)
    pace_s = np.exp(rng.normal(np.log(1.2), 0.7, sensor.size))
    gaps = rng.exponential(1.0, bout.size) * pace_s[bout]
    elapsed = np.cumsum(gaps)
    first = np.repeat(np.cumsum(length) - length, length)
    t_s = rng.uniform(0.0, seconds, sensor.size)[bout] + elapsed - elapsed[first]
    inside = t_s < seconds
    return sensor[bout][inside], t_s[inside]


def _noise(
    town: Town,
    rng: np.random.Generator,
    sensor: NDArray[np.intp],
    t_ns: NDArray[np.int64],
    level_db: float,
) -> Heard:
    timbre: Timbre = town.timbre["noise"]
    return clatter(rng, sensor, t_ns, level_db=level_db, level_sd_db=7.0, timbre=timbre)


def _ns(t_s: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.round(1e9 * t_s).astype(np.int64)
