"""What became of each alert."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest
from django.contrib.auth import get_user_model

from incidents.models import (
    AlertCall,
    AlertResponse,
    CallForService,
    ConfirmedShooting,
    Incident,
    Unlinked,
)
from incidents.queries import alert_lives
from sensors.models import AcousticEvent, AcousticReview
from tests.incidents.conftest import NOW
from tests.reference.alert_lives import life_of

AT = dt.datetime(2026, 2, 1, 3, 0, tzinfo=dt.UTC)
Finding = AcousticReview.Finding


def alert(number: str, at: dt.datetime = AT, **changes: Any) -> AcousticEvent:
    values = {
        "provider_event_id": number, "occurred_at": at, "lon": -105.0, "lat": 40.0,
        "cov_xx_m2": 100.0, "cov_xy_m2": 0.0, "cov_yy_m2": 25.0, "kind": "gunfire",
        "probability": 0.9, "is_multiple": False, "detected_at": at + dt.timedelta(seconds=9),
    }  # fmt: skip
    return AcousticEvent.objects.create(**(values | changes))


def response(event: AcousticEvent | None, number: str, **changes: Any) -> AlertResponse:
    values = {
        "source": "cad", "source_id": number, "event": event, "alerted_at": AT,
        "first_seen_at": NOW, "updated_at": NOW,
    }  # fmt: skip
    return AlertResponse.objects.create(**(values | changes))


def after(seconds: float) -> dt.datetime:
    return AT + dt.timedelta(seconds=float(seconds))


def review(event: AcousticEvent, who: str, finding: str, *, minute: int = 0, **said: Any) -> None:
    reviewer, _ = get_user_model().objects.get_or_create(username=who)
    AcousticReview.objects.create(
        event=event, reviewer=reviewer, finding=finding, reason="as heard",
        reviewed_at=NOW + dt.timedelta(minutes=minute), event_revision=1,
        **({"said_kind": "gunfire", "said_probability": 0.8} | said),
    )  # fmt: skip


def test_an_alert_that_nobody_answered_has_an_empty_life(db: None) -> None:
    alert("A1")

    lives = alert_lives()

    assert len(lives) == 1
    assert (lives.disposition[0], lives.finding[0], lives.n_responses[0]) == ("", "", 0)
    assert lives.detected_s[0] == 9.0
    assert lives.incident_id[0] == lives.evidence_in_ellipse[0] == -1
    for column in ("dispatched_s", "on_scene_s", "officer_minutes", "evidence_m"):
        assert np.isnan(getattr(lives, column)[0]), column


def test_two_responses_are_summed_and_the_stronger_disposition_stands(db: None) -> None:
    event = alert("A1")
    response(
        event, "1", dispatched_at=after(60), on_scene_at=after(300), officer_minutes=20.0,
        disposition="unconfirmed",
    )  # fmt: skip
    response(
        event, "2", dispatched_at=after(45), on_scene_at=after(400), officer_minutes=10.5,
        disposition="evidence", evidence_lon=-105.0, evidence_lat=40.00009,
    )  # fmt: skip

    lives = alert_lives()

    assert lives.n_responses[0] == 2
    assert (lives.dispatched_s[0], lives.on_scene_s[0]) == (45.0, 300.0)
    assert lives.officer_minutes[0] == 30.5
    assert lives.disposition[0] == "evidence"
    assert lives.evidence_m[0] == pytest.approx(9.99, abs=0.02)
    assert lives.evidence_in_ellipse[0] == 1  # 10 m are two standard deviations to the north


def test_evidence_outside_the_ellipse_and_of_an_alert_without_one(db: None) -> None:
    near = {"evidence_lon": -105.0, "evidence_lat": 40.00014, "disposition": "evidence"}  # 15.5 m
    response(alert("A1"), "1", **near)
    response(alert("A2", after(1), provider="vendor", cov_xx_m2=None), "2", **near)

    lives = alert_lives()

    assert lives.evidence_in_ellipse.tolist() == [0, -1]
    assert np.isnan(lives.detected_s[1])


def test_a_place_without_evidence_is_no_place_of_evidence(db: None) -> None:
    event = alert("A1")
    copied = {"evidence_lon": event.lon, "evidence_lat": event.lat}  # some exports fill every row
    response(event, "1", disposition="unconfirmed", **copied)
    response(alert("A2", after(1)), "2", disposition="unfounded", **copied)
    response(event, "3", disposition="evidence", evidence_lon=-105.0, evidence_lat=40.0005)

    lives = alert_lives()

    assert lives.evidence_m[0] == pytest.approx(55.5, abs=0.1)
    assert np.isnan(lives.evidence_m[1])
    assert lives.evidence_in_ellipse.tolist() == [0, -1]


def test_the_newest_finding_of_each_reviewer_counts_and_disagreement_shows(db: None) -> None:
    agreed, disputed = alert("A1"), alert("A2", after(1))
    review(agreed, "ana", Finding.EVIDENCE, said_probability=0.7)
    review(agreed, "ana", Finding.FIREWORK, minute=5)
    review(agreed, "ben", Finding.FIREWORK, minute=9)
    review(disputed, "ana", Finding.NO_EVIDENCE)
    review(disputed, "ben", Finding.EVIDENCE)

    lives = alert_lives()

    assert lives.finding.tolist() == ["firework", "disputed"]
    assert lives.n_reviewers.tolist() == [2, 2]
    assert lives.is_override.tolist() == [True, False]
    assert lives.said_probability.tolist() == [0.7, 0.8]


def test_evidence_for_what_the_machine_called_a_firework_is_an_override(db: None) -> None:
    review(alert("A1", kind="firework"), "ana", Finding.EVIDENCE, said_kind="firework")

    assert alert_lives().is_override.tolist() == [True]


def test_withdrawn_events_and_those_outside_the_span_have_no_life(db: None) -> None:
    alert("A1", withdrawn_at=NOW)
    alert("A2", after(10))
    alert("A3", after(20))

    lives = alert_lives(occurred_from=after(10), occurred_before=after(20))

    assert lives.occurred_ns.tolist() == [int(after(10).timestamp()) * 1_000_000_000]


def shooting(number: str, **changes: Any) -> ConfirmedShooting:
    incident = Incident.objects.create(
        source="rms", source_id=number, category="gunfire", tier="0a", occurred_from=AT,
        first_seen_at=NOW, updated_at=NOW,
    )  # fmt: skip
    values = {
        "incident": incident, "occurred_at": AT, "lon": -105.0, "lat": 40.0, "is_covered": True,
        "linked_at": NOW,
    }  # fmt: skip
    return ConfirmedShooting.objects.create(**(values | changes))


def test_an_alert_of_a_confirmed_shooting_leads_to_its_incident(db: None) -> None:
    heard = shooting("1", event=alert("A1"))
    shooting("2", unlinked_because=Unlinked.NO_ALERT)

    assert alert_lives().incident_id.tolist() == [heard.incident_id]


def test_every_life_is_what_reading_its_rows_one_by_one_gives(db: None) -> None:
    rng = np.random.default_rng(12)
    events = [
        alert(f"A{n}", after(60 * n), kind=str(rng.choice(["gunfire", "firework"])))
        for n in range(25)
    ]

    def some(values: list[Any]) -> Any:
        return values[rng.integers(len(values))]

    for n in range(40):
        place = {
            "evidence_lon": -105.0 + rng.normal(0, 4e-4),
            "evidence_lat": 40.0 + rng.normal(0, 4e-4),
        }
        response(
            some(events), str(n), disposition=some(AlertResponse.Disposition.values),
            dispatched_at=some([None, after(rng.integers(3_000))]),
            on_scene_at=some([None, after(rng.integers(3_000))]),
            officer_minutes=some([None, float(rng.integers(90))]),
            incident=some([None, shooting(f"R{n}", event=some([None, *events])).incident]),
            **some([{}, place]),
        )  # fmt: skip
        review(
            some(events), some(["ana", "ben", "cy"]), some(Finding.values), minute=n,
            said_kind=some(["gunfire", "firework"]), said_probability=some([None, 0.4, 0.9]),
        )  # fmt: skip
        call = CallForService.objects.create(source="cad", source_id=str(n), received_at=AT)
        AlertCall.objects.create(call=call, event=some(events), separation_m=1, separation_s=1)

    lives = alert_lives()

    for row, event in enumerate(events):
        for name, wanted in life_of(event).items():
            got = getattr(lives, name)[row]
            if wanted is None:
                assert np.isnan(got), (event, name)
            elif isinstance(wanted, float):
                assert got == pytest.approx(wanted, rel=0.006), (
                    event,
                    name,
                )  # a sphere is no ellipsoid
            else:
                assert got == wanted, (event, name)
