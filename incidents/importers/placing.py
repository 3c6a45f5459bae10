"""Records that were there before the map: their districts and beats, once areas arrive or move."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from django.db.models import Model
from psycopg.sql import SQL, Identifier

from incidents.importers import copytext
from incidents.importers.loader import Connection
from incidents.importers.places import Places, read_places
from incidents.importers.positions import Points
from incidents.models import Address, Area, CallForService, Incident

ROWS_AT_ONCE = 20_000
PLACING_KINDS = frozenset({Area.Kind.DISTRICT, Area.Kind.BEAT})
_MODELS: tuple[type[Model], ...] = (Incident, CallForService, Address)


def place_records(connection: Connection) -> int:
    """Write district and beat of every record with a position that lies in one; how many changed.

    A record outside all areas keeps what it had, for its file may have named a district. This is
    no revision: the record says what it said, only the map is new.
    """
    places = read_places()
    return sum(_place(connection, model, places) for model in _MODELS)


def _place(connection: Connection, model: type[Model], places: Places) -> int:
    connection.execute("DROP TABLE IF EXISTS placed_rows")
    connection.execute(
        "CREATE TEMPORARY TABLE placed_rows (id bigint, district_id bigint, beat_id bigint) "
        "ON COMMIT DROP"
    )
    # Read to the end of a chunk before the next COPY: one connection does one thing at a time.
    for rows in _chunks(model):
        ids, lon, lat = (np.array(column) for column in zip(*rows, strict=True))
        points = Points.of(lon.astype(float), lat.astype(float))
        found = [polygons.containing(points) for polygons in (places.district, places.beat)]
        columns = [copytext.ids(ids.astype(np.int64)), *map(copytext.ids, found)]
        with connection.cursor() as cursor, cursor.copy("COPY placed_rows FROM STDIN") as copy:
            copy.write(copytext.rows(columns))
    connection.execute("ANALYZE placed_rows")
    update = SQL("""
        UPDATE {table} t SET district_id = coalesce(p.district_id, t.district_id),
                             beat_id = coalesce(p.beat_id, t.beat_id)
        FROM placed_rows p WHERE p.id = t.id AND (
            t.district_id IS DISTINCT FROM coalesce(p.district_id, t.district_id)
            OR t.beat_id IS DISTINCT FROM coalesce(p.beat_id, t.beat_id))
        """)
    return connection.execute(update.format(table=Identifier(model._meta.db_table))).rowcount


def _chunks(model: type[Model]) -> Iterator[list[tuple[int, float, float]]]:
    last = 0
    rows = model._default_manager.filter(lon__isnull=False).order_by("id")
    while chunk := list(rows.filter(id__gt=last).values_list("id", "lon", "lat")[:ROWS_AT_ONCE]):
        yield chunk
        last = chunk[-1][0]
