"""Alerts find the responses and records that belong to them. Run again, nothing changes."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from incidents.actions.calls import rebuild_calls
from incidents.actions.responses import release_withdrawn
from incidents.actions.shootings import rebuild_shootings
from incidents.linking import RESPONSE, separations
from incidents.models import AlertResponse, LinkRun
from incidents.pools import (
    WRONG_NUMBER,
    Ground,
    first_alike,
    link_by_number,
    link_in_turn,
    plane_of,
)
from incidents.queries.columns import rows_of
from incidents.queries.linking import (
    AlertRows,
    ResponseRows,
    ShootingRows,
    alert_rows,
    incident_ids,
    link_inputs,
    response_rows,
    shooting_rows,
)

Link = AlertResponse.Link


@dataclass(frozen=True)
class Linked:
    """What a linking found: n_linked of n_responses, n_alerted of n_shootings; and the rows it changed."""

    n_responses: int
    n_linked: int
    n_shootings: int
    n_alerted: int
    n_changed: int


def link_if_new(*, now: dt.datetime) -> Linked | None:
    """:func:`link_alerts`, unless nothing that it reads has changed since the last time."""
    run = LinkRun.objects.first()
    return None if run and run.inputs == link_inputs() else link_alerts(now=now)


@transaction.atomic
def link_alerts(*, now: dt.datetime) -> Linked | None:
    """Link all there is; None where another process is at it. What a person linked stays with its alert."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('link alerts'))")
        if cursor.fetchone() != (True,):
            return None
    release_withdrawn(now=now)
    inputs = link_inputs()  # before the rows: what comes in between is found next time
    alerts, before, shootings = alert_rows(), response_rows(), shooting_rows()
    ground = ground_of(alerts, shootings)
    responses = _linked(alerts, before, ground)
    rebuilt = rebuild_shootings(shootings, alerts, ground, responses, now=now)
    n_changed = rebuilt.n_changed + rebuild_calls(alerts, ground)
    n_written, n_to_write = _write(before, responses)  # last, for an import waits for these rows
    if n_written < n_to_write:
        inputs = ""  # so that the next time is not thought to have nothing to do
    LinkRun.objects.update_or_create(pk=1, defaults={"inputs": inputs, "linked_at": now})
    return Linked(
        n_responses=responses.id.size,
        n_linked=int((responses.event_id >= 0).sum()),
        n_shootings=rebuilt.n,
        n_alerted=rebuilt.n_alerted,
        n_changed=n_changed + n_written,
    )


def ground_of(alerts: AlertRows, shootings: ShootingRows) -> Ground:
    """A city without an alert yet is where its shootings are."""
    points = alerts if alerts.id.size else shootings
    return Ground.of(
        alerts.t_s,
        alerts.lon,
        alerts.lat,
        (alerts.cov_xx_m2, alerts.cov_xy_m2, alerts.cov_yy_m2),
        plane=plane_of(points.lon, points.lat),
        is_own=alerts.is_own,
        is_gunfire=alerts.is_gunfire,
    )


def _linked(alerts: AlertRows, rows: ResponseRows, ground: Ground) -> ResponseRows:
    """The responses as they should be linked: as a person said, by number, else by place and time."""
    by_hand = rows.by_hand
    said = rows_of(alerts.id, np.where(by_hand, rows.event_id, -1))
    named, is_wrong = link_by_number(alerts.number, alerts.t_s, rows.alert_number, rows.t_s)
    named[by_hand], is_wrong[by_hand] = -1, False
    taken = np.zeros(alerts.id.size, bool)
    taken[said[said >= 0]] = taken[named[named >= 0]] = True
    records = ground.records(rows.t_s, rows.t_s, rows.lon, rows.lat)
    is_open = ~by_hand & ~is_wrong & (named < 0)
    first = first_alike(records, is_open)
    is_open &= first == np.arange(first.size)
    near, reason = link_in_turn(
        ground.alerts, records, RESPONSE, pools=ground.pools, is_open=is_open, taken=taken
    )
    near, reason = near[first], reason[first]
    index = np.select([by_hand, named >= 0], [said, named], near)
    metres, seconds = separations(ground.alerts, records, index)
    linked_by = np.select(
        [by_hand, named >= 0, near >= 0],
        [Link.HAND.value, Link.NUMBER.value, Link.PLACE_AND_TIME.value],
        "",
    )
    return replace(
        rows,
        event_id=np.where(by_hand, rows.event_id, _ids(alerts.id, index)),
        incident_id=incident_ids(rows.report_number),
        linked_by=linked_by,
        unlinked_because=np.where(is_wrong, WRONG_NUMBER, reason),
        separation_m=metres.round(1),
        separation_s=seconds.round(1),
    )


def _ids(id_: NDArray[np.int64], index: NDArray[np.int64]) -> NDArray[np.int64]:
    """Row numbers to ids, -1 for none."""
    return np.append(id_, -1)[index]


_LINK_COLUMNS = {
    "event_id": "bigint", "incident_id": "bigint", "linked_by": "text",
    "unlinked_because": "text", "separation_m": "float8", "separation_s": "float8",
}  # fmt: skip


def _write(before: ResponseRows, after: ResponseRows) -> tuple[int, int]:
    """Only what is different: a link is derived, so it is no revision of the record. How many were
    written, of how many.

    A row that an import or a person is changing, or has changed since it was read, is left to the next
    linking. So this never waits for them, and neither of them can be caught in a deadlock with it.
    """
    is_other = np.zeros(before.id.size, bool)
    for name in _LINK_COLUMNS:
        old, new = getattr(before, name), getattr(after, name)
        is_other |= (old != new) & ~(
            (old != old) & (new != new)
        )  # NaN before and after is no change
    columns = [after.id[is_other].tolist(), after.revision[is_other].tolist()]
    columns += [_nulls(getattr(after, name)[is_other]) for name in _LINK_COLUMNS]
    names = ", ".join(["id", "revision", *_LINK_COLUMNS])
    arrays = ", ".join(f"%s::{kind}[]" for kind in ("bigint", "bigint", *_LINK_COLUMNS.values()))
    assignments = ", ".join(f"{name} = s.{name}" for name in _LINK_COLUMNS)
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH s AS (SELECT * FROM unnest({arrays}) AS s({names})), free AS ("  # noqa: S608
            "  SELECT t.id FROM incidents_alertresponse t JOIN s ON s.id = t.id"
            "  WHERE t.revision = s.revision ORDER BY t.id FOR UPDATE OF t SKIP LOCKED)"
            f" UPDATE incidents_alertresponse t SET {assignments} FROM s, free"
            " WHERE t.id = s.id AND t.id = free.id",
            columns,
        )
        return int(cursor.rowcount), int(is_other.sum())


def _nulls(column: NDArray[np.generic]) -> list[object]:
    """-1 and NaN are how columns say null."""
    if column.dtype.kind == "f":
        return [None if np.isnan(value) else value for value in column.tolist()]
    if column.dtype.kind == "i":
        return [None if value < 0 else value for value in column.tolist()]
    return list(column.tolist())
