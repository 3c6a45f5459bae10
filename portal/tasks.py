"""Doors for the worker: each loads nothing but what it needs, calls one action and ends."""

from __future__ import annotations

from celery import shared_task

from portal.heartbeat import record_tick


@shared_task(name="portal.tick")
def tick() -> None:
    record_tick()
