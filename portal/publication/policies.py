"""What happens to every private column: published, coarsened or withheld. There is no default.

A test walks all private models and fails, printing what to paste, when a column is named nowhere.
``docs/gate.md`` shows the same table to readers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Publish:
    """The value itself becomes public, under this column."""

    column: str


@dataclass(frozen=True)
class Coarsen:
    """Something less exact becomes public."""

    columns: tuple[str, ...]
    how: str


@dataclass(frozen=True)
class Withhold:
    """Nothing of it becomes public."""

    why: str


Policy = Publish | Coarsen | Withhold

_KEY: Final = Withhold("internal key; the public id is random and not made from it")
_PLACE: Final = Coarsen(
    ("precision", "place_code", "cell_code", "longitude", "latitude", "stands_for_addresses"),
    "place of >= 20 addresses, cell of >= 500, district or city, by tier; assigned once",
)
_TIME: Final = Coarsen(
    ("period", "starts_at", "ends_at"), "6-hour band, week or quarter, by tier; assigned once"
)
_TIER: Final = Withhold("decides the tier; a combination of rare values would single a person out")
_STEP: Final = Withhold("when the police or we handled the record; would date the event")

_FIGURE: Final = Coarsen(
    ("value", "low", "high", "n"),
    "medians and totals of at least 10 alerts in the gunfire ledger",
)
_OUTCOME: Final = Coarsen(
    ("outcome", "count", "n"),
    "told of the alert 28 days or more after its month, unless a record beside it may not be told",
)
_MISSED: Final = Coarsen(
    ("count", "n"), "shootings without an alert, among at least 5 whose record is public; told once"
)
_UPTIME: Final = Coarsen(
    ("value", "low", "high"), "share of the hours of a month, of at least 8 sensors, in hundredths"
)
_DESK: Final = Withhold("the work of the desk")
_LINK: Final = Withhold("ties records to each other")

# Every field of the models from which rows are released.
POLICIES: Final[dict[str, dict[str, Policy]]] = {
    "incidents.Incident": {
        "id": _KEY,
        "source": Withhold("which system the record came from"),
        "source_id": Withhold(
            "the police's own number; would join the row to court and press records"
        ),
        "code": Coarsen(
            ("category",), "mapped to the public vocabulary; never published in tier 2"
        ),
        "code_label": Withhold("finer than the category"),
        "category": Publish("category"),
        "tier": _TIER,
        "classified_by": _STEP,
        "occurred_from": _TIME,
        "occurred_to": Withhold("the period is taken from the start alone"),
        "reported_at": _STEP,
        "address_text": Withhold("an exact address"),
        "lon": _PLACE,
        "lat": _PLACE,
        "district": Coarsen(
            ("district",), "slug of the district; empty where only the city is published"
        ),
        "beat": Coarsen(("beat",), "only where the published place lies in one beat"),
        "location_type": _TIER,
        "victim_flags": _TIER,
        "relationship": _TIER,
        "narrative": Withhold(
            "free text about people; read by the screen that raises the tier, by nothing else"
        ),
        "disposition": Withhold("not released yet: outcomes need groups of their own"),
        "confirms_shooting": Withhold(
            "counted in the gunfire ledger as a shooting with or without alert"
        ),
        "is_sealed": _TIER,
        "imported_file": _KEY,
        "revision": _STEP,
        "first_seen_at": _STEP,
        "updated_at": _STEP,
    },
    "sensors.AcousticEvent": {
        "id": _KEY,
        "provider": Publish("provider"),
        "provider_event_id": Withhold(
            "the vendor's number; would join the row to its exact original"
        ),
        "occurred_at": _TIME,
        "t_ns": Withhold("arrival arithmetic would locate sensors"),
        "lon": _PLACE,
        "lat": _PLACE,
        "cov_xx_m2": Withhold("the ellipse's shape tells where sensors are"),
        "cov_xy_m2": Withhold("the ellipse's shape tells where sensors are"),
        "cov_yy_m2": Withhold("the ellipse's shape tells where sensors are"),
        "kind": Publish("kind"),
        "probability": Coarsen(("confidence_pct",), "to the nearest 5 percent"),
        "n_shots": Coarsen(("rounds",), "bands 1, 2-5, 6+"),
        "is_multiple": Coarsen(("rounds",), "2+ where only 'several' is known"),
        "participants": Withhold("sensor sites and arrival times are never released"),
        "core_version": Coarsen(
            ("made_with",), "the versions behind the alerts of twelve months, not which made which"
        ),
        "classifier_version": Coarsen(
            ("made_with",), "the versions behind the alerts of twelve months, not which made which"
        ),
        "reasons": Withhold("features of single pulses; would help to imitate gunfire"),
        "last_pulse_at": _STEP,
        "revision": _STEP,
        "detected_at": _STEP,
        "revised_at": _STEP,
        "withdrawn_at": _STEP,
    },
    "incidents.CallForService": {
        "id": _KEY,
        "source": Withhold("which system the record came from"),
        "source_id": Withhold("dispatch's own number; would join the row to logs and recordings"),
        "call_type": Coarsen(
            ("category",), "mapped to the public vocabulary; never published in tier 2"
        ),
        "call_type_label": Withhold(
            "finer than the category; read by the screen that raises the tier"
        ),
        "category": Coarsen(
            ("category",),
            "what the police's record of the same door says, where it settles a doubt",
        ),
        "tier": _TIER,
        "priority": Withhold("says how bad it was, which is finer than the category"),
        "received_at": _TIME,
        "dispatched_at": _STEP,
        "arrived_at": _STEP,
        "cleared_at": _STEP,
        "address_text": Withhold("an exact address"),
        "lon": _PLACE,
        "lat": _PLACE,
        "district": Withhold("taken from the published place or cell, not from the record"),
        "beat": Withhold("taken from the published place, not from the record"),
        "disposition": Withhold("finer than the category; read by the screen that raises the tier"),
        "confirms_shooting": Withhold(
            "counted in the gunfire ledger as a shooting with or without alert"
        ),
        "imported_file": _STEP,
        "revision": _STEP,
    },
    "incidents.AlertResponse": {
        "id": _KEY,
        "source": Withhold("which system the record came from"),
        "source_id": Withhold("dispatch's own number; would join the row to logs and recordings"),
        "alert_number": Withhold("the vendor's number of the alert"),
        "event": _KEY,
        "linked_by": _STEP,
        "unlinked_because": _STEP,
        "separation_m": _LINK,
        "separation_s": _LINK,
        "alerted_at": _FIGURE,
        "dispatched_at": _FIGURE,
        "on_scene_at": _FIGURE,
        "cleared_at": _FIGURE,
        "initial_type": Withhold("finer than the outcome"),
        "final_type": Withhold("finer than the outcome"),
        "n_officers": _FIGURE,
        "officer_minutes": _FIGURE,
        "disposition": _OUTCOME,
        "disposition_text": Withhold("finer than the outcome; may hold anything"),
        "report_number": Withhold(
            "the police's own number; would join the row to court and press records"
        ),
        "incident": _LINK,
        "address_text": Withhold("an exact address"),
        "lon": Withhold("the alert is placed by its own estimate"),
        "lat": Withhold("the alert is placed by its own estimate"),
        "evidence_lon": _FIGURE,
        "evidence_lat": _FIGURE,
        "n_casings": Withhold("finer than the outcome"),
        "imported_file": _KEY,
        "revision": _STEP,
        "first_seen_at": _STEP,
        "updated_at": _STEP,
    },
    "incidents.ConfirmedShooting": {
        "id": _KEY,
        "incident": _LINK,
        "call": _LINK,
        "occurred_at": _MISSED,
        "lon": _MISSED,
        "lat": _MISSED,
        "is_covered": Coarsen(("count", "n"), "only what happened inside the array is counted"),
        "event": _MISSED,
        "unlinked_because": _MISSED,
        "n_records": _LINK,
        "separation_m": _LINK,
        "separation_s": _LINK,
        "linked_at": _STEP,
    },
    "sensors.AcousticReview": {
        "id": _KEY,
        "event": _KEY,
        "reviewer": Withhold("staff; told as how many reviewed, overrode and disagreed"),
        "finding": _OUTCOME,
        "reason": Withhold("free text"),
        "reviewed_at": _STEP,
        "event_revision": _STEP,
        "said_kind": Coarsen(("count", "n"), "how many reviewers said otherwise than the machine"),
        "said_probability": Withhold("the alert's own is published, to the nearest 5 percent"),
    },
    "sensors.SensorHour": {
        "id": _KEY,
        "sensor": Withhold("sites of acoustic sensors are a second secret"),
        "hour": _UPTIME,
        "n_pulses": _UPTIME,
    },
    "incidents.Area": {
        "id": _KEY,
        "kind": Publish("kind"),
        "code": Publish("code"),
        "name": Publish("name"),
        "slug": Publish("slug"),
        "parent": Publish("parent"),
        "geometry": Publish("geometry"),
        "population": Publish("population"),
        "imported_file": _KEY,
    },
    "incidents.Address": {
        "id": _KEY,
        "kind": Withhold("decides how many addresses a place stands for"),
        "source_id": Withhold("the city's own key"),
        "street": Coarsen(("street",), "the search box knows streets by range, not by door"),
        "street_key": Withhold("the street's name again, folded for comparison"),
        "number_from": Coarsen(("number_from", "number_to"), "range of the street inside one beat"),
        "number_to": Coarsen(("number_from", "number_to"), "range of the street inside one beat"),
        "lon": Coarsen(
            ("longitude", "latitude", "footprint"), "middle of a group of >= 20 addresses"
        ),
        "lat": Coarsen(
            ("longitude", "latitude", "footprint"), "middle of a group of >= 20 addresses"
        ),
        "stands_for": Coarsen(
            ("stands_for_addresses", "n_addresses"), "summed over a place or cell"
        ),
        "use": Withhold(
            "would point at shelters and clinics; raises the tier of what happens there"
        ),
        "district": Coarsen(("district",), "slug of the district of the whole place"),
        "beat": Coarsen(("beat",), "only where the whole place lies in one beat"),
        "imported_file": _KEY,
    },
    "community.Feedback": {
        "id": _KEY,
        "kind": Publish("kind"),
        "topic": Publish("topic"),
        "text": Withhold("the resident's own words; erased 30 days after the end"),
        "language": Withhold("a rare language would tell who wrote"),
        "about_officer": Withhold("the wall; such a message is counted by the quarter and no more"),
        "desk": Withhold("who works on it"),
        "district": Coarsen(
            ("district",), "where at least 5 of the same week stand there together, else the city"
        ),
        "place_words": Withhold("where the resident says it is; erased with the words"),
        "incident_public_id": Coarsen(
            ("about_public_id",), "only while that record is public; the row has its district"
        ),
        "state": _DESK,
        "receipt_hash": Withhold("opens the thread"),
        "created_at": Coarsen(("period", "starts_at", "ends_at"), "ISO week"),
        "due_at": _DESK,
        "clock_stopped_at": _DESK,
        "answered_at": Coarsen(("answer_days",), "whole working days since it came"),
        "reopened_at": _DESK,
        "closed_at": _DESK,
        "closed_by": _DESK,
        "closing_reason": Withhold("for the resident"),
        "may_publish": Withhold("decides whether any word is told"),
        "withdrawn_at": Withhold("decides whether any word is told"),
        "redacted_text": Coarsen(
            ("text",), "only what a person let through, with the resident's consent"
        ),
        "redacted_answer": Coarsen(("answer",), "only what a person let through"),
        "redaction": Withhold("decides whether any word is told"),
        "redaction_reasons": Withhold("would point at what was taken out"),
        "reviewed_by": _DESK,
        "reviewed_at": _DESK,
        "erased_at": _DESK,
    },
    "community.FeedbackPhoto": {
        "id": _KEY,
        "feedback": _LINK,
        "content": Coarsen(
            ("photos",),
            "drawn anew; only where a person who saw it let it through, beside the words",
        ),
        "width_px": Withhold("the picture says it"),
        "height_px": Withhold("the picture says it"),
        "created_at": _DESK,
        "is_public": Withhold("decides whether it is shown"),
        "decided_by": _DESK,
        "decided_at": _DESK,
    },
}

# Models of which nothing is released at all.
WITHHELD: Final[dict[str, str]] = {
    "incidents.ImportedFile": "how the city supplies its records; staff read the quality report",
    "incidents.RefusedRow": "raw rows that could not be used",
    "incidents.IncidentRevision": "what a record said before",
    "incidents.CallRevision": "what a record said before",
    "incidents.AlertResponseRevision": "what a record said before",
    "incidents.AlertCall": "who called about shots, and when; told as a share of alerts in the gunfire ledger",
    "incidents.LinkRun": "internal bookkeeping",
    "sensors.Source": "who signs readings",
    "sensors.DeviceKey": "keys",
    "sensors.Sensor": "sites of acoustic sensors are a second secret",
    "sensors.IngestBatch": "raw messages",
    "sensors.Quarantined": "raw messages",
    "sensors.Datastream": "readings are released as figures by later datasets",
    "sensors.Observation": "readings are released as figures by later datasets",
    "sensors.Pulse": "arrival times locate sensors",
    "sensors.AcousticEventRevision": "what an event said before",
    "sensors.AcousticClassifier": "weights would help to imitate gunfire; its calibration is released",
    "sensors.AssetFault": "would tell where the array is deaf; staff act on it",
    "sensors.DirtyWindow": "internal bookkeeping",
    "publication.Assignment": "the link between private and public ids (escrow)",
    "publication.NoiseDraw": "kept so that noise is drawn once",
    "publication.CountedIncident": "kept so that no incident is in two draws",
    "publication.Heartbeat": "internal bookkeeping",
    "webhooks.Subscription": "who wants to be called about releases; nobody else's business",
    "community.User": "staff accounts",
    "community.Feedback": "residents' own words; summaries are released by later datasets",
    "community.FeedbackContact": "how a resident can be reached; deleted when the case closes",
    "community.FeedbackNote": "residents' own words",
    "community.Assignment": "which officer works on what",
    "community.Response": "answers go to the resident who asked",
    "community.AuditEvent": "who did what among the staff",
}
