"""The demonstration city's dispatch centre and its two reviewers: what became of the alerts of its past."""

from __future__ import annotations

import datetime as dt

import numpy as np
from django.utils import timezone

from community.models import User
from incidents.queries.linking import alert_rows
from incidents.simulation import Alerted
from portal.demo.world import World
from sensors.actions import record_review
from sensors.models import AcousticEvent, AcousticReview

REVIEWERS = ("reviewer", "reviewer2")  # of portal.demo.people.ACCOUNTS


def alerted(world: World) -> tuple[Alerted, list[int]]:
    """Our detector's events of the city's past, and their ids."""
    rows = alert_rows()
    past = rows.is_own & (rows.t_s < world.until.timestamp())
    x, y = world.city.plane.to_xy(rows.lon[past], rows.lat[past])
    alerts = Alerted(rows.number[past], rows.t_s[past], x, y, rows.is_gunfire[past])
    return alerts, rows.id[past].tolist()


def were_reviewed() -> bool:
    return AcousticReview.objects.exists()


def review_alerts(world: World) -> int:
    """Each judgement at its own time, as far as that has come. Returns how many there were."""
    alerts, ids = alerted(world)
    told = world.reviews(alerts)
    people = {user.username: user for user in User.objects.filter(username__in=REVIEWERS)}
    events = AcousticEvent.objects.in_bulk(ids)
    has_come = np.flatnonzero(told.t_s < timezone.now().timestamp())
    for n in has_come.tolist():
        event = events[ids[told.alert[n]]]
        record_review(
            event=event,
            finding=str(told.finding[n]),
            reason=str(told.reason[n]),
            revision=event.revision,
            by=people[REVIEWERS[told.reviewer[n]]],
            now=dt.datetime.fromtimestamp(told.t_s[n], dt.UTC),
        )
    return int(has_come.size)
