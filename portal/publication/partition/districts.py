"""The borders that no place and no cell may cross."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry.base import BaseGeometry

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

OUTSIDE = -1  # no district, no place, no cell; never a silent "nearest"


@dataclass(frozen=True)
class District:
    """A district of the city. code: short and stable, it begins every code inside; polygon: metres."""

    code: str
    polygon: BaseGeometry


def centimetres(values: ArrayLike) -> FloatArray:
    """Metres rounded to the centimetre, so that a last bit lost in a projection moves nothing."""
    return np.round(np.asarray(values, float), 2) + 0.0  # + 0.0: -0.0 and 0.0 are one place


def polygonal(geometry: BaseGeometry) -> BaseGeometry:
    """The area part of a geometry, valid; slivers of line and point at a cut are dropped."""
    valid = geometry if shapely.is_valid(geometry) else shapely.make_valid(geometry)
    if valid.geom_type in ("Polygon", "MultiPolygon"):
        return valid
    parts = shapely.get_parts(shapely.get_parts(valid))
    return shapely.union_all(parts[shapely.get_dimensions(parts) == 2])


def assign_districts(x: ArrayLike, y: ArrayLike, districts: Sequence[District]) -> IntArray:
    """The district that holds each point, as an index into ``districts``.

    x, y: metres, shape (n,). A point on a shared border belongs to the first of its districts in
    the given order. A point outside every district, or with NaN, is ``OUTSIDE`` (-1).
    """
    xs, ys = centimetres(x), centimetres(y)
    found = np.full(xs.shape, OUTSIDE, np.int64)
    for index, district in enumerate(districts):
        west, south, east, north = shapely.bounds(district.polygon)
        near = (xs >= west) & (xs <= east) & (ys >= south) & (ys <= north) & (found == OUTSIDE)
        candidates = np.flatnonzero(near)
        shapely.prepare(district.polygon)
        inside = shapely.intersects_xy(district.polygon, xs[candidates], ys[candidates])
        found[candidates[inside]] = index
    return found
