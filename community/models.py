"""People on both sides: what residents write, what officers answer, and the trail of who did what.

Every table here is private (schema ``vault``). ``FeedbackQuerySet.visible_to`` is the one place of the
wall around complaints about officers; whatever shows feedback to staff starts from it.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, ClassVar

from django.contrib.auth.models import AbstractBaseUser, AbstractUser, AnonymousUser
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from community.labels import DESK_LABELS, ROLE_LABELS, STATES_AT_DESK
from community.roles import (
    BY_GROUP,
    NOTHING,
    Desk,
    Permission,
    Reach,
    Role,
    allows,
    reach_of,
    working_reach_of,
)

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

TEXT_MAX_LENGTH = 4000  # as in Open311 GeoReport v2


def together(*names: str) -> Q:
    """All of these columns are filled, or none: who did something, and when."""
    return Q(**{f"{name}__isnull": False for name in names}) | Q(
        **{f"{name}__isnull": True for name in names}
    )


class User(AbstractUser):
    """A member of staff: an officer, a supervisor, oversight, a records clerk, an administrator."""

    district = models.ForeignKey(
        "incidents.Area", models.SET_NULL, null=True, blank=True, related_name="officers"
    )

    class Meta(AbstractUser.Meta):
        pass

    @cached_property
    def roles(self) -> frozenset[Role]:
        """From the groups alone. A superuser without a group has no role and reads no feedback."""
        return self.appointed_roles if self.is_active else frozenset()

    @property
    def appointed_roles(self) -> frozenset[Role]:
        """Those that the account was given, which wait for it while it is switched off."""
        if not self.pk:
            return frozenset()
        names = self.groups.values_list("name", flat=True)
        return frozenset(BY_GROUP[name] for name in names if name in BY_GROUP)

    def may(self, permission: Permission) -> bool:
        return allows(self.roles, permission)

    @property
    def may_approve(self) -> bool:
        return self.may(Permission.APPROVE)

    @property
    def may_review_words(self) -> bool:
        return self.may(Permission.REVIEW_REDACTION)

    @property
    def reads_feedback(self) -> bool:
        return reach_of(self.roles) != NOTHING

    @property
    def may_see_gunfire(self) -> bool:
        """Alerts with the sensors that heard them. Asked by ``incidents``, which does not know this app."""
        return self.may(Permission.SEE_GUNFIRE)

    @property
    def may_review_gunfire(self) -> bool:
        return self.may(Permission.REVIEW_GUNFIRE)


Person = AbstractBaseUser | AnonymousUser


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


class FeedbackContact(models.Model):
    """How to reach the resident, if they wished to say. Deleted when the case closes."""

    feedback = models.OneToOneField(Feedback, models.CASCADE, related_name="contact")
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=32, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="contact_says_something", condition=~Q(email="", phone=""))
        ]

    def __str__(self) -> str:
        return f"contact of {self.feedback_id}"


class FeedbackPhoto(models.Model):
    """A photo a resident sent, decoded and drawn anew: the file they chose was never stored.

    It lies here and not on a disk, so that whoever may not read the vault cannot read it either, and so
    that it goes with its row. The id is its name; nothing of the file's own name is kept.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    feedback = models.ForeignKey(Feedback, models.PROTECT, related_name="photos")
    content = models.BinaryField()  # JPEG
    width_px = models.PositiveIntegerField()
    height_px = models.PositiveIntegerField()
    created_at = models.DateTimeField()
    # Nobody but staff sees it until a person who saw it says so.
    is_public = models.BooleanField(default=False)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["created_at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="photo_decided_pair", condition=together("decided_by", "decided_at")
            ),
            models.CheckConstraint(
                name="photo_public_by_a_person",
                condition=Q(is_public=False) | Q(decided_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"photo of {self.feedback_id}"

    @property
    def is_undecided(self) -> bool:
        return self.decided_at is None


class FeedbackNote(models.Model):
    """What the resident added later, by their receipt code."""

    class Kind(models.TextChoices):
        FOLLOW_UP = "follow-up", _("Added")
        NOT_SOLVED = "not-solved", _("Not solved")

    feedback = models.ForeignKey(Feedback, models.PROTECT, related_name="notes")
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.FOLLOW_UP)
    text = models.TextField(max_length=TEXT_MAX_LENGTH)
    created_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["created_at", "pk"]

    def __str__(self) -> str:
        return f"{self.kind} to {self.feedback_id}"


class Assignment(models.Model):
    """Who held a piece of feedback, and until when. One person at a time."""

    feedback = models.ForeignKey(Feedback, models.PROTECT, related_name="assignments")
    officer = models.ForeignKey(User, models.PROTECT, related_name="assignments")
    claimed_at = models.DateTimeField()
    released_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    released_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["feedback"],
                condition=Q(released_at__isnull=True),
                name="assignment_one_at_a_time",
            ),
            models.CheckConstraint(
                name="assignment_released_pair", condition=together("released_by", "released_at")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.officer_id} on {self.feedback_id}"


