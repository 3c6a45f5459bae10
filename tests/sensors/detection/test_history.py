"""Files of labels, each form of them, through the command line; and what reviewers' words mean."""

from __future__ import annotations

import csv
import shutil
from dataclasses import replace

import numpy as np
import pytest

from sensors.detection import PulseArrays, SensorArrays, Weather, detect
from sensors.detection.__main__ import main
from sensors.detection.classification import DEFAULT
from sensors.detection.files import FileError, write_events
from sensors.detection.history import kind_of, match_reviews, taught_by_pulses, taught_by_reviews
from sensors.detection.history_files import read_labels, taught_by, times_ns
from sensors.detection.learning import train
from sensors.geodesy import LocalPlane
from sensors.simulation.stream_files import write_stream
from sensors.simulation.streams import Preset, make_stream

PRESET = Preset(
    sensors=49,
    minutes=8.0,
    gunfire_per_h=120.0,
    firework_per_h=70.0,
    sites_per_h=0.0,
    noise_per_h=5.0,
)


@pytest.fixture(scope="module")
def stream():
    return make_stream(PRESET, seed=11)


@pytest.fixture(scope="module")
def found(stream):
    return detect(
        PulseArrays(**stream.pulses),
        SensorArrays(**stream.sensors),
        weather=Weather(**stream.weather),
    )


@pytest.fixture(scope="module")
def written(stream, tmp_path_factory):
    folder = tmp_path_factory.mktemp("stream")
    write_stream(stream, folder)
    return folder


@pytest.fixture
def folder(written, tmp_path):
    shutil.copytree(written, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture
def teach(stream, found, tmp_path):
    """What a file of labels teaches beside the stream, written from column names and rows."""

    def taught(names, rows):
        return taught_by(
            read_labels(
                write(tmp_path / "history.csv", names, rows), SensorArrays(**stream.sensors)
            ),
            pulses=PulseArrays(**stream.pulses),
            detection=found,
            sensors=SensorArrays(**stream.sensors),
            detect=lambda pulses, places: detect(pulses, places, weather=Weather(**stream.weather)),
        )

    return taught


def reviews(stream):
    return [(i.t_ns, i.x_m, i.y_m, i.kind) for i in stream.truth.incidents]


def write(path, names, rows):
    with path.open("w", newline="") as lines:
        csv.writer(lines).writerows([names, *rows])
    return path


def rows_of(path):
    with path.open() as lines:
        return list(csv.DictReader(lines))


def run(folder, *extra, out="events.csv"):
    files = [f"--{n}={folder / f'{n}.csv'}" for n in ("sensors", "pulses", "weather")]
    assert main([*files, f"--out={folder / out}", *extra]) == 0
    return rows_of(folder / out)


def pulse_rows(stream, *, labelled=lambda row, incident: incident.kind):
    """Each pulse with the incident it is of and a label; ("", "") for noise."""
    truth, incidents = stream.truth.pulse, stream.truth.incidents
    for row, event in enumerate(truth.event.tolist()):
        name = f"i{event}" if event >= 0 else ""
        yield row, name, labelled(row, incidents[event]) if event >= 0 else ""


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("gunfire", "gunfire"), (" Gunshot ", "gunfire"), ("SHOTS", "gunfire"), ("1", "gunfire"),
        ("1.0", "gunfire"), ("True", "gunfire"), ("evidence", "gunfire"), ("fireworks", "firework"),
        ("Firecracker", "firework"), ("backfire", "impulse"), ("construction", "impulse"),
        ("unfounded", "impulse"), ("0", "impulse"), ("Not gunfire", "impulse"), ("not-gunfire", "impulse"),
        ("no_evidence", ""), ("No evidence", ""), ("", ""), ("nan", ""), ("banana", None),
        ("handgun", "gunfire"), ("Gunshot (rifle)", "gunfire"), ("nail gun", "impulse"),
        ("string of firecrackers", "firework"), ("mortar shell", "firework"), ("car backfire", "impulse"),
        ("no shots", "impulse"), ("No evidence of gunfire", ""), ("pile driver", "impulse"),
    ],
)  # fmt: skip
def test_reviewers_words_are_understood(word, kind):
    assert kind_of(word) == kind


