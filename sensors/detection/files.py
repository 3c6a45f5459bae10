"""Columns from and to files, CSV (also .csv.gz) or NPZ by suffix, for back-testing without a database.

A value that cannot be read is missing, and the row is then rejected by cause like any other; only a
file that cannot be meant is an error, which says what was got and what was wanted.
"""

from __future__ import annotations

import csv
import gzip
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TextIO, cast

import numpy as np
from numpy.typing import NDArray

from sensors.detection.events import DetectedEvent, Detection
from sensors.detection.features import FEATURES
from sensors.detection.laws import TERMS
from sensors.detection.streams import (
    MISSING_NS,
    ColumnError,
    Floats,
    Ints,
    PulseArrays,
    SensorArrays,
    Weather,
)
from sensors.detection.weights import LEARNT_TERMS

Table = dict[str, NDArray[Any]]
Convert = Callable[[NDArray[Any]], NDArray[Any]]
PULSE_FEATURES = ("peak_db", "snr_db", "rise_ms", "dur_ms", "centroid_hz")


CHUNK_ROWS = 50_000


class FileError(ValueError):
    """A file that cannot be read as what it was given for."""


def read_sensors(path: Path) -> SensorArrays:
    """sensor_id and lon, lat[, z] or x, y[, z]."""
    table = read_table(path)
    pair = ("lon", "lat") if {"lon", "lat"} <= table.keys() else ("x", "y")
    _want(path, table, "sensor_id", *pair)
    names = {"lon": "lon", "lat": "lat", "x": "x_m", "y": "y_m", "z": "z_m"}
    columns: dict[str, Any] = {names[k]: floats(table[k]) for k in (*pair, "z") if k in table}
    try:
        return SensorArrays(sensor_id=texts(table["sensor_id"]), **columns)
    except ColumnError as error:
        raise FileError(f"{path}: {error}") from error


def read_pulses(path: Path) -> PulseArrays:
    """pulse_id, sensor_id, t_ns[, recv_ns, peak_db, snr_db, rise_ms, dur_ms, centroid_hz]."""
    table = read_table(path, only=_PULSE_COLUMNS)
    _want(path, table, "pulse_id", "sensor_id", "t_ns")
    return pulses_of(table)


def pulses_of(table: Table) -> PulseArrays:
    """The pulses of a table that has sensor_id and t_ns."""
    return PulseArrays(
        sensor_id=texts(table["sensor_id"]),
        t_ns=nanoseconds(table["t_ns"]),
        pulse_id=texts(table["pulse_id"]) if "pulse_id" in table else None,
        recv_ns=nanoseconds(table["recv_ns"]) if "recv_ns" in table else None,
        **{name: floats(table[name]) for name in PULSE_FEATURES if name in table},
    )


def read_weather(path: Path) -> Weather:
    """t_ns, temp_c[, wind_mps, wind_from_deg]."""
    table = read_table(path)
    _want(path, table, "t_ns", "temp_c")
    return Weather(
        t_ns=nanoseconds(table["t_ns"]),
        temp_c=floats(table["temp_c"]),
        wind_mps=floats(table["wind_mps"]) if "wind_mps" in table else None,
        wind_from_deg=floats(table["wind_from_deg"]) if "wind_from_deg" in table else None,
    )


def write_events(path: Path, detection: Detection) -> None:
    """One row an incident, in time order; lon, lat if the sensors had them, else x, y."""
    events = detection.events
    geographic = any(np.isfinite(event.lon) for event in events)
    place = {"lon": "lon", "lat": "lat"} if geographic else {"x": "x_m", "y": "y_m"}
    table: Table = {
        "event_id": np.array([f"e{k + 1:06d}" for k in range(len(events))], dtype=str),
        "t_ns": detection.column("t_ns").astype(np.int64),
    }
    for name, field in place.items():
        table[name] = detection.column(field)
    for name in ("kind", "prob", "n_shots", "cov_xx", "cov_xy", "cov_yy", "n_sensors", "n_asked"):
        table[name] = detection.column(name)
    table["weight"] = detection.column("weight")
    table["round_t_ns"] = np.array([" ".join(map(str, e.round_t_ns)) for e in events], dtype=str)
    table |= _reasons(events)
    table["core_version"] = detection.column("core_version")
    table["classifier_version"] = detection.column("classifier_version")
    write_table(path, table)


def _reasons(events: Sequence[DetectedEvent]) -> Table:
    """The features that prob was made from, by which the file is a history once it has a label
    column, and what each term added to the log-odds of gunfire."""
    terms = [*TERMS, *LEARNT_TERMS]
    return {
        **{name: np.array([e.evidence[name] for e in events], dtype=float) for name in FEATURES},
        **{f"why_{t}": np.array([e.why.get(t, 0.0) for e in events], dtype=float) for t in terms},
    }


def write_rejected(path: Path, detection: Detection, pulses: PulseArrays) -> None:
    """One row a rejected pulse: its row in the file (the first is 1), what it said, and the cause."""
    row = detection.rejected.row
    empty = np.full(len(pulses), "", dtype=str)
    write_table(
        path,
        {
            "row": row + 1,
            "pulse_id": (empty if pulses.pulse_id is None else pulses.pulse_id)[row],
            "sensor_id": pulses.sensor_id[row],
            "t_ns": pulses.t_ns[row],
            "cause": detection.rejected.cause,
        },
    )


def write_faults(path: Path, detection: Detection) -> None:
    """One row a sensor that is named as faulty, with its evidence as JSON; numbers as in ``health.Fault``."""
    faults = detection.health
    write_table(
        path,
        {
            "sensor_id": np.array([fault.sensor_id for fault in faults], dtype=str),
            "kind": np.array([fault.kind for fault in faults], dtype=str),
            "size": np.array([fault.size for fault in faults], dtype=float),
            "sd": np.array([fault.sd for fault in faults], dtype=float),
            "evidence": np.array(
                [json.dumps(fault.evidence, sort_keys=True) for fault in faults], dtype=str
            ),
        },
    )


