"""What OGC API Features Part 1 requires (its abstract tests, by the names it gives them), of every collection."""

from __future__ import annotations

import datetime as dt
import re
from html import unescape
from itertools import product
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from portal.api import limits
from portal.city import the_city
from portal.feeds import contract
from portal.feeds.contract import Change
from portal.models import PublishedArea, PublishedIncident, Release
from portal.ogc.asking import CRS84
from portal.ogc.documents import extent
from tests.factories.released import release_of, released_city

pytestmark = pytest.mark.usefixtures("city_db")

RELEASED = ("incidents", "gunfire", "places", "cells", "areas")
ITEMS = "/ogc/collections/incidents/items"


@pytest.fixture
def client(city_db: None) -> Client:
    released_city()
    return Client()


def read(client: Client, path: str, **query: str) -> dict[str, Any]:
    response = client.get(path, query)
    assert response.status_code == 200, response.content
    document: dict[str, Any] = response.json()
    return document


def links(document: dict[str, Any], rel: str) -> list[dict[str, Any]]:
    assert all({"href", "rel", "type"} <= set(link) for link in document["links"])
    return [link for link in document["links"] if link["rel"] == rel]


def test_root_success(client: Client) -> None:
    document = read(client, "/ogc/")

    for rel in ("self", "alternate", "service-desc", "service-doc", "conformance", "data"):
        assert links(document, rel), rel


def test_api_definition_success(client: Client) -> None:
    document = read(client, "/ogc/")

    for rel in ("service-desc", "service-doc"):
        (link,) = links(document, rel)
        answer = client.get(link["href"], headers={"accept": link["type"]})
        assert answer.status_code == 200
        assert answer["Content-Type"].partition(";")[0] == link["type"].partition(";")[0]


ADDRESSES = [
    "",
    "conformance",
    "api",
    "collections",
    "collections/areas",
    "collections/areas/items",
    "collections/areas/items/north",
]


def test_query_param_unknown(client: Client) -> None:
    for path in ADDRESSES:
        response = client.get(f"/ogc/{path}?surprise=1")

        assert response.status_code == 400, path
        assert response.headers["Content-Type"] == "application/problem+json"
        assert "surprise" in response.json()["detail"]


def test_fc_md_success(client: Client) -> None:
    document = read(client, "/ogc/collections")

    assert links(document, "self")
    assert links(document, "alternate")
    assert {entry["id"] for entry in document["collections"]} == set(RELEASED)
    for entry in document["collections"]:
        assert {link["type"] for link in links(entry, "items")} == {
            "application/geo+json",
            "text/html",
        }
        alone = read(client, f"/ogc/collections/{entry['id']}")
        for name in ("id", "title", "description", "extent"):
            assert alone[name] == entry[name]
        for rel in ("self", "alternate", "license", "describedby"):
            assert links(alone, rel), rel


def test_fc_md_extent(client: Client) -> None:
    for slug in RELEASED:
        told = read(client, f"/ogc/collections/{slug}")["extent"]
        (box,) = told["spatial"]["bbox"]
        (interval,) = told.get("temporal", {"interval": [[None, None]]})["interval"]

        for feature in read(client, f"/ogc/collections/{slug}/items", limit="1000")["features"]:
            for lon, lat in points_of(feature["geometry"]):
                assert box[0] <= lon <= box[2]
                assert box[1] <= lat <= box[3]
            if "starts_at" in feature["properties"]:
                assert interval[0] <= feature["properties"]["starts_at"]
                assert feature["properties"]["ends_at"] <= interval[1]


def points_of(geometry: dict[str, Any] | None) -> list[list[float]]:
    assert geometry is None or geometry["type"] == "Polygon"
    return [point for ring in (geometry or {"coordinates": []})["coordinates"] for point in ring]


def test_an_extent_follows_the_areas(client: Client) -> None:
    before = extent("places", 1)["spatial"]["bbox"]
    PublishedArea.objects.filter(slug="old-mill-park").update(
        geometry={"type": "Polygon", "coordinates": [[[-99, 39], [-98, 39], [-98, 40], [-99, 39]]]}
    )
    release_of("areas", number=2)

    assert extent("places", 1)["spatial"]["bbox"] == [[-99, 39, -98, 40]] != before


