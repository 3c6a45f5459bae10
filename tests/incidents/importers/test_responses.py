"""Exports of dispatch systems become responses, with the disposition in our words and the minutes counted."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from incidents.importers import MappingError, ingest, parse_mapping
from incidents.models import (
    AlertResponse,
    AlertResponseRevision,
    CallForService,
    ImportedFile,
    Incident,
    RefusedRow,
)
from tests.incidents.conftest import MAPPING, NOW, Importing, case

PLAIN = {
    "event": "26-00017", "alert": "V-9", "alerted": "2026-01-15 22:10", "dispatched": "2026-01-15 22:11",
    "on scene": "2026-01-15 22:16", "cleared": "2026-01-15 22:41", "officers": "2", "found": "Casings",
    "report": "R-88", "address": "12 Main St", "longitude": "-75.1", "latitude": "40.1",
    "evidence longitude": "-75.1002", "evidence latitude": "40.1001", "casings": "7",
}  # fmt: skip
OEMC = {
    "EventNumber": "2101500123", "EntryDate": "01/15/2021 22.10.05", "DispatchDate": "01/15/2021 22.11.00",
    "ClearDate": "01/15/2021 22.41.30", "ClosedDate": "01/15/2021 22.41.31", "InitialPriority": "1A",
    "FinPriority": "1A", "InitType": "SST", "FinalType": "MISC", "FinTypeDescription": "MISC INC",
    "District": "007", "Location": "X", "ServiceLocation": "6700 S MORGAN ST", "XCoord": "1170602",
    "YCoord": "1860270",
}  # fmt: skip


def import_rows(folder: Path, rows: list[dict[str, str]], **options: Any) -> ImportedFile:
    path = folder / f"responses-{len(list(folder.iterdir()))}.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    options = {"source": "plain-alert-responses", "by": "clerk", "now": NOW} | options
    return ingest(path, **options)


def test_a_towns_own_table_becomes_responses(tmp_path: Path, db: None) -> None:
    file = import_rows(tmp_path, [PLAIN])

    row = AlertResponse.objects.get()
    assert (file.state, file.rows_new) == ("stored", 1)
    assert (row.source, row.source_id, row.alert_number) == (file.source, "26-00017", "V-9")
    assert row.alerted_at == dt.datetime(2026, 1, 16, 3, 10, tzinfo=dt.UTC)
    assert row.cleared_at == dt.datetime(2026, 1, 16, 3, 41, tzinfo=dt.UTC)
    assert (row.n_officers, row.officer_minutes) == (2, 60.0)  # dispatched to cleared, twice
    assert (row.disposition, row.disposition_text) == ("evidence", "Casings")
    assert (row.report_number, row.n_casings) == ("R-88", 7)
    assert (row.evidence_lon, row.evidence_lat, row.lat) == (-75.1002, 40.1001, 40.1)
    assert (row.linked_by, row.event, row.revision, row.imported_file) == ("", None, 1, file)


def test_chicagos_dispatch_events_become_responses(tmp_path: Path, db: None) -> None:
    words = {"PERSON SHOT": "evidence", "SHOT SPOTTER": "unknown", "SOMETHING NEW": "unknown"}
    rows = [OEMC]
    rows += [
        OEMC | {"EventNumber": f"9{n}", "FinTypeDescription": word} for n, word in enumerate(words)
    ]

    file = import_rows(tmp_path, rows, source="chicago-oemc-shotspotter")

    first = AlertResponse.objects.get(source_id="2101500123")
    assert first.alerted_at == dt.datetime(2021, 1, 16, 4, 10, 5, tzinfo=dt.UTC)
    assert (first.initial_type, first.final_type) == ("SST", "MISC")
    assert (first.disposition, first.officer_minutes) == ("unconfirmed", None)
    assert (first.lon, first.lat) == (
        pytest.approx(-87.65, abs=0.01), pytest.approx(41.772, abs=0.01),
    )  # fmt: skip
    by_word = dict(AlertResponse.objects.values_list("disposition_text", "disposition"))
    assert words.items() <= by_word.items()
    assert file.quality["unknown_codes"] == {"SOMETHING NEW": 1}
    assert file.quality["categories"] == {"evidence": 1, "unconfirmed": 1, "unknown": 2}
    assert "stored as unknown" in file.quality["findings"][0]["sentence"]


@pytest.mark.parametrize(
    ("changes", "minutes"),
    [
        ({"officers": ""}, None),
        ({"dispatched": ""}, 50.0),  # from arrival
        ({"dispatched": "", "on scene": ""}, None),
        ({"cleared": ""}, None),
        ({"cleared": "2026-01-15 22:05"}, None),  # before the alert: no time at all
        ({"cleared": "2026-01-17 22:05"}, None),  # nobody closed the event
        ({"officers": "0"}, 0.0),
        ({"dispatched": "2026-01-15 22:21"}, 50.0),  # they were there before they were sent
        ({"on scene": "2026-01-15 22:51"}, None),  # free before they came: which is wrong?
        ({"dispatched": "", "on scene": "2026-01-15 22:51"}, None),
    ],
    ids=[
        "officers",
        "dispatch",
        "start",
        "end",
        "early end",
        "endless",
        "nobody",
        "early arrival",
        "late arrival",
        "late arrival alone",
    ],
)
def test_minutes_are_counted_where_everything_is_known_and_never_guessed(
    changes: dict[str, str], minutes: float | None, tmp_path: Path, db: None
) -> None:
    import_rows(tmp_path, [PLAIN | changes])

    assert AlertResponse.objects.get().officer_minutes == minutes


def test_units_are_counted_as_officers_where_the_mapping_says_how_many(
    tmp_path: Path, db: None
) -> None:
    text = """
        source = "units"
        kind = "alert-responses"
        [columns]
        source_id = "event"
        alerted_at = "alerted"
        dispatched_at = "dispatched"
        cleared_at = "cleared"
        n_officers = "officers"
        n_units = "units"
        [dates]
        formats = ["%Y-%m-%d %H:%M"]
        """
    mapping = parse_mapping(f"{text}\n[responses]\nofficers_per_unit = 1.5\n".encode())
    rows = [
        PLAIN | {"event": "1", "units": "2", "officers": ""},
        PLAIN | {"event": "2", "units": "2", "officers": "2"},
        PLAIN | {"event": "3", "units": "", "officers": ""},
    ]

    import_rows(tmp_path, rows, source="", mapping=mapping)

    found = AlertResponse.objects.order_by("source_id")
    assert list(found.values_list("n_officers", flat=True)) == [3, 2, None]
    assert list(found.values_list("officer_minutes", flat=True)) == [90.0, 60.0, None]
    with pytest.raises(MappingError, match="officers_per_unit"):
        parse_mapping(text.encode())


@pytest.mark.parametrize(
    ("given", "officers", "minutes"),
    [("2880", "2", 2880.0), ("2881", "2", None), ("9000", "", 9000.0), ("", "2", 60.0)],
    ids=["two days of two", "more than a day of each", "of nobody knows how many", "not given"],
)
def test_minutes_that_a_file_gives_are_believed_up_to_a_day_of_each_officer(
    given: str, officers: str, minutes: float | None, tmp_path: Path, db: None
) -> None:
    text = Path("incidents/importers/mappings/plain-alert-responses.toml").read_text()
    named = text.replace("[columns]", '[columns]\nofficer_minutes = "minutes"')

    import_rows(
        tmp_path, [PLAIN | {"minutes": given, "officers": officers}],
        source="", mapping=parse_mapping(named.encode()),
    )  # fmt: skip

    assert AlertResponse.objects.get().officer_minutes == minutes


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"event": ""}, "missing-source-id"),
        ({"alerted": ""}, "missing-alerted-at"),
        ({"alerted": "last night"}, "date"),
        ({"alerted": "2031-01-15 22:10"}, "future"),
        ({"officers": "two"}, "number"),
        ({"casings": "-3"}, "number"),
        ({"found": "x" * 300}, "too-long"),
        ({"report": "R\x00"}, "nul-byte"),
    ],
)
def test_a_row_that_cannot_be_used_is_kept_with_its_reason(
    changes: dict[str, str], reason: str, tmp_path: Path, db: None
) -> None:
    rows = [PLAIN | {"event": f"ok-{n}"} for n in range(2)] + [PLAIN | changes]

    file = import_rows(tmp_path, rows, accept=frozenset({"future"}))

    assert (file.state, file.rows_new, file.rows_refused) == ("stored", 2, 1)
    assert RefusedRow.objects.get().reason == reason


def test_a_rerun_changes_nothing_and_a_correction_is_a_revision(tmp_path: Path, db: None) -> None:
    other = PLAIN | {"event": "2", "found": "nothing found"}
    import_rows(tmp_path, [PLAIN, other])
    was = list(AlertResponse.objects.order_by("id").values())

    again = import_rows(tmp_path, [other, PLAIN])
    assert (again.rows_same, again.rows_revised, again.rows_new) == (2, 0, 0)
    assert list(AlertResponse.objects.order_by("id").values()) == was

    later = NOW + dt.timedelta(days=1)
    file = import_rows(tmp_path, [PLAIN | {"found": "Unfounded"}, other], now=later)

    row = AlertResponse.objects.get(source_id="26-00017")
    kept = AlertResponseRevision.objects.get()
    assert (file.rows_revised, file.rows_same) == (1, 1)
    assert (row.disposition, row.revision, row.updated_at) == ("unfounded", 2, later)
    assert kept.values["disposition"] == "evidence"
    assert kept.replaced_by_file_id == file.pk


def test_a_later_file_leaves_the_link_alone(tmp_path: Path, db: None) -> None:
    import_rows(tmp_path, [PLAIN])
    AlertResponse.objects.update(linked_by="hand")

    import_rows(tmp_path, [PLAIN | {"officers": "4"}])

    row = AlertResponse.objects.get()
    assert (row.n_officers, row.linked_by) == (4, "hand")


def test_a_file_in_which_nothing_is_evidence_any_more_is_not_believed(
    tmp_path: Path, db: None
) -> None:
    rows = [PLAIN | {"event": str(n), "found": "casings"} for n in range(30)]
    import_rows(tmp_path, rows)

    file = import_rows(tmp_path, [row | {"found": "nothing"} for row in rows])

    assert file.state == "failed"
    assert AlertResponse.objects.filter(disposition="evidence").count() == 30


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('"casing*" = "evidence"', '"casing*" = "proof"', "wanted one of evidence, unconfirmed"),
        ('kind = "alert-responses"', 'kind = "acoustic-events"', "wanted some of"),
        ('evidence_lat = "evidence latitude"', "", "got only one of evidence_lon and evidence_lat"),
        ("[dispositions]", "[responses]\nofficers_per_unit = 0\n[dispositions]", "wanted 0 to 10"),
        ("[dispositions]", '[[rules]]\nwhen = {a = "b"}\ntier = "2"\n[dispositions]', "got tier"),
    ],
)
def test_a_mapping_of_responses_says_what_is_wrong_with_it(
    old: str, new: str, sentence: str
) -> None:
    path = Path("incidents/importers/mappings/plain-alert-responses.toml")
    text = path.read_text()
    assert old in text

    with pytest.raises(MappingError, match=sentence):
        parse_mapping(text.replace(old, new).encode())


def test_what_confirms_a_shooting_is_said_by_the_mapping_and_nothing_else(
    take_in: Importing,
) -> None:
    mapping = parse_mapping(
        MAPPING.replace('"30" = "assault"', '"30" = { category = "assault", shooting = true }')
        .replace(
            "[codes]",
            '[[rules]]\nwhen = { "What" = ["*UNFOUNDED*"] }\nshooting = false\n\n'
            '[[rules]]\nwhen = { "Code" = ["20"], "What" = ["*SHOT*"] }\nshooting = true\n\n[codes]',
        )
        .encode()
    )
    rows = [
        case(1, Code="30"), case(2, Code="30", What="SHOTS, UNFOUNDED"), case(3, Code="20"),
        case(4, Code="20", What="A BURGLAR WAS SHOT"),
    ]  # fmt: skip

    file = take_in(rows, mapping=mapping)

    confirmed = Incident.objects.filter(confirms_shooting=True).order_by("source_id")
    assert [incident.source_id for incident in confirmed] == ["E-1", "E-4"]
    assert file.quality["confirm_a_shooting"] == 2


def test_the_same_file_under_a_stricter_mapping_is_a_revision(take_in: Importing) -> None:
    take_in([case(1, Code="30"), case(2)])

    stricter = MAPPING.replace(
        '"30" = "assault"', '"30" = { category = "assault", shooting = true }'
    )
    file = take_in([case(1, Code="30"), case(2)], mapping=parse_mapping(stricter.encode()))

    assert (file.rows_revised, file.rows_same) == (1, 1)
    assert Incident.objects.get(confirms_shooting=True).source_id == "E-1"


@pytest.mark.parametrize("value", ['"yes"', "1"])
def test_a_shooting_is_true_or_false(value: str) -> None:
    text = MAPPING.replace(
        '"30" = "assault"', f'"30" = {{category = "assault", shooting = {value}}}'
    )

    with pytest.raises(MappingError, match="wanted true or false"):
        parse_mapping(text.encode())


CALLS = """
source = "calls"
kind = "calls"
[columns]
source_id = "event"
call_type = "type"
received_at = "alerted"
disposition = "found"
[dates]
formats = ["%Y-%m-%d %H:%M"]
[[rules]]
when = { "type" = ["SHOTS*"], "found" = ["REPORT*"] }
shooting = true
[codes]
"SHOTS*" = "gunfire"
"NOISE" = "noise"
"""


def test_a_call_confirms_by_its_type_and_what_was_found(tmp_path: Path, db: None) -> None:
    words = [
        ("SHOTS FIRED", "REPORT TAKEN"),
        ("SHOTS FIRED", "GONE ON ARRIVAL"),
        ("NOISE", "REPORT TAKEN"),
    ]
    rows = [
        PLAIN | {"event": str(n), "type": kind, "found": found}
        for n, (kind, found) in enumerate(words)
    ]

    import_rows(tmp_path, rows, source="", mapping=parse_mapping(CALLS.encode()))

    assert CallForService.objects.get(confirms_shooting=True).source_id == "0"
