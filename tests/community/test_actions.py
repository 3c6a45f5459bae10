from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from community import actions
from community.models import (
    Assignment,
    AuditEvent,
    Feedback,
    FeedbackContact,
    FeedbackNote,
    Response,
)
from community.roles import Desk
from tests.community.scenes import CALENDAR, NOW, answered, awaiting_approval, being_answered

State = Feedback.State
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def audit_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("the audit row cannot be written")

    monkeypatch.setattr(AuditEvent.objects, "create", fail)


class TestSubmit:
    def test_it_stores_the_words_and_sends_them_to_their_desk(self, submit: Any) -> None:
        sent = submit(topic="street-light", email="jo@example.org")

        feedback = Feedback.objects.get()
        assert sent.is_new
        assert (feedback.desk, feedback.state, feedback.created_at) == (
            Desk.CITY,
            State.RECEIVED,
            NOW,
        )
        assert feedback.contact.email == "jo@example.org"

    def test_it_is_due_after_the_working_days_of_its_kind(self, submit: Any) -> None:
        assert submit(kind="question").feedback.due_at == NOW + timedelta(days=3)

    def test_it_keeps_no_receipt_in_clear(self, submit: Any) -> None:
        sent = submit()

        row = Feedback.objects.values().get()
        symbols = sent.receipt.replace("DAY-", "").replace("-", "")
        assert len(symbols) == 12
        stored = " ".join(str(value) for value in row.values())
        assert sent.receipt not in stored
        assert symbols not in stored.replace("-", "")

    def test_a_second_click_stores_nothing_new(self, submit: Any) -> None:
        first = submit(receipt="DAY-0000-0000-0001")
        second = submit(receipt="DAY-0000-0000-0001")

        assert (first.is_new, second.is_new) == (True, False)
        assert second.feedback == first.feedback
        assert Feedback.objects.count() == AuditEvent.objects.count() == 1

    @pytest.mark.parametrize(
        ("words", "kind"),
        [
            ("Officer Vance shoved me against the wall", "report"),
            ("Why did the cop search me and yell at me?", "question"),
            ("El policía me gritó y me empujó", "report"),
        ],
    )
    def test_conduct_goes_behind_the_wall_whatever_the_form_was_told(
        self, submit: Any, words: str, kind: str
    ) -> None:
        feedback = submit(kind=kind, text=words).feedback

        assert (feedback.about_officer, feedback.desk) == (True, Desk.OVERSIGHT)
        assert feedback.redaction == Feedback.Redaction.WITHHELD

    def test_praise_of_an_officer_is_shown_to_the_desk(self, submit: Any) -> None:
        feedback = submit(
            kind="praise", text="Officer Vance stopped a man who threatened us"
        ).feedback

        assert not feedback.about_officer

    def test_personal_data_is_masked_and_doubt_is_held(self, submit: Any) -> None:
        clear = submit(
            text="Please call me at 617-555-0142 about the noise at night", may_publish=True
        ).feedback
        doubtful = submit(
            text="Zbigniew next door plays loud music every night", may_publish=True
        ).feedback

        assert "555" not in clear.redacted_text
        assert clear.redaction == Feedback.Redaction.MASKED
        assert doubtful.redaction == Feedback.Redaction.HELD
        assert doubtful.redaction_reasons

    def test_it_rolls_back_without_its_audit_row(
        self, submit: Any, audit_cannot_be_written: None
    ) -> None:
        with pytest.raises(RuntimeError):
            submit(email="jo@example.org")

        assert not Feedback.objects.exists()
        assert not FeedbackContact.objects.exists()

    def test_a_broken_constraint_tells_its_name_and_none_of_the_words(self, submit: Any) -> None:
        with pytest.raises(actions.Refused) as refusal:
            submit(kind="report", text="SECRETWORD " * 5, place_words="x" * 300)

        assert "SECRETWORD" not in str(refusal.value)
        assert refusal.value.__cause__ is None
        assert refusal.value.__context__ is None


