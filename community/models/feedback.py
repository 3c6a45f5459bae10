"""What a resident wrote, and who of the staff may know of it.

``FeedbackQuerySet.visible_to`` is the one place of the wall around complaints about officers; whatever
shows feedback to staff starts from it.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from community.labels import DESK_LABELS, STATES_AT_DESK
from community.models.together import together
from community.models.users import Person, User
from community.roles import NOTHING, Desk, Reach, reach_of, working_reach_of

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

TEXT_MAX_LENGTH = 4000  # as in Open311 GeoReport v2


class FeedbackQuerySet(models.QuerySet["Feedback"]):
    def visible_to(self, user: Person) -> FeedbackQuerySet:
        """What this person may read. The wall: complaints about officers only for oversight."""
        reach = reach_of(user.roles) if isinstance(user, User) else NOTHING
        return self._within(reach, user)

    def workable_by(self, user: Person) -> FeedbackQuerySet:
        """What this person may act on: their own desks'."""
        reach = working_reach_of(user.roles) if isinstance(user, User) else NOTHING
        return self._within(reach, user)

    def _within(self, reach: Reach, user: Person) -> FeedbackQuerySet:
        ordinary = Q(about_officer=False)
        seen = ordinary & Q(desk__in=reach.desks)
        if isinstance(user, User) and user.district_id is not None:
            seen |= ordinary & Q(desk__in=reach.district_desks, district_id=user.district_id)
        if reach.complaints:
            seen |= Q(about_officer=True)
        return self.filter(seen)