class Response(models.Model):
    """An officer's answer on its way to the resident. Nobody approves their own words."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        AWAITING_APPROVAL = "awaiting-approval", _("Awaiting approval")
        RETURNED = "returned", _("Returned to the author")
        APPROVED = "approved", _("Approved")

    feedback = models.ForeignKey(Feedback, models.PROTECT, related_name="responses")
    text = models.TextField(max_length=TEXT_MAX_LENGTH)
    language = models.CharField(max_length=8)
    asks_resident = models.BooleanField(default=False)  # a question back: the clock stops
    state = models.CharField(max_length=20, choices=State, default=State.DRAFT)
    version = models.PositiveIntegerField(default=1)  # grows with each saved text
    author = models.ForeignKey(User, models.PROTECT, related_name="responses")
    # All that the resident is told of the author.
    author_role = models.CharField(max_length=40, choices=ROLE_LABELS)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True, blank=True)
    approver = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_sha256 = models.CharField(max_length=64, blank=True)  # of the very text approved
    returned_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    returned_at = models.DateTimeField(null=True, blank=True)
    return_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering: ClassVar = ["created_at", "pk"]
        constraints = [
            models.CheckConstraint(
                name="response_second_person",
                condition=Q(approver__isnull=True) | ~Q(approver=F("author")),
            ),
            models.CheckConstraint(
                name="response_approved_pair",
                condition=Q(state="approved", approver__isnull=False, approved_at__isnull=False)
                & ~Q(approved_sha256="")
                | ~Q(state="approved")
                & Q(approver__isnull=True, approved_at__isnull=True, approved_sha256=""),
            ),
            models.CheckConstraint(
                name="response_returned_pair",
                condition=together("returned_by", "returned_at")
                & (~Q(state="returned") | (Q(returned_at__isnull=False) & ~Q(return_reason=""))),
            ),
            models.CheckConstraint(
                name="response_submitted_has_time",
                condition=~Q(state="awaiting-approval") | Q(submitted_at__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["feedback"],
                condition=~Q(state="approved"),
                name="response_one_open",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "submitted_at"], name="response_approvals"),  # the list
        ]

    def __str__(self) -> str:
        return f"{self.state} response to {self.feedback_id}"


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    def visible_to(self, user: Person) -> AuditEventQuerySet:
        """The trail behind the wall is as invisible as what it leads to, also where it began before it."""
        if not isinstance(user, User) or not user.may(Permission.READ_AUDIT):
            return self.none()
        if reach_of(user.roles).complaints:
            return self
        walled = Feedback.objects.filter(about_officer=True, pk=models.OuterRef("feedback_uuid"))
        return self.filter(~models.Exists(walled), walled=False)


class AuditEvent(models.Model):
    """Somebody did something. Append-only (a trigger refuses the rest) and without foreign keys.

    The random id and the copied names make it outlive what it tells of and count nothing for a stranger.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    occurred_at = models.DateTimeField()
    actor = models.CharField(max_length=150)  # a username, or "resident"
    actor_roles = models.CharField(max_length=200, blank=True)  # slugs at that time
    action = models.CharField(max_length=40)
    feedback_uuid = models.UUIDField(null=True, blank=True)
    subject = models.CharField(max_length=150, blank=True)  # a username, where a user was changed
    walled = models.BooleanField(default=False)
    detail = models.JSONField(default=dict)  # states and counts, never a resident's words

    objects = AuditEventQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["occurred_at", "pk"]
        indexes = [
            models.Index(fields=["feedback_uuid", "occurred_at"], name="audit_of_feedback"),  # desk
            models.Index(fields=["-occurred_at"], name="audit_newest"),  # admin
        ]

    def __str__(self) -> str:
        return f"{self.occurred_at:%Y-%m-%d %H:%M} {self.action}"
