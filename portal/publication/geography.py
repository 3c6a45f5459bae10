"""The public map: built once from public addresses, then frozen, so that no two releases can be laid over each other.

``build`` turns addresses and areas into rows of ``release``; ``Frozen`` reads those rows back and
tells where a point belongs. Later records are always placed by what was published, never by a
partition computed anew.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from portal.models import (
    PublishedArea,
    PublishedCell,
    PublishedPlace,
    PublishedStreet,
)
from portal.publication.partition import (
    OUTSIDE,
    Cells,
    District,
    Places,
    assign_districts,
    median_tree,
    snap_places,
)
from portal.publication.partition.districts import polygonal
from portal.publication.sources import Addresses, AreaRow
from portal.queries import street_key
from sensors.geodesy import LocalPlane

IntArray = NDArray[np.int64]

PARK_GRID_M = 250.0  # one dot for each quarter kilometre of a large park
# How far a park's dot keeps from every address. A block's or street range's point is not where its doors
# are, so the dot must keep farther away to stand for none of them.
POINT_CLEARANCE_M, BLOCK_CLEARANCE_M = 50.0, 200.0
BLOCKS_SHARE = 0.5
BORDER_TOLERANCE_M = 5.0
DECIMALS = 6  # of published coordinates: 0.1 m, far below any displacement
# Rounded borders leave gaps of a hand's breadth; a point in one belongs to the nearest footprint.
SLIVER_M = 2.0


class GeographyError(ValueError):
    """The city's areas or addresses cannot carry a release; the message says what is missing."""


@dataclass(frozen=True)
class PublicMap:
    """Unsaved rows of the four geographic tables."""

    areas: list[PublishedArea]
    places: list[PublishedPlace]
    cells: list[PublishedCell]
    streets: list[PublishedStreet]


def to_plane(plane: LocalPlane, geometry: dict[str, Any]) -> BaseGeometry:
    """GeoJSON in degrees to a valid shape in metres."""
    shape = shapely.force_2d(shapely.from_geojson(json.dumps(geometry)))
    moved = shapely.transform(shape, lambda at: np.column_stack(plane.to_xy(at[:, 0], at[:, 1])))
    return moved if shapely.is_valid(moved) else shapely.make_valid(moved)


def to_geojson(plane: LocalPlane, shape: BaseGeometry) -> dict[str, Any]:
    """A shape in metres to GeoJSON in degrees, right-hand rule."""

    def degrees(at: NDArray[np.float64]) -> NDArray[np.float64]:
        lon, lat = plane.to_lonlat(at[:, 0], at[:, 1])
        return np.round(np.column_stack([lon, lat]), DECIMALS).astype(np.float64)

    moved = shapely.orient_polygons(shapely.transform(shape, degrees))
    geometry: dict[str, Any] = json.loads(shapely.to_geojson(moved))
    return geometry


def build(
    addresses: Addresses,
    areas: Sequence[AreaRow],
    *,
    plane: LocalPlane,
    k: int,
    minimum_points: int,
    cell_minimum: int,
) -> PublicMap:
    """All rows of the public map, yet without a release. Raises GeographyError or PartitionError."""
    districts = [area for area in areas if area.kind == "district"]
    if not districts:
        raise GeographyError(
            "got no districts; wanted at least one area of kind 'district' (docs/adopt.md)"
        )
    if len(addresses) == 0:
        raise GeographyError(
            "got no addresses; wanted points, street ranges or blocks (docs/adopt.md)"
        )
    borders = _smoothed([District(area.code, to_plane(plane, area.geometry)) for area in districts])
    x, y = plane.to_xy(addresses.lon, addresses.lat)
    district = assign_districts(x, y, borders)
    shared = {"districts": borders, "k": k, "minimum_points": minimum_points}
    parks = _park_points(plane, areas)
    are_blocks = bool((addresses.stands_for > 1).mean() > BLOCKS_SHARE)
    places = snap_places(
        x,
        y,
        addresses.stands_for,
        district,
        parks=parks,
        park_clearance_m=BLOCK_CLEARANCE_M if are_blocks else POINT_CLEARANCE_M,
        **shared,  # type: ignore[arg-type]
    )
    cells = median_tree(x, y, addresses.stands_for, district, minimum=cell_minimum, **shared)  # type: ignore[arg-type]
    slugs = [area.slug for area in districts]
    for codes in (places.code, cells.code):
        _refuse_ambiguous(codes)
    return PublicMap(
        areas=_area_rows(areas, addresses),
        places=_place_rows(places, addresses, plane, slugs),
        cells=_cell_rows(cells, plane, slugs),
        streets=_street_rows(addresses),
    )


