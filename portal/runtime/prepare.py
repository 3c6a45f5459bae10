"""`python -m portal.runtime.prepare`: schemas, roles, tables and static files, before the rest starts.

A process of its own, so that the supervisor stays awake during a long migration.
"""

from __future__ import annotations

import io
import os
import sys
import time
from pathlib import Path

import django
import psycopg
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from portal.runtime import roles

# Held while migrating, so that two hosts starting at once do not both migrate (any constant does).
MIGRATION_LOCK = 0x0DA7_1168
WAIT_FOR_SERVER_S = 60.0

MANIFEST = "staticfiles.json"
STYLES = "build/daylight.css"
NOT_SERVED = ["*.scss", "*.mjs"]
HASHED_STORAGE = "whitenoise.storage.CompressedManifestStaticFilesStorage"


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    from django.conf import settings
    from django.db import connections

    from portal.runtime.database import owner_conninfo

    refuse_unsafe_settings()
    refuse_unbuilt_pages(*map(Path, settings.STATICFILES_DIRS))
    if settings.DEBUG:
        serve_static_files_from_where_they_lie()
    else:
        collect_static_files()
    conninfo = owner_conninfo(connections["owner"])
    with connect_patiently(conninfo) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
        prepare_tables(conninfo)


def refuse_unsafe_settings() -> None:
    """Our own system checks say what is wrong: the portal does not start behind a gate looser than promised."""
    try:
        call_command("check", tags=["daylight"], stdout=io.StringIO())
    except SystemCheckError as error:
        sys.exit(str(error))


def refuse_unbuilt_pages(*folders: Path) -> None:
    """Without its style sheet no page can be written, not even the one that tells of an error."""
    if not any((folder / STYLES).exists() for folder in folders):
        sys.exit(f"static/{STYLES} is not built: run `make run` once instead, which builds it")


def prepare_tables(conninfo: str) -> None:
    """Roles and grants every time; tables only where one is missing."""
    pending = pending_migrations()
    if pending:
        sys.stdout.write(f"{len(pending)} migrations to apply\n")
        call_command("migrate", interactive=False, verbosity=0)
    else:
        roles.prepare(conninfo)


def collect_static_files() -> None:
    """Copy them under names that carry a hash of their content, compressed, for the web process."""
    from django.conf import settings
    from django.contrib.staticfiles.finders import get_finders

    manifest = Path(settings.STATIC_ROOT) / MANIFEST
    sources = [
        Path(storage.path(name))
        for finder in get_finders()
        for name, storage in finder.list(NOT_SERVED)
    ]
    if manifest.exists() and _newest_s(sources) < manifest.stat().st_mtime:
        return
    # Settings choose this storage only once its manifest exists, which is what we make here.
    settings.STORAGES["staticfiles"]["BACKEND"] = HASHED_STORAGE
    call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=NOT_SERVED)


def serve_static_files_from_where_they_lie() -> None:
    """While developing (``DAYLIGHT_DEBUG``): without a manifest, the finders serve."""
    from django.conf import settings

    (Path(settings.STATIC_ROOT) / MANIFEST).unlink(missing_ok=True)


def _newest_s(paths: list[Path]) -> float:
    # The change of a file's place counts as well: an older file may be moved in.
    return max((max(p.stat().st_mtime, p.stat().st_ctime) for p in paths), default=0.0)


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
