"""Each of these was a way to learn more than was promised, found by attacking the gate; none may come back."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import pytest

from incidents.models import Address, Area, Incident
from portal.city import City
from portal.feeds.files import file_of, folder_of
from portal.models import Dataset, PublishedCount, PublishedIncident, PublishedTally, Release
from portal.publication.models import Assignment
from portal.publication.releases import release_due, withdraw
from portal.publication.verification import CHECKS, Check
from tests.factories.private import (
    NOW,
    SOUTH,
    WEST,
    group_of_assaults,
    incident,
    many_incidents,
    private_city,
)
from tests.factories.released import square

CITY = City("Testville", "Testville Police", "America/Chicago", lon=-98.6, lat=39.8)
DAY = dt.timedelta(days=1)
QUARTER = dt.timedelta(days=60)  # from NOW into January: a correction day


@pytest.fixture(autouse=True)
def city(city_db: None, tmp_path: Path, settings: Any) -> None:
    settings.FILES = tmp_path
    private_city()


def by_dataset(made: list[Release]) -> dict[str, Release]:
    return {release.dataset.slug: release for release in made}


def public_row(record: Incident) -> PublishedIncident:
    escrow = Assignment.objects.get(record_id=record.pk, dataset_slug="incidents")
    return PublishedIncident.objects.get(public_id=escrow.public_id)


def test_one_home_located_three_metres_apart_is_one_address() -> None:
    home = Address.objects.get(source_id="N-0")
    for n in range(6):
        incident(
            category="assault" if n % 2 else "robbery",
            tier="1",
            lon=home.lon + n * 1e-5,
            lat=home.lat,
            occurred_from=NOW - 42 * DAY + n * dt.timedelta(hours=1),
        )

    release_due(CITY, as_of=NOW)

    assert PublishedIncident.objects.count() == 0


def test_a_written_address_without_a_point_is_not_counted_as_one() -> None:
    for record in group_of_assaults(5):
        Incident.objects.filter(pk=record.pk).update(
            lon=None, lat=None, address_text=f"{record.pk} Elm"
        )

    release_due(CITY, as_of=NOW)

    assert PublishedIncident.objects.count() == 0


def test_a_category_is_never_handled_with_less_care_than_the_vocabulary_says() -> None:
    incident(category="sexual-offence", tier="0a")
    incident(category="not-in-the-vocabulary", tier="0a")
    lone_assault = incident(category="assault", tier="0a")

    release_due(CITY, as_of=NOW)

    assert PublishedIncident.objects.count() == 0
    assert not Assignment.objects.filter(record_id=lone_assault.pk).exists()


def test_a_record_without_a_point_names_no_district_too_small_to_hide_in() -> None:
    hamlet = Area.objects.create(
        kind="district",
        code="H",
        name="Hamlet",
        slug="hamlet",
        geometry=square(WEST + 0.05, SOUTH, 0.005),
    )
    for n in range(19):
        Address.objects.create(
            source_id=f"H-{n}",
            lon=WEST + 0.051 + n / 10_000,
            lat=SOUTH + 0.002,
            district=hamlet,
        )
    inside = incident(address=Address.objects.get(source_id="H-3"))
    nowhere = incident(lon=None, lat=None, district=hamlet)
    north = incident(lon=None, lat=None)

    release_due(CITY, as_of=NOW)

    for record in (inside, nowhere):
        row = public_row(record)
        assert (row.precision, row.district_slug) == ("city", "")
    assert (public_row(north).precision, public_row(north).district_slug) == ("district", "north")


def test_a_district_drawn_after_the_map_was_frozen_is_not_named() -> None:
    incident()
    release_due(CITY, as_of=NOW)
    new = Area.objects.create(
        kind="district", code="X", name="X", slug="x", geometry=square(WEST, SOUTH, 0.01)
    )

    late = incident(lon=None, lat=None, district=new)
    release_due(CITY, as_of=NOW + 3 * DAY)

    assert (public_row(late).precision, public_row(late).district_slug) == ("city", "")


def test_an_expunged_record_takes_its_like_along_and_not_any_two() -> None:
    """Its private row is gone, so its kind must be read from what is public."""
    thefts = [incident(source_id=f"t{n}", occurred_from=NOW - 20 * DAY) for n in range(40)]
    for n in range(200):
        incident(source_id=f"o{n}", category="vandalism", occurred_from=NOW - 300 * DAY)
    release_due(CITY, as_of=NOW)
    thefts[0].delete()

    release_due(CITY, as_of=NOW + QUARTER)

    retired = PublishedIncident.objects.filter(retired_release__isnull=False)
    assert [row.category for row in retired] == ["theft"] * 3


def test_the_last_of_a_kind_can_still_be_sealed() -> None:
    only = incident(category="arson", tier="0b", location_type="apartment")
    for n in range(40):
        incident(source_id=f"b{n}", category="burglary", tier="0b", location_type="apartment")
    release_due(CITY, as_of=NOW)
    Incident.objects.filter(pk=only.pk).update(is_sealed=True)

    made = by_dataset(release_due(CITY, as_of=NOW + QUARTER))

    assert made["incidents"].state == Release.State.ACTIVE
    assert public_row(only).retired_release == made["incidents"].number
    assert made["incidents"].n_retired == 3


def test_a_record_sealed_while_the_release_was_built_stops_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from portal.publication import releases

    theft = incident()
    describe = releases._describe

    def seal_and_describe(release: Release) -> None:
        if release.dataset.slug == "incidents":
            Incident.objects.filter(pk=theft.pk).update(is_sealed=True)
        describe(release)

    monkeypatch.setattr(releases, "_describe", seal_and_describe)

    made = by_dataset(release_due(CITY, as_of=NOW))

    assert made["incidents"].state == Release.State.REJECTED
    assert PublishedIncident.objects.count() == 0


def test_a_rejected_release_leaves_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    incident()
    refusal = Check("a promise holds", passed=False, detail="it does not")
    monkeypatch.setitem(CHECKS, "incidents", [lambda release, standard: refusal])

    made = by_dataset(release_due(CITY, as_of=NOW))

    assert not folder_of(made["incidents"]).exists()


def test_withdrawing_a_correction_does_not_bring_the_sealed_record_back() -> None:
    records = [incident(source_id=f"c{n}") for n in range(40)]
    release_due(CITY, as_of=NOW)
    Incident.objects.filter(pk=records[0].pk).update(is_sealed=True)
    corrected = by_dataset(release_due(CITY, as_of=NOW + QUARTER))["incidents"]

    withdraw(corrected, reason="wrong borders")

    assert Dataset.objects.get(slug="incidents").current is None
    assert not folder_of(corrected).exists()
    incident(occurred_from=NOW + QUARTER - 5 * DAY)
    after = by_dataset(release_due(CITY, as_of=NOW + QUARTER + DAY))["incidents"]
    assert (after.state, after.n_rows) == (Release.State.ACTIVE, 38)
    assert public_row(records[0]).retired_release == corrected.number


def test_after_a_withdrawal_the_next_release_carries_its_rows_with_their_ids() -> None:
    incident()
    first = by_dataset(release_due(CITY, as_of=NOW))["incidents"]
    theft = incident()
    second = by_dataset(release_due(CITY, as_of=NOW + 3 * DAY))["incidents"]
    before = public_row(theft).public_id
    withdraw(second, reason="wrong borders")
    assert Dataset.objects.get(slug="incidents").current == first
    incident()

    third = by_dataset(release_due(CITY, as_of=NOW + 6 * DAY))["incidents"]

    assert (third.state, third.n_rows) == (Release.State.ACTIVE, 3)
    assert public_row(theft).public_id == before


def test_rows_that_were_wrong_themselves_do_not_come_again() -> None:
    incident()
    release_due(CITY, as_of=NOW)
    wrong = incident()
    second = by_dataset(release_due(CITY, as_of=NOW + 3 * DAY))["incidents"]

    withdraw(second, reason="exact places", retire_rows=True)

    incident()
    third = by_dataset(release_due(CITY, as_of=NOW + 6 * DAY))["incidents"]
    assert (third.state, third.n_rows) == (Release.State.ACTIVE, 2)
    assert public_row(wrong).retired_release == second.number


def test_the_edition_that_comes_back_has_its_tallies() -> None:
    for day in (0, 3, 6):
        incident()
        release_due(CITY, as_of=NOW + day * DAY)

    for number in (3, 2):
        withdraw(Release.objects.get(dataset__slug="incidents", number=number), reason="wrong")

    current = Dataset.objects.get(slug="incidents").current
    assert current is not None
    assert current.number == 1
    tallies = PublishedTally.objects.filter(dataset_slug="incidents", release_number=1)
    assert [tally.n for tally in tallies] == [1]


def test_a_first_release_that_was_withdrawn_is_still_known_to_its_readers() -> None:
    """What came since then comes on its own day, and not at once as in a first release."""
    incident()
    first = by_dataset(release_due(CITY, as_of=NOW))["incidents"]
    withdraw(first, reason="wrong borders")
    incident(occurred_from=NOW - 20 * DAY, first_seen_at=NOW)

    again = by_dataset(release_due(CITY, as_of=NOW + dt.timedelta(hours=1)))["incidents"]

    assert (again.number, again.n_rows, again.n_added) == (2, 1, 0)


def test_the_map_cannot_be_withdrawn_under_the_records() -> None:
    made = by_dataset(release_due(CITY, as_of=NOW))

    with pytest.raises(ValueError, match="the map"):
        withdraw(made["places"], reason="wrong borders")


def test_a_map_that_was_rejected_once_can_be_built_again(monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = Check("a promise holds", passed=False, detail="it does not")
    for _ in range(2):
        monkeypatch.setitem(CHECKS, "areas", [lambda release, standard: refusal])
        release_due(CITY, as_of=NOW)
        monkeypatch.undo()

    made = by_dataset(release_due(CITY, as_of=NOW))

    assert (made["areas"].number, made["areas"].state) == (3, Release.State.ACTIVE)


def test_a_mistyped_year_and_late_reports_of_last_year_make_no_quarter() -> None:
    many_incidents(900)
    incident(category="domestic", tier="2", occurred_from=dt.datetime(1915, 1, 2, tzinfo=dt.UTC))
    for week in range(13):
        incident(occurred_from=dt.datetime(1915, 1, 2, tzinfo=dt.UTC) + week * 7 * DAY)

    release_due(CITY, as_of=NOW)

    rows = PublishedCount.objects.filter(statistic="district-quarter")
    quarters = set(rows.values_list("period", flat=True))
    assert quarters == {"2026-Q1", "2026-Q2", "2026-Q3"}


def test_public_checks_tell_nothing_that_the_rows_do_not() -> None:
    """What a passed check says is made of public counts: it names no record and no withheld number."""
    many_incidents(600)

    made = by_dataset(release_due(CITY, as_of=NOW))

    rows = PublishedIncident.objects.all()
    groups = {(row.cell_code, row.period) for row in rows if row.precision != "place"}
    public = {0, rows.count(), len(groups)}
    checks = [check for check in made["incidents"].verification if "audit" not in check]
    said = " ".join(check["detail"] for check in checks)  # the audit counts its attacks
    assert {int(number) for number in re.findall(r"\d+", said)} <= public


def test_what_was_retired_is_in_no_later_file_tally_or_row() -> None:
    many_incidents(400)
    first = by_dataset(release_due(CITY, as_of=NOW))["incidents"]
    sealed = Assignment.objects.filter(tier="0a").earliest("record_id")
    Incident.objects.filter(pk=sealed.record_id).update(is_sealed=True)

    second = by_dataset(release_due(CITY, as_of=NOW + QUARTER))["incidents"]

    retired = PublishedIncident.objects.filter(retired_release=second.number)
    gone = set(retired.values_list("public_id", flat=True))
    assert sealed.public_id in gone
    assert len(gone) == 3
    for suffix in ("csv", "json", "geojson"):
        assert not any(one in file_of(second, suffix).read_text() for one in gone)
        assert all(one in file_of(first, suffix).read_text() for one in gone)
    tallies = PublishedTally.objects.filter(dataset_slug="incidents", release_number=second.number)
    assert sum(tally.n for tally in tallies) == second.n_rows
    assert second.n_rows == first.n_rows + second.n_added - 3
