"""The public map: areas, places, cells and the stretches of streets."""

from __future__ import annotations

from django.db import models
from django.db.models import F, FloatField, Func, GeneratedField, Value


def _corner(column: str, *, axis: int, side: int) -> GeneratedField:
    """West, south, east or north of a shape, kept by PostgreSQL so that it cannot differ from the shape."""
    corner = Func(F(column), Value(axis), Value(side), function="release.corner")
    return GeneratedField(expression=corner, output_field=FloatField(), db_persist=True)


def _middle(column: str, *, axis: int) -> GeneratedField:
    sides = [
        Func(F(column), Value(axis), Value(side), function="release.corner") for side in (0, 1)
    ]
    middle = Func((sides[0] + sides[1]) / Value(2.0), function="release.rounded")
    return GeneratedField(expression=middle, output_field=FloatField(), db_persist=True)


class PublishedArea(models.Model):
    """A public polygon: city, district, beat, neighbourhood; parks, water and street lines for orientation."""

    slug = models.SlugField(max_length=80, unique=True)
    kind = models.CharField(max_length=16)
    code = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    parent_slug = models.CharField(max_length=80, blank=True)
    geometry = models.JSONField()
    west = _corner("geometry", axis=0, side=0)
    south = _corner("geometry", axis=1, side=0)
    east = _corner("geometry", axis=0, side=1)
    north = _corner("geometry", axis=1, side=1)
    n_addresses = models.PositiveIntegerField(null=True)
    population = models.PositiveIntegerField(null=True)
    first_release = models.PositiveIntegerField()
    retired_release = models.PositiveIntegerField(null=True)

    class Meta:
        db_table = '"release"."area"'

    def __str__(self) -> str:
        return self.name


class PublishedPlace(models.Model):
    """A fixed point that stands for at least 20 addresses (or for none: a park)."""

    code = models.CharField(max_length=96, unique=True)
    lon = models.FloatField()
    lat = models.FloatField()
    stands_for_addresses = models.PositiveIntegerField()
    max_displacement_m = models.FloatField()
    district_slug = models.CharField(max_length=80)
    beat_slug = models.CharField(max_length=80, blank=True)
    footprint = models.JSONField()  # GeoJSON polygon
    west = _corner("footprint", axis=0, side=0)
    south = _corner("footprint", axis=1, side=0)
    east = _corner("footprint", axis=0, side=1)
    north = _corner("footprint", axis=1, side=1)
    first_release = models.PositiveIntegerField()
    retired_release = models.PositiveIntegerField(null=True)

    class Meta:
        db_table = '"release"."place"'

    def __str__(self) -> str:
        return self.code


class PublishedCell(models.Model):
    """A cell of the median tree: at least 500 addresses, inside one district."""

    code = models.CharField(max_length=96, unique=True)
    parent_code = models.CharField(max_length=96, blank=True)  # empty: the city itself
    level = models.PositiveSmallIntegerField()
    district_slug = models.CharField(max_length=80, blank=True)  # empty: the city itself
    n_addresses = models.PositiveIntegerField()
    footprint = models.JSONField()
    west = _corner("footprint", axis=0, side=0)
    south = _corner("footprint", axis=1, side=0)
    east = _corner("footprint", axis=0, side=1)
    north = _corner("footprint", axis=1, side=1)
    # The middle of the box: a label point that depends on public borders alone.
    lon = _middle("footprint", axis=0)
    lat = _middle("footprint", axis=1)
    first_release = models.PositiveIntegerField()
    retired_release = models.PositiveIntegerField(null=True)

    class Meta:
        db_table = '"release"."cell"'

    def __str__(self) -> str:
        return self.code


class PublishedStreet(models.Model):
    """The public gazetteer: which beat a stretch of a street lies in. It answers the search box."""

    street = models.CharField(max_length=120)
    street_key = models.CharField(max_length=120)  # lower case, no accents, suffix spelled short
    number_from = models.PositiveIntegerField(null=True)
    number_to = models.PositiveIntegerField(null=True)
    beat_slug = models.CharField(max_length=80, blank=True)
    district_slug = models.CharField(max_length=80)
    first_release = models.PositiveIntegerField()
    retired_release = models.PositiveIntegerField(null=True)

    class Meta:
        db_table = '"release"."street"'
        indexes = [
            models.Index(
                fields=["street_key"], name="pub_street_key", opclasses=["text_pattern_ops"]
            )
        ]

    def __str__(self) -> str:
        return self.street
