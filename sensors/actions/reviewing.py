"""A person's judgement of an acoustic event. Rows are only ever added: PostgreSQL refuses the rest."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from sensors.models import AcousticEvent, AcousticReview

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

SHORTEST_REASON = 3  # letters; a dot is no reason


class ReviewRefused(Exception):  # noqa: N818  (a verdict, not a fault of ours)
    """The review was not recorded; the message is one sentence for the reviewer."""


class RevisedMeanwhile(ReviewRefused):
    """The event is not what the reviewer looked at: ``revision`` is the one it has now."""

    def __init__(self, revision: int) -> None:
        super().__init__("The alert was revised since you opened it. Look again, then record.")
        self.revision = revision


@transaction.atomic
def record_review(
    *,
    event: AcousticEvent,
    finding: str,
    reason: str,
    revision: int,
    by: AbstractBaseUser,
    now: datetime,
) -> AcousticReview:
    """Write down what ``by`` found, why, and what the machine said then.

    revision: the one that the reviewer looked at. A second thought is a second row; the same words
    sent twice are one review. Raises RevisedMeanwhile, or ReviewRefused without a finding or reason.
    """
    reason = reason.strip()
    if finding not in AcousticReview.Finding.values:
        raise ReviewRefused("Choose what was found.")
    if len(reason) < SHORTEST_REASON:
        raise ReviewRefused("Give a reason.")
    # Against the detector, which revises, and against the reviewer's own second click.
    event = AcousticEvent.objects.select_for_update().get(pk=event.pk)
    if event.revision != revision:
        raise RevisedMeanwhile(event.revision)
    own = AcousticReview.objects.filter(event=event, reviewer_id=by.pk)
    newest = own.order_by("-reviewed_at", "-pk").first()
    same = (finding, reason, revision)
    if newest and (newest.finding, newest.reason, newest.event_revision) == same:
        return newest
    return AcousticReview.objects.create(
        event=event,
        reviewer_id=by.pk,
        finding=finding,
        reason=reason,
        reviewed_at=now,
        event_revision=revision,
        said_kind=event.kind,
        said_probability=event.probability,
    )
