"""Letting a built release out: its sums, its state, and what is current from then on."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.utils import timezone

from portal.models import Dataset, Release
from portal.publication.tallying import tallies, tally


def newest(slug: str) -> Release | None:
    """The newest active release, as the publisher sees it."""
    return (
        Release.objects.using("publisher")
        .filter(dataset__slug=slug, state=Release.State.ACTIVE)
        .select_related("dataset")
        .order_by("-number")
        .first()
    )


def let_out(release: Release, *, zone: ZoneInfo) -> None:
    """In the caller's transaction: once that is committed, this release is what readers get."""
    previous = newest(release.dataset.slug)
    if previous:  # which keeps its own, for pages that are being made now and for a withdrawal
        tallies(release.dataset.slug).filter(release_number__lt=previous.number).delete()
    tally(release, zone)
    release.state = Release.State.ACTIVE
    release.activated_at = timezone.now()
    columns = ("state", "activated_at", "n_rows", "sha256", "manifest_sha256", "verification")
    release.save(using="publisher", update_fields=columns)
    Dataset.objects.using("publisher").filter(pk=release.dataset_id).update(current=release)
