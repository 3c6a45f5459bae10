"""COPY into a staging table of this connection, then insert what is not stored yet.

Measured: COPY and ON CONFLICT reach more than half of a raw COPY, the ORM an eighth.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from psycopg import sql

from sensors.models import Datastream

WINDOW_S = 60
"""The stretch of time that is marked dirty and detected over as one; a burst seldom lasts longer."""


@dataclass(frozen=True)
class Stage:
    """A staging table: two columns that say where a row came from, then those of the target.

    The first two of ``columns`` are the target's natural key. ``constants``: columns that are the
    same for every row. ``window``: what of a key column marks a stretch of time, or NULL.
    """

    name: str
    target: str
    columns: tuple[tuple[str, str], ...]
    constants: tuple[tuple[str, str], ...] = ()
    window: str = "NULL::bigint"

    @property
    def create(self) -> sql.Composed:
        columns = (("batch_id", "int8"), ("position", "int4"), *self.columns)
        return sql.SQL("CREATE TEMPORARY TABLE IF NOT EXISTS {} ({}) ON COMMIT DELETE ROWS").format(
            sql.Identifier(self.name),
            sql.SQL(", ").join(
                sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind))
                for name, kind in columns
            ),
        )

    @property
    def copy(self) -> sql.Composed:
        return sql.SQL("COPY {} FROM STDIN (FORMAT BINARY)").format(sql.Identifier(self.name))

    @property
    def insert(self) -> sql.Composed:
        """Gives (batch_id, window, rows really inserted). Staged keys are distinct."""
        names = [name for name, _ in self.columns]
        return sql.SQL(
            "WITH fresh AS (INSERT INTO {target} ({columns}) SELECT {values} FROM {stage}"
            " ON CONFLICT ({key}) DO NOTHING RETURNING {key})"
            " SELECT stage.batch_id, {window} AS window_number, count(*)"
            " FROM fresh JOIN {stage} AS stage USING ({key}) GROUP BY 1, 2"
        ).format(
            target=sql.Identifier(self.target),
            stage=sql.Identifier(self.name),
            columns=_names([*names, *(name for name, _ in self.constants)]),
            values=sql.SQL(", ").join(
                [*map(sql.Identifier, names), *(sql.SQL(value) for _, value in self.constants)]
            ),
            key=_names(names[:2]),
            window=sql.SQL(self.window),
        )


def _names(names: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))


PULSES = Stage(
    name="staged_pulse",
    target="sensors_pulse",
    columns=(
        ("sensor_id", "int8"),
        ("t_ns", "int8"),
        ("pulse_id", "text"),
        ("received_at", "timestamptz"),
        ("lon", "float8"),
        ("lat", "float8"),
        ("z_m", "float8"),
        ("peak_db", "float8"),
        ("snr_db", "float8"),
        ("rise_ms", "float8"),
        ("dur_ms", "float8"),
        ("centroid_hz", "float8"),
    ),
    window=f"t_ns / {WINDOW_S * 1_000_000_000}",
)
OBSERVATIONS = Stage(
    name="staged_observation",
    target="sensors_observation",
    columns=(
        ("datastream_id", "int8"),
        ("phenomenon_at", "timestamptz"),
        ("result", "float8"),
        ("received_at", "timestamptz"),
    ),
    constants=(("flag", "2"),),  # not evaluated yet
)


def stage_and_insert(stage: Stage, rows: Sequence[tuple[Any, ...]]) -> list[tuple[int, int, int]]:
    """Rows (batch_id, position, *columns) with distinct keys -> (batch_id, window, rows inserted)."""
    types = ["int8", "int4", *(kind for _, kind in stage.columns)]
    with connection.cursor() as cursor:
        cursor.execute(stage.create)
        cursor.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(stage.name)))
        with cursor.copy(stage.copy) as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)
        cursor.execute(stage.insert)
        fresh: list[tuple[int, int, int]] = cursor.fetchall()
    return fresh


def update_latest() -> None:
    """Move datastreams on to the newest staged reading. A late reading never overwrites a newer one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH newest AS (SELECT DISTINCT ON (datastream_id) datastream_id, phenomenon_at, result"
            " FROM staged_observation ORDER BY datastream_id, phenomenon_at DESC),"
            # locked in order of id, so that two drains cannot wait for each other in a ring
            " locked AS MATERIALIZED (SELECT d.id FROM sensors_datastream d"
            " JOIN newest n ON n.datastream_id = d.id"
            " WHERE d.latest_at IS NULL OR d.latest_at < n.phenomenon_at"
            " ORDER BY d.id FOR UPDATE OF d)"
            " UPDATE sensors_datastream d SET latest_at = n.phenomenon_at, latest_value = n.result"
            " FROM newest n, locked l WHERE d.id = n.datastream_id AND l.id = d.id"
            " AND (d.latest_at IS NULL OR d.latest_at < n.phenomenon_at)"
        )


def datastream_ids(units: Mapping[tuple[int, str], str]) -> dict[tuple[int, str], int]:
    """(sensor id, observed property) -> id of its datastream, made where there is none yet.

    units: the unit of each, for those that are made.
    """
    known = _known_datastreams(units)
    if missing := sorted(units.keys() - known.keys()):
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO sensors_datastream (sensor_id, observed_property, unit)"
                " SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[])"
                " ON CONFLICT (sensor_id, observed_property) DO NOTHING",
                [
                    [sensor_id for sensor_id, _ in missing],
                    [name for _, name in missing],
                    [units[key] for key in missing],
                ],
            )
        known = _known_datastreams(units)
    return {key: known[key] for key in units}


def _known_datastreams(keys: Iterable[tuple[int, str]]) -> dict[tuple[int, str], int]:
    found = Datastream.objects.filter(sensor_id__in={sensor_id for sensor_id, _ in keys})
    return {
        (sensor_id, name): pk
        for pk, sensor_id, name in found.values_list("id", "sensor_id", "observed_property")
    }
