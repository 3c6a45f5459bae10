"""What an answer costs, side by side in one run: ours, Datasette's, and that of a plain ModelViewSet.

A throw-away city of a million incidents is released, served as `manage.py up` serves it, exported as our
own CSV and given to the others. The same questions go to each in turn, round after round; the measure is
processor time for each question, of the whole process tree and of the database behind it, so that a busy
machine changes little. Prints ratios and what they should be.

    python benchmarks/serving.py [--incidents 1000000] [--rounds 3] [--ten-million]
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import http.client
import json
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psutil

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import serving_city as city  # noqa: E402
import serving_rivals as rivals  # noqa: E402

from portal.city import the_city  # noqa: E402

CONNECTIONS = 4
# name: (floor, aim), times cheaper than the rival
GOALS = {
    "filter, against Datasette": (2.5, 4),
    "filter, against a ModelViewSet": (4, 7),
    "repeat, against Datasette": (12, 20),
    "304, against Datasette": (12, 20),
    "facets, against Datasette": (50, 150),
    "full file, seconds, against Datasette": (50, 200),
}


@dataclass
class Contestant:
    """A server and the processes that work for it."""

    port: int
    processes: list[psutil.Process]
    cpu_ms: dict[str, list[float]] = field(default_factory=dict)

    def cpu_s(self) -> float:
        total = 0.0
        for root in self.processes:
            for process in [root, *root.children(recursive=True)]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    times = process.cpu_times()
                    total += times.user + times.system + times.children_user + times.children_system
        return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--incidents", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--ten-million", action="store_true", help="also ten times as many, for growth"
    )
    wanted = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="dl-bench-"))
    folder.chmod(0o711)
    try:
        with a_city(folder / "one", wanted.incidents) as (daylight, postgres, table):
            found = side_by_side(folder, daylight, postgres, table, wanted.rounds)
            if wanted.ten_million:
                ten = a_city(folder / "ten", 10 * wanted.incidents, with_file=False)
                with ten as (larger, _, _):
                    found["p95 of a filter, ms, and its growth"] = growth(daylight, larger)
        found["load of the machine"] = [round(load, 1) for load in os.getloadavg()]
        print(json.dumps(found, indent=2))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def a_city(
    folder: Path, n: int, *, with_file: bool = True
) -> Iterator[tuple[Contestant, Any, Path]]:
    """A released city in a cluster of its own, and our web process in front of it."""
    from portal.runtime.postgres import EmbeddedPostgres
    from portal.runtime.redis import throwaway_redis

    folder.mkdir()
    folder.chmod(0o711)
    postgres = EmbeddedPostgres(
        folder / "data", folder / "run", folder / "log"
    )  # with the memory of a real one
    (folder / "home" / "static").mkdir(parents=True)
    with postgres.running(), throwaway_redis() as redis:
        environ = {
            **os.environ,
            "DATABASE_URL": f"postgresql://daylight_owner@/daylight?host={folder / 'run'}",
            "REDIS_URL": redis.url,
            "DAYLIGHT_HOME": str(folder / "home"),
            "DAYLIGHT_HOSTS": "*",
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            # Readers are told apart by what a proxy would say, so that they are counted as on a real site.
            "DAYLIGHT_CLIENT_ADDRESS_HEADER": "HTTP_X_FORWARDED_FOR",
            "DAYLIGHT_FILES_ON_DEMAND": "1",
        }
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-c", LOAD, str(n), str(int(with_file))],
            env=environ,
            cwd=HERE.parent,
            check=True,
        )
        print(f"{n} incidents released in {time.perf_counter() - began:.0f} s", flush=True)
        port = free_port()
        command = [
            sys.executable, "-m", "granian", "portal.wsgi:application", "--interface=wsgi", "--no-ws",
            "--host=127.0.0.1", f"--port={port}", "--workers=2", "--blocking-threads=4", "--respawn-failed-workers", "--log-level=warning",
        ]  # fmt: skip  # as portal.runtime.services starts it
        with served(command, port, environ) as web:
            database = [
                psutil.Process(int((folder / "data/postmaster.pid").read_text().split()[0]))
            ]
            yield Contestant(port, [web, *database, *redis_of(redis)]), postgres, folder


LOAD = """
import sys; sys.path.insert(0, "benchmarks")
import django; django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
import serving_city
serving_city.build(int(sys.argv[1]))
if int(sys.argv[2]):
    from portal.feeds.building import build_files
    from portal.models import Release
    for slug in ("incidents", "places", "cells", "areas"):
        build_files(Release.objects.select_related("dataset").get(dataset__slug=slug))
