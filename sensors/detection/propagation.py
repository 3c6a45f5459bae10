"""How sound travels from a source to a sensor: speed from temperature, drift from wind.

Sources: Calhoun et al., arXiv 2108.07377: speed of sound eq. 8, wind as a moving medium eq. 9.
Gradients and upwind shadow zones are not modelled (nor are they there).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sensors.detection.streams import Bools, Floats, Weather

KELVIN_AT_0_C = 273.15
NS_PER_H = 3_600_000_000_000

REPORT_TEMP_SD_C = 1.0
"""A METAR temperature is good to about 1 C (arXiv 2108.07377)."""
REPORT_WIND_SD_MPS = 1.0
"""Per component, against the airport's mast: an assumption; the live-fire set is from a calm night."""
STALE_TEMP_SD_C_PER_H, STALE_WIND_SD_MPS_PER_H = 1.0, 0.7
"""Growth of the doubt for each hour away from the nearest report: assumptions."""
UNKNOWN_TEMP_C, UNKNOWN_TEMP_SD_C, UNKNOWN_WIND_SD_MPS = 12.0, 10.0, 3.0
"""Without any report: a temperate year."""


@dataclass(frozen=True)
class Atmosphere:
    """Speed of sound and wind vector (towards east and north), m/s, with their doubt.

    c_sd_mps, wind_sd_mps: standard deviations, of each component of the wind. learnt: the whole
    covariance of (c, wind x, wind y), (m/s)^2, where incidents have taught it, for then the three hang
    together; None where they do not.
    """

    c_mps: float
    wind_x_mps: float = 0.0
    wind_y_mps: float = 0.0
    c_sd_mps: float = 0.61
    wind_sd_mps: float = REPORT_WIND_SD_MPS
    learnt: tuple[tuple[float, ...], ...] | None = None

    @classmethod
    def of(cls, mean_mps: Floats, cov: Floats) -> Atmosphere:
        """From the mean of (c, wind x, wind y), (3,), and its covariance, (3, 3)."""
        c, wind_x, wind_y = (float(v) for v in mean_mps)
        wind_sd = float(np.sqrt(0.5 * (cov[1, 1] + cov[2, 2])))
        learnt = tuple(tuple(float(v) for v in row) for row in cov)
        return cls(c, wind_x, wind_y, float(np.sqrt(cov[0, 0])), wind_sd, learnt)

    @property
    def mean_mps(self) -> Floats:
        """(c, wind x, wind y), (3,)."""
        return np.array([self.c_mps, self.wind_x_mps, self.wind_y_mps])

    @property
    def cov(self) -> Floats:
        """Covariance of ``mean_mps``, (3, 3)."""
        if self.learnt is not None:
            return np.array(self.learnt)
        return np.diag([self.c_sd_mps**2, self.wind_sd_mps**2, self.wind_sd_mps**2])

    @property
    def rounded(self) -> Atmosphere:
        """To the nearest half metre per second: enough for a coarse search, and worth caching."""

        def half(value: float) -> float:
            return round(2.0 * value) / 2.0

        return Atmosphere(half(self.c_mps), half(self.wind_x_mps), half(self.wind_y_mps))


def sound_speed_mps(temp_c: ArrayLike) -> Floats:
    """c = 20.03 sqrt(T + 273.15); temp_c in degrees Celsius (arXiv 2108.07377, eq. 8)."""
    return np.asarray(20.03 * np.sqrt(np.asarray(temp_c, float) + KELVIN_AT_0_C))


def travel_time_s(dx_m: ArrayLike, dy_m: ArrayLike, atmosphere: Atmosphere) -> Floats:
    """Seconds from source to sensor. dx_m, dy_m: sensor minus source, any shape.

    The wind adds its component along the path to the speed. What is left out, (crosswind / c)^2 / 2,
    is 0.01 % at 5 m/s: 0.2 ms on a path of 500 m.
    """
    dx, dy = np.asarray(dx_m, float), np.asarray(dy_m, float)
    distance = np.hypot(dx, dy)
    # distance / (c + w.u) with w.u = (w.d) / distance, written so that distance 0 gives 0
    along = atmosphere.wind_x_mps * dx + atmosphere.wind_y_mps * dy
    return np.asarray(distance**2 / np.maximum(atmosphere.c_mps * distance + along, 1e-9))


def atmosphere_at(weather: Weather | None, t_ns: int) -> Atmosphere:
    """The atmosphere at an instant: linear between reports, held beyond them, doubt growing with age."""
    usable = _usable(weather)
    if usable is None:
        return _atmosphere(UNKNOWN_TEMP_C, 0.0, 0.0, UNKNOWN_TEMP_SD_C, UNKNOWN_WIND_SD_MPS)
    hours, temp_c, wind_x, wind_y, wind_known = usable
    at = t_ns / NS_PER_H
    nearest = int(np.argmin(np.abs(hours - at)))
    age_h = abs(float(hours[nearest]) - at)
    wind_sd = float(np.hypot(REPORT_WIND_SD_MPS, STALE_WIND_SD_MPS_PER_H * age_h))
    return _atmosphere(
        float(np.interp(at, hours, temp_c)),
        float(np.interp(at, hours, wind_x)),
        float(np.interp(at, hours, wind_y)),
        min(float(np.hypot(REPORT_TEMP_SD_C, STALE_TEMP_SD_C_PER_H * age_h)), UNKNOWN_TEMP_SD_C),
        min(wind_sd, UNKNOWN_WIND_SD_MPS) if wind_known[nearest] else UNKNOWN_WIND_SD_MPS,
    )


def _atmosphere(
    temp_c: float, wind_x: float, wind_y: float, temp_sd: float, wind_sd: float
) -> Atmosphere:
    c_mps = float(sound_speed_mps(temp_c))
    # dc/dT = c / (2 T)
    return Atmosphere(
        c_mps, wind_x, wind_y, 0.5 * c_mps / (temp_c + KELVIN_AT_0_C) * temp_sd, wind_sd
    )


def _usable(weather: Weather | None) -> tuple[Floats, Floats, Floats, Floats, Bools] | None:
    """Reports with a believable temperature, in time order: hours, Celsius, wind towards x and y,
    and whether the wind was given at all (a missing wind is taken as calm, with more doubt)."""
    if weather is None:
        return None
    temp = np.asarray(weather.temp_c, float)
    keep = np.isfinite(temp) & (np.abs(temp) < 60.0) & (weather.t_ns >= 0)
    if not keep.any():
        return None
    order = np.flatnonzero(keep)
    order = order[np.lexsort((temp[order], weather.t_ns[order]))]
    absent = np.full(temp.size, np.nan)
    speed = absent if weather.wind_mps is None else np.asarray(weather.wind_mps, float)
    source = absent if weather.wind_from_deg is None else np.asarray(weather.wind_from_deg, float)
    known = np.isfinite(speed) & np.isfinite(source) & (np.abs(speed) < 80.0)
    speed, source = np.where(known, speed, 0.0), np.radians(np.where(known, source, 0.0))
    hours = weather.t_ns[order] / NS_PER_H
    towards = np.column_stack([-speed * np.sin(source), -speed * np.cos(source)])[order]
    return hours, temp[order], towards[:, 0], towards[:, 1], known[order]
