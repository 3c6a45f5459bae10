"""Rows into a hot table: a straight COPY; by way of a staging table where some are stored already.

Measured: the straight way costs what a raw COPY costs, the staging way two to three times as much,
the ORM eight times. Repeats are rare, because whole bodies that come again never get here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, connection, transaction
from psycopg import errors, sql

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Target:
    """A hot table. The first two of ``columns`` are its natural key."""

    table: str
    columns: Mapping[str, str]  # name -> PostgreSQL type

    @property
    def staging(self) -> str:
        return f"staged_{self.table}"


PULSES = Target(
    "sensors_pulse",
    {
        "t_ns": "int8",
        "sensor_id": "int8",
        "pulse_id": "text",
        "received_at": "timestamptz",
        "lon": "float8",
        "lat": "float8",
        "z_m": "float8",
        "peak_db": "float8",
        "snr_db": "float8",
        "rise_ms": "float8",
        "dur_ms": "float8",
        "centroid_hz": "float8",
    },
)
OBSERVATIONS = Target(
    "sensors_observation",
    {
        "datastream_id": "int8",
        "phenomenon_at": "timestamptz",
        "result": "float8",
        "received_at": "timestamptz",
        "flag": "int2",
    },
)


def insert_new(target: Target, rows: Sequence[Row]) -> set[Row]:
    """Insert the rows whose key is not stored yet; the keys that were inserted.

    rows: in the order of ``target.columns``, with distinct keys, sorted by key, so that two
    transactions that insert the same keys wait for each other and never deadlock.
    """
    try:
        with transaction.atomic():
            _copy(target, target.table, rows)
    except IntegrityError as error:
        if not isinstance(error.__cause__, errors.UniqueViolation):
            raise
        return _insert_staged(target, rows)
    return {row[:2] for row in rows}


def _copy(target: Target, table: str, rows: Iterable[Row]) -> None:
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(table), _names(target.columns)
    )
    # Django wraps the errors of execute alone; here a refusal must look the same.
    wrapped = connection.wrap_database_errors
    with connection.cursor() as cursor, wrapped, cursor.copy(statement) as copy:
        copy.set_types(list(target.columns.values()))
        for row in rows:
            copy.write_row(row)


def _insert_staged(target: Target, rows: Sequence[Row]) -> set[Row]:
    staging, columns = sql.Identifier(target.staging), _names(target.columns)
    typed = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind))
        for name, kind in target.columns.items()
    )
    create = sql.SQL("CREATE TEMPORARY TABLE IF NOT EXISTS {} ({}) ON COMMIT DELETE ROWS")
    insert = sql.SQL(
        "INSERT INTO {table} ({columns}) SELECT {columns} FROM {staging}"
        " ON CONFLICT ({key}) DO NOTHING RETURNING {key}"
    )
    with connection.cursor() as cursor:
        cursor.execute(create.format(staging, typed))
        cursor.execute(sql.SQL("DELETE FROM {}").format(staging))
        _copy(target, target.staging, rows)
        cursor.execute(
            insert.format(
                table=sql.Identifier(target.table),
                columns=columns,
                staging=staging,
                key=_names(list(target.columns)[:2]),
            )
        )
        return set(cursor.fetchall())


def _names(names: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))