def test_reviews_find_their_incidents(stream, found):
    t_ns, x, y, _ = (np.array(column) for column in zip(*reviews(stream), strict=True))

    about = match_reviews(found.events, t_ns, np.column_stack([x, y]), in_degrees=False)

    told = about[about >= 0].tolist()
    assert len(told) == len(set(told))
    assert len(told) > 0.8 * len(found.events)
    for review in np.flatnonzero(about >= 0):
        event = found.events[about[review]]
        assert np.hypot(event.x_m - x[review], event.y_m - y[review]) <= 100.0
        assert np.abs(event.round_t_ns - t_ns[review]).min() <= 2e9


def test_of_two_reviews_the_nearer_one_is_about_the_incident(found):
    event = found.events[0]
    t_ns = np.array([event.t_ns, event.t_ns])
    place = np.array([[event.x_m + 60.0, event.y_m], [event.x_m + 5.0, event.y_m]])

    assert match_reviews([event], t_ns, place, in_degrees=False).tolist() == [-1, 0]


def test_reviews_in_degrees_find_the_same_incidents(stream, found):
    plane = LocalPlane(-80.0, 40.0)
    events = [
        replace(e, lon=float(lon), lat=float(lat))
        for e in found.events
        for lon, lat in [plane.to_lonlat(e.x_m, e.y_m)]
    ]
    t_ns, x, y, _ = (np.array(column) for column in zip(*reviews(stream), strict=True))
    degrees = np.column_stack(plane.to_lonlat(x, y))

    assert (
        match_reviews(events, t_ns, degrees, in_degrees=True).tolist()
        == match_reviews(events, t_ns, np.column_stack([x, y]), in_degrees=False).tolist()
    )


def test_rows_that_teach_nothing_are_counted_by_cause(found):
    event = found.events[0]
    words = ["gunfire", "no_evidence", "banana", "gunfire", "firework", ""]
    t_ns = np.array([event.t_ns] * 3 + [5, 0, event.t_ns])
    place = np.tile([event.x_m, event.y_m], (6, 1))

    taught = taught_by_reviews([event], t_ns, place, words, in_degrees=False)

    assert taught.n_rows == 5
    assert taught.history.kind.tolist() == ["gunfire"]
    assert taught.unused == {
        "label_says_nothing": 1,
        "no_incident_within_2_s_and_100_m": 1,
        "no_time_or_place": 1,
        "unknown_label": 1,
    }


