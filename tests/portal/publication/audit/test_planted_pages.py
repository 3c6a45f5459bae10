"""Pages and answers are read before a release goes out, as readers will get them and while no reader can."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import ProgrammingError, connections
from django.http import HttpResponse
from django.test import Client
from django.urls import get_resolver, resolve
from django.urls.resolvers import URLResolver

from community.actions import submit_feedback
from community.clocks import BusinessCalendar
from incidents.models import Incident
from portal.api import views as api
from portal.feeds import editions as known
from portal.feeds.dictionary import DATASETS
from portal.models import Dataset, PublishedTally, Release
from portal.publication import releases
from portal.publication.audit import visits
from portal.publication.audit.leaks import MAP, Public
from portal.publication.audit.pages import Site, _private_instants, _private_points, strings_of
from portal.publication.audit.rehearsal import rehearsal
from portal.publication.audit.visits import Answer
from portal.publication.audit.visits import addresses as every
from portal.views import overview
from tests.factories.private import NOW
from tests.portal.publication.audit.planting import (
    CITY,
    kept,
    release_with,
    select,
    stopped_by,
    town_with_a_release,
)

NARRATIVE = "Complainant states that the back door was forced while she was at work"


@pytest.fixture(scope="module", autouse=True)
def town(module_db: Path) -> None:
    """Built once: a rejected release leaves it as it was."""
    town_with_a_release()
    submit_feedback(
        kind="report",
        topic="safety",
        text="The lamp at the corner is dark",
        language="en",
        email="jo.smith@example.org",
        now=NOW,
        calendar=BusinessCalendar(CITY.zone),
    )
    Incident.objects.filter(pk=newest_record().pk).update(
        address_text="1184 N Ashgrove Ave", narrative=NARRATIVE
    )


@pytest.fixture
def every_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other tests read one answer of each release; these read them all."""
    monkeypatch.setattr(visits, "addresses", every)


def newest_record() -> Incident:
    return Incident.objects.exclude(lon=None).order_by("-occurred_from").first()


# --- what a careless page would show ---


