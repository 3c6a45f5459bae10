"""Alerts, responses and shootings in the vault are linked; run again, nothing changes."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from incidents import actions, tasks
from incidents.actions import LinkRefusedError, linking
from incidents.models import (
    AlertCall,
    AlertResponse,
    AlertResponseRevision,
    CallForService,
    ConfirmedShooting,
    ImportedFile,
    Incident,
    IncidentRevision,
)
from incidents.queries import alert_lives
from sensors.models import (
    AcousticEvent,
    AcousticEventRevision,
    AssetFault,
    Sensor,
    SensorHour,
    Source,
)
from tests.incidents.conftest import NOW
from tests.incidents.test_alert_lives import AT, after, alert, response

M = 1.0 / 111_035.0  # degrees of latitude in a metre, at 40 degrees


def incident(number: str, at: dt.datetime = AT, **changes: Any) -> Incident:
    ImportedFile.objects.get_or_create(
        source="rms", name="rms.csv", sha256="x", size_bytes=1, started_at=NOW, state="stored"
    )
    values = {
        "source": "rms", "source_id": number, "category": "gunfire", "tier": "0a",
        "occurred_from": at, "lon": -105.0, "lat": 40.0, "confirms_shooting": True,
        "first_seen_at": NOW, "updated_at": NOW,
    }  # fmt: skip
    return Incident.objects.create(**(values | changes))


def call(number: str, at: dt.datetime = AT, **changes: Any) -> CallForService:
    values = {
        "source": "cad", "source_id": number, "call_type": "SHOTS", "received_at": at,
        "lon": -105.0, "lat": 40.0, "confirms_shooting": True,
    }  # fmt: skip
    return CallForService.objects.create(**(values | changes))


def array(*heard_at: dt.datetime, around_m: float = 400.0) -> list[Sensor]:
    """Four microphones about the alerts' place, and the hours in which they were heard."""
    source, _ = Source.objects.get_or_create(slug="s", defaults={"created_at": NOW})
    corners = [(-1, -1), (-1, 1), (1, -1), (1, 1)]
    sensors = [
        Sensor.objects.create(
            serial=f"M{n}", kind="acoustic", source=source,
            lon=-105.0 + east * around_m * M / 0.766, lat=40.0 + north * around_m * M,
        )
        for n, (east, north) in enumerate(corners)
    ]  # fmt: skip
    hear(*heard_at or (AT,))
    return sensors


def hear(*instants: dt.datetime) -> None:
    SensorHour.objects.bulk_create(
        SensorHour(
            sensor=sensor, hour=at.replace(minute=0, second=0, microsecond=0), n_pulses=9
        )
        for sensor in Sensor.objects.all()
        for at in instants
    )  # fmt: skip


def link(now: dt.datetime = NOW) -> actions.Linked:
    found = linking.link_alerts(now=now)
    assert found is not None
    return found


def missed() -> set[str]:
    """The numbers of the records of shootings inside the array of which no alert came, as the gate counts them."""
    shootings = ConfirmedShooting.objects.filter(is_covered=True, unlinked_because="no_alert")
    return set(shootings.values_list("incident__source_id", flat=True))


def test_a_response_is_linked_by_number_before_place_and_time(db: None) -> None:
    near, named = alert("A1"), alert("A2", after(3_000), lat=40.02)
    by_number = response(None, "1", alert_number="A2", lon=-105.0, lat=40.0, alerted_at=after(40))
    by_place = response(None, "2", lon=-105.0, lat=40.0 + 20 * M, alerted_at=after(40))

    found = link()

    by_number.refresh_from_db()
    by_place.refresh_from_db()
    assert (by_number.event, by_number.linked_by) == (named, "number")
    assert (by_place.event, by_place.linked_by) == (near, "place_and_time")
    assert by_place.separation_m == pytest.approx(20.0, abs=0.1)
    assert by_place.separation_s == 40.0
    assert (found.n_responses, found.n_linked, found.n_changed) == (2, 2, 2)


