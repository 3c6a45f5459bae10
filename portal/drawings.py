"""Counts of one release, by month, by a column or by district, as the figures that pages and embeds show."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from portal import atlas, figures, queries
from portal.coverage import Coverage
from portal.feeds.specs import Field
from portal.models import Release
from portal.presentation import drawn, subject
from portal.provenance import FigureRef

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
    ref: FigureRef | None,
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
    ref: FigureRef | None,
) -> dict[str, Any] | None:
    """Bars, largest first; None where they are too many, or one."""
    if not 1 < len(counts) <= BARS_SHOWN:
        return None
    spec = figures.counts_by_category(
        [(label(field, value, names), n) for value, n in counts.items()],
        subject=subject(title, release),
        heading=_(field.title),
    )
    return drawn(spec, release, figure_id, ref=ref)


def by_district(
    release: Release, counts: Counts, *, title: str, figure_id: str, ref: FigureRef | None
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


def label(field: Field, value: Any, names: Mapping[str, str]) -> str:
    """A value of a column as people say it. names: of areas, by slug."""
    if value in (None, ""):
        return _("not told")
    said = field.values.get(str(value))
    return _(str(said)) if said else str(names.get(str(value), value))


def told_months(
    coverage: Coverage, *, since: dt.date | None = None, until: dt.date | None = None
) -> list[dt.date]:
    """The months of a release that lie wholly in a window of days, its last day excluded."""
    return [
        month
        for month in coverage.months
        if (since is None or month >= since)
        and (until is None or queries.next_month(month) <= until)
    ]
