"""Changes to private records that people decide on. The importer is the only other writer."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.db.models import Q

from incidents.codes import CATEGORIES, TIERS, strictest
from incidents.models import ImportedFile, Incident, IncidentRevision

# What an earlier state consists of, as in the importer's revisions.
_STATE = (
    "code", "code_label", "category", "tier", "occurred_from", "occurred_to", "reported_at",
    "address_text", "lon", "lat", "location_type", "victim_flags", "relationship", "narrative",
    "disposition", "is_sealed",
)  # fmt: skip


# Above the worker's time limit: what still says "running" after it does not run any more.
LONGEST_IMPORT = dt.timedelta(minutes=20)


class ClassificationError(ValueError):
    """A person asked for a category or tier that cannot be."""


@transaction.atomic
def seal_incident(*, incident: Incident, by: str, now: dt.datetime, reason: str = "") -> Incident:
    """Nothing of a sealed record is published or counted any more, whatever later files say."""
    incident = Incident.objects.select_for_update().get(pk=incident.pk)
    if incident.is_sealed:
        return incident
    return _change(incident, {"is_sealed": True}, by=by, now=now, reason=reason or "sealed")


@transaction.atomic
def unseal_incident(*, incident: Incident, by: str, now: dt.datetime, reason: str) -> Incident:
    """Take a seal off; the gate decides anew what may be published."""
    incident = Incident.objects.select_for_update().get(pk=incident.pk)
    if not incident.is_sealed:
        return incident
    return _change(incident, {"is_sealed": False}, by=by, now=now, reason=reason)


@transaction.atomic
def reclassify_incident(
    *,
    incident: Incident,
    category: str,
    by: str,
    now: dt.datetime,
    tier: str = "",
    reason: str = "",
) -> Incident:
    """Set category and tier by hand; later files then leave both alone. ``tier`` "": the category's."""
    if category not in CATEGORIES:
        raise ClassificationError(f"got category {category!r}; wanted {', '.join(CATEGORIES)}")
    least = CATEGORIES[category].tier
    tier = tier or least
    if tier not in TIERS or strictest(tier, least) != tier:
        raise ClassificationError(f"got tier {tier!r}; {category} is at least tier {least}")
    if not by:
        raise ClassificationError("got no username; wanted who decided")
    incident = Incident.objects.select_for_update().get(pk=incident.pk)
    if (incident.category, incident.tier, incident.classified_by) == (category, tier, by):
        return incident
    values = {"category": category, "tier": tier, "classified_by": by}
    return _change(incident, values, by=by, now=now, reason=reason)


def _change(
    incident: Incident, values: dict[str, Any], *, by: str, now: dt.datetime, reason: str
) -> Incident:
    """Keep what the record said, then change it. In the caller's transaction."""
    IncidentRevision.objects.create(
        source=incident.source,
        source_id=incident.source_id,
        revision=incident.revision,
        values={name: _json(getattr(incident, name)) for name in _STATE},
        replaced_at=now,
        replaced_by_file_id=None,
        replaced_by=by,
        reason=reason[:200],
    )
    for name, value in values.items():
        setattr(incident, name, value)
    incident.revision += 1
    incident.updated_at = now
    incident.save(update_fields=[*values, "revision", "updated_at"])
    return incident


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.datetime) else value


def receive_upload(
    *,
    source: str,
    name: str,
    spooled_as: str,
    size_bytes: int,
    sha256: str,
    by: str,
    now: dt.datetime,
) -> ImportedFile:
    """A file that lies in the spool folder and waits for the worker."""
    return ImportedFile.objects.create(
        source=source,
        name=name[:255],
        spooled_as=spooled_as,
        size_bytes=size_bytes,
        sha256=sha256,
        imported_by=by,
        started_at=now,
        state=ImportedFile.State.WAITING,
    )


def claim_upload(*, file_id: int, now: dt.datetime) -> ImportedFile | None:
    """Take a waiting upload, or one whose worker died; None where another worker was quicker."""
    state = ImportedFile.State
    free = Q(state=state.WAITING) | Q(
        state=state.RUNNING, started_at__lt=now - LONGEST_IMPORT, spooled_as__gt=""
    )
    claimed = ImportedFile.objects.filter(free, pk=file_id).update(
        state=state.RUNNING, started_at=now
    )
    return ImportedFile.objects.get(pk=file_id) if claimed else None


def fail_upload(*, file: ImportedFile, sentence: str, now: dt.datetime) -> ImportedFile:
    """An upload that could not even be started: its mapping is gone, its bytes are not there."""
    finding = {
        "check": "readable",
        "severity": "error",
        "sentence": sentence,
        "value": 0,
        "limit": 0,
    }
    file.state, file.finished_at = ImportedFile.State.FAILED, now
    file.quality = {"severity": "error", "findings": [finding]}
    file.save(update_fields=["state", "finished_at", "quality"])
    return file
