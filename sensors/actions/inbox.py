"""Taking in what was sent. The committed row is the acknowledgement; everything after can be repeated."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from psycopg import Cursor

from sensors.kinds import MessageKind
from sensors.models import IngestBatch
from sensors.payloads.daylight import JSON, Fault, PayloadError, parse

SHOWN_FAULTS = 10

PRUNED_AT_ONCE = 5_000


class InboxFull(Exception):  # noqa: N818  (a state, not a mistake of the sender)
    """More waits than can be drained soon; the sender keeps the message and tries again."""


class IdempotencyKeyReused(Exception):  # noqa: N818
    """The key of an earlier, different message. Taking it for a repeat would lose the new one."""


@dataclass(frozen=True)
class Receipt:
    """Proof of a committed inbox row; the same for every repeat of the same message."""

    receipt: str
    n_messages: int
    received_at: datetime
    is_repeated: bool
    # What could be seen to be wrong at once, at most SHOWN_FAULTS; the rest is found by the drain.
    faults: list[Fault] = field(default_factory=list)


def accept_batch(
    *,
    source_id: int,
    kind: MessageKind,
    body: bytes,
    idempotency_key: str,
    channel: str,
    received_at: datetime,
    content_type: str = JSON,
) -> Receipt:
    """Commit one body to the inbox, once per source and idempotency key.

    Over HTTP a body that is not JSON raises PayloadError, for its sender can still mend it; other
    channels have nobody to answer, so there it is kept, and the drain quarantines it whole.
    """
    try:
        parsed = parse(kind, body, content_type)
        n_messages, faults = len(parsed), parsed.faults[:SHOWN_FAULTS]
    except PayloadError:
        if channel == IngestBatch.Channel.HTTP:
            raise
        n_messages, faults = 1, []
    row = {
        "source": source_id,
        "key": idempotency_key,
        "channel": str(channel),
        "kind": kind,
        "content_type": content_type,
        "body": body,
        "received_at": received_at,
        "n_messages": n_messages,
        "last": settings.INGEST_MAX_WAITING - 1,
    }
    stored = _insert(row)
    identifier, first_received_at = stored or _first(row)
    return Receipt(str(identifier), n_messages, first_received_at, stored is None, faults)


def prune_inbox(*, now: datetime) -> int:
    """Delete old drained batches, their messages being stored long since; the number deleted.

    Batches with messages in quarantine, replayed or not, and parked ones are kept whole. A repeat
    that comes even later is judged again, and its messages are found to be stored already.
    """
    keep_days: int = settings.INGEST_KEEP_DAYS
    old = IngestBatch.objects.filter(
        state=IngestBatch.State.DRAINED,
        received_at__lt=now - timedelta(days=keep_days),
        quarantined__isnull=True,
    ).order_by("id")
    n_deleted = 0
    while ids := list(old.values_list("pk", flat=True)[:PRUNED_AT_ONCE]):
        # Deleting looks at the rows first; their bodies, megabytes each, it need not.
        n_deleted += IngestBatch.objects.filter(pk__in=ids).only("pk").delete()[0]
    return n_deleted


def content_key(kind: MessageKind, body: bytes) -> str:
    """An idempotency key for channels that carry none: the same content is the same message."""
    return hashlib.sha256(kind.encode() + b"\0" + body).hexdigest()


# Room and novelty are decided by the statement itself: one journey to the database per message.
_INSERT = """
INSERT INTO sensors_ingestbatch (
    source_id, idempotency_key, channel, message_kind, content_type, body, received_at, n_messages,
    state, attempts, n_stored, n_repeated, n_quarantined
)
SELECT %(source)s, %(key)s, %(channel)s, %(kind)s, %(content_type)s, %(body)b, %(received_at)s,
    %(n_messages)s, 'waiting', 0, 0, 0, 0
WHERE NOT EXISTS (
    SELECT FROM sensors_ingestbatch WHERE state = 'waiting' OFFSET %(last)s LIMIT 1
)
ON CONFLICT (source_id, idempotency_key) DO NOTHING
RETURNING id, received_at
"""
_FIRST = """
SELECT id, received_at, body = %(body)b AND message_kind = %(kind)s
FROM sensors_ingestbatch WHERE source_id = %(source)s AND idempotency_key = %(key)s
"""


def _insert(row: dict[str, Any]) -> tuple[int, datetime] | None:
    """(id, received_at) of the new row; None where it is known already, or there is no room."""
    found: tuple[int, datetime] | None = _fetch(_INSERT, row)
    return found


def _first(row: dict[str, Any]) -> tuple[int, datetime]:
    """Of the row that has this key already. Raises InboxFull where there is none after all."""
    found = _fetch(_FIRST, row)
    if found is None:
        raise InboxFull
    identifier, received_at, is_same = found
    if not is_same:
        raise IdempotencyKeyReused
    return identifier, received_at


def _fetch(statement: str, row: dict[str, Any]) -> Any:
    """One row. The body travels as bytes, where Django's own cursor would write it out as text."""
    with connection.cursor() as cursor, connection.wrap_database_errors:
        return Cursor(cursor.connection).execute(statement, row).fetchone()
