"""The shipped mappings on the files of real cities, against the slow second importer."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import itertools
import json
import lzma
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import shapely

from incidents.importers import find_mapping, ingest, mapping_paths
from incidents.models import Area, CallForService, ImportedFile, Incident, RefusedRow
from sensors.models import AcousticEvent
from tests.incidents.conftest import NOW
from tests.reference import importers as reference

pytestmark = [pytest.mark.shared_data, pytest.mark.django_db]

DC_CRIME = [
    "dc_crime/crime_incidents_last30days_2016-08.geojson.gz",
    "dc_crime/crime_incidents_2019_ytd.csv.gz",
    "dc_crime/crime_incidents_2024_ytd.csv.gz",
]
DENVER = "denver_crime_2014_2019/denver_crime.csv.gz"
SACRAMENTO = "sacramento_calls_2019_01/sacramento_calls.csv.gz"
SHOTS = [
    "dc_shotspotter_2006_2018/dc_shotspotter_2006_2013.csv.gz",
    "dc_shotspotter_2006_2018/dc_shotspotter_2014_2018q3.csv.gz",
]
CHICAGO = "chicago_crimes_2016_2018/chicago_crimes_2016_2018.csv.xz"
CHICAGO_SLICE = 20_000


def take_in(source: str, path: Path) -> ImportedFile:
    file = ingest(path, source=source, by="test", now=NOW)
    assert file.state == "stored", file.quality
    assert file.rows_in == file.rows_new + file.rows_revised + file.rows_same + file.rows_refused
    assert file.rows_refused == RefusedRow.objects.filter(imported_file=file).count()
    return file


@pytest.fixture(scope="session")
def chicago_slice(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every 38th row of three years: all seasons, most codes."""
    path = tmp_path_factory.mktemp("chicago") / "chicago.csv"
    with lzma.open(shared_data / CHICAGO, "rt") as file:
        header = next(file)
        path.write_text(header + "".join(itertools.islice(file, 0, None, 38)))
    return path


def agrees(stored: dict[str, Any], expected: dict[str, Any], crs: str | None) -> None:
    """One stored record against the reference; ends before their beginning are dropped."""
    for name in ("category", "tier", "occurred_from", "reported_at", "received_at", "cleared_at",
                 "code", "call_type", "code_label", "location_type", "disposition", "address_text"):  # fmt: skip
        if name in expected:
            assert stored[name] == expected[name], (name, expected)
    if "occurred_to" in expected:
        to = expected["occurred_to"]
        assert stored["occurred_to"] == (None if to and to < expected["occurred_from"] else to)
    position = reference.position(expected, crs)
    if position is None:
        assert stored["lon"] is stored["lat"] is None
    else:  # Python and NumPy round a half in the seventh decimal each in its own way
        assert (stored["lon"], stored["lat"]) == pytest.approx(position, abs=1.01e-7)


