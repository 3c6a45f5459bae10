"""How much of the time the microphones listened. PURE: no Django in here.

A microphone says nothing while there is nothing to hear. So silence counts against it only once it
has lasted longer than chance would make it, at the rate at which this microphone usually hears.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]

HOURS_A_DAY = 24
# exp(-7) = 0.0009: a working microphone is taken for a silent one once in a thousand stretches.
SILENT_EVENTS = 7.0


@dataclass(frozen=True, eq=False)
class Heard:
    """Hours in which sensors heard something, columns of shape (n,), by sensor and then hour.

    sensor: any integer; hour: whole hours since 1970 UTC; n_pulses: > 0.
    """

    sensor: IntArray
    hour: IntArray
    n_pulses: IntArray


@dataclass(frozen=True, eq=False)
class Service:
    """When each sensor was in service, shape (s,): hours since 1970 UTC, ``end`` not part of it.

    sensor: ascending; district: integer code, -1 for none.
    """

    sensor: IntArray
    district: IntArray
    start: IntArray
    end: IntArray


@dataclass(frozen=True, eq=False)
class Fault:
    """Spans in which a sensor was known to be at fault, shape (f,): hours since 1970 UTC."""

    sensor: IntArray
    start: IntArray
    end: IntArray


def hours_listened(
    heard: Heard, service: Service, fault: Fault, *, start: int, end: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """For each sensor and hour in [start, end) whether it should have listened, and whether it did.

    Both of shape (s, end - start). It listened in an hour unless it was at fault, or the hour lies in
    a silence of at least SILENT_EVENTS usual intervals between two pulses; a sensor that never heard
    anything in the span did not listen.
    """
    shape = len(service.sensor), end - start
    hours = np.arange(start, end)
    should = (hours >= service.start[:, None]) & (hours < service.end[:, None])
    count = np.zeros(shape, np.int64)
    row = np.searchsorted(service.sensor, heard.sensor)
    known = (row < shape[0]) & (heard.hour >= start) & (heard.hour < end)
    known[known] = service.sensor[row[known]] == heard.sensor[known]
    np.add.at(count, (row[known], heard.hour[known] - start), heard.n_pulses[known])
    did = _not_silent(count, should)
    for sensor, first, last in zip(fault.sensor, fault.start, fault.end, strict=True):
        did[service.sensor == sensor, max(first - start, 0) : max(last - start, 0)] = False
    return should, did & should


def _not_silent(count: IntArray, should: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which hours are not part of a silence that is too long for the sensor's median heard hour."""
    did = np.ones(count.shape, bool)
    for row, pulses in enumerate(count):
        heard = pulses > 0
        if not heard.any():
            did[row] = False
            continue
        edges = np.flatnonzero(np.diff(np.concatenate([[True], heard, [True]]).astype(np.int8)))
        usual = float(np.median(pulses[heard & should[row]])) if (heard & should[row]).any() else 0
        for first, last in zip(edges[::2], edges[1::2], strict=True):
            if (last - first) * usual >= SILENT_EVENTS:
                did[row, first:last] = False
    return did


def by_day(hours: NDArray[np.bool_]) -> IntArray:
    """Sensor-hours of each day of a span that begins at midnight, shape (days,); a short last day counts."""
    each = hours.sum(axis=0)
    return np.add.reduceat(each, np.arange(0, each.size, HOURS_A_DAY)).astype(np.int64)
