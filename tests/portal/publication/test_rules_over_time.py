"""What the gate does when records change, come late, or are asked for on the wrong day."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from incidents.models import Incident
from portal.city import City
from portal.models import PublishedIncident, Release
from portal.publication.models import Assignment
from portal.publication.releases import release_due
from tests.factories.private import NOW, group_of_assaults, incident, private_city

CITY = City("Testville", "Testville Police", "America/Chicago", lon=-98.6, lat=39.8)
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
CORRECTION = NOW + 60 * DAY  # January: a quarter began
# Each of the six screens says that a theft was more than that.
RISEN: list[dict[str, Any]] = [
    {"tier": "2"},
    {"category": "child"},
    {"victim_flags": "juvenile"},
    {"relationship": "spouse"},
    {"narrative": "Victim stated that her boyfriend raped her"},
    {"location_type": "women's shelter"},
    {"is_sealed": True},
    {"category": "assault", "tier": "1"},  # a crime against a person, at a dot of six hours
]


@pytest.fixture(autouse=True)
def city(city_db: None, tmp_path: Path, settings: Any) -> None:
    settings.FILES = tmp_path
    private_city()


def standing(records: list[Incident]) -> list[int]:
    """Which of some records are public now."""
    public = PublishedIncident.objects.filter(retired_release__isnull=True)
    ids = set(public.values_list("public_id", flat=True))
    links = Assignment.objects.filter(dataset_slug="incidents").values_list(
        "record_id", "public_id"
    )
    shown = {record for record, public_id in links if public_id in ids}
    return [n for n, record in enumerate(records) if record.pk in shown]


def test_whatever_makes_a_record_stricter_removes_it_on_the_next_correction_day_and_not_before() -> (
    None
):
    records = [incident() for _ in range(60)]
    release_due(CITY, as_of=NOW)
    for record, values in zip(records, RISEN, strict=False):
        Incident.objects.filter(pk=record.pk).update(**values)

    release_due(CITY, as_of=NOW + 30 * DAY)
    assert standing(records) == list(range(60))
    made = release_due(CITY, as_of=CORRECTION)

    assert all(release.state == Release.State.ACTIVE for release in made)
    left = standing(records)
    assert not set(range(len(RISEN))) & set(left)
    assert len(left) == 60 - 3 * len(RISEN)  # two covers each


def test_what_turns_out_to_be_harmless_or_at_home_changes_nothing_that_was_published() -> None:
    theft, home = incident(), incident(location_type="apartment")
    for n in range(20):
        incident(occurred_from=NOW - (20 + n) * DAY)
    release_due(CITY, as_of=NOW)
    before = list(PublishedIncident.objects.order_by("public_id").values())
    Incident.objects.filter(pk=theft.pk).update(
        location_type="apartment", district=None, lon=None, lat=None
    )
    Incident.objects.filter(pk=home.pk).update(location_type="street", occurred_from=NOW - 90 * DAY)

    release_due(CITY, as_of=CORRECTION)

    assert len(before) == 22
    assert list(PublishedIncident.objects.order_by("public_id").values()) == before


def test_a_record_that_was_sensitive_may_be_a_row_once_it_is_not() -> None:
    record = incident(victim_flags="juvenile")
    release_due(CITY, as_of=NOW)
    assert standing([record]) == []
    Incident.objects.filter(pk=record.pk).update(victim_flags="")

    release_due(CITY, as_of=NOW + DAY)

    assert standing([record]) == [0]


def test_late_crimes_against_people_wait_for_their_monday() -> None:
    incident()
    release_due(CITY, as_of=NOW)  # a Monday
    late = group_of_assaults(6)
    Incident.objects.filter(pk__in=[record.pk for record in late]).update(first_seen_at=NOW + DAY)

    for days in (2, 4, 6):
        incident()  # something is released each day
        release_due(CITY, as_of=NOW + days * DAY)
        assert standing(late) == []
    release_due(CITY, as_of=NOW + 7 * DAY)

    assert standing(late) == [0, 1, 2, 3, 4, 5]


def test_a_late_theft_waits_for_six_oclock_and_an_extra_release_holds_nothing_new() -> None:
    incident()
    release_due(CITY, as_of=NOW - 4 * HOUR)
    late = incident(first_seen_at=NOW)  # nine o'clock in the city

    release_due(CITY, as_of=NOW + 8 * HOUR)
    assert standing([late]) == []
    release_due(CITY, as_of=NOW + 21 * HOUR)

    assert standing([late]) == [0]


def test_a_release_in_the_middle_of_the_week_holds_no_more_than_mondays() -> None:
    fresh = group_of_assaults(6, when=NOW - 6 * DAY)  # their week ended nine hours ago
    incident()

    release_due(CITY, as_of=NOW + 3 * DAY)
    assert standing(fresh) == []
    release_due(CITY, as_of=NOW + 7 * DAY)

    assert standing(fresh) == [0, 1, 2, 3, 4, 5]
