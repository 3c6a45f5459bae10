"""What everybody sees on a public row, and its covers have too: where rows left before, a call beside it, an edition
that was withdrawn."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from incidents.models import Address, Incident
from portal.city import City
from portal.models import PublishedIncident, Release
from portal.publication.models import Assignment
from portal.publication.public_rows import public_incidents
from portal.publication.releases import release_due, withdraw
from sensors.geodesy import LocalPlane
from tests.factories.private import NOW, call, incident, private_city

CITY = City("Testville", "Testville Police", "America/Chicago", lon=-98.6, lat=39.8)
CORRECTION = dt.datetime(2027, 1, 4, 15, tzinfo=dt.UTC)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def city(city_db: None, tmp_path: Path, settings: Any) -> None:
    settings.FILES = tmp_path
    private_city()


def release(as_of: dt.datetime, *, correct: bool = False) -> Release:
    made = {one.dataset.slug: one for one in release_due(CITY, as_of=as_of, correct=correct)}
    assert made["incidents"].state == "active", made["incidents"].verification
    return made["incidents"]


def thefts(n: int, *, first: dt.datetime = NOW - 20 * DAY) -> list[Incident]:
    """Three days apart, at places that repeat."""
    addresses = list(Address.objects.order_by("source_id"))
    return [
        incident(
            address=addresses[37 * k % len(addresses)],
            occurred_from=first - 3 * k * DAY,
            first_seen_at=first - 3 * k * DAY + HOUR,
        )
        for k in range(n)
    ]


def seal(records: list[Incident]) -> None:
    Incident.objects.filter(pk__in=[record.pk for record in records]).update(is_sealed=True)


def gone(number: int) -> set[int]:
    """The records whose rows left with a release."""
    rows = PublishedIncident.objects.filter(retired_release=number).values("public_id")
    found = Assignment.objects.filter(public_id__in=rows, dataset_slug="incidents")
    return set(found.values_list("record_id", flat=True))


@pytest.mark.parametrize("secret", [0, 1])
def test_a_row_beside_which_somebody_called_is_covered_by_such(secret: int) -> None:
    """What turns out to be sensitive was mostly called in: rows without a call would be known for covers."""
    records = thefts(60)
    for record in records[::2]:
        call(
            category="theft", call_type="THEFT", tier="0a", lon=record.lon, lat=record.lat,
            received_at=record.occurred_from,
        )  # fmt: skip
    release(NOW)
    seal(records[secret : secret + 8 : 4])

    left = gone(release(CORRECTION).number)

    assert len(left) == 6
    assert left <= {record.pk for record in records[secret::2]}


def test_rows_that_only_a_withdrawn_edition_had_are_covered_by_such() -> None:
    """Whoever kept it would see which one of its rows never came again."""
    records = thefts(40)
    release(NOW)
    fresh = thefts(9, first=NOW - 1 * DAY)
    second = release(NOW + 40 * DAY)
    withdraw(second, reason="wrong")
    seal(fresh[:2])

    left = gone(release(NOW + 41 * DAY).number)

    assert len(left) == 6
    assert left < {record.pk for record in fresh}
    assert not left & {record.pk for record in records}


def test_where_a_withdrawn_edition_had_too_few_none_of_them_come_again() -> None:
    thefts(40)
    release(NOW)
    fresh = thefts(2, first=NOW - 1 * DAY)
    second = release(NOW + 40 * DAY)
    withdraw(second, reason="wrong")
    seal(fresh[:1])

    left = gone(release(NOW + 41 * DAY).number)

    assert {record.pk for record in fresh} <= left
    assert 3 <= len(left) <= 4


def test_a_place_is_marked_by_the_rows_that_it_lost() -> None:
    """A home that loses one in each of four quarters would be the only such place."""
    addresses = list(Address.objects.order_by("source_id"))
    records = [
        incident(
            address=addresses[90 * (n % 12)],
            occurred_from=NOW - (20 + n) * DAY,
            first_seen_at=NOW - (20 + n) * DAY + HOUR,
        )
        for n in range(60)
    ]
    release(NOW)
    seal(records[::20])
    left = gone(release(CORRECTION).number)

    public = public_incidents()

    of_record = dict(
        Assignment.objects.filter(dataset_slug="incidents").values_list("record_id", "place_code")
    )
    lost = Counter(of_record[record] for record in left)
    assert len(left) == 9
    assert public.n_lost.tolist() == [lost[of_record[pk]] for pk in public.record_id.tolist()]
    seen = public.seen(np.zeros(len(public), np.int64), LocalPlane(CITY.lon, CITY.lat))
    alike = np.minimum(public.n_lost, 3)
    assert (np.unique(seen.mark, return_inverse=True)[1] == np.unique(alike, return_inverse=True)[1]).all()  # fmt: skip
