"""The real `manage.py up` on a stage, and ways to talk to it."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import subprocess
import sys
import time
from typing import Any

from conftest import Stage

CHILDREN = (
    ("granian",),
    ("celery", "worker"),
    ("celery", "beat"),
    ("redis-server",),
    ("postgres", "-D"),
)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def up(port: int) -> list[str]:
    return [sys.executable, "manage.py", "up", "--without=demo", "--workers=1", f"--port={port}"]


class City:
    """A started Daylight and what it says about itself."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.port = free_port()
        self.environ = {"DAYLIGHT_HOME": str(stage.home)}
        stage.start(up(self.port), **self.environ)

    def request(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Status and body; status 0 where nobody answered, or not to the end."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException):
            return 0, b""
        finally:
            connection.close()

    def health(self) -> dict[str, Any]:
        """What /healthz says, or nothing where it says nothing."""
        _, body = self.request("GET", "/healthz")
        with contextlib.suppress(ValueError):
            return json.loads(body)
        return {}

    def is_well(self) -> bool:
        return self.health().get("status") == "ok"

    def has_ticked_since(self, instant_s: float) -> bool:
        """Whether web, database, queue, clock and worker have worked together since then."""
        age_s = self.health().get("queue_tick_age_s")
        return age_s is not None and age_s < time.monotonic() - instant_s

    def manage(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.stage.run([sys.executable, "manage.py", *words], **self.environ)
