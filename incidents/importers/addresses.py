"""Addresses from points, from street ranges, or from census blocks.

How many addresses a row stands for: a point, 1. A street range, its house numbers counted in twos
where both ends are odd or both even (the other side of the street has the rest), both sides of the
street together. A block, its dwellings; where the file counts people only, people divided by
``persons_per_address`` of the mapping (2.5, about a household in the United States), rounded down,
for it is safer to think that a place stands for too few.
"""

from __future__ import annotations

import json

import numpy as np
import shapely
from numpy.typing import NDArray

from incidents.importers import copytext
from incidents.importers.positions import DECIMALS, degrees
from incidents.importers.shapes import FIELDS, Kind, Reading
from incidents.importers.transform import Draft, Transform
from incidents.streets import street_key

Float = NDArray[np.float64]
_INTEGERS = [
    name for name, field in FIELDS[Kind.ADDRESSES].items() if field.reading == Reading.INTEGER
]
_SIDES = (("left_from", "left_to"), ("right_from", "right_to"))


class AddressTransform(Transform):
    """As for records; the position may come from a shape, and the numbers from ranges."""

    def _fill(self, draft: Draft) -> None:
        super()._fill(draft)
        kind = self._mapping.address_kind
        columns = draft.columns
        streets = draft.reader.field("street")
        columns["street_key"] = copytext.texts([street_key(street) for street in streets])
        columns["kind"] = [kind] * len(draft.reader)
        numbers = {name: _numbers(columns.pop(name)) for name in _INTEGERS}
        low, high = numbers["number"], numbers["number"]
        stands_for = np.ones(len(draft.reader))
        if kind == "street-range":
            low, high, stands_for = _ranges(numbers)
        elif kind == "block":
            people = np.floor(numbers["persons"] / self._mapping.persons_per_address)
            dwellings = numbers["dwellings"]
            stands_for = np.nan_to_num(np.where(np.isnan(dwellings), people, dwellings))
        columns["number_from"], columns["number_to"] = _texts(low), _texts(high)
        columns["stands_for"] = _texts(stands_for)
        none = np.flatnonzero(stands_for < 1)
        draft.refuse(none, "no-addresses", "got a row that stands for no address; wanted one")

    def _position(self, draft: Draft) -> None:
        """Of the columns, else the middle of a line or a point inside a polygon."""
        reader = draft.reader
        axes = [reader.field(n) if reader.has(n) else None for n in ("lon", "lat", "x", "y")]
        lon, lat = degrees(*axes, crs=self._mapping.crs, count=len(reader))
        missing = np.flatnonzero(np.isnan(lon))
        shapes = reader.geometries()
        if missing.size and any(shapes):
            lon[missing], lat[missing] = _middles([shapes[row] for row in missing])
        lost = np.flatnonzero(np.isnan(lon))
        draft.refuse(lost, "no-position", "got no position; wanted coordinates or a geometry")
        draft.columns["lon"], draft.columns["lat"] = copytext.floats(lon), copytext.floats(lat)
        self._areas(draft, lon, lat, draft.is_good())


def _numbers(texts: list[str]) -> Float:
    return np.array([float("nan") if text == copytext.NULL else float(text) for text in texts])


def _texts(values: Float) -> list[str]:
    return [copytext.NULL if np.isnan(value) else str(int(value)) for value in values]


def _ranges(numbers: dict[str, Float]) -> tuple[Float, Float, Float]:
    """Lowest and highest number of a stretch of street, and how many there are on both sides."""
    lows, highs, counts = [], [], []
    for start, end in _SIDES:
        a, b = numbers[start], numbers[end]
        a, b = np.where(a > 0, a, b), np.where(b > 0, b, a)  # one end of 0 is no end
        given = (a > 0) & (b > 0)
        low, high = np.fmin(a, b), np.fmax(a, b)
        step = np.where((high - low) % 2 == 0, 2, 1)
        counts.append(np.where(given, (high - low) // step + 1, 0))
        lows.append(np.where(given, low, np.nan))
        highs.append(np.where(given, high, np.nan))
    return np.fmin(*lows), np.fmax(*highs), counts[0] + counts[1]


def _middles(geometries: list[str]) -> tuple[Float, Float]:
    """A point of each shape: the middle of a line, a place inside a polygon; NaN for none."""
    shapes = shapely.from_geojson([_geometry(text) for text in geometries], on_invalid="ignore")
    lines = shapely.get_dimensions(shapes) == 1
    shapes = np.array(shapes, dtype=object)
    shapes[lines] = shapely.line_interpolate_point(
        shapely.line_merge(shapes[lines]), 0.5, normalized=True
    )
    points = shapely.point_on_surface(shapes)
    return np.round(shapely.get_x(points), DECIMALS), np.round(shapely.get_y(points), DECIMALS)


def _geometry(text: str) -> str | None:
    return text if text and json.loads(text).get("coordinates") else None
