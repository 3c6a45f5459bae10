"""The one verb: a file of a known source becomes records, or nothing and a report that says why."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from django.db import connection, transaction
from django.db.utils import DataError, IntegrityError

from incidents.importers import quality
from incidents.importers.errors import (
    ImportBusyError,
    ImporterError,
    UnreadableFileError,
    VerificationError,
)
from incidents.importers.mapping import Mapping
from incidents.importers.pipeline import Job, Progress, read_and_store
from incidents.importers.readers import encodings
from incidents.importers.registry import find_mapping
from incidents.models import ImportedFile

State = ImportedFile.State

# Rows that slipped through every check and that the database refuses: the file's fault, not ours.
# COPY speaks psycopg's own exceptions, the ORM Django's.
_UNFIT = (DataError, IntegrityError, psycopg.DataError, psycopg.IntegrityError)


def _silent(progress: Progress) -> None:
    """Nobody watches."""


class _DryRunError(Exception):
    """Undoes the transaction of a dry run."""


def ingest(
    path: Path,
    *,
    source: str = "",
    mapping: Mapping | None = None,
    by: str = "",
    now: dt.datetime,
    progress: Callable[[Progress], None] | None = None,
    accept: frozenset[str] = frozenset(),
    again: bool = False,
    dry_run: bool = False,
    file: ImportedFile | None = None,
) -> ImportedFile:
    """Import a file; returns what came of it, also when that is FAILED (its ``quality`` says why).

    source: a known one, or give its ``mapping``. by: a username, kept with the file. accept: names
    of checks whose errors shall pass. again: read the file although the same bytes were imported
    before. dry_run: report, and keep nothing. file: an upload's row, instead of a new one.
    Raises UnknownSourceError, MappingError, or UnreadableFileError where there is no such file.
    """
    mapping = mapping or find_mapping(source)
    if not path.is_file():
        raise UnreadableFileError(f"got no file at {path}; wanted one to import")
    file = file or ImportedFile(name=path.name[:255], imported_by=by)
    file.source, file.mapping_sha256 = mapping.source, mapping.sha256
    file.sha256, file.size_bytes = _sha256(path), path.stat().st_size
    file.started_at, file.state = now, State.RUNNING
    job = Job(path, mapping, file, now, accept, progress or _silent)
    if not again and (earlier := _same_before(file)):
        return _unchanged(job, earlier, dry_run=dry_run)
    if dry_run:
        return _dry_run(job)
    file.save()
    with _failure_is_kept(job), transaction.atomic():
        _run(job)
    return file


def _dry_run(job: Job) -> ImportedFile:
    try:
        with transaction.atomic():
            job.file.save()
            _run(job)
            raise _DryRunError
    except _DryRunError:
        pass
    except ImporterError as error:
        _fail(job, error)
    job.file.pk = None
    return job.file


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _same_before(file: ImportedFile) -> ImportedFile | None:
    """The last import of this source, or of this name in it, where it was of the same bytes.

    Not any earlier one: a publisher who takes a correction back sends old bytes again, and means it.
    """
    stored = ImportedFile.objects.filter(source=file.source, state=State.STORED).order_by("-id")
    for last in (stored.filter(name=file.name).first(), stored.first()):
        if last and (last.sha256, last.mapping_sha256) == (file.sha256, file.mapping_sha256):
            return last
    return None


def _unchanged(job: Job, earlier: ImportedFile, *, dry_run: bool) -> ImportedFile:
    job.file.state, job.file.finished_at = State.UNCHANGED, job.now
    job.file.quality = {"severity": quality.OK, "findings": [], "same_as_file": earlier.pk}
    if not dry_run:
        job.file.save()
    return job.file


@contextmanager
def _failure_is_kept(job: Job) -> Iterator[None]:
    """Whatever ends the import before its time, the file's row says that it failed and why."""
    try:
        yield
    except (ImporterError, *_UNFIT) as error:
        _fail(job, error)
        job.file.save()
    except BaseException as error:
        _fail(job, ImporterError(f"interrupted by {type(error).__name__}: {error}"))
        if not connection.needs_rollback:
            job.file.save()
        raise


def _fail(job: Job, error: Exception) -> None:
    file = job.file
    file.state, file.finished_at = State.FAILED, job.now
    file.rows_in, file.rows_refused = job.tally.rows, job.tally.n_refused
    file.rows_new = file.rows_revised = file.rows_same = 0
    if not isinstance(error, VerificationError):  # whose report is already there
        file.quality = quality.failure(str(error), job.tally)


def _run(job: Job) -> None:
    """Read, verify, store; in the caller's transaction."""
    _lock(job.mapping.source, file_id=job.file.pk)
    attempts = encodings(job.path, job.mapping)
    for encoding in attempts:
        try:
            with transaction.atomic():
                read_and_store(job, encoding)
            break
        except UnicodeDecodeError as error:
            if encoding == attempts[-1]:
                raise UnreadableFileError(
                    f"byte {error.object[error.start]:#04x} is not {encoding}; "
                    "wanted text in the encoding that the mapping names"
                ) from error
    job.file.state, job.file.finished_at = State.STORED, job.now
    job.file.save()


def _lock(source: str, *, file_id: int) -> None:
    """One import of a source at a time. Whoever else is marked as running did not live to its end."""
    with connection.cursor() as sql:
        sql.execute("SELECT pg_try_advisory_xact_lock(hashtext(%s))", [f"ingest {source}"])
        (is_ours,) = sql.fetchone() or (False,)
    if not is_ours:
        raise ImportBusyError(f"another import of {source} is running; wait for it to end")
    others = ImportedFile.objects.filter(source=source, state=State.RUNNING).exclude(pk=file_id)
    others.update(state=State.FAILED, quality=quality.failure("The import was killed."))
