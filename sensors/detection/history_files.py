"""A file of labels, recognised by its columns, to what it teaches.

a. our own events file with a column of labels: its features are the history;
b. reviewed incidents by time and place, about the incidents of the pulses at hand (or of a file of
   earlier pulses);
c. pulses with labels, whose incidents are detected like any others; or, where that cannot be done,
   pooled by the incident they are given;
d. labels of pulses by ``pulse_id``, about the pulses at hand;
e. one row an incident with the pulse columns as its means.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sensors.detection.events import Detection
from sensors.detection.features import FEATURES, pooled_features
from sensors.detection.features import PULSE_FEATURES as POOLED
from sensors.detection.files import (
    PULSE_FEATURES,
    FileError,
    Table,
    floats,
    nanoseconds,
    pulses_of,
    read_table,
    texts,
)
from sensors.detection.history import (
    NS_PER_S,
    Taught,
    Unused,
    history_of,
    kinds_of,
    taught_by_pulses,
    taught_by_reviews,
)
from sensors.detection.streams import (
    MISSING_NS,
    Floats,
    Ints,
    PulseArrays,
    SensorArrays,
)

LABELS = (
    *("label", "kind_true", "true_kind", "kind_reviewed", "reviewed_kind", "truth", "reviewed"),
    *("review", "finding", "verdict", "outcome", "disposition", "is_gunfire", "gunfire", "class"),
)
"""Columns that hold a label, the first that is there. ``kind`` and ``type`` do where they cannot be our
own answer, which stands beside ``prob``."""
INCIDENTS = ("incident_id", "event_id", "incident", "event")
TIMES = ("t_ns", "t0_ns", "time_ns", "occurred_at", "time", "timestamp")
PLACES = (("lon", "lat"), ("longitude", "latitude"), ("x", "y"), ("x_m", "y_m"))
DISTANCES = ("distance_m", "distance")
_PULSE_COUNTS = ("n_pulses", "n_sensors")
_USUAL_PULSES = 10.0
"""What a mean rests on where nobody says."""
_ROUND_COUNTS = ("n_shots", "n_rounds", "shots")
_OWN = ("rounds", "log_rise", "log_duration")
_NO_INCIDENT = ("", "-1", "nan", "none", "noise")
_SAME_ROUND_S = 0.05

Detect = Callable[[PulseArrays, SensorArrays], Detection]


class Form(Enum):
    OWN_EVENTS = auto()
    REVIEWS = auto()
    PULSES = auto()
    PULSE_IDS = auto()
    MEANS = auto()


@dataclass(frozen=True, eq=False)
class Labels:
    """A file of labels, read and recognised, with the word of each row."""

    path: Path
    table: Table
    form: Form
    words: list[str]


def read_labels(path: Path, sensors: SensorArrays) -> Labels:
    """Read a file of labels. Raises FileError for one of no known form, or of other places than the
    sensors'; so a wrong file is told of before the long work begins."""
    table = read_table(path)
    words = _words(path, table)
    has_incident = any(name in table for name in INCIDENTS)
    place, time = _first_pair(table), next((name for name in TIMES if name in table), None)
    if any(name in table for name in _OWN):
        form = Form.OWN_EVENTS
    elif "sensor_id" in table and (has_incident or "pulse_id" in table):
        form = Form.PULSES
        if not has_incident and "t_ns" not in table:
            raise FileError(f"{path}: got pulses without times; wanted t_ns, or incident_id")
    elif "pulse_id" in table:
        form = Form.PULSE_IDS
    elif place and time:
        form = Form.REVIEWS
        _same_places(path, place, sensors)
    elif any(name in table for name in PULSE_FEATURES):
        form = Form.MEANS
    else:
        raise FileError(
            f"{path}: got columns {', '.join(table)}; wanted, beside the label, the features of an"
            f" events file, or t_ns and lon, lat or x, y, or sensor_id and pulses, or pulse_id"
        )
    return Labels(path, table, form, words)


def taught_by(
    labels: Labels,
    *,
    pulses: PulseArrays,
    detection: Detection,
    sensors: SensorArrays,
    detect: Detect,
) -> Taught:
    """What a file of labels teaches. pulses, detection: those that forms b and d are about. detect:
    finds the incidents of labelled pulses."""
    table, words = labels.table, labels.words
    if labels.form is Form.OWN_EVENTS:
        return _by_own_events(table, words)
    if labels.form is Form.PULSES:
        return _by_labelled_pulses(table, words, sensors, detect)
    if labels.form is Form.PULSE_IDS:
        return _by_pulse_ids(table, words, pulses, detection)
    if labels.form is Form.MEANS:
        return _by_means(table, words)
    about = _by_reviews(table, words, detection)
    if 2 * len(about.history) < about.n_rows and any(name in table for name in PULSE_FEATURES):
        return _by_means(table, words)  # of another day, but they bring their features along
    return about


