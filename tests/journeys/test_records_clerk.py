"""A file comes in through the admin and its records are public on their day, and not before."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from community.actions import set_roles
from community.models import User
from community.roles import BY_SLUG
from incidents.models import Address, Incident
from incidents.tasks import import_waiting
from portal.city import the_city
from portal.publication.releases import release_due
from tests.factories.private import incident, private_city
from tests.journeys.conftest import Opener

PASSWORD = "a long enough pass phrase"
MAPPING = """
source = "testville"
kind = "incidents"
zone = "America/Chicago"
[columns]
source_id = "Number"
code = "Offence"
occurred_from = "When"
lon = "Lon"
lat = "Lat"
location_type = "Place"
[dates]
formats = ["%Y-%m-%d %H:%M"]
[codes]
"BIKE" = "theft"
"""


@pytest.fixture(autouse=True)
def city(city_db: None, tmp_path: Path, settings: Any) -> None:
    private_city()
    clerk = User.objects.create_user("clerk", password=PASSWORD, is_staff=True)
    set_roles(user=clerk, roles=[BY_SLUG["records-clerk"]], by=None, now=timezone.now())
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "testville.toml").write_text(MAPPING)
    settings.MAPPING_FOLDERS = [tmp_path / "mappings"]


def export(path: Path, day: dt.date) -> Path:
    """What the police's system would send: twelve thefts on one day, and a row without a date."""
    lines = ["Number,Offence,When,Lon,Lat,Place"]
    for n, address in enumerate(Address.objects.order_by("source_id")[:12]):
        lines.append(f"26-{n:03},BIKE,{day} 14:05,{address.lon},{address.lat},STREET")
    lines.append("26-999,BIKE,,,,STREET")
    path.write_text("\n".join(lines) + "\n")
    return path


def test_an_uploaded_file_is_published_on_its_day(open_page: Opener, tmp_path: Path) -> None:
    zone = the_city().zone
    today = timezone.now().astimezone(zone).date()
    happened = today - dt.timedelta(days=1)
    incident(occurred_from=timezone.now() - dt.timedelta(days=60))
    before = dt.datetime.combine(today, dt.time(6, 30), tzinfo=zone)
    release_due(the_city(), as_of=before)

    clerk = open_page("/admin/incidents/importedfile/add/")
    clerk.fill("input[name=username]", "clerk")
    clerk.fill("input[name=password]", PASSWORD)
    clerk.click("[type=submit]")
    clerk.select_option("select[name=source]", "testville")
    clerk.set_input_files("input[name=upload]", export(tmp_path / "week.csv", happened))
    clerk.click("input[name=_save]")
    assert import_waiting() == 1
    clerk.goto("/admin/incidents/importedfile/")
    clerk.click("#result_list tbody th a")
    expect(clerk.locator("body")).to_contain_text("13")
    expect(clerk.locator("body")).to_contain_text("missing")

    assert Incident.objects.filter(source="testville").count() == 12
    release_due(the_city(), as_of=before + dt.timedelta(days=1))
    reader = open_page("/incidents/?category=theft")
    expect(reader.locator(".lede")).to_contain_text("1 published incident")

    release_due(the_city(), as_of=before + dt.timedelta(days=3))
    another = open_page("/incidents/?category=theft")  # a page may be kept for a minute
    expect(another.locator(".lede")).to_contain_text("13 published incidents")
