"""How this installation is, one finding per question: what `manage.py doctor` prints."""

from __future__ import annotations

import platform
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import django
import redis
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connections

from portal.heartbeat import LIVE, WORKER, is_healthy, tick_age_s
from portal.runtime import services
from portal.runtime.layout import Layout
from portal.runtime.prepare import pending_migrations
from portal.runtime.redis import has_lua_flaws
from portal.runtime.servers import OLDEST_POSTGRES, OLDEST_REDIS, NoServerError
from portal.runtime.supervisor import occupant
from sensors.queries import (
    dirty_count,
    inbox_depth,
    parked_count,
    parked_window_count,
    quarantine_count,
)

LEAST_FREE_BYTES = 2**30

START_HINT = "Start it with `make run` or `manage.py up`."


class Verdict(StrEnum):
    FINE = "ok"
    WARNING = "warning"
    WRONG = "WRONG"


@dataclass(frozen=True)
class Finding:
    """One answer, and where it is not fine, what to do."""

    subject: str
    text: str
    verdict: Verdict = Verdict.FINE
    remedy: str = ""


def findings(layout: Layout) -> Iterator[Finding]:
    """Every finding, in the order a person would ask. Nothing here raises or waits for long."""
    yield Finding("home", str(layout.home))
    yield Finding("python", platform.python_version())
    yield Finding("django", django.get_version())
    yield supervisor_finding(layout)
    yield from _guarded("database", lambda: database_findings(layout))
    yield from _guarded("queue", lambda: queue_findings(layout))
    yield from socket_findings(layout)
    yield disk_finding(layout)


def supervisor_finding(layout: Layout) -> Finding:
    if pid := occupant(layout.lock):
        return Finding("supervisor", f"process {pid}")
    return Finding("supervisor", "not running here", Verdict.WARNING, START_HINT)


def database_findings(layout: Layout) -> Iterator[Finding]:
    """What was chosen, what answered, and what the rows say about the queue."""
    embedded = services.embedded_postgres(layout)
    source = f"{embedded.server} (embedded)" if embedded else "DATABASE_URL"
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version'), current_setting('server_version_num')")  # fmt: skip
        version, number = cursor.fetchone()
    is_old = int(number) // 10_000 < OLDEST_POSTGRES
    yield Finding(
        "database",
        f"{source}; server answers as {version}",
        Verdict.WRONG if is_old else Verdict.FINE,
        f"Use PostgreSQL {OLDEST_POSTGRES} or newer." if is_old else "",
    )
    pending = pending_migrations()
    yield Finding(
        "migrations",
        f"{len(pending)} pending" if pending else "none pending",
        Verdict.WRONG if pending else Verdict.FINE,
        "Run `manage.py migrate`, or restart with `manage.py up`." if pending else "",
    )
    if not pending:
        yield from map(tick_finding, (LIVE, WORKER))
        yield inbox_finding()
        yield detector_finding()


def tick_finding(name: str) -> Finding:
    age_s = tick_age_s(name)
    text = "never ticked" if age_s is None else f"last tick {age_s:.0f} s ago"
    if is_healthy(name, age_s):
        return Finding(name, text)
    return Finding(
        name, text, Verdict.WRONG, f"Does it run? See logs/{name}.log and logs/beat.log."
    )


def inbox_finding() -> Finding:
    depth, parked = inbox_depth(), parked_count()
    text = f"{depth} batches waiting, {parked} parked, {quarantine_count()} messages in quarantine"
    if depth >= settings.INGEST_MAX_WAITING:
        remedy = "Devices are told to wait. Is the live worker keeping up?"
        return Finding("inbox", text, Verdict.WRONG, remedy)
    if parked:
        remedy = "Daylight failed on them; see logs/live.log, then try again in /admin/sensors/ingestbatch/."
        return Finding("inbox", text, Verdict.WARNING, remedy)
    return Finding("inbox", text)


def detector_finding() -> Finding:
    parked = parked_window_count()
    text = f"{dirty_count()} windows waiting, {parked} parked"
    if parked:
        remedy = "The detector failed on them; `manage.py sensors status` says why. Then try again in /admin/sensors/dirtywindow/."
        return Finding("detector", text, Verdict.WARNING, remedy)
    return Finding("detector", text)


def queue_findings(layout: Layout) -> Iterator[Finding]:
    """What was chosen, what answered, and the faults known of that version."""
    embedded = services.embedded_redis(layout)
    source = f"{embedded.server} (embedded)" if embedded else "REDIS_URL"
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=3) as client:
        facts = client.info()
    is_valkey = "valkey_version" in facts
    text = str(facts["valkey_version" if is_valkey else "redis_version"])
    version = tuple(int(part) for part in text.split(".")[:3])
    is_old = not is_valkey and version < OLDEST_REDIS
    yield Finding(
        "queue",
        f"{source}; server answers as {text}",
        Verdict.WRONG if is_old else Verdict.FINE,
        "Use Redis 6.2 or newer, or Valkey." if is_old else "",
    )
    if has_lua_flaws(version, is_valkey=is_valkey):
        yield Finding(
            "queue",
            f"version {text} has known Lua faults (CVE-2024-46981, CVE-2025-49844 and others), "
            "reachable by whoever may connect",
            Verdict.WRONG if settings.PRODUCTION else Verdict.WARNING,
            "Here only this user can, by a socket of mode 0700. In production set REDIS_URL to a "
            "patched Redis (6.2.20, 7.2.11, 7.4.6, 8.0.4, 8.2.2 or later) or Valkey, unless your "
            "distribution has mended its package.",
        )
    if (policy := facts.get("maxmemory_policy")) != "noeviction":
        yield Finding("queue", f"maxmemory-policy is {policy}", Verdict.WRONG, "Set it to noeviction: anything else drops wake-ups in silence.")  # fmt: skip


def socket_findings(layout: Layout) -> Iterator[Finding]:
    """Only this user may reach an embedded server; the folder's mode is the lock on the door."""
    paths = [layout.run, *sorted(layout.run.glob(".s.PGSQL.*[0-9]")), layout.redis_socket]
    for path in (path for path in paths if path.exists()):
        mode = stat.S_IMODE(path.stat().st_mode)
        is_open = bool(mode & 0o077)
        yield Finding(
            "socket",
            f"{path} mode {mode:04o}",
            Verdict.WRONG if is_open else Verdict.FINE,
            f"Run `chmod go= {path}`, then find out who opened it." if is_open else "",
        )


def disk_finding(layout: Layout) -> Finding:
    home = next(path for path in (layout.home, *layout.home.parents) if path.exists())
    free_bytes = shutil.disk_usage(home).free
    is_full = free_bytes < LEAST_FREE_BYTES
    return Finding(
        "disk",
        f"{free_bytes / 2**30:.1f} GiB free at {home}",
        Verdict.WARNING if is_full else Verdict.FINE,
        "PostgreSQL stops accepting data when the disk is full." if is_full else "",
    )


def _guarded(subject: str, ask: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """The findings, or the one that says why there are none."""
    try:
        yield from ask()
    except NoServerError as error:
        yield Finding(subject, "nothing to run", Verdict.WRONG, str(error))
    except (DatabaseError, redis.RedisError) as error:
        reason = str(error).strip().splitlines()[0]
        yield Finding(subject, f"unreachable: {reason}", Verdict.WRONG, START_HINT)