def test_what_is_not_linked_says_why(db: None) -> None:
    alert("A1")
    alert("A2", after(2), lat=40.0 + 15 * M)
    torn = response(None, "1", lon=-105.0, lat=40.0 + 7 * M, alerted_at=after(60))
    far = response(None, "2", lon=-105.0, lat=40.05, alerted_at=after(60))
    placeless = response(None, "3", alerted_at=after(60))
    slip = response(None, "4", alert_number="A1", alerted_at=after(200_000))

    link()

    for row, because in [
        (torn, "ambiguous"), (far, "no_alert"), (placeless, "vague"), (slip, "wrong_number"),
    ]:  # fmt: skip
        row.refresh_from_db()
        assert (row.event, row.unlinked_because) == (None, because)


def test_a_rerun_changes_nothing_and_needs_not_even_read(db: None) -> None:
    alert("A1")
    response(None, "1", lon=-105.0, lat=40.0, alerted_at=after(40))
    incident("I1")
    call("C1", after(90), lat=40.001)
    array()
    first = link()
    was = list(AlertResponse.objects.values()), list(ConfirmedShooting.objects.values())

    assert linking.link_if_new(now=after(9_999_999)) is None
    again = link(now=after(9_999_999))

    assert first.n_changed == 2
    assert again.n_changed == 0
    assert was == (list(AlertResponse.objects.values()), list(ConfirmedShooting.objects.values()))


def test_a_new_alert_is_linked_the_next_time_it_is_asked(db: None) -> None:
    row = response(None, "1", lon=-105.0, lat=40.0, alerted_at=after(40))
    link()

    event = alert("A1")
    found = linking.link_if_new(now=NOW)

    row.refresh_from_db()
    assert found is not None
    assert (row.event, row.unlinked_because) == (event, "")


def test_rows_of_one_place_and_instant_are_one_event_of_several_units(db: None) -> None:
    event = alert("A1")
    alert("A2", after(9_000))
    same = {"lon": -105.0, "lat": 40.0, "alerted_at": after(40)}
    units = [response(None, number, officer_minutes=20.0, **same) for number in ("7", "7#2", "7#3")]
    actions.link_response(response=units[0], event=None, by="ana", reason="a drill", now=NOW)
    other = response(None, "8", lon=-105.0, lat=40.0, alerted_at=after(9_040))

    link()

    for row in (*units, other):
        row.refresh_from_db()
    assert [row.event for row in units] == [None, event, event]
    assert other.event != event
    assert alert_lives().officer_minutes[0] == 40.0


def moved_microphone() -> None:
    Sensor.objects.filter(serial="M0").update(lat=40.5)


def exchanged_microphones() -> None:
    """One comes back as another goes: as many as before are in service."""
    Sensor.objects.filter(serial="M0").update(is_active=True)
    Sensor.objects.filter(serial="M1").update(is_active=False)


def dated_microphone() -> None:
    Sensor.objects.filter(serial="M1").update(installed_on=AT.date())


def another_hour() -> None:
    hear(AT + dt.timedelta(days=1))


def late_commit_of_a_withdrawal() -> None:
    """By a run of the detector that began before the newest one, and ended after it."""
    event = AcousticEvent.objects.get(provider_event_id="A2")
    AcousticEventRevision.objects.create(event_id=event.pk, revision=1, replaced_at=NOW, was={})
    AcousticEvent.objects.filter(pk=event.pk).update(withdrawn_at=NOW, revised_at=NOW, revision=2)


def late_commit_of_a_person() -> None:
    row = AlertResponse.objects.get(source_id="2")
    actions.link_response(response=row, event=None, by="ana", reason="a drill", now=NOW)


def late_commit_of_a_seal() -> None:
    actions.seal_incident(incident=Incident.objects.get(), by="judge", now=NOW)


