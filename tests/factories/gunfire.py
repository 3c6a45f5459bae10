"""Alerts of a small private city with what became of them: dispatch, reviews, misses, microphones."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
from django.contrib.auth import get_user_model

from incidents.models import AlertResponse, ConfirmedShooting, Incident
from sensors.models import AcousticEvent, AcousticReview, Sensor, SensorHour, Source
from tests.factories.private import NOW, SOUTH, WEST, gunshot

DISPOSITIONS = ("evidence", "unconfirmed", "unconfirmed", "unconfirmed", "unfounded", "unknown")


def response(
    event: AcousticEvent, disposition: str = "unconfirmed", **values: Any
) -> AlertResponse:
    """An officer after six minutes, for half an hour."""
    at = event.occurred_at
    defaults: dict[str, Any] = {
        "source": "dispatch-centre",
        "source_id": f"dispatch-{event.pk}",
        "event": event,
        "alerted_at": at,
        "dispatched_at": at + dt.timedelta(minutes=2),
        "on_scene_at": at + dt.timedelta(minutes=6),
        "officer_minutes": 60.0,
        "disposition": disposition,
        "first_seen_at": at,
        "updated_at": at,
    }
    return AlertResponse.objects.create(**{**defaults, **values})


def review(event: AcousticEvent, finding: str, who: str = "reviewer-one") -> AcousticReview:
    reviewer, _ = get_user_model().objects.get_or_create(username=who)
    return AcousticReview.objects.create(
        event=event,
        reviewer=reviewer,
        finding=finding,
        reason="heard",
        reviewed_at=event.occurred_at + dt.timedelta(hours=1),
        event_revision=1,
        said_kind="gunfire",
        said_probability=event.probability,
    )


def answered_alerts(
    months: int = 14, a_month: int = 30, *, seed: int = 5, until: dt.datetime = NOW
) -> list[AcousticEvent]:
    """Alerts at random in both districts, most in the south, with responses and some reviews."""
    random = np.random.default_rng(seed)
    events = []
    for _ in range(months * a_month):
        at = until - dt.timedelta(days=float(random.uniform(4, months * 30.4)))
        in_south = random.random() < 0.8
        probability = float(random.uniform(0.5, 1.0))
        event = gunshot(
            occurred_at=at,
            detected_at=at + dt.timedelta(seconds=float(random.uniform(2, 9))),
            lon=WEST + float(random.uniform(0.002, 0.038)),
            lat=SOUTH + float(random.uniform(0.002, 0.018)) + (0 if in_south else 0.02),
            probability=probability,
        )
        events.append(event)
        word = DISPOSITIONS[int(random.integers(len(DISPOSITIONS)))]
        if random.random() < probability - 0.5:
            word = "evidence"
        lag = dt.timedelta(minutes=float(random.uniform(3, 15)))
        found = (
            {"evidence_lon": event.lon, "evidence_lat": event.lat + random.uniform(0, 0.0004)}
            if word == "evidence"
            else {}
        )
        if random.random() < 0.9:
            minutes = float(random.uniform(20, 90))
            response(event, word, on_scene_at=at + lag, officer_minutes=minutes, **found)
        if random.random() < 0.5:
            review(event, "evidence" if word == "evidence" else "no_evidence")
            if random.random() < 0.5:
                review(
                    event, "unfounded" if random.random() < 0.2 else "no_evidence", "reviewer-two"
                )
    return events


def shooting(record: Incident, alert: AcousticEvent | None = None) -> ConfirmedShooting:
    """A shooting that a record confirms; without alert it was missed."""
    assert record.lon is not None
    assert record.lat is not None
    return ConfirmedShooting.objects.create(
        incident=record,
        occurred_at=record.occurred_from,
        lon=record.lon,
        lat=record.lat,
        is_covered=True,
        event=alert,
        unlinked_because="" if alert else "no_alert",
        linked_at=NOW,
    )


def microphones(
    n: int, *, lat: float, start: dt.datetime, days: int, silent_from_day: int | None = None
) -> None:
    """Some sensors of one district that hear ten pulses an hour; the first falls silent on a day."""
    source, _ = Source.objects.get_or_create(
        slug="array", defaults={"name": "A", "created_at": start}
    )
    first = start.replace(minute=0, second=0, microsecond=0)
    for i in range(n):
        sensor = Sensor.objects.create(
            serial=f"mic-{lat}-{i}",
            kind="acoustic",
            source=source,
            lon=WEST + 0.002137 + 0.004 * (i % 9),
            lat=lat + 0.000219 + 0.001 * (i // 9),
        )
        until = silent_from_day if silent_from_day is not None and i == 0 else days
        SensorHour.objects.bulk_create(
            SensorHour(sensor=sensor, hour=first + dt.timedelta(hours=h), n_pulses=10)
            for h in range(24 * until)
        )
