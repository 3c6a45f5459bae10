"""From a claim to an approved answer: one officer writes, a second person says yes."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime

from django.utils.translation import gettext as _

from community import queries
from community.actions.steps import (
    AlreadyClaimed,
    NotAllowed,
    TextConflict,
    WrongState,
    action,
    end_claim,
    locked,
    locked_response,
    move,
    record,
    require,
    require_claim,
    require_state,
)
from community.models import Assignment, Feedback, Response, User
from community.roles import Permission

State, Draft = Feedback.State, Response.State

# What a canned opening leaves to be filled in: "[what you found]".
FILL_IN = re.compile(r"\[[^\]\n]{1,80}\]")


@action
def claim(*, feedback: Feedback, by: User, now: datetime) -> Assignment:
    """Take a thread. Exactly one of several people who try gets it; the others learn who has it."""
    feedback = locked(feedback)
    require(by, Permission.ANSWER, feedback)
    held = queries.active_claim(feedback)
    if held is not None and held.officer_id == by.pk:
        return held
    if held is not None:
        raise AlreadyClaimed(held.officer)
    require_state(feedback, State.RECEIVED, State.WAITING_FOR_RESIDENT)
    assignment = Assignment.objects.create(feedback=feedback, officer=by, claimed_at=now)
    if feedback.state == State.RECEIVED:
        move(feedback, State.BEING_ANSWERED)
    record("claimed", feedback=feedback, by=by, now=now)
    return assignment


@action
def release_claim(*, feedback: Feedback, by: User, now: datetime) -> Feedback:
    """Give a thread back to the queue. A draft stays, for whoever claims it next."""
    feedback = locked(feedback)
    held = queries.active_claim(feedback)
    if held is None:
        raise WrongState(_("Nobody is working on this."))
    own = held.officer_id == by.pk
    require(by, Permission.ANSWER if own else Permission.MANAGE_CLAIMS, feedback)
    require_state(feedback, State.BEING_ANSWERED, State.WAITING_FOR_RESIDENT)
    end_claim(feedback, by=by, now=now)
    if feedback.state == State.BEING_ANSWERED:
        move(feedback, State.RECEIVED)
    record("released", feedback=feedback, by=by, now=now, holder=held.officer.username)
    return feedback


@action
def draft_response(
    *,
    feedback: Feedback,
    text: str,
    by: User,
    now: datetime,
    asks_resident: bool = False,
    version: int | None = None,
) -> Response:
    """Save the answer in the making. Editing one that was sent for approval takes it back.

    ``version`` is that of the text the writer started from; None says they saw no draft.
    """
    feedback = locked(feedback)
    require(by, Permission.ANSWER, feedback)
    require_claim(feedback, by)
    require_state(feedback, State.BEING_ANSWERED, State.AWAITING_APPROVAL)
    response = queries.open_response(feedback)
    if response is not None and response.version != version:
        raise TextConflict(response)
    if response is None:
        response = Response(feedback=feedback, version=0, created_at=now)
    response.text, response.asks_resident = text.strip(), asks_resident
    response.language, response.state = feedback.language, Draft.DRAFT
    response.author, response.author_role = by, queries.answering_role(by, feedback).slug
    response.version, response.updated_at = response.version + 1, now
    response.save()
    move(feedback, State.BEING_ANSWERED)
    record("drafted", feedback=feedback, by=by, now=now, version=response.version)
    return response


@action
def request_approval(*, response: Response, by: User, now: datetime) -> Response:
    """Send a draft to a second person."""
    response, feedback = locked_response(response)
    require(by, Permission.ANSWER, feedback)
    require_claim(feedback, by)
    if response.state not in (Draft.DRAFT, Draft.RETURNED):
        raise WrongState(_("This answer was sent already."))
    if not response.text:
        raise WrongState(_("Write an answer first."))
    if left := FILL_IN.search(response.text):
        raise WrongState(_("Fill in or remove %(words)s first.") % {"words": left.group()})
    response.state, response.submitted_at = Draft.AWAITING_APPROVAL, now
    response.save(update_fields=["state", "submitted_at"])
    move(feedback, State.AWAITING_APPROVAL)
    record("approval-requested", feedback=feedback, by=by, now=now, version=response.version)
    return response


@action
def approve_response(*, response: Response, version: int, by: User, now: datetime) -> Response:
    """The second person's yes, to the very text (``version``) they read. The resident can read it now."""
    response, feedback = locked_response(response)
    _require_second_person(response, feedback, by=by, version=version)
    response.state, response.approver, response.approved_at = Draft.APPROVED, by, now
    response.approved_sha256 = hashlib.sha256(response.text.encode()).hexdigest()
    response.save(update_fields=["state", "approver", "approved_at", "approved_sha256"])
    if response.asks_resident:
        move(feedback, State.WAITING_FOR_RESIDENT, clock_stopped_at=now)
    else:
        move(feedback, State.ANSWERED, answered_at=feedback.answered_at or now)
        end_claim(feedback, by=by, now=now)
    record(
        "approved",
        feedback=feedback,
        by=by,
        now=now,
        version=version,
        sha256=response.approved_sha256,
    )
    return response


@action
def return_response(
    *, response: Response, version: int, reason: str, by: User, now: datetime
) -> Response:
    """The second person's no, with the reason the author needs to mend it."""
    response, feedback = locked_response(response)
    _require_second_person(response, feedback, by=by, version=version)
    if not reason.strip():
        raise WrongState(_("Say what should change."))
    response.state, response.return_reason = Draft.RETURNED, reason.strip()
    response.returned_by, response.returned_at = by, now
    response.save(update_fields=["state", "returned_by", "returned_at", "return_reason"])
    move(feedback, State.BEING_ANSWERED)
    record("returned", feedback=feedback, by=by, now=now, version=version)
    return response


def _require_second_person(
    response: Response, feedback: Feedback, *, by: User, version: int
) -> None:
    require(by, Permission.APPROVE, feedback)
    if response.author_id == by.pk:
        raise NotAllowed(_("A second person must approve what you wrote."))
    if response.state != Draft.AWAITING_APPROVAL:
        raise WrongState(_("This answer is not waiting for approval."))
    if response.version != version:
        raise TextConflict(response)
