"""Names on a map: as much of each as its area has room for, on a phone and on a wide screen."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import shapely

# The stubs of shapely's vectorised functions do not agree with its classes on what a geometry is.
Geometry = Any

# Type that is 12 px on a map 360 px wide; a map is 1000 units wide.
LABEL_TYPE = 34
LABEL_CHARACTER = 20
# Type on wide screens, as a part of that on phones (static/styles/_maps.scss).
WIDE_SCALE = 0.56
LINE_PITCH = 1.1
# Names have a halo, so they may reach a little over the border.
LABEL_SLACK = 1.15
FAR = 1001  # beyond the right edge
# From this shade on, names are light on dark.
FIRST_DARK_SHADE = 3


@dataclass(frozen=True)
class Label:
    """What may be written into an area. shade: of the map's classes, None where nothing is known."""

    name: str
    code: str
    shade: int | None
    geometry: Geometry


def area_names(labels: Sequence[Label]) -> tuple[str, frozenset[str]]:
    """The names of all areas as SVG text, and the codes that a phone shows in place of names.

    Type on wide screens is half as large, so more fits there; where the two differ both are written
    and the style sheet shows one. Where most areas have room for their code only, all show it.
    """
    places = [
        shapely.get_coordinates(shapely.maximum_inscribed_circle(label.geometry, 5.0))[0]
        for label in labels
    ]
    narrow, wide = (_alike(labels, places, scale) for scale in (1.0, WIDE_SCALE))
    parts = []
    for label, (x, y), small, large in zip(labels, places, narrow, wide, strict=True):
        tone = (
            " name--on-dark" if label.shade is not None and label.shade >= FIRST_DARK_SHADE else ""
        )
        if small == large and len(small) < 2:
            parts.append(_text(small, x, y, 1.0, tone))
        else:
            parts.append(_text(small, x, y, 1.0, f"{tone} name--narrow"))
            parts.append(_text(large, x, y, WIDE_SCALE, f"{tone} name--wide"))
    coded = (
        label.code for label, lines in zip(labels, narrow, strict=True) if _is_code(label, lines)
    )
    return "".join(parts), frozenset(coded)


def _alike(labels: Sequence[Label], places: Sequence[Any], scale: float) -> list[list[str]]:
    """The lines of each name at one size of type; codes for all where most have room for no more."""
    found = [_fitting(label, x, y, scale) for label, (x, y) in zip(labels, places, strict=True)]
    codes = sum(_is_code(label, lines) for label, lines in zip(labels, found, strict=True))
    if 2 * codes <= len(labels):
        return found
    return [[label.code] if lines else [] for label, lines in zip(labels, found, strict=True)]


def _is_code(label: Label, lines: list[str]) -> bool:
    return lines == [label.code] != [label.name]


def _fitting(label: Label, x: float, y: float, scale: float) -> list[str]:
    """The first of name, name on two lines, code that the area has room for; nothing if none."""
    words = label.name.split()
    halves = [[" ".join(words[:cut]), " ".join(words[cut:])] for cut in range(1, len(words))]
    broken = min(halves, key=lambda lines: max(map(len, lines)), default=[label.name])
    for lines in ([label.name], broken, [label.code]):
        places = _line_places(y, len(lines), scale)
        if all(
            len(line) * LABEL_CHARACTER * scale <= _room_at(label.geometry, x, place) * LABEL_SLACK
            for line, place in zip(lines, places, strict=True)
        ):
            return lines
    return []


def _line_places(y: float, lines: int, scale: float) -> list[float]:
    """The middle of each line of a name that is centred on y."""
    pitch = LABEL_TYPE * LINE_PITCH * scale
    return [y + (order - (lines - 1) / 2) * pitch for order in range(lines)]


def _text(lines: Sequence[str], x: float, y: float, scale: float, classes: str) -> str:
    """The lines of a name; the base line lies 0.35 of the type below the middle."""
    return "".join(
        f'<text class="name{classes}" x="{x:.0f}" y="{place + LABEL_TYPE * 0.35 * scale:.0f}"'
        f' text-anchor="middle">{escape(line)}</text>'
        for line, place in zip(lines, _line_places(y, len(lines), scale), strict=True)
    )


def _room_at(geometry: Geometry, x: float, y: float) -> float:
    """Twice the way from (x, y) to the nearer border, left or right: what centred text may take."""
    chord = shapely.intersection(shapely.linestrings([(-1, y), (FAR, y)]), geometry)
    here = [
        part.bounds for part in shapely.get_parts(chord) if part.bounds[0] <= x <= part.bounds[2]
    ]
    return 2 * min(x - here[0][0], here[0][2] - x) if here else 0.0
