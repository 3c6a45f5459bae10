"""Areas with values -> a choropleth in SVG, its legend and table, and the same as GeoJSON layers.

Drawn 1000 units wide in whole relative units (a city 10 km across: 10 m to the unit), neighbours
simplified together so that no slivers open between them. Five shades in equal steps from zero
(`figures.class_breaks`), dots on the top class and hatching where nothing is known, so that the map
reads without colour. Each area is a link; the table beside the map holds the same links and numbers.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from portal import findings
from portal.figures import class_breaks, class_of
from portal.findings import Count, Subject, number
from portal.map_names import LABEL_TYPE, Label, area_names
from portal.svg import hatch

Ring = Sequence[Sequence[float]]
# The stubs of shapely's vectorised functions do not agree with its classes on what a geometry is.
Geometry = Any

WIDTH = 1000
MARGIN = 6
# Largest distance between a drawn border and the true one: what a line's own width hides.
TOLERANCE_UNITS = 1.5
CONTEXT_TOLERANCE_UNITS = 3.0
# In the order they are drawn.
CONTEXT_KINDS = ("park", "street", "water", "river")
AREA_KINDS = ("park", "water")
# A map of 40 areas with all of these stays under 25 kB.
CONTEXT_BYTES = {"park": 2500, "street": 7000, "water": 2500, "river": 1500}
MAX_CLASSES = 5


@dataclass(frozen=True)
class Shape:
    """One area. rings: lon/lat in degrees, outer and inner alike, holes by the even-odd rule."""

    code: str
    label: str
    href: str
    rings: Sequence[Ring]
    value: Count


@dataclass(frozen=True)
class Context:
    """One thing drawn under the areas to find one's way: closed rings for water and parks, open
    lines for a river or a street. kind: water, park, river or street."""

    kind: str
    lines: Sequence[Ring]


@dataclass(frozen=True)
class LegendStep:
    """One line of the legend. shade: class number 0..4, or None for "no data"."""

    shade: int | None
    label: str
    areas: int


@dataclass(frozen=True)
class Choropleth:
    """svg: the drawing. legend: palest first, only what is drawn. rows: (code, label, href, value) in
    the given order, the numbers of the drawing. coded: areas too small for their name on a phone,
    which are drawn with their code instead; the table beside the map says which is which."""

    map_id: str
    svg: str
    finding: str
    legend: list[LegendStep]
    rows: list[tuple[str, str, str, Count]]
    coded: frozenset[str]


@dataclass(frozen=True)
class Projection:
    """Lon/lat -> drawing units: plate carree stretched by the cosine of the middle latitude.

    Over a city 50 km across the scale varies by less than half a percent below 60 degrees of
    latitude, which is finer than the line that draws a border.
    """

    west_deg: float
    north_deg: float
    units_per_deg: float
    squeeze: float
    height: int

    @classmethod
    def around(cls, positions_deg: NDArray[np.float64]) -> "Projection":
        west, south = positions_deg.min(axis=0)
        east, north = positions_deg.max(axis=0)
        squeeze = math.cos(math.radians((south + north) / 2))
        span = max((east - west) * squeeze, (north - south) / 1.25, 1e-9)
        scale = (WIDTH - 2 * MARGIN) / span
        # A city taller than wide is centred in the width instead of filling it.
        indent = ((WIDTH - 2 * MARGIN) / scale / squeeze - (east - west)) / 2
        height = math.ceil((north - south) * scale) + 2 * MARGIN
        return cls(west - indent, north, scale, squeeze, height)

    def units(self, positions_deg: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, 2) lon/lat -> (n, 2) x, y with y downwards."""
        x = (positions_deg[:, 0] - self.west_deg) * self.squeeze * self.units_per_deg + MARGIN
        y = (self.north_deg - positions_deg[:, 1]) * self.units_per_deg + MARGIN
        return np.column_stack([x, y])

    def degrees(self, positions: NDArray[np.float64]) -> NDArray[np.float64]:
        """The inverse of `units`."""
        lon = (positions[:, 0] - MARGIN) / (self.squeeze * self.units_per_deg) + self.west_deg
        lat = self.north_deg - (positions[:, 1] - MARGIN) / self.units_per_deg
        return np.column_stack([lon, lat])


