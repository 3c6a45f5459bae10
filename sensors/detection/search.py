"""The coarse search: which pulses may be the start of an incident, and roughly where it was.

The city is covered with cells of 40 m. Whoever hears a source first is one of the sensors nearest
to it, so each pulse is tried as an anchor in the cells for which its sensor is among the nearest
three: that gives an emission time, hence a time window at every other sensor near the cell. A pulse
in the window speaks for the cell, silence against it (log-likelihood ratio against background).
The cost per pulse is constant: it does not grow with noise, nor with the size of the city.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sensors.detection.hearing import HEARING_RANGE_M, heard
from sensors.detection.propagation import Atmosphere, travel_time_s
from sensors.detection.streams import Bools, Floats, Ints

CELL_M = 40.0
TOLERANCE_S = 0.10
"""A source at the corner of a cell moves a time difference by up to 0.16 s, typically 0.05 s."""
BIN_S = 0.04
NEAREST = 16
"""Sensors asked per cell: at 10 sensors a square kilometre, those within about 700 m."""
ANCHORS = 3
"""Of the nearest three, one hears the direct pulse in 999 of 1,000 cases (see ``hearing``)."""
MIN_HEARD_BY = 4
QUIETER = 0.8
"""Odds of hearing are taken lower here: silence must not rule out a quiet source at first sight."""
REACH_M = 600.0
"""Cells are laid this far around each sensor: far outside the array nothing can be located."""
BATCH_ROWS = 40_000
CHUNK_S = 30.0
LATTICE_ZERO = 1 << 20
SLOWEST_MPS = 300.0
AIR_STEP_MPS = 2.0
MARGIN_S = 6.0
"""Longest travel within ``HEARING_RANGE_M`` at the lowest speed of sound, and some wind, and slack."""

Singles = NDArray[np.float32]
Rows32 = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Cells:
    """xy_m: (g, 2). near: (g, k) sensors, nearest first. gain: (g, k) what a
    pulse adds before its rarity. silence: (g,) log-likelihood if nobody speaks. Rows of (cell, rank)
    grouped by sensor: sensor s owns ``row_start[s]:row_start[s + 1]`` of row_cell and row_rank."""

    xy_m: Floats
    near: Rows32
    gain: Singles
    silence: Singles
    row_start: Ints
    row_cell: Rows32
    row_rank: Rows32


class Delays:
    """Travel times from each cell to each of its sensors, in bins, (g, k), for the air last asked for.

    Worked out for the cells that are asked for: in a history each burst has air of its own, and few
    sensors heard it.
    """

    def __init__(self, cells: Cells, sensor_xy_m: Floats) -> None:
        self.cells = cells
        self._away = (sensor_xy_m[cells.near] - cells.xy_m[:, None, :]).astype(np.float32)
        self._air: Atmosphere | None = None
        self._bins = np.empty(self._away.shape[:2], np.float32)
        self._known = np.zeros(len(cells.xy_m), bool)

    def at(self, atmosphere: Atmosphere, anchor_sensor: Ints) -> Singles:
        """Good to a metre per second: 6 ms at 700 m, far finer than a cell. Only the rows of cells in
        which these sensors are tried as anchors, (a,), are meant; valid until the next call."""
        rounded = Atmosphere(
            _stepped(atmosphere.c_mps),
            _stepped(atmosphere.wind_x_mps),
            _stepped(atmosphere.wind_y_mps),
        )
        if rounded != self._air:
            self._air = rounded
            self._known[:] = False
        wanted = np.zeros_like(self._known)
        for sensor in np.unique(anchor_sensor).tolist():
            owned = slice(self.cells.row_start[sensor], self.cells.row_start[sensor + 1])
            wanted[self.cells.row_cell[owned]] = True
        new = np.flatnonzero(wanted & ~self._known)
        away = self._away[new]
        self._bins[new] = travel_time_s(away[..., 0], away[..., 1], rounded) / BIN_S
        self._known[new] = True
        return self._bins


def _stepped(mps: float) -> float:
    return AIR_STEP_MPS * round(mps / AIR_STEP_MPS)


@dataclass(frozen=True, eq=False)
class Seeds:
    """Anchors worth a closer look. pulse: row of the anchor. cell: its best cell. score: (n,)."""

    pulse: Ints
    cell: Ints
    score: Floats


def delays_of(sensor_xy_m: Floats, active: Bools) -> Delays:
    """Cells around the sensors that can speak, with their delays. The last two arrays of sensors are
    remembered, about 30 MB per 1,000 sensors: a live window should not lay the city anew."""
    return _delays_of(sensor_xy_m.astype(np.float64).tobytes(), active.tobytes())


@lru_cache(maxsize=2)
def _delays_of(xy_bytes: bytes, active_bytes: bytes) -> Delays:
    xy = np.frombuffer(xy_bytes).reshape(-1, 2)
    return Delays(lay_cells(xy, np.frombuffer(active_bytes, bool)), xy)


def lay_cells(xy: Floats, active: Bools) -> Cells:
    """Cells around the sensors that can speak. xy: (m, 2), active: (m,)."""
    alive = np.flatnonzero(active & np.isfinite(xy).all(axis=1))
    centres = _cell_centres(xy[alive])
    count = min(NEAREST, alive.size)
    if count < MIN_HEARD_BY or centres.shape[0] == 0:
        return _no_cells(len(xy))
    distance, order = _nearest(xy[alive], centres, count)
    audible = distance[:, MIN_HEARD_BY - 1] < HEARING_RANGE_M
    centres, distance, near = centres[audible], distance[audible], alive[order[audible]]
    probability = np.where(distance < HEARING_RANGE_M, QUIETER * heard(distance), 1e-6)
    silent = np.log1p(-probability)
    # argsort of the sensor, stable, turns the (cell, rank) table into one list per sensor
    owner = near[:, :ANCHORS].ravel()
    rows = np.argsort(owner, kind="stable")
    return Cells(
        xy_m=centres,
        near=near.astype(np.int32),
        gain=(np.log(probability) - silent).astype(np.float32),
        silence=silent.sum(axis=1).astype(np.float32),
        row_start=np.searchsorted(owner[rows], np.arange(len(xy) + 1)),
        row_cell=(rows // ANCHORS).astype(np.int32),
        row_rank=(rows % ANCHORS).astype(np.int32),
    )


def _cell_centres(xy: Floats) -> Floats:
    """Centres of all cells within reach of a sensor, on a lattice tied to the plane's origin."""
    half = int(REACH_M // CELL_M)
    i, j = np.meshgrid(np.arange(-half, half + 1), np.arange(-half, half + 1))
    disc = np.hypot(i, j) * CELL_M <= REACH_M
    offset = np.column_stack([i[disc], j[disc]])
    at = np.floor(xy / CELL_M).astype(np.int64)
    # one integer per cell; PLANE_RADIUS_M keeps both lattice numbers within 21 bits
    code = ((at[:, None, :] + offset + LATTICE_ZERO) @ np.array([2 * LATTICE_ZERO, 1])).ravel()
    lattice = np.column_stack(np.divmod(np.unique(code), 2 * LATTICE_ZERO)) - LATTICE_ZERO
    return (lattice + 0.5) * CELL_M


def _no_cells(sensors: int) -> Cells:
    empty = np.empty(0, np.int32)
    none = np.empty((0, MIN_HEARD_BY), np.float32)
    return Cells(
        xy_m=np.empty((0, 2)),
        near=none.astype(np.int32),
        gain=none,
        silence=np.empty(0, np.float32),
        row_start=np.zeros(sensors + 1, np.int64),
        row_cell=empty,
        row_rank=empty,
    )


@dataclass(frozen=True, eq=False)
class Ear:
    """What all sensors heard in a stretch of time. rarity: (sensors * bins,) float32: the
    log-rarity of a pulse around that bin, hugely negative where there was none."""

    rarity: Singles
    start_s: float
    bins: int


SILENCE = np.float32(-1e9)


def listen(
    t_s: Floats, sensor: Ints, rarity: Floats, *, sensors: int, start_s: float, end_s: float
) -> Ear:
    """Spread each pulse over the bins within ``TOLERANCE_S``. rarity: (n,) log of 1 / (rate times window)."""
    bins = int(np.ceil((end_s - start_s) / BIN_S)) + 1
    spread = np.arange(-round(TOLERANCE_S / BIN_S), round(TOLERANCE_S / BIN_S) + 1)
    at = np.floor((t_s - start_s) / BIN_S).astype(np.int64)[:, None] + spread
    inside = (at >= 0) & (at < bins)
    table = np.full(sensors * bins, SILENCE, np.float32)
    rows = (sensor[:, None] * bins + at)[inside]
    np.maximum.at(
        table, rows, np.broadcast_to(rarity[:, None], at.shape)[inside].astype(np.float32)
    )
    return Ear(table, start_s, bins)


def score_anchors(
    cells: Cells, delay: Singles, ear: Ear, t_s: Floats, sensor: Ints, *, keep: int = 1
) -> tuple[Ints, Floats]:
    """The best cells of each anchor and their log-likelihood ratios. t_s, sensor: (a,) -> two (a, keep),
    best first.

    Cell -1 and score -inf where the sensor owns no cell.
    """
    best_cell, best = np.full((t_s.size, keep), -1, np.int64), np.full((t_s.size, keep), -np.inf)
    size = cells.row_start[sensor + 1] - cells.row_start[sensor]
    usable = np.flatnonzero(size > 0)
    base = ((t_s - ear.start_s) / BIN_S).astype(np.float32)
    ends = np.cumsum(size[usable])
    batch = np.searchsorted(
        ends, np.arange(BATCH_ROWS, (ends[-1] if ends.size else 0) + BATCH_ROWS, BATCH_ROWS)
    )
    for part in np.split(usable, np.unique(batch)):
        if part.size:
            cell, score = _score_batch(cells, delay, ear, base[part], sensor[part], size[part])
            first = np.cumsum(size[part]) - size[part]
            for rank in range(keep):
                best_cell[part, rank], best[part, rank] = _take_best(cell, score, first, size[part])
    return best_cell, best


def _score_batch(
    cells: Cells, delay: Singles, ear: Ear, base: Singles, sensor: Ints, size: Ints
) -> tuple[Rows32, Singles]:
    """Every cell of every anchor, one anchor after the other, and its score."""
    first = np.cumsum(size) - size
    row = np.arange(int(size.sum())) + np.repeat(cells.row_start[sensor] - first, size)
    cell = cells.row_cell[row]
    late = delay[cell]
    own = late[np.arange(row.size), cells.row_rank[row]]
    late += (np.repeat(base, size) - own)[:, None]
    at = np.clip(late, 0, ear.bins - 1).astype(np.int32)
    at += cells.near[cell] * np.int32(ear.bins)
    says = ear.rarity[at]
    says += cells.gain[cell]
    return cell, cells.silence[cell] + np.maximum(says, 0.0, out=says).sum(axis=1)


def _take_best(cell: Rows32, score: Singles, first: Ints, size: Ints) -> tuple[Ints, Floats]:
    """The best cell of each anchor, which is struck off the list."""
    best = np.maximum.reduceat(score, first)
    winners = np.flatnonzero(score == np.repeat(best, size))
    _, once = np.unique(np.repeat(np.arange(size.size), size)[winners], return_index=True)
    taken = winners[once]
    score[taken] = -np.inf
    return cell[taken].astype(np.int64), best.astype(float)


SEED_SCORE = 10.0
"""Low, for a coarse cell blurs the evidence: a false seed costs a millisecond, a missed one an incident."""
COMPANY_BIN_S = 0.25


def find_seeds(
    t_s: Floats,
    sensor: Ints,
    rate_per_s: Floats,
    delays: Delays,
    *,
    sensor_xy_m: Floats,
    active: Bools,
    atmosphere_at_s: Callable[[float], Atmosphere],
    progress: Callable[[float], object] | None = None,
) -> Seeds:
    """Try every pulse as an anchor, in stretches of ``CHUNK_S`` on a fixed lattice of time.

    t_s: (n,) ascending. sensor: (n,). rate_per_s: (n,) background where the pulse was heard.
    progress: told the share of pulses done. Returns seeds in time order.
    """
    company = neighbours(sensor_xy_m, active)
    rarity = window_rarity(rate_per_s)
    chunk = np.floor(t_s / CHUNK_S).astype(np.int64)
    found: list[tuple[Ints, Ints, Floats]] = []
    for number in np.unique(chunk):
        start = float(number) * CHUNK_S
        own = slice(*np.searchsorted(chunk, [number, number + 1]))
        span = slice(*np.searchsorted(t_s, [start - MARGIN_S, start + CHUNK_S + MARGIN_S]))
        anchors = own.start + np.flatnonzero(
            has_company(t_s[span], sensor[span], t_s[own], sensor[own], company)
        )
        if anchors.size:
            ear = listen(
                t_s[span], sensor[span], rarity[span], sensors=len(sensor_xy_m),
                start_s=start - MARGIN_S, end_s=start + CHUNK_S + MARGIN_S,
            )  # fmt: skip
            delay = delays.at(atmosphere_at_s(start + 0.5 * CHUNK_S), sensor[anchors])
            cell, score = score_anchors(delays.cells, delay, ear, t_s[anchors], sensor[anchors])
            good = score[:, 0] >= SEED_SCORE
            found.append((anchors[good], cell[good, 0], score[good, 0]))
        if progress is not None:
            progress(own.stop / t_s.size)
    return (
        Seeds(*(np.concatenate(column) for column in zip(*found, strict=True)))
        if found
        else NO_SEEDS
    )


NO_SEEDS = Seeds(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))


