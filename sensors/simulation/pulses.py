"""Tables of pulses and of what each of them really was, kept apart but in the same order."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

NOISE: Final = -1
FORGED: Final = -2


@dataclass(frozen=True)
class Pulses:
    """What was sent, in order of arrival; arrays of shape (p,)."""

    sensor: NDArray[np.intp]  # index into the sensors
    t_ns: NDArray[np.int64]
    peak_db: NDArray[np.float64]
    snr_db: NDArray[np.float64]
    rise_ms: NDArray[np.float64]
    dur_ms: NDArray[np.float64]
    centroid_hz: NDArray[np.float64]


@dataclass(frozen=True)
class PulseTruth:
    """What each pulse really was; arrays of shape (p,), in the order of the pulses."""

    event: NDArray[np.intp]  # index into the events, NOISE or FORGED for neither
    round: NDArray[np.intp]  # -1 for noise
    echo: NDArray[np.intp]  # 0 direct, 1.. echoes, -1 for noise


Heard = tuple[Pulses, PulseTruth]
_T = TypeVar("_T", Pulses, PulseTruth)


def joined(parts: list[Heard]) -> Heard:
    """Several lots of pulses as one, in order of arrival."""
    pulses = _concatenated([pulses for pulses, _ in parts] or [_NO_PULSES])
    truth = _concatenated([truth for _, truth in parts] or [_NO_TRUTH])
    return taken((pulses, truth), np.lexsort([pulses.sensor, pulses.t_ns]))


def between(heard: Heard, *, from_ns: int, to_ns: int) -> Heard:
    """The pulses with ``from_ns <= t_ns < to_ns``."""
    return taken(heard, np.flatnonzero((heard[0].t_ns >= from_ns) & (heard[0].t_ns < to_ns)))


def taken(heard: Heard, index: NDArray[np.intp]) -> Heard:
    """Some of the pulses with their truth, in the order of ``index``."""
    return _taken(heard[0], index), _taken(heard[1], index)


def of_no_event(count: int, *, mark: int = NOISE) -> PulseTruth:
    """The truth of ``count`` pulses that belong to no event."""
    none = np.full(count, -1, dtype=np.intp)
    return PulseTruth(np.full(count, mark, dtype=np.intp), none, none)


_NONE: Final = np.array([], dtype=np.intp)
_NO_PULSES: Final = Pulses(_NONE, _NONE.astype(np.int64), *(np.array([], float) for _ in range(5)))
_NO_TRUTH: Final = PulseTruth(_NONE, _NONE, _NONE)


def _taken(table: _T, index: NDArray[np.intp]) -> _T:
    return type(table)(*(getattr(table, field.name)[index] for field in fields(table)))


def _concatenated(tables: list[_T]) -> _T:
    columns = (
        np.concatenate([getattr(table, field.name) for table in tables])
        for field in fields(tables[0])
    )
    return type(tables[0])(*columns)
