"""What is forgotten when its time has come: raw words, photos, how to reach a resident."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from community import queries
from community.actions.steps import SCHEDULE, action, locked, move, record
from community.models import Feedback, FeedbackContact, Response

Verdict = Feedback.Redaction


def forget_due(*, now: datetime, words_kept: timedelta) -> int:
    """Everything that is due at ``now``, each thread in a transaction of its own. Returns how many.

    words_kept: how long the words of a thread stay that nobody ends.
    """
    done = [lapse(pk=pk, now=now) for pk in queries.review_overdue(now=now)]
    due = queries.words_to_erase(now=now, words_kept=words_kept)
    done += [erase(pk=pk, now=now, words_kept=words_kept) for pk in due]
    return sum(done)


@action
def lapse(*, pk: UUID, now: datetime) -> bool:
    """Nobody looked in time: the thread is counted without its words. Whether anything was done."""
    feedback = locked(Feedback(pk=pk))
    if feedback.pk not in set(queries.review_overdue(now=now, pk=pk)):
        return False  # somebody looked meanwhile
    feedback.redaction = Verdict.WITHHELD
    feedback.redacted_text = feedback.redacted_answer = ""
    feedback.save(update_fields=["redaction", "redacted_text", "redacted_answer"])
    record("review-lapsed", feedback=feedback, by=SCHEDULE, now=now)
    return True


@action
def erase(*, pk: UUID, now: datetime, words_kept: timedelta) -> bool:
    """Erase what a resident wrote, where, what they added, their photos and their contact.

    The redacted words stay, where a person said they may be published, and so do photos of which a
    person said so. Of the answers those stay that the resident may read: a draft may quote the words,
    also one that waits for approval. Whether anything was done.
    """
    feedback = locked(Feedback(pk=pk))
    if feedback.pk not in set(queries.words_to_erase(now=now, words_kept=words_kept, pk=pk)):
        return False  # they wrote again meanwhile
    feedback.text = feedback.place_words = ""
    feedback.erased_at = now
    feedback.save(update_fields=["text", "place_words", "erased_at"])
    n_notes = feedback.notes.exclude(text="").update(text="")
    n_photos, _ = feedback.photos.filter(is_public=False).delete()
    FeedbackContact.objects.filter(feedback=feedback).delete()
    feedback.responses.exclude(state=Response.State.APPROVED).delete()
    feedback.responses.exclude(return_reason="").update(return_reason="")
    if feedback.state == Feedback.State.AWAITING_APPROVAL:
        move(feedback, Feedback.State.BEING_ANSWERED)
    record(
        "words-erased",
        feedback=feedback,
        by=SCHEDULE,
        now=now,
        n_notes=n_notes,
        n_photos=n_photos,
    )
    return True
