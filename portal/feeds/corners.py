"""Which places, cells and areas lie in a box: from the corners of their shapes, read once by each process.

Handed to PostgreSQL as a list, so that its planner sees how much of the city a box holds and chooses an
index for a street and a scan for half the city. A list that PostgreSQL finds itself is searched from its
beginning for every row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from portal.feeds.editions import Memory, editions
from portal.models import PublishedArea, PublishedCell, PublishedPlace

if TYPE_CHECKING:
    from portal.feeds.selection import Box

_BYTES_OF_A_SHAPE: Final = 300


@dataclass(frozen=True)
class Corners:
    """codes: of the shapes; sides: west, south, east, north, float64 (4, shapes)."""

    codes: NDArray[np.str_]
    sides: NDArray[np.float64]

    def within(self, box: Box, *, touching: bool) -> list[str] | None:
        """Codes of the shapes wholly inside a box, or touching it; None for all of them."""
        west, south, east, north = self.sides
        if touching:
            keep = (west <= box.east) & (east >= box.west)
            keep &= (south <= box.north) & (north >= box.south)
        else:
            keep = (west >= box.west) & (east <= box.east)
            keep &= (south >= box.south) & (north <= box.north)
        return None if keep.all() else [str(code) for code in self.codes[keep]]


@dataclass(frozen=True)
class Shapes:
    """corners: by kind. stems: of each cell, what begins the codes of the cells and places inside it; '' of the city."""

    corners: Mapping[str, Corners]
    stems: Mapping[str, str]

    @property
    def nbytes(self) -> int:
        return sum(len(of.codes) for of in self.corners.values()) * _BYTES_OF_A_SHAPE

    @cached_property
    def codes(self) -> dict[str, list[str]]:
        """All of them, by kind."""
        return {kind: [str(code) for code in of.codes] for kind, of in self.corners.items()}

    @cached_property
    def known(self) -> Mapping[str, frozenset[str]]:
        """What can be named: every place, and every cell with the city among them."""
        return {"place": frozenset(self.codes["place"]), "cell": frozenset(self.stems)}

    def inside(self, cell: str) -> dict[str, list[str]] | None:
        """Codes of the cells and places inside a cell, and its own; none of a cell that is not known.

        None for the city, which everything lies in.
        """
        stem = self.stems.get(cell)
        if stem is None:
            return {}
        if not stem:
            return None
        found = {
            kind: [str(code) for code in self.corners[kind].codes if code.startswith(stem)]
            for kind in ("place", "cell")
        }
        return {**found, "cell": sorted({cell, *found["cell"]})}


_memory: Memory[Shapes] = Memory(64_000_000, lambda shapes: shapes.nbytes, holds_few=True)
_SIDES: Final = ("west", "south", "east", "north")


def shapes_now() -> Shapes:
    """Of every place, cell and district ever released: their shapes never change. The city is a district ''."""
    now = editions()
    known = _memory.get("shapes", now)
    if known is None:
        known = _read()
        _memory.put("shapes", known, now)
    return known


def _read() -> Shapes:
    places = list(PublishedPlace.objects.values_list("code", *_SIDES))
    rows = list(PublishedCell.objects.values_list("code", *_SIDES, "level"))
    areas = PublishedArea.objects.filter(kind__in=("district", "city"))
    districts = [
        ("" if kind == "city" else slug, *sides)
        for kind, slug, *sides in areas.values_list("kind", "slug", *_SIDES)
    ]
    corners = {
        "place": _corners(places),
        # The cell of level 0 is the city: what lies in it is known less closely than by cells.
        "cell": _corners([row[:5] for row in rows if row[5]]),
        "district": _corners(districts),
    }
    # A district's code, a dash, and a letter for each cut.
    stems = {row[0]: {0: "", 1: f"{row[0]}-"}.get(row[5], row[0]) for row in rows}
    return Shapes(corners, stems)


def _corners(rows: Sequence[tuple[Any, ...]]) -> Corners:
    codes = np.array([row[0] for row in rows], dtype=np.str_)
    sides = np.array([row[1:] for row in rows], dtype=np.float64).reshape(-1, 4).T
    return Corners(codes, sides)
