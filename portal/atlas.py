"""Maps of published counts by district, beat or cell, each with the table of the same numbers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal import celltree, components, maps, queries
from portal.city import the_city
from portal.coverage import Coverage
from portal.findings import Subject, number
from portal.models import PublishedArea, PublishedCell, Release
from portal.presentation import counted, file_url, subject
from portal.provenance import FigureRef
from portal.queries import Slice

CONTEXT_KINDS = ("park", "water", "street")
DIRECTIONS = {
    "N": gettext_lazy("north"),
    "E": gettext_lazy("east"),
    "S": gettext_lazy("south"),
    "W": gettext_lazy("west"),
}


def area_map(
    areas: Sequence[PublishedArea],
    values: dict[str, int],
    *,
    title: str,
    release: Release,
    map_id: str,
    ref: FigureRef,
    note: str = "",
    here: str = "",
) -> dict[str, Any]:
    """A choropleth of areas by slug and its table, as ``_components/map_figure.html`` takes them."""
    shapes = [
        maps.Shape(
            area.code,
            area.name,
            reverse("portal:area-detail", args=[area.slug]),
            rings_of(area.geometry),
            values.get(area.slug),
        )
        for area in areas
    ]
    about = subject(title, release)
    drawn = draw(shapes, about, map_id=map_id, here=here)
    rows = [
        (components.Link(told_apart(label, code, drawn), href), value)
        for code, label, href, value in drawn.rows
    ]
    return map_figure(drawn, rows, about, release=release, note=note, ref=str(ref))


def told_apart(label: str, code: str, drawn: maps.Choropleth) -> str:
    """The name with the code that a small map has in its place, unless the name holds it already."""
    return f"{label} ({code})" if code in drawn.coded and code not in label else label


def draw(
    shapes: Sequence[maps.Shape], about: Subject, *, map_id: str, here: str = ""
) -> maps.Choropleth:
    return maps.choropleth(
        shapes,
        subject=about,
        map_id=map_id,
        context=backdrop(maps.projection_of(shapes)),
        here=here,
    )


def map_figure(
    drawn: maps.Choropleth,
    rows: Sequence[tuple[components.Value, ...]],
    about: Subject,
    *,
    release: Release,
    note: str,
    ref: str,
    more_columns: Sequence[components.Column] = (),
) -> dict[str, Any]:
    unit = about.unit.capitalize()
    columns = [components.Column(_("Area")), components.Column(unit, is_number=True), *more_columns]
    return {
        "map": drawn,
        "title": about.title,
        "note": note,
        "legend_title": unit,
        "table": components.table(about.title, columns, rows, absent=about.without_number),
        "csv_url": file_url(release),
        "release": release,
        "ref": ref,
    }


def district_map(coverage: Coverage, *, map_id: str, category: str = "") -> dict[str, Any]:
    """The last year by district; says how many records have no district."""
    areas = queries.areas("district")
    if not areas:
        return {}
    of = within_last_year(coverage, category)
    counts = queries.count_by(coverage.release, "district_slug", of)
    values = {area.slug: counts.get(area.slug, 0) for area in areas}
    return area_map(
        areas,
        values,
        title=_("By district, %(span)s") % {"span": coverage.last_year_in_words},
        release=coverage.release,
        map_id=map_id,
        ref=counted(coverage.release, of, "district"),
        note=without_district(sum(counts.values()) - sum(values.values())),
    )


def without_district(n: int) -> str:
    if not n:
        return ""
    return ngettext(
        "%(number)s more is published for the whole city only, without a district.",
        "%(number)s more are published for the whole city only, without a district.",
        n,
    ) % {"number": number(n)}


def beat_map(
    coverage: Coverage, *, map_id: str, category: str = "", district: str = "", here: str = ""
) -> dict[str, Any]:
    """The last year by beat, of one district or all; says how many records have no beat."""
    areas = [area for area in queries.areas("beat") if area.parent_slug == district or not district]
    if not areas:
        return {}
    of = within_last_year(coverage, category, district)
    counts = queries.count_by(coverage.release, "beat_slug", of)
    values = {area.slug: counts.get(area.slug, 0) for area in areas}
    return area_map(
        areas,
        values,
        title=_("By beat, %(span)s") % {"span": coverage.last_year_in_words},
        release=coverage.release,
        map_id=map_id,
        ref=counted(coverage.release, of, "beat"),
        note=without_beat(sum(counts.values()) - sum(values.values())),
        here=here,
    )


def without_beat(n: int) -> str:
    if not n:
        return ""
    return ngettext(
        "%(number)s more is published for a larger area than a beat: crimes against people always"
        " are, to protect them.",
        "%(number)s more are published for a larger area than a beat: crimes against people always"
        " are, to protect them.",
        n,
    ) % {"number": number(n)}


def within_last_year(coverage: Coverage, category: str = "", district: str = "") -> Slice:
    span = coverage.last_year
    return Slice(category=category, district=district, since=span.since, until=span.until)


def cell_levels() -> list[int]:
    """The sizes in which cells can be shown, widest first; none where no district has two cells."""
    return celltree.levels_of(nodes_of(queries.cells(shapes=False)))


def nodes_of(cells: Sequence[PublishedCell]) -> list[celltree.Node]:
    return [celltree.Node(cell.code, cell.parent_code, cell.level) for cell in cells]


def cell_map(coverage: Coverage, *, level: int, map_id: str, category: str = "") -> dict[str, Any]:
    """What is published in groups, counted in the cells of one level; says how much is known less closely.

    Empty where nothing is: a map of zeros would speak of things that are published place by place.
    """
    of = within_last_year(coverage, category)
    found = queries.count_by_cell(coverage.release, of, the_city().zone)
    if not found:
        return {}
    cells = {cell.code: cell for cell in queries.cells()}
    cut = celltree.cut(nodes_of(list(cells.values())), level, found)
    title = _("Published in groups, by part of a district, %(span)s") % {
        "span": coverage.last_year_in_words
    }
    # Not a zero: what happened there may be published for a larger part only.
    about = subject(title, coverage.release, absent=_("none at this size"))
    drawn = draw(cell_shapes(cells, cut), about, map_id=map_id)
    rows: list[tuple[components.Value, ...]] = [
        (components.Link(f"{label} ({code})", href), n, cells[code].n_addresses)
        for code, label, href, n in drawn.rows
    ]
    return map_figure(
        drawn,
        rows,
        about,
        release=coverage.release,
        ref=str(counted(coverage.release, of, "cell_code")),
        note=told_more_widely(sum(cut.counts.values()), cut.wider),
        more_columns=[components.Column(_("Addresses"), is_number=True)],
    )


def cell_shapes(cells: dict[str, PublishedCell], cut: celltree.Cut) -> list[maps.Shape]:
    """The cells of a cut; each leads to its district."""
    names = {area.slug: area.name for area in queries.areas("district", shapes=False)}
    return [
        maps.Shape(
            code,
            cell_name(cells[code], cells, names),
            reverse("portal:area-detail", args=[cells[code].district_slug]),
            rings_of(cells[code].footprint),
            n or None,
        )
        for code, n in cut.counts.items()
    ]


def told_more_widely(inside: int, wider: int) -> str:
    return _(
        "Of %(all)s published in groups, %(inside)s are counted in these parts. %(wider)s had too"
        " little company and are published for a larger area only, up to the whole city. So a pale"
        " or hatched part does not mean that little happened there."
    ) % {"all": number(inside + wider), "inside": number(inside), "wider": number(wider)}


def cell_name(cell: PublishedCell, cells: dict[str, PublishedCell], names: dict[str, str]) -> str:
    """ "Ferry Point, west, north": the north of the west of the district."""
    district = cell
    while district.level > 1:
        district = cells[district.parent_code]
    letters = celltree.part_of_district(cell.code, district.code)
    parts = [str(DIRECTIONS.get(letter, letter)) for letter in letters]
    return ", ".join([names.get(cell.district_slug, cell.district_slug), *parts])


def rings_of(geometry: dict[str, Any]) -> list[Any]:
    """All rings of a polygon, or all lines of a street."""
    kind, coordinates = geometry["type"], geometry["coordinates"]
    if kind in ("Polygon", "MultiLineString"):
        return list(coordinates)
    if kind == "MultiPolygon":
        return [ring for polygon in coordinates for ring in polygon]
    return [coordinates] if kind == "LineString" else []


def backdrop(projection: maps.Projection) -> str:
    """Parks, water and streets for a map; drawn once for each edition of the areas and each view of them."""
    release = queries.current_release("areas")
    if release is None or not release.sha256:  # a hash tells editions apart in a long-lived process
        return maps.backdrop(context(), projection)
    return _backdrop_of(f"{release.pk} {release.sha256}", projection)


@lru_cache(maxsize=128)  # at most 14 kB each
def _backdrop_of(edition: str, projection: maps.Projection) -> str:
    return maps.backdrop(context(), projection)


def context() -> list[maps.Context]:
    """What helps a reader find their way, one by one."""
    return [
        maps.Context(area.kind, rings_of(area.geometry)) for area in queries.areas(*CONTEXT_KINDS)
    ]
