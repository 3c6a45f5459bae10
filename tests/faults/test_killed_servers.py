"""What was acknowledged survives kill -9 of the server that acknowledged it."""

from __future__ import annotations

import psycopg
import redis
from conftest import Stage, wait_until

from portal.runtime.layout import Layout
from portal.runtime.postgres import EmbeddedPostgres


def test_every_commit_survives_a_killed_postgres(stage: Stage) -> None:
    stage.start(stage.command("postgres"))
    layout = Layout(stage.home)
    server = EmbeddedPostgres(
        data=layout.postgres_data, sockets=layout.postgres_sockets, log=layout.logs / "x"
    )
    acknowledged = []

    with psycopg.connect(server.conninfo(), autocommit=True) as connection:
        connection.execute("CREATE TABLE promise (number int PRIMARY KEY)")
        try:
            for number in range(1_000_000):
                connection.execute("INSERT INTO promise VALUES (%s)", [number])
                acknowledged.append(number)
                if number == 100:
                    stage.kill(stage.child("postgres", "-D"))
        except psycopg.OperationalError:
            pass
    wait_until(server.is_ready, what="PostgreSQL was back")

    with psycopg.connect(server.conninfo()) as connection:
        rows = connection.execute("SELECT number FROM promise ORDER BY number").fetchall()
    kept = [number for (number,) in rows]
    assert len(acknowledged) > 100
    # The last insert may have been committed without our hearing of it.
    assert kept in (acknowledged, [*acknowledged, len(acknowledged)])


def test_every_acknowledged_message_survives_a_killed_redis(stage: Stage) -> None:
    stage.start(stage.command("redis"))
    url = f"unix://{Layout(stage.home).redis_socket}"
    acknowledged = 0

    with redis.Redis.from_url(url) as client:
        try:
            while True:
                client.rpush("promises", acknowledged)
                acknowledged += 1
                if acknowledged == 100:
                    stage.kill(stage.child("redis-server"))
        except redis.ConnectionError:
            pass

    with redis.Redis.from_url(url) as client:
        wait_until(lambda: answers(client), what="Redis was back")
        kept = client.lrange("promises", 0, -1)
    assert acknowledged >= 100
    assert [int(value) for value in kept[:acknowledged]] == list(range(acknowledged))


def answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