class Feedback(models.Model):
    """What a resident wrote. The id is random: a sequence would tell how much lies behind the wall."""

    class Kind(models.TextChoices):
        REPORT = "report", _("Report")
        QUESTION = "question", _("Question")
        PRAISE = "praise", _("Praise")
        COMPLAINT = "complaint", _("Complaint")

    class Topic(models.TextChoices):
        SAFETY = "safety", _("Crime or safety")
        PATROL = "patrol", _("Police presence or patrols")
        CONDUCT = "conduct", _("How an officer or other staff acted")
        TRAFFIC = "traffic", _("Traffic or parking")
        NOISE = "noise", _("Noise")
        STREET_LIGHT = "street-light", _("Street lights")
        BIN = "bin", _("Bins and collection")
        CHARGING = "charging", _("Vehicle charging points")
        RECORDS = "records", _("A record or number on this site")
        OTHER = "other", _("Something else")

    class State(models.TextChoices):
        # In the resident's words; the desk has its own (labels.STATES_AT_DESK).
        RECEIVED = "received", _("Received, waiting for an officer")
        BEING_ANSWERED = "being-answered", _("An officer is working on it")
        AWAITING_APPROVAL = "awaiting-approval", _("An answer is being checked by a second person")
        WAITING_FOR_RESIDENT = "waiting-for-resident", _("We asked you something")
        ANSWERED = "answered", _("Answered")
        CLOSED = "closed", _("Closed")

    class Redaction(models.TextChoices):
        MASKED = "masked", _("Masked by rules")  # the rules had no doubt
        HELD = "held", _("Held for a person to look at")
        REVIEWED = "reviewed", _("Checked by a person")
        WITHHELD = "withheld", _("Never to be published")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=12, choices=Kind)
    topic = models.CharField(max_length=16, choices=Topic)
    text = models.TextField(max_length=TEXT_MAX_LENGTH)  # empty once it was erased
    language = models.CharField(max_length=8)
    about_officer = models.BooleanField(default=False)
    desk = models.CharField(max_length=20, choices=DESK_LABELS)
    district = models.ForeignKey(
        "incidents.Area", models.PROTECT, null=True, blank=True, related_name="+"
    )
    place_words = models.CharField(max_length=200, blank=True)
    incident_public_id = models.CharField(max_length=24, blank=True)
    state = models.CharField(max_length=24, choices=State, default=State.RECEIVED)
    receipt_hash = models.CharField(
        max_length=64, unique=True
    )  # keyed; the code itself is not kept
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    clock_stopped_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(
        null=True, blank=True
    )  # the first answer; a reopening keeps it
    reopened_at = models.DateTimeField(null=True, blank=True)  # once
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    closing_reason = models.CharField(max_length=500, blank=True)  # the resident reads it
    may_publish = models.BooleanField(default=False)  # the resident's word, once names are out
    # Taken back, by the resident or by staff: no row of it stays public.
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    redacted_text = models.TextField(blank=True)
    redacted_answer = models.TextField(blank=True)
    redaction = models.CharField(max_length=12, choices=Redaction, default=Redaction.HELD)
    redaction_reasons = models.JSONField(default=list)  # why a person must look
    reviewed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    reviewed_at = models.DateTimeField(null=True, blank=True)
    erased_at = models.DateTimeField(null=True, blank=True)  # the resident's own words were, then

    objects = FeedbackQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "feedback"
        constraints = [
            models.CheckConstraint(
                name="feedback_wall",  # oversight's desk holds complaints about officers, all and only
                condition=Q(about_officer=True, desk=Desk.OVERSIGHT.value)
                | (Q(about_officer=False) & ~Q(desk=Desk.OVERSIGHT.value)),
            ),
            models.CheckConstraint(
                name="feedback_wall_unpublished",
                condition=Q(about_officer=False) | Q(redaction="withheld"),
            ),
            models.CheckConstraint(
                name="feedback_published_says_something",
                condition=~Q(redaction="reviewed")
                | (Q(may_publish=True, withdrawn_at__isnull=True) & ~Q(redacted_text="")),
            ),
            models.CheckConstraint(
                name="feedback_withheld_says_nothing",
                condition=~Q(redaction="withheld") | Q(redacted_text="", redacted_answer=""),
            ),
            models.CheckConstraint(
                name="feedback_erased_says_nothing",
                condition=Q(erased_at__isnull=True) | Q(text="", place_words=""),
            ),
            models.CheckConstraint(
                name="feedback_patrol_has_district",  # else no patrol officer could see it
                condition=~Q(desk=Desk.PATROL.value) | Q(district__isnull=False),
            ),
            models.CheckConstraint(
                name="feedback_answered_has_time",
                condition=~Q(state="answered") | Q(answered_at__isnull=False),
            ),
            models.CheckConstraint(
                name="feedback_closed_pair",
                condition=Q(state="closed", closed_at__isnull=False, closed_by__isnull=False)
                | (~Q(state="closed") & Q(closed_at__isnull=True, closed_by__isnull=True)),
            ),
            models.CheckConstraint(
                name="feedback_clock_stands_while_waiting",
                condition=Q(state="waiting-for-resident", clock_stopped_at__isnull=False)
                | (~Q(state="waiting-for-resident") & Q(clock_stopped_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="feedback_reviewed_pair",
                condition=together("reviewed_by", "reviewed_at")
                & (~Q(redaction="reviewed") | Q(reviewed_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="feedback_answer_follows_receipt",
                condition=Q(answered_at__isnull=True) | Q(answered_at__gte=F("created_at")),
            ),
        ]
        indexes = [
            models.Index(fields=["desk", "state", "due_at"], name="feedback_queue"),  # the desk
            models.Index(fields=["created_at"], name="feedback_month"),  # counts by month
        ]

    def __str__(self) -> str:
        return str(self.pk)  # never the text: this ends up in logs and page titles

    def get_absolute_url(self) -> str:
        return reverse("desk:feedback", args=[self.pk])

    @property
    def state_at_desk(self) -> StrPromise:
        return STATES_AT_DESK[self.state]

    @property
    def is_settled(self) -> bool:
        return self.state in (self.State.ANSWERED, self.State.CLOSED)

    @property
    def waits_for_review(self) -> bool:
        """Whether a person has yet to decide what of it may be published."""
        undecided = self.redaction in (self.Redaction.MASKED, self.Redaction.HELD)
        return undecided and self.may_publish and self.is_settled

    @property
    def can_be_reopened(self) -> bool:
        return self.is_settled and self.reopened_at is None
