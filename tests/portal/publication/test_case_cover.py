"""A case is several records of one event, sealed together. What left together must not be known for the case."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from incidents.models import Address, Incident
from portal.city import City
from portal.models import PublishedIncident
from portal.publication.models import Assignment
from portal.publication.releases import release_due
from tests.factories.private import NOW, incident, private_city

CITY = City("Testville", "Testville Police", "America/Chicago", lon=-98.6, lat=39.8)
CORRECTION = dt.datetime(2027, 1, 4, 15, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
KINDS = ("theft", "vandalism", "theft-from-vehicle")


def release(as_of: dt.datetime) -> None:
    made = release_due(CITY, as_of=as_of)
    assert not [check for each in made for check in each.verification if not check["passed"]]


def recorded(n_events: int) -> list[list[Incident]]:
    """An event every twelve hours, every fourth of which is a case of three records."""
    random = np.random.default_rng(1)
    addresses = list(Address.objects.order_by("source_id"))
    return [
        [
            incident(
                address=addresses[where],
                category=KINDS[record],
                occurred_from=NOW - (20 + 0.5 * n) * DAY,
                first_seen_at=NOW - (19 + 0.5 * n) * DAY,
            )
            for record in range(3 if n % 4 == 0 else 1)
        ]
        for n, where in enumerate(random.integers(0, len(addresses), n_events).tolist())
    ]


@pytest.mark.usefixtures("city_db")
def test_what_left_together_is_the_sealed_case_one_time_in_three(
    tmp_path: Path, settings: Any
) -> None:
    settings.FILES = tmp_path
    private_city()
    events = recorded(120)
    release(NOW)
    public = dict(
        Assignment.objects.filter(dataset_slug="incidents").values_list("record_id", "public_id")
    )
    cases = [event for event in events if len(event) == 3][::10]
    sealed = [record.pk for event in cases for record in event]
    Incident.objects.filter(pk__in=sealed).update(is_sealed=True)
    secret = {public[record] for record in sealed}

    release(CORRECTION)

    rows = PublishedIncident.objects.exclude(retired_release=None)
    gone = list(rows.values_list("public_id", "place_code", "period"))
    together = Counter((place, period) for _, place, period in gone)
    picked = [name for name, place, period in gone if together[place, period] > 1]
    assert len(public) == 180
    assert len(secret) == 9
    assert secret < set(picked)
    assert len(secret) / len(picked) <= 0.34
