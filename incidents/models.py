"""Police records and the places they belong to. Every table here is private (schema ``vault``)."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from incidents.codes import UNKNOWN_CATEGORY, UNKNOWN_TIER


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
