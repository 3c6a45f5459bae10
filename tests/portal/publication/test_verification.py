"""Every check catches the defect that it is there for, planted between building and verifying."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from portal.city import City
from portal.models import PublishedIncident, Release
from portal.publication.releases import release_due
from tests.factories.private import (
    NOW,
    group_of_assaults,
    gunshot,
    incident,
    private_city,
)
from tests.portal.publication.spoiling import release_with

CITY = City("Testville", "Testville Police", "America/Chicago", lon=-98.6, lat=39.8)


@pytest.fixture(autouse=True)
def city(city_db: None, tmp_path: Path, settings: Any) -> None:
    settings.FILES = tmp_path
    private_city()


ONE = "WHERE id = (SELECT min(id) FROM release.incident WHERE precision = '{}')"
DEFECTS = [
    ("UPDATE release.place SET stands_for_addresses = 19", "every place stands for"),
    ("UPDATE release.cell SET n_addresses = 499", "every place stands for"),
    (
        f"UPDATE release.incident SET place_code = 'nowhere' {ONE.format('place')}",
        "every place stands",
    ),
    (
        f"UPDATE release.incident SET beat_slug = 'north-1' {ONE.format('district')}",
        "no row says more",
    ),
    (f"UPDATE release.incident SET cell_code = 'N' {ONE.format('place')}", "no row says more"),
    (
        f"UPDATE release.incident SET district_slug = 'south' {ONE.format('place')}",
        "no row says more",
    ),
    (
        f"UPDATE release.incident SET starts_at = starts_at + interval '3 hours' {ONE.format('place')}",
        "every period is a whole one",
    ),
    (
        f"UPDATE release.incident SET period = '2026-10-07T03:14' {ONE.format('place')}",
        "every period is a whole one",
    ),
    (
        "UPDATE release.incident SET period = '2026-10-07T06/PT6H', starts_at = '2026-10-07T11:00Z', "
        f"ends_at = '2026-10-07T17:00Z' {ONE.format('district')}",
        "every period is a whole one",
    ),
    (
        f"UPDATE release.incident SET ends_at = '2026-11-16T00:00Z' {ONE.format('place')}",
        "no period ended later",
    ),
    (
        "UPDATE vault.incidents_incident SET victim_flags = 'juvenile' WHERE tier = '1'",
        "no sensitive incident is a row",
    ),
    (
        "UPDATE vault.publication_assignment SET place_code = 'N-WS' WHERE tier = '1'",
        "no sensitive incident is a row",
    ),
    (
        "UPDATE vault.incidents_incident SET category = 'assault' WHERE tier = '1'",
        "crimes against people come in groups",
    ),
    (
        "UPDATE vault.incidents_incident SET lon = -98.6101, lat = 39.8101 WHERE tier = '1'",
        "crimes against people come in groups",
    ),
    ("DELETE FROM release.incident WHERE precision = 'place'", "rows = rows before"),
    (
        f"UPDATE release.incident SET retired_release = 1 {ONE.format('place')}",
        "every retired row is on record",
    ),
]


@pytest.mark.parametrize(("defect", "check"), DEFECTS)
def test_a_spoilt_release_does_not_go_out(
    defect: str, check: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident()
    group_of_assaults(6)

    release = release_with(defect, "incidents", monkeypatch)

    assert release.state == Release.State.REJECTED
    failed = [found["check"] for found in release.verification if not found["passed"]]
    assert any(name.startswith(check) for name in failed), failed
    assert PublishedIncident.objects.count() == 0


def test_a_new_public_column_stops_the_release_until_it_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gunshot()
    try:
        with connections["owner"].cursor() as cursor:
            cursor.execute("ALTER TABLE release.gunfire ADD COLUMN sensor text NOT NULL DEFAULT ''")

        made = {release.dataset.slug: release for release in release_due(CITY, as_of=NOW)}
    finally:
        with connections["owner"].cursor() as cursor:
            cursor.execute("ALTER TABLE release.gunfire DROP COLUMN sensor")

    assert made["gunfire"].state == Release.State.REJECTED


@pytest.mark.parametrize(
    ("dataset", "defect"),
    [
        ("places", "UPDATE release.place SET stands_for_addresses = 7 WHERE stands_for_addresses = "
         "(SELECT max(stands_for_addresses) FROM release.place)"),
        ("cells", "UPDATE release.cell SET n_addresses = 499 WHERE code = 'N'"),
        ("areas", "DELETE FROM release.area WHERE slug = 'north-1'"),
    ],
)  # fmt: skip
def test_a_spoilt_map_does_not_go_out(
    dataset: str, defect: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = release_with(defect, dataset, monkeypatch)

    assert release.state == Release.State.REJECTED
