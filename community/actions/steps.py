"""What the actions share: refusals, the audit row, the lock, the checks."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import datetime
from typing import Final, Literal, ParamSpec, TypeVar

from django.db import DataError, IntegrityError, transaction
from django.utils.translation import gettext as _

from community import queries
from community.models import AuditEvent, Feedback, Response, User
from community.redaction import SecondLook
from community.roles import Permission

SCHEDULE: Final = "schedule"  # what no person did: its day had come

P = ParamSpec("P")
T = TypeVar("T")


class Refused(Exception):  # noqa: N818  (a verdict, not a fault of ours)
    """The action was not taken; the message is one sentence for the person who tried."""


class NotAllowed(Refused):
    """The person has no business doing this here."""


class WrongState(Refused):
    """It is too early or too late for this, or something is missing."""


class AlreadyClaimed(Refused):
    """Somebody else holds it: ``holder``."""

    def __init__(self, holder: User) -> None:
        name = holder.get_full_name() or holder.username
        super().__init__(_("%(name)s is already working on this.") % {"name": name})
        self.holder = holder


class TextConflict(Refused):
    """Somebody saved another text meanwhile: ``current``. Nothing of either is lost."""

    def __init__(self, current: Response) -> None:
        super().__init__(_("This draft was saved elsewhere meanwhile. Compare the two texts."))
        self.current = current


class Doubtful(Refused):
    """The rules doubt what a person would publish: ``look`` says where, and of which very words."""

    def __init__(self, look: SecondLook, sentence: str) -> None:
        super().__init__(sentence)
        self.look = look


def action(function: Callable[P, T]) -> Callable[P, T]:
    """One transaction; and no resident's words in an error.

    PostgreSQL's message on a broken constraint quotes the whole row, so only the constraint's name goes on.
    """

    @functools.wraps(function)
    def act(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            with transaction.atomic():
                return function(*args, **kwargs)
        except (IntegrityError, DataError) as error:
            diagnosis = getattr(error.__cause__, "diag", None)
            broken = getattr(diagnosis, "constraint_name", None) or type(error).__name__
        raise Refused(_("This could not be saved (%(name)s).") % {"name": broken})

    return act


def record(
    name: str,
    *,
    feedback: Feedback,
    by: User | Literal["schedule"] | None,
    now: datetime,
    **detail: str | int | bool,
) -> None:
    """Write down what was done, without a word of the resident's or the officer's. ``by`` None: a resident."""
    actor: str = "resident"
    roles = ""
    if isinstance(by, User):
        actor, roles = by.username, " ".join(sorted(role.slug for role in by.roles))
    elif by is not None:
        actor = by
    AuditEvent.objects.create(
        occurred_at=now,
        actor=actor,
        actor_roles=roles,
        action=name,
        feedback_uuid=feedback.pk,
        walled=feedback.about_officer,
        detail=detail,
    )


def locked(feedback: Feedback) -> Feedback:
    """The row as it is now, held until the transaction ends: actions on one thread take turns."""
    return Feedback.objects.select_for_update().get(pk=feedback.pk)


def locked_response(response: Response) -> tuple[Response, Feedback]:
    """The response as it is now, and its thread, held."""
    feedback = Feedback.objects.select_for_update().get(pk=response.feedback_id)
    return Response.objects.select_related("author").get(pk=response.pk), feedback


def require(by: User, permission: Permission, feedback: Feedback) -> None:
    """Refuse unless the thread is this person's to act on and their role lets them."""
    own = Feedback.objects.workable_by(by).filter(pk=feedback.pk).exists()
    if not (own and by.may(permission)):
        raise NotAllowed(_("This is not yours to do."))


def require_state(feedback: Feedback, *states: Feedback.State) -> None:
    if feedback.state not in states:
        state = feedback.state_at_desk
        raise WrongState(_("That cannot be done now. State: %(state)s.") % {"state": state})


def require_claim(feedback: Feedback, by: User) -> None:
    held = queries.active_claim(feedback)
    if held is None:
        raise WrongState(_("Claim it first, so that nobody answers it twice."))
    if held.officer_id != by.pk:
        raise AlreadyClaimed(held.officer)


def move(feedback: Feedback, state: Feedback.State, **fields: object) -> None:
    """Set the state and the named fields, and save exactly those."""
    feedback.state = state
    for name, value in fields.items():
        setattr(feedback, name, value)
    feedback.save(update_fields=["state", *fields])


def end_claim(feedback: Feedback, *, by: User, now: datetime) -> None:
    """Nobody holds the thread any more."""
    held = queries.active_claim(feedback)
    if held is not None:
        held.released_by, held.released_at = by, now
        held.save(update_fields=["released_by", "released_at"])