@pytest.mark.parametrize(
    "change",
    [
        moved_microphone,
        exchanged_microphones,
        dated_microphone,
        another_hour,
        late_commit_of_a_withdrawal,
        late_commit_of_a_person,
        late_commit_of_a_seal,
    ],
)
def test_whatever_linking_reads_is_linked_anew_when_it_changes(
    change: Callable[[], None], db: None
) -> None:
    array()
    Sensor.objects.filter(serial="M0").update(is_active=False)
    later = dt.timedelta(days=1)
    alert("A1", revision=2, revised_at=NOW + later, withdrawn_at=NOW + later)
    alert("A2", after(100))
    response(None, "1", updated_at=NOW + later)
    response(None, "2", lon=-105.0, lat=40.0, alerted_at=after(140))
    incident("I1")
    IncidentRevision.objects.create(
        id=10**9, source="s", source_id="other", revision=1, values={}, replaced_at=NOW
    )
    link()
    assert linking.link_if_new(now=NOW) is None

    change()

    assert linking.link_if_new(now=NOW) is not None


def test_a_withdrawn_alert_loses_its_response(db: None) -> None:
    event = alert("A1")
    row = response(None, "1", lon=-105.0, lat=40.0, alerted_at=after(40))
    link()

    AcousticEvent.objects.filter(pk=event.pk).update(withdrawn_at=NOW)
    link()

    row.refresh_from_db()
    assert (row.event, row.linked_by, row.separation_m) == (None, "", None)
    assert row.unlinked_because == "no_alert"


def test_the_report_number_leads_to_the_incident(db: None) -> None:
    alert("A1")
    became = incident("R-7", lat=40.03, confirms_shooting=False)
    row = response(None, "1", report_number="R-7", alerted_at=after(40))

    link()

    row.refresh_from_db()
    assert row.incident == became


def test_a_number_that_two_sources_use_leads_nowhere(db: None) -> None:
    for source in ("rms", "old"):
        incident("R-7", source=source)
        ImportedFile.objects.create(
            source=source, name="f", sha256="y", size_bytes=1, started_at=NOW, state="stored"
        )
    row = response(None, "1", report_number="R-7")

    link()

    row.refresh_from_db()
    assert row.incident is None


def test_records_of_the_same_shots_are_one_shooting_with_its_alert(db: None) -> None:
    event = alert("A1")
    first = incident("I1", after(60), lat=40.0 + 30 * M)
    incident("I2", after(60), lat=40.0 + 30 * M, category="homicide")
    call("C1", after(120), lat=40.0 + 150 * M)

    found = link()

    shooting = ConfirmedShooting.objects.get()
    assert (shooting.incident, shooting.call, shooting.n_records) == (first, None, 3)
    assert (shooting.event, shooting.unlinked_because) == (event, "")
    assert (found.n_shootings, found.n_alerted) == (1, 1)


def test_a_shooting_inside_the_array_of_which_no_alert_came_is_a_miss(db: None) -> None:
    array()
    alert("A1", kind="firework")  # dismissed: nobody was alerted
    incident("I1")
    incident("I2", after(9_000), lat=40.05)  # far outside

    link()

    assert missed() == {"I1"}


def test_an_array_that_was_deaf_or_not_there_yet_missed_nothing(db: None) -> None:
    day = dt.timedelta(days=1)
    sensors = array(AT, AT + 10 * day, AT + 40 * day)
    for sensor in sensors[:2]:
        AssetFault.objects.create(
            sensor=sensor, kind="silent", evidence={}, found_at=AT - day, seen_at=AT,
            cleared_at=AT + day,
        )  # fmt: skip
    Sensor.objects.filter(pk=sensors[3].pk).update(installed_on=(AT + 30 * day).date())
    incident("deaf")
    incident("before", AT + 10 * day)
    incident("heard", AT + 40 * day)

    link()

    covered = {s.incident.source_id: s.is_covered for s in ConfirmedShooting.objects.all()}
    assert covered == {"deaf": False, "before": False, "heard": True}


