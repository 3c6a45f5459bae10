"""Readings of many devices as arrays, and the times at which they are taken."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sensors.simulation.localtime import DAY_S
from sensors.simulation.randomness import hashed_uniform

WEEK_S: Final = 7 * DAY_S
Span = tuple[int, int]  # [from, to) in seconds since 1970 UTC


@dataclass(frozen=True)
class Readings:
    """Readings of shape (n,). ``word`` is empty where the value is a number."""

    asset: NDArray[np.intp]  # index into the register
    property: NDArray[np.str_]
    t_s: NDArray[np.int64]  # seconds since 1970 UTC
    value: NDArray[np.float64]
    word: NDArray[np.str_]


def numbers(
    asset: NDArray[np.intp], t_s: NDArray[np.int64], value: NDArray[np.float64], *, name: str
) -> Readings:
    """Readings of a property that is a number; all of shape (n,)."""
    return Readings(asset, np.full(len(asset), name), t_s, value, np.full(len(asset), ""))


def words(
    asset: NDArray[np.intp], t_s: NDArray[np.int64], word: NDArray[np.str_], *, name: str
) -> Readings:
    """Readings of a property that is a state; all of shape (n,)."""
    return Readings(asset, np.full(len(asset), name), t_s, np.zeros(len(asset)), word)


def concatenated(parts: list[Readings]) -> Readings:
    """Several lots of readings as one."""
    columns = ([getattr(part, field.name) for part in parts] for field in fields(Readings))
    return Readings(*(np.concatenate(column) for column in columns))


def reading_times(
    seed: int, asset: NDArray[np.intp], *, span: Span, every_s: int
) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """(which of the assets, when) for readings every ``every_s``, each asset at its own phase."""
    phase = (hashed_uniform(seed, 51, asset) * every_s).astype(np.int64)
    first = -((phase - span[0]) // every_s)  # the first tick at or after the start
    count = np.maximum(-((phase + first * every_s - span[1]) // every_s), 0)
    which = np.repeat(np.arange(len(asset)), count)
    nth = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    return which, phase[which] + (first[which] + nth) * every_s


def weekly_draw(
    seed: int, key: int, asset: NDArray[np.intp], t_s: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Uniform in (0, 1), one draw for each asset and week, each asset's week starting on its own day."""
    shift = (hashed_uniform(seed, 52, asset) * WEEK_S).astype(np.int64)
    return hashed_uniform(seed, key, asset, (t_s + shift) // WEEK_S)
