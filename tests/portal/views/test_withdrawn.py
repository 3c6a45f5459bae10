"""The only edition of a dataset was withdrawn: every page and door says so, and none calls it zero or not yet there."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils.html import strip_tags

from portal.feeds.editions import forget
from portal.models import Dataset, Release

REASON = "A column was read wrongly"


@pytest.fixture
def bereft(reader: Client) -> Client:
    """A reader after the only release of the incidents was withdrawn."""
    Dataset.objects.filter(slug="incidents").update(current=None)
    Release.objects.filter(dataset__slug="incidents").update(
        state=Release.State.WITHDRAWN, withdrawn_reason=REASON
    )
    forget()
    return reader


@pytest.mark.parametrize(
    "path", ["/", "/map/", "/incidents/", "/areas/north/", "/data/incidents/", "/es/incidents/"]
)
def test_a_page_says_that_it_was_withdrawn_and_why(bereft: Client, path: str) -> None:
    words = strip_tags(bereft.get(path).content.decode())

    assert REASON in words
    for untrue in ("first release ready", "Not released yet", "Nothing has been", "not been given"):
        assert untrue not in words


def test_the_list_of_datasets_tells_withdrawn_from_never_released(bereft: Client) -> None:
    Dataset.objects.filter(slug="gunfire").update(current=None)
    Release.objects.filter(dataset__slug="gunfire").delete()
    forget()
    words = strip_tags(bereft.get("/data/").content.decode())

    assert "Withdrawn" in words
    assert "Not released yet" in words


@pytest.mark.parametrize(
    "path",
    [
        "/data/incidents.csv",
        "/data/incidents/diff.json",
        "/data/incidents/datapackage.json",
        "/api/v1/datasets/incidents/rows",
        "/ogc/collections/incidents/items",
        "/api/police-uk/crime-last-updated",
        "/api/police-uk/crimes-street/all-crime?lat=39.8&lng=-98.6",
    ],
)
def test_a_door_of_programs_gives_no_list_without_rows_but_the_reason(
    bereft: Client, path: str
) -> None:
    answer = bereft.get(path)

    assert answer.status_code == 404
    assert REASON in answer.json()["detail"]


@pytest.mark.parametrize(
    "path",
    [
        "/data/incidents.csv?as_of=1",
        "/data/incidents/releases/1/incidents.csv",
        "/data/incidents/releases/1/datapackage.json",
        "/data/incidents/releases/1/croissant.json",
        "/api/v1/datasets/incidents/rows?as_of=1",
        "/api/v1/datasets/incidents/rows?as_of=2026-11-30",
        "/ogc/collections/incidents/items?release=1",
    ],
)
def test_what_asks_for_the_withdrawn_edition_is_told_that_it_is_gone(
    bereft: Client, path: str
) -> None:
    answer = bereft.get(path)

    assert answer.status_code == 410
    assert REASON in answer.json()["detail"]
