"""Pages that explain: privacy, methods, about, the gallery of parts."""

from __future__ import annotations

import math
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from portal import components, gallery, queries
from portal.city import the_city
from portal.feeds.chain import overrides_told, promised_rules
from portal.feeds.specs import ABSENCES
from portal.views.caching import public_page
from portal.vocabulary import CATEGORIES, category_label


@public_page
def privacy(request: HttpRequest) -> HttpResponse:
    """What is promised, what is not, and the result of the checks of the newest release."""
    release = queries.current_release("incidents")
    context = {
        "rules": promised_rules(the_city()),
        "overrides": overrides_told(),
        "incidents": release,
    }
    return render(request, "portal/privacy.html", context)


@public_page
def methods(request: HttpRequest) -> HttpResponse:
    """How numbers are made, and the vocabulary."""
    columns = [components.Column(_("In the files")), components.Column(_("In words"))]
    rows = [(slug, category_label(slug)) for slug in CATEGORIES]
    rules = promised_rules(the_city())
    context = {
        "vocabulary": components.table(_("Categories"), columns, rows, absent=""),
        "absences": absences(),
        "rules": rules,
        "margin": round(math.log(20) / rules.epsilon_district_quarter, 1),  # see Subject.margin
    }
    return render(request, "portal/methods.html", context)


def absences() -> dict[str, Any]:
    """Every reason for which there may be no number, as the files call it and in words."""
    columns = [components.Column(_("In the dictionary")), components.Column(_("In words"))]
    rows = [(code, _(words)) for code, words in ABSENCES.items()]
    return components.table(_("Why there is no number"), columns, rows, absent="")


@public_page
def about(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/about.html")


@public_page
def parts(request: HttpRequest) -> HttpResponse:
    """Every part of the pages, with invented numbers, for designers and testers."""
    return render(request, "portal/components.html", gallery.context())


@public_page
def robots(request: HttpRequest) -> HttpResponse:
    """Search engines may read what is public; what people type and where staff work is no business of theirs."""
    closed = ("/desk/", "/admin/", "/sign-in/", "/search/", "/es/search/", "/ingest/")
    sitemap = request.build_absolute_uri(reverse("feeds:sitemap"))
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in closed), f"Sitemap: {sitemap}"]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
