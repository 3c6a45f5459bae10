"""The database itself keeps the vault shut."""

from __future__ import annotations

import pytest
from django.db import ProgrammingError, connections


def tables(schema: str) -> list[str]:
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [schema])
        return sorted(name for (name,) in cursor.fetchall())


def refused(alias: str, statement: str) -> bool:
    with connections[alias].cursor() as cursor:
        try:
            cursor.execute(statement)
        except ProgrammingError as error:
            return "permission denied" in str(error)
    return False


def test_both_schemas_hold_tables(city_db: None) -> None:
    assert {"incidents_incident", "sensors_pulse", "publication_assignment"} <= set(tables("vault"))
    assert {"incident", "gunfire", "release"} <= set(tables("release"))


def test_the_public_role_may_read_no_table_of_the_vault(city_db: None) -> None:
    for table in tables("vault"):
        assert refused("public", f"SELECT * FROM vault.{table} LIMIT 1"), table


@pytest.mark.parametrize("statement", ["DELETE FROM", "TRUNCATE"])
def test_the_public_role_may_change_no_public_table(city_db: None, statement: str) -> None:
    for table in tables("release"):
        assert refused("public", f"{statement} release.{table}"), table


def test_the_public_role_may_read_every_public_table(city_db: None) -> None:
    for table in tables("release"):
        assert not refused("public", f"SELECT * FROM release.{table} LIMIT 1"), table


def test_the_app_role_may_not_touch_what_is_public(city_db: None) -> None:
    for table in tables("release"):
        assert refused("default", f"SELECT * FROM release.{table} LIMIT 1"), table


def test_the_public_role_makes_no_table_of_its_own(city_db: None) -> None:
    for schema in ("vault", "release", "public"):
        assert refused("public", f"CREATE TABLE {schema}.smuggled (x int)"), schema
