"""What a resident sent beside the words: how to reach them, photos, and what they added later."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from community.models.feedback import TEXT_MAX_LENGTH, Feedback
from community.models.together import together
from community.models.users import User


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
