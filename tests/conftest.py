"""What every test may ask for: a database with its four roles, personas, real city data.

The cluster is real PostgreSQL, thrown away afterwards. `db` rolls back and sees one role's
connection; `city_db` commits, so that all roles see the rows, and empties the tables after; `module_db`
lasts for a module, for what takes long to build and is only read.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real city data, where there is one."""
    folder = Path(os.environ.get("DAYLIGHT_SHARED_DATA") or PROJECT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no real city data at {folder} (set DAYLIGHT_SHARED_DATA)")
    return folder


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """pytest-django's renaming per worker is not needed: each worker has a cluster of its own."""


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: pytest.FixtureRequest) -> Iterator[None]:
    """A throw-away cluster, the two schemas, the roles, the migrations."""
    # Compiled against the real datetime, which a test with a frozen clock would hide from them.
    import pandas  # noqa: F401
    import pyarrow.dataset
    import pyarrow.json
    import pyarrow.parquet  # noqa: F401
    from django.core.management import call_command
    from django.db import connections

    from portal.runtime.postgres import throwaway_postgres

    with throwaway_postgres() as postgres:
        for alias in connections:
            connections[alias].settings_dict["HOST"] = str(postgres.sockets)
        with django_db_blocker.unblock():
            call_command("migrate", verbosity=0)
        with pytest.MonkeyPatch.context() as patch:
            _read_one_answer_of_each_release(patch)
            yield
        for alias in connections:
            connections[alias].close()


def _read_one_answer_of_each_release(patch: pytest.MonkeyPatch) -> None:
    """The audit of a release asks fifty addresses; in tests one, save where a test of the audit wants them all."""
    from django.urls import reverse

    from portal.publication.audit import visits

    patch.setattr(
        visits, "addresses", lambda release: [reverse(f"api:{release.dataset.slug}-rows")]
    )


def empty_every_table() -> None:
    """As the owner, all rows but those that migrations made."""
    from django.db import connections

    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(format('%I.%I', schemaname, tablename), ', ') FROM pg_tables "
            "WHERE schemaname IN ('vault', 'release') AND tablename NOT IN "
            "('django_migrations', 'django_content_type', 'auth_permission', 'auth_group', 'auth_group_permissions')"
        )
        (tables,) = cursor.fetchone()
        cursor.execute(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")


@pytest.fixture
def city_db(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[None]:
    """A database whose commits every role sees; emptied afterwards."""
    with django_db_blocker.unblock():
        try:
            yield
        finally:
            empty_every_table()


@pytest.fixture(scope="module")
def module_db(
    django_db_setup: None,
    django_db_blocker: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Path]:
    """The same for all tests of a module, with files of its own: their folder."""
    from django.test import override_settings

    files = tmp_path_factory.mktemp("files")
    with django_db_blocker.unblock(), override_settings(FILES=files):
        try:
            yield files
        finally:
            empty_every_table()


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A throw-away Redis. On a busy machine it may be slow, and is not taken for none."""
    from portal import counting
    from portal.runtime.redis import throwaway_redis

    with throwaway_redis() as redis, pytest.MonkeyPatch.context() as patch:
        patch.setattr(counting, "PATIENCE_S", 60.0)
        yield redis.url
