"""A page is sent again only when something was released, and says the same to every reader."""

from __future__ import annotations

import gzip
from typing import Any

from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal.feeds.editions import forget
from portal.models import Release
from tests.factories.released import release_of
from tests.portal.views.reading import PAGES

NOT_KEPT = "/search/"


def test_every_page_may_be_kept_for_a_minute(reader: Client) -> None:
    for path in PAGES:
        response = reader.get(path)
        if path.startswith(NOT_KEPT):
            assert response["Cache-Control"] == "no-store", path
            assert "ETag" not in response
        else:
            assert response["Cache-Control"] == "public, max-age=60", path
            assert response["ETag"].startswith('"'), path
            assert response["Vary"] == "Accept-Encoding", path
            known = again(reader, path, response["ETag"])
            assert (known.status_code, known["Vary"]) == (304, "Accept-Encoding"), path


def test_before_the_first_release_nothing_is_kept_without_asking(client: Client) -> None:
    assert client.get("/")["Cache-Control"] == "public, max-age=0"
    release_of("areas")
    assert client.get("/")["Cache-Control"] == "public, max-age=60"


def again(reader: Client, path: str, etag: str) -> Any:
    return reader.get(path, headers={"If-None-Match": etag})


def test_a_page_already_read_costs_one_query(reader: Client) -> None:
    etag = reader.get("/")["ETag"]

    with CaptureQueriesContext(connections["public"]) as queries:
        response = again(reader, "/", etag)

    assert response.status_code == 304
    assert response.content == b""
    assert response["ETag"] == etag
    assert len(queries) == 1


def test_a_page_already_read_costs_no_query_while_the_releases_are_known(
    reader: Client, settings: Any
) -> None:
    settings.EDITIONS_KEPT_S = 60
    forget()
    etag = reader.get("/")["ETag"]

    with CaptureQueriesContext(connections["public"]) as queries:
        response = again(reader, "/", etag)

    forget()
    assert response.status_code == 304
    assert len(queries) == 0


def test_a_new_release_makes_a_new_page(reader: Client) -> None:
    etags = {path: reader.get(path)["ETag"] for path in ("/", "/data/gunfire/")}
    release_of("gunfire", number=2)

    for path, etag in etags.items():
        assert again(reader, path, etag).status_code == 200, path


def test_a_withdrawal_makes_a_new_page(reader: Client) -> None:
    release_of("gunfire", number=2)
    etag = reader.get("/data/gunfire/")["ETag"]
    Release.objects.filter(dataset__slug="gunfire", number=1).update(
        state=Release.State.WITHDRAWN, withdrawn_reason="a sensor was misplaced"
    )

    response = again(reader, "/data/gunfire/", etag)
    assert response.status_code == 200
    assert "a sensor was misplaced" in response.content.decode()


def test_each_address_and_language_is_a_page_of_its_own(reader: Client) -> None:
    etags = [
        reader.get(path)["ETag"]
        for path in ("/incidents/", "/es/incidents/", "/incidents/?district=north", "/gunfire/")
    ]

    assert len(set(etags)) == len(etags)


def test_pages_are_compressed_for_those_who_can_read_it(reader: Client) -> None:
    whole = reader.get("/map/")
    small = reader.get("/map/", headers={"accept-encoding": "gzip"})

    assert gzip.decompress(small.content) == whole.content
    assert len(small.content) < len(whole.content) / 2
    assert small["Vary"] == "Accept-Encoding"
    assert again(reader, "/map/", small["ETag"]).status_code == 304


def test_what_is_private_is_not_kept(reader: Client) -> None:
    assert "public" not in reader.get("/feedback/")["Cache-Control"]
    assert "Cache-Control" not in reader.get("/nothing-here/")
