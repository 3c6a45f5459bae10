"""The city under the room's maps, kept in memory until an area is imported; addresses near a place."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import shapely
from django.db.models import Count, Max
from django.db.models.functions import Mod

from incidents.gunfire.canvas import Feature, Frame, backdrop
from incidents.gunfire.place_map import House
from incidents.models import Address, Area
from sensors.geodesy import LocalPlane

DRAWN = (Area.Kind.CITY, Area.Kind.DISTRICT, Area.Kind.PARK, Area.Kind.WATER, Area.Kind.STREET)
MOST_STREETS_OVERALL = 120
MOST_HOUSES = 1_500
NEAR_M = 120.0
"""Farther than this, an address does not say where an alert was."""


@dataclass(frozen=True, eq=False)
class Ground:
    """The city's features, and ways to ask them. Some megabytes for a city with all of its streets."""

    features: tuple[Feature, ...]
    limits: tuple[Feature, ...]

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree([feature.geometry for feature in self.features])

    @cached_property
    def _districts(self) -> tuple[Feature, ...]:
        return tuple(feature for feature in self.features if feature.kind == "district")

    def near(self, frame: Frame) -> list[Feature]:
        """What lies in a frame."""
        found = self._tree.query(shapely.box(*frame.bounds))
        return [self.features[n] for n in sorted(found.tolist())]

    def district(self, lon: float, lat: float) -> str:
        """The name of the district around a position; empty outside of all."""
        spot = shapely.Point(lon, lat)
        return next((f.name for f in self._districts if f.geometry.intersects(spot)), "")

    @cached_property
    def overview(self) -> tuple[Frame | None, str]:
        """The frame of the whole city, and what is drawn under its alerts. Costs most of the live map."""
        frame = Frame.over(self.limits or self._districts)
        if frame is None:
            return None, ""
        streets = [feature for feature in self.features if feature.kind == "street"]
        streets.sort(key=lambda feature: -float(feature.geometry.length))
        rest = [feature for feature in self.features if feature.kind != "street"]
        drawn = [*rest, *streets[:MOST_STREETS_OVERALL]]
        return frame, backdrop(frame, drawn, names="district")


def ground() -> Ground:
    """The city as its areas are now."""
    seen = Area.objects.aggregate(n=Count("id"), last=Max("id"), file=Max("imported_file_id"))
    return _read((seen["n"], seen["last"], seen["file"]))


@lru_cache(maxsize=1)
def _read(_fingerprint: tuple[Any, ...]) -> Ground:
    rows = Area.objects.filter(kind__in=DRAWN).order_by("kind", "code")
    features = []
    for kind, name, geometry in rows.values_list("kind", "name", "geometry"):
        shape = shapely.from_geojson(json.dumps(geometry), on_invalid="ignore")
        if shape is not None and not shape.is_empty:
            features.append(Feature(kind, name, shapely.make_valid(shape)))
    limits = tuple(feature for feature in features if feature.kind == Area.Kind.CITY)
    return Ground(tuple(f for f in features if f.kind != Area.Kind.CITY), limits)


def houses(frame: Frame) -> list[House]:
    """Addresses in a frame with their numbers; where there are too many, an even part of them."""
    west, south, east, north = frame.bounds
    inside = Address.objects.filter(lon__range=(west, east), lat__range=(south, north))
    one_in = 1 + inside.count() // MOST_HOUSES
    if one_in > 1:
        inside = inside.annotate(turn=Mod("id", one_in)).filter(turn=0)
    rows = inside.order_by("id").values_list("lon", "lat", "number_from")
    return [House(lon, lat, "" if number is None else str(number)) for lon, lat, number in rows]


def nearest_address(lon: float, lat: float) -> str:
    """ "412 Main Street", where an address is near enough to say so; else empty."""
    plane = LocalPlane(lon, lat)
    (west, south), (east, north) = (plane.to_lonlat(d, d) for d in (-NEAR_M, NEAR_M))
    rows = list(
        Address.objects.filter(
            lon__range=(float(west), float(east)), lat__range=(float(south), float(north))
        ).exclude(street="")[:MOST_HOUSES]
    )
    if not rows:
        return ""
    x_m, y_m = plane.to_xy([row.lon for row in rows], [row.lat for row in rows])
    return str(rows[int(np.argmin(np.hypot(x_m, y_m)))])
