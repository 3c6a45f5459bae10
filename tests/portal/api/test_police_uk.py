"""Programs written for data.police.uk read our incidents, and are told what is not published."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest
from django.test import Client
from numpy.typing import NDArray

from portal.api.police import crimes
from portal.api.police.places import Spot, Spots, number_of
from portal.city import the_city
from portal.feeds.rows import rows_of
from portal.models import PublishedPlace, Release
from tests.factories.released import incident
from tests.serving import served

ROOT = "/api/police-uk/"
FORCE = "riverbend-police-department"
ALL_OF_IT = "39.78,-98.62:39.82,-98.62:39.82,-98.58:39.78,-98.58"


def ask(api: Client, address: str, **asked: Any) -> Any:
    response = api.get(f"{ROOT}{address}?{urlencode(asked)}")
    assert response.status_code == 200, response.content
    return response.json()


def october() -> list[dict[str, Any]]:
    """Rows whose period starts in October, by a reader of the file."""
    release = Release.objects.get(dataset__slug="incidents")
    rows = [row for row, _ in rows_of(release)]
    return [r for r in rows if f"{r['starts_at'].astimezone(the_city().zone):%Y-%m}" == "2026-10"]


def ids(found: list[dict[str, Any]]) -> Counter[str]:
    return Counter(crime["persistent_id"][:24] for crime in found)


def test_months_are_those_in_which_periods_start(api: Client) -> None:
    assert [date["date"] for date in ask(api, "crimes-street-dates")] == ["2026-10", "2026-08"]
    assert ask(api, "crime-last-updated") == {"date": "2026-11-16"}
    categories = {category["url"] for category in ask(api, "crime-categories", date="2026-10")}
    assert {"all-crime", "theft", "assault"} <= categories


def test_a_polygon_and_a_circle_choose_the_places_whose_points_they_hold(api: Client) -> None:
    placed = [row for row in october() if row["longitude"] is not None]

    around_all = ask(api, "crimes-street/all-crime", poly=ALL_OF_IT, date="2026-10")
    nearby = ask(api, "crimes-street/theft", lat="39.79", lng="-98.615", date="2026-10")
    nowhere = ask(api, "crimes-street/all-crime", lat="0", lng="0")

    assert ids(around_all) == Counter(row["public_id"] for row in placed)
    assert ids(nearby) == Counter(
        row["public_id"]
        for row in placed
        if row["category"] == "theft" and row["place_code"] == "N-0"
    )
    assert nowhere == []


def test_all_months_together_hold_every_row_of_the_release_once(api: Client) -> None:
    rows = [row for row, _ in rows_of(Release.objects.get(dataset__slug="incidents"))]
    months = [each["date"] for each in ask(api, "crimes-street-dates")]

    found = [
        crime
        for month in months
        for crime in (
            *ask(api, "crimes-street/all-crime", poly=ALL_OF_IT, date=month),
            *ask(api, "crimes-no-location", category="all-crime", date=month),
        )
    ]

    def told(crime: dict[str, Any]) -> tuple[str, ...]:
        at = crime["location"] or {"longitude": "", "latitude": ""}
        return (
            crime["persistent_id"][:24],
            crime["category"],
            crime["month"],
            *map(at.get, ("longitude", "latitude")),
        )

    def wanted(row: dict[str, Any]) -> tuple[str, ...]:
        month = f"{row['starts_at'].astimezone(the_city().zone):%Y-%m}"
        at = ["" if row[c] is None else f"{row[c]:.6f}" for c in ("longitude", "latitude")]
        return row["public_id"], row["category"], month, *at

    assert Counter(map(told, found)) == Counter(map(wanted, rows))


def test_what_has_no_place_is_given_apart(api: Client) -> None:
    expected = Counter(row["public_id"] for row in october() if row["longitude"] is None)

    found = ask(api, "crimes-no-location", category="all-crime", force=FORCE)

    assert ids(found) == expected
    assert {json.dumps(crime["location"]) for crime in found} == {"null"}


def test_a_crime_tells_what_its_dot_stands_for(api: Client) -> None:
    found, *_ = ask(api, "crimes-street/theft", poly=ALL_OF_IT)
    place = PublishedPlace.objects.get(code="N-0")

    assert found["location"] == {
        "latitude": f"{place.lat:.6f}",
        "street": {"id": number_of("N-0"), "name": "On or near North 1"},
        "longitude": f"{place.lon:.6f}",
    }
    assert "stands for 20 addresses" in found["context"]
    assert (found["month"], found["outcome_status"], len(found["persistent_id"])) == (
        "2026-10",
        None,
        64,
    )
    same = ask(api, "crimes-at-location", location_id=number_of("N-0"))
    assert found in same
    assert ask(api, f"outcomes-for-crime/{found['persistent_id']}") == {
        "crime": found,
        "outcomes": [],
    }
    assert api.get(f"{ROOT}outcomes-for-crime/{'0' * 64}").status_code == 404


def test_too_many_crimes_are_refused_as_theirs_are(
    api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crimes, "MOST_CRIMES", 3)

    response = api.get(f"{ROOT}crimes-street/all-crime?poly={ALL_OF_IT}")

    assert response.status_code == 503
    assert "smaller area" in response.json()["detail"]


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("crimes-street/murder?lat=1&lng=1", 404),
        ("crimes-street/theft", 400),
        ("crimes-street/theft?lat=91&lng=1", 400),
        ("crimes-street/theft?poly=1,2:3,4", 400),
        ("crimes-street/theft?poly=1,2:x,4:5,6", 400),
        ("crimes-street/theft?lat=1&lng=1&date=2026-13", 400),
        ("crimes-street/theft?lat=1&lng=1&colour=red", 400),
        ("crimes-street/theft?lat=1&lng=1&date=2026-10&date=2026-08", 400),
        ("crimes-at-location?location_id=x", 400),
        ("locate-neighbourhood?q=1", 400),
        ("locate-neighbourhood?q=1,1", 404),
        ("forces/met", 404),
        ("met/neighbourhoods", 404),
        (f"{FORCE}/nowhere/boundary", 404),
        ("stops-street?lat=1&lng=1", 404),
    ],
)
def test_what_cannot_be_asked_is_refused(api: Client, address: str, status: int) -> None:
    response = api.get(f"{ROOT}{address}")

    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"


def test_a_bow_tie_and_a_line_are_polygons_too(api: Client) -> None:
    bow_tie = "39.78,-98.62:39.82,-98.58:39.78,-98.58:39.82,-98.62"
    line = "39.78,-98.62:39.78,-98.62:39.82,-98.58"

    assert ask(api, "crimes-street/all-crime", poly=bow_tie)
    assert ask(api, "crimes-street/all-crime", poly=line) == []


def test_nothing_is_told_before_the_first_release(city_db: None) -> None:
    api = Client()

    assert api.get(f"{ROOT}crimes-street-dates").json() == []
    assert api.get(f"{ROOT}crimes-street/all-crime?lat=1&lng=1").status_code == 404
    assert api.get(f"{ROOT}crime-last-updated").status_code == 404


def test_the_client_that_was_written_for_theirs_reads_ours(api: Client, settings: Any) -> None:
    police_api = pytest.importorskip("police_api")
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    incident(dt.date(2026, 10, 20), category="burglary", place="S-2")

    with served() as site:
        client = police_api.PoliceAPI(base_url=f"{site}{ROOT}")
        (force,) = client.get_forces()
        beats = {beat.id: beat for beat in force.neighbourhoods}
        found = client.get_crimes_area(
            [(39.78, -98.62), (39.82, -98.62), (39.82, -98.58), (39.78, -98.58)]
        )
        burglaries = client.get_crimes_point(39.793, -98.612, category="burglary")
        located = client.locate_neighbourhood(39.801, -98.619)
        border = beats["north-1"].boundary
        again = client.get_crime(found[0].persistent_id)
        hidden = client.get_crimes_no_location(force)

        assert client.get_latest_date() == "2026-10"
        assert force.name == the_city().department_name
        assert force.senior_officers == []
        assert set(beats) == {"north-1", "north-2", "south-1", "south-2"}
        assert beats["north-1"].centre["latitude"]
        assert located.id == "north-1"
        assert border[0] == border[-1] == (39.8, -98.62)
        assert {crime.category.id for crime in burglaries} == {"burglary"}
        assert (again.id, again.outcomes) == (found[0].id, [])

    placed = [row for row in october() if row["longitude"] is not None]
    assert Counter(c.persistent_id[:24] for c in found) == Counter(r["public_id"] for r in placed)
    assert len(hidden) == 1


def test_a_scribble_that_crosses_itself_is_answered_as_any_polygon(api: Client) -> None:
    """A thousand corners at random: half of a million pairs of sides, which nobody may make us mend."""
    random = np.random.default_rng(1)
    corners = np.column_stack(
        [random.uniform(-98.63, -98.57, 1_000), random.uniform(39.77, 39.83, 1_000)]
    ).round(4)
    points = random.uniform((-98.62, 39.78), (-98.58, 39.82), (500, 2))
    spots = Spots(
        {
            f"p{n}": Spot(f"p{n}", "place_code", lon, lat, 20, n)
            for n, (lon, lat) in enumerate(points)
        }
    )
    poly = ":".join(f"{lat:.4f},{lon:.4f}" for lon, lat in corners)

    found = spots.inside([(lon, lat) for lon, lat in corners])
    answered = ask(api, "crimes-street/all-crime", poly=poly, date="2026-10")

    assert 100 < len(found) < 400
    assert {spot.number for spot in found} == {
        n for n, (lon, lat) in enumerate(points) if crossings(corners, lon, lat) % 2
    }
    assert isinstance(answered, list)


def crossings(corners: NDArray[np.float64], lon: float, lat: float) -> int:
    """How many sides of a polygon a line from a point to the east crosses."""
    n = 0
    for (x1, y1), (x2, y2) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if (y1 > lat) != (y2 > lat):
            n += lon < x1 + (lat - y1) * (x2 - x1) / (y2 - y1)
    return n
