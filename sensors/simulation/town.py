"""What differs from town to town and no solver is told: layout, walls, weather, habits of sound.

Everything follows from the seed, so that two streams of one seed are two periods of one town and
what was learned from the first may be used on the second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from sensors.simulation.randomness import part_generator
from sensors.simulation.sound import PATH_SD_S, Acoustics, Timbre
from sensors.simulation.weather import Weather

if TYPE_CHECKING:
    from sensors.simulation.streams import Preset

Floats = NDArray[np.float64]
HOUR_S: Final = 3_600.0
TEMP_SD_C: Final = 1.0  # a METAR's temperature, which is rounded to the degree on top
WIND_SD_MPS: Final = 1.0  # per component, against the wind over the roofs
GUST_SD_MPS: Final = 0.5


@dataclass(frozen=True)
class Town:
    """x_m, y_m, z_m: (s,) where the sensors stand. rate: (s,) background against the mean, mean 1.
    ambient: rate, level and timbre of street noise. timbre, loudness_db: by style of source."""

    x_m: Floats
    y_m: Floats
    z_m: Floats
    rate: Floats
    acoustics: Acoustics
    timbre: dict[str, Timbre]
    loudness_db: dict[str, tuple[float, float]]
    noise_db: float
    is_ms_clock: bool  # times to the millisecond only
    dead_time_s: float  # a sensor that has just heard something hears nothing for so long
    lacks_features: float  # share of pulses without rise, duration and centroid
    shells_burst_at_m: tuple[float, float]


@dataclass(frozen=True)
class Sky:
    """The true weather on every full hour, and the report of it. All (h,), winds as the air moves."""

    t_s: Floats
    temp_c: Floats
    wind_mps: Floats  # (h, 2) east, north
    told_temp_c: Floats
    told_wind_mps: Floats  # (h, 2)

    def at(self, t_s: float, rng: np.random.Generator) -> Weather:
        """The air one bang goes through, with its gust."""
        gust = rng.normal(0.0, GUST_SD_MPS, 2)
        east, north = (
            float(np.interp(t_s, self.t_s, self.wind_mps[:, k]) + gust[k]) for k in range(2)
        )
        return Weather(float(np.interp(t_s, self.t_s, self.temp_c)), east, north)


def build_town(preset: Preset, *, seed: int) -> Town:
    """The town of a seed, with as many sensors and as much noise as the preset says."""
    rng = part_generator(seed, 200)
    x, y = _layout(preset, rng)
    low_shells = rng.random() < 0.5
    z = np.where(
        rng.random(x.size) < 0.7, rng.uniform(6.0, 18.0, x.size), rng.uniform(5.0, 8.0, x.size)
    )
    spread = rng.uniform(0.3, 1.0)  # of the log of the sensors' rates: a few corners are very loud
    rate = np.exp(rng.normal(0.0, spread, x.size))
    return Town(
        x_m=x.round(2), y_m=y.round(2), z_m=z.round(1), rate=rate / rate.mean(),
        acoustics=_acoustics(rng),
        timbre={k: t.nearer_gunshot(preset.kinds_alike) for k, t in _timbres(rng).items()},
        loudness_db={
            "handgun": (0.0, 1.6), "rapid": (0.0, 1.6), "automatic": (1.5, 2.0),
            "string": (rng.uniform(-6.0, -1.0), 3.0), "shells": (rng.uniform(-1.0, 4.0), 3.0),
            "backfire": (rng.uniform(-6.0, -2.0), 2.5), "hammering": (rng.uniform(-10.0, -5.0), 3.0),
        },
        noise_db=rng.uniform(60.0, 72.0),
        is_ms_clock=bool(rng.random() < 0.5),
        dead_time_s=float(rng.choice([0.0, 0.0, 0.015])),
        lacks_features=float(rng.choice([0.0, 0.0, 0.05, 0.2])),
        shells_burst_at_m=(1.5, 10.0) if low_shells else (10.0, 45.0),
    )  # fmt: skip


def build_sky(rng: np.random.Generator, *, seconds: float, seed: int) -> Sky:
    """Weather that wanders from hour to hour, up to 10 m/s of wind, and an airport's reports."""
    climate = part_generator(seed, 201)
    hours = np.arange(-1.0, np.ceil(seconds / HOUR_S) + 2.0)
    angle, n = climate.uniform(0.0, 2.0 * np.pi), hours.size
    mean = 10.0 * climate.beta(1.6, 2.6) * np.array([np.cos(angle), np.sin(angle)])
    temp = climate.uniform(-8.0, 32.0) + 4.0 * np.sin(2.0 * np.pi * (hours - 4.0) / 24.0)
    temp = temp + np.cumsum(rng.normal(0.0, 0.3, n))
    wind = mean + np.cumsum(rng.normal(0.0, 0.35, (n, 2)), axis=0) * np.exp(-hours / 48.0)[:, None]
    wind *= np.minimum(1.0, 10.0 / np.hypot(*wind.T))[:, None]
    return Sky(
        t_s=hours * HOUR_S,
        temp_c=temp,
        wind_mps=wind,
        told_temp_c=np.round(temp + rng.normal(0.0, TEMP_SD_C, n)),
        told_wind_mps=wind + rng.normal(0.0, WIND_SD_MPS, (n, 2)),
    )


