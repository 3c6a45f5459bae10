"""Real processes, really killed. Tests wait for conditions, never for a number of seconds."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

PROJECT = Path(__file__).resolve().parents[2]
PATIENCE_S = 90.0  # how long a very busy machine may take; nothing is measured by it


def wait_until(condition: Callable[[], object], *, what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.05)


class Stage:
    """A home folder and the supervisor processes that a test runs in it."""

    def __init__(self) -> None:
        # A name short enough for a socket, which pytest's own folders are not.
        self.home = Path(tempfile.mkdtemp(prefix="dl-f-"))
        self.mark = f"DAYLIGHT_TEST_MARK={uuid.uuid4()}"
        self.supervisor: subprocess.Popen[bytes] | None = None
        self.output = self.home / "output"

    def command(self, *children: str | dict) -> list[str]:
        listing = self.home / f"children-{uuid.uuid4().hex[:6]}.json"
        listing.write_text(json.dumps(children))
        return [sys.executable, str(Path(__file__).with_name("stage.py")), str(self.home), str(listing)]  # fmt: skip

    def start(self, command: list[str], **environ: str) -> subprocess.Popen[bytes]:
        """Run a supervisor and return once it says that everything is ready."""
        with self.output.open("ab") as output:
            self.supervisor = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self._environ(environ),
                cwd=PROJECT,
                process_group=0,
            )
        already = self.said().count("daylight | ready")
        wait_until(
            lambda: self.said().count("daylight | ready") > already or self._has_ended(),
            what="the supervisor was ready",
        )
        assert not self._has_ended(), self.said()
        return self.supervisor

    def run(self, command: list[str], **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a command that is expected to end by itself."""
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
            env=self._environ(environ),
            cwd=PROJECT,
        )

    def _environ(self, more: dict[str, str]) -> dict[str, str]:
        # A developer's own servers must not be the ones we kill.
        kept = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL")}
        return kept | dict([self.mark.split("=")]) | more

    def _has_ended(self) -> bool:
        assert self.supervisor is not None
        return self.supervisor.poll() is not None

    def said(self) -> str:
        return self.output.read_text(errors="replace") if self.output.exists() else ""

    def processes(self) -> list[psutil.Process]:
        """Whoever runs because of us: known by the mark, or, where a server painted over its
        environment with a title, by working in our home."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
                    continue
                name, value = self.mark.split("=")
                if process.environ().get(name) == value or process.cwd().startswith(str(self.home)):
                    found.append(process)
            except (psutil.Error, OSError):
                continue
        return found

    def child(self, *words: str) -> psutil.Process | None:
        """The direct child of the supervisor whose command line holds all the words."""
        assert self.supervisor is not None
        for process in psutil.Process(self.supervisor.pid).children():
            try:
                line = " ".join(process.cmdline())
            except psutil.Error:
                continue
            # Before exec, a child still looks like its parent.
            if all(word in line for word in words) and "stage.py" not in line:
                return process
        return None

    def kill(self, process: psutil.Process | None) -> None:
        assert process is not None
        process.send_signal(signal.SIGKILL)

    def stop(self) -> int:
        assert self.supervisor is not None
        self.supervisor.send_signal(signal.SIGTERM)
        return self.supervisor.wait(timeout=PATIENCE_S)

    def clear(self) -> None:
        if self.supervisor is not None and self.supervisor.poll() is None:
            self.supervisor.kill()  # first, so that it brings nobody back
            self.supervisor.wait()
        for process in self.processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        shutil.rmtree(self.home, ignore_errors=True)


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    try:
        yield stage
    finally:
        stage.clear()
