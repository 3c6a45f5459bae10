"""Pulses as rows under the names a detector reads: ids, times of receipt, repeats and rubbish."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sensors.simulation.pulses import FORGED, NOISE, Heard, PulseTruth, of_no_event, taken
from sensors.simulation.town import Sky, Town

Columns = dict[str, NDArray[Any]]
MISSING_NS: Final = int(np.iinfo(np.int64).min)
REPEAT_SHARE: Final = 0.063  # zero-gap rows in the live-fire set
_LATE_S: Final = 60.0


def pulse_columns(
    heard: Heard,
    names: NDArray[np.str_],
    town: Town,
    rng: np.random.Generator,
    *,
    late_share: float,
) -> tuple[Columns, PulseTruth]:
    """Rows in order of receipt, with repeats: half the same message again, half a second reading."""
    n = len(heard[0].t_ns)
    again = np.flatnonzero(rng.random(n) < REPEAT_SHARE)
    source = np.concatenate([np.arange(n), again])
    pulses, truth = taken(heard, source)
    is_retry = np.concatenate([np.zeros(n, bool), rng.random(again.size) < 0.5])
    is_second = np.concatenate([np.zeros(n, bool), ~is_retry[n:]])
    once = np.where(is_retry | is_second, np.minimum(truth.event, NOISE), truth.event)
    number = rng.permutation(source.size)
    ids = np.where(is_retry, number[source], number)
    t_ns = np.round(pulses.t_ns, -6) if town.is_ms_clock else pulses.t_ns
    columns: Columns = {
        "pulse_id": np.char.add("p", ids.astype(str)),
        "sensor_id": names[pulses.sensor],
        "t_ns": t_ns,
        "recv_ns": t_ns + _underway_ns(is_retry, rng, late_share=late_share),
        "peak_db": pulses.peak_db - is_second * rng.uniform(0.0, 6.0, source.size).round(1),
        "snr_db": pulses.snr_db,
    }
    lacking = rng.random(source.size) < town.lacks_features
    for name in ("rise_ms", "dur_ms", "centroid_hz"):
        columns[name] = np.where(lacking, np.nan, getattr(pulses, name))
    return _in_order(columns, PulseTruth(once, truth.round, truth.echo))


def _underway_ns(
    is_retry: NDArray[np.bool_], rng: np.random.Generator, *, late_share: float
) -> NDArray[np.int64]:
    """From the pulse to its receipt: usually under a second, a retry some seconds, a few much longer."""
    n = is_retry.size
    wait_s = rng.lognormal(np.log(0.4), 0.5, n) + is_retry * rng.exponential(5.0, n)
    wait_s += (rng.random(n) < late_share) * rng.exponential(_LATE_S, n)
    return np.round(1e9 * wait_s).astype(np.int64)


def with_rubbish(
    columns: Columns, truth: PulseTruth, rng: np.random.Generator, *, share: float
) -> tuple[Columns, PulseTruth]:
    """Rows nobody can use among the others: strangers, impossible times, numbers that are none."""
    n = columns["t_ns"].size
    copied = rng.choice(n, round(share * n))
    bad = {name: column[copied].copy() for name, column in columns.items()}
    bad["pulse_id"] = np.char.add("g", np.arange(copied.size).astype(str))
    sort = rng.integers(5, size=copied.size)
    bad["sensor_id"] = np.where(sort == 0, "stranger", bad["sensor_id"])
    bad["t_ns"][sort == 1] = MISSING_NS
    bad["t_ns"][sort == 2] = rng.choice([0, -1, 10**15, np.iinfo(np.int64).max], np.sum(sort == 2))
    bad["t_ns"][sort == 3] += 86_400_000_000_000 * rng.choice([-400, 400])
    for name in ("peak_db", "rise_ms", "dur_ms", "centroid_hz"):
        bad[name][sort == 4] = rng.choice(
            [np.nan, np.inf, -np.inf, -999.0, 1e300], np.sum(sort == 4)
        )
    both = {name: np.concatenate([column, bad[name]]) for name, column in columns.items()}
    nothing = of_no_event(copied.size, mark=FORGED)
    return _in_order(both, _chained(truth, nothing))


def weather_columns(sky: Sky, *, start_ns: int) -> Columns:
    """The reports, winds named by where they come from, rounded as an airport does."""
    east, north = sky.told_wind_mps.T
    from_deg = np.degrees(np.arctan2(-east, -north)) % 360.0
    return {
        "t_ns": start_ns + np.round(1e9 * sky.t_s).astype(np.int64),
        "temp_c": sky.told_temp_c,
        "wind_mps": np.round(np.hypot(east, north), 1),
        "wind_from_deg": np.round(from_deg, -1) % 360.0,
    }


def _in_order(columns: Columns, truth: PulseTruth) -> tuple[Columns, PulseTruth]:
    order = np.argsort(columns["recv_ns"], kind="stable")
    kept = PulseTruth(truth.event[order], truth.round[order], truth.echo[order])
    return {name: column[order] for name, column in columns.items()}, kept


def _chained(first: PulseTruth, second: PulseTruth) -> PulseTruth:
    return PulseTruth(
        np.concatenate([first.event, second.event]),
        np.concatenate([first.round, second.round]),
        np.concatenate([first.echo, second.echo]),
    )
