"""What the files of a release cost: a large city's whole past, a day of it, and each format beside a plain loop.

A city of so many incidents over ten years (8,000 places, 500 cells) goes through the builder of files: everything
once, then again after a day that added rows and retired one. Beside it each format is made on its own, by the
builder and by a loop in Python over the same rows (the csv and json modules, as a first version of Daylight
did). CPU seconds are those of this process and of PostgreSQL together.

    python benchmarks/files.py [--rows 1000000] [--loop-rows 100000]
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

YEARS = 10
CITY = """
INSERT INTO release.place (code, lon, lat, stands_for_addresses, max_displacement_m, district_slug, beat_slug,
  footprint, first_release)
SELECT 'p' || i, round(x::numeric, 6), round(y::numeric, 6), 20 + i % 30, 80, 'district-' || i % 20, 'beat-' || i % 200,
  jsonb_build_object('type', 'Polygon', 'coordinates', jsonb_build_array((
    SELECT jsonb_agg(jsonb_build_array(round((x + 0.002 * cos(k * 2 * pi() / 12))::numeric, 6),
                                       round((y + 0.002 * sin(k * 2 * pi() / 12))::numeric, 6)) ORDER BY k)
    FROM generate_series(0, 12) k))), 1
FROM (SELECT i, -87.9 + (i % 80) * 0.005 x, 41.6 + (i / 80) * 0.004 y FROM generate_series(0, 7999) i) q;
INSERT INTO release.cell (code, parent_code, level, district_slug, n_addresses, footprint, first_release)
SELECT 'c' || i, 'city', 1, 'district-' || i % 20, 500 + i,
  jsonb_build_object('type', 'Polygon', 'coordinates', jsonb_build_array((
    SELECT jsonb_agg(jsonb_build_array(round((x + 0.01 * cos(k * 2 * pi() / 40))::numeric, 6),
                                       round((y + 0.01 * sin(k * 2 * pi() / 40))::numeric, 6)) ORDER BY k)
    FROM generate_series(0, 40) k))), 1
FROM (SELECT i, -87.9 + (i % 20) * 0.02 x, 41.6 + (i / 20) * 0.016 y FROM generate_series(0, 499) i) q;
"""
# One in four is a crime against a person: a cell and a week.
ROWS = """
INSERT INTO release.incident (public_id, category, precision, place_code, cell_code, district_slug, beat_slug,
  period, starts_at, ends_at, first_release)
SELECT left(encode(sha256(i::text::bytea), 'hex'), 24),
  (ARRAY['theft', 'assault', 'burglary', 'vandalism', 'robbery', 'theft-from-vehicle', 'drugs'])[1 + i %% 7],
  CASE WHEN is_cell THEN 'cell' ELSE 'place' END,
  CASE WHEN is_cell THEN '' ELSE 'p' || i * 31 %% 8000 END,
  CASE WHEN is_cell THEN 'c' || i * 31 %% 500 ELSE '' END,
  'district-' || i * 31 %% 20, CASE WHEN is_cell THEN '' ELSE 'beat-' || i * 31 %% 200 END,
  CASE WHEN is_cell THEN to_char(t, 'IYYY-"W"IW') ELSE to_char(t, 'YYYY-MM-DD"T"HH24/"PT6H"') END,
  t, t + CASE WHEN is_cell THEN interval '7 days' ELSE interval '6 hours' END, %(release)s
