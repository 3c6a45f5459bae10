"""Incidents and calls for service as they were recorded, and what they said before."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from incidents.codes import UNKNOWN_CATEGORY, UNKNOWN_TIER
from incidents.models.imports import ImportedFile
from incidents.models.places import Area


class Incident(models.Model):
    """One offence or event as the police recorded it. The gate decides what of it becomes public.

    The three foreign keys carry no constraint in the database: checking each of them for each row
    halves the speed of an import (benchmarks/imports.py), the importer writes only ids that it has
    just read, and areas and files are deleted by nobody (PROTECT).
    """

    source = models.CharField(max_length=64)
    # Collation C: a search by prefix can use the index on every server.
    source_id = models.CharField(max_length=64, db_collation="C")
    code = models.CharField(max_length=64)
    code_label = models.CharField(max_length=200, blank=True)
    category = models.CharField(max_length=32)  # incidents.codes.CATEGORIES
    tier = models.CharField(max_length=2)  # from code and mapping alone; the gate may only raise it
    occurred_from = models.DateTimeField()
    occurred_to = models.DateTimeField(null=True, blank=True)
    reported_at = models.DateTimeField(null=True, blank=True)
    address_text = models.CharField(max_length=200, blank=True)
    lon = models.FloatField(null=True, blank=True)  # null: could not be geocoded
    lat = models.FloatField(null=True, blank=True)
    district = models.ForeignKey(
        Area,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="district_incidents",
        db_constraint=False,
        db_index=False,
    )
    beat = models.ForeignKey(
        Area,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="beat_incidents",
        db_constraint=False,
        db_index=False,
    )
    location_type = models.CharField(
        max_length=80, blank=True
    )  # as the source words it; the gate reads it
    victim_flags = models.CharField(max_length=200, blank=True)  # space-separated: juvenile, ...
    relationship = models.CharField(max_length=80, blank=True)
    narrative = models.TextField(blank=True)
    disposition = models.CharField(max_length=80, blank=True)
    # By the mapping's word (docs/adopt.md): it says that shots were fired, and somebody saw to it.
    confirms_shooting = models.BooleanField(default=False, db_default=False)
    is_sealed = models.BooleanField(default=False)
    # Who set category and tier by hand; a later file then leaves both alone.
    classified_by = models.CharField(max_length=150, blank=True)
    imported_file = models.ForeignKey(
        ImportedFile,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="incidents",
        db_constraint=False,
    )
    revision = models.PositiveIntegerField(default=1)
    first_seen_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "source_id"], name="incident_once"),
        ]
        indexes = [
            models.Index(fields=["-occurred_from", "id"], name="incident_newest"),  # admin list
            models.Index(
                fields=["category", "-occurred_from"], name="incident_category"
            ),  # admin filter
            models.Index(
                fields=["district", "-occurred_from"], name="incident_district"
            ),  # admin filter
            models.Index(fields=["beat", "-occurred_from"], name="incident_beat"),  # admin filter
            models.Index(  # linking: the few that confirm a shooting
                fields=["occurred_from"],
                name="incident_shooting",
                condition=Q(confirms_shooting=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source}/{self.source_id}"


class CallForService(models.Model):
    """One call that the dispatch centre took, with the stages it went through."""

    source = models.CharField(max_length=64)
    source_id = models.CharField(max_length=64, db_collation="C")
    call_type = models.CharField(max_length=64)
    call_type_label = models.CharField(max_length=200, blank=True)
    category = models.CharField(max_length=32, default=UNKNOWN_CATEGORY)
    tier = models.CharField(max_length=2, default=UNKNOWN_TIER)
    priority = models.CharField(max_length=16, blank=True)
    received_at = models.DateTimeField()
    dispatched_at = models.DateTimeField(null=True, blank=True)
    arrived_at = models.DateTimeField(null=True, blank=True)
    cleared_at = models.DateTimeField(null=True, blank=True)
    address_text = models.CharField(max_length=200, blank=True)
    lon = models.FloatField(null=True, blank=True)
    lat = models.FloatField(null=True, blank=True)
    district = models.ForeignKey(
        Area, models.PROTECT, null=True, blank=True, related_name="district_calls"
    )
    beat = models.ForeignKey(Area, models.PROTECT, null=True, blank=True, related_name="beat_calls")
    disposition = models.CharField(max_length=80, blank=True)
    confirms_shooting = models.BooleanField(default=False, db_default=False)  # as of an incident
    imported_file = models.ForeignKey(ImportedFile, models.PROTECT, null=True, blank=True)
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "source_id"], name="call_once"),
        ]
        indexes = [
            models.Index(fields=["-received_at", "id"], name="call_newest"),  # admin list
            models.Index(fields=["category", "-received_at"], name="call_category"),  # admin filter
            models.Index(  # linking: the few that confirm a shooting
                fields=["received_at"], name="call_shooting", condition=Q(confirms_shooting=True)
            ),
        ]
        verbose_name = "call for service"
        verbose_name_plural = "calls for service"

    def __str__(self) -> str:
        return f"{self.source}/{self.source_id}"


class Revision(models.Model):
    """What a record said before it was changed, and by whom. Keeps no foreign keys, for it outlives them."""

    source = models.CharField(max_length=64)
    source_id = models.CharField(max_length=64)
    revision = models.PositiveIntegerField()
    values = models.JSONField()
    replaced_at = models.DateTimeField()
    replaced_by_file_id = models.BigIntegerField(null=True)  # null: a person did it
    replaced_by = models.CharField(max_length=150, blank=True)  # a username
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.source}/{self.source_id} r{self.revision}"


class IncidentRevision(Revision):
    """An earlier state of an incident."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "source_id", "revision"], name="incident_revision_once"
            ),
        ]


class CallRevision(Revision):
    """An earlier state of a call for service."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "source_id", "revision"], name="call_revision_once"
            ),
        ]
