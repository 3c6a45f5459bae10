"""Made incidents of known kind under several sets of class laws, as pooled features: no detector between.

The laws of another author's generator, or of a city, are not those of ``sensors.detection.laws``. Each
set here breaks the assumptions in its own way, so that what a history must repair is really broken.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from sensors.detection.features import pooled_features

COLUMNS = ("rise_ms", "dur_ms", "centroid_hz", "peak_db")


@dataclass(frozen=True)
class Sound:
    """One source's sound: medians of rise ms, duration ms, centroid Hz at 300 m, level dB at 100 m."""

    kind: str
    share: float
    rise_ms: float
    dur_ms: float
    centroid_hz: float
    level_db: float
    rhythm: str
    shared: tuple[float, float, float, float] = (0.25, 0.25, 0.15, 4.0)


@dataclass(frozen=True)
class World:
    """sources, doubt between pulses of one incident, and what this world's sensors do not tell."""

    sources: tuple[Sound, ...]
    pulse_sd: tuple[float, float, float, float] = (0.9, 0.6, 0.2, 6.0)
    untold: tuple[str, ...] = ()
    foreign: float = 0.08
    """Share of pulses that belong to something else: noise that fell into place."""
    missed: float = 0.1
    fall_db: float = 18.0
    absent: float = 0.0
    """Share of values that are not a number."""
    extra: dict = field(default_factory=dict)


PLAIN = World((
    Sound("gunfire", 0.50, 1.1, 145, 600, 92, "shots"),
    Sound("firework", 0.12, 2.2, 260, 450, 90, "shells"),
    Sound("firework", 0.13, 1.8, 180, 520, 86, "string"),
    Sound("impulse", 0.13, 5.0, 220, 420, 84, "single"),
    Sound("impulse", 0.12, 2.5, 110, 700, 82, "hammer"),
))  # fmt: skip
SHIFTED = World((  # all of it measured otherwise: envelope rise, other microphones, other band
    Sound("gunfire", 0.45, 6.0, 60, 1900, 118, "shots"),
    Sound("firework", 0.20, 11.0, 95, 1500, 121, "shells"),
    Sound("firework", 0.10, 8.0, 60, 1700, 110, "string"),
    Sound("impulse", 0.15, 16.0, 90, 1200, 108, "single"),
    Sound("impulse", 0.10, 9.0, 45, 2300, 104, "hammer"),
))  # fmt: skip
INVERTED = World((  # gunfire is the dull, slow and quiet one
    Sound("gunfire", 0.40, 3.0, 260, 430, 84, "shots"),
    Sound("firework", 0.30, 1.2, 150, 650, 92, "shells"),
    Sound("firework", 0.10, 1.2, 140, 650, 92, "string"),
    Sound("impulse", 0.20, 1.3, 150, 600, 94, "single"),
))  # fmt: skip
CLOSE = World((  # kinds overlap: no classifier can be sure, and this must be said
    Sound("gunfire", 0.50, 1.1, 145, 600, 92, "shots"),
    Sound("firework", 0.25, 1.4, 165, 560, 91, "shells"),
    Sound("impulse", 0.25, 1.5, 160, 570, 90, "single"),
))  # fmt: skip
RHYTHM_ONLY = replace(PLAIN, untold=COLUMNS)
NO_TONE = replace(PLAIN, untold=("centroid_hz", "peak_db"), absent=0.3)
RARE = replace(PLAIN, sources=tuple(
    replace(s, share=0.08 if s.kind == "gunfire" else s.share * 1.84) for s in PLAIN.sources
))  # fmt: skip
WORLDS = {
    "plain": PLAIN,
    "shifted": SHIFTED,
    "inverted": INVERTED,
    "close": CLOSE,
    "rhythm only": RHYTHM_ONLY,
    "no tone": NO_TONE,
    "rare": RARE,
}


def made_incidents(
    world: World, count: int, rng: np.random.Generator
) -> tuple[list[dict[str, float]], np.ndarray]:
    """Pooled features of ``count`` incidents, and their kinds (count,)."""
    share = np.array([s.share for s in world.sources])
    chosen = rng.choice(len(world.sources), count, p=share / share.sum())
    sources = [world.sources[k] for k in chosen]
    return [_incident(world, s, rng) for s in sources], np.array([s.kind for s in sources])


def round_times(rhythm: str, rng: np.random.Generator) -> np.ndarray:
    if rhythm == "single":
        gaps = rng.lognormal(0.3, 0.6, rng.integers(0, 2))
    elif rhythm == "shells":
        gaps = rng.lognormal(0.8, 0.5, rng.geometric(0.6) - 1)
    elif rhythm == "string":
        gaps = rng.gamma(3.0, 1 / 24.0, int(np.clip(rng.lognormal(3.0, 0.5), 6, 60))) + 0.02
    elif rhythm == "hammer":
        gaps = rng.uniform(0.35, 1.2) * (1.0 + rng.normal(0.0, 0.05, rng.integers(6, 30)))
    else:
        gaps = rng.lognormal(-0.8, 0.5, 0 if rng.random() < 0.25 else rng.integers(1, 10))
    times = np.concatenate([[0.0], np.cumsum(np.clip(gaps, 0.02, 4.0))])
    return times[times < 30.0]


def _incident(world: World, source: Sound, rng: np.random.Generator) -> dict[str, float]:
    times = round_times(source.rhythm, rng)
    heard = times[(rng.random(times.size) > world.missed) | (np.arange(times.size) == 0)]
    asked = int(rng.integers(10, 30))
    away = rng.uniform(60.0, 1000.0, asked)
    hears = rng.random(asked) < np.exp(-((away / 700.0) ** 2))
    hears[np.argsort(away)[:4]] = True
    sensor = np.repeat(np.flatnonzero(hears), heard.size)
    sensor = sensor[rng.random(sensor.size) > 0.2] if heard.size > 1 else sensor
    distance = away[sensor]
    shared = rng.normal(0.0, source.shared)
    noise = rng.normal(0.0, world.pulse_sd, (sensor.size, 4))
    centre = np.column_stack([
        np.full(sensor.size, np.log(source.rise_ms)),
        np.full(sensor.size, np.log(source.dur_ms)),
        np.log(source.centroid_hz) - 0.25 * np.log(np.maximum(distance, 80.0) / 300.0),
        source.level_db - world.fall_db * np.log10(np.maximum(distance, 50.0) / 100.0),
    ])  # fmt: skip
    value = centre + shared + noise
    foreign = rng.random(sensor.size) < world.foreign
    value[foreign] = rng.normal(
        [1.3, 5.3, 6.0, 70.0], [1.0, 0.8, 0.5, 8.0], (sensor.size, 4)
    )[foreign]  # fmt: skip
    value[:, :3] = np.exp(value[:, :3])
    value[rng.random(value.shape) < world.absent] = np.nan
    columns = dict(zip(COLUMNS, value.T, strict=True))
    for name in world.untold:
        columns[name] = np.full(sensor.size, np.nan)
    return pooled_features(
        distance_m=distance, round_t_s=heard, n_asked=asked, sensor=sensor, **columns
    )
