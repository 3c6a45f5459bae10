"""The escrow leaves the house only for an administrator, with a reason, on record."""

from __future__ import annotations

import csv
import stat
from pathlib import Path
from typing import Any

import pytest

from community.actions import set_roles
from community.models import AuditEvent, User
from community.roles import BY_SLUG
from incidents.models import Incident
from portal.city import City
from portal.models import PublishedIncident
from portal.publication.escrow import EscrowRefusedError, export_escrow
from portal.publication.releases import release_due
from tests.factories.private import NOW, incident, private_city

CITY = City("Testville", "Testville Police", "America/Chicago", lon=-98.6, lat=39.8)


@pytest.fixture(autouse=True)
def city(city_db: None, tmp_path: Path, settings: Any) -> None:
    settings.FILES = tmp_path / "files"
    private_city()


def user(role: str) -> User:
    person = User.objects.create_user(role)
    return set_roles(user=person, roles=[BY_SLUG[role]], by=None, now=NOW)


def test_an_administrator_gets_every_link_in_a_file_of_their_own(tmp_path: Path) -> None:
    theft = incident()
    release_due(CITY, as_of=NOW)

    n = export_escrow(tmp_path / "e.csv", by=user("administrator"), reason="yearly audit", now=NOW)

    (row,) = csv.DictReader((tmp_path / "e.csv").read_text().splitlines())
    assert n == 1
    assert Incident.objects.get(pk=row["record_id"]) == theft
    assert PublishedIncident.objects.get(public_id=row["public_id"]).place_code == row["place_code"]
    assert stat.S_IMODE((tmp_path / "e.csv").stat().st_mode) == 0o600
    assert AuditEvent.objects.get(action="escrow-exported").detail == {"reason": "yearly audit"}


@pytest.mark.parametrize("role", [slug for slug in BY_SLUG if slug != "administrator"])
def test_nobody_else_does(tmp_path: Path, role: str) -> None:
    with pytest.raises(EscrowRefusedError, match="not an administrator"):
        export_escrow(tmp_path / "e.csv", by=user(role), reason="curious", now=NOW)

    assert not (tmp_path / "e.csv").exists()
    assert not AuditEvent.objects.filter(action="escrow-exported").exists()


def test_a_reason_is_needed_and_no_file_is_overwritten(tmp_path: Path) -> None:
    admin = user("administrator")
    (tmp_path / "there.csv").write_text("mine")

    with pytest.raises(EscrowRefusedError, match="no reason"):
        export_escrow(tmp_path / "e.csv", by=admin, reason=" ", now=NOW)
    with pytest.raises(EscrowRefusedError, match="exists already"):
        export_escrow(tmp_path / "there.csv", by=admin, reason="audit", now=NOW)

    assert (tmp_path / "there.csv").read_text() == "mine"
