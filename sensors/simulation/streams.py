"""Seeded streams of acoustic pulses with the truth kept apart: what a detector is tuned and judged on.

The error model is :mod:`sensors.simulation.sound`, the same that the demo city speaks. What a solver
cannot know (walls, weather, sounds, layout) varies with the seed; what happens, with seed and part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray

from sensors.simulation.background import background
from sensors.simulation.happenings import Happening, happenings
from sensors.simulation.messages import Columns, pulse_columns, weather_columns, with_rubbish
from sensors.simulation.pulses import Heard, PulseTruth, joined, taken
from sensors.simulation.randomness import part_generator
from sensors.simulation.sound import bang, paths_from
from sensors.simulation.tampering import (
    Fault,
    Faults,
    as_heard_by_faulty,
    draw_faults,
    forgeries,
    without_faults,
)
from sensors.simulation.town import TEMP_SD_C, WIND_SD_MPS, Sky, Town, build_sky, build_town

START_NS: Final = 1_780_000_000_000_000_000
PART_NS: Final = 7 * 86_400_000_000_000  # parts of one town are weeks apart


@dataclass(frozen=True)
class Preset:
    """How much happens. Rates are per hour over the whole array, noise per sensor and hour."""

    sensors: int = 300
    per_km2: tuple[float, float] = (7.5, 12.0)
    sparse_share: float = 0.15  # of seeds whose array is thinner by a third
    minutes: float = 60.0
    gunfire_per_h: float = 60.0
    firework_per_h: float = 20.0
    backfire_per_h: float = 8.0
    sites_per_h: float = 2.0
    noise_per_h: float = 20.0
    styles: tuple[float, float, float] = (0.85, 0.1, 0.05)  # handgun, rapid, automatic
    exchange_share: float = 0.03  # two shooters 100 to 300 m apart
    cluster_share: float = 0.1  # incidents that begin within seconds of another one
    fault_share: float = 0.0  # sensors that are off, adrift, misplaced or deaf
    spoofs_per_h: float = 0.0
    garbage_share: float = 0.0
    kinds_alike: float = 0.0  # from 0, as assumed, to 1, where everything sounds like a gunshot


PRESETS: Final = {
    "quiet": Preset(noise_per_h=10.0, firework_per_h=0.0, backfire_per_h=2.0, sites_per_h=0.0),
    "urban": Preset(noise_per_h=40.0),
    "dense": Preset(noise_per_h=240.0),
    "burst": Preset(
        noise_per_h=40.0, gunfire_per_h=70.0, firework_per_h=10.0, styles=(0.1, 0.65, 0.25),
        exchange_share=0.25, cluster_share=0.35,
    ),
    "adversarial": Preset(
        noise_per_h=60.0, fault_share=0.12, spoofs_per_h=20.0, garbage_share=0.01
    ),
    "city": Preset(
        sensors=1_000, noise_per_h=38.0, gunfire_per_h=13.0, firework_per_h=7.0,
        backfire_per_h=4.0, sites_per_h=1.0,
    ),
    "noise": Preset(
        noise_per_h=240.0, gunfire_per_h=0.0, firework_per_h=0.0, backfire_per_h=0.0, sites_per_h=0.0
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Incident:
    """One source's rounds, none more than 4 s after the last: what a detector should report once.

    kind: gunfire, firework or impulse. style: the rhythm behind it. x_m, y_m: metres. sensor,
    directs: (k,) healthy sensors with a direct pulse in the stream and how many. inside: within the
    hull of the array. is_site: a building site's blows, which may be reported but are not asked for.
    """

    kind: str
    style: str
    x_m: float
    y_m: float
    rounds_t_ns: NDArray[np.int64]
    sensor: NDArray[np.intp]
    directs: NDArray[np.intp]
    inside: bool
    is_site: bool

    @property
    def t_ns(self) -> int:
        return int(self.rounds_t_ns[0])

    @property
    def is_asked(self) -> bool:
        """Headline: inside the array and heard directly by four or more healthy sensors."""
        return self.inside and len(self.sensor) >= 4 and not self.is_site


@dataclass(frozen=True)
class Truth:
    """What the detector is not told. x_m, y_m: (s,) where sensors really stand. pulse: for each row."""

    incidents: tuple[Incident, ...]
    faults: tuple[Fault, ...]
    pulse: PulseTruth
    x_m: NDArray[np.float64]
    y_m: NDArray[np.float64]
    sky: Sky
    path_sd_s: float
    shot_sd_s: float
    temp_sd_c: float
    wind_sd_mps: float


@dataclass(frozen=True)
class Stream:
    """What a detector is given, as columns under the names of its input, and the truth apart.

    pulses: pulse_id, sensor_id, t_ns, recv_ns, peak_db, snr_db, rise_ms, dur_ms, centroid_hz, in
    order of receipt. sensors: sensor_id, x_m, y_m, z_m. weather: t_ns, temp_c, wind_mps, wind_from_deg.
    """

    pulses: Columns
    sensors: Columns
    weather: Columns
    truth: Truth


def make_stream(preset: Preset | str, *, seed: int, part: int = 0) -> Stream:
    """The stream of a preset, by name or as given. Parts of one seed are periods of one town."""
    wanted = PRESETS[preset] if isinstance(preset, str) else preset
    town, rng = build_town(wanted, seed=seed), part_generator(seed, 202, part)
    seconds = wanted.minutes * 60.0
    start_ns = START_NS + part * PART_NS
    sky = build_sky(rng, seconds=seconds, seed=seed)
    sources = happenings(wanted, town, rng, seconds=seconds)
    faults = without_faults(town)
    if wanted.fault_share:
        held = part_generator(seed, 203)  # the same sensors in every part
        faults = draw_faults(town, held, share=wanted.fault_share, forgers=wanted.spoofs_per_h > 0)
    bangs = [
        _heard(k, source, town, sky, rng, seed=seed, start_ns=start_ns)
        for k, source in enumerate(sources)
    ]
    noise = background(
        town, rng=rng, seconds=seconds, per_sensor_hour=wanted.noise_per_h, start_ns=start_ns
    )
    heard = _recovered(joined([*bangs, noise]), dead_time_s=town.dead_time_s)
    heard = as_heard_by_faulty(heard, faults, rng, start_ns=start_ns)
    incidents = _incidents(sources, heard, town, faults, start_ns=start_ns)
    if faults.rings:
        count = int(rng.poisson(wanted.spoofs_per_h * wanted.minutes / 60.0))
        forged = forgeries(
            heard, town, faults, rng, count=count, seconds=seconds, start_ns=start_ns
        )
        heard = joined([heard, forged])
    return _told(heard, wanted, town, sky, faults, rng, incidents=incidents, start_ns=start_ns)


def _heard(
    number: int,
    source: Happening,
    town: Town,
    sky: Sky,
    rng: np.random.Generator,
    *,
    seed: int,
    start_ns: int,
) -> Heard:
    paths = paths_from(
        source.x_m,
        source.y_m,
        z_m=source.z_m,
        to=(town.x_m, town.y_m, town.z_m),
        air=sky.at(float(source.rounds_s[0]), rng),
        seed=seed,
        acoustics=town.acoustics,
    )
    return bang(
        paths,
        start_ns + np.round(1e9 * source.rounds_s).astype(np.int64),
        rng=rng,
        event=number,
        timbre=source.timbre,
        loudness_db=source.loudness_db,
        acoustics=town.acoustics,
    )


def _recovered(heard: Heard, *, dead_time_s: float) -> Heard:
    """Without the pulses that come while the sensor still rings from the one before."""
    order = np.lexsort([heard[0].t_ns, heard[0].sensor])
    sensor, t_ns = heard[0].sensor[order], heard[0].t_ns[order]
    soon = (np.diff(sensor) == 0) & (np.diff(t_ns) < 1e9 * dead_time_s)
    return taken(heard, order[np.concatenate([[True], ~soon])[: order.size]])


def _incidents(
    sources: list[Happening], heard: Heard, town: Town, faults: Faults, *, start_ns: int
) -> tuple[Incident, ...]:
    sensor, truth = heard[0].sensor, heard[1]
    hull = shapely.convex_hull(shapely.multipoints(np.column_stack([town.x_m, town.y_m])))
    counted = np.flatnonzero((truth.echo == 0) & faults.is_healthy[sensor])
    counted = counted[np.argsort(truth.event[counted], kind="stable")]
    event = truth.event[counted]
    found = list[Incident]()
    for k, source in enumerate(sources):
        rows = counted[np.searchsorted(event, k) : np.searchsorted(event, k + 1)]
        direct, count = np.unique(sensor[rows], return_counts=True)
        found.append(
            Incident(
                kind=source.kind, style=source.style, x_m=source.x_m, y_m=source.y_m,
                rounds_t_ns=start_ns + np.round(1e9 * source.rounds_s).astype(np.int64),
                sensor=direct, directs=count,
                inside=bool(shapely.contains_xy(hull, source.x_m, source.y_m)),
                is_site=source.is_site,
            )
        )  # fmt: skip
    return tuple(found)


def _told(
    heard: Heard,
    preset: Preset,
    town: Town,
    sky: Sky,
    faults: Faults,
    rng: np.random.Generator,
    *,
    incidents: tuple[Incident, ...],
    start_ns: int,
) -> Stream:
    names = np.char.mod("S%04d", np.arange(town.x_m.size))
    is_hostile = preset.garbage_share > 0.0
    columns, truth = pulse_columns(heard, names, town, rng, late_share=0.02 * is_hostile)
    if is_hostile:
        columns, truth = with_rubbish(columns, truth, rng, share=preset.garbage_share)
    at = np.column_stack([town.x_m, town.y_m]) + faults.shift_m
    return Stream(
        pulses=columns,
        sensors={"sensor_id": names, "x_m": at[:, 0], "y_m": at[:, 1], "z_m": town.z_m},
        weather=weather_columns(sky, start_ns=start_ns),
        truth=Truth(
            incidents, faults.told, truth, town.x_m, town.y_m, sky, town.acoustics.path_sd_s,
            town.acoustics.shot_sd_s, TEMP_SD_C, WIND_SD_MPS,
        ),
    )  # fmt: skip
