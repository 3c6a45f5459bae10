"""What acoustic sensors on roofs and poles would send for a bang, with the truth kept apart.

Laws measured on the Pittsburgh live-fire set (Calhoun et al. 2021, arXiv 2108.07377, CC BY 4.0), own
evaluation: share of direct pulses by distance, path error, echo delays, levels and pulse shapes. What
fireworks and street noise sound like at a distance is an assumption; no licensed set shows it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Final, TypeVar

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.special import gammaincinv, ndtr

from sensors.simulation.city import City
from sensors.simulation.gunfire import LoudEvents, shooting_weights
from sensors.simulation.randomness import hashed, hashed_normal, hashed_uniform, part_generator
from sensors.simulation.weather import Weather, weather_at

SENSORS_PER_KM2: Final = 9.2  # 7 to 12 are usual
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
_ECHOES: Final = 0.985  # mean per path; 0.78 of them fall within 0.6 s and are heard
_ECHO_CDF: Final = np.exp(-_ECHOES) * np.cumsum(_ECHOES ** np.arange(4) / [1.0, 1.0, 2.0, 6.0])
_P_ECHO: Final = 0.9
_SHARED: Final = 0.6  # share of the variance of hearing that belongs to the path, not to the shot
LEVEL_100M_DB: Final = 95.6  # falls by 20 dB per tenfold distance: 80 dB at 600 m
CLIP_DB: Final = 94.0
_SHAPE_RANGE_M: Final = np.array([150.0, 300.0])
_SHAPE: Final = {  # medians of rise and duration (ms) and centroid (Hz) below 150, below 300, beyond
    "gunfire": ((1.0, 1.1, 1.2), (144.0, 126.0, 190.0), (830.0, 615.0, 550.0)),
    "firework": ((2.4, 2.6, 2.8), (230.0, 220.0, 290.0), (600.0, 470.0, 420.0)),
    "noise": ((7.0, 7.0, 7.0), (260.0, 260.0, 260.0), (480.0, 480.0, 480.0)),
}
_SHAPE_LOG_SD: Final = (0.9, 0.6, 0.2)


@dataclass(frozen=True)
class AcousticSensors:
    """Sensors and where they are; arrays of shape (s,). Positions are secret in a real city."""

    serial: NDArray[np.str_]
    x: NDArray[np.float64]  # metres
    y: NDArray[np.float64]
    z_m: NDArray[np.float64]  # above the street
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]


@dataclass(frozen=True)
class Pulses:
    """What was sent, in order of arrival; arrays of shape (p,)."""

    sensor: NDArray[np.intp]  # index into the sensors
    t_ns: NDArray[np.int64]
    peak_db: NDArray[np.float64]
    snr_db: NDArray[np.float64]
    rise_ms: NDArray[np.float64]
    dur_ms: NDArray[np.float64]
    centroid_hz: NDArray[np.float64]


@dataclass(frozen=True)
class PulseTruth:
    """What each pulse really was; arrays of shape (p,), in the order of the pulses."""

    event: NDArray[np.intp]  # index into the events, -1 for noise
    round: NDArray[np.intp]  # -1 for noise
    echo: NDArray[np.intp]  # 0 direct, 1.. echoes, -1 for noise


Heard = tuple[Pulses, PulseTruth]


def covered_beats(city: City, *, sensors: int) -> list[int]:
    """The busiest beats, by shootings and addresses per area, that so many sensors can cover."""
    a = city.addresses
    area_km2 = np.array([beat.polygon.area for beat in city.beats]) / 1e6
    risk = np.bincount(city.address_beat, weights=shooting_weights(city), minlength=len(area_km2))
    people = np.bincount(city.address_beat, minlength=len(area_km2)) / len(a.x)
    order = np.argsort(-(risk + 0.35 * people) / area_km2, kind="stable")
    enough = int(np.searchsorted(np.cumsum(area_km2[order]), sensors / SENSORS_PER_KM2))
    return sorted(int(b) for b in order[: enough + 1])


def place_sensors(city: City, *, sensors: int | None = None) -> AcousticSensors:
    """About 300 sensors for a city of 60,000 addresses (in proportion for another), evenly over its
    busier beats, each on the nearest building's roof or a pole before it."""
    rng = part_generator(city.seed, 30)
    wanted = sensors or max(12, round(300 * city.plan.addresses / 60_000))
    ground = shapely.union_all([city.beats[b].polygon for b in covered_beats(city, sensors=wanted)])
    step = float(np.sqrt(2.0 / np.sqrt(3.0) / SENSORS_PER_KM2)) * 1_000.0  # of a hexagonal grid
    west, south, east, north = ground.bounds
    rows = np.arange(south, north + step, step * np.sqrt(0.75))
    x, y = np.meshgrid(np.arange(west - step, east + step, step), rows)
    x = x + np.where(np.arange(len(rows)) % 2 == 1, step / 2.0, 0.0)[:, None]
    x, y = (np.ravel(v) + rng.normal(0.0, 0.12 * step, v.size) for v in (x, y))
    inside = shapely.contains_xy(ground, x, y)
    a = city.addresses
    doors = shapely.STRtree(np.asarray(shapely.points(a.x, a.y)))
    door = np.unique(doors.nearest(shapely.points(x[inside], y[inside])))
    is_roof = rng.random(len(door)) < 0.7
    z_m = np.where(is_roof, rng.uniform(6.0, 18.0, len(door)), rng.uniform(5.0, 8.0, len(door)))
    xs, ys = a.x[door] + rng.normal(0, 3.0, len(door)), a.y[door] + rng.normal(0, 3.0, len(door))
    lon, lat = city.plane.to_lonlat(xs, ys)
    serial = np.array([f"AC-{n:04d}" for n in 1000 + rng.permutation(len(door))])
    return AcousticSensors(serial, xs, ys, z_m.round(1), lon.round(7), lat.round(7))


