"""From an open file to stored rows: read, transform, load, verify. One job, one transaction."""

from __future__ import annotations

import contextlib
import datetime as dt
import gc
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import transaction
from psycopg.errors import UniqueViolation

from incidents.importers import quality
from incidents.importers.addresses import AddressTransform
from incidents.importers.areas import AreaTransform, store_areas
from incidents.importers.errors import VerificationError
from incidents.importers.layout import Layout
from incidents.importers.loader import (
    Connection,
    Direct,
    Load,
    Loader,
    Repeat,
    Staging,
    session,
    store_refusals,
)
from incidents.importers.mapping import Mapping
from incidents.importers.places import Geocoder, geocode, read_places
from incidents.importers.placing import PLACING_KINDS, place_records
from incidents.importers.quality import Refusal, Tally
from incidents.importers.readers import OpenFile, open_table
from incidents.importers.responses import ResponseTransform
from incidents.importers.shapes import Kind
from incidents.importers.targets import TARGETS
from incidents.importers.transform import Batch, Transform
from incidents.models import ImportedFile

ROWS_AT_ONCE = 20_000
_TRANSFORMS: dict[Kind, type[Transform]] = {
    Kind.ADDRESSES: AddressTransform,
    Kind.ALERT_RESPONSES: ResponseTransform,
}


@dataclass(frozen=True)
class Progress:
    """How far an import is. ``read_bytes`` counts in the file as it lies on the disk."""

    rows: int
    read_bytes: int
    total_bytes: int


@dataclass
class Job:
    """One run of the importer over one file."""

    path: Path
    mapping: Mapping
    file: ImportedFile
    now: dt.datetime
    accepted: frozenset[str]
    progress: Callable[[Progress], None]
    tally: Tally = field(default_factory=Tally)


class Writer:
    """Writes one batch while the next is being read. All use of the connection goes through it."""

    def __init__(self, connection: Connection, *, file_id: int) -> None:
        self._connection = connection
        self._file_id = file_id
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="ingest")
        self._pending: Future[None] | None = None

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *exception: object) -> None:
        self._pool.shutdown(wait=True)

    def put(self, loader: Loader, batch: Batch) -> None:
        """Hand over a batch; raises what went wrong with the one before."""
        self.wait()
        self._pending = self._pool.submit(self._write, loader, batch)

    def wait(self) -> None:
        """Until nothing is being written."""
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.result()

    def geocoder(self) -> Geocoder:
        """Asks the database between two writes."""

        def asking(texts: list[str]) -> Any:
            self.wait()
            return geocode(texts)

        return asking

    def _write(self, loader: Loader, batch: Batch) -> None:
        loader.add(batch)
        store_refusals(self._connection, batch.refused, file_id=self._file_id)


