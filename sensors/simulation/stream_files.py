"""Write a simulated stream as the files of the detector's command line, and the truth beside them.

python -m sensors.simulation.stream_files --preset urban --seed 7 --out DIR
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from sensors.geodesy import LocalPlane
from sensors.simulation.messages import MISSING_NS, Columns
from sensors.simulation.streams import PRESETS, Incident, Stream, make_stream

PLANE = LocalPlane(-98.6, 39.8)  # the middle of the country, where no such city is


def write_stream(stream: Stream, folder: Path, *, in_degrees: bool = False) -> None:
    """sensors.csv, pulses.csv, weather.csv for the detector; truth.csv, faults.csv for the examiner; and
    reviews.csv, what reviewers would have found of every incident, as the detector's --history."""
    folder.mkdir(parents=True, exist_ok=True)
    sensors = dict(stream.sensors)
    x, y = sensors.pop("x_m"), sensors.pop("y_m")
    place = dict(zip(("lon", "lat"), PLANE.to_lonlat(x, y), strict=True)) if in_degrees else {}
    decimals = 7 if in_degrees else 2
    place = {name: np.round(at, decimals) for name, at in (place or {"x": x, "y": y}).items()}
    names = {"sensor_id": sensors["sensor_id"], **place, "z": sensors["z_m"]}
    _write(folder / "sensors.csv", names, _rows(names))
    _write(folder / "pulses.csv", stream.pulses, _rows(stream.pulses))
    _write(folder / "weather.csv", stream.weather, _rows(stream.weather))
    _write(folder / "truth.csv", _TRUTH, _incident_rows(stream, in_degrees=in_degrees))
    reviews = ("t_ns", *place, "label")
    _write(folder / "reviews.csv", reviews, _review_rows(stream, in_degrees=in_degrees))
    _write(folder / "faults.csv", ("sensor_id", "kind", "size"), _fault_rows(stream))


_TRUTH = (
    "incident_id", "t_ns", "x_or_lon", "y_or_lat", "kind", "style", "n_shots", "n_sensors",
    "is_inside", "is_asked", "is_site", "round_t_ns",
)  # fmt: skip


def _incident_rows(stream: Stream, *, in_degrees: bool) -> Iterable[Sequence[Any]]:
    for number, incident in enumerate(stream.truth.incidents):
        yield (
            f"i{number + 1:05d}", incident.t_ns, *_place(incident, in_degrees=in_degrees),
            incident.kind, incident.style, incident.rounds_t_ns.size, incident.sensor.size,
            int(incident.inside), int(incident.is_asked), int(incident.is_site),
            " ".join(map(str, incident.rounds_t_ns)),
        )  # fmt: skip


def _review_rows(stream: Stream, *, in_degrees: bool) -> Iterable[Sequence[Any]]:
    for incident in stream.truth.incidents:
        yield incident.t_ns, *_place(incident, in_degrees=in_degrees), incident.kind


def _place(incident: Incident, *, in_degrees: bool) -> tuple[float, float]:
    x, y = np.array([incident.x_m]), np.array([incident.y_m])
    (first,), (second,) = PLANE.to_lonlat(x, y) if in_degrees else (x, y)
    return round(float(first), 7), round(float(second), 7)


def _fault_rows(stream: Stream) -> Iterable[Sequence[Any]]:
    for fault in stream.truth.faults:
        yield stream.sensors["sensor_id"][fault.sensor], fault.kind, f"{fault.size:.6g}"


def _rows(columns: Columns) -> Iterable[Sequence[Any]]:
    lists = (
        ["" if value == MISSING_NS else value for value in column.tolist()]
        for column in columns.values()
    )
    return zip(*lists, strict=True)


def _write(path: Path, names: Iterable[str], rows: Iterable[Sequence[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(rows)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m sensors.simulation.stream_files")
    parser.add_argument("--preset", choices=sorted(PRESETS), required=True)
    parser.add_argument("--seed", type=int, required=True, help="which town, a number from 0")
    parser.add_argument("--part", type=int, default=0, help="which period of that town, from 0")
    parser.add_argument("--minutes", type=float, help="how long, if not as the preset says")
    parser.add_argument(
        "--alike", type=float, default=0.0, help="0 to 1: how far everything sounds like a gunshot"
    )
    parser.add_argument("--in-degrees", action="store_true", help="lon and lat instead of x and y")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    options = parser.parse_args(argv)
    if min(options.seed, options.part) < 0 or (options.minutes or 1.0) < 1.0:
        parser.error("wanted a seed and part of 0 or more, and at least one minute")
    if not 0.0 <= options.alike <= 1.0:
        parser.error(f"--alike: got {options.alike}; wanted 0 to 1")
    preset = PRESETS[options.preset]
    minutes = options.minutes or preset.minutes
    preset = replace(preset, minutes=minutes, kinds_alike=options.alike)
    stream = make_stream(preset, seed=options.seed, part=options.part)
    write_stream(stream, options.out, in_degrees=options.in_degrees)
    incidents = stream.truth.incidents
    sys.stdout.write(
        f"{stream.pulses['t_ns'].size:,} pulses of {stream.sensors['sensor_id'].size:,} sensors and "
        f"{len(incidents):,} incidents, {sum(i.is_asked for i in incidents):,} of them to be found, "
        f"in {options.out}\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
