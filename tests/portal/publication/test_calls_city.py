"""Two years of a synthetic city's calls beside its records and alerts, held against the vault by loops over all pairs.

Run with ``-s`` to read the numbers; set DAYLIGHT_ATTACKED_CITY=full for a city of the demonstration's size.
"""

from __future__ import annotations

import datetime as dt
import os
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial import cKDTree

from incidents.importers import ingest
from incidents.models import Address, CallForService, Incident
from portal.city import the_city
from portal.demo.world import World
from portal.models import PublishedCall, PublishedGunfire, PublishedIncident, Release
from portal.publication import releases
from portal.publication.call_sources import Calls, all_calls
from portal.publication.calls import code_tiers
from portal.publication.disclosure import Tier
from portal.publication.models import Assignment
from portal.publication.releases import release_due
from sensors.geodesy import LocalPlane
from sensors.models import AcousticEvent
from sensors.simulation.plan import FULL_CITY, CityPlan
from tests.conftest import empty_every_table
from tests.factories.attacked import FIRST, UNTIL, _hear, tiers_today
from tests.reference import calls as reference
from tests.reference.calls import Hours, Spot

Spots = dict[str, list[Spot]]

PLAN = CityPlan(
    radius_m=1_200.0, addresses=4_000, districts=2, beats_per_district=2, blocks_per_avenue=3,
    radials=3, large_parks=2, small_parks=2,
)  # fmt: skip
IS_FULL = os.environ.get("DAYLIGHT_ATTACKED_CITY") == "full"
FACE = ("precision", "place_code", "cell_code", "district_slug", "beat_slug", "period")