def test_parameters_are_defined_as_wanted(client: Client) -> None:
    """fc-limit-definition, fc-bbox-definition, fc-time-definition."""
    for slug in RELEASED:
        document = read(client, "/ogc/api")
        known = document["components"]["parameters"]
        asked = document["paths"][f"/collections/{slug}/items"]["get"]["parameters"]
        named = {
            p["$ref"].rpartition("/")[2]: known[p["$ref"].rpartition("/")[2]]
            for p in asked
            if "$ref" in p
        }

        for name in ("limit", "bbox", "datetime"):
            told = named[name]
            assert (told["in"], told["required"], told["style"], told["explode"]) == (
                "query",
                False,
                "form",
                False,
            )
        assert named["limit"]["schema"] == {
            "type": "integer",
            "minimum": 1,
            "maximum": 10_000,
            "default": 100,
        }
        assert named["bbox"]["schema"]["type"] == "array"
        assert (named["bbox"]["schema"]["minItems"], named["bbox"]["schema"]["maxItems"]) == (4, 6)
        assert named["datetime"]["schema"] == {"type": "string"}


def test_fc_limit_response(client: Client) -> None:
    """More than the maximum is no error."""
    for limit in ("10001", "0000000002", "9" * 5_000):
        document = read(client, ITEMS, limit=limit)

        assert (
            document["numberReturned"]
            == len(document["features"])
            == (2 if limit[-1] == "2" else 19)
        )


def test_fc_bbox_response(client: Client) -> None:
    def slugs(box: str) -> set[str]:
        document = read(client, "/ogc/collections/areas/items", bbox=box)
        assert document["numberMatched"] == len(document["features"])
        return {feature["id"] for feature in document["features"]}

    north = slugs("-98.6199,39.8001,-98.6198,39.8002")

    assert north == {"north", "north-1", "testville"}
    assert slugs("-98.6199,39.8001,0,-98.6198,39.8002,900") == north  # with heights
    assert slugs("0,0,1,1") == set()
    # Across the antimeridian: from 170 degrees east to just west of the middle of the city.
    assert slugs("170,39.8001,-98.6198,39.8002") == north
    assert slugs("170,39.8001,-170,39.8002") == set()


@pytest.mark.parametrize("slug", ["incidents", "gunfire"])
@pytest.mark.parametrize("box", ["0,0,1,1", "-98.6199,39.8001,-98.6198,39.8002", "-180,-90,180,90"])
def test_fc_bbox_response_of_what_has_no_shape(client: Client, slug: str, box: str) -> None:
    """Every box finds it; what has a shape is found by boxes that its own overlaps."""
    PublishedIncident.objects.filter(precision="district").update(cell_code="")
    everything = read(client, f"/ogc/collections/{slug}/items", limit="1000")["features"]
    west, south, east, north = map(float, box.split(","))

    found = read(client, f"/ogc/collections/{slug}/items", bbox=box, limit="1000")
    shaped = read(
        client, f"/ogc/collections/{slug}/items", bbox=box, limit="1000", precision="place"
    )

    def meets(feature: dict[str, Any]) -> bool:
        lons, lats = zip(*points_of(feature["geometry"]), strict=True)
        return min(lons) <= east and max(lons) >= west and min(lats) <= north and max(lats) >= south

    wanted = {f["id"] for f in everything if f["geometry"] is None or meets(f)}
    assert {f["id"] for f in found["features"]} == wanted
    assert found["numberMatched"] == len(wanted)
    assert {f["id"] for f in shaped["features"]} == {
        f["id"] for f in everything if f["properties"]["precision"] == "place" and meets(f)
    }
    if slug == "incidents":
        n_shapeless = sum(f["geometry"] is None for f in everything)
        assert n_shapeless == 2
        assert len(wanted) == n_shapeless or box != "0,0,1,1"


