"""Where rows of each kind are stored, and what of a stored row a later file may change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from django.db.models import Model

from incidents.importers.shapes import Kind
from incidents.models import (
    Address,
    AlertResponse,
    AlertResponseRevision,
    CallForService,
    CallRevision,
    Incident,
    IncidentRevision,
)
from sensors.models import AcousticEvent

# Constants of a run, for ``on_insert``: who, from which file, when.
SOURCE, FILE, NOW = "{source}", "{file}", "{now}"

# Types of the staging table by column; all others are text.
_TYPES: Final = {
    **dict.fromkeys(
        ["occurred_from", "occurred_to", "reported_at", "received_at", "dispatched_at",
         "arrived_at", "cleared_at", "occurred_at", "alerted_at", "on_scene_at"], "timestamptz"
    ),
    **dict.fromkeys(["lon", "lat", "evidence_lon", "evidence_lat", "officer_minutes"], "float8"),
    **dict.fromkeys(["district_id", "beat_id"], "bigint"),
    **dict.fromkeys(
        ["n_shots", "number_from", "number_to", "stands_for", "n_officers", "n_casings"], "integer"
    ),
    **dict.fromkeys(["is_multiple", "confirms_shooting"], "boolean"),
}  # fmt: skip


@dataclass(frozen=True)
class Target:
    """One table. In SQL expressions ``t`` is the stored row and ``s`` the staged one."""

    model: type[Model]
    source_field: str  # "" where the id alone is the key
    id_field: str
    fields: tuple[str, ...]  # that decide whether a row has changed
    placed: tuple[str, ...] = ()  # written along, but no reason for a revision
    on_insert: Mapping[str, str] = field(default_factory=dict)  # texts of COPY, or the constants
    copied: Mapping[str, str] = field(default_factory=dict)  # column -> the column it repeats
    on_update: Mapping[str, str] = field(default_factory=dict)  # SQL
    # What a stored row holds against the file (SQL), as what a person decided about it.
    kept: Mapping[str, str] = field(default_factory=dict)
    revisions: type[Model] | None = None

    @property
    def table(self) -> str:
        return self.model._meta.db_table

    @property
    def staged(self) -> tuple[str, ...]:
        return (self.id_field, *self.fields, *self.placed)

    def type_of(self, column: str) -> str:
        return _TYPES.get(column, "text")


_BY_HAND = "CASE WHEN t.classified_by = '' THEN s.{0} ELSE t.{0} END"
_AREAS = ("district_id", "beat_id")
_NEXT: Final = {"revision": "t.revision + 1", "imported_file_id": "%(file)s"}

TARGETS: Final[Mapping[Kind, Target]] = {
    Kind.INCIDENTS: Target(
        model=Incident,
        source_field="source",
        id_field="source_id",
        fields=(
            "code", "code_label", "category", "tier", "occurred_from", "occurred_to",
            "reported_at", "address_text", "lon", "lat", "location_type", "victim_flags",
            "relationship", "narrative", "disposition", "confirms_shooting",
        ),
        placed=_AREAS,
        on_insert={
            "source": SOURCE, "is_sealed": "f", "classified_by": "", "revision": "1",
            "first_seen_at": NOW, "updated_at": NOW, "imported_file_id": FILE,
        },
        on_update={**_NEXT, "updated_at": "%(now)s"},
        kept={"category": _BY_HAND.format("category"), "tier": _BY_HAND.format("tier")},
        revisions=IncidentRevision,
    ),
    Kind.CALLS: Target(
        model=CallForService,
        source_field="source",
        id_field="source_id",
        fields=(
            "call_type", "call_type_label", "category", "tier", "priority", "received_at",
            "dispatched_at", "arrived_at", "cleared_at", "address_text", "lon", "lat",
            "disposition", "confirms_shooting",
        ),
        placed=_AREAS,
        on_insert={"source": SOURCE, "revision": "1", "imported_file_id": FILE},
        on_update=_NEXT,
        revisions=CallRevision,
    ),
    Kind.ACOUSTIC_EVENTS: Target(
        model=AcousticEvent,
        source_field="provider",
        id_field="provider_event_id",
        fields=("occurred_at", "lon", "lat", "kind", "n_shots", "is_multiple"),
        on_insert={
            "provider": SOURCE, "participants": "[]", "core_version": "", "revision": "1",
            "classifier_version": "", "reasons": "{{}}",
        },
        copied={"detected_at": "occurred_at"},
        on_update={"revision": "t.revision + 1", "revised_at": "%(now)s", "withdrawn_at": "NULL"},
    ),
    Kind.ALERT_RESPONSES: Target(
        model=AlertResponse,
        source_field="source",
        id_field="source_id",
        fields=(
            "alert_number", "alerted_at", "dispatched_at", "on_scene_at", "cleared_at",
            "initial_type", "final_type", "n_officers", "officer_minutes", "disposition",
            "disposition_text", "report_number", "address_text", "lon", "lat", "evidence_lon",
            "evidence_lat", "n_casings",
        ),
        on_insert={
            "source": SOURCE, "linked_by": "", "unlinked_because": "", "revision": "1",
            "first_seen_at": NOW, "updated_at": NOW, "imported_file_id": FILE,
        },
        on_update={**_NEXT, "updated_at": "%(now)s"},
        revisions=AlertResponseRevision,
    ),
    Kind.ADDRESSES: Target(
        model=Address,
        source_field="",
        id_field="source_id",
        fields=(
            "kind", "street", "street_key", "number_from", "number_to", "lon", "lat",
            "stands_for", "use",
        ),
        placed=_AREAS,
        on_insert={"imported_file_id": FILE},
        on_update={"imported_file_id": "%(file)s"},
    ),
}  # fmt: skip
