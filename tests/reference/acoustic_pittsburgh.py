"""The Pittsburgh live-fire set as detector input, and the back-test that scores a detector on it.

Every firing position has its own arbitrary origin, so each is a city of its own. The vendor's
grouping (``shot_index``) is never read.
"""

from __future__ import annotations

import csv
import gzip
import json
import os
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from sensors.detection import Detection, PulseArrays, SensorArrays, Weather, detect
from sensors.detection.multilateration import position_bound
from sensors.detection.propagation import Atmosphere, atmosphere_at
from sensors.detection.wav import Recording, read_wav

FOUND_S, FOUND_M = 2.0, 100.0
POSITIONS = ("FP1", "FP2", "FP3", "FP4", "FP5")


def folder() -> Path | None:
    """Where the set is on this machine, None if it is not."""
    default = Path(__file__).resolve().parents[3] / "shared" / "data"
    path = Path(os.environ.get("DAYLIGHT_SHARED_DATA", default)) / "acoustic_pittsburgh_live_fire"
    return path if (path / "pulses.csv.gz").exists() else None


@dataclass(frozen=True)
class Test:
    """One test of the live-fire protocol: one or three rounds at a surveyed place."""

    name: str
    rounds: int
    x_m: float
    y_m: float
    start_ns: int
    end_ns: int
    pulse_rows: np.ndarray


@dataclass(frozen=True)
class Position:
    name: str
    pulses: PulseArrays
    sensors: SensorArrays
    weather: Weather
    tests: list[Test]


def load(root: Path) -> Iterator[Position]:
    with gzip.open(root / "pulses.csv.gz", "rt") as lines:
        pulses = list(csv.DictReader(lines))
    with (root / "tests.csv").open() as lines:
        tests = list(csv.DictReader(lines))
    for name in POSITIONS:
        here = [p for p in pulses if p["firing_position"] == name]
        yield _position(name, here, [t for t in tests if t["firing_position"] == name])


def _position(name: str, pulses: list[dict], tests: list[dict]) -> Position:
    t_ns = np.array([_ns(p["arrival_time_utc"]) for p in pulses])
    serial = np.array([p["serial_number"] for p in pulses])
    ids = np.unique(serial)
    # a sensor's GPS position is estimated anew every night: the median of what it gave
    xyz = np.array([[float(p[k]) for k in ("sensor_x", "sensor_y", "sensor_z")] for p in pulses])
    place = np.array([np.median(xyz[serial == s], axis=0) for s in ids])
    test_of = np.array([p["test"] for p in pulses])
    found = [_test(t, t_ns, np.flatnonzero(test_of == t["test"])) for t in tests]
    return Position(
        name=name,
        pulses=PulseArrays(
            sensor_id=serial,
            t_ns=t_ns,
            pulse_id=np.array([p["pulse_uuid"] for p in pulses]),
            peak_db=np.array([float(p["power_db_spl"]) for p in pulses]),
            snr_db=np.array([float(p["snr_db"]) for p in pulses]),
        ),
        sensors=SensorArrays(ids, x_m=place[:, 0], y_m=place[:, 1], z_m=place[:, 2]),
        weather=_weather(tests, found),
        tests=found,
    )


def _test(row: dict, t_ns: np.ndarray, rows: np.ndarray) -> Test:
    start, end = int(t_ns[rows].min()), int(t_ns[rows].max())
    return Test(
        row["test"], int(row["num_rounds"]), float(row["x"]), float(row["y"]), start, end, rows
    )


def _weather(tests: list[dict], found: list[Test]) -> Weather:
    return Weather(
        t_ns=np.array([t.start_ns for t in found]),
        temp_c=np.array([float(t["temperature_c"]) for t in tests]),
        wind_mps=np.array([float(t["wind_speed"]) for t in tests]),
        wind_from_deg=np.array([float(t["wind_dir"]) for t in tests]),
    )


def _ns(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000) * 1_000_000


@dataclass
class Score:
    """bias_m: distance of the mean solution from the survey. s1_m, s2_m: spread along the principal
    axes. found: tests with an event within 2 s and 100 m. false: events that belong to no test.
    duplicates: further events within 100 m of a test's place and 2 s of its event."""

    name: str
    tests: int
    found: int = 0
    false: int = 0
    shots_right: int = 0
    error_m: list[float] = field(default_factory=list)
    offset_m: list[tuple[float, float]] = field(default_factory=list)
    sensors: list[int] = field(default_factory=list)
    inside_95: int = 0
    bound_m: float = float("nan")
    sd_m: list[float] = field(default_factory=list)

    @property
    def bias_m(self) -> float:
        return float(np.hypot(*np.mean(self.offset_m, axis=0)))

    @property
    def spread_m(self) -> tuple[float, float]:
        s2, s1 = np.sqrt(np.linalg.eigvalsh(np.cov(np.array(self.offset_m).T)))
        return float(s1), float(s2)

    def within(self, metres: float) -> int:
        return sum(error <= metres for error in self.error_m)


