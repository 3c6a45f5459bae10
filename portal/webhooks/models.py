"""Those who want to be called (Standard Webhooks). A subscription is a place in the public chain of releases."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q


class Subscription(models.Model):
    """One address. What it was told last is the number of a chain entry: nothing is skipped, the rest comes in order."""

    class State(models.TextChoices):
        PENDING = "pending"  # waits for the receiver to echo the challenge
        ACTIVE = "active"
        DISABLED = "disabled"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    url = models.URLField(max_length=500)
    host = models.CharField(max_length=253)  # of the url, in its one spelling
    sealed_secret = models.BinaryField()
    challenge = models.CharField(max_length=43)
    site = models.URLField(max_length=200)  # by which address the subscriber knows this site
    datasets = models.JSONField(default=list)  # slugs; empty: all
    state = models.CharField(max_length=8, choices=State, default=State.PENDING)
    last_entry = models.PositiveIntegerField()
    n_failures = models.PositiveSmallIntegerField(default=0)  # in a row
    due_at = models.DateTimeField()
    created_at = models.DateTimeField()
    disabled_because = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [
            # the sweep: whoever may be called now
            models.Index(fields=["due_at"], condition=~Q(state="disabled"), name="webhook_due"),
            # the caps: how many of a host
            models.Index(fields=["host"], condition=~Q(state="disabled"), name="webhook_host"),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.state}"
