"""House numbers: lots along the streets, what stands on them, flats behind one door, public buildings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray

from sensors.simulation import names
from sensors.simulation.plan import CityPlan
from sensors.simulation.randomness import part_generator
from sensors.simulation.streets import Network

LOT_M: Final = {"old": 9.5, "grid": 12.5, "crooked": 18.0, "works": 45.0, "bank": 60.0}
SETBACK_M: Final = {"street": 14.0, "avenue": 19.0}
CORNER_M: Final = 16.0  # no front door closer than this to a corner
PUBLIC_BUILDINGS: Final = (
    # use, name pattern, how many in a city of 60,000 addresses
    ("school", "{} School", 28),
    ("library", "{} Library", 5),
    ("clinic", "{} Clinic", 7),
    ("hospital", "{} Hospital", 1),
    ("shelter", "{} House", 3),
    ("fire-station", "Fire Station {}", 6),
)


@dataclass(frozen=True)
class Lots:
    """Places for a front door along the streets; arrays of shape (n,)."""

    x: NDArray[np.float64]  # metres
    y: NDArray[np.float64]
    street: NDArray[np.intp]  # index into the network's streets
    quarter: NDArray[np.intp]
    chainage_m: NDArray[np.float64]  # signed, from where the numbers start
    is_left: NDArray[np.bool_]
    is_avenue: NDArray[np.bool_]

    def take(self, index: NDArray[np.intp]) -> Lots:
        return Lots(*(getattr(self, name)[index] for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Addresses:
    """Every address of the city; arrays of shape (n,). Flats of one building share its coordinates."""

    x: NDArray[np.float64]  # metres east of the market square
    y: NDArray[np.float64]
    street: NDArray[np.str_]  # "N Cedar Street"
    number: NDArray[np.int32]
    unit: NDArray[np.str_]  # "" or "Apt 2B"
    use: NDArray[np.str_]  # dwelling, shop, office, or a public building's use
    building: NDArray[np.int32]  # the same for the flats of one building
    quarter: NDArray[np.intp]
    street_index: NDArray[np.intp]


@dataclass(frozen=True)
class PublicBuilding:
    """A school, library, police station, ... ``address`` is its index in the addresses."""

    name: str
    use: str
    address: int


def build_addresses(plan: CityPlan, seed: int, network: Network) -> Addresses:
    """Exactly ``plan.addresses`` addresses, each (street, number, unit) once."""
    rng = part_generator(seed, 2)
    lots = _unique_lots(_lots(rng, network), network)
    reach = np.hypot(lots.x, lots.y) / plan.radius_m
    use = _uses(rng, lots, network, reach=reach)
    floors = _flats(rng, lots, use=use, reach=reach)
    chosen = _chosen(plan, rng, reach=reach, flats=floors)
    lots, use, flats = lots.take(chosen), use[chosen], floors[chosen]
    building = np.repeat(np.arange(len(flats)), flats)[: plan.addresses]
    door = np.arange(len(building)) - np.searchsorted(building, building)
    many = flats[building] > 1
    unit = np.where(many, _unit_names(door), "")
    label = _street_labels(lots, network)
    return Addresses(
        lots.x[building], lots.y[building], label[building], _numbers(lots)[building], unit,
        use[building], building.astype(np.int32), lots.quarter[building], lots.street[building],
    )  # fmt: skip


def _lots(rng: np.random.Generator, network: Network) -> Lots:
    """Doors on both sides of every built stretch, where there is room for one."""
    pieces, owner = network.pieces, network.street_of
    style = np.array([quarter.style for quarter in network.quarters])
    tree = shapely.STRtree([quarter.polygon for quarter in network.quarters])
    beside = tree.nearest(shapely.line_interpolate_point(pieces, 0.5, normalized=True))
    gap = np.array([LOT_M[s] for s in style[beside]])
    count = np.maximum((shapely.length(pieces) - 2 * CORNER_M) / gap, 0).astype(int)
    piece = np.repeat(np.arange(len(pieces)), count)
    nth = np.arange(len(piece)) - np.repeat(np.cumsum(count) - count, count)
    lots = [
        _side(rng, network, piece=piece, at_m=CORNER_M + (nth + 0.5) * gap[piece], side=side)
        for side in (1.0, -1.0)
    ]
    columns = [np.concatenate(pair) for pair in zip(*lots, strict=True)]
    x, y, piece, is_left = columns
    points = np.asarray(shapely.points(x, y))
    at, quarter = tree.query(points, predicate="within")
    inside = np.full(len(x), -1)
    inside[at] = quarter
    keep = (inside >= 0) & _has_room(network, points=points, x=x, y=y)
    keep &= np.isin(style[inside], list(LOT_M)) & (rng.random(len(x)) > 0.04)
    street = owner[piece]
    along = shapely.line_locate_point(
        np.array([s.line for s in network.streets], dtype=object)[street], points
    )
    start = np.array([s.numbered_from_m for s in network.streets])
    is_avenue = np.array([s.kind == "avenue" for s in network.streets])[street]
    everything = Lots(x, y, street, inside, along - start[street], is_left > 0, is_avenue)
    return everything.take(np.flatnonzero(keep))


def _side(
    rng: np.random.Generator,
    network: Network,
    *,
    piece: NDArray[np.intp],
    at_m: NDArray[np.float64],
    side: float,
) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """x, y, piece and side of the doors on one side of the stretches."""
    lines = network.pieces[piece]
    at = at_m + rng.uniform(-1.5, 1.5, len(at_m))
    back, ahead = (shapely.line_interpolate_point(lines, at + d) for d in (-2.0, 2.0))
    dx, dy = shapely.get_x(ahead) - shapely.get_x(back), shapely.get_y(ahead) - shapely.get_y(back)
    norm = np.hypot(dx, dy)
    kinds = np.array([SETBACK_M[street.kind] for street in network.streets])
    off = side * (kinds[network.street_of[piece]] + rng.uniform(0.0, 5.0, len(at)))
    x = (shapely.get_x(back) + shapely.get_x(ahead)) / 2.0 - off * dy / norm
    y = (shapely.get_y(back) + shapely.get_y(ahead)) / 2.0 + off * dx / norm
    return np.round(x, 2), np.round(y, 2), piece, np.full(len(at), side)


def _has_room(
    network: Network, *, points: NDArray[np.object_], x: NDArray[np.float64], y: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Not in the road, a park or the water."""
    streets = shapely.STRtree(_chunks(network.pieces))
    near, _ = streets.query(points, predicate="dwithin", distance=0.8 * SETBACK_M["street"])
    free = np.ones(len(points), dtype=bool)
    free[near] = False
    closed = shapely.union_all([*network.parks, network.river]).buffer(3.0)
    shapely.prepare(closed)
    return free & ~shapely.contains_xy(closed, x, y)


