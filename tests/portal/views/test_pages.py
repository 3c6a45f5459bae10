"""Every page answers everybody: before the first release, in both languages, whatever is asked of it."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from portal.feeds.building import build_files
from portal.models import PublishedIncident, PublishedTally, Release
from tests.factories.released import incident, tally
from tests.portal.views.reading import PAGES, words_of

# The page of a dataset counts each list of choices and each figure by itself; a server remembers the
# tallies from which it does, a test does not.
MOST_QUERIES = 34
HOSTILE = (
    "' OR 1=1 --",
    "<script>alert(1)</script>",
    "\x00",
    "../../etc/passwd",
    "%F0%28%8C%28",
    "²",
    "9" * 400,
    "٣ calle",
    "{{ 7*7 }}",
    "north' UNION SELECT * FROM vault.incidents_incident --",
)


@contextmanager
def only_the_public_role() -> Iterator[None]:
    """Any statement through another role fails."""

    def refuse(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        raise AssertionError(f"{context['connection'].alias}: {sql}")

    with ExitStack() as stack:
        for alias in set(connections) - {"public"}:
            stack.enter_context(connections[alias].execute_wrapper(refuse))
        yield


def refuse_sessions(*args: Any, **kwargs: Any) -> None:
    raise AssertionError("a public page touched the session")


def test_every_page_answers_before_the_first_release(client: Client) -> None:
    for path in PAGES:
        response = client.get(path)
        expected = 404 if re.match(r"/areas/.", path) else 200
        assert response.status_code == expected, path


def test_pages_without_a_release_say_so_and_show_no_number(client: Client) -> None:
    for path in ("/map/", "/incidents/", "/gunfire/"):
        words = words_of(client.get(path))
        assert "This is not a zero." in words, path
        assert not re.search(r"\b0 (published|incidents|alerts)", words), path


@pytest.mark.parametrize("prefix", ["", "/es"])
def test_every_page_reads_as_the_public_role_with_few_queries_and_no_session(
    reader: Client, monkeypatch: pytest.MonkeyPatch, prefix: str
) -> None:
    for method in ("load", "save", "_get_session_from_db"):
        monkeypatch.setattr(SessionStore, method, refuse_sessions)
    for release in Release.objects.select_related("dataset"):
        build_files(release)  # as the worker does; no page does

    for path in PAGES:
        with only_the_public_role(), CaptureQueriesContext(connections["public"]) as queries:
            response = reader.get(prefix + path)
        expected = 302 if "q=north" in path else 200
        assert response.status_code == expected, path
        assert len(queries) <= MOST_QUERIES, f"{path}: {len(queries)} queries"
        assert not response.cookies, path
        assert "Cookie" not in response.get("Vary", ""), path


def test_the_number_of_queries_does_not_grow_with_the_city(reader: Client) -> None:
    def count(path: str) -> int:
        with CaptureQueriesContext(connections["public"]) as queries:
            reader.get(path)
        return len(queries)

    pages = ("/", "/map/", "/areas/north/", "/incidents/", "/gunfire/", "/data/")
    before = {path: count(path) for path in pages}
    multiply_rows()

    assert {path: count(path) for path in pages} == before


def multiply_rows() -> None:
    for day in range(1, 28):
        incident(dt.date(2026, 9, day))
    PublishedTally.objects.all().delete()
    for slug in ("incidents", "gunfire"):
        tally(slug)


def test_a_page_names_the_release_of_each_figure(reader: Client) -> None:
    words = words_of(reader.get("/gunfire/"))

    assert "Source: Gunfire alerts, release 1, published Nov. 16, 2026." in words
    assert "Source: Police incidents, release 1" in words_of(reader.get("/map/"))


def test_the_demo_city_says_that_it_is_one_on_every_page(reader: Client) -> None:
    for path in PAGES:
        response = reader.get(path, follow=True)
        assert "This is a demonstration city; nothing here is real." in words_of(response), path


def test_home_offers_the_search_first(reader: Client) -> None:
    page = reader.get("/").content.decode()
    body = page[page.index("<main") :]

    heads = [body.index(part) for part in ('role="search"', 'id="happened"', 'id="done"')]
    assert heads == sorted(heads)
    assert body.index('id="promise"') > heads[-1]


def test_a_hostile_question_is_refused_or_finds_nothing(reader: Client) -> None:
    doors = [
        ("/map/", {}, "by"),
        ("/map/", {}, "category"),
        ("/map/", {"by": "cell"}, "level"),
        ("/incidents/", {}, "district"),
        ("/incidents/", {}, "beat"),
        ("/incidents/", {}, "category"),
        ("/incidents/", {}, "after"),
        ("/gunfire/", {}, "after"),
    ]
    for value, (path, asked, name) in itertools.product(HOSTILE, doors):
        response = reader.get(path, {**asked, name: value})
        assert response.status_code == 404, (path, name, value)
        assert "<script>alert" not in response.content.decode()

    for value in HOSTILE:
        response = reader.get("/search/", {"q": value})
        assert response.status_code in (200, 302), value
        assert "<script>alert" not in response.content.decode()


def test_what_does_not_exist_is_not_found(reader: Client) -> None:
    for path in (
        "/areas/nowhere/",
        "/areas/old-mill-park/",
        "/data/nothing/",
        "/map/?by=street",
        "/map/?by=cell&level=7",
        "/incidents/?after=20261101T060000-zz",
        "/incidents/?after=99999999T999999-0123456789abcdef01234567",
        "/es/nada/",
        "/de/",
    ):
        assert reader.get(path).status_code == 404, path


def test_pages_are_read_and_not_written_to(reader: Client) -> None:
    for path in ("/", "/map/", "/incidents/", "/data/incidents/", "/search/"):
        assert reader.post(path).status_code == 405
        assert reader.head(path).status_code == 200


def test_the_next_pages_show_every_row_once(reader: Client) -> None:
    for _ in range(3):  # more than two pages
        multiply_rows()
    shown: list[str] = []
    address = "/incidents/"
    while address:
        page = reader.get(address).content.decode()
        shown += re.findall(r'<th scope="row" data-label="What">', page)
        following = re.search(r'href="(\?[^"]*after=[^"]*)"', page)
        address = "/incidents/" + following[1].replace("&amp;", "&") if following else ""

    assert len(shown) == PublishedIncident.objects.count() > 50


def test_the_language_of_a_page_is_in_its_address(reader: Client) -> None:
    response = reader.get("/es/areas/north/", headers={"accept-language": "en"})
    page = response.content.decode()

    assert '<html lang="es">' in page
    assert response["Content-Language"] == "es"
    assert 'href="/es/map/"' in page
    assert 'hreflang="en" href="http://testserver/areas/north/"' in page
    assert "English" in words_of(response)
    assert (
        '<html lang="en">'
        in reader.get("/areas/north/", headers={"accept-language": "es"}).content.decode()
    )


def test_the_language_of_a_page_ends_with_it(reader: Client) -> None:
    before = translation.get_language()
    for path in ("/es/", "/es/nada/"):
        reader.get(path)
        assert translation.get_language() == before


def test_links_inside_a_spanish_page_stay_spanish(reader: Client) -> None:
    same_in_every_language = r"^(/es/|/static/|/data/[^/]+\.|/data/[^/]+/releases/|/api/|/ogc/|/[^?]+\.[a-z]+$|/desk/|[?#]|mailto:|https?:|$)"
    for path in PAGES:
        page = reader.get("/es" + path, follow=True).content.decode()
        for href in re.findall(r'(?:href|action)="([^"]*)"', page):
            assert re.search(same_in_every_language, href), (path, href)


def test_filters_are_kept_when_the_language_changes(reader: Client) -> None:
    page = reader.get("/incidents/?district=north").content.decode()

    assert 'href="http://testserver/es/incidents/?district=north"' in page


def test_robots_may_read_what_is_public(client: Client) -> None:
    text = client.get("/robots.txt").content.decode()

    assert "Disallow: /desk/" in text
    assert "Disallow: /data" not in text
