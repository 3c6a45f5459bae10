"""A device that was told "accepted" finds its pulses in the vault, once each, whatever was killed."""

from __future__ import annotations

import json
import threading
import time

import psycopg
from conftest import Stage, wait_until
from running_city import LIVE_WORKER, City

from portal.runtime.layout import Layout
from portal.runtime.postgres import EmbeddedPostgres
from sensors.authentication import (
    IDEMPOTENCY_HEADER,
    KEY_HEADER,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    sign,
)

N_BATCHES, PULSES_PER_BATCH = 50, 20

# After so many accepted batches, this child dies.
DEATHS = {
    8: LIVE_WORKER,
    16: ("redis-server",),
    24: ("granian",),
    32: ("postgres", "-D"),
    40: LIVE_WORKER,
}

ENROL = """
from django.utils import timezone
from sensors.actions.registration import create_source, issue_key
from sensors.models import Sensor
source = create_source(slug="gateway", name="", now=timezone.now())
Sensor.objects.create(serial="mic-1", kind="acoustic", source=source, lon=-87.6, lat=41.8)
key = issue_key(source=source, now=timezone.now())
print("key", key.key_id, key.secret)
"""


class Device(threading.Thread):
    """Sends numbered pulses, and sends each batch again until it is told "accepted"."""

    def __init__(self, city: City, key_id: str, secret: str) -> None:
        super().__init__(daemon=True)
        self.city, self.key_id, self.secret = city, key_id, secret
        self.n_accepted = 0
        self.refusals: set[int] = set()

    def run(self) -> None:
        for number in range(N_BATCHES):
            body = self.batch(number)
            while (status := self.send(number, body)) != 202:
                self.refusals.add(status)
                time.sleep(0.1)
            self.n_accepted += 1

    def batch(self, number: int) -> bytes:
        now_ns = time.time_ns()
        return json.dumps(
            [
                {"sensor": "mic-1", "pulse_id": name, "t_ns": now_ns + 1000 * index, "peak_db": 90}
                for index, name in enumerate(names(number))
            ]
        ).encode()

    def send(self, number: int, body: bytes) -> int:
        timestamp, key = str(int(time.time())), f"batch-{number}"
        headers = {
            "Content-Type": "application/json",
            KEY_HEADER: self.key_id,
            TIMESTAMP_HEADER: timestamp,
            IDEMPOTENCY_HEADER: key,
            SIGNATURE_HEADER: sign(
                self.secret, timestamp=timestamp, idempotency_key=key, body=body
            ),
        }
        status, _ = self.city.request("POST", "/ingest/v1/pulses", body, headers)
        return status


def names(number: int) -> list[str]:
    return [f"pulse-{number:03}-{index:02}" for index in range(PULSES_PER_BATCH)]


def test_every_accepted_pulse_is_kept_once_while_everything_is_killed(stage: Stage) -> None:
    city = City(stage)
    enrolled = city.manage("shell", "--verbosity=0", "-c", ENROL)
    assert enrolled.returncode == 0, enrolled.stderr
    _, key_id, secret = enrolled.stdout.split()
    device = Device(city, key_id, secret)

    device.start()
    for n_accepted, words in DEATHS.items():
        wait_until(lambda n=n_accepted: device.n_accepted >= n, what=f"{n_accepted} were accepted")
        wait_until(lambda words=words: stage.child(*words), what=f"{words[0]} was there to kill")
        stage.kill(stage.child(*words))
    wait_until(lambda: device.n_accepted == N_BATCHES, what="every batch was accepted")
    wait_until(lambda: n_waiting(stage) == 0, what="the inbox was drained")

    sent = sorted(name for number in range(N_BATCHES) for name in names(number))
    assert kept_pulses(stage) == sent
    # A device may be asked to wait; it is never told that what it sent is wrong.
    assert device.refusals <= {0, 500, 503}
    assert city.health()["quarantine_count"] == 0


def kept_pulses(stage: Stage) -> list[str]:
    return [name for (name,) in ask(stage, "SELECT pulse_id FROM vault.sensors_pulse ORDER BY 1")]


def n_waiting(stage: Stage) -> int | None:
    """Batches that were accepted and not drained; None while the database is away."""
    statement = "SELECT count(*) FROM vault.sensors_ingestbatch WHERE state = 'waiting'"
    try:
        return int(ask(stage, statement)[0][0])
    except psycopg.OperationalError:
        return None


def ask(stage: Stage, statement: str) -> list[tuple]:
    layout = Layout(stage.home)
    server = EmbeddedPostgres(layout.postgres_data, layout.postgres_sockets, layout.logs / "x")
    with psycopg.connect(server.conninfo()) as connection:
        return connection.execute(statement).fetchall()
