# ruff: noqa: S603  (fixed programs with fixed arguments; nothing here comes from a request)
"""PostgreSQL as a child process: its own cluster, one private socket, no network."""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg

from portal.runtime.processes import Identity, StartFailedError, spawn, unprivileged, wait_ready
from portal.runtime.servers import Server, find_postgres

OWNER = "daylight_owner"
DATABASE = "daylight"

# Fast shutdown: roll back, write a checkpoint, leave. SIGTERM would wait for every client to go.
STOP_SIGNAL = signal.SIGINT

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",  # solid-state disks
    "wal_compression": "pglz",
    "idle_in_transaction_session_timeout": "60s",
    "timezone": "UTC",
    # A failed statement carries residents' words; the server's log must not.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] %q%u@%d ",
}
# A test's cluster is thrown away; a city's is not.
CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class EmbeddedPostgres:
    """A cluster in ``data`` that listens on a socket in ``sockets`` and nowhere else.

    Every local connection is trusted: the folder's mode 0700 is the lock on the door.
    """

    data: Path
    sockets: Path
    log: Path
    durable: bool = True
    shared_buffers: str = ""  # '': as the machine has room for, little where nothing is durable
    server: Server = field(default_factory=find_postgres)
    identity: Identity = field(default_factory=unprivileged)

    def conninfo(self, *, user: str = OWNER, dbname: str = DATABASE) -> str:
        return psycopg.conninfo.make_conninfo(
            host=str(self.sockets), user=user, dbname=dbname, connect_timeout=3
        )

    def command(self) -> list[str]:
        """What to execute, in the foreground, as ``identity``."""
        has_room = self.durable and _memory_is_plenty()
        settings = SETTINGS | {
            "unix_socket_directories": str(self.sockets),
            "shared_buffers": self.shared_buffers or ("512MB" if has_room else "128MB"),
        }
        settings |= {} if self.durable else CARELESS
        switches = [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]
        return [str(self.server.program), "-D", str(self.data), *switches]

    def initialise(self) -> None:
        """Make folders and, where there is none yet, the cluster. Safe to repeat."""
        self.sockets.mkdir(parents=True, exist_ok=True)
        self.sockets.chmod(0o700)
        self.identity.own(self.sockets)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        version = self.data / "PG_VERSION"
        if not version.exists():
            self._make_cluster()
        elif (made_by := int(version.read_text())) != self.server.version[0]:
            raise StartFailedError(
                f"{self.data} was made by PostgreSQL {made_by}, but this is {self.server}. "
                f"Install PostgreSQL {made_by}, or restore a backup into an empty folder."
            )
        self.evict_predecessor()

    def _make_cluster(self) -> None:
        # Made beside its place and moved there whole, so that a first start cut short leaves
        # nothing that looks like a cluster.
        unfinished = self.data.with_name(self.data.name + ".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True, mode=0o700)
        self.identity.own(unfinished)
        command = [str(self.server.sibling("initdb")), "-D", str(unfinished)]
        command += ["--username", OWNER, "--auth=trust", "--encoding=UTF8", "--locale=C"]
        if self.server.version[0] >= 17:
            # The same order of letters on every machine, whatever its C library thinks.
            command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if not self.durable:
            command.append("--no-sync")
        self._run(command)
        single_user = [str(self.server.program), "--single", "-D", str(unfinished), "postgres"]
        self._run(single_user, script=f"CREATE DATABASE {DATABASE}\n")
        unfinished.rename(self.data)

    def _run(self, command: list[str], *, script: str = "") -> None:
        done = subprocess.run(
            [*self.identity.prefix, *command],
            input=script,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            **self.identity.popen_options,
        )
        if done.returncode != 0 or "ERROR:" in done.stderr:
            words = done.stderr.strip() or done.stdout.strip()
            raise StartFailedError(f"{Path(command[0]).name} failed: {words}")

    def evict_predecessor(self) -> None:
        """End whoever still works on this data, then remove the lock files they left.

        Called with the supervisor's lock held, so any such server is an orphan. The process
        number in its lock files may belong to somebody else by now, or to a zombie that nobody
        reaps; PostgreSQL alone would refuse to start over either. Only when nobody is left may
        the files go: they keep a new server away from the shared memory of old backends.
        """
        locks = [self.data / "postmaster.pid", *self.sockets.glob(".s.PGSQL.*.lock")]
        if not any(lock.exists() for lock in locks):
            return
        workers = self._processes_on_our_data()
        postmasters = [worker for worker in workers if str(self.data) in _words(worker)]
        for postmaster in postmasters:
            postmaster.send_signal(STOP_SIGNAL)
        psutil.wait_procs(postmasters, timeout=60)
        # Backends whose postmaster was killed go on with their statement. Their work is lost
        # either way; recovery begins when they are gone.
        orphans = self._processes_on_our_data()
        for orphan in orphans:
            orphan.kill()
        _, alive = psutil.wait_procs(orphans, timeout=10)
        if alive:
            raise StartFailedError(f"processes still at work on {self.data}: {alive}")
        for lock in locks:
            lock.unlink(missing_ok=True)

    def _processes_on_our_data(self) -> list[psutil.Process]:
        """Every process of PostgreSQL works inside its data folder."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                is_here = process.cwd() == str(self.data)
                if is_here and process.name().startswith("postgres"):
                    found.append(process)
        return found

    def is_ready(self) -> bool:
        try:
            with psycopg.connect(self.conninfo()):
                return True
        except psycopg.OperationalError:
            return False

    @contextlib.contextmanager
    def running(self) -> Iterator[EmbeddedPostgres]:
        """A started server with our database in it, stopped on leaving; for tests and tools."""
        self.initialise()
        with self.log.open("ab") as log:
            process = spawn(self.command(), log=log, on_death=STOP_SIGNAL, identity=self.identity)
        try:
            wait_ready("PostgreSQL", process, self.is_ready, log=self.log)
            yield self
        finally:
            process.send_signal(STOP_SIGNAL)
            process.wait(timeout=30)


@contextlib.contextmanager
def throwaway_postgres() -> Iterator[EmbeddedPostgres]:
    """A fresh cluster in a temporary folder, quick and careless, gone afterwards; for tests."""
    # Not the test runner's own temporary folder: its name is too long for a socket.
    folder = Path(tempfile.mkdtemp(prefix="dl-pg-"))
    try:
        postgres = EmbeddedPostgres(
            data=folder / "data", sockets=folder / "run", log=folder / "log", durable=False
        )
        if postgres.identity.user is not None:
            folder.chmod(0o711)  # so that `nobody` reaches its own folders inside
        with postgres.running():
            yield postgres
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _words(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


def _memory_is_plenty() -> bool:
    return int(psutil.virtual_memory().total) > 8 * 2**30
