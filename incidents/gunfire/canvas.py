"""What the room's maps share: a frame in metres, the city under it, ellipse, scale, marks. Pure.

Drawings are 1000 units wide, as the public maps are; colours come from classes. Every text is escaped.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from incidents.gunfire.wording import ellipse_axes_m
from sensors.geodesy import LocalPlane

# The stubs of shapely's vectorised functions do not agree with its classes on what a geometry is.
Geometry = Any

WIDTH, HEIGHT = 1000, 800
TOLERANCE_UNITS = 1.5
ORDER = ("park", "water", "street", "district")
MOST_STREET_NAMES = 9
CHARACTER = 15
"""Mean width of a street name's character in units, for whether it fits along its street."""


@dataclass(frozen=True, eq=False)
class Feature:
    """Something of the city. kind: park, water, district or street. geometry: shapely, lon/lat."""

    kind: str
    name: str
    geometry: Geometry


@dataclass(frozen=True)
class Frame:
    """A window onto the ground: its middle, and metres from the middle to its left edge."""

    lon: float
    lat: float
    half_m: float

    @property
    def plane(self) -> LocalPlane:
        return LocalPlane(self.lon, self.lat)

    @property
    def units_per_m(self) -> float:
        return WIDTH / 2 / self.half_m

    @classmethod
    def over(cls, features: Iterable[Feature]) -> Frame | None:
        """The frame that shows all of them; None without any."""
        bounds = [feature.geometry.bounds for feature in features if not feature.geometry.is_empty]
        if not bounds:
            return None
        west, south = np.min([b[:2] for b in bounds], axis=0)
        east, north = np.max([b[2:] for b in bounds], axis=0)
        lon, lat = float(west + east) / 2, float(south + north) / 2
        x_m, y_m = LocalPlane(lon, lat).to_xy(east, north)
        return cls(lon, lat, 1.04 * max(float(x_m), float(y_m) * WIDTH / HEIGHT, 100.0))

    def from_m(self, x_m: float, y_m: float) -> tuple[float, float]:
        """Metres east and north of the middle -> units."""
        return WIDTH / 2 + x_m * self.units_per_m, HEIGHT / 2 - y_m * self.units_per_m

    def from_degrees(self, lon: float, lat: float) -> tuple[float, float]:
        x_m, y_m = self.plane.to_xy(lon, lat)
        return self.from_m(float(x_m), float(y_m))

    def units(self, degrees: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, 2) lon/lat -> (n, 2) units."""
        x_m, y_m = self.plane.to_xy(degrees[:, 0], degrees[:, 1])
        return np.column_stack(
            [WIDTH / 2 + x_m * self.units_per_m, HEIGHT / 2 - y_m * self.units_per_m]
        )

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north in degrees."""
        half_y_m = self.half_m * HEIGHT / WIDTH
        west, south = self.plane.to_lonlat(-self.half_m, -half_y_m)
        east, north = self.plane.to_lonlat(self.half_m, half_y_m)
        return float(west), float(south), float(east), float(north)


def backdrop(
    frame: Frame,
    features: Sequence[Feature],
    *,
    names: str = "street",
    avoid: Sequence[tuple[float, float]] = (),
) -> str:
    """Parks, water, borders and streets in the frame, with the names of one kind.

    avoid: where something else will be written; no street is named near it.
    """
    window = shapely.box(*frame.bounds)
    near = [feature for feature in features if feature.geometry.intersects(window)]
    drawn = [(feature, _drawn(frame, feature)) for feature in near]
    paths = "".join(
        f'<path class="ground__{kind}" d="{data}"/>'
        for kind in ORDER
        if (data := "".join(_path(shape) for feature, shape in drawn if feature.kind == kind))
    )
    named = [(feature.name, shape) for feature, shape in drawn if feature.kind == names]
    words = _along(named, avoid) if names == "street" else _inside(named)
    return f'<g aria-hidden="true">{paths}{words}</g>'


def _drawn(frame: Frame, feature: Feature) -> Geometry:
    whole = shapely.transform(feature.geometry, frame.units)
    # A little beyond the frame, so that cut edges draw no line along it.
    return shapely.simplify(
        shapely.clip_by_rect(whole, -9, -9, WIDTH + 9, HEIGHT + 9), TOLERANCE_UNITS
    )


def _path(shape: Geometry) -> str:
    data = []
    for part in shapely.get_parts(shape):
        is_area = part.geom_type == "Polygon"
        for line in shapely.get_rings(part) if is_area else (part,):
            corners = np.rint(shapely.get_coordinates(line)).astype(int)
            if len(corners) > 1:
                points = "L".join(f"{x} {y}" for x, y in corners)
                data.append(f"M{points}{'z' if is_area else ''}")
    return "".join(data)