def read_table(path: Path, *, only: Mapping[str, Convert] | None = None) -> Table:
    """All columns of a file by name, as texts (CSV) or as they are stored (NPZ).

    only: the columns that are kept, and what makes of texts what they hold. A day of a thousand sensors
    is a million rows, and its texts would take ten times the memory of its numbers.
    """
    if not path.is_file():
        raise FileError(f"{path}: got no such file; wanted a CSV or NPZ file")
    if path.suffix == ".npz":
        return _read_npz(path)
    if path.name.endswith((".csv", ".csv.gz")):
        return _read_csv(path, only)
    raise FileError(f"{path}: got suffix '{path.suffix}'; wanted .csv, .csv.gz or .npz")


def _read_npz(path: Path) -> Table:
    try:
        with np.load(path, allow_pickle=False) as archive:
            table = {name: np.atleast_1d(archive[name]) for name in archive.files}
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise FileError(f"{path}: got no readable NPZ ({error}); wanted plain arrays") from error
    sizes = {name: column.shape for name, column in table.items()}
    if len(set(sizes.values())) > 1 or any(len(shape) != 1 for shape in sizes.values()):
        raise FileError(f"{path}: got columns of shapes {sizes}; wanted one length for all")
    return table


def _read_csv(path: Path, only: Mapping[str, Convert] | None) -> Table:
    pieces: list[Table] = []
    try:
        with _open(path, "r") as lines:
            reader = csv.reader(lines)
            names = [name.strip() for name in next(reader, [])]
            row = 0
            while lines_read := list(islice(reader, CHUNK_ROWS)):
                rows = [one for one in lines_read if one]
                pieces.append(_converted(path, names, rows, row, only))
                row += len(rows)
    except (UnicodeDecodeError, csv.Error, OSError, EOFError) as error:
        raise FileError(f"{path}: got no readable CSV ({error}); wanted UTF-8 text") from error
    if not pieces:
        pieces = [_converted(path, names, [], 0, only)]
    return {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}


def _converted(
    path: Path,
    names: Sequence[str],
    rows: Sequence[Sequence[str]],
    first: int,
    only: Mapping[str, Convert] | None,
) -> Table:
    for number, row in enumerate(rows, start=first + 1):
        if len(row) != len(names):
            raise FileError(
                f"{path}: got {len(row)} values in data row {number}; wanted {len(names)}"
            )
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    texts_of = dict(zip(names, columns, strict=True))
    if only is None:
        return {name: np.array(column, dtype=str) for name, column in texts_of.items()}
    return {
        name: convert(np.array(texts_of[name], dtype=str))
        for name, convert in only.items()
        if name in texts_of
    }


def _open(path: Path, mode: str) -> TextIO:
    if path.suffix == ".gz":
        return cast(TextIO, gzip.open(path, f"{mode}t", encoding="utf-8", newline=""))
    encoding = "utf-8-sig" if mode == "r" else "utf-8"  # spreadsheets begin files with a mark
    return cast(TextIO, path.open(mode, encoding=encoding, newline=""))


def write_table(path: Path, table: Mapping[str, NDArray[Any]]) -> None:
    if path.suffix == ".npz":
        np.savez(path, allow_pickle=False, **table)
        return
    if not path.name.endswith((".csv", ".csv.gz")):
        raise FileError(f"{path}: got suffix '{path.suffix}'; wanted .csv, .csv.gz or .npz")
    with _open(path, "w") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(table)
        writer.writerows(zip(*(column.tolist() for column in table.values()), strict=True))


def _want(path: Path, table: Table, *names: str) -> None:
    lacking = [name for name in names if name not in table]
    if lacking:
        raise FileError(
            f"{path}: got columns {', '.join(table) or '(none)'}; wanted also {', '.join(lacking)}"
        )


def texts(column: NDArray[Any]) -> NDArray[np.str_]:
    """Without the blanks around them."""
    return np.char.strip(column.astype(str))


def floats(column: NDArray[Any]) -> Floats:
    """float64, NaN where there is no number."""
    try:
        return column.astype(np.float64)
    except ValueError:
        return np.array([_float(value) for value in column.tolist()])


def _float(text: object) -> float:
    try:
        return float(str(text))
    except ValueError:
        return float("nan")


def nanoseconds(column: NDArray[Any]) -> Ints:
    """int64, exact; ``MISSING_NS`` where there is no whole number in range."""
    if column.dtype.kind == "i":
        return column.astype(np.int64)
    try:
        whole = column.astype(np.int64) if column.dtype.kind == "U" else None
    except (ValueError, OverflowError):
        whole = None
    if whole is not None and np.abs(whole).max(initial=0) < 2**62:
        return whole
    return np.array([_whole(value) for value in _plain(column)], dtype=np.int64)


def _plain(column: NDArray[Any]) -> Sequence[object]:
    return cast(Sequence[object], column.tolist())


def _whole(value: object) -> int:
    try:
        number = int(str(value))
    except ValueError:
        approximate = _float(value)
        number = int(approximate) if abs(approximate) < 2.0**62 else MISSING_NS
    return number if abs(number) < 2**62 else MISSING_NS


_PULSE_COLUMNS: dict[str, Convert] = {
    **dict.fromkeys(("pulse_id", "sensor_id"), texts),
    **dict.fromkeys(("t_ns", "recv_ns"), nanoseconds),
    **dict.fromkeys(PULSE_FEATURES, floats),
}
