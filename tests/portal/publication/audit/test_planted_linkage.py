"""A scanner's log, and places and cells that stand for too few: each threshold is missed by a release planted for it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from portal.models import Release
from portal.publication import sources
from portal.publication.doors import Doors
from portal.publication.geography import Frozen
from sensors.geodesy import LocalPlane
from tests.portal.publication.audit.planting import (
    CITY,
    execute,
    kept,
    release_with,
    select,
    stopped_by,
    town_with_a_release,
)


@pytest.fixture(scope="module", autouse=True)
def town(module_db: Path) -> None:
    """Built once: a rejected release leaves it as it was."""
    town_with_a_release()


def the_map() -> tuple[Frozen, Doors]:
    plane = LocalPlane(CITY.lon, CITY.lat)
    return Frozen.read(plane), Doors.of(sources.addresses(), plane)


def at_its_place_and_band(release: Release, tier: str) -> None:
    """What the release adds of a tier, each row at the place and in the six hours in which it was."""
    frozen, doors = the_map()
    rows = select(
        "SELECT a.public_id, i.lon, i.lat, i.occurred_from FROM vault.publication_assignment a "
        "JOIN vault.incidents_incident i ON i.id = a.record_id WHERE a.dataset_slug = 'incidents' "
        "AND a.tier = %s AND a.first_release = %s AND i.lon IS NOT NULL",
        [tier, release.number],
    )
    places = frozen.place_of([row[1] for row in rows], [row[2] for row in rows], doors.tree)
    for (public_id, _lon, _lat, at), place in zip(rows, places.tolist(), strict=True):
        local = at.astimezone(CITY.zone)
        start = local.replace(hour=local.hour // 6 * 6, minute=0, second=0, microsecond=0)
        execute(
            "UPDATE release.incident SET precision = 'place', place_code = %s, cell_code = '', "
            "district_slug = %s, period = %s, starts_at = %s, ends_at = %s WHERE public_id = %s",
            [
                frozen.place_code[place],
                frozen.place_district[place],
                f"{start:%Y-%m-%dT%H}/PT6H",
                start,
                start + dt.timedelta(hours=6),
                public_id,
            ],
        )


def test_a_scanner_finds_the_rows_of_crimes_against_people(monkeypatch: pytest.MonkeyPatch) -> None:
    release = release_with(
        monkeypatch, "incidents", rows=lambda release: at_its_place_and_band(release, "1")
    )

    assert {"scanner person", "scanner person-new"} <= stopped_by(release)


def test_a_scanner_finds_the_rows_of_sensitive_incidents(monkeypatch: pytest.MonkeyPatch) -> None:
    with kept("vault.incidents_incident", "tier"):
        release = release_with(
            monkeypatch,
            "incidents",
            rows="UPDATE vault.incidents_incident i SET tier = '2' FROM vault.publication_assignment a "
            "WHERE a.record_id = i.id AND a.first_release > 1 AND i.tier = '0a'",
        )

    assert {"scanner sensitive", "sensitive-rows"} <= stopped_by(release)


def test_a_scanner_is_left_with_fewer_than_eight_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The footprints are as they were; the city itself says that seven addresses are there."""
    with kept("release.place", "stands_for_addresses"):
        release = release_with(
            monkeypatch,
            "incidents",
            rows="UPDATE release.place SET stands_for_addresses = 7 WHERE stands_for_addresses > 7",
        )

    assert {"scanner few-addresses", "scanner few-addresses-new"} <= stopped_by(release)


def thinned(release: Release) -> None:
    """Of the addresses of each place only as many are left as the least place must have."""
    frozen, doors = the_map()
    rows = select("SELECT id, lon, lat FROM vault.incidents_address ORDER BY id")
    places = frozen.place_of(
        [row[1] for row in rows], [row[2] for row in rows], doors.tree
    ).tolist()
    left: dict[int, int] = {}
    for (address, _lon, _lat), place in zip(rows, places, strict=True):
        left[place] = left.get(place, 0) + 1
        if left[place] > 24:
            execute("UPDATE vault.incidents_address SET lon = lon + 3 WHERE id = %s", [address])


def test_places_that_stand_for_twenty_four_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """None of them is too small; half of them are smaller than thirty."""
    with kept("vault.incidents_address", "lon"):
        failed = stopped_by(release_with(monkeypatch, "incidents", rows=thinned))

    assert "place-size median" in failed
    assert "place-size least" not in failed


def test_cells_that_say_less_than_five_hundred(monkeypatch: pytest.MonkeyPatch) -> None:
    with kept("release.cell", "n_addresses"):
        release = release_with(
            monkeypatch,
            "incidents",
            rows="UPDATE release.cell SET n_addresses = 499 WHERE level > 1",
        )

    assert "place-size cell-least" in stopped_by(release)


def test_cells_that_say_five_hundred_and_hold_half_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with kept("vault.incidents_address", "lon"):
        release = release_with(
            monkeypatch,
            "incidents",
            rows="UPDATE vault.incidents_address SET lon = lon + 3 WHERE mod(id, 2) = 0",
        )

    assert "place-size cell-least" in stopped_by(release)
