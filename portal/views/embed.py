"""`/embed/<figure>/`: a figure with its table and its release, to stand in a frame on somebody else's page."""

from __future__ import annotations

import datetime as dt
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import ngettext
from django.views.decorators.clickjacking import xframe_options_exempt

from portal import drawings
from portal.coverage import Coverage
from portal.feeds.areas import areas_now
from portal.feeds.dictionary import DATASETS
from portal.findings import number
from portal.models import Release
from portal.presentation import subject
from portal.provenance import FigureRef, recount
from portal.views.counted import counted_page
from portal.views.frames import heading
from portal.views.verify import figure_asked_for, table

# Any page may frame this one, and only this one: it has no script, no form and no cookie to misuse.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'none'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors *"
)
MOST_LINES = 300
FIGURE_ID = "figure"


@xframe_options_exempt
def embed(request: HttpRequest, code: str) -> HttpResponse:
    """The policy stands on every answer, 304 too: browsers keep the headers of the last one."""
    response = _embed(request, code)
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    return response


@counted_page
def _embed(request: HttpRequest, code: str) -> HttpResponse:
    ref, release = figure_asked_for(code)
    context: dict[str, Any] = {"ref": ref, "figure_release": release, "heading": heading(ref)}
    if release.state == Release.State.WITHDRAWN:
        return render(request, "portal/embed.html", context, status=HTTPStatus.GONE)
    rows = recount(ref)
    context |= shown(ref, release, rows) | {
        "conditions": drawings.conditions(ref),
        "n_rows": len(rows),
    }
    return render(request, "portal/embed.html", context)


def shown(ref: FigureRef, release: Release, rows: list[tuple[Any, ...]]) -> dict[str, Any]:
    """A number, a map, a chart; or the lines alone, where no picture tells more."""
    if not ref.by and not ref.rows:
        counted = subject("", release).counted(rows[0][0])
        return {"number": counted}
    if len(ref.by) == 1:
        picture = pictured(ref, release, {row[0]: row[-1] for row in rows})
        if picture:
            return {"map" if "map" in picture else "figure": picture}
    more = ""
    if len(rows) > MOST_LINES:
        more = ngettext(
            "The first %(shown)s of %(n)s line.", "The first %(shown)s of %(n)s lines.", len(rows)
        ) % {"shown": number(MOST_LINES), "n": number(len(rows))}
    return {"table": table(ref, rows[:MOST_LINES]), "more": more}


def pictured(ref: FigureRef, release: Release, counts: dict[Any, int]) -> dict[str, Any] | None:
    """As the page draws it whose figure this is. Months that cannot be told are not drawn as zero."""
    title, (name,) = heading(ref), ref.by
    if name == "month":
        coverage = Coverage.of(release)
        months = months_of(ref, coverage)
        return (
            drawings.by_month(
                release, counts, months=months, coverage=coverage, title=title,
                figure_id=FIGURE_ID, ref=ref,
            ) if months else None
        )  # fmt: skip
    field = next((f for f in DATASETS[ref.dataset].fields if f.name == name), None)
    if field is None:
        return None
    picture = None
    if name == "district" and drawings.can_map(ref.selection):
        picture = drawings.by_district(release, counts, title=title, figure_id=FIGURE_ID, ref=ref)
    return picture or drawings.by_column(
        release, counts, field=field, names=areas_now().names, title=title,
        figure_id=FIGURE_ID, ref=ref,
    )  # fmt: skip


def months_of(ref: FigureRef, coverage: Coverage) -> list[dt.date]:
    first, last = ref.months or ("", "9999-12")
    told = drawings.told_months(coverage, since=ref.since, until=ref.until)
    return [month for month in told if first <= f"{month:%Y-%m}" <= last]
