"""Seeded streams of pulses with the truth kept apart, after the error model of docs/detection.md.

Independent of the core: distances, odds and echoes are written here again from the published
figures, so that a mistake in the core is not repeated in its examiner. Not tuned to the core.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from sensors.detection import Detection, PulseArrays, SensorArrays, Weather

START_NS = 1_780_000_000_000_000_000
PATH_SD_S, ROUND_SD_S = 0.0075, 0.0016


@dataclass(frozen=True)
class Preset:
    """minutes of stream over ``sensors`` sensors; incidents per hour of each kind; noise per sensor and hour."""

    sensors: int = 300
    per_km2: float = 10.0
    minutes: float = 20.0
    gunfire_per_h: float = 60.0
    firework_per_h: float = 20.0
    single_share: float = 0.3
    noise_per_h: float = 20.0
    temp_error_c: float = 1.0
    wind_error_mps: float = 1.0


PRESETS = {
    "quiet": Preset(noise_per_h=10.0, firework_per_h=0.0),
    "urban": Preset(noise_per_h=40.0),
    "dense": Preset(noise_per_h=240.0),
    "city": Preset(
        sensors=1000, minutes=20.0, gunfire_per_h=30.0, firework_per_h=10.0, noise_per_h=40.0
    ),
    "noise only": Preset(gunfire_per_h=0.0, firework_per_h=0.0, noise_per_h=240.0, minutes=30.0),
}


@dataclass(frozen=True)
class Truth:
    kind: str
    t_ns: int
    xy_m: np.ndarray
    rounds: int
    heard_by: int
    """Sensors with a direct pulse that is not late: the headline counts incidents with four or more."""
    inside: bool


@dataclass(frozen=True)
class MadeStream:
    pulses: PulseArrays
    sensors: SensorArrays
    weather: Weather
    truth: list[Truth]


@dataclass
class _Columns:
    sensor: list[int] = field(default_factory=list)
    t_s: list[float] = field(default_factory=list)
    peak_db: list[float] = field(default_factory=list)
    rise_ms: list[float] = field(default_factory=list)
    dur_ms: list[float] = field(default_factory=list)
    centroid_hz: list[float] = field(default_factory=list)

    def add(self, sensor: int, t_s: float, sound: tuple[float, float, float, float]) -> None:
        self.sensor.append(sensor)
        self.t_s.append(t_s)
        for column, value in zip(
            (self.peak_db, self.rise_ms, self.dur_ms, self.centroid_hz), sound, strict=True
        ):
            column.append(value)


def make_stream(preset: Preset, rng: np.random.Generator) -> MadeStream:
    side = np.sqrt(preset.sensors / preset.per_km2) * 1000.0
    xy = _jittered_lattice(preset.sensors, side, rng)
    seconds = preset.minutes * 60.0
    temp_c = rng.uniform(-5.0, 30.0)
    wind = rng.normal(0.0, 2.5, 2)
    columns, truth = _Columns(), []
    for kind, rate in (("gunfire", preset.gunfire_per_h), ("firework", preset.firework_per_h)):
        for t_s in np.sort(
            rng.uniform(10.0, seconds - 20.0, rng.poisson(rate * preset.minutes / 60.0))
        ):
            at = rng.uniform(0.0, side, 2)
            truth.append(_incident(kind, t_s, at, xy, temp_c, wind, preset, columns, rng))
    _noise(preset, seconds, columns, rng)
    order = rng.permutation(len(columns.t_s))
    t_ns = START_NS + np.round(np.array(columns.t_s) * 1e6).astype(np.int64) * 1000
    told = wind + rng.normal(0.0, preset.wind_error_mps, 2)
    names = np.array([f"S{k:04d}" for k in range(preset.sensors)])
    return MadeStream(
        pulses=PulseArrays(
            sensor_id=names[np.array(columns.sensor, int)][order],
            t_ns=t_ns[order],
            pulse_id=np.array([f"p{k}" for k in range(order.size)])[order],
            **{
                k: np.array(getattr(columns, k))[order]
                for k in ("peak_db", "rise_ms", "dur_ms", "centroid_hz")
            },
        ),
        sensors=SensorArrays(names, x_m=xy[:, 0], y_m=xy[:, 1]),
        weather=Weather(
            t_ns=np.array([START_NS]),
            temp_c=np.array([temp_c + rng.normal(0.0, preset.temp_error_c)]),
            wind_mps=np.array([np.hypot(*told)]),
            wind_from_deg=np.array([np.degrees(np.arctan2(-told[0], -told[1])) % 360.0]),
        ),
        truth=truth,
    )


def _jittered_lattice(count: int, side_m: float, rng: np.random.Generator) -> np.ndarray:
    across = int(np.ceil(np.sqrt(count)))
    step = side_m / across
    i, j = np.divmod(np.arange(across**2), across)
    at = (np.column_stack([i, j]) + 0.5) * step + rng.uniform(-0.35, 0.35, (across**2, 2)) * step
    return at[np.sort(rng.choice(across**2, count, replace=False))]


def _round_times(kind: str, rng: np.random.Generator, single_share: float) -> np.ndarray:
    if kind == "firework" and rng.random() < 0.5:
        count = int(np.clip(rng.lognormal(np.log(20.0), 0.5), 5, 60))
        return np.concatenate([[0.0], np.cumsum(rng.gamma(4.0, 1 / 8.0 / 4.0, count - 1) + 0.05)])
    if kind == "firework" or rng.random() < single_share:
        return np.zeros(1)
    return np.concatenate([[0.0], np.cumsum(rng.lognormal(np.log(0.5), 0.5, rng.integers(1, 8)))])


def _incident(kind, t_s, at, xy, temp_c, wind, preset, columns, rng) -> Truth:
    rounds = np.minimum(_round_times(kind, rng, preset.single_share), 12.0)
    away = xy - at
    distance = np.hypot(*away.T)
    speed = 20.03 * np.sqrt(temp_c + 273.15) + away @ wind / np.maximum(distance, 1.0)
    hears = np.interp(
        distance,
        [0, 150, 300, 450, 600, 800, 1000, 1500],
        [1, 0.97, 0.86, 0.74, 0.65, 0.46, 0.25, 0.03],
    )
    audible = rng.random(distance.size) < np.minimum(hears / 0.9, 1.0)
    late = rng.random(distance.size) < np.interp(
        distance, [0, 150, 450, 800], [0.0, 0.002, 0.038, 0.087]
    )
    arrival = (
        distance / speed
        + rng.normal(0.0, PATH_SD_S, distance.size)
        + late * rng.uniform(0.184, 0.437, distance.size)
    )
    rise, duration, tone, level = (
        (1.1, 145.0, 1.0, 92.0) if kind == "gunfire" else (2.5, 260.0, 0.75, 90.0)
    )
    shared = rng.normal(0.0, [0.3, 0.3, 0.15, 4.0])
    for s in np.flatnonzero(distance < 1600.0):
        echoes = _echo_pattern(rng)
        heard_level = level + shared[3] - 15.0 * np.log10(max(distance[s], 50.0) / 100.0)
        for shot in rounds:
            sound = (
                heard_level + rng.normal(0.0, 7.0),
                rise * np.exp(shared[0] + rng.normal(0.0, 0.9)),
                duration * np.exp(shared[1] + rng.normal(0.0, 0.6)),
                tone
                * np.interp(distance[s], [100, 225, 400], [830, 615, 550])
                * np.exp(shared[2] + rng.normal(0.0, 0.2)),
            )
            start = t_s + shot + arrival[s] + rng.normal(0.0, ROUND_SD_S)
            if audible[s] and rng.random() < 0.9:
                columns.add(s, start, sound)
            if rng.random() < hears[s]:
                for lag in echoes[rng.random(echoes.size) < 0.7]:
                    columns.add(
                        s,
                        start + lag + rng.normal(0.0, 0.002),
                        (sound[0] - rng.uniform(3, 15), *sound[1:]),
                    )
    middle = (xy.min(axis=0) + xy.max(axis=0)) / 2.0
    return Truth(
        kind, START_NS + round(t_s * 1e9), at, rounds.size,
        int(np.sum(audible & ~late & (distance < 1200.0))),
        bool(np.all(np.abs(at - middle) < np.ptp(xy, axis=0) / 2.0)),
    )  # fmt: skip


def _echo_pattern(rng: np.random.Generator) -> np.ndarray:
    """Lags of one path's echoes after its direct pulse: dense for half a second, thin for six."""
    spans = ((0.05, 0.5, 0.9), (0.5, 1.5, 0.4), (1.5, 6.0, 0.08))
    lags = [rng.uniform(a, b, rng.poisson((b - a) * rate / 0.7)) for a, b, rate in spans]
    return np.concatenate(lags)


