"""The end of a thread, its way to another desk, and what of it may be published."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from community.actions.steps import (
    NotAllowed,
    WrongState,
    action,
    end_claim,
    locked,
    move,
    record,
    require,
)
from community.models import Feedback, FeedbackContact, Response, User
from community.roles import Desk, Permission

State = Feedback.State


@action
def close(*, feedback: Feedback, by: User, now: datetime, reason: str = "") -> Feedback:
    """End a thread and forget how to reach the resident.

    An answered one is closed by whoever answers there. An unanswered one needs somebody who may approve,
    and a reason that the resident reads: closing is not a way around the second person.
    """
    feedback = locked(feedback)
    answered = feedback.state == State.ANSWERED
    require(by, Permission.ANSWER if answered else Permission.CLOSE_UNANSWERED, feedback)
    if feedback.state == State.CLOSED:
        raise WrongState(_("This is closed already."))
    if not answered and not reason.strip():
        raise WrongState(_("Say why it is closed without an answer; the resident will read it."))
    _withdraw_open_response(feedback)
    end_claim(feedback, by=by, now=now)
    FeedbackContact.objects.filter(feedback=feedback).delete()
    move(
        feedback,
        State.CLOSED,
        closed_at=now,
        closed_by=by,
        closing_reason=reason.strip(),
        clock_stopped_at=None,
    )
    record("closed", feedback=feedback, by=by, now=now, answered=answered)
    return feedback


@action
def reroute(*, feedback: Feedback, desk: Desk, by: User, now: datetime) -> Feedback:
    """Send a thread to another desk.

    Up to oversight: anybody who works on it, and there is no way back for them. Down from oversight:
    oversight alone. Between ordinary desks: those who may.
    """
    feedback = locked(feedback)
    up = desk == Desk.OVERSIGHT
    require(by, Permission.ANSWER if up else Permission.REROUTE, feedback)
    if desk == feedback.desk:
        raise WrongState(_("It is at that desk already."))
    if feedback.is_settled:
        raise WrongState(_("It was answered at this desk."))
    if desk == Desk.PATROL and feedback.district_id is None:
        raise WrongState(_("Patrol works by district, and this names none."))
    came_from = feedback.desk
    _withdraw_open_response(feedback)
    end_claim(feedback, by=by, now=now)
    feedback.about_officer = up
    redaction = Feedback.Redaction.WITHHELD if up else Feedback.Redaction.HELD
    move(
        feedback,
        State.RECEIVED,
        desk=desk,
        about_officer=up,
        clock_stopped_at=None,
        redaction=redaction if up or came_from == Desk.OVERSIGHT else feedback.redaction,
    )
    record("rerouted", feedback=feedback, by=by, now=now, came_from=came_from, went_to=desk)
    return feedback


@action
def review_redaction(
    *, feedback: Feedback, text: str, may_be_published: bool, by: User, now: datetime
) -> Feedback:
    """A person's word on the public version: this text, or never."""
    feedback = locked(feedback)
    require(by, Permission.REVIEW_REDACTION, feedback)
    if feedback.about_officer:
        raise NotAllowed(_("Complaints about officers are never published."))
    feedback.redaction = (
        Feedback.Redaction.REVIEWED if may_be_published else Feedback.Redaction.WITHHELD
    )
    feedback.redacted_text = text.strip() if may_be_published else ""
    feedback.reviewed_by, feedback.reviewed_at = by, now
    feedback.save(update_fields=["redaction", "redacted_text", "reviewed_by", "reviewed_at"])
    record("redaction-reviewed", feedback=feedback, by=by, now=now, published=may_be_published)
    return feedback


def _withdraw_open_response(feedback: Feedback) -> None:
    """What waits for approval goes back to being a draft: nobody approves it out of its place."""
    Response.objects.filter(feedback=feedback, state=Response.State.AWAITING_APPROVAL).update(
        state=Response.State.DRAFT
    )
