"""What became of gunfire alerts, and what the city answers for."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class PublishedOutcome(models.Model):
    """What became of a gunfire alert, as told from one release of the dataset gunfire until another.

    An alert without a row here waits until its month is due.
    """

    class Outcome(models.TextChoices):
        EVIDENCE = "evidence"
        UNCONFIRMED = "unconfirmed"  # looked, and nothing was found
        UNFOUNDED = "unfounded"  # found to be something else
        NOT_REPORTED = "not_reported"
        WITHHELD = "withheld"  # a record of the same event may not be told, or cover for such

    public_id = models.CharField(max_length=24)  # of the alert
    outcome = models.CharField(max_length=16, choices=Outcome)
    first_release = models.PositiveIntegerField()
    retired_release = models.PositiveIntegerField(null=True)

    class Meta:
        db_table = '"release"."gunfire_outcome"'
        constraints = [
            models.UniqueConstraint(
                fields=["public_id"],
                condition=Q(retired_release__isnull=True),
                name="pub_outcome_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.public_id}: {self.outcome}"


class PublishedFigure(models.Model):
    """One number of the gunfire ledger, with its interval and its n, or the reason why there is none."""

    class Status(models.TextChoices):
        TOLD = "told"
        NONE = "none"  # there was nothing to measure
        SUPPRESSED = "suppressed"  # too few stand behind it, or behind what taking it off another would leave
        SENSOR_DOWN = "sensor_down"  # no microphone listened
        NOT_SUPPLIED = "not_supplied"  # not for this period
        NOT_COLLECTED = "not_collected"  # for no period

    period = models.CharField(max_length=16)  # 2026-10, 2026, 2025-11/2026-10 (twelve months)
    district_slug = models.CharField(max_length=80, blank=True)  # empty: the city
    measure = models.CharField(max_length=32)
    status = models.CharField(max_length=16, choices=Status)
    value = models.FloatField(null=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    count = models.PositiveIntegerField(null=True)
    n = models.PositiveIntegerField(null=True)
    unit = models.CharField(max_length=8)
    first_release = models.PositiveIntegerField()
    retired_release = models.PositiveIntegerField(null=True)

    class Meta:
        db_table = '"release"."gunfire_figure"'
        constraints = [
            models.UniqueConstraint(
                fields=["period", "district_slug", "measure"],
                condition=Q(retired_release__isnull=True),
                name="pub_figure_once",
            ),
            models.CheckConstraint(
                name="pub_figure_told_has_value",
                condition=Q(status="told", value__isnull=False)
                | (~Q(status="told") & Q(value__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.period} {self.district_slug} {self.measure}"


class PublishedCalibration(models.Model):
    """How often alerts of one stated probability were followed by evidence, rather than found to be something else."""

    period = models.CharField(max_length=16)
    stated_from_pct = models.PositiveSmallIntegerField()
    stated_to_pct = models.PositiveSmallIntegerField()  # and including
    stated_pct = models.FloatField()  # mean of what was stated
    n = models.PositiveIntegerField()  # with evidence or unfounded
    n_evidence = models.PositiveIntegerField()
    n_unconfirmed = models.PositiveIntegerField()  # in neither
    observed_pct = models.FloatField(null=True)
    low_pct = models.FloatField(null=True)
    high_pct = models.FloatField(null=True)
    first_release = models.PositiveIntegerField()
    retired_release = models.PositiveIntegerField(null=True)

    class Meta:
        db_table = '"release"."gunfire_calibration"'
        constraints = [
            models.UniqueConstraint(
                fields=["period", "stated_from_pct"],
                condition=Q(retired_release__isnull=True),
                name="pub_calibration_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stated_from_pct} to {self.stated_to_pct} %"
