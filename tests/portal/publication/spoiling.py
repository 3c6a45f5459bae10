"""A release that is spoilt between building and verifying."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connections

from portal.city import City
from portal.models import Release
from portal.publication import releases
from portal.publication.releases import release_due
from tests.factories.private import NOW

CITY = City("Testville", "Testville Police", "America/Chicago", lon=-98.6, lat=39.8)


def release_with(
    defect: str,
    dataset: str,
    monkeypatch: pytest.MonkeyPatch,
    *,
    as_of: dt.datetime = NOW,
    city: City = CITY,
) -> Release:
    """The dataset's release, spoilt by a statement as soon as it was built."""
    describe = releases._describe

    def spoil(release: Release) -> None:
        if release.dataset.slug == dataset:
            with connections["publisher"].cursor() as cursor:
                cursor.execute(defect)
                assert cursor.rowcount > 0
        describe(release)

    monkeypatch.setattr(releases, "_describe", spoil)
    made = {release.dataset.slug: release for release in release_due(city, as_of=as_of)}
    return made[dataset]
