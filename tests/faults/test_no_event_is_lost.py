"""Shots are posted while worker, queue, web and database are killed; each becomes one event, once.

The pulses of all shots are shuffled, so every batch is late and out of order for most of them, and
every event is made early and revised often.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter

import numpy as np
import psycopg
from conftest import Stage, wait_until
from running_city import LIVE_WORKER, City

from portal.runtime.layout import Layout
from portal.runtime.postgres import EmbeddedPostgres
from sensors.authentication import sign
from sensors.payloads import daylight
from tests.sensors.field import PLANE, shot

SHOTS = [(130.0, -70.0), (-310.0, 420.0), (505.0, 180.0), (-50.0, -480.0), (290.0, 610.0)]
SPACING_S = 7.0  # more than the 4 s that chain rounds into one incident
PULSES_PER_BATCH = 6

# After this share of the batches was accepted, this child dies.
DEATHS = [
    (0.15, LIVE_WORKER),
    (0.35, ("redis-server",)),
    (0.5, LIVE_WORKER),
    (0.65, ("postgres", "-D")),
    (0.8, LIVE_WORKER),
]

ENROL = """
from django.utils import timezone
from sensors import actions
from sensors.models import Source
from tests.sensors.field import microphone_entries
actions.register_sensors(entries=microphone_entries(), now=timezone.now())
key = actions.issue_key(source=Source.objects.get(slug="gateway"), now=timezone.now())
print("key", key.key_id, key.secret)
"""


class Gateway(threading.Thread):
    """Sends each batch again until it is told "accepted", and some of them once more after that."""

    def __init__(self, city: City, key_id: str, secret: str, batches: list[bytes]) -> None:
        super().__init__(daemon=True)
        self.city, self.key_id, self.secret, self.batches = city, key_id, secret, batches
        self.n_accepted = 0

    def run(self) -> None:
        for number, body in enumerate(self.batches):
            for key in [f"b-{number}"] + [f"again-{number}"] * (number % 5 == 0):
                while self.send(key, body) != 202:
                    time.sleep(0.1)
            self.n_accepted += 1
            time.sleep(0.05)

    def send(self, key: str, body: bytes) -> int:
        stamp = str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "Daylight-Key": self.key_id,
            "Daylight-Timestamp": stamp,
            "Daylight-Idempotency-Key": key,
            "Daylight-Signature": sign(
                self.secret, timestamp=stamp, idempotency_key=key, body=body
            ),
        }
        return self.city.request("POST", "/ingest/v1/pulses", body, headers)[0]


def shots_of_the_last_minute() -> tuple[list[tuple[int, float, float]], list[daylight.Pulse]]:
    """(t_ns, x_m, y_m) of each shot, the last one a few seconds ago; and all their pulses."""
    last_ns = time.time_ns() - 5_000_000_000
    truth = [
        (last_ns - round(back * SPACING_S * 1e9), x_m, y_m) for back, (x_m, y_m) in enumerate(SHOTS)
    ]
    return truth, [
        pulse for t_ns, x_m, y_m in truth for pulse in shot(x_m=x_m, y_m=y_m, t_ns=t_ns, rounds=3)
    ]


def test_every_shot_becomes_one_event_while_everything_is_killed(stage: Stage) -> None:
    city = City(stage)
    enrolled = city.manage("shell", "--verbosity=0", "-c", ENROL)
    assert enrolled.returncode == 0, enrolled.stderr
    _, key_id, secret = enrolled.stdout.split()
    truth, pulses = shots_of_the_last_minute()
    shuffled = random.Random(4).sample(pulses, len(pulses))
    batches = [
        daylight.encode(shuffled[first : first + PULSES_PER_BATCH])
        for first in range(0, len(shuffled), PULSES_PER_BATCH)
    ]
    gateway = Gateway(city, key_id, secret, batches)

    gateway.start()
    for share, words in DEATHS:
        wanted = round(share * len(batches))
        wait_until(lambda n=wanted: gateway.n_accepted >= n, what=f"{wanted} were accepted")
        wait_until(lambda words=words: stage.child(*words), what=f"{words[0]} was there to kill")
        stage.kill(stage.child(*words))
    wait_until(lambda: gateway.n_accepted == len(batches), what="every batch was accepted")
    wait_until(lambda: ask(stage, "SELECT count(*) FROM vault.sensors_ingestbatch WHERE state = 'waiting'") == [(0,)], what="the inbox was drained")  # fmt: skip
    wait_until(lambda: ask(stage, "SELECT count(*) FROM vault.sensors_dirtywindow") == [(0,)], what="every window was detected over")  # fmt: skip

    kept = ask(stage, "SELECT pulse_id FROM vault.sensors_pulse")
    assert sorted(name for (name,) in kept) == sorted(pulse.pulse_id for pulse in pulses)
    assert ask(stage, "SELECT sum(n_pulses) FROM vault.sensors_sensorhour") == [(len(pulses),)]
    events = ask(
        stage,
        "SELECT t_ns, lon, lat, n_shots FROM vault.sensors_acousticevent"
        " WHERE withdrawn_at IS NULL ORDER BY t_ns DESC",
    )
    assert [n_shots for *_, n_shots in events] == [3] * len(SHOTS)
    for (t_ns, lon, lat, _), (true_ns, x_m, y_m) in zip(events, truth, strict=True):
        at_x_m, at_y_m = PLANE.to_xy(lon, lat)
        assert abs(t_ns - true_ns) < 50_000_000
        assert float(np.hypot(at_x_m - x_m, at_y_m - y_m)) < 5.0
    history_is_whole(stage)


def history_is_whole(stage: Stage) -> None:
    """Every revision that an event counts was written, once."""
    counted = dict(ask(stage, "SELECT id, revision FROM vault.sensors_acousticevent"))
    written = Counter(
        event_id for (event_id,) in ask(stage, "SELECT event_id FROM vault.sensors_acousticeventrevision")
    )  # fmt: skip
    assert {event_id: written[event_id] + 1 for event_id in counted} == counted


def ask(stage: Stage, query: str) -> list[tuple]:
    layout = Layout(stage.home)
    server = EmbeddedPostgres(layout.postgres_data, layout.postgres_sockets, layout.logs / "x")
    try:
        with psycopg.connect(server.conninfo()) as connection:
            return connection.execute(query).fetchall()
    except psycopg.OperationalError:
        return []  # it was killed, and comes back
