"""Released numbers -> figures, maps and tables for the pages. Reads the release schema through ``portal.queries``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal import components, figures, maps, queries
from portal.city import City, the_city
from portal.findings import Count, Subject, number
from portal.models import (
    PublishedArea,
    PublishedCount,
    PublishedGunfire,
    PublishedIncident,
    PublishedRow,
    Release,
)
from portal.queries import Slice
from portal.vocabulary import category_label, period_label, quarter_label

# A month is told only when nearly all of it can have been released: the slowest rows are weeks of
# person crimes, out on the Monday at least 7 days after their Sunday.
SETTLED_AFTER = dt.timedelta(days=14)
CONTEXT_LINES = {"park": "park", "water": "water", "street": "street"}


def incidents_counted(count: float) -> str:
    return ngettext("%(number)s incident", "%(number)s incidents", int(count)) % {
        "number": number(count)
    }


def alerts_counted(count: float) -> str:
    return ngettext("%(number)s alert", "%(number)s alerts", int(count)) % {"number": number(count)}


COUNTED: dict[str, tuple[Callable[[float], str], str]] = {
    "incidents": (incidents_counted, "incidents"),
    "gunfire": (alerts_counted, "alerts"),
}


def subject(title: str, release: Release, *, noise_scale: float = 0.0) -> Subject:
    counted, unit = COUNTED.get(release.dataset.slug, COUNTED["incidents"])
    return Subject(
        title=title,
        unit=_(unit),
        counted=counted,
        release=release.number,
        noise_scale=noise_scale,
        words=translation,
    )


def settled_months(release: Release) -> list[dt.date]:
    """The months of a release that are told: whole, and old enough that what comes has come."""
    zone = the_city().zone
    limit = (release.as_of - SETTLED_AFTER).astimezone(zone).date()
    return [
        month for month in queries.months_covered(release) if queries.next_month(month) <= limit
    ]


def last_year(release: Release) -> Slice:
    """The last twelve settled months."""
    months = settled_months(release)[-12:]
    if not months:
        return Slice()
    return Slice(since=months[0], until=queries.next_month(months[-1]))


def within(of: Slice, span: Slice) -> Slice:
    """A slice cut to the months of another."""
    return Slice(of.district, of.beat, of.category, span.since, span.until)


def file_url(release: Release, suffix: str = "csv") -> str:
    slug = release.dataset.slug
    return reverse("portal:release-file", args=[slug, release.number, slug, suffix])


def monthly_figure(release: Release, of: Slice, *, title: str, figure_id: str) -> dict[str, Any]:
    """Counts of each settled month. A month without a row is a real zero: the records of it were supplied."""
    counts = queries.count_by(release, "month", of)
    rows = [(month, counts.get(month, 0)) for month in settled_months(release)]
    spec = figures.monthly_counts(rows, subject=subject(title, release))
    return components.figure(spec, figure_id=figure_id, csv_url=file_url(release), release=release)


def category_figure(release: Release, of: Slice, *, title: str, figure_id: str) -> dict[str, Any]:
    counts = queries.count_by(release, "category", of)
    rows = [(category_label(slug), n) for slug, n in counts.items()]
    spec = figures.counts_by_category(rows, subject=subject(title, release), heading=_("Category"))
    return components.figure(spec, figure_id=figure_id, csv_url=file_url(release), release=release)


def totals_figure(
    rows: Sequence[PublishedCount], release: Release, *, figure_id: str
) -> dict[str, Any]:
    """Sensitive quarterly totals with the noise they carry."""
    quarters = [(_first_day(row.quarter), max(row.noisy_count, 0)) for row in rows]
    spec = figures.quarterly_counts(
        quarters,
        subject=subject(
            _("Sexual, domestic, child and self-harm incidents each quarter"),
            release,
            noise_scale=1 / rows[0].epsilon,
        ),
    )
    return components.figure(spec, figure_id=figure_id, csv_url=file_url(release), release=release)


def _first_day(quarter: str) -> dt.date:
    year, _dash, part = quarter.partition("-Q")
    return dt.date(int(year), 3 * int(part) - 2, 1)


def totals_table(rows: Sequence[PublishedCount], names: dict[str, str]) -> dict[str, Any]:
    columns = [
        components.Column(_("Quarter")),
        components.Column(_("District")),
        components.Column(_("Incidents, with a small random error"), is_number=True),
    ]
    cells = [
        (
            quarter_label(row.quarter),
            names.get(row.district_slug, the_city().name),
            max(row.noisy_count, 0),
        )
        for row in rows
    ]
    return components.table(
        _("Sensitive incidents by quarter and district"), columns, cells, absent=_("no data")
    )


def rings_of(geometry: dict[str, Any]) -> list[Any]:
    """All rings of a polygon, or all lines of a street."""
    kind, coordinates = geometry["type"], geometry["coordinates"]
    if kind in ("Polygon", "MultiLineString"):
        return list(coordinates)
    if kind == "MultiPolygon":
        return [ring for polygon in coordinates for ring in polygon]
    return [coordinates] if kind == "LineString" else []


def map_context() -> list[maps.Context]:
    """Parks, water and streets that help a reader find their way."""
    lines: dict[str, list[Any]] = {}
    for area in queries.areas("park", "water", "street"):
        lines.setdefault(CONTEXT_LINES[area.kind], []).extend(rings_of(area.geometry))
    return [maps.Context(kind, rings) for kind, rings in lines.items()]


def area_map(
    areas: Sequence[PublishedArea],
    values: dict[str, Count],
    *,
    title: str,
    release: Release,
    map_id: str,
    additive: bool = True,
    unit: Subject | None = None,
) -> dict[str, Any]:
    """A choropleth of areas and the table of the same numbers, as ``_components/map_figure.html`` takes them."""
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
    about = unit or subject(title, release)
    drawn = maps.choropleth(
        shapes, subject=about, map_id=map_id, context=map_context(), additive=additive
    )
    columns = [
        components.Column(_("Area")),
        components.Column(about.unit.capitalize(), is_number=True),
    ]
    rows = [(components.Link(label, href), value) for _code, label, href, value in drawn.rows]
    return {
        "map": drawn,
        "title": title,
        "legend_title": about.unit.capitalize(),
        "table": components.table(title, columns, rows, absent=_("no data")),
        "csv_url": file_url(release),
        "release": release,
    }


def rows_table(
    rows: Sequence[PublishedRow], names: dict[str, str], *, caption: str
) -> dict[str, Any]:
    """Published incidents or alerts as a list."""
    city = the_city()
    columns = [
        components.Column(_("What")),
        components.Column(_("When")),
        components.Column(_("Where")),
        components.Column(_("Stands for")),
    ]
    cells = [
        (
            what(row),
            period_label(row.period, row.starts_at, city.zone),
            where(row, names, city),
            stands_for(row),
        )
        for row in rows
    ]
    return components.table(caption, columns, cells, absent=_("no data"))


def what(row: PublishedRow) -> str:
    if isinstance(row, PublishedIncident):
        return category_label(row.category)
    if isinstance(row, PublishedGunfire):
        return (
            _("%(rounds)s rounds") % {"rounds": row.rounds} if row.rounds != "1" else _("1 round")
        )
    return ""


def where(row: PublishedRow, names: dict[str, str], city: City) -> str:
    """The finest area that is said, by name."""
    return names.get(row.beat_slug) or names.get(row.district_slug) or city.name


def stands_for(row: PublishedRow) -> str:
    """How many addresses the record could be at, in words."""
    if row.precision == "place":
        return _("a place of 20 or more addresses, or a park")
    if row.precision == "cell":
        return _("an area of 500 or more addresses, with others like it")
    return _("the district") if row.precision == "district" else _("the whole city")


def area_names() -> dict[str, str]:
    return {area.slug: area.name for area in queries.areas("city", "district", "beat")}


def query_string(**parameters: str) -> str:
    """``?a=b`` without empty parts; '' when nothing is left."""
    kept = {key: value for key, value in parameters.items() if value}
    return f"?{urlencode(kept)}" if kept else ""
