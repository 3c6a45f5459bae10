"""What a page says equals what its files hold, counted row by row; and its sentences are true at the edges."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections import Counter
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from portal import atlas
from portal.city import the_city
from portal.coverage import Coverage
from portal.models import (
    PublishedCount,
    PublishedGunfire,
    PublishedIncident,
    PublishedTally,
    Release,
)
from tests.factories import released
from tests.factories.released import incident, release_of, released_city, tally
from tests.portal.views.reading import rows_of_file, stat, table, table_of_figure, words_of

ZONE: ZoneInfo = the_city().zone


def month_in_city(row: dict[str, str]) -> str:
    return dt.datetime.fromisoformat(row["starts_at"]).astimezone(ZONE).strftime("%Y-%m")


def in_span(rows: list[dict[str, str]], *months: str) -> list[dict[str, str]]:
    return [row for row in rows if month_in_city(row) in months]


TOLD = ("2026-08", "2026-09", "2026-10")


def test_the_incidents_page_counts_the_rows_of_its_file(reader: Client) -> None:
    rows = rows_of_file(reader, "incidents")
    for wanted in (
        {},
        {"district": "north"},
        {"beat": "north-1"},
        {"category": "theft"},
        {"district": "north", "category": "assault"},
        {"district": "south", "category": "burglary"},
    ):
        n = sum(all(row[name] == value for name, value in wanted.items()) for row in rows)
        words = words_of(reader.get("/incidents/", wanted))
        assert f" {n} published incident{'' if n == 1 else 's'}." in words, wanted


def test_a_district_says_what_is_published_for_the_whole_city_only(reader: Client) -> None:
    also = "1 more is published for the whole city only; it may have happened here."
    for path in ("/areas/north/", "/incidents/?district=north&category=assault"):
        assert also in words_of(reader.get(path)), path
    for path in (
        "/areas/testville/",
        "/areas/north-1/",
        "/incidents/",
        "/incidents/?category=assault",
        "/incidents/?district=north&category=theft",
    ):
        assert "published for the whole city only; it" not in words_of(reader.get(path)), path


def test_a_beat_is_let_go_where_another_district_was_chosen(reader: Client) -> None:
    both = words_of(reader.get("/incidents/?district=north&beat=north-1"))
    other = words_of(reader.get("/incidents/?district=south&beat=north-1"))

    assert "All kinds in North 1." in both
    assert "All kinds in South." in other
    for path in (
        "/incidents/?district=north-1",
        "/incidents/?beat=north",
        "/incidents/?beat=testville",
    ):
        assert reader.get(path).status_code == 404, path


def test_the_kinds_of_an_area_are_those_of_its_file(reader: Client) -> None:
    rows = in_span(rows_of_file(reader, "incidents"), *TOLD)
    for slug, column in (("testville", ""), ("north", "district"), ("north-1", "beat")):
        mine = [row for row in rows if not column or row[column] == slug]
        response = reader.get(f"/areas/{slug}/")
        shown = table_of_figure(response, "kinds")
        labels = {
            "theft": "Theft",
            "burglary": "Burglary",
            "assault": "Assault",
            "robbery": "Robbery",
        }
        expected = Counter(labels[row["category"]] for row in mine)
        assert {row[0]: int(row[1]) for row in shown} == dict(expected), slug
        assert stat(response, "Published incidents") == str(len(mine))


def test_the_map_and_what_is_not_on_it_add_up_to_the_stat(reader: Client) -> None:
    rows = in_span(rows_of_file(reader, "incidents"), *TOLD)
    response = reader.get("/")
    shown = table(response, "By district, August 2026 to October 2026")
    of_districts = Counter(row["district"] for row in rows)

    assert shown == [["North", str(of_districts["north"])], ["South", str(of_districts["south"])]]
    assert of_districts[""] == 1
    assert "1 more is published for the whole city only, without a district." in words_of(response)
    assert stat(response, "Published incidents") == str(len(rows))


def test_the_map_of_beats_says_how_many_have_none(reader: Client) -> None:
    rows = in_span(rows_of_file(reader, "incidents"), *TOLD)
    response = reader.get("/map/?by=beat")
    shown = table(response, "By beat, August 2026 to October 2026")
    beats = Counter(row["beat"] for row in rows)

    assert {row[0]: int(row[1]) for row in shown} == {
        "North 1": beats["north-1"],
        "North 2": 0,
        "South 1": 0,
        "South 2": 0,
    }
    assert f"{beats['']} more are published for a larger area than a beat" in words_of(response)


def test_the_map_of_cells_counts_each_group_once_and_says_what_it_cannot_show(
    reader: Client,
) -> None:
    rows = in_span(rows_of_file(reader, "incidents"), *TOLD)
    grouped = [row for row in rows if row["precision"] != "place"]
    response = reader.get("/map/?by=cell")
    shown = table(
        response, "Published in groups, by part of a district, August 2026 to October 2026"
    )

    assert {row[0]: row[1] for row in shown} == {
        "North, west (N-W)": str(sum(row["cell_code"] == "N-W" for row in grouped)),
        "North, east (N-E)": "none at this size",  # what happened there may be told more widely
        "South (S)": str(sum(row["cell_code"] == "S" for row in grouped)),
    }
    assert "is not a zero" not in words_of(response)
    assert {row[0]: row[2] for row in shown} == {
        "North, west (N-W)": "600",
        "North, east (N-E)": "600",
        "South (S)": "1,200",
    }
    assert (
        f"Of {len(grouped)} published in groups, 6 are counted in these parts. 1 had"
        in words_of(response)
    )


def test_a_kind_that_is_never_grouped_is_not_shown_as_zero_crime(reader: Client) -> None:
    words = words_of(reader.get("/map/?by=cell&category=theft"))

    assert "Theft is published place by place and not in groups" in words
    assert "0 incidents" not in words


def test_the_gunfire_ledger_counts_the_rows_of_its_file(reader: Client) -> None:
    rows = rows_of_file(reader, "gunfire")
    response = reader.get("/gunfire/")
    ledger = table(response, "Alerts by month and district")

    assert stat(response, "Alerts") == str(len(rows)) == "3"
    assert ledger == [["October 2026", "0", "3"]]
    rounds = Counter(row["rounds"] for row in rows)
    assert [row[:2] for row in table_of_figure(response, "rounds")] == [
        ["1 round", str(rounds["1"])],
        ["2 to 5 rounds", str(rounds["2-5"])],
        ["6 or more rounds", str(rounds["6+"])],
    ]
    sure = {row[0]: int(row[1]) for row in table_of_figure(response, "confidence")}
    assert sure["90% to 100%"] == sure["80% to 85%"] == sure["not stated"] == 1
    assert sum(sure.values()) == 3
    hours = table_of_figure(response, "hours")
    assert sum(int(cell) for row in hours for cell in row[1:]) == 3


def test_other_kinds_of_bangs_are_told_apart(reader: Client) -> None:
    PublishedGunfire.objects.filter(rounds="1").update(kind="firework", provider="vendor")
    response = reader.get("/gunfire/")

    assert stat(response, "Firework") == "1"
    assert stat(response, "Gunfire") == "2"
    assert "Firework, 1 round" in words_of(response)


def test_a_sensitive_total_tells_its_error_and_no_negative_number(reader: Client) -> None:
    city, north = reader.get("/areas/testville/"), reader.get("/areas/north/")

    assert [row[1] for row in table_of_figure(city, "totals")] == ["0"]  # the draw was -1
    assert "19 times in 20 no more than 6 either way" in words_of(north)
    assert "19 times in 20 no more than 9.9 either way" in words_of(city)  # three draws
    assert "Sexual, domestic" not in words_of(reader.get("/areas/north-1/"))
    assert PublishedCount.objects.count() == 3


def test_a_beat_says_why_crimes_against_people_are_absent(reader: Client) -> None:
    for path in ("/areas/north-1/", "/incidents/?beat=north-1"):
        assert "Crimes against people are not counted by beat." in words_of(reader.get(path)), path
    assert "not counted by beat" not in words_of(reader.get("/areas/north/"))


def test_a_beat_where_nothing_happened_has_a_real_zero(reader: Client) -> None:
    response = reader.get("/areas/south-2/")
    words = words_of(response)

    assert stat(response, "Published incidents") == "0"
    assert "there were no published incidents here in this time. This is a real zero." in words
    assert "In all: 0 incidents, August 2026 to October 2026." in words
    assert "No data" not in words


def test_one_row_is_told_in_the_singular(client: Client) -> None:
    release_of("areas")
    release_of("incidents")
    released._areas()
    incident(dt.date(2026, 10, 1), place="", district_slug="north", precision="district")
    tally("incidents")
    words = words_of(client.get("/incidents/"))

    assert "All kinds in the whole city. 1 published incident." in words
    assert "In all: 1 incident, October 2026." in words
    assert "1 incidents" not in words
    assert "October 2026 to" not in words


def test_a_release_without_a_whole_month_has_no_trend(client: Client) -> None:
    release_of("areas")
    release_of("incidents")
    released._areas()
    incident(dt.date(2026, 11, 9), place="", district_slug="north", precision="district")
    tally("incidents")
    for path in ("/", "/areas/north/", "/incidents/", "/map/"):
        words = words_of(client.get(path))
        assert "That is not the same as zero" not in words, path
        assert "last twelve months" not in words, path
    home = client.get("/")
    assert stat(home, "Published incidents") == "1"
    assert "all that was released so far" in words_of(home)
    assert "No whole month yet" in words_of(home)


def test_a_release_without_rows_is_empty_and_says_so(client: Client) -> None:
    released_city()
    for model in (PublishedGunfire, PublishedIncident, PublishedTally):
        model.objects.all().delete()
    words = words_of(client.get("/gunfire/"))

    assert "there were no gunfire alerts. This is a real zero." in words
    for path in ("/", "/map/", "/map/?by=cell", "/areas/north/", "/incidents/"):
        assert client.get(path).status_code == 200, path


def test_a_hole_in_what_was_supplied_is_not_told_as_zero(client: Client) -> None:
    released_city()
    for month in (8, 10):
        for day in range(1, 29):
            incident(dt.date(2026, month, day))
    PublishedTally.objects.all().delete()
    for slug in ("incidents", "gunfire"):
        tally(slug)
    coverage = Coverage.of(Release.objects.get(dataset__slug="incidents"))
    months = table_of_figure(client.get("/areas/south/"), "months")

    assert coverage.holes == {dt.date(2026, 9, 1)}
    assert [row[1] for row in months] == ["0", "no data", "1"]
    assert "1 value is missing; it is shown as a gap and is not a zero." in words_of(
        client.get("/areas/south/")
    )


def test_a_row_says_how_many_addresses_it_could_be(reader: Client) -> None:
    found = {
        row[0]: row[3] for row in table(reader.get("/incidents/"), "Released records, newest first")
    }
    grouped = reader.get("/incidents/?category=assault")
    stands_for = {row[2]: row[3] for row in table(grouped, "Released records, newest first")}

    assert found["Theft"] == "20 addresses"
    assert stands_for == {
        "North": "600 addresses",
        "South": "1,200 addresses",
        the_city().name: "all addresses of the city",
    }


@pytest.mark.parametrize("n", [0, 1, 2])
def test_notes_beside_a_map_agree_with_their_number(n: int) -> None:
    district, beat = atlas.without_district(n), atlas.without_beat(n)

    assert district[:10] == ("", "1 more is ", "2 more are")[n]
    assert beat[:10] == ("", "1 more is ", "2 more are")[n]


def test_the_newest_release_is_cited_and_every_file_is_offered(reader: Client) -> None:
    page = reader.get("/data/incidents/").content.decode()

    for suffix in ("csv", "json", "geojson"):
        assert f'href="/data/incidents.{suffix}" download' in page
        assert f'href="/data/incidents/releases/1/incidents.{suffix}"' in page
    assert (
        "Riverbend Police Department: Police incidents, release 1, as of 2026-11-16."
        in words_of(reader.get("/data/incidents/"))
    )


@pytest.mark.parametrize(
    ("slug", "query"),
    [("places", ""), ("incidents", ""), ("incidents", "district=north&since=2026-01-01")],
)
def test_the_rows_on_the_page_are_those_of_the_api(reader: Client, slug: str, query: str) -> None:
    answer = reader.get(f"/api/v1/datasets/{slug}/rows?{query}&limit=10&format=csv")
    text = b"".join(answer.streaming_content) if answer.streaming else answer.content
    rows = list(csv.reader(io.StringIO(text.decode(), newline="")))[1:]
    shown = table(reader.get(f"/data/{slug}/?{query}"), "Rows as they are in the CSV file")

    assert rows
    assert shown == rows


def test_the_hashes_on_the_page_are_those_of_the_files(reader: Client) -> None:
    import hashlib

    page = reader.get("/data/gunfire/").content.decode()
    for suffix in ("csv", "json", "geojson"):
        body = b"".join(reader.get(f"/data/gunfire.{suffix}").streaming_content)
        assert hashlib.sha256(body).hexdigest() in page


def test_alerts_of_a_provider_who_states_no_confidence_are_not_told_as_zero_sure_ones(
    reader: Client,
) -> None:
    PublishedGunfire.objects.using("publisher").update(confidence_pct=None)

    page = reader.get("/gunfire/").content.decode()

    assert "not stated" in page
    assert "How sure, " not in page
