"""Back-testing without a database: files in, files out.

python -m sensors.detection --sensors sensors.csv --pulses pulses.csv --out events.csv
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sensors.detection import files
from sensors.detection.detector import detect
from sensors.detection.events import Detection
from sensors.detection.streams import PulseArrays, SensorArrays, Weather
from sensors.detection.version import CORE_VERSION


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        sensors = files.read_sensors(options.sensors)
        pulses = files.read_pulses(options.pulses)
        weather = files.read_weather(options.weather) if options.weather else None
        detection = _watched(pulses, sensors, weather)
        files.write_events(options.out, detection)
        if options.rejected:
            files.write_rejected(options.rejected, detection, pulses)
    except (files.FileError, OSError) as error:
        sys.stderr.write(f"sensors.detection: {error}\n")
        return 2
    sys.stderr.write(_summary(detection, options.out))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sensors.detection",
        description="Find and locate acoustic incidents in recorded pulses. Files are .csv, .csv.gz or .npz.",
    )
    parser.add_argument("--version", action="version", version=CORE_VERSION)
    for name, required, text in (
        ("sensors", True, "sensor_id and lon,lat[,z] (degrees) or x,y[,z] (metres)"),
        (
            "pulses",
            True,
            "pulse_id,sensor_id,t_ns[,recv_ns,peak_db,snr_db,rise_ms,dur_ms,centroid_hz]",
        ),
        ("weather", False, "t_ns,temp_c[,wind_mps,wind_from_deg]; without it ellipses are wider"),
        ("out", True, "where the events go, one row an incident"),
        ("rejected", False, "where the pulses go that could not be used, with the cause"),
    ):
        parser.add_argument(f"--{name}", type=Path, required=required, metavar="FILE", help=text)
    return parser


def _watched(pulses: PulseArrays, sensors: SensorArrays, weather: Weather | None) -> Detection:
    """Detect under a progress bar, which is for people: only where standard error is a terminal."""
    from tqdm import tqdm  # not needed by the core, only by people at a terminal

    silent = not sys.stderr.isatty()
    with tqdm(total=1.0, bar_format="{l_bar}{bar}| {elapsed}<{remaining}", disable=silent) as bar:
        return detect(pulses, sensors, weather=weather, progress=lambda s: bar.update(s - bar.n))


def _summary(detection: Detection, out: Path) -> str:
    counts = {cause: count for cause, count in detection.rejected.counts.items() if count}
    causes = ", ".join(f"{cause} {count:,}" for cause, count in counts.items())
    return (
        f"{detection.n_pulses:,} pulses, {sum(counts.values()):,} rejected{f' ({causes})' if causes else ''}: "
        f"{len(detection.events):,} incidents in {out}, {len(detection.declined):,} declined\n"
    )


if __name__ == "__main__":
    sys.exit(main())
