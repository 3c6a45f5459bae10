"""Words, photos and contacts are erased when their time has come, and not before."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from community import actions
from community.clocks import ERASE_AFTER, REVIEW_WITHIN
from community.models import AuditEvent, Feedback, FeedbackContact, FeedbackPhoto
from community.photos import Photo
from community.tasks import forget
from portal.city import the_city
from tests.community.scenes import (
    CALENDAR,
    NOW,
    ORDINARY_WORDS,
    answered,
    awaiting_approval,
    being_answered,
)

pytestmark = pytest.mark.django_db(databases=["default", "public"])

Verdict = Feedback.Redaction
DAY = timedelta(days=1)
KEPT = timedelta(days=365)  # a thread that nobody ends
SMALL_PHOTO = Photo(b"\xff\xd8 not looked into here", 4, 3)


def forget_due(*, now: datetime, words_kept: timedelta = KEPT) -> int:
    return actions.forget_due(now=now, words_kept=words_kept)


@pytest.fixture
def settled(submit: Any, people: Any) -> Any:
    """Answered at NOW, without consent, with everything that can be erased."""
    feedback = submit(
        place_words="23 Quay Street", email="jo@example.org", photos=[SMALL_PHOTO]
    ).feedback
    answered(feedback, people)
    actions.add_note(feedback=feedback, text="Thanks, Jo", now=NOW, calendar=CALENDAR)
    feedback.refresh_from_db()
    return feedback


def test_thirty_days_after_the_end_everything_is_erased(settled: Any) -> None:
    assert forget_due(now=NOW + ERASE_AFTER - timedelta(seconds=1)) == 0
    assert forget_due(now=NOW + ERASE_AFTER) == 1

    settled.refresh_from_db()
    assert (settled.text, settled.place_words, settled.notes.get().text) == ("", "", "")
    assert settled.erased_at == NOW + ERASE_AFTER
    assert not FeedbackContact.objects.exists()
    assert not FeedbackPhoto.objects.exists()
    event = AuditEvent.objects.get(action="words-erased")
    assert (event.actor, event.detail) == ("schedule", {"n_notes": 1, "n_photos": 1})


def test_a_second_run_changes_nothing(settled: Any) -> None:
    forget_due(now=NOW + ERASE_AFTER)

    assert forget_due(now=NOW + 2 * ERASE_AFTER) == 0
    assert AuditEvent.objects.filter(action="words-erased").count() == 1


def test_what_the_resident_adds_after_that_is_erased_in_its_turn(settled: Any) -> None:
    forget_due(now=NOW + ERASE_AFTER)
    later = NOW + ERASE_AFTER + DAY
    actions.add_note(feedback=settled, text="Call me, Jo", now=later, calendar=CALENDAR)

    assert forget_due(now=later + ERASE_AFTER - DAY) == 0
    assert forget_due(now=later + ERASE_AFTER) == 1
    assert {note.text for note in settled.notes.all()} == {""}


def test_drafts_and_what_was_said_of_them_go_too(submit: Any, people: Any) -> None:
    feedback = submit().feedback
    response = awaiting_approval(feedback, people)
    actions.return_response(
        response=response,
        version=response.version,
        by=people["supervisor"],
        reason="Jo lives at 23 Quay Street",
        now=NOW,
    )
    response.refresh_from_db()
    response = actions.draft_response(
        feedback=feedback, text="Done.", by=people["services"], now=NOW, version=response.version
    )
    actions.request_approval(response=response, by=people["services"], now=NOW)
    actions.approve_response(
        response=response, version=response.version, by=people["supervisor"], now=NOW
    )
    actions.reopen(feedback=feedback, text="No", now=NOW, calendar=CALENDAR)
    being_answered(feedback, people, text="You wrote: I live at 23 Quay Street")
    actions.close(feedback=feedback, by=people["supervisor"], reason="Done.", now=NOW)

    assert forget_due(now=NOW + ERASE_AFTER) == 1

    left = feedback.responses.get()
    assert (left.text, left.return_reason) == ("Done.", "")


def everything_stored() -> str:
    """Each text of each private and public table, as a database dump would hold it."""
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT format('SELECT %L, t::text FROM %I.%I t', table_name, table_schema, table_name) "
            "FROM information_schema.tables WHERE table_type = 'BASE TABLE' "
            "AND table_schema NOT IN ('pg_catalog', 'information_schema')"
        )
        tables = [row[0] for row in cursor.fetchall()]
        rows = []
        for table in tables:
            cursor.execute(table)
            rows += [str(row) for row in cursor.fetchall()]
    return "\n".join(rows)


def test_no_table_holds_a_word_of_it_afterwards(submit: Any, people: Any, as_: Any) -> None:
    """Whatever a later change copies the words into fails here."""
    words = "The Zyxqvary lamp is broken"
    feedback = submit(
        text=words,
        place_words="Zyxqvary Street",
        email="zyxqvary@example.org",
        may_publish=True,
        photos=[Photo(b"\xff\xd8 Zyxqvary", 4, 3)],
    ).feedback
    client = as_("services")
    client.post("/desk/search/", {"words": "Zyxqvary"})
    being_answered(feedback, people, text="About the Zyxqvary lamp: soon.")
    actions.add_note(feedback=feedback, text="Zyxqvary again", now=NOW, calendar=CALENDAR)
    actions.close(feedback=feedback, by=people["supervisor"], reason="Done.", now=NOW)
    actions.review_redaction(
        feedback=feedback, text="", may_be_published=False, by=people["services"], now=NOW
    )
    assert everything_stored().lower().count("zyxqvary") >= 4

    assert forget_due(now=NOW + ERASE_AFTER) == 1

    left = everything_stored()
    assert "zyxqvary" not in left.lower()
    assert b"Zyxqvary".hex() not in left


@pytest.mark.parametrize("later", ["note", "close"])
def test_the_time_counts_from_the_last_that_happened(settled: Any, people: Any, later: str) -> None:
    if later == "note":
        actions.add_note(feedback=settled, text="And again", now=NOW + DAY, calendar=CALENDAR)
    else:
        actions.close(feedback=settled, by=people["services"], now=NOW + DAY)

    assert forget_due(now=NOW + ERASE_AFTER) == 0
    assert forget_due(now=NOW + ERASE_AFTER + DAY) == 1


def test_a_second_answer_gives_thirty_days_of_its_own(submit: Any, people: Any) -> None:
    feedback = submit().feedback
    answered(feedback, people)
    actions.reopen(feedback=feedback, text="It is dark again", now=NOW + DAY, calendar=CALENDAR)
    answered(feedback, people, now=NOW + 20 * DAY)

    assert forget_due(now=NOW + 20 * DAY + ERASE_AFTER - timedelta(seconds=1)) == 0
    assert forget_due(now=NOW + 20 * DAY + ERASE_AFTER) == 1


class TestWhatNobodyEnds:
    """It is kept for a time to be answered in, and no longer."""

    def stay_until(self, moment: Any) -> bool:
        """Whether the words go at that moment and not a second before."""
        early = forget_due(now=moment - timedelta(seconds=1))
        return (early, forget_due(now=moment)) == (0, 1)

    def test_words_that_nobody_answers_go_after_a_year(self, submit: Any) -> None:
        feedback = submit(
            place_words="23 Quay Street", email="jo@example.org", photos=[SMALL_PHOTO]
        ).feedback

        assert self.stay_until(NOW + KEPT)
        feedback.refresh_from_db()
        assert (feedback.text, feedback.place_words) == ("", "")
        assert feedback.state == Feedback.State.RECEIVED  # and still counted as unanswered
        assert not FeedbackContact.objects.exists()
        assert not FeedbackPhoto.objects.exists()

    def test_the_time_counts_from_the_last_that_either_side_said(
        self, submit: Any, people: Any
    ) -> None:
        asked, added, reopened = (submit().feedback for _ in range(3))
        answered(asked, people, asks_resident=True, now=NOW + 3 * DAY)
        actions.add_note(feedback=added, text="Again", now=NOW + 5 * DAY, calendar=CALENDAR)
        answered(reopened, people)
        actions.reopen(feedback=reopened, text="No", now=NOW + 7 * DAY, calendar=CALENDAR)

        assert all(self.stay_until(NOW + days * DAY + KEPT) for days in (3, 5, 7))

    @pytest.mark.parametrize("begin", [being_answered, awaiting_approval])
    def test_a_claim_and_a_draft_do_not_keep_them(
        self, submit: Any, people: Any, begin: Any
    ) -> None:
        feedback = submit().feedback
        begin(feedback, people, now=NOW + 100 * DAY)

        assert self.stay_until(NOW + KEPT)
        feedback.refresh_from_db()
        assert feedback.state == Feedback.State.BEING_ANSWERED
        assert not feedback.responses.exists()

        # Who holds it can still tell the resident why there will be no answer.
        actions.close(
            feedback=feedback, by=people["supervisor"], reason="Too late.", now=NOW + KEPT
        )

    def test_what_is_added_later_has_a_year_of_its_own(self, submit: Any) -> None:
        feedback = submit().feedback
        forget_due(now=NOW + KEPT)
        later = NOW + KEPT + DAY
        actions.add_note(feedback=feedback, text="Call me, Jo", now=later, calendar=CALENDAR)

        assert self.stay_until(later + KEPT)
        assert feedback.notes.get().text == ""

    def test_a_city_may_keep_them_for_less_time(self, submit: Any) -> None:
        submit()

        assert forget_due(now=NOW + 90 * DAY - timedelta(seconds=1), words_kept=90 * DAY) == 0
        assert forget_due(now=NOW + 90 * DAY, words_kept=90 * DAY) == 1

    def test_the_task_asks_the_city(self, submit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        submit(now=timezone.now() - 91 * DAY)
        city = the_city()

        assert forget() == 0
        monkeypatch.setattr("portal.city.the_city", lambda: replace(city, words_kept_days=90))
        assert forget() == 1

    def test_the_form_and_the_desk_say_so(self, submit: Any, as_: Any) -> None:
        feedback = submit().feedback

        form = Client().get("/feedback/").content.decode()
        desk = as_("services").get(f"/desk/feedback/{feedback.pk}/").content.decode()

        assert "If nobody ends it, we erase it 365 days after the last word" in form
        assert "the words are erased on Nov. 17, 2027" in desk


def test_complaints_about_officers_are_case_files(submit: Any, people: Any) -> None:
    submit(kind="complaint", topic="conduct")
    walled = submit(kind="complaint", topic="conduct").feedback
    answered(walled, people, by="oversight", approver="oversight2")

    assert forget_due(now=NOW + 10 * KEPT) == 0


class TestWithConsent:
    @pytest.fixture
    def allowed(self, submit: Any, people: Any) -> Any:
        feedback = submit(may_publish=True, photos=[SMALL_PHOTO, SMALL_PHOTO]).feedback
        answered(feedback, people)
        feedback.refresh_from_db()
        return feedback

    def review(self, feedback: Any, people: Any, *, at: Any) -> None:
        actions.review_redaction(
            feedback=feedback,
            text=ORDINARY_WORDS,
            may_be_published=True,
            by=people["services"],
            now=at,
        )

    def test_the_words_wait_for_a_person_and_the_public_ones_stay(
        self, allowed: Any, people: Any
    ) -> None:
        assert forget_due(now=NOW + ERASE_AFTER) == 0
        self.review(allowed, people, at=NOW + ERASE_AFTER)
        photo = allowed.photos.first()
        actions.decide_photo(
            photo=photo, may_be_public=True, by=people["services"], now=NOW + ERASE_AFTER
        )

        assert forget_due(now=NOW + 2 * ERASE_AFTER) == 1
        allowed.refresh_from_db()
        assert (allowed.text, allowed.redacted_text) == ("", ORDINARY_WORDS)
        assert list(allowed.photos.all()) == [photo]

    def test_a_photo_that_is_public_no_longer_goes_with_the_next_run(
        self, allowed: Any, people: Any
    ) -> None:
        self.review(allowed, people, at=NOW)
        for photo in allowed.photos.all():
            actions.decide_photo(photo=photo, may_be_public=True, by=people["services"], now=NOW)
        forget_due(now=NOW + ERASE_AFTER)
        assert allowed.photos.count() == 2

        actions.withdraw_publication(feedback=allowed, by=None, now=NOW + ERASE_AFTER)
        assert forget_due(now=NOW + ERASE_AFTER) == 1
        assert allowed.photos.count() == 0

    def test_what_nobody_looks_at_is_counted_without_its_words(self, allowed: Any) -> None:
        assert forget_due(now=NOW + REVIEW_WITHIN - timedelta(seconds=1)) == 0

        # Both in one run: the words were settled long ago.
        assert forget_due(now=NOW + REVIEW_WITHIN) == 2
        allowed.refresh_from_db()
        assert (allowed.redaction, allowed.redacted_text) == (Verdict.WITHHELD, "")
        assert allowed.reviewed_by is None
        assert AuditEvent.objects.get(action="review-lapsed").actor == "schedule"

    def test_what_was_looked_at_does_not_lapse(self, allowed: Any, people: Any) -> None:
        self.review(allowed, people, at=NOW)

        forget_due(now=NOW + 2 * REVIEW_WITHIN)
        allowed.refresh_from_db()
        assert allowed.redaction == Verdict.REVIEWED


def test_it_rolls_back_without_its_audit_row(settled: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("the audit row cannot be written")

    monkeypatch.setattr(AuditEvent.objects, "create", fail)
    with pytest.raises(RuntimeError):
        forget_due(now=NOW + ERASE_AFTER)
    settled.refresh_from_db()
    assert settled.text
    assert FeedbackPhoto.objects.exists()


def test_pages_say_that_the_words_are_gone(settled: Any, submit: Any, people: Any) -> None:
    sent = submit(text="The second lamp")
    answered(sent.feedback, people)
    forgotten = forget_due(now=NOW + ERASE_AFTER)
    assert forgotten == 2

    page = Client().post("/feedback/track/", {"code": sent.receipt}).content.decode()
    assert "We erased your words on" in page
    desk = Client()
    desk.force_login(people["services"], backend="django.contrib.auth.backends.ModelBackend")
    assert "The words were erased on" in desk.get(f"/desk/feedback/{settled.pk}/").content.decode()


def test_the_task_is_on_the_calendar(settings: Any, db: None) -> None:
    tasks = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}

    assert forget.name in tasks
    assert forget() == 0
