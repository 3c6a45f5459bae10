"""kill -9 of the supervisor leaves nobody behind, and the next start finds a clean house."""

from __future__ import annotations

import signal
import sys

import psutil
import pytest
from conftest import Stage, wait_until

FAMILY = {"name": "family", "command": ["sh", "-c", "sleep 1004 & sleep 1004 & wait"]}


def test_it_leaves_no_orphan_and_starts_again(stage: Stage) -> None:
    command = stage.command("postgres", "redis", FAMILY)
    supervisor = stage.start(command)
    wait_until(lambda: len(sleepers(stage)) == 2, what="the grandchildren ran")
    assert len(stage.processes()) > 6

    supervisor.send_signal(signal.SIGKILL)
    supervisor.wait()

    wait_until(lambda: stage.processes() == [], what="everybody was gone")

    stage.start(command)
    assert stage.stop() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can tie a child to its parent")
def test_killing_the_guard_as_well_leaves_no_server(stage: Stage) -> None:
    supervisor = stage.start(stage.command("postgres", "redis"))
    guard = stage.child("guard.py")

    supervisor.send_signal(signal.SIGSTOP)  # so that it cannot replace its guard
    stage.kill(guard)
    supervisor.send_signal(signal.SIGKILL)
    supervisor.wait()

    wait_until(lambda: stage.processes() == [], what="everybody was gone")


def test_a_killed_guard_is_replaced_and_still_does_its_work(stage: Stage) -> None:
    supervisor = stage.start(stage.command(FAMILY))
    before = stage.child("guard.py")

    stage.kill(before)
    wait_until(lambda: stage.child("guard.py") not in (before, None), what="there was a new guard")
    supervisor.send_signal(signal.SIGKILL)
    supervisor.wait()

    wait_until(lambda: stage.processes() == [], what="everybody was gone")


def sleepers(stage: Stage) -> list[psutil.Process]:
    return [process for process in stage.processes() if process.cmdline() == ["sleep", "1004"]]