def window_rarity(rate_per_s: Floats) -> Floats:
    """log of 1 / (chance that background falls in the coarse window)."""
    return np.asarray(-np.log(np.maximum(rate_per_s, 1e-6) * 2.0 * TOLERANCE_S))


def neighbours(sensor_xy_m: Floats, active: Bools) -> tuple[Ints, Floats]:
    """For each sensor its nearest others, (m, k) with -1 for none, and their distances in metres."""
    alive = np.flatnonzero(active & np.isfinite(sensor_xy_m).all(axis=1))
    others = np.full((len(sensor_xy_m), NEAREST), -1)
    distance = np.full(others.shape, np.inf)
    if alive.size >= 2:
        count = min(NEAREST + 1, alive.size)
        away, order = _nearest(sensor_xy_m[alive], sensor_xy_m[alive], count)
        others[alive, : count - 1], distance[alive, : count - 1] = alive[order[:, 1:]], away[:, 1:]
    others[distance > HEARING_RANGE_M] = -1
    return others, distance


def _nearest(sensor_xy_m: Floats, points_xy_m: Floats, count: int) -> tuple[Floats, Ints]:
    """The ``count`` sensors nearest to each point, and how far they are: (points, count) each."""
    # Imported here, for the web process imports this package and never detects: 200 ms of its start.
    from scipy.spatial import cKDTree

    distance, order = cKDTree(sensor_xy_m).query(points_xy_m, k=count)
    return distance, order


