"""Validators that nobody here wrote say yes to every description, and no to a broken one."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from portal.feeds.dictionary import DATASETS
from portal.models import Dataset
from tests.portal.feeds.catalogued import as_graph, broken, fetch, fetch_json, save
from tests.serving import served

pytestmark = [
    pytest.mark.usefixtures("every_dataset"),
    # rdflib's own parser of JSON-LD, also inside mlcroissant
    pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated"),
]


def test_every_dataset_of_the_dictionary_is_judged() -> None:
    assert set(slugs_released()) == set(DATASETS)


def slugs_released() -> list[str]:
    return list(Dataset.objects.order_by("slug").values_list("slug", flat=True))


# --- Frictionless ---


def package_report(package: dict[str, Any] | str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the packages it reads with
        from frictionless import Package, system

        with system.use_context(trusted=True):
            return Package(package).validate()


def messages(report: Any) -> list[str]:
    return [error.message for task in report.tasks for error in task.errors]


@pytest.mark.parametrize("slug", ["areas", "gunfire-ledger"])
def test_frictionless_finds_a_package_valid_by_its_address(slug: str) -> None:
    with served() as site:
        report = package_report(f"{site}/data/{slug}/datapackage.json")

    assert report.valid, messages(report)
    assert {task.name for task in report.tasks} >= {slug, f"{slug}-json", f"{slug}-ndjson"}


def test_frictionless_finds_the_files_of_every_package_valid(tmp_path: Path) -> None:
    for slug in slugs_released():
        report = package_report(local_package(slug, tmp_path))

        assert report.valid, f"{slug}: {messages(report)}"


def local_package(slug: str, folder: Path) -> dict[str, Any]:
    """The CSV of a package, whole and by month, and those it refers to, as after a download."""
    package: dict[str, Any] = fetch_json(f"/data/{slug}/datapackage.json")
    package["resources"] = [r for r in package["resources"] if r["format"] == "csv"]
    for resource in package["resources"]:
        resource["schema"] = fetch_json(resource["schema"])
        resource["path"] = str(save(resource["path"], folder))
    return package


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda text: text.replace("theft", "thoft", 1), "enum"),
        (lambda text: text.replace("N-0", "N-9", 1), 'in the lookup table "places'),
        (lambda text: text + text.splitlines()[1] + "\r\n", "unique"),
        (lambda text: text.replace("T06:00:00Z", " six", 1), "type is"),
        (lambda text: text.replace("-98.61", "-198.61", 1), "minimum"),
        (lambda text: text.replace("public_id", "id", 1), "Label"),
    ],
)
def test_frictionless_finds_a_file_that_differs_from_its_description(
    tmp_path: Path, spoil: Callable[[str], str], complaint: str
) -> None:
    package = local_package("incidents", tmp_path)
    resource = package["resources"][0]
    resource.pop("bytes")
    path = Path(resource["path"])
    spoiled = spoil(path.read_bytes().decode())
    assert spoiled.encode() != path.read_bytes()
    path.write_bytes(spoiled.encode())

    found = messages(package_report(package))

    assert any(complaint in message for message in found), found


# --- CSV on the Web ---


def csvw_reading(document: dict[str, Any], folder: Path) -> tuple[Any, bool]:
    """A file read through its metadata, and whether the two fit."""
    from csvw import CSVW

    text = json.dumps(document)
    for table in document["tables"]:
        text = text.replace(table["url"], save(table["url"], folder).name)
    path = folder / "csv-metadata.json"
    path.write_text(text)
    with warnings.catch_warnings():
        warnings.simplefilter("always")  # it counts its own
        read = CSVW(str(path), validate=True)
        return read, read.is_valid


def test_csvw_reads_every_file_through_its_metadata(tmp_path: Path) -> None:
    for slug in slugs_released():
        read, fits = csvw_reading(fetch_json(f"/data/{slug}/csv-metadata.json"), tmp_path)

        assert fits, f"{slug}: {[str(w.message) for w in read.warnings]}"
        rows = list(read.tables[0])
        assert tuple(rows[0]) == DATASETS[slug].columns


def no_such_column(document: Any) -> None:
    document["tables"][0]["tableSchema"]["columns"][1]["name"] = "nothing"
    document["tables"][0]["tableSchema"]["columns"][1]["titles"] = "nothing"


def all_numbers(document: Any) -> None:
    document["tables"][0]["tableSchema"]["columns"][1]["datatype"] = "integer"


def one_key_for_many(document: Any) -> None:
    document["tables"][0]["tableSchema"]["primaryKey"] = ["category"]


@pytest.mark.parametrize("breaking", [no_such_column, all_numbers, one_key_for_many])
def test_csvw_refuses_metadata_that_do_not_fit_the_file(
    tmp_path: Path, breaking: Callable[[Any], None]
) -> None:
    document = broken(fetch_json("/data/incidents/csv-metadata.json"), breaking)

    try:
        _read, fits = csvw_reading(document, tmp_path)
    except ValueError:
        return  # some faults it tells, others it raises

    assert not fits


# --- Croissant ---


def croissant(document: Any, folder: Path) -> Any:
    import mlcroissant

    # Beside the document, so that nothing is kept in the home folder of whoever tests.
    files = {f["@id"]: str(save(f["contentUrl"], folder)) for f in document["distribution"]}
    return mlcroissant.Dataset(document, mapping=files)


def test_mlcroissant_reads_the_records_of_every_dataset(tmp_path: Path) -> None:
    for slug in slugs_released():
        dataset = croissant(fetch_json(f"/data/{slug}/croissant.json"), tmp_path)

        assert dataset.metadata.ctx.issues.report() == ""
        records = list(dataset.records(slug))
        assert len(records) == Dataset.objects.get(slug=slug).current.n_rows
        assert tuple(records[0]) == tuple(f"{slug}/{name}" for name in DATASETS[slug].columns)


@pytest.mark.parametrize(
    "breaking",
    [
        lambda d: d["distribution"][0].pop("sha256"),
        lambda d: d["distribution"][0].pop("encodingFormat"),
        lambda d: d["recordSet"][0]["field"][0]["source"]["fileObject"].update({"@id": "none.csv"}),
    ],
)
def test_mlcroissant_refuses_a_broken_description(
    tmp_path: Path, breaking: Callable[[Any], None]
) -> None:
    import mlcroissant

    document = broken(fetch_json("/data/areas/croissant.json"), breaking)

    with pytest.raises(mlcroissant.ValidationError):
        croissant(document, tmp_path)


# --- schema.org ---


def test_structured_data_say_what_dataset_search_asks_for() -> None:
    """What Google's guide demands and recommends, read as a graph; its own test is a service of theirs."""
    import rdflib

    schema = rdflib.Namespace("https://schema.org/")
    for slug in slugs_released():
        address = f"/data/{slug}/croissant.json"
        graph = as_graph(address, fetch(address))
        (one,) = graph.subjects(rdflib.RDF.type, schema.Dataset)

        assert str(one) == f"http://testserver/data/{slug}/"
        assert 50 <= len(str(graph.value(one, schema.description))) <= 5000
        for name in ("name", "license", "creator", "url", "version", "includedInDataCatalog"):
            assert graph.value(one, schema[name]) is not None, f"{slug}: {name}"
        for file in graph.objects(one, schema.distribution):
            assert str(graph.value(file, schema.contentUrl)).startswith("http://testserver/data/")
            assert graph.value(file, schema.encodingFormat)
        box = graph.value(
            graph.value(graph.value(one, schema.spatialCoverage), schema.geo), schema.box
        )
        south, west, north, east = map(float, str(box).split())
        assert -90 <= south < north <= 90
        assert -180 <= west < east <= 180
        if "starts_at" in DATASETS[slug].columns:
            assert "/" in str(graph.value(one, schema.temporalCoverage))
