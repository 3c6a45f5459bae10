"""From the last pulse received to the event stored, through the real door, at the speed of life.

    python benchmarks/live.py [--seconds 120] [--sensors 1000] [--per-hour 600] [--every 0.5] [--late 0.01]

Starts what `manage.py up` starts (embedded servers, web, worker, clock) in a home of its own,
registers sensors behind 20 gateways that sign and post what their sensors heard every ``--every``
seconds, and watches the table of events from outside. One pulse in a hundred comes late, by up to 20 s.
Incidents come far more often than in any city, so that there is something to take percentiles of.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil

PROJECT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(PROJECT), str(PROJECT / "benchmarks")]

from live_callers import Gateway, Visitor, Watcher, ask  # noqa: E402
from live_city import enrol, made, report_weather, shared_out  # noqa: E402

LEAD_S = 3.0  # between the end of the preparations and the first pulse
PATIENCE_S = 120.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--sensors", type=int, default=1_000)
    parser.add_argument("--per-hour", type=float, default=600.0, help="shootings and fireworks")
    parser.add_argument("--noise", type=float, default=40.0, help="other pulses a sensor and hour")
    parser.add_argument(
        "--every", type=float, default=0.5, help="seconds between posts of a gateway"
    )
    parser.add_argument("--late", type=float, default=0.01, help="share of pulses that come late")
    parser.add_argument("--seed", type=int, default=31)
    wanted = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="dl-live-"))
    os.environ |= {"DAYLIGHT_HOME": str(home), "DJANGO_SETTINGS_MODULE": "portal.settings"}
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    try:
        with running(home) as (stack, port):
            print(json.dumps(measure(stack, port, wanted), indent=2))
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def running(home: Path):
    """The real stack: its supervisor, and the port of the web process."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    said = home / "said"
    with said.open("wb") as output:
        stack = subprocess.Popen(
            [sys.executable, "manage.py", "up", "--without=demo", "--workers=1", f"--port={port}"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=PROJECT,
        )
    try:
        wait_until(lambda: "daylight | ready" in said.read_text(errors="replace"), said)
        wait_until(lambda: ask(port, "GET", "/healthz") == 200, said)  # the worker ticks
        yield psutil.Process(stack.pid), port
    finally:
        stack.send_signal(signal.SIGTERM)
        stack.wait(timeout=60)


def wait_until(is_so, said: Path | None = None) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        if time.monotonic() > deadline:
            sys.exit("waited in vain" + (":\n" + said.read_text(errors="replace") if said else ""))
        time.sleep(0.1)


def measure(stack: psutil.Process, port: int, wanted) -> dict[str, object]:
    import django

    django.setup()
    stream, plane = made(wanted)
    keys = enrol(stream.sensors, plane)
    idle = Visitor(port)
    idle.start()
    time.sleep(5)
    idle.is_over = True
    idle.join()

    start_s = time.time() + LEAD_S
    gateways = [
        Gateway(n, port, *keys[n], wanted.every, pulses)
        for n, pulses in enumerate(shared_out(stream, start_s, wanted))
    ]
    report_weather(gateways[0], stream.weather)
    watcher, visitor, before = Watcher(), Visitor(port), cpu_s(stack)
    began = time.monotonic()
    for thread in (watcher, visitor, *gateways):
        thread.start()
    for gateway in gateways:
        gateway.join()
    took_s = time.monotonic() - began
    used = {name: seconds - before.get(name, 0.0) for name, seconds in cpu_s(stack).items()}
    finish(watcher, visitor)
    return {
        **told_latency(watcher),
        "web, ms (p50, p95) idle": told_ms(idle.seconds),
        "web, ms (p50, p95) under load": told_ms(visitor.seconds),
        "door, ms (p50, p95)": ms([s for gateway in gateways for s in gateway.door_s]),
        "answers of the door": dict(sum((g.answers for g in gateways), Counter())),
        "CPU, share of one core": {k: round(v / took_s, 3) for k, v in used.items() if v > 0.1},
        **told_truth(stream, start_s, plane),
        **told_kept(gateways),
    }


def cpu_s(stack: psutil.Process) -> dict[str, float]:
    """CPU seconds so far of each part of the stack."""
    parts = (
        *(("granian", "web"), ("worker", "worker"), ("beat", "clock")),
        *(("postgres", "database"), ("redis", "queue"), ("manage.py", "supervisor")),
    )
    total: Counter[str] = Counter()
    for process in (stack, *stack.children(recursive=True)):
        with contextlib.suppress(psutil.Error):
            line = " ".join(process.cmdline()) or process.name()
            name = next((part for word, part in parts if word in line), "other")
            total[name] += sum(process.cpu_times()[:2])
    return dict(total)


def finish(watcher: Watcher, visitor: Visitor) -> None:
    """Once nothing waits any more, nobody needs to look."""
    from sensors.queries import dirty_count, inbox_depth

    wait_until(lambda: inbox_depth() == 0 and dirty_count() == 0)
    time.sleep(0.5)
    for thread in (watcher, visitor):
        thread.is_over = True
        thread.join()


def ms(seconds: list[float]) -> list[float]:
    return [round(1000.0 * float(np.percentile(seconds, q)), 1) for q in (50, 95)]


def told_ms(seconds: dict[str, list[float]]) -> dict[str, list[float]]:
    return {page: ms(taken) for page, taken in seconds.items()}


def told_latency(watcher: Watcher) -> dict[str, object]:
    seen = np.array(list(watcher.seen.values()))
    after_pulse, after_shot = seen[:, 0] - seen[:, 1], seen[:, 0] - seen[:, 2]

    def told(seconds) -> list[float]:
        return [round(float(np.percentile(seconds, q)), 2) for q in (50, 95, 100)]

    return {
        "events stored": len(seen),
        "load of the machine, last minute": round(os.getloadavg()[0], 1),
        "last pulse received to first version stored, s (p50, p95, max)": told(after_pulse),
        "shot to first version stored, s (p50, p95, max)": told(after_shot),
    }


def told_truth(stream, start_s: float, plane) -> dict[str, object]:
    from sensors.models import AcousticEvent, AcousticEventRevision
    from sensors.simulation.streams import START_NS
    from tests.reference.acoustic_score import mark

    shift_ns = round(start_s * 1e9) - START_NS
    events = []
    for event in AcousticEvent.objects.filter(withdrawn_at=None).order_by("t_ns"):
        x_m, y_m = plane.to_xy(event.lon, event.lat)
        events.append(
            SimpleNamespace(
                t_ns=event.t_ns - shift_ns,
                x_m=float(x_m),
                y_m=float(y_m),
                cov_xx=event.cov_xx_m2,
                cov_xy=event.cov_xy_m2,
                cov_yy=event.cov_yy_m2,
                n_shots=event.n_shots,
                prob=event.probability,
            )
        )
    marks = mark(SimpleNamespace(events=events), stream.truth)
    whole = mark(at_once(stream), stream.truth)
    return {
        "incidents asked for, found, false": [marks.asked, marks.found, marks.false],
        "the same, by one call over all pulses": [whole.asked, whole.found, whole.false],
        "location, m (median, p95)": [round(marks.median_m, 1), round(marks.p95_m, 1)],
        "revisions an event": round(AcousticEventRevision.objects.count() / max(len(events), 1), 2),
        "withdrawn": AcousticEvent.objects.exclude(withdrawn_at=None).count(),
    }


def at_once(stream):
    """What the core makes of the whole stream, as from a file: the live side should be no worse."""
    from sensors.detection import PulseArrays, SensorArrays, Weather, detect

    return detect(
        PulseArrays(**stream.pulses),
        SensorArrays(**stream.sensors),
        weather=Weather(**stream.weather),
    )


def told_kept(gateways: list[Gateway]) -> dict[str, object]:
    """A sensor's pulses of one nanosecond are one pulse; the stream repeats some."""
    from sensors.models import IngestBatch, Pulse, SensorHour
    from sensors.queries import parked_window_count, quarantine_count

    posted = [message for gateway in gateways for _, message in gateway.pulses]
    sent = {(one["sensor"], one["t_ns"]) for one in posted}
    kept = list(Pulse.objects.values_list("sensor__serial", "t_ns"))
    counts = IngestBatch.objects.filter(message_kind="pulses").values_list(
        "n_stored", "n_repeated", "n_quarantined"
    )
    return {
        "pulses posted, different, lost, doubled": [
            *(len(posted), len(sent)),
            *(len(sent - set(kept)), len(kept) - len(set(kept))),
        ],
        "stored, repeated, quarantined": [sum(column) for column in zip(*counts, strict=True)],
        "counted by the hour": sum(SensorHour.objects.values_list("n_pulses", flat=True)),
        "quarantined, parked windows": [quarantine_count(), parked_window_count()],
    }


if __name__ == "__main__":
    main()
