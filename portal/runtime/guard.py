"""Ends the children in order, whether the supervisor asks for it or has died.

A process of its own, standard library only, run as a script. It reads one line per child from its
standard input and does nothing until that closes, which happens when the supervisor leaves, for
whatever reason. Stopping therefore has one path, and the path for accidents is used every day.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from dataclasses import dataclass

GONE = 0


@dataclass(frozen=True)
class Ward:
    """One child: its process group (the leader's number), or GONE, and how to end it."""

    rank: int
    group: int
    stop_signal: int
    stop_within_s: float
    name: str

    def line(self) -> str:
        return f"{self.rank} {self.group} {self.stop_signal} {self.stop_within_s} {self.name}\n"

    @classmethod
    def from_line(cls, line: str) -> Ward:
        rank, group, stop_signal, stop_within_s, name = line.split()
        return cls(int(rank), int(group), int(stop_signal), float(stop_within_s), name)


def main() -> None:
    # A Ctrl-C or a hang-up meant for the supervisor must not take its guard away.
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    wards: dict[str, Ward] = {}
    for line in sys.stdin:
        ward = Ward.from_line(line)
        wards[ward.name] = ward  # a restarted child replaces its predecessor
    for ward in sorted(wards.values(), key=lambda ward: ward.rank, reverse=True):
        if ward.group != GONE:
            end(ward)


def end(ward: Ward) -> None:
    """Ask the leader to leave and wait until the whole group has, then insist.

    Only the leader is asked: a Celery or granian parent lets its own children finish their work.
    """
    with contextlib.suppress(ProcessLookupError):
        os.kill(ward.group, ward.stop_signal)
    deadline = time.monotonic() + ward.stop_within_s
    while _is_alive(ward):
        if time.monotonic() > deadline:
            with contextlib.suppress(ProcessLookupError, PermissionError):  # it left just now
                os.killpg(ward.group, signal.SIGKILL)
            _report(f"{ward.name} did not stop within {ward.stop_within_s:g} s and was killed")
            return
        time.sleep(0.02)


def _is_alive(ward: Ward) -> bool:
    try:
        os.killpg(ward.group, 0)
    except (ProcessLookupError, PermissionError):  # macOS says "permission" for a zombie
        return False
    return True


def _report(text: str) -> None:
    with contextlib.suppress(OSError):  # our reader may be gone
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


if __name__ == "__main__":
    main()
