"""What Daylight consists of when it runs: the supervisor's list of children, as data."""

from __future__ import annotations

import functools
import http.client
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connections

from portal.celery import app
from portal.heartbeat import LIVE, WORKER, tick_age_s
from portal.runtime import postgres, redis
from portal.runtime.layout import PROJECT, Layout
from portal.runtime.postgres import EmbeddedPostgres
from portal.runtime.processes import OURSELVES, Identity, unprivileged
from portal.runtime.redis import EmbeddedRedis
from portal.runtime.supervisor import Child
from portal.runtime.watch import Watch

STALE_AFTER_S = {WORKER: 30.0, LIVE: 60.0}
STOPS_FIRST = 1000


@dataclass(frozen=True, kw_only=True)
class Doorstep:
    """Where the web process listens, and with how many processes."""

    host: str
    port: int
    workers: int

    @property
    def url(self) -> str:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def answers(self) -> bool:
        """Whether any HTTP answer comes back, be it an error."""
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=2)
        try:
            connection.request("HEAD", "/")
            connection.getresponse()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        return True


def embedded_postgres(layout: Layout) -> EmbeddedPostgres | None:
    """The server to run here, or None where DATABASE_URL names another."""
    if settings.DATABASE_URL:
        return None
    return EmbeddedPostgres(
        data=layout.postgres_data,
        sockets=layout.postgres_sockets,
        log=layout.logs / "postgres.log",
    )


def embedded_redis(layout: Layout) -> EmbeddedRedis | None:
    """The server to run here, or None where REDIS_URL names another."""
    if f"unix://{layout.redis_socket}" != settings.REDIS_URL:
        return None
    return EmbeddedRedis(
        data=layout.redis_data, socket=layout.redis_socket, log=layout.logs / "redis.log"
    )


def children(layout: Layout, doorstep: Doorstep, *, with_demo: bool) -> list[Child]:
    """Everything to start, in order.

    The web process comes first and has the machine to itself until the first page is there; it
    also stops first, so that nobody is promised what the others can no longer do.
    """
    python = functools.partial(
        _python,
        environ={
            "DAYLIGHT_HOME": str(layout.home),
            "DAYLIGHT_SITE_URL": os.environ.get("DAYLIGHT_SITE_URL") or doorstep.url,
            "PYTHONUNBUFFERED": "1",
            # The detector's matrices are small: a second thread costs more in waiting than it brings.
            "OPENBLAS_NUM_THREADS": "1",
        },
    )
    listed = [
        *_servers(layout),
        python("prepare", "portal.runtime.prepare", is_step=True),
        _web(doorstep, python),
        *_queue(layout, python),
    ]
    if with_demo:
        # Politely, so that pages do not wait while the city is being built.
        demo = python("demo", "manage", "demo", may_finish=True, stop_within_s=1.0)
        listed.append(replace(demo, command=["nice", "-n", "5", *demo.command]))
    return listed


def _queue(layout: Layout, python: Callable[..., Child]) -> list[Child]:
    """Two workers, so that no release, no import and no other long task keeps devices waiting."""
    live, others = (Watch(functools.partial(is_stuck, name)) for name in (LIVE, WORKER))
    return [
        # One process: what is sent through this queue never takes long.
        _worker(LIVE, python, "--queues=live", "--pool=solo", is_stuck=live),
        _worker(WORKER, python, "--queues=celery", "--concurrency=1", is_stuck=others),
        python(
            "beat",
            *(
                "celery",
                "--quiet",
                "-A",
                "portal.runtime.clock",
                "beat",
                "--loglevel=WARNING",
                "--pidfile=",
            ),
            f"--schedule={layout.beat_schedule}",
            before_start=functools.partial(_make_folder, layout.beat_schedule.parent),
            stop_within_s=1.0,
            is_stuck=lambda: live() and others(),
        ),
    ]


def _worker(name: str, python: Callable[..., Child], *how: str, is_stuck: Watch) -> Child:
    return python(
        name,
        *(
            "celery",
            "--quiet",
            "-A",
            "portal.celery",
            "worker",
            f"--hostname={name}@%h",
            *how,
            "--loglevel=WARNING",
        ),
        *("--without-gossip", "--without-mingle"),
        stop_within_s=3.0,
        is_stuck=is_stuck,
    )


def _web(doorstep: Doorstep, python: Callable[..., Child]) -> Child:
    return python(
        "web",
        *("granian", "portal.wsgi:application", "--interface=wsgi", "--no-ws"),
        *(f"--host={doorstep.host}", f"--port={doorstep.port}"),
        *(f"--workers={doorstep.workers}", "--blocking-threads=4"),
        *("--respawn-failed-workers", "--workers-kill-timeout=2", "--log-level=warning"),
        before_start=functools.partial(_make_folder, Path(settings.STATIC_ROOT)),
        is_ready=doorstep.answers,
        stop_rank=STOPS_FIRST,
    )


def _python(name: str, *module: str, **how: Any) -> Child:
    """A child that runs one of our modules, or a library's, with this interpreter."""
    return Child(
        name=name,
        command=[sys.executable, "-m", *module],
        folder=PROJECT,
        identity=disguise(),
        **how,
    )


def _make_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)


def choices(layout: Layout) -> list[str]:
    """One line per server: what was chosen and why."""
    database, broker = embedded_postgres(layout), embedded_redis(layout)
    return [
        f"database: {database.server}" if database else "database: DATABASE_URL",
        f"queue: {broker.server}" if broker else "queue: REDIS_URL",
    ]


def is_stuck(name: str) -> bool:
    """No tick of a worker for a while although it has nothing else to do, or does not answer at all.

    A worker that is busy with a long release is late with its tick, not stuck; ending it would start
    the release anew, for ever. The live one does not answer while it works, and never works for long.
    """
    try:
        age_s = tick_age_s(name)
    finally:
        connections.close_all()
    if age_s is not None and age_s < STALE_AFTER_S[name]:
        return False
    active = app.control.inspect(timeout=3).active() or {}
    return not any(tasks for node, tasks in active.items() if node.startswith(f"{name}@"))


def disguise() -> Identity:
    """Web and worker give up root too where that costs nothing; as ``nobody`` they could not
    read the keys in our home."""
    identity = unprivileged()
    return identity if identity.user is None else OURSELVES


def _servers(layout: Layout) -> list[Child]:
    listed = []
    if database := embedded_postgres(layout):
        listed.append(
            Child(
                name="postgres",
                command=database.command(),
                identity=database.identity,
                stop_signal=postgres.STOP_SIGNAL,
                stop_within_s=10.0,
                before_start=database.initialise,
                is_ready=database.is_ready,
            )
        )
    if broker := embedded_redis(layout):
        listed.append(
            Child(
                name="redis",
                command=broker.command(),
                stop_signal=redis.STOP_SIGNAL,
                before_start=broker.initialise,
                is_ready=broker.is_ready,
            )
        )
    return listed
