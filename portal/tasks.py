"""Doors for the worker: each loads nothing but what it needs, calls one action and ends."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from portal.city import the_city
from portal.feeds.building import mend
from portal.heartbeat import WORKER, record_tick
from portal.publication.releases import release_on_schedule
from portal.publication.tallying import recount
from portal.webhooks.actions import call_those_due


@shared_task(name="portal.tick")
def tick(name: str = WORKER) -> None:
    record_tick(name)


@shared_task(name="portal.recount_tallies")
def recount_tallies() -> int:
    return recount(the_city().zone)


@shared_task(name="portal.call_webhooks")
def call_webhooks() -> int:
    return call_those_due(now=timezone.now())


@shared_task(name="portal.mend_files")
def mend_files(*, everything: bool = False) -> int:
    return mend(everything=everything)


@shared_task(name="portal.release_due")
def release_due() -> int:
    return len(release_on_schedule(the_city(), now=timezone.now()))
