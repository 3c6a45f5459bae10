"""A weather station: what an airport would report, each quarter of an hour, and by the hour in its
archive. It has no faults."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sensors.simulation.city import City
from sensors.simulation.localtime import HOUR_S
from sensors.simulation.readings import Readings, Span, numbers, reading_times
from sensors.simulation.weather import reported_weather

EVERY_S: Final = 900
ARCHIVED_EVERY_S: Final = 3_600


def readings(
    city: City,
    asset: NDArray[np.intp],
    group: NDArray[np.intp],
    *,
    span: Span,
    every_s: int = EVERY_S,
) -> list[Readings]:
    """``temperature`` (Celsius), ``windSpeed`` (m/s) and ``windDirection`` (degrees, where it comes from)."""
    which, t_s = reading_times(city.seed, asset, span=span, every_s=every_s)
    hours, at = np.unique(t_s // HOUR_S, return_inverse=True)
    said = [reported_weather(city.seed, int(hour) * HOUR_S * 1_000_000_000) for hour in hours]
    celsius = np.array([one.temperature_c for one in said])
    east, north = (
        np.array([(one.wind_east_m_s, one.wind_north_m_s) for one in said]).reshape(-1, 2).T
    )
    from_deg = np.degrees(np.arctan2(-east, -north)) % 360.0
    return [
        numbers(asset[which], t_s, celsius[at], name="temperature"),
        numbers(asset[which], t_s, np.hypot(east, north)[at].round(2), name="windSpeed"),
        numbers(asset[which], t_s, from_deg[at].round(1), name="windDirection"),
    ]


def faults(
    seed: int, asset: NDArray[np.intp], group: NDArray[np.intp], t_s: NDArray[np.int64]
) -> NDArray[np.str_]:
    """ "" for each: its report is off by what an airport's is, and never more."""
    return np.full(len(asset), "")
