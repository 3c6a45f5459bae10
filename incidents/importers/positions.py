"""Positions of a column of rows: degrees from texts, and the areas they lie in. NumPy and shapely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

Float = NDArray[np.float64]
Int = NDArray[np.int64]

DECIMALS = 7  # of a degree: a centimetre, and the same digits from every version of PROJ
NO_AREA = 0
WGS84 = "EPSG:4326"


def numbers(texts: Sequence[str]) -> Float:
    """Floats of texts, NaN where a text is empty or no number."""
    try:
        return np.array([float(text) if text else np.nan for text in texts])
    except ValueError:
        return np.array([_number(text) for text in texts])


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def degrees(
    lon: Sequence[str] | None,
    lat: Sequence[str] | None,
    x: Sequence[str] | None,
    y: Sequence[str] | None,
    *,
    crs: str,
    count: int,
) -> tuple[Float, Float]:
    """WGS 84 longitude and latitude of each row, NaN where it has none that can be.

    lon, lat: degrees; x, y: coordinates of ``crs``, used where lon and lat give nothing. A position
    of zero, outside the globe, or unreadable is none.
    """
    east, north = np.full(count, np.nan), np.full(count, np.nan)
    if lon is not None and lat is not None:
        east, north = numbers(lon), numbers(lat)
        if crs != WGS84 and x is None:  # the mapping says that the degrees are of another datum
            east, north = project(east, north, crs=crs)
        east, north = _plausible(east, north)
    if x is not None and y is not None:
        left = np.flatnonzero(np.isnan(east))
        given_x, given_y = numbers(x)[left], numbers(y)[left]
        given_x = np.where((given_x == 0) | (given_y == 0), np.nan, given_x)
        east[left], north[left] = _plausible(*project(given_x, given_y, crs=crs))
    return np.round(east, DECIMALS), np.round(north, DECIMALS)


def _plausible(east: Float, north: Float) -> tuple[Float, Float]:
    on_globe = (np.abs(east) <= 180) & (np.abs(north) <= 90)
    # Publishers write 0, 0 or almost that for "unknown"; no city lies there.
    bad = ~(on_globe & ((np.abs(east) > 1e-3) | (np.abs(north) > 1e-3)))
    return np.where(bad, np.nan, east), np.where(bad, np.nan, north)


def project(x: Float, y: Float, *, crs: str) -> tuple[Float, Float]:
    """Degrees of coordinates in a projection; NaN stays NaN."""
    lon, lat = np.full(x.shape, np.nan), np.full(x.shape, np.nan)
    known = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    if known.size:
        lon[known], lat[known] = _transformer(crs).transform(x[known], y[known])
    return lon, lat


@lru_cache(maxsize=16)
def _transformer(crs: str) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(crs, WGS84, always_xy=True)


@dataclass(frozen=True)
class Points:
    """The positions of a chunk that are known. ``rows``: where in the chunk; making shapes is half the work."""

    count: int  # rows of the chunk
    rows: NDArray[np.intp]
    lon: Float
    lat: Float
    shapes: NDArray[np.object_]

    @classmethod
    def of(cls, lon: Float, lat: Float) -> Points:
        """lon, lat: degrees or NaN, shape (n,)."""
        rows = np.flatnonzero(np.isfinite(lon) & np.isfinite(lat))
        shapes: NDArray[np.object_] = np.asarray(shapely.points(lon[rows], lat[rows]), dtype=object)
        return cls(len(lon), rows, lon[rows], lat[rows], shapes)

    def at(self, chosen: NDArray[np.bool_]) -> Points:
        """Those of the rows that are chosen, shape (count,)."""
        kept = chosen[self.rows]
        return Points(
            self.count, self.rows[kept], self.lon[kept], self.lat[kept], self.shapes[kept]
        )


@dataclass(frozen=True)
class Polygons:
    """Areas of one kind, prepared for asking where points lie. ids and codes belong to the polygons in order."""

    ids: Int
    codes: tuple[str, ...]
    shapes: NDArray[np.object_]
    _tree: shapely.STRtree = field(init=False, repr=False, compare=False)
    _id_of: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        shapely.prepare(self.shapes)
        object.__setattr__(self, "_tree", shapely.STRtree(self.shapes))
        id_of = dict(zip(self.codes, self.ids.tolist(), strict=True))
        object.__setattr__(self, "_id_of", id_of)

    def __len__(self) -> int:
        return len(self.ids)

    def containing(self, points: Points) -> Int:
        """Id of the polygon around each point, NO_AREA for none; on a border the first in order."""
        found = np.full(points.count, NO_AREA, np.int64)
        if not points.rows.size or not len(self):
            return found
        point, shape = self._tree.query(points.shapes)
        inside = shapely.intersects_xy(self.shapes[shape], points.lon[point], points.lat[point])
        point, shape = point[inside], shape[inside]
        # Written from the last polygon to the first, so that the first one stays.
        order = np.argsort(-shape, kind="stable")
        found[points.rows[point[order]]] = self.ids[shape[order]]
        return found

    def named(self, codes: Sequence[str]) -> Int:
        """Id of the polygon with each code, NO_AREA for none."""
        return np.fromiter(
            (self._id_of.get(code, NO_AREA) for code in codes), np.int64, count=len(codes)
        )