def test_pulses_whose_labels_contradict_teach_nothing(found):
    event = found.events[0]
    label = [""] * (int(event.pulse_row.max()) + 1)
    for n, row in enumerate(event.pulse_row[: event.pulse_row.size // 2 * 2]):
        label[row] = "gunfire" if n % 2 else "firework"

    taught = taught_by_pulses([event], label)

    assert len(taught.history) == 0
    assert taught.unused["labels_contradict"] > 0


REVIEW = ["t_ns", "x", "y", "label"]


def test_degrees_and_iso_times_do_as_well(stream, found, tmp_path):
    plane = LocalPlane(-80.0, 40.0)
    lon, lat = plane.to_lonlat(stream.sensors["x_m"], stream.sensors["y_m"])
    events = tuple(
        replace(e, lon=float(one), lat=float(other))
        for e in found.events
        for one, other in [plane.to_lonlat(e.x_m, e.y_m)]
    )
    rows = [
        (np.datetime64(t, "ns").astype("datetime64[ms]"), *map(float, plane.to_lonlat(x, y)), kind)
        for t, x, y, kind in reviews(stream)
    ]
    sensors = SensorArrays(stream.sensors["sensor_id"], lon=lon, lat=lat)
    path = write(tmp_path / "h.csv", ["occurred_at", "longitude", "latitude", "finding"], rows)

    taught = taught_by(
        read_labels(path, sensors),
        pulses=PulseArrays(**stream.pulses),
        detection=replace(found, events=events),
        sensors=sensors,
        detect=detect,
    )

    assert len(taught.history) > 0.8 * len(events)


def test_our_own_events_with_labels_are_a_history(teach, stream, found, tmp_path):
    write_events(tmp_path / "events.csv", found)
    events = rows_of(tmp_path / "events.csv")
    t_ns, x, y, kind = (np.array(column) for column in zip(*reviews(stream), strict=True))
    about = match_reviews(found.events, t_ns, np.column_stack([x, y]), in_degrees=False)
    label = {int(k): kind[n] for n, k in enumerate(about) if k >= 0}

    own = teach(
        [*events[0], "label"], [[*row.values(), label.get(n, "")] for n, row in enumerate(events)]
    )
    by_place = teach(REVIEW, reviews(stream))

    assert own.n_rows == len(own.history) == len(label)
    assert train(own.history).to_json() == train(by_place.history).to_json()


def test_a_history_in_npz_says_the_same(teach, stream, found, tmp_path):
    t_ns, x, y, kind = (np.array(column) for column in zip(*reviews(stream), strict=True))
    path = tmp_path / "history.npz"
    np.savez(path, t_ns=t_ns, x=x, y=y, is_gunfire=kind == "gunfire")

    taught = taught_by(
        read_labels(path, SensorArrays(**stream.sensors)),
        pulses=PulseArrays(**stream.pulses),
        detection=found,
        sensors=SensorArrays(**stream.sensors),
        detect=detect,
    )

    from_csv = teach(REVIEW, reviews(stream))
    assert len(taught.history) == len(from_csv.history)
    assert set(taught.history.kind.tolist()) == {"gunfire", "impulse"}


def labelled_pulses(stream, *, rename=lambda name: name):
    columns = {name: column.tolist() for name, column in stream.pulses.items()}
    columns["sensor_id"] = [rename(name) for name in columns["sensor_id"]]
    rows = [
        [*(column[row] for column in columns.values()), incident, label]
        for row, incident, label in pulse_rows(stream)
    ]
    return [*columns, "incident_id", "label"], rows


def test_labelled_pulses_are_detected_like_any_others(teach, stream):
    from_pulses = teach(*labelled_pulses(stream))
    from_place = teach(REVIEW, reviews(stream))

    assert from_pulses.unused["pulse_not_in_any_incident"] > 0  # echoes
    told = [one["log_duration"] for one in from_place.history.features]
    again = [one["log_duration"] for one in from_pulses.history.features]
    assert len(set(told) & set(again)) > 0.8 * len(told)


def test_labelled_pulses_of_unknown_sensors_are_pooled_as_told(teach, stream):
    taught = teach(*labelled_pulses(stream, rename=lambda name: f"other {name}"))

    heard = sum((stream.truth.pulse.event == n).any() for n in range(len(stream.truth.incidents)))
    assert len(taught.history) == heard
    assert all(np.isnan(one["level_excess_db"]) for one in taught.history.features)
    assert all(np.isfinite(one["log_rise"]) for one in taught.history.features)


def test_pulses_with_a_distance_and_no_time_have_levels_and_no_rhythm(teach):
    rows = [(f"i{n}", f"s{k}", 100.0, 92.0, "gunshot") for n in range(4) for k in range(3)]

    taught = teach(["incident_id", "sensor_id", "distance_m", "peak_db", "label"], rows)

    assert len(taught.history) == 4
    assert all(one["level_excess_db"] == pytest.approx(0.0) for one in taught.history.features)
    assert all(np.isnan(one["rounds"]) for one in taught.history.features)


def test_labels_by_pulse_id_are_about_the_pulses_at_hand(teach, stream):
    ids = stream.pulses["pulse_id"]
    rows = [(ids[row], label) for row, _, label in pulse_rows(stream) if label]

    taught = teach(["pulse_id", "label"], [*rows, ("nobody", "gunfire")])

    assert taught.n_rows == len({name for name, _ in rows}) + 1
    assert len(taught.history) > 10


def test_one_row_an_incident_with_mean_features_is_a_history(teach):
    rows = [(1.1, 150, 600, 3, "shots"), (4.5, 200, 500, "", "0"), ("inf", -1, "x", 1, "0")]

    taught = teach(["rise_ms", "dur_ms", "centroid_hz", "n_shots", "class"], rows)

    shots, other, senseless = taught.history.features
    assert taught.history.kind.tolist() == ["gunfire", "impulse", "impulse"]
    assert shots["log_rise"] == pytest.approx(np.log(1.1))
    assert (shots["rounds"], np.isnan(other["rounds"])) == (3.0, True)
    assert (shots["log_rise_n"], shots["level_excess_db_n"]) == (10.0, 0.0)
    assert np.isnan([senseless[n] for n in ("log_rise", "log_duration")]).all()


def test_reviews_of_another_day_may_bring_their_own_features(teach):
    names = ["event_id", "t_ns", "x", "y", "kind", "n_shots", "rise_ms", "dur_ms"]

    taught = teach(names, [(n, 5 + n, 0.0, 0.0, "gunshot", 2, 1.2, 150.0) for n in range(4)])

    assert len(taught.history) == 4
    assert all(one["log_rise"] == pytest.approx(np.log(1.2)) for one in taught.history.features)


HOSTILE = ["", "nan", "inf", "-1", "1e308", "99999999999999999999", "gunshot", "firework", "é"]


@pytest.mark.parametrize("seed", range(30))
def test_senseless_values_are_unused_and_never_a_fault(teach, seed):
    rng = np.random.default_rng(seed)
    forms = (
        ["t_ns", "x", "y", "label"],
        ["rise_ms", "n_shots", "n_pulses", "median_gap_s", "label"],
        ["rounds", "log_rise", "log_rise_n", "gap_spread", "label"],
        ["incident_id", "sensor_id", "t_ns", "rise_ms", "distance_m", "label"],
        ["pulse_id", "label"],
    )
    names = forms[seed % len(forms)]

    taught = teach(names, rng.choice(HOSTILE, (12, len(names))).tolist())

    for one in taught.history.features:
        assert 0.0 < train(taught.history).judge(one).prob < 1.0


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["t_ns", "x", "y"], "wanted also a column of labels"),
        (["t_ns", "x", "y", "kind", "prob"], "kind where prob is not beside it"),
        (["label", "notes"], "wanted, beside the label"),
        (["t_ns", "lon", "lat", "label"], "got places as lon, lat; wanted x, y"),
        (["pulse_id", "sensor_id", "label"], "wanted t_ns, or incident_id"),
        ([], "wanted also a column of labels"),
    ],
)
def test_a_history_of_no_known_form_is_a_clear_error(teach, names, message):
    with pytest.raises(FileError, match=message):
        teach(names, [])