def _noise(preset: Preset, seconds: float, columns: _Columns, rng: np.random.Generator) -> None:
    for s in range(preset.sensors):
        for t_s in rng.uniform(0.0, seconds, rng.poisson(preset.noise_per_h * seconds / 3600.0)):
            sound = (
                rng.normal(70.0, 8.0),
                np.exp(rng.normal(1.3, 1.0)),
                np.exp(rng.normal(5.3, 0.8)),
                np.exp(rng.normal(6.0, 0.5)),
            )
            columns.add(s, t_s, sound)


@dataclass(frozen=True)
class Marks:
    """How a detection did against the truth. Truths heard by fewer than four sensors or outside the
    array are not asked for, and finding them is not held against it."""

    asked: int
    found: int
    false: int
    median_m: float
    p95_m: float
    in_ellipse: float
    rounds_right: float
    class_right: float

    @property
    def precision(self) -> float:
        return self.found / max(self.found + self.false, 1)

    @property
    def recall(self) -> float:
        return self.found / max(self.asked, 1)

    @property
    def f1(self) -> float:
        return 2.0 * self.found / max(self.found + self.false + self.asked, 1)


def mark(
    detection: Detection, truth: list[Truth], *, within_s: float = 2.0, within_m: float = 100.0
) -> Marks:
    """One to one, nearest first: an event matches a truth within 2 s and 100 m."""
    pairs = sorted(
        (float(np.hypot(e.x_m - t.xy_m[0], e.y_m - t.xy_m[1])), k, n)
        for k, e in enumerate(detection.events)
        for n, t in enumerate(truth)
        if abs(e.t_ns - t.t_ns) <= within_s * 1e9
        and np.hypot(e.x_m - t.xy_m[0], e.y_m - t.xy_m[1]) <= within_m
    )
    events, truths, kept = set(), set(), []
    for error, k, n in pairs:
        if k not in events and n not in truths:
            events.add(k)
            truths.add(n)
            kept.append((error, detection.events[k], truth[n]))
    asked = [t.inside and t.heard_by >= 4 for t in truth]
    headline = [(error, e, t) for error, e, t in kept if t.inside and t.heard_by >= 4]
    errors = np.array([error for error, _, _ in headline] or [np.nan])
    return Marks(
        asked=sum(asked),
        found=len(headline),
        false=len(detection.events) - len(kept),
        median_m=float(np.median(errors)),
        p95_m=float(np.percentile(errors, 95)),
        in_ellipse=_share(_inside_95(e, t) for _, e, t in headline),
        rounds_right=_share(e.n_shots == t.rounds for _, e, t in headline),
        class_right=_share(e.kind == t.kind for _, e, t in headline),
    )


def _inside_95(event, truth: Truth) -> bool:
    offset = np.array([event.x_m, event.y_m]) - truth.xy_m
    cov = np.array([[event.cov_xx, event.cov_xy], [event.cov_xy, event.cov_yy]])
    return bool(offset @ np.linalg.solve(cov, offset) <= 5.991)


def _share(answers) -> float:
    values = list(answers)
    return float(np.mean(values)) if values else float("nan")
