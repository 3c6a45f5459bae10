"""A resident writes on a phone without JavaScript; an officer answers; a second person approves; the resident reads."""

from __future__ import annotations

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from community.actions import set_roles
from community.forms import FeedbackForm
from community.models import User
from community.roles import BY_SLUG
from tests.factories.private import private_city
from tests.journeys.conftest import Opener

PASSWORD = "a long enough pass phrase"
WORDS = "The street light at the corner by the school has been dark for two weeks."
ANSWER = "Thank you. The lamp was replaced this morning; please tell us if it fails again."
COMPLAINT = "The officer who stopped me on Sunday shouted at my daughter and would not say why."


@pytest.fixture(autouse=True)
def city(city_db: None) -> None:
    private_city()
    for role in ("city-decision-maker", "supervisor", "oversight", "patrol-officer"):
        person = User.objects.create_user(role, password=PASSWORD, is_staff=True)
        set_roles(user=person, roles=[BY_SLUG[role]], by=None, now=timezone.now())


def write(page: Page, *, kind: str, topic: str, text: str, about_officer: bool = False) -> str:
    """Fill in the form as a person would, slowly enough; returns the receipt code."""
    page.check(f"input[name=kind][value={kind}]", force=True)
    page.select_option("select[name=topic]", topic)
    if about_officer:
        page.check("input[name=about_officer]", force=True)
    page.fill("textarea[name=text]", text)
    page.wait_for_timeout(3_200)
    page.click("main form button[type=submit]")
    expect(page.locator("h1")).to_have_text("We have received it")
    return page.locator("output").inner_text().strip()


def sign_in(page: Page, username: str) -> None:
    page.fill("input[name=username]", username)
    page.fill("input[name=password]", PASSWORD)
    page.click("main form button[type=submit]")
    page.wait_for_url("**/desk/**")


def read(page: Page, code: str) -> None:
    page.goto("/feedback/track/") if "track" not in page.url else None
    page.fill("input[name=code]", code)
    page.click("main form button[type=submit]")


def test_a_report_is_answered_by_an_officer_and_read_by_its_resident(open_page: Opener) -> None:
    resident = open_page("/feedback/", phone=True, scripts=False)
    code = write(resident, kind="report", topic="street-light", text=WORDS)

    officer = open_page("/desk/")
    sign_in(officer, "city-decision-maker")
    officer.click("main a[href*='/desk/feedback/']")
    expect(officer.get_by_role("paragraph").filter(has_text=WORDS)).to_be_visible()
    officer.get_by_role("button", name="Claim: I answer this").click()
    officer.locator("form[action*=draft] textarea[name=text]").fill(ANSWER)
    officer.get_by_role("button", name="Send for approval").click()
    expect(officer.get_by_text("Sent for approval.")).to_be_visible()

    resident.click("main a[href*='track']")
    read(resident, code)
    expect(resident.get_by_text("There is no answer yet.")).to_be_visible()

    supervisor = open_page("/desk/approvals/")
    sign_in(supervisor, "supervisor")
    supervisor.goto("/desk/approvals/")
    expect(supervisor.get_by_text(ANSWER)).to_be_visible()
    supervisor.get_by_role("button", name="Approve").click()

    resident.goto("/feedback/track/")
    read(resident, code)
    expect(resident.get_by_text(ANSWER)).to_be_visible()
    expect(resident.get_by_text(WORDS)).to_be_visible()


def test_a_complaint_about_an_officer_reaches_oversight_alone(open_page: Opener) -> None:
    resident = open_page("/feedback/", phone=True)
    write(
        resident,
        kind="complaint",
        topic="conduct" if "conduct" in topics() else topics()[0],
        text=COMPLAINT,
        about_officer=True,
    )

    for role in ("patrol-officer", "supervisor", "city-decision-maker"):
        page = open_page("/desk/")
        sign_in(page, role)
        expect(page.locator("main")).not_to_contain_text("shouted")
        page.fill(
            "form[role=search] input[type=text], form[role=search] input[type=search]", "shouted"
        )
        page.click("form[role=search] button")
        expect(page.locator("main")).to_contain_text("Nothing matches")
        expect(page.locator("main")).not_to_contain_text("my daughter")

    oversight = open_page("/desk/")
    sign_in(oversight, "oversight")
    oversight.click("main a[href*='/desk/feedback/']")
    expect(oversight.get_by_role("paragraph").filter(has_text=COMPLAINT)).to_be_visible()


def topics() -> list[str]:
    return [value for value, _ in FeedbackForm.base_fields["topic"].choices if value]  # type: ignore[attr-defined]
