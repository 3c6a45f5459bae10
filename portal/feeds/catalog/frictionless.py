"""Table Schema and Data Package (Frictionless), version 2, readable as version 1."""

from __future__ import annotations

from typing import Any

from portal.feeds import contract
from portal.feeds.catalog.described import TABULAR, Described, File, referred
from portal.feeds.specs import ABSENCES, DatasetSpec, Field

TABLE_SCHEMA = "https://datapackage.org/profiles/2.0/tableschema.json"
DATA_PACKAGE = "https://datapackage.org/profiles/2.0/datapackage.json"


def table_schema(one: Described) -> dict[str, Any]:
    """Columns, types, constraints and keys; references to datasets that are released."""
    spec = one.spec
    schema: dict[str, Any] = {
        "$schema": TABLE_SCHEMA,
        "fields": [_field(spec, field) for field in spec.fields],
        "missingValues": [""],
    }
    if spec.primary_key:
        schema["primaryKey"] = list(spec.primary_key)
    elif spec.key:
        schema["uniqueKeys"] = [list(spec.key)]
    known = {other.spec.slug for other in referred(one)}
    keys = [
        # A table calls itself by an empty word.
        {
            "fields": [name],
            "reference": {"resource": "" if slug == spec.slug else slug, "fields": [column]},
        }
        for name, (slug, column) in spec.references.items()
        if slug in known or slug == spec.slug
    ]
    return {**schema, "foreignKeys": keys} if keys else schema


def _field(spec: DatasetSpec, field: Field) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": field.name,
        "type": field.type,
        "title": field.title,
        "description": field.description,
        "constraints": _constraints(field),
    }
    if field.values:
        told["categories"] = [
            {"value": value, "label": str(words)} for value, words in field.values.items()
        ]
    if field.absence:
        told["absence"] = {
            "code": field.absence,
            "meaning": field.missing,
            "codeMeaning": ABSENCES[field.absence],
        }
    told |= {
        key: value for key, value in (("unit", field.unit), ("example", field.example)) if value
    }
    if field.type == "boolean":
        told |= {"trueValues": ["t", "true"], "falseValues": ["f", "false"]}
    if change := contract.ending(spec.slug, field.name):
        told["deprecated"] = contract.as_json(change)
    return told


def _constraints(field: Field) -> dict[str, Any]:
    found: dict[str, Any] = {"required": field.is_required}
    if field.unique:
        found["unique"] = True
    if field.values:
        found["enum"] = list(field.values)
    if field.pattern:
        found["pattern"] = field.pattern
    limits = {"minimum": field.minimum, "maximum": field.maximum}
    return found | {name: limit for name, limit in limits.items() if limit is not None}


def data_package(one: Described) -> dict[str, Any]:
    """The files of a release, and those its columns refer to, so that a reader can check every key."""
    others = referred(one)
    city = one.city
    return {
        "$schema": DATA_PACKAGE,
        "name": one.spec.slug,
        "id": one.manifest_url,
        "title": one.spec.title,
        "description": one.description,
        "homepage": one.page,
        "version": str(one.release.number),
        "created": one.as_of,
        "licenses": [{"name": city.licence, "path": city.licence_url}],
        "contributors": [
            {"title": city.department_name, "role": "publisher", **_path(city.homepage)}
        ],
        "keywords": list(one.spec.keywords),
        "resources": [
            *(_resource(one, file) for file in (*one.files, *one.parts)),
            *(_resource(other, other.file("csv")) for other in others),
        ],
    }


def _path(homepage: str) -> dict[str, str]:
    return {"path": homepage} if homepage else {}


def _resource(one: Described, file: File) -> dict[str, Any]:
    name = "-".join(part for part in (one.spec.slug, file.month) if part)
    resource: dict[str, Any] = {
        "name": name if file.suffix == "csv" else f"{name}-{file.suffix}",
        "title": " ".join(
            [one.spec.title, *([file.month] if file.month else []), file.format_name]
        ),
        "path": file.url,
        "format": file.suffix,
        "mediatype": file.media_type,
        "hash": f"sha256:{file.sha256}",
    }
    # The reference reader counts none of these two and then finds them wrong; the manifest tells them.
    if file.suffix not in ("json", "parquet"):
        resource["bytes"] = file.bytes
    if file.suffix not in TABULAR:
        return resource
    # By its address: a package of many months would else say the same hundred times.
    schema = one.address("feeds:release-table-schema", one.spec.slug, one.release.number)
    resource |= {"encoding": "utf-8", "schema": schema}
    if file.suffix == "csv":
        resource["dialect"] = {"delimiter": ",", "lineTerminator": "\r\n", "doubleQuote": True}
    if file.suffix == "json":
        resource["dialect"] = {"json": {"property": "rows"}}
    # "type" says the same as version 1's profile: rows and columns.
    return {**resource, "type": "table", "profile": "tabular-data-resource"}
