"""What became of one acoustic event, read row by row and thought through in words."""

from __future__ import annotations

import math
from typing import Any

from incidents.models import AlertCall, AlertResponse, ConfirmedShooting
from sensors.models import AcousticEvent, AcousticReview

STRENGTH = ("evidence", "unfounded", "unconfirmed", "unknown")
EARTH_M = 6_371_008.8


def life_of(event: AcousticEvent) -> dict[str, Any]:
    responses = list(AlertResponse.objects.filter(event=event).order_by("id"))
    reviews = list(AcousticReview.objects.filter(event=event).order_by("reviewed_at", "id"))
    newest = {review.reviewer_id: review for review in reviews}
    findings = {review.finding for review in newest.values()}
    return {
        "n_responses": len(responses),
        "dispatched_s": earliest(event, [r.dispatched_at for r in responses]),
        "on_scene_s": earliest(event, [r.on_scene_at for r in responses]),
        "officer_minutes": total([r.officer_minutes for r in responses]),
        "disposition": min((r.disposition for r in responses), key=STRENGTH.index, default=""),
        "evidence_m": evidence_m(event, responses),
        "finding": "disputed" if len(findings) > 1 else next(iter(findings), ""),
        "n_reviewers": len(newest),
        "is_override": any(map(contradicts, newest.values())),
        "said_probability": reviews[0].said_probability if reviews else None,
        "incident_id": incident_of(event, responses),
        "n_calls": AlertCall.objects.filter(event=event).count(),
    }


def earliest(event: AcousticEvent, instants: list[Any]) -> float | None:
    known = [(at - event.occurred_at).total_seconds() for at in instants if at is not None]
    return min(known, default=None)


def total(minutes: list[float | None]) -> float | None:
    known = [value for value in minutes if value is not None]
    return sum(known) if known else None


def evidence_m(event: AcousticEvent, responses: list[AlertResponse]) -> float | None:
    """Along the great circle, to the first place at which a response found evidence."""
    for response in responses:
        if response.disposition != "evidence":
            continue
        if response.evidence_lon is not None and response.evidence_lat is not None:
            a, b = math.radians(event.lat), math.radians(response.evidence_lat)
            half = math.sin((b - a) / 2) ** 2
            half += (
                math.cos(a)
                * math.cos(b)
                * (math.sin(math.radians(response.evidence_lon - event.lon) / 2) ** 2)
            )
            return 2 * EARTH_M * math.asin(math.sqrt(half))
    return None


def contradicts(review: AcousticReview) -> bool:
    if review.said_kind == "gunfire":
        return review.finding in ("unfounded", "firework")
    return review.finding == "evidence"


def incident_of(event: AcousticEvent, responses: list[AlertResponse]) -> int:
    named = [r.incident_id for r in responses if r.incident_id is not None]
    told = [
        shooting.incident_id
        for shooting in ConfirmedShooting.objects.filter(event=event)
        if shooting.incident_id is not None
    ]
    return min(named, default=min(told, default=-1))
