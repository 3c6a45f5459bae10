"""From the vault to the public: what goes out, when, how coarsely, and what never does."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from incidents.models import Incident
from portal.city import City
from portal.models import (
    PublishedCell,
    PublishedCount,
    PublishedGunfire,
    PublishedIncident,
    PublishedPlace,
    PublishedTally,
    Release,
)
from portal.publication import releases
from portal.publication.models import Assignment
from portal.publication.releases import (
    ReleaseBusyError,
    gate_lock,
    newest_slot,
    release_due,
    release_on_schedule,
    withdraw,
)
from portal.publication.verification import CHECKS, Check
from tests.factories.private import (
    NOW,
    group_of_assaults,
    gunshot,
    incident,
    many_incidents,
    private_city,
)

CITY = City("Testville", "Testville Police", "America/Chicago", lon=-98.6, lat=39.8)
DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def city(city_db: None, tmp_path: Path, settings: Any) -> None:
    settings.FILES = tmp_path
    private_city()


def by_dataset(made: list[Release]) -> dict[str, Release]:
    return {release.dataset.slug: release for release in made}


def public_row(record: Incident) -> PublishedIncident | None:
    escrow = Assignment.objects.filter(record_id=record.pk, dataset_slug="incidents").first()
    return PublishedIncident.objects.filter(public_id=escrow.public_id).first() if escrow else None


def test_a_first_release_publishes_map_and_records() -> None:
    incident()
    gunshot()

    made = by_dataset(release_due(CITY, as_of=NOW))

    assert set(made) == {"areas", "places", "cells", "incidents", "gunfire", "privacy-audit"}
    assert {release.state for release in made.values()} == {Release.State.ACTIVE}
    assert made["incidents"].n_rows == made["gunfire"].n_rows == 1
    built = PublishedPlace.objects.filter(stands_for_addresses__gt=0)
    assert min(built.values_list("stands_for_addresses", flat=True)) >= 20
    assert min(PublishedCell.objects.values_list("n_addresses", flat=True)) >= 500


def test_what_has_no_rows_is_not_released_rather_than_zero() -> None:
    made = by_dataset(release_due(CITY, as_of=NOW))

    assert set(made) == {"areas", "places", "cells", "privacy-audit"}


def test_a_theft_stands_at_a_place_in_a_six_hour_band() -> None:
    theft = incident(occurred_from=dt.datetime(2026, 10, 7, 3, 14, tzinfo=dt.UTC))

    release_due(CITY, as_of=NOW)

    row = public_row(theft)
    assert row is not None
    assert (row.precision, row.period) == ("place", "2026-10-06T18/PT6H")  # 22:14 in the city
    assert row.starts_at == dt.datetime(2026, 10, 6, 23, tzinfo=dt.UTC)
    assert row.ends_at - row.starts_at == dt.timedelta(hours=6)
    place = PublishedPlace.objects.get(code=row.place_code)
    assert (place.lon, place.lat) != (theft.lon, theft.lat)
    assert row.district_slug == "north"


def test_a_theft_at_a_dwelling_is_published_by_the_week() -> None:
    theft = incident(location_type="apartment")

    release_due(CITY, as_of=NOW)

    row = public_row(theft)
    assert row is not None
    assert row.period == "2026-W41"


@pytest.mark.parametrize(
    "values",
    [
        {"category": "sexual-offence", "tier": "2"},
        {"category": "never-seen-before", "tier": "?"},
        {"is_sealed": True},
        {"victim_flags": "juvenile"},
        {"relationship": "spouse"},
        {"location_type": "womens shelter"},
        {"narrative": "victim stated that her husband raped her"},
    ],
)
def test_a_sensitive_record_is_never_a_row(values: dict[str, Any]) -> None:
    hidden = incident(**values)
    incident()

    release_due(CITY, as_of=NOW)

    assert public_row(hidden) is None
    assert PublishedIncident.objects.count() == 1


def test_a_lone_assault_is_not_published() -> None:
    group_of_assaults(4)

    release_due(CITY, as_of=NOW)

    assert PublishedIncident.objects.count() == 0


def test_five_assaults_are_published_in_a_cell_without_a_place() -> None:
    assaults = group_of_assaults(5)

    release_due(CITY, as_of=NOW)

    rows = [public_row(record) for record in assaults]
    assert {row.place_code for row in rows if row} == {""}
    assert {row.precision for row in rows if row} <= {"cell", "district"}
    groups = Counter((row.cell_code, row.period) for row in rows if row)
    assert sum(groups.values()) == 5
    assert min(groups.values()) >= 5


def test_what_is_too_fresh_waits_for_its_day() -> None:
    incident()
    fresh = incident(occurred_from=NOW - dt.timedelta(hours=30))
    release_due(CITY, as_of=NOW)
    assert public_row(fresh) is None

    release_due(CITY, as_of=NOW + 3 * DAY)

    row = public_row(fresh)
    assert row is not None
    assert row.first_release == 2


def test_releasing_twice_at_the_same_instant_changes_nothing() -> None:
    many_incidents(200)
    release_due(CITY, as_of=NOW)
    before = sorted(PublishedIncident.objects.values_list("public_id", "place_code", "period"))

    assert release_due(CITY, as_of=NOW) == []

    assert (
        sorted(PublishedIncident.objects.values_list("public_id", "place_code", "period")) == before
    )


def test_what_was_decided_stays_when_the_record_and_the_addresses_change() -> None:
    theft = incident()
    release_due(CITY, as_of=NOW)
    before = public_row(theft)
    assert before is not None

    Incident.objects.filter(pk=theft.pk).update(lon=-98.59, lat=39.79, occurred_from=NOW - 9 * DAY)
    many_incidents(50)
    release_due(CITY, as_of=NOW + 30 * DAY)

    after = public_row(theft)
    assert after is not None
    assert (after.place_code, after.period, after.public_id) == (
        before.place_code,
        before.period,
        before.public_id,
    )


def test_a_release_of_a_whole_year_keeps_every_promise() -> None:
    many_incidents(900)

    made = by_dataset(release_due(CITY, as_of=NOW))

    checks = [check for release in made.values() for check in release.verification]
    assert len(checks) == sum(len(CHECKS[slug]) + 1 for slug in made)  # the audit is one more
    assert all(check["passed"] for check in checks), checks
    low = Incident.objects.filter(tier__in=["0a", "0b"], occurred_from__lt=NOW - 14 * DAY)
    published = set(Assignment.objects.values_list("record_id", flat=True))
    assert set(low.values_list("pk", flat=True)) <= published


def test_tallies_equal_a_recount_of_the_rows() -> None:
    many_incidents(300)
    release_due(CITY, as_of=NOW)

    recount: Counter[tuple[Any, ...]] = Counter()
    for row in PublishedIncident.objects.all():
        first = row.starts_at.astimezone(CITY.zone).date().replace(day=1)
        end = row.ends_at - dt.timedelta(seconds=1)
        last = end.astimezone(CITY.zone).date().replace(day=1)
        area = row.district_slug, row.beat_slug
        recount[first, last, row.category, *area, row.precision] += 1
    columns = (
        "month",
        "last_month",
        "category",
        "district_slug",
        "beat_slug",
        "precision",
        "n",
    )
    tallies = {
        tuple(row[:6]): row[6]
        for row in PublishedTally.objects.filter(dataset_slug="incidents").values_list(*columns)
    }
    assert tallies == dict(recount)


def test_a_quarter_is_not_counted_before_its_time() -> None:
    many_incidents(100)

    release_due(CITY, as_of=dt.datetime(2026, 11, 10, tzinfo=dt.UTC))  # 40 days after the quarter

    assert not PublishedCount.objects.filter(period="2026-Q3").exists()


def test_a_sealed_record_leaves_with_two_others_on_the_next_correction_day() -> None:
    records = [incident(source_id=f"cover-{n}") for n in range(30)]
    release_due(CITY, as_of=NOW)
    Incident.objects.filter(pk=records[0].pk).update(is_sealed=True)

    release_due(CITY, as_of=NOW + DAY)
    assert PublishedIncident.objects.filter(retired_release__isnull=False).count() == 0
    release_due(CITY, as_of=NOW + 60 * DAY)  # January: a quarter began

    retired = PublishedIncident.objects.filter(retired_release__isnull=False)
    assert retired.count() == 3
    gone = public_row(records[0])
    assert gone is not None
    assert gone.retired_release == 2
    fates = Counter(Assignment.objects.values_list("fate", flat=True))
    assert fates == {"published": 27, "removed": 1, "cover": 2}


def test_a_court_order_removes_at_once() -> None:
    records = [incident(source_id=f"cover-{n}") for n in range(10)]
    release_due(CITY, as_of=NOW)
    records[0].delete()

    release_due(CITY, as_of=NOW + DAY, correct=True)

    assert PublishedIncident.objects.filter(retired_release=2).count() == 3


def test_gunfire_shows_bands_and_never_an_exact_value() -> None:
    gunshot(n_shots=7, probability=0.934)
    gunshot(provider="vendor", provider_event_id="v1", n_shots=None, probability=None)
    gunshot(kind="firework")
    gunshot(withdrawn_at=NOW)

    release_due(CITY, as_of=NOW)

    rows = {
        (row.provider, row.rounds, row.confidence_pct) for row in PublishedGunfire.objects.all()
    }
    assert rows == {("daylight", "6+", 95), ("vendor", "2+", None)}


def test_a_failed_check_leaves_nothing_public_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    theft = incident()
    refusal = Check("a promise holds", passed=False, detail="it does not")
    monkeypatch.setitem(CHECKS, "incidents", [lambda release, standard: refusal])

    made = by_dataset(release_due(CITY, as_of=NOW))

    assert made["incidents"].state == Release.State.REJECTED
    assert made["incidents"].verification[0] == {
        "check": "a promise holds",
        "passed": False,
        "detail": "it does not",
    }
    assert (
        PublishedIncident.objects.count()
        == Assignment.objects.filter(dataset_slug="incidents").count()
        == 0
    )
    monkeypatch.undo()
    release_due(CITY, as_of=NOW)
    row = public_row(theft)
    assert row is not None
    assert row.first_release == 2


def test_an_interrupted_build_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    incident()

    def die(release: Release) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(releases, "_describe", die)
    with pytest.raises(KeyboardInterrupt):
        release_due(CITY, as_of=NOW)
    monkeypatch.undo()

    made = by_dataset(release_due(CITY, as_of=NOW))

    assert made["incidents"].state == Release.State.ACTIVE
    assert Release.objects.filter(state=Release.State.BUILT).count() == 0
    assert Release.objects.filter(state=Release.State.REJECTED).count() == 1


def test_only_one_builder_works_at_a_time() -> None:
    from django.db import connections

    other = connections["publisher"].copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [releases.GATE_LOCK])

        with pytest.raises(ReleaseBusyError):
            release_due(CITY, as_of=NOW)
        with (
            other.cursor() as cursor
        ):  # a closed connection lets go of it only when its backend ends
            cursor.execute("SELECT pg_advisory_unlock(%s)", [releases.GATE_LOCK])
    finally:
        other.close()
    with gate_lock():
        pass


@pytest.mark.parametrize(
    ("now", "slot"),
    [
        (
            dt.datetime(2026, 11, 16, 15, tzinfo=dt.UTC),
            dt.datetime(2026, 11, 16, 12, tzinfo=dt.UTC),
        ),
        (
            dt.datetime(2026, 11, 16, 11, 59, tzinfo=dt.UTC),
            dt.datetime(2026, 11, 15, 12, tzinfo=dt.UTC),
        ),
        (dt.datetime(2026, 7, 1, 11, tzinfo=dt.UTC), dt.datetime(2026, 7, 1, 11, tzinfo=dt.UTC)),
    ],
)
def test_the_calendar_is_worked_through_once_a_day_at_six(
    now: dt.datetime, slot: dt.datetime
) -> None:
    assert newest_slot(CITY, now) == slot

    assert release_on_schedule(CITY, now=now)
    incident()
    assert release_on_schedule(CITY, now=now + dt.timedelta(seconds=30)) == []


def test_a_withdrawn_release_gives_way_to_the_one_before() -> None:
    incident()
    release_due(CITY, as_of=NOW)
    incident()
    made = by_dataset(release_due(CITY, as_of=NOW + DAY))

    withdraw(made["incidents"], reason="wrong borders")

    current = Release.objects.get(dataset__slug="incidents", dataset__current__number=1, number=1)
    assert current.state == Release.State.ACTIVE
    with pytest.raises(ValueError, match="wanted an active one"):
        withdraw(made["incidents"], reason="again")
