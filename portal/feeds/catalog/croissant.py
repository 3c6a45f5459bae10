"""schema.org Dataset with Croissant 1.0 (MLCommons): what search engines and machine-learning tools read."""

from __future__ import annotations

from typing import Any

from portal.feeds.catalog.described import Described, File
from portal.feeds.renderers import plain
from portal.feeds.specs import DatasetSpec, Field

CONFORMS_TO = "http://mlcommons.org/croissant/1.0"
_TYPES = {
    "string": "sc:Text",
    "integer": "sc:Integer",
    "number": "sc:Float",
    "boolean": "sc:Boolean",
    "date": "sc:Date",
    "datetime": "sc:DateTime",
}
# The context that the specification prescribes.
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


def croissant(one: Described) -> dict[str, Any]:
    spec, city, publisher = one.spec, one.city, _publisher(one)
    told = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "@id": one.page,
        "name": spec.title,
        "alternateName": spec.slug,
        "description": one.description,
        "conformsTo": CONFORMS_TO,
        "license": city.licence_url,
        "url": one.page,
        "sameAs": one.manifest_url,
        "version": str(one.release.number),
        "datePublished": one.as_of,
        "citeAs": (
            f"{city.department_name}: {spec.title}, release {one.release.number}, as of {one.as_of}. "
            f"{city.licence}. {one.manifest_url}"
        ),
        "creator": publisher,
        "publisher": publisher,
        "keywords": list(spec.keywords),
        "isAccessibleForFree": True,
        "inLanguage": "en",
        "includedInDataCatalog": {
            "@type": "sc:DataCatalog",
            "name": f"{city.name} open data",
            "url": one.address("portal:dataset-list"),
        },
        "variableMeasured": [_variable(field) for field in spec.fields],
        "distribution": [_file(file) for file in one.files],
        "recordSet": [_record_set(spec, one.file("csv"))],
    }
    return {**told, **_extent(one)}


def _publisher(one: Described) -> dict[str, str]:
    told = {"@type": "sc:Organization", "name": one.city.department_name}
    return {**told, "url": one.city.homepage} if one.city.homepage else told


def _extent(one: Described) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if one.span:
        told["temporalCoverage"] = "/".join(str(plain(end)) for end in one.span)
    if one.box:
        west, south, east, north = one.box
        told["spatialCoverage"] = {
            "@type": "sc:Place",
            "name": one.city.name,
            # schema.org wants latitude first
            "geo": {"@type": "sc:GeoShape", "box": f"{south} {west} {north} {east}"},
        }
    return told


def _variable(field: Field) -> dict[str, str]:
    told = {
        "@type": "sc:PropertyValue",
        "name": field.name,
        "alternateName": field.title,
        "description": field.description,
    }
    return {**told, "unitCode": field.unit} if field.unit else told


def _file(file: File) -> dict[str, str]:
    return {
        "@type": "cr:FileObject",
        "@id": file.name,
        "name": file.name,
        "contentUrl": file.url,
        "contentSize": f"{file.bytes} B",
        "encodingFormat": file.media_type,
        "sha256": file.sha256,
    }


def _record_set(spec: DatasetSpec, file: File) -> dict[str, Any]:
    """References to other datasets are left to Table Schema: readers of Croissant take them for joins to make."""
    told: dict[str, Any] = {
        "@type": "cr:RecordSet",
        "@id": spec.slug,
        "name": spec.slug,
        "description": f"One record is {spec.one_row_is}.",
        "field": [_field(spec, field, file) for field in spec.fields],
    }
    if spec.primary_key:
        told["key"] = [{"@id": f"{spec.slug}/{name}"} for name in spec.primary_key]
    return told


def _field(spec: DatasetSpec, field: Field, file: File) -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": f"{spec.slug}/{field.name}",
        "name": field.name,
        "description": field.description,
        "dataType": _TYPES[field.type],
        "source": {"fileObject": {"@id": file.name}, "extract": {"column": field.name}},
    }
