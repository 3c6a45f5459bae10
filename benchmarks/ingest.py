"""How much of a raw COPY is left once pulses are acknowledged, judged, kept once and counted.

Both sides run in the same minute on the same durable PostgreSQL, in turns. The raw side copies the
same columns, in one transaction, into a table that has a primary key and nothing else: once keyed
by (sensor, time), as time series usually are, and once by (time, sensor), as ours. Our side accepts
signed bodies of 1,000 pulses into the inbox (one commit each), drains it and marks windows dirty.

    python benchmarks/ingest.py [--rounds 5] [--batches 50]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

BATCH = 1_000
N_SENSORS = 300
NOW = datetime(2026, 3, 14, 22, 30, tzinfo=UTC)
FIRST_NS = 1_773_440_000_000_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batches", type=int, default=50)
    wanted = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="dl-bench-"))
    try:
        from portal.runtime.postgres import EmbeddedPostgres

        postgres = EmbeddedPostgres(folder / "data", folder / "run", folder / "log")
        folder.chmod(0o711)
        with postgres.running():
            os.environ["DATABASE_URL"] = (
                f"postgresql://daylight_owner@/daylight?host={folder / 'run'}"
            )
            os.environ["DAYLIGHT_HOME"] = str(folder / "home")
            print(json.dumps(measure(wanted.rounds, wanted.batches), indent=2))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(n_rounds: int, n_batches: int) -> dict[str, object]:
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    source = city()
    raw_s, same_key_s, accept_s, drain_s = [], [], [], []
    for number in range(n_rounds + 1):  # the first warms up and is not counted
        batches = [pulses(number * n_batches + one) for one in range(n_batches)]
        raw_s.append(raw_copy(batches, "sensor_id, t_ns"))
        accepted_s, drained_s = through_the_inbox(source, batches)
        accept_s.append(accepted_s)
        drain_s.append(drained_s)
        same_key_s.append(raw_copy(batches, "t_ns, sensor_id"))
    ours_s = [a + d for a, d in zip(accept_s, drain_s, strict=True)]
    rows = n_batches * BATCH
    return {
        "raw COPY, key (sensor, time), rows/s": rate(rows, raw_s),
        "raw COPY, key (time, sensor), rows/s": rate(rows, same_key_s),
        "accept, rows/s": rate(rows, accept_s),
        "drain, rows/s": rate(rows, drain_s),
        "end to end, rows/s": rate(rows, ours_s),
        "ratio to key (sensor, time): median, least, greatest": ratios(raw_s, ours_s),
        "ratio to key (time, sensor): median, least, greatest": ratios(same_key_s, ours_s),
    }


def rate(rows: int, seconds: list[float]) -> int:
    return round(rows / statistics.median(seconds[1:]))


def ratios(raw_s: list[float], ours_s: list[float]) -> list[float]:
    found = [raw / ours for raw, ours in zip(raw_s[1:], ours_s[1:], strict=True)]
    return [round(of, 3) for of in (statistics.median(found), min(found), max(found))]


def city():
    from sensors import actions
    from sensors.payloads.register import SensorEntry

    source = actions.create_source(slug="bench", name="Bench", now=NOW)
    entries = [
        SensorEntry(
            serial=f"S{n:03d}", kind="acoustic", lon=-80 + n / 9e3, lat=40.4, source="bench"
        )
        for n in range(N_SENSORS)
    ]
    actions.register_sensors(entries=entries, now=NOW)
    return source


def pulses(batch: int):
    from sensors.payloads.daylight import Pulse

    first = batch * BATCH
    return [
        Pulse(
            sensor=f"S{n * 7919 % N_SENSORS:03d}",
            pulse_id=f"p{first + n:09d}",
            t_ns=FIRST_NS + (first + n) * 100_003,
            peak_db=80.0 + n % 30,
            snr_db=12.5,
            rise_ms=1.1,
            dur_ms=130.0,
            centroid_hz=650.0,
        )
        for n in range(BATCH)
    ]


def raw_copy(batches, key: str) -> float:
    from django.db import connection, connections

    from sensors.actions.staging import PULSES

    columns = ", ".join(PULSES.columns)
    table = f"vault.raw_{key[:1]}"
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            f"CREATE TABLE IF NOT EXISTS {table} (LIKE vault.sensors_pulse, PRIMARY KEY ({key}))"
        )
    rows = [
        (
            p.t_ns,
            int(p.sensor[1:]),
            p.pulse_id,
            NOW,
            -80.0,
            40.4,
            0.0,
            p.peak_db,
            p.snr_db,
            p.rise_ms,
            p.dur_ms,
            p.centroid_hz,
        )
        for batch in batches
        for p in batch
    ]
    started = time.perf_counter()
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({columns}) FROM STDIN (FORMAT BINARY)") as copy,
    ):
        copy.set_types(list(PULSES.columns.values()))
        for row in rows:
            copy.write_row(row)
    return time.perf_counter() - started


def through_the_inbox(source, batches) -> tuple[float, float]:
    from sensors import actions
    from sensors.payloads.daylight import encode

    bodies = [encode(batch) for batch in batches]
    started = time.perf_counter()
    for body in bodies:
        actions.accept_batch(
            source_id=source.pk,
            kind="pulses",
            body=body,
            idempotency_key=actions.content_key("pulses", body),
            channel="http",
            received_at=NOW,
        )
    accepted = time.perf_counter()
    drained = actions.drain(now=NOW, budget_s=600)
    done = time.perf_counter()
    assert drained.n_stored == len(bodies) * BATCH, drained
    return accepted - started, done - accepted


if __name__ == "__main__":
    main()