def choropleth(
    shapes: Sequence[Shape],
    *,
    subject: Subject,
    map_id: str,
    context: Sequence[Context] | str = (),
    additive: bool = True,
    here: str = "",
) -> Choropleth:
    """The map of `shapes`, shaded by value. Raises ValueError without shapes or rings.

    map_id: unique on the page. Values are counts or rates >= 0; None is drawn hatched as "no data".
    context: things to draw, or what `backdrop` drew of them for the same projection.
    additive: whether the values of several areas may be summed (counts, not rates).
    here: code of the area the page is about, which gets a stronger border.
    """
    if not shapes or not all(shape.rings for shape in shapes):
        raise ValueError("a map needs at least one shape, and each shape at least one ring")
    projection = projection_of(shapes)
    values = [known_or_none(shape.value) for shape in shapes]
    breaks = class_breaks(values, max_classes=MAX_CLASSES)
    named = [(shape.label, value) for shape, value in zip(shapes, values, strict=True)]
    finding = (
        findings.by_category([name for name, _ in named], values, subject)
        if additive
        else findings.of_rates(named, subject)
    )
    under = context if isinstance(context, str) else backdrop(context, projection)
    body, coded = _body(shapes, values, breaks, projection, under, subject, map_id, here)
    return Choropleth(
        map_id=map_id,
        svg=_drawing(body, projection, subject, finding, map_id),
        finding=finding,
        legend=legend(values, breaks, subject),
        rows=[(s.code, s.label, s.href, value) for s, value in zip(shapes, values, strict=True)],
        coded=coded,
    )


def _body(
    shapes: Sequence[Shape],
    values: Sequence[Count],
    breaks: Sequence[float],
    projection: Projection,
    under: str,
    subject: Subject,
    map_id: str,
    here: str,
) -> tuple[str, frozenset[str]]:
    """Areas, what lies under them, names; and the codes that stand in place of names."""
    shades = [None if value is None else class_of(value, breaks) for value in values]
    said = [subject.without_number if v is None else subject.counted(v) for v in values]
    drawn = _simplified([_projected(_even_odd(shape.rings), projection) for shape in shapes])
    areas = "".join(
        _area(shape, words, shade, geometry, map_id, is_here=shape.code == here)
        for shape, words, shade, geometry in zip(shapes, said, shades, drawn, strict=True)
    )
    names, coded = area_names(
        [
            Label(shape.label, shape.code, shade, geometry)
            for shape, shade, geometry in zip(shapes, shades, drawn, strict=True)
        ]
    )
    return (
        f'{areas}<g class="map__context" aria-hidden="true">{under}</g>'
        f'<g class="map__names" aria-hidden="true">{names}</g>',
        coded,
    )


def projection_of(shapes: Iterable[Shape]) -> Projection:
    """The projection that fits all shapes into the drawing."""
    return Projection.around(
        np.vstack([np.asarray(ring, float)[:, :2] for shape in shapes for ring in shape.rings])
    )


def legend(values: Sequence[Count], breaks: Sequence[float], subject: Subject) -> list[LegendStep]:
    """What each shade means and how many areas have it; "no data" only where there is such an area."""
    known = [value for value in values if value is not None]
    shades = [class_of(value, breaks) for value in known]
    whole = all(value == int(value) for value in known)
    steps = [
        LegendStep(k, _step_label(low, high, whole, subject), shades.count(k))
        for k, (low, high) in enumerate(zip([0.0, *breaks], breaks, strict=False))
    ]
    if known and not breaks:
        steps = [LegendStep(0, "0", len(known))]
    if len(known) < len(values):
        steps.append(LegendStep(None, subject.without_number, len(values) - len(known)))
    return steps


def layers(shapes: Sequence[Shape], context: Sequence[Context]) -> dict[str, dict[str, Any]]:
    """GeoJSON FeatureCollections in lon/lat: "areas", and one per kind of context given."""
    areas = [
        _feature(
            shapely.geometry.mapping(_even_odd(shape.rings)),
            {"code": shape.code, "label": shape.label, "href": shape.href, "value": value},
        )
        for shape in shapes
        for value in [known_or_none(shape.value)]
    ]
    collections: dict[str, dict[str, Any]] = {
        "areas": {"type": "FeatureCollection", "features": areas}
    }
    for layer in context:
        make: Any = shapely.polygons if layer.kind in AREA_KINDS else shapely.linestrings
        drawn = [make(np.asarray(line, float)[:, :2]) for line in layer.lines]
        collections.setdefault(layer.kind, {"type": "FeatureCollection", "features": []})
        collections[layer.kind]["features"] += [
            _feature(shapely.geometry.mapping(geometry), {}) for geometry in drawn
        ]
    return collections


def known_or_none(value: Count) -> Count:
    """NaN is read as None."""
    return None if value is None or math.isnan(value) else value


def path_of(geometry: Geometry) -> str:
    """A geometry in drawing units -> path data in whole relative units; empty where it vanishes."""
    parts = shapely.get_parts(geometry)
    polygons = [part for part in parts if part.geom_type == "Polygon"]
    lines = [part for part in parts if part.geom_type == "LineString"]
    rings = [ring for polygon in polygons for ring in shapely.get_rings(polygon)]
    return "".join([_subpath(ring, closed=True) for ring in rings]) + "".join(
        [_subpath(line, closed=False) for line in lines]
    )


