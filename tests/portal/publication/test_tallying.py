"""Sums that pages read are held against the rows each night; a planted fault is found, told and mended."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from portal.city import the_city
from portal.feeds.reading import counts_by
from portal.feeds.selection import Selection
from portal.models import PublishedIncident, PublishedTally, Release
from portal.publication.tallying import differing, recount, tally
from tests.factories.released import released_city

pytestmark = pytest.mark.usefixtures("city_db")


@pytest.fixture
def zone() -> Any:
    released_city()
    PublishedTally.objects.all().delete()
    for release in Release.objects.filter(dataset__slug__in=("incidents", "gunfire")):
        tally(release, the_city().zone)
    return the_city().zone


def test_what_was_tallied_is_what_the_rows_say(zone: Any) -> None:
    release = Release.objects.get(dataset__slug="incidents")

    assert differing(release, zone) == 0
    assert recount(zone) == 0
    told = counts_by(Selection("incidents", 1), ["category", "district"])
    by_hand: dict[Any, int] = {}
    for row in PublishedIncident.objects.all():
        key = (row.category, row.district_slug or None)
        by_hand[key] = by_hand.get(key, 0) + 1
    assert told == by_hand


@pytest.mark.parametrize("fault", ["wrong", "missing", "of nothing", "row gone"])
def test_a_fault_is_found_told_and_mended(
    zone: Any, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    release = Release.objects.get(dataset__slug="incidents")
    one = PublishedTally.objects.filter(dataset_slug="incidents").order_by("pk")[0]
    if fault == "wrong":
        PublishedTally.objects.filter(pk=one.pk).update(n=one.n + 1)
    elif fault == "missing":
        one.delete()
    elif fault == "of nothing":
        one.pk, one.category = None, "homicide"
        one.save()
    else:
        PublishedIncident.objects.order_by("pk")[0].delete()

    with caplog.at_level(logging.ERROR):
        wrong = recount(zone)

    assert wrong > 0
    assert "differed from its rows" in caplog.text
    assert differing(release, zone) == 0
    assert recount(zone) == 0
