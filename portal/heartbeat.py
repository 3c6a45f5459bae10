"""A tick that travels through broker and worker into PostgreSQL: the proof that each queue lives."""

from __future__ import annotations

from django.conf import settings
from django.db import connection

WORKER, LIVE = "worker", "live"  # as in portal/runtime/services.py
OLDEST_HEALTHY_TICK_S = {LIVE: 60.0, WORKER: settings.CELERY_TASK_TIME_LIMIT + 60.0}
"""Beat ticks every 5 s. What is live never takes long; a release may hold the other worker meanwhile."""


def record_tick(name: str = WORKER) -> None:
    """Called by the worker of that name. The database's clock is the only one that counts here."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO publication_heartbeat (name, ticked_at) VALUES (%s, now()) "
            "ON CONFLICT (name) DO UPDATE SET ticked_at = now()",
            [name],
        )


def tick_age_s(name: str = WORKER) -> float | None:
    """Seconds since a worker of that name last ticked; None where it never did."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT extract(epoch FROM now() - ticked_at) FROM publication_heartbeat WHERE name = %s",
            [name],
        )
        row = cursor.fetchone()
    return float(row[0]) if row else None


def is_healthy(name: str, age_s: float | None) -> bool:
    """Whether a worker that ticked so long ago (None: never) can be taken to work."""
    return age_s is not None and age_s < OLDEST_HEALTHY_TICK_S[name]
