"""Incidents and gunfire: figures, filters and the list of what was released."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from portal import components, presentation, queries
from portal.models import Release
from portal.queries import PageKeyError, Slice
from portal.vocabulary import category_label


@require_safe
def incident_list(request: HttpRequest) -> HttpResponse:
    """Released incidents, filtered by public columns, with a sentence that says what is shown."""
    release = queries.current_release("incidents")
    if release is None:
        return render(request, "portal/incidents/list.html", {})
    wanted = {name: request.GET.get(name, "") for name in ("district", "beat", "category")}
    of = Slice(wanted["district"], wanted["beat"], wanted["category"])
    names = presentation.area_names()
    categories = list(queries.count_by(release, "category", Slice()))
    refuse_unknown(of, names, categories)
    context = {
        "incidents": release,
        "of": of,
        "shown": shown(of, names),
        "districts": [(area.slug, area.name) for area in queries.areas("district")],
        "categories": [(slug, category_label(slug)) for slug in categories],
        "monthly": presentation.monthly_figure(
            release, of, title=_("Incidents each month"), figure_id="months"
        ),
        "by_category": presentation.category_figure(
            release,
            presentation.within(of, presentation.last_year(release)),
            title=_("What was reported, last twelve months"),
            figure_id="categories",
        ),
        **list_of_rows(request, release, of, names),
    }
    return render(request, "portal/incidents/list.html", context)


def refuse_unknown(of: Slice, names: dict[str, str], categories: list[str]) -> None:
    """A filter that names nothing would show an empty list as if it were an answer."""
    known = (
        (not of.district or of.district in names)
        and (not of.beat or of.beat in names)
        and (not of.category or of.category in categories)
    )
    if not known:
        raise Http404


def shown(of: Slice, names: dict[str, str]) -> str:
    """What a list shows, in a sentence."""
    kind = category_label(of.category) if of.category else _("All kinds")
    place = names.get(of.beat) or names.get(of.district)
    if place:
        return _("%(kind)s in %(place)s.") % {"kind": kind, "place": place}
    return _("%(kind)s in the whole city.") % {"kind": kind}


def list_of_rows(
    request: HttpRequest, release: Release, of: Slice, names: dict[str, str]
) -> dict[str, Any]:
    try:
        page = queries.page_of_rows(release, of, after=request.GET.get("after", ""))
    except PageKeyError as error:
        raise Http404 from error
    following = presentation.query_string(
        district=of.district, beat=of.beat, category=of.category, after=page.next_key
    )
    return {
        "total": queries.total(release, of),
        "table": presentation.rows_table(
            page.rows, names, caption=_("Released records, newest first")
        ),
        "next": following if page.next_key else "",
        "is_first": not request.GET.get("after"),
    }


@require_safe
def gunfire(request: HttpRequest) -> HttpResponse:
    """The gunfire ledger: alerts by month and district, and what they can and cannot tell."""
    release = queries.current_release("gunfire")
    if release is None:
        return render(request, "portal/gunfire.html", {})
    names = presentation.area_names()
    span = presentation.last_year(release)
    context: dict[str, Any] = {
        "gunfire": release,
        "span": span,
        "n_alerts": queries.total(release, span),
        "monthly": presentation.monthly_figure(
            release, Slice(), title=_("Gunfire alerts each month"), figure_id="months"
        ),
        "ledger": ledger(release, names),
        **list_of_rows(request, release, Slice(), names),
    }
    if areas := queries.areas("district"):
        counts = queries.count_by(release, "district_slug", span)
        context["map_figure"] = presentation.area_map(
            areas,
            {area.slug: counts.get(area.slug, 0) for area in areas},
            title=_("Gunfire alerts by district, last twelve months"),
            release=release,
            map_id="gunfire-map",
        )
    return render(request, "portal/gunfire.html", context)


def ledger(release: Release, names: dict[str, str]) -> dict[str, Any]:
    """One row a month, one column a district; newest month first."""
    districts = queries.areas("district")
    counts = queries.count_by_two(release, "month", "district_slug", Slice())
    columns = [components.Column(_("Month"))]
    columns += [components.Column(area.name, is_number=True) for area in districts]
    columns.append(components.Column(_("No district"), is_number=True))
    slugs = [*(area.slug for area in districts), ""]
    rows: list[list[components.Value]] = [
        [f"{month:%Y-%m}", *(counts.get((month, slug), 0) for slug in slugs)]
        for month in reversed(presentation.settled_months(release))
    ]
    return components.table(_("Alerts by month and district"), columns, rows, absent=_("no data"))
