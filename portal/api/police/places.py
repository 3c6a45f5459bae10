"""Where crimes of the police.uk shape can be: our places and the middles of our cells, each with a number.

A place is chosen by its public point, which never changes and belongs to nobody: any polygon or circle
names some places, and their rows could be had by naming the places themselves.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray

from portal.feeds.editions import Editions, Memory
from portal.feeds.rows import in_release
from portal.models import PublishedCell, PublishedPlace

MILE_M = 1609.344
EARTH_M = 6_371_008.8
_BYTES_OF_A_SPOT = 500


@dataclass(frozen=True)
class Spot:
    """kind: place_code or cell_code, the column that names it. number: police.uk's id of a street."""

    code: str
    kind: str
    lon: float
    lat: float
    addresses: int
    number: int


@dataclass(frozen=True)
class Spots:
    """All of them, by code and by number."""

    by_code: Mapping[str, Spot]

    @cached_property
    def by_number(self) -> dict[int, Spot]:
        return {spot.number: spot for spot in self.by_code.values()}

    @cached_property
    def listed(self) -> list[Spot]:
        return list(self.by_code.values())

    @cached_property
    def points(self) -> NDArray[np.float64]:
        """Longitude and latitude, shape (spots, 2)."""
        return np.array([(spot.lon, spot.lat) for spot in self.listed]).reshape(-1, 2)

    def inside(self, corners: list[tuple[float, float]]) -> list[Spot]:
        """Those in a polygon of (longitude, latitude), by the even-odd rule; its border belongs to it.

        Prepared and not made valid: a scribble of a thousand corners crosses itself a hundred thousand
        times, and mending it would hold this process for hours.
        """
        polygon = shapely.Polygon(corners)
        shapely.prepare(polygon)
        return self._of(shapely.intersects_xy(polygon, self.points))

    def around(self, lon: float, lat: float, *, within_m: float = MILE_M) -> list[Spot]:
        """Those within a distance of a point."""
        east = np.radians(self.points[:, 0] - lon) * math.cos(math.radians(lat))
        north = np.radians(self.points[:, 1] - lat)
        return self._of(EARTH_M * np.hypot(east, north) <= within_m)

    def nearest(self, lon: float, lat: float) -> Spot | None:
        """The place (not the cell) whose point is nearest."""
        places = [spot for spot in self.listed if spot.kind == "place_code"]
        scale = math.cos(math.radians(lat))
        return min(
            places,
            key=lambda spot: math.hypot((spot.lon - lon) * scale, spot.lat - lat),
            default=None,
        )

    def _of(self, keep: NDArray[np.bool_]) -> list[Spot]:
        return [self.listed[k] for k in np.flatnonzero(keep)]


_memory: Memory[Spots] = Memory(
    40_000_000, lambda spots: 1_000 + len(spots.by_code) * _BYTES_OF_A_SPOT
)


def spots_now(now: Editions) -> Spots:
    if known := _memory.get("spots", now):
        return known
    rows: list[tuple[str, str, float, float, int]] = []
    for model, slug, kind, n in (
        (PublishedPlace, "places", "place_code", "stands_for_addresses"),
        (PublishedCell, "cells", "cell_code", "n_addresses"),
    ):
        edition = now.get(slug)
        found = in_release(model._default_manager.all(), (edition and edition.number) or 0)
        rows += [(row[0], kind, *row[1:]) for row in found.values_list("code", "lon", "lat", n)]
    spots = Spots({row[0]: Spot(*row, number=number_of(row[0])) for row in rows})
    _memory.put("spots", spots, now)
    return spots


def number_of(code: str) -> int:
    """Made from the public code alone, and the same for ever; small enough for every client's numbers."""
    return int.from_bytes(hashlib.sha256(code.encode()).digest()[:6], "big")