def _words(path: Path, table: Table) -> list[str]:
    names = LABELS if "prob" in table else (*LABELS, "kind", "type")
    name = next((name for name in names if name in table), None)
    if name is None:
        raise FileError(
            f"{path}: got columns {', '.join(table) or '(none)'}; wanted also a column of labels,"
            f" one of {', '.join(LABELS)}, or kind where prob is not beside it"
        )
    return [str(word) for word in texts(table[name]).tolist()]


def _first_pair(table: Table) -> tuple[str, str] | None:
    return next((pair for pair in PLACES if set(pair) <= table.keys()), None)


def _same_places(path: Path, place: tuple[str, str], sensors: SensorArrays) -> None:
    in_degrees = place[0].startswith("lon")
    if in_degrees != (sensors.lon is not None):
        wanted = "x, y" if in_degrees else "lon, lat"
        raise FileError(
            f"{path}: got places as {', '.join(place)}; wanted {wanted}, as the sensors have them"
        )


def times_ns(column: NDArray[Any]) -> Ints:
    """Nanoseconds since 1970 UTC from themselves or from ISO 8601 (UTC where no offset is given);
    ``MISSING_NS`` where it is neither."""
    plain = nanoseconds(column)
    if column.dtype.kind in "iuf":
        return plain
    return np.array(
        [
            _iso_ns(text) if ns == MISSING_NS else ns
            for ns, text in zip(plain.tolist(), column.tolist(), strict=True)
        ],
        dtype=np.int64,
    )


