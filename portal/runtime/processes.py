# ruff: noqa: S603  (fixed programs with fixed arguments; nothing here comes from a request)
"""Two facts of Unix that starting a server needs: who it runs as, and whose death ends it."""

from __future__ import annotations

import functools
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

NOBODY = 65534


class StartFailedError(Exception):
    """Something could not be started; the message says why, in the program's own words."""


@dataclass(frozen=True)
class Identity:
    """How to start a program that refuses to run as root (PostgreSQL does)."""

    prefix: tuple[str, ...] = ()
    user: int | None = None

    @property
    def popen_options(self) -> dict[str, Any]:
        if self.user is None:
            return {}
        return {"user": self.user, "group": self.user, "extra_groups": []}

    def own(self, folder: Path) -> None:
        """Hand a folder to the user the program will run as."""
        if self.user is not None:
            os.chown(folder, self.user, self.user)


OURSELVES = Identity()


@functools.cache
def unprivileged() -> Identity:
    """Ourselves, or, when we are root, somebody who is not.

    A user namespace is preferred: files stay root's outside, so nothing else needs to be opened.
    Where namespaces are switched off, the program runs as ``nobody`` and must be able to reach
    its own files.
    """
    if os.geteuid() != 0:
        return OURSELVES
    disguise = ("unshare", "--user", "--map-user=1000")
    if shutil.which("unshare"):
        probe = subprocess.run([*disguise, "true"], capture_output=True, check=False)
        if probe.returncode == 0:
            return Identity(prefix=disguise)
    return Identity(user=NOBODY)


def spawn(
    command: Sequence[str],
    *,
    log: IO[bytes],
    on_death: signal.Signals,
    identity: Identity = OURSELVES,
    environ: Mapping[str, str] | None = None,
    folder: Path = Path("/"),
) -> subprocess.Popen[bytes]:
    """Start a server in a process group of its own; it gets ``on_death`` if we die."""
    return subprocess.Popen(
        _tied_to_parent([*identity.prefix, *command], on_death),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        env=os.environ | dict(environ or {}),
        cwd=folder,
        process_group=0,
        **identity.popen_options,
    )


def wait_ready(
    name: str,
    process: subprocess.Popen[bytes],
    is_ready: Callable[[], bool],
    *,
    log: Path,
    timeout_s: float = 60.0,
) -> None:
    """Return when the server answers; StartFailedError when it ends or takes too long."""
    deadline = time.monotonic() + timeout_s
    while not is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            words = "\n".join(log.read_text(errors="replace").splitlines()[-8:])
            raise StartFailedError(f"{name} did not start. Its last words ({log}):\n{words}")
        time.sleep(0.02)


def _tied_to_parent(command: Sequence[str], on_death: signal.Signals) -> list[str]:
    """The command, asking the kernel to send ``on_death`` when the parent process dies.

    Through ``setpriv`` and not through a function run between fork and exec, which is unsafe in
    a process with threads. Only Linux can do this; elsewhere the supervisor's guard stands alone.
    """
    if sys.platform == "linux" and _setpriv_knows_pdeathsig():
        return ["setpriv", "--pdeathsig", on_death.name.removeprefix("SIG"), *command]
    return list(command)


@functools.cache
def _setpriv_knows_pdeathsig() -> bool:
    if not shutil.which("setpriv"):
        return False
    probe = ["setpriv", "--pdeathsig", "TERM", "true"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0
