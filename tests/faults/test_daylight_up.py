"""`manage.py up`, the whole of it: every process killed in turn, and the city still answers."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import Any

from conftest import Stage, wait_until

UP = [sys.executable, "manage.py", "up", "--without=demo", "--workers=1"]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


class City:
    """A started Daylight and what it says about itself."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.port = free_port()
        self.environ = {"DAYLIGHT_HOME": str(stage.home)}
        stage.start([*UP, f"--port={self.port}"], **self.environ)

    def health(self) -> dict[str, Any]:
        """The answer of /healthz, or nothing where there is none."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=10) as it:
                return json.load(it)
        except urllib.error.HTTPError as error:
            with error, contextlib.suppress(ValueError):
                return json.load(error)
        except OSError:
            pass
        return {}

    def has_ticked_since(self, instant_s: float) -> bool:
        """Whether web, database, queue, clock and worker have worked together since then."""
        age_s = self.health().get("queue_tick_age_s")
        return age_s is not None and age_s < time.monotonic() - instant_s

    def manage(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.stage.run([sys.executable, "manage.py", *words], **self.environ)


def test_a_city_survives_the_death_of_each_of_its_processes(stage: Stage) -> None:
    city = City(stage)
    wait_until(lambda: city.health().get("status") == "ok", what="the city was well")

    for words in (
        ("granian",),
        ("celery", "worker"),
        ("celery", "beat"),
        ("redis-server",),
        ("postgres", "-D"),
    ):
        killed_at_s = time.monotonic()
        before = stage.child(*words)
        stage.kill(before)
        wait_until(
            lambda words=words, before=before: stage.child(*words) not in (before, None),
            what=f"{words[0]} was back",
        )
        wait_until(
            lambda since_s=killed_at_s: city.has_ticked_since(since_s),
            what=f"the city worked again after {' '.join(words)} was killed",
        )

    report = city.manage("doctor")
    assert report.returncode == 0, report.stdout
    for words in ("postgres 18", "redis-server 6.2", "mode 0700", "last tick", "none pending"):
        assert words in report.stdout
    assert "CVE-2025-49844" in report.stdout

    second = city.manage("up", f"--port={free_port()}")
    assert second.returncode == 1
    assert "already runs here" in second.stderr

    assert stage.stop() == 0
    assert stage.processes() == []


def test_a_city_whose_supervisor_was_killed_starts_again(stage: Stage) -> None:
    city = City(stage)
    assert stage.supervisor is not None

    stage.supervisor.send_signal(signal.SIGKILL)
    stage.supervisor.wait()
    wait_until(lambda: stage.processes() == [], what="everybody was gone")
    report = city.manage("doctor")
    again = City(stage)

    assert report.returncode == 1
    assert "not running here" in report.stdout
    assert "unreachable" in report.stdout
    assert again.health()["database"] == "ok"


def test_a_taken_port_is_reported_before_anything_starts(stage: Stage) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        refused = stage.run([*UP, f"--port={port}"], DAYLIGHT_HOME=str(stage.home))

    assert refused.returncode == 1
    assert f"port {port}" in refused.stderr
    assert "--port" in refused.stderr
    assert stage.processes() == []
