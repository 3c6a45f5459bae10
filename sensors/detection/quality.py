"""Input hygiene: which pulses can be used, and why not the others.

Sensors lie, repeat themselves and lose their clocks. Each test below is one function that marks
the rows that fail it; a row is rejected for the first test it fails, so causes add up to the
number of rejected rows. Order of arrival is no fault: rows are sorted later, and only counted here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sensors.detection.streams import MISSING_NS, Bools, Floats, Ints, PulseArrays, SensorSites

NS_PER_S = 1_000_000_000
LATEST_PLAUSIBLE_NS = 4_102_444_800 * NS_PER_S
"""2100-01-01 UTC. Beyond it, and before 1970, a time is a fault, and differences could overflow."""

CLOCK_ALLOWANCE_NS = 2 * NS_PER_S
"""A pulse may claim to be this much later than its own receipt before it is "from the future"."""

REPEAT_GAP_NS = 5_000_000
"""Two pulses of one sensor closer than 5 ms are one: the envelope kernel on the sensor is 50 ms
long (arXiv 2108.07377, p. 7), so it cannot tell them apart."""

FLOOD_PER_S = 60
"""The same kernel allows about 20 pulses a second; a sensor sending three times that is broken or forged."""


class Cause(StrEnum):
    MISSING_TIME = "missing_time"
    IMPLAUSIBLE_TIME = "implausible_time"
    UNKNOWN_SENSOR = "unknown_sensor"
    UNPLACED_SENSOR = "unplaced_sensor"
    FUTURE = "future"
    REPEATED_ID = "repeated_id"
    DUPLICATE = "duplicate"
    FLOOD = "flood"


@dataclass(frozen=True, eq=False)
class Screened:
    """keep: (n,) bool. cause: (n,) the cause's text, '' where kept. sensor: (n,) index into the
    sites, -1 where unknown. out_of_order: kept rows that came after a later one (information only)."""

    keep: Bools
    cause: NDArray[np.str_]
    sensor: Ints
    out_of_order: int

    @property
    def counts(self) -> dict[str, int]:
        """Rejected rows by cause, every cause named, so that zero is seen as zero."""
        return {cause.value: int(np.sum(self.cause == cause.value)) for cause in Cause}


def screen(pulses: PulseArrays, sites: SensorSites, *, now_ns: int | None = None) -> Screened:
    """Judge every pulse. now_ns: the caller's clock, which no pulse may pass; None to skip that test.

    Row order does not matter: of two repeats the one kept depends on their values alone.
    """
    sensor = sensor_rows(pulses.sensor_id, sites.sensor_id)
    cause = np.full(len(pulses), "", dtype=f"<U{max(len(c) for c in Cause)}")
    missing = pulses.t_ns == MISSING_NS
    _mark(cause, missing, Cause.MISSING_TIME)
    _mark(cause, (pulses.t_ns < 0) | (pulses.t_ns > LATEST_PLAUSIBLE_NS), Cause.IMPLAUSIBLE_TIME)
    _mark(cause, sensor < 0, Cause.UNKNOWN_SENSOR)
    if len(sites.sensor_id):
        _mark(cause, ~sites.placed[sensor] & (sensor >= 0), Cause.UNPLACED_SENSOR)
    _mark(cause, is_future(pulses, now_ns=now_ns), Cause.FUTURE)
    # The remaining tests compare rows with one another, so they see only rows that passed so far.
    _mark(cause, repeats_an_id(pulses, sensor, cause == ""), Cause.REPEATED_ID)
    _mark(cause, repeats_a_pulse(pulses, sensor, cause == ""), Cause.DUPLICATE)
    _mark(cause, floods(pulses.t_ns, sensor, cause == ""), Cause.FLOOD)
    keep = cause == ""
    return Screened(
        keep=keep,
        cause=cause,
        sensor=sensor,
        out_of_order=int(np.sum(np.diff(pulses.t_ns[keep]) < 0)),
    )


def _mark(cause: NDArray[np.str_], failed: Bools, name: Cause) -> None:
    cause[failed & (cause == "")] = name.value


def sensor_rows(wanted: NDArray[Any], known: NDArray[np.str_]) -> Ints:
    """Index of each wanted id in the sorted known ids, -1 where unknown. Shapes (n,), (m,) -> (n,)."""
    names = wanted.astype(str)
    if known.size == 0:
        return np.full(names.size, -1, np.int64)
    at = np.minimum(np.searchsorted(known, names), known.size - 1)
    return np.where(known[at] == names, at, -1).astype(np.int64)


def is_future(pulses: PulseArrays, *, now_ns: int | None) -> Bools:
    """Rows that claim to be later than their own receipt, or than the caller's clock."""
    late = np.zeros(len(pulses), bool)
    if pulses.recv_ns is not None:
        known = (pulses.recv_ns >= 0) & (pulses.recv_ns <= LATEST_PLAUSIBLE_NS)
        late |= known & (pulses.t_ns - CLOCK_ALLOWANCE_NS > pulses.recv_ns)
    if now_ns is not None:
        late |= pulses.t_ns - CLOCK_ALLOWANCE_NS > now_ns
    return late & (pulses.t_ns >= 0)