FROM (SELECT i, i %% 4 = 0 is_cell,
        CASE WHEN i %% 4 = 0 THEN date_trunc('week', t) ELSE t END t
      FROM (SELECT i, timestamptz '2016-11-01 06:00Z' + i::bigint * 14600 / %(of)s * interval '6 hours' t
            FROM generate_series(%(first)s, %(last)s) i) a) b
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--loop-rows", type=int, default=100_000)
    wanted = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="dl-bench-"))
    try:
        from portal.runtime.postgres import EmbeddedPostgres

        postgres = EmbeddedPostgres(folder / "data", folder / "run", folder / "log")
        folder.chmod(0o711)
        (folder / "home" / "static").mkdir(parents=True)
        with postgres.running():
            os.environ["DATABASE_URL"] = (
                f"postgresql://daylight_owner@/daylight?host={folder / 'run'}"
            )
            os.environ["DAYLIGHT_HOME"] = str(folder / "home")
            found = measure(wanted.rows, wanted.loop_rows, folder / "data")
            print(json.dumps(found, indent=1))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(n_rows: int, loop_rows: int, data: Path) -> dict[str, Any]:
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    django.setup()
    from django.core.management import call_command
    from django.db import connections

    from portal.feeds.building import build_files

    call_command("migrate", verbosity=0)
    with connections["owner"].cursor() as cursor:
        cursor.execute(CITY)
        cursor.execute(ROWS, {"first": 1, "last": n_rows, "of": n_rows, "release": 1})
        cursor.execute("ANALYZE")
    clock = Clock(data)
    before_mb = peak_mb()
    manifest, first = clock.time(lambda: build_files(release(1, n_rows)))
    grown_mb = peak_mb() - before_mb
    folder = files_folder()
    disk_mb = [megabytes(folder / "1")]
    a_day = max(1, n_rows // (YEARS * 365))
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            ROWS, {"first": n_rows + 1, "last": n_rows + a_day, "of": n_rows, "release": 2}
        )
        cursor.execute(
            "UPDATE release.incident SET retired_release = 2 WHERE public_id = "
            "(SELECT public_id FROM release.incident WHERE starts_at > '2020-01-01' ORDER BY public_id LIMIT 1)"
        )
    _, daily = clock.time(lambda: build_files(release(2, n_rows + a_day - 1)))
    disk_mb.append(megabytes(folder / "1") + megabytes(folder / "2", but=folder / "1") - disk_mb[0])
    return {
        "rows, months": [n_rows, len(manifest["parts"])],
        "all formats, months and whole: CPU s, wall s": first,
        "rows per CPU second, all formats together": round(n_rows / first[0]),
        "a day later: CPU s, wall s": daily,
        "a day as a share of the whole": round(daily[0] / first[0], 3),
        "disk MB: first release, a day more": [round(mb) for mb in disk_mb],
        "peak memory grew by MB": round(grown_mb),
        "sizes MB, plain and gzip": sizes(folder / "1"),
        "each format alone": each_format(clock, loop_rows),
    }


def release(number: int, n_rows: int) -> Any:
    import datetime as dt

    from portal.models import Dataset, Release

    at = dt.datetime(2026, 11, 16 + number, 12, tzinfo=dt.UTC)
    dataset, _ = Dataset.objects.using("publisher").get_or_create(slug="incidents")
    return Release.objects.using("publisher").create(
        dataset=dataset, number=number, state="active", as_of=at, activated_at=at, n_rows=n_rows
    )


# --- each format alone, beside a loop ---


def each_format(clock: Clock, n_rows: int) -> dict[str, Any]:
    """Of a month or more that holds about so many rows; both write the file and its gzip."""
    from portal.city import the_city
    from portal.feeds.building import about_release, source_of
    from portal.models import Release

    first = Release.objects.select_related("dataset").get(number=1)
    source = source_of(first, the_city())
    span = some_span(source, n_rows)
    about = about_release(first, the_city())
    folder = Path(tempfile.mkdtemp(prefix="dl-bench-"))
    found = {}
    try:
        for suffix, loop in (
            ("csv", loop_csv),
            ("json", loop_json),
            ("ndjson", loop_ndjson),
            ("geojson", loop_geojson),
        ):
            _, ours = clock.time(lambda s=suffix: text_alone(folder, s, source, span, about))
            text, theirs = clock.time(
                lambda one=loop: b"".join(one(source.spec.columns, plain_rows(source, span)))
            )
            _, packing = clock.time(lambda t=text: gzip.compress(t, 6, mtime=0))
            rival_s = theirs[0] + packing[0]
            found[suffix] = beside(span.n_rows, ours[0], rival_s)
        found["parquet"] = parquet_alone(clock, folder, source, span, about)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return found


def beside(n_rows: int, ours_s: float, rival_s: float) -> dict[str, Any]:
    return {
        "rows per CPU second": round(n_rows / ours_s),
        "CPU s per million rows": round(ours_s * 1e6 / n_rows, 1),
        "a loop's CPU s per million rows": round(rival_s * 1e6 / n_rows, 1),
        "times cheaper than a loop": round(rival_s / ours_s, 1),
    }


def some_span(source: Any, n_rows: int) -> Any:
    """The newest rows, as one part: a condition on the start, of all months from one on."""
    from portal.feeds.parts import spans_of

    spans, n = spans_of(source.projection, source.number, source.zone), 0
    for span in reversed(spans):
        n += span.n_rows
        if n >= n_rows:
            break
    since = span.instants(source.zone)[0]

    class Some(type(span)):
        def instants(self, zone: Any) -> Any:
            return since, since.replace(year=since.year + 100)

    return Some(span.month, n, "")


def text_alone(folder: Path, suffix: str, source: Any, span: Any, about: Any) -> None:
    from portal.feeds.parts import TextFile, write_csv, write_objects
    from portal.feeds.renderers import texts_of

    with TextFile(
        folder / f"alone.{suffix}", texts_of(source.spec)[suffix](source.spec, about)
    ) as text:
        if suffix == "csv":
            write_csv(text, source, span)
        else:
            write_objects({suffix: text}, source, span)
        text.finish()


