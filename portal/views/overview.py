"""Home, map, areas and search: where a resident begins."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from portal import presentation, queries
from portal.models import PublishedArea, Release
from portal.queries import Slice
from portal.vocabulary import category_label

RECENT = 8


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What happened near you, what is being done, what we promise."""
    incidents, gunfire = (queries.current_release(slug) for slug in ("incidents", "gunfire"))
    context: dict[str, Any] = {"incidents": incidents, "gunfire": gunfire}
    if incidents:
        span = presentation.last_year(incidents)
        context |= {
            "n_incidents": queries.total(incidents, span),
            "n_gunfire": queries.total(gunfire, span) if gunfire else None,
            "span": span,
            "figure": presentation.monthly_figure(
                incidents, Slice(), title=_("Incidents each month"), figure_id="months"
            ),
            **district_map(incidents, map_id="home-map"),
        }
    return render(request, "portal/home.html", context)


def district_map(
    release: Release, *, map_id: str, category: str = "", kind: str = "district"
) -> dict[str, Any]:
    """The last twelve months by district or beat."""
    areas = queries.areas(kind)
    if not areas:
        return {}
    span = presentation.within(Slice(category=category), presentation.last_year(release))
    counts = queries.count_by(release, f"{kind}_slug", span)
    title = {
        "district": _("Incidents by district, last twelve months"),
        "beat": _("Incidents by beat, last twelve months"),
    }[kind]
    values = {area.slug: counts.get(area.slug, 0) for area in areas}
    return presentation.area_map(areas, values, title=title, release=release, map_id=map_id)  # type: ignore[arg-type]


@require_safe
def city_map(request: HttpRequest) -> HttpResponse:
    """Districts or beats, all categories or one, counted or per 1,000 addresses; no script needed."""
    release = queries.current_release("incidents")
    kind = "beat" if request.GET.get("by") == "beat" else "district"
    category = request.GET.get("category", "")
    context: dict[str, Any] = {"by": kind, "category": category, "incidents": release}
    if release:
        found = queries.count_by(release, "category", Slice())
        context["categories"] = [(slug, category_label(slug)) for slug in found]
        if category and category not in found:
            raise Http404
        context |= district_map(release, map_id="city-map", category=category, kind=kind)
    return render(request, "portal/map.html", context)


@require_safe
def area_list(request: HttpRequest) -> HttpResponse:
    """Districts with their beats."""
    beats: dict[str, list[PublishedArea]] = {}
    for beat in queries.areas("beat"):
        beats.setdefault(beat.parent_slug, []).append(beat)
    districts = [
        {"area": district, "beats": beats.get(district.slug, [])}
        for district in queries.areas("district")
    ]
    return render(request, "portal/areas/list.html", {"districts": districts})


@require_safe
def area_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """One district or beat: numbers, trend, kinds, neighbours, the newest records, the files."""
    area = queries.area(slug)
    if area is None or area.kind not in ("city", "district", "beat"):
        raise Http404
    incidents, gunfire = (queries.current_release(name) for name in ("incidents", "gunfire"))
    context: dict[str, Any] = {
        "area": area,
        "parent": queries.area(area.parent_slug) if area.parent_slug else None,
    }
    of = slice_of(area)
    if incidents:
        context |= area_numbers(area, of, incidents)
    if gunfire:
        context["n_gunfire"] = queries.total(
            gunfire, presentation.within(of, presentation.last_year(gunfire))
        )
    totals = queries.sensitive_totals(district=of.district) if not of.beat else []
    release = queries.current_release("sensitive-totals")
    if totals and release:
        context["totals_figure"] = presentation.totals_figure(totals, release, figure_id="totals")
    return render(request, "portal/areas/detail.html", context)


def slice_of(area: PublishedArea) -> Slice:
    if area.kind == "beat":
        return Slice(beat=area.slug)
    return Slice(district=area.slug) if area.kind == "district" else Slice()


def area_numbers(area: PublishedArea, of: Slice, release: Release) -> dict[str, Any]:
    span = presentation.within(of, presentation.last_year(release))
    newest = queries.page_of_rows(release, of, size=RECENT)
    names = presentation.area_names()
    numbers: dict[str, Any] = {
        "incidents": release,
        "n_incidents": queries.total(release, span),
        "span": span,
        "monthly": presentation.monthly_figure(
            release, of, title=_("Incidents each month"), figure_id="months"
        ),
        "by_category": presentation.category_figure(
            release, span, title=_("What was reported, last twelve months"), figure_id="categories"
        ),
        "newest": presentation.rows_table(
            newest.rows, names, caption=_("Newest published incidents")
        ),
        "more_url": presentation.query_string(district=of.district, beat=of.beat),
    }
    siblings = [
        beat for beat in queries.areas("beat") if beat.parent_slug in (area.slug, area.parent_slug)
    ]
    if siblings and area.kind in ("district", "beat"):
        counts = queries.count_by(release, "beat_slug", presentation.last_year(release))
        values = {beat.slug: counts.get(beat.slug, 0) for beat in siblings}
        numbers |= presentation.area_map(
            siblings,
            values,  # type: ignore[arg-type]
            title=_("Incidents by beat, last twelve months"),
            release=release,
            map_id="area-map",
        )
    return numbers


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """A place name or an address leads to an area. The words are used for this answer and kept nowhere."""
    words = request.GET.get("q", "").strip()
    found = queries.search(words) if words else []
    if len(found) == 1:
        return redirect("portal:area-detail", slug=found[0].slug)
    names = presentation.area_names()
    results = [{"area": area, "parent": names.get(area.parent_slug, "")} for area in found]
    response = render(request, "portal/search.html", {"query": words, "results": results})
    response.headers["Cache-Control"] = "no-store"
    return response
