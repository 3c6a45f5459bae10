"""The catalogue as one graph for two profiles: DCAT-US 3 and DCAT-AP 3, as JSON-LD and Turtle.

The JSON has the shape of the DCAT-US 3 JSON Schema; its context makes the same text a graph that the
shapes of DCAT-AP 3 accept. Where the two want different things of one property (a text and an
identified node), the text is the identifier, and the context says so.
"""

from __future__ import annotations

import json
from typing import Any

from portal.feeds.catalog.dcat_terms import (
    ACCESS_PUBLIC,
    CONTEXT,
    FILE_TYPES,
    FREQUENCIES,
    MEDIA_TYPES,
    THEME,
    included,
)
from portal.feeds.catalog.described import Described, File
from portal.feeds.catalog.quality import measurements
from portal.feeds.renderers import plain
from portal.models import Release

VERSIONS_TOLD = 12
LIABILITY = (
    "The data are what was recorded and could be published without narrowing down any person. "
    "They are no proof that a crime happened or of who did it, and come without warranty."
)
PURPOSE = (
    "To let residents, journalists and researchers see what the police record and do, "
    "and check every published number."
)


def catalog(datasets: list[Described], base: str) -> dict[str, Any]:
    """All datasets with their files, versions, services and measured quality."""
    newest = max(datasets, key=lambda one: one.release.as_of, default=None)
    told: dict[str, Any] = {
        "@context": CONTEXT,
        "@id": f"{base}/catalog.ttl#catalog",
        "@type": "Catalog",
        "dataset": [],
        "conformsTo": _standard("https://resources.data.gov/dcat-us/3.0.0", "DCAT-US 3.0"),
    }
    if newest is None:
        return told
    city = newest.city
    list_page = newest.address("portal:dataset-list")
    return {
        **told,
        "title": f"{city.name} open data",
        "description": (
            f"What {city.department_name} publishes: each dataset in releases that are kept for good."
        ),
        "publisher": _publisher(newest),
        "homepage": _document(list_page, "Open data"),
        "language": "en",
        "license": city.licence_url,
        "modified": newest.as_of,
        "dataset": [_dataset(one) for one in datasets],
        "service": services(newest, datasets),
        "@included": included(city.licence_url, newest.address("portal:methods")),
    }


def turtle(document: dict[str, Any]) -> bytes:
    """The same graph, written by those who know the escapes of Turtle."""
    import rdflib
    from rdflib.plugins.parsers.jsonld import to_rdf

    graph = rdflib.Graph(bind_namespaces="none")
    for prefix, space in CONTEXT.items():
        if isinstance(space, str) and space.endswith(("#", "/")):
            graph.bind(prefix, space)
    # Graph.parse does the same through a class that rdflib gives up.
    to_rdf(json.loads(json.dumps(document)), graph)
    return graph.serialize(format="turtle", encoding="utf-8")


def _id(one: Described) -> str:
    return f"{one.page}#dataset"


def _release_id(one: Described, number: int) -> str:
    manifest = one.address("feeds:release-manifest", one.spec.slug, number)
    return f"{manifest}#release"


def _face(one: Described, *, identifier: str, title: str) -> dict[str, Any]:
    """What the profile wants of every dataset, also of one that is only named."""
    return {
        "@type": "Dataset",
        "title": title,
        "description": one.description,
        "identifier": {"notation": identifier},
        "contactPoint": _contact(one),
        "publisher": _publisher(one),
    }


def _dataset(one: Described) -> dict[str, Any]:
    spec = one.spec
    told: dict[str, Any] = {
        "@id": _id(one),
        **_face(one, identifier=one.page, title=spec.title),
        "keyword": list(spec.keywords),
        "theme": [THEME],
        "landingPage": _document(one.page, spec.title),
        "page": [
            _document(one.address("portal:methods"), "Methods"),
            _document(one.address("portal:privacy"), "Privacy: what is promised and what is not"),
        ],
        "modified": one.as_of,
        "language": "en",
        "license": one.city.licence_url,
        "accessRights": ACCESS_PUBLIC,
        "liabilityStatement": LIABILITY,
        "purpose": PURPOSE,
        "provenance": [one.address("portal:methods")],
        "describedBy": _dictionary(one),
        "conformsTo": [
            _standard("https://datapackage.org/standard/table-schema/", "Table Schema 2.0"),
            _standard("https://www.w3.org/TR/tabular-metadata/", "CSV on the Web"),
        ],
        "distribution": [_distribution(one, file) for file in one.files],
        "hasQualityMeasurement": measurements(one),
    }
    return {**told, **_history(one), **_coverage(one)}


