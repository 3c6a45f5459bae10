"""Sensors whose clock or place is not what the register says, found by the incidents they did hear.

A sensor with a wrong clock or a wrong place hears incidents at the wrong time: too early or too late by
a constant (the clock is off), by an amount that grows (it drifts), or by an amount that depends on the
bearing (it stands elsewhere). If the error is large its pulses are never associated with anything. So
for every incident nearby the likelihood of the sensor's pulses is drawn as a curve over lags of up to
``LAG_S``, and each explanation is the sum of those curves along the lags that it predicts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sensors.detection.record import Record
from sensors.detection.streams import Floats, Ints

LAG_S, STEP_S = 2.5, 0.004
REPEATS_IF_HEARD = 0.8
"""A path that carried one round carries the next."""
ECHO_PER_S, ECHO_ROUNDS = 0.6, 3
"""Pulses that ring after each of the first few rounds."""
MOST_ROUNDS = 12
MOST_EVIDENCE = 8.0
"""No single incident says more: it may itself be wrong."""
DULL_SHARE, DEAF_SHARE = 0.5, 0.08
"""Of what a sensor should hear: in a hollow, and with a broken microphone."""
SHIFT_M, LATTICE_M, FINE_M = 700.0, 12.0, 2.0
FASTEST_DRIFT = 1.7e-4
"""0.6 s an hour; an ordinary quartz stays under a quarter of that."""
DRIFT_REACH_S, DRIFT_STEP_S = 1.6, 0.027
"""Over the whole record; the curves are some 10 ms wide."""


@dataclass(frozen=True, eq=False)
class Curves:
    """What one sensor's pulses say of each incident it was asked about. rows: (j,) of the record. weight:
    (j,) one over how many of them were at the same place. curve: (j, g) log-likelihood ratio against
    pulses that have nothing to do with the incident, over lags from -``LAG_S``, (g,) cells of ``STEP_S``.
    dull, deaf: (j,) the same without lag, if the sensor hears but a share of what it should. lag_row,
    lag_of_s: (q,) every lag between a round and a pulse, and the position in ``rows`` it belongs to."""

    rows: Ints
    weight: Floats
    curve: Floats
    dull: Floats
    deaf: Floats
    lag_row: Ints
    lag_of_s: Floats

    def at(self, lag_s: Floats) -> Floats:
        """Sum over incidents along predicted lags: (..., j) seconds -> (...)."""
        cell = np.clip(np.round((lag_s + LAG_S) / STEP_S), 0, self.curve.shape[1] - 1)
        return np.asarray(
            self.curve[np.arange(self.rows.size), cell.astype(np.int64)] @ self.weight
        )


@dataclass(frozen=True, eq=False)
class Explanation:
    """kind, and what it claims: late_s after rate_s_per_s times the time since at_s, or shift_m (2,) from
    the register to where the sensor stands. score: log-likelihood, less the price of having searched.
    sd: of late_s, of the rate, or of the shift. n: incidents at distinct places that it explains."""

    kind: str
    score: float
    late_s: float = 0.0
    rate_s_per_s: float = 0.0
    at_s: float = 0.0
    shift_m: tuple[float, float] = (0.0, 0.0)
    sd: float = float("nan")
    n: int = 0


def curves_of(record: Record, sensor: int) -> Curves:
    rows = record.of(sensor)
    incident = record.incident[rows]
    group = record.group[incident]
    weight = 1.0 / np.bincount(group)[group] if rows.size else np.empty(0)
    rounds = record.rounds[incident, :MOST_ROUNDS]
    n_rounds = np.isfinite(rounds).sum(axis=1)
    at, nth, lag = _lags(record, sensor, rows, rounds)
    pulses = record.pulses.of(sensor)
    heard_s = max(record.span_s[1] - record.span_s[0], 60.0)
    rate = (pulses.stop - pulses.start) / heard_s + ECHO_PER_S * np.minimum(n_rounds, ECHO_ROUNDS)
    rate = np.maximum(rate, _crowd_per_s(record, sensor, rows, rounds))
    sigma = record.sd_s[rows]
    height = np.log(REPEATS_IF_HEARD / (np.sqrt(2.0 * np.pi) * sigma * rate))
    reach = int(np.ceil(4.0 * min(float(sigma.max(initial=0.0)), 0.05) / STEP_S))
    cell = np.round((lag[:, None] + LAG_S) / STEP_S) + np.arange(-reach, reach + 1)
    off = cell * STEP_S - LAG_S - lag[:, None]
    # the path's error is common to all rounds, so that together they weigh its square but once
    says = height[at, None] - 0.5 * (off / sigma[at, None]) ** 2 / n_rounds[at, None]
    cells = round(2.0 * LAG_S / STEP_S) + 1
    table = np.full((rows.size, rounds.shape[1], cells), np.log1p(-REPEATS_IF_HEARD))
    inside = (cell >= 0) & (cell < cells)
    where = ((at * rounds.shape[1] + nth)[:, None] * cells + cell.astype(np.int64))[inside]
    np.maximum.at(table.reshape(-1), where, says[inside])
    carried = np.where(np.isfinite(rounds)[..., None], table, 0.0).sum(axis=1)
    chance = record.chance[rows][:, None]
    zero = carried[:, [round(LAG_S / STEP_S)]]
    dull, deaf = (_mixed(share * chance, zero)[:, 0] for share in (DULL_SHARE, DEAF_SHARE))
    return Curves(rows, weight, _mixed(chance, carried), dull, deaf, at, lag)


def _mixed(chance: Floats, carried: Floats) -> Floats:
    mixed = np.logaddexp(np.log1p(-chance), np.log(chance) + carried)
    return np.asarray(np.minimum(mixed, MOST_EVIDENCE))


def _crowd_per_s(record: Record, sensor: int, rows: Ints, rounds: Floats) -> Floats:
    """How thick the sensor's pulses are about each incident, (j,): in a crowd some round meets some pulse
    at any lag."""
    t_s = record.pulses.t_s[record.pulses.of(sensor)]
    begin = record.predicted_s[rows] - LAG_S
    end = record.predicted_s[rows] + np.nan_to_num(rounds).max(axis=1, initial=0.0) + LAG_S
    return np.asarray((np.searchsorted(t_s, end) - np.searchsorted(t_s, begin)) / (end - begin))


def _lags(record: Record, sensor: int, rows: Ints, rounds: Floats) -> tuple[Ints, Ints, Floats]:
    """Every lag within ``LAG_S`` between an expected round and a pulse: which row, which round, seconds."""
    t_s = record.pulses.t_s[record.pulses.of(sensor)]
    expected = (record.predicted_s[rows, None] + rounds).ravel()
    low = np.searchsorted(t_s, np.nan_to_num(expected, nan=-np.inf) - LAG_S)
    high = np.searchsorted(t_s, np.nan_to_num(expected, nan=-np.inf) + LAG_S)
    count = high - low
    which = np.repeat(np.arange(expected.size), count)
    step = np.arange(which.size) - np.repeat(np.cumsum(count) - count, count)
    lag = t_s[np.repeat(low, count) + step] - expected[which]
    return which // rounds.shape[1], which % rounds.shape[1], lag


def explanations(record: Record, sensor: int) -> list[Explanation]:
    """All explanations of what a sensor heard, the likeliest first; kind 'healthy' is one of them."""
    told = curves_of(record, sensor)
    if not told.rows.size:
        return []
    # a healthy sensor may stand where it hears but half of what others do
    punctual = max(float(told.at(np.zeros(told.rows.size))), float(told.dull @ told.weight))
    healthy = Explanation("healthy", punctual)
    deaf = Explanation("deaf", float(told.deaf @ told.weight))
    found = [
        healthy,
        deaf,
        _offset(record, told),
        _drift(record, told),
        _misplaced(record, sensor, told),
    ]
    return sorted(found, key=lambda e: -e.score)


def _offset(record: Record, told: Curves) -> Explanation:
    total = told.weight @ told.curve
    best = int(np.argmax(total))
    late = best * STEP_S - LAG_S
    searched = np.log(2.0 * LAG_S / 0.02)
    y, sd, seat = _seen(record, told, np.full(told.rows.size, late))
    if seat.size:
        late, late_sd = _mean(y, sd)
    else:
        late_sd = np.nan
    return Explanation(
        "clock_offset",
        float(total[best]) - searched,
        late_s=late,
        sd=late_sd,
        n=_places(record, told, seat),
    )


def _drift(record: Record, told: Curves) -> Explanation:
    t_s = record.t_s[record.incident[told.rows]]
    middle, span = 0.5 * float(t_s.min() + t_s.max()), float(np.ptp(t_s))
    if span < 600.0:
        return Explanation("clock_drift", -np.inf)
    steps = int(min(DRIFT_REACH_S, FASTEST_DRIFT * span) / DRIFT_STEP_S)
    rates = np.arange(-steps, steps + 1) * DRIFT_STEP_S / span
    cells = told.curve.shape[1]
    best = (-np.inf, 0.0, 0.0)
    for rate in rates:
        moved = np.round(rate * (t_s - middle) / STEP_S).astype(np.int64)
        at = np.clip(np.arange(cells) + moved[:, None], 0, cells - 1)
        total = told.weight @ np.take_along_axis(told.curve, at, axis=1)
        top = int(np.argmax(total))
        best = max(best, (float(total[top]), rate, top * STEP_S - LAG_S))
    score, rate, late = best
    y, sd, seat = _seen(record, told, late + rate * (t_s - middle))
    rate_sd = np.nan
    if np.unique(t_s[seat]).size > 2:
        late, rate, rate_sd = _slope(y, sd, t_s[seat] - middle)
    searched = np.log(2.0 * LAG_S / 0.02) + np.log(rates.size)
    return Explanation(
        "clock_drift",
        score - searched,
        late,
        rate,
        middle,
        sd=rate_sd,
        n=_places(record, told, seat),
    )


def _misplaced(record: Record, sensor: int, told: Curves) -> Explanation:
    incident = record.incident[told.rows]
    source, c_mps = record.place_m[incident], record.c_mps[incident]
    here = record.xy_m[sensor]

    def lags(shift_m: Floats) -> Floats:
        away = here + shift_m[..., None, :] - source
        return np.asarray(
            (np.hypot(away[..., 0], away[..., 1]) - record.distance_m[told.rows]) / c_mps
        )

    blurred = replace(told, curve=_blurred(told.curve))
    lattice = _lattice(SHIFT_M, LATTICE_M)
    rough = blurred.at(lags(lattice))
    best, score = np.zeros(2), -np.inf
    for start in lattice[np.argsort(-rough, kind="stable")[:8]]:
        fine = start + _lattice(LATTICE_M, FINE_M)
        totals = told.at(lags(fine))
        if totals.max() > score:
            score, best = float(totals.max()), fine[int(np.argmax(totals))]
    y, sd, seat = _seen(record, told, lags(best))
    shift_sd = np.nan
    if seat.size > 2:
        best, shift_sd = _settled(
            here, best, source[seat], c_mps[seat], y, sd, record.distance_m[told.rows[seat]]
        )
    searched = np.log(len(lattice) * (LATTICE_M / 7.0) ** 2)
    return Explanation(
        "misplaced",
        score - searched,
        shift_m=(float(best[0]), float(best[1])),
        sd=shift_sd,
        n=_places(record, told, seat),
    )


def _lattice(reach_m: float, step_m: float) -> Floats:
    steps = np.arange(-reach_m, reach_m + 0.5 * step_m, step_m)
    at = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    return np.asarray(at[np.hypot(at[:, 0], at[:, 1]) <= 1.5 * reach_m])


def _blurred(curve: Floats) -> Floats:
    """Each curve's highest value within half a coarse lattice step of travel, 24 ms."""
    # Imported here, for the web process imports this package and never detects.
    from scipy.ndimage import maximum_filter1d

    return np.asarray(maximum_filter1d(curve, 2 * round(0.024 / STEP_S) + 1, axis=1))


