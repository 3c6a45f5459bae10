"""A reviewer's shift: the list stays fresh under their hands, and an alert is reviewed by keyboard alone."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from community.actions import set_roles
from community.models import User
from community.roles import BY_SLUG
from sensors.actions import record_review
from sensors.models import AcousticEvent, AcousticReview
from tests.factories.private import private_city
from tests.incidents.gunfire import scenes
from tests.journeys.conftest import Opener
from tests.journeys.test_accessibility import AXE, SIDEWAYS, eventually, faults

PASSWORD = "a long enough pass phrase"
LOOK_AGAIN = "document.dispatchEvent(new Event('visibilitychange'))"


@pytest.fixture(autouse=True)
def reviewers(city_db: None) -> dict[str, User]:
    private_city()
    made = {}
    for name in ("ana", "ben"):
        made[name] = User.objects.create_user(name, password=PASSWORD, first_name=name.title())
        roles = [BY_SLUG["gunfire-reviewer"]]
        set_roles(user=made[name], roles=roles, by=None, now=timezone.now())
    return made


def shift(n: int) -> list[AcousticEvent]:
    """Alerts of the last hours, the oldest first."""
    now = timezone.now().replace(microsecond=0)
    return [
        scenes.vendor_alert(occurred_at=now - dt.timedelta(minutes=6 * (n - k)))
        for k in range(n)
    ]  # fmt: skip


def sign_in(open_page: Opener, path: str, **screen: Any) -> Page:
    page = open_page(path, **screen)
    page.fill("input[name=username]", "ana")
    page.fill("input[name=password]", PASSWORD)
    page.click("main [type=submit]")
    return page


def test_a_new_alert_comes_in_and_nothing_moves(open_page: Opener) -> None:
    shift(25)
    page = sign_in(open_page, "/desk/gunfire/")
    expect(page.locator("[data-live-state]")).to_contain_text("Up to date")
    link = page.locator("[data-live-rows] a").nth(12)
    link.focus()
    href = link.get_attribute("href")
    page.evaluate("document.activeElement.scrollIntoView({block: 'center'})")
    where = "Math.round(document.activeElement.getBoundingClientRect().top)"
    before = page.evaluate(where)

    new = scenes.alert(occurred_at=timezone.now())
    page.evaluate(LOOK_AGAIN)

    expect(page.locator(f"#alert-{new.pk}")).to_be_attached()
    expect(page.locator("[data-live-news]")).to_contain_text("New alert: Gunfire, 93%, 3 rounds")
    assert page.evaluate("document.activeElement.getAttribute('href')") == href
    assert abs(page.evaluate(where) - before) <= 1
    assert page.locator("[data-live-rows] > tr").first.get_attribute("id") == f"alert-{new.pk}"


def test_a_row_that_has_the_focus_keeps_it_when_it_changes(
    open_page: Opener, reviewers: dict[str, User]
) -> None:
    event = shift(3)[1]
    page = sign_in(open_page, "/desk/gunfire/")
    expect(page.locator("[data-live-state]")).to_contain_text("Up to date")
    page.locator(f"#alert-{event.pk} a").focus()

    record_review(event=event, finding="firework", reason="seen", revision=1,
                  by=reviewers["ben"], now=timezone.now())  # fmt: skip
    page.evaluate(LOOK_AGAIN)

    expect(page.locator(f"#alert-{event.pk}")).to_contain_text("Firework")
    focused = "document.activeElement.closest('tr')?.id"
    assert eventually(page, focused, f"alert-{event.pk}") == f"alert-{event.pk}"
    expect(page.locator("[data-live-news]")).to_be_empty()


def test_paused_means_paused(open_page: Opener) -> None:
    shift(2)
    page = sign_in(open_page, "/desk/gunfire/")
    expect(page.locator("[data-live-state]")).to_contain_text("Up to date")
    page.get_by_role("button", name="Pause updates").click()
    new = scenes.alert(occurred_at=timezone.now())
    page.evaluate(LOOK_AGAIN)
    expect(page.locator("[data-live-state]")).to_contain_text("paused")
    assert page.locator(f"#alert-{new.pk}").count() == 0

    page.get_by_role("button", name="Resume updates").click()
    expect(page.locator(f"#alert-{new.pk}")).to_be_attached()


def test_who_is_signed_out_is_told(open_page: Opener) -> None:
    shift(2)
    page = sign_in(open_page, "/desk/gunfire/")
    expect(page.locator("[data-live-state]")).to_contain_text("Up to date")
    page.context.clear_cookies()
    page.evaluate(LOOK_AGAIN)
    expect(page.locator("[data-live-state]")).to_contain_text("signed out")
    assert page.locator("[data-live-rows] > tr").count() == 2


def test_an_alert_is_reviewed_by_keyboard_and_without_scripts(open_page: Opener) -> None:
    first, second = shift(1)[0], scenes.alert(occurred_at=timezone.now())
    page = sign_in(open_page, f"/desk/gunfire/{second.pk}/", scripts=False)
    page.locator("input[name=finding]").first.focus()
    page.keyboard.press("ArrowDown")  # no evidence
    page.keyboard.press("Tab")
    for _ in range(3):
        page.keyboard.press("Tab")
    page.keyboard.press("Space")  # officers searched and found nothing
    for _ in range(5):
        page.keyboard.press("Tab")
    page.keyboard.type("Two officers, forty minutes.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    page.wait_for_url(f"**/desk/gunfire/{first.pk}/")
    review = AcousticReview.objects.get()
    assert review.finding == "no_evidence"
    assert review.reason == "Officers searched and found nothing. Two officers, forty minutes."


def test_an_open_alert_says_when_it_is_out_of_date(
    open_page: Opener, reviewers: dict[str, User]
) -> None:
    event = scenes.alert(occurred_at=timezone.now())
    page = sign_in(open_page, f"/desk/gunfire/{event.pk}/")
    expect(page.locator("h1")).to_have_text("Gunfire, 93%")
    record_review(event=event, finding="firework", reason="seen", revision=1,
                  by=reviewers["ben"], now=timezone.now())  # fmt: skip
    page.evaluate(LOOK_AGAIN)
    expect(page.locator("[data-watch]")).to_contain_text("This alert changed since you opened it.")


@pytest.mark.parametrize("phone", [True, False], ids=["phone", "desktop"])
def test_the_room_has_no_fault(open_page: Opener, reviewers: dict[str, User], phone: bool) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed (make test installs it)")
    shift(3)
    event = scenes.alert(occurred_at=timezone.now())
    scenes.dispatched(event)
    for by, finding in (("ana", "evidence"), ("ben", "firework")):
        record_review(event=event, finding=finding, reason="because", revision=1,
                      by=reviewers[by], now=timezone.now())  # fmt: skip
    page = sign_in(open_page, "/desk/gunfire/", phone=phone)
    for path in ("/desk/gunfire/", f"/desk/gunfire/{event.pk}/"):
        page.goto(path)
        assert not faults(page), path
        assert page.evaluate(SIDEWAYS) == 0, path
        assert page.locator("h1").count() == 1, path
    page.set_viewport_size({"width": 320, "height": 700})
    assert page.evaluate(SIDEWAYS) == 0
    page.get_by_role("button", name="Record", exact=True).click()
    assert not faults(page)
    expect(page.locator(".error-summary")).to_be_focused()
