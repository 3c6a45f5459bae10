"""A backup made with the embedded programs, as docs/operate.md says, becomes the same city again."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from portal.runtime.postgres import OWNER, EmbeddedPostgres, throwaway_postgres
from portal.runtime.roles import PUBLIC, prepare


@pytest.fixture
def original() -> Iterator[EmbeddedPostgres]:
    with throwaway_postgres() as postgres:
        prepare(postgres.conninfo())
        with psycopg.connect(postgres.conninfo()) as connection:
            for schema in ("vault", "release"):
                connection.execute(f"CREATE TABLE {schema}.note (id int PRIMARY KEY, words text)")
                connection.execute(
                    f"INSERT INTO {schema}.note SELECT n, 'señal ' || n FROM generate_series(1, 500) n"
                )
        yield postgres


@pytest.fixture
def successor() -> Iterator[EmbeddedPostgres]:
    """A new installation that has started once: empty tables, roles and schemas in place."""
    with throwaway_postgres() as postgres:
        prepare(postgres.conninfo())
        with psycopg.connect(postgres.conninfo()) as connection:
            for schema in ("vault", "release"):
                connection.execute(f"CREATE TABLE {schema}.note (id int PRIMARY KEY, words text)")
        yield postgres


def test_a_backup_restores_rows_and_walls(
    original: EmbeddedPostgres, successor: EmbeddedPostgres, tmp_path: Path
) -> None:
    dump = tmp_path / "daylight.dump"

    run(original, "pg_dump", "--format=custom", f"--file={dump}", "daylight")
    run(
        successor,
        "pg_restore",
        *("--clean", "--if-exists", "--single-transaction", "--dbname=daylight", str(dump)),
    )

    with psycopg.connect(successor.conninfo()) as connection:
        rows = connection.execute("SELECT count(*), min(words) FROM vault.note").fetchone()
    assert rows == (500, "señal 1")
    with psycopg.connect(successor.conninfo(user=PUBLIC)) as connection:
        assert connection.execute("SELECT count(*) FROM release.note").fetchone() == (500,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT count(*) FROM vault.note")


def run(postgres: EmbeddedPostgres, program: str, *words: str) -> None:
    command = [str(postgres.server.sibling(program)), f"--host={postgres.sockets}"]
    done = subprocess.run(
        [*command, f"--username={OWNER}", *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
