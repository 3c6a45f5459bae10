"""A tick that travels through broker and worker into PostgreSQL: the proof that the queue lives."""

from __future__ import annotations

from django.db import connection


def record_tick() -> None:
    """Called by the worker. The database's clock is the only one that counts here."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO publication_heartbeat (name, ticked_at) VALUES ('worker', now()) "
            "ON CONFLICT (name) DO UPDATE SET ticked_at = now()"
        )


def tick_age_s() -> float | None:
    """Seconds since the worker last ticked; None where it never did."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT extract(epoch FROM now() - ticked_at) FROM publication_heartbeat WHERE name = 'worker'"
        )
        row = cursor.fetchone()
    return float(row[0]) if row else None
