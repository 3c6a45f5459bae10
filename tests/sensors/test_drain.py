"""From the inbox to the tables: everything that is true once, everything else with its reason."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sensors import actions
from sensors.actions import draining, landing
from sensors.models import (
    Datastream,
    DirtyWindow,
    IngestBatch,
    Observation,
    Pulse,
    Quarantined,
    Sensor,
    Source,
)
from sensors.payloads.daylight import since_epoch_ns
from tests.sensors.deliveries import accept, pulse, reading
from tests.sensors.field import NOW, T0_NS, entry, shot

pytestmark = pytest.mark.django_db


@pytest.fixture
def bins(source: Source) -> None:
    actions.register_sensors(
        entries=[entry("BIN-1", "bin"), entry("LAMP-1", "light"), entry("WEIR-1", "generic")],
        now=NOW,
    )


def test_pulses_are_stored_with_the_place_of_their_sensor(
    source: Source, microphones: list[Sensor]
) -> None:
    batch = accept(source, [pulse(0, peak_db=81.5), pulse(1)])

    drained = actions.drain(now=NOW)

    assert drained == actions.Drained(n_batches=1, n_messages=2, n_stored=2, n_pulses=2)
    microphone = Sensor.objects.get(serial="MIC-22")
    first, second = Pulse.objects.order_by("t_ns")
    assert (first.t_ns, first.pulse_id, first.peak_db) == (T0_NS, "p0", 81.5)
    assert (first.lon, first.lat, first.z_m) == (microphone.lon, microphone.lat, microphone.z_m)
    assert (first.received_at, second.peak_db) == (NOW, None)
    batch.refresh_from_db()
    assert (batch.state, batch.drained_at, batch.n_stored) == ("drained", NOW, 2)


def test_a_message_is_stored_once_however_it_is_repeated(
    source: Source, microphones: list[Sensor]
) -> None:
    accept(source, [pulse(0), pulse(1), pulse(0)])
    actions.drain(now=NOW)
    accept(source, [pulse(1), pulse(2)])
    accept(source, [pulse(2), pulse(3)])

    drained = actions.drain(now=NOW)

    assert (drained.n_messages, drained.n_stored, drained.n_repeated) == (4, 2, 2)
    assert sorted(Pulse.objects.values_list("pulse_id", flat=True)) == ["p0", "p1", "p2", "p3"]
    batches = IngestBatch.objects.order_by("id").values_list("n_stored", "n_repeated")
    assert list(batches) == [(2, 1), (1, 1), (1, 1)]


def test_the_first_of_two_versions_is_kept(source: Source, microphones: list[Sensor]) -> None:
    accept(source, [pulse(0, peak_db=70.0), pulse(0, peak_db=90.0)])
    accept(source, [pulse(0, peak_db=99.0)])

    actions.drain(now=NOW)

    assert Pulse.objects.get().peak_db == 70.0


def test_draining_an_empty_inbox_does_nothing(source: Source) -> None:
    assert actions.drain(now=NOW) == actions.Drained()


def test_stored_repeated_and_quarantined_add_up(source: Source, microphones: list[Sensor]) -> None:
    batch = accept(source, [pulse(0), pulse(0), pulse(1, sensor="GHOST"), {"no": "pulse"}])

    drained = actions.drain(now=NOW)

    batch.refresh_from_db()
    assert (batch.n_messages, batch.n_stored, batch.n_repeated, batch.n_quarantined) == (4, 1, 1, 2)
    assert drained.n_messages == 4
    assert [row.position for row in batch.quarantined.order_by("position")] == [2, 3]


def quarantined(batch: IngestBatch) -> list[tuple[int, str]]:
    return list(batch.quarantined.order_by("position").values_list("position", "reason"))


def test_pulses_that_cannot_be_true_are_quarantined_with_their_reason(
    source: Source, microphones: list[Sensor], bins: None
) -> None:
    stranger = actions.create_source(slug="stranger", name="", now=NOW)
    actions.register_sensor(entry=entry("MIC-X", "acoustic", source="stranger"), now=NOW)
    Sensor.objects.filter(serial="MIC-44").update(is_active=False)
    now_ns, day_ns = since_epoch_ns(NOW), 86_400 * 10**9
    messages = [
        pulse(0, sensor="GHOST"),
        pulse(0, sensor="MIC-X"),
        pulse(0, sensor="MIC-44"),
        pulse(0, sensor="BIN-1"),
        pulse(0, t_ns=now_ns + 301 * 10**9),
        pulse(0, t_ns=now_ns + 299 * 10**9),
        pulse(0, t_ns=now_ns - 1099 * day_ns),
        pulse(0, t_ns=now_ns - 1097 * day_ns),
        pulse(0, t_ns=-(2**63) + 1),
        pulse(0, peak_db=500),
    ]
    batch = accept(source, messages)

    actions.drain(now=NOW)

    assert quarantined(batch) == [
        (0, "unknown_sensor"),
        (1, "foreign_sensor"),
        (2, "inactive_sensor"),
        (3, "wrong_kind"),
        (4, "future"),
        (6, "too_old"),
        (8, "too_old"),
        (9, "out_of_limits"),
    ]
    assert Pulse.objects.count() == 2
    assert all(json.loads(row.raw) == messages[row.position] for row in batch.quarantined.all())
    assert not stranger.batches.exists()


def test_readings_that_cannot_be_true_are_quarantined_with_their_reason(
    source: Source, bins: None
) -> None:
    batch = accept(
        source,
        [
            reading(0.5),
            reading(1.5),
            reading("full"),
            reading(0.5, property="powerState"),
            reading("on", sensor="LAMP-1", property="powerState"),
            reading("blinking", sensor="LAMP-1", property="powerState"),
            reading(-12.5, sensor="WEIR-1", property="waterLevel"),
            reading(0.5, t="0001-01-01T00:00:00+14:00"),
            reading(0.5, t="9999-12-31T23:59:59Z"),
        ],
        "observations",
    )

    actions.drain(now=NOW)

    assert quarantined(batch) == [
        (1, "out_of_limits"),
        (2, "unknown_state"),
        (3, "unknown_property"),
        (5, "unknown_state"),
        (7, "too_old"),
        (8, "future"),
    ]
    stored = Observation.objects.order_by("datastream__observed_property")
    assert list(
        stored.values_list("datastream__observed_property", "datastream__unit", "result")
    ) == [
        ("fillingLevel", "1", 0.5),
        ("powerState", "state", 1.0),
        ("waterLevel", "1", -12.5),
    ]


def test_a_city_may_keep_longer(source: Source, microphones: list[Sensor], settings: Any) -> None:
    settings.INGEST_RETENTION_DAYS = 4000
    accept(source, [pulse(0, t_ns=since_epoch_ns(NOW) - 3000 * 86_400 * 10**9)])

    assert actions.drain(now=NOW).n_stored == 1


def test_a_body_that_is_no_json_is_quarantined_whole(source: Source) -> None:
    batch = accept(source, b"\x00\xff garbage")

    actions.drain(now=NOW)

    assert quarantined(batch) == [(0, "not_json")]
    assert batch.quarantined.get().raw == "\\x00\\xff garbage"


def test_the_latest_value_is_never_older_than_the_newest_reading(
    source: Source, bins: None
) -> None:
    """Whatever the order of arrival, within a batch, across batches and across drains."""
    shuffled = random.Random(7).sample(range(60), 60)
    for minutes in (shuffled[:20], shuffled[20:40], shuffled[40:]):
        accept(source, [reading(minute / 100, minute) for minute in minutes], "observations")
        actions.drain(now=NOW)

    stream = Datastream.objects.get()
    assert (stream.latest_at, stream.latest_value) == (
        datetime(2026, 3, 14, 21, 59, tzinfo=UTC),
        0.59,
    )
    assert stream.observations.count() == 60


def test_a_second_value_for_an_instant_changes_neither_history_nor_the_latest(
    source: Source, bins: None
) -> None:
    accept(source, [reading(0.5)], "observations")
    accept(source, [reading(0.9)], "observations")

    drained = actions.drain(now=NOW)

    assert drained.n_repeated == 1
    assert Observation.objects.get().result == Datastream.objects.get().latest_value == 0.5


def test_new_pulses_mark_their_windows_and_repeats_do_not(
    source: Source, microphones: list[Sensor]
) -> None:
    accept(source, [pulse(0), pulse(1), pulse(65)])
    actions.drain(now=NOW)
    marked = list(DirtyWindow.objects.order_by("starts_at").values_list("starts_at", flat=True))
    DirtyWindow.objects.all().delete()
    accept(source, [pulse(0)])

    actions.drain(now=NOW)

    assert marked == [
        datetime(2026, 3, 14, 22, 23, tzinfo=UTC),
        datetime(2026, 3, 14, 22, 24, tzinfo=UTC),
    ]
    assert not DirtyWindow.objects.exists()


def test_a_drain_that_ran_out_of_time_leaves_the_rest_waiting(
    source: Source, microphones: list[Sensor]
) -> None:
    accept(source, [pulse(0)])

    assert actions.drain(now=NOW, budget_s=0.0).n_batches == 0
    assert actions.drain(now=NOW).n_stored == 1


def test_a_crash_of_the_drain_loses_nothing_and_is_tried_again(
    source: Source, microphones: list[Sensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = accept(source, [pulse(0)])
    failures = iter([MemoryError("once")])
    real_mark = landing._mark_dirty

    def unlucky(*args: Any) -> None:
        for failure in failures:
            raise failure
        real_mark(*args)

    monkeypatch.setattr(landing, "_mark_dirty", unlucky)

    drained = actions.drain(now=NOW)

    batch.refresh_from_db()
    assert (drained.n_stored, batch.state, batch.attempts) == (1, "drained", 2)
    assert (Pulse.objects.count(), DirtyWindow.objects.count()) == (1, 1)


def test_a_batch_that_always_fails_is_parked_whole_and_stops_nobody_else(
    source: Source, microphones: list[Sensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, poison, last = (accept(source, [pulse(number)]) for number in range(3))
    real_decode = draining._decode

    def decode(batch: IngestBatch) -> Any:
        if batch.pk == poison.pk:
            raise RuntimeError("poison")
        return real_decode(batch)

    monkeypatch.setattr(draining, "_decode", decode)
    monkeypatch.setattr(draining.logger, "exception", lambda *args: None)

    drained = actions.drain(now=NOW)

    assert drained.n_stored == 2
    states = [IngestBatch.objects.get(pk=one.pk).state for one in (first, poison, last)]
    assert states == ["drained", "parked", "drained"]
    poison.refresh_from_db()
    assert (poison.attempts, bytes(poison.body)) == (5, json.dumps([pulse(1)]).encode())


def test_a_parked_batch_can_be_tried_again(source: Source, microphones: list[Sensor]) -> None:
    batch = accept(source, [pulse(0)])
    IngestBatch.objects.update(state="parked", attempts=5)

    assert actions.drain(now=NOW).n_batches == 0
    assert actions.unpark(ids=[batch.pk]) == 1
    assert actions.drain(now=NOW).n_stored == 1


def test_quarantined_messages_go_through_once_their_reason_is_gone(
    source: Source, microphones: list[Sensor]
) -> None:
    batch = accept(
        source, [pulse(0, sensor="LATE"), pulse(1), pulse(2, sensor="NEVER"), b"x".hex()]
    )
    actions.drain(now=NOW)
    DirtyWindow.objects.all().delete()
    ids = list(Quarantined.objects.values_list("pk", flat=True))
    actions.register_sensor(entry=entry("LATE", "acoustic"), now=NOW)
    later = NOW + timedelta(days=30)

    done = actions.replay_quarantined(ids=ids, now=later)

    assert (done.n_stored, done.n_repeated, done.n_still_refused, done.n_pulses) == (1, 0, 2, 1)
    batch.refresh_from_db()
    assert (batch.n_messages, batch.n_stored, batch.n_quarantined) == (4, 2, 2)
    replayed = Quarantined.objects.get(replayed_at__isnull=False)
    assert (replayed.position, replayed.replayed_at) == (0, later)
    assert Pulse.objects.get(pulse_id="p0").received_at == NOW
    assert DirtyWindow.objects.exists()


def test_a_second_replay_changes_nothing(source: Source, microphones: list[Sensor]) -> None:
    batch = accept(source, [pulse(0, sensor="LATE")])
    actions.drain(now=NOW)
    ids = list(Quarantined.objects.values_list("pk", flat=True))
    actions.register_sensor(entry=entry("LATE", "acoustic"), now=NOW)
    actions.replay_quarantined(ids=ids, now=NOW)

    again = actions.replay_quarantined(ids=ids, now=NOW)

    assert (again.n_stored, again.n_still_refused) == (0, 0)
    batch.refresh_from_db()
    assert (batch.n_stored, batch.n_quarantined) == (1, 0)


def test_a_replayed_message_that_came_again_meanwhile_counts_as_repeated(
    source: Source, microphones: list[Sensor]
) -> None:
    accept(source, [pulse(0, sensor="LATE")])
    actions.drain(now=NOW)
    actions.register_sensor(entry=entry("LATE", "acoustic"), now=NOW)
    accept(source, [pulse(0, sensor="LATE")])
    actions.drain(now=NOW)

    done = actions.replay_quarantined(ids=[Quarantined.objects.get().pk], now=NOW)

    assert (done.n_stored, done.n_repeated) == (0, 1)
    assert Pulse.objects.count() == 1


def test_a_replay_tells_the_reason_of_today(source: Source, microphones: list[Sensor]) -> None:
    accept(source, [pulse(0, sensor="LATE")])
    actions.drain(now=NOW)
    actions.register_sensor(entry=entry("LATE", "bin"), now=NOW)

    actions.replay_quarantined(ids=[Quarantined.objects.get().pk], now=NOW)

    assert Quarantined.objects.get().reason == "wrong_kind"


@pytest.mark.parametrize(("bound", "at_most"), [("GROUP_MESSAGES", 5), ("GROUP_BYTES", 360)])
def test_large_waiting_batches_are_drained_in_several_groups(
    source: Source,
    microphones: list[Sensor],
    monkeypatch: pytest.MonkeyPatch,
    bound: str,
    at_most: int,
) -> None:
    monkeypatch.setattr(draining, bound, at_most)
    for number in range(5):
        accept(source, [pulse(2 * number), pulse(2 * number + 1)])
    groups, drain_group = [], draining._drain_group
    monkeypatch.setattr(
        draining, "_drain_group", lambda ids, *rest: (groups.append(ids), drain_group(ids, *rest))
    )
    assert {len(body) for body in IngestBatch.objects.values_list("body", flat=True)} <= {
        *range(120, 180)
    }

    drained = actions.drain(now=NOW)

    assert (drained.n_batches, drained.n_stored) == (5, 10)
    assert [len(ids) for ids in groups] == [2, 2, 1]


def test_shots_of_one_second_from_many_sensors_are_all_kept(
    source: Source, microphones: list[Sensor]
) -> None:
    from sensors.payloads.daylight import encode

    pulses = shot(x_m=40.0, y_m=-90.0, rounds=4)
    accept(source, encode(pulses))

    assert actions.drain(now=NOW).n_stored == len(pulses)


def test_old_drained_batches_are_forgotten_and_what_needs_a_person_is_kept(
    source: Source, microphones: list[Sensor], settings: Any
) -> None:
    settings.INGEST_KEEP_DAYS = 10
    drained, bad = accept(source, [pulse(0)]), accept(source, [pulse(1, sensor="GHOST")])
    actions.drain(now=NOW)
    parked, waiting = accept(source, [pulse(2)]), accept(source, [pulse(3)])
    IngestBatch.objects.filter(pk=parked.pk).update(state="parked")

    too_soon = actions.prune_inbox(now=NOW + timedelta(days=10))
    in_time = actions.prune_inbox(now=NOW + timedelta(days=10, seconds=1))

    assert (too_soon, in_time) == (0, 1)
    kept = set(IngestBatch.objects.values_list("pk", flat=True))
    assert kept == {bad.pk, parked.pk, waiting.pk} == kept - {drained.pk}


def test_forgetting_old_batches_never_reads_their_bodies(
    source: Source, microphones: list[Sensor]
) -> None:
    accept(source, [pulse(0)])
    actions.drain(now=NOW)

    with CaptureQueriesContext(connection) as asked:
        assert actions.prune_inbox(now=NOW + timedelta(days=100)) == 1

    assert not [query["sql"] for query in asked if '"body"' in query["sql"]]


def test_a_repeat_of_a_forgotten_batch_stores_nothing_twice(
    source: Source, microphones: list[Sensor]
) -> None:
    accept(source, [pulse(0)])
    actions.drain(now=NOW)
    actions.prune_inbox(now=NOW + timedelta(days=100))
    accept(source, [pulse(0)])

    drained = actions.drain(now=NOW)

    assert (drained.n_stored, drained.n_repeated, Pulse.objects.count()) == (0, 1, 1)