def page_with(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """The first page says something more."""
    render = overview.render

    def careless(*args: Any, **kwargs: Any) -> HttpResponse:
        response = render(*args, **kwargs)
        response.content += text.encode()
        return response

    monkeypatch.setattr(overview, "render", careless)


def a_pin(record: Incident) -> str:
    return f'<circle data-lat="{record.lat:.5f}" data-lon="{record.lon:.5f}"/>'


def a_layer(record: Incident) -> str:
    layer = {"marks": [{"at": [record.lon, record.lat]}]}
    return f'<script type="application/json">{json.dumps(layer)}</script>'


def a_moment(record: Incident) -> str:
    return f'<time datetime="{record.occurred_from:%Y-%m-%dT%H:%M:%SZ}">last night</time>'


def a_moment_in_the_city(record: Incident) -> str:
    return f"<td>{record.occurred_from.astimezone(CITY.zone):%Y-%m-%d %H:%M}</td>"


def a_moment_of_a_script(record: Incident) -> str:
    return f"<script>plot([{int(record.occurred_from.timestamp()) * 1000}])</script>"


def an_address(record: Incident) -> str:
    return "<p>Last seen near <b>1184 N Ashgrove Ave</b></p>"


def a_number_of_the_police(record: Incident) -> str:
    return f'<tr data-case="{record.source_id}"></tr>'


def a_piece_of_a_narrative(record: Incident) -> str:
    return f"<!-- {NARRATIVE[:40]} -->"


def a_way_to_reach_a_resident(record: Incident) -> str:
    return '<p>Said by <a href="mailto:jo.smith@example.org">a neighbour</a></p>'


@pytest.mark.parametrize(
    "careless",
    [
        a_way_to_reach_a_resident,
        a_pin,
        a_layer,
        a_moment,
        a_moment_in_the_city,
        a_moment_of_a_script,
        an_address,
        a_number_of_the_police,
        a_piece_of_a_narrative,
    ],
)
def test_a_page_that_shows_what_is_private(
    careless: Callable[[Incident], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    record = newest_record()
    record.source_id = "RB-2026-004711"
    record.occurred_from = record.occurred_from.replace(minute=53, second=0, microsecond=0)
    record.save(update_fields=["source_id", "occurred_from"])
    page_with(monkeypatch, careless(record))
    monkeypatch.setattr(visits, "addresses", lambda release: ["/"])

    release = release_with(monkeypatch, "incidents")

    assert stopped_by(release) == {"leak pages"}


def test_an_answer_with_a_column_that_no_dictionary_has(
    every_address: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    get = api.Rows.get

    def careless(self: Any, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        response = get(self, request, *args, **kwargs)
        response.content = response.content.replace(
            b'"category"', b'"officer": "J. Doe", "category"'
        )
        return response

    monkeypatch.setattr(api.Rows, "get", careless)

    release = release_with(monkeypatch, "incidents")

    assert stopped_by(release) == {"leak answers"}


def test_a_page_that_cannot_be_made_is_not_vouched_for(
    every_address: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any, **kwargs: Any) -> HttpResponse:
        raise ZeroDivisionError

    monkeypatch.setattr(overview, "render", broken)

    assert stopped_by(release_with(monkeypatch, "incidents")) == {"leak pages"}


def test_a_page_that_reads_the_vault_is_refused_in_the_rehearsal_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    render, refused = overview.render, []

    def curious(*args: Any, **kwargs: Any) -> HttpResponse:
        try:
            with connections["public"].cursor() as cursor:
                cursor.execute("SELECT narrative FROM vault.incidents_incident")
        except ProgrammingError as error:
            refused.append(str(error))
            raise
        return render(*args, **kwargs)

    monkeypatch.setattr(overview, "render", curious)
    monkeypatch.setattr(visits, "addresses", lambda release: ["/", "/data/"])

    release = release_with(monkeypatch, "incidents")

    assert stopped_by(release) == {"leak pages"}
    assert "permission denied" in refused[0]


def test_a_name_in_the_public_map_that_is_a_private_address(
    every_address: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No file of the incidents has it; the pages of areas do."""
    with kept("release.area", "name"):
        release = release_with(
            monkeypatch,
            "incidents",
            rows="UPDATE release.area SET name = '1184 N Ashgrove Ave' WHERE slug = 'north'",
        )

    assert {"leak pages", "leak answers"} == stopped_by(release)


# --- what is told apart ---


@pytest.fixture
def site() -> Site:
    release = Release.objects.using("publisher").get(dataset__slug="incidents", number=1)
    return Site(Public(release, CITY.zone), since=dt.datetime(2030, 1, 1, tzinfo=dt.UTC))


def test_points_of_the_public_map_are_known_however_they_are_written(site: Site) -> None:
    ((lon, lat, footprint),) = select(
        "SELECT lon, lat, footprint::text FROM release.place ORDER BY id LIMIT 1"
    )
    (ring,) = json.loads(footprint)["coordinates"][:1]

    for text in (
        f"{lon}, {lat}",
        f"lat {lat} lon {lon}",
        f"{lon:.4f} {lat:.4f}",
        json.dumps(ring),
        f"{lon} -98.6 39.8 {lon} {lat}",
    ):
        assert not site._unknown_points(text), text


def test_a_point_beside_it_is_not(site: Site) -> None:
    ((lon, lat),) = select("SELECT lon, lat FROM release.place ORDER BY id LIMIT 1")

    assert site._unknown_points(f"{lon + 2e-4:.5f},{lat:.5f}")
    assert not site._unknown_points("12.3456 78.9012")  # nowhere near the city
    assert _private_points([(12.3456, 78.9012, 1e-4, 1e-4)]) == 0


def test_edges_of_periods_and_times_of_releases_are_known(site: Site) -> None:
    released = Release.objects.using("publisher").get(dataset__slug="incidents", number=1)
    winter, summer = "2026-01-05T12:00:00Z", "2026-07-05T11:00:00Z"  # six in the morning there

    for text in (winter, summer, f"{released.as_of:%Y-%m-%dT%H:%M:%S%z}", "2031-05-06T07:08"):
        assert not site._unknown_instants(text), text
    assert site._unknown_instants("2026-01-05T11:00:00Z")
    assert _private_instants({dt.datetime(1999, 1, 5, 11, 7, tzinfo=dt.UTC)}) == 0


def test_a_document_is_taken_apart_into_its_texts() -> None:
    page = b'<a title="12 Elm St">x</a><script>{"a": ["14 Oak St"]}</script><!-- 16 Ash St -->'

    found = strings_of(Answer("/", 200, "text/html", "X-Case: RB-1", page))

    assert {"12 Elm St", "x", "14 Oak St", " 16 Ash St ", "X-Case: RB-1"} <= found


# --- nobody else gets there ---


def elsewhere(ask: Callable[[], Any]) -> Any:
    """What another thread with connections of its own is told."""

    def asked() -> Any:
        try:
            return ask()
        finally:
            for alias in ("public", "publisher", "default"):
                connections[alias].close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asked).result()


def current_number() -> int | None:
    return json.loads(Client().get("/api/v1/datasets/incidents/").content)["release"]


def test_in_a_rehearsal_only_its_own_thread_sees_the_release(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EDITIONS_KEPT_S = 60
    known.forget()
    seen = {}

    def watched(release: Release) -> list[str]:
        seen["inside"] = known.editions()["incidents"].number
        seen["elsewhere"] = elsewhere(lambda: known.editions()["incidents"].number)
        seen["a reader"] = elsewhere(current_number)
        seen["a reader by name"] = elsewhere(
            lambda: (
                Client().get(f"/api/v1/datasets/incidents/releases/{release.number}/").status_code
            )
        )
        return ["/data/incidents/", "/api/v1/datasets/incidents/rows"]

    monkeypatch.setattr(visits, "addresses", watched)
    tallied = PublishedTally.objects.using("publisher").count()

    with kept(
        "release.place", "lon"
    ):  # so that the release is rejected, and the town stays as it was
        release = release_with(
            monkeypatch, "incidents", rows="UPDATE release.place SET lon = lon + 0.001"
        )

    assert seen == {
        "inside": release.number,
        "elsewhere": 1,
        "a reader": 1,
        "a reader by name": 404,
    }
    assert known.editions()["incidents"].number == 1
    assert connections["public"].alias == "public"
    assert Dataset.objects.using("publisher").get(slug="incidents").current.number == 1
    assert PublishedTally.objects.using("publisher").count() == tallied
    known.forget()


def test_a_rehearsal_leaves_nothing_behind_when_it_fails() -> None:
    release = (
        Release.objects.using("publisher")
        .select_related("dataset")
        .get(dataset__slug="incidents", number=1)
    )

    def fail() -> None:
        with rehearsal(release, zone=CITY.zone):
            assert connections["public"].alias == "publisher"
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert connections["public"].alias == "public"
    with connections["publisher"].cursor() as cursor:
        cursor.execute("SELECT current_user, count(*) FROM vault.incidents_incident")
        assert cursor.fetchone()[0] == "daylight_publisher"


def test_no_door_lets_a_reader_into_a_rehearsal() -> None:
    """What starts one is imported by the audit alone, and no view imports the audit."""
    sources = Path(releases.__file__).parents[2]
    users = {
        str(path.relative_to(sources))
        for app in ("portal", "community", "incidents", "sensors")
        for path in (sources / app).rglob("*.py")
        if "audit.rehearsal import" in path.read_text() or "nothing_kept" in path.read_text()
    }

    assert users == {
        "portal/feeds/editions.py",
        "portal/publication/audit/rehearsal.py",
        "portal/publication/audit/visits.py",
    }


# --- which addresses are read ---

# Addresses that no release can change, or that are read elsewhere, and why.
NOT_READ = {
    "portal:search": "asks for a street, and tells areas",
    "portal:schema-changes": "tells columns",
    "portal:parts": "tells software",
    "portal:verify": "read where a page links to it",
    "portal:embed": "read where a page links to it",
    "feeds:dataset-file": "files are read from the disk",
    "feeds:release-file": "files are read from the disk",
    "feeds:release-manifest": "files are read from the disk",
    "feeds:photo": "images are made anew before they are let in",
    "feeds:catalog-jsonld": "says the same as data.json",
    "feeds:catalog-turtle": "says the same as data.json",
    "feeds:schema-changes-json": "tells columns",
    "feeds:schema-changes-atom": "tells columns",
    "feeds:release-table-schema": "says the same as that of the dataset",
    "feeds:release-csv-metadata": "says the same as that of the dataset",
    "feeds:release-croissant": "says the same as that of the dataset",
    "feeds:sitemap": "lists pages",
    "feeds:chain": "its entry is written when the release goes out, of what the manifest says",
    "feeds:chain-entry": "its entry is written when the release goes out, of what the manifest says",
    "feeds:chain-keys": "tells keys",
    "feeds:chain-recipe": "is a program",
    "api:index": "lists doors",
    "api:openapi-json": "describes doors",
    "api:openapi-yaml": "describes doors",
    "api:docs": "describes doors",
    "api:police-uk": "says what differs",
    "api:nothing": "is nothing",
    "ogc:landing": "lists doors",
    "ogc:api": "describes doors",
    "ogc:conformance": "lists standards",
    "ogc:item": "one of the items",
    "robots": "lists addresses",
    "healthz": "tells whether the site is up",
    "login": "a form",
    "logout": "a form",
    "None": "names no door of ours: an icon, what is not found, and theirs of another portal",
}  # fmt: skip
# Not the public face: people who signed in, residents with a receipt, devices, subscribers with a secret.
CLOSED = ("admin:", "desk:", "gunfire:", "community:", "sensors:", "webhooks:")


def names_of_addresses(resolver: URLResolver, namespace: str = "") -> Iterator[str]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{pattern.namespace}:" if pattern.namespace else ""
            yield from names_of_addresses(pattern, namespace + inner)
        else:
            yield f"{namespace}{pattern.name}" if pattern.name else "None"


def test_every_public_address_is_read_or_said_not_to_be() -> None:
    read = set()
    for slug in DATASETS:
        if slug not in MAP:
            release = Release(dataset=Dataset(slug=slug), number=1)
            for address in every(release):
                match = resolve(address.partition("?")[0])
                read.add(match.view_name or "None")

    there = set(names_of_addresses(get_resolver()))
    one_row = {f"api:{slug}-row" for slug in DATASETS}  # one of the rows
    of_the_map = {name for name in there if name.startswith(tuple(f"api:{slug}-" for slug in MAP))}
    open_to_all = {name for name in there if not name.startswith(CLOSED)}
    assert open_to_all - read - one_row - of_the_map == NOT_READ.keys() - read


def test_every_address_that_is_read_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    for slug in ("incidents", "sensitive-totals"):
        release = (
            Release.objects.using("publisher")
            .select_related("dataset")
            .get(dataset__slug=slug, number=1)
        )
        monkeypatch.setattr(visits, "addresses", every)

        found = visits.answers(release, zone=ZoneInfo("America/Chicago"))

        assert [(each.path, each.status) for each in found if each.status != 200] == []
        assert sum(each.holds_rows for each in found) == (2 if slug == "incidents" else 1)
        assert any(each.path.startswith("/verify/") for each in found)