@contextlib.contextmanager
def _no_collector() -> Iterator[None]:
    """A chunk is a million small texts without cycles; the collector would walk them for nothing
    again and again (an eighth of the time of an import).
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def read_and_store(job: Job, encoding: str) -> None:
    """The whole file, in the caller's transaction. Fills in the job's tally and the counts of its row."""
    connection = session()
    if job.mapping.kind == Kind.AREAS:
        with _opened(job, encoding) as (opened, layout):
            _areas(job, opened, layout, connection)
    else:
        with _no_collector():
            _records(job, connection, encoding)
    job.file.rows_in = job.tally.rows
    job.file.rows_refused = job.tally.n_refused


@contextlib.contextmanager
def _opened(job: Job, encoding: str) -> Iterator[tuple[OpenFile, Layout]]:
    """The file, and the mapping laid over its header; a fresh tally."""
    job.tally = Tally()
    with open_table(job.path, job.mapping, encoding=encoding) as opened:
        layout = Layout.of(job.mapping, opened.table.header)
        job.tally.layout = layout.described()
        job.tally.unused_columns = sorted(set(opened.table.header) - set(layout.wanted))
        if encoding == "latin-1" and not job.mapping.encoding:
            job.tally.notes.append("The file is not UTF-8; it was read as Latin-1.")
        yield opened, layout


def _areas(job: Job, opened: OpenFile, layout: Layout, connection: Connection) -> None:
    transform = AreaTransform(job.mapping, layout, tally=job.tally)
    for chunk in opened.table.chunks(layout.wanted, rows=ROWS_AT_ONCE):
        _refuse(job, connection, transform(chunk))
        _tell(job, opened)
    _verify(job)
    store_areas(transform, mapping=job.mapping, file=job.file)
    is_changed = job.file.rows_new or job.file.rows_revised
    is_placing = bool({kind for kind, _ in transform.drawn} & PLACING_KINDS)
    if is_changed and is_placing and (count := place_records(connection)):
        job.file.quality["notes"].append(f"{count:,} records were given a district or beat.")


def _records(job: Job, connection: Connection, encoding: str) -> None:
    target = TARGETS[job.mapping.kind]
    load = Load(target, job.mapping.source, job.file.pk, job.now, connection)
    if job.mapping.repeats == "refuse" and load.is_first():
        with contextlib.suppress(UniqueViolation), transaction.atomic():
            _read(job, Direct(load), connection, encoding)
            _verify(job)
            job.file.rows_new, job.file.rows_revised, job.file.rows_same = load.rows, 0, 0
            return
        load.rows = 0  # rows repeat each other: sort them out in a staging table
    staging = Staging(load)
    _read(job, staging, connection, encoding)
    staging.settle()
    if job.mapping.repeats == "number":
        job.tally.numbered = staging.number_repeats()
    elif repeats := staging.take_repeats():
        job.tally.repeated = len(repeats)
        _refuse_repeats(job, connection, repeats, encoding)
    _verify(job)
    merged = staging.merge()
    job.file.rows_new, job.file.rows_revised = merged.new, merged.revised
    job.file.rows_same = load.rows - merged.new - merged.revised


def _read(job: Job, loader: Loader, connection: Connection, encoding: str) -> None:
    """Every row of the file into the loader or among the refused."""
    kind = _TRANSFORMS.get(job.mapping.kind, Transform)
    with (
        _opened(job, encoding) as (opened, layout),
        Writer(connection, file_id=job.file.pk) as writer,
    ):
        transform = kind(
            job.mapping,
            layout,
            places=read_places(),
            geocoder=writer.geocoder(),
            now_us=int(job.now.timestamp() * 1_000_000),
            tally=job.tally,
        )
        for chunk in opened.table.chunks(layout.wanted, rows=ROWS_AT_ONCE):
            batch = transform(chunk)
            job.tally.refuse(batch.refused)
            writer.put(loader, batch)
            _tell(job, opened)
        writer.wait()


def _refuse(job: Job, connection: Connection, refusals: list[Refusal]) -> None:
    job.tally.refuse(refusals)
    store_refusals(connection, refusals, file_id=job.file.pk)


def _refuse_repeats(job: Job, connection: Connection, repeats: list[Repeat], encoding: str) -> None:
    """Repeats are known only at the end; the file is read once more for what they said."""
    wanted = {repeat.number: repeat for repeat in repeats}
    with open_table(job.path, job.mapping, encoding=encoding) as opened:
        columns = Layout.of(job.mapping, opened.table.header).wanted
        for chunk in opened.table.chunks(columns, rows=ROWS_AT_ONCE):
            found = [(i, number) for i, number in enumerate(chunk.numbers) if number in wanted]
            refusals = [_refusal(wanted[number], chunk.raw(i)) for i, number in found]
            _refuse(job, connection, refusals)


def _refusal(repeat: Repeat, raw: str) -> Refusal:
    if repeat.is_same:
        detail = f"says the same as row {repeat.kept:,}"
        return Refusal(repeat.number, "duplicate", detail, raw)
    detail = f"row {repeat.kept:,} has the same number and says something else; the later was kept"
    return Refusal(repeat.number, "superseded", detail, raw)


def _verify(job: Job) -> None:
    """Make the report; an error in it undoes the import."""
    previous: dict[str, Any] | None = (
        ImportedFile.objects.filter(source=job.mapping.source, state=ImportedFile.State.STORED)
        .order_by("-id")
        .values_list("quality", flat=True)
        .first()
    )
    job.file.quality = quality.report(
        job.tally, limits=job.mapping.checks, previous=previous, accepted=job.accepted
    )
    if job.file.quality["severity"] == quality.ERROR:
        errors = [f for f in job.file.quality["findings"] if f["severity"] == quality.ERROR]
        raise VerificationError(" ".join(finding["sentence"] for finding in errors))


def _tell(job: Job, opened: OpenFile) -> None:
    job.progress(Progress(job.tally.rows, opened.position(), job.file.size_bytes))
