"""Clients that nobody here wrote read every collection; what they ask is answered as by hand."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
import warnings
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from openapi_spec_validator import validate

from portal.feeds.dictionary import DATASETS
from portal.feeds.renderers import plain
from portal.feeds.rows import rows_of
from portal.models import Release
from portal.ogc.documents import collections
from tests.factories.released import release_of, released_city
from tests.serving import served

pytestmark = pytest.mark.usefixtures("city_db")


@pytest.fixture
def client(city_db: None) -> Client:
    released_city()
    return Client()


@pytest.fixture
def site(city_db: None, settings: Any) -> Iterator[str]:
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    released_city()
    with served() as address:
        yield f"{address}/ogc/"


def rows(slug: str) -> list[dict[str, Any]]:
    return [row for row, _ in rows_of(Release.objects.get(dataset__slug=slug))]


def features(client: Client, slug: str, **query: Any) -> list[dict[str, Any]]:
    """Every feature, through the links to the next page."""
    found: list[dict[str, Any]] = []
    url = f"/ogc/collections/{slug}/items"
    while True:
        document = client.get(url, query).json()
        found += document["features"]
        assert document["numberReturned"] == len(document["features"])
        onward = [link["href"] for link in document["links"] if link["rel"] == "next"]
        if not onward:
            assert document["numberMatched"] == len(found)
            return found
        url, query = onward[0], {}


# --- other people's clients ---


def test_owslib_finds_and_reads_every_collection(site: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from owslib.ogcapi.features import Features

    service = Features(site)

    assert {c.rsplit("/", 1)[1] for c in service.conformance()["conformsTo"]} == {
        "core", "geojson", "oas30", "html",
    }  # fmt: skip
    known = {slug for slug in collections() if Release.objects.filter(dataset__slug=slug).exists()}
    assert set(service.feature_collections()) == known
    for slug in known:
        found = service.collection_items(slug, limit=1_000)
        assert found["numberMatched"] == len(rows(slug)) == len(found["features"])
        one = service.collection_item(slug, found["features"][0]["id"])
        assert one["properties"] == found["features"][0]["properties"]


GDAL = """
import json, sys
import pyogrio.raw
site, found = sys.argv[1], []
for layer, options in json.loads(sys.argv[2]):
    if "bbox" in options:
        options["bbox"] = tuple(options["bbox"])
    meta, _, shapes, columns = pyogrio.raw.read(f"OAPIF:{site}", layer=layer, **options)
    found.append({"first": [str(value) for value in columns[0]], "shapes": len(shapes)})
