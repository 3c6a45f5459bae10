"""What is public. Every table here is in the schema ``release``; no private column exists to leak.

Rows are written by ``portal.publication`` alone. A row is public in release n of its dataset when
``first_release <= n`` and it was not retired in or before n, so every release ever made can be read again.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, FloatField, Func, GeneratedField, Q, Value


class Dataset(models.Model):
    """One thing that can be downloaded. Its words are in portal/feeds/dictionary.py."""

    slug = models.SlugField(unique=True)
    current = models.ForeignKey("Release", models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        db_table = '"release"."dataset"'

    def __str__(self) -> str:
        return self.slug


class Release(models.Model):
    """One edition of one dataset: built inactive, verified, then activated in one transaction, and kept."""

    class State(models.TextChoices):
        BUILT = "built"
        ACTIVE = "active"
        REJECTED = "rejected"
        WITHDRAWN = "withdrawn"

    dataset = models.ForeignKey(Dataset, models.PROTECT, related_name="releases")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State)
    as_of = models.DateTimeField()  # the calendar instant the release speaks for
    activated_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_reason = models.CharField(max_length=200, blank=True)
    n_rows = models.PositiveIntegerField(default=0)
    n_added = models.PositiveIntegerField(default=0)
    n_retired = models.PositiveIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)  # of the rows in public-id order
    manifest_sha256 = models.CharField(max_length=64, blank=True)  # which names every file's own
    schema_version = models.CharField(max_length=16, default="1")
    verification = models.JSONField(default=list)  # [{"check", "passed", "detail"}]
    made_with = models.JSONField(default=dict)  # {"detector": [version], "classifier": [version]}

    class Meta:
        db_table = '"release"."release"'
        constraints = [
            models.UniqueConstraint(fields=["dataset", "number"], name="release_once"),
            models.CheckConstraint(
                name="release_active_has_time",
                condition=~Q(state="active") | Q(activated_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.dataset_id} r{self.number}"


class ChainEntry(models.Model):
    """One line of the public record of what was released and withdrawn, and under which keys and overrides.

    Each entry holds the hash of the one before and a signature over its exact text, so that whoever
    kept a copy sees any rewriting. PostgreSQL itself refuses to change or remove one.
    """

    number = models.PositiveIntegerField(primary_key=True)  # from 1, without gaps
    kind = models.CharField(max_length=16)  # key, release, withdrawal, override
    dataset_slug = models.CharField(max_length=50, blank=True)
    release_number = models.PositiveIntegerField(null=True)
    body = models.TextField()  # canonical JSON: exactly what is signed
    previous_sha256 = models.CharField(max_length=64, blank=True)  # empty: the first
    sha256 = models.CharField(max_length=64, unique=True)
    signature = models.CharField(max_length=88)  # Ed25519, base64
    key_id = models.CharField(max_length=16)

    class Meta:
        db_table = '"release"."chain_entry"'
        verbose_name_plural = "chain entries"

    def __str__(self) -> str:
        return f"{self.number} {self.kind}"


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


class PublishedRow(models.Model):
    """What every published record has: a random id, when it was, where it was, since which release."""

    class Precision(models.TextChoices):
        PLACE = "place"  # a place of >= 20 addresses
        CELL = "cell"  # a cell of >= 500 addresses
        DISTRICT = "district"
        CITY = "city"

    public_id = models.CharField(max_length=24, unique=True)  # 96 random bits, hex
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


class PublishedIncident(PublishedRow):
    """One incident as the public may know it."""

    category = models.CharField(max_length=32)

    class Meta:
        db_table = '"release"."incident"'
        indexes = [
            # the list page and the files: newest first within a filter
            _counting(["-starts_at", "public_id"], "pub_incident_newest"),
            _counting(["category", "-starts_at"], "pub_incident_category"),
            _counting(["district_slug", "-starts_at"], "pub_incident_district"),
            # the API: boxes, areas and cells are lists of places and cells
            _counting(["place_code", "-starts_at"], "pub_incident_place", "category"),
            _counting(["category", "place_code", "-starts_at"], "pub_incident_kind_place"),
            _counting(["cell_code", "-starts_at"], "pub_incident_cell", "category", "place_code"),
            _wider("pub_incident_wider"),
        ]
        constraints = [
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


class PublishedCall(PublishedRow):
    """One call for service as the public may know it; of a call about a record, exactly the record's face."""

    category = models.CharField(max_length=32)

    class Meta:
        db_table = '"release"."call"'
        indexes = [
            _counting(["-starts_at", "public_id"], "pub_call_newest"),
            _counting(["category", "-starts_at"], "pub_call_category"),
            _counting(["district_slug", "-starts_at"], "pub_call_district"),
            _counting(["place_code", "-starts_at"], "pub_call_place", "category"),
            _counting(["cell_code", "-starts_at"], "pub_call_cell", "category", "place_code"),
            _wider("pub_call_wider"),
        ]
        constraints = [
            models.CheckConstraint(name="pub_call_period", condition=Q(ends_at__gt=F("starts_at"))),
        ]


