"""Calls about shots find the event that they are about. Several may be about one."""

from __future__ import annotations

import numpy as np

from incidents.linking import CALL, link_many_to_one, separations
from incidents.models import AlertCall
from incidents.pools import Ground, link_in_turn
from incidents.queries.linking import AlertRows, call_rows

_NAMES = ("event_id", "separation_m", "separation_s")


def rebuild_calls(alerts: AlertRows, ground: Ground) -> int:
    """Write what is new or different, delete what no longer holds; how many. In the caller's transaction.

    A call says nothing about what it was that banged, so events of every kind are offered.
    """
    rows = call_rows()
    told = ground.records(rows.t_s, rows.t_s, rows.lon, rows.lat)
    index, _reason = link_in_turn(
        ground.alerts, told, CALL,
        pools=(alerts.is_own, ~alerts.is_own),
        is_open=np.ones(rows.id.size, bool), taken=np.zeros(alerts.id.size, bool),
        linker=link_many_to_one,
    )  # fmt: skip
    metres, seconds = separations(ground.alerts, told, index)
    linked = np.flatnonzero(index >= 0)
    wanted = {
        int(rows.id[n]): (int(alerts.id[index[n]]), round(metres[n], 1), round(seconds[n], 1))
        for n in linked.tolist()
    }
    stored = {row[0]: tuple(row[1:]) for row in AlertCall.objects.values_list("call_id", *_NAMES)}
    gone = [call for call, values in stored.items() if wanted.get(call) != values]
    new = [call for call, values in wanted.items() if stored.get(call) != values]
    AlertCall.objects.filter(call_id__in=gone).delete()
    AlertCall.objects.bulk_create(
        [AlertCall(call_id=call, **dict(zip(_NAMES, wanted[call], strict=True))) for call in new],
        batch_size=2_000,
    )
    return len({*gone, *new})
