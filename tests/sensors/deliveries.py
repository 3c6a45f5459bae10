"""Messages on their way into the inbox. For tests."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from sensors import actions
from sensors.kinds import MessageKind
from sensors.models import IngestBatch, Source
from tests.sensors.field import NOW, T0_NS

keys = (f"key-{number}" for number in itertools.count())


def accept(
    source: Source, messages: Any, kind: MessageKind = "pulses", *, received_at: datetime = NOW
) -> IngestBatch:
    body = messages if isinstance(messages, bytes) else json.dumps(messages).encode()
    receipt = actions.accept_batch(
        source_id=source.pk,
        kind=kind,
        body=body,
        idempotency_key=next(keys),
        channel="file",
        received_at=received_at,
    )
    return IngestBatch.objects.get(pk=receipt.receipt)


def pulse(number: int = 0, **change: Any) -> dict[str, Any]:
    return {"sensor": "MIC-22", "pulse_id": f"p{number}", "t_ns": T0_NS + number * 10**9} | change


def reading(value: float | str, minute: int = 0, **change: Any) -> dict[str, Any]:
    t = datetime(2026, 3, 14, 21, 0, tzinfo=UTC) + timedelta(minutes=minute)
    return {
        "sensor": "BIN-1",
        "property": "fillingLevel",
        "t": t.isoformat(),
        "value": value,
    } | change
