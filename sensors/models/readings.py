"""What instruments measured and heard."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from sensors.models.devices import Sensor


class Datastream(models.Model):
    """One observed property of one sensor (OGC SensorThings)."""

    sensor = models.ForeignKey(Sensor, models.PROTECT, related_name="datastreams", db_index=False)
    observed_property = models.CharField(max_length=64)
    unit = models.CharField(max_length=16)
    # Guarded by phenomenon time: a late reading never overwrites a newer one.
    latest_at = models.DateTimeField(null=True, blank=True)
    latest_value = models.FloatField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sensor", "observed_property"], name="datastream_once"),
        ]

    def __str__(self) -> str:
        return f"{self.sensor_id}/{self.observed_property}"


class Observation(models.Model):
    """One reading. Device time and arrival time are two fields."""

    class Flag(models.IntegerChoices):  # QARTOD
        GOOD = 1
        UNKNOWN = 2
        SUSPECT = 3
        FAIL = 4
        MISSING = 9

    datastream = models.ForeignKey(
        Datastream, models.PROTECT, related_name="observations", db_index=False
    )
    phenomenon_at = models.DateTimeField()
    result = models.FloatField()
    received_at = models.DateTimeField()
    flag = models.PositiveSmallIntegerField(choices=Flag, default=Flag.UNKNOWN)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["datastream", "phenomenon_at"], name="observation_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.datastream_id}@{self.phenomenon_at:%Y-%m-%dT%H:%M:%SZ}"


class Pulse(models.Model):
    """One impulse heard by one acoustic sensor. Position is copied, for a sensor may be moved later.

    The table that is written most: its one index is its key, in the order in which pulses come.
    """

    pk = models.CompositePrimaryKey("t_ns", "sensor")
    # No constraint and no index: the drain has just looked the sensor up, sensors are protected
    # from deletion, and the check would cost as much again as the row.
    sensor = models.ForeignKey(
        Sensor, models.PROTECT, related_name="pulses", db_constraint=False, db_index=False
    )
    t_ns = models.BigIntegerField()  # arrival at the microphone, ns since 1970 UTC
    pulse_id = models.CharField(max_length=64)
    received_at = models.DateTimeField()
    lon = models.FloatField()
    lat = models.FloatField()
    z_m = models.FloatField()
    peak_db = models.FloatField(null=True)
    snr_db = models.FloatField(null=True)
    rise_ms = models.FloatField(null=True)
    dur_ms = models.FloatField(null=True)
    centroid_hz = models.FloatField(null=True)

    def __str__(self) -> str:
        return self.pulse_id


class SensorHour(models.Model):
    """Pulses of a sensor in an hour, counted as they are stored: its uptime and its usual background."""

    sensor = models.ForeignKey(Sensor, models.PROTECT, related_name="hours", db_index=False)
    hour = models.DateTimeField()
    n_pulses = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sensor", "hour"], name="sensor_hour_once"),
        ]
        indexes = [models.Index(fields=["hour"], name="sensor_hour_hour")]  # uptime of a month

    def __str__(self) -> str:
        return f"{self.sensor_id} {self.hour:%Y-%m-%dT%H}"


class DirtyWindow(models.Model):
    """A mark: pulses of this stretch of time were stored and not yet detected over.

    Marks are only ever added and, once their window was detected over, deleted by id; several may
    name one window. So drains never wait for each other, and a mark that was set while the
    detector was reading survives it. A window on which the detector fails is parked with the reason:
    one mark of it stays, and is not looked at until a person, or new pulses, say so.
    """

    starts_at = models.DateTimeField(db_index=True)
    touched_at = models.DateTimeField()
    # First and last of the pulses that it stands for, ns since 1970 UTC (null: no hurry), and whether
    # a first look was had at them.
    first_ns = models.BigIntegerField(null=True)
    last_ns = models.BigIntegerField(null=True)
    is_glanced = models.BooleanField(default=False)
    # Counted and committed before the detector begins, so that even what kills the process is counted.
    attempts = models.PositiveSmallIntegerField(default=0)
    parked_at = models.DateTimeField(null=True, blank=True)
    parked_because = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(parked_at__isnull=True, parked_because="")
                | (Q(parked_at__isnull=False) & ~Q(parked_because="")),
                name="dirty_window_parked_because",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%dT%H:%M:%SZ}"
