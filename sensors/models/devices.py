"""Who signs, and the instruments they speak for."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models


class Source(models.Model):
    """Who signs: a device, or a gateway that speaks for many sensors."""

    slug = models.SlugField(unique=True, max_length=64)
    name = models.CharField(max_length=200)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.slug


class DeviceKey(models.Model):
    """A signing key of a source. Two may be active at once, so that keys can be rotated without silence."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="keys")
    key_id = models.CharField(max_length=32, unique=True)
    # HMAC needs the key in clear, so it is kept encrypted under the installation's keyring.
    sealed_secret = models.BinaryField()
    created_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.key_id


class Sensor(models.Model):
    """One instrument at one place. Its position is a secret of the vault for acoustic sensors."""

    serial = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=32)  # a key of sensors.kinds.KINDS
    name = models.CharField(max_length=200, blank=True)
    source = models.ForeignKey(Source, models.PROTECT, related_name="sensors")
    lon = models.FloatField(
        validators=[MinValueValidator(-180), MaxValueValidator(180)],
    )
    lat = models.FloatField(validators=[MinValueValidator(-90), MaxValueValidator(90)])
    z_m = models.FloatField(default=0.0)
    is_active = models.BooleanField(default=True)
    installed_on = models.DateField(null=True, blank=True)
    # Usual pulses an hour without incidents, learnt from its hours; null: not heard for long enough.
    background_per_h = models.FloatField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["kind", "is_active"], name="sensor_kind_active"
            ),  # sensor_arrays(kind)
        ]

    def __str__(self) -> str:
        return self.serial
