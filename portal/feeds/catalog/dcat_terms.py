"""What the words of the catalogue stand for: the JSON-LD context, and terms of controlled vocabularies."""

from __future__ import annotations

from typing import Any, Final

from portal.feeds.renderers import FORMATS

_EU: Final = "http://publications.europa.eu/resource/authority"
MEDIA_TYPES: Final = "https://www.iana.org/assignments/media-types/"
ACCESS_PUBLIC: Final = f"{_EU}/access-right/PUBLIC"
FILE_TYPES: Final = {
    "csv": f"{_EU}/file-type/CSV",
    "json": f"{_EU}/file-type/JSON",
    "ndjson": f"{_EU}/file-type/JSON",  # the list has no term for a line each
    "geojson": f"{_EU}/file-type/GEOJSON",
    "parquet": f"{_EU}/file-type/PARQUET",
}
# ISO 8601 to the words that both profiles' lists have.
FREQUENCIES: Final = {
    "P1D": "daily",
    "P7D": "weekly",
    "P1M": "monthly",
    "P3M": "quarterly",
    "P1Y": "annually",
}
THEME: Final = {
    "@id": f"{_EU}/data-theme/JUST",
    "@type": "Concept",
    "prefLabel": "Justice, legal system and public safety",
}


def _typed(term: str, kind: str) -> dict[str, str]:
    return {"@id": term, "@type": kind}


def _node(term: str) -> dict[str, str]:
    """A text in JSON that names a thing."""
    return {"@id": term, "@type": "@id"}


def _word(term: str) -> dict[str, str]:
    """A text in JSON that is itself a word of this context."""
    return {"@id": term, "@type": "@vocab"}


CONTEXT: Final[dict[str, Any]] = {
    "@version": 1.1,
    "@language": "en",
    "adms": "http://www.w3.org/ns/adms#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcat-us": "http://data.resources.gov/ontology/dcat-us#",
    "dct": "http://purl.org/dc/terms/",
    "dqv": "http://www.w3.org/ns/dqv#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "geo": "http://www.opengis.net/ont/geosparql#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "spdx": "http://spdx.org/rdf/terms#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    # classes
    "Agent": "foaf:Agent",
    "Catalog": "dcat:Catalog",
    "Checksum": "spdx:Checksum",
    "Concept": "skos:Concept",
    "DataService": "dcat:DataService",
    "Dataset": "dcat:Dataset",
    "Distribution": "dcat:Distribution",
    "Document": "foaf:Document",
    "Kind": "vcard:Kind",
    "Location": "dct:Location",
    "Metric": "dqv:Metric",
    "PeriodOfTime": "dct:PeriodOfTime",
    "QualityMeasurement": "dqv:QualityMeasurement",
    "Standard": "dct:Standard",
    # words
    "en": f"{_EU}/language/ENG",
    "SHA-256": "spdx:checksumAlgorithm_sha256",
    "daily": f"{_EU}/frequency/DAILY",
    "weekly": f"{_EU}/frequency/WEEKLY",
    "monthly": f"{_EU}/frequency/MONTHLY",
    "quarterly": f"{_EU}/frequency/QUARTERLY",
    "annually": f"{_EU}/frequency/ANNUAL",
    # properties
    "accessRights": _node("dct:accessRights"),
    "accessService": "dcat:accessService",
    "accessURL": _node("dcat:accessURL"),
    "accrualPeriodicity": _word("dct:accrualPeriodicity"),
    "algorithm": _word("spdx:algorithm"),
    "bbox": _typed("dcat:bbox", "geo:wktLiteral"),
    "byteSize": _typed("dcat:byteSize", "xsd:nonNegativeInteger"),
    "checksum": "spdx:checksum",
    "checksumValue": _typed("spdx:checksumValue", "xsd:hexBinary"),
    "conformsTo": "dct:conformsTo",
    "contactPoint": "dcat:contactPoint",
    "dataset": "dcat:dataset",
    "definition": "skos:definition",
    "describedBy": "dcat-us:describedBy",
    "description": "dct:description",
    "distribution": "dcat:distribution",
    "downloadURL": _node("dcat:downloadURL"),
    "endDate": _typed("dcat:endDate", "xsd:dateTime"),
    "endpointDescription": _node("dcat:endpointDescription"),
    "endpointURL": _node("dcat:endpointURL"),
    "expectedDataType": _node("dqv:expectedDataType"),
    "fn": "vcard:fn",
    "format": _node("dct:format"),
    "hasCurrentVersion": "dcat:hasCurrentVersion",
    "hasEmail": _node("vcard:hasEmail"),
    "hasQualityMeasurement": "dqv:hasQualityMeasurement",
    "hasVersion": "dcat:hasVersion",
    "homepage": "foaf:homepage",
    # DCAT-US has an object here and DCAT-AP a text: what the object says is said of the dataset itself.
    "identifier": "@nest",
    "inDimension": _node("dqv:inDimension"),
    "isMeasurementOf": "dqv:isMeasurementOf",
    "keyword": "dcat:keyword",
    "landingPage": "dcat:landingPage",
    "language": _word("dct:language"),
    "liabilityStatement": "dcat-us:liabilityStatement",
    "license": _node("dct:license"),
    "mediaType": _node("dcat:mediaType"),
    "modified": _typed("dct:modified", "xsd:dateTime"),
    "name": "foaf:name",
    "notation": {"@id": "dct:identifier", "@language": None},
    "page": "foaf:page",
    "prefLabel": "skos:prefLabel",
    "previousVersion": "dcat:previousVersion",
    "provenance": _node("dct:provenance"),
    "publisher": "dct:publisher",
    "purpose": "dcat-us:purpose",
    "service": "dcat:service",
    "servesDataset": _node("dcat:servesDataset"),
    "spatial": "dct:spatial",
    "spatialResolutionInMeters": _typed("dcat:spatialResolutionInMeters", "xsd:decimal"),
    "startDate": _typed("dcat:startDate", "xsd:dateTime"),
    "temporal": "dct:temporal",
    "temporalResolution": _typed("dcat:temporalResolution", "xsd:duration"),
    "theme": "dcat:theme",
    "title": "dct:title",
    "unitMeasure": "dqv:unitMeasure",
    "value": {"@id": "dqv:value", "@language": None},
    "version": {"@id": "dcat:version", "@language": None},
    "versionNotes": "adms:versionNotes",
}


def included(licence_url: str, methods_url: str) -> list[dict[str, str]]:
    """Of which class the named terms are: shapes look for it in the same graph."""
    media_types = [form.media_type.partition(";")[0] for form in FORMATS.values()]
    classes = {
        licence_url: "dct:LicenseDocument",
        methods_url: "dct:ProvenanceStatement",
        ACCESS_PUBLIC: "dct:RightsStatement",
        CONTEXT["en"]: "dct:LinguisticSystem",
        **dict.fromkeys((CONTEXT[word] for word in FREQUENCIES.values()), "dct:Frequency"),
        **dict.fromkeys(FILE_TYPES.values(), "dct:MediaTypeOrExtent"),
        **dict.fromkeys((MEDIA_TYPES + kind for kind in media_types), "dct:MediaType"),
        "http://spdx.org/rdf/terms#checksumAlgorithm_sha256": "spdx:ChecksumAlgorithm",
    }
    return [{"@id": term, "@type": kind} for term, kind in classes.items()]
