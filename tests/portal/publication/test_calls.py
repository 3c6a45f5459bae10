"""Calls for service: one event with its record, its alert and the other calls about it, and never closer than they."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from incidents.models import Address, AlertCall, CallForService, Incident
from portal.city import City
from portal.feeds.dictionary import DATASETS
from portal.feeds.files import file_of
from portal.models import PublishedCall, PublishedGunfire, PublishedIncident, Release
from portal.publication.models import Assignment
from portal.publication.releases import release_due, withdraw
from sensors.models import AcousticEvent
from tests.factories.private import (
    NOW,
    call,
    group_of_assaults,
    group_of_calls,
    gunshot,
    incident,
    many_incidents,
    private_city,
)
from tests.portal.publication.spoiling import release_with

CITY = City("Testville", "Testville Police", "America/Chicago", lon=-98.6, lat=39.8)
DAY, HOUR, MINUTE = dt.timedelta(days=1), dt.timedelta(hours=1), dt.timedelta(minutes=1)
QUARTER = dt.timedelta(days=60)  # from NOW into January: a correction day
MODELS = {"incidents": PublishedIncident, "gunfire": PublishedGunfire, "calls": PublishedCall}


@pytest.fixture(autouse=True)
def city(city_db: None, tmp_path: Path, settings: Any) -> None:
    settings.FILES = tmp_path
    private_city()


def by_dataset(made: list[Release]) -> dict[str, Release]:
    return {release.dataset.slug: release for release in made}


def escrow_of(record: Any) -> Assignment | None:
    slugs = {Incident: "incidents", AcousticEvent: "gunfire", CallForService: "calls"}
    found = Assignment.objects.filter(record_id=record.pk, dataset_slug=slugs[type(record)])
    return found.first()


def row_of(record: Any) -> Any:
    escrow = escrow_of(record)
    return MODELS[escrow.dataset_slug].objects.get(public_id=escrow.public_id) if escrow else None


def face(record: Any) -> tuple[Any, ...] | None:
    row = row_of(record)
    if row is None or row.retired_release is not None:
        return None
    where = (row.precision, row.place_code, row.cell_code, row.district_slug, row.beat_slug)
    return (*where, row.period, row.starts_at, row.ends_at)


def about(
    record: Incident, *, north_m: float = 0, later: dt.timedelta = MINUTE, **values: Any
) -> Any:
    assert record.lat is not None
    at = {"lon": record.lon, "lat": record.lat + north_m / 111_000}
    return call(received_at=record.occurred_from + later, **{**at, **values})


# --- tiers ---


def test_a_call_that_nobody_made_a_report_of_is_placed_by_the_gate() -> None:
    noise = call()
    collision = call(
        call_type="COLLISION", category="traffic-collision", tier="0a", received_at=NOW - 30 * DAY
    )

    release_due(CITY, as_of=NOW)

    assert (row_of(noise).category, row_of(noise).precision) == ("noise", "place")
    assert "-W" in row_of(noise).period  # nothing says that it was not at a dwelling
    assert row_of(collision).period.endswith("/PT6H")


@pytest.mark.parametrize(
    "values",
    [
        {"category": "domestic", "tier": "2"},
        {"category": "welfare-check", "tier": "0b"},  # the vocabulary is stricter than the mapping
        {"category": "unclassified"},
        {"category": "nobody-knows"},
        {"tier": "?"},
        {"tier": "3"},
        {"call_type_label": "Possible suicidal subject"},
        {"disposition": "REPORT - DOMESTIC VIOLENCE"},
        {"lon": None, "lat": None},  # nobody could tell which record it belongs to
    ],
)
def test_a_sensitive_or_unknown_call_is_never_a_row(values: dict[str, Any]) -> None:
    call(**values)

    made = by_dataset(release_due(CITY, as_of=NOW))

    assert "calls" not in made
    assert not PublishedCall.objects.exists()


def test_a_call_waits_until_its_record_can_have_come_in() -> None:
    hit = call(category="traffic-collision", tier="0a", received_at=NOW - 5 * DAY)

    release_due(CITY, as_of=NOW)
    assert row_of(hit) is None

    release_due(CITY, as_of=NOW + 3 * DAY)
    assert row_of(hit) is not None


# --- one event, one place, one time ---


def test_a_call_stands_where_and_when_its_record_stands() -> None:
    theft = incident()
    told = about(theft, north_m=200, later=40 * MINUTE, category="theft", tier="0a")
    apart = about(theft, north_m=900, category="theft", tier="0a")

    release_due(CITY, as_of=NOW)

    assert face(told) == face(theft)
    assert escrow_of(told).follows == row_of(theft).public_id
    assert face(apart) != face(theft)
    assert escrow_of(apart).follows == ""


def test_a_theft_that_was_called_in_the_next_morning_is_the_theft() -> None:
    theft = incident(reported_at=NOW - 40 * DAY + 9 * HOUR)
    told = about(theft, later=9 * HOUR - 10 * MINUTE, category="theft", tier="0a")

    release_due(CITY, as_of=NOW)

    assert face(told) == face(theft)


@pytest.mark.parametrize(
    "values",
    [
        {"is_sealed": True},
        {"category": "domestic", "tier": "2"},
        {"victim_flags": "juvenile"},
        {"category": "assault", "tier": "1"},  # alone in its week, so not public
        {"occurred_from": NOW - 1 * DAY},
    ],
)
def test_a_call_about_a_record_that_is_not_public_is_not_public(values: dict[str, Any]) -> None:
    record = incident(**values)
    about(record, north_m=150, later=-20 * MINUTE)

    release_due(CITY, as_of=NOW)

    assert not PublishedCall.objects.exists()


def test_a_call_that_is_stricter_than_its_record_is_not_told_at_its_dot() -> None:
    theft = incident()
    about(theft, category="assault", call_type="FIGHT", tier="1")

    release_due(CITY, as_of=NOW)

    assert face(theft) is not None
    assert not PublishedCall.objects.exists()


def vandalised(**values: Any) -> Incident:
    return incident(category="vandalism", location_type="street", **values)


def test_what_a_caller_could_not_name_is_told_as_its_record_says() -> None:
    """Nothing of such a row is the call's own, so that it tells nothing that the record does not."""
    damage = vandalised()
    unsure = about(damage, north_m=20, category="assistance", call_type="CITIZEN ASSIST", tier="1")
    theft = incident(occurred_from=NOW - 30 * DAY)
    doubtful = about(theft, category="theft", tier="0b")  # also from homes, says the mapping

    release_due(CITY, as_of=NOW)

    assert (row_of(unsure).category, face(unsure)) == ("vandalism", face(damage))
    assert (row_of(doubtful).category, face(doubtful)) == ("theft", face(theft))
    assert {escrow_of(one).tier for one in (unsure, doubtful)} == {"0a"}


