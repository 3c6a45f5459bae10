"""Acoustic detection: pulses per CPU second and accuracy, ours beside a plain SciPy baseline.

python benchmarks/acoustic.py [--seeds 21,22] [--minutes 5]

Both read the same seeded streams in the same run; the baseline is what one writes in an afternoon:
every pulse in turn is taken for the first arrival, the first pulses of its neighbours within the time
sound needs are given to scipy.optimize.least_squares, and what agrees is an incident. It is slow, so the comparison takes minutes of stream; ours is then shown
alone on longer ones.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.optimize import least_squares

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sensors.detection import CORE_VERSION, Detection, detect
from tests.reference import acoustic_pittsburgh as pittsburgh
from tests.reference.acoustic_stream import PRESETS, MadeStream, Preset, make_stream, mark

DAY_PULSES = 1_170_000


@dataclass(frozen=True)
class PlainEvent:
    t_ns: int
    x_m: float
    y_m: float
    cov_xx: float = np.nan  # a plain fit states no honest ellipse
    cov_xy: float = np.nan
    cov_yy: float = np.nan
    n_shots: int = 1
    kind: str = ""


@dataclass(frozen=True)
class PlainDetection:
    events: list[PlainEvent]


def plain_scipy(stream: MadeStream) -> PlainDetection:
    """The baseline: one solve per pulse that has company, nothing joint, no sense of silence."""
    xy = np.column_stack([stream.sensors.x_m, stream.sensors.y_m])
    order = np.argsort(stream.pulses.t_ns, kind="stable")
    t0_ns = int(stream.pulses.t_ns[order[0]])
    t = (stream.pulses.t_ns[order] - t0_ns) / 1e9
    sensor = np.searchsorted(stream.sensors.sensor_id, stream.pulses.sensor_id[order])
    c = 20.03 * np.sqrt(float(stream.weather.temp_c[0]) + 273.15)
    free, events = np.ones(t.size, bool), []
    for k in range(t.size):
        if free[k]:
            solved = _solve_from(k, t, sensor, free, xy, c)
            if solved is not None:
                place, emission, used = solved
                free[used] = False
                _add(events, PlainEvent(t0_ns + int(emission * 1e9), *place))
    return PlainDetection(events)


def _solve_from(k, t, sensor, free, xy, c):
    later = k + 1 + np.flatnonzero(free[k + 1 : np.searchsorted(t, t[k] + 3.0)])
    reach = np.hypot(*(xy[sensor[later]] - xy[sensor[k]]).T)
    later = later[(reach < 1000.0) & (reach > 0.0) & (t[later] - t[k] < reach / c + 0.05)]
    _, first = np.unique(sensor[later], return_index=True)
    group = np.concatenate([[k], later[first]])
    if group.size < 5:
        return None
    for _ in range(2):
        fit = least_squares(
            lambda p, g=group: t[g] - p[2] - np.hypot(*(xy[sensor[g]] - p[:2]).T) / c,
            [*xy[sensor[k]] + 1.0, t[k] - 0.3],
            loss="soft_l1",
            f_scale=0.01,
        )
        miss = np.abs(t[group] - fit.x[2] - np.hypot(*(xy[sensor[group]] - fit.x[:2]).T) / c)
        group = group[miss < 0.04]
        if group.size < 6:
            return None
    return (float(fit.x[0]), float(fit.x[1])), float(fit.x[2]), group


def _add(events: list[PlainEvent], new: PlainEvent) -> None:
    near = (
        abs(new.t_ns - e.t_ns) < 4e9 and np.hypot(new.x_m - e.x_m, new.y_m - e.y_m) < 100.0
        for e in events
    )
    if not any(near):
        events.append(new)


def ours(stream: MadeStream) -> Detection:
    return detect(stream.pulses, stream.sensors, weather=stream.weather)


HEADING = """
| stream | method | pulses | pulses per CPU s | ratio | found | false | F1 | median m | p95 m | in 95 % ellipse | rounds right |
|---|---|---|---|---|---|---|---|---|---|---|---|"""


def measure(name: str, preset: Preset, seeds: list[int], methods: dict) -> None:
    """One line a method: the same streams, CPU time of this process, marks against the truth."""
    slowest = None
    for label, method in methods.items():
        pulses, cpu_s, marks = 0, 0.0, []
        for seed in seeds:
            stream = make_stream(preset, np.random.default_rng(seed))
            began = time.process_time()
            detection = method(stream)
            cpu_s += time.process_time() - began
            pulses += len(stream.pulses)
            marks.append(mark(detection, stream.truth))
        slowest = slowest or pulses / cpu_s
        asked, found, false = (
            sum(getattr(m, k) for m in marks) for k in ("asked", "found", "false")
        )
        median, p95, inside, rounds = (
            np.average([getattr(m, k) for m in marks], weights=[m.found + 1e-9 for m in marks])
            for k in ("median_m", "p95_m", "in_ellipse", "rounds_right")
        )
        print(
            f"| {name} | {label} | {pulses:,} | {pulses / cpu_s:,.0f} | {pulses / cpu_s / slowest:.1f} | {found}/{asked} | {false} "
            f"| {2 * found / max(found + false + asked, 1):.2f} | {median:.1f} | {p95:.1f} "
            f"| {'-' if method is plain_scipy else f'{inside:.2f}'} | {rounds:.2f} |",
            flush=True,
        )


def growth(seed: int) -> None:
    print(
        "\n| sensors | pulses | CPU s | pulses per CPU s | a day of 1.17 M pulses, CPU s |\n|---|---|---|---|---|"
    )
    for sensors, minutes in ((100, 20.0), (300, 20.0), (1000, 20.0), (1000, 60.0)):
        preset = replace(PRESETS["city"], sensors=sensors, minutes=minutes)
        stream = make_stream(preset, np.random.default_rng(seed))
        began = time.process_time()
        ours(stream)
        cpu_s = time.process_time() - began
        rate = len(stream.pulses) / cpu_s
        print(
            f"| {sensors} | {len(stream.pulses):,} | {cpu_s:.2f} | {rate:,.0f} | {DAY_PULSES / rate:.0f} |",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", default="21,22", help="streams to make, by seed (default 21,22)")
    parser.add_argument("--minutes", type=float, default=5.0, help="of stream for the baseline")
    options = parser.parse_args()
    seeds = [int(seed) for seed in options.seeds.split(",")]
    names = ("quiet", "urban", "dense", "city")
    print(f"Side by side, seed {seeds[0]}, {options.minutes:g} minutes of stream:\n{HEADING}")
    for name in names:
        short = replace(PRESETS[name], minutes=options.minutes)
        measure(name, short, seeds[:1], {"plain SciPy": plain_scipy, CORE_VERSION: ours})
    print(f"\nOurs on longer streams, seeds {options.seeds}:\n{HEADING}")
    for name in names:
        measure(name, PRESETS[name], seeds, {CORE_VERSION: ours})
    growth(seeds[0])
    root = pittsburgh.folder()
    if root is None:
        print(
            "\nThe Pittsburgh live-fire set is not here (set DAYLIGHT_SHARED_DATA): no back-test."
        )
    else:
        scores = pittsburgh.table(pittsburgh.back_test(root))
        print(f"\nPittsburgh live fire, raw pulses, no grouping given:\n\n{scores}")


if __name__ == "__main__":
    main()
