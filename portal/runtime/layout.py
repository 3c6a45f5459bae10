"""Where a running Daylight keeps its files, from one home folder.

Settings, the supervisor and the tests all ask here, so that every command finds the same
sockets without being told.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]

# sockaddr_un.sun_path holds 108 bytes on Linux and 104 on macOS; PostgreSQL adds "/.s.PGSQL.5432.lock".
LONGEST_SOCKET_FOLDER = 80


@dataclass(frozen=True)
class Layout:
    """The folders and sockets under one home. Nothing is created by asking."""

    home: Path

    @classmethod
    def default(cls) -> Layout:
        """``DAYLIGHT_HOME`` where set, else ``var/`` in the project."""
        return cls(Path(os.environ.get("DAYLIGHT_HOME") or PROJECT / "var").resolve())

    @property
    def run(self) -> Path:
        """The folder of sockets and locks; a short one elsewhere when the home's path is too long for a socket."""
        here = self.home / "run"
        if len(os.fsencode(here)) <= LONGEST_SOCKET_FOLDER:
            return here
        digest = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:8]
        base = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())
        return base / f"daylight-{os.getuid()}-{digest}"

    @property
    def lock(self) -> Path:
        return self.run / "supervisor.lock"

    @property
    def postgres_data(self) -> Path:
        return self.home / "postgres"

    @property
    def postgres_sockets(self) -> Path:
        return self.run

    @property
    def redis_data(self) -> Path:
        return self.home / "redis"

    @property
    def redis_socket(self) -> Path:
        return self.run / "redis.sock"

    @property
    def beat_schedule(self) -> Path:
        """When each periodic task last left; beat makes it anew where it is missing or broken."""
        return self.home / "beat" / "schedule"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def secrets(self) -> Path:
        """Keys made at first start, mode 0600; production gives them through the environment instead."""
        return self.home / "secrets"

    @property
    def files(self) -> Path:
        """Released files, built once per release by the worker."""
        return self.home / "files"
