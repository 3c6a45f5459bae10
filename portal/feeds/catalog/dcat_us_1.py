"""``/data.json``: DCAT-US 1.1 (Project Open Data), which data.gov and city portals harvest."""

from __future__ import annotations

from typing import Any

from portal.city import City
from portal.feeds.catalog.described import Described, File
from portal.feeds.renderers import plain

CONFORMS_TO = "https://project-open-data.cio.gov/v1.1/schema"
TABLE_SCHEMA_TYPE = "application/vnd.datapackage+json"


def data_json(datasets: list[Described]) -> dict[str, Any]:
    return {
        "@context": "https://project-open-data.cio.gov/v1.1/schema/catalog.jsonld",
        "@type": "dcat:Catalog",
        "conformsTo": CONFORMS_TO,
        "describedBy": f"{CONFORMS_TO}/catalog.json",
        "dataset": [_dataset(one) for one in datasets],
    }


def _dataset(one: Described) -> dict[str, Any]:
    spec = one.spec
    told = {
        "@type": "dcat:Dataset",
        "title": spec.title,
        "description": one.description,
        "keyword": list(spec.keywords),
        "modified": one.as_of,
        "publisher": {"@type": "org:Organization", "name": one.city.department_name},
        "contactPoint": contact(one.city),
        "identifier": one.page,
        "accessLevel": "public",
        "license": one.city.licence_url,
        "landingPage": one.page,
        "language": ["en"],
        "describedBy": one.address("feeds:table-schema", spec.slug),
        "describedByType": TABLE_SCHEMA_TYPE,
        "distribution": [_distribution(one, file) for file in one.files],
    }
    if spec.every:
        told["accrualPeriodicity"] = f"R/{spec.every}"
    if one.box:
        told["spatial"] = ",".join(str(side) for side in one.box)
    if one.span:
        told["temporal"] = "/".join(str(plain(end)) for end in one.span)
    return told


def contact(city: City) -> dict[str, str]:
    told = {"@type": "vcard:Contact", "fn": city.department_name}
    return {**told, "hasEmail": f"mailto:{city.contact_email}"} if city.contact_email else told


def _distribution(one: Described, file: File) -> dict[str, Any]:
    return {
        "@type": "dcat:Distribution",
        "title": file.name,
        "description": f"Release {one.release.number}, {one.release.n_rows} rows, SHA-256 {file.sha256}",
        "downloadURL": file.url,
        "mediaType": file.media_type,
        "format": file.format_name,
        "describedBy": one.address("feeds:data-package", one.spec.slug),
        "describedByType": TABLE_SCHEMA_TYPE,
    }
