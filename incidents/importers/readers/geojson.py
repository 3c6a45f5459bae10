"""GeoJSON feature collections, one feature at a time, however large the file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, TextIO

from incidents.importers.errors import UnreadableFileError
from incidents.importers.quality import Refusal
from incidents.importers.readers.table import Chunk

# Columns that every feature has besides its properties.
LON, LAT, GEOMETRY = "@lon", "@lat", "@geometry"

BLOCK_CHARACTERS = 2**18
LARGEST_FEATURE_CHARACTERS = 64 * 2**20
HEADER_FEATURES = 1000
_FEATURES = re.compile(r'"features"\s*:\s*\[')
_BETWEEN = re.compile(r"[\s,]*")


class GeoJsonTable:
    """Properties as columns, and ``@lon``, ``@lat`` of points and ``@geometry`` as JSON text."""

    def __init__(self, text: TextIO) -> None:
        self._features = features(text)
        # Not every feature has every property: the header is what the first thousand have.
        self._first = list(islice(self._features, HEADER_FEATURES))
        names = {name: None for feature in self._first for name in _properties(feature)}
        self.header = (*names, LON, LAT, GEOMETRY)
        self._number = 0

    def chunks(self, wanted: Sequence[str], *, rows: int) -> Iterator[Chunk]:
        everything = _chain(self._first, self._features)
        while taken := list(islice(everything, rows)):
            numbers = range(self._number + 1, self._number + len(taken) + 1)
            self._number += len(taken)
            pairs = list(zip(taken, numbers, strict=True))
            whole = [(feature, n) for feature, n in pairs if _is_feature(feature)]
            kept = [feature for feature, _ in whole]
            yield Chunk(
                numbers=[number for _, number in whole],
                columns={name: [_value(feature, name) for feature in kept] for name in wanted},
                raw=lambda i, kept=kept: json.dumps(kept[i]),  # type: ignore[misc]
                refused=[_refusal(other, n) for other, n in pairs if not _is_feature(other)],
            )


def features(text: TextIO) -> Iterator[Any]:
    """What stands in the list "features" of a GeoJSON text."""
    decoder = json.JSONDecoder()
    buffer, at = _up_to_features(text)
    wanted = 0
    while True:
        found = _BETWEEN.match(buffer, at)
        at = found.end() if found else at
        if buffer[at : at + 1] == "]":
            return
        try:
            # A number or a word at the end of the buffer may be cut; a feature never ends so.
            feature, at = decoder.raw_decode(buffer, at)
        except json.JSONDecodeError as error:
            wanted = max(BLOCK_CHARACTERS, 2 * wanted)
            block = text.read(wanted)
            if not block or len(buffer) - at > LARGEST_FEATURE_CHARACTERS:
                raise UnreadableFileError(
                    f"the GeoJSON is damaged or cut short ({error.msg} near "
                    f"{buffer[at : at + 60]!r}); wanted a whole FeatureCollection"
                ) from error
            buffer, at = buffer[at:] + block, 0
            continue
        wanted = 0
        yield feature


def _up_to_features(text: TextIO) -> tuple[str, int]:
    buffer = ""
    while block := text.read(BLOCK_CHARACTERS):
        buffer += block
        if found := _FEATURES.search(buffer):
            return buffer, found.end()
        if len(buffer) > LARGEST_FEATURE_CHARACTERS:
            break
    raise UnreadableFileError('got no list "features"; wanted a GeoJSON FeatureCollection')


def _chain(first: list[Any], rest: Iterator[Any]) -> Iterator[Any]:
    yield from first
    first.clear()
    yield from rest


def _is_feature(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("properties") or {}, dict)


def _properties(feature: Any) -> dict[str, Any]:
    return (feature.get("properties") or {}) if _is_feature(feature) else {}


def _refusal(value: Any, number: int) -> Refusal:
    raw = json.dumps(value)
    return Refusal(number, "not-a-feature", f"got {raw[:60]}; wanted a GeoJSON feature", raw)


def _value(feature: dict[str, Any], name: str) -> str:
    geometry = feature.get("geometry")
    if name == GEOMETRY:
        return json.dumps(geometry) if geometry else ""
    if name in (LON, LAT):
        return _point(geometry, 0 if name == LON else 1)
    value = _properties(feature).get(name)
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    # 5213.0 is what some writers make of the number 5213.
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value)


def _point(geometry: Any, axis: int) -> str:
    if not isinstance(geometry, dict) or geometry.get("type") != "Point":
        return ""
    try:
        return str(float(geometry["coordinates"][axis]))
    except (KeyError, IndexError, TypeError, ValueError):
        return ""