"""


def redis_of(redis: Any) -> list[psutil.Process]:
    """The server behind a socket."""
    running = psutil.process_iter(["cmdline"])
    return [one for one in running if str(redis.socket) in " ".join(one.info["cmdline"] or [])]


@contextlib.contextmanager
def served(command: list[str], port: int, environ: dict[str, str]) -> Iterator[psutil.Process]:
    process = subprocess.Popen(command, env=environ, cwd=HERE.parent, stdout=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.3):
                break
            time.sleep(0.2)
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()


def side_by_side(
    folder: Path, daylight: Contestant, postgres: Any, home: Path, rounds: int
) -> dict[str, object]:
    table = folder / "incidents.csv"
    file_s = {"daylight": fetch_whole(daylight.port, "/data/incidents.csv", target=table)}
    rivals.to_sqlite(table, folder / "bench.db")
    with postgres_connection(postgres) as connection:
        connection.execute(rivals.PLAIN_TABLE)
    port = free_port()
    command = rivals.datasette_command(rivals.datasette(folder), folder / "bench.db", port)
    plain_port = free_port()
    plain_command = [
        sys.executable, "-m", "granian", "serving_rivals:application", "--interface=wsgi", "--no-ws",
        "--host=127.0.0.1", f"--port={plain_port}", "--workers=2", "--blocking-threads=4", "--respawn-failed-workers", "--log-level=warning",
    ]  # fmt: skip
    environ = {
        **os.environ, "RIVAL_DATABASE": str(postgres.sockets), "SERVING_RIVAL": "1", "PYTHONPATH": str(HERE),
    }  # fmt: skip
    with (
        served(command, port, dict(os.environ)) as its,
        served(plain_command, plain_port, environ) as theirs,
    ):
        contestants = {
            "daylight": daylight,
            "datasette": Contestant(port, [its]),
            "plain": Contestant(plain_port, [theirs, daylight.processes[1]]),
        }
        same_rows(contestants)
        for n in range(rounds):
            one_round(contestants, seed=n)
        file_s["datasette"] = fetch_whole(port, "/bench/incidents.csv?_stream=on&_size=max")
        file_s["daylight"] = fetch_whole(daylight.port, "/data/incidents.csv", packed=True)
    return report(contestants, file_s)


@contextlib.contextmanager
def postgres_connection(postgres: Any) -> Iterator[Any]:
    import psycopg

    with psycopg.connect(postgres.conninfo(), autocommit=True) as connection:
        yield connection


def question(draw: random.Random) -> dict[str, Any]:
    """A category, a month of the city's calendar and a box of a twentieth of the city."""
    month = draw.randrange(2, 34)
    start, end = (
        dt.datetime(2023 + (m + 10) // 12, (m + 10) % 12 + 1, 1, tzinfo=the_city().zone)
        .astimezone(dt.UTC)
        .strftime("%Y-%m-%dT%H:%M:%SZ")
        for m in (month, month + 1)
    )
    west = city.WEST + draw.uniform(0, 6 * city.SIDE)
    south = city.SOUTH + draw.uniform(0, 3 * city.SIDE)
    box = west, south, west + 2 * city.SIDE, south + 0.8 * city.SIDE
    return {
        "category": draw.choice(city.KINDS[:6]), "since": start, "until": end,
        "box": tuple(round(side, 5) for side in box),
    }  # fmt: skip


def address(name: str, asked: dict[str, Any]) -> str:
    """The same question in each one's own words."""
    west, south, east, north = asked["box"]
    since, until, category = asked["since"], asked["until"], asked["category"]
    if name == "daylight":
        words = {
            "category": category,
            "since": since,
            "until": until,
            "bbox": f"{west},{south},{east},{north}",
        }
        return f"/api/v1/datasets/incidents/rows?{urlencode(words, safe=',:')}"
    between = {
        "starts_at__gte": since,
        "starts_at__lt": until,  # implied, and their indexes need it said
        "ends_at__lte": until,
        "longitude__gte": west,
        "longitude__lte": east,
        "latitude__gte": south,
        "latitude__lte": north,
        "category": category,
    }
    if name == "plain":
        return f"/incidents/?{urlencode({**between, 'limit': 100})}"
    own = {"_sort_desc": "starts_at", "_size": 100, "_nosuggest": 1, "_shape": "objects"}
    return f"/bench/incidents.json?{urlencode({**between, **own})}"


def facet_address(name: str, asked: dict[str, Any]) -> str:
    since = asked["since"]
    if name == "daylight":
        return f"/api/v1/datasets/incidents/facets?{urlencode({'since': since, 'category': asked['category']})}"
    own = [
        ("starts_at__gte", since),
        ("category", asked["category"]),
        ("_size", 0),
        ("_nosuggest", 1),
    ]
    own += [("_facet", column) for column in ("category", "district", "beat", "precision")]
    return f"/bench/incidents.json?{urlencode(own)}"


def same_rows(contestants: dict[str, Contestant]) -> None:
    """That all three answer the same question: how many rows, wherever footprints do not matter."""
    asked = question(random.Random(0)) | {"box": (-99.0, 39.0, -98.0, 40.0)}
    counts = {}
    for name, one in contestants.items():
        body = json.loads(get(connection_to(one.port), address(name, asked))[1])
        counts[name] = body.get("total", body.get("filtered_table_rows_count", body.get("count")))
    assert len(set(counts.values())) == 1, counts


def one_round(contestants: dict[str, Contestant], *, seed: int) -> None:
    draw = random.Random(seed)
    asked = [question(draw) for _ in range(400)]
    kept = address("daylight", asked[0]), address("datasette", asked[0])
    tag = get(connection_to(contestants["daylight"].port), kept[0])[2]["etag"]
    for name, n in (("daylight", 400), ("datasette", 100), ("plain", 60)):
        measure(contestants[name], "filter", [address(name, q) for q in asked[:n]])
    measure(contestants["daylight"], "repeat", [kept[0]] * 2_000)
    measure(contestants["daylight"], "304", [kept[0]] * 2_000, {"If-None-Match": tag})
    measure(contestants["datasette"], "repeat", [kept[1]] * 60)
    measure(contestants["daylight"], "facets", [facet_address("daylight", q) for q in asked[:300]])
    measure(contestants["datasette"], "facets", [facet_address("datasette", q) for q in asked[:4]])


def measure(
    one: Contestant, what: str, addresses: list[str], headers: dict[str, str] | None = None
) -> None:
    """Ask over some connections at once; note the processor time of each question."""
    waiting = iter(addresses)
    lock = threading.Lock()

    def ask() -> None:
        connection = connection_to(one.port)
        while True:
            with lock:
                path = next(waiting, None)
            if path is None:
                return
            status, _, _ = get(connection, path, headers)
            assert status in (200, 304), (status, path)

    before = one.cpu_s()
    threads = [threading.Thread(target=ask) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    one.cpu_ms.setdefault(what, []).append((one.cpu_s() - before) * 1_000 / len(addresses))


def growth(small: Contestant, large: Contestant, *, rounds: int = 7) -> dict[str, object]:
    """Of the same questions to both in turn, one after the other, each asked once.

    The best round of each, for the machine is shared; the first round warms both.
    """
    p95 = [[p95_ms(one, seed=seed) for one in (small, large)] for seed in range(rounds)][1:]
    best = [min(of) for of in zip(*p95, strict=True)]
    return {
        "best of each": [round(ms, 2) for ms in best],
        "growth (at most 1.5, aim 1.2)": round(best[1] / best[0], 2),
        "growth, median of rounds": round(statistics.median(b / a for a, b in p95), 2),
    }


def p95_ms(one: Contestant, *, seed: int, n: int = 300) -> float:
    draw, connection, times = random.Random(1_000 + seed), connection_to(one.port), []
    for _ in range(n):
        path = address("daylight", question(draw))
        began = time.perf_counter()
        get(connection, path)
        times.append((time.perf_counter() - began) * 1_000)
    return statistics.quantiles(times, n=20)[-1]


def connection_to(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port, timeout=120)


def get(
    connection: http.client.HTTPConnection, path: str, headers: dict[str, str] | None = None
) -> tuple[int, bytes, dict[str, str]]:
    """As another reader each time, so that nobody asks too much."""
    reader = ".".join(str(random.randrange(1, 250)) for _ in range(3))
    connection.request("GET", path, headers={"X-Forwarded-For": f"11.{reader}", **(headers or {})})
    answer = connection.getresponse()
    body = answer.read()
    return answer.status, body, {name.lower(): value for name, value in answer.getheaders()}


def fetch_whole(port: int, path: str, *, target: Path | None = None, packed: bool = False) -> float:
    """Seconds until the last byte is here."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    began = time.perf_counter()
    connection.request("GET", path, headers={"Accept-Encoding": "gzip"} if packed else {})
    answer = connection.getresponse()
    assert answer.status == 200, (answer.status, answer.read(300))
    with (target or Path(os.devnull)).open("wb") as file:
        shutil.copyfileobj(answer, file, 1 << 20)
    return time.perf_counter() - began


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def report(contestants: dict[str, Contestant], file_s: dict[str, float]) -> dict[str, object]:
    def cost(name: str, what: str) -> float:
        return statistics.median(contestants[name].cpu_ms[what])

    ratios = {
        "filter, against Datasette": cost("datasette", "filter") / cost("daylight", "filter"),
        "filter, against a ModelViewSet": cost("plain", "filter") / cost("daylight", "filter"),
        "repeat, against Datasette": cost("datasette", "repeat") / cost("daylight", "repeat"),
        "304, against Datasette": cost("datasette", "repeat") / cost("daylight", "304"),
        "facets, against Datasette": cost("datasette", "facets") / cost("daylight", "facets"),
        "full file, seconds, against Datasette": file_s["datasette"] / file_s["daylight"],
    }
    told = {}
    for name, ratio in ratios.items():
        floor, aim = GOALS[name]
        verdict = "aim reached" if ratio >= aim else "floor reached" if ratio >= floor else "MISSED"
        told[name] = f"{ratio:.1f} times (floor {floor}, aim {aim}): {verdict}"
    return {
        "times cheaper": told,
        "processor time of a question, ms": {
            name: {what: round(statistics.median(ms), 3) for what, ms in one.cpu_ms.items()}
            for name, one in contestants.items()
        },
        "full file, s": {name: round(s, 2) for name, s in file_s.items()},
    }


if __name__ == "__main__":
    main()
