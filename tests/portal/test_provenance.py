"""A figure's question can be written down, read back, and answered by hand from the file."""

from __future__ import annotations

import datetime as dt
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import resolve, reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.city import the_city
from portal.feeds.building import build_files
from portal.feeds.rows import rows_of
from portal.feeds.selection import Box
from portal.models import PublishedIncident, PublishedTally, Release
from portal.provenance import FigureError, FigureRef, recount
from tests.factories.released import release_of, released_city
from tests.serving import served

TEXT = st.text(
    st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8
) | st.text("/.%;,(", min_size=1)
INSTANT = st.datetimes(dt.datetime(1901, 1, 1), dt.datetime(2199, 1, 1), timezones=st.just(dt.UTC))
LIMITS = st.dictionaries(
    st.sampled_from(["longitude", "stands_for_addresses"]), st.floats(-1e9, 1e9), max_size=2
)
BOX = st.builds(Box, st.floats(-180, -1), st.floats(-90, -1), st.floats(1, 180), st.floats(1, 90))
MONTH = st.builds("{}-{:02}".format, st.integers(2000, 2099), st.integers(1, 12))

# Around the north of the released city, through the place N-0.
NORTH = "-98.63,39.7905,-98.59,39.83"


@settings(deadline=None)  # the first case reads the addresses of the whole site
@given(
    release=st.integers(1, 10**6),
    by=st.lists(st.sampled_from(["month", "category", "district", "weekday"]), unique=True),
    equals=st.dictionaries(
        st.sampled_from(["district", "public_id", "grain"]), st.lists(TEXT, max_size=3).map(tuple)
    ),
    months=st.none() | st.tuples(MONTH, MONTH),
    bounds=st.fixed_dictionaries(
        {},
        optional={
            "since": INSTANT,
            "until": INSTANT,
            "box": BOX,
            "cell": TEXT,
            "at_least": LIMITS,
            "at_most": LIMITS,
            "touching": st.booleans(),
        },
    ),
)
def test_what_is_written_is_read_back(
    release: int, by: Any, equals: Any, months: Any, bounds: Any
) -> None:
    ref = FigureRef("incidents", release, tuple(by[:3]), equals, months, **bounds)

    address = reverse("portal:verify", args=[ref])

    assert FigureRef.parse(str(ref)) == ref
    assert resolve(unquote(address)).kwargs["code"] == str(ref)
    assert not {"..", "."} & set(unquote(address).split("/"))
    assert "//" not in unquote(address)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("incidents", "such as incidents-r12"),
        ("secrets-r1", "got dataset 'secrets'"),
        ("incidents-r1;by=occurred_at", "got occurred_at"),
        ("incidents-r1;narrative=x", "got narrative"),
        ("incidents-r1;months=2026", "such as 2025-11..2026-10"),
        ("incidents-r1;what", "wanted column=value"),
        ("incidents-r1;by=public_id", "got public_id"),
        ("incidents-r1;rows", "told by counts"),
        ("incidents-r1;by=month,district,beat,category", "at most 3"),
        ("incidents-r1;category=\0", "NUL"),
        ("places-r1;months=2026-01..2026-02", "have no start"),
        ("places-r1;since=2026-01-01", "have no start"),
        ("incidents-r1;months=2026-00..2026-02", "such as 2025-11"),
        ("incidents-r1;since=soon", "such as 2026-10-01"),
        ("incidents-r1;until=1066-10-14", "1900 to 2200"),
        ("incidents-r1;bbox=1,2,3", "west,south,east,north"),
        ("incidents-r1;bbox=3,2,1,4", "west of east"),
        ("incidents-r1;bbox=0,0,nan,1", "a number"),
        ("feedback-r1;bbox=0,0,1,1", "no place"),
        ("places-r1;cell=N-W", "got a cell"),
        ("incidents-r1;min_category=1", "got a range"),
        ("incidents-r1;max_stands_for_addresses=many", "a number"),
        ("incidents-r1;stands_for_addresses=many", "a whole number"),
    ],
)
def test_what_names_no_figure_is_refused(text: str, said: str) -> None:
    with pytest.raises(FigureError, match=re.escape(said)):
        FigureRef.parse(text)


@pytest.mark.usefixtures("city_db")
def test_counting_anew_is_counting_by_hand() -> None:
    released_city()
    release = Release.objects.get(dataset__slug="incidents")
    zone = ZoneInfo(the_city().timezone)
    by_hand = Counter(
        (f"{row['starts_at'].astimezone(zone):%Y-%m}", row["district"])
        for row, _ in rows_of(release)
        if row["category"] == "theft"
    )

    found = recount(FigureRef("incidents", 1, ("month", "district"), {"category": ("theft",)}))

    assert {tuple(key): n for *key, n in found} == by_hand
    assert by_hand


@pytest.fixture
def site(city_db: None, tmp_path: Path, settings: Any) -> Iterator[str]:
    settings.FILES, settings.ALLOWED_HOSTS = tmp_path, ["127.0.0.1", "testserver"]
    released_city()
    for release in Release.objects.all():
        build_files(release)
    with served() as address:
        yield address


def figures_on(client: Client, page: str) -> set[str]:
    html = unescape(client.get(page).content.decode())
    return set(map(unquote, re.findall(r'href="/verify/([^"]+)/"', html)))


def test_every_figure_of_every_page_can_be_counted_anew(site: str) -> None:
    client = Client()
    pages = ("/", "/map/", "/incidents/", "/areas/", "/areas/testville/", "/areas/north/",
             "/areas/north-1/", "/gunfire/", "/methods/gunfire/", "/data/", "/data/incidents/", "/data/places/")  # fmt: skip

    found = {page: figures_on(client, page) for page in pages}

    assert all(found.values()), found
    for ref in set().union(*found.values()):
        response = client.get(f"/verify/{ref}/")
        assert response.status_code == 200, ref
        assert client.get(f"/verify/{ref}/", {"format": "json"}).json()["figure"] == ref


