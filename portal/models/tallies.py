"""Counts for pages and charts."""

from __future__ import annotations

from django.db import models


class PublishedTally(models.Model):
    """Counts for pages and charts, summed from the published rows and from nothing else."""

    dataset_slug = models.SlugField()
    release_number = models.PositiveIntegerField()
    month = models.DateField()  # first day of the month in which the period starts, city time
    last_month = models.DateField(null=True)  # ... ends; null: made before this was told
    category = models.CharField(max_length=32)
    district_slug = models.CharField(max_length=80, blank=True)
    beat_slug = models.CharField(max_length=80, blank=True)
    precision = models.CharField(max_length=8, blank=True)
    n = models.PositiveIntegerField()

    class Meta:
        db_table = '"release"."tally"'
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "dataset_slug",
                    "release_number",
                    "month",
                    "category",
                    "district_slug",
                    "beat_slug",
                    "last_month",
                    "precision",
                ],
                name="pub_tally_once",
            ),
        ]
        verbose_name_plural = "tallies"

    def __str__(self) -> str:
        return f"{self.dataset_slug} {self.month:%Y-%m} {self.category}"
