"""Acoustic detection: accuracy and speed of ours beside what else can be installed, on the same streams.

python benchmarks/acoustic.py [--quick] [--seeds 21,22,23] [--minutes 4] [--only side,ours,health,growth,day,live-fire]

Everything in one table reads the same seeded streams in the same run; speed is pulses per CPU second
of the whole process, because machines are shared. The rivals are slow, so they are compared on minutes
of stream; ours is then shown alone on whole ones, and on a day of a thousand sensors.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.acoustic_rivals import PyOctoAbsentError, plain_scipy, pyocto
from sensors.detection import CORE_VERSION, PulseArrays, SensorArrays, Weather, detect
from sensors.detection.history import taught_by_reviews
from sensors.detection.learning import train
from tests.reference import acoustic_pittsburgh as pittsburgh
from tests.reference.acoustic_stream import (
    PRESETS,
    MadeStream,
    Marks,
    Preset,
    make_stream,
    mark,
    mark_health,
    pooled,
)

PRESET_NAMES = ("quiet", "urban", "dense", "burst", "adversarial", "city")
HISTORY_PARTS = (1, 2, 3)
BUSY_PER_H = 88.0  # incidents in an hour of `urban`
COLUMNS = (
    "stream", "method", "pulses", "per CPU s", "found", "false", "F1", "gun F1", "AUC", "ECE",
    "median m", "p95 m", "RMSE/bound", "in 95 %", "area", "shots", "shots +-1",
)  # fmt: skip


def ours(stream: MadeStream, **more: Any) -> Any:
    return detect(stream.pulses, stream.sensors, weather=stream.weather, **more)


def classifier_of_town(preset: Preset, seed: int) -> Any:
    """What reviews of earlier periods of the same town teach: incidents the core found, named by truth."""
    histories = []
    for part in HISTORY_PARTS:
        stream = make_stream(preset, seed=seed, part=part)
        incidents = [i for i in stream.truth.incidents if not i.is_site]
        taught = taught_by_reviews(
            ours(stream).events,
            np.array([i.t_ns for i in incidents], np.int64),
            np.array([(i.x_m, i.y_m) for i in incidents]).reshape(-1, 2),
            [i.kind for i in incidents],
            in_degrees=False,
        )
        histories.append(taught.history)
    features = tuple(one for history in histories for one in history.features)
    return train(type(histories[0])(features, np.concatenate([h.kind for h in histories])))


def measured(
    name: str, label: str, streams: Iterable[MadeStream], method: Callable[[MadeStream, int], Any]
) -> None:
    """One line of a table: CPU time of the method alone, marks over all its streams."""
    pulses, cpu_s, marks = 0, 0.0, []
    for number, stream in enumerate(streams):
        began = time.process_time()
        detection = method(stream, number)
        cpu_s += time.process_time() - began
        pulses += len(stream.pulses)
        marks.append(mark(detection, stream.truth))
    print_row(name, label, pulses, cpu_s, pooled(marks))


def print_row(name: str, label: str, pulses: int, cpu_s: float, m: Marks) -> None:
    figures = (
        (m.f1, 2), (m.gun_f1, 2), (m.auc, 2), (m.ece, 2), (m.median_m, 1), (m.p95_m, 1),
        (m.over_bound, 2), (m.in_ellipse, 2), (m.ellipse_area, 2), (m.rounds_right, 2),
        (m.rounds_within_one, 2),
    )  # fmt: skip
    if label.startswith(
        ("SciPy", "PyOcto")
    ):  # who states no ellipse and no probability has no mark
        figures = tuple((np.nan if k in (2, 3, 7, 8) else v, d) for k, (v, d) in enumerate(figures))
    cells = [name, label, f"{pulses:,}", f"{pulses / cpu_s:,.0f}", f"{m.found}/{m.asked}", m.false]
    cells += ["-" if np.isnan(value) else f"{value:.{digits}f}" for value, digits in figures]
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def print_heading(columns: Iterable[str]) -> None:
    names = list(columns)
    print("\n| " + " | ".join(names) + " |\n|" + "---|" * len(names))


def methods_here() -> dict[str, Callable[[MadeStream, int], Any]]:
    methods = {"SciPy least squares": lambda stream, _: plain_scipy(stream)}
    try:
        pyocto(make_stream(replace(PRESETS["quiet"], minutes=1.0), seed=0))
    except PyOctoAbsentError as error:
        print(f"\nPyOcto is left out. {error}")
    else:
        methods["PyOcto + least squares"] = lambda stream, _: pyocto(stream)
    return {**methods, CORE_VERSION: lambda stream, _: ours(stream)}


def side_by_side(names: Iterable[str], seeds: list[int], minutes: float) -> None:
    methods = methods_here()
    print(
        f"\n## Side by side: seeds {seeds}, {minutes:g} minutes of each stream, more where less happens"
    )
    print_heading(COLUMNS)
    for name in names:
        preset = PRESETS[name]
        happens = preset.gunfire_per_h + preset.firework_per_h + preset.backfire_per_h
        preset = replace(preset, minutes=minutes * max(1.0, BUSY_PER_H / happens))
        streams = [make_stream(preset, seed=seed) for seed in seeds]
        for label, method in methods.items():
            measured(name, label, streams, method)


def whole_streams(names: Iterable[str], seeds: list[int], minutes: float) -> None:
    print(f"\n## Ours on whole streams: seeds {seeds}, {minutes:g} minutes each")
    print_heading(COLUMNS)
    for name in names:
        preset = replace(PRESETS[name], minutes=minutes)
        streams = [make_stream(preset, seed=seed) for seed in seeds]
        measured(name, CORE_VERSION, streams, lambda stream, _: ours(stream))
        taught = [classifier_of_town(preset, seed) for seed in seeds]
        measured(
            name,
            f"with {len(HISTORY_PARTS)} periods reviewed",
            streams,
            lambda stream, k, taught=taught: ours(stream, classifier=taught[k]),
        )
    noise = [make_stream(replace(PRESETS["noise"], minutes=minutes), seed=seed) for seed in seeds]
    measured("noise", CORE_VERSION, noise, lambda stream, _: ours(stream))


def growth(seed: int, minutes: float, *, rivals_up_to: int) -> None:
    """Cost against sensors at one density and rate, then against noise for one array."""
    methods = methods_here()
    print(
        f"\n## How cost grows: seed {seed}, {minutes:g} minutes, incidents in proportion to the sensors"
    )
    print_heading(("sensors", "noise per sensor-hour", "pulses", *(f"{k}, CPU s" for k in methods)))
    city = PRESETS["city"]
    steps = [(n, city.noise_per_h) for n in (100, 300, 1_000, 3_000)]
    steps += [(300, noise) for noise in (10.0, 120.0, 240.0, 480.0)]
    for sensors, noise in steps:
        share = sensors / city.sensors
        preset = replace(
            city, sensors=sensors, noise_per_h=noise, minutes=minutes,
            gunfire_per_h=60 * share, firework_per_h=20 * share, sites_per_h=0.0,
        )  # fmt: skip
        stream, cells = make_stream(preset, seed=seed), []
        for label, method in methods.items():
            if label != CORE_VERSION and len(stream.pulses) > rivals_up_to:
                cells.append("-")
                continue
            began = time.process_time()
            method(stream, 0)
            cells.append(f"{time.process_time() - began:.2f}")
        print(
            f"| {sensors} | {noise:g} | {len(stream.pulses):,} | " + " | ".join(cells) + " |",
            flush=True,
        )


def day(seed: int, minutes: float) -> None:
    """A long stream in a process of its own, which makes nothing and so shows the detector's memory."""
    stream = make_stream(replace(PRESETS["city"], minutes=minutes), seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        for name in ("pulses", "sensors", "weather"):
            table = {k: v for k, v in vars(getattr(stream, name)).items() if v is not None}
            np.savez(Path(folder) / f"{name}.npz", allow_pickle=False, **table)
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            events, cpu_s, before_mb, peak_mb = pool.submit(day_alone, folder).result()
    print(f"\n## {minutes / 60:g} hours of 1,000 sensors, seed {seed}")
    print_heading(COLUMNS)
    print_row("city", CORE_VERSION, len(stream.pulses), cpu_s, mark(events, stream.truth))
    print(
        f"\n{len(stream.pulses):,} pulses in {cpu_s:.1f} CPU s; peak memory {peak_mb:,.0f} MB, of which "
        f"{before_mb:,.0f} MB before the first pulse was weighed."
    )


def day_alone(folder: str) -> tuple[Any, float, float, float]:
    tables = []
    for kind, name in ((PulseArrays, "pulses"), (SensorArrays, "sensors"), (Weather, "weather")):
        with np.load(Path(folder) / f"{name}.npz") as archive:
            tables.append(kind(**{column: archive[column] for column in archive.files}))
    pulses, sensors, weather = tables
    before_mb = peak_memory_mb()
    began = time.process_time()
    detection = detect(pulses, sensors, weather=weather)
    cpu_s = time.process_time() - began
    return detection, cpu_s, before_mb, peak_memory_mb()


def peak_memory_mb() -> float:
    """Of this process alone: what getrusage says includes the process that started it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return float(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024.0


def health(seeds: list[int], minutes: float) -> None:
    """What the detector says of the adversary's sensors."""
    print(f"\n## Sensors named, adversarial, seeds {seeds}, {minutes:g} minutes each")
    print_heading(("fault", "sensors", "named", "named as another"))
    total = {"asked": Counter[str](), "named": Counter[str](), "misnamed": Counter[str]()}
    false = healthy = 0
    for seed in seeds:
        stream = make_stream(replace(PRESETS["adversarial"], minutes=minutes), seed=seed)
        marks = mark_health(ours(stream).health, stream.truth, stream.sensors.sensor_id)
        false += marks.false
        healthy += len(stream.sensors) - len(stream.truth.faults)
        for name, counts in total.items():
            counts.update(getattr(marks, name))
    for kind, asked in sorted(total["asked"].items()):
        print(f"| {kind} | {asked} | {total['named'][kind]} | {total['misnamed'][kind]} |")
    print(f"| none | {healthy} | {false} | |")


def live_fire() -> None:
    root = pittsburgh.folder()
    if root is None:
        print(
            "\nThe Pittsburgh live-fire set is not here (set DAYLIGHT_SHARED_DATA): no back-test."
        )
        return
    scores = pittsburgh.table(pittsburgh.back_test(root))
    print(f"\n## Pittsburgh live fire, raw pulses, no grouping given\n\n{scores}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few minutes: less of everything")
    parser.add_argument("--seeds", default="", help="streams to make, by seed (default 21,22,23)")
    parser.add_argument("--presets", default=",".join(PRESET_NAMES))
    parser.add_argument(
        "--minutes", type=float, help="of each stream that the rivals read (default 4)"
    )
    parser.add_argument(
        "--only", default="side,ours,health,growth,day,live-fire", help="which parts"
    )
    options = parser.parse_args()
    quick = options.quick
    seeds = [int(seed) for seed in (options.seeds or ("21" if quick else "21,22,23")).split(",")]
    names, parts = options.presets.split(","), options.only.split(",")
    rival_minutes = options.minutes or (2.0 if quick else 4.0)
    logging.disable(logging.WARNING)  # PyOcto counts its threads aloud
    began = time.process_time()
    if "side" in parts:
        side_by_side(names, seeds, rival_minutes)
    if "ours" in parts:
        whole_streams(names, seeds, 20.0 if quick else 60.0)
    if "health" in parts:
        health(seeds, 30.0 if quick else 60.0)
    if "growth" in parts:
        growth(seeds[0], 4.0 if quick else 10.0, rivals_up_to=5_000 if quick else 12_000)
    if "day" in parts:
        day(seeds[0], 120.0 if quick else 1_440.0)
    if "live-fire" in parts:
        live_fire()
    print(f"\n{time.process_time() - began:.0f} CPU s in all.")


if __name__ == "__main__":
    main()