@pytest.fixture(scope="module")
def spots(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Any:
    """Calls, records and alerts with their public faces, after two releases."""
    from django.test import override_settings

    folder = tmp_path_factory.mktemp("called")
    records = ("incidents", "gunfire", "calls")
    with (
        django_db_blocker.unblock(),
        override_settings(FILES=folder / "files"),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(releases, "RECORDS", records)
        try:
            _live_through(folder)
            yield _faces()
        finally:
            empty_every_table()


def _live_through(folder: Path) -> None:
    world = World(until=UNTIL, plan=FULL_CITY if IS_FULL else PLAN)
    for source, write, name in (
        ("demo-areas", world.write_areas, "areas.geojson"),
        ("demo-addresses", world.write_addresses, "addresses.csv"),
        ("demo-incidents", world.write_incidents, "incidents.csv"),
        ("demo-calls", world.write_calls, "calls.csv"),
    ):
        write(folder / name)
        assert ingest(folder / name, source=source, by="test", now=UNTIL).state == "stored"
    _hear(world)
    for as_of in (FIRST, UNTIL):
        made = release_due(the_city(), as_of=as_of)
        rejected = [release for release in made if release.state != Release.State.ACTIVE]
        assert not rejected, [(str(one), one.verification) for one in rejected]


def _faces() -> Spots:
    plane = LocalPlane(the_city().lon, the_city().lat)
    rows = np.array(list(Address.objects.values_list("lon", "lat")))
    doors = cKDTree(np.column_stack(plane.to_xy(rows[:, 0], rows[:, 1])))
    tiers = tiers_today()
    calls = Calls.joined(list(all_calls()))
    by_code = dict(zip(calls.record_id.tolist(), code_tiers(calls).tolist(), strict=True))

    def spot(row: Any, slug: str, tier: str, *at: dt.datetime | None) -> Spot:
        x, y = (float(value) for value in plane.to_xy(row.lon, row.lat))
        says, face = shown[slug].get(row.pk, ("", ()))
        at_s = tuple(moment.timestamp() for moment in at if moment)
        category = getattr(row, "category", "")
        return Spot(row.pk, x, y, at_s, tier, face, category, int(doors.query([x, y])[1]), says)

    shown = {
        slug: _shown(slug, model)
        for slug, model in (
            ("calls", PublishedCall), ("incidents", PublishedIncident), ("gunfire", PublishedGunfire)
        )
    }  # fmt: skip
    return {
        "calls": [
            spot(row, "calls", Tier(by_code[row.pk]).label, row.received_at)
            for row in CallForService.objects.filter(lon__isnull=False)
        ],
        "records": [
            spot(row, "incidents", tiers[row.pk], row.occurred_from, row.reported_at)
            for row in Incident.objects.filter(lon__isnull=False)
        ],
        "alerts": [
            spot(row, "gunfire", "0a", row.occurred_at) for row in AcousticEvent.objects.all()
        ],
    }


def said(name: str, value: object) -> None:
    print(f"{name:>22}: {value}")  # noqa: T201 - read with -s


def _shown(slug: str, model: Any) -> dict[int, tuple[str, tuple[str, ...]]]:
    kind = "kind" if slug == "gunfire" else "category"
    rows = model.objects.values_list("public_id", kind, *FACE)
    faces = {public_id: (says, tuple(face)) for public_id, says, *face in rows}
    links = Assignment.objects.filter(dataset_slug=slug).values_list("record_id", "public_id")
    return {record: faces[public_id] for record, public_id in links}


def test_most_calls_that_may_be_told_are_told(spots: Spots) -> None:
    records, calls = Hours(spots["records"]), Hours(spots["calls"])
    beside = [call for call in spots["calls"] if records.near(call, reference.RECORD_S)]
    may = [call for call in beside if reference.may_be_told(call, records, calls)]
    for name, some in (
        ("all", spots["calls"]),
        ("beside a record", beside),
        ("that may be told", may),
    ):
        asked = Counter(call.tier for call in some)
        told = Counter(call.tier for call in some if call.face)
        said(name, {tier: round(told[tier] / asked[tier], 3) for tier in sorted(asked)})
        if name == "all":
            assert told["0a"] >= 0.9 * asked["0a"]
            assert sum(told.values()) >= 0.8 * sum(asked[tier] for tier in ("0a", "0b", "1"))
        if name == "that may be told":
            assert told["0a"] >= 0.95 * asked["0a"]
            assert told["0b"] >= 0.85 * asked["0b"]
        assert told["2"] == told["3"] == 0


def test_no_public_call_is_beside_a_record_that_is_not(spots: Spots) -> None:
    assert reference.betrayed(spots["calls"], Hours(spots["records"])) == []


def test_every_public_call_shares_the_face_of_its_event(spots: Spots) -> None:
    records, alerts = Hours(spots["records"]), Hours(spots["alerts"])

    assert reference.apart(spots["calls"], records, alerts) == []


def test_no_public_call_stands_closer_than_what_is_beside_it(spots: Spots) -> None:
    assert reference.too_close(spots["calls"], Hours(spots["records"])) == []


def test_a_call_that_is_named_otherwise_says_what_its_record_says(spots: Spots) -> None:
    records = Hours(spots["records"])
    silent = [replace(record, says="") for record in spots["records"]]
    named = [call.key for call in spots["calls"] if call.face and call.says != call.category]
    said("named as their record", len(named))

    assert reference.renamed(spots["calls"], records) == []
    assert reference.renamed(spots["calls"], Hours(silent)) == named != []


def test_calls_about_people_have_company(spots: Spots) -> None:
    assert reference.small_groups(spots["calls"]) == []


def test_each_defect_would_be_noticed(spots: Spots) -> None:
    """The loops above find what they are there for."""
    records, alerts = Hours(spots["records"]), Hours(spots["alerts"])
    secret = Hours([replace(record, face=()) for record in spots["records"]])
    exact = [replace(c, face=("place", str(c.key), "", "", "", "2026-01-01T00/PT6H")) if c.face else c
             for c in spots["calls"]]  # fmt: skip
    scattered = [
        replace(c, face=(*c.face[:2], str(c.key), *c.face[3:])) if c.face else c
        for c in spots["calls"]
    ]

    assert len(reference.betrayed(spots["calls"], secret)) > 100
    assert len(reference.apart(exact, records, alerts)) > 100
    assert len(reference.too_close(exact, records)) > 100
    assert len(reference.small_groups(scattered)) > 100
