"""Incidents: figures, filters and the list of what was released."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from portal import presentation, queries
from portal.coverage import Coverage
from portal.models import PublishedArea, Release
from portal.queries import PageKeyError, Slice
from portal.views.caching import public_page
from portal.vocabulary import category_label


@public_page
def incident_list(request: HttpRequest) -> HttpResponse:
    """Released incidents, filtered by public columns, with a sentence that says what is shown."""
    release = queries.current_release("incidents")
    if release is None:
        return render(request, "portal/incidents/list.html", {})
    areas = {area.slug: area for area in queries.areas("district", "beat", shapes=False)}
    categories = list(queries.count_by(release, "category", Slice()))
    of = asked_for(request, areas, categories)
    names = {slug: area.name for slug, area in areas.items()}
    context = {
        "incidents": release,
        "of": of,
        "beat_name": names.get(of.beat, ""),
        "shown": shown(of, names),
        "also": presentation.also_in_the_city(release, of),
        "districts": [(slug, area.name) for slug, area in areas.items() if area.kind == "district"],
        "categories": [(slug, category_label(slug)) for slug in categories],
        **page_of_list(request, release, of),
    }
    context["table"] = presentation.incidents_table(
        context["page"].rows, names, caption=_("Released records, newest first")
    )
    if context["is_first"]:
        context |= figures_of(Coverage.of(release), of)
    return render(request, "portal/incidents/list.html", context)


def asked_for(
    request: HttpRequest, areas: dict[str, PublishedArea], categories: list[str]
) -> Slice:
    """The filter of a request. One that names nothing would show an empty list as if it were an answer.

    A beat refines its own district; where another was chosen since, the beat is let go.
    """
    district, beat, category = (
        request.GET.get(name, "") for name in ("district", "beat", "category")
    )
    known = (
        (not district or (district in areas and areas[district].kind == "district"))
        and (not beat or (beat in areas and areas[beat].kind == "beat"))
        and (not category or category in categories)
    )
    if not known:
        raise Http404
    if district and beat and areas[beat].parent_slug != district:
        beat = ""
    return Slice(district, beat, category)


def shown(of: Slice, names: dict[str, str]) -> str:
    """What a list shows, in a sentence."""
    kind = category_label(of.category) if of.category else _("All kinds")
    place = names.get(of.beat) or names.get(of.district)
    if place:
        return _("%(kind)s in %(place)s.") % {"kind": kind, "place": place}
    return _("%(kind)s in the whole city.") % {"kind": kind}


def figures_of(coverage: Coverage, of: Slice) -> dict[str, Any]:
    return {
        "coverage": coverage,
        "monthly": presentation.monthly_figure(
            coverage, of, title=_("Incidents each month"), figure_id="months"
        ),
        "by_category": None
        if of.category
        else presentation.category_figure(coverage, of, figure_id="kinds"),
    }


def page_of_list(request: HttpRequest, release: Release, of: Slice) -> dict[str, Any]:
    """One page of rows, the number of all, and where the next page is."""
    after = request.GET.get("after", "")
    try:
        page = queries.page_of_rows(release, of, after=after)
    except PageKeyError as error:
        raise Http404 from error
    following = presentation.query_string(
        district=of.district, beat=of.beat, category=of.category, after=page.next_key
    )
    return {
        "page": page,
        "total": queries.total(release, of),
        "total_ref": presentation.counted(release, of),
        "next": following if page.next_key else "",
        "newest": presentation.query_string(
            district=of.district, beat=of.beat, category=of.category
        ),
        "is_first": not after,
    }
