"""A connection notices that its server went, and plans once what is asked many times."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test.utils import CaptureQueriesContext

pytestmark = pytest.mark.usefixtures("city_db")


@pytest.fixture
def public(city_db: None) -> Iterator[BaseDatabaseWrapper]:
    connection = connections["public"]
    connection.close()
    connection.ensure_connection()
    try:
        yield connection
    finally:
        connection.close()


def another() -> psycopg.Connection[Any]:
    return psycopg.connect(**connections["owner"].get_connection_params(), autocommit=True)


def end(connection: Any) -> None:
    """What a server does to its connections when it is restarted."""
    with another() as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [connection.info.backend_pid])


def test_a_connection_that_works_is_usable_without_a_question(public: Any) -> None:
    with CaptureQueriesContext(public) as asked:
        assert public.is_usable()

    assert len(asked) == 0
    with public.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchall() == [(1,)]


def test_a_connection_whose_server_ended_it_is_not_usable(public: Any) -> None:
    end(public.connection)

    assert not public.is_usable()


def test_a_request_after_a_restart_is_answered(public: Any) -> None:
    end(public.connection)
    public.health_check_done = False  # as when a request begins

    with public.prepared() as cursor:
        cursor.execute("SELECT %s + 1", [1])
        assert cursor.fetchall() == [(2,)]


def test_what_waits_in_the_socket_is_no_reason_to_hang_up(public: Any) -> None:
    public.connection.execute("LISTEN anything")
    with another() as other:
        other.execute("NOTIFY anything")
    with pytest.MonkeyPatch.context() as patch:
        asked: list[str] = []
        patch.setattr(psycopg.ClientCursor, "execute", lambda _, query: asked.append(query))
        while not asked:  # a notice takes its time
            assert public.is_usable()

    assert public.is_usable()


def test_a_prepared_statement_is_counted_and_planned_once_for_any_parameter(public: Any) -> None:
    statement = "SELECT %(of)s::int + 1"
    with CaptureQueriesContext(public) as asked:
        for n in range(3):
            with public.prepared() as cursor:
                cursor.execute(statement, {"of": n})
                assert cursor.fetchall() == [(n + 1,)]

    assert len(asked) == 3
    rows = public.connection.execute(
        "SELECT generic_plans, custom_plans FROM pg_prepared_statements"
    )
    assert rows.fetchall() == [(3, 0)]


def test_its_errors_are_django_s(public: Any) -> None:
    with public.prepared() as cursor:
        end(public.connection)
        with pytest.raises(OperationalError):
            cursor.execute("SELECT %s", [1])
