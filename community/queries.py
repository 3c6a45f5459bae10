"""What is read for the desk, the tracking page and the gate."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Greatest

from community import clocks, durations, receipts
from community.keys import derived_keys
from community.models import (
    Assignment,
    AuditEvent,
    Feedback,
    FeedbackNote,
    FeedbackPhoto,
    Response,
    User,
)
from community.redaction import Gazetteer
from community.roles import Desk, Permission, Role, reach_of
from incidents.models import Address, Area, ImportedFile

State = Feedback.State

# The lists of the desk, in the order of its tabs. Each thread is in exactly one.
LISTS: dict[str, Q] = {
    "to-answer": Q(state=State.RECEIVED),
    "in-work": Q(state__in=[State.BEING_ANSWERED, State.AWAITING_APPROVAL]),
    "waiting": Q(state=State.WAITING_FOR_RESIDENT),
    "answered": Q(state=State.ANSWERED),
    "closed": Q(state=State.CLOSED),
}
SEARCH_LIMIT = 50
AT_ONCE = 500  # of what is forgotten by one run of the task; the next run goes on


def feedback_by_code(typed: str) -> Feedback | None:
    """The thread a receipt code opens, or None. Also codes given under a secret since retired."""
    hashes = _receipt_hashes(typed)
    return Feedback.objects.filter(receipt_hash__in=hashes).first() if hashes else None


def _receipt_hashes(typed: str) -> list[str]:
    code = receipts.parse_code(typed)
    return [receipts.keyed_hash(code, key=key) for key in derived_keys("receipt")] if code else []


def active_claim(feedback: Feedback) -> Assignment | None:
    """Who holds the thread now."""
    open_claims = Assignment.objects.filter(feedback=feedback, released_at__isnull=True)
    return open_claims.select_related("officer").first()


def open_response(feedback: Feedback) -> Response | None:
    """The answer in the making; there is at most one."""
    return (
        feedback.responses.exclude(state=Response.State.APPROVED).select_related("author").first()
    )


def approved_responses(feedback: Feedback) -> QuerySet[Response]:
    """What the resident may read, oldest first."""
    return feedback.responses.filter(state=Response.State.APPROVED).order_by("approved_at")


def answer_to_publish(feedback: Feedback) -> Response | None:
    """The approved answer that stands beside the public words: the last one that asked nothing back."""
    return approved_responses(feedback).filter(asks_resident=False).last()


def to_review(user: User) -> QuerySet[Feedback]:
    """What waits for a person's word on its public version, what came first on top."""
    if not user.may(Permission.REVIEW_REDACTION):
        return Feedback.objects.none()
    rows = Feedback.objects.workable_by(user).filter(
        may_publish=True,
        redaction__in=[Feedback.Redaction.MASKED, Feedback.Redaction.HELD],
        state__in=[State.ANSWERED, State.CLOSED],
    )
    return rows.select_related("district").order_by("created_at", "pk")


def photos_to_decide(user: User) -> QuerySet[FeedbackPhoto]:
    """Photos whose words were let through and at which nobody looked yet, longest waiting first."""
    if not user.may(Permission.REVIEW_REDACTION):
        return FeedbackPhoto.objects.none()
    rows = FeedbackPhoto.objects.filter(
        decided_at__isnull=True,
        feedback__in=Feedback.objects.workable_by(user).filter(
            redaction=Feedback.Redaction.REVIEWED
        ),
    )
    return rows.defer("content").select_related("feedback").order_by("feedback__reviewed_at", "pk")


def review_overdue(*, now: datetime, pk: uuid.UUID | None = None) -> QuerySet[Feedback, uuid.UUID]:
    """Ids of threads at whose public version nobody looked in time; ``pk``: only this one, if it is."""
    rows = Feedback.objects.filter(
        may_publish=True,
        redaction__in=[Feedback.Redaction.MASKED, Feedback.Redaction.HELD],
        created_at__lte=now - clocks.REVIEW_WITHIN,
    )
    return (rows.filter(pk=pk) if pk else rows).values_list("pk", flat=True)[:AT_ONCE]


def words_to_erase(
    *, now: datetime, words_kept: timedelta, pk: uuid.UUID | None = None
) -> QuerySet[Feedback, uuid.UUID]:
    """Ids of threads in which nothing was said for long enough, ``words_kept`` where nobody ended them.

    Complaints about officers are case files of oversight, and are not among them. A thread that was
    erased comes back with what the resident adds later, and with photos that are public no longer.
    """
    added = FeedbackNote.objects.filter(feedback=OuterRef("pk")).exclude(text="")
    hidden = FeedbackPhoto.objects.filter(feedback=OuterRef("pk"), is_public=False)
    rows = Feedback.objects.filter(
        Q(erased_at__isnull=True) | Exists(added) | Exists(hidden),
        about_officer=False,
        redaction__in=[Feedback.Redaction.REVIEWED, Feedback.Redaction.WITHHELD],
    )
    ended = Q(state__in=[State.ANSWERED, State.CLOSED])
    rows = rows.annotate(last_at=_last_said()).filter(
        (ended & Q(last_at__lte=now - clocks.ERASE_AFTER))
        | (~ended & Q(last_at__lte=now - words_kept))
    )
    return (rows.filter(pk=pk) if pk else rows).values_list("pk", flat=True)[:AT_ONCE]


def _last_said() -> Greatest:
    """When either side last said something to the other, or a person decided about the words.

    What the staff does among themselves does not count: else words could be kept by touching them.
    """
    own = ("created_at", "answered_at", "reopened_at", "closed_at", "reviewed_at")
    return Greatest(*own, Max("notes__created_at"), Max("responses__approved_at"))


