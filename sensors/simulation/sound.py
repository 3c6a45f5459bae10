"""How a bang reaches sensors: the one error model behind every simulated pulse.

Laws measured on the Pittsburgh live-fire set (Calhoun et al. 2021, arXiv 2108.07377, CC BY 4.0), own
evaluation: share of direct pulses by distance, path error, echo delays, levels and pulse shapes. What
anything but a pistol sounds like at a distance is an assumption; no licensed set shows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv, ndtr, ndtri

from sensors.simulation.pulses import Heard, Pulses, PulseTruth, of_no_event
from sensors.simulation.randomness import hashed_normal, hashed_uniform
from sensors.simulation.weather import Weather

Floats = NDArray[np.float64]

PATH_SD_S: Final = 7.5e-3  # constant for one sensor and one place: the way around buildings
SHOT_SD_S: Final = 1.5e-3  # from shot to shot on the same path
PLACE_M: Final = 12.0  # bangs this close together share their paths
MAX_RANGE_M: Final = 1_600.0
_RANGE_M: Final = np.array([150.0, 300.0, 450.0, 600.0, 800.0, 1_000.0, 1_250.0, MAX_RANGE_M])
_P_DIRECT: Final = np.array([1.00, 0.95, 0.77, 0.72, 0.59, 0.34, 0.12, 0.03, 0.0])
# Given that the direct pulse was missed, an echo still comes, so that first arrivals are late by more
# than 40 ms in .2, 3.8 and 8.7 % of cases within 300, 600 and 1,000 m.
_P_LATE: Final = np.array([0.0, 0.038, 0.115, 0.115, 0.085, 0.085, 0.05, 0.02, 0.0])
ECHO_MEDIAN_S: Final = 0.2836  # with this spread the quartiles are 184 and 437 ms
ECHO_LOG_SD: Final = 0.641
_EARLY: Final = 4  # at most so many echoes of either sort on one path
_LATE: Final = 4
TAIL_S: Final = (
    0.6,
    6.0,
)  # long echoes, from far walls and hills, evenly over the log of the delay
_P_EARLY_ECHO: Final = 0.9
_P_TAIL_ECHO: Final = 0.7
LEVEL_100M_DB: Final = 94.0  # falls by 20 dB per tenfold distance; what is heard at 600 m is 80 dB
CLIP_DB: Final = 94.0
_SHAPE_RANGE_M: Final = np.array([100.0, 225.0, 400.0])
_RISE_MS, _DUR_MS, _CENTROID_HZ = (1.0, 1.1, 1.2), (144.0, 126.0, 190.0), (830.0, 615.0, 550.0)
SHAPE_LOG_SD: Final = (0.9, 0.6, 0.2)  # rise, duration, centroid


@dataclass(frozen=True)
class Acoustics:
    """What differs from city to city; the defaults are the measured values."""

    path_sd_s: float = PATH_SD_S
    shot_sd_s: float = SHOT_SD_S
    is_path_one_sided: bool = True  # the way around a building is never shorter: a gamma law
    early_echoes: float = 0.985  # mean per path; 0.78 of them fall within 0.6 s and are heard
    tail_echoes: float = 0.4  # mean per path, later than that
    carry: float = 1.0  # how far sound carries: distances count as divided by this
    # Share of the variance of hearing that belongs to the path and not to the shot: of two rounds at one
    # place, 97 % of the sensors that heard the one heard the other, which is 0.95 or more.
    path_share: float = 0.95
    level_share: float = 0.2  # of that, the part that shows in the level: quiet paths are missed
    level_sd_db: float = 9.5  # of a path; shots add 2 dB, and only what is heard shows


@dataclass(frozen=True)
class Timbre:
    """Pulse shape against that of a gunshot at the same distance: factors on the medians."""

    rise: float = 1.0
    dur: float = 1.0
    centroid: float = 1.0

    def nearer_gunshot(self, share: float) -> Timbre:
        """Between this (0) and a gunshot (1), evenly in the logarithm."""
        return Timbre(*(v ** (1.0 - share) for v in (self.rise, self.dur, self.centroid)))


GUNSHOT: Final = Timbre()
FIREWORK: Final = Timbre(rise=2.4, dur=1.6, centroid=0.75)


@dataclass(frozen=True)
class Paths:
    """The ways from one place to the k sensors in range; what belongs to the path stays the same."""

    sensor: NDArray[np.intp]  # (k,)
    distance_m: Floats  # (k,)
    travel_s: Floats  # (k,) with the delay of the path
    luck: Floats  # (k,) standard normal: how well this path carries, the lower the better
    late_luck: Floats  # (k,) standard normal: how well its echo is heard without the direct pulse
    level_db: Floats  # (k,) at the sensor, before the shot's own scatter
    echo_s: Floats  # (k, 8) after the direct arrival
    p_echo: Floats  # (k, 8) of being heard when the direct pulse is; 0 where there is no echo


def direct_share(distance_m: Floats) -> Floats:
    """Probability that the direct pulse of a common handgun is heard; same shape as the distances."""
    return np.asarray(_P_DIRECT[np.searchsorted(_RANGE_M, distance_m)])


def paths_from(
    x: float,
    y: float,
    *,
    to: tuple[Floats, Floats, Floats],
    air: Weather,
    seed: int,
    z_m: float = 1.5,
    acoustics: Acoustics | None = None,
) -> Paths:
    """Paths from a place to sensors at x, y, z (metres, each (s,)); the same for the same seed and place."""
    a = acoustics or Acoustics()
    east, north = to[0] - x, to[1] - y
    distance = np.sqrt(east**2 + north**2 + (to[2] - z_m) ** 2)
    near = np.flatnonzero(distance < MAX_RANGE_M * a.carry)
    distance, east, north = distance[near], east[near], north[near]
    wind = (air.wind_east_m_s * east + air.wind_north_m_s * north) / distance
    place = (int(np.floor(x / PLACE_M)), int(np.floor(y / PLACE_M)))
    quiet = hashed_normal(seed, 36, near, *place)
    luck = hashed_normal(seed, 35, near, *place)
    echo_s, p_echo = _echoes(a, seed, near, place)
    return Paths(
        sensor=near,
        distance_m=distance,
        travel_s=distance / (air.sound_speed_m_s + wind) + _delay_s(a, seed, near, place),
        luck=np.sqrt(1.0 - a.level_share) * luck + np.sqrt(a.level_share) * quiet,
        late_luck=hashed_normal(seed, 39, near, *place),
        level_db=LEVEL_100M_DB
        - 20.0 * np.log10(np.maximum(distance, 10.0) / 100.0)
        - a.level_sd_db * quiet,
        echo_s=echo_s,
        p_echo=p_echo,
    )


def bang(
    paths: Paths,
    rounds_t_ns: NDArray[np.int64],
    *,
    rng: np.random.Generator,
    event: int,
    timbre: Timbre = GUNSHOT,
    loudness_db: float = 0.0,
    acoustics: Acoustics | None = None,
) -> Heard:
    """All pulses of one source: of sensors x rounds x (direct, echoes), those that were heard."""
    a = acoustics or Acoustics()
    heard = _heard(rng, paths, a, rounds=len(rounds_t_ns), loudness_db=loudness_db)
    path, nth_round, order = np.nonzero(heard)
    n = len(path)
    after = np.where(order > 0, paths.echo_s[path, order - 1], 0.0)
    since = paths.travel_s[path] + after + rng.normal(0.0, a.shot_sd_s, n)
    t_ns = rounds_t_ns[nth_round] + np.round(1e9 * since).astype(np.int64)
    level = paths.level_db[path] + loudness_db + rng.normal(0.0, 2.0, n)
    level -= np.where(order > 0, 5.0 + rng.exponential(5.0, n), 0.0)
    pulses = _shaped(rng, paths.sensor[path], t_ns, level, paths.distance_m[path], timbre)
    return pulses, PulseTruth(np.full(n, event), nth_round, order)


def clatter(
    rng: np.random.Generator,
    sensor: NDArray[np.intp],
    t_ns: NDArray[np.int64],
    *,
    level_db: float = 63.0,
    level_sd_db: float = 6.0,
    timbre: Timbre = GUNSHOT,
) -> Heard:
    """Pulses of doors, trucks and dogs beside one sensor, heard there only; arrays of shape (p,)."""
    n = len(sensor)
    dull = Timbre(5.8 * timbre.rise, 1.6 * timbre.dur, 0.83 * timbre.centroid)
    level = rng.normal(level_db, level_sd_db, n)
    return _shaped(rng, sensor, t_ns, level, np.full(n, 300.0), dull), of_no_event(n)


def _delay_s(a: Acoustics, seed: int, near: NDArray[np.intp], place: tuple[int, int]) -> Floats:
    level = hashed_uniform(seed, 32, near, *place)
    if a.is_path_one_sided:
        return np.asarray(a.path_sd_s / np.sqrt(2.0) * gammaincinv(2.0, level))
    return np.asarray(a.path_sd_s * ndtri(level))


def _echoes(
    a: Acoustics, seed: int, near: NDArray[np.intp], place: tuple[int, int]
) -> tuple[Floats, Floats]:
    """Delay and chance of each echo: the early ones, then the long tail. Both (k, 8)."""
    early, tail = np.arange(_EARLY), np.arange(_LATE)
    log_early = ECHO_LOG_SD * hashed_normal(seed, 33, near[:, None], *place, early)
    reach = hashed_uniform(seed, 37, near[:, None], *place, tail)
    late_s = TAIL_S[0] * (TAIL_S[1] / TAIL_S[0]) ** reach
    n_early = _poisson(a.early_echoes, hashed_uniform(seed, 34, near, *place))
    n_tail = _poisson(a.tail_echoes, hashed_uniform(seed, 38, near, *place))
    chance = np.hstack(
        [
            _P_EARLY_ECHO * (early < n_early[:, None]),
            _P_TAIL_ECHO * (tail < n_tail[:, None]),
        ]
    )
    return np.hstack([ECHO_MEDIAN_S * np.exp(log_early), late_s]), chance


def _poisson(mean: float, level: Floats) -> NDArray[np.intp]:
    """The Poisson quantile of uniform levels, at most 4."""
    terms = np.cumprod([np.exp(-mean), mean, mean / 2.0, mean / 3.0])
    return np.searchsorted(np.cumsum(terms), level)


def _heard(
    rng: np.random.Generator, paths: Paths, a: Acoustics, *, rounds: int, loudness_db: float
) -> NDArray[np.bool_]:
    """Which pulses are heard: (k, rounds, 9), the direct one first, then the echoes."""
    shape = (len(paths.sensor), rounds)
    # A louder source is heard as a common one from nearer by: 6 dB halve the distance.
    as_if_m = paths.distance_m * 10.0 ** (-loudness_db / 20.0) / a.carry
    direct = _mixed(paths.luck, shape, a, rng) < direct_share(as_if_m)[:, None]
    p_late = _P_LATE[np.searchsorted(_RANGE_M, as_if_m)]
    echo = direct[..., None] & (rng.random((*shape, _EARLY + _LATE)) < paths.p_echo[:, None, :])
    echo[..., 0] |= ~direct & (_mixed(paths.late_luck, shape, a, rng) < p_late[:, None])
    return np.concatenate([direct[..., None], echo], axis=2)


def _mixed(luck: Floats, shape: tuple[int, int], a: Acoustics, rng: np.random.Generator) -> Floats:
    """Uniform levels, (k, rounds), that have as much of the path in them as the city's hearing has."""
    own = rng.normal(size=shape)
    return np.asarray(
        ndtr(np.sqrt(a.path_share) * luck[:, None] + np.sqrt(1.0 - a.path_share) * own)
    )


def _shaped(
    rng: np.random.Generator,
    sensor: NDArray[np.intp],
    t_ns: NDArray[np.int64],
    level_db: Floats,
    distance_m: Floats,
    timbre: Timbre,
) -> Pulses:
    """Pulses with level, signal-to-noise ratio and the shape that their source has at that distance."""
    rise, dur, centroid = (
        factor
        * np.interp(distance_m, _SHAPE_RANGE_M, median)
        * np.exp(log_sd * rng.normal(size=len(sensor)))
        for factor, median, log_sd in (
            (timbre.rise, _RISE_MS, SHAPE_LOG_SD[0]),
            (timbre.dur, _DUR_MS, SHAPE_LOG_SD[1]),
            (timbre.centroid, _CENTROID_HZ, SHAPE_LOG_SD[2]),
        )
    )
    peak = np.minimum(level_db, CLIP_DB)
    snr = np.maximum(peak - rng.normal(50.0, 4.0, len(sensor)), 3.0)  # a detector needs 3 dB
    return Pulses(
        sensor.astype(np.intp), t_ns, peak.round(1), snr.round(1), (rise + 0.1).round(2),
        dur.round(1), centroid.round(1),
    )  # fmt: skip
