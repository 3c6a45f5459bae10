"""A second chance for what could not be used, once the reason is gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F

from sensors.actions.draining import message_kind
from sensors.actions.judging import Delivery
from sensors.actions.landing import land
from sensors.models import IngestBatch, Quarantined
from sensors.payloads.daylight import PayloadError, parse


@dataclass(frozen=True)
class Replayed:
    """What a replay did. n_pulses: of those stored, so that the caller knows to detect again."""

    n_stored: int
    n_repeated: int
    n_still_refused: int
    n_pulses: int


@transaction.atomic
def replay_quarantined(*, ids: Iterable[int], now: datetime) -> Replayed:
    """Put quarantined messages through again, judged as of their first arrival.

    What is stored (or proves to be stored already) is marked replayed and moves over in its
    batch's counts; what is refused again stays, with the reason of today. A second replay of the
    same rows finds nothing left to do.
    """
    rows = list(
        Quarantined.objects.select_for_update(of=("self",))
        .select_related("batch")
        .filter(pk__in=list(ids), replayed_at__isnull=True)
        .order_by("batch_id", "position")
    )
    deliveries = [delivery for row in rows if (delivery := _read_again(row)) is not None]
    landed = land(deliveries, now=now)
    readable = {(one.batch_id, position) for one in deliveries for position, _ in one.messages}
    accepted = readable - landed.refused.keys()
    for row in rows:
        place = (row.batch_id, row.position)
        row.reason, row.detail = landed.refused.get(place, (row.reason, row.detail))
        row.replayed_at = now if place in accepted else None
    Quarantined.objects.bulk_update(rows, ["reason", "detail", "replayed_at"], batch_size=500)
    _move_counts(landed.stored, landed.repeated)
    n_stored, n_repeated = landed.stored.total(), landed.repeated.total()
    return Replayed(n_stored, n_repeated, len(rows) - n_stored - n_repeated, landed.n_pulses)


def unpark(*, ids: Iterable[int]) -> int:
    """Give parked batches another round of attempts; the number of batches."""
    parked = IngestBatch.objects.filter(pk__in=list(ids), state=IngestBatch.State.PARKED)
    return parked.update(state=IngestBatch.State.WAITING, attempts=0)


def _read_again(row: Quarantined) -> Delivery | None:
    """The message alone; None where it still cannot be read."""
    try:
        parsed = parse(message_kind(row.batch), row.raw.encode())
    except PayloadError:
        return None
    if len(parsed) != 1 or parsed.faults:
        return None
    return Delivery.of(row.batch, [(row.position, parsed.messages[0][1])])


def _move_counts(stored: Counter[int], repeated: Counter[int]) -> None:
    for batch_id in stored.keys() | repeated.keys():
        moved = stored[batch_id] + repeated[batch_id]
        IngestBatch.objects.filter(pk=batch_id).update(
            n_stored=F("n_stored") + stored[batch_id],
            n_repeated=F("n_repeated") + repeated[batch_id],
            n_quarantined=F("n_quarantined") - moved,
        )
