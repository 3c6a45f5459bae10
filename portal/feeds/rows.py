"""The rows of a dataset in one release, as Python values; read as ``daylight_public`` from the schema ``release``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from django.db import connections, transaction
from django.db.models import Model, Q, QuerySet

from portal.feeds.projections import PROJECTIONS
from portal.models import Release

Row = dict[str, Any]
Found = tuple[Row, str | None]  # a row, and its footprint as GeoJSON text
M = TypeVar("M", bound=Model)

# How many rows a cursor of the database hands over at once: memory stays flat for any city.
CHUNK = 5_000


def in_release(rows: QuerySet[M], number: int) -> QuerySet[M]:
    """Those that were public in release ``number``: added by then and not yet retired."""
    return rows.filter(
        Q(retired_release__isnull=True) | Q(retired_release__gt=number), first_release__lte=number
    )


def rows_of(release: Release, *, first: int | None = None) -> Iterator[Found]:
    """Every row of a release, or the first few, with its footprint (None where no place is given).

    By public id or code, so that the order tells nothing; a file that goes by months has them so in each.
    """
    projection = PROJECTIONS[release.dataset.slug]
    what = ", ".join([*projection.columns.values(), f"{projection.footprint}::text"])
    statement = projection.select(
        what, order=projection.file_order, limit="" if first is None else str(first)
    )
    # A cursor of the server lives inside a transaction.
    with (
        transaction.atomic(using="public"),
        connections["public"].chunked_cursor() as cursor,
    ):
        cursor.execute(statement, {"release": release.number})
        while rows := cursor.fetchmany(CHUNK):
            for *values, footprint in rows:
                yield dict(zip(projection.columns, values, strict=True)), footprint
