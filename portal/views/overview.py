"""Home, map, areas and search: where a resident begins."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from portal import atlas, presentation, queries
from portal.city import the_city
from portal.coverage import Coverage
from portal.feeds.chain import promised_rules
from portal.models import PublishedArea, Release
from portal.provenance import FigureRef
from portal.queries import Slice
from portal.views.caching import public_page
from portal.vocabulary import category_label

RECENT = 8
WITH_PAGES = ("city", "district", "beat")


@public_page
def home(request: HttpRequest) -> HttpResponse:
    """What happened near you, what is being done, what we promise."""
    context: dict[str, Any] = {
        "districts": queries.areas("district", shapes=False),
        "rules": promised_rules(the_city()),
    }
    incidents, gunfire = (queries.current_release(slug) for slug in ("incidents", "gunfire"))
    if incidents:
        coverage = Coverage.of(incidents)
        context |= {
            "incidents": incidents,
            "coverage": coverage,
            "n_incidents": queries.total(incidents, coverage.last_year),
            "incidents_ref": presentation.counted(incidents, coverage.last_year),
            "newest": newest_rows(incidents),
            "monthly": presentation.monthly_figure(
                coverage, Slice(), title=_("Incidents each month"), figure_id="months"
            ),
            "map_figure": atlas.district_map(coverage, map_id="home-map"),
        }
    if gunfire:
        alerts = Coverage.of(gunfire)
        context |= {
            "gunfire": gunfire,
            "gunfire_coverage": alerts,
            "n_gunfire": queries.total(gunfire, alerts.last_year),
            "gunfire_ref": presentation.counted(gunfire, alerts.last_year),
        }
    return render(request, "portal/home.html", context)


def newest_rows(release: Release) -> dict[str, Any]:
    """How the rows that a release was the first to hold can be seen: beside the one before it, or as all of it."""
    slug = release.dataset.slug
    if release.number == 1:
        url = reverse("portal:dataset-detail", args=[slug])
        return {"url": url, "link": _("All releases"), "ref": FigureRef(slug, release.number)}
    return {"url": reverse("portal:dataset-difference", args=[slug]), "link": _("See what changed")}


@public_page
def city_map(request: HttpRequest) -> HttpResponse:
    """Districts, beats or cells, all kinds or one; no script needed."""
    release = queries.current_release("incidents")
    if release is None:
        return render(request, "portal/map.html", {})
    by, category = request.GET.get("by", "district"), request.GET.get("category", "")
    categories = list(queries.count_by(release, "category", Slice()))
    levels = atlas.cell_levels()
    if by not in ("district", "beat", "cell") or (category and category not in categories):
        raise Http404
    context = {
        "incidents": release,
        "by": by,
        "category": category,
        "category_name": category_label(category),
        "categories": [(slug, category_label(slug)) for slug in categories],
        "levels": levels,
        "rules": promised_rules(the_city()),
    }
    coverage = Coverage.of(release)
    if by == "cell":
        context |= cells_on_map(request, coverage, levels, category)
    elif by == "beat":
        context["map_figure"] = atlas.beat_map(coverage, map_id="city-map", category=category)
    else:
        context["map_figure"] = atlas.district_map(coverage, map_id="city-map", category=category)
    return render(request, "portal/map.html", context)


def cells_on_map(
    request: HttpRequest, coverage: Coverage, levels: list[int], category: str
) -> dict[str, Any]:
    """The map of one size of cells, and links to the other sizes."""
    if not levels:
        raise Http404
    asked = request.GET.get("level", str(levels[0]))
    if asked not in map(str, levels):
        raise Http404
    level = int(asked)
    sizes = [
        {
            "level": other,
            "is_current": other == level,
            "url": presentation.query_string(by="cell", category=category, level=str(other)),
        }
        for other in levels
    ]
    figure = atlas.cell_map(coverage, level=level, map_id="city-map", category=category)
    return {"map_figure": figure, "sizes": sizes}


@public_page
def area_list(request: HttpRequest) -> HttpResponse:
    """Districts with their beats."""
    beats: dict[str, list[PublishedArea]] = {}
    for beat in queries.areas("beat", shapes=False):
        beats.setdefault(beat.parent_slug, []).append(beat)
    districts = [
        {"area": district, "beats": beats.get(district.slug, [])}
        for district in queries.areas("district", shapes=False)
    ]
    city = next(iter(queries.areas("city", shapes=False)), None)
    release = queries.current_release("areas")
    context = {
        "districts": districts,
        "city_area": city,
        "areas_release": release,
        "areas_ref": described(release, kind="district"),
    }
    return render(request, "portal/areas/list.html", context)


def described(release: Release | None, **equals: str) -> FigureRef | None:
    """Rows of the map with their numbers, by a column; None before the first release."""
    if release is None:
        return None
    asked = {name: (value,) for name, value in equals.items()}
    return FigureRef("areas", release.number, equals=asked, rows=True)


@public_page
def area_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """The city, a district or a beat: numbers, trend, kinds, neighbours, the newest records."""
    area = queries.area(slug)
    if area is None or area.kind not in WITH_PAGES:
        raise Http404
    names = presentation.area_names()
    parent = area.parent_slug if area.kind == "beat" else ""
    context: dict[str, Any] = {
        "area": area,
        "area_ref": described(queries.current_release("areas"), slug=area.slug),
        "parent": {"slug": parent, "name": names[parent]} if parent in names else None,
    }
    of = slice_of(area)
    if incidents := queries.current_release("incidents"):
        context |= area_numbers(of, Coverage.of(incidents), names)
        context["map_figure"] = neighbours_map(area, context["coverage"])
    if gunfire := queries.current_release("gunfire"):
        alerts = Coverage.of(gunfire)
        span = presentation.within(of, alerts.last_year)
        context |= {
            "n_gunfire": queries.total(gunfire, span),
            "gunfire_ref": presentation.counted(gunfire, span),
            "gunfire_coverage": alerts,
        }
    if area.kind != "beat":
        context["totals"] = sensitive_figure(of.district)
    return render(request, "portal/areas/detail.html", context)


def slice_of(area: PublishedArea) -> Slice:
    if area.kind == "beat":
        return Slice(beat=area.slug)
    return Slice(district=area.slug) if area.kind == "district" else Slice()


def area_numbers(of: Slice, coverage: Coverage, names: dict[str, str]) -> dict[str, Any]:
    release, span = coverage.release, presentation.within(of, coverage.last_year)
    newest = queries.page_of_rows(release, of, size=RECENT)
    return {
        "incidents": release,
        "coverage": coverage,
        "n_incidents": queries.total(release, span),
        "incidents_ref": presentation.counted(release, span),
        "also": presentation.also_in_the_city(release, span),
        "monthly": presentation.monthly_figure(
            coverage, of, title=_("Incidents each month"), figure_id="months"
        ),
        "by_category": presentation.category_figure(coverage, of, figure_id="kinds"),
        "newest": presentation.incidents_table(
            newest.rows, names, caption=_("Newest published incidents")
        ),
        "more_url": presentation.query_string(district=of.district, beat=of.beat),
    }


def neighbours_map(area: PublishedArea, coverage: Coverage) -> dict[str, Any]:
    """The districts of the city; the beats of the district, or of the district around a beat."""
    if area.kind == "city":
        return atlas.district_map(coverage, map_id="area-map")
    district = area.slug if area.kind == "district" else area.parent_slug
    here = area.code if area.kind == "beat" else ""
    return atlas.beat_map(coverage, map_id="area-map", district=district, here=here)


def sensitive_figure(district: str) -> dict[str, Any] | None:
    """Quarterly totals of a district, of the city where it is ''; None before the first."""
    release = queries.current_release("sensitive-totals")
    rows = queries.sensitive_totals(district=district)
    if release is None or not rows:
        return None
    draws = queries.draws_in(district)
    return presentation.totals_figure(rows, release, draws=draws, figure_id="totals")


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """A place name or an address leads to an area. The words are used for this answer and kept nowhere."""
    words = request.GET.get("q", "").strip()
    found = queries.search(words) if words else []
    if len(found) == 1:
        response: HttpResponse = redirect("portal:area-detail", slug=found[0].slug)
    else:
        names = presentation.area_names()
        results = [{"area": area, "parent": names.get(area.parent_slug, "")} for area in found]
        response = render(request, "portal/search.html", {"query": words, "results": results})
    response.headers["Cache-Control"] = "no-store"
    return response
