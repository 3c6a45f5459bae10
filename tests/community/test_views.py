from __future__ import annotations

import logging
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from community import abuse, actions
from community.models import Feedback, FeedbackNote
from tests.community.scenes import ANSWER, answered

pytestmark = pytest.mark.django_db(databases=["default", "public"])

NEW = "/feedback/"
TRACK = "/feedback/track/"


@pytest.fixture
def resident() -> Client:
    return Client()


def filled(**changes: Any) -> dict[str, Any]:
    """What a browser sends after a person took a minute to write."""
    shown_at = timezone.now() - timedelta(minutes=1)
    return {
        "kind": "report",
        "topic": "street-light",
        "text": "The lamp at the ferry is dark",
        "language": "en",
        "token": abuse.new_token(shown_at),
        **changes,
    }


def code_on(response: Any) -> str:
    (code,) = set(re.findall(r"DAY-\w{4}-\w{4}-\w{4}", response.content.decode()))
    return code


def sent_code(resident: Client, **changes: Any) -> str:
    return code_on(resident.post(NEW, filled(**changes), follow=True))


class TestWriting:
    def test_the_form_explains_itself(self, resident: Client) -> None:
        page = resident.get(NEW).content.decode()

        assert "Make a complaint" in page
        assert "Answer within 5 working days" in page
        assert "call 911" in page
        assert "Only the officer who answers you sees it" in page

    def test_a_resident_writes_and_gets_a_code(self, resident: Client) -> None:
        response = resident.post(NEW, filled())

        assert response.status_code == 302
        assert response["Location"] == "/feedback/sent/"
        assert "DAY-" in code_on(resident.get("/feedback/sent/"))
        assert Feedback.objects.get().desk == "city"

    def test_the_code_is_shown_once(self, resident: Client) -> None:
        sent_code(resident)

        again = resident.get("/feedback/sent/").content.decode()
        assert "Your code was shown once" in again
        assert "DAY-" not in again

    def test_a_second_click_on_send_is_one_message_with_one_code(self, resident: Client) -> None:
        form = filled()

        first = code_on(resident.post(NEW, form, follow=True))
        second = code_on(resident.post(NEW, form, follow=True))

        assert first == second
        assert Feedback.objects.count() == 1

    def test_the_back_button_and_other_words_are_another_message(self, resident: Client) -> None:
        form = filled()

        codes = {
            code_on(resident.post(NEW, {**form, "text": text}, follow=True))
            for text in ("The lamp is dark", "The bench is broken")
        }

        assert len(codes) == Feedback.objects.count() == 2

    def test_missing_fields_are_named_and_linked_and_the_words_stay(self, resident: Client) -> None:
        page = resident.post(NEW, filled(kind="", topic="")).content.decode()

        assert "There is a problem" in page
        assert 'href="#id_kind_0"' in page
        assert 'href="#id_topic"' in page
        assert "The lamp at the ferry is dark" in page
        assert not Feedback.objects.exists()

    def test_words_that_sound_like_danger_lead_to_911_and_still_let_through(
        self, resident: Client
    ) -> None:
        form = filled(text="A man has a gun at the ferry right now")
        page = resident.post(NEW, form).content.decode()

        assert "Is somebody in danger now? Call 911" in page
        assert "A man has a gun at the ferry right now" in page
        assert not Feedback.objects.exists()

        assert 'name="emergency_seen" value="1"' in page
        resident.post(NEW, {**form, "emergency_seen": "1"})
        assert Feedback.objects.exists()

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"website": "http://spam.example"}, "A hidden field was filled in"),
            ({"token": "made up"}, "open for more than a day"),
            ({"token": ""}, "open for more than a day"),
        ],
    )
    def test_what_looks_like_a_machine_is_shown_the_form_again_with_its_words(
        self, resident: Client, changes: dict[str, str], said: str
    ) -> None:
        page = resident.post(NEW, filled(**changes)).content.decode()

        assert said in page
        assert "The lamp at the ferry is dark" in page
        assert not Feedback.objects.exists()

        token = re.search(r'name="token" value="([^"]+)"', page)
        assert token is not None
        assert "spam" not in page
        assert abuse.read_token(token.group(1).replace("&quot;", '"')) is not None

    @pytest.mark.parametrize(
        ("age", "said"),
        [
            (timedelta(seconds=1), "That was very quick"),
            (timedelta(hours=25), "open for more than a day"),
        ],
    )
    def test_too_quick_and_too_old_are_asked_to_send_again(
        self, resident: Client, age: timedelta, said: str
    ) -> None:
        token = abuse.new_token(timezone.now() - age)

        assert said in resident.post(NEW, filled(token=token)).content.decode()
        assert not Feedback.objects.exists()

    def test_a_record_travels_as_a_signed_id_and_a_forged_one_is_dropped(
        self, resident: Client
    ) -> None:
        from django.core.signing import Signer

        signed = Signer(salt="daylight.feedback-about").sign("0123456789abcdef01234567")
        assert signed in resident.get(NEW, {"about": signed}).content.decode()

        resident.post(NEW, filled(about=signed))
        resident.post(NEW, filled(about="0123456789abcdef01234567:forged", text="Another"))

        ids = set(Feedback.objects.values_list("incident_public_id", flat=True))
        assert ids == {"0123456789abcdef01234567", ""}

    def test_csrf_is_checked(self) -> None:
        assert Client(enforce_csrf_checks=True).post(NEW, filled()).status_code == 403


