"""Secrets that leave side by side while their covers leave one by one: planted, recognised, and not let out."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from incidents.models import Address, Incident
from portal.models import Release
from portal.publication import releases
from portal.publication.releases import release_due
from sensors.models import AcousticEvent
from tests.factories.gunfire import response
from tests.factories.private import NOW, call, gunshot, incident, private_city
from tests.portal.publication.audit.planting import (
    CITY,
    Plant,
    execute,
    release_with,
    select,
    stopped_by,
)

CORRECTION = dt.datetime(2027, 1, 4, 15, tzinfo=dt.UTC)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
KINDS = ("theft", "vandalism", "theft-from-vehicle")


@pytest.fixture(scope="module", autouse=True)
def town(module_db: Path) -> None:
    """Cases of three records, events that three people called about, shots that two providers heard; all are
    public, and a quarter has begun since. A rejected release leaves it as it was."""
    private_city()
    _happened()
    made = release_due(CITY, as_of=NOW)
    assert {release.state for release in made} == {"active"}, [
        release.verification for release in made
    ]
    _came_to_light()


def _happened() -> None:
    random = np.random.default_rng(1)
    addresses = list(Address.objects.order_by("source_id"))
    for n, where in enumerate(random.integers(0, len(addresses), 96).tolist()):
        at, address = NOW - (20 + 0.25 * n) * DAY, addresses[where]
        for one in range(3 if n % 3 == 0 else 1):
            incident(
                address=address, category=KINDS[one], occurred_from=at, first_seen_at=at + HOUR,
                source="case" if n in (30, 60) else "test",
            )  # fmt: skip
            call(address=addresses[where - 700], received_at=at + 2 * HOUR + one * HOUR / 30)
        for _ in range(2 if n % 3 else 1):
            shot = gunshot(
                occurred_at=at + 4 * HOUR,
                detected_at=at + 4 * HOUR,
                lon=address.lon,
                lat=address.lat,
            )
            response(shot, "evidence")


def _came_to_light() -> None:
    """Records of assaults at home, beside two of the calls that three made and two of the alerts of two."""
    Incident.objects.filter(source="case").update(is_sealed=True)
    for n in (30, 31, 60, 61):
        at = NOW - (20 + 0.25 * n) * DAY
        near = AcousticEvent.objects.filter(occurred_at=at + 4 * HOUR).first()
        assert near is not None
        incident(
            category="domestic", tier="2", location_type="residence", lon=near.lon, lat=near.lat,
            occurred_from=at + 4 * HOUR, first_seen_at=NOW + 5 * DAY,
        )  # fmt: skip
    for n in (30, 60):
        at = NOW - (20 + 0.25 * n) * DAY + 2 * HOUR
        ((lon, lat),) = select(
            "SELECT DISTINCT lon, lat FROM vault.incidents_callforservice WHERE received_at = %s",
            [at],
        )
        incident(
            category="domestic", tier="2", location_type="residence", lon=lon, lat=lat,
            occurred_from=at, first_seen_at=NOW + 5 * DAY,
        )  # fmt: skip


def one_by_one(dataset: str, table: str) -> Plant:
    """As many covers, but of those that nothing stands beside."""

    def plant(release: Release) -> None:
        back = execute(
            "UPDATE vault.publication_assignment SET fate = 'published', retired_release = NULL "
            "WHERE dataset_slug = %s AND fate = 'cover'",
            [dataset],
        )
        execute(
            f"UPDATE {table} SET retired_release = NULL WHERE public_id IN (SELECT public_id "
            "FROM vault.publication_assignment WHERE dataset_slug = %s AND fate = 'published')",
            [dataset],
        )
        alone = select(
            f"SELECT min(public_id) FROM {table} WHERE first_release < %s GROUP BY place_code, cell_code, period "
            "HAVING count(*) = 1 ORDER BY 1 LIMIT %s",
            [release.number, back],
        )
        ids = [row[0] for row in alone]
        assert len(ids) == back >= 12
        for statement in (
            f"UPDATE {table} SET retired_release = %s WHERE public_id = ANY(%s)",
            "UPDATE vault.publication_assignment SET fate = 'cover', retired_release = %s WHERE public_id = ANY(%s)",
        ):
            execute(statement, [release.number, ids])

    return plant


@pytest.mark.parametrize(
    ("dataset", "table"), [("incidents", "release.incident"), ("calls", "release.call")]
)
def test_a_case_that_leaves_together_beside_covers_that_do_not(
    dataset: str, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = release_with(
        monkeypatch, dataset, rows=one_by_one(dataset, table), as_of=CORRECTION, correct=True
    )

    assert stopped_by(release) == {"left-together"}


def half_of_each(release: Release) -> None:
    """Of each pair that is withheld as a cover one is told, and one of another pair withheld."""
    withheld = (
        "SELECT o.id, e.occurred_at FROM release.gunfire_outcome o JOIN vault.publication_assignment a "
        "USING (public_id) JOIN vault.sensors_acousticevent e ON e.id = a.record_id "
        f"WHERE o.first_release = {release.number} AND o.outcome {{}} 'withheld' AND NOT EXISTS (SELECT "
        "FROM vault.incidents_incident i WHERE i.tier = '2' AND i.occurred_from = e.occurred_at)"
    )
    covers = select(
        f"SELECT max(id) FROM ({withheld.format('=')}) w GROUP BY occurred_at HAVING count(*) = 2"
    )
    told = select(
        f"SELECT max(id) FROM ({withheld.format('<>')}) w GROUP BY occurred_at HAVING count(*) = 2 LIMIT %s",
        [len(covers)],
    )
    assert len(covers) == len(told) > 2
    for word, rows in (("evidence", covers), ("withheld", told)):
        execute(
            "UPDATE release.gunfire_outcome SET outcome = %s WHERE id = ANY(%s)",
            [word, [row[0] for row in rows]],
        )


def test_outcomes_withheld_in_pairs_beside_covers_that_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    release = release_with(
        monkeypatch, "gunfire", rows=half_of_each, as_of=CORRECTION, correct=True
    )

    assert stopped_by(release) == {"left-together"}


@pytest.mark.parametrize("dataset", ["incidents", "calls", "gunfire"])
def test_the_same_release_as_the_gate_makes_it_goes_out(
    dataset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    activated: list[Release] = []

    def take_back(release: Release, **_: object) -> None:
        activated.append(release)
        releases.reject(release)

    with monkeypatch.context() as patch:
        patch.setattr(releases, "_activate", take_back)
        release = release_with(monkeypatch, dataset, as_of=CORRECTION, correct=True)

    assert activated == [release], release.verification
    found = [
        row
        for check in release.verification
        for row in check.get("audit", [])
        if row["attack"] == "left-together"
    ]
    subjects = {row["subject"] for row in found}
    near = set() if dataset == "gunfire" else {"near", "home", "sweep"}
    assert subjects == {""} | near
    for row in found:
        assert (row["status"], row["measured"], row["n"]) == ("passed", None, None)
