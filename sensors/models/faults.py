"""What is wrong with an instrument."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from sensors.models.devices import Sensor


class AssetFault(models.Model):
    """Something is wrong with an asset, named with its evidence; cleared_at closes it."""

    class Kind(models.TextChoices):
        CLOCK_OFFSET = "clock_offset"
        CLOCK_DRIFT = "clock_drift"
        MISPLACED = "misplaced"
        DEAF = "deaf"
        SPOOFED = "spoofed"
        SILENT = "silent"

    sensor = models.ForeignKey(Sensor, models.PROTECT, related_name="faults")
    kind = models.CharField(max_length=16, choices=Kind)
    size = models.FloatField(null=True)  # seconds, seconds a day, metres, share: by kind
    size_sd = models.FloatField(null=True)
    evidence = models.JSONField()
    found_at = models.DateTimeField()
    seen_at = models.DateTimeField()  # the last time that the evidence still stood
    cleared_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["sensor", "kind"],
                condition=Q(cleared_at__isnull=True),
                name="asset_fault_open_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sensor_id}: {self.kind}"
