"""The end of a thread, and its way to another desk."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from community.actions.publishing import unpublish
from community.actions.steps import (
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

State, Redaction = Feedback.State, Feedback.Redaction


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
    changes: dict[str, object] = {}
    if up:
        changes = _behind_the_wall(feedback, now=now)
    elif came_from == Desk.OVERSIGHT:
        changes = _before_the_wall(feedback)
        _discard_open_response(feedback)
    _withdraw_open_response(feedback)
    end_claim(feedback, by=by, now=now)
    move(feedback, State.RECEIVED, desk=desk, clock_stopped_at=None, **changes)
    record("rerouted", feedback=feedback, by=by, now=now, came_from=came_from, went_to=desk)
    return feedback


def _behind_the_wall(feedback: Feedback, *, now: datetime) -> dict[str, object]:
    """Nothing of it is public any more; what was, leaves with the next release."""
    if feedback.redaction == Redaction.REVIEWED:
        unpublish(feedback, now=now)
    withheld = {"redaction": Redaction.WITHHELD, "redacted_text": "", "redacted_answer": ""}
    return {"about_officer": True, **withheld}


def _before_the_wall(feedback: Feedback) -> dict[str, object]:
    """It was no complaint about an officer: with the resident's consent a person may look at it again."""
    wanted = feedback.may_publish and not feedback.withdrawn_at
    return {
        "about_officer": False,
        "redaction": Redaction.HELD if wanted else Redaction.WITHHELD,
    }


def _discard_open_response(feedback: Feedback) -> None:
    """What oversight had begun to write stays behind the wall: nobody below reads it."""
    feedback.responses.exclude(state=Response.State.APPROVED).delete()


def _withdraw_open_response(feedback: Feedback) -> None:
    """What waits for approval goes back to being a draft: nobody approves it out of its place."""
    Response.objects.filter(feedback=feedback, state=Response.State.AWAITING_APPROVAL).update(
        state=Response.State.DRAFT
    )
