"""Areas from GeoJSON: few, large, and each with a parent that contains it. All in one go."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import numpy as np
import shapely
from django.utils.text import slugify
from shapely.geometry.base import BaseGeometry

from incidents.importers.errors import UnreadableFileError
from incidents.importers.layout import Layout, Reader
from incidents.importers.mapping import Mapping
from incidents.importers.quality import Refusal, Tally
from incidents.importers.readers import Chunk
from incidents.models import Area, ImportedFile

MOST_AREAS = 100_000  # all of them are held in memory at once
PARENT_KIND = {"beat": "district", "district": "city"}


@dataclass
class Drawn:
    """An area as the file has it; several rows of one code are parts of one area."""

    kind: str
    code: str
    name: str
    parent: str
    population: int | None
    shapes: list[BaseGeometry] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return len(self.shapes)

    def geometry(self) -> BaseGeometry:
        whole = shapely.union_all(self.shapes)
        return whole if whole.geom_type.endswith("LineString") else shapely.orient_polygons(whole)


class AreaTransform:
    """Collects the areas of a file."""

    def __init__(self, mapping: Mapping, layout: Layout, *, tally: Tally) -> None:
        self._mapping = mapping
        self._layout = layout
        self._tally = tally
        self.drawn: dict[tuple[str, str], Drawn] = {}

    def __call__(self, chunk: Chunk) -> list[Refusal]:
        reader = Reader(self._layout, chunk)
        refused = list(chunk.refused)
        columns = [self._field(reader, name) for name in _FIELDS]
        rows = zip(*columns, reader.geometries(), strict=True)
        for i, (kind, code, name, parent, population, text) in enumerate(rows):
            drawn = Drawn(kind, code, name, parent, _population(population))
            if fault := self._add(drawn, text):
                refused.append(Refusal(chunk.numbers[i], *fault, chunk.raw(i)))
        self._tally.rows += len(chunk) + len(chunk.refused)
        if len(self.drawn) > MOST_AREAS:
            raise UnreadableFileError(f"got more than {MOST_AREAS:,} areas")
        return refused

    def _field(self, reader: Reader, name: str) -> list[str]:
        texts = reader.field(name)
        table = self._mapping.values.get(name)
        if table is None:
            return texts
        return [text if (found := table.look_up(text)) is None else found for text in texts]

    def _add(self, area: Drawn, geometry: str) -> tuple[str, str] | None:
        """None, or why the row cannot be used."""
        if area.kind not in Area.Kind.values:
            return "kind", f"got kind {area.kind!r}; wanted one of {', '.join(Area.Kind.values)}"
        if not area.code:
            return "missing-code", "got no code"
        if len(area.code) > 64 or len(area.name) > 200:
            return "too-long", "got more than 64 characters of code or 200 of name"
        shape = _shape(geometry)
        wanted = 1 if area.kind == Area.Kind.STREET else 2
        if shape is None or shapely.get_dimensions(shape) < wanted:
            what = "a line" if wanted == 1 else "a polygon"
            return "no-shape", f"got {geometry[:60] or 'no geometry'}; wanted {what}"
        if not _on_globe(shape):
            return "no-shape", f"got bounds {shape.bounds}; wanted degrees of WGS 84"
        known = self.drawn.setdefault((area.kind, area.code), area)
        known.shapes.append(shape)
        return None


_FIELDS = ("kind", "code", "name", "parent", "population")


def _population(text: str) -> int | None:
    try:
        return max(0, round(float(text)))
    except ValueError:
        return None


def _shape(geometry: str) -> BaseGeometry | None:
    if not geometry:
        return None
    shape = shapely.from_geojson(geometry, on_invalid="ignore")
    if shape is None or shape.is_empty:
        return None
    return shape if shape.is_valid else shapely.make_valid(shape)


def _on_globe(shape: BaseGeometry) -> bool:
    west, south, east, north = shape.bounds
    return -180 <= west <= east <= 180 and -90 <= south <= north <= 90


def store_areas(transform: AreaTransform, *, mapping: Mapping, file: ImportedFile) -> None:
    """Write new and changed areas, then who contains whom. Counts rows into ``file``."""
    known = {(area.kind, area.code): area for area in Area.objects.all()}
    slugs = {area.slug for area in known.values()}
    for key, drawn in transform.drawn.items():
        geometry = json.loads(shapely.to_geojson(drawn.geometry()))
        values = {"name": drawn.name or drawn.code, "geometry": geometry}
        values |= {} if drawn.population is None else {"population": drawn.population}
        area = known.get(key)
        if area is None:
            area = Area(kind=drawn.kind, code=drawn.code, slug=_slug(drawn, slugs))
            file.rows_new += drawn.rows
        elif all(getattr(area, name) == value for name, value in values.items()):
            file.rows_same += drawn.rows
            continue
        else:
            file.rows_revised += drawn.rows
        for name, value in values.items():
            setattr(area, name, value)
        area.imported_file = file
        area.save()
        known[key] = area
    _adopt(transform.drawn, known, parent_kind=mapping.parent_kind)


def _slug(drawn: Drawn, taken: set[str]) -> str:
    """For addresses of pages; never changes once given."""
    base = slugify(drawn.name)[:60] or f"{drawn.kind}-{slugify(drawn.code)[:40]}"
    candidates = [base, f"{drawn.kind}-{base}", f"{drawn.kind}-{slugify(drawn.code)[:60]}"]
    candidates += [f"{base}-{n}" for n in range(2, len(taken) + 3)]
    slug = next(candidate for candidate in candidates if candidate not in taken)
    taken.add(slug)
    return slug


def _adopt(
    drawn: dict[tuple[str, str], Drawn], known: dict[tuple[str, str], Area], *, parent_kind: str
) -> None:
    """Give each area of the file the parent that it names, else the one that holds its middle."""
    for kind in sorted({kind for kind, _ in drawn}):
        of_kind = parent_kind or PARENT_KIND.get(kind, "")
        parents = [area for (k, _), area in sorted(known.items()) if k == of_kind]
        if not parents:
            continue
        by_code = {area.code: area for area in parents}
        shapes = shapely.from_geojson([json.dumps(area.geometry) for area in parents])
        tree = shapely.STRtree(shapes)
        for (k, code), area in drawn.items():
            if k != kind:
                continue
            child = known[k, code]
            parent = by_code.get(area.parent) or _around(area.geometry(), parents, shapes, tree)
            if parent is not None and child.parent_id != parent.pk:
                child.parent = parent
                child.save(update_fields=["parent"])


def _around(
    shape: BaseGeometry, parents: list[Area], shapes: np.ndarray, tree: shapely.STRtree
) -> Area | None:
    """The parent that shares most with the shape: borders of two maps never agree to the metre."""
    hits = sorted(tree.query(shape))
    if not hits:
        return None
    shared = shapely.area(shapely.intersection(shapes[hits], shape))
    best = int(np.argmax(shared))
    return parents[hits[best]] if shared[best] > 0 else None
