"""Nothing that only the vault knows is on a page: records go through the real gate, every page is read."""

from __future__ import annotations

import datetime as dt
import re

from django.test import Client

from incidents.models import Address, Incident
from portal.city import the_city
from portal.models import PublishedGunfire, PublishedIncident
from portal.publication.releases import release_due
from tests.factories.private import NOW, group_of_assaults, gunshot, incident, private_city

MARK = "vaultword"
PAGES = (
    "/",
    "/map/",
    "/map/?by=beat",
    "/areas/",
    "/areas/testville/",
    "/areas/north/",
    "/areas/north-1/",
    "/incidents/",
    "/incidents/?category=assault",
    "/gunfire/",
    "/data/",
    "/data/incidents/",
    "/data/gunfire/",
    "/methods/gunfire/",
    "/data/gunfire-ledger/",
    "/data/gunfire-calibration/",
    "/data/sensitive-totals/",
    "/privacy/",
)


def fill_the_vault() -> None:
    private_city()
    for n in range(6):
        incident(
            address=Address.objects.get(source_id=f"N-{n}"),
            source_id=f"{MARK}-id-{n}",
            occurred_from=NOW - dt.timedelta(days=40, minutes=7 * n + 3),
            code=f"{MARK}-code",
            code_label=f"{MARK} label",
            narrative=f"{MARK} narrative",
            disposition=f"{MARK} disposition",
            address_text=f"{n} {MARK} street",
            imported_file=None,
        )
    for assault in group_of_assaults():
        Incident.objects.filter(pk=assault.pk).update(address_text=f"{MARK} avenue")
    incident(
        category="sexual-offence", tier="2", narrative=f"{MARK} sensitive", source_id=f"{MARK}-s"
    )
    incident(is_sealed=True, category="fraud", source_id=f"{MARK}-sealed")
    gunshot(provider_event_id=f"{MARK}-event")


def test_no_page_holds_a_word_place_or_moment_of_the_vault(city_db: None, client: Client) -> None:
    fill_the_vault()
    release_due(the_city(), as_of=NOW)
    assert PublishedIncident.objects.count() >= 11
    assert PublishedGunfire.objects.count() == 1
    assert len(private_moments()) == 12

    exact = private_places() | private_moments()
    for path in PAGES + tuple(f"/es{path}" for path in PAGES):
        response = client.get(path)
        assert response.status_code == 200, path
        page = response.content.decode()
        assert MARK not in page.lower(), path
        assert "sexual-offence" not in page, path
        assert not [text for text in exact if text in page], path


def private_places() -> set[str]:
    """Coordinates of the records, at any precision that could point at a door (about 10 m or better)."""
    return {
        f"{value:.{digits}f}"
        for row in Incident.objects.all()
        for value in (row.lon, row.lat)
        for digits in (4, 5, 6)
    }


def private_moments() -> set[str]:
    """The minutes at which records happened, in the city and in UTC, where they are not on the hour."""
    zone = the_city().zone
    moments = [row.occurred_from for row in Incident.objects.all()]
    local = [moment.astimezone(zone) for moment in moments]
    return {
        f"{moment:%H:%M}" for moment in (*moments, *local) if re.search("[1-9]", f"{moment:%M}")
    }


def test_the_scan_would_notice(city_db: None) -> None:
    private_city()
    incident(occurred_from=NOW - dt.timedelta(days=40, minutes=7), address_text=f"12 {MARK} street")

    assert "14:53" in private_moments()
    assert len(private_places()) == 6
