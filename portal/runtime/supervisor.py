# ruff: noqa: S603  (the list of children is written in services.py, never by a request)
"""Keeps a list of child processes alive: starts them in order, brings back the dead, stops them.

The list is plain data; what Daylight's children are is said in ``services.py``.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil

from portal.runtime import guard
from portal.runtime.journal import Journal
from portal.runtime.processes import OURSELVES, Identity, StartFailedError, spawn

PULSE_S = 0.1
FIRST_WAIT_S, LONGEST_WAIT_S = 0.25, 15.0
STEADY_AFTER_S = 30.0  # a child that lived this long starts with a clean record
MOST_FALSE_STARTS = 5  # deaths before a child was ever ready
WAIT_FOR_PREDECESSOR_S = 30.0


class AlreadyRunningError(Exception):
    """Another supervisor holds this home."""


def _nothing() -> None:
    return


def _at_once() -> bool:
    return True


def _never() -> bool:
    return False


@dataclass(frozen=True, kw_only=True)
class Child:
    """One process to keep alive. Children start in the order of their list."""

    name: str
    command: Sequence[str]
    environ: Mapping[str, str] = field(default_factory=dict)
    identity: Identity = OURSELVES
    folder: Path = Path("/")
    stop_signal: signal.Signals = signal.SIGTERM
    stop_within_s: float = 2.0
    stop_rank: int | None = None  # the highest stops first; its place in the list where not given
    before_start: Callable[[], None] = _nothing
    is_ready: Callable[[], bool] = _at_once  # asked at the first start only; the next child waits
    is_step: bool = False  # must finish well before the next child starts; never repeated
    may_finish: bool = False  # leaving with exit code 0 means that its work is done
    is_stuck: Callable[[], bool] = _never  # must answer at once; see watch.py


@dataclass
class _Post:
    """A child's place in the list and what has happened there."""

    child: Child
    place: int
    process: subprocess.Popen[bytes] | None = None
    started_at_s: float = 0.0
    next_start_at_s: float = 0.0
    deaths: int = 0
    has_been_ready: bool = False
    has_finished: bool = False

    @property
    def lived_s(self) -> float:
        return time.monotonic() - self.started_at_s

    @property
    def lets_next_start(self) -> bool:
        return self.has_finished or (self.has_been_ready and not self.child.is_step)

    def ward(self) -> guard.Ward:
        group = self.process.pid if self.process else guard.GONE
        child = self.child
        rank = self.place if child.stop_rank is None else child.stop_rank
        return guard.Ward(rank, group, child.stop_signal, child.stop_within_s, child.name)


