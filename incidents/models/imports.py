"""What came in from a file, and what of it could not be used."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class ImportedFile(models.Model):
    """One run of an importer over one file: what came in, what was stored, what was refused and why."""

    class State(models.TextChoices):
        WAITING = "waiting"  # uploaded; the worker will take it
        RUNNING = "running"
        STORED = "stored"
        FAILED = "failed"  # nothing of it was kept
        UNCHANGED = "unchanged"  # the same bytes were imported before

    source = models.CharField(max_length=64)
    name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    size_bytes = models.BigIntegerField()
    mapping_sha256 = models.CharField(max_length=64, blank=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    imported_by = models.CharField(max_length=150, blank=True)  # a username: history keeps no keys
    state = models.CharField(max_length=12, choices=State, default=State.RUNNING)
    spooled_as = models.CharField(max_length=64, blank=True)  # name in the spool folder
    rows_in = models.PositiveIntegerField(default=0)
    rows_new = models.PositiveIntegerField(default=0)
    rows_revised = models.PositiveIntegerField(default=0)
    rows_same = models.PositiveIntegerField(default=0)
    rows_refused = models.PositiveIntegerField(default=0)
    quality = models.JSONField(
        default=dict
    )  # the data quality report, see incidents/importers/quality.py

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="imported_file_balances",  # in = stored + refused
                condition=~Q(state="stored")
                | Q(rows_in=F("rows_new") + F("rows_revised") + F("rows_same") + F("rows_refused")),
            ),
        ]
        indexes = [
            # is this file new, and what did the last one of its source look like
            models.Index(fields=["source", "-id"], name="imported_file_source"),
        ]

    def __str__(self) -> str:
        return f"{self.source}: {self.name}"


class RefusedRow(models.Model):
    """A row of a file that could not be used, whole, with its number and the reason."""

    imported_file = models.ForeignKey(ImportedFile, models.PROTECT, related_name="refused")
    row_number = models.PositiveIntegerField()  # of the data rows, from 1
    reason = models.CharField(max_length=64)  # a short code, countable
    detail = models.TextField()
    raw = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["imported_file", "row_number"], name="refused_row_once"
            ),
        ]

    def __str__(self) -> str:
        return f"row {self.row_number}: {self.reason}"
