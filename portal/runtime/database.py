"""The owner's way into PostgreSQL, for work that is done before Django's own connections make sense."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.conninfo import make_conninfo


def owner_conninfo(connection: BaseDatabaseWrapper) -> str:
    """A libpq connection string for the alias, without the search path (the schemas may not exist yet)."""
    parameters = dict(connection.get_connection_params())
    wanted = ("dbname", "user", "password", "host", "port", "sslmode", "connect_timeout")
    return make_conninfo(**{key: parameters[key] for key in wanted if parameters.get(key)})
