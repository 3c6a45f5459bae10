"""Readers that nobody here wrote read the feeds; what they are told is what the releases hold."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import feedparser
import pytest
from django.test import Client

from portal.feeds import editions
from portal.feeds.dictionary import DATASETS
from portal.models import PublishedIncident, Release
from portal.views import syndication
from tests.factories.released import release_of, released_city

pytestmark = pytest.mark.usefixtures("city_db")


@pytest.fixture
def client(city_db: None) -> Client:
    """Release 2 of incidents adds two in the north and retires one; release 2 of gunfire is withdrawn."""
    released_city()
    release_of("incidents", number=2, n_added=2, n_retired=3)
    release_of("gunfire", number=2)
    for n, row in enumerate(PublishedIncident.objects.filter(district_slug="north")[:2]):
        row.pk, row.public_id, row.first_release = None, f"{n:024x}", 2
        row.save()
    Release.objects.filter(dataset__slug="gunfire", number=2).update(
        state="withdrawn", withdrawn_reason="Counted twice.", withdrawn_at="2026-11-21T00:00:00Z"
    )
    return Client()


@pytest.mark.parametrize("slug", DATASETS)
def test_a_feed_reader_finds_every_release(client: Client, slug: str) -> None:
    response = client.get(f"/data/{slug}/feed.atom")

    feed = feedparser.parse(response.content)
    assert not feed.bozo, feed.bozo_exception
    numbers = {f"release-{r.number}" for r in Release.objects.filter(dataset__slug=slug)}
    assert {e.id.rsplit("#", 1)[1] for e in feed.entries} >= numbers
    assert all(entry.updated_parsed and entry.link for entry in feed.entries)
    assert feed.feed.id == "http://testserver" + f"/data/{slug}/feed.atom"
    assert any(link.rel == "self" for link in feed.feed.links)
    assert not numbers or feedparser.parse(response.content.replace(b"</entry>", b"", 1)).bozo


@pytest.mark.parametrize(
    "path", ["/data/incidents/feed", "/areas/north/feed", "/areas/testville/feed", "/data/corrections/feed"]
)  # fmt: skip
def test_both_forms_tell_the_same(client: Client, path: str) -> None:
    atom = feedparser.parse(client.get(f"{path}.atom").content)
    found = client.get(f"{path}.json")

    document = json.loads(found.content)
    assert document["version"] == "https://jsonfeed.org/version/1.1"
    assert {"title", "home_page_url", "feed_url", "items"} <= set(document)
    assert [(i["title"], i["url"]) for i in document["items"]] == [
        (entry.title, entry.link) for entry in atom.entries
    ]
    assert document["items"]
    assert found.headers["Content-Type"] == "application/feed+json"


def test_an_area_is_told_what_a_release_added_there(client: Client) -> None:
    added = PublishedIncident.objects.filter(first_release=2)
    by_beat = Counter(added.values_list("beat_slug", flat=True))

    def told(slug: str) -> int:
        items = client.get(f"/areas/{slug}/feed.json").json()["items"]
        return sum(
            int(i["title"].split(": ")[1].split()[0]) for i in items if "#incidents-2" in i["id"]
        )

    assert told("testville") == told("north") == 2
    assert told("south") == 0
    assert {slug: told(slug) for slug in by_beat if slug} == {s: n for s, n in by_beat.items() if s}


def test_an_entry_stays_what_it_was_when_a_row_is_retired(client: Client) -> None:
    before = client.get("/areas/north/feed.json").content
    PublishedIncident.objects.filter(first_release=2).update(retired_release=3)
    release_of("incidents", number=3, n_retired=2)

    after = client.get("/areas/north/feed.json").content

    assert before == after


def test_corrections_hold_removals_and_withdrawals(client: Client) -> None:
    items = client.get("/data/corrections/feed.json").json()["items"]

    assert {i["id"].rsplit("#", 1)[1] for i in items} == {
        "incidents-2-removal",
        "gunfire-2-withdrawal",
    }
    assert "Counted twice." in {i["content_text"] for i in items}


@pytest.fixture
def kept(settings: Any) -> Iterator[None]:
    settings.EDITIONS_KEPT_S = 60
    editions.forget()
    yield
    editions.forget()
    syndication._memory.clear()


@pytest.mark.usefixtures("kept")
def test_a_feed_is_made_once_for_all_readers_until_there_is_news(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = client.get("/areas/north/feed.atom")
    with monkeypatch.context() as quiet:
        quiet.setattr("portal.feeds.syndication._added", None)
        again = Client().get("/areas/north/feed.atom")
    Release.objects.filter(dataset__slug="incidents", number=2).update(
        state="withdrawn", withdrawn_reason="Wrong.", withdrawn_at="2026-11-22T00:00:00Z"
    )
    editions.forget()

    assert again.content == first.content
    assert client.get("/areas/north/feed.atom").content != first.content


@pytest.mark.usefixtures("kept")
def test_what_is_kept_weighs_the_same_however_a_reader_calls_the_site(
    client: Client, settings: Any
) -> None:
    settings.ALLOWED_HOSTS = ["*"]

    for host in ("data.example.org", f"{'a' * 2_000}.example.org"):
        found = client.get("/areas/north/feed.json", headers={"host": host}).json()
        assert found["feed_url"] == f"http://{host}/areas/north/feed.json"

    assert [len(key) for key in syndication._memory._kept] == [32, 32]


def test_a_feed_is_asked_for_again_for_nothing(client: Client) -> None:
    first = client.get("/data/incidents/feed.atom")

    again = client.get(
        "/data/incidents/feed.atom", headers={"If-None-Match": first.headers["ETag"]}
    )

    assert again.status_code == 304
    assert first.headers["Access-Control-Allow-Origin"] == "*"
    assert "Last-Modified" not in first.headers


@pytest.mark.parametrize("path", ["/data/secrets/feed.atom", "/areas/nowhere/feed.json", "/areas/old-mill-park/feed.atom"])  # fmt: skip
def test_what_is_not_there_is_a_problem(client: Client, path: str) -> None:
    response = client.get(path)

    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/problem+json"
