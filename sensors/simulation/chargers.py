"""Vehicle chargers: at most one session in each four hours of the day, and weeks out of order."""

from __future__ import annotations

import datetime as dt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sensors.simulation.city import City
from sensors.simulation.localtime import HOUR_S, wall_seconds
from sensors.simulation.randomness import hashed_uniform
from sensors.simulation.readings import Readings, Span, numbers, reading_times, weekly_draw, words

EVERY_S: Final = 900
SLOT_S: Final = 4 * HOUR_S
_BUSY: Final = np.array(
    [0.08, 0.12, 0.55, 0.6, 0.65, 0.3]
)  # chance of a session, by slot of the wall day
_POWERS_W: Final = np.array([7_200.0, 7_200.0, 11_000.0, 50_000.0])
# Meters count from here: before the first instant that any demo asks for.
_METER_START_S: Final = int(dt.datetime(2020, 1, 1, tzinfo=dt.UTC).timestamp()) // SLOT_S * SLOT_S


def readings(
    city: City, asset: NDArray[np.intp], group: NDArray[np.intp], *, span: Span
) -> list[Readings]:
    """``evseStatus``, ``powerConsumption`` (W) and the meter ``energyDelivered`` (kWh) each quarter hour."""
    which, t_s = reading_times(city.seed, asset, span=span, every_s=EVERY_S)
    own = asset[which]
    broken = faults(city.seed, own, group[which], t_s) != ""
    charging, _ = _session(city, own, t_s)
    charging &= ~broken
    power = np.where(charging, power_w(city.seed, asset)[which], 0.0)
    status = np.where(broken, "OUTOFORDER", np.where(charging, "CHARGING", "AVAILABLE"))
    meter = _meter_kwh(city, asset, group, which=which, t_s=t_s)
    return [
        words(own, t_s, status, name="evseStatus"),
        numbers(own, t_s, power, name="powerConsumption"),
        numbers(own, t_s, meter, name="energyDelivered"),
    ]


def power_w(seed: int, asset: NDArray[np.intp]) -> NDArray[np.float64]:
    """The power of each charger while it charges, watts."""
    return np.asarray(_POWERS_W[(hashed_uniform(seed, 81, asset) * len(_POWERS_W)).astype(int)])


def faults(
    seed: int, asset: NDArray[np.intp], group: NDArray[np.intp], t_s: NDArray[np.int64]
) -> NDArray[np.str_]:
    """ "out-of-order" or "": about one charger in fifteen in any week."""
    return np.where(weekly_draw(seed, 82, asset, t_s) < 0.065, "out-of-order", "")


def _session(
    city: City, asset: NDArray[np.intp], t_s: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Whether a car is charging, and for how many seconds it has in the slot up to then."""
    seed, slot = city.seed, t_s // SLOT_S
    hour = wall_seconds(slot * SLOT_S, zone=city.plan.time_zone) // HOUR_S % 24
    takes_place = hashed_uniform(seed, 83, asset, slot) < _BUSY[hour // 4]
    begin = slot * SLOT_S + 1.5 * HOUR_S * hashed_uniform(seed, 84, asset, slot)
    last = (0.4 + 2.0 * hashed_uniform(seed, 85, asset, slot)) * HOUR_S
    since = np.where(takes_place, np.clip(t_s - begin, 0.0, last), 0.0)
    return takes_place & (t_s >= begin) & (t_s < begin + last), since


def _meter_kwh(
    city: City,
    asset: NDArray[np.intp],
    group: NDArray[np.intp],
    *,
    which: NDArray[np.intp],
    t_s: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Energy delivered since the meters were set to zero."""
    if not len(t_s):
        return np.array([], float)
    slot_end = np.arange(_METER_START_S, t_s.max() + SLOT_S, SLOT_S) + SLOT_S - 1
    _, each = _session(city, asset[:, None], slot_end)
    works = faults(city.seed, asset[:, None], group[:, None], slot_end) == ""
    total = np.cumsum(each * works, axis=1)
    at = (t_s - _METER_START_S) // SLOT_S
    before = np.where(at > 0, total[which, np.maximum(at - 1, 0)], 0.0)
    _, since = _session(city, asset[which], t_s)
    end = t_s // SLOT_S * SLOT_S + SLOT_S - 1
    since = since * (faults(city.seed, asset[which], group[which], end) == "")
    return np.asarray(((before + since) * power_w(city.seed, asset)[which] / 3.6e6).round(3))
