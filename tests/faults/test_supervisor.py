"""The supervisor with small children: order, restarts, steps, stubbornness, one seat."""

from __future__ import annotations

from pathlib import Path

import psutil
from conftest import Stage, wait_until

SLEEPER = {"name": "sleeper", "command": ["sleep", "1001"]}


def diarist(stage: Stage, name: str) -> dict:
    """A child that notes its start and its end in one shared diary."""
    diary = stage.home / "diary"
    script = (
        f"trap 'echo {name} stopped >> {diary}; exit 0' TERM; echo {name} started >> {diary}; "
        "while :; do sleep 0.05; done"
    )
    return {"name": name, "command": ["sh", "-c", script]}


def diary(stage: Stage) -> list[str]:
    path = stage.home / "diary"
    return path.read_text().splitlines() if path.exists() else []


def test_children_start_in_order_and_stop_in_reverse(stage: Stage) -> None:
    step = {
        "name": "step",
        "command": ["sh", "-c", f"sleep 0.3; echo step done >> {stage.home}/diary"],
        "is_step": True,
    }
    stage.start(stage.command(diarist(stage, "first"), step, diarist(stage, "last")))
    wait_until(lambda: "last started" in diary(stage), what="the last had started")

    assert stage.stop() == 0

    assert diary(stage) == [
        "first started",
        "step done",
        "last started",
        "last stopped",
        "first stopped",
    ]
    assert stage.processes() == []


def test_a_child_may_ask_to_be_stopped_first(stage: Stage) -> None:
    eager = diarist(stage, "eager") | {"stop_rank": 1000}
    stage.start(stage.command(diarist(stage, "first"), eager, diarist(stage, "last")))
    wait_until(lambda: "last started" in diary(stage), what="the last had started")

    stage.stop()

    stops = [line for line in diary(stage) if line.endswith("stopped")]
    assert stops == ["eager stopped", "last stopped", "first stopped"]


def test_a_killed_child_comes_back(stage: Stage) -> None:
    stage.start(stage.command(SLEEPER, {"name": "other", "command": ["sleep", "1002"]}))
    before, bystander = stage.child("sleep", "1001"), stage.child("sleep", "1002")

    stage.kill(before)

    wait_until(
        lambda: (now := stage.child("sleep", "1001")) is not None and now != before,
        what="the child was back",
    )
    assert stage.child("sleep", "1002") == bystander
    assert "sleeper was ended by SIGKILL" in stage.said()


def test_what_a_dead_child_left_behind_is_cleared_away(stage: Stage) -> None:
    family = {"name": "family", "command": ["sh", "-c", "sleep 1003 & wait"]}
    stage.start(stage.command(family))
    wait_until(lambda: len(grandchildren(stage)) == 1, what="there was a grandchild")
    (orphan,) = grandchildren(stage)

    stage.kill(stage.child("sh", "sleep 1003"))

    wait_until(lambda: not orphan.is_running(), what="the orphan was gone")
    wait_until(lambda: len(grandchildren(stage)) == 1, what="the family was whole again")


def grandchildren(stage: Stage) -> list:
    return [process for process in stage.processes() if process.cmdline() == ["sleep", "1003"]]


def test_a_child_that_finished_well_stays_finished(stage: Stage) -> None:
    note = stage.home / "runs"
    once = {"name": "once", "command": ["sh", "-c", f"echo run >> {note}"], "may_finish": True}
    stage.start(stage.command(once, SLEEPER))
    wait_until(lambda: stage.child("sleep", "1001"), what="the next child ran")

    # The killed neighbour's return proves that the supervisor has looked at everybody again.
    before = stage.child("sleep", "1001")
    stage.kill(before)
    wait_until(lambda: stage.child("sleep", "1001") not in (before, None), what="it was back")

    assert note.read_text() == "run\n"


def test_a_failed_step_ends_the_start_and_is_quoted(stage: Stage) -> None:
    step = {
        "name": "step",
        "command": ["sh", "-c", "echo the tables are crooked >&2; exit 3"],
        "is_step": True,
    }

    refused = stage.run(stage.command(SLEEPER, step))

    assert refused.returncode == 1
    assert "step left with 3" in refused.stderr
    assert "the tables are crooked" in refused.stderr
    assert stage.processes() == []


def test_a_child_that_never_lives_ends_the_start(stage: Stage) -> None:
    broken = {"name": "broken", "command": ["sh", "-c", "echo no such colour; exit 1"]}

    refused = stage.run(stage.command(broken))

    assert refused.returncode == 1
    assert "no such colour" in refused.stderr


def test_a_stubborn_child_is_killed_in_the_end(stage: Stage) -> None:
    stubborn = {
        "name": "stubborn",
        "command": ["sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"],
        "stop_within_s": 0.3,
    }
    stage.start(stage.command(SLEEPER, stubborn))

    assert stage.stop() == 0

    assert "stubborn did not stop within 0.3 s and was killed" in stage.said()
    assert stage.processes() == []


def test_a_stuck_child_is_replaced(stage: Stage) -> None:
    marker = stage.home / "stuck"
    stage.start(stage.command(SLEEPER | {"is_stuck_while": str(marker)}))
    before = stage.child("sleep", "1001")

    marker.touch()

    wait_until(lambda: stage.child("sleep", "1001") not in (before, None), what="it was replaced")
    assert "sleeper is stuck" in stage.said()


def test_a_second_start_in_the_same_home_is_refused(stage: Stage) -> None:
    first = stage.start(stage.command(SLEEPER))
    before = stage.child("sleep", "1001")

    second = stage.run(stage.command(SLEEPER))

    assert second.returncode == 1
    assert f"already runs here: process {first.pid}" in second.stderr
    assert stage.child("sleep", "1001") == before


def test_a_held_terminal_holds_nobody_up(stage: Stage) -> None:
    chatter = {
        "name": "chatter",
        "command": ["sh", "-c", "i=0; while :; do i=$((i+1)); echo line $i; done"],
    }
    stage.start(stage.command(chatter))
    log = Path(stage.home / "logs/chatter.log")
    assert stage.supervisor is not None
    supervisor = psutil.Process(stage.supervisor.pid)

    supervisor.suspend()
    try:
        size = log.stat().st_size
        wait_until(lambda: log.stat().st_size > size + 200_000, what="the child went on talking")
    finally:
        supervisor.resume()
