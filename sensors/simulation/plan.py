"""How large a synthetic city is to be and where it lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class CityPlan:
    """The size and shape of a city before its seed is known. Lengths in metres."""

    name: str = "Riverbend"
    slug: str = "riverbend"
    lon0: float = -98.6  # open prairie near the middle of the United States: nobody's neighbourhood
    lat0: float = 39.8
    time_zone: str = "America/Chicago"
    radius_m: float = 4_350.0
    addresses: int = 60_000
    districts: int = 8
    beats_per_district: int = 5
    blocks_per_avenue: int = 4  # an avenue after so many long blocks
    radials: int = 5
    large_parks: int = 9
    small_parks: int = 11
    apartment_share: float = 0.30  # of addresses that are flats behind one front door


FULL_CITY: Final = CityPlan()
SMALL_CITY: Final = CityPlan(
    name="Little Riverbend",
    slug="little-riverbend",
    radius_m=1_150.0,
    addresses=3_000,
    districts=4,
    beats_per_district=2,
    blocks_per_avenue=2,
    radials=2,
    large_parks=2,
    small_parks=2,
)
