"""What devices said and what it means. Every table here is private (schema ``vault``).

A foreign key with ``db_index=False`` leads a unique key of its table, which serves as its index.
"""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q


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


class IngestBatch(models.Model):
    """The inbox. A row here, committed, is the acknowledgement; everything after can be repeated."""

    class State(models.TextChoices):
        WAITING = "waiting"
        DRAINED = "drained"
        PARKED = "parked"  # failed too often; kept whole for a person to look at

    class Channel(models.TextChoices):
        HTTP = "http"
        MQTT = "mqtt"
        FILE = "file"

    source = models.ForeignKey(Source, models.PROTECT, related_name="batches", db_index=False)
    idempotency_key = models.CharField(max_length=128)
    channel = models.CharField(max_length=8, choices=Channel)
    message_kind = models.CharField(max_length=32)  # "pulses" or "observations"
    content_type = models.CharField(max_length=64)
    body = models.BinaryField()
    received_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    drained_at = models.DateTimeField(null=True, blank=True)
    n_messages = models.PositiveIntegerField(default=0)
    n_stored = models.PositiveIntegerField(default=0)
    n_repeated = models.PositiveIntegerField(default=0)
    n_quarantined = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "idempotency_key"], name="ingest_batch_once"),
        ]
        indexes = [
            # drain: the waiting rows, those that never failed first, then the oldest
            models.Index(
                fields=["attempts", "id"],
                name="ingest_batch_waiting",
                condition=Q(state="waiting"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source_id}/{self.idempotency_key}"


class Quarantined(models.Model):
    """A message that could not be used, whole, with the reason. Nothing is thrown away."""

    batch = models.ForeignKey(
        IngestBatch, models.PROTECT, related_name="quarantined", db_index=False
    )
    position = models.PositiveIntegerField()  # of the message in its batch, from 0
    reason = models.CharField(max_length=64)  # a short code, countable
    detail = models.TextField()  # what was got and what was wanted
    raw = models.TextField()
    quarantined_at = models.DateTimeField()
    replayed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "position"], name="quarantined_once"),
        ]
        indexes = [
            # quarantine_count, and the admin's list of what still waits for a person
            models.Index(
                fields=["reason", "id"],
                name="quarantined_open",
                condition=Q(replayed_at__isnull=True),
            ),
        ]
        verbose_name_plural = "quarantined"

    def __str__(self) -> str:
        return f"{self.reason} ({self.batch_id}:{self.position})"


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


class AcousticEvent(models.Model):
    """An impulse located from several sensors, or an alert that a vendor's system reported.

    The sensors hear an impulse; a person decides that it was gunfire. Position and time are the
    best estimate with its covariance; a vendor's alert has no covariance and says so with nulls.
    """

    class Kind(models.TextChoices):
        GUNFIRE = "gunfire"
        FIREWORK = "firework"
        IMPULSE = "impulse"

    OWN: ClassVar[str] = "daylight"

    provider = models.CharField(max_length=32, default=OWN)
    provider_event_id = models.CharField(max_length=64)
    occurred_at = models.DateTimeField()
    t_ns = models.BigIntegerField(null=True)
    lon = models.FloatField()
    lat = models.FloatField()
    cov_xx_m2 = models.FloatField(null=True)
    cov_xy_m2 = models.FloatField(null=True)
    cov_yy_m2 = models.FloatField(null=True)
    kind = models.CharField(max_length=16, choices=Kind)
    probability = models.FloatField(null=True)  # that it was gunfire
    n_shots = models.PositiveSmallIntegerField(null=True)  # null: the vendor says only "multiple"
    is_multiple = models.BooleanField()
    # [{"sensor": serial, "pulse": pulse_id, "residual_s": float}, ...]
    participants = models.JSONField(default=list)
    core_version = models.CharField(max_length=32, blank=True)
    classifier_version = models.CharField(
        max_length=64, blank=True
    )  # which weights gave probability
    # What a reviewer is shown of the reasoning: pooled features, what each adds to the log-odds, ...
    reasons = models.JSONField(default=dict)
    last_pulse_at = models.DateTimeField(
        null=True, blank=True
    )  # when the last pulse it uses came in
    revision = models.PositiveIntegerField(default=1)
    detected_at = models.DateTimeField()
    revised_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)  # a rerun no longer finds it

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "provider_event_id"], name="acoustic_event_once"
            ),
            models.CheckConstraint(
                condition=Q(probability__isnull=True) | Q(probability__range=(0, 1)),
                name="acoustic_event_probability",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gte=F("detected_at")),
                name="acoustic_event_withdrawn_after",
            ),
        ]
        indexes = [
            models.Index(
                fields=["occurred_at"], name="acoustic_event_time"
            ),  # the gate, by release day
            # detect_dirty: our own events of a window
            models.Index(fields=["provider", "t_ns"], name="acoustic_event_provider_t"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.provider}/{self.provider_event_id}"


class AcousticEventRevision(models.Model):
    """What an acoustic event said before it was revised or withdrawn. History holds no foreign keys."""

    event_id = models.BigIntegerField()
    revision = models.PositiveIntegerField()  # the one that was replaced
    replaced_at = models.DateTimeField()
    was = models.JSONField()  # the replaced fields, by name

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["event_id", "revision"], name="acoustic_event_revision_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} r{self.revision}"


class AcousticReview(models.Model):
    """One person's judgement of an acoustic event, and why. Never changed: a second thought is a second
    row, the newest of each reviewer counts, and two reviewers may disagree."""

    class Finding(models.TextChoices):
        EVIDENCE = "evidence", "Evidence of gunfire found"
        NO_EVIDENCE = "no_evidence", "No evidence found"
        UNFOUNDED = "unfounded", "Unfounded: not gunfire"
        FIREWORK = "firework", "Firework"

    event = models.ForeignKey(AcousticEvent, models.PROTECT, related_name="reviews")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    finding = models.CharField(max_length=16, choices=Finding)
    reason = models.TextField()
    reviewed_at = models.DateTimeField()
    # What the machine said when it was judged: an override, and the calibration curve, rest on these.
    event_revision = models.PositiveIntegerField()
    said_kind = models.CharField(max_length=16, choices=AcousticEvent.Kind)
    said_probability = models.FloatField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["event", "-reviewed_at"], name="acoustic_review_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.event_id}: {self.finding}"


class AcousticClassifier(models.Model):
    """Weights of the classifier, learnt from this city's reviewed events. One of them is in use."""

    version = models.CharField(max_length=64, unique=True)
    trained_at = models.DateTimeField()
    parameters = models.JSONField()
    report = models.JSONField()  # AUC, ECE, Brier and their n, on reviews that it had not seen
    n_reviewed = models.PositiveIntegerField()
    is_in_use = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["is_in_use"], condition=Q(is_in_use=True), name="acoustic_classifier_in_use"
            ),
        ]

    def __str__(self) -> str:
        return self.version


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