def test_an_array_missed_nothing_before_it_was_first_heard_nor_while_it_was_off(
    db: None,
) -> None:
    hours = {"before": -1, "heard": 0, "quiet hour": 4, "off": 10, "again": 20}
    at = {name: AT + dt.timedelta(hours=n) for name, n in hours.items()}
    array(at["heard"], at["again"])
    for name, instant in at.items():
        incident(name, instant)

    link()

    assert missed() == {"heard", "quiet hour", "again"}


@pytest.mark.parametrize(
    ("kind", "sd_m", "covered"),
    [
        ("spoofed", None, False),
        ("misplaced", 40.0, False),
        ("misplaced", 5.0, True),  # the detector knows where it stands
        ("clock_offset", None, True),
    ],
)
def test_a_microphone_that_the_detector_does_not_ask_covers_nothing(
    kind: str, sd_m: float | None, covered: bool, db: None
) -> None:
    faulty = array()[0]
    since = AT - dt.timedelta(days=1)
    AssetFault.objects.create(
        sensor=faulty, kind=kind, size_sd=sd_m, evidence={}, found_at=since, seen_at=AT
    )
    incident("I1")

    link()

    assert ConfirmedShooting.objects.get().is_covered is covered


def test_a_microphone_that_was_taken_out_covers_until_it_was_last_heard(db: None) -> None:
    hour = dt.timedelta(hours=1)
    array(AT, AT + hour)
    Sensor.objects.filter(serial="M0").update(is_active=False)
    SensorHour.objects.filter(sensor__serial="M0", hour__gt=AT).delete()
    incident("with it", AT + 0.5 * hour)
    incident("without", AT + 1.5 * hour)

    link()

    covered = {s.incident.source_id: s.is_covered for s in ConfirmedShooting.objects.all()}
    assert covered == {"with it": True, "without": False}


def test_a_shooting_whose_response_has_an_alert_has_that_alert(db: None) -> None:
    event = alert("A1")
    report = incident("R-1", after(2_400), lat=40.0 + 450 * M)  # written down late and elsewhere
    response(None, "1", alert_number="A1", report_number="R-1", alerted_at=after(40))

    link()

    assert ConfirmedShooting.objects.get(incident=report).event == event


def test_sealed_and_corrected_records_confirm_nothing_any_more(db: None) -> None:
    sealed, corrected = incident("I1"), incident("I2", after(50_000))
    link()
    assert ConfirmedShooting.objects.count() == 2

    actions.seal_incident(incident=sealed, by="judge", now=NOW)
    Incident.objects.filter(pk=corrected.pk).update(confirms_shooting=False)
    link()

    assert not ConfirmedShooting.objects.exists()


def test_a_shooting_without_a_place_or_with_a_whole_night_is_no_miss(db: None) -> None:
    array()
    incident("nowhere", lon=None, lat=None)
    incident("night", occurred_to=after(40_000))

    link()

    shooting = ConfirmedShooting.objects.get()
    assert (shooting.incident.source_id, shooting.unlinked_because) == ("night", "vague")
    assert missed() == set()


def test_what_a_person_linked_stays_and_is_kept_as_a_revision(db: None) -> None:
    event, other = alert("A1"), alert("A2", after(5_000))
    row = response(None, "1", lon=-105.0, lat=40.0, alerted_at=after(40))
    link()

    actions.link_response(
        response=row, event=other, by="ana", reason="the officer said so", now=NOW
    )
    actions.link_response(
        response=row, event=other, by="ana", reason="the officer said so", now=NOW
    )
    link()

    row.refresh_from_db()
    assert (row.event, row.linked_by, row.revision) == (other, "hand", 2)
    kept = AlertResponseRevision.objects.get()
    assert (kept.replaced_by, kept.reason) == ("ana", "the officer said so")
    assert kept.values["event_id"] == event.pk