def test_a_quiet_day_that_adds_nothing_but_calls_that_records_settled_goes_out() -> None:
    """Who knows door and second finds the row, as he finds the record's: of low harm, as both are told."""
    thefts_called_in(30)
    release_due(CITY, as_of=NOW)
    doors = [Address.objects.get(source_id=f"S-{n}") for n in range(4)]
    whens = [NOW - 7 * DAY + n * MINUTE for n in (-165, -60, 50, 155)]  # all over the band
    damages = [
        vandalised(address=door, occurred_from=when)
        for door, when in zip(doors, whens, strict=True)
    ]
    unsure = [about(one, category="assistance", tier="1") for one in damages]

    made = by_dataset(release_due(CITY, as_of=NOW + DAY))

    assert made["calls"].state == Release.State.ACTIVE, [
        c["detail"] for c in made["calls"].verification if not c["passed"]
    ]
    assert made["calls"].n_added == 4
    assert [face(one) for one in unsure] == [face(one) for one in damages]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"category": "disorder", "call_type": "FIGHT"}, "a fight is no doubt"),
        ({"category": "domestic", "tier": "2"}, "sensitive"),
        ({"call_type_label": "Possible suicidal subject"}, "dispatch wrote a sensitive word"),
        ({"north_m": 80}, "not at the record's door"),
    ],
)
def test_a_record_settles_no_more_than_a_doubt_at_its_own_door(
    values: dict[str, Any], reason: str
) -> None:
    damage = vandalised()
    about(
        damage, **{"category": "assistance", "call_type": "CITIZEN ASSIST", "tier": "1", **values}
    )

    release_due(CITY, as_of=NOW)

    assert face(damage) is not None
    assert not PublishedCall.objects.exists(), reason