class TestClaim:
    def test_it_takes_the_thread(self, ordinary: Any, people: Any) -> None:
        actions.claim(feedback=ordinary, by=people["services"], now=LATER)

        ordinary.refresh_from_db()
        assert ordinary.state == State.BEING_ANSWERED
        assert Assignment.objects.get().officer == people["services"]

    def test_the_second_learns_who_has_it(self, ordinary: Any, people: Any) -> None:
        actions.claim(feedback=ordinary, by=people["services"], now=LATER)

        with pytest.raises(actions.AlreadyClaimed, match="services") as refusal:
            actions.claim(feedback=ordinary, by=people["colleague"], now=LATER)
        assert refusal.value.holder == people["services"]

    def test_claiming_again_changes_nothing(self, ordinary: Any, people: Any) -> None:
        first = actions.claim(feedback=ordinary, by=people["services"], now=LATER)
        again = actions.claim(feedback=ordinary, by=people["services"], now=LATER)

        assert first == again

    @pytest.mark.parametrize("who", ["stranger", "officer", "clerk", "oversight", "admin", "root"])
    def test_it_refuses_those_of_other_desks(self, ordinary: Any, people: Any, who: str) -> None:
        with pytest.raises(actions.NotAllowed):
            actions.claim(feedback=ordinary, by=people[who], now=LATER)

    def test_it_refuses_what_is_answered(self, ordinary: Any, people: Any) -> None:
        answered(ordinary, people)

        with pytest.raises(actions.WrongState):
            actions.claim(feedback=ordinary, by=people["services"], now=LATER)

    def test_it_rolls_back_without_its_audit_row(
        self, ordinary: Any, people: Any, audit_cannot_be_written: None
    ) -> None:
        with pytest.raises(RuntimeError):
            actions.claim(feedback=ordinary, by=people["services"], now=LATER)

        ordinary.refresh_from_db()
        assert ordinary.state == State.RECEIVED
        assert not Assignment.objects.exists()


