"""Who works on a message, and the answer on its way to the resident."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from community.labels import ROLE_LABELS
from community.models.feedback import TEXT_MAX_LENGTH, Feedback
from community.models.together import together
from community.models.users import User


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
