"""From the inbox to the tables: claim, decode, land, count, all in one transaction per group."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F
from django.db.models.functions import Length

from sensors.actions.judging import Delivery
from sensors.actions.landing import Landed, land
from sensors.kinds import OBSERVATIONS, PULSES, MessageKind
from sensors.models import IngestBatch, Quarantined
from sensors.payloads.daylight import NOT_JSON, Fault, PayloadError, parse, readable, split

logger = logging.getLogger(__name__)

GROUP_BATCHES = 256
GROUP_MESSAGES, GROUP_BYTES = 20_000, 32 * 2**20  # what one transaction holds in memory

State = IngestBatch.State


@dataclass
class Drained:
    """What one run of the drain did. Messages = stored + repeated + quarantined."""

    n_batches: int = 0
    n_messages: int = 0
    n_stored: int = 0
    n_repeated: int = 0
    n_quarantined: int = 0
    n_pulses: int = 0  # of those stored: there is something to detect


def drain(*, now: datetime, budget_s: float = 20.0) -> Drained:
    """Drain waiting batches until none waits or the time is used up.

    Safe beside other drains: each locks what it works on and passes over what another holds. A
    group that fails is rolled back whole and its batches are tried again, each on its own; one
    that fails too often is parked, so that poison cannot stop the line.
    """
    drained = Drained()
    deadline = time.monotonic() + budget_s
    while (ids := _claim()) and time.monotonic() < deadline:
        try:
            _drain_group(ids, drained, now)
        except (OperationalError, InterfaceError):
            raise  # the database is away; the rows wait for it
        except Exception:
            logger.exception("could not drain batches %s; they stay in the inbox", ids)
    return drained


@transaction.atomic
def _claim() -> list[int]:
    """The next batches to try. The attempt is committed first, so that even one that kills us counts."""
    max_attempts: int = settings.INGEST_MAX_ATTEMPTS
    waiting = list(
        IngestBatch.objects.select_for_update(skip_locked=True)
        .filter(state=State.WAITING)
        .order_by("attempts", "id")
        .values_list("id", "attempts", "n_messages", Length("body"))[:GROUP_BATCHES]
    )
    hopeless = [pk for pk, attempts, *_ in waiting if attempts >= max_attempts]
    if hopeless:
        logger.error("parked batches %s after %d attempts", hopeless, max_attempts)
        IngestBatch.objects.filter(pk__in=hopeless).update(state=State.PARKED)
    claimed = _group([row for row in waiting if row[1] < max_attempts])
    IngestBatch.objects.filter(pk__in=claimed).update(attempts=F("attempts") + 1)
    return claimed


def _group(waiting: list[tuple[int, int, int, int]]) -> list[int]:
    """A batch that failed before goes alone; fresh ones go together, up to what memory allows."""
    claimed: list[int] = []
    messages_left, bytes_left = GROUP_MESSAGES, GROUP_BYTES
    for pk, attempts, n_messages, n_bytes in waiting:
        messages_left, bytes_left = messages_left - n_messages, bytes_left - n_bytes
        if claimed and (attempts > 0 or messages_left < 0 or bytes_left < 0):
            break
        claimed.append(pk)
        if attempts > 0:
            break
    return claimed


@transaction.atomic
def _drain_group(ids: list[int], drained: Drained, now: datetime) -> None:
    batches = IngestBatch.objects.select_for_update(skip_locked=True).filter(
        pk__in=ids, state=State.WAITING
    )
    deliveries: list[Delivery] = []
    faults: dict[int, list[Fault]] = {}
    bodies: dict[int, tuple[bytes, str]] = {}
    for batch in batches.order_by("id"):
        bodies[batch.pk] = bytes(batch.body), batch.content_type
        delivery, faults[batch.pk] = _decode(batch)
        deliveries.append(delivery)
    if not bodies:
        return  # another drain was quicker
    landed = land(deliveries, now=now)
    for batch_id, refused in _by_batch(landed).items():
        raws = split(*bodies[batch_id])
        faults[batch_id] += [Fault(at, *why, readable(raws[at])) for at, why in refused]
    _quarantine(faults, now)
    counts = [
        (batch_id, landed.stored[batch_id], landed.repeated[batch_id], len(faults[batch_id]))
        for batch_id in bodies
    ]
    _finish(counts, now)
    _add_up(drained, counts, landed.n_pulses)


def _decode(batch: IngestBatch) -> tuple[Delivery, list[Fault]]:
    body = bytes(batch.body)
    try:
        parsed = parse(message_kind(batch), body, batch.content_type)
    except PayloadError as error:
        return Delivery.of(batch, []), [Fault(0, NOT_JSON, str(error), readable(body))]
    return Delivery.of(batch, parsed.messages), parsed.faults


def message_kind(batch: IngestBatch) -> MessageKind:
    return PULSES if batch.message_kind == PULSES else OBSERVATIONS


def _by_batch(landed: Landed) -> dict[int, list[tuple[int, tuple[str, str]]]]:
    found = defaultdict(list)
    for (batch_id, position), why in landed.refused.items():
        found[batch_id].append((position, why))
    return found


def _quarantine(faults: dict[int, list[Fault]], now: datetime) -> None:
    Quarantined.objects.bulk_create(
        Quarantined(
            batch_id=batch_id,
            position=fault.position,
            reason=fault.reason,
            detail=fault.detail,
            raw=fault.raw,
            quarantined_at=now,
        )
        for batch_id, found in faults.items()
        for fault in found
    )


def _finish(counts: list[tuple[int, int, int, int]], now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE sensors_ingestbatch b SET state = 'drained', drained_at = %s,"
            " n_stored = c.stored, n_repeated = c.repeated, n_quarantined = c.quarantined"
            " FROM unnest(%s::bigint[], %s::int[], %s::int[], %s::int[])"
            " AS c(id, stored, repeated, quarantined) WHERE b.id = c.id",
            [now, *(list(column) for column in zip(*counts, strict=True))],
        )


def _add_up(drained: Drained, counts: list[tuple[int, int, int, int]], n_pulses: int) -> None:
    for _, stored, repeated, quarantined in counts:
        drained.n_batches += 1
        drained.n_messages += stored + repeated + quarantined
        drained.n_stored += stored
        drained.n_repeated += repeated
        drained.n_quarantined += quarantined
    drained.n_pulses += n_pulses
