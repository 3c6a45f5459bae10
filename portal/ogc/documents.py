"""The documents of OGC API Features: landing page, conformance, collections, description (OpenAPI 3.0)."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Any

from django.db.models import Max, Min
from django.urls import reverse

from portal.city import City, the_city
from portal.feeds.dictionary import DATASETS
from portal.feeds.reading import span_of
from portal.feeds.selection import Selection
from portal.feeds.specs import DatasetSpec, Field
from portal.models import PublishedArea, Release
from portal.ogc.asking import CRS84, DEFAULT_LIMIT, MOST_LIMIT
from portal.queries import in_current

JSON, HTML, GEOJSON = "application/json", "text/html", "application/geo+json"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
CONFORMS_TO = tuple(
    f"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{name}"
    for name in ("core", "geojson", "oas30", "html")
)
OPENAPI_TYPES = {"integer": "integer", "number": "number"}

Document = dict[str, Any]


def collections() -> list[str]:
    """Datasets whose rows have a place."""
    return [slug for slug, spec in DATASETS.items() if spec.has_geometry]


def link(href: str, rel: str, media_type: str, title: str) -> Document:
    return {"href": href, "rel": rel, "type": media_type, "title": title}


def both_ways(here: str, asked: str, media_type: str = JSON) -> list[Document]:
    """This document and its other form. here: its address without query."""
    own, other = ("json", "html") if asked == "json" else ("html", "json")
    types = {"json": media_type, "html": HTML}
    return [
        link(f"{here}?f={own}", "self", types[own], "This document"),
        link(f"{here}?f={other}", "alternate", types[other], f"This document as {other.upper()}"),
    ]


def landing(base: str, asked: str) -> Document:
    city = the_city()
    return {
        "title": f"{city.name} Daylight",
        "description": f"What the {city.department_name} releases, as features: "
        "places stand for at least 20 addresses and are areas, never points of events.",
        "links": [
            *both_ways(base, asked),
            link(f"{base}api", "service-desc", OPENAPI, "The API, described (OpenAPI 3.0)"),
            link(f"{base}api?f=html", "service-doc", HTML, "The API, described for people"),
            link(f"{base}conformance", "conformance", JSON, "What this API conforms to"),
            link(f"{base}collections", "data", JSON, "The collections"),
            link(city.licence_url, "license", HTML, city.licence),
        ],
    }


def conformance() -> Document:
    return {"conformsTo": list(CONFORMS_TO)}


def collection(base: str, release: Release) -> Document:
    slug, spec, city = release.dataset.slug, DATASETS[release.dataset.slug], the_city()
    here = f"{base}collections/{slug}"
    return {
        "id": slug,
        "title": spec.title,
        "description": " ".join((spec.summary, *spec.caveats)),
        "itemType": "feature",
        "crs": [CRS84],
        "extent": extent(slug, release.number),
        "release": release.number,
        "attribution": f"{city.department_name}, {city.licence}",
        "links": [
            link(here, "self", JSON, "This collection"),
            link(f"{here}?f=html", "alternate", HTML, "This collection as HTML"),
            link(f"{here}/items", "items", GEOJSON, spec.title),
            link(f"{here}/items?f=html", "items", HTML, f"{spec.title} as HTML"),
            link(_site(base, reverse("portal:dataset-detail", args=[slug])), "describedby", HTML, "Dictionary"),
            link(city.licence_url, "license", HTML, city.licence),
        ],
    }  # fmt: skip


def _site(base: str, path: str) -> str:
    """An address of this site. base: where /ogc/ is."""
    return base.removesuffix(reverse("ogc:landing")) + path


@lru_cache(maxsize=64)
def extent(slug: str, number: int) -> Document:
    """Where and when the features of a release can be; a release never changes."""
    sides = in_current(PublishedArea.objects.filter(kind__in=("city", "district")), "areas").aggregate(
        west=Min("west"), south=Min("south"), east=Max("east"), north=Max("north")
    )  # fmt: skip
    found: Document = {}
    if sides["west"] is not None:
        box = [sides[side] for side in ("west", "south", "east", "north")]
        found["spatial"] = {"bbox": [box], "crs": CRS84}
    if "starts_at" in DATASETS[slug].columns:
        interval = [_utc(at) for at in span_of(Selection(slug, number))]
        found["temporal"] = {"interval": [interval]}
    return found


def _utc(at: dt.datetime | None) -> str | None:
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


# --- the description ---


def description(base: str) -> Document:
    city = the_city()
    paths: Document = {
        "/": _get("The landing page", "landing", "What there is"),
        "/conformance": _get("What this API conforms to", "conformance", "Conformance classes"),
        "/collections": _get("The collections", "collections", "Every collection"),
    }
    for slug in collections():
        spec = DATASETS[slug]
        paths[f"/collections/{slug}"] = _get(spec.title, f"collection.{slug}", "The collection")
        paths[f"/collections/{slug}/items"] = _items(spec)
        paths[f"/collections/{slug}/items/{{featureId}}"] = _item(spec)
    return {
        "openapi": "3.0.3",
        "info": _about(city),
        "servers": [{"url": base.rstrip("/")}],
        "paths": paths,
        "components": {"parameters": _parameters(), "responses": _responses()},
    }


def _about(city: City) -> Document:
    return {
        "title": f"{city.name} Daylight: OGC API Features",
        "version": "1.0.0",
        "description": "Released datasets as features. No key is needed.",
        "license": {"name": city.licence, "url": city.licence_url},
    }


_SHARED = {"400": "Refused", "404": "NotFound", "410": "Withdrawn", "500": "Broken"}


def _get(summary: str, operation: str, said: str, media_type: str = JSON) -> Document:
    errors = {code: {"$ref": f"#/components/responses/{name}"} for code, name in _SHARED.items()}
    content = {media_type: {"schema": {"type": "object"}}, HTML: {"schema": {"type": "string"}}}
    return {
        "get": {
            "summary": summary,
            "operationId": operation,
            "parameters": [{"$ref": "#/components/parameters/f"}],
            "responses": {"200": {"description": said, "content": content}, **errors},
        }
    }


def _items(spec: DatasetSpec) -> Document:
    found = _get(f"{spec.title}: {spec.one_row_is}", f"items.{spec.slug}", "Features", GEOJSON)
    names = ["limit", "cursor", "release", "bbox", "bbox-crs"]
    if "starts_at" in spec.columns:
        names.append("datetime")
    found["get"]["parameters"] += [{"$ref": f"#/components/parameters/{name}"} for name in names]
    found["get"]["parameters"] += [_column(f) for f in spec.fields if f.type != "datetime"]
    return found


def _item(spec: DatasetSpec) -> Document:
    found = _get(f"One of {spec.title}", f"item.{spec.slug}", "The feature", GEOJSON)
    feature_id = _parameter("featureId", "path", {"type": "string"}, spec.fields[0].description)
    found["get"]["parameters"] += [feature_id, {"$ref": "#/components/parameters/release"}]
    return found


def _column(field: Field) -> Document:
    schema = {"type": OPENAPI_TYPES.get(field.type, "string")}
    return _parameter(field.name, "query", schema, field.description)


def _parameter(name: str, place: str, schema: Document, description: str) -> Document:
    return {
        "name": name,
        "in": place,
        "required": place == "path",
        "schema": schema,
        "description": description,
        **({"style": "form", "explode": False} if place == "query" else {}),
    }


def _parameters() -> Document:
    numbers = {"type": "array", "minItems": 4, "maxItems": 6, "items": {"type": "number"}}
    limit = {"type": "integer", "minimum": 1, "maximum": MOST_LIMIT, "default": DEFAULT_LIMIT}
    rows = (
        ("f", {"type": "string", "enum": ["json", "html"]}, "The form of the answer."),
        ("limit", limit, "At most so many features."),
        ("cursor", {"type": "string"}, "Where to go on; take it from the link 'next'."),
        ("release", {"type": "integer", "minimum": 1}, "A release by number; the current one else."),
        ("bbox", numbers, "Only features whose area overlaps this box: west,south,east,north."),
        ("bbox-crs", {"type": "string", "enum": [CRS84]}, "The system of the box."),
        ("datetime", {"type": "string"}, "Only features whose period meets this instant or interval."),
    )  # fmt: skip
    return {name: _parameter(name, "query", schema, said) for name, schema, said in rows}


def _responses() -> Document:
    problem = {"application/problem+json": {"schema": {"type": "object"}}}
    said = {
        "Refused": "A parameter cannot be used; the detail says which and what was wanted.",
        "NotFound": "There is no such collection, release or feature.",
        "Withdrawn": "The release was withdrawn.",
        "Broken": "Our mistake.",
    }
    return {name: {"description": text, "content": problem} for name, text in said.items()}