class Supervisor:
    """Runs until told to stop. ``lock`` is this home's single seat."""

    def __init__(
        self,
        children: Sequence[Child],
        *,
        lock: Path,
        journal: Journal,
        on_seated: Callable[[], None] = _nothing,
        on_all_ready: Callable[[], None] = _nothing,
    ) -> None:
        self._posts = [_Post(child, place) for place, child in enumerate(children)]
        self._lock = lock
        self._journal = journal
        self._on_seated = on_seated
        self._on_all_ready = on_all_ready
        self._is_stopping = False

    def run(self) -> None:
        """Start everything, keep it alive, and return once SIGINT, SIGTERM or SIGHUP ended it.

        Raises AlreadyRunningError before anything was touched, and StartFailedError after
        everything that did start has been stopped again.
        """
        with sole_occupant(self._lock, say=self._journal.say) as self._seat:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                if signal.getsignal(number) is not signal.SIG_IGN:  # nohup
                    signal.signal(number, self._ask_to_stop)
            self._on_seated()
            self._guard = self._new_guard()
            try:
                self._keep_alive()
            finally:
                self._stop()

    def _keep_alive(self) -> None:
        has_been_all_ready = False
        while not self._is_stopping:
            self._attend_all()
            if not has_been_all_ready and all(post.lets_next_start for post in self._posts):
                has_been_all_ready = True
                self._on_all_ready()
            self._journal.pump()
            time.sleep(PULSE_S)

    def _ask_to_stop(self, number: int, frame: object) -> None:
        self._is_stopping = True

    def _attend_all(self) -> None:
        self._replace_dead_guard()
        for post in self._posts:
            self._attend(post)
            if not post.lets_next_start or self._is_stopping:
                return

    def _attend(self, post: _Post) -> None:
        """One look at one child, and the one thing it needs."""
        if post.has_finished:
            return
        if post.process is None:
            if time.monotonic() >= post.next_start_at_s:
                self._start(post)
        elif (code := post.process.poll()) is not None:
            self._bury(post, code)
        elif not post.has_been_ready:
            post.has_been_ready = post.child.is_ready()
        elif post.lived_s > STEADY_AFTER_S and post.child.is_stuck():
            self._journal.say(f"{post.child.name} is stuck: ending it")
            os.killpg(post.process.pid, signal.SIGKILL)

    def _start(self, post: _Post) -> None:
        try:
            post.process = self._spawned(post.child)
        except (OSError, StartFailedError) as error:  # OSError: no memory, no files left
            if not post.has_been_ready:
                raise StartFailedError(f"{post.child.name} cannot start: {error}") from error
            self._put_off(post, f"cannot start: {error}")
            return
        post.started_at_s = time.monotonic()
        self._tell_guard(post)

    def _spawned(self, child: Child) -> subprocess.Popen[bytes]:
        child.before_start()
        with self._journal.open(child.name) as log:
            return spawn(
                child.command,
                log=log,
                on_death=child.stop_signal,
                identity=child.identity,
                environ=child.environ,
                folder=child.folder,
            )

    def _bury(self, post: _Post, code: int) -> None:
        """Clear up after a child that ended, and decide whether it comes back."""
        assert post.process is not None
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(post.process.pid, signal.SIGKILL)  # what it left behind
        lived_s, post.process = post.lived_s, None
        self._tell_guard(post)
        if code == 0 and (post.child.is_step or post.child.may_finish):
            post.has_finished = True
            return
        if lived_s > STEADY_AFTER_S:
            post.deaths = 0
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"left with {code}"
        is_hopeless = not post.has_been_ready and post.deaths + 1 >= MOST_FALSE_STARTS
        if post.child.is_step or is_hopeless:
            name = post.child.name
            raise StartFailedError(
                f"{name} {how}. Its last words ({self._journal.path(name)}):\n"
                f"{self._journal.last_words(name)}"
            )
        self._put_off(post, how)

    def _put_off(self, post: _Post, why: str) -> None:
        wait_s = min(FIRST_WAIT_S * 2**post.deaths, LONGEST_WAIT_S)
        post.deaths += 1
        post.next_start_at_s = time.monotonic() + wait_s
        self._journal.say(f"{post.child.name} {why}; starting it again in {wait_s:g} s")

    def _new_guard(self) -> subprocess.Popen[str]:
        with self._journal.open("guard") as log:
            return subprocess.Popen(
                [sys.executable, "-I", "-S", guard.__file__],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                text=True,
                start_new_session=True,
                # The guard keeps the seat taken until it has finished clearing up after us.
                pass_fds=[self._seat],
            )

    def _replace_dead_guard(self) -> None:
        if self._guard.poll() is not None:
            self._guard = self._new_guard()
            for post in self._posts:
                self._tell_guard(post)

    def _tell_guard(self, post: _Post) -> None:
        assert self._guard.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it died; the next round replaces it
            self._guard.stdin.write(post.ward().line())
            self._guard.stdin.flush()

    def _stop(self) -> None:
        """Let the guard end everybody in order, reaping and listening meanwhile."""
        self._journal.say("stopping")
        self._replace_dead_guard()
        assert self._guard.stdin is not None
        self._guard.stdin.close()
        while self._guard.poll() is None:
            for post in self._posts:
                if post.process is not None:
                    post.process.poll()
            self._journal.pump()
            time.sleep(0.02)
        for post in self._posts:  # nobody is left, unless the guard was killed at its work
            if post.process is not None and post.process.poll() is None:
                os.killpg(post.process.pid, signal.SIGKILL)
        self._journal.pump()
        self._journal.say("stopped")


@contextlib.contextmanager
def sole_occupant(lock: Path, *, say: Callable[[str], None]) -> Iterator[int]:
    """Hold ``lock`` or raise AlreadyRunningError. Gives the descriptor that holds it.

    The kernel frees the lock with its last holder, so there is no stale one. A dead supervisor's
    guard still holds it while it ends the children; that is worth waiting for.
    """
    lock.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with lock.open("a+") as seat:
        deadline = time.monotonic() + WAIT_FOR_PREDECESSOR_S
        has_said_so = False
        while not _try_lock(seat):
            holder = _pid_in(lock)
            if (holder is not None and _is_running(holder)) or time.monotonic() > deadline:
                raise AlreadyRunningError(
                    f"Daylight already runs here: process {holder} holds {lock}. Stop that one "
                    "first (Ctrl-C there, or SIGTERM), or set DAYLIGHT_HOME to another folder."
                )
            if not has_said_so:
                say("waiting for the remains of an earlier run to be cleared up")
                has_said_so = True
            time.sleep(0.2)
        seat.truncate(0)
        seat.write(f"{os.getpid()}\n")
        seat.flush()
        yield seat.fileno()


def _try_lock(seat: IO[str]) -> bool:
    try:
        fcntl.flock(seat, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _pid_in(lock: Path) -> int | None:
    text = lock.read_text().strip()
    return int(text) if text.isdigit() else None


def _is_running(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def occupant(lock: Path) -> int | None:
    """The process that holds ``lock``, or None. Nothing is touched."""
    if not lock.exists():
        return None
    with lock.open() as seat:
        return None if _try_lock(seat) else _pid_in(lock)
