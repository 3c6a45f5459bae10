"""What the city's acoustic sensors on roofs and poles would send for a bang, with the truth kept apart.

Where the sensors stand is decided here; how sound reaches them, in :mod:`sensors.simulation.sound`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray

from sensors.simulation.city import City
from sensors.simulation.gunfire import LoudEvents, shooting_weights
from sensors.simulation.pulses import Heard, Pulses, joined
from sensors.simulation.randomness import hashed, hashed_normal, part_generator
from sensors.simulation.sound import FIREWORK, GUNSHOT, bang, clatter, paths_from
from sensors.simulation.weather import weather_at

SENSORS_PER_KM2: Final = 9.2  # 7 to 12 are usual


@dataclass(frozen=True)
class AcousticSensors:
    """Sensors and where they are; arrays of shape (s,). Positions are secret in a real city."""

    serial: NDArray[np.str_]
    x: NDArray[np.float64]  # metres
    y: NDArray[np.float64]
    z_m: NDArray[np.float64]  # above the street
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]


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


def hear(
    city: City, sensors: AcousticSensors, events: LoudEvents, *, rng: np.random.Generator
) -> Heard:
    """Pulses of all sensors for some events, with echoes and misses, in order of arrival."""
    return joined([_hear_one(city, sensors, events, i, rng) for i in range(len(events.t_ns))])


def _hear_one(
    city: City, sensors: AcousticSensors, events: LoudEvents, event: int, rng: np.random.Generator
) -> Heard:
    rounds_t_ns = events.rounds_t_ns[event]
    paths = paths_from(
        float(events.x[event]),
        float(events.y[event]),
        to=(sensors.x, sensors.y, sensors.z_m),
        air=weather_at(city.seed, int(rounds_t_ns[0])),
        seed=city.seed,
    )
    return bang(
        paths,
        rounds_t_ns,
        rng=rng,
        event=event,
        timbre=GUNSHOT if events.kind[event] == "gunfire" else FIREWORK,
        loudness_db=float(events.loudness_db[event]),
    )


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
    return joined([clatter(rng, sensor, t_ns)])


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
