"""Incidents, gunfire alerts and calls: what has a random id, a place and a time."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Func, Q, Value


class PublishedRow(models.Model):
    """What every published record has: a random id, when it was, where it was, since which release."""

    class Precision(models.TextChoices):
        PLACE = "place"  # a place of >= 20 addresses
        CELL = "cell"  # a cell of >= 500 addresses
        DISTRICT = "district"
        CITY = "city"

    public_id = models.CharField(max_length=24)  # 96 random bits, hex; see _named
    precision = models.CharField(max_length=8, choices=Precision)
    place_code = models.CharField(max_length=96, blank=True)
    cell_code = models.CharField(max_length=96, blank=True)
    district_slug = models.CharField(
        max_length=80, blank=True
    )  # empty: only "in the city" is known
    beat_slug = models.CharField(
        max_length=80, blank=True
    )  # filled only where the place lies in one beat
    period = models.CharField(max_length=24)  # 2026-11-22T06/PT6H, 2026-W47
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    first_release = models.PositiveIntegerField()
    retired_release = models.PositiveIntegerField(null=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.public_id


def _named(name: str) -> models.UniqueConstraint:
    """unique=True would make a second index, for LIKE, which nobody asks."""
    return models.UniqueConstraint(fields=["public_id"], name=name)


def _in_order(name: str, *first: str) -> models.Index:
    """Rows by time, newest first, each with its place: a page of a box is read in order and ends when it is full.

    The place is an expression, so that nothing but a question that means this index (Projection.in_order)
    is led here. Counted from as those of _counting.
    """
    place: Any = Func(F("place_code"), Value(""), arg_joiner=" || ", template="(%(expressions)s)")
    keys = [*map(F, first), F("starts_at").desc(), F("public_id"), place]
    return models.Index(*keys, name=name, include=["ends_at", "first_release", "retired_release"])


def _counting(fields: list[str], name: str, *more: str) -> models.Index:
    """An index that rows can be counted from without being read, whichever release and window is asked for."""
    return models.Index(
        fields=fields, name=name, include=["ends_at", "first_release", "retired_release", *more]
    )


def _wider(name: str) -> models.Index:
    """The few rows of which no place is told, nor a cell."""
    return models.Index(
        fields=["district_slug", "-starts_at"], name=name, condition=Q(place_code="", cell_code="")
    )


def _changing(came: str, went: str) -> tuple[models.Index, models.Index]:
    """What came and what went between two releases, few of many: a comparison costs what changed."""
    return (
        models.Index(fields=["first_release"], name=came),
        models.Index(
            fields=["retired_release"], name=went, condition=Q(retired_release__isnull=False)
        ),
    )


class PublishedIncident(PublishedRow):
    """One incident as the public may know it."""

    category = models.CharField(max_length=32)

    class Meta:
        db_table = '"release"."incident"'
        indexes = [
            # the list page and the files: newest first within a filter
            _in_order("pub_incident_newest"),
            _in_order("pub_incident_category", "category"),
            _counting(["district_slug", "-starts_at"], "pub_incident_district"),
            # the API: boxes, areas and cells are lists of places and cells
            _counting(["place_code", "-starts_at"], "pub_incident_place", "category"),
            _counting(
                ["category", "place_code", "-starts_at"], "pub_incident_kind_place", "public_id"
            ),
            _counting(["cell_code", "-starts_at"], "pub_incident_cell", "category", "place_code"),
            _wider("pub_incident_wider"),
            *_changing("pub_incident_came", "pub_incident_went"),
        ]
        constraints = [
            _named("pub_incident_public_id"),
            models.CheckConstraint(
                name="pub_incident_period", condition=Q(ends_at__gt=F("starts_at"))
            ),
        ]


class PublishedGunfire(PublishedRow):
    """One gunfire alert as the public may know it: never a sensor, an arrival time or an exact point."""

    kind = models.CharField(max_length=16)  # gunfire, firework, impulse
    rounds = models.CharField(
        max_length=8
    )  # "1", "2-5", "6+", "2+" (the vendor says only "multiple")
    confidence_pct = models.PositiveSmallIntegerField(
        null=True
    )  # to the nearest 5; null: vendor gave none
    provider = models.CharField(max_length=32)

    class Meta:
        db_table = '"release"."gunfire"'
        indexes = [
            models.Index(fields=["-starts_at", "public_id"], name="pub_gunfire_newest"),
            models.Index(fields=["district_slug", "-starts_at"], name="pub_gunfire_district"),
        ]
        constraints = [_named("pub_gunfire_public_id")]


class PublishedCall(PublishedRow):
    """One call for service as the public may know it; of a call about a record, exactly the record's face."""

    category = models.CharField(max_length=32)

    class Meta:
        db_table = '"release"."call"'
        indexes = [
            _in_order("pub_call_newest"),
            _in_order("pub_call_category", "category"),
            _counting(["district_slug", "-starts_at"], "pub_call_district"),
            _counting(["place_code", "-starts_at"], "pub_call_place", "category"),
            _counting(["category", "place_code", "-starts_at"], "pub_call_kind_place", "public_id"),
            _counting(["cell_code", "-starts_at"], "pub_call_cell", "category", "place_code"),
            _wider("pub_call_wider"),
            *_changing("pub_call_came", "pub_call_went"),
        ]
        constraints = [
            _named("pub_call_public_id"),
            models.CheckConstraint(name="pub_call_period", condition=Q(ends_at__gt=F("starts_at"))),
        ]
