"""The files of one month (or of a dataset without months): built once, and kept while their rows are the same.

PostgreSQL makes the text of each row; here it is only cut, joined and compressed.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import zlib
from array import array
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db import connections, transaction
from django.db.backends.utils import CursorWrapper

from portal.feeds.assembly import GZIP_HEADER, compressor, gzip_trailer
from portal.feeds.geoparquet import write_parquet
from portal.feeds.projections import Projection
from portal.feeds.renderers import About, Frame, texts_of
from portal.feeds.shapes import NOWHERE, Shapes, shapes_of
from portal.feeds.specs import DatasetSpec
from portal.feeds.texts import csv_columns, json_columns

CHUNK_ROWS = 5_000
Record = dict[str, Any]  # what is remembered of a part or a file, as JSON


class BuildError(Exception):
    """What was written is not what was asked for."""


@dataclass(frozen=True)
class Span:
    """The rows of one part. month: "2026-10", city time; empty where a dataset has no months."""

    month: str
    n_rows: int
    rows_digest: str  # of the values of all rows, as PostgreSQL hashes them

    def instants(self, zone: ZoneInfo) -> tuple[dt.datetime, dt.datetime]:
        year, month = map(int, self.month.split("-"))
        after = (year + month // 12, month % 12 + 1)
        first, last = (dt.datetime(*day, 1, tzinfo=zone) for day in ((year, month), after))
        return first.astimezone(dt.UTC), last.astimezone(dt.UTC)


@dataclass(frozen=True)
class Source:
    """Where the rows of a release come from: a dataset's words, its SQL, its footprints."""

    spec: DatasetSpec
    projection: Projection
    number: int
    zone: ZoneInfo
    shapes: Shapes

    def asked(self, span: Span) -> tuple[str, dict[str, Any]]:
        """Condition and parameters that select the rows of a part."""
        if not span.month:
            return "", {"release": self.number}
        since, until = span.instants(self.zone)
        where = "r.starts_at >= %(since)s AND r.starts_at < %(until)s"
        return where, {"release": self.number, "since": since, "until": until}


@contextmanager
def reading() -> Iterator[CursorWrapper]:
    """A cursor as ``daylight_public`` that may take its time: only a builder of files asks for all rows."""
    with transaction.atomic(using="public"), connections["public"].cursor() as cursor:
        # A server's cursor is else planned for a reader who wants the first few rows only.
        cursor.execute(
            "SET LOCAL statement_timeout = 0; SET LOCAL cursor_tuple_fraction = 1; "
            "SET LOCAL work_mem = '64MB'"
        )
        yield cursor


def shapes_read(projection: Projection) -> Shapes:
    if not projection.shapes:
        return shapes_of([])
    with reading() as cursor:
        cursor.execute(projection.shapes)
        return shapes_of(cursor.fetchall())


def spans_of(projection: Projection, number: int, zone: ZoneInfo) -> list[Span]:
    """The parts of a release, oldest first, each with a digest of its rows: equal digests, equal rows."""
    by_month = "to_char(r.starts_at AT TIME ZONE %(zone)s, 'YYYY-MM')"
    part = by_month if projection.is_monthly else "''"
    values = ", ".join(projection.columns.values())
    what = (
        f"{part}, count(*), "
        f"bit_xor(hash_record_extended(ROW({values}), 0)), sum(hash_record(ROW({values}))::bigint)"
    )
    with reading() as cursor:
        cursor.execute(
            f"{projection.select(what)} GROUP BY 1 ORDER BY 1",
            {"release": number, "zone": zone.key},
        )
        found = cursor.fetchall()
    spans = [Span(month, n, f"{xor}/{total}") for month, n, xor, total in found]
    return spans if spans or projection.is_monthly else [Span("", 0, "")]


class TextFile:
    """A text and the same compressed, written side by side, with where its rows begin and end in both."""

    def __init__(self, path: Path, frame: Frame) -> None:
        self._frame = frame
        self._plain = path.open("wb")
        self._packed = path.with_name(f"{path.name}.gz").open("wb")
        self._sha256, self._packed_sha256 = hashlib.sha256(), hashlib.sha256()
        self._crc32, self._size, self._packed_size = 0, 0, 0
        self._packing = compressor()
        self._pack(GZIP_HEADER)
        self._write(frame.opening)
        self._body = self._mark()
        self._is_empty = True

    def __enter__(self) -> TextFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._plain.close()
        self._packed.close()

    def add(self, rows: bytes) -> None:
        """A run of rows, already joined with each other."""
        self._write(rows if self._is_empty else self._frame.between + rows)
        self._is_empty = False

    def finish(self) -> Record:
        """End both files and put them on the disk."""
        (start, packed_start), (stop, packed_stop) = self._body, self._mark()
        self._write(self._frame.closing)
        self._pack(self._packing.flush() + gzip_trailer(self._crc32, self._size))
        for file in (self._plain, self._packed):
            file.flush()
            os.fsync(file.fileno())
        return {
            "bytes": self._size,
            "sha256": self._sha256.hexdigest(),
            "rows_at": [start, stop - start],
            "gzip": {
                "bytes": self._packed_size,
                "sha256": self._packed_sha256.hexdigest(),
                "rows_at": [packed_start, packed_stop - packed_start],
            },
        }

    def _mark(self) -> tuple[int, int]:
        """Where both files are, with nothing that comes referring to what was."""
        self._pack(self._packing.flush(zlib.Z_FULL_FLUSH))
        return self._size, self._packed_size

    def _write(self, text: bytes) -> None:
        self._plain.write(text)
        self._sha256.update(text)
        self._crc32 = zlib.crc32(text, self._crc32)
        self._size += len(text)
        self._pack(self._packing.compress(text))

    def _pack(self, packed: bytes) -> None:
        self._packed.write(packed)
        self._packed_sha256.update(packed)
        self._packed_size += len(packed)


