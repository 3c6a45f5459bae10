"""Several people call about one event. What leaves with it must not be known by having left together."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from incidents.models import Address, CallForService
from portal.city import City
from portal.models import PublishedCall
from portal.publication.models import Assignment
from portal.publication.releases import release_due
from tests.factories.private import NOW, call, incident, private_city

CITY = City("Testville", "Testville Police", "America/Chicago", lon=-98.6, lat=39.8)
CORRECTION = dt.datetime(2027, 1, 4, 15, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def release(as_of: dt.datetime) -> None:
    made = release_due(CITY, as_of=as_of)
    assert not [check for each in made for check in each.verification if not check["passed"]]


def called_in(n_events: int) -> list[list[CallForService]]:
    """An event every twelve hours, of which three people call about every fourth."""
    random = np.random.default_rng(1)
    addresses = list(Address.objects.order_by("source_id"))
    return [
        [
            call(
                address=addresses[where],
                received_at=NOW - (20 + 0.5 * n) * DAY + dt.timedelta(minutes=2 * caller),
            )
            for caller in range(3 if n % 4 == 0 else 1)
        ]
        for n, where in enumerate(random.integers(0, len(addresses), n_events).tolist())
    ]


@pytest.mark.usefixtures("city_db")
def test_what_left_together_is_the_secret_one_time_in_three(tmp_path: Path, settings: Any) -> None:
    settings.FILES = tmp_path
    private_city()
    events = called_in(120)
    release(NOW)
    public = dict(
        Assignment.objects.filter(dataset_slug="calls").values_list("record_id", "public_id")
    )
    of_three = [event for event in events if len(event) == 3]
    for first, *_ in of_three[::10]:
        incident(
            category="domestic", tier="2", location_type="residence", occurred_from=first.received_at,
            lon=first.lon, lat=first.lat, first_seen_at=NOW + 5 * DAY,
        )  # fmt: skip
    secret = {public[each.pk] for event in of_three[::10] for each in event}

    release(CORRECTION)

    rows = PublishedCall.objects.exclude(retired_release=None)
    gone = list(rows.values_list("public_id", "place_code", "period"))
    together = Counter((place, period) for _, place, period in gone)
    picked = [name for name, place, period in gone if together[place, period] == 3]
    assert len(public) == 180
    assert len(secret) == 9
    assert secret < set(picked)
    assert len(secret) / len(picked) <= 0.34