def direct_share(distance_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probability that the direct pulse of a common handgun is heard; same shape as the distances."""
    return np.asarray(_P_DIRECT[np.searchsorted(_RANGE_M, distance_m)])


def hear(
    city: City, sensors: AcousticSensors, events: LoudEvents, *, rng: np.random.Generator
) -> Heard:
    """Pulses of all sensors for some events, with echoes and misses, in order of arrival."""
    return joined(
        [_hear_one(city, sensors, events, rng=rng, event=i) for i in range(len(events.t_ns))]
    )


def joined(parts: list[Heard]) -> Heard:
    """Several lots of pulses as one, in order of arrival."""
    pulses = _concatenated([pulses for pulses, _ in parts] or [_NO_PULSES])
    truth = _concatenated([truth for _, truth in parts] or [_NO_TRUTH])
    order = np.lexsort([pulses.sensor, pulses.t_ns])
    return _taken(pulses, order), _taken(truth, order)


def between(heard: Heard, *, from_ns: int, to_ns: int) -> Heard:
    """The pulses with ``from_ns <= t_ns < to_ns``."""
    keep = np.flatnonzero((heard[0].t_ns >= from_ns) & (heard[0].t_ns < to_ns))
    return _taken(heard[0], keep), _taken(heard[1], keep)


def street_noise(
    sensors: AcousticSensors,
    *,
    rng: np.random.Generator,
    from_ns: int,
    to_ns: int,
    per_sensor_hour: float = 6.0,
) -> Heard:
    """Doors, trucks, dogs: pulses at random times. Louder corners send several times as many."""
    hours = (to_ns - from_ns) / 3.6e12
    liveliness = np.exp(0.7 * hashed_normal(1, 31, np.arange(len(sensors.x))) - 0.245)
    count = rng.poisson(per_sensor_hour * hours * liveliness)
    sensor = np.repeat(np.arange(len(count)), count)
    t_ns = rng.integers(from_ns, max(to_ns, from_ns + 1), size=len(sensor))
    level = rng.normal(63.0, 6.0, len(sensor))
    pulses = _shaped(rng, sensor, t_ns, level, np.full(len(sensor), 300.0), kind="noise")
    none = np.full(len(sensor), -1)
    return joined([(pulses, PulseTruth(none, none, none))])


def pulse_messages(sensors: AcousticSensors, pulses: Pulses) -> list[dict[str, Any]]:
    """The messages the devices send, one for each pulse, in the order of arrival."""
    peak_tenths = np.round(10.0 * pulses.peak_db).astype(np.int64)
    ids = hashed(0, pulses.sensor, pulses.t_ns, peak_tenths)
    return [
        {
            "sensor": str(sensors.serial[s]), "pulse_id": f"{int(i):016x}", "t_ns": int(t),
            "peak_db": float(peak), "snr_db": float(snr), "rise_ms": float(rise),
            "dur_ms": float(dur), "centroid_hz": float(centroid),
        }
        for s, i, t, peak, snr, rise, dur, centroid in zip(
            pulses.sensor, ids, pulses.t_ns, pulses.peak_db, pulses.snr_db, pulses.rise_ms,
            pulses.dur_ms, pulses.centroid_hz, strict=True,
        )
    ]  # fmt: skip


@dataclass(frozen=True)
class _Paths:
    """The ways from one place to the k sensors in range; what belongs to the path stays the same."""

    sensor: NDArray[np.intp]  # (k,)
    distance_m: NDArray[np.float64]  # (k,)
    travel_s: NDArray[np.float64]  # (k,) with the delay of the path
    luck: NDArray[np.float64]  # (k,) standard normal: how well this path carries
    level_db: NDArray[np.float64]  # (k,) at the sensor, before the shot's own scatter
    echo_s: NDArray[np.float64]  # (k, 4) after the direct arrival
    echoes: NDArray[np.intp]  # (k,) how many of them come with a direct pulse


def _paths(city: City, sensors: AcousticSensors, *, x: float, y: float, weather: Weather) -> _Paths:
    east, north = sensors.x - x, sensors.y - y
    distance = np.sqrt(east**2 + north**2 + (sensors.z_m - 1.5) ** 2)
    near = np.flatnonzero(distance < MAX_RANGE_M)
    distance, east, north = distance[near], east[near], north[near]
    wind = (weather.wind_east_m_s * east + weather.wind_north_m_s * north) / distance
    place = (int(np.floor(x / PLACE_M)), int(np.floor(y / PLACE_M)))
    seed = city.seed
    # The way around a building is never shorter: a gamma law of shape 2 has this sd and no early side.
    scale_s = PATH_SD_S / np.sqrt(2.0)
    delay = scale_s * gammaincinv(2.0, hashed_uniform(seed, 32, near, *place))
    log_echo = ECHO_LOG_SD * hashed_normal(seed, 33, near[:, None], *place, np.arange(4))
    level = LEVEL_100M_DB - 20.0 * np.log10(np.maximum(distance, 10.0) / 100.0)
    return _Paths(
        sensor=near,
        distance_m=distance,
        travel_s=distance / (weather.sound_speed_m_s + wind) + delay,
        luck=hashed_normal(seed, 35, near, *place),
        level_db=level + 8.0 * hashed_normal(seed, 36, near, *place),
        echo_s=ECHO_MEDIAN_S * np.exp(log_echo),
        echoes=np.searchsorted(_ECHO_CDF, hashed_uniform(seed, 34, near, *place)),
    )


def _hear_one(
    city: City,
    sensors: AcousticSensors,
    events: LoudEvents,
    *,
    rng: np.random.Generator,
    event: int,
) -> Heard:
    """All pulses of one event: of sensors x rounds x (direct, four echoes), those that were heard."""
    rounds, loudness = events.rounds_t_ns[event], float(events.loudness_db[event])
    paths = _paths(
        city, sensors, x=float(events.x[event]), y=float(events.y[event]),
        weather=weather_at(city.seed, int(rounds[0])),
    )  # fmt: skip
    path, nth_round, order = np.nonzero(
        _heard(rng, paths, rounds=len(rounds), loudness_db=loudness)
    )
    n = len(path)
    after = np.where(order > 0, paths.echo_s[path, order - 1], 0.0)
    since = paths.travel_s[path] + after + rng.normal(0.0, SHOT_SD_S, n)
    t_ns = rounds[nth_round] + np.round(1e9 * since).astype(np.int64)
    level = paths.level_db[path] + loudness + rng.normal(0.0, 2.0, n)
    level -= np.where(order > 0, 5.0 + rng.exponential(5.0, n), 0.0)
    kind, far = str(events.kind[event]), paths.distance_m[path]
    pulses = _shaped(rng, paths.sensor[path], t_ns, level, far, kind=kind)
    return pulses, PulseTruth(np.full(n, event), nth_round, order)


def _heard(
    rng: np.random.Generator, paths: _Paths, *, rounds: int, loudness_db: float
) -> NDArray[np.bool_]:
    """Which pulses are heard: (k, rounds, 5), the direct one first, then the echoes."""
    k = len(paths.sensor)
    own = rng.normal(size=(k, rounds))
    luck = np.sqrt(_SHARED) * paths.luck[:, None] + np.sqrt(1.0 - _SHARED) * own
    # A louder source is heard as a common one from nearer by: 6 dB halve the distance.
    as_if_m = paths.distance_m * 10.0 ** (-loudness_db / 20.0)
    direct = ndtr(luck) < direct_share(as_if_m)[:, None]
    p_late = _P_LATE[np.searchsorted(_RANGE_M, as_if_m)]
    exists = np.arange(4) < paths.echoes[:, None]
    echo = direct[..., None] & exists[:, None, :] & (rng.random((k, rounds, 4)) < _P_ECHO)
    echo[..., 0] |= ~direct & (rng.random((k, rounds)) < p_late[:, None])
    return np.concatenate([direct[..., None], echo], axis=2)


def _shaped(
    rng: np.random.Generator,
    sensor: NDArray[np.intp],
    t_ns: NDArray[np.int64],
    level_db: NDArray[np.float64],
    distance_m: NDArray[np.float64],
    *,
    kind: str,
) -> Pulses:
    """Pulses with level, signal-to-noise ratio and the shape that their kind has at that distance."""
    band = np.searchsorted(_SHAPE_RANGE_M, distance_m)
    rise, dur, centroid = (
        np.array(median)[band] * np.exp(log_sd * rng.normal(size=len(sensor)))
        for median, log_sd in zip(_SHAPE[kind], _SHAPE_LOG_SD, strict=True)
    )
    peak = np.minimum(level_db, CLIP_DB)
    snr = np.maximum(peak - rng.normal(50.0, 4.0, len(sensor)), 3.0)  # a detector needs 3 dB
    return Pulses(
        sensor.astype(np.intp), t_ns, peak.round(1), snr.round(1), (rise + 0.1).round(2),
        dur.round(1), centroid.round(1),
    )  # fmt: skip


_T = TypeVar("_T", Pulses, PulseTruth)
_NONE: Final = np.array([], dtype=np.intp)
_NO_PULSES: Final = Pulses(_NONE, _NONE.astype(np.int64), *(np.array([], float) for _ in range(5)))
_NO_TRUTH: Final = PulseTruth(_NONE, _NONE, _NONE)


def _taken(table: _T, index: NDArray[np.intp]) -> _T:
    return type(table)(*(getattr(table, field.name)[index] for field in fields(table)))


def _concatenated(tables: list[_T]) -> _T:
    columns = (
        np.concatenate([getattr(table, field.name) for table in tables])
        for field in fields(tables[0])
    )
    return type(tables[0])(*columns)
