"""Names on a map: as much of each as its area has room for, on a phone and on a wide screen."""

from collections.abc import Sequence
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


def area_name(label: str, code: str, shade: int | None, geometry: Geometry) -> tuple[str, bool]:
    """The label on one or two lines, else the code, where it fits inside; and whether a phone gets the code.

    Type on wide screens is half as large, so more fits there; where the two differ both are written
    and the style sheet shows one.
    """
    x, y = shapely.get_coordinates(shapely.maximum_inscribed_circle(geometry, 5.0))[0]
    tone = " name--on-dark" if shade is not None and shade >= FIRST_DARK_SHADE else ""
    narrow, wide = (_fitting(label, code, geometry, x, y, scale) for scale in (1.0, WIDE_SCALE))
    by_code = narrow == [code] != [label]
    if narrow == wide and len(narrow) < 2:
        return _text(narrow, x, y, 1.0, tone), by_code
    return (
        _text(narrow, x, y, 1.0, f"{tone} name--narrow")
        + _text(wide, x, y, WIDE_SCALE, f"{tone} name--wide"),
        by_code,
    )


def _fitting(
    label: str, code: str, geometry: Geometry, x: float, y: float, scale: float
) -> list[str]:
    """The first of label, label on two lines, code that the area has room for; nothing if none."""
    words = label.split()
    halves = [[" ".join(words[:cut]), " ".join(words[cut:])] for cut in range(1, len(words))]
    broken = min(halves, key=lambda lines: max(map(len, lines)), default=[label])
    for lines in ([label], broken, [code]):
        places = _line_places(y, len(lines), scale)
        if all(
            len(line) * LABEL_CHARACTER * scale <= _room_at(geometry, x, place) * LABEL_SLACK
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
