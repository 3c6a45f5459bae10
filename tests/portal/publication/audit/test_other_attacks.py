"""Attacks that no threshold names, tried on a small city: each must be worth nothing."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from shapely.geometry import Point, shape

from incidents.models import Address, Incident
from portal.models import PublishedIncident, PublishedPlace, Release
from portal.publication.models import Assignment
from portal.publication.releases import release_due
from tests.factories.private import NOW, incident, many_incidents, private_city
from tests.portal.publication.audit.planting import CITY

DAY = dt.timedelta(days=1)
CORRECTION = NOW + 60 * DAY


@pytest.fixture(autouse=True)
def city(city_db: None, tmp_path: Path, settings: Any) -> None:
    settings.FILES = tmp_path
    private_city()


def rows_touching(client: Client, lon: float, lat: float) -> set[str]:
    """What a map service answers about a box of a hand's breadth."""
    box = f"{lon - 1e-6},{lat - 1e-6},{lon + 1e-6},{lat + 1e-6}"
    answer = client.get(f"/ogc/collections/incidents/items?bbox={box}&limit=1000")
    return {each["properties"]["public_id"] for each in json.loads(answer.content)["features"]}


def another_address_at(place: PublishedPlace, record: Incident) -> Address | None:
    footprint = shape(place.footprint)
    near = Address.objects.filter(
        lon__range=(place.west, place.east), lat__range=(place.south, place.north)
    )
    return next(
        (
            each
            for each in near.order_by("source_id")
            if (each.lon, each.lat) != (record.lon, record.lat)
            and footprint.contains(Point(each.lon, each.lat))
        ),
        None,
    )


def test_a_box_around_the_door_answers_as_one_around_another_door_of_its_place(
    client: Client,
) -> None:
    """Map services take what a box touches, and a box can be smaller than any house."""
    many_incidents(200)
    release_due(CITY, as_of=NOW)
    escrow = Assignment.objects.filter(dataset_slug="incidents", tier="0a")
    public_id = dict(escrow.values_list("record_id", "public_id"))

    tried = 0
    for record in Incident.objects.filter(pk__in=public_id).order_by("pk")[:30]:
        row = PublishedIncident.objects.get(public_id=public_id[record.pk])
        place = PublishedPlace.objects.get(code=row.place_code)
        other = another_address_at(place, record)
        if other and shape(place.footprint).contains(Point(record.lon, record.lat)):
            tried += 1
            here, there = (rows_touching(client, each.lon, each.lat) for each in (record, other))
            assert here == there
            assert row.public_id in here
    assert tried > 15


def gone_on_a_correction_day() -> tuple[Release, set[str]]:
    """A release that took rows away, and which of them were sealed."""
    thefts = [incident(occurred_from=NOW - (20 + n) * DAY) for n in range(40)]
    release_due(CITY, as_of=NOW)
    sealed = [thefts[n].pk for n in (3, 17, 29)]
    Incident.objects.filter(pk__in=sealed).update(is_sealed=True)
    made = release_due(CITY, as_of=CORRECTION)
    escrow = Assignment.objects.filter(dataset_slug="incidents", record_id__in=sealed)
    release = next(each for each in made if each.dataset.slug == "incidents")
    assert release.n_retired == 9
    return release, set(escrow.values_list("public_id", flat=True))


def test_neither_the_list_of_changes_nor_the_table_itself_says_which_row_was_sealed(
    client: Client,
) -> None:
    release, sealed = gone_on_a_correction_day()

    said = json.loads(client.get("/data/incidents/diff.json?from=1&to=2").content)["changes"]
    removed = [each for each in said if each["change"] == "removed"]
    ids = [each["key"]["public_id"] for each in removed]
    with connections["public"].cursor() as cursor:  # what an answer without an order would be
        cursor.execute(
            "SELECT public_id FROM release.incident WHERE retired_release = %s ORDER BY ctid",
            [release.number],
        )
        lying = [row[0] for row in cursor.fetchall()]

    assert sealed < set(ids)
    assert ids == sorted(ids)
    assert {json.dumps({**each, "key": ""}) for each in removed} == {
        json.dumps({**removed[0], "key": ""})
    }
    by_table = PublishedIncident.objects.filter(public_id__in=ids).order_by("pk")
    assert lying in (sorted(ids), list(by_table.values_list("public_id", flat=True)))