def has_company(
    t_s: Floats, sensor: Ints, anchor_t_s: Floats, anchor_sensor: Ints, company: tuple[Ints, Floats]
) -> Bools:
    """Anchors that can be the first of at least ``MIN_HEARD_BY`` sensors to hear something: enough of
    their neighbours have a pulse within the time sound needs to cross. Cheap, and spares most noise."""
    others, distance = company
    start = float(t_s[0]) - COMPANY_BIN_S
    at = ((t_s - start) / COMPANY_BIN_S).astype(np.int64)
    bins = int(at[-1]) + 2
    count = np.bincount(sensor * bins + at + 1, minlength=len(others) * bins + 1)[
        : len(others) * bins
    ]
    heard_before = np.cumsum(count)
    who = others[anchor_sensor]
    first = ((anchor_t_s - start) / COMPANY_BIN_S).astype(np.int64) - 1
    crossing = np.where(who >= 0, distance[anchor_sensor], 0.0) / SLOWEST_MPS
    last = ((anchor_t_s[:, None] + crossing + TOLERANCE_S - start) / COMPANY_BIN_S).astype(
        np.int64
    ) + 1
    base = np.maximum(who, 0) * bins
    inside = (
        heard_before[base + np.minimum(last, bins - 1)]
        - heard_before[base + np.maximum(first, 0)[:, None]]
    )
    return np.asarray(((inside > 0) & (who >= 0)).sum(axis=1) >= MIN_HEARD_BY - 1)