def _drawing(body: str, projection: Projection, subject: Subject, finding: str, map_id: str) -> str:
    safe_id = escape(map_id)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="map" role="group" font-size="{LABEL_TYPE}"'
        f' viewBox="0 0 {WIDTH} {projection.height}" aria-labelledby="{safe_id}-title"'
        f' aria-describedby="{safe_id}-desc">'
        f'<title id="{safe_id}-title">{escape(subject.title)}</title>'
        f'<desc id="{safe_id}-desc">{escape(finding)}</desc>'
        f"<defs>{hatch(map_id + '-gap', size=16)}{dots(map_id + '-top')}</defs>{body}</svg>"
    )


def dots(pattern_id: str) -> str:
    """The darkest shade, dotted: told from the next one without colour."""
    return (
        f'<pattern id="{escape(pattern_id)}" width="18" height="18" patternUnits="userSpaceOnUse">'
        '<rect class="c4" width="18" height="18"/><circle class="dots__dot" cx="5" cy="5" r="2.2"/>'
        '<circle class="dots__dot" cx="14" cy="14" r="2.2"/></pattern>'
    )


def _area(
    shape: Shape, said: str, shade: int | None, geometry: Geometry, map_id: str, *, is_here: bool
) -> str:
    paint = f'class="area c{shade}"'
    if shade is None:
        paint = f'class="area" fill="url(#{escape(map_id)}-gap)"'
    elif shade == MAX_CLASSES - 1:
        paint = f'class="area" fill="url(#{escape(map_id)}-top)"'
    current = ' aria-current="true"' if is_here else ""
    return (
        f'<a href="{escape(shape.href)}"{current}><title>{escape(shape.label)}: {escape(said)}</title>'
        f'<path {paint} fill-rule="evenodd" d="{path_of(geometry)}"/></a>'
    )


def backdrop(context: Sequence[Context], projection: Projection) -> str:
    """One path per kind; within the byte budget whole long streets stay and the alleys go.

    Costs most of a map, and is the same for every map of the same areas.
    """
    parts = []
    for kind in CONTEXT_KINDS:
        budget, data = CONTEXT_BYTES[kind], ""
        for line in _longest_first([layer for layer in context if layer.kind == kind], projection):
            inside = shapely.clip_by_rect(line, 0, 0, WIDTH, projection.height)
            data += path_of(shapely.simplify(inside, CONTEXT_TOLERANCE_UNITS))
            if len(data) > budget:
                break
        if data:
            parts.append(f'<path class="map__{kind}" d="{data}"/>')
    return "".join(parts)


def _longest_first(layers: Sequence[Context], projection: Projection) -> Iterable[Geometry]:
    """Lines or polygons in drawing units, those of the longest thing first."""
    drawn = []
    for layer in layers:
        make: Any = shapely.polygons if layer.kind in AREA_KINDS else shapely.linestrings
        whole = [
            _projected(make(np.asarray(line, float)[:, :2]), projection) for line in layer.lines
        ]
        if layer.kind == "street":
            whole = list(shapely.get_parts(shapely.line_merge(shapely.union_all(whole))))
        drawn.append(sorted(whole, key=lambda part: -float(part.length)))
    drawn.sort(key=lambda whole: -sum(float(part.length) for part in whole))
    return (part for whole in drawn for part in whole)


def _even_odd(rings: Sequence[Ring]) -> Geometry:
    """Rings -> polygons by the even-odd rule, made valid."""
    whole: Geometry = shapely.Polygon()
    for ring in rings:
        part = shapely.make_valid(shapely.Polygon(np.asarray(ring, float)[:, :2]))
        whole = part if whole.is_empty else shapely.symmetric_difference(whole, part)
    return shapely.multipolygons([p for p in shapely.get_parts(whole) if p.geom_type == "Polygon"])


def _projected(geometry: Geometry, projection: Projection) -> Geometry:
    return shapely.transform(geometry, projection.units)


def _simplified(geometries: Sequence[Geometry]) -> list[Geometry]:
    """Fewer corners, the same for both neighbours of a border."""
    return list(shapely.coverage_simplify(np.array(geometries, dtype=object), TOLERANCE_UNITS))


def _subpath(line: Geometry, *, closed: bool) -> str:
    corners = np.rint(shapely.get_coordinates(line)).astype(int)
    moved = np.ones(len(corners), dtype=bool)
    moved[1:] = np.any(np.diff(corners, axis=0) != 0, axis=1)
    corners = corners[moved]
    if closed:
        corners = corners[:-1] if np.array_equal(corners[0], corners[-1]) else corners
    if len(corners) < (3 if closed else 2):
        return ""
    steps = " ".join(f"{x} {y}" for x, y in np.diff(corners, axis=0))
    start = f"M{corners[0, 0]} {corners[0, 1]}l{steps}".replace(" -", "-")
    return start + ("z" if closed else "")


def _step_label(low: float, high: float, whole: bool, subject: Subject) -> str:
    words = subject.words
    if whole and high - low == 1:
        return number(low)
    if whole:
        return words.gettext("%(low)s to %(high)s") % {"low": number(low), "high": number(high - 1)}
    return words.gettext("%(low)s to under %(high)s") % {"low": f"{low:,g}", "high": f"{high:,g}"}


def _feature(geometry: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}