def test_no_record_settles_what_stands_beside_a_secret() -> None:
    damage = vandalised()
    about(damage, category="assistance", call_type="CITIZEN ASSIST", tier="1")
    vandalised(is_sealed=True)

    release_due(CITY, as_of=NOW)

    assert not PublishedCall.objects.exists()


def test_a_call_that_its_record_settled_stays_and_goes_with_the_record() -> None:
    damages = [vandalised(occurred_from=NOW - (20 + 2 * i) * DAY) for i in range(30)]
    unsure = [about(one, category="assistance", tier="1") for one in damages]
    beside = [about(one, later=5 * MINUTE, category="vandalism", tier="0a") for one in damages]
    release_due(CITY, as_of=NOW)
    assert None not in [face(one) for one in (*unsure, *beside)]
    Incident.objects.filter(pk=damages[7].pk).update(is_sealed=True)

    release_due(CITY, as_of=NOW + QUARTER)

    gone = [n for n in range(30) if face(damages[n]) is None]
    assert len(gone) == 3
    assert 7 in gone
    for calls in (unsure, beside):
        assert [n for n in range(30) if face(calls[n]) is None] == gone


def test_a_call_about_shots_stands_where_the_alert_stands() -> None:
    alert = gunshot(occurred_at=NOW - 20 * DAY)
    near = call(
        category="gunfire", call_type="SHOTS FIRED", tier="0a", lon=alert.lon, lat=alert.lat + 0.001,
        received_at=alert.occurred_at + 5 * MINUTE,
    )  # fmt: skip
    named = call(
        category="gunfire",
        call_type="SHOTS FIRED",
        tier="0a",
        received_at=alert.occurred_at + 30 * MINUTE,
    )
    AlertCall.objects.create(call=named, event=alert, separation_m=900, separation_s=1800)

    release_due(CITY, as_of=NOW)

    assert face(near) == face(named) == face(alert) is not None


def test_several_calls_about_one_event_stand_at_one_place() -> None:
    doors = [Address.objects.get(source_id=f"N-{n}") for n in range(12)]
    firsts, seconds, others = [], [], []
    for n, door in enumerate(doors):
        when, near = NOW - (30 + 2 * n) * DAY, {"lon": door.lon, "lat": door.lat + 240 / 111_000}
        firsts.append(call(address=door, received_at=when))
        seconds.append(call(received_at=when + 14 * MINUTE, **near))
        others.append(call(received_at=when + 16 * HOUR, **near))
    release_due(CITY, as_of=NOW)
    assert [face(one) for one in firsts] == [face(one) for one in seconds]
    pairs = zip(firsts, others, strict=True)
    assert any(row_of(a).place_code != row_of(b).place_code for a, b in pairs)

    first, last = firsts[0], firsts[0].received_at + 5 * MINUTE
    late = call(lon=first.lon, lat=first.lat + 210 / 111_000, received_at=last)
    release_due(CITY, as_of=NOW + DAY)

    assert face(late) == face(first)
    assert escrow_of(late).follows in {row_of(first).public_id, row_of(seconds[0]).public_id}


def test_a_neighbours_calmer_call_about_a_family_is_as_sensitive_as_the_family() -> None:
    call()
    call(
        category="domestic",
        call_type="FAMILY DISTURBANCE",
        tier="2",
        received_at=NOW - 40 * DAY + 8 * MINUTE,
    )

    release_due(CITY, as_of=NOW)

    assert not PublishedCall.objects.exists()


# --- groups ---


def test_calls_about_people_appear_in_groups_of_five_events() -> None:
    group_of_calls(4)
    release_due(CITY, as_of=NOW)
    assert not PublishedCall.objects.exists()

    late = group_of_calls(6)
    release_due(CITY, as_of=NOW + 7 * DAY)

    assert {row.precision for row in PublishedCall.objects.all()} <= {"cell", "district", "city"}
    assert all(row_of(one) is not None for one in late)


def test_many_calls_about_one_fight_are_no_group() -> None:
    door = Address.objects.get(source_id="N-0")
    for n in range(12):
        call(
            category="disorder" if n % 2 else "trespass", tier="1",
            lon=door.lon + (n % 4) * 4e-4, lat=door.lat + (n % 3) * 4e-4,
            received_at=NOW - 42 * DAY + n * MINUTE,
        )  # fmt: skip

    release_due(CITY, as_of=NOW)

    assert not PublishedCall.objects.exists()


