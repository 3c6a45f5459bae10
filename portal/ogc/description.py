"""OGC API Features described in OpenAPI 3.0: every address, parameter and answer, from the dictionary."""

from __future__ import annotations

from typing import Final

from portal.api.problems import KINDS, MEDIA_TYPE
from portal.api.shapes import PROBLEM, TEXT, WHOLE, listed, record
from portal.city import City, the_city
from portal.feeds.dictionary import DATASETS
from portal.feeds.specs import DatasetSpec, Field
from portal.ogc.asking import CRS84, DEFAULT_LIMIT, MOST_LIMIT, PARAMETERS, TEXT_PATTERN, columns_of
from portal.ogc.documents import GEOJSON, HTML, JSON, OPENAPI, Document, collections

_TYPES: Final = {"integer": "integer", "number": "number", "boolean": "boolean"}
# Components of the answers that are refusals; by kind, as portal/api/problems.py explains them.
_ALWAYS: Final = ("question", "not-found", "too-many", "broken", "unavailable")

_ANYTHING: Final[Document] = {"type": "object"}
_LINK: Final = record(href=TEXT, rel=TEXT, type=TEXT, title=TEXT)
_LINKS: Final[Document] = listed({"$ref": "#/components/schemas/link"})
_COLLECTION: Final = record(
    id=TEXT, title=TEXT, description=TEXT, itemType=TEXT, crs=listed(TEXT), extent=_ANYTHING, release=WHOLE,
    attribution=TEXT, links=_LINKS,
)  # fmt: skip


def description(base: str) -> Document:
    paths: Document = {
        "/": _get("The landing page", "landing", record(title=TEXT, description=TEXT, links=_LINKS)),
        "/conformance": _get("What this API conforms to", "conformance", record(conformsTo=listed(TEXT))),
        "/api": _get("This description", "api", record(openapi=TEXT, info=_ANYTHING, paths=_ANYTHING), OPENAPI),
        "/collections": _get("The collections", "collections", record(links=_LINKS, collections=listed(_COLLECTION))),
    }  # fmt: skip
    for slug in collections():
        spec = DATASETS[slug]
        paths[f"/collections/{slug}"] = _get(spec.title, f"collection.{slug}", _COLLECTION)
        paths[f"/collections/{slug}/items"] = _items(spec)
        paths[f"/collections/{slug}/items/{{featureId}}"] = _item(spec)
    return {
        "openapi": "3.0.3",
        "info": _about(the_city()),
        "servers": [{"url": base.rstrip("/")}],
        "paths": paths,
        "components": {
            "parameters": _parameters(),
            "responses": _responses(),
            "schemas": {"link": _LINK, "problem": PROBLEM},
        },
    }


def _about(city: City) -> Document:
    return {
        "title": f"{city.name} Daylight: OGC API Features",
        "version": "1.0.0",
        "description": "Released datasets as features. No key is needed.",
        "license": {"name": city.licence, "url": city.licence_url},
    }


def _get(
    summary: str, operation: str, shape: Document, media_type: str = JSON, *, pinned: bool = False
) -> Document:
    """pinned: may name a release, which may have been withdrawn."""
    kinds = [*_ALWAYS, *(["withdrawn"] if pinned else [])]
    errors = {
        str(KINDS[kind].status.value): {"$ref": f"#/components/responses/{kind}"} for kind in kinds
    }
    content = {media_type: {"schema": shape}, HTML: {"schema": TEXT}}
    return {
        "get": {
            "summary": summary,
            "operationId": operation,
            "tags": [operation.partition(".")[2] or "catalogue"],
            "parameters": [{"$ref": "#/components/parameters/f"}],
            "responses": {"200": {"description": summary, "content": content}, **errors},
        }
    }


def _items(spec: DatasetSpec) -> Document:
    shape = record(
        type={"type": "string", "enum": ["FeatureCollection"]}, numberMatched=WHOLE, numberReturned=WHOLE,
        release=WHOLE, links=_LINKS, features=listed(_feature(spec)),
    )  # fmt: skip
    summary = f"{spec.title}: {spec.one_row_is}"
    found = _get(summary, f"items.{spec.slug}", shape, GEOJSON, pinned=True)
    found["get"]["parameters"] = [
        *({"$ref": f"#/components/parameters/{name}"} for name in PARAMETERS),
        *(_column(field) for field in columns_of(spec.slug).values()),
    ]
    return found


def _item(spec: DatasetSpec) -> Document:
    shape = _feature(spec)
    shape["properties"] |= {"links": _LINKS, "release": WHOLE}
    found = _get(f"One of {spec.title}", f"item.{spec.slug}", shape, GEOJSON, pinned=True)
    feature_id = _parameter("featureId", "path", TEXT, spec.fields[0].description)
    found["get"]["parameters"] += [feature_id, {"$ref": "#/components/parameters/release"}]
    return found


def _feature(spec: DatasetSpec) -> Document:
    properties = {f.name: {**_told(f), "nullable": bool(f.missing)} for f in spec.fields}
    return record(
        type={"type": "string", "enum": ["Feature"]},
        id=TEXT,
        geometry={"type": "object", "nullable": True},
        properties=record(**properties),
    )


def _told(field: Field) -> Document:
    return {"type": _TYPES.get(field.type, "string"), "description": field.description}


def _column(field: Field) -> Document:
    schema: Document = {"type": _TYPES.get(field.type, "string")}
    if field.values:
        schema["enum"] = [*field.values, *([""] if field.missing else [])]
    elif schema["type"] == "string":
        schema["pattern"] = TEXT_PATTERN
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
    # With six numbers the third and sixth are heights, which nothing here has.
    numbers = {"type": "array", "minItems": 4, "maxItems": 6, "items": {"type": "number"}}
    limit = {"type": "integer", "minimum": 1, "maximum": MOST_LIMIT, "default": DEFAULT_LIMIT}
    rows = (
        ("f", {"type": "string", "enum": ["json", "html"]}, "The form of the answer."),
        ("limit", limit, "At most so many features; more than the maximum is the maximum."),
        ("cursor", TEXT, "Where to go on; take it from the link 'next'."),
        ("release", {"type": "integer", "minimum": 1, "maximum": 999_999_999},
         "A release by number; the current one else."),
        ("bbox", numbers, "Only features whose own box overlaps this one: west,south,east,north. "
         "Features without a geometry meet all."),
        ("bbox-crs", {"type": "string", "enum": [CRS84]}, "The system of the box."),
        ("datetime", TEXT, "Only features whose period meets this instant, day (in the city's time) or interval "
         "(start/end, '..' for an open end). Features without a period meet all."),
    )  # fmt: skip
    return {name: _parameter(name, "query", schema, said) for name, schema, said in rows}


def _responses() -> Document:
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/problem"}}}
    return {
        kind: {"description": f"{KINDS[kind].title}. {KINDS[kind].meaning}", "content": content}
        for kind in (*_ALWAYS, "withdrawn")
    }
