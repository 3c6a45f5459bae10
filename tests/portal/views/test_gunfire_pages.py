"""The ledger's page and the methods page: every number with its range and n, every lack with its reason."""

from __future__ import annotations

from django.test import Client

from portal.models import Dataset, PublishedFigure, PublishedOutcome
from tests.factories.released import figure
from tests.portal.views.reading import rows_of_file, stat, table, table_of_figure, words_of


def test_the_page_says_what_the_file_says(reader: Client) -> None:
    told = {
        (line["period"], line["district"], line["measure"]): line
        for line in rows_of_file(reader, "gunfire-ledger")
    }
    response = reader.get("/gunfire/")
    words = words_of(response)

    evidence = told["2025-11/2026-10", "", "evidence"]
    assert table_of_figure(response, "hundred")[0] == [
        "Evidence of gunfire",
        evidence["count"],
        str(round(100 * float(evidence["value"]))),
    ]
    assert "Of 100 such alerts, 15 ended with evidence of gunfire." in words
    assert f"the number rests on {evidence['n']} alerts" in words
    assert stat(response, "From the shots until an officer is there (median)") == "6.5\xa0min"
    assert stat(response, "Officer hours at alerts") == "64\xa0h"
    assert stat(response, "Confirmed shootings without an alert") == "21.4%"
    assert "3 of 14 confirmed shootings" in words
    assert "5.2 to 8.4 min, from 52 alerts" in words
    assert stat(response, "Time the microphones listened, October 2026") == "97%"


def test_a_total_of_some_alerts_says_of_how_many(reader: Client) -> None:
    assert "51.2 to 83.2 h, from 52 of 80 alerts" in words_of(reader.get("/gunfire/")).replace(
        "\xa0", " "
    )
    assert "from 52 of 80 alerts" in words_of(reader.get("/methods/gunfire/"))
    assert "de 52 entre 80 alertas" in words_of(reader.get("/es/gunfire/"))


def test_the_curve_says_what_it_leaves_out(reader: Client) -> None:
    words = words_of(reader.get("/gunfire/"))

    assert "and it is known what it was, 89 of 100 were gunfire" in words
    assert "Alerts where nothing was found are in neither" in words


def test_a_month_in_which_no_microphone_listened_is_no_zero(reader: Client) -> None:
    def october() -> list[str]:
        return table(reader.get("/gunfire/"), "Alerts by month and district")[0]

    before = october()
    PublishedFigure.objects.filter(measure="uptime").exclude(district_slug="").delete()
    for district in ("north", "south"):
        figure("2026-10", "uptime", "share", 0, 0, 0.01, None, 31, district)

    assert before == ["October 2026", "0", "3"]
    assert october() == ["October 2026", "sensors down", "3"]


def test_what_is_withheld_says_so_and_is_no_zero(reader: Client) -> None:
    rows = table(
        reader.get("/gunfire/"),
        "November 2025 to October 2026. In brackets the range, and n: how many it rests on",
    )

    by_name = {row[0]: row[1:] for row in rows}
    assert by_name["South"][0] == "30"
    assert by_name["South"][2:4] == ["too few to be told", "too few to be told"]
    assert by_name["Riverbend"][1] == "15% (13.5\N{EN DASH}18, n 60)"


def test_the_curve_and_its_table(reader: Client) -> None:
    response = reader.get("/gunfire/")

    steps = table_of_figure(response, "calibration")
    assert [row[0] for row in steps] == ["60% to 65%", "80% to 85%", "90% to 100%"]
    assert [row[4] for row in steps] == ["14", "20", "9"]
    assert "the points should lie on the dashed line" in words_of(response)


def test_every_alert_says_what_was_found(reader: Client) -> None:
    found = [row[2] for row in table(reader.get("/gunfire/"), "Released alerts, newest first")]

    assert found == ["Not reported", "Nothing found", "Evidence of gunfire"]
    PublishedOutcome.objects.all().delete()
    found = [row[2] for row in table(reader.get("/gunfire/"), "Released alerts, newest first")]
    assert found == ["Not told yet"] * 3


def test_a_city_that_supplies_no_outcomes_reads_why_and_sees_no_number(reader: Client) -> None:
    PublishedFigure.objects.exclude(measure="alerts").update(
        status="not_collected", value=None, low=None, high=None, count=None, n=None
    )
    Dataset.objects.filter(slug="gunfire-calibration").update(current=None)
    response = reader.get("/gunfire/")
    words = words_of(response)

    assert "The city does not record what officers find at gunfire alerts" in words
    assert "This is not a zero" in words
    assert "cannot be compared with what was found" in words
    assert 'id="hundred"' not in response.content.decode()
    assert "not collected" in words
    methods = words_of(reader.get("/methods/gunfire/"))
    assert methods.count("not collected") > 8


def test_before_the_first_ledger_the_page_says_when_it_comes(reader: Client) -> None:
    Dataset.objects.filter(slug="gunfire-ledger").update(current=None)

    words = words_of(reader.get("/gunfire/"))

    assert "four weeks after the end of a month" in words
    assert "We have not been given what became of gunfire alerts" in words_of(
        reader.get("/methods/gunfire/")
    )


def test_the_methods_page_holds_this_city_against_the_audits(reader: Client) -> None:
    response = reader.get("/methods/gunfire/")
    words, page = words_of(response), response.content.decode()

    for fact in (
        "50,176",
        "41,830",
        "4,556",
        "9.1%",
        "940 alerts",
        "122 confirmed",
        "96.9%",
        "90%",
    ):
        assert fact in words, fact
    for source in (
        "oversight.gov",
        "comptroller.nyc.gov",
        "endpolicesurveillance.com",
        "2108.07377",
    ):
        assert f"{source}" in page
    here = {row[0]: row[1] for row in table(response, "Riverbend")}
    assert here[
        "Share of alerts with a reported outcome where officers or reviewers found evidence of gunfire."
    ].startswith("15% (13.5 to 18%, from 60 alerts)")
    assert "version 0.2.0 of the detector and version riverbend-3 of the classifier" in words
    assert "at least 10 alerts" in words


def test_the_pages_lead_to_each_other(reader: Client) -> None:
    for path in ("/gunfire/", "/methods/"):
        assert 'href="/methods/gunfire/"' in reader.get(path).content.decode(), path
    methods = reader.get("/methods/gunfire/").content.decode()
    for href in ("/gunfire/", "/data/gunfire-ledger/", "/feedback/"):
        assert f'href="{href}"' in methods
    assert reader.get("/es/methods/gunfire/").status_code == 200
