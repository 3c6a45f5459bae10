"""Files that come through the browser: kept in the spool folder until the worker has read them."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Iterable
from pathlib import Path

from django.conf import settings

from incidents import actions
from incidents.importers.errors import ImporterError
from incidents.importers.run import ingest
from incidents.models import ImportedFile

MOST_BYTES = 2 * 2**30


class UploadTooLargeError(ImporterError):
    """More than a browser should send; `manage.py ingest` reads files of any size."""


def spool_folder() -> Path:
    return Path(settings.LAYOUT.home) / "spool"


def receive(
    chunks: Iterable[bytes], *, source: str, name: str, by: str, now: dt.datetime
) -> ImportedFile:
    """Write an upload into the spool under a random name, and a row that waits for the worker."""
    folder = spool_folder()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    token = secrets.token_hex(16)  # never the sender's name: it is no path
    digest, size = hashlib.sha256(), 0
    path = folder / token
    try:
        with path.open("xb") as file:
            for chunk in chunks:
                size += len(chunk)
                if size > MOST_BYTES:
                    raise UploadTooLargeError(f"got more than {MOST_BYTES:,} bytes")
                digest.update(chunk)
                file.write(chunk)
        return actions.receive_upload(
            source=source,
            name=name,
            spooled_as=token,
            size_bytes=size,
            sha256=digest.hexdigest(),
            by=by,
            now=now,
        )
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def ingest_upload(file_id: int, *, now: dt.datetime) -> ImportedFile | None:
    """Import a waiting upload; None where it is not waiting any more. Running it twice changes nothing."""
    file = actions.claim_upload(file_id=file_id, now=now)
    if file is None:
        return None
    path = spool_folder() / file.spooled_as
    try:
        ingest(path, source=file.source, by=file.imported_by, now=now, file=file)
    except ImporterError as error:
        actions.fail_upload(file=file, sentence=str(error), now=now)
    path.unlink(missing_ok=True)
    return file
