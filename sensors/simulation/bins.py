"""Litter bins: they fill by day, most before weekends, and are emptied on their round's days."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sensors.simulation.city import City
from sensors.simulation.localtime import DAY_S, HOUR_S, wall_seconds
from sensors.simulation.randomness import hashed_normal, hashed_uniform
from sensors.simulation.readings import Readings, Span, numbers, reading_times, weekly_draw

EVERY_S: Final = 4 * HOUR_S
_MEDIAN_PER_DAY: Final = 0.16  # of the volume
_WEEKDAY: Final = np.array([0.85, 0.85, 0.9, 1.0, 1.2, 1.35, 0.95])  # from Monday
_MEMORY_DAYS: Final = 21  # no bin waits longer than this for its round
_MISSED: Final = 0.04  # share of rounds that do not take place


def readings(
    city: City, asset: NDArray[np.intp], group: NDArray[np.intp], *, span: Span
) -> list[Readings]:
    """``fillingLevel`` (share of the volume, 0 to 1) every four hours."""
    seed = city.seed
    which, t_s = reading_times(seed, asset, span=span, every_s=EVERY_S)
    wall = wall_seconds(t_s, zone=city.plan.time_zone)
    level = fill_levels(seed, asset, group, which=which, wall_s=wall)
    level = level + 0.012 * hashed_normal(seed, 61, asset[which], t_s)
    fault = faults(seed, asset[which], group[which], t_s)
    stuck = weekly_draw(seed, 62, asset[which], t_s)
    wild = hashed_uniform(seed, 63, asset[which], t_s)
    level = np.where(fault == "stuck", stuck, level)
    level = np.where((fault == "spikes") & (wild < 0.3), np.round(wild / 0.3), level)
    sent = fault != "silent"
    value = np.clip(level[sent], 0.0, 1.0).round(2)
    return [numbers(asset[which][sent], t_s[sent], value, name="fillingLevel")]


def fill_levels(
    seed: int,
    asset: NDArray[np.intp],
    group: NDArray[np.intp],
    *,
    which: NDArray[np.intp],
    wall_s: NDArray[np.int64],
) -> NDArray[np.float64]:
    """The true fill, 0 to 1, of the bins ``asset[which]`` at wall-clock seconds; shape of ``which``."""
    if not len(which):
        return np.array([], float)
    today = wall_s // DAY_S
    day = np.arange(today.min() - _MEMORY_DAYS, today.max() + 1)
    rate = _MEDIAN_PER_DAY * np.exp(0.55 * hashed_normal(seed, 64, asset))[:, None]
    mood = np.exp(0.3 * hashed_normal(seed, 65, asset[:, None], day) - 0.045)
    waste = np.cumsum(rate * mood * _WEEKDAY[(day + 3) % 7], axis=1)

    def thrown_in(wall: NDArray[np.int64]) -> NDArray[np.float64]:
        at, part = wall // DAY_S - day[0], (wall % DAY_S) / DAY_S
        before = np.where(at > 0, waste[which, np.maximum(at - 1, 0)], 0.0)
        # Most of a day's waste comes between eight in the morning and ten at night.
        so_far = np.clip((part - 0.33) / 0.59, 0.0, 1.0)
        return np.asarray(before + (waste[which, at] - before) * so_far)

    emptied = _last_emptied(seed, asset, group, which=which, wall_s=wall_s, day=day)
    return np.clip(thrown_in(wall_s) - thrown_in(emptied), 0.0, 1.0)


def faults(
    seed: int, asset: NDArray[np.intp], group: NDArray[np.intp], t_s: NDArray[np.int64]
) -> NDArray[np.str_]:
    """ "stuck", "spikes", "silent" or "": one gauge in twenty-five is unwell in any week."""
    draw = weekly_draw(seed, 66, asset, t_s)
    return np.select([draw < 0.015, draw < 0.03, draw < 0.04], ["stuck", "spikes", "silent"], "")


def _last_emptied(
    seed: int,
    asset: NDArray[np.intp],
    group: NDArray[np.intp],
    *,
    which: NDArray[np.intp],
    wall_s: NDArray[np.int64],
    day: NDArray[np.int64],
) -> NDArray[np.int64]:
    """When the round last came by: on two or three fixed weekdays, between six and eleven."""
    runs_on = hashed_uniform(seed, 67, group[:, None], np.arange(7)) < 0.4
    runs_on[np.arange(len(group)), group % 7] = True
    took_place = hashed_uniform(seed, 68, group[:, None], day) > _MISSED
    is_day = runs_on[:, (day + 3) % 7] & took_place
    is_day[:, 0] = True
    at = (6 + 5 * hashed_uniform(seed, 69, asset)) * HOUR_S
    moment = day * DAY_S + at.astype(np.int64)[:, None]
    latest = np.maximum.accumulate(np.where(is_day, moment, day[0] * DAY_S), axis=1)
    now = wall_s // DAY_S - day[0]
    this_day = latest[which, now]
    return np.asarray(np.where(this_day <= wall_s, this_day, latest[which, now - 1]))
