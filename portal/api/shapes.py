"""The shapes of answers as JSON Schema, from the dictionary."""

from __future__ import annotations

from typing import Any, Final

from portal.feeds.dictionary import DATASETS
from portal.feeds.reading import categorical_of, groupable_of
from portal.feeds.specs import Field

Schema = dict[str, Any]

TEXT: Final[Schema] = {"type": "string"}
WHOLE: Final[Schema] = {"type": "integer", "minimum": 0}
ADDRESS: Final[Schema] = {"type": "string", "format": "uri"}
INSTANT: Final[Schema] = {"type": "string", "format": "date-time"}
_TYPES: Final[dict[str, Schema]] = {
    "string": TEXT,
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "datetime": INSTANT,
    "date": {"type": "string", "format": "date"},
}
PROBLEM: Final[Schema] = {
    "type": "object",
    "description": "RFC 9457",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": ADDRESS,
        "title": TEXT,
        "status": {"type": "integer"},
        "detail": TEXT,
        "parameter": {"type": "string", "description": "The one that was wrong."},
    },
}


def record(optional: tuple[str, ...] = (), /, **properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
    }


def listed(item: Schema) -> Schema:
    return {"type": "array", "items": item}


def _or_null(schema: Schema) -> Schema:
    """The same, or nothing said."""
    nullable = {**schema, "type": [schema["type"], "null"]}
    return nullable | ({"enum": [*schema["enum"], None]} if "enum" in schema else {})


def column(form: Field) -> Schema:
    schema = {**_TYPES[form.type], "description": form.description}
    if form.values:
        schema["enum"] = list(form.values)
    if form.example:
        schema["examples"] = [_typed(form.example, form.type)]
    return _or_null(schema) if form.missing else schema


def _typed(example: str, kind: str) -> Any:
    read = {"integer": int, "number": float}.get(kind, str)
    return read(example)


def _about() -> dict[str, Schema]:
    return {
        "dataset": TEXT,
        "release": WHOLE,
        "as_of": INSTANT,
        "licence": {"type": "string", "description": "SPDX"},
        "licence_url": ADDRESS,
        "publisher": TEXT,
    }


def _asked() -> dict[str, Schema]:
    return {
        **_about(),
        "query": {"type": "string", "description": "What was asked, in a sentence."},
        "total": {**WHOLE, "description": "Rows that the question chooses, exactly."},
    }


def columns(slug: str) -> Schema:
    return {
        "type": "object",
        "properties": {form.name: column(form) for form in DATASETS[slug].fields},
        "additionalProperties": False,
    }


def page(slug: str) -> Schema:
    return record(**_asked(), **_paged(), rows=listed(columns(slug)))


def _paged() -> dict[str, Schema]:
    return {
        "returned": WHOLE,
        "truncated": {"type": "boolean", "description": "Whether there are more rows."},
        "next": _or_null({**ADDRESS, "description": "The next page, of the same release."}),
    }


GEOMETRY: Final[Schema] = {
    "type": ["object", "null"],
    "description": "GeoJSON: all of what the place stands for. Never a point of an event.",
}


def features(slug: str) -> Schema:
    feature = record(
        type={"const": "Feature"},
        id={"type": ["string", "integer", "null"]},
        geometry=GEOMETRY,
        properties=columns(slug),
    )
    kind = {"const": "FeatureCollection"}
    return record(type=kind, **_asked(), **_paged(), features=listed(feature))


def row(slug: str) -> Schema:
    footprint = {"footprint": GEOMETRY} if DATASETS[slug].has_geometry else {}
    return record(**_about(), row=columns(slug), **footprint)


def count(slug: str) -> Schema:
    touching = {**WHOLE, "description": "With a box: the number if touching it were enough."}
    return record(("total_touching",), **_asked(), total_touching=touching)


def groups(slug: str) -> Schema:
    forms = {form.name: form for form in DATASETS[slug].fields}
    told = {
        name: column(forms[name]) if name in forms else {"type": "string"}
        for name in groupable_of(slug)
    }
    # A column of the dataset may itself be called count.
    group = {"type": "object", "properties": {**told, "count": WHOLE}, "required": ["count"]}
    return record(**_asked(), by=listed(TEXT), groups=listed(group))


def facets(slug: str) -> Schema:
    value = record(value={"type": ["string", "null"]}, count=WHOLE)
    told = {name: listed(value) for name in categorical_of(slug)}
    return record(**_asked(), facets=record(**told))


def index(slug: str) -> Schema:
    return record(
        datasets=ADDRESS,
        docs=ADDRESS,
        openapi=record(json=ADDRESS, yaml=ADDRESS),
        police_uk=ADDRESS,
        ogc=ADDRESS,
        webhooks=ADDRESS,
    )


def _summary() -> dict[str, Schema]:
    return {
        "slug": TEXT,
        "title": TEXT,
        "summary": TEXT,
        "one_row_is": TEXT,
        "updated": TEXT,
        "release": _or_null(WHOLE),
        "as_of": _or_null(INSTANT),
        "rows": _or_null(WHOLE),
        "url": ADDRESS,
        "page": ADDRESS,
    }


def dataset_list(slug: str) -> Schema:
    return record(datasets=listed(record(**_summary())))


def dataset_detail(slug: str) -> Schema:
    told = {"type": "object", "additionalProperties": TEXT}
    column = record(
        ("empty_means", "unit", "references", "values", "example"),
        name=TEXT, type=TEXT, description=TEXT, empty_means=TEXT, unit=TEXT, references=TEXT,
        values=told, example=TEXT,
    )  # fmt: skip
    names = listed(TEXT)
    return record(
        **_summary(), caveats=names, key=names, columns=listed(column), filters=names, sorts=names,
        groups=names, facets=names, doors=told, files=told,
    )  # fmt: skip


def _release() -> dict[str, Schema]:
    return {
        "number": WHOLE,
        "state": {"type": "string", "enum": ["active", "withdrawn"]},
        "as_of": INSTANT,
        "rows": WHOLE,
        "added": WHOLE,
        "retired": WHOLE,
        "sha256": _or_null(TEXT),
        "withdrawn_reason": _or_null(TEXT),
        "url": ADDRESS,
    }


def release_list(slug: str) -> Schema:
    return record(dataset=TEXT, releases=listed(record(**_release())))


def release_detail(slug: str) -> Schema:
    file = record(name=TEXT, media_type=TEXT, bytes=WHOLE, sha256=TEXT, url=ADDRESS)
    check = {"type": "object", "properties": {"check": TEXT, "passed": {"type": "boolean"}}}
    told = _about() | _release()
    return record(
        **told,
        schema_version=TEXT,
        verification=listed(check),
        files=listed(file),
        manifest=ADDRESS,
    )
