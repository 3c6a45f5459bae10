"""Doors for the worker. The rows hold the work; a task that is run twice changes nothing."""

from __future__ import annotations

from dataclasses import asdict

from celery import shared_task
from django.utils import timezone

from incidents.importers.uploads import ingest_upload
from incidents.queries import open_uploads
from sensors.wakeup import Waker

IMPORT_WAITING, LINK_ALERTS = "incidents.import_waiting", "incidents.link_alerts"
# Ask for the tasks; they never wait for the broker, which may be away while a person saves a page.
import_soon, link_soon = Waker(IMPORT_WAITING).wake, Waker(LINK_ALERTS).wake


@shared_task(name=IMPORT_WAITING)
def import_waiting() -> int:
    """Import what was uploaded. Woken by an upload, and swept by beat in case that wish got lost."""
    imported = [ingest_upload(file_id, now=timezone.now()) for file_id in open_uploads()]
    count = len([file for file in imported if file is not None])
    if count:
        link_soon()
    return count


@shared_task(name=LINK_ALERTS)
def link_alerts() -> dict[str, int]:
    """Link what is new. Swept by beat each minute: events of the detector come every few seconds."""
    # Imported here, for the web process imports this module and never links: 200 ms of its start.
    from incidents.actions.linking import link_if_new

    linked = link_if_new(now=timezone.now())
    return asdict(linked) if linked else {}
