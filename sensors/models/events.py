"""What was heard together: located events, what they said before, and what people and machine say of them."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class AcousticEvent(models.Model):
    """An impulse located from several sensors, or an alert that a vendor's system reported.

    The sensors hear an impulse; a person decides that it was gunfire. Position and time are the
    best estimate with its covariance; a vendor's alert has no covariance and says so with nulls.
    """

    class Kind(models.TextChoices):
        GUNFIRE = "gunfire"
        FIREWORK = "firework"
        IMPULSE = "impulse"

    OWN: ClassVar[str] = "daylight"

    provider = models.CharField(max_length=32, default=OWN)
    provider_event_id = models.CharField(max_length=64)
    occurred_at = models.DateTimeField()
    t_ns = models.BigIntegerField(null=True)
    lon = models.FloatField()
    lat = models.FloatField()
    cov_xx_m2 = models.FloatField(null=True)
    cov_xy_m2 = models.FloatField(null=True)
    cov_yy_m2 = models.FloatField(null=True)
    kind = models.CharField(max_length=16, choices=Kind)
    probability = models.FloatField(null=True)  # that it was gunfire
    n_shots = models.PositiveSmallIntegerField(null=True)  # null: the vendor says only "multiple"
    is_multiple = models.BooleanField()
    # [{"sensor": serial, "pulse": pulse_id, "residual_s": float}, ...]
    participants = models.JSONField(default=list)
    core_version = models.CharField(max_length=32, blank=True)
    classifier_version = models.CharField(
        max_length=64, blank=True
    )  # which weights gave probability
    # What a reviewer is shown of the reasoning: pooled features, what each adds to the log-odds, ...
    reasons = models.JSONField(default=dict)
    last_pulse_at = models.DateTimeField(
        null=True, blank=True
    )  # when the last pulse it uses came in
    revision = models.PositiveIntegerField(default=1)
    detected_at = models.DateTimeField()
    revised_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)  # a rerun no longer finds it

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "provider_event_id"], name="acoustic_event_once"
            ),
            models.CheckConstraint(
                condition=Q(probability__isnull=True) | Q(probability__range=(0, 1)),
                name="acoustic_event_probability",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gte=F("detected_at")),
                name="acoustic_event_withdrawn_after",
            ),
        ]
        indexes = [
            models.Index(
                fields=["occurred_at"], name="acoustic_event_time"
            ),  # the gate, by release day
            # detect_dirty: our own events of a window
            models.Index(fields=["provider", "t_ns"], name="acoustic_event_provider_t"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.provider}/{self.provider_event_id}"


class AcousticEventRevision(models.Model):
    """What an acoustic event said before it was revised or withdrawn. History holds no foreign keys."""

    event_id = models.BigIntegerField()
    revision = models.PositiveIntegerField()  # the one that was replaced
    replaced_at = models.DateTimeField()
    was = models.JSONField()  # the replaced fields, by name

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["event_id", "revision"], name="acoustic_event_revision_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} r{self.revision}"


class AcousticReview(models.Model):
    """One person's judgement of an acoustic event, and why. Never changed: a second thought is a second
    row, the newest of each reviewer counts, and two reviewers may disagree."""

    class Finding(models.TextChoices):
        EVIDENCE = "evidence", "Evidence of gunfire found"
        NO_EVIDENCE = "no_evidence", "No evidence found"
        UNFOUNDED = "unfounded", "Unfounded: not gunfire"
        FIREWORK = "firework", "Firework"

    event = models.ForeignKey(AcousticEvent, models.PROTECT, related_name="reviews")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    finding = models.CharField(max_length=16, choices=Finding)
    reason = models.TextField()
    reviewed_at = models.DateTimeField()
    # What the machine said when it was judged: an override, and the calibration curve, rest on these.
    event_revision = models.PositiveIntegerField()
    said_kind = models.CharField(max_length=16, choices=AcousticEvent.Kind)
    said_probability = models.FloatField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["event", "-reviewed_at"], name="acoustic_review_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.event_id}: {self.finding}"


class AcousticClassifier(models.Model):
    """Weights of the classifier, learnt from this city's reviewed events. One of them is in use."""

    version = models.CharField(max_length=64, unique=True)
    trained_at = models.DateTimeField()
    parameters = models.JSONField()
    report = models.JSONField()  # AUC, ECE, Brier and their n, on reviews that it had not seen
    n_reviewed = models.PositiveIntegerField()
    is_in_use = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["is_in_use"], condition=Q(is_in_use=True), name="acoustic_classifier_in_use"
            ),
        ]

    def __str__(self) -> str:
        return self.version
