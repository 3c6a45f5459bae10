"""What pages count equals what one counts row by row."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest

from portal import queries
from portal.city import the_city
from portal.models import (
    Dataset,
    PublishedArea,
    PublishedCell,
    PublishedCount,
    PublishedGunfire,
    PublishedIncident,
    PublishedPlace,
    PublishedStreet,
    PublishedTally,
    Release,
)
from portal.queries import Slice
from tests.factories import released
from tests.factories.released import released_city
from tests.reference.recounts import inside, recount

pytestmark = pytest.mark.usefixtures("city_db")
ZONE = the_city().zone
SLICES = (
    {},
    {"district_slug": "north"},
    {"beat_slug": "north-1"},
    {"category": "theft"},
    {"district_slug": "north", "category": "assault"},
    {"since": dt.date(2026, 9, 1), "until": dt.date(2026, 11, 1)},
    {"beat_slug": "south-1", "until": dt.date(2026, 9, 1)},
    {"category": "burglary", "since": dt.date(2026, 10, 1)},
)


def as_slice(wanted: dict) -> Slice:
    short = {"district_slug": "district", "beat_slug": "beat"}
    return Slice(**{short.get(name, name): value for name, value in wanted.items()})


@pytest.fixture
def release() -> Release:
    """Rows of several months, of every precision, at midnights, some retired and some not yet public."""
    released_city()
    late = dt.datetime(2026, 10, 1, 4, 59, tzinfo=dt.UTC)  # 23:59 on 30 September in the city
    released.incident(
        dt.date(2026, 9, 30), place="S-2", starts_at=late, ends_at=late + dt.timedelta(hours=6)
    )
    released.incident(dt.date(2026, 10, 2), place="S-3", category="vandalism")
    released.incident(dt.date(2026, 10, 3), first_release=2)
    released.incident(dt.date(2026, 10, 4), retired_release=1)
    released.incident(dt.date(2026, 10, 4), retired_release=2)
    PublishedTally.objects.all().delete()
    tally_by_city_time()
    release = queries.current_release("incidents")
    assert release is not None
    return release


def tally_by_city_time() -> None:
    columns = ("month", "category", "district_slug", "beat_slug")
    counts = recount(PublishedIncident.objects.all(), number=1, zone=ZONE, by=columns)
    PublishedTally.objects.bulk_create(
        PublishedTally(
            dataset_slug="incidents",
            release_number=1,
            n=n,
            **dict(zip(columns, key, strict=True)),
        )
        for key, n in counts.items()
    )


def test_totals_and_counts_equal_a_recount(release: Release) -> None:
    rows = list(PublishedIncident.objects.all())
    for wanted, column in itertools.product(
        SLICES, ("month", "category", "district_slug", "beat_slug")
    ):
        expected = recount(rows, number=1, zone=ZONE, by=(column,), **wanted)
        assert queries.count_by(release, column, as_slice(wanted)) == expected, (wanted, column)
        assert queries.total(release, as_slice(wanted)) == sum(expected.values())


def test_counts_by_two_columns_equal_a_recount(release: Release) -> None:
    rows = list(PublishedIncident.objects.all())
    for wanted in SLICES:
        expected = recount(rows, number=1, zone=ZONE, by=("month", "district_slug"), **wanted)
        found = queries.count_by_two(release, "month", "district_slug", as_slice(wanted))
        assert found == expected, wanted


def test_counts_by_cell_leave_out_what_has_a_place(release: Release) -> None:
    rows = [row for row in PublishedIncident.objects.all() if row.precision != "place"]
    for wanted in ({}, {"category": "assault"}, {"since": dt.date(2026, 11, 1)}):
        expected = recount(rows, number=1, zone=ZONE, by=("cell_code",), **wanted)
        assert queries.count_by_cell(release, as_slice(wanted), ZONE) == expected, wanted
    assert queries.count_by_cell(release, Slice(), ZONE) == {"N-W": 5, "S": 1, "": 1}


def test_the_recount_of_cells_knows_what_lies_in_what() -> None:
    parents = {"N-W": "N", "N": "city", "city": ""}

    assert inside("N-W", "N", parents)
    assert not inside("N", "N-W", parents)


def test_pages_of_rows_hold_every_row_once_newest_first(release: Release) -> None:
    for of in (Slice(), Slice(district="north"), Slice(category="theft"), Slice(beat="north-1")):
        found, key = [], ""
        while True:
            page = queries.page_of_rows(release, of, after=key, size=4)
            found += page.rows
            key = page.next_key
            if not key:
                break
        expected = [
            row
            for row in PublishedIncident.objects.all()
            if row.first_release == 1
            and row.retired_release != 1
            and of.district in ("", row.district_slug)
            and of.beat in ("", row.beat_slug)
            and of.category in ("", row.category)
        ]
        expected.sort(key=lambda row: row.public_id)
        expected.sort(key=lambda row: row.starts_at, reverse=True)
        assert [row.public_id for row in found] == [row.public_id for row in expected], of


def test_a_page_key_of_another_make_is_refused(release: Release) -> None:
    for key in (
        "1",
        "20261001T000000",
        "2026100XT000000-" + "0" * 24,
        "20261399T000000-" + "0" * 24,
    ):
        with pytest.raises(queries.PageKeyError):
            queries.page_of_rows(release, Slice(), after=key)


def test_alerts_of_some_months_come_in_order(release: Release) -> None:
    gunfire = queries.current_release("gunfire")
    assert gunfire is not None
    october = Slice(since=dt.date(2026, 10, 1), until=dt.date(2026, 11, 1))

    found = queries.alerts(gunfire, october, ZONE)
    assert [row.rounds for row in found] == ["1", "2-5", "6+"]
    assert queries.alerts(gunfire, Slice(until=dt.date(2026, 10, 1)), ZONE) == []
    assert PublishedGunfire.objects.count() == 3


def test_areas_are_those_of_the_current_release_in_a_readers_order(release: Release) -> None:
    def beat(name: str, **values: object) -> None:
        PublishedArea.objects.create(
            slug=name.lower().replace(" ", "-"),
            kind="beat",
            code=name,
            name=name,
            geometry=released.square(-98.6, 39.7),
            **{"first_release": 1, **values},
        )

    beat("North 10")
    beat("North 3", retired_release=1)
    beat("North 4", first_release=2)
    names = [area.name for area in queries.areas("district", "beat", shapes=False)]

    assert names == ["North", "South", "North 1", "North 2", "North 10", "South 1", "South 2"]
    assert queries.area("north-3") is None
    assert queries.area("north-4") is None


def test_before_the_first_release_there_is_nothing(city_db: None) -> None:
    Dataset.objects.create(slug="areas")

    assert queries.areas("district") == []
    assert queries.area("north") is None
    assert queries.cells() == []
    assert queries.current_release("areas") is None
    assert queries.current_release("incidents") is None
    assert queries.search("north") == []
    assert queries.sensitive_totals(district="") == []


def test_a_city_total_holds_the_error_of_every_district_and_of_none(release: Release) -> None:
    districts = set(PublishedCount.objects.exclude(district_slug="").values_list("district_slug"))

    assert queries.draws_in("") == len(districts) + 1
    assert queries.draws_in("north") == 1
    assert [row.noisy_count for row in queries.sensitive_totals(district="north")] == [12]


def test_how_many_addresses_rows_stand_for(release: Release) -> None:
    rows = PublishedIncident.objects.all()
    places = {place.code: place.stands_for_addresses for place in PublishedPlace.objects.all()}
    cells = {cell.code: cell.n_addresses for cell in PublishedCell.objects.all()}

    known = queries.addresses_stood_for(rows)
    for row in rows:
        if row.place_code:
            assert known[row.place_code] == places[row.place_code]
        if row.cell_code:
            assert known[row.cell_code] == cells[row.cell_code]


SEARCHES = [
    ("north", ["north"]),
    ("NORTH 2", ["north-2"]),
    ("Testville", ["testville"]),
    ("Lincoln Avenue", ["north-1", "south-2"]),
    ("lincoln av", ["north-1", "south-2"]),
    ("12 Lincoln Ave.", ["north-1"]),
    ("150 LINCOLN AVENUE", ["south-2"]),
    ("150 Lincoln Avenue, Testville 62701", ["south-2"]),
    ("150 Lincoln Avenue Apt 4", ["south-2"]),
    ("150 Lincoln Ave #4", ["south-2"]),
    ("150 Lincoln Avenue Testville 62701", ["south-2"]),
    ("5000 Lincoln Avenue", ["north-1", "south-2"]),  # no such number: the whole street
    ("  o'brien  st ", ["south-1"]),
    ("OBRIEN STREET", ["south-1"]),
    ("Calle de la Unión", ["north-2"]),
    ("calle de la union", ["north-2"]),
    ("Old Mill Park", ["south"]),
    ("12 Cedar Street", ["north-1"]),
    ("12 N Cedar Street", ["north-1"]),
    ("12 South Cedar Street", []),
    ("12 Cedar Street NW, Testville", []),
    ("12 Cedar Lane", []),  # another street of that tree is not the answer
    ("12 St Marys Avenue Testville", ["south-1"]),
    ("9" * 30 + " Lincoln Avenue", ["north-1", "south-2"]),
    ("Nowhere Street", []),
    ("", []),
    ("   ", []),
    ("#", []),
    (", ,", []),
]


def test_words_lead_to_areas(city_db: None) -> None:
    released_city()
    for street, beat in (
        ("O'Brien Street", "south-1"),
        ("Calle de la Unión", "north-2"),
        ("N Cedar Street", "north-1"),
        ("Saint Mary's Avenue", "south-1"),
    ):
        PublishedStreet.objects.create(
            street=street,
            street_key=queries.street_key(street),
            beat_slug=beat,
            district_slug=beat[:5],
            first_release=1,
        )

    for words, slugs in SEARCHES:
        assert [area.slug for area in queries.search(words)] == slugs, words


def test_a_park_leads_to_the_beat_around_it(city_db: None) -> None:
    released_city()
    PublishedArea.objects.filter(slug="old-mill-park").update(
        geometry=released.square(-98.606, 39.782, 0.002)
    )

    assert [area.slug for area in queries.search("old mill")] == ["south-2"]
