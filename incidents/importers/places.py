"""The city as the importer sees it: its limits, districts and beats, and its addresses for geocoding."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from incidents.importers.positions import Float, Int, Polygons
from incidents.models import Address, Area
from incidents.streets import StreetAddress, parse_address

# How far along a street, in house numbers, an address still stands for its neighbour.
NEAR_NUMBERS = 20


@dataclass(frozen=True)
class Places:
    """Polygons of the three kinds that a record is compared with; any of them may be empty."""

    city: Polygons
    district: Polygons
    beat: Polygons
    has_addresses: bool

    @property
    def limits(self) -> Polygons:
        """The city's limits, or what its districts cover where no limits were given."""
        return self.city if len(self.city) else self.district


def read_places() -> Places:
    """All areas of the vault, as they are now."""
    return Places(
        city=_polygons(Area.Kind.CITY),
        district=_polygons(Area.Kind.DISTRICT),
        beat=_polygons(Area.Kind.BEAT),
        has_addresses=Address.objects.exists(),
    )


def _polygons(kind: str) -> Polygons:
    rows = Area.objects.filter(kind=kind).order_by("code").values_list("id", "code", "geometry")
    texts = [(id_, code, json.dumps(geometry)) for id_, code, geometry in rows]
    shapes = [shapely.from_geojson(text, on_invalid="ignore") for _, _, text in texts]
    usable = [n for n, shape in enumerate(shapes) if shape is not None]
    return Polygons(
        ids=np.array([texts[n][0] for n in usable], np.int64),
        codes=tuple(texts[n][1] for n in usable),
        shapes=np.array([shapes[n] for n in usable], dtype=object),
    )


Geocoder = Callable[[list[str]], tuple[Float, Float]]


def geocode(texts: Sequence[str]) -> tuple[Float, Float]:
    """Degrees of street addresses found in the Address table, NaN for the others. One query."""
    lon, lat = np.full(len(texts), np.nan), np.full(len(texts), np.nan)
    parsed = {i: address for i, text in enumerate(texts) if (address := parse_address(text))}
    streets = _streets({address.street_key for address in parsed.values()})
    for i, address in parsed.items():
        if address.street_key in streets:
            lon[i], lat[i] = _nearest(address, streets[address.street_key])
    return lon, lat


_Street = tuple[Int, Int, Float, Float]


def _streets(keys: Iterable[str]) -> dict[str, _Street]:
    rows = Address.objects.filter(street_key__in=keys, number_from__isnull=False)
    by_street = defaultdict(list)
    for key, low, high, lon, lat in rows.order_by("number_from", "source_id").values_list(
        "street_key", "number_from", "number_to", "lon", "lat"
    ):
        by_street[key].append((low, high if high is not None else low, lon, lat))
    result = {}
    for key, found in by_street.items():
        lows, highs, lons, lats = map(np.array, zip(*found, strict=True))
        result[key] = (lows, highs, lons, lats)
    return result


def _nearest(wanted: StreetAddress, street: _Street) -> tuple[float, float]:
    """The middle of the addresses in the range, else the address with the nearest number, if near."""
    low, high, lon, lat = street
    inside = (low <= wanted.number_to) & (high >= wanted.number_from)
    if inside.any():
        return float(lon[inside].mean()), float(lat[inside].mean())
    gap = np.maximum(low - wanted.number_to, wanted.number_from - high)
    nearest = int(gap.argmin())
    if gap[nearest] > NEAR_NUMBERS:
        return float("nan"), float("nan")
    return float(lon[nearest]), float(lat[nearest])
