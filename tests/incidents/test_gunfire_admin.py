"""Staff read what became of alerts, and link by hand where they know better."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from incidents.actions import linking
from incidents.admin import gunfire
from incidents.models import AlertResponse, AlertResponseRevision, ConfirmedShooting
from tests.incidents.conftest import NOW
from tests.incidents.test_alert_lives import after, alert, response
from tests.incidents.test_link_alerts import incident

pytestmark = pytest.mark.django_db(databases=["default", "public", "publisher"])
Staff = Callable[..., Client]


@pytest.fixture
def staff(db: None, django_user_model: Any) -> Staff:
    def with_permissions(*codenames: str) -> Client:
        user = django_user_model.objects.create(username="clerk", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client = Client(HTTP_HOST="localhost")
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return with_permissions


def page(row: AlertResponse) -> str:
    return reverse("admin:incidents_alertresponse_change", args=[row.pk])


def test_a_clerk_links_a_response_with_a_reason_which_is_kept(staff: Staff) -> None:
    event, row = alert("A1"), response(None, "1", alerted_at=after(60))
    client = staff("view_alertresponse", "change_alertresponse")

    shown = client.get(page(row)).content.decode()
    answer = client.post(
        page(row), {"verdict": "alert", "alert": "A1", "reason": "the officer said so"}
    )

    assert "A1 · gunfire · +60 s · no place" in shown
    assert answer.status_code == 302
    row.refresh_from_db()
    assert (row.event, row.linked_by) == (event, "hand")
    kept = AlertResponseRevision.objects.get()
    assert (kept.replaced_by, kept.reason) == ("clerk", "the officer said so")


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"verdict": "alert", "alert": "A9", "reason": "because"}, "wanted the number of an alert"),
        ({"verdict": "alert", "alert": "A1", "reason": ""}, "This field is required"),
        ({"verdict": "none", "reason": "no"}, "at least 3 characters"),
        ({"verdict": "perhaps", "reason": "because"}, "Select a valid choice"),
    ],
    ids=["unknown alert", "no reason", "short reason", "no verdict"],
)
def test_a_link_that_cannot_be_is_refused_in_a_sentence(
    staff: Staff, sent: dict[str, str], sentence: str
) -> None:
    alert("A1")
    row = response(None, "1")
    client = staff("view_alertresponse", "change_alertresponse")

    answer = client.post(page(row), sent)

    assert sentence in answer.content.decode()
    row.refresh_from_db()
    assert (row.linked_by, row.revision) == ("", 1)


def test_a_withdrawn_alert_cannot_be_named(staff: Staff) -> None:
    alert("A1", withdrawn_at=NOW)
    row = response(None, "1")

    answer = staff("view_alertresponse", "change_alertresponse").post(
        page(row), {"verdict": "alert", "alert": "A1", "reason": "because"}
    )

    assert "an alert that stands" in answer.content.decode()


def test_of_two_alerts_of_one_number_the_nearer_in_time_is_meant(staff: Staff) -> None:
    alert("7", after(-90_000), provider="vendor")
    near = alert("7", after(10), provider="other")
    row = response(None, "1", alerted_at=after(60))

    staff("view_alertresponse", "change_alertresponse").post(
        page(row), {"verdict": "alert", "alert": "7", "reason": "because"}
    )

    row.refresh_from_db()
    assert row.event == near


def test_no_alert_and_back_to_the_machine(
    staff: Staff, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(gunfire, "link_soon", lambda: asked.append("please"))
    event = alert("A1")
    row = response(event, "1", linked_by="place_and_time", lon=-105.0, lat=40.0)
    client = staff("view_alertresponse", "change_alertresponse")

    client.post(page(row), {"verdict": "none", "reason": "a drill"})
    row.refresh_from_db()
    assert (row.event, row.linked_by) == (None, "hand")

    with django_capture_on_commit_callbacks(execute=True):
        client.post(page(row), {"verdict": "automatic", "reason": "not a drill"})
    row.refresh_from_db()
    assert (row.linked_by, asked) == ("", ["please"])


def test_who_may_only_look_cannot_link(staff: Staff) -> None:
    alert("A1")
    row = response(None, "1")
    client = staff("view_alertresponse")

    shown = client.get(page(row)).content.decode()
    answer = client.post(page(row), {"verdict": "alert", "alert": "A1", "reason": "because"})

    assert "Link by hand" not in shown
    assert answer.status_code == 403
    row.refresh_from_db()
    assert row.linked_by == ""


def test_nobody_adds_or_deletes_a_response_or_changes_a_shooting(staff: Staff) -> None:
    row = response(None, "1")
    incident("I1")
    linking.link_alerts(now=NOW)
    shooting = ConfirmedShooting.objects.get()
    every = [
        f"{verb}_{model}"
        for verb in ("view", "add", "change", "delete")
        for model in ("alertresponse", "confirmedshooting")
    ]
    client = staff(*every)

    assert client.get(reverse("admin:incidents_alertresponse_add")).status_code == 403
    gone = reverse("admin:incidents_alertresponse_delete", args=[row.pk])
    assert client.post(gone, {"post": "yes"}).status_code == 403
    change = reverse("admin:incidents_confirmedshooting_change", args=[shooting.pk])
    assert client.get(change).status_code == 200
    assert client.post(change, {"is_covered": "on"}).status_code == 403


@pytest.mark.parametrize(
    ("chosen", "numbers"),
    [
        ({"disposition": "evidence"}, ["1"]),
        ({"link": "number"}, ["1"]),
        ({"link": "vague"}, ["2"]),
        ({"year": "2026"}, ["1", "2"]),
        ({"q": "2"}, []),  # of a source that no file came from
    ],
    ids=["disposition", "link", "no link", "year", "number"],
)
def test_responses_are_filtered(staff: Staff, chosen: dict[str, str], numbers: list[str]) -> None:
    response(alert("A1"), "1", disposition="evidence", linked_by="number")
    response(None, "2", unlinked_because="vague")
    client = staff("view_alertresponse")

    answer = client.get(reverse("admin:incidents_alertresponse_changelist"), chosen)

    assert sorted(row.source_id for row in answer.context["cl"].result_list) == numbers


def test_shootings_without_an_alert_are_filtered(staff: Staff) -> None:
    alert("A1")
    incident("I1")
    incident("I2", after(90_000))
    linking.link_alerts(now=NOW)
    client = staff("view_confirmedshooting")

    answer = client.get(
        reverse("admin:incidents_confirmedshooting_changelist"), {"link": "no_alert"}
    )

    assert [s.incident.source_id for s in answer.context["cl"].result_list] == ["I2"]
