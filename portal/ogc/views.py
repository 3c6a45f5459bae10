"""OGC API Features: any GIS reads the released datasets with it (core, GeoJSON, HTML, OpenAPI 3.0)."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import condition, require_safe

from portal import queries
from portal.feeds.dictionary import DATASETS
from portal.feeds.reading import count_of, page_of
from portal.feeds.selection import Selection, SelectionError
from portal.feeds.views import problem
from portal.models import Release
from portal.ogc import documents
from portal.ogc.asking import read_items
from portal.views.caching import MAX_AGE_S, edition_tag

Door = Callable[..., HttpResponse]
FORMS = ("json", "html")


class FormError(SelectionError):
    """A form that answers do not come in."""


def door(view: Door) -> Door:
    """An answer for everybody: no cookie, open to other sites, 304 while nothing was released."""

    @wraps(view)
    def respond(request: HttpRequest, **names: Any) -> HttpResponse:
        try:
            form = form_of(request)
            editions = queries.editions()
            tag = edition_tag(request, [*editions, (form, None, 0)])
            response = condition(etag_func=lambda *_, **__: tag)(view)(request, **names, form=form)
        except SelectionError as error:
            response = problem(HTTPStatus.BAD_REQUEST, "This cannot be asked", str(error))
        except Http404 as error:
            response = problem(HTTPStatus.NOT_FOUND, "Not found", str(error))
        patch_cache_control(response, public=True, max_age=MAX_AGE_S)
        patch_vary_headers(response, ["Accept"])
        response.headers["Access-Control-Allow-Origin"] = "*"
        return response

    marked: Door = require_safe(gzip_page(respond))
    return marked


def form_of(request: HttpRequest) -> str:
    """json or html: as the address says, else what a browser asks for."""
    form = request.GET.get("f", "")
    if form:
        if form not in FORMS:
            raise FormError(f"got f={form}; wanted one of {', '.join(FORMS)}")
        return form
    prefers = request.get_preferred_type([documents.JSON, documents.GEOJSON, documents.HTML])
    return "html" if prefers == documents.HTML else "json"


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
    context = {"title": title, "document": document, "base": base_of(request)}
    return render(request, "portal/ogc/document.html", context)


def base_of(request: HttpRequest) -> str:
    return request.build_absolute_uri(reverse("ogc:landing"))


@door
def landing(request: HttpRequest, *, form: str) -> HttpResponse:
    document = documents.landing(base_of(request), form)
    return answer(request, document, form, title=document["title"])


@door
def conformance(request: HttpRequest, *, form: str) -> HttpResponse:
    return answer(request, documents.conformance(), form, title="What this API conforms to")


@door
def description(request: HttpRequest, *, form: str) -> HttpResponse:
    document = documents.description(base_of(request))
    if form == "html":
        context = {"title": document["info"]["title"], "paths": document["paths"]}
        return render(request, "portal/ogc/api.html", context)
    return answer(request, document, form, title="", media_type=documents.OPENAPI)


@door
def collections(request: HttpRequest, *, form: str) -> HttpResponse:
    base = base_of(request)
    found = [queries.current_release(slug) for slug in documents.collections()]
    document = {
        "links": documents.both_ways(f"{base}collections", form),
        "collections": [documents.collection(base, release) for release in found if release],
    }
    return answer(request, document, form, title="Collections")


@door
def collection(request: HttpRequest, *, slug: str, form: str) -> HttpResponse:
    document = documents.collection(base_of(request), release_of(request, slug))
    return answer(request, document, form, title=document["title"])


@door
def items(request: HttpRequest, *, slug: str, form: str) -> HttpResponse:
    release = release_of(request, slug)
    asked = read_items(slug, release.number, request.GET)
    page = page_of(asked.selection, limit=asked.limit, cursor=asked.cursor, with_footprint=True)
    links = _links_of_items(request, release, page.cursor, form)
    total = count_of(asked.selection)
    if form == "html":
        features = [json.loads(item) for item in page.items]
        context = {"title": DATASETS[slug].title, "features": features, "links": links,
                   "total": total, "columns": DATASETS[slug].columns}  # fmt: skip
        return render(request, "portal/ogc/items.html", context)
    head = {
        "type": "FeatureCollection",
        "numberMatched": total,
        "numberReturned": len(page.items),
        "release": release.number,
        "links": links,
    }
    body = f'{json.dumps(head)[:-1]}, "features": [{",".join(page.items)}]}}'
    return HttpResponse(body, content_type=documents.GEOJSON)


def _links_of_items(
    request: HttpRequest, release: Release, cursor: str, form: str
) -> list[dict[str, Any]]:
    """The next page names its release, so that a new one does not tear a reading apart."""
    slug = release.dataset.slug
    here = request.build_absolute_uri(reverse("ogc:items", args=[slug]))
    other = "html" if form == "json" else "json"
    types = {"json": documents.GEOJSON, "html": documents.HTML}

    def with_query(**changes: str) -> str:
        query = request.GET.copy()
        for name, value in changes.items():
            query[name] = value
        return f"{here}?{query.urlencode()}"

    links = [
        documents.link(with_query(f=form), "self", types[form], "This page"),
        documents.link(with_query(f=other), "alternate", types[other], f"As {other.upper()}"),
        documents.link(
            f"{base_of(request)}collections/{slug}", "collection", documents.JSON, "The collection"
        ),
    ]
    if cursor:
        href = with_query(cursor=cursor, release=str(release.number))
        links.append(documents.link(href, "next", types[form], "The next page"))
    return links


@door
def item(request: HttpRequest, *, slug: str, feature_id: str, form: str) -> HttpResponse:
    release = release_of(request, slug)
    id_column = DATASETS[slug].columns[0]
    only = Selection(slug, release.number, equals={id_column: (feature_id,)})
    page = page_of(only, limit=1, with_footprint=True)
    if not page.items:
        raise Http404(f"release {release.number} of {slug} has no feature {feature_id}")
    here = f"{base_of(request)}collections/{slug}/items/{feature_id}"
    feature = json.loads(page.items[0])
    feature["links"] = [
        *documents.both_ways(here, form, documents.GEOJSON),
        documents.link(
            f"{base_of(request)}collections/{slug}", "collection", documents.JSON, "The collection"
        ),
    ]
    return answer(request, feature, form, title=feature_id, media_type=documents.GEOJSON)


def release_of(request: HttpRequest, slug: str) -> Release:
    """The current release of a collection, or the active one that the query names."""
    if slug not in documents.collections():
        wanted = ", ".join(documents.collections())
        raise Http404(f"got collection {slug}; wanted one of {wanted}")
    asked = request.GET.get("release", "")
    if not asked:
        release = queries.current_release(slug)
    elif asked.isascii() and asked.isdigit() and len(asked) < 10:
        known = queries.releases(slug).filter(state=Release.State.ACTIVE)
        release = known.filter(number=int(asked)).first()
    else:
        raise SelectionError(f"got release {asked!r}; wanted the number of a release")
    if release is None:
        raise Http404(f"{slug} has no release {asked}".rstrip())
    return release
