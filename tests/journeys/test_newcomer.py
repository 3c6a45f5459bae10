"""Somebody who was never here finds their area by its address and takes its data home."""

from __future__ import annotations

import csv
import re

import pytest
from playwright.sync_api import Page, expect

from tests.factories.released import released_city
from tests.journeys.conftest import Opener


@pytest.fixture(autouse=True)
def city(city_db: None) -> None:
    released_city()


def download(page: Page, path_end: str) -> list[dict[str, str]]:
    """The rows of the file behind the first link that ends so."""
    with page.expect_download() as waiting:
        page.locator(f"a[href$='{path_end}']").first.click()
    with waiting.value.path().open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("phone", "scripts"), [(True, False), (False, True)], ids=["phone-no-scripts", "desktop"]
)
def test_a_newcomer_finds_their_area_and_downloads_its_data(
    open_page: Opener, phone: bool, scripts: bool
) -> None:
    page = open_page("/", phone=phone, scripts=scripts)
    page.get_by_label("Your address, street or district").fill("12 Lincoln Avenue, Apt 3")
    page.get_by_role("button", name="Find").click()
    expect(page.locator("h1")).to_have_text("North 1")
    assert "Lincoln" not in page.url  # the words were used and are gone

    page.get_by_role("link", name="All incidents of this area").click()
    said = re.search(r"([\d,]+) published incident", page.locator(".lede").inner_text())
    page.get_by_role("link", name="Download all of it").click()
    rows = download(page, "/data/incidents.csv")

    assert said
    assert sum(row["beat"] == "north-1" for row in rows) == int(said[1].replace(",", "")) > 0


def test_the_map_leads_to_an_area_without_scripts(open_page: Opener) -> None:
    page = open_page("/map/", scripts=False)
    page.locator("svg.map a[href='/areas/south/']").click()

    expect(page.locator("h1")).to_have_text("South")


def test_a_reader_of_spanish_stays_in_spanish(open_page: Opener) -> None:
    page = open_page("/", phone=True)
    page.locator(".menu summary").click()
    page.locator(".menu a[hreflang=es]").click()
    expect(page.locator("html")).to_have_attribute("lang", "es")
    page.get_by_label("Su dirección, calle o distrito").fill("lincoln")
    page.get_by_role("button", name="Buscar").click()
    page.get_by_role("link", name="South 2").click()

    assert page.url.endswith("/es/areas/south-2/")
    expect(page.locator("h2").first).to_have_text("Qué pasó aquí")


def test_what_cannot_be_found_leads_to_all_areas(open_page: Opener) -> None:
    page = open_page("/search/?q=zzz")
    expect(page.get_by_text("We found no area or street of that name")).to_be_visible()
    page.locator("main").get_by_role("link", name="All areas").click()

    expect(page.locator("h1")).to_have_text("Districts and beats")
