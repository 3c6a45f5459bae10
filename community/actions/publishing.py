"""What of a thread may be published: a person's word, and its taking back."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from community import queries, redaction
from community.actions.steps import (
    Doubtful,
    NotAllowed,
    WrongState,
    action,
    locked,
    record,
    require,
)
from community.models import Feedback, FeedbackPhoto, User
from community.roles import Permission

Verdict = Feedback.Redaction


@action
def review_redaction(
    *,
    feedback: Feedback,
    text: str,
    may_be_published: bool,
    by: User,
    now: datetime,
    answer: str = "",
    confirmed: str = "",
) -> Feedback:
    """A person's word on the public version of a message and of its answer: these words, or never.

    The rules look again at what the person typed. What they doubt must be confirmed: ``confirmed`` is
    the seal of the very words (``Doubtful.look.seal``). The word is final, for it may be out by tomorrow.
    """
    feedback = locked(feedback)
    require(by, Permission.REVIEW_REDACTION, feedback)
    _require_undecided(feedback)
    text, answer, doubts = redaction.whole_lines(text), redaction.whole_lines(answer), ""
    if may_be_published:
        doubts = _looked_at_again(feedback, text, answer, confirmed=confirmed)
    feedback.redaction = Verdict.REVIEWED if may_be_published else Verdict.WITHHELD
    feedback.redacted_text = text if may_be_published else ""
    feedback.redacted_answer = answer if may_be_published else ""
    feedback.reviewed_by, feedback.reviewed_at = by, now
    feedback.save(
        update_fields=[
            "redaction",
            "redacted_text",
            "redacted_answer",
            "reviewed_by",
            "reviewed_at",
        ]
    )
    record(
        "redaction-reviewed",
        feedback=feedback,
        by=by,
        now=now,
        published=may_be_published,
        **({"doubts_confirmed": doubts} if doubts else {}),
    )
    return feedback


def _require_undecided(feedback: Feedback) -> None:
    if feedback.about_officer:
        raise NotAllowed(_("Complaints about officers are never published."))
    if not feedback.may_publish or feedback.withdrawn_at:
        raise WrongState(_("The resident does not want these words published."))
    if feedback.redaction not in (Verdict.MASKED, Verdict.HELD):
        raise WrongState(_("This was decided already."))
    if not feedback.is_settled:
        raise WrongState(_("Answer it first; then both texts are looked at together."))


def _looked_at_again(feedback: Feedback, text: str, answer: str, *, confirmed: str) -> str:
    """What the rules doubted and the person confirmed, for the record; refuse what nobody confirmed."""
    if not redaction.says_something(text):
        raise WrongState(_("No words are left. Choose “Never publish it” instead."))
    if answer and not queries.answer_to_publish(feedback):
        raise WrongState(_("There is no approved answer to publish."))
    look = redaction.look_again(text, answer, gazetteer=queries.gazetteer())
    if look.must_go:
        raise Doubtful(look, _("Take out first: %(kinds)s.") % {"kinds": ", ".join(look.must_go)})
    if not look.is_clear and confirmed != look.seal:
        raise Doubtful(look, _("The rules doubt the marked places. Look at each once more."))
    return look.doubts


@action
def withdraw_publication(*, feedback: Feedback, by: User | None, now: datetime) -> Feedback:
    """Take a thread's words back for good. ``by`` None is the resident, by their code.

    The row leaves with the next release. Without words it may stay or come: it counts a message.
    """
    feedback = locked(feedback)
    if by is not None:
        _require_may_withdraw(by, feedback)
    if feedback.withdrawn_at or feedback.about_officer or not feedback.may_publish:
        raise WrongState(_("There is nothing to take back."))
    unpublish(feedback, now=now)
    record("publication-withdrawn", feedback=feedback, by=by, now=now)
    return feedback


def unpublish(feedback: Feedback, *, now: datetime) -> None:
    """No word and no photo of it is public after the next release. Part of another action."""
    feedback.redaction, feedback.withdrawn_at = Verdict.WITHHELD, now
    feedback.redacted_text = feedback.redacted_answer = ""
    feedback.save(update_fields=["redaction", "withdrawn_at", "redacted_text", "redacted_answer"])
    feedback.photos.filter(is_public=True).update(is_public=False)


def _require_may_withdraw(by: User, feedback: Feedback) -> None:
    sees = Feedback.objects.visible_to(by).filter(pk=feedback.pk).exists()
    if not (sees and by.may(Permission.WITHDRAW_PUBLICATION)):
        raise NotAllowed(_("This is not yours to do."))


@action
def decide_photo(
    *, photo: FeedbackPhoto, may_be_public: bool, by: User, now: datetime
) -> FeedbackPhoto:
    """A person's word, after seeing it, on whether a photo may be shown beside the public words."""
    feedback = locked(photo.feedback)
    require(by, Permission.REVIEW_REDACTION, feedback)
    if may_be_public and feedback.redaction != Verdict.REVIEWED:
        raise WrongState(_("Its words are not for publication, and so is the photo."))
    photo = FeedbackPhoto.objects.defer("content").select_for_update().get(pk=photo.pk)
    photo.is_public, photo.decided_by, photo.decided_at = may_be_public, by, now
    photo.save(update_fields=["is_public", "decided_by", "decided_at"])
    record("photo-decided", feedback=feedback, by=by, now=now, public=may_be_public)
    return photo