def _acoustics(rng: np.random.Generator) -> Acoustics:
    return Acoustics(
        path_sd_s=PATH_SD_S * rng.uniform(0.9, 1.1),
        shot_sd_s=rng.uniform(1.4e-3, 1.8e-3),
        is_path_one_sided=bool(rng.random() < 0.35),
        early_echoes=rng.uniform(0.85, 1.15),
        tail_echoes=rng.uniform(0.2, 1.3),
        carry=rng.uniform(0.96, 1.06),
        path_share=rng.uniform(0.3, 0.98),
        level_share=rng.uniform(0.0, 0.5),
    )


def _timbres(rng: np.random.Generator) -> dict[str, Timbre]:
    """Factors on rise, duration and centroid: nobody has measured them, so they vary widely."""

    def between(*bounds: tuple[float, float]) -> Timbre:
        return Timbre(*(float(rng.uniform(*pair)) for pair in bounds))

    gun = Timbre()
    return {
        "handgun": gun, "rapid": gun,
        "automatic": between((0.85, 1.0), (0.9, 1.2), (1.0, 1.1)),
        "string": between((1.3, 2.6), (0.7, 1.7), (0.7, 1.1)),
        "shells": between((1.8, 3.2), (1.3, 2.2), (0.5, 0.8)),
        "backfire": between((2.2, 5.0), (1.0, 1.8), (0.5, 0.85)),
        "hammering": between((1.5, 5.0), (0.5, 1.5), (0.6, 1.3)),
        "noise": between((0.6, 1.4), (0.6, 1.4), (0.8, 1.3)),
    }  # fmt: skip


def _layout(preset: Preset, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Sensors on a jittered lattice, or wherever a roof was offered, with a hole as of a lake or a
    quarter that wanted none."""
    per_km2 = rng.uniform(*preset.per_km2)
    if rng.random() < preset.sparse_share:
        per_km2 *= 0.65
    step = 1_000.0 / np.sqrt(per_km2)
    wanted = int(np.ceil(preset.sensors * rng.uniform(1.02, 1.15)))
    across = int(np.ceil(np.sqrt(wanted * rng.uniform(0.7, 1.4))))
    up = int(np.ceil(wanted / across))
    x, y = (_lattice if rng.random() < 0.7 else _scattered)(across, up, rng)
    lake = rng.uniform(0.0, 1.0, 2) * [np.ptp(x), np.ptp(y)]
    kept = np.argsort(-np.hypot(x - lake[0], y - lake[1]) + rng.normal(0.0, 1.0, x.size))
    kept = np.sort(kept[: preset.sensors])
    return step * (x[kept] - x[kept].min()), step * (y[kept] - y[kept].min())


def _lattice(across: int, up: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    jitter = rng.uniform(0.15, 0.45)
    i, j = (k.ravel() for k in np.meshgrid(np.arange(across), np.arange(up)))
    x = i + 0.5 * (j % 2) + rng.uniform(-jitter, jitter, i.size)
    return x, j + rng.uniform(-jitter, jitter, i.size)


def _scattered(across: int, up: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Of a few candidates for each sensor, the one farthest from those already there."""
    size, at = np.array([across, up], float), rng.uniform(0.0, 1.0, (1, 2))
    for _ in range(across * up - 1):
        offered = rng.uniform(0.0, 1.0, (4, 2))
        away = np.hypot(*((offered[:, None, :] - at) * size).transpose(2, 0, 1)).min(axis=1)
        at = np.vstack([at, offered[np.argmax(away)]])
    return at[:, 0] * size[0], at[:, 1] * size[1]
