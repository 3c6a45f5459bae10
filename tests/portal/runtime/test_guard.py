"""The guard's own mishaps; that it ends children at all is proved in tests/faults."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from portal.runtime import guard


def test_a_group_that_leaves_just_before_it_would_be_killed_is_no_trouble(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""], process_group=0)
    gone.wait()
    with pytest.raises(ProcessLookupError):
        os.killpg(gone.pid, 0)
    monkeypatch.setattr(guard, "_is_alive", lambda ward: True)

    guard.end(guard.Ward(0, gone.pid, signal.SIGTERM, 0.0, "web"))

    assert "web did not stop within 0 s" in capfd.readouterr().err
