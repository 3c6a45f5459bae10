"""CSV on the Web (W3C): the CSV of a release and those it refers to, as tables of one group."""

from __future__ import annotations

import re
from typing import Any

from portal.feeds.catalog.described import Described, referred
from portal.feeds.specs import Field

_BASES = {
    "string": "string",
    "integer": "integer",
    "number": "double",
    "boolean": "boolean",
    "date": "date",
    "datetime": "dateTime",
}


def csv_metadata(one: Described) -> dict[str, Any]:
    named = {slug for _, slug, _ in _keys_of(one)}
    others = [other for other in referred(one) if other.spec.slug in named]
    urls = {other.spec.slug: other.file("csv").url for other in (one, *others)}
    return {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "en"}],
        "dc:title": one.spec.title,
        "dc:description": one.description,
        "dc:license": {"@id": one.city.licence_url},
        "dc:publisher": one.city.department_name,
        "dc:source": {"@id": one.page},
        "dialect": {
            "encoding": "utf-8",
            "delimiter": ",",
            "lineTerminators": ["\r\n"],
            "doubleQuote": True,
            "header": True,
        },
        "tables": [_table(described, urls) for described in (one, *others)],
    }


def _keys_of(one: Described) -> list[tuple[str, str, str]]:
    """Own column, dataset and the column it repeats. Of columns that are never empty, for a foreign key may not be null."""
    required = {field.name for field in one.spec.fields if field.is_required}
    return [
        (name, slug, column)
        for name, (slug, column) in one.spec.references.items()
        if name in required
    ]


def _table(one: Described, urls: dict[str, str]) -> dict[str, Any]:
    schema: dict[str, Any] = {"columns": [_column(one, field) for field in one.spec.fields]}
    if one.spec.primary_key:
        schema["primaryKey"] = list(one.spec.primary_key)
    keys = [
        {"columnReference": name, "reference": {"resource": urls[slug], "columnReference": column}}
        for name, slug, column in _keys_of(one)
        if slug in urls
    ]
    if keys:
        schema["foreignKeys"] = keys
    return {
        "url": one.file("csv").url,
        "dc:title": one.spec.title,
        "dc:identifier": one.manifest_url,
        "tableSchema": schema,
    }


def _column(one: Described, field: Field) -> dict[str, Any]:
    told = {
        "name": field.name,
        "titles": field.name,  # as in the header line, which readers compare
        "dc:title": field.title,
        "dc:description": field.description,
        "datatype": _datatype(field),
        "required": field.is_required,
        "null": "",
    }
    if field.references:
        slug, _column = one.spec.references[field.name]
        told["dc:references"] = {"@id": one.address("feeds:table-schema", slug)}
    return told


def _datatype(field: Field) -> dict[str, Any] | str:
    base = _BASES[field.type]
    told: dict[str, Any] = {"base": base}
    if field.values:
        told["format"] = "|".join(_literal(value) for value in field.values)
    elif field.pattern:
        told["format"] = field.pattern
    elif field.type == "boolean":
        told["format"] = "t|f"
    elif field.type == "datetime":
        told["format"] = "yyyy-MM-ddTHH:mm:ssX"
    limits = {"minimum": field.minimum, "maximum": field.maximum}
    told |= {name: limit for name, limit in limits.items() if limit is not None}
    return told if len(told) > 1 else base


def _literal(text: str) -> str:
    """A pattern that matches the text alone, in the escapes that XML Schema has (Python's has more)."""
    return re.sub(r"([.\\?*+{}()\[\]|])", r"\\\1", text)
