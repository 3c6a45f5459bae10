"""What cannot be asked is refused in one shape, and nothing private can be asked at all."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from django.apps import apps
from django.db import OperationalError
from django.http import QueryDict
from django.test import Client

from portal.api.middleware import LONGEST_ADDRESS
from portal.api.problems import ProblemError
from portal.api.questions import read_question
from portal.feeds.areas import Areas
from portal.feeds.dictionary import DATASETS
from portal.models import PublishedIncident, Release
from tests.factories.released import release_of

ROWS = "/api/v1/datasets/incidents/rows"
FORM = "application/x-www-form-urlencoded"


def problem_of(response: Any, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response["Cache-Control"] == "no-store"
    problem: dict[str, Any] = json.loads(response.content)
    assert {"type", "title", "status", "detail"} <= set(problem)
    assert problem["status"] == status
    assert "/api/v1/docs/#problem-" in problem["type"]
    return problem


@pytest.mark.parametrize(
    ("asked", "parameter", "said"),
    [
        ("categorie=theft", "categorie", "wanted some of public_id, category"),
        ("category=murder", "category", "wanted one of theft,"),
        ("category=", "category", "wanted one of theft,"),
        ("district=nowhere", "district", "wanted one of north, south"),
        ("area=old-mill-park", "area", "wanted one of testville, north, south"),
        ("stands_for_addresses=many", "stands_for_addresses", "a whole number"),
        ("stands_for_addresses=99999999999999999999", "stands_for_addresses", "a whole number"),
        ("min_longitude=NaN", "min_longitude", "a number"),
        ("min_longitude=1e999", "min_longitude", "a number"),
        ("since=yesterday", "since", "a date such as"),
        ("since=2026-02-30", "since", "a date such as"),
        ("since=0001-01-01T00:00:00%2B23:00", "since", "a date such as"),
        ("since=2026-10-01T00:00", "since", "a date such as"),
        ("bbox=1,2,3", "bbox", "west,south,east,north"),
        ("bbox=2,2,1,3", "bbox", "west of east"),
        ("bbox=1,1,nan,2", "bbox", "west,south,east,north"),
        ("sort=random", "sort", "one of newest, oldest, id"),
        ("fields=public_id,narrative", "fields", "one of public_id"),
        ("limit=0", "limit", "from 1 to 1000"),
        ("limit=1001", "limit", "from 1 to 1000"),
        ("limit=ten", "limit", "a whole number"),
        ("limit=", "limit", "got nothing; wanted a whole number"),
        ("min_longitude=", "min_longitude", "got nothing; wanted a number"),
        ("limit=5&limit=6", "limit", "it once"),
        ("format=xlsx", "format", "one of json, geojson, csv, ndjson"),
        ("cursor=abc", None, "did not make"),
        ("as_of=soon", "as_of", "wanted the number of a release"),
        ("as_of=9999-12-31", "as_of", "wanted the number of a release"),
        ("period=%00", "period", "match"),
        ("period=2026-W41%0A", "period", "match"),
        ("period=", "period", "match"),
        ("place=a%0Ab", "place", "match"),
        ("place=N-0,zzz", "place", "got 'zzz'; wanted a code of the dataset places"),
        ("place_code=N-W", "place_code", "wanted a code of the dataset places"),
        ("cell=N-0", "cell", "wanted a code of the dataset cells"),
        ("cell_code=zzz", "cell_code", "wanted a code of the dataset cells"),
        ("since=2026-11-01&until=2026-10-01", "until", "wanted a moment after since, 2026-11-01"),
        ("since=2026-10-01&until=2026-10-01", "until", "it is not part of the window"),
        (
            "since=2026-10-01T06:00:00Z&until=2026-10-01T06:00:00Z",
            "until",
            "wanted a moment after since",
        ),
        ("min_longitude=2&max_longitude=1", "max_longitude", "no less than min_longitude, 2"),
        ("public_id=" + "a" * 5000, "public_id", "at most 96"),
    ],
)
def test_what_cannot_be_asked_is_told_with_what_can(
    api: Client, asked: str, parameter: str | None, said: str
) -> None:
    problem = problem_of(api.get(f"{ROWS}?{asked}"), 400)

    assert said in problem["detail"]
    assert problem.get("parameter") == parameter
    assert len(problem["detail"]) < 1500


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/api/", 404),
        ("/api/v2/", 404),
        ("/api/v1/datasets/secrets/rows", 404),
        ("/api/v1/datasets/incidents/rows/" + "0" * 24, 404),
        ("/api/v1/datasets/incidents/releases/2/", 404),
        ("/api/v1/datasets/incidents/releases/99999999999/", 404),
        (f"{ROWS}?as_of=2", 404),
        (f"{ROWS}?as_of=2020-01-01", 404),
        ("/api/v1/a%0Ab", 404),
        ("/ogc/a%0Ab", 404),
        (f"{ROWS}/%00", 400),
        ("/api/police-uk/outcomes-for-crime/%00", 400),
    ],
)
def test_what_is_not_there_is_not_found(api: Client, address: str, status: int) -> None:
    problem_of(api.get(address), status)


@pytest.mark.parametrize("address", ["/api/v1/", "/ogc/"])
def test_a_host_that_is_not_ours_is_told_so_in_the_same_shape(api: Client, address: str) -> None:
    problem_of(api.get(address, headers={"host": "evil.example"}), 400)


@pytest.mark.parametrize("text", ["\0", "\ud800"])
def test_a_forged_cursor_breaks_nothing(api: Client, text: str) -> None:
    cursor = api.get(f"{ROWS}?limit=1&sort=id").json()["next"].rpartition("cursor=")[2]
    question, _ = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    forged = base64.urlsafe_b64encode(json.dumps([question, text]).encode()).decode().rstrip("=")

    problem_of(api.get(f"{ROWS}?limit=1&sort=id&cursor={forged}"), 400)


@pytest.mark.parametrize(
    ("address", "where"),
    [
        (f"{ROWS}?limit=317", "portal.api.middleware.resolve"),
        ("/ogc/areas", "django.middleware.common.CommonMiddleware.process_request"),
    ],
)
def test_a_fault_before_the_doors_is_told_in_the_same_shape(
    api: Client, monkeypatch: pytest.MonkeyPatch, address: str, where: str
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("the secret")

    api.raise_request_exception = False
    monkeypatch.setattr(where, fail)

    assert "secret" not in json.dumps(problem_of(api.get(address), 500))


@pytest.mark.parametrize("address", ["/api/police-uk/crimes-street/all-crime", "/api/v1/webhooks/"])
def test_a_body_that_is_too_large_is_told_so(api: Client, settings: Any, address: str) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100

    response = api.post(address, "poly=" + "1" * 500, content_type=FORM)

    problem_of(response, 413)


def test_a_form_of_another_kind_is_told_which(api: Client) -> None:
    response = api.post(
        "/api/police-uk/crimes-street/all-crime", "{}", content_type="application/json"
    )

    assert FORM in problem_of(response, 415)["detail"]


def test_a_forgotten_slash_is_led_to_the_right_address(api: Client) -> None:
    assert api.get("/api/v1/datasets/incidents")["Location"] == "/api/v1/datasets/incidents/"
    assert api.get(f"{ROWS}/?limit=1")["Location"] == f"{ROWS}?limit=1"


def test_a_door_says_which_methods_and_forms_it_knows(api: Client) -> None:
    for method in (api.post, api.put, api.patch, api.delete):
        response = method(ROWS)
        assert "GET, HEAD, OPTIONS" in problem_of(response, 405)["detail"]
        assert response["Allow"] == "GET, HEAD, OPTIONS"
    page = api.post("/api/v1/docs/")
    assert (page.status_code, page["Content-Type"]) == (405, "application/problem+json")
    problem_of(api.get(ROWS, headers={"accept": "image/png"}), 406)
    assert api.get(f"{ROWS}?format=csv", headers={"accept": "image/png"}).status_code == 200


def test_a_retired_row_is_as_unknown_as_one_that_never_was(api: Client) -> None:
    gone, *_ = PublishedIncident.objects.values_list("public_id", flat=True)
    PublishedIncident.objects.filter(public_id=gone).update(retired_release=2)
    release_of("incidents", number=2)

    retired, never = (api.get(f"{ROWS}/{name}") for name in (gone, "f" * 24))

    assert problem_of(retired, 404) == problem_of(never, 404)
    assert dict(retired.headers) == dict(never.headers)
    old = api.get(f"{ROWS}/{gone}?as_of=1")
    assert old.json()["row"]["public_id"] == gone
    problem_of(api.get(f"{ROWS}/{gone}?as_of=2"), 404)


def test_a_rejected_release_is_as_unknown_as_one_that_never_was(api: Client) -> None:
    release_of("gunfire", number=2, state=Release.State.REJECTED)

    address = "/api/v1/datasets/gunfire/releases/{}/"
    rejected, never = (problem_of(api.get(address.format(n)), 404) for n in (2, 3))

    assert rejected["detail"].replace("2", "3") == never["detail"]
    listed = api.get("/api/v1/datasets/gunfire/releases/").json()["releases"]
    assert [release["number"] for release in listed] == [1]


def test_a_withdrawn_release_is_gone_and_says_why(api: Client) -> None:
    release_of("gunfire", number=2)
    Release.objects.filter(dataset__slug="gunfire", number=1).update(
        state=Release.State.WITHDRAWN, withdrawn_reason="a sensor was misplaced"
    )

    for address in (
        "/api/v1/datasets/gunfire/releases/1/",
        "/api/v1/datasets/gunfire/rows?as_of=1",
    ):
        assert "a sensor was misplaced" in problem_of(api.get(address), 410)["detail"]


def private_columns() -> set[str]:
    """Every column of the private apps' tables that no public table has."""
    private = {
        field.name
        for app in ("incidents", "sensors", "community", "publication")
        for model in apps.get_app_config(app).get_models()
        for field in model._meta.get_fields()
    }
    return private - {column for spec in DATASETS.values() for column in spec.columns}


