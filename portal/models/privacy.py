"""Noisy counts of sensitive incidents, what they cost, and what attacks on each release learnt."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class PublishedCount(models.Model):
    """A count of sensitive incidents with the small random error drawn once, or a sum of such counts."""

    statistic = models.CharField(max_length=24)  # district-quarter, groups, city-month, revision
    period = models.CharField(max_length=8)  # 2026-11, 2026-Q3, 2026
    district_slug = models.CharField(max_length=80, blank=True)  # empty: the city
    category_group = models.CharField(max_length=16)  # "sensitive": all together
    noisy_count = models.IntegerField()
    low = models.PositiveIntegerField()  # 19 times in 20 the error leaves the count between the two
    high = models.PositiveIntegerField()
    epsilon = models.FloatField()
    first_release = models.PositiveIntegerField()
    retired_release = models.PositiveIntegerField(null=True)

    class Meta:
        db_table = '"release"."sensitive_count"'
        constraints = [
            models.UniqueConstraint(
                fields=["statistic", "period", "district_slug", "category_group"],
                name="pub_count_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.statistic} {self.period} {self.district_slug} {self.category_group}"


class PublishedCharge(models.Model):
    """What one vector of noisy counts spent of the privacy of each incident that is in it."""

    statistic = models.CharField(max_length=24)
    period = models.CharField(max_length=8)
    epsilon = models.FloatField()
    share = models.FloatField()  # what all draws of the statistic may spend on one incident
    spent = models.FloatField()  # by an incident of the period, on all statistics so far
    lifetime = models.FloatField()  # what it may ever spend
    first_release = models.PositiveIntegerField()
    retired_release = models.PositiveIntegerField(null=True)

    class Meta:
        db_table = '"release"."privacy_charge"'
        constraints = [
            models.UniqueConstraint(
                fields=["statistic", "period"],
                condition=Q(retired_release__isnull=True),
                name="pub_charge_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.statistic} {self.period}"


class PublishedAuditResult(models.Model):
    """What one attack on one release learnt, measured before the release went out."""

    class Status(models.TextChoices):
        PASSED = "passed"
        FAILED = "failed"
        TOLD = "told"  # measured, and not promised
        NOT_APPLICABLE = "not_applicable"  # nothing there to attack

    audited_dataset = models.CharField(max_length=50)
    audited_release = models.PositiveIntegerField()
    attack = models.CharField(max_length=48)
    subject = models.CharField(max_length=32, blank=True)  # low_harm, person, sensitive; empty: all
    measured = models.FloatField(null=True)
    limit = models.FloatField(null=True)
    direction = models.CharField(max_length=8)  # at_most, at_least; empty: told only
    n = models.PositiveIntegerField(null=True)  # trials; null: structural
    status = models.CharField(max_length=16, choices=Status)
    first_release = models.PositiveIntegerField()
    retired_release = models.PositiveIntegerField(null=True)

    class Meta:
        db_table = '"release"."audit_result"'
        constraints = [
            models.UniqueConstraint(
                fields=["audited_dataset", "audited_release", "attack", "subject"],
                name="pub_audit_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.audited_dataset} {self.audited_release}: {self.attack} {self.subject}"