class TestRelease:
    def test_it_goes_back_to_the_queue_and_keeps_the_draft(
        self, ordinary: Any, people: Any
    ) -> None:
        being_answered(ordinary, people, text="Half an answer")

        actions.release_claim(feedback=ordinary, by=people["services"], now=LATER)

        ordinary.refresh_from_db()
        assert ordinary.state == State.RECEIVED
        assert Response.objects.get().text == "Half an answer"

    def test_a_colleague_may_not_take_it_away_but_a_supervisor_may(
        self, ordinary: Any, people: Any
    ) -> None:
        being_answered(ordinary, people)

        with pytest.raises(actions.NotAllowed):
            actions.release_claim(feedback=ordinary, by=people["colleague"], now=LATER)
        actions.release_claim(feedback=ordinary, by=people["supervisor"], now=LATER)

    def test_it_rolls_back_without_its_audit_row(
        self, ordinary: Any, people: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        being_answered(ordinary, people)
        monkeypatch.setattr(AuditEvent.objects, "create", _fail)

        with pytest.raises(RuntimeError):
            actions.release_claim(feedback=ordinary, by=people["services"], now=LATER)
        assert Assignment.objects.get().released_at is None


def _fail(*args: Any, **kwargs: Any) -> None:
    raise RuntimeError("the audit row cannot be written")


class TestDraft:
    def test_it_needs_the_claim(self, ordinary: Any, people: Any) -> None:
        with pytest.raises(actions.WrongState):
            actions.draft_response(feedback=ordinary, text="x", by=people["services"], now=LATER)
        actions.claim(feedback=ordinary, by=people["colleague"], now=LATER)
        with pytest.raises(actions.AlreadyClaimed):
            actions.draft_response(feedback=ordinary, text="x", by=people["services"], now=LATER)

    def test_an_older_copy_does_not_overwrite_a_newer_text(
        self, ordinary: Any, people: Any
    ) -> None:
        first = being_answered(ordinary, people, text="one")
        draft = {"feedback": ordinary, "by": people["services"], "now": LATER}
        actions.draft_response(text="two", version=first.version, **draft)

        with pytest.raises(actions.TextConflict) as conflict:
            actions.draft_response(text="three", version=first.version, **draft)
        assert conflict.value.current.text == "two"

    def test_the_resident_is_told_the_role_and_not_the_name(
        self, ordinary: Any, people: Any
    ) -> None:
        assert being_answered(ordinary, people).author_role == "resident-services-officer"

    def test_it_rolls_back_without_its_audit_row(
        self, ordinary: Any, people: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        actions.claim(feedback=ordinary, by=people["services"], now=LATER)
        monkeypatch.setattr(AuditEvent.objects, "create", _fail)

        with pytest.raises(RuntimeError):
            actions.draft_response(feedback=ordinary, text="x", by=people["services"], now=LATER)
        assert not Response.objects.exists()


class TestRequestApproval:
    def test_it_waits_for_a_second_person(self, ordinary: Any, people: Any) -> None:
        response = awaiting_approval(ordinary, people)

        ordinary.refresh_from_db()
        assert ordinary.state == State.AWAITING_APPROVAL
        assert response.submitted_at == NOW

    @pytest.mark.parametrize("text", ["", "We looked on [day] and found nothing."])
    def test_it_refuses_what_is_not_finished(self, ordinary: Any, people: Any, text: str) -> None:
        response = being_answered(ordinary, people, text=text)

        with pytest.raises(actions.WrongState):
            actions.request_approval(response=response, by=people["services"], now=LATER)

    def test_editing_takes_it_back(self, ordinary: Any, people: Any) -> None:
        response = awaiting_approval(ordinary, people)

        actions.draft_response(
            feedback=ordinary,
            text="better",
            by=people["services"],
            now=LATER,
            version=response.version,
        )

        ordinary.refresh_from_db()
        assert ordinary.state == State.BEING_ANSWERED

    def test_it_rolls_back_without_its_audit_row(
        self, ordinary: Any, people: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        response = being_answered(ordinary, people)
        monkeypatch.setattr(AuditEvent.objects, "create", _fail)

        with pytest.raises(RuntimeError):
            actions.request_approval(response=response, by=people["services"], now=LATER)
        response.refresh_from_db()
        assert response.state == Response.State.DRAFT


class TestApprove:
    def test_the_resident_can_read_it_then(self, ordinary: Any, people: Any) -> None:
        response = answered(ordinary, people)

        ordinary.refresh_from_db()
        assert (ordinary.state, ordinary.answered_at) == (State.ANSWERED, NOW)
        assert response.approver == people["supervisor"]
        assert len(response.approved_sha256) == 64
        assert not Assignment.objects.filter(released_at=None).exists()

    def test_nobody_approves_their_own_words(self, ordinary: Any, people: Any, person: Any) -> None:
        boss = person("boss", "supervisor")
        actions.claim(feedback=ordinary, by=boss, now=NOW)
        response = actions.draft_response(feedback=ordinary, text="x", by=boss, now=NOW)
        actions.request_approval(response=response, by=boss, now=NOW)

        with pytest.raises(actions.NotAllowed):
            actions.approve_response(response=response, version=1, by=boss, now=LATER)

    def test_the_database_refuses_it_too(self, ordinary: Any, people: Any) -> None:
        from django.db import IntegrityError

        response = awaiting_approval(ordinary, people)
        rows = Response.objects.filter(pk=response.pk)

        with pytest.raises(IntegrityError, match="response_second_person"):
            rows.update(
                state="approved", approver=response.author, approved_at=NOW, approved_sha256="x"
            )

    @pytest.mark.parametrize("who", ["colleague", "officer", "oversight", "admin", "root"])
    def test_it_refuses_those_who_may_not(self, ordinary: Any, people: Any, who: str) -> None:
        response = awaiting_approval(ordinary, people)

        with pytest.raises(actions.NotAllowed):
            actions.approve_response(response=response, version=1, by=people[who], now=LATER)

    def test_it_refuses_a_text_that_changed_since_it_was_read(
        self, ordinary: Any, people: Any
    ) -> None:
        response = awaiting_approval(ordinary, people)
        by = people["services"]
        edited = actions.draft_response(
            feedback=ordinary, text="worse", by=by, now=LATER, version=1
        )
        actions.request_approval(response=edited, by=by, now=LATER)

        with pytest.raises(actions.TextConflict):
            actions.approve_response(
                response=response, version=1, by=people["supervisor"], now=LATER
            )

    def test_a_question_back_stops_the_clock_and_the_reply_starts_it(
        self, ordinary: Any, people: Any
    ) -> None:
        answered(ordinary, people, asks_resident=True)
        ordinary.refresh_from_db()
        assert (ordinary.state, ordinary.clock_stopped_at) == (State.WAITING_FOR_RESIDENT, NOW)
        assert ordinary.answered_at is None

        due = ordinary.due_at
        actions.add_note(
            feedback=ordinary,
            text="The one by the pond",
            now=NOW + timedelta(days=2),
            calendar=CALENDAR,
        )

        ordinary.refresh_from_db()
        assert ordinary.state == State.BEING_ANSWERED
        # Two days passed while we waited for the resident; none of them is counted as ours.
        assert ordinary.due_at == due + timedelta(days=2)

    def test_it_rolls_back_without_its_audit_row(
        self, ordinary: Any, people: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        response = awaiting_approval(ordinary, people)
        monkeypatch.setattr(AuditEvent.objects, "create", _fail)

        with pytest.raises(RuntimeError):
            actions.approve_response(
                response=response, version=1, by=people["supervisor"], now=LATER
            )
        response.refresh_from_db()
        ordinary.refresh_from_db()
        assert response.state == Response.State.AWAITING_APPROVAL
        assert ordinary.state == State.AWAITING_APPROVAL


class TestReturn:
    def test_the_author_gets_it_back_with_the_reason(self, ordinary: Any, people: Any) -> None:
        response = awaiting_approval(ordinary, people)

        actions.return_response(
            response=response, version=1, reason="Say when", by=people["supervisor"], now=LATER
        )

        response.refresh_from_db()
        ordinary.refresh_from_db()
        assert (response.state, response.return_reason) == (Response.State.RETURNED, "Say when")
        assert ordinary.state == State.BEING_ANSWERED

    def test_it_needs_a_reason(self, ordinary: Any, people: Any) -> None:
        response = awaiting_approval(ordinary, people)

        with pytest.raises(actions.WrongState):
            actions.return_response(
                response=response, version=1, reason=" ", by=people["supervisor"], now=LATER
            )

    def test_it_rolls_back_without_its_audit_row(
        self, ordinary: Any, people: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        response = awaiting_approval(ordinary, people)
        monkeypatch.setattr(AuditEvent.objects, "create", _fail)

        with pytest.raises(RuntimeError):
            actions.return_response(
                response=response, version=1, reason="x", by=people["supervisor"], now=LATER
            )
        response.refresh_from_db()
        assert response.state == Response.State.AWAITING_APPROVAL


class TestClose:
    def test_the_contact_is_forgotten(self, submit: Any, people: Any) -> None:
        feedback = submit(email="jo@example.org", phone="617 555 0142").feedback
        answered(feedback, people)

        actions.close(feedback=feedback, by=people["services"], now=LATER)

        feedback.refresh_from_db()
        assert feedback.state == State.CLOSED
        assert not FeedbackContact.objects.exists()

    def test_an_officer_cannot_close_around_the_second_person(
        self, ordinary: Any, people: Any
    ) -> None:
        being_answered(ordinary, people)

        with pytest.raises(actions.NotAllowed):
            actions.close(feedback=ordinary, by=people["services"], now=LATER, reason="no")

    def test_without_an_answer_it_needs_a_reason(self, ordinary: Any, people: Any) -> None:
        with pytest.raises(actions.WrongState):
            actions.close(feedback=ordinary, by=people["supervisor"], now=LATER)

        actions.close(feedback=ordinary, by=people["supervisor"], now=LATER, reason="Twice sent")

    def test_it_rolls_back_without_its_audit_row(
        self, submit: Any, people: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        feedback = submit(email="jo@example.org").feedback
        answered(feedback, people)
        monkeypatch.setattr(AuditEvent.objects, "create", _fail)

        with pytest.raises(RuntimeError):
            actions.close(feedback=feedback, by=people["services"], now=LATER)
        assert FeedbackContact.objects.exists()
        feedback.refresh_from_db()
        assert feedback.state == State.ANSWERED


class TestReopen:
    def test_it_lands_in_the_queue_with_the_words_and_a_new_due_time(
        self, ordinary: Any, people: Any
    ) -> None:
        answered(ordinary, people)

        actions.reopen(feedback=ordinary, text="Still dark", now=LATER, calendar=CALENDAR)

        ordinary.refresh_from_db()
        assert (ordinary.state, ordinary.reopened_at) == (State.RECEIVED, LATER)
        assert ordinary.due_at == LATER + timedelta(days=7)  # five working days
        assert FeedbackNote.objects.get().kind == FeedbackNote.Kind.NOT_SOLVED

    def test_also_from_closed_but_only_once(self, ordinary: Any, people: Any) -> None:
        answered(ordinary, people)
        actions.close(feedback=ordinary, by=people["services"], now=LATER)
        again = {"feedback": ordinary, "now": LATER, "calendar": CALENDAR}
        actions.reopen(text="Still dark", **again)
        answered(ordinary, people)

        with pytest.raises(actions.WrongState):
            actions.reopen(text="Still dark!", **again)

    def test_it_needs_an_answer_first(self, ordinary: Any) -> None:
        with pytest.raises(actions.WrongState):
            actions.reopen(feedback=ordinary, text="Hello?", now=LATER, calendar=CALENDAR)

    def test_it_rolls_back_without_its_audit_row(
        self, ordinary: Any, people: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        answered(ordinary, people)
        monkeypatch.setattr(AuditEvent.objects, "create", _fail)

        with pytest.raises(RuntimeError):
            actions.reopen(feedback=ordinary, text="x", now=LATER, calendar=CALENDAR)
        assert not FeedbackNote.objects.exists()


class TestNotes:
    def test_the_same_words_twice_are_one_note(self, ordinary: Any) -> None:
        for _ in range(2):
            actions.add_note(feedback=ordinary, text="Also broken", now=LATER, calendar=CALENDAR)

        assert FeedbackNote.objects.count() == 1

    def test_a_closed_thread_takes_none(self, ordinary: Any, people: Any) -> None:
        actions.close(feedback=ordinary, by=people["supervisor"], now=LATER, reason="Twice sent")

        with pytest.raises(actions.WrongState):
            actions.add_note(feedback=ordinary, text="x", now=LATER, calendar=CALENDAR)

    def test_a_machine_is_stopped(self, ordinary: Any) -> None:
        words = {"feedback": ordinary, "now": LATER, "calendar": CALENDAR}
        for i in range(30):
            actions.add_note(text=f"{i}", **words)

        with pytest.raises(actions.WrongState):
            actions.add_note(text="one more", **words)

    def test_it_rolls_back_without_its_audit_row(
        self, ordinary: Any, audit_cannot_be_written: None
    ) -> None:
        with pytest.raises(RuntimeError):
            actions.add_note(feedback=ordinary, text="x", now=LATER, calendar=CALENDAR)
        assert not FeedbackNote.objects.exists()


class TestReroute:
    def test_anybody_who_works_on_it_may_send_it_up_and_nobody_of_them_down(
        self, ordinary: Any, people: Any
    ) -> None:
        being_answered(ordinary, people)

        actions.reroute(feedback=ordinary, desk=Desk.OVERSIGHT, by=people["services"], now=LATER)

        ordinary.refresh_from_db()
        assert (ordinary.about_officer, ordinary.state) == (True, State.RECEIVED)
        assert not Assignment.objects.filter(released_at=None).exists()
        for who in ("services", "supervisor", "admin", "root"):
            with pytest.raises(actions.NotAllowed):
                actions.reroute(feedback=ordinary, desk=Desk.RECORDS, by=people[who], now=LATER)

    def test_oversight_may_send_down_what_is_no_complaint(self, walled: Any, people: Any) -> None:
        actions.reroute(feedback=walled, desk=Desk.RECORDS, by=people["oversight"], now=LATER)

        walled.refresh_from_db()
        assert not walled.about_officer
        assert walled.redaction == Feedback.Redaction.WITHHELD

    def test_what_comes_down_with_consent_waits_for_a_person(
        self, submit: Any, people: Any
    ) -> None:
        sent = submit(kind="complaint", topic="conduct", may_publish=True).feedback
        actions.reroute(feedback=sent, desk=Desk.RECORDS, by=people["oversight"], now=LATER)

        sent.refresh_from_db()
        assert sent.redaction == Feedback.Redaction.HELD

    def test_what_oversight_began_to_write_stays_behind_the_wall(
        self, walled: Any, people: Any
    ) -> None:
        being_answered(walled, people, text="The officer is known to us", by="oversight")

        actions.reroute(feedback=walled, desk=Desk.RECORDS, by=people["oversight"], now=LATER)

        assert not Response.objects.exists()

    def test_a_draft_travels_between_ordinary_desks(self, ordinary: Any, people: Any) -> None:
        being_answered(ordinary, people, text="Half an answer")

        actions.reroute(feedback=ordinary, desk=Desk.RECORDS, by=people["supervisor"], now=LATER)

        assert Response.objects.get().text == "Half an answer"

    def test_patrol_needs_a_district(self, ordinary: Any, people: Any) -> None:
        with pytest.raises(actions.WrongState):
            actions.reroute(feedback=ordinary, desk=Desk.PATROL, by=people["supervisor"], now=LATER)

    def test_it_rolls_back_without_its_audit_row(
        self, ordinary: Any, people: Any, audit_cannot_be_written: None
    ) -> None:
        with pytest.raises(RuntimeError):
            actions.reroute(
                feedback=ordinary, desk=Desk.OVERSIGHT, by=people["services"], now=LATER
            )
        ordinary.refresh_from_db()
        assert ordinary.desk == Desk.RESIDENT_SERVICES
