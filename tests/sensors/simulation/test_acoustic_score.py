"""The examiner is examined: on detections whose marks can be said by hand."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.optimize import least_squares

from sensors.simulation.streams import PRESETS, START_NS, make_stream
from tests.reference.acoustic_score import bound, mark, mark_health, pooled


@pytest.fixture(scope="module")
def truth():
    return make_stream(replace(PRESETS["urban"], minutes=20.0, sites_per_h=12.0), seed=15).truth


def told(incident, *, east_m=0.0, off_s=0.0, extra_shots=0, prob=None, sd_m=3.0):
    """What a detector would say of an incident, so far off."""
    return SimpleNamespace(
        t_ns=incident.t_ns + round(1e9 * off_s), x_m=incident.x_m + east_m, y_m=incident.y_m,
        n_shots=incident.rounds_t_ns.size + extra_shots, cov_xx=sd_m**2, cov_xy=0.0, cov_yy=sd_m**2,
        prob=float(incident.kind == "gunfire") if prob is None else prob,
    )  # fmt: skip


def marks_of(events, truth):
    return mark(SimpleNamespace(events=events), truth)


def asked(truth):
    return [incident for incident in truth.incidents if incident.is_asked]


def test_who_says_the_truth_has_full_marks(truth):
    marks = marks_of([told(incident) for incident in asked(truth)], truth)

    assert (marks.found, marks.false) == (marks.asked, 0)
    assert marks.asked > 15
    assert (marks.f1, marks.gun_f1, marks.rounds_right, marks.in_ellipse) == (1.0, 1.0, 1.0, 1.0)
    assert (marks.auc, marks.ece, marks.median_m) == (1.0, 0.0, 0.0)


def test_two_seconds_and_a_hundred_metres_are_the_limit(truth):
    one = asked(truth)[0]

    for near in (told(one, east_m=99.0), told(one, off_s=1.99), told(one, off_s=-1.99)):
        assert marks_of([near], truth).found == 1
    for far in (told(one, east_m=101.0), told(one, off_s=2.01)):
        assert (marks_of([far], truth).found, marks_of([far], truth).false) == (0, 1)


def test_a_source_reported_twice_is_found_once_and_false_once(truth):
    one = asked(truth)[0]
    marks = marks_of([told(one, east_m=20.0), told(one, east_m=5.0)], truth)

    assert (marks.found, marks.false) == (1, 1)
    assert marks.error_m == pytest.approx([5.0])


def test_what_is_not_asked_for_is_not_held_against_anyone(truth):
    others = [i for i in truth.incidents if not i.is_asked]
    sites = [i for i in others if i.is_site]
    blows = [
        told(site, off_s=(t - site.t_ns) / 1e9) for site in sites for t in site.rounds_t_ns[::9]
    ]

    marks = marks_of([told(i) for i in others if not i.is_site] + blows, truth)
    assert len(sites) >= 2
    assert (marks.found, marks.false) == (0, 0)
    assert marks.tolerated == len(others) - len(sites) + len(blows)


def test_calling_a_building_site_gunfire_is_a_false_gunfire(truth):
    site = next(i for i in truth.incidents if i.is_site)

    assert marks_of([told(site, prob=0.9)], truth).guns_false == 1
    assert marks_of([told(site, prob=0.1)], truth).guns_false == 0


def test_probability_is_judged_by_order_and_by_calibration(truth):
    guns = [i for i in asked(truth) if i.kind == "gunfire"]
    others = [i for i in asked(truth) if i.kind != "gunfire"]
    share = len(guns) / (len(guns) + len(others))

    same = marks_of([told(i, prob=share) for i in guns + others], truth)
    wrong = marks_of([told(i, prob=0.0) for i in guns] + [told(i, prob=1.0) for i in others], truth)
    assert (same.auc, wrong.auc) == (0.5, 0.0)
    assert same.ece == pytest.approx(0.0, abs=1e-12)
    assert wrong.ece == pytest.approx(1.0)


def test_ellipses_are_judged_by_what_they_hold_and_how_large_they_are(truth):
    events = [
        told(i, east_m=10.0, sd_m=sd) for i, sd in zip(asked(truth), (4.2, 4.0), strict=False)
    ]
    marks = marks_of(events, truth)

    assert sorted(marks.in_95.tolist()) == [
        False,
        True,
    ]  # 10 m over 4.0 and 4.2 m: chi2 6.2 and 5.7
    least = [np.sqrt(np.linalg.det(bound(i, truth))) for i in asked(truth)[:2]]
    assert sorted(marks.area_ratio) == pytest.approx(sorted([4.2**2 / least[0], 4.0**2 / least[1]]))


def test_the_worst_two_percent_are_trimmed_from_the_rmse(truth):
    everyone = asked(truth) * 4
    bounds = [np.sqrt(np.trace(bound(i, truth))) for i in everyone]
    events = [
        told(i, east_m=b if k else 90.0)
        for k, (i, b) in enumerate(zip(everyone, bounds, strict=True))
    ]
    size = len(asked(truth))
    whole = pooled([marks_of(events[k : k + size], truth) for k in range(0, 4 * size, size)])

    assert whole.asked == 4 * size
    assert whole.error_m.max() == pytest.approx(90.0)
    assert whole.over_bound == pytest.approx(1.0)
    assert size >= 13  # so that one of four times as many is less than two percent


def test_the_bound_is_what_a_solver_that_knows_everything_reaches(truth):
    """Monte Carlo: least squares on place, time, sound speed and wind, told all that the bound is told."""
    incident = max(asked(truth), key=lambda i: i.sensor.size)
    at = np.column_stack([truth.x_m, truth.y_m])[incident.sensor]
    c = 20.03 * np.sqrt(truth.sky.temp_c.mean() + 273.15)
    sd = np.sqrt(truth.path_sd_s**2 + truth.shot_sd_s**2 / incident.directs)
    prior = np.array([0.607 * np.sqrt(truth.temp_sd_c**2 + 1 / 12), *[truth.wind_sd_mps] * 2])
    rng, away = np.random.default_rng(0), []

    def arrivals(p):
        path = at - p[:2]
        distance = np.hypot(*path.T)
        return p[2] + distance / (c + p[3] + path @ p[4:6] / distance)

    for _ in range(300):
        air = rng.normal(0.0, prior)
        heard = arrivals(np.array([incident.x_m, incident.y_m, 0.0, *air])) + rng.normal(0.0, sd)

        def missed(p, heard=heard):
            return np.concatenate([(heard - arrivals(p)) / sd, p[3:] / prior])

        start = [incident.x_m + 5.0, incident.y_m - 5.0, 0.01, 0.0, 0.0, 0.0]
        fit = least_squares(missed, start, x_scale=[1.0, 1.0, 0.01, 1.0, 1.0, 1.0])
        away.append(fit.x[:2] - [incident.x_m, incident.y_m])

    rmse = np.sqrt(np.mean(np.sum(np.square(away), axis=1)))
    assert rmse == pytest.approx(np.sqrt(np.trace(bound(incident, truth))), rel=0.12)


def test_nothing_said_is_nothing_found(truth):
    marks = marks_of([], truth)

    assert (marks.found, marks.false, marks.f1) == (0, 0, 0.0)
    assert np.isnan([marks.median_m, marks.over_bound, marks.auc, marks.ece]).all()
    assert truth.incidents[0].t_ns > START_NS


def test_sensors_are_named_rightly_wrongly_or_needlessly():
    truth = make_stream(replace(PRESETS["adversarial"], minutes=5.0), seed=16).truth
    ids = np.char.mod("S%04d", np.arange(300))
    first, second, *_ = truth.faults
    fine = next(k for k in range(300) if k not in {fault.sensor for fault in truth.faults})
    other = "deaf" if second.kind != "deaf" else "silent"
    said = [
        SimpleNamespace(sensor_id=ids[first.sensor], kind=first.kind),
        SimpleNamespace(sensor_id=ids[second.sensor], kind=other),
        SimpleNamespace(sensor_id=ids[fine], kind="deaf"),
    ]

    marks = mark_health(said, truth, ids)
    assert (marks.named, marks.misnamed, marks.false) == ({first.kind: 1}, {second.kind: 1}, 1)
    assert sum(marks.asked.values()) == len(truth.faults)
