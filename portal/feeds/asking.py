"""The one way in which feeds put a statement of their own to PostgreSQL: on the role that reads what is public."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connections


def fetch(
    statement: str, parameters: Mapping[str, Any], *, is_prepared: bool = False
) -> list[tuple[Any, ...]]:
    """All rows. is_prepared: planned once for each connection, for any parameters."""
    connection: Any = connections["public"]  # portal.postgres
    with connection.prepared() if is_prepared else connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())
