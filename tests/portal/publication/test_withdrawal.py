"""Withdrawing editions: which may go with their rows, and what comes again in the release after."""

from __future__ import annotations

import datetime as dt
import io
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from incidents.models import Incident
from portal.feeds.files import file_of
from portal.models import ChainEntry, Dataset, PublishedGunfire, PublishedIncident, Release
from portal.publication.models import Assignment
from portal.publication.releases import release_due, withdraw
from portal.publication.verification import CHECKS, Check
from sensors.models import AcousticEvent
from tests.factories.private import NOW, gunshot, incident, private_city
from tests.portal.publication.test_calls import face, thefts_called_in
from tests.portal.publication.test_releases import CITY, DAY, by_dataset, public_row

QUARTER = 60 * DAY  # January: a quarter began


@pytest.fixture(autouse=True)
def city(city_db: None, tmp_path: Path, settings: Any) -> None:
    settings.FILES = tmp_path
    private_city()


def edition(number: int, slug: str = "incidents") -> Release:
    return Release.objects.select_related("dataset").get(dataset__slug=slug, number=number)


def three_editions() -> list[list[Incident]]:
    """Eight incidents, then four, then two more."""
    added = []
    for day, n in enumerate((8, 4, 2)):
        added.append([incident(occurred_from=NOW - (20 + i) * DAY) for i in range(n)])
        made = by_dataset(release_due(CITY, as_of=NOW + day * DAY))["incidents"]
        assert (made.number, made.n_added) == (day + 1, n)
    return added


def next_release(days: int) -> Release:
    incident(occurred_from=NOW - 9 * DAY)
    return by_dataset(release_due(CITY, as_of=NOW + dt.timedelta(days=days)))["incidents"]


def ids_in_file(release: Release) -> set[str]:
    with file_of(release, "csv").open(encoding="utf-8") as lines:
        return {line.split(",")[0] for line in lines} - {"id", "public_id"}


def is_public(record: Incident) -> bool:
    row = public_row(record)
    return row is not None and row.retired_release is None


# --- with their rows ---


def test_an_edition_under_a_later_one_cannot_go_with_its_rows() -> None:
    three_editions()
    entries = ChainEntry.objects.count()

    with pytest.raises(
        ValueError, match=r"withdraw the later ones first, newest first: incidents/3$"
    ):
        withdraw(edition(2), reason="exact places", retire_rows=True)

    assert edition(2).state == Release.State.ACTIVE
    assert ChainEntry.objects.count() == entries
    assert not PublishedIncident.objects.filter(retired_release__isnull=False).exists()
    assert not Assignment.objects.exclude(fate=Assignment.Fate.PUBLISHED).exists()


def test_the_command_says_which_are_to_be_withdrawn_first() -> None:
    three_editions()
    words = io.StringIO()
    asked = "release", "--retire-rows", "--reason", "exact places", "--withdraw"

    with pytest.raises(CommandError, match=r"newest first: incidents/3, incidents/2$"):
        call_command(*asked, "incidents/1", stdout=words)
    for number in (3, 2, 1):
        call_command(*asked, f"incidents/{number}", stdout=words)

    assert words.getvalue().split("\n")[-2] == "withdrew incidents/1"
    assert not PublishedIncident.objects.filter(retired_release__isnull=True).exists()


@pytest.mark.parametrize("gone", [[3, 2], [3, 2, 1]])
def test_newest_first_all_go_with_their_rows_and_the_next_release_is_accepted(
    gone: list[int],
) -> None:
    added = three_editions()

    for number in gone:
        withdraw(edition(number), reason="exact places", retire_rows=True)
    made = next_release(3)

    assert (made.state, made.n_added, made.n_retired) == (Release.State.ACTIVE, 1, 0)
    left = [record for n, records in enumerate(added, 1) if n not in gone for record in records]
    standing = PublishedIncident.objects.filter(retired_release__isnull=True)
    assert made.n_rows == len(left) + 1
    assert all(is_public(record) for record in left)
    assert ids_in_file(made) == set(standing.values_list("public_id", flat=True))
    assert next_release(4).state == Release.State.ACTIVE


def test_rows_of_a_later_edition_come_again_without_those_of_the_wrong_one() -> None:
    first, wrong, third = three_editions()
    withdraw(edition(3), reason="it holds the rows of 2")
    withdraw(edition(2), reason="exact places", retire_rows=True)

    made = next_release(3)

    assert (made.state, made.n_rows) == (Release.State.ACTIVE, 8 + 2 + 1)
    assert all(is_public(record) for record in (*first, *third))
    assert not any(is_public(record) for record in wrong)


