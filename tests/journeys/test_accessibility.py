"""Every type of public page, on a phone and on a desk: WCAG 2.2 AA as far as a machine can tell.

axe finds no fault, no script fails, no other host is asked, nothing is wider than the screen. What
axe does not look for is asked beside it: drawings have names, sentences and tables of their numbers,
and the keyboard's focus is never hidden.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from playwright.sync_api import Page

from tests.factories.released import released_city
from tests.journeys.conftest import Opener

AXE = Path(project.BASE_DIR) / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PAGES = (
    "/",
    "/map/",
    "/map/?by=cell",
    "/search/?q=nowhere",
    "/areas/",
    "/areas/testville/",
    "/areas/north-1/",
    "/incidents/",
    "/gunfire/",
    "/data/",
    "/data/incidents/",
    "/data/incidents/?district=south&beat=north-1&since=2026-01-01",
    "/data/gunfire-ledger/",
    "/data/privacy-audit/",
    "/data/corrections/",
    "/data/schema-changes/",
    "/data/releases/",
    "/privacy/audit/",
    "/api/v1/docs/",
    "/ogc/?f=html",
    "/embed/incidents-r1;by=category/",
    "/embed/incidents-r1;by=district/",
    "/privacy/",
    "/methods/",
    "/about/",
    "/about/parts/",
    "/es/",
    "/es/gunfire/",
    "/es/data/",
    "/es/data/incidents/",
    "/es/verify/incidents-r1;by=month/",
    "/es/embed/incidents-r1;by=month/",
    "/feedback/",
    "/feedback/track/",
)
NARROWEST = {"width": 320, "height": 700}


@pytest.fixture(autouse=True)
def city(city_db: None) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed (make test installs it)")
    released_city()


def faults(page: Page) -> list[str]:
    """What axe objects to, each with the place it means."""
    page.evaluate(AXE.read_text())
    found: dict[str, Any] = page.evaluate(
        "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']})",
        RULES,
    )
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
UNNAMED_FIGURES = """
() => [...document.querySelectorAll('figure')].filter(figure => {
  const name = document.getElementById(figure.getAttribute('aria-labelledby'))?.textContent.trim();
  const finding = figure.querySelector('.figure__finding')?.textContent.trim();
  const drawing = figure.querySelector('svg[role]');
  const isEmpty = figure.querySelector('svg .absent') && !figure.querySelector('table');
  return !name || !finding || !drawing?.querySelector('title, desc') || !(figure.querySelector('table') || isEmpty);
}).map(figure => figure.id)
"""
# A mark's name ends in its number; each of them stands in the table of the same figure.
UNTOLD_NUMBERS = """
() => [...document.querySelectorAll('figure')].flatMap(figure => {
  const cells = new Set([...figure.querySelectorAll('td')].map(cell => cell.textContent.trim()));
  return [...figure.querySelectorAll('.mark > title')]
    .map(title => title.textContent.split(': ').pop())
    .filter(number => !cells.has(number))
    .map(number => figure.id + ': ' + number);
})
"""


@pytest.mark.parametrize("phone", [True, False], ids=["phone", "desktop"])
def test_no_page_has_a_fault(open_page: Opener, phone: bool) -> None:
    page = open_page("/", phone=phone)
    for path in PAGES:
        page.goto(path)
        assert not faults(page), path
        assert page.evaluate(SIDEWAYS) == 0, path
        assert page.evaluate(UNNAMED_FIGURES) == [], path
        assert page.evaluate(UNTOLD_NUMBERS) == [], path
        assert page.locator("h1").count() == 1, path
        assert page.context.cookies() == [] or "feedback" in path, path


def test_the_scan_would_notice(open_page: Opener) -> None:
    page = open_page("/about/")
    page.evaluate("""() => {
      document.querySelector('main').innerHTML =
        '<img src="/static/img/daylight.svg"><canvas width="3000"></canvas>'
        + '<figure><svg role="img"></svg></figure>';
    }""")

    assert any(fault.startswith("image-alt") for fault in faults(page))
    assert page.evaluate(SIDEWAYS) > 0
    assert page.evaluate(UNNAMED_FIGURES) == [""]


def test_nothing_scrolls_sideways_on_the_narrowest_screen(open_page: Opener) -> None:
    page = open_page("/", phone=True)
    page.set_viewport_size(NARROWEST)  # type: ignore[arg-type]
    for path in PAGES:
        page.goto(path)
        assert page.evaluate(SIDEWAYS) == 0, path


def eventually(page: Page, expression: str, wanted: Any) -> Any:
    """What an expression comes to, given a second; the page's policy forbids Playwright's own waiting."""
    found = page.evaluate(expression)
    for _ in range(20):
        if found == wanted:
            break
        page.wait_for_timeout(50)
        found = page.evaluate(expression)
    return found


HIDDEN_FOCUS = """
() => {
  const focused = document.activeElement;
  if (focused === document.body) return '';
  const box = focused.getBoundingClientRect();
  const points = [[0.5, 0.5], [0.1, 0.5], [0.9, 0.5], [0.5, 0.1], [0.5, 0.9]];
  const seen = points.some(([x, y]) => {
    const top = document.elementFromPoint(box.left + box.width * x, box.top + box.height * y);
    return top && (focused.contains(top) || top.contains(focused));
  });
  return seen ? '' : focused.outerHTML.slice(0, 120);
}
"""


@pytest.mark.parametrize("phone", [True, False], ids=["phone", "desktop"])
def test_the_focus_is_never_hidden(open_page: Opener, phone: bool) -> None:
    page = open_page("/map/", phone=phone)
    reached = set()
    for _ in range(32):
        page.keyboard.press("Tab")
        assert eventually(page, HIDDEN_FOCUS, "") == ""
        reached.add(page.evaluate("document.activeElement.outerHTML.slice(0, 160)"))

    assert len(reached) > 20


def test_a_wide_table_is_moved_with_the_keyboard(open_page: Opener) -> None:
    page = open_page("/data/incidents/", phone=True)
    box = page.get_by_role("region", name="Rows as they are in the CSV file")
    box.focus()

    for _ in range(5):
        page.keyboard.press("ArrowRight")
    assert eventually(page, "document.activeElement.scrollLeft > 40", True)


def test_the_menu_on_a_phone_opens_without_a_script_and_closes_on_escape(
    open_page: Opener,
) -> None:
    plain = open_page("/", phone=True, scripts=False)
    plain.locator(".menu summary").click()
    plain.locator(".menu a", has_text="Gunfire").click()
    assert plain.url.endswith("/gunfire/")

    page = open_page("/", phone=True)
    page.locator(".menu summary").click()
    assert page.locator(".menu a", has_text="Gunfire").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator(".menu a", has_text="Gunfire").is_visible()
