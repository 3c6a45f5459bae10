"""Records find their alerts, or say why not."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.stats import exponnorm

from incidents import linking
from incidents.linking import (
    CALL,
    CERTAIN,
    RESPONSE,
    SHOOTING,
    Alerts,
    Law,
    Records,
    link_many_to_one,
    link_one_to_one,
)
from tests.reference import linking as reference

DAY_S = 86_400.0


def alerts(*rows: tuple[float, float, float], sd_m: float = 5.0) -> Alerts:
    t, x, y = (np.array(column, float) for column in zip(*rows, strict=True))
    variance = np.full(t.size, sd_m**2)
    return Alerts(t, x, y, variance, np.zeros(t.size), variance)


def records(*rows: tuple[float, float, float], long_s: float = 0.0) -> Records:
    t, x, y = (np.array(column, float) for column in zip(*rows, strict=True))
    return Records(t, t + long_s, x, y, np.full(t.size, np.nan))


def crowd(rng: np.random.Generator, *, n: int, m: int) -> tuple[Alerts, Records]:
    """A night on which everything happens in two streets within the hour."""
    t, x, y = rng.uniform(0, 1_200, n), rng.uniform(0, 500, n), rng.uniform(0, 300, n)
    shape = rng.normal(0.0, 12.0, (n, 2, 2))
    covariance = shape @ shape.transpose(0, 2, 1) + 9.0 * np.eye(2)
    covariance[rng.random(n) < 0.3] = np.nan
    found = Alerts(t, x, y, covariance[:, 0, 0], covariance[:, 0, 1], covariance[:, 1, 1])
    source = rng.integers(n, size=m)
    at = t[source] + rng.exponential(90.0, m) + rng.normal(0.0, 20.0, m)
    long = np.where(rng.random(m) < 0.4, rng.uniform(30.0, 900.0, m), 0.0)
    told = Records(
        at - long * rng.random(m), at + long * rng.random(m), x[source] + rng.normal(0, 45, m),
        y[source] + rng.normal(0, 45, m), np.full(m, np.nan),
    )  # fmt: skip
    return found, told


def slow_scores(found: Alerts, told: Records, law: Law) -> list[list[float]]:
    shots = [
        reference.Shot(t, x, y, None if np.isnan(xx) else (xx, xy, yy))
        for t, x, y, xx, xy, yy in zip(*dataclasses.astuple(found), strict=True)
    ]
    rows = [reference.Told(*row[:4]) for row in zip(*dataclasses.astuple(told), strict=True)]
    scores = [[reference.score(shot, row, law, shots) for shot in shots] for row in rows]
    return reference.at_fitting_prior(scores, law)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("law", [RESPONSE, CALL, SHOOTING], ids=["response", "call", "shooting"])
def test_links_are_those_of_trying_every_assignment(seed: int, law: Law) -> None:
    found, told = crowd(np.random.default_rng(seed), n=5, m=4)
    scores = slow_scores(found, told, law)

    one, many = link_one_to_one(found, told, law), link_many_to_one(found, told, law)

    assert one.alert.tolist() == reference.one_to_one(scores, certain=CERTAIN)
    assert many.alert.tolist() == reference.many_to_one(scores, certain=CERTAIN)


def test_the_law_of_lateness_is_a_normal_error_plus_an_exponential_delay() -> None:
    lag = np.linspace(RESPONSE.earliest_s, RESPONSE.latest_s, 50)
    law = exponnorm(RESPONSE.mean_s / RESPONSE.clock_sd_s, scale=RESPONSE.clock_sd_s)

    assert np.exp(RESPONSE.log_density(lag, lag)) == pytest.approx(law.pdf(lag), rel=1e-6)
    assert np.exp(RESPONSE.log_density(lag, lag + 60)) == pytest.approx(
        (law.cdf(lag + 60) - law.cdf(lag)) / 60, rel=1e-6
    )


def test_a_response_to_each_of_two_alerts_in_a_street_goes_to_its_own() -> None:
    found = alerts((0, 0, 0), (400, 60, 0))
    told = records((430, 70, 5), (45, -10, 5))

    links = link_one_to_one(found, told, RESPONSE)

    assert links.alert.tolist() == [1, 0]
    assert links.separation_s.tolist() == [30, 45]
    assert links.separation_m[1] == pytest.approx(np.hypot(10, 5))
    assert (links.log_odds > CERTAIN).all()
    assert links.reason.tolist() == ["", ""]


def test_one_response_between_two_alerts_alike_is_left_open() -> None:
    found = alerts((0, 0, 0), (2, 15, 0))

    links = link_one_to_one(found, records((60, 8, 0)), RESPONSE)

    assert links.alert.tolist() == [-1]
    assert links.reason.tolist() == [linking.AMBIGUOUS]
    assert np.isnan(links.separation_m).all()


def test_two_callers_may_call_about_one_alert_but_two_units_are_not_sent_to_it() -> None:
    found, told = alerts((0, 0, 0)), records((60, 30, 0), (62, 20, 0))

    assert link_many_to_one(found, told, CALL).alert.tolist() == [0, 0]
    assert sorted(link_one_to_one(found, told, RESPONSE).alert.tolist()) == [-1, -1]


@pytest.mark.parametrize(
    ("t_s", "x_m", "because"),
    [
        (60, 900, linking.NO_ALERT), (7_200, 0, linking.NO_ALERT), (-600, 0, linking.NO_ALERT),
        (60, np.nan, linking.VAGUE),
    ],
    ids=["elsewhere", "hours later", "before the shots", "no place"],
)  # fmt: skip
def test_what_does_not_fit_is_not_linked_and_says_why(t_s: float, x_m: float, because: str) -> None:
    links = link_one_to_one(alerts((0, 0, 0)), records((t_s, x_m, 0)), RESPONSE)

    assert links.alert.tolist() == [-1]
    assert links.reason.tolist() == [because]


def test_a_report_of_some_time_within_an_hour_is_linked_and_of_a_whole_night_is_not() -> None:
    found = alerts((1_800, 0, 0))

    hour = link_one_to_one(found, records((0, 20, 0), long_s=3_500), SHOOTING)
    night = link_one_to_one(found, records((0, 20, 0), long_s=30_000), SHOOTING)

    assert hour.alert.tolist() == [0]
    assert hour.separation_s.tolist() == [0.0]
    assert night.reason.tolist() == [linking.VAGUE]


def test_a_place_that_would_do_in_a_quiet_night_does_not_do_among_fireworks() -> None:
    quiet = alerts((0, 0, 0))
    rng = np.random.default_rng(3)
    bangs = [(t, x, y) for t, x, y in rng.uniform(-1_000, 1_000, (300, 3)) * [40, 1, 1]]
    told = records((70, 200, 0))

    assert link_one_to_one(quiet, told, RESPONSE).alert.tolist() == [0]
    assert link_one_to_one(alerts((0, 0, 0), *bangs), told, RESPONSE).alert.tolist() == [-1]


def test_the_order_of_the_rows_changes_nothing() -> None:
    found, told = crowd(np.random.default_rng(8), n=40, m=40)
    rng = np.random.default_rng(9)
    i, j = rng.permutation(40), rng.permutation(40)

    straight = link_one_to_one(found, told, RESPONSE).alert
    shuffled = link_one_to_one(found.take(i), told.take(j), RESPONSE).alert

    assert np.where(shuffled < 0, -1, i[shuffled]).tolist() == straight[j].tolist()


def test_a_group_too_large_to_weigh_is_weighed_by_its_stronger_pairs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found, told = crowd(np.random.default_rng(5), n=40, m=40)
    whole = link_one_to_one(found, told, RESPONSE).alert

    monkeypatch.setattr(linking, "LARGEST_GROUP", 4)
    parts = link_one_to_one(found, told, RESPONSE).alert

    kept = (parts >= 0) & (whole >= 0)
    assert kept.sum() >= 3
    assert parts[kept].tolist() == whole[kept].tolist()


def test_where_few_records_have_an_alert_chance_neighbours_are_not_linked() -> None:
    rng = np.random.default_rng(6)
    found = alerts(*rng.uniform(0, 1, (200, 3)) * [30 * DAY_S, 3_000, 3_000])
    strangers = records(*rng.uniform(0, 1, (4_000, 3)) * [30 * DAY_S, 3_000, 3_000])

    links = link_one_to_one(found, strangers, SHOOTING)

    assert (links.alert >= 0).mean() < 0.001


def test_chunks_of_records_give_what_all_at_once_give(monkeypatch: pytest.MonkeyPatch) -> None:
    found, told = crowd(np.random.default_rng(4), n=30, m=60)
    whole = link_one_to_one(found, told, RESPONSE)

    monkeypatch.setattr(linking, "RECORDS_AT_ONCE", 7)

    assert link_one_to_one(found, told, RESPONSE).alert.tolist() == whole.alert.tolist()


def test_nothing_is_linked_to_nothing() -> None:
    none = Alerts(*[np.empty(0)] * 6)

    assert link_one_to_one(none, records((0, 0, 0)), RESPONSE).reason.tolist() == ["no_alert"]
    assert link_many_to_one(alerts((0, 0, 0)), Records(*[np.empty(0)] * 5), CALL).alert.size == 0
