"""Doors for the worker. The rows hold the work; a task that is run twice changes nothing."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from incidents.importers.uploads import ingest_upload
from incidents.queries import open_uploads
from sensors.wakeup import Waker

IMPORT_WAITING = "incidents.import_waiting"
_waker = Waker(IMPORT_WAITING)


@shared_task(name=IMPORT_WAITING)
def import_waiting() -> int:
    """Import what was uploaded. Woken by an upload, and swept by beat in case that wish got lost."""
    imported = [ingest_upload(file_id, now=timezone.now()) for file_id in open_uploads()]
    return len([file for file in imported if file is not None])


def import_soon() -> None:
    """Ask for :func:`import_waiting`; never waits for the broker."""
    _waker.wake()