@pytest.mark.parametrize(
    ("source", "path", "crs", "model"),
    [
        ("denver-crime", DENVER, "EPSG:2232", Incident),
        ("sacramento-calls", SACRAMENTO, "EPSG:2226", CallForService),
        ("dc-crime", DC_CRIME[0], "EPSG:26985", Incident),
        ("dc-crime", DC_CRIME[1], "EPSG:26985", Incident),
        ("dc-crime", DC_CRIME[2], "EPSG:26985", Incident),
    ],
)
def test_it_reads_what_the_slow_importer_reads(
    source: str, path: str, crs: str, model: Any, shared_data: Path
) -> None:
    expected = reference.records_of(shared_data / path, mapping_paths()[source])

    file = take_in(source, shared_data / path)

    stored = {row["source_id"]: row for row in model.objects.values()}
    assert file.rows_in == file.rows_new == len(expected) == len(stored)
    assert not file.quality["unknown_codes"]
    often = Counter(record["source_id"] for record in expected)
    for record in expected[:: max(1, len(expected) // 4000)]:
        if often[record["source_id"]] == 1:  # which of several is which, the number does not tell
            agrees(stored[record["source_id"]], record, crs)


def test_chicago_is_read_as_the_slow_importer_reads_it(chicago_slice: Path) -> None:
    expected = reference.records_of(chicago_slice, mapping_paths()["chicago-crime"])

    file = take_in("chicago-crime", chicago_slice)

    stored = {row["source_id"]: row for row in Incident.objects.values()}
    assert file.rows_in == file.rows_new == len(expected) == len(stored) > CHICAGO_SLICE
    assert not file.quality["unknown_codes"]
    for record in expected:
        agrees(stored[record["source_id"]], record, None)


def test_chicago_rows_lie_in_the_beats_around_them(shared_data: Path, chicago_slice: Path) -> None:
    folder = shared_data / "chicago_crimes_2016_2018"
    take_in("chicago-districts", folder / "police_districts_current.geojson")
    take_in("chicago-beats", folder / "police_beats_current.geojson")
    take_in("chicago-crime", chicago_slice)

    areas = list(Area.objects.filter(kind="beat").order_by("code"))
    shapes = [shapely.from_geojson(json.dumps(area.geometry)) for area in areas]
    for row in Incident.objects.order_by("source_id")[::100]:
        point = None if row.lon is None else shapely.Point(row.lon, row.lat)
        around = [a for a, s in zip(areas, shapes, strict=True) if point and s.intersects(point)]
        assert row.beat in (around[:1] or [None, *areas])
        if around:
            assert row.beat == around[0]


def test_reading_a_file_again_changes_nothing(shared_data: Path) -> None:
    path = shared_data / DC_CRIME[2]
    take_in("dc-crime", path)
    before = list(Incident.objects.order_by("id").values())

    again = ingest(path, source="dc-crime", now=NOW, again=True)

    assert (again.rows_new, again.rows_revised, again.rows_same) == (0, 0, len(before))
    assert list(Incident.objects.order_by("id").values()) == before


def test_three_layouts_of_one_publisher_are_one_source(shared_data: Path) -> None:
    take_in("dc-districts", shared_data / "dc_boundaries/police-districts-mpd.geojson.gz")
    categories = []
    for path in DC_CRIME:
        file = take_in("dc-crime", shared_data / path)
        categories.append({c for c, n in file.quality["categories"].items() if n})
        assert not file.quality["unreadable"]

    common = {"assault", "burglary", "homicide", "robbery", "sexual-offence", "theft",
              "theft-from-vehicle", "vehicle-theft"}  # fmt: skip
    assert [found - {"arson"} for found in categories] == [common] * 3
    assert Incident.objects.count() == 2898 + 6475 + 5735
    assert not Incident.objects.filter(district=None).exists()


def test_times_of_all_three_layouts_agree_with_the_shift_that_the_publisher_names(
    shared_data: Path,
) -> None:
    """Two of them say UTC, and one of those two means it."""
    hours = {"DAY": range(6, 16), "EVENING": range(14, 24), "MIDNIGHT": [22, 23, *range(8)]}
    for path in DC_CRIME:
        mapping = find_mapping("dc-crime")
        take_in("dc-crime", shared_data / path)
        shift = {row["CCN"]: row["SHIFT"] for row in reference.rows_of(shared_data / path)}
        for row in Incident.objects.filter(source_id__in=list(shift)[::20]):
            local = row.reported_at.astimezone(reference.ZoneInfo(mapping.zone))
            assert local.hour in hours[shift[row.source_id]] or row.category == "homicide"


def test_every_victim_of_a_homicide_is_a_record(shared_data: Path) -> None:
    take_in("dc-crime", shared_data / DC_CRIME[2])

    victims = Incident.objects.filter(source_id__startswith="24023596")
    assert sorted(victims.values_list("source_id", flat=True)) == [
        "24023596",
        "24023596#2",
        "24023596#3",
    ]


def test_both_layouts_of_gunshot_alerts_become_acoustic_events(shared_data: Path) -> None:
    for path, rows in zip(SHOTS, (39_066, 31_787), strict=True):
        assert take_in("dc-shotspotter", shared_data / path).rows_new == rows

    events = AcousticEvent.objects.filter(provider="dc-shotspotter")
    assert events.count() == 39_066 + 31_787
    assert not events.exclude(probability=None, cov_xx_m2=None, t_ns=None).exists()
    assert events.filter(kind="gunfire", is_multiple=False, n_shots=1).count() == 18_338 + 11_240
    assert events.filter(kind="gunfire", is_multiple=True, n_shots=None).count() == 20_728 + 17_773
    assert events.filter(kind="impulse", n_shots=None).count() == 2_774
    assert events.filter(provider_event_id__startswith="content-").count() == 4
    first = events.get(provider_event_id="53-3")
    assert first.occurred_at == dt.datetime(2006, 1, 27, 8, 35, tzinfo=dt.UTC)
    again = ingest(shared_data / SHOTS[1], source="dc-shotspotter", now=NOW, again=True)
    assert (again.rows_same, again.rows_new) == (31_787, 0)


# Words that name what must never be shown as a dot, in code tables and labels of the real files.
SENSITIVE = re.compile(
    r"\b(SEX|RAPE|SODOM|INCEST|CHILD|JUV|MINOR\b(?! INJ| BODILY)|KIDNAP.?(MINOR|JUV)|DOMESTIC|DV\b|"
    r"STALK|PROSTITUT|PORNO|OBSCEN|INDECEN|TRAFFICKING|FAMILY|SUICID|MENTAL|ABUSE|INCEST|ORPHAN|"
    r"PIMP|RUNAWAY|CURFEW|RESTRAINING|ORDER OF PROTECTION|WELFARE)",
    re.IGNORECASE,
)
# The words are there, the person is not.
HARMLESS = re.compile(r"ANIMAL|NO/MINOR|NON.?FAMILY", re.IGNORECASE)


def denver_codes(folder: Path) -> list[tuple[str, str]]:
    with (folder / "denver_crime_2014_2019/offense_codes.csv").open() as file:
        rows = list(csv.DictReader(file))
    return [
        (f"{r['OFFENSE_CODE']}-{r['OFFENSE_CODE_EXTENSION']}", f"{r['OFFENSE_TYPE_ID']} {r['OFFENSE_TYPE_NAME']}")
        for r in rows
    ]  # fmt: skip


def chicago_codes(folder: Path) -> list[tuple[str, str]]:
    with (folder / "chicago_crimes_2016_2018/iucr-codes.csv").open() as file:
        rows = list(csv.DictReader(file))
    return [
        (r["IUCR"].zfill(4), f"{r['PRIMARY DESCRIPTION']} {r['SECONDARY DESCRIPTION']}")
        for r in rows
    ]


def sacramento_codes(folder: Path) -> list[tuple[str, str]]:
    with gzip.open(folder / SACRAMENTO, "rt") as file:
        return sorted({(r["Call_Type"], r["Description"]) for r in csv.DictReader(file)})


@pytest.mark.parametrize(
    ("source", "codes"),
    [
        ("denver-crime", denver_codes),
        ("chicago-crime", chicago_codes),
        ("sacramento-calls", sacramento_codes),
    ],
)
def test_every_published_code_is_mapped_and_sensitive_ones_are_tier_2(
    source: str, codes: Any, shared_data: Path
) -> None:
    table = find_mapping(source).codes
    below = []
    for code, label in codes(shared_data):
        found = table.look_up(code)
        assert found is not None, (code, label)
        words = label.replace("-", " ").replace("_", " ")
        if SENSITIVE.search(words) and not HARMLESS.search(words) and found.tier not in ("2", "3"):
            below.append((code, label, found))
    assert not below


def test_no_stored_chicago_row_with_such_a_label_is_below_tier_2(chicago_slice: Path) -> None:
    take_in("chicago-crime", chicago_slice)

    below = Incident.objects.exclude(tier__in=["2", "3"])
    wrong = [
        r.code_label
        for r in below
        if SENSITIVE.search(r.code_label) and not HARMLESS.search(r.code_label)
    ]
    assert not wrong
    assert not below.filter(victim_flags__contains="domestic").exists()
    assert Incident.objects.filter(victim_flags="domestic", tier="2").count() > 2000


def test_what_confirms_a_shooting_in_chicago_and_washington_says_that_a_gun_was_fired(
    shared_data: Path, chicago_slice: Path
) -> None:
    chicago = take_in("chicago-crime", chicago_slice)
    washington = take_in("dc-crime", shared_data / DC_CRIME[1])

    confirmed = Incident.objects.filter(confirms_shooting=True)

    assert chicago.quality["confirm_a_shooting"] > 100
    assert 15 < washington.quality["confirm_a_shooting"] < 60  # people shot dead in its first weeks
    labels = set(confirmed.filter(source="chicago-crime").values_list("code_label", flat=True))
    assert all("HANDGUN" in label or "FIREARM" in label for label in labels), labels
    assert set(confirmed.filter(source="dc-crime").values_list("category", flat=True)) == {
        "homicide"
    }
