"""What people decide about records, and what is kept of it."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import DatabaseError

from incidents import actions
from incidents.models import Incident, IncidentRevision
from tests.incidents.conftest import NOW, Importing, case

LATER = NOW + dt.timedelta(hours=1)


@pytest.fixture
def incident(take_in: Importing) -> Incident:
    take_in([case(1)])
    return Incident.objects.get()


def test_a_seal_is_a_revision_with_a_name(incident: Incident) -> None:
    actions.seal_incident(incident=incident, by="judge", now=LATER, reason="court order 7")

    incident.refresh_from_db()
    assert (incident.is_sealed, incident.revision, incident.updated_at) == (True, 2, LATER)
    revision = IncidentRevision.objects.get()
    assert (revision.replaced_by, revision.reason, revision.replaced_at) == (
        "judge",
        "court order 7",
        LATER,
    )
    assert revision.values["is_sealed"] is False
    assert revision.values["occurred_from"] == incident.occurred_from.isoformat()


def test_sealing_twice_changes_nothing(incident: Incident) -> None:
    for _ in range(2):
        actions.seal_incident(incident=incident, by="judge", now=LATER)

    assert IncidentRevision.objects.count() == 1


def test_a_seal_can_be_taken_off(incident: Incident) -> None:
    actions.seal_incident(incident=incident, by="judge", now=LATER)
    actions.unseal_incident(incident=incident, by="judge", now=LATER, reason="appeal")
    actions.unseal_incident(incident=incident, by="judge", now=LATER, reason="again")

    incident.refresh_from_db()
    assert (incident.is_sealed, incident.revision) == (False, 3)


def test_a_record_can_be_classified_by_hand(incident: Incident) -> None:
    actions.reclassify_incident(incident=incident, category="domestic", by="sergeant", now=LATER)
    actions.reclassify_incident(incident=incident, category="domestic", by="sergeant", now=LATER)

    incident.refresh_from_db()
    assert (incident.category, incident.tier, incident.classified_by) == (
        "domestic",
        "2",
        "sergeant",
    )
    assert (incident.revision, IncidentRevision.objects.count()) == (2, 1)


def test_a_tier_may_be_stricter_than_the_category_and_not_laxer(incident: Incident) -> None:
    changed = actions.reclassify_incident(
        incident=incident, category="theft", tier="3", by="sergeant", now=LATER
    )

    assert changed.tier == "3"
    with pytest.raises(actions.ClassificationError, match="at least tier 2"):
        actions.reclassify_incident(incident=incident, category="hate", tier="1", by="s", now=LATER)


@pytest.mark.parametrize(
    "wrong", [{"category": "nonsense", "by": "s"}, {"category": "theft", "by": ""}]
)
def test_it_refuses_an_unknown_category_and_a_nameless_decision(
    wrong: dict[str, str], incident: Incident
) -> None:
    with pytest.raises(actions.ClassificationError, match="wanted"):
        actions.reclassify_incident(incident=incident, now=LATER, **wrong)

    assert not IncidentRevision.objects.exists()


def test_nothing_changes_when_the_earlier_state_cannot_be_kept(
    incident: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**values: object) -> None:
        raise DatabaseError("disk full")

    monkeypatch.setattr(IncidentRevision.objects, "create", broken)

    with pytest.raises(DatabaseError):
        actions.seal_incident(incident=incident, by="judge", now=LATER)

    incident.refresh_from_db()
    assert (incident.is_sealed, incident.revision) == (False, 1)