TIMES = [
    ("2026-10-05T12:00:00Z", "2026-10-05T12:00:00Z", "2026-10-05T12:00:00Z"),
    ("2026-10-03", "2026-10-03T05:00:00Z", "2026-10-04T04:59:59.999999Z"),  # a day of the city
    ("2026-10-03/2026-10-04", "2026-10-03T05:00:00Z", "2026-10-05T04:59:59.999999Z"),
    ("2026-10-03T07:00:00+01:00/..", "2026-10-03T06:00:00Z", "2100-01-01T00:00:00Z"),
    ("2026-10-03T06:00:00Z/", "2026-10-03T06:00:00Z", "2100-01-01T00:00:00Z"),
    ("../2026-08-03T06:00:00Z", "1900-01-01T00:00:00Z", "2026-08-03T06:00:00Z"),
    ("/2026-08-03T06:00:00Z", "1900-01-01T00:00:00Z", "2026-08-03T06:00:00Z"),
    ("2026-11-01", "2026-11-01T05:00:00Z", "2026-11-02T05:59:59.999999Z"),  # of 25 hours
]


def test_fc_time_response(client: Client) -> None:
    for asked, since, until in TIMES:
        since_at, until_at = (dt.datetime.fromisoformat(text) for text in (since, until))
        everything = read(client, ITEMS, limit="1000")["features"]

        found = read(client, ITEMS, datetime=asked)["features"]

        assert {f["id"] for f in found} == {
            f["id"]
            for f in everything
            if dt.datetime.fromisoformat(f["properties"]["starts_at"]) <= until_at
            and dt.datetime.fromisoformat(f["properties"]["ends_at"]) > since_at
        }, asked
        # What has no time is not left out by one.
        assert read(client, "/ogc/collections/areas/items", datetime=asked)["numberMatched"] == 8


def test_bbox_and_datetime_together_select_what_both_do(client: Client) -> None:
    box, time = "-98.6151,39.7899,-98.6139,39.7911", "2026-10-01/2026-10-02"
    both, by_box, by_time = (
        {f["id"] for f in read(client, ITEMS, **asked)["features"]}
        for asked in ({"bbox": box, "datetime": time}, {"bbox": box}, {"datetime": time})
    )

    assert both == by_box & by_time
    assert both
    assert both < by_box


def test_fc_response_and_links(client: Client) -> None:
    """fc-response, fc-links, fc-rel-type, fc-numberMatched, fc-numberReturned, crs84."""
    for slug in RELEASED:
        response = client.get(f"/ogc/collections/{slug}/items?limit=2")
        document = response.json()

        assert response["Content-Type"] == "application/geo+json"
        assert response["Content-Crs"] == f"<{CRS84}>"
        assert document["type"] == "FeatureCollection"
        for rel in ("self", "alternate", "next", "collection"):
            (link,) = links(document, rel)
            assert client.get(link["href"]).status_code == 200
        again = client.get(links(document, "self")[0]["href"]).json()
        assert again["features"] == document["features"]
        assert (document["numberReturned"], len(document["features"])) == (2, 2)
        total, page = 2, document
        while onward := links(page, "next"):
            page = client.get(onward[0]["href"]).json()
            total += page["numberReturned"]
        assert total == document["numberMatched"]
        # A repeated question has the same answer to the letter: no time of answering is in it.
        assert "timeStamp" not in document


def test_f_success_and_links(client: Client) -> None:
    for slug in RELEASED:
        (feature,) = read(client, f"/ogc/collections/{slug}/items", limit="1")["features"]
        response = client.get(f"/ogc/collections/{slug}/items/{feature['id']}")
        document = response.json()

        assert response["Content-Type"] == "application/geo+json"
        assert {name: document[name] for name in feature} == feature
        for rel in ("self", "alternate", "collection"):
            assert client.get(links(document, rel)[0]["href"]).status_code == 200


def test_the_link_of_an_old_feature_to_itself_stays_in_its_release(client: Client) -> None:
    (feature,) = read(client, ITEMS, limit="1")["features"]
    release_of("incidents", number=2)

    old = read(client, f"{ITEMS}/{feature['id']}", release="1")
    (link,) = links(old, "self")

    assert client.get(link["href"]).json() == old
    assert old["release"] == 1


