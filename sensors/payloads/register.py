"""The list of a city's sensors, as a table (CSV) or a map layer (GeoJSON points)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any

import msgspec

from sensors.kinds import KINDS
from sensors.payloads.daylight import Name, PayloadError


class SensorEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One sensor as its owner lists it. lon, lat: degrees, WGS 84. z_m: metres above the city's zero."""

    serial: Name
    kind: str
    lon: Annotated[float, msgspec.Meta(ge=-180, le=180)]
    lat: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    source: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    z_m: Annotated[float, msgspec.Meta(ge=-1e4, le=1e4)] = 0.0  # else NaN and infinity would pass
    name: Annotated[str, msgspec.Meta(max_length=200)] = ""
    installed_on: date | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"got kind {self.kind!r}; wanted one of {', '.join(KINDS)}")
        if "\0" in self.serial or "\0" in self.name:
            raise ValueError("got a NUL character in a name; wanted text")


def read_register(text: str, *, source: str = "") -> list[SensorEntry]:
    """Every sensor of a CSV or GeoJSON text; ``source`` stands in where a row names none.

    Raises PayloadError naming the first row (from 1) that cannot be used: a register is short and
    made by a person, so half of one is worse than none.
    """
    is_geojson = text.lstrip()[:1] == "{"
    rows = _features(text) if is_geojson else csv.DictReader(io.StringIO(text))
    entries: dict[str, SensorEntry] = {}
    for number, row in enumerate(rows, start=1):
        entry = _entry(number, row, source)
        if entry.serial in entries:
            raise PayloadError(f"row {number}: got serial {entry.serial!r} twice; wanted it once")
        entries[entry.serial] = entry
    if not entries:
        raise PayloadError("the register holds no sensor; wanted at least one")
    return list(entries.values())


def _entry(number: int, row: dict[str, Any], source: str) -> SensorEntry:
    cells = {"source": source, "z_m": row.get("z")}
    cells |= {name: value for name, value in row.items() if value not in ("", None)}
    cells = {name: value for name, value in cells.items() if value not in ("", None)}
    try:
        return msgspec.convert(cells, SensorEntry, strict=False)
    except msgspec.ValidationError as error:
        raise PayloadError(f"row {number}: {error}") from None


def _features(text: str) -> Iterator[dict[str, Any]]:
    try:
        features = list(msgspec.json.decode(text)["features"])
    except (msgspec.DecodeError, KeyError, TypeError):
        raise PayloadError(
            "the register is not GeoJSON; wanted a FeatureCollection of points"
        ) from None
    for number, feature in enumerate(features, start=1):
        try:
            geometry = feature["geometry"]
            lon, lat, *z = geometry["coordinates"]
        except (KeyError, TypeError, ValueError):
            raise PayloadError(f"row {number}: got no coordinates; wanted a Point") from None
        if geometry.get("type") != "Point":
            raise PayloadError(f"row {number}: got {geometry.get('type')}; wanted a Point")
        properties = feature.get("properties") or {}
        if not isinstance(properties, dict):
            kind = type(properties).__name__
            raise PayloadError(f"row {number}: got {kind} as properties; wanted an object")
        yield {"z": z[0] if z else None, **properties, "lon": lon, "lat": lat}