def _iso_ns(text: object) -> int:
    try:
        at = datetime.fromisoformat(str(text).strip())
    except ValueError:
        return MISSING_NS
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return round((at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1e6) * 1000


def _by_reviews(table: Table, words: list[str], detection: Detection) -> Taught:
    place, time = _first_pair(table), next(name for name in TIMES if name in table)
    assert place is not None
    at = np.column_stack([floats(table[name]) for name in place])
    return taught_by_reviews(
        detection.events, times_ns(table[time]), at, words, in_degrees=place[0].startswith("lon")
    )


def _by_own_events(table: Table, words: list[str]) -> Taught:
    kinds, unused = kinds_of(words)
    named = {name: floats(table[name]) for name in FEATURES if name in table}
    rows = [
        {name: float(column[row]) for name, column in named.items()} for row in range(len(words))
    ]
    return Taught(history_of(rows, kinds.tolist()), _count(words), dict(unused))


def _by_means(table: Table, words: list[str]) -> Taught:
    """Each row as an incident: the pulse columns are means over as many pulses as are told."""
    kinds, unused = kinds_of(words)
    distance, feature = _distance(table, len(words)), _features(table, len(words))
    pulses = _first_floats(table, _PULSE_COUNTS, len(words))
    pulses = np.clip(np.where(np.isnan(pulses), _USUAL_PULSES, pulses), 1.0, 1000.0)
    rhythm = {
        "rounds": _first_floats(table, _ROUND_COUNTS, len(words)),
        "median_gap_s": _first_floats(table, ("median_gap_s", "gap_s"), len(words)),
    }
    rows = []
    for row in range(len(words)):
        pooled = pooled_features(
            distance_m=distance[[row]], round_t_s=np.zeros(1), **_rows(feature, [row])
        )
        counts = {f"{name}_n": pooled[f"{name}_n"] * pulses[row] for name in POOLED}
        rows.append(pooled | counts | {name: float(told[row]) for name, told in rhythm.items()})
    return Taught(history_of(rows, kinds.tolist()), _count(words), dict(unused))


def _first_floats(table: Table, names: Sequence[str], count: int) -> Floats:
    """The first of the columns that is there, else NaN in every row."""
    name = next((name for name in names if name in table), None)
    return np.full(count, np.nan) if name is None else floats(table[name])


def _by_pulse_ids(
    table: Table, words: list[str], pulses: PulseArrays, detection: Detection
) -> Taught:
    ids = np.full(len(pulses), "", dtype="U1") if pulses.pulse_id is None else pulses.pulse_id
    label = dict(zip(texts(table["pulse_id"]).tolist(), words, strict=True))
    of_row = [label.pop(name, "") for name in ids.astype(str).tolist()]
    taught = taught_by_pulses(detection.events, of_row)
    lost = _count(list(label.values()))
    unused = taught.unused | (
        {Unused.NO_PULSE: taught.unused.get(Unused.NO_PULSE, 0) + lost} if lost else {}
    )
    return Taught(taught.history, taught.n_rows + lost, unused)


def _by_labelled_pulses(
    table: Table, words: list[str], sensors: SensorArrays, detect: Detect
) -> Taught:
    """Incidents as the detector finds them in these pulses; where it finds less than half of those that
    the file tells apart (relative times, other sensors), they are pooled as they are told."""
    incident = next((texts(table[name]) for name in INCIDENTS if name in table), None)
    if "t_ns" in table:
        labelled = pulses_of(table)
        found = detect(labelled, _sensors_of(table, labelled, sensors))
        detected = taught_by_pulses(found.events, words)
        if incident is None or 2 * len(detected.history) >= _told_apart(incident, words):
            return detected
    assert incident is not None
    return _by_told_incidents(table, words, incident)


def _told_apart(incident: NDArray[np.str_], words: list[str]) -> int:
    kinds, _ = kinds_of(words)
    return int(np.setdiff1d(incident[kinds != ""], _NO_INCIDENT).size)


def _sensors_of(table: Table, pulses: PulseArrays, sensors: SensorArrays) -> SensorArrays:
    """The sensors as given, or as the rows place them if they name others."""
    known = np.isin(pulses.sensor_id, sensors.sensor_id.astype(str))
    place = _first_pair(table)
    if 2 * known.sum() >= known.size or place is None:
        return sensors
    ids, first = np.unique(pulses.sensor_id, return_index=True)
    east, north = (floats(table[name])[first] for name in place)
    if place[0].startswith("lon"):
        return SensorArrays(ids, lon=east, lat=north)
    return SensorArrays(ids, x_m=east, y_m=north)


def _by_told_incidents(table: Table, words: list[str], incident: NDArray[np.str_]) -> Taught:
    kinds, unused = kinds_of(words)
    feature, distance = _features(table, len(words)), _distance(table, len(words))
    t_ns = nanoseconds(table["t_ns"]) if "t_ns" in table else None
    _, sensor = np.unique(texts(table["sensor_id"]), return_inverse=True)
    rows_of: dict[str, list[int]] = {}
    named = ~np.isin(np.char.lower(incident), _NO_INCIDENT)
    for row in np.flatnonzero((kinds != "") & named).tolist():
        rows_of.setdefault(str(incident[row]), []).append(row)
    features, kind = [], []
    for name in sorted(rows_of):
        rows = rows_of[name]
        said = set(kinds[rows].tolist())
        if len(said) > 1:
            unused[Unused.CONTRADICTED] += len(rows)
            continue
        rounds = np.full(0, 0.0) if t_ns is None else _rounds_s(t_ns[rows], sensor[rows])
        pooled = pooled_features(
            distance_m=distance[rows], round_t_s=rounds, **_rows(feature, rows)
        )
        features.append(pooled if rounds.size else pooled | {"rounds": float("nan")})
        kind.append(said.pop())
    return Taught(history_of(features, kind), _count(words), dict(unused))


def _rounds_s(t_ns: Ints, sensor: Ints) -> Floats:
    """The rounds as the sensor with most pulses heard them; empty where no time is told."""
    timed = t_ns > MISSING_NS
    if not timed.any():
        return np.empty(0)
    keenest = np.bincount(sensor[timed]).argmax()
    t_s = np.sort(t_ns[timed & (sensor == keenest)] - t_ns[timed].min()) / NS_PER_S
    return np.asarray(t_s[np.diff(t_s, prepend=-1.0) > _SAME_ROUND_S])


def _features(table: Table, count: int) -> dict[str, Floats]:
    names = ("rise_ms", "dur_ms", "centroid_hz", "peak_db")
    return {n: floats(table[n]) if n in table else np.full(count, np.nan) for n in names}


def _rows(feature: dict[str, Floats], rows: list[int]) -> dict[str, Any]:
    return {name: column[rows] for name, column in feature.items()}


def _distance(table: Table, count: int) -> Floats:
    return _first_floats(table, DISTANCES, count)


def _count(words: list[str]) -> int:
    return sum(bool(word.strip()) for word in words)
