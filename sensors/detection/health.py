"""Which sensors are not what the register says, with the evidence, and what to do about it.

Sensors are judged by the incidents they took part in, or should have. Every finding is the better of
rival explanations by a log-likelihood ratio; the thresholds keep false findings under one a day for
1,000 healthy sensors (docs/detection.md says how that was measured).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sensors.detection.forgery import Signs, signs_of_forgery
from sensors.detection.misalignment import Explanation, explanations
from sensors.detection.record import Record
from sensors.detection.streams import Bools, Floats, SensorSites

KINDS = ("clock_offset", "clock_drift", "misplaced", "deaf", "spoofed", "silent")
S_PER_DAY = 86_400.0

TIMING_ODDS, DEAF_ODDS, FORGED_ODDS, SILENT_ODDS = 12.0, 10.0, 15.0, 14.0
"""log-likelihood ratio over the healthy explanation that a finding needs. log(1,000 sensors) is 7; the
rest is for what the models leave out."""
MISPLACED_ODDS = 17.0
"""A place is free to fit what a long burst's many pulses happen to say: on made bursts one healthy sensor
in two hours of 300 came to 13."""
FEWEST = {"clock_offset": 3, "clock_drift": 4, "misplaced": 4}
"""Incidents at distinct places: one more than the numbers that are fitted, drift and place two."""
SIMPLER_BY = 2.0
"""A drift or a wrong place must explain so much better than a constant offset."""
LEAST_OFFSET_S, LEAST_SHIFT_M = 0.005, 10.0
"""Smaller errors do not matter beside the path's, and paths near a sensor may share one."""
SUSPECT = 3.5
"""Standard deviations, and log-likelihood: beyond it a sensor gets the long look, which costs 20 ms."""
TOO_SELDOM = 0.7
LEAST_RATE_SPREAD, MOST_HUSHED = 0.7, 7.0
"""Of the logarithm of background rates from sensor to sensor; and what few pulses say at most."""
BACKGROUND_TRUST = 0.5
"""Pulses without incidents come in clumps: so much of their number counts as independent."""


@dataclass(frozen=True)
class Fault:
    """One thing wrong with one sensor.

    kind: one of ``KINDS``. size, sd: by kind: clock_offset s (positive: it says too late), clock_drift
    s/day, misplaced m between register and estimate, deaf and spoofed the share of expected incidents
    heard or of its pulses' evidence (see evidence), silent hours. evidence: n incidents at distinct places,
    llr over health, rival and llr over it where there is one, and what ``mend`` needs:
    late_s and rate_s_per_s at at_ns, or dx_m, dy_m from register to estimate.
    """

    sensor_id: str
    kind: str
    size: float
    sd: float
    evidence: dict[str, float | str]


def find_faults(record: Record, *, origin_ns: int = 0) -> tuple[Fault, ...]:
    """Faults by sensor, at most one each, the gravest. origin_ns: instant of the record's second 0."""
    if not record.t_s.size or not len(record.sensor_id):
        return ()
    signs = signs_of_forgery(record)
    silent = _silent(record)
    hushed = _hushed(record)
    suspects = set(np.flatnonzero(suspicious(record)).tolist())
    found: list[Fault] = []
    for sensor in np.flatnonzero(record.active).tolist():
        fault = None
        if signs.weight[sensor] > FORGED_ODDS:
            fault = _spoofed(record, sensor, signs)
        elif silent[sensor] > SILENT_ODDS:
            fault = _gone_silent(record, sensor, float(silent[sensor]))
        elif sensor in suspects:
            fault = _misaligned(record, sensor, origin_ns, hushed=float(hushed[sensor]))
        if fault is not None:
            found.append(fault)
    return tuple(found)


def suspicious(record: Record) -> Bools:
    """(m,) sensors worth the long look: too silent, or with residuals that are not all about zero."""
    sensors = len(record.sensor_id)
    hit = record.matched > 0
    alike = record.group[record.incident] * sensors + record.sensor
    weight = (
        1.0
        / np.unique(alike, return_inverse=True, return_counts=True)[2][
            np.unique(alike, return_inverse=True)[1]
        ]
    )
    missed = np.bincount(
        record.sensor, weight * np.where(hit, 0.0, -np.log1p(-record.chance)), minlength=sensors
    )
    expected = np.bincount(record.sensor, weight * record.chance, minlength=sensors)
    heard = np.bincount(record.sensor, weight * hit, minlength=sensors)
    scaled = weight * np.where(hit, record.residual_s, 0.0) / record.sd_s**2
    middle = 0.5 * (record.span_s[0] + record.span_s[1])
    lean = (
        np.ones(hit.size),
        (record.t_s[record.incident] - middle) / max(record.span_s[1] - record.span_s[0], 1.0),
        record.toward[:, 0],
        record.toward[:, 1],
    )
    off = np.zeros(sensors, bool)
    for lever in lean:
        pull = np.bincount(record.sensor, scaled * lever, minlength=sensors)
        power = np.bincount(
            record.sensor, weight * hit * lever**2 / record.sd_s**2, minlength=sensors
        )
        off |= np.abs(pull) > SUSPECT * np.sqrt(np.maximum(power, 1e-12))
    scatter = weight * np.where(hit, record.residual_s / record.sd_s, 0.0) ** 2
    scatter = np.bincount(record.sensor, scatter, minlength=sensors)
    off |= scatter > heard + SUSPECT * np.sqrt(2.0 * np.maximum(heard, 1.0))
    return off | ((heard < TOO_SELDOM * expected) & (missed > SUSPECT))


