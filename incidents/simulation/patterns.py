"""Where and when things happen in the synthetic city: hot spots, chronic doors, hours, seasons."""

from __future__ import annotations

from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from sensors.simulation.city import City
from sensors.simulation.gunfire import shooting_weights
from sensors.simulation.localtime import DAY_S, HOUR_S
from sensors.simulation.randomness import hashed_normal, part_generator

HOT_SPOTS: Final = 14
HOT_SPOT_M: Final = 230.0
NEAR_REPEAT_DAYS: Final = 5.0
NEAR_REPEAT_NEIGHBOURS: Final = 12
STREET_CLASSES: Final = ("street", "parking", "venue")
_PUBLIC_PLACES: Final = {"school": "school"}

# Relative frequency by hour of the wall clock, from midnight.
_HOURS: Final = {
    "shopping": [1, 1, 0, 0, 0, 0, 1, 2, 3, 5, 7, 9, 10, 10, 10, 11, 11, 11, 10, 9, 7, 5, 3, 2],
    "daytime": [2, 1, 1, 1, 1, 1, 3, 6, 8, 9, 9, 9, 9, 8, 8, 8, 8, 7, 6, 5, 4, 3, 3, 2],
    "overnight": [9, 9, 9, 9, 8, 6, 4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 3, 4, 5, 6, 7, 8, 9, 9],
    "evening": [7, 5, 4, 3, 2, 1, 1, 2, 2, 3, 3, 4, 5, 5, 5, 6, 6, 7, 8, 9, 10, 10, 10, 9],
    "weekend": [10, 9, 7, 4, 2, 1, 1, 1, 2, 2, 2, 3, 3, 4, 4, 5, 6, 6, 7, 8, 9, 10, 11, 11],
    "commute": [1, 1, 1, 0, 1, 2, 5, 10, 10, 6, 5, 5, 6, 6, 7, 9, 12, 13, 9, 5, 4, 3, 2, 2],
    "always": [4, 3, 3, 2, 2, 2, 3, 4, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 5, 5, 5],
}
_WEEKDAYS: Final = {  # from Monday
    "shopping": [0.95, 0.95, 0.95, 1.0, 1.1, 1.2, 0.85],
    "daytime": [1.1, 1.1, 1.05, 1.05, 1.1, 0.85, 0.75],
    "overnight": [0.95, 0.9, 0.9, 0.95, 1.1, 1.15, 1.05],
    "evening": [0.85, 0.85, 0.9, 0.95, 1.2, 1.25, 1.0],
    "weekend": [0.7, 0.65, 0.7, 0.8, 1.25, 1.6, 1.3],
    "commute": [1.05, 1.05, 1.05, 1.1, 1.25, 0.8, 0.7],
    "always": [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0],
}
_SUMMER: Final = {  # half the difference between the middle of July and the middle of January
    "shopping": -0.08, "daytime": 0.05, "overnight": 0.18, "evening": 0.15, "weekend": 0.25,
    "commute": -0.05, "always": 0.06,
}  # fmt: skip
TREND_PER_YEAR: Final = -0.04