@pytest.mark.parametrize(
    "names", [REVIEW, ["incident_id", "sensor_id", "t_ns", "label"], ["pulse_id", "label"]]
)
def test_a_history_without_rows_teaches_nothing(teach, names):
    taught = teach(names, [])

    assert (taught.n_rows, len(taught.history)) == (0, 0)
    assert train(taught.history) is DEFAULT


def test_reviews_change_what_the_command_says(folder, stream, capsys):
    before = run(folder, out="before.csv")
    # a city where everything sharp was found to be fireworks, and the rest gunfire
    swap = {"gunfire": "fireworks", "firework": "gunshot", "impulse": "gunshot"}
    rows = [(t, x, y, swap[kind]) for t, x, y, kind in reviews(stream)]

    after = run(folder, f"--history={write(folder / 'h.csv', REVIEW, rows)}")

    said = capsys.readouterr().err
    assert "labelled rows" in said
    assert "classifier reviews-" in said
    assert "on reviews held out AUC 0." in said or "on reviews held out AUC 1." in said
    assert [r["t_ns"] for r in after] == [r["t_ns"] for r in before]
    moved = [float(a["prob"]) - float(b["prob"]) for a, b in zip(after, before, strict=True)]
    said_before = np.array([float(r["prob"]) for r in before])
    assert np.mean(np.sign(moved) == np.sign(0.5 - said_before)) > 0.8
    assert {r["classifier_version"] for r in before} == {DEFAULT.version}
    assert {r["classifier_version"] for r in after} != {DEFAULT.version}


def test_reviews_of_an_earlier_day_come_with_its_pulses(folder, stream, capsys):
    history = write(folder / "h.csv", REVIEW, reviews(stream))
    shutil.copy(folder / "pulses.csv", folder / "earlier.csv")
    write_stream(make_stream(replace(PRESET, minutes=2.0), seed=11, part=1), folder)

    alone = run(folder, f"--history={history}")
    taught = run(folder, f"--history={history}", f"--history-pulses={folder / 'earlier.csv'}")

    said = capsys.readouterr().err.splitlines()
    assert "nothing learnt" in said[1]
    assert "no_incident_within_2_s_and_100_m" in said[1]
    assert "classifier reviews-" in said[-1]
    assert {r["classifier_version"] for r in alone} == {DEFAULT.version}
    assert {r["classifier_version"] for r in taught} != {DEFAULT.version}


def test_a_history_that_cannot_be_meant_ends_the_command_in_one_sentence(folder, capsys):
    history = write(folder / "h.csv", ["notes"], [])
    files = [f"--{n}={folder / f'{n}.csv'}" for n in ("sensors", "pulses")]

    assert main([*files, f"--out={folder / 'e.csv'}", f"--history={history}"]) == 2
    assert "wanted also a column of labels" in capsys.readouterr().err


def test_times_are_nanoseconds_or_iso_in_utc():
    column = np.array(
        ["1780000000123456789", "2026-05-28T20:26:40.5Z", "2026-05-28 20:26:40", "noon"]
    )

    assert times_ns(column).tolist() == [
        1780000000123456789,
        1780000000500000000,
        1780000000000000000,
        np.iinfo(np.int64).min,
    ]
