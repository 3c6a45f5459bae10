"""A journalist asks a dataset, cites it, downloads what was counted, and finds the same in the API."""

from __future__ import annotations

import csv
import json
import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.factories.released import released_city
from tests.journeys.conftest import Opener


@pytest.fixture(autouse=True)
def city(city_db: None) -> None:
    released_city()


def total_on(page: Page) -> int:
    said = re.search(r"([\d,]+) rows?\.", page.locator("#explore ~ .lede").inner_text())
    assert said
    return int(said[1].replace(",", ""))


def saved_rows(page: Page) -> list[dict[str, str]]:
    with page.expect_download() as waiting:
        page.locator("section[aria-labelledby=explore]").get_by_role("link", name="CSV", exact=True).last.click()  # fmt: skip
    with waiting.value.path().open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("phone", "scripts"), [(True, False), (False, True)], ids=["phone-no-scripts", "desktop"]
)
def test_a_journalist_takes_home_what_the_page_counted(
    open_page: Opener, phone: bool, scripts: bool
) -> None:
    page = open_page("/data/", phone=phone, scripts=scripts)
    page.get_by_role("link", name="Police incidents", exact=True).click()
    everything = total_on(page)
    page.get_by_label("Category", exact=True).select_option("theft")
    page.get_by_label("Begins on or after").fill("2026-08-05")
    page.get_by_role("button", name="Show").click()

    counted = total_on(page)
    assert 0 < counted < everything
    citation = page.locator("blockquote").inner_text()
    assert "Police incidents, release 1, as of 2026-11-16" in citation
    address = re.search(r"https?://\S+", citation)
    assert address
    assert "as_of=1" in address[0]
    page.goto(address[0])
    assert total_on(page) == counted

    rows = saved_rows(page)
    assert len(rows) == counted
    assert {row["category"] for row in rows} == {"theft"}
    assert min(row["starts_at"] for row in rows) >= "2026-08-05"

    page.locator("section[aria-labelledby=explore]").get_by_role("link", name="JSON", exact=True).click()  # fmt: skip
    assert urlsplit(page.url).path == "/api/v1/datasets/incidents/rows"
    answer = json.loads(page.locator("body").inner_text())
    assert answer["total"] == counted


def test_a_journalist_checks_a_figure_and_shows_it_on_their_own_page(open_page: Opener) -> None:
    page = open_page("/data/incidents/?category=theft", scripts=False)
    page.locator("#chosen-months").get_by_role("link", name="Count it anew").click()
    expect(page.locator("h1")).to_have_text("A figure, counted anew")
    frame = page.locator("section[aria-labelledby=embed] pre").inner_text()
    source = re.search(r'src="([^"]+)"', frame)
    assert source

    page.goto(source[1])
    expect(page.locator("h1")).to_have_text("Police incidents by month in which the period begins")
    assert page.locator("header").count() == 0