def test_an_edition_under_later_ones_can_go_without_its_rows() -> None:
    added = three_editions()
    withdraw(edition(1), reason="wrong words in its description")

    made = next_release(3)

    assert Dataset.objects.get(slug="incidents").current == made
    assert (made.state, made.n_rows) == (Release.State.ACTIVE, 15)
    assert all(is_public(record) for records in added for record in records)


# --- what comes again ---


@pytest.mark.parametrize("later", [DAY, QUARTER])
def test_a_record_sealed_since_the_only_edition_was_withdrawn_does_not_come_again(
    later: dt.timedelta,
) -> None:
    records = [incident(occurred_from=NOW - (20 + i) * DAY) for i in range(40)]
    withdraw(by_dataset(release_due(CITY, as_of=NOW))["incidents"], reason="wrong borders")
    Incident.objects.filter(pk=records[5].pk).update(is_sealed=True)

    incident(occurred_from=NOW - 10 * DAY)
    made = by_dataset(release_due(CITY, as_of=NOW + later))["incidents"]

    assert (made.state, made.n_rows, made.n_retired) == (Release.State.ACTIVE, 38, 3)
    sealed = public_row(records[5])
    assert sealed is not None
    assert sealed.public_id not in ids_in_file(made)
    retired = Assignment.objects.filter(dataset_slug="incidents", retired_release=made.number)
    assert Counter(retired.values_list("fate", flat=True)) == {"removed": 1, "cover": 2}


def test_removals_after_a_withdrawal_are_of_all_rows_and_the_day_after_waits_again() -> None:
    """Were they of the withdrawn edition alone, its rows among the retired would be the sealed ones."""
    old = [incident(occurred_from=NOW - (20 + i) * DAY) for i in range(20)]
    release_due(CITY, as_of=NOW)
    new = [incident(occurred_from=NOW - (20 + i) * DAY) for i in range(20)]
    withdraw(by_dataset(release_due(CITY, as_of=NOW + DAY))["incidents"], reason="wrong borders")
    Incident.objects.filter(pk=old[0].pk).update(is_sealed=True)
    new[0].delete()

    made = next_release(2)
    Incident.objects.filter(pk=old[1].pk).update(is_sealed=True)
    after = next_release(3)

    assert (made.state, made.n_retired) == (Release.State.ACTIVE, 6)
    assert not is_public(old[0])
    fates = Assignment.objects.filter(dataset_slug="incidents", retired_release=made.number)
    assert Counter(fates.values_list("fate", flat=True)) == {"removed": 2, "cover": 4}
    assert (after.state, after.n_retired) == (Release.State.ACTIVE, 0)


def test_an_alert_that_the_detector_no_longer_finds_does_not_come_again() -> None:
    alerts = [gunshot(occurred_at=NOW - (20 + i) * DAY) for i in range(6)]
    withdraw(by_dataset(release_due(CITY, as_of=NOW))["gunfire"], reason="wrong borders")
    AcousticEvent.objects.filter(pk=alerts[0].pk).update(withdrawn_at=NOW)

    made = by_dataset(release_due(CITY, as_of=NOW + DAY))["gunfire"]

    assert (made.state, made.n_rows, made.n_retired) == (Release.State.ACTIVE, 5, 1)
    assert PublishedGunfire.objects.filter(retired_release=made.number).count() == 1


# --- incidents that are rejected ---


def test_nothing_that_follows_the_incidents_goes_out_in_a_run_that_rejects_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    thefts, calls = thefts_called_in(12)
    for n in range(4):
        gunshot(occurred_at=NOW - (30 + n) * DAY)
    release_due(CITY, as_of=NOW)
    Incident.objects.filter(pk=thefts[0].pk).update(is_sealed=True)
    gunshot(occurred_at=NOW - 9 * DAY)
    refusal = Check("a promise holds", passed=False, detail="it does not")
    with monkeypatch.context() as patch:
        patch.setitem(CHECKS, "incidents", [lambda release, standard: refusal])
        stopped = by_dataset(release_due(CITY, as_of=NOW + QUARTER))

    assert stopped["incidents"].state == Release.State.REJECTED
    assert set(stopped) == {"incidents", "privacy-audit"}
    assert is_public(thefts[0])
    assert face(calls[0]) is not None

    made = by_dataset(release_due(CITY, as_of=NOW + QUARTER + DAY))

    assert made["incidents"].n_retired == made["calls"].n_retired == 3
    assert {release.state for release in made.values()} == {Release.State.ACTIVE}
    assert face(calls[0]) is None
    assert {"gunfire", "sensitive-totals"} <= set(made)
