"""Whatever is asked is answered as by one who reads the whole file and chooses by hand."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from portal.city import the_city
from portal.feeds import reading
from portal.feeds.dictionary import DATASETS
from portal.feeds.editions import forget
from portal.feeds.reading import (
    CursorError,
    Page,
    count_of,
    counts_by,
    counts_in_box,
    page_of,
    sorts_of,
)
from portal.feeds.rows import rows_of
from portal.feeds.selection import Box, Selection, SelectionError
from portal.feeds.tallies import Guess, about
from portal.models import (
    PublishedFeedback,
    PublishedIncident,
    PublishedPlace,
    PublishedTally,
    Release,
)
from tests.factories.released import DATASETS as RELEASED
from tests.factories.released import release_of, released_city

pytestmark = pytest.mark.usefixtures("city_db")
WEST, SOUTH = -98.62, 39.78
AT = dt.datetime(2026, 7, 1, tzinfo=dt.UTC)


@pytest.fixture
def everything(city_db: None) -> list[tuple[dict[str, Any], Any]]:
    released_city()
    return rows("incidents")


def rows(slug: str) -> list[tuple[dict[str, Any], Any]]:
    release = Release.objects.get(dataset__slug=slug)
    return [(row, json.loads(shape) if shape else None) for row, shape in rows_of(release)]


def read_all(selection: Selection, *, sort: str = "", limit: int = 2) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = page_of(selection, sort=sort, limit=limit, cursor=cursor)
        found += map(json.loads, page.items)
        if not (cursor := page.cursor):
            return found


MONTHS = [dt.datetime(2026, month, 1, tzinfo=the_city().zone) for month in (8, 9, 10, 11, 12)]
EARLY, LATE = (dt.datetime(year, 1, 1, tzinfo=dt.UTC) for year in (2000, 2100))


def month_of(row: dict[str, Any]) -> str:
    return f"{row['starts_at'].astimezone(the_city().zone):%Y-%m}"


def at(row: dict[str, Any]) -> dt.datetime:
    return dt.datetime.fromisoformat(row["starts_at"])


def lies_in(shape: Any, box: Box) -> bool:
    points = [point for ring in shape["coordinates"] for point in ring]
    return all(box.west <= x <= box.east and box.south <= y <= box.north for x, y in points)


@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_selection_is_what_a_reader_of_the_file_would_choose(
    everything: list[tuple[dict[str, Any], Any]], data: st.DataObject
) -> None:
    chosen, keep = Selection("incidents", 1), everything
    by = data.draw(
        st.sampled_from([["category", "district"], ["month"], ["beat", "month", "precision"]])
    )
    for column in data.draw(
        st.sets(st.sampled_from(["category", "district", "beat", "precision"]))
    ):
        values = data.draw(st.sets(st.sampled_from([row[column] or "" for row, _ in everything])))
        chosen = replace(chosen, equals={**chosen.equals, column: tuple(sorted(values))})
        keep = [(row, shape) for row, shape in keep if (row[column] or "") in values]
    if data.draw(st.booleans()):
        starts = sorted({row["starts_at"] for row, _ in everything})
        since = data.draw(st.sampled_from([*starts, *MONTHS])) + dt.timedelta(
            seconds=data.draw(st.integers(-1, 1))
        )
        until = since + dt.timedelta(hours=data.draw(st.integers(1, 2_000)))
        until = data.draw(st.sampled_from([until, *(month for month in MONTHS if month > since)]))
        begin, end = data.draw(st.sampled_from([(since, until), (since, None), (None, until)]))
        chosen = replace(chosen, since=begin, until=end)
        keep = [
            (row, s)
            for row, s in keep
            if (begin or EARLY) <= row["starts_at"] and row["ends_at"] <= (end or LATE)
        ]
    sort = data.draw(st.sampled_from(sorts_of("incidents")))

    found = read_all(chosen, sort=sort, limit=data.draw(st.integers(1, 7)))

    assert Counter(row["public_id"] for row in found) == Counter(r["public_id"] for r, _ in keep)
    assert count_of(chosen) == len(keep)
    assert page_of(chosen, sort=sort, limit=3, with_total=True).total == len(keep)
    expected = Counter(
        tuple(month_of(row) if c == "month" else row[c] for c in by) for row, _ in keep
    )
    assert counts_by(chosen, by) == expected
    if sort != "id":
        times = [row["starts_at"] for row in found]
        assert times == sorted(times, reverse=sort == "newest")


def test_totals_come_out_alike_with_and_without_tallies(
    everything: list[tuple[dict[str, Any], Any]],
) -> None:
    asked = [Selection("incidents", 1), Selection("incidents", 1, equals={"district": ("north",)})]
    quick = [(count_of(of), counts_by(of, ["category", "beat"])) for of in asked]

    PublishedTally.objects.all().delete()

    assert quick == [(count_of(of), counts_by(of, ["category", "beat"])) for of in asked]
    assert quick[0][0] == len(everything) > quick[1][0] > 0


def test_few_rows_are_read_and_counted_in_one_statement(
    everything: list[tuple[dict[str, Any], Any]], settings: Any, django_assert_num_queries: Any
) -> None:
    settings.EDITIONS_KEPT_S = 60
    forget()
    of = Selection("incidents", 1, box=Box(WEST, SOUTH, WEST + 0.0301, SOUTH + 0.0301))
    page_of(of, with_total=True)  # corners and tallies are known from here

    with django_assert_num_queries(1, using="public"):
        quick = page_of(of, limit=3, with_total=True)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "FEW", 0)
        with CaptureQueriesContext(connections["public"]) as asked:
            slow = page_of(of, limit=3, with_total=True)
    assert len(asked) > 1
    assert quick == slow
    assert quick.total == len(read_all(of)) > 3
    assert page_of(of, limit=3, cursor=quick.cursor, with_total=True).total == quick.total
    nowhere = replace(of, equals={"category": ("theft",), "district": ()})
    with django_assert_num_queries(1, using="public"):
        assert page_of(nowhere, with_total=True) == Page([], "", 0)
    forget()


def test_a_page_of_a_box_is_the_same_in_any_way_of_reading(
    everything: list[tuple[dict[str, Any], Any]],
) -> None:
    corners = [n * 0.005 for n in range(9)]
    # Those that are few by an index, all in the order of time, as the planner likes; all of them whole.
    ways = [(0.0, 10_000, 0), (2.0, 10_000, 0), (2.0, 0, 0), (0.0, 10_000, 10_000)]
    in_order = 0
    for west, south, size in itertools.product(corners, corners, (0.0061, 0.0151, 0.03)):
        box = Box(WEST + west, SOUTH + south, WEST + west + size, SOUTH + south + size)
        of = Selection("incidents", 1, {"category": ("theft",)}, box=box)
        found = []
        for share, few, pages in ways:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(reading, "SPREAD", share)
                patch.setattr(reading, "FEW", few)
                patch.setattr(reading, "WHOLE_PAGES", pages)
                first = page_of(of, limit=2, with_total=True)
                found.append((first, first.cursor and page_of(of, limit=2, cursor=first.cursor)))
        in_order += of.is_told_in_order

        assert all(other == found[0] for other in found[1:])
    assert in_order > 10


def test_rows_are_guessed_by_what_a_box_holds_of_each_kind(
    everything: list[tuple[dict[str, Any], Any]],
) -> None:
    city = Selection("incidents", 1)
    north = replace(city, box=Box(WEST - 0.01, SOUTH + 0.0199, WEST + 0.05, SOUTH + 0.05))
    nothing = replace(city, box=Box(0, 0, 1, 1))

    assert about(city) == Guess(len(everything), len(everything))
    guess = about(north)
    assert guess is not None
    assert 0 < guess.meant < guess.among == len(everything)
    assert about(nothing) == Guess(0, len(everything))
    assert about(replace(city, equals={"category": ("theft",)})) == Guess(
        n := sum(row["category"] == "theft" for row, _ in everything), n
    )
    assert about(Selection("places", 1)) is None
    # A window of calendar months is guessed to the row, whichever way its ends are looked at.
    for since, until in itertools.combinations(MONTHS, 2):
        window = replace(city, since=since, until=until)
        guess = about(window)
        assert guess is not None
        starting = [row for row, _ in everything if since <= row["starts_at"] < until]
        assert guess.meant == len(starting) >= count_of(window)


@pytest.mark.parametrize(
    "box",
    [
        Box(WEST, SOUTH, WEST + 0.04, SOUTH + 0.04),  # the whole city
        Box(WEST, SOUTH + 0.02, WEST + 0.04, SOUTH + 0.04),  # the north
        Box(WEST, SOUTH, WEST + 0.0101, SOUTH + 0.0101),
        Box(WEST + 0.001, SOUTH, WEST + 0.04, SOUTH + 0.04),  # cuts the western footprints
    ],
)
def test_a_box_holds_the_records_whose_whole_footprint_it_holds(
    everything: list[tuple[dict[str, Any], Any]], box: Box
) -> None:
    expected = {row["public_id"] for row, shape in everything if shape and lies_in(shape, box)}

    found = read_all(Selection("incidents", 1, box=box))

    assert {row["public_id"] for row in found if row["longitude"] is not None} == expected
    for row in found:
        if row["longitude"] is None:  # then all of its district, or of the city, lies in the box
            areas = {r["slug"]: s for r, s in rows("areas")}
            assert lies_in(areas[row["district"] or "testville"], box)


def test_a_box_that_cuts_a_footprint_counts_it_only_as_touched(
    everything: list[tuple[dict[str, Any], Any]],
) -> None:
    sliver = Box(WEST + 0.001, SOUTH + 0.001, WEST + 0.002, SOUTH + 0.002)

    assert count_of(Selection("incidents", 1, box=sliver)) == 0
    assert count_of(Selection("incidents", 1, box=sliver, touching=True)) > 0


@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_box_and_its_rim_are_counted_at_once_as_one_by_one(
    everything: list[tuple[dict[str, Any], Any]], data: st.DataObject
) -> None:
    # Lines that footprints end on, and lines beside them.
    steps = st.integers(-2, 42).map(lambda n: n / 1000)
    west, east = sorted(data.draw(st.lists(steps, min_size=2, max_size=2)))
    south, north = sorted(data.draw(st.lists(steps, min_size=2, max_size=2)))
    box = Box(WEST + west, SOUTH + south, WEST + east + 0.0001, SOUTH + north + 0.0001)
    slug = data.draw(st.sampled_from(["incidents", "gunfire", "places"]))
    of = Selection(slug, 1, box=box)
    if slug == "incidents" and data.draw(st.booleans()):
        of = replace(of, equals={"category": ("theft",)}, since=MONTHS[1])

    inside, touching = counts_in_box(of)

    assert inside == count_of(of) == len(read_all(of, limit=50))
    rim = read_all(replace(of, touching=True, since=None), limit=50)
    assert touching == sum(of.since is None or at(row) >= of.since for row in rim)


def test_columns_come_in_the_order_asked_and_as_features(
    everything: list[tuple[dict[str, Any], Any]],
) -> None:
    of = Selection("incidents", 1)

    assert list(json.loads(page_of(of, columns=["category", "public_id"]).items[0])) == [
        "category",
        "public_id",
    ]
    feature = json.loads(page_of(of, with_footprint=True).items[0])
    shapes = {row["public_id"]: shape for row, shape in everything}
    assert feature["geometry"] == shapes[feature["id"]]
    assert list(feature["properties"]) == list(DATASETS["incidents"].columns)


@pytest.mark.parametrize("slug", ["incidents", "gunfire"])
def test_what_a_place_says_is_read_once_and_told_in_every_row(
    slug: str, settings: Any, django_assert_num_queries: Any
) -> None:
    released_city()
    settings.EDITIONS_KEPT_S = 60
    forget()
    columns, of = DATASETS[slug].columns, Selection(slug, 1)
    quick = page_of(of)

    with django_assert_num_queries(1, using="public"):
        assert page_of(of) == quick
    slow = page_of(of, columns=columns)

    assert quick.items == slow.items
    assert any(json.loads(item)["stands_for_addresses"] for item in quick.items)
    forget()


def test_a_place_of_this_second_is_told_and_an_unknown_one_is_as_none(
    everything: list[tuple[dict[str, Any], Any]], settings: Any
) -> None:
    settings.EDITIONS_KEPT_S = 60
    forget()
    of = Selection("incidents", 1)
    page_of(of)  # what every place says is known from here
    place = PublishedPlace.objects.order_by("code")[0]
    place.pk, place.code, place.stands_for_addresses = None, "new-1", 4_321
    place.save(using="publisher")
    placed = PublishedIncident.objects.using("publisher").exclude(place_code="")
    first, second = placed.order_by("public_id")[:2]
    placed.filter(pk=first.pk).update(place_code="new-1")
    placed.filter(pk=second.pk).update(place_code="nowhere-1")

    found = {row["public_id"]: row for row in map(json.loads, page_of(of).items)}

    assert found[first.public_id]["stands_for_addresses"] == 4_321
    assert found[second.public_id]["stands_for_addresses"] is None
    assert page_of(of).items == page_of(of, columns=DATASETS["incidents"].columns).items
    forget()


def test_text_is_told_letter_by_letter(city_db: None) -> None:
    said = 'a "quoted" \\ back\\slash,\nanother line\t\u2028 and \x01 ñ 🌻 %s {}'
    release_of("feedback")
    PublishedFeedback.objects.using("publisher").create(
        public_id="f" * 24, kind="praise", topic="other", text=said, period="2026-W40",
        starts_at=AT, ends_at=AT + dt.timedelta(days=7), first_release=1,
    )  # fmt: skip

    (item,) = page_of(Selection("feedback", 1)).items

    assert json.loads(item)["text"] == said
    assert json.loads(item)["answer"] is None
    assert list(json.loads(item)) == list(DATASETS["feedback"].columns)


def test_a_cursor_continues_its_own_question_alone(
    everything: list[tuple[dict[str, Any], Any]],
) -> None:
    of = Selection("incidents", 1)
    cursor = page_of(of, limit=1).cursor

    for other in (replace(of, release=2), replace(of, equals={"district": ("north",)})):
        with pytest.raises(CursorError, match="another question or release"):
            page_of(other, limit=1, cursor=cursor)
    for made_up in ("x", "%%%", "W10", cursor[:-4], "eyJhIjoxfQ"):
        with pytest.raises(CursorError):
            page_of(of, limit=1, cursor=made_up)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: Selection("secrets", 1), "got dataset 'secrets'"),
        (lambda: Selection("incidents", 1, equals={"occurred_at": ("x",)}), "'occurred_at'"),
        (lambda: Selection("incidents", 1, at_least={"category": 1}), "range of 'category'"),
        (lambda: Selection("places", 1, since=AT), "no start and end"),
        (lambda: Selection("sensitive-totals", 1, box=Box(0, 0, 1, 1)), "have no place"),
        (lambda: Box(1, 0, 0, 1), "west of east"),
        (lambda: page_of(Selection("places", 1), sort="newest"), "wanted one of id"),
        (lambda: page_of(Selection("places", 1), columns=["narrative"]), "got columns narrative"),
        (lambda: counts_by(Selection("places", 1), ["narrative"]), "group by narrative"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_sentence(wrong: Any, said: str) -> None:
    with pytest.raises(SelectionError, match=said):
        wrong()


@pytest.mark.parametrize("slug", RELEASED)
def test_every_dataset_can_be_read_page_by_page(slug: str) -> None:
    released_city()
    expected = [row for row, _ in rows(slug)]

    found = read_all(Selection(slug, 1), sort="id", limit=3)

    first = DATASETS[slug].columns[0]
    assert [row[first] for row in found] == [row[first] for row in expected]
