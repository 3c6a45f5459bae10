"""Where records lie: areas with a name, and the public addresses that places are made from."""

from __future__ import annotations

from django.db import models


class Area(models.Model):
    """A polygon with a name: the city, a district, a beat, a neighbourhood, a park, water, a street line."""

    class Kind(models.TextChoices):
        CITY = "city"
        DISTRICT = "district"
        BEAT = "beat"
        NEIGHBOURHOOD = "neighbourhood"
        BLOCK = "block"
        PARK = "park"
        WATER = "water"
        STREET = "street"  # a line, drawn on maps for orientation

    kind = models.CharField(max_length=16, choices=Kind)
    code = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    slug = models.SlugField(max_length=80, unique=True)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children"
    )
    geometry = models.JSONField()  # GeoJSON geometry, WGS 84 lon/lat
    population = models.PositiveIntegerField(null=True, blank=True)  # null: not supplied
    imported_file = models.ForeignKey("ImportedFile", models.PROTECT, null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "code"], name="area_once")]

    def __str__(self) -> str:
        return self.name


class Address(models.Model):
    """A public address, or a street range or census block that stands for several."""

    class Kind(models.TextChoices):
        POINT = "point"
        STREET_RANGE = "street-range"
        BLOCK = "block"

    kind = models.CharField(max_length=16, choices=Kind, default=Kind.POINT)
    source_id = models.CharField(max_length=64, unique=True)
    street = models.CharField(max_length=120, blank=True)
    street_key = models.CharField(max_length=120, blank=True)  # incidents.streets.street_key
    number_from = models.PositiveIntegerField(null=True, blank=True)
    number_to = models.PositiveIntegerField(null=True, blank=True)
    lon = models.FloatField()
    lat = models.FloatField()
    stands_for = models.PositiveIntegerField(default=1)  # addresses
    use = models.CharField(max_length=32, blank=True)  # dwelling, shop, school, shelter, ...
    district = models.ForeignKey(
        Area, models.PROTECT, null=True, blank=True, related_name="district_addresses"
    )
    beat = models.ForeignKey(
        Area, models.PROTECT, null=True, blank=True, related_name="beat_addresses"
    )
    imported_file = models.ForeignKey("ImportedFile", models.PROTECT, null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["street_key", "number_from"], name="address_street"),  # geocode
        ]
        verbose_name_plural = "addresses"

    def __str__(self) -> str:
        return f"{self.number_from or ''} {self.street}".strip() or self.source_id
