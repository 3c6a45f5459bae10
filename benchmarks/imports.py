"""A full import of a city's records, beside a raw COPY of the same columns, in one run.

python benchmarks/imports.py [--rows 200000] [--rounds 3]

The raw COPY is what one cannot beat: the rows, rendered beforehand, into a table with the same
primary key and unique key and nothing else. The import reads the compressed CSV, parses dates and
codes, finds district and beat of each row, refuses what is wrong, keeps every index of the real
table and writes its report. Both are shown in rows per second of the clock, median of the rounds.
Without the Chicago file (DAYLIGHT_SHARED_DATA) a made-up city of the same columns takes its place.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import itertools
import os
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("DAYLIGHT_SHARED_DATA") or PROJECT.parent / "shared" / "data")
CHICAGO = SHARED / "chicago_crimes_2016_2018"
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
BLOCK = 2**20


@contextmanager
def _database() -> Iterator[None]:
    """A throw-away cluster that keeps its promises no better than a test's: the same for both sides."""
    sys.path.insert(0, str(PROJECT))
    os.environ["DAYLIGHT_HOME"] = tempfile.mkdtemp(prefix="dl-bench-")
    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connections

    from portal.runtime.postgres import throwaway_postgres

    with throwaway_postgres() as postgres:
        for alias in connections:
            connections[alias].settings_dict["HOST"] = str(postgres.sockets)
        call_command("migrate", verbosity=0, skip_checks=True)
        yield
        connections.close_all()


def _made_up(folder: Path, rows: int) -> Path:
    """Chicago's columns with nobody's crimes in them."""
    path = folder / "made-up.csv"
    random.seed(1)
    kinds = [
        ("0820", "THEFT", "$500 AND UNDER"),
        ("0460", "BATTERY", "SIMPLE"),
        ("0610", "BURGLARY", "FORCIBLE ENTRY"),
    ]
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["ID", "Case Number", "Date", "Block", "IUCR", "Primary Type", "Description",
                         "Location Description", "Arrest", "Domestic", "Beat", "District", "Ward",
                         "Latitude", "Longitude"])  # fmt: skip
        for n in range(rows):
            when = dt.datetime(2016, 1, 1) + dt.timedelta(minutes=2 * n)  # noqa: DTZ001
            writer.writerow([n, f"HZ{n}", f"{when:%m/%d/%Y %I:%M:%S %p}", "0XX N STATE ST", *random.choice(kinds),
                             "STREET", "false", "false", "0111", "001", "42",
                             f"{41.6 + random.random() / 3:.9f}", f"{-87.9 + random.random() / 3:.9f}"])  # fmt: skip
    return path


def _file(folder: Path, rows: int) -> Path:
    path = CHICAGO / "chicago_crimes_2016_2018.csv.xz"
    if not path.exists():
        return _made_up(folder, rows or 767_264)
    if not rows:
        return path
    import lzma

    cut = folder / "chicago.csv"
    with lzma.open(path, "rt") as file:
        cut.write_text("".join(itertools.islice(file, rows + 1)))
    return cut


def _import(path: Path) -> int:
    from incidents.importers import ingest

    file = ingest(path, source="chicago-crime", now=NOW, again=True)
    assert file.state == "stored", file.quality
    return file.rows_in


def _timed(work: Callable[[], int]) -> tuple[float, float]:
    """Rows per second of the clock, and seconds of this process's own processor time."""
    clock, cpu = time.perf_counter(), time.process_time()
    rows = work()
    return rows / (time.perf_counter() - clock), time.process_time() - cpu


class RawCopy:
    """The rows of one import, rendered once, and a table with the same keys."""

    def __init__(self, rows: int) -> None:
        from django.db import connections

        self._rows = rows
        connections["owner"].ensure_connection()
        self._connection = connections["owner"].connection
        self._connection.execute(
            "CREATE TABLE raw_copy (LIKE vault.incidents_incident INCLUDING IDENTITY, "
            "PRIMARY KEY (id), UNIQUE (source, source_id))"
        )
        with self._connection.cursor().copy("COPY vault.incidents_incident TO STDOUT") as copy:
            content = b"".join(map(bytes, copy))
        self._blocks = [content[i : i + BLOCK] for i in range(0, len(content), BLOCK)]
        self.megabytes = len(content) / 1e6

    def __call__(self) -> int:
        self._connection.execute("TRUNCATE raw_copy")
        with self._connection.cursor() as cursor, cursor.copy("COPY raw_copy FROM STDIN") as copy:
            for block in self._blocks:
                copy.write(block)
        return self._rows


def _empty() -> None:
    from django.db import connections

    with connections["owner"].cursor() as cursor:
        cursor.execute("TRUNCATE vault.incidents_incident, vault.incidents_refusedrow, "
                       "vault.incidents_incidentrevision")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=0, help="only the first so many; 0: all")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, _database():
        from incidents.importers import ingest

        for name in ("districts", "beats"):
            areas = CHICAGO / f"police_{name}_current.geojson"
            if areas.exists():
                ingest(areas, source=f"chicago-{name}", now=NOW)
        path = _file(Path(folder), options.rows)
        rows = _import(path)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        again, _ = _timed(lambda: _import(path))
        raw = RawCopy(rows)
        speeds: dict[str, list[float]] = {"raw": [], "import": [], "cpu": []}
        for _ in range(options.rounds):
            speeds["raw"].append(_timed(raw)[0])
            _empty()
            speed, cpu = _timed(lambda: _import(path))
            speeds["import"].append(speed)
            speeds["cpu"].append(cpu)
        _report(path, rows, peak, again, raw.megabytes, speeds)


def _report(
    path: Path,
    rows: int,
    peak: float,
    again: float,
    megabytes: float,
    speeds: dict[str, list[float]],
) -> None:
    raw, ours = statistics.median(speeds["raw"]), statistics.median(speeds["import"])
    ratio = statistics.median(
        mine / theirs for mine, theirs in zip(speeds["import"], speeds["raw"], strict=True)
    )
    cpu = statistics.median(speeds["cpu"])
    print(f"{path.name}: {rows:,} rows, {megabytes:.0f} MB as COPY text")
    print(
        f"  raw COPY, same columns and keys   {raw:>10,.0f} rows/s  ({min(speeds['raw']):,.0f} to {max(speeds['raw']):,.0f})"
    )
    print(
        f"  import, file to verified rows     {ours:>10,.0f} rows/s  ({min(speeds['import']):,.0f} to {max(speeds['import']):,.0f})"
    )
    print(f"  ratio                             {ratio:>10.2f}")
    print(f"  the same file again, all the same {again:>10,.0f} rows/s")
    print(
        f"  processor time of the importer    {cpu:>10.1f} s   ({rows / cpu:,.0f} rows per CPU second)"
    )
    print(f"  peak memory of the first import   {peak:>10.0f} MB")


if __name__ == "__main__":
    main()