class TestReading:
    def test_an_answer_reaches_the_resident_without_the_officers_name(
        self, resident: Client, people: Any
    ) -> None:
        code = sent_code(resident, topic="safety")
        answered(Feedback.objects.get(), people, now=timezone.now())

        page = Client().post(TRACK, {"code": code.lower().replace("-", " ")}).content.decode()

        assert ANSWER in page
        assert "From a resident services officer" in page
        assert "services" not in re.sub(r"resident services|Resident services|/services/", "", page)

    def test_an_unapproved_draft_is_not_shown(self, resident: Client, people: Any) -> None:
        from tests.community.scenes import awaiting_approval

        code = sent_code(resident, topic="safety")
        awaiting_approval(Feedback.objects.get(), people, now=timezone.now())

        page = resident.post(TRACK, {"code": code}).content.decode()

        assert ANSWER not in page
        assert "being checked by a second person" in page

    @pytest.mark.parametrize("typed", ["DAY-0000-0000-0000", "hello", ""])
    def test_a_wrong_code_opens_nothing(self, resident: Client, typed: str) -> None:
        sent_code(resident)

        page = resident.post(TRACK, {"code": typed}).content.decode()
        assert "There is a problem" in page
        assert "The lamp at the ferry" not in page

    def test_the_code_in_the_address_opens_nothing(self, resident: Client) -> None:
        code = sent_code(resident)

        page = resident.get(TRACK, {"code": code}).content.decode()
        assert code not in page
        assert "The lamp at the ferry" not in page

    def test_the_resident_adds_words(self, resident: Client) -> None:
        code = sent_code(resident)

        page = resident.post(TRACK + "note/", {"code": code, "text": "Since Monday"})

        assert "Since Monday" in page.content.decode()
        assert FeedbackNote.objects.get().text == "Since Monday"

    def test_the_resident_says_not_solved_once(self, resident: Client, people: Any) -> None:
        code = sent_code(resident, topic="safety")
        answered(Feedback.objects.get(), people, now=timezone.now())

        words = {"code": code, "text": "It is still dark"}
        page = resident.post(TRACK + "not-solved/", words).content.decode()
        assert "It is open again" in page
        again = resident.post(TRACK + "not-solved/", words).content.decode()
        assert "This can be reopened once" in again

    @pytest.mark.parametrize("path", ["note/", "not-solved/"])
    def test_without_the_code_nothing_is_added(self, resident: Client, path: str) -> None:
        sent_code(resident)

        resident.post(TRACK + path, {"code": "DAY-0000-0000-0000", "text": "mine now"})
        assert not FeedbackNote.objects.exists()

    def test_empty_words_are_sent_back(self, resident: Client) -> None:
        code = sent_code(resident)

        page = resident.post(TRACK + "note/", {"code": code, "text": " "}).content.decode()
        assert "There is a problem" in page

    def test_a_closed_thread_says_why(self, resident: Client, people: Any) -> None:
        code = sent_code(resident, topic="safety")
        feedback = Feedback.objects.get()
        by = people["supervisor"]
        actions.close(feedback=feedback, by=by, now=timezone.now(), reason="Sent twice")

        assert "Sent twice" in resident.post(TRACK, {"code": code}).content.decode()

    def test_no_page_is_stored_or_indexed(self, resident: Client) -> None:
        code = sent_code(resident)

        for response in (
            resident.get(NEW),
            resident.get("/feedback/sent/"),
            resident.get(TRACK),
            resident.post(TRACK, {"code": code}),
        ):
            assert "no-store" in response["Cache-Control"]
            assert response["X-Robots-Tag"] == "noindex, nofollow"
            # "no-referrer" would make browsers send "Origin: null", and no form would pass CSRF.
            assert response["Referrer-Policy"] == "same-origin"


class TestSpanish:
    def test_the_resident_is_answered_in_the_language_they_chose(self, resident: Client) -> None:
        resident.post(NEW, filled(language="es", text="La lámpara del muelle está apagada"))

        assert Feedback.objects.get().language == "es"

    def test_the_page_offers_the_language_it_is_read_in(self, resident: Client) -> None:
        page = resident.get(f"/es{NEW}").content.decode()

        assert '<option value="es" selected>' in page


def test_neither_code_nor_words_reach_a_log(
    resident: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        code = sent_code(resident, text="Wordsthatmustnotbelogged here")
        resident.post(TRACK, {"code": code})
        resident.post(TRACK + "note/", {"code": code, "text": "Alsonotthese"})
        resident.post(TRACK, {"code": "DAY-0000-0000-0000"})
        resident.get(TRACK + "nothing-here/")

    # The debug log of SQL is never on outside a developer's machine; everything else is checked.
    told = "\n".join(r.getMessage() for r in caplog.records if r.name != "django.db.backends")
    for secret in (code, code.replace("-", ""), "Wordsthatmust", "Alsonotthese"):
        assert secret not in told


def test_addresses_carry_no_code(resident: Client) -> None:
    names = ("feedback-new", "feedback-sent", "feedback-track", "feedback-note")
    assert all("DAY" not in reverse(f"community:{name}") for name in names)
