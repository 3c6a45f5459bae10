"""Counts of one release, by month, by a column or by district, as the figures that pages and embeds show."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from portal import atlas, figures, queries
from portal.city import the_city
from portal.coverage import Coverage
from portal.feeds.areas import areas_now
from portal.feeds.dictionary import DATASETS
from portal.feeds.selection import Selection
from portal.feeds.sentences import conditions_of
from portal.feeds.specs import Field
from portal.models import Release
from portal.presentation import drawn, subject
from portal.provenance import FigureRef
from portal.vocabulary import column_label

# More bars than this are no picture.
BARS_SHOWN = 30
Counts = Mapping[Any, int]


def by_month(
    release: Release,
    counts: Counts,
    *,
    months: list[dt.date],
    coverage: Coverage,
    title: str,
    figure_id: str,
    ref: FigureRef,
) -> dict[str, Any]:
    """counts: by "2026-10". months: those that were asked for and can be told; no other is drawn, as zero or else."""
    told = [
        (month, None if month in coverage.holes else counts.get(f"{month:%Y-%m}", 0))
        for month in months
    ]
    spec = figures.monthly_counts(told, subject=subject(title, release))
    return drawn(spec, release, figure_id, ref=ref)


def by_column(
    release: Release,
    counts: Counts,
    *,
    field: Field,
    names: Mapping[str, str],
    title: str,
    figure_id: str,
    ref: FigureRef,
) -> dict[str, Any] | None:
    """Bars, largest first; None where they are too many, or one."""
    if not 1 < len(counts) <= BARS_SHOWN:
        return None
    spec = figures.counts_by_category(
        [(label(field, value, names), n) for value, n in counts.items()],
        subject=subject(title, release),
        heading=column_label(field.name),
    )
    return drawn(spec, release, figure_id, ref=ref)


def by_district(
    release: Release, counts: Counts, *, title: str, figure_id: str, ref: FigureRef
) -> dict[str, Any] | None:
    """A map; None where there is no district to draw, or nothing has one."""
    areas = queries.areas("district")
    values = {area.slug: counts.get(area.slug, 0) for area in areas}
    if not any(values.values()):
        return None
    return atlas.area_map(
        areas,
        values,
        title=title,
        release=release,
        map_id=figure_id,
        ref=ref,
        note=atlas.without_district(sum(counts.values()) - sum(values.values())),
    )


def can_map(chosen: Selection) -> bool:
    """Not where an area was chosen: the others were not asked about, which is no zero."""
    if "district" not in chosen.projection.columns or chosen.box or chosen.within_cell:
        return False
    return not {"district", "beat"} & set(chosen.equals)


def conditions(ref: FigureRef) -> list[str]:
    """Which rows a figure counts, in phrases; none where all of them."""
    fields = {field.name: field for field in DATASETS[ref.dataset].fields}
    names = areas_now().names

    def said(column: str, value: Any) -> str:
        return label(fields[column], value, names)

    zone = the_city().zone
    found = conditions_of(ref.selection, zone=zone, names=names, label=said, heading=in_a_sentence)
    for name, values in sorted(ref.calendar.items()):
        told = {"column": in_a_sentence(name), "values": _(" or ").join(values)}
        found.append(_("%(column)s is %(values)s") % told)
    return found


def in_a_sentence(column: str) -> str:
    words = column_label(column)
    return words[:1].lower() + words[1:]


def label(field: Field, value: Any, names: Mapping[str, str]) -> str:
    """A value of a column as people say it. names: of areas, by slug."""
    if value in (None, ""):
        return _("not told")
    said = field.values.get(str(value))
    return _(str(said)) if said else str(names.get(str(value), value))


def told_months(
    coverage: Coverage, *, since: dt.datetime | None = None, until: dt.datetime | None = None
) -> list[dt.date]:
    """The months of a release that lie wholly in a window of instants."""
    return [
        month
        for month in coverage.months
        if (since is None or midnight(month) >= since)
        and (until is None or midnight(queries.next_month(month)) <= until)
    ]


def midnight(day: dt.date) -> dt.datetime:
    """When a day begins in the city."""
    return dt.datetime.combine(day, dt.time(), the_city().zone)
