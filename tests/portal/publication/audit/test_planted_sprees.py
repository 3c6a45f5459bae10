"""Sprees whose covers leave one by one from all over the city: planted, recognised, and not let out."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from incidents.models import Address, Incident
from portal.models import PublishedIncident, Release
from portal.publication.disclosure import sprees
from portal.publication.releases import release_due
from tests.factories.private import NOW, incident, private_city
from tests.portal.publication.audit.planting import CITY, stopped_by

CORRECTION = dt.datetime(2027, 1, 4, 15, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
NIGHTS, SEALED = 150, 50


def nights() -> list[tuple[Incident, Incident]]:
    """Two thefts of each night, at places some streets apart, and others by day that have nothing to do with them."""
    random = np.random.default_rng(3)
    addresses = list(Address.objects.order_by("source_id"))
    at = np.array([(address.lon * 87_000, address.lat * 111_000) for address in addresses])
    found = []
    for night in range(NIGHTS):
        one = int(random.integers(0, len(addresses)))
        apart = np.abs(np.hypot(*(at - at[one]).T) - 600)
        when = NOW - (20 + 8 * night) * DAY
        pair = [addresses[one], addresses[int(np.argmin(apart))]]
        first, second = (
            incident(address=where, occurred_from=when, first_seen_at=when + DAY) for where in pair
        )
        found.append((first, second))
    for n, where in enumerate(random.integers(0, len(addresses), 360).tolist()):
        when = NOW - (20 + 3 * n) * DAY + dt.timedelta(hours=12)
        incident(address=addresses[where], occurred_from=when, first_seen_at=when + DAY)
    return found


def released(as_of: dt.datetime) -> Release:
    made = {release.dataset.slug: release for release in release_due(CITY, as_of=as_of)}
    return made["incidents"]


@pytest.mark.usefixtures("city_db")
def test_sprees_leave_with_others_or_not_at_all(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.FILES = tmp_path
    private_city()
    pairs = nights()
    assert released(NOW).state == "active"
    sealed = [record.pk for pair in pairs[::3][:SEALED] for record in pair]
    Incident.objects.filter(pk__in=sealed).update(is_sealed=True)

    with monkeypatch.context() as patch:
        patch.setattr(sprees, "cover_sprees", lambda parties, table: ([], parties))
        one_by_one = released(CORRECTION)
    as_the_gate_does = released(CORRECTION)

    assert stopped_by(one_by_one) == {"left-together near"}
    assert as_the_gate_does.state == "active", as_the_gate_does.verification
    gone = PublishedIncident.objects.filter(retired_release=as_the_gate_does.number).count()
    assert 6 * SEALED <= gone <= 7 * SEALED