def score(position: Position, detection: Detection) -> Score:
    """Match events to tests. The first pulse of a test is at least its travel time after the shot, and
    pulses were cut out around the shots, so an event belongs to a test if it begins in its stretch."""
    result = Score(position.name, len(position.tests))
    unmatched = set(range(len(detection.events)))
    for test in position.tests:
        mine = [
            (float(np.hypot(event.x_m - test.x_m, event.y_m - test.y_m)), k)
            for k, event in enumerate(detection.events)
            if k in unmatched and test.start_ns - 2_000_000_000 <= event.t_ns <= test.end_ns
        ]
        if not mine or min(mine)[0] > FOUND_M:
            continue
        error, k = min(mine)
        unmatched.discard(k)
        _add(result, test, detection.events[k], error)
    result.false = len(unmatched)
    air = atmosphere_at(position.weather, position.tests[0].start_ns)
    result.bound_m = _bound(position, air)
    return result


def _add(result: Score, test: Test, event, error: float) -> None:
    offset = np.array([event.x_m - test.x_m, event.y_m - test.y_m])
    cov = np.array([[event.cov_xx, event.cov_xy], [event.cov_xy, event.cov_yy]])
    result.found += 1
    result.error_m.append(error)
    result.offset_m.append((float(offset[0]), float(offset[1])))
    result.sensors.append(event.n_sensors)
    result.shots_right += event.n_shots == test.rounds
    # the survey point is a phone's fix, about 2.5 m, which is not the detector's doubt
    surveyed = cov + np.eye(2) * 2.5**2 / 2.0
    result.inside_95 += bool(offset @ np.linalg.solve(surveyed, offset) <= 5.991)
    result.sd_m.append(float(np.sqrt(cov.trace())))


def _bound(position: Position, air: Atmosphere) -> float:
    test = position.tests[0]
    xy = np.column_stack([position.sensors.x_m, position.sensors.y_m])
    nearest = np.argsort(np.hypot(*(xy - [test.x_m, test.y_m]).T))[:13]
    bound = position_bound(xy[nearest], np.array([test.x_m, test.y_m]), atmosphere=air)
    return float(np.sqrt(bound.trace()))


def back_test(root: Path) -> list[Score]:
    """Each position's whole stream through the detector in one call, as a city would."""
    return [score(p, detect(p.pulses, p.sensors, weather=p.weather)) for p in load(root)]


def table(scores: list[Score]) -> str:
    """The back-test as a Markdown table."""
    lines = [
        "| position | tests found | within 15 m | within 25 m | false | bias m | s1 m | s2 m | sensors | rounds right | in 95 % ellipse | stated sd m |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for s in scores:
        s1, s2 = s.spread_m if s.found > 2 else (float("nan"), float("nan"))
        lines.append(
            f"| {s.name} | {s.found}/{s.tests} | {s.within(15)} | {s.within(25)} | {s.false} | {s.bias_m:.2f} | {s1:.2f} | {s2:.2f} "
            f"| {np.mean(s.sensors):.1f} | {s.shots_right} | {s.inside_95} | {np.mean(s.sd_m):.1f} |"
        )
    total = [sum(getattr(s, k) for s in scores) for k in ("found", "tests")]
    lines.append(
        f"| all | {total[0]}/{total[1]} | {sum(s.within(15) for s in scores)} | {sum(s.within(25) for s in scores)} | {sum(s.false for s in scores)} "
        f"| | | | | {sum(s.shots_right for s in scores)} | {sum(s.inside_95 for s in scores)} | |"
    )
    return "\n".join(lines)


def clips(root: Path) -> Iterator[tuple[Recording, float, list[tuple[float, str, float]]]]:
    """Each recording, its distance from the muzzle in metres, and the sensor's own pulses in it: seconds
    from its start, the shot they were given to ("" for none), dB SPL."""
    with (root / "tests.csv").open() as lines:
        muzzle = {
            t["test"]: np.array([float(t["x"]), float(t["y"])]) for t in csv.DictReader(lines)
        }
    with gzip.open(root / "pulses.csv.gz", "rt") as lines:
        pulses: dict[tuple[str, str], list[dict]] = {}
        for pulse in csv.DictReader(lines):
            pulses.setdefault((pulse["test"], pulse["serial_number"]), []).append(pulse)
    with tarfile.open(root / "json_FP1_FP5.tar.xz") as archive:
        told = {m.name: json.load(archive.extractfile(m)) for m in archive if ".audio." in m.name}
    with tarfile.open(root / "audio_wav.tar.xz") as archive, TemporaryDirectory() as folder:
        for member in archive:
            if not member.name.endswith(".wav"):
                continue
            path = Path(folder) / "clip.wav"
            path.write_bytes(archive.extractfile(member).read())
            said = told[member.name.removesuffix("wav") + "json"]
            test = member.name.split("/")[1]
            at = np.array([said["location"]["x"], said["location"]["y"]])
            start_ns = _ns(said["timestamp"])
            own = [
                (
                    (_ns(p["arrival_time_utc"]) - start_ns) / 1e9,
                    p["shot_index"],
                    float(p["power_db_spl"]),
                )
                for p in pulses.get((test, said["serial_number"]), [])
            ]
            yield read_wav(path), float(np.hypot(*(at - muzzle[test]))), own