def _along(named: Sequence[tuple[str, Geometry]], avoid: Sequence[tuple[float, float]]) -> str:
    """Names of the longest streets, each written along its longest straight piece."""
    pieces = [(name, piece) for name, shape in named if name and (piece := _straightest(shape))]
    fitting = [
        (name, piece)
        for name, piece in pieces
        if piece[0] > len(name) * CHARACTER and _is_clear(name, piece, avoid)
    ]
    longest: dict[str, tuple[float, float, float, float]] = {}
    for name, piece in fitting:
        longest[name] = max(longest.get(name, piece), piece)
    chosen = sorted(longest.items(), key=lambda one: -one[1][0])[:MOST_STREET_NAMES]
    return "".join(
        f'<text class="ground__name" text-anchor="middle" dy="-6"'
        f' transform="translate({x:.0f} {y:.0f}) rotate({turn:.0f})">{escape(name)}</text>'
        for name, (_length, x, y, turn) in chosen
    )


def _is_clear(
    name: str,
    piece: tuple[float, float, float, float],
    avoid: Sequence[tuple[float, float]],
) -> bool:
    """Whether no word of a sensor comes in the way of a name along this piece."""
    _length, x, y, turn = piece
    half = len(name) * CHARACTER / 2
    dx, dy = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    spots = [
        (x + share * half * dx, y + share * half * dy) for share in (-1.0, -0.5, 0.0, 0.5, 1.0)
    ]
    return all(abs(x - ax) > 75 or abs(y - ay) > 40 for x, y in spots for ax, ay in avoid)


def _straightest(shape: Geometry) -> tuple[float, float, float, float] | None:
    """Length, middle and angle of the longest straight piece of a line, in units and degrees."""
    best = None
    for part in shapely.get_parts(shape):
        corners = shapely.get_coordinates(part)
        for (x0, y0), (x1, y1) in pairwise(corners):
            length = math.hypot(x1 - x0, y1 - y0)
            turn = math.degrees(math.atan2(y1 - y0, x1 - x0))
            upright = (turn + 90.0) % 180.0 - 90.0
            piece = (length, (x0 + x1) / 2, (y0 + y1) / 2, upright)
            best = piece if best is None else max(best, piece)
    return best


def _inside(named: Sequence[tuple[str, Geometry]]) -> str:
    marks = []
    for name, shape in named:
        if not shape.is_empty:
            spot = shape.representative_point()
            marks.append(
                f'<text class="ground__name" text-anchor="middle" x="{spot.x:.0f}" y="{spot.y:.0f}">'
                f"{escape(name)}</text>"
            )
    return "".join(marks)


def ellipse(
    frame: Frame, lon: float, lat: float, cov_m2: tuple[float | None, float | None, float | None]
) -> str:
    """The 95 % ellipse at its true size; nothing where the provider gives no covariance."""
    xx, xy, yy = cov_m2
    if xx is None or xy is None or yy is None:
        return ""
    long_m, short_m, direction_deg = ellipse_axes_m(xx, xy, yy)
    x, y = frame.from_degrees(lon, lat)
    rx, ry = long_m * frame.units_per_m, short_m * frame.units_per_m
    return (
        f'<ellipse class="ellipse" rx="{rx:.1f}" ry="{max(ry, 0.5):.1f}"'
        f' transform="translate({x:.1f} {y:.1f}) rotate({direction_deg - 90.0:.1f})"/>'
    )


def scale_bar(frame: Frame) -> str:
    """A round length of at most a third of the width, at the lower left."""
    most_m = 2 * frame.half_m / 3
    power = 10.0 ** math.floor(math.log10(most_m))
    length_m = next(f * power for f in (5, 2, 1) if f * power <= most_m)
    label = f"{length_m / 1000:g} km" if length_m >= 1000 else f"{length_m:g} m"
    y, end = HEIGHT - 24, 24 + length_m * frame.units_per_m
    return (
        f'<g class="scale" aria-hidden="true"><path d="M24 {y - 10}V{y}H{end:.0f}V{y - 10}"/>'
        f'<text x="32" y="{y - 14}">{label}</text></g>'
    )


def drawing(body: str, *, drawing_id: str, title: str, summary: str, is_group: bool = False) -> str:
    """One ``<svg>`` with its name and a sentence. is_group: it holds links, which an image may not."""
    role, safe_id = ("group" if is_group else "img"), escape(drawing_id)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="ground" role="{role}"'
        f' viewBox="0 0 {WIDTH} {HEIGHT}" aria-labelledby="{safe_id}-title" aria-describedby="{safe_id}-desc">'
        f'<title id="{safe_id}-title">{escape(title)}</title><desc id="{safe_id}-desc">{escape(summary)}</desc>'
        f'<rect class="ground__paper" width="{WIDTH}" height="{HEIGHT}"/>{body}</svg>'
    )


def cross(x: float, y: float, size: float, classes: str) -> str:
    return (
        f'<path class="{classes}" d="M{x - size:.1f} {y - size:.1f}l{2 * size:g} {2 * size:g}'
        f'm{-2 * size:g} 0l{2 * size:g} {-2 * size:g}"/>'
    )


def diamond(x: float, y: float, size: float, classes: str) -> str:
    return (
        f'<path class="{classes}" d="M{x:.1f} {y - size:.1f}l{size:g} {size:g}'
        f'l{-size:g} {size:g}l{-size:g} {-size:g}z"/>'
    )
