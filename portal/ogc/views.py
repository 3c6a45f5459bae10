"""OGC API Features: any GIS reads the released datasets with it (core, GeoJSON, HTML, OpenAPI 3.0)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from django.core.exceptions import SuspiciousOperation
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import get_conditional_response, patch_cache_control, patch_vary_headers
from django.views.decorators.gzip import gzip_page

from portal import queries
from portal.api.limits import refusal_of, standing_of
from portal.api.middleware import EXPOSED
from portal.api.problems import ProblemError, answer_to
from portal.api.questions import refuse_unknown, wrong
from portal.api.releases import release_of
from portal.feeds.as_of import why_none_now
from portal.feeds.contract import headers_of
from portal.feeds.dictionary import DATASETS
from portal.feeds.doors import View, open_door
from portal.feeds.reading import count_of, page_of
from portal.feeds.selection import Selection, SelectionError
from portal.models import Release
from portal.ogc import documents
from portal.ogc.asking import CRS84, TEXT_PATTERN, read_items
from portal.ogc.description import description as described
from portal.views.caching import MAX_AGE_S, edition_tag

Door = Callable[..., HttpResponse]
FORMS: Final = ("json", "html")
TYPES: Final = {"json": documents.GEOJSON, "html": documents.HTML}
REFUSALS: Final = (ProblemError, SelectionError, SuspiciousOperation, DatabaseError)


def door(view: Door) -> View:
    """An answer for everybody: no cookie, open to other sites, counted, 304 while nothing was released."""

    @wraps(view)
    def respond(request: HttpRequest, **names: Any) -> HttpResponse:
        try:
            response = _answered(view, request, names)
        except REFUSALS as error:
            response = answer_to(error, {})
        response.headers["Access-Control-Expose-Headers"] = EXPOSED
        return response

    return open_door(gzip_page(respond))


def _answered(view: Door, request: HttpRequest, names: dict[str, Any]) -> HttpResponse:
    form = form_of(request)
    tag = edition_tag(request, [*queries.editions(), (form, None, 0)])
    response: HttpResponse | None = get_conditional_response(request, etag=tag)
    if response is None:
        standing = standing_of(request)
        if standing and standing.is_refused:
            return refusal_of(standing)
        response = view(request, **names, form=form)
        told = {**(standing.headers if standing else {}), **headers_of(names.get("slug", ""))}
        for name, value in {"ETag": tag, **told}.items():
            response.headers[name] = value
    patch_cache_control(response, public=True, max_age=MAX_AGE_S)
    patch_vary_headers(response, ["Accept"])
    return response


def form_of(request: HttpRequest) -> str:
    """json or html: as the address says, else what a browser asks for."""
    form = request.GET.get("f")
    if form is None:
        prefers = request.get_preferred_type([documents.JSON, documents.GEOJSON, documents.HTML])
        return "html" if prefers == documents.HTML else "json"
    if form not in FORMS:
        raise wrong("f", form, f"one of {', '.join(FORMS)}")
    return form


def answer(
    request: HttpRequest,
    document: dict[str, Any],
    form: str,
    *,
    title: str,
    media_type: str = documents.JSON,
) -> HttpResponse:
    if form == "json":
        return HttpResponse(json.dumps(document, ensure_ascii=False), content_type=media_type)
    context = {"title": title, "document": document}
    return render(request, "portal/ogc/document.html", context)


def base_of(request: HttpRequest) -> str:
    return request.build_absolute_uri(reverse("ogc:landing"))


@door
def landing(request: HttpRequest, *, form: str) -> HttpResponse:
    refuse_unknown(request.GET, ["f"])
    document = documents.landing(base_of(request), form)
    return answer(request, document, form, title=document["title"])


@door
def conformance(request: HttpRequest, *, form: str) -> HttpResponse:
    refuse_unknown(request.GET, ["f"])
    return answer(request, documents.conformance(), form, title="What this API conforms to")


@door
def description(request: HttpRequest, *, form: str) -> HttpResponse:
    refuse_unknown(request.GET, ["f"])
    document = described(base_of(request))
    if form == "html":
        context = {"title": document["info"]["title"], "paths": document["paths"]}
        return render(request, "portal/ogc/api.html", context)
    return answer(request, document, form, title="", media_type=documents.OPENAPI)


@door
def collections(request: HttpRequest, *, form: str) -> HttpResponse:
    refuse_unknown(request.GET, ["f"])
    base = base_of(request)
    found = [queries.current_release(slug) for slug in documents.collections()]
    document = {
        "links": documents.both_ways(f"{base}collections", form),
        "collections": [documents.collection(base, release, form) for release in found if release],
    }
    return answer(request, document, form, title="Collections")


@door
def collection(request: HttpRequest, *, slug: str, form: str) -> HttpResponse:
    refuse_unknown(request.GET, ["f"])
    document = documents.collection(base_of(request), asked_release(request, slug), form)
    return answer(request, document, form, title=document["title"])


@door
def items(request: HttpRequest, *, slug: str, form: str) -> HttpResponse:
    release = asked_release(request, slug)
    asked = read_items(slug, release.number, request.GET)
    page = page_of(asked.selection, limit=asked.limit, cursor=asked.cursor, with_footprint=True)
    links = _links(request, slug, form)
    if page.cursor:
        # It names its release, so that a new one does not tear a reading apart.
        onward = _with_query(request, cursor=page.cursor, release=str(release.number))
        links.append(documents.link(onward, "next", TYPES[form], "The next page"))
    total = count_of(asked.selection)
    if form == "html":
        features = [json.loads(item) for item in page.items]
        context = {
            "title": DATASETS[slug].title,
            "features": features,
            "links": links,
            "total": total,
        }
        return render(request, "portal/ogc/items.html", context)  # fmt: skip
    head = {
        "type": "FeatureCollection",
        "numberMatched": total,
        "numberReturned": len(page.items),
        "release": release.number,
        "links": links,
    }
    body = f'{json.dumps(head)[:-1]}, "features": [{",".join(page.items)}]}}'
    return HttpResponse(body, content_type=documents.GEOJSON, headers={"Content-Crs": f"<{CRS84}>"})


@door
def item(request: HttpRequest, *, slug: str, feature_id: str, form: str) -> HttpResponse:
    refuse_unknown(request.GET, ["f", "release"])
    release = asked_release(request, slug)
    found: list[str] = []
    if re.fullmatch(TEXT_PATTERN, feature_id):
        only = Selection(slug, release.number, equals={DATASETS[slug].columns[0]: (feature_id,)})
        found = page_of(only, limit=1, with_footprint=True).items
    if not found:
        detail = f"Release {release.number} of {slug} has no feature {feature_id[:96]}."
        raise ProblemError("not-found", detail)
    feature = json.loads(found[0])
    feature |= {"release": release.number, "links": _links(request, slug, form)}
    response = answer(request, feature, form, title=feature["id"], media_type=documents.GEOJSON)
    response.headers["Content-Crs"] = f"<{CRS84}>"
    return response


@door
def nothing(request: HttpRequest, *, form: str, **names: Any) -> HttpResponse:
    """Every other address under /ogc/."""
    raise ProblemError(
        "not-found", "There is nothing at this address; those of this API have no slash at the end."
    )


def _links(request: HttpRequest, slug: str, form: str) -> list[dict[str, Any]]:
    """Of features: to themselves, to their other form, to what they belong to."""
    other = "html" if form == "json" else "json"
    home = request.build_absolute_uri(reverse("ogc:collection", args=[slug]))
    return [
        documents.link(_with_query(request, f=form), "self", TYPES[form], "This page"),
        documents.link(
            _with_query(request, f=other), "alternate", TYPES[other], f"As {other.upper()}"
        ),
        documents.link(home, "collection", documents.JSON, "The collection"),
    ]


def _with_query(request: HttpRequest, **changes: str) -> str:
    """This very address, with some of its parameters changed."""
    query = request.GET.copy()
    for name, value in changes.items():
        query[name] = value
    return f"{request.build_absolute_uri(request.path)}?{query.urlencode()}"


def asked_release(request: HttpRequest, slug: str) -> Release:
    """The current release of a collection, or the active one that the query names."""
    if slug not in documents.collections():
        wanted = ", ".join(documents.collections())
        raise ProblemError("not-found", f"Got collection {slug[:96]}; wanted one of {wanted}.")
    asked = request.GET.get("release")
    if asked is not None:
        if not re.fullmatch(r"0*[1-9][0-9]{0,8}", asked):
            raise wrong("release", asked, "the number of a release")
        return release_of(slug, int(asked))
    release = queries.current_release(slug)
    if release is None:
        raise ProblemError("not-found", why_none_now(slug))
    return release