def test_calls_and_their_records_do_not_help_each_other_over_the_threshold() -> None:
    assaults = group_of_assaults(6)
    three = [about(one, category="assault", call_type="FIGHT", tier="1") for one in assaults[:3]]

    release_due(CITY, as_of=NOW)
    assert all(face(one) is not None for one in assaults)
    assert not PublishedCall.objects.exists()

    rest = [about(one, category="robbery", call_type="ROBBERY", tier="1") for one in assaults[3:]]
    release_due(CITY, as_of=NOW + 7 * DAY)

    assert [face(one) for one in (*three, *rest)] == [face(one) for one in assaults]


def test_three_calls_and_three_records_of_other_events_stay_two_groups_of_three() -> None:
    group_of_assaults(3)
    group_of_calls(3, when=NOW - 41 * DAY)

    release_due(CITY, as_of=NOW)

    assert not PublishedCall.objects.exists()
    assert not PublishedIncident.objects.exists()


def test_readers_get_calls_totals_and_the_budget_as_pages_and_files() -> None:
    many_incidents(300)
    group_of_calls(6)
    release_due(CITY, as_of=NOW)

    for slug in ("calls", "sensitive-totals", "privacy-budget"):
        release = Release.objects.get(dataset__slug=slug)
        assert Client().get(f"/data/{slug}/").status_code == 200
        with file_of(release, "csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == release.n_rows > 0
        assert tuple(rows[0]) == DATASETS[slug].columns
        wanted = [field for field in DATASETS[slug].fields if field.values]
        for field in wanted:
            assert {row[field.name] for row in rows} <= {*field.values, ""}, field.name


# --- corrections ---


def thefts_called_in(n: int) -> tuple[list[Incident], list[CallForService]]:
    thefts = [incident(occurred_from=NOW - (20 + 2 * i) * DAY) for i in range(n)]
    return thefts, [about(theft, category="theft", tier="0a") for theft in thefts]


def test_a_call_goes_with_its_sealed_record_and_those_of_the_covers_go_too() -> None:
    thefts, calls = thefts_called_in(30)
    release_due(CITY, as_of=NOW)
    assert PublishedCall.objects.count() == 30
    Incident.objects.filter(pk=thefts[3].pk).update(is_sealed=True)
    release_due(CITY, as_of=NOW + DAY)
    assert face(calls[3]) is not None  # no correction day

    made = by_dataset(release_due(CITY, as_of=NOW + QUARTER))

    gone = [n for n in range(30) if face(thefts[n]) is None]
    assert len(gone) == 3
    assert 3 in gone
    assert [n for n in range(30) if face(calls[n]) is None] == gone
    assert (made["calls"].state, made["calls"].n_retired) == (Release.State.ACTIVE, 3)
    fates = {n: (escrow_of(thefts[n]).fate, escrow_of(calls[n]).fate) for n in gone}
    assert all(record == follower for record, follower in fates.values())


def test_a_call_beside_a_sealed_record_that_follows_another_stays_as_those_beside_its_covers_do() -> (
    None
):
    """Else the one of three retired records that has a retired call beside it would be the sealed one."""
    doors = Address.objects.filter(source_id__startswith="N-").order_by("source_id")[:36]
    thefts, calls = [], []
    for n, door in enumerate(doors):
        when = NOW - (20 + 2 * n) * DAY
        thefts.append(incident(address=door, occurred_from=when))
        incident(
            address=door,
            occurred_from=when + 5 * MINUTE,
            category="burglary",
            tier="0b",
            location_type="apartment",
        )
        calls.append(about(thefts[-1], category="theft", tier="0a"))
    release_due(CITY, as_of=NOW)
    told = [call for call in calls if face(call) is not None]
    assert len(told) > 30
    Incident.objects.filter(pk=thefts[11].pk).update(is_sealed=True)

    release_due(CITY, as_of=NOW + QUARTER)

    assert sum(face(theft) is None for theft in thefts) == 3
    assert [call for call in told if face(call) is None] == []


@pytest.mark.parametrize("what", ["own code", "another call", "a record that came late"])
def test_a_call_whose_event_turns_out_to_be_sensitive_goes_on_the_next_correction_day(
    what: str,
) -> None:
    calls = [call(received_at=NOW - (20 + i) * DAY - 6 * HOUR) for i in range(31)]
    thefts, theirs = thefts_called_in(5)
    release_due(CITY, as_of=NOW)
    turned = calls[4]
    at = {"lon": turned.lon, "lat": turned.lat}
    if what == "own code":
        CallForService.objects.filter(pk=turned.pk).update(category="domestic", tier="2")
    elif what == "another call":
        call(category="domestic", tier="2", received_at=turned.received_at + 5 * MINUTE, **at)
    else:
        incident(
            category="domestic", tier="2", occurred_from=turned.received_at - 20 * MINUTE, **at
        )

    before = by_dataset(release_due(CITY, as_of=NOW + 3 * DAY))
    assert "calls" not in before or not before["calls"].n_retired
    release_due(CITY, as_of=NOW + QUARTER)

    gone = [one for one in calls if face(one) is None]
    assert turned in gone
    assert len(gone) == 3  # its covers, of the calls that follow no record as it did
    assert all(face(one) is not None for one in (*thefts, *theirs))


def test_a_deleted_call_takes_two_others_along() -> None:
    calls = [call(received_at=NOW - (20 + i) * DAY) for i in range(31)]
    release_due(CITY, as_of=NOW)
    calls[0].delete()

    made = by_dataset(release_due(CITY, as_of=NOW + QUARTER))

    assert made["calls"].n_retired == 3


def test_what_was_wrong_with_a_record_was_wrong_with_its_call() -> None:
    _, calls = thefts_called_in(2)
    made = by_dataset(release_due(CITY, as_of=NOW))

    withdraw(made["incidents"], reason="exact places", retire_rows=True)
    release_due(CITY, as_of=NOW + DAY)

    assert [face(one) for one in calls] == [None, None]


# --- checks ---

_CALL = "WHERE id = (SELECT min(id) FROM release.call WHERE precision = 'place')"
DEFECTS = [
    ("UPDATE vault.incidents_callforservice SET tier = '2'", "no call is sensitive"),
    ("UPDATE vault.publication_assignment SET tier = '2' WHERE dataset_slug = 'calls'", "no call is sensitive"),
    ("UPDATE vault.publication_assignment SET fate = 'removed', retired_release = 1 "
     "WHERE dataset_slug = 'incidents' AND tier = '0a'", "no call is sensitive"),
    ("UPDATE release.call SET period = '2026-10-06T06/PT6H', starts_at = '2026-10-06T11:00Z', "
     f"ends_at = '2026-10-06T17:00Z' {_CALL}", "every call about a police record"),
    ("UPDATE vault.publication_assignment SET follows = '' WHERE dataset_slug = 'calls'",
     "every call about a police record"),
    ("UPDATE release.call SET category = 'arson' WHERE precision = 'place'",
     "every call about a police record"),
    ("UPDATE vault.incidents_callforservice SET category = 'disorder' WHERE tier = '1'",
     "calls about people come in groups"),
    ("UPDATE vault.incidents_callforservice SET lon = -98.61, lat = 39.81 WHERE tier = '1'",
     "calls about people come in groups"),
    ("UPDATE vault.incidents_callforservice SET received_at = '2026-10-05T03:00Z', lon = lon / 1e4 - 98.61, "
     "lat = lat / 1e5 + 39.81 WHERE tier = '1'", "calls about people come in groups"),
    (f"UPDATE release.call SET ends_at = '2026-11-13T00:00Z' {_CALL}", "no period ended later"),
    (f"UPDATE release.call SET beat_slug = 'south-1' {_CALL}", "no row says more"),
]  # fmt: skip


@pytest.mark.parametrize(("defect", "check"), DEFECTS)
def test_a_spoilt_release_of_calls_does_not_go_out(
    defect: str, check: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    thefts_called_in(1)
    group_of_calls(6)

    release = release_with(defect, "calls", monkeypatch)

    assert release.state == Release.State.REJECTED
    failed = [found["check"] for found in release.verification if not found["passed"]]
    assert any(name.startswith(check) for name in failed), failed
    assert not PublishedCall.objects.exists()