def _misaligned(record: Record, sensor: int, origin_ns: int, *, hushed: float) -> Fault | None:
    told = {e.kind: e for e in explanations(record, sensor)}
    if not told:
        return None
    healthy, deaf = told.pop("healthy"), told["deaf"]
    able = [e for e in told.values() if e.n >= FEWEST.get(e.kind, 0) and _matters(e)]
    simple = told["clock_offset"].score
    able = [e for e in able if e.kind in ("clock_offset", "deaf") or e.score > simple + SIMPLER_BY]
    if not able:
        return None
    best = max(able, key=lambda e: e.score)
    over = best.score - healthy.score
    if best is deaf:
        over += hushed
        return _deaf(record, sensor, over) if over > DEAF_ODDS else None
    wanted = MISPLACED_ODDS if best.kind == "misplaced" else TIMING_ODDS
    if over < wanted or best.score - deaf.score < TIMING_ODDS - DEAF_ODDS:
        return None
    rival = max((e for e in told.values() if e is not best), key=lambda e: e.score)
    evidence: dict[str, float | str] = {
        "n": best.n,
        "llr": round(float(over), 2),
        "rival": rival.kind,
        "llr_over_rival": round(float(best.score - rival.score), 2),
        "late_s": best.late_s,
        "rate_s_per_s": best.rate_s_per_s,
        "at_ns": origin_ns + round(best.at_s * 1e9),
        "dx_m": best.shift_m[0],
        "dy_m": best.shift_m[1],
    }
    size, sd = _size(best)
    return Fault(str(record.sensor_id[sensor]), best.kind, size, sd, evidence)


def _matters(one: Explanation) -> bool:
    if one.kind == "clock_offset":
        return abs(one.late_s) > max(LEAST_OFFSET_S, 3.0 * one.sd)
    if one.kind == "misplaced":
        return float(np.hypot(*one.shift_m)) > max(LEAST_SHIFT_M, 3.0 * one.sd)
    if one.kind == "clock_drift":
        return abs(one.rate_s_per_s) > 3.0 * one.sd
    return True


def _size(one: Explanation) -> tuple[float, float]:
    if one.kind == "clock_drift":
        return one.rate_s_per_s * S_PER_DAY, one.sd * S_PER_DAY
    if one.kind == "misplaced":
        return float(np.hypot(*one.shift_m)), one.sd
    return one.late_s, one.sd


def _deaf(record: Record, sensor: int, over: float) -> Fault:
    rows = record.of(sensor)
    expected, heard = float(record.chance[rows].sum()), int((record.matched[rows] > 0).sum())
    share = heard / expected
    return Fault(
        str(record.sensor_id[sensor]),
        "deaf",
        share,
        float(np.sqrt(max(heard, 1)) / expected),
        {
            "n": int(np.unique(record.group[record.incident[rows]]).size),
            "llr": round(float(over), 2),
            "heard": heard,
            "expected": round(expected, 2),
        },
    )


def _spoofed(record: Record, sensor: int, signs: Signs) -> Fault:
    pulses = record.pulses.of(sensor)
    n = max(pulses.stop - pulses.start, 1)
    share = signs.replayed[sensor] / n
    return Fault(
        str(record.sensor_id[sensor]),
        "spoofed",
        float(share),
        float(np.sqrt(max(share * (1.0 - share), 1.0 / n) / n)),
        {
            "n": int(signs.took_part[sensor]),
            "llr": round(float(signs.weight[sensor]), 2),
            "replayed": int(signs.replayed[sensor]),
            "replayed_expected": round(float(signs.replayed_expected[sensor]), 3),
            "contradicted": int(signs.contradicted[sensor]),
            "lonely": int(signs.lonely[sensor]),
            "lonely_expected": round(float(signs.lonely_expected[sensor]), 3),
            "equal_intervals": int(signs.clockwork[sensor]),
        },
    )


def _last_heard_s(record: Record) -> Floats:
    """Each sensor's last pulse, the start of the record where it has none, (m,)."""
    last = np.full(len(record.sensor_id), record.span_s[0])
    np.maximum.at(last, record.pulses.sensor, record.pulses.t_s)
    return last


