"""Doors for the worker. A task that is run twice changes nothing."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from community import actions
from community.hours import words_kept


@shared_task(name="community.forget")
def forget() -> int:
    return actions.forget_due(now=timezone.now(), words_kept=words_kept())
