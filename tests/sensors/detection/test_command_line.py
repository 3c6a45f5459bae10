import csv
import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sensors.detection import MISSING_NS, files
from sensors.detection.__main__ import main
from sensors.geodesy import LocalPlane
from tests.sensors.detection import scenes

PROJECT = Path(__file__).resolve().parents[3]
CITY = scenes.lattice()
SOURCE = np.array([830.0, 790.0])


@pytest.fixture
def folder(tmp_path):
    """A folder with sensors.csv, pulses.csv and weather.csv of one burst of two rounds."""
    heard = scenes.heard(CITY, SOURCE, [5.0, 5.7])
    write(
        tmp_path / "sensors.csv",
        ["sensor_id", "x", "y"],
        zip(CITY.sensor_id, CITY.x_m, CITY.y_m, strict=True),
    )
    rows = [
        (f"p{n}", CITY.sensor_id[k], scenes.NOON_NS + round(t * 1e9), 85.0)
        for n, (k, t) in enumerate(heard)
    ]
    rows += [("bad", "s01", "", ""), ("odd", "s01", "yesterday", "loud"), ("who", "s99", 5, 1.0)]
    write(tmp_path / "pulses.csv", ["pulse_id", "sensor_id", "t_ns", "peak_db"], rows)
    write(
        tmp_path / "weather.csv",
        ["t_ns", "temp_c", "wind_mps", "wind_from_deg"],
        [(scenes.NOON_NS, 20.0, 0.0, 0.0)],
    )
    return tmp_path


def write(path, names, rows):
    with path.open("w", newline="") as lines:
        csv.writer(lines).writerows([names, *rows])


def read(path):
    with path.open() as lines:
        return list(csv.DictReader(lines))


def run(folder, *extra, sensors="sensors.csv", pulses="pulses.csv", out="events.csv"):
    return main(
        [
            "--sensors",
            str(folder / sensors),
            "--pulses",
            str(folder / pulses),
            "--out",
            str(folder / out),
            *extra,
        ]
    )


def test_it_writes_one_row_an_incident(folder):
    status = run(folder, "--weather", str(folder / "weather.csv"))

    (event,) = read(folder / "events.csv")
    assert status == 0
    assert {
        "event_id",
        "t_ns",
        "x",
        "y",
        "kind",
        "prob",
        "n_shots",
        "cov_xx",
        "cov_xy",
        "cov_yy",
        "n_sensors",
    } <= event.keys()
    assert float(event["x"]) == pytest.approx(SOURCE[0], abs=6.0)
    assert float(event["y"]) == pytest.approx(SOURCE[1], abs=6.0)
    assert int(event["t_ns"]) == pytest.approx(scenes.NOON_NS + 5 * 10**9, abs=3e7)
    assert event["n_shots"] == "2"


def test_it_names_each_rejected_row_and_why(folder, capsys):
    run(folder, "--rejected", str(folder / "rejected.csv"))

    rejected = {row["pulse_id"]: row["cause"] for row in read(folder / "rejected.csv")}
    assert rejected == {"bad": "missing_time", "odd": "missing_time", "who": "unknown_sensor"}
    assert "3 rejected (missing_time 2, unknown_sensor 1): 1 incidents" in capsys.readouterr().err


def test_it_names_sensors_at_fault(tmp_path):
    places = [(200.0 + 130.0 * k % 1500, 300.0 + 410.0 * k % 1400) for k in range(14)]
    rows, late = [], "s07"
    for n, place in enumerate(places):
        for k, t in scenes.heard(CITY, np.array(place), [30.0 * n + 5.0]):
            t += 0.4 * (CITY.sensor_id[k] == late)
            rows.append((f"p{len(rows)}", CITY.sensor_id[k], scenes.NOON_NS + round(t * 1e9)))
    write(tmp_path / "pulses.csv", ["pulse_id", "sensor_id", "t_ns"], rows)
    write(
        tmp_path / "sensors.csv",
        ["sensor_id", "x", "y"],
        zip(CITY.sensor_id, CITY.x_m, CITY.y_m, strict=True),
    )

    run(tmp_path, "--faults", str(tmp_path / "faults.csv"))

    (fault,) = read(tmp_path / "faults.csv")
    assert (fault["sensor_id"], fault["kind"]) == (late, "clock_offset")
    assert float(fault["size"]) == pytest.approx(0.4, abs=0.02)
    assert json.loads(fault["evidence"])["n"] >= 3


def test_degrees_in_are_degrees_out(folder):
    plane = LocalPlane(-79.98, 40.44)
    lon, lat = plane.to_lonlat(CITY.x_m, CITY.y_m)
    write(
        folder / "geo.csv",
        ["sensor_id", "lon", "lat", "z"],
        zip(CITY.sensor_id, lon, lat, lat, strict=True),
    )

    run(folder, sensors="geo.csv")

    (event,) = read(folder / "events.csv")
    x, y = plane.to_xy(float(event["lon"]), float(event["lat"]))
    assert np.hypot(x - SOURCE[0], y - SOURCE[1]) < 6.0
    assert "x" not in event


