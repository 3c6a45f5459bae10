"""A resident sends words and a photo without JavaScript; a person at the desk decides what of them is public."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.utils import timezone
from PIL import Image
from playwright.sync_api import FilePayload, Page, expect

from community import actions
from community.actions import set_roles
from community.models import Feedback, FeedbackPhoto, User
from community.roles import BY_SLUG
from tests.factories.private import private_city
from tests.journeys.conftest import Opener
from tests.journeys.test_accessibility import AXE, SIDEWAYS, faults

PASSWORD = "a long enough pass phrase"
WORDS = "Zbigniew next door leaves the gate open, call me at 617-555-0142."


@pytest.fixture(autouse=True)
def city(city_db: None) -> None:
    private_city()
    for role in ("resident-services-officer", "supervisor"):
        person = User.objects.create_user(role, password=PASSWORD)
        set_roles(user=person, roles=[BY_SLUG[role]], by=None, now=timezone.now())


def a_photo(name: str = "IMG_0001.jpg") -> FilePayload:
    out = io.BytesIO()
    Image.new("RGB", (900, 600), (60, 90, 60)).save(out, "JPEG", comment=b"SECRET")
    return {"name": name, "mimeType": "image/jpeg", "buffer": out.getvalue()}


def send(page: Page, *photos: FilePayload) -> None:
    page.check("input[name=kind][value=report]", force=True)
    page.select_option("select[name=topic]", "safety")
    page.fill("textarea[name=text]", WORDS)
    page.set_input_files("input[name=photos]", list(photos))
    page.check("input[name=may_publish]", force=True)
    page.wait_for_timeout(3_200)
    page.click("main form button[type=submit]")


def answered() -> Feedback:
    feedback = Feedback.objects.get()
    now = timezone.now() + timedelta(seconds=1)
    officer = User.objects.get(username="resident-services-officer")
    actions.claim(feedback=feedback, by=officer, now=now)
    draft = actions.draft_response(feedback=feedback, text="We spoke to him.", by=officer, now=now)
    draft = actions.request_approval(response=draft, by=officer, now=now)
    supervisor = User.objects.get(username="supervisor")
    actions.approve_response(response=draft, version=1, by=supervisor, now=now)
    return feedback


def fits_everybody(page: Page) -> None:
    if AXE.exists():
        assert not faults(page), page.url
    assert page.evaluate(SIDEWAYS) == 0, page.url


def test_words_and_a_photo_become_public_only_by_a_persons_hand(open_page: Opener) -> None:
    resident = open_page("/feedback/", phone=True, scripts=False)
    send(resident, a_photo("notes.png"))
    expect(resident.locator(".error-summary")).to_contain_text("notes.png")
    expect(resident.locator("textarea[name=text]")).to_have_value(WORDS)
    resident.set_input_files("input[name=photos]", [a_photo()])
    resident.click("main form button[type=submit]")
    expect(resident.locator("h1")).to_have_text("We have received it")
    assert b"SECRET" not in bytes(FeedbackPhoto.objects.get().content)
    feedback = answered()

    desk = open_page("/desk/publication/", phone=True)
    desk.fill("input[name=username]", "resident-services-officer")
    desk.fill("input[name=password]", PASSWORD)
    desk.click("main form button[type=submit]")
    desk.goto("/desk/publication/")
    fits_everybody(desk)
    desk.click("main a[href*=redaction]")
    expect(desk.locator("mark").first).to_contain_text("Zbigniew")
    expect(desk.locator("textarea[name=text]")).to_have_value(
        "[name] next door leaves the gate open, call me at [phone number]."
    )
    fits_everybody(desk)

    desk.fill("textarea[name=text]", "Zbigniew leaves the gate open.")
    desk.get_by_role("button", name="This may be published").click()
    expect(desk.locator("form mark")).to_contain_text("Zbigniew")
    expect(desk.get_by_role("heading", name="Doubted in:")).to_have_count(1)
    fits_everybody(desk)
    desk.fill("textarea[name=text]", "[name] leaves the gate open.")
    desk.get_by_role("button", name="This may be published").click()
    expect(desk.get_by_text("Noted.")).to_be_visible()
    expect(desk.get_by_role("heading", name="1 photo beside public words")).to_be_visible()
    fits_everybody(desk)

    desk.goto(f"/desk/feedback/{feedback.pk}/")
    expect(desk.get_by_role("img", name="Photo 1 that the resident sent")).to_be_visible()
    fits_everybody(desk)
    desk.get_by_role("button", name="It may be shown in public").click()
    expect(desk.get_by_text("May be shown in public.")).to_be_visible()
    feedback.refresh_from_db()
    assert feedback.redacted_text == "[name] leaves the gate open."
