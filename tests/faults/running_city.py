"""The real `manage.py up` on a stage, and ways to talk to it."""

from __future__ import annotations

import contextlib
import http.client
import json
import subprocess
import sys
import time
from typing import Any

from conftest import Stage

from tests.ports import free_port

LIVE_WORKER = ("celery", "worker", "--queues=live")
CHILDREN = (
    ("granian",),
    LIVE_WORKER,
    ("celery", "worker", "--queues=celery"),
    ("celery", "beat"),
    ("redis-server",),
    ("postgres", "-D"),
)


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
        """Whether web, database, queue, clock and both workers have worked together since then."""
        health, elapsed_s = self.health(), time.monotonic() - instant_s
        ages_s = [health.get(f"{name}_tick_age_s") for name in ("queue", "worker")]
        return all(age_s is not None and age_s < elapsed_s for age_s in ages_s)

    def manage(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.stage.run([sys.executable, "manage.py", *words], **self.environ)
