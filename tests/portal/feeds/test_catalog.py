"""Catalogues and descriptions: where they are, in whose addresses, what they say when there is nothing to say."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from django.conf import settings as django_settings
from django.template.loader import render_to_string
from django.test import Client, RequestFactory

from portal import checks
from portal.city import the_city
from portal.feeds import contract
from portal.feeds.catalog.described import described
from portal.feeds.catalog.quality import measurements
from portal.feeds.dictionary import DATASETS
from portal.feeds.rows import rows_of
from portal.feeds.specs import ABSENCES
from portal.models import PublishedAuditResult, Release
from portal.views.catalogue import machine_readable
from tests.factories.released import release_of, released_city

pytestmark = [
    pytest.mark.usefixtures("city_db"),
    pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated"),
]
CATALOGUES = {
    "/data.json": "application/json",
    "/catalog.jsonld": "application/ld+json",
    "/catalog.ttl": "text/turtle; charset=utf-8",
}
DESCRIPTIONS = {
    "datapackage.json": "application/json",
    "schema.json": "application/json",
    "csv-metadata.json": "application/csvm+json",
    "croissant.json": "application/ld+json",
}


@pytest.fixture
def client(city_db: None, tmp_path: Path, settings: Any) -> Client:
    settings.FILES = tmp_path
    released_city()
    return Client()


def test_every_description_is_there_open_to_all_and_known_by_its_release(client: Client) -> None:
    descriptions = {f"/data/incidents/{name}": kind for name, kind in DESCRIPTIONS.items()}
    for address, kind in (CATALOGUES | descriptions).items():
        response = client.get(address)

        assert response.status_code == 200, address
        assert response["Content-Type"] == kind
        assert response["Access-Control-Allow-Origin"] == "*"
        again = client.get(address, headers={"If-None-Match": response["ETag"]})
        assert again.status_code == 304


def test_addresses_are_those_of_the_installation_that_was_asked(
    client: Client, settings: Any
) -> None:
    settings.ALLOWED_HOSTS = ["data.city.example"]
    for address in (*CATALOGUES, "/data/incidents/datapackage.json"):
        text = client.get(address, secure=True, headers={"host": "data.city.example"}).content

        assert b"https://data.city.example/data/incidents/releases/1/incidents.csv" in text
        assert b"testserver" not in text


def test_a_file_is_the_same_in_every_language(client: Client) -> None:
    addresses = [*CATALOGUES, *(f"/data/gunfire/{name}" for name in DESCRIPTIONS)]
    plain = [client.get(address).content for address in addresses]
    spanish = [
        client.get(address, headers={"Accept-Language": "es"}).content for address in addresses
    ]

    assert plain == spanish
    assert b"/es/" not in b"".join(plain)


def test_a_release_has_its_own_description(client: Client) -> None:
    release_of("areas", number=2)

    older = client.get("/data/areas/releases/1/datapackage.json").json()
    newest = client.get("/data/areas/datapackage.json").json()

    assert older["version"] == "1"
    assert newest["version"] == "2"
    assert all("/releases/1/" in r["path"] for r in older["resources"])


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("/data/nothing/datapackage.json", "There is no dataset nothing."),
        ("/data/incidents/releases/9/schema.json", "There is no release 9 of incidents."),
        ("/data/privacy-audit/croissant.json", "The dataset privacy-audit has no release now."),
    ],
)
def test_what_is_not_released_has_no_description(client: Client, address: str, why: str) -> None:
    response = client.get(address)

    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["detail"] == why


def test_a_withdrawn_release_has_no_description(client: Client) -> None:
    Release.objects.filter(dataset__slug="incidents").update(
        state=Release.State.WITHDRAWN, withdrawn_reason="wrong district borders"
    )

    response = client.get("/data/incidents/releases/1/schema.json")

    assert response.status_code == 410
    assert "wrong district borders" in response.json()["detail"]


def test_before_the_first_release_catalogues_are_empty_and_whole() -> None:
    client = Client()

    assert client.get("/data.json").json()["dataset"] == []
    assert client.get("/catalog.jsonld").json()["dataset"] == []
    assert b"Catalog" in client.get("/catalog.ttl").content


@pytest.mark.filterwarnings("error")
def test_the_turtle_leans_on_nothing_that_its_library_gives_up(client: Client) -> None:
    assert client.get("/catalog.ttl").status_code == 200


def test_a_release_is_described_by_the_columns_that_its_files_have(client: Client) -> None:
    """A column that the dictionary gained since is not in them; one that it lost cannot be described."""
    manifest = Path(django_settings.FILES, "areas", "1", "manifest.json")
    client.get("/data/areas.csv")
    told = json.loads(manifest.read_text())
    told["columns"] = told["columns"][:-1]
    manifest.write_text(json.dumps(told))

    fields = client.get("/data/areas/schema.json").json()["fields"]

    assert [field["name"] for field in fields] == list(DATASETS["areas"].columns[:-1])
    told["columns"].append({"name": "mayor", "type": "string"})
    manifest.write_text(json.dumps(told))
    assert client.get("/data/areas/schema.json").status_code == 404


def test_while_files_are_lost_a_catalogue_says_to_come_again(client: Client, settings: Any) -> None:
    client.get("/data/areas.csv")
    settings.FILES_ON_DEMAND = False
    shutil.rmtree(Path(settings.FILES, "areas"))

    for address in ("/data.json", "/data/areas/datapackage.json"):
        response = client.get(address)

        assert response.status_code == 503
        assert int(response["Retry-After"]) > 0


def test_a_column_that_ends_is_marked_in_the_description_and_its_headers(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    today = contract.today()
    change = contract.Change("areas", "removed", "code", today, today + contract.NOTICE, "unused")
    monkeypatch.setattr(contract, "CHANGES", (change,))

    response = client.get("/data/areas/schema.json")

    marked = {field["name"] for field in response.json()["fields"] if "deprecated" in field}
    assert marked == {"code"}
    assert response["Deprecation"].startswith("@")
    assert response["Sunset"].endswith("GMT")


@pytest.mark.parametrize("slug", ["incidents", "gunfire", "places"])
def test_the_span_is_from_the_first_start_to_the_last_end_of_all_rows(
    client: Client, slug: str
) -> None:
    one = described(slug, "")
    assert one

    rows = [row for row, _shape in rows_of(one.release)]

    if slug == "places":
        assert one.span is None
    else:
        assert one.span == (
            min(row["starts_at"] for row in rows),
            max(row["ends_at"] for row in rows),
        )


def test_measured_quality_is_that_of_the_release_and_its_audit(client: Client) -> None:
    release_of("privacy-audit")
    Release.objects.filter(dataset__slug="incidents").update(
        verification=[{"check": "Totals agree", "passed": True, "detail": ""}]
    )
    audited = {"audited_dataset": "incidents", "audited_release": 1, "first_release": 1}
    PublishedAuditResult.objects.create(
        attack="exact_point",
        measured=0.001,
        limit=0.002,
        direction="at_most",
        status="passed",
        **audited,
    )
    PublishedAuditResult.objects.create(attack="row_order", status="not_applicable", **audited)

    one = described("incidents", "https://city.example")
    assert one
    told = {m["isMeasurementOf"]["@id"]: m for m in measurements(one)}

    assert set(told) == {
        "https://city.example/data/incidents/#check-totals-agree",
        "https://city.example/privacy/#attack-exact-point",
    }
    attack = told["https://city.example/privacy/#attack-exact-point"]
    assert attack["value"] == "0.001"
    assert "at most 0.002: passed" in attack["isMeasurementOf"]["definition"]


def test_a_page_carries_links_licence_and_structured_data_that_no_text_can_end(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "portal.feeds.catalog.croissant.Described.description", "</script><script>alert(1)"
    )
    found = machine_readable(RequestFactory().get("/data/areas/"), "areas")

    head = render_to_string("portal/data/_machine_readable.html", {"machine_readable": found})

    assert head.count("<script") == head.count("</script>") == 1
    assert 'rel="license" href="https://creativecommons.org/licenses/by/4.0/"' in head
    text = head.partition('type="application/ld+json">')[2].partition("</script>")[0]
    assert json.loads(text)["description"] == "</script><script>alert(1)"
    for link in found["links"]:
        assert client.get(link["href"]).status_code == 200


def test_the_page_of_a_dataset_carries_its_description_in_every_language(client: Client) -> None:
    for page in ("/data/areas/", "/es/data/areas/"):
        text = client.get(page).content.decode()

        embedded = text.partition('type="application/ld+json">')[2].partition("</script>")[0]
        assert json.loads(embedded) == client.get("/data/areas/croissant.json").json()
        assert 'href="http://testserver/data/areas/datapackage.json"' in text


def test_the_list_of_datasets_leads_to_every_catalogue(client: Client) -> None:
    head, _, body = client.get("/data/").content.decode().partition("</head>")

    for address in CATALOGUES:
        assert f'href="{address}"' in head
        assert f'href="{address}"' in body
    assert 'rel="license"' in head


def test_a_page_without_a_release_carries_no_description() -> None:
    text = Client().get("/data/areas/").content.decode()

    assert '<script type="application/ld+json">' not in text
    assert "/data/areas/schema.json" in text


def test_a_city_that_names_no_contact_is_warned(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks.data_have_a_contact() == []
    silent = replace(the_city(), contact_email="")
    monkeypatch.setattr(checks, "the_city", lambda: silent)

    (warning,) = checks.data_have_a_contact()

    assert warning.id == "portal.W004"


def test_every_empty_cell_has_words_and_a_code() -> None:
    for slug, spec in DATASETS.items():
        for field in spec.fields:
            assert bool(field.missing) == (field.absence in ABSENCES), f"{slug}.{field.name}"


def test_every_reference_names_a_key_of_another_dataset() -> None:
    for slug, spec in DATASETS.items():
        for name, (other, column) in spec.references.items():
            target = {field.name: field for field in DATASETS[other].fields}[column]
            assert target.unique, f"{slug}.{name}"


def test_every_dataset_says_its_key_its_keywords_and_how_often_it_comes() -> None:
    for slug, spec in DATASETS.items():
        assert spec.key, slug
        assert set(spec.key) <= set(spec.columns)
        assert spec.keywords, slug
        assert spec.every, slug


def test_search_engines_are_told_of_every_dataset(client: Client) -> None:
    tree = ElementTree.fromstring(client.get("/sitemap.xml").content)

    space = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
    told = {found.text for found in tree.iter(f"{space}loc")}
    assert {f"http://testserver/data/{slug}/" for slug in DATASETS} <= told
    assert b"Sitemap: http://testserver/sitemap.xml" in client.get("/robots.txt").content
