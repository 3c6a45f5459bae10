"""The description is true: validators say that it is one, and machines that follow it are never surprised."""

from __future__ import annotations

import json
from typing import Any

import yaml
from django.test import Client
from openapi_spec_validator import OpenAPIV31SpecValidator

from portal.api.parameters import parameters_of
from portal.api.problems import KINDS
from portal.feeds.dictionary import DATASETS


def described(api: Client) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(api.get("/api/v1/openapi.json").content)
    return document


def test_a_validator_calls_it_openapi_3_1_in_both_forms(api: Client) -> None:
    document = described(api)

    assert document["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(document).validate()
    assert yaml.safe_load(api.get("/api/v1/openapi.yaml").content) == document


def test_it_names_every_door_and_every_column(api: Client) -> None:
    document = described(api)

    for slug, spec in DATASETS.items():
        base = f"/api/v1/datasets/{slug}/"
        doors = [path for path in document["paths"] if path.startswith(base)]
        assert len(doors) == (8 if len(spec.key) == 1 else 7)
        asked = document["paths"][f"{base}rows"]["get"]["parameters"]
        known = document["components"]["parameters"]
        names = [known[parameter["$ref"].rpartition("/")[2]]["name"] for parameter in asked]
        assert names == list(parameters_of(slug, "rows"))
    names = [op["operationId"] for path in document["paths"].values() for op in path.values()]
    assert len(names) == len(set(names))


def test_the_page_for_people_explains_every_door_and_every_error(api: Client) -> None:
    response = api.get("/api/v1/docs/")

    page = response.content.decode()
    assert "http" not in page.partition("<script")[2].partition(">")[0]
    for kind in KINDS:
        assert f'id="problem-{kind}"' in page
    for path in described(api)["paths"]:
        assert path in page
