"""All 70,853 gunfire alerts that Washington published, through the gate, the ledger and the page."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from incidents.importers import ingest
from portal.city import City, the_city
from portal.feeds.files import file_in
from portal.models import PublishedFigure, Release
from portal.publication.releases import release_due
from tests.portal.views.reading import words_of
from tests.reference import ledger as reference

CITY = """
name = "Washington"
department_name = "Metropolitan Police"
timezone = "America/New_York"
lon = -77.0147
lat = 38.9101
"""
AS_OF = dt.datetime(2018, 11, 5, 14, tzinfo=dt.UTC)
SOURCES = (
    ("dc-boundary", "dc_boundaries/dc-boundary.geojson.gz"),
    ("dc-districts", "dc_boundaries/police-districts-mpd.geojson.gz"),
    ("dc-block-addresses", "dc_boundaries/census-block-groups-2010.geojson.gz"),
    ("dc-shotspotter", "dc_shotspotter_2006_2018/dc_shotspotter_2006_2013.csv.gz"),
    ("dc-shotspotter", "dc_shotspotter_2006_2018/dc_shotspotter_2014_2018q3.csv.gz"),
)
ALERTS = 39_066 + 31_787


@pytest.fixture
def washington(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[City]:
    """The installation is that city's for a while."""
    settings.FILES = tmp_path
    (tmp_path / "city.toml").write_text(CITY)
    monkeypatch.setenv("DAYLIGHT_CITY", str(tmp_path / "city.toml"))
    the_city.cache_clear()
    yield the_city()
    the_city.cache_clear()


@pytest.mark.usefixtures("city_db")
def test_the_alerts_of_thirteen_years_are_told_and_what_became_of_them_is_not_a_zero(
    shared_data: Path, tmp_path: Path, washington: City
) -> None:
    for source, name in SOURCES:
        file = ingest(shared_data / name, source=source, by="test", now=AS_OF)
        assert file.state == "stored", file.quality

    made = {release.dataset.slug: release for release in release_due(washington, as_of=AS_OF)}

    assert all(release.state == Release.State.ACTIVE for release in made.values())
    assert made["gunfire"].n_rows == ALERTS
    assert "gunfire-calibration" not in made  # the vendor states no probability
    lines = reference.read(file_in(tmp_path / "gunfire" / "1", "csv"))
    the_ledger_counts_the_file(lines, washington.zone)
    the_page_says_what_is_not_known()


def the_ledger_counts_the_file(lines: list[dict[str, str]], zone: ZoneInfo) -> None:
    told = PublishedFigure.objects.filter(retired_release__isnull=True, district_slug="")
    alerts = told.filter(measure="alerts", status="told").exclude(period__contains="/")
    assert Counter(line["outcome"] for line in lines)["not_reported"] > 70_000
    by_month = Counter(reference.month_of(line, zone) for line in lines if line["outcome"])
    shown = dict(alerts.values_list("period", "count"))
    # January 2006 was not supplied from its beginning; October 2018 is not 28 days old.
    assert {month: n for month, n in by_month.items() if month != "2006-01"} == {
        month: n for month, n in shown.items() if n
    }
    assert sum(shown.values()) > 70_000
    # Nothing was supplied for the half year between the two files.
    holes = told.filter(measure="alerts", status="not_supplied").values_list("period", flat=True)
    assert set(holes) == {f"2013-{month:02}" for month in range(7, 13)}
    for measure in ("evidence", "response", "officer_hours", "missed", "uptime", "overridden"):
        rows = told.filter(measure=measure)
        assert set(rows.values_list("status", "value")) == {("not_collected", None)}, measure


def the_page_says_what_is_not_known() -> None:
    response = Client().get("/gunfire/")
    words = words_of(response)

    assert response.status_code == 200
    assert "The city does not record what officers find at gunfire alerts" in words
    assert not re.search(r"\b0% ?(of alerts|evidence)|\b0 officer", words)
    assert "not collected" in words
    assert "October 2017 to September 2018" in words
    assert Client().get("/methods/gunfire/").status_code == 200
