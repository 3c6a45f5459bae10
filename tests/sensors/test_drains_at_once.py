"""Drains that meet, die or are refused, on rows that are really committed."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, connections, transaction

from sensors import actions
from sensors.actions import detecting
from sensors.models import (
    Datastream,
    DirtyWindow,
    IngestBatch,
    Observation,
    Pulse,
    Quarantined,
    Source,
)
from tests.sensors.deliveries import accept, pulse, reading
from tests.sensors.elsewhere import PROJECT, environment, until
from tests.sensors.field import NOW, entry


@pytest.fixture
def source(city_db: None) -> Source:
    source = actions.create_source(slug="gateway", name="", now=NOW)
    actions.register_sensors(
        entries=[entry("MIC-22", "acoustic"), entry("MIC-23", "acoustic"), entry("BIN-1", "bin")],
        now=NOW,
    )
    return source


def in_parallel(work: Callable[[], Any], *, n_threads: int) -> list[Any]:
    """What each of n threads got, that began together, each with a connection of its own."""
    together = threading.Barrier(n_threads)

    def run() -> Any:
        together.wait()
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(n_threads) as pool:
        return [future.result(30) for future in [pool.submit(run) for _ in range(n_threads)]]


def test_two_drains_at_once_store_everything_once(source: Source) -> None:
    """Overlapping contents, so that both meet the same keys."""
    for number in range(24):
        accept(source, [pulse(n) for n in range(number, number + 6)])
        accept(source, [reading(n / 100, n) for n in range(number, number + 6)], "observations")

    drained = in_parallel(lambda: actions.drain(now=NOW), n_threads=2)

    assert sum(one.n_batches for one in drained) == 48
    assert sum(one.n_messages for one in drained) == 48 * 6
    assert (
        sum(one.n_stored for one in drained) == Pulse.objects.count() + Observation.objects.count()
    )
    assert (Pulse.objects.count(), Observation.objects.count()) == (29, 29)
    assert Datastream.objects.get().latest_value == 0.28
    assert not IngestBatch.objects.exclude(state="drained").exists()


def test_a_batch_that_another_drain_holds_is_passed_over(source: Source) -> None:
    held = accept(source, [pulse(0)])
    free = accept(source, [pulse(1)])

    with transaction.atomic():
        IngestBatch.objects.select_for_update().get(pk=held.pk)
        [drained] = in_parallel(lambda: actions.drain(now=NOW), n_threads=1)

    assert drained.n_stored == 1
    held.refresh_from_db()
    free.refresh_from_db()
    assert (held.state, free.state) == ("waiting", "drained")


def test_one_body_accepted_by_two_doors_at_once_is_one_row(source: Source) -> None:
    body = json.dumps([pulse(0)]).encode()

    def accept_it() -> actions.Receipt:
        return actions.accept_batch(
            source_id=source.pk,
            kind="pulses",
            body=body,
            idempotency_key="same",
            channel="http",
            received_at=NOW,
        )

    receipts = in_parallel(accept_it, n_threads=4)

    assert IngestBatch.objects.count() == 1
    assert len({receipt.receipt for receipt in receipts}) == 1
    assert sorted(receipt.is_repeated for receipt in receipts) == [False, True, True, True]


def test_a_drain_killed_in_the_middle_loses_and_doubles_nothing(source: Source) -> None:
    """It is stopped at the insert by a lock, killed there, and another drain takes over."""
    batch = accept(source, [pulse(number) for number in range(10)])
    with transaction.atomic(using="owner"), connections["owner"].cursor() as owner:
        owner.execute("LOCK TABLE vault.sensors_pulse IN EXCLUSIVE MODE")
        with subprocess.Popen(
            [sys.executable, "-c", DRAIN], cwd=PROJECT, env=environment()
        ) as victim:
            assert until(lambda: is_waiting_for_a_lock(owner))
            victim.kill()

    batch.refresh_from_db()
    assert (batch.state, batch.attempts) == ("waiting", 1)
    assert until(lambda: actions.drain(now=NOW).n_stored == 10)
    batch.refresh_from_db()
    assert (batch.state, batch.n_stored, batch.n_repeated) == ("drained", 10, 0)
    assert (Pulse.objects.count(), DirtyWindow.objects.count()) == (10, 1)


DRAIN = """
import django
django.setup()
from django.utils import timezone
from sensors import actions
from sensors.actions import detecting
actions.drain(now=timezone.now())
"""


def is_waiting_for_a_lock(cursor: Any) -> bool:
    cursor.execute(
        "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'vault.sensors_pulse'::regclass)"
    )
    return bool(cursor.fetchone()[0])


def test_a_row_that_the_database_refuses_is_found_by_halving_and_its_neighbours_are_stored(
    source: Source,
) -> None:
    batch = accept(source, [pulse(number) for number in range(40)])
    with connections["owner"].cursor() as owner:
        owner.execute(
            "ALTER TABLE vault.sensors_pulse ADD CONSTRAINT no_p17 CHECK (pulse_id <> 'p17')"
        )
        try:
            drained = actions.drain(now=NOW)
        finally:
            owner.execute("ALTER TABLE vault.sensors_pulse DROP CONSTRAINT no_p17")

    assert (drained.n_stored, drained.n_quarantined, drained.n_pulses) == (39, 1, 39)
    row = Quarantined.objects.get()
    assert (row.batch_id, row.position, row.reason) == (batch.pk, 17, "refused_by_database")
    assert json.loads(row.raw) == pulse(17)


def test_only_one_detection_runs_at_a_time(source: Source) -> None:
    accept(source, [pulse(0)])
    actions.drain(now=NOW)
    with connections["owner"].cursor() as owner:
        owner.execute("SELECT pg_advisory_lock(%s)", [detecting.DETECT_LOCK])
        while_busy = actions.detect_dirty(now=NOW)
        owner.execute("SELECT pg_advisory_unlock(%s)", [detecting.DETECT_LOCK])

    after = actions.detect_dirty(now=NOW)

    assert (while_busy.is_busy, while_busy.n_windows) == (True, 0)
    assert (after.is_busy, after.n_windows) == (False, 1)