def draw_wall_times(
    rng: np.random.Generator, rhythm: NDArray[np.str_], *, days: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Wall-clock seconds for events of some rhythms, shape (n,), on ``days`` since 1970."""
    when = np.empty(len(rhythm), np.int64)
    week = (days + 3) % 7  # 1 January 1970 was a Thursday
    season = np.cos(2.0 * np.pi * (days % 365.2425 - 196.0) / 365.2425)
    trend = 1.0 + TREND_PER_YEAR * (days - days[0]) / 365.0
    for name in _HOURS:
        mine = np.flatnonzero(rhythm == name)
        weight = np.array(_WEEKDAYS[name])[week] * (1.0 + _SUMMER[name] * season) * trend
        hours = np.array(_HOURS[name], float)
        day = rng.choice(days, len(mine), p=weight / weight.sum())
        hour = rng.choice(24, len(mine), p=hours / hours.sum())
        # A Friday night lasts until Saturday's small hours.
        late = (hour < 5) & (name in ("weekend", "evening"))
        day = np.minimum(day + late, days[-1])
        when[mine] = day * DAY_S + hour * HOUR_S + rng.integers(HOUR_S, size=len(mine))
    return when


def address_weights(city: City, place: str) -> NDArray[np.float64]:
    """How likely something of a class of place happens at each address, shape (n,), sum 1."""
    a = city.addresses
    key = sorted((*STREET_CLASSES, "dwelling", "shop", "office", "park", "school")).index(place)
    sigma = {"dwelling": 1.35, "shop": 1.5, "office": 1.2, "venue": 1.5, "school": 0.5}.get(
        place, 1.1
    )
    chronic = np.exp(sigma * hashed_normal(city.seed, 101, key, a.building))
    # A flat is one door of many: what happens in an apartment house is spread over its flats.
    if place == "dwelling":
        chronic = chronic * np.exp(0.6 * hashed_normal(city.seed, 102, np.arange(len(a.x))))
    weight = chronic * _allowed(city, place) * (0.35 + _hot_spots(city, key=key))
    if place in ("street", "venue"):
        weight = weight / weight.sum() + 0.25 * shooting_weights(city)
    return np.asarray(weight / weight.sum())


def draw_addresses(
    city: City, rng: np.random.Generator, place: NDArray[np.str_]
) -> NDArray[np.intp]:
    """An address for each event by its class of place, shape (n,). Junctions are not addresses: -1."""
    address = np.full(len(place), -1)
    for name in np.unique(place[place != "junction"]):
        mine = place == name
        address[mine] = rng.choice(
            len(city.lon), int(mine.sum()), p=address_weights(city, str(name))
        )
    return address


def near_repeats(
    city: City,
    rng: np.random.Generator,
    *,
    when: NDArray[np.int64],
    address: NDArray[np.intp],
    follows: NDArray[np.bool_],
) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """Let the events marked ``follows`` come soon after, and at or near, another of the same set.

    when: wall-clock seconds; address: indices; all of shape (n,). Returns new times and addresses.
    """
    parents = np.flatnonzero(~follows)
    children = np.flatnonzero(follows)
    if not len(parents) or not len(children):
        return when, address
    parent = rng.choice(parents, len(children))
    tree = cKDTree(np.column_stack([city.addresses.x, city.addresses.y]))
    at = np.column_stack([city.addresses.x[address[parent]], city.addresses.y[address[parent]]])
    _, near = tree.query(at, k=NEAR_REPEAT_NEIGHBOURS)
    pick = near[np.arange(len(children)), rng.integers(NEAR_REPEAT_NEIGHBOURS, size=len(children))]
    is_same = rng.random(len(children)) < 0.4
    when, address = when.copy(), address.copy()
    address[children] = np.where(is_same, address[parent], pick)
    later = rng.exponential(NEAR_REPEAT_DAYS, len(children)) * DAY_S
    when[children] = when[parent] + np.minimum(later, 28 * DAY_S).astype(np.int64)
    return when, address


def _allowed(city: City, place: str) -> NDArray[np.float64]:
    use = city.addresses.use
    if place == "park":
        parks = shapely.union_all([polygon for _, polygon in city.parks])
        points = shapely.points(city.addresses.x, city.addresses.y)
        return np.asarray(shapely.dwithin(points, parks, 60.0), float)
    if place == "venue":  # bars and shops first, then any street
        return np.where(use == "shop", 1.0, 0.05)
    wanted = {"dwelling": "dwelling", "shop": "shop", "office": "office", "school": "school"}
    return np.ones(len(use)) if place not in wanted else (use == wanted[place]).astype(float)


def _hot_spots(city: City, *, key: int) -> NDArray[np.float64]:
    """Extra risk around shared centres, which matter more or less for each class of place."""
    a = city.addresses
    centres = part_generator(city.seed, 103).integers(len(a.x), size=HOT_SPOTS)
    strength = part_generator(city.seed, 104, key).exponential(1.0, HOT_SPOTS)
    reach = min(HOT_SPOT_M, 0.1 * city.plan.radius_m)
    risk = np.zeros(len(a.x))
    for centre, size in zip(centres, strength, strict=True):
        squared = (a.x - a.x[centre]) ** 2 + (a.y - a.y[centre]) ** 2
        risk += 1.6 * size * np.exp(-0.5 * squared / reach**2)
    return risk