def _refuse_ambiguous(codes: Sequence[str]) -> None:
    """A code begins with its district's; districts named "1" and "1-W" could both have a place "1-WN"."""
    twice = sorted(code for code, n in Counter(codes).items() if n > 1)
    if twice:
        raise GeographyError(
            f"got district codes that make the code {twice[0]!r} twice; wanted codes none of which "
            'is another with letters added, and none that is "city"'
        )


def _smoothed(districts: list[District]) -> list[District]:
    """The same districts with fewer corners, moved by a few metres; neighbours still share their border.

    A river bank of ten thousand corners would be in every footprint that touches it, and so in every
    row of a file. Done before anything is counted, so that what is published is what was counted.
    """
    shapes = shapely.coverage_simplify(
        [polygonal(district.polygon) for district in districts], BORDER_TOLERANCE_M
    )
    return [
        District(district.code, polygonal(shape))
        for district, shape in zip(districts, shapes, strict=True)
    ]


def _park_points(
    plane: LocalPlane, areas: Sequence[AreaRow]
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Points on open land: one in a small park, a grid in a large one."""
    points: list[tuple[float, float]] = []
    for area in areas:
        if area.kind != "park":
            continue
        shape = to_plane(plane, area.geometry)
        west, south, east, north = shape.bounds
        grid_x, grid_y = np.meshgrid(
            np.arange(west + PARK_GRID_M / 2, east, PARK_GRID_M),
            np.arange(south + PARK_GRID_M / 2, north, PARK_GRID_M),
        )
        inside = shapely.contains_xy(shape, grid_x.ravel(), grid_y.ravel())
        found = list(zip(grid_x.ravel()[inside], grid_y.ravel()[inside], strict=True))
        middle = shape.representative_point()
        points += found or [(middle.x, middle.y)]
    if not points:
        return None
    array = np.array(points, float)
    return array[:, 0], array[:, 1]


def _area_rows(areas: Sequence[AreaRow], addresses: Addresses) -> list[PublishedArea]:
    inside = {("city", area.slug): int(addresses.stands_for.sum()) for area in areas}
    for kind, column in (("district", addresses.district), ("beat", addresses.beat)):
        slugs, where = np.unique(column.astype(str), return_inverse=True)
        sums = np.bincount(where, addresses.stands_for)
        inside |= {(kind, str(slug)): int(n) for slug, n in zip(slugs, sums, strict=True)}
    return [
        PublishedArea(
            slug=area.slug,
            kind=area.kind,
            code=area.code,
            name=area.name,
            parent_slug=area.parent_slug,
            geometry=area.geometry,
            # null for kinds whose addresses are not counted, 0 for a beat without any
            n_addresses=inside.get(
                (area.kind, area.slug), 0 if area.kind in ("district", "beat") else None
            ),
            population=area.population,
        )
        for area in areas
    ]


def _place_rows(
    places: Places, addresses: Addresses, plane: LocalPlane, slugs: list[str]
) -> list[PublishedPlace]:
    lon, lat = plane.to_lonlat(places.x, places.y)
    beats = _only_beat(places.of_address, addresses.beat, len(places.code))
    return [
        PublishedPlace(
            code=code,
            lon=round(float(lon[i]), DECIMALS),
            lat=round(float(lat[i]), DECIMALS),
            stands_for_addresses=int(places.stands_for[i]),
            max_displacement_m=round(float(places.max_displacement_m[i]), 1),
            district_slug=slugs[int(places.district[i])],
            beat_slug=beats[i],
            footprint=to_geojson(plane, places.footprint[i]),
        )
        for i, code in enumerate(places.code)
    ]


def _only_beat(place_of: IntArray, beat: NDArray[np.object_], n: int) -> list[str]:
    """For each place the beat that all its addresses lie in, '' where they do not agree."""
    found: list[str | None] = [None] * n
    for place, slug in set(zip(place_of.tolist(), beat.tolist(), strict=True)):
        if place != OUTSIDE:
            found[place] = slug if found[place] is None else ""
    return [slug or "" for slug in found]


def _cell_rows(cells: Cells, plane: LocalPlane, slugs: list[str]) -> list[PublishedCell]:
    rows = []
    for i, code in enumerate(cells.code):
        parent, district = int(cells.parent[i]), int(cells.district[i])
        rows.append(
            PublishedCell(
                code=code,
                parent_code=cells.code[parent] if parent != OUTSIDE else "",
                level=len(cells.chain(i)) - 1,
                district_slug=slugs[district] if district != OUTSIDE else "",
                n_addresses=int(cells.addresses[i]),
                footprint=to_geojson(plane, cells.polygon[i]),
            )
        )
    return rows


def _street_rows(addresses: Addresses) -> list[PublishedStreet]:
    """One row for each street and beat, with the range of its house numbers there."""
    ranges: dict[tuple[str, str, str], tuple[float, float]] = {}
    columns = (
        addresses.street,
        addresses.beat,
        addresses.district,
        addresses.number_from,
        np.fmax(addresses.number_from, addresses.number_to),
    )
    for street, beat, district, low, high in zip(*columns, strict=True):
        if street and district:
            key = (street, beat, district)
            known = ranges.get(key, (np.nan, np.nan))
            ranges[key] = (np.fmin(known[0], low), np.fmax(known[1], high))
    return [
        PublishedStreet(
            street=street,
            street_key=street_key(street),
            number_from=None if np.isnan(low) else int(low),
            number_to=None if np.isnan(high) else int(high),
            beat_slug=beat,
            district_slug=district,
        )
        for (street, beat, district), (low, high) in sorted(ranges.items())
    ]


@dataclass(frozen=True)
class Frozen:
    """The public map as published. Places and cells are indexes into its code lists; -1 is outside."""

    plane: LocalPlane
    place_code: list[str]
    place_beat: list[str]
    place_district: list[str]
    place_stands_for: IntArray
    leaf: IntArray  # indexes into the cell lists
    cell_code: list[str]
    cell_parent: IntArray
    cell_district: list[str]
    cell_level: IntArray
    district_addresses: dict[str, int]  # by slug
    _places: shapely.STRtree = field(repr=False)
    _place_row: IntArray = field(repr=False)
    _parks: cKDTree | None = field(repr=False)
    _park_row: IntArray = field(repr=False)
    _park_reach_m: float = field(repr=False)
    _leaves: shapely.STRtree = field(repr=False)

    @classmethod
    def read(cls, plane: LocalPlane) -> Self:
        """From the rows of ``release``, as the publisher."""
        places = list(PublishedPlace.objects.using("publisher").order_by("code"))
        cells = list(PublishedCell.objects.using("publisher").order_by("level", "code"))
        stands_for = np.array([place.stands_for_addresses for place in places], np.int64)
        park = np.flatnonzero(stands_for == 0)
        built = np.flatnonzero(stands_for > 0)
        index = {cell.code: i for i, cell in enumerate(cells)}
        parent = np.array([index.get(cell.parent_code, OUTSIDE) for cell in cells], np.int64)
        leaf = np.setdiff1d(np.arange(len(cells)), parent)
        px, py = plane.to_xy([places[i].lon for i in park], [places[i].lat for i in park])
        districts = PublishedArea.objects.using("publisher").filter(kind="district")
        return cls(
            plane=plane,
            place_code=[place.code for place in places],
            place_beat=[place.beat_slug for place in places],
            place_district=[place.district_slug for place in places],
            place_stands_for=stands_for,
            leaf=leaf,
            cell_code=[cell.code for cell in cells],
            cell_parent=parent,
            cell_district=[cell.district_slug for cell in cells],
            cell_level=np.array([cell.level for cell in cells], np.int64),
            district_addresses={area.slug: area.n_addresses or 0 for area in districts},
            _places=shapely.STRtree([to_plane(plane, places[i].footprint) for i in built]),
            _place_row=built,
            _parks=cKDTree(np.column_stack([px, py])) if park.size else None,
            _park_row=park,
            _park_reach_m=max((places[i].max_displacement_m for i in park), default=0.0),
            _leaves=shapely.STRtree([to_plane(plane, cells[i].footprint) for i in leaf]),
        )

    def place_of(self, lon: ArrayLike, lat: ArrayLike, addresses: cKDTree) -> IntArray:
        """The place of each point. A point nearer to a park's dot than to any address belongs to the park."""
        x, y = self.plane.to_xy(lon, lat)
        place = _within(self._places, self._place_row, x, y)
        known = np.flatnonzero(np.isfinite(x) & np.isfinite(y) & (place >= 0))
        if self._parks is None or known.size == 0:
            return place
        at = np.column_stack([x[known], y[known]])
        park_m, nearest = self._parks.query(at)
        address_m, _ = addresses.query(at)
        taken = (park_m < address_m) & (park_m <= self._park_reach_m)
        place[known[taken]] = self._park_row[nearest[taken]]
        return place

    def districts_of(self, slugs: NDArray[np.object_], *, least: int) -> NDArray[np.object_]:
        """Slugs of records without a place: '' for a district too small to hide in, or drawn since."""
        large = [slug for slug, n in self.district_addresses.items() if n >= least]
        return np.where(np.isin(slugs.astype(str), large), slugs, "").astype(object)

    def leaf_of(self, lon: ArrayLike, lat: ArrayLike) -> IntArray:
        """The finest cell of each point."""
        x, y = self.plane.to_xy(lon, lat)
        return _within(self._leaves, self.leaf, x, y)


def _within(tree: shapely.STRtree, rows: IntArray, x: ArrayLike, y: ArrayLike) -> IntArray:
    """The row whose shape holds each point (the first on a shared border), the nearest across a sliver, or -1."""
    at = np.asarray(x, float) + 1j * np.asarray(y, float)
    found = np.full(at.shape, OUTSIDE, np.int64)
    known = np.flatnonzero(np.isfinite(at))
    if rows.size == 0 or known.size == 0:
        return found
    # A city's records come from far fewer points than there are records.
    distinct, where = np.unique(at[known], return_inverse=True)
    found[known] = _row_of(tree, rows, distinct)[where]
    return found


def _row_of(tree: shapely.STRtree, rows: IntArray, at: NDArray[np.complex128]) -> IntArray:
    points = np.asarray(shapely.points(at.real, at.imag), object)
    found = np.full(at.shape, OUTSIDE, np.int64)
    point, shape = tree.query(points, predicate="intersects")
    order = np.lexsort((shape, point))[::-1]
    found[point[order]] = rows[shape[order]]
    lost = np.flatnonzero(found == OUTSIDE)
    if lost.size:
        near, shape = tree.query_nearest(points[lost], max_distance=SLIVER_M, all_matches=False)
        found[lost[near]] = rows[shape]
    return found
