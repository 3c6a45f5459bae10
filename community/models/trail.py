"""The trail of who did what."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models

from community.models.feedback import Feedback
from community.models.users import Person, User
from community.roles import Permission, reach_of


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
