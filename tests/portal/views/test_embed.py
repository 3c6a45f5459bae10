"""A figure on somebody else's page: the same numbers, framed by anybody, harmless; and nothing else is framed."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.test import Client

from portal.models import Release
from tests.factories.released import release_of
from tests.portal.views.reading import PAGES, rows_of_file, table, table_of_figure, words_of


@pytest.mark.parametrize("prefix", ["", "/es"])
def test_anybody_may_frame_a_figure(reader: Client, prefix: str) -> None:
    response = reader.get(f"{prefix}/embed/incidents-r1;by=category/")
    page = response.content.decode()

    assert response.status_code == 200
    assert "frame-ancestors *" in response["Content-Security-Policy"]
    assert "script-src 'none'" in response["Content-Security-Policy"]
    assert "X-Frame-Options" not in response
    assert not response.cookies
    assert "<script" not in page
    assert '<meta name="robots" content="noindex">' in page
    assert f'<html lang="{prefix[1:] or "en"}">' in page


def test_it_may_still_be_framed_when_the_browser_asks_whether_it_changed(reader: Client) -> None:
    path = "/embed/incidents-r1;by=category/"
    again = reader.get(path, headers={"if-none-match": reader.get(path)["ETag"]})

    assert again.status_code == 304
    assert "frame-ancestors *" in again["Content-Security-Policy"]
    assert "X-Frame-Options" not in again


def test_no_other_page_may_be_framed(reader: Client) -> None:
    paths = (*PAGES, "/verify/incidents-r1/", "/embed/secrets-r1/", "/embed/incidents-r99/",
             "/feedback/", "/sign-in/", "/api/v1/", "/data/incidents.csv")  # fmt: skip
    for path in paths:
        response = reader.get(path)
        assert "frame-ancestors 'none'" in response["Content-Security-Policy"], path
        # What is no page has the policy alone, which every browser that shows it obeys.
        assert path == "/api/v1/" or response["X-Frame-Options"] == "DENY", path


@pytest.mark.parametrize(
    ("ref", "figure_id"),
    [
        ("incidents-r1;by=category;district=north", "figure"),
        ("incidents-r1;by=month;category=theft", "figure"),
        ("gunfire-r1;by=district", None),
        ("incidents-r1;by=weekday,hour", None),
        ("gunfire-ledger-r1;rows", None),
        ("incidents-r1", None),
        ("incidents-r1;by=month;since=2026-07-20T05:00:00Z;until=2026-11-15T06:00:00Z", "figure"),
    ],
)
def test_it_shows_the_numbers_of_its_recount_with_release_and_way_to_check(
    reader: Client, ref: str, figure_id: str | None
) -> None:
    page = reader.get(f"/embed/{ref}/")
    counted = reader.get(f"/verify/{ref}/", {"format": "json"}).json()["counted"]

    assert "release 1, published" in words_of(page)
    assert f'/verify/{ref.replace(",", "%2C")}/"' in page.content.decode() or f'/verify/{ref}/"' in page.content.decode()  # fmt: skip
    if figure_id:
        shown = [int(row[1].replace(",", "")) for row in table_of_figure(page, figure_id)]
        wanted = [row["rows"] for row in counted]
        if "by=month" in ref:  # a month that cannot be told yet is in the file, not in the picture
            assert [n for n in shown if n]
            assert set(shown) <= {0, *wanted}
        else:
            assert sorted(shown) == sorted(wanted)
    elif ref == "incidents-r1":
        n = len(rows_of_file(reader, "incidents"))
        assert f"{n} incidents" in words_of(page)
    elif ref == "gunfire-r1;by=district":
        shown_map = table(page, re.search(r"<caption>([^<]*)", page.content.decode())[1])  # type: ignore[index]
        by_name = sorted(int(row[1]) for row in shown_map if row[1] != "0")
        assert by_name == sorted(row["rows"] for row in counted if row["district"])
    else:
        assert len(table(page, "Counted anew")) == len(counted)


def test_the_code_to_copy_frames_the_figure_of_the_page(reader: Client) -> None:
    for path in (
        "/data/incidents/?category=theft",
        "/data/incidents/?since=2026-08-01&bbox=-98.63,39.7,-98.5,39.9&min_stands_for_addresses=1",
        "/verify/incidents-r1;by=district/",
    ):
        page = reader.get(path).content.decode()
        frames = [unescape(unescape(found)) for found in re.findall(r"&lt;iframe .*?&lt;/iframe&gt;", page)]  # fmt: skip
        assert frames
        for frame in frames:
            source = re.search(r'src="http://testserver([^"]+)"', frame)
            assert source
            assert reader.get(source[1]).status_code == 200


def test_a_withdrawn_figure_says_so_and_an_unknown_one_is_not_found(reader: Client) -> None:
    release_of("incidents", number=2)
    Release.objects.filter(dataset__slug="incidents", number=1).update(
        state="withdrawn", withdrawn_reason="Counted twice."
    )
    response = reader.get("/embed/incidents-r1;by=category/")

    assert response.status_code == 410
    assert "Counted twice." in words_of(response)
    assert "frame-ancestors *" in response["Content-Security-Policy"]
    assert reader.get("/embed/incidents-r77/").status_code == 404
    assert reader.get("/embed/incidents-r2;by=narrative/").status_code == 404


def test_nought_of_a_kind_that_there_is_not_is_no_figure(reader: Client) -> None:
    for door in ("embed", "verify"):
        assert reader.get(f"/{door}/incidents-r1;category=thefft/").status_code == 404
        assert reader.get(f"/{door}/incidents-r1;category=homicide/").status_code == 200