def _seen(record: Record, told: Curves, lag_s: Floats) -> tuple[Floats, Floats, Ints]:
    """Mean lag, its standard deviation, and the position in ``told.rows``, of every incident heard near
    the predicted lags (j,)."""
    near = np.abs(told.lag_of_s - lag_s[told.lag_row]) < 4.0 * record.sd_s[told.rows][told.lag_row]
    count = np.bincount(told.lag_row[near], minlength=told.rows.size)
    total = np.bincount(told.lag_row[near], told.lag_of_s[near], minlength=told.rows.size)
    n_rounds = np.minimum(record.n_rounds[record.incident[told.rows]], MOST_ROUNDS)
    seat = np.flatnonzero((count >= 1) & (3 * count >= n_rounds))
    sd = record.sd_s[told.rows[seat]] / np.sqrt(told.weight[seat])
    return total[seat] / count[seat], sd, seat


def _places(record: Record, told: Curves, seat: Ints) -> int:
    return int(np.unique(record.group[record.incident[told.rows[seat]]]).size)


def _mean(y: Floats, sd: Floats) -> tuple[float, float]:
    weight = sd**-2.0
    return float(weight @ y / weight.sum()), float(weight.sum() ** -0.5)


def _slope(y: Floats, sd: Floats, x: Floats) -> tuple[float, float, float]:
    """Intercept, slope and the slope's standard deviation of a weighted line."""
    design = np.column_stack([np.ones_like(x), x]) / sd[:, None]
    cov = np.linalg.inv(design.T @ design)
    late, rate = cov @ (design.T @ (y / sd))
    return float(late), float(rate), float(np.sqrt(cov[1, 1]))


def _settled(
    here: Floats,
    shift: Floats,
    source: Floats,
    c_mps: Floats,
    y: Floats,
    sd: Floats,
    distance: Floats,
) -> tuple[Floats, float]:
    """Gauss-Newton for the shift that makes the lags (j,), and its standard deviation, m."""
    cov: Floats = np.eye(2)
    for _ in range(6):
        away = here + shift - source
        far = np.maximum(np.hypot(away[:, 0], away[:, 1]), 1.0)
        jacobian = away / (far * c_mps)[:, None]
        miss = y - (far - distance) / c_mps
        normal = (jacobian / sd[:, None] ** 2).T @ jacobian + 1e-9 * np.eye(2)
        cov = np.asarray(np.linalg.inv(normal), float)
        shift = shift + cov @ (jacobian.T @ (miss / sd**2))
    return shift, float(np.sqrt(cov.trace()))
