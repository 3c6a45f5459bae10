"""What a person decides about the response to an alert."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction

from incidents.models import AlertResponse, AlertResponseRevision
from sensors.models import AcousticEvent

# What an earlier state consists of: what the file said, as in the importer's revisions, and the link.
_STATE = (
    "alert_number", "alerted_at", "dispatched_at", "on_scene_at", "cleared_at", "initial_type",
    "final_type", "n_officers", "officer_minutes", "disposition", "disposition_text",
    "report_number", "address_text", "lon", "lat", "evidence_lon", "evidence_lat", "n_casings",
    "event_id", "linked_by", "unlinked_because", "separation_m", "separation_s",
)  # fmt: skip
# How far apart they are is linking's to say, which is told when either of them is corrected.
_OPEN: dict[str, Any] = {"event": None, "linked_by": "", "separation_m": None, "separation_s": None}
SHORTEST_REASON = 3  # letters; a dot is no reason


class LinkRefusedError(ValueError):
    """The link was not made; the message is one sentence for the person."""


@transaction.atomic
def link_response(
    *,
    response: AlertResponse,
    event: AcousticEvent | None,
    by: str,
    reason: str,
    now: dt.datetime,
) -> AlertResponse:
    """Say which alert it was about, or with None that it was about none. Linking leaves that alone."""
    response = AlertResponse.objects.select_for_update().get(pk=response.pk)
    if event is not None and event.withdrawn_at is not None:
        raise LinkRefusedError(
            "That alert was withdrawn: a rerun of the detector no longer finds it."
        )
    if response.linked_by == AlertResponse.Link.HAND and response.event_id == (event and event.pk):
        return response
    values = {"linked_by": AlertResponse.Link.HAND, "unlinked_because": ""}
    return _change(response, _OPEN | values | {"event": event}, by=by, reason=reason, now=now)


@transaction.atomic
def release_response(
    *, response: AlertResponse, by: str, reason: str, now: dt.datetime
) -> AlertResponse:
    """Take back what a person said: the next linking decides again."""
    response = AlertResponse.objects.select_for_update().get(pk=response.pk)
    if response.linked_by != AlertResponse.Link.HAND:
        return response
    return _change(response, _OPEN, by=by, reason=reason, now=now)


def release_withdrawn(*, now: dt.datetime) -> int:
    """Release what was linked by hand to alerts that the detector has withdrawn since; how many. In the
    caller's transaction, and without waiting for who is changing such a row.

    Else their minutes and evidence would be no alert's, also where a rerun only gave the same shots
    another alert.
    """
    lost = AlertResponse.objects.select_for_update(of=("self",), skip_locked=True).filter(
        linked_by=AlertResponse.Link.HAND, event__withdrawn_at__isnull=False
    )
    reason = "the alert was withdrawn"
    return len([_change(row, _OPEN, by="linking", reason=reason, now=now) for row in lost])


def _change(
    response: AlertResponse, values: dict[str, Any], *, by: str, reason: str, now: dt.datetime
) -> AlertResponse:
    """Keep what it said, then change it. In the caller's transaction."""
    if not by:
        raise LinkRefusedError("got no username; wanted who decided")
    if len(reason.strip()) < SHORTEST_REASON:
        raise LinkRefusedError("Give a reason.")
    AlertResponseRevision.objects.create(
        source=response.source,
        source_id=response.source_id,
        revision=response.revision,
        values={name: _json(getattr(response, name)) for name in _STATE},
        replaced_at=now,
        replaced_by_file_id=None,
        replaced_by=by,
        reason=reason.strip()[:200],
    )
    for name, value in values.items():
        setattr(response, name, value)
    response.revision += 1
    response.updated_at = now
    response.save(update_fields=[*values, "revision", "updated_at"])
    return response


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.datetime) else value
