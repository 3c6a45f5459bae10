"""The rules of DCAT-US 3.0 for the classes we write, as read from its JSON Schema: a second opinion, ours.

Read in GSA/dcat-us, jsonschema/definitions: Dataset and Distribution as of commit 077c2f741ba1, the other
classes in the versions of 2026 that were at hand. The shapes once published with the profile were taken back
and no package carries the schema; where somebody has put it beside the environment, a test asks it itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

TEXT, LIST, OBJECT = str, list, dict
# class: properties that must be there, and what JSON each may be (a list: of the class named)
CLASSES: dict[str, tuple[set[str], dict[str, Any]]] = {
    "Catalog": (
        {"dataset"},
        {
            "dataset": ["Dataset"],
            "service": ["DataService"],
            "publisher": "Agent",
            "conformsTo": "Standard",
            "homepage": "Document",
            "title": TEXT,
            "description": TEXT,
            "license": TEXT,
            "modified": TEXT,
            "language": TEXT,
        },
    ),
    "Dataset": (
        {"title", "description", "identifier", "contactPoint", "publisher"},
        {
            "title": TEXT,
            "description": TEXT,
            "identifier": "Identifier",
            "contactPoint": "Kind",
            "publisher": "Organization",
            "keyword": [TEXT],
            "theme": ["Concept"],
            "landingPage": "Document",
            "page": ["Document"],
            "modified": TEXT,
            "language": TEXT,
            "accessRights": TEXT,
            "liabilityStatement": TEXT,
            "purpose": TEXT,
            "provenance": [TEXT],
            "version": TEXT,
            "versionNotes": TEXT,
            "hasCurrentVersion": "Dataset",
            "previousVersion": "Dataset",
            "hasVersion": ["Dataset"],
            "describedBy": "Distribution",
            "conformsTo": ["Standard"],
            "distribution": ["Distribution"],
            "hasQualityMeasurement": ["QualityMeasurement"],
            "accrualPeriodicity": TEXT,
            "temporalResolution": TEXT,
            "spatialResolutionInMeters": TEXT,
            "temporal": ["PeriodOfTime"],
            "spatial": ["Location"],
            # Not named by the profile, which forbids nothing: of DCAT itself, for those who look there.
            "license": TEXT,
        },
    ),
    "Distribution": (
        set(),
        {
            "title": TEXT,
            "description": TEXT,
            "accessURL": TEXT,
            "downloadURL": TEXT,
            "mediaType": TEXT,
            "format": TEXT,
            "byteSize": TEXT,
            "checksum": "Checksum",
            "license": TEXT,
            "modified": TEXT,
            "describedBy": "Distribution",
            "accessService": ["DataService"],
        },
    ),
    "DataService": (
        {"title", "contactPoint", "endpointURL", "publisher"},
        {
            "title": TEXT,
            "contactPoint": ["Kind"],
            "publisher": "Agent",
            "endpointURL": [TEXT],
            "endpointDescription": [TEXT],
            "conformsTo": ["Standard"],
            "license": TEXT,
            "servesDataset": [TEXT],
        },
    ),
    "Agent": ({"name"}, {"name": TEXT}),
    "Organization": ({"name"}, {"name": TEXT}),
    "Checksum": ({"algorithm", "checksumValue"}, {"algorithm": TEXT, "checksumValue": TEXT}),
    "Concept": ({"prefLabel"}, {"prefLabel": TEXT}),
    "Document": ({"title"}, {"title": TEXT}),
    "Identifier": (set(), {"notation": TEXT}),
    "Kind": ({"fn", "hasEmail"}, {"fn": TEXT, "hasEmail": TEXT}),
    "Location": (set(), {"prefLabel": TEXT, "bbox": TEXT}),
    "Metric": (
        {"expectedDataType", "inDimension"},
        {"expectedDataType": TEXT, "inDimension": TEXT, "definition": TEXT},
    ),
    "PeriodOfTime": (set(), {"startDate": TEXT, "endDate": TEXT}),
    "QualityMeasurement": (
        {"isMeasurementOf", "value"},
        {"isMeasurementOf": "Metric", "value": TEXT},
    ),
    "Standard": (set(), {"title": TEXT}),
}
FREQUENCIES = {"daily", "weekly", "monthly", "quarterly", "annually"}
PATTERNS = {
    "hasEmail": r"mailto:[^@\s]+@[\w.-]+\.[\w.-]+",
    "byteSize": r"[0-9]+",
    "checksumValue": r"[0-9a-f]{64}",
    "modified": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    "language": r"[a-z]{2}",
    "accrualPeriodicity": "|".join(FREQUENCIES),
}
UNTOLD = {"@id", "@type", "@context", "@included"}


def faults(node: Any, kind: str = "Catalog", at: str = "") -> Iterator[str]:
    """What is wrong with a document, in words; nothing where it follows the profile."""
    if not isinstance(node, dict):
        yield f"{at}: got {type(node).__name__}; wanted a {kind}"
        return
    required, properties = CLASSES[kind]
    for name in sorted(required - node.keys()):
        yield f"{at}: no {name}"
    for name, value in node.items():
        if name in UNTOLD:
            continue
        if name not in properties:
            yield f"{at}: {name} is not of {kind}"
        else:
            yield from _faults_of(value, properties[name], name, f"{at}/{name}")


def _faults_of(value: Any, wanted: Any, name: str, at: str) -> Iterator[str]:
    if isinstance(wanted, list):
        if not isinstance(value, list):
            yield f"{at}: wanted a list"
            return
        for n, item in enumerate(value):
            yield from _faults_of(item, wanted[0], name, f"{at}/{n}")
    elif isinstance(wanted, str):
        yield from faults(value, wanted, at)
    elif not isinstance(value, str) or not value:
        yield f"{at}: wanted text"
    elif name in PATTERNS and not re.fullmatch(PATTERNS[name], value):
        yield f"{at}: {value!r} is not a {name}"