class PublishedFeedback(models.Model):
    """What a resident wrote and was answered, moderated and without names; week and district, no clock."""

    public_id = models.CharField(max_length=24, unique=True)  # 96 random bits, hex
    period = models.CharField(max_length=24)  # the ISO week in which it came: 2026-W47
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    district_slug = models.CharField(max_length=80, blank=True)  # empty: only "in the city"
    kind = models.CharField(max_length=12)
    topic = models.CharField(max_length=16)
    text = models.TextField(blank=True)  # empty: not for publication
    answer = models.TextField(blank=True)
    answer_days = models.PositiveSmallIntegerField(null=True)  # whole working days; null: not yet
    about_public_id = models.CharField(max_length=24, blank=True)  # of a published record
    first_release = models.PositiveIntegerField()
    retired_release = models.PositiveIntegerField(null=True)

    class Meta:
        db_table = '"release"."feedback"'
        indexes = [models.Index(fields=["-starts_at", "public_id"], name="pub_feedback_newest")]
        verbose_name_plural = "feedback"

    def __str__(self) -> str:
        return self.public_id


class PublishedPhoto(models.Model):
    """A photo beside a public message: drawn anew, and let through by a person who saw it."""

    public_id = models.CharField(max_length=24, unique=True)  # 96 random bits, hex
    feedback_public_id = models.CharField(max_length=24)
    jpeg = models.BinaryField()
    width_px = models.PositiveIntegerField()
    height_px = models.PositiveIntegerField()
    first_release = models.PositiveIntegerField()
    retired_release = models.PositiveIntegerField(null=True)

    class Meta:
        db_table = '"release"."feedback_photo"'
        indexes = [models.Index(fields=["feedback_public_id"], name="pub_photo_of_feedback")]

    def __str__(self) -> str:
        return self.public_id