def last_said_at(feedback: Feedback) -> datetime:
    """See ``_last_said``."""
    found: datetime = (
        Feedback.objects.annotate(last_at=_last_said())
        .values_list("last_at", flat=True)
        .get(pk=feedback.pk)
    )
    return found


def answering_role(user: User, feedback: Feedback) -> Role:
    """The role in which somebody answers at this desk: what the resident is told of them."""
    fitting = [role for role in user.roles if Desk(feedback.desk) in role.acts_on]
    return min(fitting, key=lambda role: (len(role.acts_on), role.slug))


def queue(user: User, *, which: str) -> QuerySet[Feedback]:
    """One list of somebody's desks, what is due first on top, each with ``holder`` (username or None)."""
    rows = Feedback.objects.workable_by(user).filter(LISTS[which]).select_related("district")
    return rows.annotate(holder=_holder()).order_by("due_at", "pk")


def _holder() -> Subquery:
    held = Assignment.objects.filter(feedback=OuterRef("pk"), released_at__isnull=True)
    return Subquery(held.values("officer__username")[:1])


def queue_counts(user: User, *, now: datetime) -> dict[str, int]:
    """How much is in each list, and ``overdue``; of what this person may see, and of nothing else."""
    counts = {name.replace("-", "_"): Count("pk", filter=q) for name, q in LISTS.items()}
    late = (LISTS["to-answer"] | LISTS["in-work"]) & Q(due_at__lt=now)
    return Feedback.objects.workable_by(user).aggregate(**counts, overdue=Count("pk", filter=late))


def awaiting_approval(user: User) -> QuerySet[Response]:
    """What somebody else wrote and this person could approve, oldest first."""
    if not user.may(Permission.APPROVE):
        return Response.objects.none()
    return (
        Response.objects.filter(
            state=Response.State.AWAITING_APPROVAL, feedback__in=Feedback.objects.workable_by(user)
        )
        .exclude(author=user)
        .select_related("feedback", "author")
        .order_by("submitted_at", "pk")
    )


def search(user: User, words: str) -> QuerySet[Feedback]:
    """Threads with these words, or the one with this receipt code, newest first; behind the same wall."""
    found = (
        Q(text__icontains=words)
        | Q(place_words__icontains=words)
        | Q(notes__text__icontains=words)
        | Q(receipt_hash__in=_receipt_hashes(words))
    )
    rows = Feedback.objects.visible_to(user).filter(found).select_related("district").distinct()
    return rows.annotate(holder=_holder()).order_by("-created_at")[:SEARCH_LIMIT]


def earlier_here(feedback: Feedback, user: User) -> QuerySet[Feedback]:
    """Up to five other threads of the same topic and district in the 90 days before, newest first."""
    since = feedback.created_at - timedelta(days=90)
    rows = Feedback.objects.visible_to(user).filter(
        topic=feedback.topic, district_id=feedback.district_id, created_at__gte=since
    )
    return rows.exclude(pk=feedback.pk).order_by("-created_at")[:5]


def history(feedback: Feedback, user: User) -> QuerySet[AuditEvent]:
    """What was done with a thread, oldest first; of a time behind the wall only for who sees there."""
    events = AuditEvent.objects.filter(feedback_uuid=feedback.pk)
    return events if reach_of(user.roles).complaints else events.filter(walled=False)


def gazetteer() -> Gazetteer:
    """The city's street and place names, for telling an address from other words.

    Kept until an address, an area or an imported file is added: some 2,000 names, well under a megabyte.
    """
    newest = [
        model.objects.aggregate(newest=Max("pk"))["newest"]
        for model in (Address, Area, ImportedFile)
    ]
    return _gazetteer(*newest)


@lru_cache(maxsize=1)
def _gazetteer(*_newest: int | None) -> Gazetteer:
    streets = Address.objects.exclude(street="").values_list("street", flat=True).distinct()
    places = Area.objects.exclude(kind=Area.Kind.BLOCK).values_list("name", flat=True).distinct()
    return Gazetteer.of(streets=streets, places=places)


@dataclass(frozen=True)
class AnswerFigures:
    """One kind in one month. ``median_days`` is None where more than half of the writers still wait."""

    kind: str
    month: str  # 2026-11, of receipt, in the city's zone
    n_received: int
    n_answered: int
    median_days: float | None


def answer_figures(
    *, since: datetime, until: datetime, as_of: datetime, zone: ZoneInfo
) -> list[AnswerFigures]:
    """Received, answered and days to the first answer for what came in ``since <= t < until``.

    Days are calendar days of 24 hours. What has no answer ``as_of`` that instant counts as still
    waiting, closed or not. Over all desks, complaints about officers included: for the gate, which
    publishes a row only where n_received is large enough, and never for a desk.
    """
    waits: dict[tuple[str, str], list[tuple[float, bool]]] = defaultdict(list)
    rows = Feedback.objects.filter(created_at__gte=since, created_at__lt=until)
    for kind, created_at, answered_at in rows.values_list("kind", "created_at", "answered_at"):
        until_then = answered_at if answered_at and answered_at <= as_of else None
        waited = (until_then or as_of) - created_at
        month = created_at.astimezone(zone).strftime("%Y-%m")
        waits[kind, month].append((max(waited / timedelta(days=1), 0.0), until_then is not None))
    return [
        _figures(kind, month, [days for days, _ in pairs], [answered for _, answered in pairs])
        for (kind, month), pairs in sorted(waits.items())
    ]


def _figures(kind: str, month: str, days: list[float], answered: list[bool]) -> AnswerFigures:
    median = durations.median_days(days, answered)
    return AnswerFigures(kind, month, len(days), sum(answered), median)