def refuses(slug: str, door: str, asked: str) -> bool:
    try:
        read_question(QueryDict(asked), slug, door, release=1, areas=Areas({}, {}))
    except ProblemError as problem:
        return problem.kind == "question"
    return False


@pytest.mark.parametrize("slug", DATASETS)
def test_no_private_column_can_be_named_anywhere(slug: str) -> None:
    # Words that mean something else here than there.
    own = {"area", "place", "cell", "limit", "format", "month"}
    names = private_columns() - own | {"first_release", "retired_release", "verification"}
    assert len(names) > 150
    for name in names:
        for asked in (
            f"{name}=1",
            f"min_{name}=1",
            f"max_{name}=",
            f"sort={name}",
            f"fields={name}",
        ):
            assert refuses(slug, "rows", asked) or asked == "sort=id", asked
        assert refuses(slug, "groups", f"by={name}"), name
        assert refuses(slug, "facets", f"{name}=1"), name


@pytest.mark.parametrize("error", [OperationalError("statement timeout: SELECT secret")])
def test_a_database_that_cannot_answer_says_nothing_of_itself(
    api: Client, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise error

    monkeypatch.setattr("portal.api.answers.page_of", fail)

    response = api.get(ROWS)

    assert "secret" not in json.dumps(problem_of(response, 503))
    assert response["Retry-After"]


def test_a_fault_of_ours_says_nothing_of_itself(
    api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("the secret")

    monkeypatch.setattr("portal.api.answers.page_of", fail)

    assert "secret" not in json.dumps(problem_of(api.get(ROWS), 500))


@pytest.mark.parametrize("path", [ROWS, "/ogc/collections/incidents/items", "/api/no/such"])
def test_an_address_that_is_too_long_is_refused_like_anything_else(api: Client, path: str) -> None:
    longest = f"{path}?{'a' * (LONGEST_ADDRESS - len(path))}"

    for method in ("GET", "HEAD", "POST", "OPTIONS"):
        refused = api.generic(method, f"{longest}b")

        assert refused.status_code == 414
        assert method == "HEAD" or "32768 bytes" in problem_of(refused, 414)["detail"]
        assert api.generic(method, longest).status_code != 414