def repeats_an_id(pulses: PulseArrays, sensor: Ints, among: Bools) -> Bools:
    """Rows whose sensor and pulse_id occurred before: a retry. The earliest pulse time is kept."""
    repeat = np.zeros(len(pulses), bool)
    if pulses.pulse_id is None or not among.any():
        return repeat
    rows = np.flatnonzero(among)
    names, code = np.unique(pulses.pulse_id[rows].astype(str), return_inverse=True)
    code = np.where(names[code] == "", names.size + np.arange(rows.size), code)
    order = rows[np.lexsort((*_by_value(pulses, rows), pulses.t_ns[rows], code, sensor[rows]))]
    position = np.empty(len(pulses), np.int64)
    position[rows] = code
    same = (np.diff(sensor[order]) == 0) & (np.diff(position[order]) == 0)
    repeat[order[1:][same]] = True
    return repeat


def repeats_a_pulse(pulses: PulseArrays, sensor: Ints, among: Bools) -> Bools:
    """Rows within ``REPEAT_GAP_NS`` of the previous pulse of their sensor."""
    rows = np.flatnonzero(among)
    order = rows[np.lexsort((*_by_value(pulses, rows), pulses.t_ns[rows], sensor[rows]))]
    same = (np.diff(sensor[order]) == 0) & (np.diff(pulses.t_ns[order]) < REPEAT_GAP_NS)
    repeat = np.zeros(len(pulses), bool)
    repeat[order[1:][same]] = True
    return repeat


def floods(t_ns: Ints, sensor: Ints, among: Bools) -> Bools:
    """Rows of a sensor in a clock second in which it sent more than ``FLOOD_PER_S`` pulses."""
    flood = np.zeros(t_ns.size, bool)
    rows = np.flatnonzero(among)
    if rows.size <= FLOOD_PER_S:
        return flood
    order = rows[np.lexsort((t_ns[rows], sensor[rows]))]
    second = t_ns[order] // NS_PER_S
    new = np.ones(order.size, bool)
    new[1:] = (np.diff(sensor[order]) != 0) | (np.diff(second) != 0)
    group = np.cumsum(new) - 1
    flood[order] = (np.bincount(group) > FLOOD_PER_S)[group]
    return flood


def _by_value(pulses: PulseArrays, rows: Ints) -> list[Floats]:
    """Sort keys that break ties between repeats by what they say, never by where they stood."""
    names = ("centroid_hz", "dur_ms", "rise_ms", "snr_db", "peak_db")
    present = [name for name in names if getattr(pulses, name) is not None]
    return [-np.nan_to_num(pulses.feature(name)[rows], nan=-np.inf) for name in present]