class PublishedAuditResult(models.Model):
    """What one attack on one release learnt, measured before the release went out."""

    class Status(models.TextChoices):
        PASSED = "passed"
        FAILED = "failed"
        TOLD = "told"  # measured, and not promised
        NOT_APPLICABLE = "not_applicable"  # nothing there to attack

    audited_dataset = models.CharField(max_length=50)
    audited_release = models.PositiveIntegerField()
    attack = models.CharField(max_length=48)
    subject = models.CharField(max_length=32, blank=True)  # low_harm, person, sensitive; empty: all
    measured = models.FloatField(null=True)
    limit = models.FloatField(null=True)
    direction = models.CharField(max_length=8)  # at_most, at_least; empty: told only
    n = models.PositiveIntegerField(null=True)  # trials; null: structural
    status = models.CharField(max_length=16, choices=Status)
    first_release = models.PositiveIntegerField()
    retired_release = models.PositiveIntegerField(null=True)

    class Meta:
        db_table = '"release"."audit_result"'
        constraints = [
            models.UniqueConstraint(
                fields=["audited_dataset", "audited_release", "attack", "subject"],
                name="pub_audit_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.audited_dataset} {self.audited_release}: {self.attack} {self.subject}"


class PublishedOutcome(models.Model):
    """What became of a gunfire alert, as told from one release of the dataset gunfire until another.

    An alert without a row here waits until its month is due.
    """

    class Outcome(models.TextChoices):
        EVIDENCE = "evidence"
        UNCONFIRMED = "unconfirmed"  # looked, and nothing was found
        UNFOUNDED = "unfounded"  # found to be something else
        NOT_REPORTED = "not_reported"
        WITHHELD = "withheld"  # a record of the same event may not be told, or cover for such

    public_id = models.CharField(max_length=24)  # of the alert
    outcome = models.CharField(max_length=16, choices=Outcome)
    first_release = models.PositiveIntegerField()
    retired_release = models.PositiveIntegerField(null=True)

    class Meta:
        db_table = '"release"."gunfire_outcome"'
        constraints = [
            models.UniqueConstraint(
                fields=["public_id"],
                condition=Q(retired_release__isnull=True),
                name="pub_outcome_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.public_id}: {self.outcome}"


class PublishedFigure(models.Model):
    """One number of the gunfire ledger, with its interval and its n, or the reason why there is none."""

    class Status(models.TextChoices):
        TOLD = "told"
        NONE = "none"  # there was nothing to measure
        WITHHELD = "withheld"  # too few to be told
        NOT_SUPPLIED = "not_supplied"  # not for this period
        NOT_COLLECTED = "not_collected"  # for no period

    period = models.CharField(max_length=16)  # 2026-10, 2026, 2025-11/2026-10 (twelve months)
    district_slug = models.CharField(max_length=80, blank=True)  # empty: the city
    measure = models.CharField(max_length=32)
    status = models.CharField(max_length=16, choices=Status)
    value = models.FloatField(null=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    count = models.PositiveIntegerField(null=True)
    n = models.PositiveIntegerField(null=True)
    unit = models.CharField(max_length=8)
    first_release = models.PositiveIntegerField()
    retired_release = models.PositiveIntegerField(null=True)

    class Meta:
        db_table = '"release"."gunfire_figure"'
        constraints = [
            models.UniqueConstraint(
                fields=["period", "district_slug", "measure"],
                condition=Q(retired_release__isnull=True),
                name="pub_figure_once",
            ),
            models.CheckConstraint(
                name="pub_figure_told_has_value",
                condition=Q(status="told", value__isnull=False)
                | (~Q(status="told") & Q(value__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.period} {self.district_slug} {self.measure}"


class PublishedCalibration(models.Model):
    """How often alerts of one stated probability were followed by evidence, rather than found to be something else."""

    period = models.CharField(max_length=16)
    stated_from_pct = models.PositiveSmallIntegerField()
    stated_to_pct = models.PositiveSmallIntegerField()  # and including
    stated_pct = models.FloatField()  # mean of what was stated
    n = models.PositiveIntegerField()  # with evidence or unfounded
    n_evidence = models.PositiveIntegerField()
    n_unconfirmed = models.PositiveIntegerField()  # in neither
    observed_pct = models.FloatField(null=True)
    low_pct = models.FloatField(null=True)
    high_pct = models.FloatField(null=True)
    first_release = models.PositiveIntegerField()
    retired_release = models.PositiveIntegerField(null=True)

    class Meta:
        db_table = '"release"."gunfire_calibration"'
        constraints = [
            models.UniqueConstraint(
                fields=["period", "stated_from_pct"],
                condition=Q(retired_release__isnull=True),
                name="pub_calibration_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stated_from_pct} to {self.stated_to_pct} %"


class PublishedCount(models.Model):
    """A count of sensitive incidents with the small random error drawn once, or a sum of such counts."""

    statistic = models.CharField(max_length=24)  # district-quarter, groups, city-month, revision
    period = models.CharField(max_length=8)  # 2026-11, 2026-Q3, 2026
    district_slug = models.CharField(max_length=80, blank=True)  # empty: the city
    category_group = models.CharField(max_length=16)  # "sensitive": all together
    noisy_count = models.IntegerField()
    low = models.PositiveIntegerField()  # 19 times in 20 the error leaves the count between the two
    high = models.PositiveIntegerField()
    epsilon = models.FloatField()
    first_release = models.PositiveIntegerField()
    retired_release = models.PositiveIntegerField(null=True)

    class Meta:
        db_table = '"release"."sensitive_count"'
        constraints = [
            models.UniqueConstraint(
                fields=["statistic", "period", "district_slug", "category_group"],
                name="pub_count_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.statistic} {self.period} {self.district_slug} {self.category_group}"


class PublishedCharge(models.Model):
    """What one vector of noisy counts spent of the privacy of each incident that is in it."""

    statistic = models.CharField(max_length=24)
    period = models.CharField(max_length=8)
    epsilon = models.FloatField()
    share = models.FloatField()  # what all draws of the statistic may spend on one incident
    spent = models.FloatField()  # by an incident of the period, on all statistics so far
    lifetime = models.FloatField()  # what it may ever spend
    first_release = models.PositiveIntegerField()
    retired_release = models.PositiveIntegerField(null=True)

    class Meta:
        db_table = '"release"."privacy_charge"'
        constraints = [
            models.UniqueConstraint(
                fields=["statistic", "period"],
                condition=Q(retired_release__isnull=True),
                name="pub_charge_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.statistic} {self.period}"


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


class PublishedTally(models.Model):
    """Counts for pages and charts, summed from the published rows and from nothing else."""

    dataset_slug = models.SlugField()
    release_number = models.PositiveIntegerField()
    month = models.DateField()  # first day of the month in which the period starts, city time
    last_month = models.DateField(null=True)  # ... ends; null: made before this was told
    category = models.CharField(max_length=32)
    district_slug = models.CharField(max_length=80, blank=True)
    beat_slug = models.CharField(max_length=80, blank=True)
    precision = models.CharField(max_length=8, blank=True)
    n = models.PositiveIntegerField()

    class Meta:
        db_table = '"release"."tally"'
        constraints = [
            models.UniqueConstraint(
                fields=[
                    "dataset_slug",
                    "release_number",
                    "month",
                    "category",
                    "district_slug",
                    "beat_slug",
                    "last_month",
                    "precision",
                ],
                name="pub_tally_once",
            ),
        ]
        verbose_name_plural = "tallies"

    def __str__(self) -> str:
        return f"{self.dataset_slug} {self.month:%Y-%m} {self.category}"
