"""Officers find about as much as audits say, and only what was there."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from incidents.simulation import Alerted, simulate_incidents, simulate_responses, simulate_reviews
from incidents.simulation.responses import EVIDENCE, UNFOUNDED, heard_of
from sensors.simulation.city import FULL_CITY, build_city
from sensors.simulation.gunfire import loud_events

UNTIL = dt.datetime(2026, 11, 20, 6, 13, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def told():
    """City, sounds, alerts of a detector that hears most shots and takes some crackers for shots, and what follows."""
    city = build_city(7, plan=FULL_CITY)
    events = loud_events(city, 7, until=UNTIL)
    incidents = simulate_incidents(city, 7, until=UNTIL, events=events)
    rng = np.random.default_rng(4)
    n = len(events.kind)
    alerts = Alerted(
        number=np.array([f"A{i}" for i in range(n)]),
        t_s=events.t_ns / 1e9 + rng.normal(0, 0.01, n),
        x=events.x + rng.normal(0, 4, n),
        y=events.y + rng.normal(0, 4, n),
        is_gunfire=rng.random(n) < np.where(events.kind == "gunfire", 0.95, 0.1),
    )
    responses = simulate_responses(city, 7, alerts=alerts, events=events, incidents=incidents)
    return city, events, alerts, incidents, responses


def seconds(column: list[str]) -> np.ndarray:
    return np.array(column, "M8[s]").astype(float)


def test_the_same_seed_gives_the_same_rows(told):
    city, events, alerts, incidents, responses = told

    again = simulate_responses(city, 7, alerts=alerts, events=events, incidents=incidents)

    assert again.columns == responses.columns


def test_shares_are_near_those_of_the_audits(told):
    responses = told[-1]
    shares = np.bincount(responses.found, minlength=4) / responses.found.size

    assert 0.09 < shares[EVIDENCE] < 0.16
    assert 0.75 < shares[1] < 0.86
    assert 0.02 < shares[UNFOUNDED] < 0.08


def test_evidence_is_found_only_where_there_was_some_and_beside_the_shooter(told):
    city, events, alerts, _, responses = told
    source = heard_of(alerts, events)[responses.alert]
    is_found = responses.found == EVIDENCE

    assert events.is_confirmed[source[is_found]].all()
    for row in np.flatnonzero(is_found).tolist():
        x, y = city.plane.to_xy(
            float(responses.columns["FOUND_LON"][row]), float(responses.columns["FOUND_LAT"][row])
        )
        assert np.hypot(x - events.x[source[row]], y - events.y[source[row]]) < 15.0
        assert int(responses.columns["CASINGS"][row]) <= len(events.rounds_t_ns[source[row]])
    assert {responses.columns["FOUND_LON"][row] for row in np.flatnonzero(~is_found)} == {""}


def test_a_report_number_is_that_of_a_report_about_the_same_shots(told):
    _, events, alerts, incidents, responses = told
    source = heard_of(alerts, events)[responses.alert]
    about = dict(zip(incidents.columns["REPORT_NUMBER"], incidents.event.tolist(), strict=True))
    named = [(row, n) for row, n in enumerate(responses.columns["REPORT_NUMBER"]) if n]

    assert len(named) > 30
    assert all(about[number] == source[row] for row, number in named)


def test_stages_follow_each_other_within_minutes(told):
    columns = told[-1].columns
    entered, dispatched = seconds(columns["ENTERED"]), seconds(columns["DISPATCHED"])
    has_come = np.array([bool(text) for text in columns["ON_SCENE"]])
    on_scene = seconds([text for text in columns["ON_SCENE"] if text])

    assert (dispatched >= entered).all()
    assert (on_scene >= dispatched[has_come]).all()
    assert 240 < np.median(on_scene - entered[has_come]) < 480
    assert 0.9 < has_come.mean() < 1.0


def test_an_alert_of_nothing_that_banged_is_of_nothing(told):
    _, events, alerts, _, _ = told
    far = Alerted(
        alerts.number[:2], alerts.t_s[:2] + np.array([60.0, 0.0]), alerts.x[:2],
        alerts.y[:2] + np.array([0.0, 900.0]), alerts.is_gunfire[:2],
    )  # fmt: skip

    assert heard_of(far, events).tolist() == [-1, -1]


def test_reviewers_mostly_agree_with_what_was_there_and_not_always_with_each_other(told):
    _, events, alerts, _, responses = told

    reviews = simulate_reviews(7, alerts=alerts, events=events, responses=responses)

    source = heard_of(alerts, events)[reviews.alert]
    evidence = reviews.finding == "evidence"
    assert events.is_confirmed[source[evidence]].all()
    assert (np.diff(reviews.t_s) >= 0).all()
    assert (reviews.t_s > alerts.t_s[reviews.alert]).all()
    judged = list(zip(reviews.alert, reviews.reviewer, reviews.finding, strict=True))
    first = {alert: finding for alert, reviewer, finding in judged if reviewer == 0}
    second = {alert: finding for alert, reviewer, finding in judged if reviewer == 1}
    assert set(second) <= set(first)
    disputed = [a for a in second if first[a] != second[a]]
    assert 0.02 < len(disputed) / len(second) < 0.2
    bangs = events.kind[source] == "firework"
    assert (reviews.finding[bangs] == "firework").mean() > 0.6
