"""The city as files that any city could send: GeoJSON feature collections and an address table.

The demo feeds these to the same importers as a real city's files. Coordinates are WGS 84 degrees with
seven decimals; rings follow RFC 7946 (outer ring anticlockwise).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import shapely
import shapely.geometry
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from sensors.simulation.areas import Area
from sensors.simulation.city import LONLAT_DECIMALS, City

FeatureCollection = dict[str, Any]

PEOPLE_PER_DWELLING: Final = 2.4


def city_geojson_limits(city: City) -> FeatureCollection:
    """The city limit: one feature of kind "city"."""
    people = round(PEOPLE_PER_DWELLING * int((city.addresses.use == "dwelling").sum()))
    properties = {
        "kind": "city",
        "code": city.plan.slug,
        "name": city.plan.name,
        "population": people,
    }
    return _collection([_feature(city, city.outline, properties)])


def city_geojson_districts(city: City) -> FeatureCollection:
    """Police districts, which tile the city; kind "district"."""
    return _areas(city, city.districts, kind="district", index=city.address_district)


def city_geojson_beats(city: City) -> FeatureCollection:
    """Police beats, which tile the districts; kind "beat", with the code of the district as parent."""
    return _areas(city, city.beats, kind="beat", index=city.address_beat)


def city_geojson_parks(city: City) -> FeatureCollection:
    """Parks; kind "park"."""
    return _collection(
        [
            _feature(city, polygon, {"kind": "park", "code": f"park-{n + 1}", "name": name})
            for n, (name, polygon) in enumerate(city.parks)
        ]
    )


def city_geojson_water(city: City) -> FeatureCollection:
    """The river and the lake; kind "water"."""
    return _collection(
        [
            _feature(city, shape, {"kind": "water", "code": f"water-{n + 1}", "name": name})
            for n, (name, shape) in enumerate(city.water)
        ]
    )


def city_geojson_streets(city: City) -> FeatureCollection:
    """The built stretches, one feature for each street name; kind "street", class avenue or street."""
    name = np.array([street.name for street in city.streets])[city.piece_street]
    road_class = np.array([street.kind for street in city.streets])[city.piece_street]
    lines = shapely.simplify(city.street_pieces, 1.0)
    features = []
    for n, label in enumerate(np.unique(name)):
        mine = name == label
        shape = shapely.line_merge(shapely.multilinestrings(lines[mine]))
        properties = {"kind": "street", "code": f"street-{n + 1}", "name": str(label)}
        features.append(
            _feature(city, shape, {**properties, "class": min(road_class[mine].tolist())})
        )
    return _collection(features)


def city_geojson_public_buildings(city: City) -> FeatureCollection:
    """Schools, stations, clinics, shelters: points with name, use and address."""
    features = []
    for n, building in enumerate(city.public_buildings):
        i = building.address
        properties = {
            "kind": "public-building", "code": f"building-{n + 1}", "name": building.name,
            "use": building.use, "address": str(city.address_text[i]),
        }  # fmt: skip
        point = {"type": "Point", "coordinates": [float(city.lon[i]), float(city.lat[i])]}
        features.append({"type": "Feature", "properties": properties, "geometry": point})
    return _collection(features)


def city_address_table(city: City) -> dict[str, list[Any]]:
    """Columns of equal length, as a city's address file has them: one row for each address.

    ``source_id`` is stable for a seed; ``unit`` is empty but for flats, which share their building's
    coordinates; ``use`` is dwelling, shop, office or that of a public building.
    """
    a = city.addresses
    return {
        "source_id": [f"A{n:06d}" for n in range(len(a.x))],
        "street": a.street.tolist(),
        "number": a.number.tolist(),
        "unit": a.unit.tolist(),
        "use": a.use.tolist(),
        "building": a.building.tolist(),
        "lon": city.lon.tolist(),
        "lat": city.lat.tolist(),
        "district": np.array([d.code for d in city.districts])[city.address_district].tolist(),
        "beat": np.array([b.code for b in city.beats])[city.address_beat].tolist(),
    }


def _areas(
    city: City, areas: tuple[Area, ...], *, kind: str, index: NDArray[np.intp]
) -> FeatureCollection:
    dwellings = np.bincount(index[city.addresses.use == "dwelling"], minlength=len(areas))
    return _collection(
        [
            _feature(
                city,
                area.polygon,
                {
                    "kind": kind, "code": area.code, "name": area.name, "parent": area.parent,
                    "population": round(PEOPLE_PER_DWELLING * int(count)),
                },
            )
            for area, count in zip(areas, dwellings, strict=True)
        ]
    )  # fmt: skip


def _collection(features: list[dict[str, Any]]) -> FeatureCollection:
    return {"type": "FeatureCollection", "features": features}


def _feature(city: City, shape: BaseGeometry, properties: dict[str, Any]) -> dict[str, Any]:
    def to_degrees(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        lonlat = np.column_stack(city.plane.to_lonlat(xy[:, 0], xy[:, 1]))
        return np.asarray(np.round(lonlat, LONLAT_DECIMALS))

    oriented = shapely.orient_polygons(shapely.transform(shape, to_degrees))
    geometry = shapely.geometry.mapping(oriented)
    return {"type": "Feature", "properties": properties, "geometry": geometry}
