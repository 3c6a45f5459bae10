import json

import numpy as np
import pytest

from sensors.detection.atmosphere import (
    C_GUST_MPS,
    C_WANDERS_MPS,
    GUST_MPS,
    SAME_PATHS_M,
    SHARED_WORTH,
    WIND_WANDERS_MPS,
    Soundings,
    learnt_air,
    merged,
    places,
    shared_air,
)
from sensors.detection.multilateration import Sounding, locate
from sensors.detection.propagation import NS_PER_H, Atmosphere, travel_time_s
from tests.reference.shared_air import air_from_others

REPORT = Atmosphere(338.0, 1.0, -2.0, c_sd_mps=0.6, wind_sd_mps=1.0)
START_NS = 1_780_000_000_000_000_000


def reported(_t_ns: int) -> Atmosphere:
    return REPORT


def invented(rng: np.random.Generator, count: int, *, spread_h: float = 3.0):
    """Soundings that agree with the report about as well as they should, at places far apart."""
    hours = np.sort(rng.uniform(0.0, spread_h, count))
    root = rng.normal(size=(count, 3, 3))
    information = root @ root.transpose(0, 2, 1) + 0.05 * np.eye(3)
    means = REPORT.mean_mps + 0.2 * rng.normal(size=(count, 3))
    weighted = np.einsum("kij,kj->ki", information, means)
    t_ns = START_NS + np.round(hours * NS_PER_H).astype(np.int64)
    place = 1_000.0 * np.column_stack([np.arange(count), np.zeros(count)])
    return Soundings(t_ns, place, weighted, information), means


def slowly(soundings: Soundings, means):
    return air_from_others(
        (soundings.t_ns - START_NS) / NS_PER_H,
        soundings.place_m,
        means,
        soundings.information,
        report=REPORT.mean_mps,
        report_sd=np.sqrt(np.diag(REPORT.cov)),
        drift_per_h=(C_WANDERS_MPS, WIND_WANDERS_MPS, WIND_WANDERS_MPS),
        gust_sd=(C_GUST_MPS, GUST_MPS, GUST_MPS),
        alike_m=SAME_PATHS_M,
        worth=SHARED_WORTH,
    )


@pytest.mark.parametrize("seed", range(4))
def test_it_agrees_with_conditioning_one_large_gaussian(seed):
    soundings, means = invented(np.random.default_rng(seed), 7)
    soundings.place_m[3] = soundings.place_m[1] + 30.0  # two incidents at one place

    air = shared_air(soundings, report_at_ns=reported)

    mean, cov = slowly(soundings, means)
    assert np.array([a.mean_mps for a in air]) == pytest.approx(mean, abs=1e-6)
    assert np.array([a.cov for a in air]) == pytest.approx(cov, abs=1e-6)


def test_alone_an_incident_hears_the_report_and_its_gust():
    soundings, _ = invented(np.random.default_rng(0), 1)

    (air,) = shared_air(soundings, report_at_ns=reported)

    assert air.mean_mps == pytest.approx(REPORT.mean_mps)
    assert np.diag(air.cov) == pytest.approx(
        np.diag(REPORT.cov) + np.array([C_GUST_MPS, GUST_MPS, GUST_MPS]) ** 2
    )


def test_incidents_at_one_place_teach_one_another_nothing():
    soundings, _ = invented(np.random.default_rng(1), 5)
    soundings.place_m[:] = soundings.place_m[0]

    for air in shared_air(soundings, report_at_ns=reported):
        assert air.mean_mps == pytest.approx(REPORT.mean_mps)


def test_order_does_not_matter():
    rng = np.random.default_rng(2)
    soundings, _ = invented(rng, 9)
    mixed = rng.permutation(9)
    shuffled = Soundings(*(getattr(soundings, name)[mixed] for name in vars(soundings)))

    one = shared_air(soundings, report_at_ns=reported)
    other = shared_air(shuffled, report_at_ns=reported)

    assert [one[k].mean_mps.tolist() for k in mixed] == [a.mean_mps.tolist() for a in other]


