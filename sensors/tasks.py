"""Doors for the worker. The rows hold the work; a task that is run twice, or too often, changes nothing."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from celery import shared_task
from django.utils import timezone

from sensors import actions

DRAIN_BUDGET_S, DETECT_BUDGET_S = 5.0, 1.0
"""Both share one process (docs/operate.md): a backlog of either is worked off in many such runs, with the
other in between, and what comes in meanwhile waits no longer."""


@shared_task(name="sensors.drain")
def drain() -> dict[str, int]:
    drained = actions.drain(now=timezone.now(), budget_s=DRAIN_BUDGET_S)
    if drained.n_pulses:
        detect()  # here: the journey through the broker to another process takes longer than a glance
    return asdict(drained)


@shared_task(name="sensors.detect")
def detect() -> dict[str, int]:
    detected = actions.detect_live(clock=timezone.now, budget_s=DETECT_BUDGET_S)
    if detected.is_cut_short:
        detect.delay_on_commit()
    return asdict(detected)


@shared_task(name="sensors.learn_background")
def learn_background() -> int:
    return actions.learn_background(now=timezone.now())


@shared_task(name="sensors.find_faults", soft_time_limit=600)
def find_faults() -> dict[str, int]:
    return asdict(actions.find_faults(now=timezone.now()))


@shared_task(name="sensors.prune")
def prune() -> int:
    return actions.prune_inbox(now=timezone.now())


@shared_task(name="sensors.learn", soft_time_limit=600)
def learn() -> dict[str, Any]:
    return asdict(actions.learn_classifier(now=timezone.now()))
