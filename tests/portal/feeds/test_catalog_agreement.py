"""Every description of a dataset says the same, each read by a reader of its own standard, and says it of the files that are served."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from portal.feeds.dictionary import DATASETS
from portal.models import Dataset
from tests.portal.feeds.catalogued import fetch, fetch_json, save

pytestmark = [
    pytest.mark.usefixtures("every_dataset"),
    pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated"),
]

# Each standard's word for a type, in ours.
FRICTIONLESS = {
    name: name for name in ("string", "integer", "number", "boolean", "date", "datetime")
}
CSVW = {**FRICTIONLESS, "double": "number", "dateTime": "datetime"}
SCHEMA_ORG = {
    "https://schema.org/Text": "string",
    "https://schema.org/Integer": "integer",
    "https://schema.org/Float": "number",
    "https://schema.org/Boolean": "boolean",
    "https://schema.org/Date": "date",
    "https://schema.org/DateTime": "datetime",
}
DCAT = "http://www.w3.org/ns/dcat#"


@dataclass
class Said:
    """What one description says; None where its standard has no word for it."""

    title: str | None = None
    description: str | None = None
    release: str | None = None
    licence: str | None = None
    columns: dict[str, str] | None = None
    meanings: dict[str, str] | None = None
    headings: dict[str, str] | None = None
    hashes: dict[str, str] | None = None
    sizes: dict[str, int] | None = None
    n_rows: int | None = None


def from_files(slug: str) -> Said:
    """What is served: the header, the rows, the bytes."""
    manifest = fetch_json(f"/data/{slug}/releases/1/manifest.json")
    files = {
        known["name"]: fetch(f"/data/{slug}/releases/1/{known['name']}")
        for known in manifest["files"].values()
    }
    rows = list(csv.reader(io.StringIO(files[f"{slug}.csv"].decode(), newline="")))
    told = json.loads(files[f"{slug}.json"])
    return Said(
        title=told["title"],
        release=str(told["release"]),
        licence=told["licence_url"],
        columns=dict.fromkeys(rows[0], ""),
        hashes={name: hashlib.sha256(body).hexdigest() for name, body in files.items()},
        sizes={name: len(body) for name, body in files.items()},
        n_rows=len(rows) - 1,
    )


def from_frictionless(slug: str) -> Said:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from frictionless import Package, Schema

    package = Package(fetch_json(f"/data/{slug}/datapackage.json"))
    schema = Schema.from_descriptor(fetch_json(f"/data/{slug}/schema.json"))
    own = [
        r for r in package.resources if re.fullmatch(rf".*/{slug}/releases/1/{slug}\.\w+", r.path)
    ]
    return Said(
        title=package.title,
        description=package.description,
        release=package.version,
        licence=package.licenses[0]["path"],
        columns={field.name: FRICTIONLESS[field.type] for field in schema.fields},
        meanings={field.name: field.description for field in schema.fields},
        headings={field.name: field.title for field in schema.fields},
        hashes={Path(r.path).name: r.hash.removeprefix("sha256:") for r in own},
        sizes={Path(r.path).name: r.bytes for r in own if r.bytes},
    )


def from_csvw(slug: str, folder: Path) -> Said:
    from csvw.metadata import TableGroup

    path = save(f"/data/{slug}/csv-metadata.json", folder)
    group = TableGroup.from_file(path)
    columns = group.tables[0].tableSchema.columns
    return Said(
        title=group.common_props["dc:title"],
        description=group.common_props["dc:description"],
        licence=group.common_props["dc:license"]["@id"],
        columns={column.name: CSVW[column.datatype.base] for column in columns},
        meanings={column.name: column.common_props["dc:description"] for column in columns},
        headings={column.name: column.common_props["dc:title"] for column in columns},
    )


@cache
def catalogue(address: str) -> bytes:
    """The same for all datasets of the one release that this module makes."""
    return fetch(address)


def from_data_json(slug: str) -> Said:
    (told,) = (
        found
        for found in json.loads(catalogue("/data.json"))["dataset"]
        if found["identifier"].endswith(f"/data/{slug}/")
    )
    files = told["distribution"]
    said = [
        re.fullmatch(r"Release (\d+), (\d+) rows, SHA-256 ([0-9a-f]{64})", file["description"])
        for file in files
    ]
    return Said(
        title=told["title"],
        description=told["description"],
        release=said[0][1],
        licence=told["license"],
        hashes={file["title"]: match[3] for file, match in zip(files, said, strict=True)},
        n_rows=int(said[0][2]),
    )


def from_dcat(slug: str) -> Said:
    import rdflib

    dcat, terms = rdflib.Namespace(DCAT), rdflib.DCTERMS
    spdx = rdflib.Namespace("http://spdx.org/rdf/terms#")
    graph = rdflib.Graph().parse(data=catalogue("/catalog.ttl"), format="turtle")
    (one,) = graph.subjects(terms.identifier, rdflib.Literal(f"http://testserver/data/{slug}/"))
    files = list(graph.objects(one, dcat.distribution))

    def name(file: Any) -> str:
        return Path(str(graph.value(file, dcat.downloadURL))).name

    checksums = {name(file): graph.value(file, spdx.checksum) for file in files}
    licences = {str(graph.value(node, terms.license)) for node in (one, *files)}
    assert len(licences) == 1
    return Said(
        title=str(graph.value(one, terms.title)),
        description=str(graph.value(one, terms.description)),
        release=str(graph.value(one, dcat.version)),
        licence=licences.pop(),
        hashes={
            file: str(graph.value(sum_, spdx.checksumValue)) for file, sum_ in checksums.items()
        },
        sizes={name(file): int(graph.value(file, dcat.byteSize)) for file in files},
    )


def from_croissant(slug: str) -> Said:
    import mlcroissant

    document = fetch_json(f"/data/{slug}/croissant.json")
    told = mlcroissant.Dataset(document).metadata
    fields = {field.name: field for field in told.record_sets[0].fields}
    return Said(
        title=told.name,
        description=told.description,
        release=told.version,
        licence=told.license[0],
        columns={name: SCHEMA_ORG[str(field.data_types[0])] for name, field in fields.items()},
        meanings={name: field.description for name, field in fields.items()},
        headings={v["name"]: v["alternateName"] for v in document["variableMeasured"]},
        hashes={file.name: file.sha256 for file in told.distribution},
        sizes={file.name: int(file.content_size.removesuffix(" B")) for file in told.distribution},
    )


def everything_said(slug: str, folder: Path) -> dict[str, Said]:
    readers: dict[str, Callable[[], Said]] = {
        "files": lambda: from_files(slug),
        "frictionless": lambda: from_frictionless(slug),
        "csvw": lambda: from_csvw(slug, folder),
        "data.json": lambda: from_data_json(slug),
        "dcat": lambda: from_dcat(slug),
        "croissant": lambda: from_croissant(slug),
    }
    return {name: read() for name, read in readers.items()}


def agree(said: dict[str, Said], what: str) -> Any:
    """The one value that all say who say anything."""
    told = {
        name: getattr(one, what) for name, one in said.items() if getattr(one, what) is not None
    }
    assert len(told) >= 2, what
    first, *others = told.values()
    assert all(other == first for other in others), f"{what}: {told}"
    return first


def test_all_descriptions_of_a_dataset_agree_with_each_other_and_with_its_files(
    tmp_path: Path,
) -> None:
    slugs = Dataset.objects.order_by("slug").values_list("slug", flat=True)
    for slug in slugs:
        said = everything_said(slug, tmp_path)
        spec = DATASETS[slug]

        assert tuple(said["files"].columns or {}) == spec.columns
        said["files"].columns = None  # a CSV has no types
        of_two = said["frictionless"].sizes or {}  # which its reader can count
        assert of_two.items() <= (said["files"].sizes or {}).items()
        said["frictionless"].sizes = None
        assert agree(said, "title") == spec.title
        for caveat in (spec.summary, *spec.caveats):
            assert caveat in agree(said, "description")
        assert agree(said, "columns") == {field.name: field.type for field in spec.fields}
        assert agree(said, "meanings") == {f.name: f.description for f in spec.fields}
        for what in ("release", "licence", "headings", "hashes", "sizes", "n_rows"):
            agree(said, what)


def test_a_description_that_differs_is_noticed(tmp_path: Path) -> None:
    said = everything_said("areas", tmp_path)
    (said["dcat"].hashes or {})["areas.csv"] = "0" * 64

    with pytest.raises(AssertionError, match="hashes"):
        agree(said, "hashes")
