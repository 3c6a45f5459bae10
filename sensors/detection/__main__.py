"""Back-testing without a database: files in, files out.

python -m sensors.detection --sensors sensors.csv --pulses pulses.csv --out events.csv
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sensors.detection import files
from sensors.detection.classification import DEFAULT, Classifier, judged_again
from sensors.detection.detector import detect
from sensors.detection.events import Detection
from sensors.detection.history import Taught
from sensors.detection.history_files import Labels, read_labels, taught_by
from sensors.detection.learning import cross_validated, train
from sensors.detection.streams import ColumnError, PulseArrays, SensorArrays, Weather
from sensors.detection.version import CORE_VERSION

_FILES = (
    ("sensors", True, "sensor_id and lon,lat[,z] (degrees) or x,y[,z] (metres)"),
    ("pulses", True, "pulse_id,sensor_id,t_ns[,recv_ns,peak_db,snr_db,rise_ms,dur_ms,centroid_hz]"),
    ("weather", False, "t_ns,temp_c[,wind_mps,wind_from_deg]; without it ellipses are wider"),
    (
        "history",
        False,
        "labelled incidents or pulses to learn the kind from: an events file with a column label,"
        " or t_ns, lon,lat or x,y and label, or labelled pulses (docs/detection.md)",
    ),
    (
        "history-pulses",
        False,
        "the pulses that the history's incidents are about, if not those of --pulses",
    ),
    ("out", True, "where the events go, one row an incident"),
    ("rejected", False, "where the pulses go that could not be used, with the cause"),
    ("faults", False, "where the sensors go that were named as faulty, with the evidence"),
)


def main(arguments: list[str] | None = None) -> int:
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.history_pulses and not options.history:
        parser.error("--history-pulses: wanted --history, whose incidents they are about")
    try:
        sensors = files.read_sensors(options.sensors)
        pulses = files.read_pulses(options.pulses)
        weather = files.read_weather(options.weather) if options.weather else None
        labels = read_labels(options.history, sensors) if options.history else None
        earlier = files.read_pulses(options.history_pulses) if options.history_pulses else None
        detection, told = _watched(pulses, sensors, weather), ""
        if labels is not None:
            past = detection if earlier is None else _watched(earlier, sensors, weather)
            classifier, told = _learnt(
                labels, pulses if earlier is None else earlier, past, sensors, weather
            )
            detection = judged_again(detection, classifier)
        files.write_events(options.out, detection)
        if options.rejected:
            files.write_rejected(options.rejected, detection, pulses)
        if options.faults:
            files.write_faults(options.faults, detection)
    except (files.FileError, ColumnError, OSError) as error:
        sys.stderr.write(f"sensors.detection: {error}\n")
        return 2
    sys.stderr.write(_summary(detection, options.out) + told)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sensors.detection",
        description="Find and locate acoustic incidents in recorded pulses. Files are .csv, .csv.gz or .npz.",
    )
    parser.add_argument("--version", action="version", version=CORE_VERSION)
    for name, required, text in _FILES:
        parser.add_argument(f"--{name}", type=Path, required=required, metavar="FILE", help=text)
    return parser


def _learnt(
    labels: Labels,
    pulses: PulseArrays,
    detection: Detection,
    sensors: SensorArrays,
    weather: Weather | None,
) -> tuple[Classifier, str]:
    """The classifier that the labels teach, and a sentence on what came of it."""
    taught = taught_by(
        labels,
        pulses=pulses,
        detection=detection,
        sensors=sensors,
        detect=lambda labelled, places: _watched(labelled, places, weather),
    )
    classifier = train(taught.history)
    return classifier, _lesson(taught, classifier)


def _watched(pulses: PulseArrays, sensors: SensorArrays, weather: Weather | None) -> Detection:
    """Detect under a progress bar, which is for people: only where standard error is a terminal."""
    from tqdm import tqdm  # not needed by the core, only by people at a terminal

    silent = not sys.stderr.isatty()
    with tqdm(total=1.0, bar_format="{l_bar}{bar}| {elapsed}<{remaining}", disable=silent) as bar:
        return detect(pulses, sensors, weather=weather, progress=lambda s: bar.update(s - bar.n))


def _summary(detection: Detection, out: Path) -> str:
    rejected = {cause: count for cause, count in detection.rejected.counts.items() if count}
    return (
        f"{detection.n_pulses:,} pulses, {sum(rejected.values()):,} rejected{_causes(rejected)}: "
        f"{len(detection.events):,} incidents in {out}, {len(detection.declined):,} declined, {len(detection.health):,} sensors at fault\n"
    )


def _lesson(taught: Taught, classifier: Classifier) -> str:
    kinds = taught.history.kind.tolist()
    counts = {kind: kinds.count(kind) for kind in sorted(set(kinds))}
    verdict = "too few of gunfire or of anything else: nothing learnt"
    if classifier is not DEFAULT:
        proof, _ = cross_validated(taught.history)
        verdict = (
            f"classifier {classifier.version}; on reviews held out AUC {proof.auc:.3f},"
            f" calibration error {proof.ece:.3f}, Brier {proof.brier:.3f}"
        )
    unused = f"; unused{_causes(taught.unused)}" if taught.unused else ""
    return f"history: {taught.n_rows:,} labelled rows, {len(kinds):,} incidents{_causes(counts)}{unused}: {verdict}\n"


def _causes(counts: dict[str, int]) -> str:
    told = ", ".join(f"{cause} {count:,}" for cause, count in counts.items())
    return f" ({told})" if told else ""


if __name__ == "__main__":
    sys.exit(main())
