"""`/verify/<figure>/`: a figure of any page, counted anew from the released rows."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from portal import components, drawings, queries
from portal.city import the_city
from portal.feeds.as_of import WithdrawnError
from portal.feeds.dictionary import DATASETS
from portal.feeds.doors import problem
from portal.models import Release
from portal.presentation import file_url
from portal.provenance import CALENDAR, FigureError, FigureRef, recount
from portal.recipes import recount_in_python
from portal.views.counted import counted_page
from portal.views.frames import frame_of

MOST_ROWS = 2_000


@counted_page
def verify(request: HttpRequest, code: str) -> HttpResponse:
    """The numbers, their release, the question in words, and how to count them on one's own computer."""
    ref, release = figure_asked_for(code)
    as_document = request.GET.get("format") == "json"
    if release.state == Release.State.WITHDRAWN:
        if as_document:
            return problem(HTTPStatus.GONE, "Withdrawn", str(WithdrawnError(release)))
        context = {"ref": ref, "figure_release": release}
        return render(request, "portal/verify.html", context, status=HTTPStatus.GONE)
    rows = recount(ref)
    if as_document:
        return JsonResponse(as_json(ref, release, rows))
    current = queries.current_release(ref.dataset)
    context = {
        "ref": ref,
        "figure_release": release,
        "question": question(ref),
        "table": table(ref, rows[:MOST_ROWS]),
        "total": None if ref.rows else sum(row[-1] for row in rows),
        "n_rows": len(rows),
        "json_url": f"{request.path}?format=json",
        "recipe": recount_in_python(
            ref,
            request.build_absolute_uri(file_url(release)),
            request.build_absolute_uri(reverse("feeds:dataset-file", args=["areas", "geojson"])),
        ),
        "file_url": file_url(release),
        "frame": frame_of(request, ref),
    }
    if current and current.number != release.number:
        now = ref.of_release(current.number)
        context |= {"now": now, "now_release": current, "is_same_now": recount(now) == rows}
    return render(request, "portal/verify.html", context)


def figure_asked_for(code: str) -> tuple[FigureRef, Release]:
    """The figure of an address, and its release, withdrawn or not. Raises Http404."""
    try:
        ref = FigureRef.parse(code)
    except FigureError as error:
        raise Http404(str(error)) from error
    release = queries.releases(ref.dataset).filter(number=ref.release).first()
    if release is None:
        raise Http404
    return ref, release


def heads_of(ref: FigureRef) -> tuple[str, ...]:
    return DATASETS[ref.dataset].columns if ref.rows else (*ref.by, "rows")


def as_json(ref: FigureRef, release: Release, rows: list[tuple[Any, ...]]) -> dict[str, Any]:
    return {
        "figure": str(ref),
        "dataset": ref.dataset,
        "release": release.number,
        "release_sha256": release.sha256,
        "counted": [dict(zip(heads_of(ref), row, strict=True)) for row in rows],
    }


def question(ref: FigureRef) -> list[tuple[str, str]]:
    """What was asked, as pairs of a word and its value."""
    found = [(_("dataset"), _(DATASETS[ref.dataset].title)), (_("release"), str(ref.release))]
    if ref.by:
        found.append((_("counted by"), ", ".join(map(drawings.in_a_sentence, ref.by))))
    asked = drawings.conditions(ref)
    found.append((_("which rows"), _(" and ").join(asked) if asked else _("all of them")))
    if {*ref.by, *ref.equals} & set(CALENDAR) or ref.months or ref.since or ref.until:
        found.append((_("clock"), the_city().timezone))
    return found


def table(ref: FigureRef, rows: list[tuple[Any, ...]]) -> dict[str, Any]:
    columns = [components.Column(head, is_number=head == "rows") for head in heads_of(ref)]
    cells = [
        tuple(
            value if isinstance(value, int | str) or value is None else str(value) for value in row
        )
        for row in rows
    ]
    return components.table(
        _("Counted anew"), columns, cells, absent=_("nothing said"), scrolls=ref.rows
    )