def test_a_link_by_hand_to_an_alert_that_is_withdrawn_is_released_and_kept_as_a_revision(
    db: None,
) -> None:
    merged, standing = alert("A1", lat=40.0 + 5 * M), alert("A2", after(5_000))
    row = response(None, "1", lon=-105.0, lat=40.0, alerted_at=after(5_040))
    actions.link_response(response=row, event=merged, by="ana", reason="she said so", now=NOW)
    AcousticEvent.objects.filter(pk=merged.pk).update(withdrawn_at=NOW)

    link()

    row.refresh_from_db()
    assert (row.event, row.linked_by, row.revision) == (standing, "place_and_time", 3)
    kept = AlertResponseRevision.objects.get(revision=2)
    assert (kept.values["event_id"], kept.values["linked_by"]) == (merged.pk, "hand")
    assert kept.reason == "the alert was withdrawn"
    assert linking.link_if_new(now=NOW) is None


def test_a_link_by_hand_follows_the_alert_and_the_corrected_response(db: None) -> None:
    event = alert("A1")
    row = response(None, "1", lon=-105.0, lat=40.0, alerted_at=after(40))
    actions.link_response(response=row, event=event, by="ana", reason="she said so", now=NOW)

    AcousticEvent.objects.filter(pk=event.pk).update(lat=40.0 + 30 * M, occurred_at=after(1))
    link()

    row.refresh_from_db()
    assert (row.event, row.linked_by, row.revision) == (event, "hand", 2)
    assert row.separation_m == pytest.approx(30.0, abs=0.1)
    assert row.separation_s == 39.0


def test_a_person_may_say_that_there_was_no_alert_and_take_it_back(db: None) -> None:
    event = alert("A1")
    row = response(None, "1", lon=-105.0, lat=40.0, alerted_at=after(40))
    actions.link_response(response=row, event=None, by="ana", reason="a drill", now=NOW)
    link()
    row.refresh_from_db()
    assert (row.event, row.linked_by) == (None, "hand")

    actions.release_response(response=row, by="ben", reason="it was not", now=NOW)
    link()

    row.refresh_from_db()
    assert (row.event, row.linked_by, row.revision) == (event, "place_and_time", 3)


@pytest.mark.parametrize(
    ("by", "reason", "withdrawn"),
    [("", "because", False), ("ana", " . ", False), ("ana", "because", True)],
    ids=["nobody", "no reason", "withdrawn alert"],
)
def test_a_link_by_hand_wants_somebody_a_reason_and_an_alert(
    by: str, reason: str, withdrawn: bool, db: None
) -> None:
    event = alert("A1", withdrawn_at=NOW if withdrawn else None)
    row = response(None, "1")

    with pytest.raises(LinkRefusedError), transaction.atomic():
        actions.link_response(response=row, event=event, by=by, reason=reason, now=NOW)

    row.refresh_from_db()
    assert (row.event, row.revision, AlertResponseRevision.objects.count()) == (None, 1, 0)


def test_people_who_call_about_the_same_shots_are_counted_and_the_alert_itself_is_not(
    db: None,
) -> None:
    event = alert("A1", kind="firework")  # a caller cannot tell either
    response(None, "1", initial_type="ACOUSTIC ALERT")
    for number, seconds in (("near", 90), ("too", 200)):
        call(number, after(seconds), category="gunfire", lat=40.0 + 120 * M)
    call("hours later", after(9_000), category="gunfire")
    call("noise", after(90), category="noise")
    call("machine", after(10), category="gunfire", call_type="ACOUSTIC ALERT")

    link()

    linked = AlertCall.objects.order_by("separation_s")
    assert [row.call.source_id for row in linked] == ["near", "too"]
    assert [row.event for row in linked] == [event, event]
    assert linked[0].separation_m == pytest.approx(120, abs=0.5)
    assert alert_lives().n_calls.tolist() == [2]


def test_one_response_that_began_as_a_call_does_not_silence_all_callers(db: None) -> None:
    alert("A1")
    for n in range(20):
        response(None, f"R{n}", initial_type="ACOUSTIC ALERT")
    response(None, "called-in", initial_type="SHOTS", alerted_at=after(30))
    call("called-in", after(30), category="gunfire")  # the event that became the response
    call("neighbour", after(90), category="gunfire")
    call("machine", after(10), category="gunfire", call_type="ACOUSTIC ALERT")

    link()

    assert [row.call.source_id for row in AlertCall.objects.all()] == ["neighbour"]


