"""A city that nobody has heard of sends a file."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.db import connections

from incidents import actions
from incidents.importers import Mapping, Progress, ingest, parse_mapping
from incidents.importers.shapes import FIELDS, Field, Kind
from incidents.models import Address, Area, ImportedFile, Incident, IncidentRevision, RefusedRow
from tests.incidents.conftest import HEADER, MAPPING, NOW, Importing, case, write_csv

STORED = ("code", "code_label", "category", "tier", "occurred_from", "occurred_to", "address_text",
          "lon", "lat", "location_type", "victim_flags")  # fmt: skip


def stored() -> dict[str, dict[str, Any]]:
    rows = Incident.objects.values("source_id", *STORED)
    return {row.pop("source_id"): row for row in rows}


def counts(file: ImportedFile) -> tuple[int, int, int, int, int]:
    return (file.rows_in, file.rows_new, file.rows_revised, file.rows_same, file.rows_refused)


ROWS = [
    case(1),
    case(2, Code="20", What='BREAKING, "ENTERING"', To="", Place=""),
    case(3, Code="30", Minor="Y"),
    case(4, Code="77", Lon="", Lat=""),
    case(5, Where="Ünter\tden \\ Linden 5"),
]


def test_it_stores_what_the_file_says(take_in: Importing) -> None:
    file = take_in(ROWS)

    assert (file.state, counts(file)) == ("stored", (5, 5, 0, 0, 0))
    first = Incident.objects.get(source_id="E-1")
    assert (first.source, first.category, first.tier) == ("elsewhere-crime", "theft", "0a")
    assert first.occurred_from == dt.datetime(2026, 1, 15, 21, 30, tzinfo=dt.UTC)
    assert first.occurred_to == dt.datetime(2026, 1, 15, 22, 0, tzinfo=dt.UTC)
    assert (first.lon, first.lat) == (-105.01, 40.02)
    assert (first.imported_file, first.revision, first.first_seen_at) == (file, 1, NOW)
    assert Incident.objects.get(source_id="E-2").occurred_to is None
    assert Incident.objects.get(source_id="E-5").address_text == "Ünter\tden \\ Linden 5"


def test_a_rule_adds_a_flag_and_raises_the_tier(take_in: Importing) -> None:
    take_in(ROWS)

    minor = Incident.objects.get(source_id="E-3")
    assert (minor.category, minor.tier, minor.victim_flags) == ("assault", "2", "juvenile")


def test_a_code_that_nobody_mapped_is_tier_2_and_reported(take_in: Importing) -> None:
    file = take_in(ROWS)

    strange = Incident.objects.get(source_id="E-4")
    assert (strange.category, strange.tier) == ("unclassified", "2")
    assert file.quality["unknown_codes"] == {"77": 1}
    assert file.quality["severity"] == "warning"


def test_a_row_without_a_position_is_stored_and_counted(take_in: Importing) -> None:
    file = take_in(ROWS)

    assert Incident.objects.get(source_id="E-4").lon is None
    assert file.quality["ungeocodable"] == 1


def write_geojson(path: Path, rows: list[dict[str, str]]) -> None:
    features = [
        {"type": "Feature", "geometry": None, "properties": {**row, "Lon": row["Lon"] or None}}
        for row in rows
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))


def write_excel(path: Path, rows: list[dict[str, str]]) -> None:
    book = openpyxl.Workbook()
    book.active.append(HEADER)
    for row in rows:
        cells: list[Any] = list(row.values())
        cells[3] = dt.datetime.strptime(row["From"], "%m/%d/%Y %H:%M")
        cells[6] = float(row["Lon"]) if row["Lon"] else None
        book.active.append(cells)
    book.save(path)


WRITERS = {
    "crime.csv": write_csv,
    "crime.tsv": lambda path, rows: write_csv(path, rows, delimiter="\t"),
    "semicolons.txt": lambda path, rows: write_csv(path, rows, delimiter=";"),
    "crime.geojson": write_geojson,
    "crime.xlsx": write_excel,
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_the_same_rows(
    name: str, take_in: Importing, elsewhere: Mapping, tmp_path: Path
) -> None:
    take_in(ROWS)
    expected = stored()
    Incident.objects.all().delete()
    WRITERS[name](tmp_path / f"other-{name}", ROWS)

    file = ingest(tmp_path / f"other-{name}", mapping=elsewhere, now=NOW, again=True)

    assert (file.state, counts(file)) == ("stored", (5, 5, 0, 0, 0)), file.quality
    assert stored() == expected


def test_compressed_files_are_read_as_they_are(
    take_in: Importing, elsewhere: Mapping, tmp_path: Path
) -> None:
    plain = write_csv(tmp_path / "crime.csv", ROWS)
    packed = tmp_path / "crime.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))

    file = ingest(packed, mapping=elsewhere, now=NOW)

    assert counts(file) == (5, 5, 0, 0, 0)


def test_a_file_that_is_not_utf8_is_read_as_latin1_and_says_so(
    elsewhere: Mapping, tmp_path: Path, db: None
) -> None:
    path = write_csv(tmp_path / "crime.csv", [case(1, Where="5 Peña Blvd")])
    path.write_bytes(path.read_bytes().decode().encode("latin-1"))

    file = ingest(path, mapping=elsewhere, now=NOW)

    assert Incident.objects.get().address_text == "5 Peña Blvd"
    assert "Latin-1" in file.quality["notes"][0]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_part_of_the_header(
    encoding: str, elsewhere: Mapping, tmp_path: Path, db: None
) -> None:
    path = write_csv(tmp_path / "crime.csv", ROWS)
    path.write_bytes(path.read_bytes().decode().encode(encoding))

    assert ingest(path, mapping=elsewhere, now=NOW).rows_new == 5


def test_the_same_bytes_are_not_read_twice(take_in: Importing) -> None:
    take_in(ROWS)

    file = take_in(ROWS)

    assert (file.state, counts(file)) == ("unchanged", (0, 0, 0, 0, 0))


def test_the_same_rows_in_another_file_change_nothing(take_in: Importing) -> None:
    take_in(ROWS)
    before = list(Incident.objects.order_by("id").values())

    file = take_in([*reversed(ROWS)], name="again.csv")

    assert (file.state, counts(file)) == ("stored", (5, 0, 0, 5, 0))
    assert list(Incident.objects.order_by("id").values()) == before
    assert not IncidentRevision.objects.exists()


def test_another_mapping_reads_the_same_bytes_anew(take_in: Importing) -> None:
    take_in(ROWS)
    stricter = parse_mapping(MAPPING.replace('"30" = "assault"', '"30" = "domestic"').encode())

    file = take_in(ROWS, mapping=stricter)

    assert counts(file) == (5, 0, 1, 4, 0)
    assert Incident.objects.get(source_id="E-3").category == "domestic"


def test_a_changed_row_becomes_a_revision(take_in: Importing) -> None:
    first = take_in(ROWS)
    later = NOW + dt.timedelta(days=1)

    file = take_in([case(1, Code="30"), *ROWS[1:], case(6)], name="later.csv", now=later)

    assert counts(file) == (6, 1, 1, 4, 0)
    incident = Incident.objects.get(source_id="E-1")
    assert (incident.category, incident.tier, incident.revision) == ("assault", "1", 2)
    assert (incident.first_seen_at, incident.updated_at) == (NOW, later)
    assert incident.imported_file == file
    revision = IncidentRevision.objects.get()
    assert (revision.source_id, revision.revision, revision.replaced_at) == ("E-1", 1, later)
    assert (revision.values["category"], revision.replaced_by_file_id) == ("theft", file.pk)
    assert Incident.objects.get(source_id="E-2").imported_file == first


def test_a_correction_that_is_taken_back_is_read_again(take_in: Importing) -> None:
    take_in([case(1)])
    take_in([case(1, Code="30")])

    file = take_in([case(1)])

    assert counts(file) == (1, 0, 1, 0, 0)
    assert Incident.objects.get().category == "theft"


def test_what_a_person_decided_stays(take_in: Importing) -> None:
    take_in(ROWS)
    incident = Incident.objects.get(source_id="E-1")
    actions.reclassify_incident(incident=incident, category="hate", by="sergeant", now=NOW)
    actions.seal_incident(incident=Incident.objects.get(source_id="E-2"), by="judge", now=NOW)

    file = take_in([case(1, Where="14 Main St"), case(2, Code="30"), *ROWS[2:]], name="b.csv")

    assert file.rows_revised == 2
    incident.refresh_from_db()
    assert (incident.category, incident.tier) == ("hate", "2")
    assert incident.address_text == "14 Main St"
    assert Incident.objects.get(source_id="E-2").is_sealed


BAD = {
    "missing-source-id": case(11, Case=""),
    "missing-code": case(12, Code=" "),
    "missing-occurred-from": case(13, From=""),
    "date": case(14, From="2026-15-01 ten o'clock"),
    "future": case(15, From="01/15/2062 14:30"),
    "too-long": case(16, Case="E-" + "1" * 70),
    "nul-byte": case(17, Where="12 Ma\x00in St"),
    "rule:test-row": case(18, What="TEST ENTRY"),
}


@pytest.mark.parametrize("reason", BAD)
def test_a_row_that_cannot_be_used_is_kept_with_its_reason(reason: str, take_in: Importing) -> None:
    many = [case(n) for n in range(1000, 1200)]

    file = take_in([case(1), BAD[reason], case(2), *many])

    assert counts(file) == (203, 202, 0, 0, 1)
    row = RefusedRow.objects.get()
    assert (row.imported_file, row.row_number, row.reason) == (file, 2, reason)
    assert row.detail
    assert "Main St" in row.raw or "in St" in row.raw
    assert file.quality["refused"] == {reason: 1}


def test_a_row_of_another_width_is_refused(
    take_in: Importing, elsewhere: Mapping, tmp_path: Path
) -> None:
    path = write_csv(tmp_path / "crime.csv", ROWS)
    path.write_text(path.read_text() + "E-9,101\n\nE-10,101,,,,,,,,,,,,,\n")

    file = ingest(path, mapping=elsewhere, now=NOW)

    assert counts(file) == (7, 5, 0, 0, 2)
    details = dict(RefusedRow.objects.values_list("row_number", "detail"))
    assert details == {
        6: "got 2 fields; wanted 10, as in the header",
        7: "got 15 fields; wanted 10, as in the header",
    }


def test_of_rows_with_one_number_the_last_is_kept(take_in: Importing) -> None:
    file = take_in([case(1, Code="20"), case(2), case(1), case(1), *(case(n) for n in range(3, 9))])

    assert counts(file) == (10, 8, 0, 0, 2)
    assert Incident.objects.get(source_id="E-1").category == "theft"
    refused = RefusedRow.objects.order_by("row_number").values_list(
        "row_number", "reason", "detail"
    )
    assert list(refused) == [
        (1, "superseded", "row 4 has the same number and says something else; the later was kept"),
        (3, "duplicate", "says the same as row 4"),
    ]
    assert "E-1,20" in RefusedRow.objects.get(row_number=1).raw


def test_rows_with_one_number_can_be_told_apart(take_in: Importing) -> None:
    numbering = parse_mapping(f'{MAPPING}\n[file]\nrepeats = "number"'.encode())
    rows = [case(1), case(2), case(1), case(1, Code="30")]

    file = take_in(rows, mapping=numbering)
    again = take_in([*reversed(rows)], mapping=numbering, name="turned.csv")

    assert counts(file) == (4, 4, 0, 0, 0)
    assert set(stored()) == {"E-1", "E-1#2", "E-1#3", "E-2"}
    assert counts(again) == (4, 0, 0, 4, 0)


def test_a_row_without_a_number_can_get_one_of_what_it_says(take_in: Importing) -> None:
    forgiving = parse_mapping(f'{MAPPING}\n[file]\nmissing_id = "content"'.encode())
    rows = [case(1, Case=""), case(2, Case="", Code="30"), case(3)]

    take_in(rows, mapping=forgiving)
    again = take_in([*reversed(rows)], mapping=forgiving, name="turned.csv")

    assert counts(again) == (3, 0, 0, 3, 0)
    assert len([id_ for id_ in stored() if id_.startswith("content-")]) == 2


def test_an_end_before_its_beginning_is_dropped(take_in: Importing) -> None:
    file = take_in([case(1, To="01/14/2026 10:00")])

    assert Incident.objects.get().occurred_to is None
    assert file.quality["ends_dropped"] == 1


def test_an_unreadable_end_costs_the_end_and_not_the_row(take_in: Importing) -> None:
    file = take_in([case(1, To="soon")])

    assert Incident.objects.get().occurred_to is None
    assert file.quality["unreadable"] == {"occurred_to": 1}
    assert file.quality["severity"] == "warning"


SQUARE = [[[-105.1, 40.0], [-105.0, 40.0], [-105.0, 40.1], [-105.1, 40.1], [-105.1, 40.0]]]


def area(kind: str, code: str, ring: list[Any] = SQUARE) -> Area:
    geometry = {"type": "Polygon", "coordinates": ring}
    return Area.objects.create(
        kind=kind, code=code, name=code, slug=f"{kind}-{code}", geometry=geometry
    )


def test_records_are_placed_in_the_areas_around_them(take_in: Importing) -> None:
    district, beat = area("district", "D1"), area("beat", "B1")

    file = take_in([case(1), case(2, Lon="-104.9"), case(3, Lon="", Lat="")])

    inside, outside, nowhere = Incident.objects.order_by("source_id")
    assert (inside.district, inside.beat) == (district, beat)
    assert (outside.district, outside.beat) == (None, None)
    assert (nowhere.district, nowhere.beat) == (None, None)
    assert file.quality["out_of_city"] == 1


def test_a_record_without_a_position_is_placed_by_the_district_that_it_names(
    take_in: Importing,
) -> None:
    district = area("district", "DOWNTOWN")
    naming = parse_mapping(MAPPING.replace("[columns]", '[columns]\ndistrict = "Place"').encode())

    take_in([case(1, Lon="", Lat="", Place="DOWNTOWN"), case(2)], mapping=naming)

    assert Incident.objects.get(source_id="E-1").district == district
    assert Incident.objects.get(source_id="E-2").district == district


def test_a_record_without_a_position_is_geocoded_by_its_address(take_in: Importing) -> None:
    area("district", "D1")
    Address.objects.create(source_id="a", street="Main Street", street_key="MAIN ST",
                           number_from=12, number_to=12, lon=-105.02, lat=40.03)  # fmt: skip

    file = take_in([case(1, Lon="", Lat=""), case(2, Lon="0", Lat="0", Where="99 Nowhere Rd")])

    found = Incident.objects.get(source_id="E-1")
    assert (found.lon, found.lat, found.district.code) == (-105.02, 40.03, "D1")
    assert (file.quality["geocoded_by_address"], file.quality["ungeocodable"]) == (1, 1)


def fails(file: ImportedFile, check: str) -> bool:
    errors = [f["check"] for f in file.quality["findings"] if f["severity"] == "error"]
    return file.state == "failed" and check in errors


def test_a_category_that_is_suddenly_empty_undoes_the_import(take_in: Importing) -> None:
    many = [case(n, Code="30" if n % 2 else "101") for n in range(100)]
    take_in(many)
    before = stored()

    file = take_in([{**row, "Code": "101"} for row in many], name="next.csv")

    assert fails(file, "empty_category")
    assert counts(file) == (100, 0, 0, 0, 0)
    assert stored() == before


def test_a_person_can_accept_what_a_check_found(take_in: Importing) -> None:
    many = [case(n, Code="30" if n % 2 else "101") for n in range(100)]
    take_in(many)

    file = take_in(
        [{**row, "Code": "101"} for row in many], name="n.csv", accept=frozenset({"empty_category"})
    )

    assert (file.state, file.quality["severity"]) == ("stored", "warning")


def test_a_small_file_may_lack_a_category(take_in: Importing) -> None:
    take_in([case(n, Code="30" if n % 2 else "101") for n in range(100)])

    assert take_in([case(1), case(2)], name="day.csv").state == "stored"


@pytest.mark.parametrize(
    ("check", "changes"),
    [
        ("ungeocodable", {"Lon": ""}),
        ("future", {"From": "01/15/2062 14:30"}),
        ("refused", {"From": "?"}),
    ],
)
def test_a_file_that_is_mostly_wrong_is_undone(
    check: str, changes: dict[str, str], take_in: Importing
) -> None:
    file = take_in([case(n, **changes) for n in range(50)] + [case(n) for n in range(50, 60)])

    assert fails(file, check)
    assert not Incident.objects.exists()
    assert not RefusedRow.objects.exists()


def test_swapped_axes_are_noticed(take_in: Importing) -> None:
    area("city", "elsewhere")

    file = take_in([case(n, Lon="40.02", Lat="-75.01") for n in range(10)])

    assert fails(file, "out_of_city")


def test_a_dry_run_reports_and_keeps_nothing(take_in: Importing) -> None:
    file = take_in([case(1), case(2, From="")], dry_run=True)

    assert (file.state, counts(file)) == ("stored", (2, 1, 0, 0, 1))
    assert not Incident.objects.exists()
    assert not ImportedFile.objects.exists()


def test_progress_is_told_in_bytes_and_rows(take_in: Importing) -> None:
    seen: list[Progress] = []

    take_in(ROWS, progress=seen.append)

    assert seen[-1].rows == 5
    assert seen[-1].read_bytes == seen[-1].total_bytes


def test_two_imports_of_one_source_do_not_run_at_once(
    city_db: None, elsewhere: Mapping, tmp_path: Path
) -> None:
    path = write_csv(tmp_path / "crime.csv", ROWS)
    with connections["owner"].cursor() as other:
        other.execute("SELECT pg_advisory_lock(hashtext('ingest elsewhere-crime'))")

        file = ingest(path, mapping=elsewhere, now=NOW)
        other.execute("SELECT pg_advisory_unlock_all()")

    assert (file.state, Incident.objects.count()) == ("failed", 0)
    assert "another import" in file.quality["findings"][0]["sentence"]
    assert ingest(path, mapping=elsewhere, now=NOW).state == "stored"


def test_an_import_that_was_killed_is_marked_by_the_next(take_in: Importing) -> None:
    killed = ImportedFile.objects.create(
        source="elsewhere-crime", name="x", sha256="", size_bytes=0, started_at=NOW
    )

    take_in(ROWS)

    killed.refresh_from_db()
    assert killed.state == "failed"


def test_an_import_that_is_interrupted_says_so(take_in: Importing) -> None:
    def stop(progress: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        take_in(ROWS, progress=stop)

    file = ImportedFile.objects.get()
    assert (file.state, Incident.objects.count()) == ("failed", 0)
    assert "KeyboardInterrupt" in file.quality["findings"][0]["sentence"]


def test_what_only_the_database_finds_is_a_failure_with_a_report(
    take_in: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check of ours that is missing must cost the file, never the server's page."""
    monkeypatch.setitem(FIELDS[Kind.INCIDENTS], "code", Field(limit=9999))

    file = take_in([case(1, Code="1" * 65)])

    assert file.state == "failed"
    assert "too long" in file.quality["findings"][0]["sentence"]
