import csv

import pytest

from sensors.detection.__main__ import main as detect_files
from sensors.simulation.stream_files import main


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write(folder, *more, preset="urban"):
    assert (
        main(["--preset", preset, "--seed", "7", "--minutes", "3", "--out", str(folder), *more])
        == 0
    )


def test_the_detector_reads_what_is_written_and_finds_some_of_the_truth(tmp_path):
    write(tmp_path)

    names = ("sensors", "pulses", "weather")
    files = [word for name in names for word in (f"--{name}", str(tmp_path / f"{name}.csv"))]
    assert detect_files([*files, "--out", str(tmp_path / "events.csv")]) == 0

    asked = [row for row in rows(tmp_path / "truth.csv") if row["is_asked"] == "1"]
    events = rows(tmp_path / "events.csv")
    near = [
        any(abs(int(e["t_ns"]) - int(i["t_ns"])) < 2e9
            and abs(float(e["x"]) - float(i["x_or_lon"])) < 100.0
            and abs(float(e["y"]) - float(i["y_or_lat"])) < 100.0 for e in events)
        for i in asked
    ]  # fmt: skip
    assert len(asked) >= 3
    assert sum(near) >= 0.7 * len(asked)


def test_truth_is_in_files_of_its_own(tmp_path):
    write(tmp_path, preset="adversarial")

    given = [set(rows(tmp_path / f"{name}.csv")[0]) for name in ("sensors", "pulses", "weather")]
    assert given == [
        {"sensor_id", "x", "y", "z"},
        {"pulse_id", "sensor_id", "t_ns", "recv_ns", "peak_db", "snr_db", "rise_ms", "dur_ms",
         "centroid_hz"},
        {"t_ns", "temp_c", "wind_mps", "wind_from_deg"},
    ]  # fmt: skip
    assert {row["kind"] for row in rows(tmp_path / "faults.csv")} > {"clock_offset", "spoofed"}
    assert any(row["t_ns"] == "" for row in rows(tmp_path / "pulses.csv"))


def test_reviews_of_one_period_teach_the_detector_about_the_next(tmp_path):
    write(tmp_path / "past", "--minutes", "20")
    write(tmp_path / "now", "--part", "1")

    past, now = tmp_path / "past", tmp_path / "now"
    files = [word for name in ("sensors", "pulses", "weather")
             for word in (f"--{name}", str(now / f"{name}.csv"))]  # fmt: skip
    history = ["--history", str(past / "reviews.csv"), "--history-pulses", str(past / "pulses.csv")]
    assert detect_files([*files, *history, "--out", str(tmp_path / "events.csv")]) == 0

    assert (
        int(rows(now / "pulses.csv")[0]["t_ns"]) - int(rows(past / "pulses.csv")[0]["t_ns"]) > 6e14
    )
    versions = {row["classifier_version"] for row in rows(tmp_path / "events.csv")}
    assert len(versions) == 1
    assert versions.pop().startswith("reviews-")


def test_degrees_and_metres_say_the_same(tmp_path):
    write(tmp_path / "m")
    write(tmp_path / "deg", "--in-degrees")

    metres, degrees = (rows(tmp_path / name / "sensors.csv") for name in ("m", "deg"))
    north_m = float(metres[5]["y"]) - float(metres[0]["y"])
    assert 111_030.0 * (float(degrees[5]["lat"]) - float(degrees[0]["lat"])) == pytest.approx(
        north_m, abs=0.01 * abs(north_m) + 0.1
    )
    assert (tmp_path / "m" / "pulses.csv").read_bytes() == (
        tmp_path / "deg" / "pulses.csv"
    ).read_bytes()


def test_it_refuses_what_cannot_be_meant(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["--preset", "urban", "--seed", "-1", "--out", str(tmp_path)])

    assert "wanted a seed" in capsys.readouterr().err

    with pytest.raises(SystemExit):
        main(["--preset", "urban", "--seed", "1", "--alike", "2", "--out", str(tmp_path)])

    assert "wanted 0 to 1" in capsys.readouterr().err
