"""A gateway of the demonstration city: signs batches and posts them to the real door, as a vendor's would."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from sensors.authentication import (
    IDEMPOTENCY_HEADER,
    KEY_HEADER,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    sign,
)

BATCH = 4_000  # messages; well below the door's size cap
PATIENCE_S = 120.0


class DoorClosedError(Exception):
    """The web process did not take a batch in time; the message says what it answered."""


@dataclass(frozen=True)
class Gateway:
    """Who speaks, to which site."""

    site: str
    key_id: str
    secret: str = field(repr=False)

    def post(self, kind: str, messages: Sequence[dict[str, Any]], *, key: str) -> None:
        """Send messages ("pulses" or "observations") in batches. The same key is taken once, however often sent."""
        for first in range(0, len(messages), BATCH):
            lines = (json.dumps(message) for message in messages[first : first + BATCH])
            self._deliver(kind, "\n".join(lines).encode(), key=f"{key}-{first}")

    def _deliver(self, kind: str, body: bytes, *, key: str) -> None:
        deadline, answer = time.monotonic() + PATIENCE_S, "nothing"
        while time.monotonic() < deadline:
            try:
                status, answer = self._send(kind, body, key=key)
            except (OSError, http.client.HTTPException) as error:
                status, answer = 0, str(error)
            if status in (200, 202):
                return
            if status not in (0, 429, 502, 503):
                break
            time.sleep(1.0)  # the web process is starting, or the inbox is full
        raise DoorClosedError(f"posting {kind} to {self.site}: {answer}")

    def _send(self, kind: str, body: bytes, *, key: str) -> tuple[int, str]:
        timestamp = str(int(time.time()))
        headers = {
            "Content-Type": "application/x-ndjson",
            KEY_HEADER: self.key_id,
            TIMESTAMP_HEADER: timestamp,
            IDEMPOTENCY_HEADER: key,
            SIGNATURE_HEADER: sign(
                self.secret, timestamp=timestamp, idempotency_key=key, body=body
            ),
        }
        url = urlsplit(self.site)
        connection = http.client.HTTPConnection(
            url.hostname or "127.0.0.1", url.port or 80, timeout=30
        )
        try:
            connection.request("POST", f"/ingest/v1/{kind}", body, headers)
            response = connection.getresponse()
            return (
                response.status,
                f"{response.status} {response.read(300).decode(errors='replace')}",
            )
        finally:
            connection.close()
