"""A reader asks a dataset on its page: what is chosen, counted, drawn, refused, and taken along."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from portal.feeds.building import build_files
from portal.feeds.dictionary import DATASETS
from portal.models import Release
from portal.publication.measures import MEASURES
from portal.views.datasets import GROUPS
from tests.factories.released import release_of
from tests.portal.views.reading import rows_of_file, table_of_figure, words_of
from tests.serving import served


def choices(page: str, name: str) -> dict[str, str]:
    """Value and words of a list to choose from."""
    listed = page[page.index(f'<select class="usa-select" id="choose-{name}"') :]
    listed = listed[: listed.index("</select>")]
    return dict(re.findall(r'<option value="([^"]*)"[^>]*>([^<]*)</option>', listed))


def selected(page: str, name: str) -> list[str]:
    listed = page[page.index(f'id="choose-{name}"') :]
    return re.findall(r'<option value="([^"]*)" selected>', listed[: listed.index("</select>")])


def test_every_dataset_is_in_one_group_of_the_list(reader: Client) -> None:
    grouped = [slug for _title, _good_for, slugs in GROUPS for slug in slugs]
    page = reader.get("/data/").content.decode()

    assert sorted(grouped) == sorted(DATASETS)
    for address in ("/api/v1/docs/", "/ogc/?f=html", "/data.json", "/catalog.ttl", "/data/releases/",
                    "/data/corrections/", "/data/schema-changes/", "/data/corrections/feed.atom"):  # fmt: skip
        assert f'href="{address}"' in page


def test_each_choice_says_how_many_rows_it_would_show(reader: Client) -> None:
    rows = rows_of_file(reader, "incidents")
    page = reader.get("/data/incidents/?district=north").content.decode()
    north = [row for row in rows if row["district"] == "north"]

    for value, words in choices(page, "category").items():
        n = sum(row["category"] == value for row in north)
        assert value == "*" or words.endswith(f"({n})")
    for value, words in choices(page, "district").items():
        n = sum(row["district"] == value for row in rows)
        assert value == "*" or words.endswith(f"({n})")
    assert f"{len(north)} rows." in words_of(reader.get("/data/incidents/?district=north"))


def test_a_choice_without_a_row_is_said_not_hidden(reader: Client) -> None:
    page = reader.get("/data/incidents/?beat=north-1&district=south").content.decode()

    assert selected(page, "beat") == ["north-1"]
    assert choices(page, "beat")["north-1"].endswith("(0)")
    assert "Nothing matches" in page
    assert "<figure" not in page[page.index('id="explore"') : page.index('id="download"')]


def test_what_the_form_does_not_offer_is_asked_again_with_it(reader: Client) -> None:
    page = reader.get("/data/incidents/?sort=oldest&category=theft&category=assault")
    html = page.content.decode()

    assert '<input type="hidden" name="sort" value="oldest">' in html
    assert sorted(selected(html, "category")) == ["assault", "theft"]
    assert re.search(r'id="choose-category" name="category" multiple', html)


def test_months_outside_the_window_are_not_drawn_as_zero(reader: Client) -> None:
    everything = table_of_figure(reader.get("/data/incidents/"), "chosen-months")
    some = reader.get("/data/incidents/?since=2026-08-10&until=2026-10-15")
    shown = table_of_figure(some, "chosen-months")

    assert [row[0] for row in shown] == ["September 2026"]
    assert shown == [row for row in everything if row in shown]
    few = reader.get("/data/incidents/?since=2026-08-10&until=2026-08-20").content.decode()
    assert 'id="chosen-months"' not in few


@pytest.mark.parametrize(
    "asked",
    [
        "incidents/?since=2026-08-10&until=2026-10-15",
        "incidents/?bbox=-98.63,39.7905,-98.59,39.83&category=theft",
        "incidents/?min_stands_for_addresses=20&max_stands_for_addresses=700",
        "incidents/?cell=N",
        "incidents/?area=north",
        "incidents/?district=north&area=south",
        "incidents/?public_id=0123456789abcdef01234567",
        "gunfire/?provider=a%3Bb&provider=c/../(d",
        "incidents/?beat=",
    ],
)
def test_whatever_is_chosen_can_be_counted_anew_and_taken_along(reader: Client, asked: str) -> None:
    page = unescape(reader.get(f"/data/{asked}").content.decode())
    explored = page[page.index('id="explore"') : page.index('id="care"')]
    (shown,) = re.findall(r"<strong>([0-9,]+) rows?\.</strong>", explored)
    found = dict.fromkeys(re.findall(r'href="(/verify/[^"]+/)"', explored))
    first, *others = sorted(found, key=lambda address: ";touching" in address)

    counted = reader.get(first, {"format": "json"}).json()["counted"]

    assert counted == [{"rows": int(shown.replace(",", ""))}]
    for address in (*others, first.replace("/verify/", "/embed/")):
        assert reader.get(address).status_code == 200, address


def test_touching_a_box_is_counted_anew_too(reader: Client) -> None:
    page = unescape(
        reader.get("/data/incidents/?bbox=-98.63,39.7905,-98.59,39.83").content.decode()
    )
    (said,) = re.findall(r"([0-9]+) touch it", page)
    (address,) = re.findall(r'href="(/verify/[^"]*;touching/)"', page)

    assert reader.get(address, {"format": "json"}).json()["counted"] == [{"rows": int(said)}]


def test_areas_that_were_not_asked_about_are_not_drawn_as_zero(reader: Client) -> None:
    assert 'id="chosen-map"' in reader.get("/data/incidents/").content.decode()
    for query in ("district=north", "beat=north-1"):
        assert 'id="chosen-map"' not in reader.get(f"/data/incidents/?{query}").content.decode()


def test_rows_that_are_no_incidents_are_not_called_so(reader: Client) -> None:
    for slug in ("places", "cells", "gunfire-ledger", "sensitive-totals"):
        page = reader.get(f"/data/{slug}/").content.decode()
        assert "<figure" not in page[page.index('id="explore"') : page.index('id="download"')]


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("?categori=theft", 400, "categori"),
        ("?since=yesterday", 400, "since"),
        ("?category=&category=*&box=1,2", 400, "box"),
        ("?cursor=zzz", 400, "cursor"),
        ("?as_of=99", 404, "99"),
        ("?as_of=never", 400, "never"),
    ],
)
def test_a_wrong_question_gets_a_sentence(
    reader: Client, query: str, status: int, said: str
) -> None:
    response = reader.get(f"/data/incidents/{query}")
    words = words_of(response)

    assert response.status_code == status
    assert "This cannot be shown" in words
    assert said in words[words.index("This cannot be shown") :]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("?categori=theft", "Nothing can be asked by “categori”, but by: "),
        ("?since=yesterday", "“yesterday” cannot be asked for in “since”. It is a day such as"),
        ("?category=crime", "It is one of: theft, "),
        ("?max_stands_for_addresses=many", "It is a number"),
        ("?place=nowhere", "It is a value that the column can hold"),
        ("?bbox=1,2,3", "It is west,south,east,north in degrees"),
        ("?cursor=zzz", "begin with the first page"),
        ("?as_of=99", "has no release that answers to as_of=99"),
        ("?as_of=never", "“never” cannot be asked for in “as_of”"),
    ],
)
def test_a_refusal_is_told_in_the_language_of_the_page(
    reader: Client, query: str, said: str
) -> None:
    english = words_of(reader.get(f"/data/incidents/{query}"))
    spanish = words_of(reader.get(f"/es/data/incidents/{query}"))

    assert said in english
    assert said not in spanish
    assert "wanted" not in spanish


def test_a_citation_names_the_choice_the_release_its_licence_and_its_hash(reader: Client) -> None:
    sha256 = "5a" * 32
    Release.objects.filter(dataset__slug="incidents").update(sha256=sha256)
    page = reader.get("/data/incidents/?category=theft&sort=oldest")

    quote = page.content.decode().partition('<blockquote class="quote">')[2]
    quote = unescape(re.sub("<[^>]+>", "", quote.partition("</blockquote>")[0]))

    assert "Police incidents, release 1, as of 2026-11-16." in quote
    assert "Police incidents where category is Theft." in quote
    assert "CC-BY-4.0" in quote
    assert quote.endswith(f"SHA-256 (CSV): {sha256}")
    (address,) = re.findall(r"http://testserver(\S+)", quote)
    assert address == "/data/incidents/?as_of=1&category=theft"
    assert reader.get(address).status_code == 200


def test_a_withdrawn_release_is_gone(reader: Client) -> None:
    release_of("incidents", number=2)
    Release.objects.filter(dataset__slug="incidents", number=1).update(
        state="withdrawn", withdrawn_reason="Counted twice."
    )
    response = reader.get("/data/incidents/?as_of=1")

    assert response.status_code == 410
    assert "Counted twice." in words_of(response)


def test_the_api_behind_the_page_gives_its_rows(reader: Client) -> None:
    page = reader.get("/data/incidents/?category=theft&since=2026-01-01").content.decode()
    href = unescape(re.search(r'href="([^"]*format=csv[^"]*)"', page)[1])  # type: ignore[index]
    answer = reader.get(href)
    rows = list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))

    assert rows
    assert all(row["category"] == "theft" for row in rows)
    words = words_of(reader.get("/data/incidents/?category=theft&since=2026-01-01"))
    assert f"{len(rows)} rows." in words
    assert "Police incidents where category is Theft and the period begins at" in words


@pytest.fixture
def site(reader: Client, tmp_path: Path, settings: Any) -> Iterator[str]:
    settings.ALLOWED_HOSTS = ["127.0.0.1", "testserver"]
    for release in Release.objects.all():
        build_files(release)
    with served() as address:
        yield address


def program_on(site: str, slug: str, name: str) -> str:
    client = Client(headers={"host": site.removeprefix("http://")})
    page = client.get(f"/data/{slug}/").content.decode()
    found = re.search(rf'aria-label="{name}"><code>(.*?)</code>', page, re.DOTALL)
    assert found
    return unescape(found[1])


@pytest.mark.parametrize("name", ["Python", "pandas", "R"])
def test_a_program_of_the_page_runs_as_printed(site: str, name: str) -> None:
    if name == "pandas":
        pytest.importorskip("pandas")
    if name == "R" and not shutil.which("Rscript"):
        pytest.skip("R is not installed (Debian's r-base-core)")
    command = ["Rscript", "-e"] if name == "R" else [sys.executable, "-c"]
    for slug in ("incidents", "gunfire-ledger"):
        done = subprocess.run(
            [*command, program_on(site, slug, name)],
            capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        rows = rows_of_file(Client(), slug)
        assert done.stdout.startswith(f"{len(rows)} rows\n")


def test_excel_reads_the_same_file(site: str) -> None:
    for slug in DATASETS:
        if not Release.objects.filter(dataset__slug=slug).exists():
            continue
        url = re.search(r"url = '([^']+)'", program_on(site, slug, "Python"))
        assert url
        assert f'Web.Contents("{url[1]}")' in program_on(site, slug, "Excel")


def test_rows_without_a_place_make_no_geoparquet(reader: Client) -> None:
    cards = reader.get("/data/").content.decode().split('<section class="card"')[1:]
    kinds = {
        slug: "GeoParquet" in card
        for card in cards
        if "Parquet" in card and (slug := re.search(r'id="([^"]+)"', card)[1])  # type: ignore[index]
    }

    assert kinds
    assert kinds == {slug: DATASETS[slug].has_geometry for slug in kinds}
    assert set(kinds.values()) == {True, False}


def test_a_column_that_may_hold_anything_says_so(reader: Client) -> None:
    dictionary = reader.get("/data/incidents/").content.decode().partition('id="columns"')[2]

    assert re.search(r'data-label="Values"[^>]*>\s*any\s*<', dictionary)
    assert not re.search(r'data-label="[^"]+"[^>]*>\s*</td>', dictionary)


def test_the_ledger_is_asked_by_what_was_measured(reader: Client) -> None:
    page = reader.get("/data/gunfire-ledger/").content.decode()
    one = reader.get("/data/gunfire-ledger/?measure=evidence").content.decode()

    assert {"alerts", "evidence"} <= set(choices(page, "measure"))
    assert "where measure is share with evidence of gunfire." in " ".join(one.split())
    assert set(DATASETS["gunfire-ledger"].fields[2].values) == set(MEASURES)