print(json.dumps(found))
"""


def gdal(site: str, *asked: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """What GDAL reads of layers, in a process of its own: it would not let our server's thread answer."""
    done = subprocess.run(
        [sys.executable, "-c", GDAL, site, json.dumps(asked)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return json.loads(done.stdout)


def test_gdal_reads_the_rows_of_every_collection_page_by_page_and_in_a_box(site: str) -> None:
    known = [s for s in collections() if Release.objects.filter(dataset__slug=s).exists()]
    first = {slug: DATASETS[slug].columns[0] for slug in known}
    box = (-98.6199, 39.8001, -98.6198, 39.8002)

    *whole, areas, records = gdal(
        site,
        *((slug, {"columns": [first[slug]], "PAGE_SIZE": 3}) for slug in known),
        ("areas", {"columns": ["slug"], "bbox": box}),
        ("incidents", {"columns": ["public_id"], "bbox": box, "PAGE_SIZE": 2}),
    )

    assert len(known) == 5
    for slug, found in zip(known, whole, strict=True):
        assert sorted(found["first"]) == sorted(row[first[slug]] for row in rows(slug)), slug
        assert found["shapes"] == len(rows(slug))
    assert sorted(areas["first"]) == ["north", "north-1", "testville"]
    # North's western cell. What is told for the city alone is sent too; GDAL leaves out what has no shape.
    inside = [row for row in rows("incidents") if row["cell_code"] == "N-W"]
    assert sorted(records["first"]) == sorted(r["public_id"] for r in inside)


def test_the_description_is_openapi_and_lists_what_is_served(client: Client) -> None:
    document = client.get("/ogc/api").json()

    validate(document)
    assert [path for path in document["paths"] if path.endswith("/items")] == [
        f"/collections/{slug}/items" for slug in collections()
    ]


# --- what is asked ---


def test_pages_hold_the_rows_and_shapes_of_the_release_without_repeat_or_gap(
    client: Client,
) -> None:
    for slug in ("incidents", "gunfire", "places", "cells", "areas"):
        found = features(client, slug, limit=2)

        assert [f["id"] for f in found] == [
            f["properties"][DATASETS[slug].columns[0]] for f in found
        ]
        assert Counter(json.dumps([f["properties"], f["geometry"]]) for f in found) == Counter(
            json.dumps([{k: plain(v) for k, v in row.items()}, json.loads(footprint or "null")])
            for row, footprint in rows_of(Release.objects.get(dataset__slug=slug))
        )


def test_a_reading_goes_on_in_its_release_when_a_new_one_comes_out(client: Client) -> None:
    page = client.get("/ogc/collections/incidents/items", {"limit": 2}).json()
    (onward,) = [link["href"] for link in page["links"] if link["rel"] == "next"]

    release_of("incidents", number=2)

    assert client.get(onward).json()["release"] == 1
    assert client.get("/ogc/collections/incidents/items").json()["release"] == 2


def test_columns_periods_and_ids_select(client: Client) -> None:
    everything = rows("incidents")
    category, start = everything[0]["category"], everything[0]["starts_at"]

    of_kind = features(client, "incidents", category=category)
    then = features(client, "incidents", datetime=start.isoformat())
    later = features(client, "incidents", datetime=f"{start.isoformat()}/..")

    assert {f["id"] for f in of_kind} == {
        r["public_id"] for r in everything if r["category"] == category
    }
    assert {f["id"] for f in then} == {
        r["public_id"] for r in everything if r["starts_at"] <= start < r["ends_at"]
    }
    assert {f["id"] for f in later} == {r["public_id"] for r in everything if r["ends_at"] > start}


UNASKABLE = [
        "narrative=x", "occurred_at=2026-01-01", "bbox=1,2,3", "bbox=a,b,c,d", "bbox=0,3,1,1", "bbox=",
        "bbox=1_0,0,11,1", "bbox=1,2,3,4,5", "bbox=-181,0,1,1", "bbox=200,0,1,1",
        "datetime=yesterday", "datetime=2026-02-01T00:00:00Z/2026-01-01T00:00:00Z", "datetime=",
        "datetime=2026-02-30", "datetime=2026-02-01T00:00:00", "datetime=20260201", "datetime=9999-12-31",
        "datetime=2026-02-01/2026-01-01", "datetime=2026-01-01/2026-01-02/2026-01-03", "datetime=..",
        "limit=0", "limit=x", "limit=-1", "limit=", "limit=1.5", "limit=1&limit=2", "cursor=x", "f=xml", "f=",
        "release=one", "release=", "release=0", "release=1%0A", "stands_for_addresses=many",
        "stands_for_addresses=1_0", "stands_for_addresses=nan", "stands_for_addresses=1&stands_for_addresses=2",
        "bbox-crs=EPSG:3857", "bbox=nan,0,1,1", "category=murder", "period=%00", "period=" + "a" * 201,
    ]  # fmt: skip


def test_what_cannot_be_asked_is_refused_with_a_sentence(client: Client) -> None:
    for query in UNASKABLE:
        response = client.get(f"/ogc/collections/incidents/items?{query}")

        assert response.status_code == 400, query
        assert response.headers["Content-Type"] == "application/problem+json"
        assert response.headers["Cache-Control"] == "no-store"
        assert re.match(r"([\w-]+: )?got ", response.json()["detail"])


NOWHERE = [
        "collections/secrets", "collections/sensitive-totals/items", "collections/incidents/items/no",
        "collections/incidents/items?release=9", "collections/incidents/items/%00", "collections/", "no", "no/such/thing",
        "collections/incidents/items/a/b",
    ]  # fmt: skip


def test_what_is_not_there_is_a_problem_with_404(client: Client) -> None:
    for path in NOWHERE:
        response = client.get(f"/ogc/{path}")

        assert response.status_code == 404, path
        assert response.headers["Content-Type"] == "application/problem+json"


def test_a_retired_row_is_like_one_that_never_was(client: Client) -> None:
    from portal.models import PublishedIncident

    release_of("incidents", number=2)
    row = PublishedIncident.objects.order_by("public_id")[0]
    PublishedIncident.objects.filter(pk=row.pk).update(retired_release=2)

    gone, never = (
        client.get(f"/ogc/collections/incidents/items/{public_id}")
        for public_id in (row.public_id, "f" * 24)
    )

    assert gone.status_code == never.status_code == 404
    assert gone.content.replace(row.public_id.encode(), b"f" * 24) == never.content
    was = client.get(f"/ogc/collections/incidents/items/{row.public_id}?release=1")
    assert was.status_code == 200


# --- how it is answered ---


@pytest.mark.parametrize(
    "path",
    ["", "conformance", "api", "collections", "collections/incidents", "collections/incidents/items"],
)  # fmt: skip
def test_people_get_a_page_and_programs_a_document(client: Client, path: str) -> None:
    page = client.get(f"/ogc/{path}", HTTP_ACCEPT="text/html,*/*;q=0.1")
    document = client.get(f"/ogc/{path}")

    assert page.headers["Content-Type"].startswith("text/html")
    assert json.loads(document.content)
    assert (
        client.get(f"/ogc/{path}", {"f": "html"}).headers["Content-Type"]
        == "text/html; charset=utf-8"
    )
    assert document.headers["Access-Control-Allow-Origin"] == "*"
    assert "Set-Cookie" not in document.headers
    tag = {"HTTP_IF_NONE_MATCH": document.headers["ETag"]}
    assert client.get(f"/ogc/{path}", **tag).status_code == 304
    assert client.get(f"/ogc/{path}", HTTP_ACCEPT="text/html", **tag).status_code == 200


def test_every_link_leads_somewhere(site: str) -> None:
    seen: set[str] = set()
    waiting = [site]
    while waiting:
        url = waiting.pop()
        if url in seen or not url.startswith(site) or len(seen) > 60:
            continue
        seen.add(url)
        try:
            with urllib.request.urlopen(url) as response:
                body, kind = response.read(), response.headers["Content-Type"]
        except urllib.error.HTTPError as error:
            pytest.fail(f"{url}: {error}")
        if "json" in kind:
            document = json.loads(body)
            for part in (document, *document.get("collections", [])):
                waiting += [link["href"] for link in part.get("links", [])]
    assert len(seen) > 20