def test_html_content(client: Client) -> None:
    """All that the JSON says stands in the page, links as links."""
    for path in (
        "",
        "collections",
        "collections/areas",
        "collections/areas/items",
        "collections/areas/items/north",
    ):
        document = read(client, f"/ogc/{path}")
        page = unescape(client.get(f"/ogc/{path}", {"f": "html"}).content.decode())
        hrefs = set(re.findall(r'href="([^"]+)"', page))
        for part in (document, *document.get("collections", [])):
            wanted = {
                link["href"]
                for link in part.get("links", [])
                if link["rel"] not in ("self", "alternate")
            }
            assert wanted <= hrefs, path
            for name in ("description", "attribution", "title"):
                assert part.get(name, "") in page
            for box in part.get("extent", {}).get("spatial", {}).get("bbox", []):
                assert ", ".join(map(str, box)) in page
        for feature in document.get("features", []):
            assert str(feature["geometry"]["coordinates"]) in page


# --- manners ---


def refused(response: Any, status: int) -> str:
    assert response.status_code == response.json()["status"] == status
    assert response["Content-Type"] == "application/problem+json"
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response["Cache-Control"] == "no-store"
    assert "ETag" not in response
    detail: str = response.json()["detail"]
    return detail


def test_a_withdrawn_release_is_gone_and_says_why(client: Client) -> None:
    release_of("gunfire", number=2)
    Release.objects.filter(dataset__slug="gunfire", number=1).update(
        state=Release.State.WITHDRAWN, withdrawn_reason="a sensor was misplaced"
    )

    response = client.get("/ogc/collections/gunfire/items?release=1")

    assert "a sensor was misplaced" in refused(response, 410)


def test_before_the_first_release_there_is_no_collection(city_db: None) -> None:
    client = Client()

    assert read(client, "/ogc/collections")["collections"] == []
    assert read(client, "/ogc/")["links"]
    assert "no release" in refused(client.get(ITEMS), 404)


def test_a_method_that_writes_is_a_problem(client: Client) -> None:
    for path, method in product(("/ogc/", ITEMS), (client.post, client.put, client.delete)):
        response = method(path)

        assert response.status_code == 405
        assert response["Content-Type"] == "application/problem+json"
        assert response["Access-Control-Allow-Origin"] == "*"
        assert response["Allow"] == "GET, HEAD, OPTIONS"


def test_a_browser_may_ask_before_it_asks(client: Client) -> None:
    response = client.options(ITEMS, headers={"origin": "https://example.org"})

    assert response.status_code == 204
    assert response["Access-Control-Allow-Origin"] == "*"
    assert "GET" in response["Access-Control-Allow-Methods"]


def test_a_database_that_cannot_answer_says_nothing_of_itself(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OperationalError("SELECT secret")

    monkeypatch.setattr("portal.ogc.views.page_of", fail)

    response = client.get(ITEMS)

    assert "secret" not in refused(response, 503)
    assert response["Retry-After"]


def test_who_asks_too_much_is_told_when_to_go_on(
    client: Client, redis_url: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.REDIS_URL = redis_url
    monkeypatch.setattr(limits, "QUOTA", 2)
    monkeypatch.setattr(limits.time, "time", lambda: 1_800_000_061.0)

    answers = [client.get(ITEMS, REMOTE_ADDR="203.0.113.8") for _ in range(3)]
    known = client.get(
        ITEMS, REMOTE_ADDR="203.0.113.8", headers={"if-none-match": answers[0]["ETag"]}
    )

    assert [a["RateLimit"] for a in answers] == [f'"reads";r={n};t=5' for n in (1, 0, 0)]
    refused(answers[2], 429)
    assert answers[2]["Retry-After"] == "5"
    assert "RateLimit" in answers[0]["Access-Control-Expose-Headers"]
    assert known.status_code == 304  # costs nothing, and is not counted


def test_a_column_that_ends_is_announced(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    day = contract.today()
    soon = Change("incidents", "removed", "category", day, day + contract.NOTICE, "a test")
    monkeypatch.setattr(contract, "CHANGES", (soon,))

    told = client.get(ITEMS)

    assert told["Deprecation"] == f"@{contract.midnight(day).timestamp():.0f}"
    assert told["Sunset"].endswith(" GMT")
    assert "Sunset" not in client.get("/ogc/collections/areas/items")
    assert the_city().zone.key == "America/Chicago"  # of the days above
