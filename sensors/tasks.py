"""Doors for the worker. The rows hold the work; a task that is run twice, or too often, changes nothing."""

from __future__ import annotations

from dataclasses import asdict

from celery import shared_task
from django.utils import timezone

from sensors import actions


@shared_task(name="sensors.drain")
def drain() -> dict[str, int]:
    drained = actions.drain(now=timezone.now())
    if drained.n_pulses:
        detect.delay_on_commit()
    return asdict(drained)


@shared_task(name="sensors.detect")
def detect() -> dict[str, int]:
    return asdict(actions.detect_dirty(now=timezone.now()))


@shared_task(name="sensors.prune")
def prune() -> int:
    return actions.prune_inbox(now=timezone.now())
