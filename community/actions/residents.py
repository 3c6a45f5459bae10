"""What a resident can do, without an account: write, add, say "not solved"."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from community import clocks, queries, receipts, redaction, roles, triage
from community.actions.steps import WrongState, action, locked, move, record
from community.clocks import BusinessCalendar
from community.keys import derived_key
from community.models import Feedback, FeedbackContact, FeedbackNote, FeedbackPhoto, User
from community.photos import Photo
from incidents.models import Area

State = Feedback.State

# A resident with more to say than this is better served by a call; a machine is stopped by it.
MAX_NOTES = 30


@dataclass(frozen=True)
class Submitted:
    """The thread, and the code that is shown once. ``is_new`` is false when the same form came twice."""

    feedback: Feedback
    receipt: str
    is_new: bool


@action
def submit_feedback(
    *,
    kind: str,
    topic: str,
    text: str,
    language: str,
    now: datetime,
    calendar: BusinessCalendar,
    about_officer: bool = False,
    district: Area | None = None,
    place_words: str = "",
    incident_public_id: str = "",
    may_publish: bool = False,
    photos: Sequence[Photo] = (),
    email: str = "",
    phone: str = "",
    receipt: str | None = None,
    by: User | None = None,
) -> Submitted:
    """Store what a resident wrote and send it to its desk. ``by`` is an officer who took it down.

    The form makes ``receipt`` from its token and its words, so that a second click stores nothing new.
    """
    code = receipt or receipts.code_from(secrets.token_bytes(8))
    about_officer = about_officer or _is_about_officer(kind=kind, topic=topic, text=text)
    feedback = Feedback(
        kind=kind,
        topic=topic,
        text=text,
        language=language,
        about_officer=about_officer,
        desk=roles.desk_for(topic, about_officer=about_officer, has_district=district is not None),
        district=district,
        place_words=place_words,
        incident_public_id=incident_public_id,
        receipt_hash=receipts.keyed_hash(code, key=derived_key("receipt")),
        created_at=now,
        due_at=clocks.due_at(now, kind=kind, calendar=calendar),
        may_publish=may_publish,
        **_redacted(text, language=language, may_publish=may_publish and not about_officer),
    )
    if known := _store_once(feedback):
        return Submitted(known, code, is_new=False)
    if email or phone:
        FeedbackContact.objects.create(feedback=feedback, email=email, phone=phone, created_at=now)
    _keep_photos(feedback, photos, now=now)
    record("submitted", feedback=feedback, by=by, now=now, desk=feedback.desk, n_photos=len(photos))
    return Submitted(feedback, code, is_new=True)


def _is_about_officer(*, kind: str, topic: str, text: str) -> bool:
    """Praise may name an officer in front of everybody; anything else about conduct goes to oversight."""
    if kind == Feedback.Kind.PRAISE:
        return False
    return topic == Feedback.Topic.CONDUCT or triage.describes_staff_conduct(text)


def _redacted(text: str, *, language: str, may_publish: bool) -> dict[str, object]:
    """The redaction columns of a new thread. Without consent, or behind the wall, nothing is prepared."""
    if not may_publish:
        return {"redaction": Feedback.Redaction.WITHHELD}
    found = redaction.find_personal_data(text, gazetteer=queries.gazetteer())
    held = Feedback.Redaction.HELD if found.hold_for_human else Feedback.Redaction.MASKED
    return {
        "redacted_text": redaction.mask(text, found.spans, language=language),
        "redaction": held,
        "redaction_reasons": list(found.reasons),
    }


def _keep_photos(feedback: Feedback, photos: Sequence[Photo], *, now: datetime) -> None:
    FeedbackPhoto.objects.bulk_create(
        FeedbackPhoto(
            feedback=feedback,
            content=photo.jpeg,
            width_px=photo.width_px,
            height_px=photo.height_px,
            created_at=now,
        )
        for photo in photos
    )


def _store_once(feedback: Feedback) -> Feedback | None:
    """Insert it; or, when this receipt is taken, the thread that has it."""
    try:
        with transaction.atomic():
            feedback.save(force_insert=True)
    except IntegrityError:
        known = Feedback.objects.filter(receipt_hash=feedback.receipt_hash).first()
        if known is None:
            raise
        return known
    return None


@action
def add_note(
    *, feedback: Feedback, text: str, now: datetime, calendar: BusinessCalendar
) -> FeedbackNote:
    """Add a resident's further words. When we had asked them something, our clock runs again."""
    feedback = locked(feedback)
    if feedback.state == State.CLOSED:
        raise WrongState(_("This is closed. Please write a new message."))
    note = _note(feedback, FeedbackNote.Kind.FOLLOW_UP, text, now=now)
    if feedback.state == State.WAITING_FOR_RESIDENT and feedback.clock_stopped_at is not None:
        due = clocks.resumed_due_at(
            feedback.due_at,
            stopped_at=feedback.clock_stopped_at,
            resumed_at=now,
            calendar=calendar,
        )
        held = queries.active_claim(feedback)
        state = State.BEING_ANSWERED if held else State.RECEIVED
        move(feedback, state, due_at=due, clock_stopped_at=None)
    record("note-added", feedback=feedback, by=None, now=now)
    return note


@action
def reopen(
    *, feedback: Feedback, text: str, now: datetime, calendar: BusinessCalendar
) -> FeedbackNote:
    """The resident says "not solved". Once; it lands in the queue again with a new due time."""
    feedback = locked(feedback)
    if not feedback.can_be_reopened:
        raise WrongState(_("This can be reopened once, after an answer."))
    note = _note(feedback, FeedbackNote.Kind.NOT_SOLVED, text, now=now)
    move(
        feedback,
        State.RECEIVED,
        reopened_at=now,
        closed_at=None,
        closed_by=None,
        closing_reason="",
        due_at=clocks.due_at(now, kind=feedback.kind, calendar=calendar),
    )
    record("reopened", feedback=feedback, by=None, now=now)
    return note


def _note(feedback: Feedback, kind: FeedbackNote.Kind, text: str, *, now: datetime) -> FeedbackNote:
    """Store a note; the same words sent twice in a row are one note."""
    last = feedback.notes.last()
    if last is not None and (last.kind, last.text) == (kind, text):
        return last
    if feedback.notes.count() >= MAX_NOTES:
        raise WrongState(_("This thread is full. Please write a new message."))
    return FeedbackNote.objects.create(feedback=feedback, kind=kind, text=text, created_at=now)
