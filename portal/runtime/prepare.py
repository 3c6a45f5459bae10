"""`python -m portal.runtime.prepare`: schemas, roles, tables and static files, before the rest starts.

A process of its own, so that the supervisor stays awake during a long migration.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import django
import psycopg
from django.core.management import call_command

# Held while migrating, so that two hosts starting at once do not both migrate (any constant does).
MIGRATION_LOCK = 0x0DA7_1168
WAIT_FOR_SERVER_S = 60.0

MANIFEST = "staticfiles.json"
HASHED_STORAGE = "whitenoise.storage.CompressedManifestStaticFilesStorage"


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    from django.db import connections

    from portal.runtime.database import owner_conninfo

    collect_static_files()
    with connect_patiently(owner_conninfo(connections["owner"])) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
        pending = pending_migrations()
        sys.stdout.write(
            f"{len(pending)} migrations to apply\n" if pending else "tables are up to date\n"
        )
        call_command("migrate", interactive=False, verbosity=0)


def collect_static_files() -> None:
    """Copy them under names that carry a hash of their content, compressed, for the web process.

    While developing (``DAYLIGHT_DEBUG``) they are served from where they lie instead.
    """
    from django.conf import settings

    if settings.DEBUG:
        (Path(settings.STATIC_ROOT) / MANIFEST).unlink(missing_ok=True)
        return
    # Settings choose this storage only once its manifest exists, which is what we make here.
    settings.STORAGES["staticfiles"]["BACKEND"] = HASHED_STORAGE
    call_command(
        "collectstatic", interactive=False, verbosity=0, ignore_patterns=["*.scss", "*.mjs"]
    )


def connect_patiently(conninfo: str) -> psycopg.Connection:
    """A connection, waiting a while for a server that is still starting."""
    deadline = time.monotonic() + WAIT_FOR_SERVER_S
    while True:
        try:
            return psycopg.connect(conninfo, autocommit=True)
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def pending_migrations() -> list[str]:
    """Names of the migrations that are in the code but not in the database."""
    from django.db import connections
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connections["owner"])
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [str(migration) for migration, _ in plan]


if __name__ == "__main__":
    main()
