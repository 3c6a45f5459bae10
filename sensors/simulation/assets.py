"""Bins, street lights, vehicle chargers and a weather station: where they stand and what they say.

Everything is a function of the seed and the instant, nothing is remembered: what is sent in one
interval is exactly what is sent in its parts. Faults (a stuck gauge, a dark lamp, a dead circuit, a
broken charger) come and go by the week; ``faults_at`` tells the truth about them.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray

from sensors.simulation import bins, chargers, lights, stations
from sensors.simulation.city import City
from sensors.simulation.randomness import part_generator
from sensors.simulation.readings import Readings, Span, concatenated

BIN, LIGHT, CHARGER, WEATHER = "bin", "light", "charger", "weather"
_PER_60K: Final = {BIN: 360, LIGHT: 600, CHARGER: 48}
_PREFIX: Final = {BIN: "BN", LIGHT: "SL", CHARGER: "EV", WEATHER: "WX"}
_GROUP_SIZE: Final = {
    BIN: 30,
    LIGHT: 20,
    CHARGER: 4,
}  # a collection round, a circuit, a charging site
_SIMULATORS: Final = {BIN: bins, LIGHT: lights, CHARGER: chargers, WEATHER: stations}


@dataclass(frozen=True)
class Assets:
    """The city's register of devices; arrays of shape (n,), kinds in the order bin, light, charger, weather."""

    serial: NDArray[np.str_]
    kind: NDArray[np.str_]
    x: NDArray[np.float64]  # metres
    y: NDArray[np.float64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    street: NDArray[np.str_]
    group: NDArray[np.str_]  # "round-03", "circuit-17", "site-08"
    group_index: NDArray[np.intp]  # within the kind


def place_assets(
    city: City,
    *,
    n_bins: int | None = None,
    n_lights: int | None = None,
    n_chargers: int | None = None,
) -> Assets:
    """Devices of a city; without counts 360 bins, 600 lights and 48 chargers for 60,000 addresses.

    One weather station, in the middle of the city.
    """
    rng = part_generator(city.seed, 50)
    size = city.plan.addresses / 60_000
    parts = []
    for kind, given in ((BIN, n_bins), (LIGHT, n_lights), (CHARGER, n_chargers)):
        wanted = max(_GROUP_SIZE[kind], round(_PER_60K[kind] * size)) if given is None else given
        place = _along_avenues if kind == LIGHT else _at_doors
        x, y, street = place(city, rng, kind=kind, wanted=wanted)
        parts.append((np.full(len(x), kind), x, y, street, _groups(x, y, kind=kind)))
    middle = np.zeros(1)
    parts.append(
        (np.array([WEATHER]), middle, middle, np.array(["City hall roof"]), np.zeros(1, np.intp))
    )
    kinds, x, y, street, group = (np.concatenate(column) for column in zip(*parts, strict=True))
    lon, lat = city.plane.to_lonlat(x, y)
    nth = np.concatenate([np.arange(len(part[0])) for part in parts])
    word = {BIN: "round", LIGHT: "circuit", CHARGER: "site", WEATHER: "station"}
    return Assets(
        serial=np.array([f"{_PREFIX[k]}-{i + 1:05d}" for k, i in zip(kinds, nth, strict=True)]),
        kind=kinds, x=x, y=y, lon=lon.round(7), lat=lat.round(7), street=street,
        group=np.array([f"{word[k]}-{g + 1:02d}" for k, g in zip(kinds, group, strict=True)]),
        group_index=group,
    )  # fmt: skip


def asset_register(assets: Assets, *, source: str) -> list[dict[str, Any]]:
    """The register as rows: serial, kind, source, lon, lat, name, street, group (round, circuit, site, station)."""
    return [
        {
            "serial": str(assets.serial[i]), "kind": str(assets.kind[i]), "source": source,
            "lon": float(assets.lon[i]), "lat": float(assets.lat[i]),
            "name": f"{assets.street[i]} ({assets.group[i]})",
            "street": str(assets.street[i]), "group": str(assets.group[i]),
        }
        for i in range(len(assets.serial))
    ]  # fmt: skip


def observation_messages(
    city: City, assets: Assets, *, start: dt.datetime, end: dt.datetime
) -> list[dict[str, Any]]:
    """What all devices send in [start, end), aware instants, in order of time.

    Messages: {"sensor", "property", "t" (ISO 8601, UTC), "value" (number or word)}.
    """
    span = _span(start, end)
    parts: list[Readings] = []
    for kind, simulator in _SIMULATORS.items():
        mine = np.flatnonzero(assets.kind == kind)
        if len(mine):
            parts += simulator.readings(city, mine, assets.group_index[mine], span=span)
    return _messages(assets, concatenated(parts))


def weather_messages(
    city: City, assets: Assets, *, start: dt.datetime, end: dt.datetime
) -> list[dict[str, Any]]:
    """What the weather stations' archive holds of [start, end), a report an hour, as messages in order of time."""
    mine = np.flatnonzero(assets.kind == WEATHER)
    archived = stations.readings(
        city,
        mine,
        assets.group_index[mine],
        span=_span(start, end),
        every_s=stations.ARCHIVED_EVERY_S,
    )
    return _messages(assets, concatenated(archived))


def _span(start: dt.datetime, end: dt.datetime) -> Span:
    return int(np.ceil(start.timestamp())), int(np.ceil(end.timestamp()))


def faults_at(city: City, assets: Assets, when: dt.datetime) -> NDArray[np.str_]:
    """The truth: what is wrong with each device at an aware instant; shape (n,), "" where nothing is."""
    fault = np.full(len(assets.serial), "", dtype="U16")
    for kind, simulator in _SIMULATORS.items():
        mine = np.flatnonzero(assets.kind == kind)
        now = np.full(len(mine), int(when.timestamp()))
        fault[mine] = simulator.faults(city.seed, mine, assets.group_index[mine], now)
    return fault


def _at_doors(
    city: City, rng: np.random.Generator, *, kind: str, wanted: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.str_]]:
    """Bins at shops and public buildings; chargers in small groups at offices and shops."""
    a = city.addresses
    busy = np.flatnonzero(
        np.isin(a.use, ["shop", "office"] if kind == CHARGER else ["shop", "school"])
    )
    together = _GROUP_SIZE[CHARGER] if kind == CHARGER else 1
    door = np.repeat(rng.choice(busy, -(-wanted // together), replace=False), together)[:wanted]
    aside = 3.0 * np.arange(len(door)) % (3.0 * together)  # neighbours stand a car's width apart
    x = a.x[door] + aside + rng.normal(0.0, 1.0, len(door))
    return x, a.y[door] + rng.normal(0.0, 1.0, len(door)), a.street[door]


def _along_avenues(
    city: City, rng: np.random.Generator, *, kind: str, wanted: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.str_]]:
    """Lights every 35 m on whole stretches of avenue, from the middle of the city outwards."""
    is_avenue = np.array([street.kind == "avenue" for street in city.streets])[city.piece_street]
    pieces = np.flatnonzero(is_avenue)
    lines = city.street_pieces[pieces]
    poles = [np.arange(12.0, length, 35.0) for length in shapely.length(lines)]
    piece = np.repeat(np.arange(len(pieces)), [len(p) for p in poles])
    points = shapely.line_interpolate_point(lines[piece], np.concatenate(poles))
    xy = shapely.get_coordinates(points)
    # Whole sections of a circuit's length, so that neighbours share a circuit.
    section = np.concatenate([np.arange(len(p)) // _GROUP_SIZE[LIGHT] for p in poles])
    _, block = np.unique(piece * 10_000 + section, return_inverse=True)
    out = np.bincount(block, weights=np.hypot(xy[:, 0], xy[:, 1])) / np.bincount(block)
    chosen = np.lexsort([np.arange(len(block)), block, out[block]])[:wanted]
    x, y = (xy[chosen] + rng.normal(0.0, 0.5, (len(chosen), 2))).T
    street = np.array([city.streets[s].name for s in city.piece_street[pieces]])
    return x, y, street[piece[chosen]]


def _groups(x: NDArray[np.float64], y: NDArray[np.float64], *, kind: str) -> NDArray[np.intp]:
    """Rounds are sectors of the city; circuits and sites are runs of neighbours in the register."""
    size = _GROUP_SIZE[kind]
    if kind != BIN:
        return np.arange(len(x)) // size
    rank = np.argsort(np.argsort(np.arctan2(y, x), kind="stable"), kind="stable")
    return np.asarray(rank // size, np.intp)


def _messages(assets: Assets, readings: Readings) -> list[dict[str, Any]]:
    order = np.lexsort([readings.property, readings.asset, readings.t_s])
    stamps = np.datetime_as_string(readings.t_s[order].astype("datetime64[s]"))
    return [
        {"sensor": serial, "property": name, "t": f"{stamp}Z", "value": word or value}
        for serial, name, stamp, value, word in zip(
            assets.serial[readings.asset[order]].tolist(),
            readings.property[order].tolist(),
            stamps.tolist(),
            readings.value[order].tolist(),
            readings.word[order].tolist(),
            strict=True,
        )
    ]
