"""What was delivered, and what of it could not be used."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from sensors.models.devices import Source


class IngestBatch(models.Model):
    """The inbox. A row here, committed, is the acknowledgement; everything after can be repeated."""

    class State(models.TextChoices):
        WAITING = "waiting"
        DRAINED = "drained"
        PARKED = "parked"  # failed too often; kept whole for a person to look at

    class Channel(models.TextChoices):
        HTTP = "http"
        MQTT = "mqtt"
        FILE = "file"

    source = models.ForeignKey(Source, models.PROTECT, related_name="batches", db_index=False)
    idempotency_key = models.CharField(max_length=128)
    channel = models.CharField(max_length=8, choices=Channel)
    message_kind = models.CharField(max_length=32)  # "pulses" or "observations"
    content_type = models.CharField(max_length=64)
    body = models.BinaryField()
    received_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    drained_at = models.DateTimeField(null=True, blank=True)
    n_messages = models.PositiveIntegerField(default=0)
    n_stored = models.PositiveIntegerField(default=0)
    n_repeated = models.PositiveIntegerField(default=0)
    n_quarantined = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "idempotency_key"], name="ingest_batch_once"),
        ]
        indexes = [
            # drain: the waiting rows, those that never failed first, then the oldest
            models.Index(
                fields=["attempts", "id"],
                name="ingest_batch_waiting",
                condition=Q(state="waiting"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source_id}/{self.idempotency_key}"


class Quarantined(models.Model):
    """A message that could not be used, whole, with the reason. Nothing is thrown away."""

    batch = models.ForeignKey(
        IngestBatch, models.PROTECT, related_name="quarantined", db_index=False
    )
    position = models.PositiveIntegerField()  # of the message in its batch, from 0
    reason = models.CharField(max_length=64)  # a short code, countable
    detail = models.TextField()  # what was got and what was wanted
    raw = models.TextField()
    quarantined_at = models.DateTimeField()
    replayed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "position"], name="quarantined_once"),
        ]
        indexes = [
            # quarantine_count, and the admin's list of what still waits for a person
            models.Index(
                fields=["reason", "id"],
                name="quarantined_open",
                condition=Q(replayed_at__isnull=True),
            ),
        ]
        verbose_name_plural = "quarantined"

    def __str__(self) -> str:
        return f"{self.reason} ({self.batch_id}:{self.position})"
