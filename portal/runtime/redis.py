"""Redis as a child process: one private socket, no network, every change kept in its log."""

from __future__ import annotations

import contextlib
import shutil
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import redis

from portal.runtime.processes import spawn, wait_ready
from portal.runtime.servers import Server, find_redis

STOP_SIGNAL = signal.SIGTERM

# Lua flaws that let an authenticated client run code (CVE-2024-46981, CVE-2025-49844,
# CVE-2025-46817, -46818, -46819): per release line, the first patch without them.
LUA_MENDED: dict[tuple[int, ...], int] = {
    (6, 2): 20,
    (7, 2): 11,
    (7, 4): 6,
    (8, 0): 4,
    (8, 2): 2,
}
LUA_MENDED_IN_VALKEY: dict[tuple[int, ...], int] = {(7, 2): 11, (8, 0): 6, (8, 1): 4}


@dataclass(frozen=True)
class EmbeddedRedis:
    """A server with its files in ``data`` that listens on ``socket`` and nowhere else."""

    data: Path
    socket: Path
    log: Path
    durable: bool = True
    server: Server = field(default_factory=find_redis)

    @property
    def url(self) -> str:
        """For redis-py; Celery wants the scheme ``redis+socket``."""
        return f"unix://{self.socket}"

    def command(self) -> list[str]:
        """What to execute, in the foreground."""
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.data),
            "daemonize": "no",
            "loglevel": "warning",
            "save": "",
            # Everything acknowledged survives a killed process; a power cut costs a second of
            # wake-up calls, which the sweep makes again from PostgreSQL.
            "appendonly": "yes" if self.durable else "no",
            "appendfsync": "everysec",
            "maxmemory": "256mb",
            "maxmemory-policy": "noeviction",  # evicting would drop tasks in silence
        }
        switches = [word for name, value in settings.items() for word in (f"--{name}", value)]
        return [str(self.server.program), *switches]

    def initialise(self) -> None:
        """Make the folders. Safe to repeat."""
        self.evict_predecessor()
        for folder in (self.data, self.socket.parent):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
        self.log.parent.mkdir(parents=True, exist_ok=True)

    def evict_predecessor(self) -> None:
        """End a server left over from before: two on one log would spoil it."""
        if not self.socket.exists():
            return
        with (
            contextlib.suppress(redis.RedisError),
            redis.Redis.from_url(self.url, socket_timeout=5) as client,
        ):
            client.shutdown()

    def is_ready(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=3) as client:
                return bool(client.ping())
        except redis.RedisError:  # refused, or still reading its log
            return False

    @contextlib.contextmanager
    def running(self) -> Iterator[EmbeddedRedis]:
        """A started server, stopped on leaving; for tests and tools."""
        self.initialise()
        with self.log.open("ab") as log:
            process = spawn(self.command(), log=log, on_death=STOP_SIGNAL)
        try:
            wait_ready("Redis", process, self.is_ready, log=self.log)
            yield self
        finally:
            process.send_signal(STOP_SIGNAL)
            process.wait(timeout=30)


@contextlib.contextmanager
def throwaway_redis() -> Iterator[EmbeddedRedis]:
    """A fresh server in a temporary folder that keeps nothing, gone afterwards; for tests."""
    folder = Path(tempfile.mkdtemp(prefix="dl-redis-"))
    try:
        embedded = EmbeddedRedis(
            data=folder / "data",
            socket=folder / "run/redis.sock",
            log=folder / "log",
            durable=False,
        )
        with embedded.running():
            yield embedded
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def has_lua_flaws(version: tuple[int, ...], *, is_valkey: bool = False) -> bool:
    """Whether a server of this version has the known flaws, unless its packager mended them."""
    mended = LUA_MENDED_IN_VALKEY if is_valkey else LUA_MENDED
    line, patch = version[:2], (*version, 0, 0)[2]
    return patch < mended[line] if line in mended else line < max(mended)
