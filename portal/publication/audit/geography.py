"""The public map and the public addresses, as published and as the vault has them, in arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from django.db import connections
from numpy.typing import NDArray

from portal.publication.audit.arrays import columns
from portal.publication.audit.attacks.world import NONE, Addresses, Floats, PublicMap
from sensors.geodesy import LocalPlane


def read_addresses(plane: LocalPlane) -> Addresses:
    found = columns(
        {
            "lon": ("lon", "float"),
            "lat": ("lat", "float"),
            "stands_for": ("stands_for", "int"),
            "is_point": ("(kind = 'point')::int", "int"),
        },
        "FROM vault.incidents_address",
        {},
    )
    points = np.column_stack(plane.to_xy(found["lon"], found["lat"]))
    return Addresses(points, found["stands_for"], bool(found["is_point"].mean() > 0.5))


def read_map(plane: LocalPlane, districts: list[str]) -> PublicMap:
    """The public map as published, in the order of its primary keys."""
    places = query(
        "SELECT lon, lat, stands_for_addresses, district_slug, footprint::text FROM release.place ORDER BY id"
    )
    cells = query(
        "SELECT lon, lat, n_addresses, district_slug, footprint::text, code, parent_code, level "
        "FROM release.cell ORDER BY id"
    )
    number = {slug: i for i, slug in enumerate(districts)}
    at = {row[5]: i for i, row in enumerate(cells)}
    return PublicMap(
        place_dot=_dots(plane, places),
        place_says=np.array([row[2] for row in places], np.int64),
        place_shape=_shapes(plane, places),
        place_district=np.array([number.get(row[3], NONE) for row in places], np.int64),
        cell_dot=_dots(plane, cells),
        cell_says=np.array([row[2] for row in cells], np.int64),
        cell_shape=_shapes(plane, cells),
        cell_parent=np.array([at.get(row[6], NONE) for row in cells], np.int64),
        cell_level=np.array([row[7] for row in cells], np.int64),
        cell_district=np.array([number.get(row[3], NONE) for row in cells], np.int64),
        n_districts=len(districts),
    )


def _dots(plane: LocalPlane, rows: list[tuple]) -> Floats:
    lon, lat = np.array([row[:2] for row in rows], float).reshape(-1, 2).T
    return np.column_stack(plane.to_xy(lon, lat))


def _shapes(plane: LocalPlane, rows: list[tuple]) -> NDArray[np.object_]:
    shapes = np.asarray(shapely.from_geojson([row[4] for row in rows]), object).reshape(-1)
    return np.asarray(
        shapely.make_valid(
            shapely.transform(shapes, lambda at: np.column_stack(plane.to_xy(at[:, 0], at[:, 1])))
        ),
        object,
    )


def query(statement: str, parameters: dict[str, Any] | None = None) -> list[tuple]:
    with connections["publisher"].cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


def texts(statement: str) -> list[str]:
    return sorted(row[0] for row in query(statement))
