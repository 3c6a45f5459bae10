"""The gunfire ledger under attack, with the private truth in hand; each attack succeeds on a planted defect.

Run with ``-s`` to read the numbers.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from incidents.models import AlertResponse, Incident
from portal.city import City
from portal.feeds.assembly import Assembly
from portal.feeds.files import file_in
from portal.publication import ledger as the_ledger
from portal.publication import outcomes
from portal.publication.models import Assignment
from portal.publication.releases import release_due
from sensors.models import AcousticEvent, Sensor
from tests.factories.gunfire import answered_alerts, microphones, shooting
from tests.factories.private import (
    NOW,
    SOUTH,
    gunshot,
    incident,
    many_incidents,
    private_city,
)
from tests.reference import ledger_attacks as attacks
from tests.reference.contents import Contents
from tests.reference.ledger import read

CITY = City("Testville", "Testville Police", "America/Chicago", lon=-98.6, lat=39.8)
DAY = dt.timedelta(days=1)
BEFORE = NOW - 45 * DAY  # the alerts of September are out, their outcomes are not
CORRECTION = dt.datetime(2027, 1, 4, 15, tzinfo=dt.UTC)
N_SECRET, N_SEALED = 12, 10
KEPT = ("reviewed", "overridden", "disputed", "officer_hours", "officer_hours_unconfirmed")


@dataclass(frozen=True)
class Told:
    """What the attacker has, and what he wants."""

    folder: Path
    rows: list[dict[str, str]]
    ledger: list[dict[str, str]]
    corrected: list[dict[str, str]]
    secret: set[str]  # public ids of alerts beside a record that may not be told
    hidden: int  # alerts that are no rows, for the same reason


def said(name: str, value: object) -> None:
    print(f"{name:>28}: {value}")  # noqa: T201 - read with -s


@pytest.fixture(scope="module")
def told(module_db: Path) -> Any:
    return live_through(module_db)


def live_through(folder: Path) -> Told:
    """Fourteen months of alerts; records that may not be told come before and after; some are sealed."""
    private_city()
    many_incidents(900, days=200)
    events = answered_alerts(months=14, a_month=60)
    random = np.random.default_rng(3)
    for event in random.choice(np.array(events, object), 20, replace=False):
        secret_record(event)
    chosen = Incident.objects.filter(tier="1", occurred_from__lt=BEFORE).order_by("pk")
    for n, record in enumerate(chosen):
        shooting(record, heard_at(record) if n % 4 else None)
    start = dt.datetime(2026, 9, 1, 5, tzinfo=dt.UTC)
    microphones(11, lat=SOUTH + 0.005, start=start, days=31, silent_from_day=17)
    microphones(13, lat=SOUTH + 0.025, start=start, days=31, silent_from_day=5)
    release(BEFORE)
    public = links()
    young = [e for e in events if e.pk in public and e.occurred_at > NOW - 74 * DAY]
    told = AlertResponse.objects.exclude(disposition="unknown").values_list("event_id", flat=True)
    late = [event for event in young if event.pk in set(told)][:N_SECRET]
    for event in late:
        AlertResponse.objects.filter(event=event).update(disposition="evidence")
        secret_record(event)
    release(NOW)
    rows, ledger = (read(newest(folder, slug)) for slug in ("gunfire", "gunfire-ledger"))
    Incident.objects.filter(pk__in=[record.pk for record in chosen[:N_SEALED]]).update(
        is_sealed=True
    )
    release(CORRECTION)
    return Told(
        folder,
        rows,
        ledger,
        read(newest(folder, "gunfire-ledger")),
        {public[event.pk] for event in late},
        AcousticEvent.objects.exclude(pk__in=links()).count(),
    )


def heard_at(record: Incident) -> AcousticEvent:
    return gunshot(
        occurred_at=record.occurred_from,
        detected_at=record.occurred_from,
        lon=record.lon,
        lat=record.lat,
    )


def secret_record(event: AcousticEvent) -> None:
    incident(
        category="domestic", tier="2", location_type="residence", occurred_from=event.occurred_at,
        lon=event.lon, lat=event.lat, first_seen_at=NOW,
    )  # fmt: skip


def links() -> dict[int, str]:
    found = Assignment.objects.filter(dataset_slug="gunfire")
    return dict(found.values_list("record_id", "public_id"))


def release(as_of: dt.datetime) -> None:
    made = release_due(CITY, as_of=as_of)
    failed = [check for each in made for check in each.verification if not check["passed"]]
    assert not failed


def newest(folder: Path, slug: str) -> Assembly:
    numbers = sorted(int(path.name) for path in (folder / slug).iterdir())
    return file_in(folder / slug / str(numbers[-1]), "csv")


def test_the_ledger_tells_of_no_alert_that_is_no_row(told: Told) -> None:
    found = attacks.rows_against_ledger(told.rows, told.ledger, CITY.zone)

    said("ledger against rows", found)
    assert told.hidden > 10
    assert found == 0
    counted_all = [
        {**line, "count": str(int(line["count"]) + 1)} if line["count"] else line
        for line in told.ledger
    ]
    assert attacks.rows_against_ledger(told.rows, counted_all, CITY.zone) == 1


@pytest.mark.parametrize("measure", KEPT)
def test_nothing_small_is_left_when_districts_are_taken_off_the_city(
    told: Told, measure: str
) -> None:
    found = attacks.smallest_difference(told.ledger, measure)

    said(f"least of {measure}", found)
    assert found == 0 or found >= 10


def test_no_few_shootings_are_left_either(told: Told) -> None:
    found = attacks.smallest_difference(told.ledger, "missed")

    said("least of missed", found)
    assert any(line["measure"] == "missed" and line["n"] for line in told.ledger)
    assert found == 0 or found >= 5
    leaky = [
        {"period": "2026-08", "district": "", "measure": "missed", "n": "9"},
        {"period": "2026-08", "district": "south", "measure": "missed", "n": "8"},
    ]
    assert attacks.smallest_difference(leaky, "missed") == 1


def test_a_withheld_outcome_points_at_a_record_one_time_in_three(told: Told) -> None:
    found = attacks.withheld(told.rows, told.secret)

    said("withheld", round(found, 3))
    assert len(told.secret) == N_SECRET
    assert 0 < found <= 0.34
    assert attacks.outcomes_of_secrets(told.rows, told.secret) == 0
    uncovered = [
        {**row, "outcome": "evidence"}
        if row["outcome"] == "withheld" and row["public_id"] not in told.secret
        else row
        for row in told.rows
    ]
    assert attacks.withheld(uncovered, told.secret) == 1


def test_outcomes_told_beside_secrets_would_be_noticed(told: Told) -> None:
    careless = [
        {**row, "outcome": row["outcome"].replace("withheld", "evidence")} for row in told.rows
    ]

    assert attacks.outcomes_of_secrets(careless, told.secret) == 1


def test_an_old_ledger_does_not_tell_that_records_were_sealed(told: Told) -> None:
    found = attacks.told_twice(told.ledger, told.corrected, "missed")

    said("misses that changed", found)
    assert found == 0
    recounted = [
        {**line, "n": str(int(line["n"]) - 1)}
        if line["measure"] == "missed" and line["n"]
        else line
        for line in told.corrected
    ]
    assert attacks.told_twice(told.ledger, recounted, "missed") == 1


def test_an_uptime_does_not_tell_how_many_sensors_there_are(told: Told) -> None:
    hours = 24 * 30
    sensors = {"south": 11, "north": 13}

    found = attacks.sensors_told(told.ledger, sensors, hours)

    uptimes = [line for line in told.ledger if line["measure"] == "uptime" and line["value"]]
    said("sensors from uptime", found)
    assert len(uptimes) == 3
    assert found == 0
    exact = [
        {**line, "value": repr(1 - (30 - day) * 24 / (hours * sensors[line["district"]]))}
        for line in uptimes
        for district, day in (("south", 17), ("north", 5))
        if line["district"] == district
    ]
    assert attacks.sensors_told(exact, sensors, hours) == 1


def test_no_file_holds_a_place_of_evidence_a_sensor_or_a_reviewer(told: Told) -> None:
    found = Contents()
    for path in told.folder.rglob("*.*"):
        if path.suffix != ".gz":
            found.add_file(path)
    answers = AlertResponse.objects.exclude(evidence_lon=None)
    points = set(answers.values_list("evidence_lon", "evidence_lat"))
    points |= set(Sensor.objects.values_list("lon", "lat"))
    texts = set(Sensor.objects.values_list("serial", flat=True)) | {
        "reviewer-one",
        "reviewer-two",
        "dispatch-centre",
    }
    texts |= set(AlertResponse.objects.values_list("source_id", flat=True))

    assert len(points) > 100
    assert found.with_points(points, decimals=6) == set()
    assert found.with_texts(texts) == set()


def test_the_gate_s_own_words_are_the_ones_attacked() -> None:
    """What the attacks call outcomes and measures is what the gate calls so."""
    assert set(attacks.OUTCOMES) == set(outcomes.TOLD_WORDS)
    assert the_ledger.UPTIME == "uptime"