def _silent(record: Record) -> Floats:
    """log-likelihood ratio of being dead since its last pulse, (m,): background and incidents missed."""
    sensors = len(record.sensor_id)
    last = _last_heard_s(record)
    filled = _minutes_filled(record)
    hours = max(record.span_s[1] - record.span_s[0], 60.0) / 3600.0
    # its own rate, but at most that of a quiet sensor: what was loud here may have gone home
    usual = np.quantile(filled[record.active], 0.25) / hours if record.active.any() else 0.0
    own = filled / np.maximum((last - record.span_s[0]) / 3600.0, 0.25)
    rate = np.where(filled > 0, np.minimum(own, usual), usual)
    missed_h = np.maximum(record.span_s[1] - last, 0.0) / 3600.0
    late = record.t_s[record.incident] > last[record.sensor]
    missed = np.where(late, -np.log1p(-record.chance), 0.0)
    missed = np.bincount(record.sensor, missed, minlength=sensors)
    return np.asarray(BACKGROUND_TRUST * rate * missed_h + missed)


def _minutes_filled(record: Record) -> Floats:
    """Minutes in which each sensor sent anything, (m,): a clump of pulses counts once."""
    minute = np.floor(record.pulses.t_s / 60.0).astype(np.int64)
    minute -= minute.min(initial=0)
    spots = np.unique(record.pulses.sensor * (minute.max(initial=0) + 1) + minute)
    owner = spots // (minute.max(initial=0) + 1)
    return np.bincount(owner, minlength=len(record.sensor_id)).astype(float)


def _hushed(record: Record) -> Floats:
    """log-likelihood ratio of deafness from the background alone, (m,): how rare so few pulses are."""
    from scipy.special import log_ndtr

    level = np.log1p(_minutes_filled(record))
    middle = float(np.median(level[record.active])) if record.active.any() else 0.0
    spread = max(
        1.4826 * float(np.median(np.abs(level[record.active] - middle))), LEAST_RATE_SPREAD
    )
    return np.asarray(np.minimum(-log_ndtr((level - middle) / spread) + np.log(0.5), MOST_HUSHED))


def _gone_silent(record: Record, sensor: int, over: float) -> Fault:
    last = float(_last_heard_s(record)[sensor])
    rows = record.of(sensor)
    asked = rows[record.t_s[record.incident[rows]] > last]
    return Fault(
        str(record.sensor_id[sensor]),
        "silent",
        (record.span_s[1] - last) / 3600.0,
        0.0,
        {
            "n": int(asked.size),
            "llr": round(float(over), 2),
            "expected": round(float(record.chance[asked].sum()), 2),
        },
    )


@dataclass(frozen=True, eq=False)
class Mended:
    """sites: places corrected, and sensors that cannot be believed set inactive. late_s: (m,) what a
    sensor's clock says too late at at_s (m,), and rate: (m,) how that grows, s/s. trusted: (m,) False
    for sensors whose word counts for nothing."""

    sites: SensorSites
    late_s: Floats
    rate: Floats
    at_ns: Floats
    trusted: Bools

    def correction_s(self, sensor: np.ndarray, t_ns: np.ndarray) -> Floats:
        """What to take off a pulse's time, (n,) seconds. sensor: (n,) row of sites. t_ns: (n,)."""
        since = (t_ns - self.at_ns[sensor]) / 1e9
        return np.asarray(
            self.late_s[sensor] + self.rate[sensor] * np.where(self.rate[sensor] != 0.0, since, 0.0)
        )


def mend(sites: SensorSites, faults: Sequence[Fault]) -> Mended:
    """The sensors as the faults say they are.

    Clocks that are off or adrift are corrected, misplaced sensors moved to where their residuals put them,
    if that is known to ``GOOD_SHIFT_SD_M``; spoofed, deaf, silent and hopelessly misplaced sensors are made
    inactive, so that neither their word nor their silence counts. Faults of unknown sensors are passed
    over.
    """
    m = len(sites.sensor_id)
    late, rate, at = np.zeros(m), np.zeros(m), np.zeros(m)
    xy, trusted = sites.xy_m.copy(), np.ones(m, bool)
    row = {str(name): k for k, name in enumerate(sites.sensor_id)}
    for fault in faults:
        k = row.get(fault.sensor_id)
        if k is None:
            continue
        if fault.kind in ("clock_offset", "clock_drift"):
            late[k] = float(fault.evidence["late_s"])
            rate[k] = float(fault.evidence["rate_s_per_s"])
            at[k] = float(fault.evidence["at_ns"])
        elif fault.kind == "misplaced" and fault.sd < GOOD_SHIFT_SD_M:
            xy[k] += float(fault.evidence["dx_m"]), float(fault.evidence["dy_m"])
        else:
            trusted[k] = False
    return Mended(replace(sites, xy_m=xy, active=sites.active & trusted), late, rate, at, trusted)


GOOD_SHIFT_SD_M = 15.0
"""A sensor known less well than this hurts more than it helps."""