def _history(one: Described) -> dict[str, Any]:
    """Which release this is, those before it, and how often there is a new one."""
    release = one.release
    told: dict[str, Any] = {
        "version": str(release.number),
        "versionNotes": (
            f"{release.n_added} rows added and {release.n_retired} retired since the release before"
        ),
        "hasCurrentVersion": _version(one, release),
        "hasVersion": [
            _version(one, known) for known in [release, *one.earlier[: VERSIONS_TOLD - 1]]
        ],
    }
    if one.earlier:
        told["previousVersion"] = _version(one, one.earlier[0])
    if one.spec.every in FREQUENCIES:
        told["accrualPeriodicity"] = FREQUENCIES[one.spec.every]
    return told


def _coverage(one: Described) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if one.span:
        first, last = (str(plain(end)) for end in one.span)
        told["temporal"] = [{"@type": "PeriodOfTime", "startDate": first, "endDate": last}]
    if one.box:
        west, south, east, north = one.box
        ring = f"{west} {south}, {east} {south}, {east} {north}, {west} {north}, {west} {south}"
        told["spatial"] = [
            {"@type": "Location", "prefLabel": one.city.name, "bbox": f"POLYGON(({ring}))"}
        ]
    if one.spec.time_resolution:
        told["temporalResolution"] = one.spec.time_resolution
    if one.resolution_m is not None:
        told["spatialResolutionInMeters"] = f"{one.resolution_m:.1f}"
    return told


def _version(one: Described, release: Release) -> dict[str, Any]:
    identifier = _release_id(one, release.number)
    title = f"{one.spec.title}, release {release.number}"
    return {
        "@id": identifier,
        **_face(one, identifier=identifier, title=title),
        "version": str(release.number),
        "modified": str(plain(release.as_of)),
    }


def _distribution(one: Described, file: File) -> dict[str, Any]:
    return {
        "@id": f"{file.url}#distribution",
        "@type": "Distribution",
        "title": file.name,
        "description": f"{file.format_name}, release {one.release.number}",
        "accessURL": one.page,
        "downloadURL": file.url,
        "mediaType": MEDIA_TYPES + file.media_type,
        "format": FILE_TYPES[file.suffix],
        "byteSize": str(file.bytes),
        "checksum": {
            "@type": "Checksum",
            "algorithm": "SHA-256",
            "checksumValue": file.sha256,
        },
        "license": one.city.licence_url,
        "modified": one.as_of,
        "describedBy": _dictionary(one),
        "accessService": [_service(one, *door) for door in _doors(one)],
    }


def _dictionary(one: Described) -> dict[str, Any]:
    url = one.address("feeds:table-schema", one.spec.slug)
    return {
        "@id": f"{url}#distribution",
        "@type": "Distribution",
        "title": "Data dictionary (Table Schema)",
        "accessURL": url,
        "downloadURL": url,
        "mediaType": f"{MEDIA_TYPES}application/json",
        "license": one.city.licence_url,
    }


def services(one: Described, datasets: list[Described]) -> list[dict[str, Any]]:
    """The doors that answer questions about the rows, and of which datasets."""
    described = {
        _API: (
            one.address("api:openapi-json"),
            "https://spec.openapis.org/oas/v3.1.0",
            "OpenAPI 3.1",
        ),
        _FEATURES: (
            one.address("ogc:api"),
            "http://www.opengis.net/spec/ogcapi-features-1/1.0",
            "OGC API Features 1.0",
        ),
    }
    return [
        {
            **_service(one, title, endpoint),
            "endpointDescription": [description],
            "conformsTo": [_standard(url, name)],
            "license": one.city.licence_url,
            "servesDataset": [
                _id(served) for served in datasets if (title, endpoint) in _doors(served)
            ],
        }
        for (title, endpoint), (description, url, name) in described.items()
    ]


_API = ("Open data API", "api:index")
_FEATURES = ("OGC API Features", "ogc:landing")


def _doors(one: Described) -> list[tuple[str, str]]:
    return [_API, _FEATURES] if one.spec.has_geometry else [_API]


def _service(one: Described, title: str, endpoint: str) -> dict[str, Any]:
    return {
        "@id": f"{one.address(endpoint)}#service",
        "@type": "DataService",
        "title": title,
        "contactPoint": [_contact(one)],
        "publisher": _publisher(one),
        "endpointURL": [one.address(endpoint)],
    }


def _publisher(one: Described) -> dict[str, Any]:
    return {
        "@id": f"{one.address('portal:about')}#publisher",
        "@type": "Agent",
        "name": one.city.department_name,
    }


def _contact(one: Described) -> dict[str, Any]:
    told = {
        "@id": f"{one.address('portal:about')}#contact",
        "@type": "Kind",
        "fn": one.city.department_name,
    }
    email = one.city.contact_email
    return {**told, "hasEmail": f"mailto:{email}"} if email else told


def _document(url: str, title: str) -> dict[str, str]:
    return {"@id": url, "@type": "Document", "title": title}


def _standard(url: str, title: str) -> dict[str, str]:
    return {"@id": url, "@type": "Standard", "title": title}
