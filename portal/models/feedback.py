"""What residents wrote and showed, as far as it may be told."""

from __future__ import annotations

from django.db import models


class PublishedFeedback(models.Model):
    """What a resident wrote and was answered, moderated and without names; week and district, no clock."""

    public_id = models.CharField(max_length=24, unique=True)  # 96 random bits, hex
    period = models.CharField(max_length=24)  # the ISO week in which it came: 2026-W47
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    district_slug = models.CharField(max_length=80, blank=True)  # empty: only "in the city"
    kind = models.CharField(max_length=12)
    topic = models.CharField(max_length=16)
    text = models.TextField(blank=True)  # empty: not for publication
    answer = models.TextField(blank=True)
    answer_days = models.PositiveSmallIntegerField(null=True)  # whole working days; null: not yet
    about_public_id = models.CharField(max_length=24, blank=True)  # of a published record
    first_release = models.PositiveIntegerField()
    retired_release = models.PositiveIntegerField(null=True)

    class Meta:
        db_table = '"release"."feedback"'
        indexes = [models.Index(fields=["-starts_at", "public_id"], name="pub_feedback_newest")]
        verbose_name_plural = "feedback"

    def __str__(self) -> str:
        return self.public_id


class PublishedPhoto(models.Model):
    """A photo beside a public message: drawn anew, and let through by a person who saw it."""

    public_id = models.CharField(max_length=24, unique=True)  # 96 random bits, hex
    feedback_public_id = models.CharField(max_length=24)
    jpeg = models.BinaryField()
    width_px = models.PositiveIntegerField()
    height_px = models.PositiveIntegerField()
    first_release = models.PositiveIntegerField()
    retired_release = models.PositiveIntegerField(null=True)

    class Meta:
        db_table = '"release"."feedback_photo"'
        indexes = [models.Index(fields=["feedback_public_id"], name="pub_photo_of_feedback")]

    def __str__(self) -> str:
        return self.public_id
