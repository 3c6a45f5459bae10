"""Footprints as files need them: GeoJSON text, well-known binary and box, each made once however many rows repeat it.

PURE: shapely and the standard library.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray

NOWHERE = -1  # the index of a row without a footprint


@dataclass(frozen=True)
class Shapes:
    """Footprints by name, in the order of their names; outer rings run counter-clockwise (RFC 7946, 3.1.6)."""

    names: tuple[str, ...]
    geometry: NDArray[np.object_]

    @cached_property
    def index(self) -> dict[str | None, int]:
        """Where a name is; None is nowhere."""
        return {None: NOWHERE, **{name: n for n, name in enumerate(self.names)}}

    @cached_property
    def texts(self) -> list[str]:
        """GeoJSON of each, and at last "null", which the index NOWHERE finds."""
        shapes = [shapely.geometry.mapping(shape) for shape in self.geometry]
        return [*(json.dumps(shape, separators=(",", ":")) for shape in shapes), "null"]

    @cached_property
    def binaries(self) -> list[bytes]:
        """ISO well-known binary of each, little-endian."""
        return [shapely.to_wkb(shape, byte_order=1, flavor="iso") for shape in self.geometry]

    @cached_property
    def boxes(self) -> NDArray[np.float64]:
        """West, south, east, north of each, shape (n, 4)."""
        found: NDArray[np.float64] = shapely.bounds(self.geometry).reshape(-1, 4)
        return found

    @cached_property
    def digest(self) -> str:
        """Changes when any name or any corner does."""
        digest = hashlib.sha256()
        for name, text in zip(self.names, self.texts, strict=False):
            digest.update(f"{name}\t{text}\n".encode())
        return digest.hexdigest()


def shapes_of(found: Iterable[tuple[str, str]]) -> Shapes:
    """Names and GeoJSON texts as shapes. Raises shapely.errors.GEOSException where a text is none."""
    pairs = sorted(found)
    geometry = shapely.from_geojson(np.array([text for _, text in pairs], dtype=object))
    return Shapes(
        names=tuple(name for name, _ in pairs),
        geometry=shapely.orient_polygons(np.atleast_1d(geometry), exterior_cw=False),
    )
