"""Street lights: on from dusk to dawn, dimmed in the small hours, with dark lamps and dead circuits."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sensors.simulation.city import City
from sensors.simulation.localtime import DAY_S, HOUR_S, wall_seconds
from sensors.simulation.randomness import hashed_normal, hashed_uniform
from sensors.simulation.readings import Readings, Span, numbers, reading_times, weekly_draw, words

EVERY_S: Final = 2 * HOUR_S
RATINGS_W: Final = np.array([38.0, 55.0, 72.0, 96.0])
DIMMED: Final = 0.55  # of the rated power, from half past eleven until five
STANDBY_W: Final = 0.6


def readings(
    city: City, asset: NDArray[np.intp], group: NDArray[np.intp], *, span: Span
) -> list[Readings]:
    """``powerState`` (off, on, low) and ``powerConsumption`` (W) every two hours."""
    which, t_s = reading_times(city.seed, asset, span=span, every_s=EVERY_S)
    lamp, circuit = asset[which], group[which]
    fault = faults(city.seed, lamp, circuit, t_s)
    state = _states(city, t_s, fault=fault)
    power = _power_w(city.seed, lamp, circuit, t_s, state=state, fault=fault)
    sent = fault != "circuit-dead"  # the controller has no supply either
    return [
        words(lamp[sent], t_s[sent], state[sent], name="powerState"),
        numbers(lamp[sent], t_s[sent], power[sent], name="powerConsumption"),
    ]


def is_dark(t_s: NDArray[np.int64], *, lon: float, lat: float) -> NDArray[np.bool_]:
    """Whether the sun is below -0.833 degrees at seconds since 1970 UTC; same shape.

    Declination by Cooper (1969); the equation of time is left out, so dusk is right to a quarter hour.
    """
    year_day = (t_s / DAY_S) % 365.2425
    declination = np.radians(-23.44) * np.cos(2.0 * np.pi * (year_day + 10.0) / 365.2425)
    hour_angle = 2.0 * np.pi * ((t_s % DAY_S) / DAY_S - 0.5) + np.radians(lon)
    phi = np.radians(lat)
    sine = np.sin(phi) * np.sin(declination) + np.cos(phi) * np.cos(declination) * np.cos(
        hour_angle
    )
    return np.asarray(sine < np.sin(np.radians(-0.833)))


def faults(
    seed: int, asset: NDArray[np.intp], group: NDArray[np.intp], t_s: NDArray[np.int64]
) -> NDArray[np.str_]:
    """ "circuit-dead", "dark", "day-burner" or "" for each lamp and instant."""
    circuit = weekly_draw(seed, 71, group + 1_000_000, t_s)
    lamp = weekly_draw(seed, 72, asset, t_s)
    return np.select(
        [circuit < 0.015, lamp < 0.02, lamp < 0.03], ["circuit-dead", "dark", "day-burner"], ""
    )


def _states(city: City, t_s: NDArray[np.int64], *, fault: NDArray[np.str_]) -> NDArray[np.str_]:
    dark = is_dark(t_s, lon=city.plan.lon0, lat=city.plan.lat0)
    hour = (wall_seconds(t_s, zone=city.plan.time_zone) % DAY_S) / HOUR_S
    night = np.where((hour >= 23.5) | (hour < 5.0), "low", "on")
    return np.where(dark, night, np.where(fault == "day-burner", "on", "off"))


def _power_w(
    seed: int,
    lamp: NDArray[np.intp],
    circuit: NDArray[np.intp],
    t_s: NDArray[np.int64],
    *,
    state: NDArray[np.str_],
    fault: NDArray[np.str_],
) -> NDArray[np.float64]:
    """Lamps of a circuit are of one type; each draws its own few per cent more or less."""
    rating = RATINGS_W[(hashed_uniform(seed, 73, circuit) * len(RATINGS_W)).astype(int)]
    own = 1.0 + 0.025 * hashed_normal(seed, 74, lamp) + 0.008 * hashed_normal(seed, 75, lamp, t_s)
    drawn = np.select(
        [state == "on", state == "low"], [rating * own, DIMMED * rating * own], STANDBY_W
    )
    return np.asarray(np.where(fault == "dark", 2.0 * STANDBY_W, drawn).round(1))
