"""The two schemas and the four roles, made idempotently before the first migration.

``vault`` is private, ``release`` is public. A page that tried to read the vault would get
"permission denied" from PostgreSQL itself.
"""

from __future__ import annotations

import psycopg
from psycopg import sql

APP, PUBLISHER, PUBLIC = "daylight_app", "daylight_publisher", "daylight_public"

# An advisory lock of our own, so that two starting processes do not race (any constant will do).
PREPARE_LOCK = 0x0DA7_1167


def prepare(conninfo: str) -> None:
    """Create schemas, roles and grants where missing. ``conninfo`` connects as the owner."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (PREPARE_LOCK,))
        for role in (APP, PUBLISHER, PUBLIC):
            _ensure_role(connection, role)
        for schema in ("vault", "release"):
            connection.execute(
                sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema))
            )
        _grant(connection, "vault", "SELECT, INSERT, UPDATE, DELETE", APP)
        for schema in ("vault", "release"):
            _grant(connection, schema, "SELECT, INSERT, UPDATE, DELETE", PUBLISHER)
        _grant(connection, "release", "SELECT", PUBLIC)
        # Who reads a release before it is out (audit/rehearsal.py) reads it with no more rights than a reader.
        connection.execute(
            sql.SQL("GRANT {} TO {}").format(sql.Identifier(PUBLIC), sql.Identifier(PUBLISHER))
        )
        connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")


def _ensure_role(connection: psycopg.Connection, role: str) -> None:
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
    if not known:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN NOINHERIT").format(sql.Identifier(role)))
    # On an external server one login may speak for all four roles through SET ROLE.
    connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(role)))


def _grant(connection: psycopg.Connection, schema: str, privileges: str, role: str) -> None:
    parts = {
        "schema": sql.Identifier(schema),
        "role": sql.Identifier(role),
        "privileges": sql.SQL(privileges),
    }
    statements = [
        "GRANT USAGE ON SCHEMA {schema} TO {role}",
        "GRANT {privileges} ON ALL TABLES IN SCHEMA {schema} TO {role}",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT {privileges} ON TABLES TO {role}",
    ]
    if "INSERT" in privileges:
        statements += [
            "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
            "ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT USAGE, SELECT ON SEQUENCES TO {role}",
        ]
    for statement in statements:
        connection.execute(sql.SQL(statement).format(**parts))
