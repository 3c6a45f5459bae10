"""Django's PostgreSQL, with two things that a page asked many times a second needs. Named in settings as ENGINE."""

from __future__ import annotations

import select
from typing import Any, Self

import psycopg
from django.db.backends.postgresql import base
from django.db.backends.utils import CursorWrapper


class PreparedCursor(psycopg.Cursor[Any]):
    """Sends a statement's text once for each connection, afterwards its name and its parameters alone."""

    def execute(self, query: Any, params: Any = None, **how: Any) -> Self:
        return super().execute(query, params, **{**how, "prepare": True})


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection."""

    def is_usable(self) -> bool:
        """Whether the server is still there, before the first statement of each request.

        A server that ends says so, and what it says waits in the socket. Where nothing waits there is no
        need to ask, as Django would, with a statement that costs a fifth of a small answer. A machine that
        vanishes without a word answers neither way; the statement's own error tells.
        """
        if self.connection is None or self.connection.closed:
            return False
        waiting = select.poll()
        waiting.register(self.connection.fileno(), select.POLLIN)
        return True if not waiting.poll(0) else bool(super().is_usable())

    def prepared(self) -> CursorWrapper:
        """A cursor whose statements are planned once for any parameters: only for those whose best plan is
        the same whatever is asked. Counted, logged and wrapped as every other of Django's."""
        self.close_if_health_check_failed()
        self.ensure_connection()
        with self.wrap_database_errors:
            return self._prepare_cursor(PreparedCursor(self.connection))  # type: ignore[attr-defined,no-any-return]