def build_part(folder: Path, name: str, source: Source, span: Span, about: About) -> Record:
    """Every format of the rows of one part. Returns what the manifest and the whole need to know of them."""
    with ExitStack() as stack:
        texts = {
            suffix: stack.enter_context(
                TextFile(folder / f"{name}.{suffix}", frame(source.spec, about))
            )
            for suffix, frame in texts_of(source.spec).items()
        }
        n_cells = write_csv(texts["csv"], source, span)
        shape_of_row = write_objects(texts, source, span)
        files = {suffix: text.finish() for suffix, text in texts.items()}
    if not n_cells == len(shape_of_row) == span.n_rows:
        raise BuildError(
            f"{name}: got {n_cells} rows of CSV and {len(shape_of_row)} objects, wanted {span.n_rows}"
        )
    files["parquet"] = write_parquet(
        folder / f"{name}.parquet",
        source.spec,
        folder / f"{name}.ndjson",
        source.shapes,
        shape_of_row,
        about,
    )
    return {"rows": span.n_rows, "files": files}


def write_csv(text: TextFile, source: Source, span: Span) -> int:
    """COPY makes the cells and their quotes, and ends a row with LF where RFC 4180 wants CRLF."""
    where, parameters = source.asked(span)
    rows = source.projection.select(
        csv_columns(source.spec, source.projection),
        where=where,
        order=source.projection.file_order,
    )
    n_rows = 0
    with (
        reading() as cursor,
        cursor.copy(f"COPY ({rows}) TO STDOUT (FORMAT csv)", parameters) as copy,
    ):
        for lines in _chunked(copy):  # the protocol promises one message a row
            text.add(b"".join([bytes(line)[:-1] + b"\r\n" for line in lines]))
            n_rows += len(lines)
    return n_rows


def write_objects(texts: dict[str, TextFile], source: Source, span: Span) -> array[int]:
    """JSON, NDJSON and GeoJSON from one reading. Returns the index of each row's footprint."""
    where, parameters = source.asked(span)
    projection, shapes = source.projection, source.shapes
    members = json_columns(source.spec, projection)
    statement = projection.select(
        f"(SELECT row_to_json(o) FROM (SELECT {members}) o)::text, {projection.shape}",  # noqa: S608 - our own text
        where=where,
        order=projection.file_order,
    )
    shape_of_row = array("i")
    with reading(), connections["public"].chunked_cursor() as cursor:
        cursor.execute(statement, parameters)
        while rows := cursor.fetchmany(CHUNK_ROWS):
            objects = [row for row, _ in rows]
            # A place that is nowhere has no shape: the verification finds it before anybody reads the file.
            found = [shapes.index.get(name, NOWHERE) for _, name in rows]
            shape_of_row.extend(found)
            for suffix in texts.keys() & JOINED.keys():
                texts[suffix].add(JOINED[suffix](objects, found, shapes).encode())
    return shape_of_row


def _elements(objects: list[str], found: list[int], shapes: Shapes) -> str:
    return ",\n".join(objects)


def _lines(objects: list[str], found: list[int], shapes: Shapes) -> str:
    return "".join([f"{row}\n" for row in objects])


def _features(objects: list[str], found: list[int], shapes: Shapes) -> str:
    shape = shapes.texts
    return ",\n".join(
        [
            f'{{"type":"Feature","geometry":{shape[n]},"properties":{row}}}'
            for row, n in zip(objects, found, strict=True)
        ]
    )


# How the objects of some rows become a run of a text.
JOINED: Final = {"json": _elements, "ndjson": _lines, "geojson": _features}


def _chunked(rows: Iterable[Any]) -> Iterator[list[Any]]:
    found: list[Any] = []
    for row in rows:
        found.append(row)
        if len(found) == CHUNK_ROWS:
            yield found
            found = []
    if found:
        yield found
