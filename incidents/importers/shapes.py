"""Which of our fields a file of each kind may fill, and how each is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What a file holds."""

    INCIDENTS = "incidents"
    CALLS = "calls"
    ACOUSTIC_EVENTS = "acoustic-events"
    ALERT_RESPONSES = "alert-responses"
    AREAS = "areas"
    ADDRESSES = "addresses"


class Reading(StrEnum):
    """How a text of the file becomes a value."""

    TEXT = "text"
    INSTANT = "instant"
    INTEGER = "integer"
    DECIMAL = "decimal"
    FLAG = "flag"
    POSITION = "position"  # lon and lat, or x and y of a projection
    PLACE = "place"  # the code of a district or beat, used where the position gives none


@dataclass(frozen=True)
class Field:
    """One of our fields. ``limit``: characters of a text, largest value of an integer."""

    reading: Reading = Reading.TEXT
    limit: int = 0
    is_required: bool = False
    needs_column: bool = False  # the mapping must name it, although single rows may lack it


def _text(limit: int, *, required: bool = False) -> Field:
    return Field(Reading.TEXT, limit, is_required=required, needs_column=required)


_INSTANT: Final = Field(Reading.INSTANT)
_FIRST_INSTANT: Final = Field(Reading.INSTANT, is_required=True, needs_column=True)
_POSITION: Final = Field(Reading.POSITION)
_POSITIONS: Final = dict.fromkeys(("lon", "lat", "x", "y"), _POSITION)
_EVIDENCE: Final = ("evidence_lon", "evidence_lat", "evidence_x", "evidence_y")
_PLACES: Final = {name: Field(Reading.PLACE) for name in ("district", "beat")}
_NUMBER: Final = Field(Reading.INTEGER, limit=2_000_000_000)

# A few characters of the 64 are kept for the mark of a repeated number, "#12".
_ID: Final = Field(Reading.TEXT, 58, is_required=True, needs_column=True)

FIELDS: Final[Mapping[Kind, Mapping[str, Field]]] = {
    Kind.INCIDENTS: {
        "source_id": _ID,
        "code": _text(64, required=True),
        "code_label": _text(200),
        "occurred_from": _FIRST_INSTANT,
        "occurred_to": _INSTANT,
        "reported_at": _INSTANT,
        "address_text": _text(200),
        **_POSITIONS,
        **_PLACES,
        "location_type": _text(80),
        "victim_flags": _text(200),
        "relationship": _text(80),
        "narrative": _text(100_000),
        "disposition": _text(80),
    },
    Kind.CALLS: {
        "source_id": _ID,
        "call_type": _text(64, required=True),
        "call_type_label": _text(200),
        "priority": _text(16),
        "received_at": _FIRST_INSTANT,
        "dispatched_at": _INSTANT,
        "arrived_at": _INSTANT,
        "cleared_at": _INSTANT,
        "address_text": _text(200),
        **_POSITIONS,
        **_PLACES,
        "disposition": _text(80),
    },
    Kind.ACOUSTIC_EVENTS: {
        "provider_event_id": _ID,
        "occurred_at": _FIRST_INSTANT,
        "kind": _text(16, required=True),
        "is_multiple": Field(Reading.FLAG, is_required=True, needs_column=True),
        "n_shots": Field(Reading.INTEGER, limit=1000),
        **_POSITIONS,
    },
    Kind.ALERT_RESPONSES: {
        "source_id": _ID,
        "alert_number": _text(64),
        "alerted_at": _FIRST_INSTANT,
        "dispatched_at": _INSTANT,
        "on_scene_at": _INSTANT,
        "cleared_at": _INSTANT,
        "initial_type": _text(80),
        "final_type": _text(80),
        "n_officers": Field(Reading.INTEGER, limit=1_000),
        "n_units": Field(Reading.INTEGER, limit=1_000),
        "officer_minutes": Field(Reading.DECIMAL, limit=1_000_000),
        "disposition_text": _text(200),
        "report_number": _text(64),
        "address_text": _text(200),
        **_POSITIONS,
        **dict.fromkeys(_EVIDENCE, _POSITION),
        "n_casings": Field(Reading.INTEGER, limit=10_000),
    },
    Kind.AREAS: {
        "kind": _text(16, required=True),
        "code": _text(64, required=True),
        "name": _text(200),
        "parent": _text(64),
        "population": _NUMBER,
    },
    Kind.ADDRESSES: {
        "source_id": _ID,
        "street": _text(120),
        "number": _NUMBER,
        "left_from": _NUMBER,
        "left_to": _NUMBER,
        "right_from": _NUMBER,
        "right_to": _NUMBER,
        "dwellings": _NUMBER,
        "persons": _NUMBER,
        "use": _text(32),
        **_POSITIONS,
    },
}

# The field that names a row, and the one that its code table speaks of.
ID_FIELD: Final = {
    Kind.INCIDENTS: "source_id",
    Kind.CALLS: "source_id",
    Kind.ACOUSTIC_EVENTS: "provider_event_id",
    Kind.ALERT_RESPONSES: "source_id",
    Kind.ADDRESSES: "source_id",
    Kind.AREAS: "code",
}
# Pairs of columns of which a file names both or none.
PAIRS: Final = (("lon", "lat"), ("x", "y"), _EVIDENCE[:2], _EVIDENCE[2:])
# Later of two instants -> the earlier. One that comes before is dropped and counted.
ENDS: Final[Mapping[Kind, Mapping[str, str]]] = {
    Kind.INCIDENTS: {"occurred_to": "occurred_from"},
    Kind.ALERT_RESPONSES: {
        "dispatched_at": "alerted_at",
        "on_scene_at": "alerted_at",
        "cleared_at": "alerted_at",
    },
}
CODE_FIELD: Final = {Kind.INCIDENTS: "code", Kind.CALLS: "call_type"}
INSTANT_FIELD: Final = {
    Kind.INCIDENTS: "occurred_from",
    Kind.CALLS: "received_at",
    Kind.ACOUSTIC_EVENTS: "occurred_at",
    Kind.ALERT_RESPONSES: "alerted_at",
}
