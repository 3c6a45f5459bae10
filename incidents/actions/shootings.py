"""Confirmed shootings, made anew from the records that confirm them, each with its alert or the reason why not."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from incidents.linking import CALL, SHOOTING, Records, separations
from incidents.models import ConfirmedShooting
from incidents.pools import Ground, link_in_turn
from incidents.queries.columns import rows_of
from incidents.queries.linking import (
    AlertRows,
    ResponseRows,
    ShootingRows,
    microphone_rows,
    was_heard,
)
from incidents.shootings import is_covered, same_shooting


@dataclass(frozen=True)
class Rebuilt:
    """How many shootings there are, how many of them had an alert, and how many rows changed."""

    n: int
    n_alerted: int
    n_changed: int


def rebuild_shootings(
    rows: ShootingRows,
    alerts: AlertRows,
    ground: Ground,
    responses: ResponseRows,
    *,
    now: dt.datetime,
) -> Rebuilt:
    """Write what is new or different, delete what no record confirms any more. In the caller's transaction."""
    sd = np.where(rows.is_call, CALL.place_sd_m, SHOOTING.place_sd_m)
    records = ground.records(rows.from_s, rows.to_s, rows.lon, rows.lat, sd_m=sd)
    chosen, n_records, known = _shootings(rows, records, _known_alerts(rows, responses))
    index = rows_of(alerts.id, known)
    taken = np.zeros(alerts.id.size, bool)
    taken[index[index >= 0]] = True
    told = records.take(chosen)
    near, reason = link_in_turn(
        ground.alerts, told, SHOOTING,
        pools=ground.pools[:2],  # what is not called gunfire was no alert
        is_open=index < 0, taken=taken,
    )  # fmt: skip
    index = np.where(index >= 0, index, near)
    metres, seconds = separations(ground.alerts, told, index)
    covered = _covered(ground, told)
    wanted = [
        _who_and_where(rows, row)
        | {
            "is_covered": bool(covered[n]),
            "event_id": int(alerts.id[index[n]]) if index[n] >= 0 else None,
            "unlinked_because": str(reason[n]),
            "n_records": int(n_records[n]),
            "separation_m": round(float(metres[n]), 1) if index[n] >= 0 else None,
            "separation_s": round(float(seconds[n]), 1) if index[n] >= 0 else None,
        }
        for n, row in enumerate(chosen.tolist())
    ]
    return Rebuilt(len(wanted), int((index >= 0).sum()), _write(wanted, now=now))


def _who_and_where(rows: ShootingRows, row: int) -> dict[str, Any]:
    """The record that stands for a shooting, and what it says."""
    return {
        "incident_id": None if rows.is_call[row] else int(rows.id[row]),
        "call_id": int(rows.id[row]) if rows.is_call[row] else None,
        "occurred_at": dt.datetime.fromtimestamp(rows.from_s[row], dt.UTC),
        "lon": float(rows.lon[row]),
        "lat": float(rows.lat[row]),
    }


def _known_alerts(rows: ShootingRows, responses: ResponseRows) -> NDArray[np.int64]:
    """The alert of each record that a response became (its report number says so), else -1."""
    sure = (responses.event_id >= 0) & (responses.incident_id >= 0)
    alert = dict(
        zip(responses.incident_id[sure].tolist(), responses.event_id[sure].tolist(), strict=True)
    )
    known = [alert.get(id_, -1) for id_ in rows.id.tolist()]
    return np.where(rows.is_call, -1, np.array(known, np.int64))


def _shootings(
    rows: ShootingRows, records: Records, known: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Of each shooting: the record that stands for it, how many tell of it, the alert that one of them has.

    A record without a place cannot be said to have been covered; such a shooting is left out.
    """
    group = same_shooting(records, SHOOTING)
    placed = np.flatnonzero(np.isfinite(rows.lon) & np.isfinite(rows.lat))
    surest = (rows.id, rows.from_s, rows.is_call, records.is_vague(SHOOTING), group)
    order = placed[np.lexsort([key[placed] for key in surest])]
    chosen = order[np.diff(group[order], prepend=-1) != 0]
    alert_of = np.full(int(group.max(initial=-1)) + 1, -1, np.int64)
    np.maximum.at(alert_of, group, known)
    return chosen, np.bincount(group)[group[chosen]], alert_of[group[chosen]]


def _covered(ground: Ground, told: Records) -> NDArray[np.bool_]:
    """Not while nothing came in from any microphone: the array was off, and the uptime says so."""
    array = microphone_rows()
    x, y = ground.plane.to_xy(array.lon, array.lat)
    worked = array.active_at(told.from_s) & was_heard(told.from_s)[:, None]
    return is_covered(told.x_m, told.y_m, x, y, worked)


def _write(wanted: list[dict[str, Any]], *, now: dt.datetime) -> int:
    """Rows keep their ids as long as the same record stands for the shooting."""
    stored = {
        (shooting.incident_id, shooting.call_id): shooting
        for shooting in ConfirmedShooting.objects.all()
    }
    new, changed = [], []
    for values in wanted:
        shooting = stored.pop((values["incident_id"], values["call_id"]), None)
        if shooting is None:
            new.append(ConfirmedShooting(**values, linked_at=now))
        elif any(getattr(shooting, name) != value for name, value in values.items()):
            for name, value in {**values, "linked_at": now}.items():
                setattr(shooting, name, value)
            changed.append(shooting)
    gone = [shooting.pk for shooting in stored.values()]
    ConfirmedShooting.objects.filter(pk__in=gone).delete()
    ConfirmedShooting.objects.bulk_create(new, batch_size=1_000)
    names = [f.name for f in ConfirmedShooting._meta.concrete_fields if not f.primary_key]
    ConfirmedShooting.objects.bulk_update(changed, names, batch_size=500)
    return len(new) + len(changed) + len(gone)
