"""Who stands around the running stack: gateways that post, a visitor that reads, a watcher of the table of events."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

N_GATEWAYS = 20
LOOK_S = 0.02  # how often the table is looked at: the resolution of the figures
PAGES = ("/", "/healthz")


def ask(port: int, method: str, path: str, body: bytes = b"", headers: dict | None = None) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        response.read()
        return response.status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


@dataclass
class Gateway(threading.Thread):
    """Posts what its sensors heard, as soon as it was heard, every so many seconds."""

    number: int
    port: int
    key_id: str
    secret: str
    every_s: float
    pulses: list[tuple[float, dict]]  # (when it is to be sent, message), in that order
    answers: Counter = field(default_factory=Counter)
    door_s: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        time.sleep(self.every_s * self.number / N_GATEWAYS)
        at = 0
        while at < len(self.pulses):
            time.sleep(self.every_s)
            now, first = time.time(), at
            while at < len(self.pulses) and self.pulses[at][0] <= now:
                at += 1
            if at > first:
                self.deliver([message for _, message in self.pulses[first:at]], f"{first}-{at}")

    def deliver(self, messages: list[dict], key: str) -> None:
        body = json.dumps(messages).encode()
        while (status := self.post(body, key)) != 202:
            self.answers[status] += 1
            time.sleep(0.2)
        self.answers[202] += 1

    def post(self, body: bytes, key: str, *, to: str = "pulses") -> int:
        from sensors.authentication import sign

        stamp = str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "Daylight-Key": self.key_id,
            "Daylight-Timestamp": stamp,
            "Daylight-Idempotency-Key": key,
            "Daylight-Signature": sign(
                self.secret, timestamp=stamp, idempotency_key=key, body=body
            ),
        }
        began = time.perf_counter()
        status = ask(self.port, "POST", f"/ingest/v1/{to}", body, headers)
        self.door_s.append(time.perf_counter() - began)
        return status


class Visitor(threading.Thread):
    """Opens pages all the while, twice a second."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.port, self.seconds, self.is_over = port, {page: [] for page in PAGES}, False

    def run(self) -> None:
        while not self.is_over:
            for page in PAGES:
                began = time.perf_counter()
                assert ask(self.port, "GET", page) == 200, page
                self.seconds[page].append(time.perf_counter() - began)
            time.sleep(0.5)


class Watcher(threading.Thread):
    """Sees each event when it is committed: id -> (seen at, last pulse received at, shot at), seconds."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.seen: dict[int, tuple[float, float, float]] = {}
        self.is_over = False

    def run(self) -> None:
        from django.db import connection

        newest = 0
        with connection.cursor() as cursor:
            while not self.is_over:
                cursor.execute(
                    "SELECT id, revision, extract(epoch FROM last_pulse_at), t_ns"
                    " FROM sensors_acousticevent WHERE id > %s ORDER BY id",
                    [newest],
                )
                now = time.time()
                for newest, revision, received_s, t_ns in cursor.fetchall():
                    assert revision == 1, "revised before it was seen; look more often"
                    self.seen[newest] = (now, float(received_s), t_ns / 1e9)
                time.sleep(LOOK_S)