def _chunks(lines: NDArray[np.object_]) -> NDArray[np.object_]:
    """The segments of some lines, each a line of its own: short boxes make the tree fast."""
    xy, owner = shapely.get_coordinates(lines, return_index=True)
    joined = owner[:-1] == owner[1:]
    return np.asarray(shapely.linestrings(np.stack([xy[:-1][joined], xy[1:][joined]], axis=1)))


def _numbers(lots: Lots) -> NDArray[np.int32]:
    """A hundred numbers to every hundred metres, even on the right and odd on the left."""
    along = np.abs(lots.chainage_m) + 100.0
    within = np.minimum((along % 100.0) / 2.0, 49.0).astype(int)
    return np.asarray((along // 100.0).astype(int) * 100 + 2 * within + lots.is_left, np.int32)


def _street_labels(lots: Lots, network: Network) -> NDArray[np.str_]:
    name = np.array([street.name for street in network.streets])
    two_sided = np.array([street.is_two_sided for street in network.streets])[lots.street]
    north = np.array([street.runs_north for street in network.streets])[lots.street]
    ahead = lots.chainage_m >= 0
    prefix = np.where(north, np.where(ahead, "N ", "S "), np.where(ahead, "E ", "W "))
    return np.char.add(np.where(two_sided, prefix, ""), name[lots.street])


def _unique_lots(lots: Lots, network: Network) -> Lots:
    """One lot for each number of each street name; several stretches may bear one name."""
    label = _street_labels(lots, network)
    _, code = np.unique(label, return_inverse=True)
    _, first = np.unique(code.astype(np.int64) * 1_000_000 + _numbers(lots), return_index=True)
    return lots.take(np.sort(first))


def _uses(
    rng: np.random.Generator, lots: Lots, network: Network, *, reach: NDArray[np.float64]
) -> NDArray[np.str_]:
    """Shops along the avenues, offices in the middle and at the works, dwellings elsewhere."""
    style = np.array([quarter.style for quarter in network.quarters])[lots.quarter]
    shop = np.where(lots.is_avenue, 0.42, 0.015) + 0.22 * np.exp(-((reach / 0.15) ** 2))
    office = np.where(lots.is_avenue, 0.07, 0.004) + 0.25 * np.exp(-((reach / 0.12) ** 2))
    works = style == "works"
    shop, office = np.where(works, 0.2, shop), np.where(works, 0.7, office)
    draw = rng.random(len(reach))
    return np.where(draw < shop, "shop", np.where(draw < shop + office, "office", "dwelling"))


def _flats(
    rng: np.random.Generator, lots: Lots, *, use: NDArray[np.str_], reach: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Addresses on each lot: 1, or the flats of an apartment house."""
    chance = 0.02 + 0.09 * np.exp(-((reach / 0.35) ** 2)) + np.where(lots.is_avenue, 0.10, 0.0)
    is_house = (use == "dwelling") & (rng.random(len(reach)) < chance)
    flats = np.clip(np.round(np.exp(rng.normal(2.5, 0.75, len(reach)))), 4, 120).astype(int)
    return np.where(is_house, flats, 1)


def _chosen(
    plan: CityPlan,
    rng: np.random.Generator,
    *,
    reach: NDArray[np.float64],
    flats: NDArray[np.intp],
) -> NDArray[np.intp]:
    """The lots that are built on: denser towards the middle, just enough for the addresses asked for."""
    # Gumbel's trick: the top k of log-weight plus Gumbel noise is a weighted draw without replacement.
    keys = -1.6 * reach + rng.gumbel(size=len(reach))
    houses, single = np.flatnonzero(flats > 1), np.flatnonzero(flats == 1)
    houses = houses[np.argsort(-keys[houses], kind="stable")]
    enough = int(np.searchsorted(np.cumsum(flats[houses]), plan.apartment_share * plan.addresses))
    houses = houses[:enough]
    wanted = plan.addresses - int(flats[houses].sum())
    if wanted > len(single):
        raise ValueError(
            f"got room for {plan.addresses - wanted + len(single)} addresses; wanted {plan.addresses}"
        )
    single = single[np.argsort(-keys[single], kind="stable")][:wanted]
    return np.sort(np.concatenate([houses, single]))


def _unit_names(door: NDArray[np.intp]) -> NDArray[np.str_]:
    floor = (door // 6 + 1).astype(str)
    letter = np.array(list("ABCDEF"))[door % 6]
    return np.char.add(np.char.add("Apt ", floor), letter)


def place_public_buildings(
    plan: CityPlan, seed: int, addresses: Addresses, *, district: NDArray[np.intp]
) -> tuple[Addresses, tuple[PublicBuilding, ...]]:
    """Give some single doors a public use: one police station a district, schools spread about.

    district: index of each address, shape (n,). Returns the addresses with their uses and the buildings.
    """
    rng = part_generator(seed, 3)
    use = addresses.use.astype("U12")
    free = (addresses.unit == "") & (addresses.use != "shop")
    buildings = []
    for d in range(int(district.max()) + 1):
        [station] = _spread(rng, addresses, free=free & (district == d), count=1)
        buildings.append(PublicBuilding(f"Police Station {d + 1}", "police", station))
        free[station] = False
    pool = list(names.SCHOOL_NAMES)
    rng.shuffle(pool)
    for kind, pattern, count in PUBLIC_BUILDINGS:
        wanted = max(1, round(count * plan.addresses / 60_000))
        spots = _spread(rng, addresses, free=free, count=wanted)
        free[spots] = False
        for n, spot in enumerate(spots):
            title = str(n + 1) if kind == "fire-station" else pool[n % len(pool)]
            buildings.append(PublicBuilding(pattern.format(title), kind, spot))
    for building in buildings:
        use[building.address] = building.use
    columns = {name: getattr(addresses, name) for name in addresses.__dataclass_fields__}
    return Addresses(**{**columns, "use": use}), tuple(buildings)


def _spread(
    rng: np.random.Generator, addresses: Addresses, *, free: NDArray[np.bool_], count: int
) -> list[int]:
    """Some free addresses, each the farthest of a dozen candidates from those chosen before."""
    chosen: list[int] = []
    candidates = np.flatnonzero(free)
    for _ in range(count):
        batch = rng.choice(candidates, 12)
        if not chosen:
            chosen.append(int(batch[0]))
            continue
        dx = addresses.x[batch, None] - addresses.x[chosen]
        dy = addresses.y[batch, None] - addresses.y[chosen]
        chosen.append(int(batch[np.argmax(np.hypot(dx, dy).min(axis=1))]))
    return chosen