@pytest.mark.parametrize(
    "page", ["/", "/areas/testville/", "/areas/north/", "/gunfire/", "/es/gunfire/"]
)
def test_each_number_in_large_type_has_its_question(site: str, page: str) -> None:
    html = Client().get(page).content.decode()

    stats = [part.partition("</div>")[0] for part in html.split('<div class="stat">')[1:]]

    assert stats
    for stat in stats:
        assert "/verify/" in stat or "stat__value--absent" in stat, stat


def test_what_came_with_a_later_release_leads_to_what_changed(site: str) -> None:
    release_of("incidents", number=2)

    html = Client().get("/").content.decode()

    assert 'href="/data/incidents/diff/"' in html
    assert Client().get("/data/incidents/diff/").status_code == 200


def test_what_may_have_happened_in_a_district_too_is_counted_anew(site: str) -> None:
    html = unescape(Client().get("/areas/north/").content.decode())
    (n, ref) = re.findall(
        r"([0-9]+) more (?:is|are) published.*?/verify/([^\"]+)/", html, re.DOTALL
    )[0]

    counted = Client().get(f"/verify/{ref}/", {"format": "json"}).json()["counted"]

    assert counted == [{"rows": int(n)}]


def test_a_page_and_its_recount_say_the_same(site: str) -> None:
    client = Client()
    (monthly,) = (ref for ref in figures_on(client, "/incidents/") if "by=month" in ref)
    told = {
        f"{month:%Y-%m}": n
        for month, n in _sum(PublishedTally.objects.filter(dataset_slug="incidents"))
    }

    counted = client.get(f"/verify/{monthly}/", {"format": "json"}).json()["counted"]

    assert {row["month"]: row["rows"] for row in counted}.items() <= told.items()
    assert counted


def _sum(tallies: Any) -> Any:
    counts: Counter[Any] = Counter()
    for tally in tallies:
        counts[tally.month] += tally.n
    return counts.items()


def test_a_row_that_the_tallies_forgot_shows(site: str) -> None:
    ref = "incidents-r1"
    before = Client().get(f"/verify/{ref}/", {"format": "json"}).json()["counted"][0]["rows"]

    PublishedIncident.objects.order_by("pk")[0].delete()

    after = Client().get(f"/verify/{ref}/", {"format": "json"}).json()["counted"][0]["rows"]
    assert after == before - 1


@pytest.mark.parametrize(
    "ref",
    [
        "incidents-r1",
        "incidents-r1;by=month,category;district=north",
        "incidents-r1;by=weekday,hour;grain=band;months=2026-01..2026-12",
        "gunfire-ledger-r1;measure=evidence;rows",
        "incidents-r1;by=month;since=2026-08-10;until=2026-10-15",
        "incidents-r1;since=2026-08-10T06:30:00.5Z;until=2026-10-15;touching",
        "incidents-r1;by=category;min_stands_for_addresses=20;max_stands_for_addresses=700",
        "incidents-r1;by=precision;cell=N",
        "incidents-r1;by=precision;cell=N-W",
        "incidents-r1;cell=elsewhere",
        "incidents-r1;district=()",
        f"incidents-r1;by=precision;bbox={NORTH}",
        f"incidents-r1;by=precision;bbox={NORTH};touching",
        f"places-r1;by=district;bbox={NORTH}",
        f"areas-r1;by=kind;bbox={NORTH};touching",
    ],
)
def test_the_program_on_the_page_prints_the_same_numbers(site: str, ref: str) -> None:
    client = Client(headers={"host": site.removeprefix("http://")})
    html = client.get(f"/verify/{ref}/").content.decode()
    program = unescape(re.search(r"<pre[^>]*><code>(.*?)</code>", html, re.DOTALL)[1])  # type: ignore[index]

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )

    expected = client.get(f"/verify/{ref}/", {"format": "json"}).json()["counted"]
    printed = Counter(tuple(line.split(" | ")) for line in done.stdout.splitlines())
    if "rows" not in ref:
        assert printed == Counter(
            tuple("" if value is None else str(value) for value in row.values()) for row in expected
        )
    assert sum(printed.values()) == len(expected) > 0


@pytest.mark.usefixtures("city_db")
def test_a_figure_of_a_withdrawn_release_says_so_and_one_of_none_is_not_found() -> None:
    released_city()
    release_of("incidents", number=2)
    Release.objects.filter(dataset__slug="incidents", number=1).update(
        state="withdrawn", withdrawn_reason="Counted twice."
    )

    gone = Client().get("/verify/incidents-r1;by=month/")

    assert gone.status_code == 410
    assert "Counted twice." in gone.content.decode()
    told = Client().get("/verify/incidents-r1;by=month/?format=json")
    assert (told.status_code, told.headers["Content-Type"]) == (410, "application/problem+json")
    assert "Counted twice." in told.json()["detail"]
    assert Client().get("/verify/incidents-r9/").status_code == 404
    assert Client().get("/verify/narrative/").status_code == 404


@pytest.mark.usefixtures("city_db")
def test_a_correction_shows_beside_the_cited_figure() -> None:
    released_city()
    row = PublishedIncident.objects.order_by("public_id")[0]
    release_of("incidents", number=2)
    PublishedIncident.objects.filter(pk=row.pk).update(retired_release=2)

    page = Client().get("/verify/incidents-r1/").content.decode()

    assert "gives another answer" in page
    assert "incidents-r2" in page