def test_a_call_that_is_corrected_is_linked_anew(db: None) -> None:
    alert("A1")
    row = call("1", after(90), category="gunfire", confirms_shooting=False)
    link()

    CallForService.objects.filter(pk=row.pk).update(lat=40.002)
    assert link().n_changed == 1
    assert AlertCall.objects.get().separation_m == pytest.approx(222, abs=1)

    CallForService.objects.filter(pk=row.pk).update(category="noise")
    assert link().n_changed == 1
    assert not AlertCall.objects.exists()


def test_an_import_makes_the_worker_link(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(tasks, "link_soon", lambda: asked.append("please"))
    monkeypatch.setattr(tasks, "open_uploads", lambda: [1, 2])
    monkeypatch.setattr(
        tasks, "ingest_upload", lambda file_id, now: file_id if file_id == 2 else None
    )

    assert tasks.import_waiting() == 1
    assert asked == ["please"]


def test_the_task_links_what_is_new_and_then_has_nothing_to_do(db: None) -> None:
    alert("A1")
    response(None, "1", lon=-105.0, lat=40.0, alerted_at=after(40))

    assert tasks.link_alerts()["n_linked"] == 1
    assert tasks.link_alerts() == {}


def test_of_two_workers_one_links_and_the_other_goes_home(city_db: None) -> None:
    alert("A1")
    seen: list[Any] = []

    def other_worker() -> None:
        seen.append(linking.link_alerts(now=NOW))
        connection.close()

    with transaction.atomic():
        assert linking.link_alerts(now=NOW) is not None
        thread = threading.Thread(target=other_worker)
        thread.start()
        thread.join()

    assert seen == [None]


def test_a_row_that_somebody_is_changing_is_left_to_the_next_time(city_db: None) -> None:
    event = alert("A1")
    row = response(None, "1", lon=-105.0, lat=40.0, alerted_at=after(40))
    changed: list[int] = []

    def worker() -> None:
        found = linking.link_alerts(now=NOW)
        changed.append(-1 if found is None else found.n_changed)
        connection.close()

    with transaction.atomic():
        AlertResponse.objects.select_for_update().get(pk=row.pk)
        thread = threading.Thread(target=worker)
        thread.start()
        thread.join(30)
        assert changed == [0]  # it did not wait

    assert linking.link_if_new(now=NOW) is not None
    row.refresh_from_db()
    assert row.event == event


def test_responses_are_locked_at_the_very_end_lest_an_import_gives_up_waiting(
    city_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = alert("A1")
    row = response(None, "1", lon=-105.0, lat=40.0, alerted_at=after(40))
    free: list[int] = []

    def somebody_else() -> None:
        with transaction.atomic():
            free.extend(
                found.pk for found in AlertResponse.objects.select_for_update(skip_locked=True)
            )
        connection.close()

    def long_work(rebuild: Callable[..., Any]) -> Callable[..., Any]:
        def work(*rows: Any, **named: Any) -> Any:
            thread = threading.Thread(target=somebody_else)
            thread.start()
            thread.join(30)
            return rebuild(*rows, **named)

        return work

    for name in ("rebuild_shootings", "rebuild_calls"):
        monkeypatch.setattr(linking, name, long_work(getattr(linking, name)))
    link()

    row.refresh_from_db()
    assert (row.event, free) == (event, [row.pk, row.pk])


def test_what_a_person_says_while_linking_reads_is_not_overwritten(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    alert("A1")
    row = response(None, "1", lon=-105.0, lat=40.0, alerted_at=after(40))
    rows = linking.shooting_rows

    def meanwhile() -> Any:
        actions.link_response(response=row, event=None, by="ana", reason="a drill", now=NOW)
        return rows()

    monkeypatch.setattr(linking, "shooting_rows", meanwhile)
    link()

    row.refresh_from_db()
    assert (row.event, row.linked_by) == (None, "hand")