def test_npz_and_csv_say_the_same(folder):
    pulses = files.read_pulses(folder / "pulses.csv")
    np.savez(
        folder / "pulses.npz",
        pulse_id=pulses.pulse_id,
        sensor_id=pulses.sensor_id,
        t_ns=pulses.t_ns,
        peak_db=pulses.peak_db,
    )
    np.savez(folder / "sensors.npz", sensor_id=CITY.sensor_id, x=CITY.x_m, y=CITY.y_m)

    run(folder)
    run(folder, sensors="sensors.npz", pulses="pulses.npz", out="events.npz")

    (row,) = read(folder / "events.csv")
    with np.load(folder / "events.npz", allow_pickle=False) as events:
        assert set(events.files) == row.keys()
        assert {name: str(events[name][0]) for name in ("t_ns", "x", "prob", "round_t_ns")} == {
            name: row[name] for name in ("t_ns", "x", "prob", "round_t_ns")
        }


def test_a_compressed_csv_is_read(folder):
    (folder / "pulses.csv.gz").write_bytes(gzip.compress((folder / "pulses.csv").read_bytes()))

    assert run(folder, pulses="pulses.csv.gz") == 0
    assert len(read(folder / "events.csv")) == 1


def test_nothing_found_is_a_file_with_names_and_no_rows(folder):
    write(folder / "pulses.csv", ["pulse_id", "sensor_id", "t_ns"], [])

    assert run(folder) == 0
    assert (folder / "events.csv").read_text().startswith("event_id,t_ns,x,y,kind,prob,n_shots")
    assert read(folder / "events.csv") == []


def test_times_are_read_to_the_nanosecond(folder):
    write(
        folder / "pulses.csv",
        ["pulse_id", "sensor_id", "t_ns"],
        [("a", "s00", "1780000000123456789"), ("b", "s00", "1e400")],
    )

    assert files.read_pulses(folder / "pulses.csv").t_ns.tolist() == [
        1780000000123456789,
        MISSING_NS,
    ]


def test_long_files_are_read_piece_by_piece(folder, monkeypatch):
    whole = files.read_pulses(folder / "pulses.csv")
    monkeypatch.setattr(files, "CHUNK_ROWS", 2)
    lines = (folder / "pulses.csv").read_text().splitlines()
    (folder / "gaps.csv").write_text("\n".join([*lines[:4], "", "", "", "", "", *lines[4:]]))
    (folder / "torn.csv").write_text("\n".join([*lines[:6], "torn", *lines[6:]]))

    pieces = files.read_pulses(folder / "gaps.csv")

    for name in ("sensor_id", "t_ns", "pulse_id", "peak_db"):
        assert np.array_equal(
            getattr(pieces, name), getattr(whole, name), equal_nan=name == "peak_db"
        )
    with pytest.raises(files.FileError, match="got 1 values in data row 6; wanted 4"):
        files.read_pulses(folder / "torn.csv")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("absent.csv", None, "got no such file; wanted a CSV or NPZ file"),
        ("pulses.xlsx", b"x", "got suffix '.xlsx'; wanted .csv, .csv.gz or .npz"),
        ("short.csv", b"pulse_id,t_ns\n", "got columns pulse_id, t_ns; wanted also sensor_id"),
        ("empty.csv", b"", r"got columns (none); wanted also pulse_id, sensor_id, t_ns"),
        ("torn.csv", b"pulse_id,sensor_id,t_ns\na,b\n", "got 2 values in data row 1; wanted 3"),
        ("binary.csv", b"\xff\xfe\x00\x01", "wanted UTF-8 text"),
        ("broken.npz", b"PK not really", "got no readable NPZ"),
    ],
)
def test_a_file_that_cannot_be_meant_is_a_clear_error(folder, capsys, name, content, message):
    if content is not None:
        (folder / name).write_bytes(content)

    status = run(folder, pulses=name)

    assert status == 2
    assert message in capsys.readouterr().err


def test_sensors_listed_twice_are_a_clear_error(folder, capsys):
    write(folder / "sensors.csv", ["sensor_id", "x", "y"], [("a", 0, 0), ("a", 1, 1)])

    assert run(folder) == 2
    assert "wanted each sensor once" in capsys.readouterr().err


def test_it_runs_as_a_module_without_django_or_a_database(folder):
    script = "import runpy, sys; sys.argv = ['x', *sys.argv[1:]]\ntry: runpy.run_module('sensors.detection', run_name='__main__')\nexcept SystemExit as end: assert end.code == 0\nassert not {'django', 'psycopg', 'celery', 'redis'} & set(sys.modules)"
    arguments = ["--sensors", "sensors.csv", "--pulses", "pulses.csv", "--out", "events.csv"]

    ended = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
    )

    assert ended.returncode == 0, ended.stderr
    assert len(read(folder / "events.csv")) == 1
    assert "\r" not in ended.stderr  # no bar where nobody watches
