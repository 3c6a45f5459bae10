"""A synthetic city from a seed: a river, parks, named streets, addresses, districts and beats.

It stands on open prairie where nobody lives, so that no demo ever says anything about a real place.
The same plan and seed give the same city to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
import shapely.affinity
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from sensors.geodesy import LocalPlane
from sensors.simulation import names
from sensors.simulation.addresses import (
    Addresses,
    PublicBuilding,
    build_addresses,
    place_public_buildings,
)
from sensors.simulation.areas import Area, divide
from sensors.simulation.plan import FULL_CITY, SMALL_CITY, CityPlan
from sensors.simulation.streets import Network, Street, build_network

__all__ = ["FULL_CITY", "SMALL_CITY", "City", "CityPlan", "build_city"]

LONLAT_DECIMALS = 7  # about a centimetre


@dataclass(frozen=True)
class Junctions:
    """Crossings of avenues; arrays of shape (k,)."""

    x: NDArray[np.float64]  # metres
    y: NDArray[np.float64]
    name: NDArray[np.str_]  # "Market Street & Union Avenue"


@dataclass(frozen=True)
class City:
    """A finished city. Geometry is in metres on ``plane``; ``lon`` and ``lat`` are the addresses' degrees."""

    plan: CityPlan
    seed: int
    plane: LocalPlane
    outline: Polygon
    water: tuple[tuple[str, BaseGeometry], ...]
    parks: tuple[tuple[str, Polygon], ...]
    streets: tuple[Street, ...]
    street_pieces: NDArray[np.object_]  # (m,) LineString, the built stretches
    piece_street: NDArray[np.intp]  # (m,) index into streets
    addresses: Addresses
    lon: NDArray[np.float64]  # (n,)
    lat: NDArray[np.float64]  # (n,)
    districts: tuple[Area, ...]
    beats: tuple[Area, ...]
    address_district: NDArray[np.intp]  # (n,) index into districts
    address_beat: NDArray[np.intp]  # (n,) index into beats
    public_buildings: tuple[PublicBuilding, ...]

    @cached_property
    def address_text(self) -> NDArray[np.str_]:
        """ "1432 N Cedar Street" for each address, without the unit."""
        a = self.addresses
        return np.char.add(np.char.add(a.number.astype(str), " "), a.street)

    @cached_property
    def junctions(self) -> Junctions:
        """Where avenues meet on dry land or a bridge."""
        is_avenue = np.array([street.kind == "avenue" for street in self.streets])
        built = np.flatnonzero(is_avenue[self.piece_street])
        lines = self.street_pieces[built]
        a, b = shapely.STRtree(lines).query(lines, predicate="crosses")
        a, b = a[a < b], b[a < b]
        meets, pair = shapely.get_coordinates(
            shapely.intersection(lines[a], lines[b]), return_index=True
        )
        name = np.array([street.name for street in self.streets])[self.piece_street[built]]
        label = np.char.add(np.char.add(name[a], " & "), name[b])[pair]
        _, first = np.unique(meets.round(1), axis=0, return_index=True)
        return Junctions(meets[first, 0], meets[first, 1], label[first])

    def beat_at(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.intp]:
        """Index of the beat at points in metres, the nearest one outside the city; same shape."""
        tree = shapely.STRtree([beat.polygon for beat in self.beats])
        return np.asarray(tree.nearest(shapely.points(x, y)), np.intp)

    def nearest_address(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.intp]:
        """Index of the address nearest to points in metres; same shape."""
        tree = cKDTree(np.column_stack([self.addresses.x, self.addresses.y]))
        return np.asarray(tree.query(np.column_stack([x, y]))[1], np.intp)


def build_city(seed: int, *, plan: CityPlan = FULL_CITY) -> City:
    """The city of a seed. ``plan`` says how large: FULL_CITY (60,000 addresses) or SMALL_CITY (3,000)."""
    network = build_network(plan, seed)
    addresses = build_addresses(plan, seed, network)
    per_quarter = np.bincount(addresses.quarter, minlength=len(network.quarters)).astype(float)
    division = divide(plan, seed, network, weight=per_quarter)
    district = division.district_of[addresses.quarter]
    addresses, buildings = place_public_buildings(plan, seed, addresses, district=district)
    plane = LocalPlane(plan.lon0, plan.lat0)
    lon, lat = plane.to_lonlat(addresses.x, addresses.y)
    return City(
        plan=plan, seed=seed, plane=plane, outline=network.outline, water=_water(network),
        parks=tuple((_park_name(i), park) for i, park in enumerate(network.parks)),
        streets=network.streets, street_pieces=network.pieces, piece_street=network.street_of,
        addresses=addresses, lon=np.round(lon, LONLAT_DECIMALS), lat=np.round(lat, LONLAT_DECIMALS),
        districts=division.districts, beats=division.beats, address_district=district,
        address_beat=division.beat_of[addresses.quarter], public_buildings=buildings,
    )  # fmt: skip


def _water(network: Network) -> tuple[tuple[str, BaseGeometry], ...]:
    """The river, and a lake in the largest park."""
    park = max(network.parks, key=lambda polygon: polygon.area)
    size = float(np.sqrt(park.area))
    centre = shapely.Point(park.centroid.x, park.centroid.y + 0.08 * size)
    basin = shapely.affinity.scale(centre.buffer(0.26 * size), 1.25, 0.8)
    bay = shapely.Point(centre.x - 0.12 * size, centre.y - 0.16 * size).buffer(0.14 * size)
    lake = shapely.union(basin, bay).intersection(park.buffer(-15.0))
    return (names.RIVER, network.river), (names.LAKE, lake)


def _park_name(index: int) -> str:
    pool = names.PARKS
    return pool[index] if index < len(pool) else f"River Walk {index - len(pool) + 1}"
