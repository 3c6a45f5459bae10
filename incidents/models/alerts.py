"""What became of gunfire alerts: responses, and the records that are about the same shots."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from incidents.models.imports import ImportedFile
from incidents.models.records import CallForService, Incident, Revision


class Unlinked(models.TextChoices):
    """Why a record has no alert. Only the first says that there was none."""

    NO_ALERT = "no_alert", "No alert at that place and time"
    AMBIGUOUS = "ambiguous", "Several alerts fit, or one that fits others as well"
    VAGUE = "vague", "Its place or time is not given closely enough"
    WRONG_NUMBER = "wrong_number", "The alert it names is another day's"


class AlertResponse(models.Model):
    """What was done about a gunfire alert: from dispatch to disposition, as the dispatch system tells it."""

    class Disposition(models.TextChoices):
        EVIDENCE = "evidence", "Evidence of gunfire"
        UNCONFIRMED = "unconfirmed", "No evidence found"
        UNFOUNDED = "unfounded", "Unfounded: not gunfire"
        UNKNOWN = "unknown", "Not stated"

    class Link(models.TextChoices):
        NUMBER = "number", "the alert's number"
        PLACE_AND_TIME = "place_and_time", "place and time"
        HAND = "hand", "a person"  # linking leaves it alone, also where it says: to none

    source = models.CharField(max_length=64)
    source_id = models.CharField(max_length=64, db_collation="C")  # the event number of dispatch
    alert_number = models.CharField(
        max_length=64, blank=True
    )  # the alert it answers, if it is named
    event = models.ForeignKey(
        "sensors.AcousticEvent", models.PROTECT, null=True, blank=True, related_name="responses"
    )
    linked_by = models.CharField(max_length=16, choices=Link, blank=True)
    unlinked_because = models.CharField(max_length=16, choices=Unlinked, blank=True)
    separation_m = models.FloatField(null=True, blank=True)
    separation_s = models.FloatField(null=True, blank=True)  # positive: after the shots
    alerted_at = models.DateTimeField()
    dispatched_at = models.DateTimeField(null=True, blank=True)
    on_scene_at = models.DateTimeField(null=True, blank=True)
    cleared_at = models.DateTimeField(null=True, blank=True)
    initial_type = models.CharField(max_length=80, blank=True)  # of the dispatch event
    final_type = models.CharField(max_length=80, blank=True)
    n_officers = models.PositiveSmallIntegerField(null=True, blank=True)
    officer_minutes = models.FloatField(null=True, blank=True)  # all officers together
    disposition = models.CharField(max_length=16, choices=Disposition, default=Disposition.UNKNOWN)
    disposition_text = models.CharField(max_length=200, blank=True)  # as the source words it
    report_number = models.CharField(max_length=64, blank=True)  # of the incident it became
    incident = models.ForeignKey(
        Incident, models.PROTECT, null=True, blank=True, related_name="alert_responses"
    )
    address_text = models.CharField(max_length=200, blank=True)
    lon = models.FloatField(null=True, blank=True)
    lat = models.FloatField(null=True, blank=True)
    # Where casings, a victim or damage were found: what a location is measured against.
    evidence_lon = models.FloatField(null=True, blank=True)
    evidence_lat = models.FloatField(null=True, blank=True)
    n_casings = models.PositiveSmallIntegerField(null=True, blank=True)
    imported_file = models.ForeignKey(ImportedFile, models.PROTECT, null=True, blank=True)
    revision = models.PositiveIntegerField(default=1)
    first_seen_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "source_id"], name="alert_response_once"),
        ]
        indexes = [
            models.Index(fields=["-alerted_at", "id"], name="alert_response_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.source}/{self.source_id}"


class AlertResponseRevision(Revision):
    """An earlier state of the response to an alert."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "source_id", "revision"], name="alert_response_revision_once"
            ),
        ]


class ConfirmedShooting(models.Model):
    """A shooting that an incident or a call confirms, and the alert of it, or that there was none.

    Records of the same shots are one shooting, and the surest of them stands for it: an incident
    before a call. Derived: rebuilt by linking, and never edited.
    """

    incident = models.OneToOneField(
        Incident, models.PROTECT, null=True, blank=True, related_name="confirmed_shooting"
    )
    call = models.OneToOneField(
        CallForService, models.PROTECT, null=True, blank=True, related_name="confirmed_shooting"
    )
    occurred_at = models.DateTimeField()
    lon = models.FloatField()
    lat = models.FloatField()
    is_covered = models.BooleanField()  # inside the array, as it stood then
    event = models.ForeignKey(
        "sensors.AcousticEvent",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="confirmed_shootings",
    )
    unlinked_because = models.CharField(max_length=16, choices=Unlinked, blank=True)
    n_records = models.PositiveSmallIntegerField(default=1)  # that tell of it
    separation_m = models.FloatField(null=True, blank=True)
    separation_s = models.FloatField(null=True, blank=True)
    linked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(incident__isnull=True, call__isnull=False)
                | Q(incident__isnull=False, call__isnull=True),
                name="confirmed_shooting_one_record",
            ),
        ]
        indexes = [models.Index(fields=["occurred_at"], name="confirmed_shooting_time")]

    def __str__(self) -> str:
        return f"{self.occurred_at:%Y-%m-%d} {self.incident_id or self.call_id}"


class AlertCall(models.Model):
    """A person's call about shots, and the event that it was about. Derived: rebuilt by linking."""

    call = models.OneToOneField(CallForService, models.PROTECT, related_name="alert")
    event = models.ForeignKey("sensors.AcousticEvent", models.PROTECT, related_name="calls")
    separation_m = models.FloatField()
    separation_s = models.FloatField()  # positive: after the shots

    def __str__(self) -> str:
        return f"{self.call_id} about {self.event_id}"


class LinkRun(models.Model):
    """The last linking: what there was to link, so that nothing is done where nothing is new. One row."""

    inputs = models.CharField(max_length=64)  # a fingerprint, of incidents.queries.link_inputs
    linked_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.linked_at:%Y-%m-%dT%H:%M:%SZ}"
