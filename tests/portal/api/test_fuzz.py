"""A machine asks whatever the description allows, and some of what it does not: no answer surprises it."""

from __future__ import annotations

import contextlib
import json
import os
from typing import Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# More where somebody has the time: DAYLIGHT_FUZZ=200 python -m pytest ... test_fuzz.py
FEW = 2
EXAMPLES = int(os.environ.get("DAYLIGHT_FUZZ", FEW))


# Doors of the other datasets are the same code with other columns; all of them where there is time.
SAMPLE = ("incidents", "sensitive-totals", "catalogue", "police-uk")
# Description, and the address that its paths follow.
DESCRIBED = {"/api/v1/openapi.json": "", "/ogc/api": "/ogc"}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("address", DESCRIBED)
def test_nothing_that_can_be_asked_breaks_an_answer_or_the_description(
    api: Client, address: str, mode: GenerationMode
) -> None:
    document = json.loads(api.get(address).content)
    schema = schemathesis.openapi.from_dict(document)
    schema.app = get_wsgi_application()
    schema.config.update(base_url=f"http://localhost{DESCRIBED[address]}")
    asked: list[int] = []

    for found in schema.get_all_operations():
        operation = found.ok()
        if EXAMPLES > FEW or set(operation.tags or ()) & set(SAMPLE):
            asked += statuses_of(operation, mode)

    assert len(asked) > 10
    assert (200 if mode is GenerationMode.POSITIVE else 400) in asked


def statuses_of(operation: Any, mode: GenerationMode) -> list[int]:
    """Ask a door a few questions that a generator makes of its description, and check each answer against it."""
    statuses: list[int] = []

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        # Its client for WSGI says that it reads gzip, and does not.
        response = case.call(headers={"Accept-Encoding": "identity"})
        case.validate_response(response, checks=CHECKS)
        statuses.append(response.status_code)

    with contextlib.suppress(Unsatisfiable):  # a door that nothing wrong can be asked of
        ask()
    return statuses
