"""What the gate decided about private rows. Private (schema ``vault``): this is the link between the two worlds."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Assignment(models.Model):
    """One private row's public face, decided at its first release and never recomputed."""

    class Fate(models.TextChoices):
        PUBLISHED = "published"
        REMOVED = "removed"  # sealed, reclassified upward, withdrawn
        COVER = "cover"  # retired at random to hide which one was removed

    dataset_slug = models.SlugField()
    record_id = (
        models.BigIntegerField()
    )  # of the private row; no foreign key, for it outlives the row
    public_id = models.CharField(max_length=24, unique=True)
    tier = models.CharField(max_length=2)
    place_code = models.CharField(max_length=96, blank=True)
    cell_code = models.CharField(max_length=96, blank=True)
    period = models.CharField(max_length=24)
    # The public id of the row of the same event, in whatever dataset, whose place and time this one has.
    follows = models.CharField(max_length=24, blank=True, default="", db_default="")
    first_release = models.PositiveIntegerField()
    fate = models.CharField(max_length=10, choices=Fate, default=Fate.PUBLISHED)
    retired_release = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dataset_slug", "record_id"], name="assignment_once"),
            models.CheckConstraint(
                name="assignment_retired_has_release",
                condition=Q(fate="published", retired_release__isnull=True)
                | (~Q(fate="published") & Q(retired_release__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.dataset_slug}/{self.record_id}"


class NoiseDraw(models.Model):
    """A noisy count, drawn once and stored; asking again returns the same number."""

    statistic = models.CharField(max_length=24)  # disclosure.Purpose
    period = models.CharField(max_length=8)  # 2026-11, 2026-Q4, 2026
    district_slug = models.CharField(max_length=80, blank=True)  # empty: districts not told apart
    category_group = models.CharField(max_length=16)  # "sensitive": groups not told apart
    epsilon = models.FloatField()
    noisy_count = models.IntegerField()
    drawn_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["statistic", "period", "district_slug", "category_group"],
                name="noise_drawn_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.statistic} {self.period} {self.district_slug} {self.category_group}"


class CountedIncident(models.Model):
    """What a sensitive incident spent on a statistic, so that it is never in another draw of the same.

    Its date, district or category may be corrected later; in a second draw it would spend twice.
    No foreign key, for it outlives the row.
    """

    record_id = models.BigIntegerField()
    statistic = models.CharField(max_length=24)
    period = models.CharField(max_length=8)
    epsilon = models.FloatField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["record_id", "statistic"], name="counted_once_a_statistic"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.record_id} {self.statistic} {self.period}"


class Heartbeat(models.Model):
    """When something last happened: "worker" ran a task that travelled through the broker
    (portal/heartbeat.py); "release" is the last slot of the calendar that was worked through."""

    name = models.CharField(max_length=16, primary_key=True)
    ticked_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
