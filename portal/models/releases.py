"""What can be downloaded, its editions, and the signed record of them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


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