def heard_incidents(rng: np.random.Generator, count: int, true: Atmosphere):
    """Soundings of incidents at many places, each through the true air and a gust of its own."""
    soundings, places_m = [], []
    for _ in range(count):
        place, turn = rng.uniform(0.0, 8_000.0, 2), rng.uniform(0.0, 2.0 * np.pi, 12)
        xy = place + rng.uniform(150.0, 800.0, 12)[:, None] * np.column_stack(
            [np.cos(turn), np.sin(turn)]
        )
        c, wind = rng.normal(0.0, C_GUST_MPS), rng.normal(0.0, GUST_MPS, 2)
        air = Atmosphere(true.c_mps + c, true.wind_x_mps + wind[0], true.wind_y_mps + wind[1])
        t = 7.0 + travel_time_s(xy[:, 0] - place[0], xy[:, 1] - place[1], air)
        spot = locate(xy, t + rng.normal(0.0, 0.0075, 12), atmosphere=REPORT, start_xy_m=place)
        soundings.append(spot.sounding)
        places_m.append(place)
    t_ns = START_NS + np.sort(rng.integers(0, NS_PER_H, count))
    return Soundings.of(t_ns.tolist(), places_m, soundings)


def test_forty_incidents_of_an_hour_know_the_wind_better_than_the_report_and_how_well():
    rng = np.random.default_rng(5)
    off, sd = [], []
    for _ in range(12):
        true = Atmosphere(338.0 + rng.normal(0, 0.6), 1.0 + rng.normal(), -2.0 + rng.normal())
        air = shared_air(heard_incidents(rng, 40, true), report_at_ns=reported)[20]
        gust = np.diag([C_GUST_MPS, GUST_MPS, GUST_MPS]) ** 2
        off.append((true.mean_mps - air.mean_mps) / np.sqrt(np.diag(air.cov - gust)))
        sd.append(np.sqrt(np.diag(air.cov - gust)))

    assert (np.mean(sd, axis=0)[1:] < 0.6).all()
    assert 0.6 < np.sqrt(np.mean(np.square(off))) < 1.4


def test_one_sounding_from_a_wrong_place_does_not_spoil_the_hour():
    rng = np.random.default_rng(6)
    good = heard_incidents(rng, 30, REPORT)
    weighted = good.weighted.copy()
    weighted[4] += good.information[4] @ [4.0, 9.0, -9.0]
    spoiled = Soundings(good.t_ns, good.place_m, weighted, good.information)

    clean, robust = (shared_air(s, report_at_ns=reported)[20] for s in (good, spoiled))

    assert robust.mean_mps == pytest.approx(clean.mean_mps, abs=0.25)


def test_soundings_survive_json_and_broken_rows_are_passed_over():
    soundings, _ = invented(np.random.default_rng(3), 4)

    back = Soundings.from_rows(
        [*json.loads(json.dumps(soundings.rows())), [1.0], [float("nan")] * 12]
    )

    assert len(back) == 4
    for name in vars(soundings):
        assert getattr(back, name) == pytest.approx(getattr(soundings, name), rel=1e-12)


def test_a_window_is_told_only_of_incidents_outside_it():
    soundings, _ = invented(np.random.default_rng(4), 6)

    outside = soundings.outside(int(soundings.t_ns[2]), int(soundings.t_ns[3]))

    assert outside.t_ns.tolist() == soundings.t_ns[[0, 1, 4, 5]].tolist()
    assert len(merged(outside, Soundings.of([], [], []))) == 4


def test_places_are_numbered_by_nearness():
    at = np.array([[0.0, 0.0], [500.0, 0.0], [60.0, 0.0], [500.0, 90.0]])

    assert places(at).tolist() == [0, 1, 0, 1]
    assert places(np.empty((0, 2))).size == 0


def test_between_incidents_the_air_is_what_they_tell_and_far_off_what_the_report_says():
    soundings = heard_incidents(np.random.default_rng(7), 40, Atmosphere(339.0, 2.5, -3.0))
    middle = START_NS + NS_PER_H // 2

    near, far = learnt_air(
        soundings, np.array([middle, middle + 500 * NS_PER_H]), report_at_ns=reported
    )

    assert near.mean_mps == pytest.approx([339.0, 2.5, -3.0], abs=0.8)
    assert far.mean_mps == pytest.approx(REPORT.mean_mps, abs=0.01)


def test_no_soundings_no_air():
    assert shared_air(Soundings.of([], [], []), report_at_ns=reported) == []
    assert len(Soundings.of([0], [np.zeros(2)], [Sounding(np.zeros(3), np.eye(3))])) == 1
