"""The two embedded servers: private, without network, and careful with what they find."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from portal.runtime.postgres import EmbeddedPostgres, throwaway_postgres
from portal.runtime.processes import StartFailedError
from portal.runtime.redis import has_lua_flaws, throwaway_redis


@pytest.fixture(scope="module")
def postgres() -> Iterator[EmbeddedPostgres]:
    with throwaway_postgres() as postgres:
        yield postgres


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_postgres_listens_on_a_private_socket_alone(postgres: EmbeddedPostgres) -> None:
    with psycopg.connect(postgres.conninfo()) as connection:
        listens = connection.execute("SHOW listen_addresses").fetchone()
        postmaster = psutil.Process(connection.info.backend_pid).parent()

    assert listens == ("",)
    assert postmaster is not None
    assert postmaster.net_connections(kind="inet") == []
    assert mode(postgres.sockets) == 0o700
    assert mode(postgres.sockets / ".s.PGSQL.5432") == 0o700


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_postgres_does_not_run_as_root(postgres: EmbeddedPostgres) -> None:
    with psycopg.connect(postgres.conninfo()) as connection:
        pid = connection.info.backend_pid
        status = Path(f"/proc/{pid}/status").read_text()

    capabilities = next(line for line in status.splitlines() if line.startswith("CapEff"))
    assert int(capabilities.split()[1], 16) == 0


def test_letters_sort_alike_on_every_machine(postgres: EmbeddedPostgres) -> None:
    with psycopg.connect(postgres.conninfo()) as connection:
        rows = connection.execute(
            "SELECT word FROM unnest(ARRAY['b', 'É', 'a', 'B', 'z', 'é']) word ORDER BY word"
        ).fetchall()
        upper = connection.execute("SELECT upper('é')").fetchone()

    assert [word for (word,) in rows] == ["B", "a", "b", "z", "É", "é"]
    assert upper == ("É",)


def test_a_lock_file_left_by_a_dead_server_is_no_obstacle(postgres: EmbeddedPostgres) -> None:
    with tempfile.TemporaryDirectory(prefix="dl-pg-") as name:
        folder = Path(name)
        other = EmbeddedPostgres(
            data=folder / "data", sockets=folder / "run", log=folder / "log", durable=False
        )
        other.initialise()
        # Our own number: somebody who is alive, and no PostgreSQL.
        (other.data / "postmaster.pid").write_text(f"{os.getpid()}\n{other.data}\n")

        with other.running():
            assert other.is_ready()


def test_an_orphan_on_the_same_data_is_ended_first() -> None:
    with throwaway_postgres() as postgres:
        postgres.evict_predecessor()

        assert not postgres.is_ready()


def test_backends_that_outlived_their_postmaster_are_ended_first() -> None:
    with throwaway_postgres() as postgres:
        connection = psycopg.connect(postgres.conninfo(), autocommit=True)
        backend = psutil.Process(connection.info.backend_pid)
        # Busy computing, so that it does not notice by itself.
        connection.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 100000000000)")
        backend.parent().kill()

        postgres.evict_predecessor()

        assert not backend.is_running() or backend.status() == psutil.STATUS_ZOMBIE
        with postgres.running():
            assert postgres.is_ready()
        connection.close()


def test_data_of_another_version_is_refused_with_advice(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "PG_VERSION").write_text("12\n")
    server = EmbeddedPostgres(data=data, sockets=tmp_path / "run", log=tmp_path / "log")

    with pytest.raises(StartFailedError, match="made by PostgreSQL 12"):
        server.initialise()


def test_a_first_start_cut_short_leaves_nothing_that_looks_like_a_cluster(tmp_path: Path) -> None:
    unfinished = tmp_path / "data.unfinished"
    unfinished.mkdir()
    (unfinished / "half").touch()
    server = EmbeddedPostgres(
        data=tmp_path / "data", sockets=tmp_path / "run", log=tmp_path / "log", durable=False
    )

    server.initialise()

    assert (server.data / "PG_VERSION").exists()
    assert not unfinished.exists()


def test_a_server_goes_with_the_process_that_started_it() -> None:
    program = (
        "import time\n"
        "from portal.runtime.postgres import throwaway_postgres\n"
        "with throwaway_postgres() as p: print(p.data, flush=True); time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as it:
        assert it.stdout is not None
        data = Path(it.stdout.readline().strip())
        postmaster = psutil.Process(int((data / "postmaster.pid").read_text().split("\n")[0]))

        it.kill()

    gone, alive = psutil.wait_procs([postmaster], timeout=90)
    shutil.rmtree(data.parent)
    if sys.platform == "linux":
        assert (gone, alive) == ([postmaster], [])


def test_redis_listens_on_a_private_socket_alone() -> None:
    with throwaway_redis() as embedded, redis.Redis.from_url(embedded.url) as client:
        process = psutil.Process(client.info()["process_id"])

        assert process.net_connections(kind="inet") == []
        assert mode(embedded.socket) == 0o700
        assert mode(embedded.socket.parent) == 0o700
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


@pytest.mark.parametrize(
    ("version", "is_flawed"),
    [
        ((6, 2, 14), True),
        ((6, 2, 19), True),
        ((6, 2, 20), False),
        ((6, 0, 16), True),
        ((7, 0, 15), True),
        ((7, 4, 6), False),
        ((8, 0, 3), True),
        ((8, 2, 2), False),
        ((8, 4, 0), False),
    ],
)
def test_redis_versions_with_known_flaws_are_told_apart(
    version: tuple[int, ...], is_flawed: bool
) -> None:
    assert has_lua_flaws(version) is is_flawed


def test_valkey_counts_its_own_patches() -> None:
    assert has_lua_flaws((8, 0, 5), is_valkey=True)
    assert not has_lua_flaws((8, 0, 6), is_valkey=True)