def parquet_alone(clock: Clock, folder: Path, source: Any, span: Any, about: Any) -> dict[str, Any]:
    """From the NDJSON that is there; the loop goes through Python's values, as pyarrow's users mostly do."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from portal.feeds.geoparquet import columns_of, write_parquet
    from portal.feeds.parts import TextFile, write_objects
    from portal.feeds.renderers import texts_of

    with TextFile(folder / "p.ndjson", texts_of(source.spec)["ndjson"](source.spec, about)) as text:
        shapes = write_objects({"ndjson": text}, source, span)
        text.finish()
    _, ours = clock.time(
        lambda: write_parquet(
            folder / "p.parquet", source.spec, folder / "p.ndjson", source.shapes, shapes, about
        )
    )

    def loop() -> None:
        import shapely

        rows = []
        for row, shape in python_rows(source, span):
            rows.append(
                {**row, "geometry": shapely.to_wkb(shapely.from_geojson(shape)) if shape else None}
            )
        schema = columns_of(source.spec).append(pa.field("geometry", pa.binary()))
        pq.write_table(
            pa.Table.from_pylist(rows, schema), folder / "loop.parquet", compression="zstd"
        )

    _, theirs = clock.time(loop)
    return beside(span.n_rows, ours[0], theirs[0])


def python_rows(source: Any, span: Any) -> Iterator[tuple[dict[str, Any], str | None]]:
    """Rows as Python values with their footprints as text: what rows_of gives."""
    from django.db import connections, transaction

    projection = source.projection
    where, parameters = source.asked(span)
    what = ", ".join([*projection.columns.values(), f"{projection.footprint}::text"])
    statement = projection.select(what, where=where, order=projection.file_order)
    with transaction.atomic(using="public"), connections["public"].chunked_cursor() as cursor:
        cursor.execute(statement, parameters)
        while rows := cursor.fetchmany(5_000):
            for *values, footprint in rows:
                yield dict(zip(projection.columns, values, strict=True)), footprint


def plain_rows(source: Any, span: Any) -> Iterator[tuple[dict[str, Any], str | None]]:
    from portal.feeds.renderers import plain

    for row, footprint in python_rows(source, span):
        yield {name: plain(value) for name, value in row.items()}, footprint


def loop_csv(columns: Any, rows: Any) -> Iterator[bytes]:
    from portal.feeds.renderers import csv_cell

    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(columns)
    for row, _ in rows:
        writer.writerow([csv_cell(row[column]) for column in columns])
    yield buffer.getvalue().encode()


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def loop_json(columns: Any, rows: Any) -> Iterator[bytes]:
    for row, _ in rows:
        yield f"{_text(row)},\n".encode()


def loop_ndjson(columns: Any, rows: Any) -> Iterator[bytes]:
    for row, _ in rows:
        yield f"{_text(row)}\n".encode()


def loop_geojson(columns: Any, rows: Any) -> Iterator[bytes]:
    for row, footprint in rows:
        yield f'{{"type":"Feature","geometry":{footprint or "null"},"properties":{_text(row)}}},\n'.encode()


# --- measuring ---


class Clock:
    """CPU of this process and of PostgreSQL, whose processes come and go: the first one has counted those gone."""

    def __init__(self, data: Path) -> None:
        self._postmaster = psutil.Process(int((data / "postmaster.pid").read_text().split()[0]))

    def cpu_s(self) -> float:
        times = self._postmaster.cpu_times()
        found = times.user + times.system + times.children_user + times.children_system
        for child in self._postmaster.children():
            try:
                own = child.cpu_times()
            except psutil.NoSuchProcess:
                continue
            found += own.user + own.system
        return found + time.process_time()

    def time(self, work: Callable[[], Any]) -> tuple[Any, list[float]]:
        """What the work gives, and its CPU and wall seconds."""
        cpu_s, wall_s = self.cpu_s(), time.perf_counter()
        result = work()
        return result, [round(self.cpu_s() - cpu_s, 2), round(time.perf_counter() - wall_s, 2)]


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def files_folder() -> Path:
    from django.conf import settings

    return Path(settings.FILES) / "incidents"


def megabytes(folder: Path, *, but: Path | None = None) -> float:
    """On the disk; a file that ``but`` holds as well counts there."""
    known = {path.stat().st_ino for path in but.iterdir()} if but else set()
    return sum(p.stat().st_size for p in folder.iterdir() if p.stat().st_ino not in known) / 1e6


def sizes(folder: Path) -> dict[str, Any]:
    from portal.feeds.files import file_in
    from portal.feeds.renderers import FORMATS

    return {
        suffix: [
            round(file_in(folder, suffix, packed=packed).size / 1e6, 1)
            for packed in ((False, True) if form.frame else (False,))
        ]
        for suffix, form in FORMATS.items()
    }


if __name__ == "__main__":
    main()
