"""Air temperature and wind over the synthetic city: what bends the arrival times, unknown to a solver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from sensors.simulation.localtime import DAY_S, HOUR_S
from sensors.simulation.randomness import hashed_normal, hashed_uniform

_YEAR_S: Final = 365.25 * DAY_S
_NOON_UTC_S: Final = 18.5 * HOUR_S  # local noon at 98 degrees west


@dataclass(frozen=True)
class Weather:
    """One hour's weather. The wind is where the air goes to, metres per second east and north."""

    temperature_c: float
    wind_east_m_s: float
    wind_north_m_s: float

    @property
    def sound_speed_m_s(self) -> float:
        """Speed of sound in still dry air (Calhoun et al. 2021, equation 8)."""
        return float(20.03 * np.sqrt(self.temperature_c + 273.15))


def weather_at(seed: int, t_ns: int) -> Weather:
    """The true weather in the hour of an instant, the same for the same seed and hour."""
    seconds = t_ns // 1_000_000_000
    day, hour = seconds // DAY_S, seconds // HOUR_S
    season = -13.0 * np.cos(2.0 * np.pi * (seconds % _YEAR_S - 20 * DAY_S) / _YEAR_S)
    daily = 5.0 * np.cos(2.0 * np.pi * (seconds % DAY_S - _NOON_UTC_S - 3 * HOUR_S) / DAY_S)
    temperature = 12.0 + season + daily + 4.0 * hashed_normal(seed, 40, day)
    speed = 3.8 * np.sqrt(-np.log(hashed_uniform(seed, 41, hour)))  # Rayleigh, mean 3.4 m/s
    towards = 2.0 * np.pi * (hashed_uniform(seed, 42, day) + 0.08 * hashed_normal(seed, 43, hour))
    return Weather(
        float(temperature), float(speed * np.cos(towards)), float(speed * np.sin(towards))
    )


def reported_weather(seed: int, t_ns: int) -> Weather:
    """What an airport's hourly report would say: off by about 1 C and rounded, wind by about 1 m/s."""
    true, hour = weather_at(seed, t_ns), t_ns // 3_600_000_000_000
    off = hashed_normal(seed, 44, hour, np.arange(3))
    return Weather(
        float(np.round(true.temperature_c + off[0])),
        float(np.round(true.wind_east_m_s + off[1], 1)),
        float(np.round(true.wind_north_m_s + off[2], 1)),
    )
