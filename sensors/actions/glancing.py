"""Live detection: a first look at what has just come in, and a thorough one soon after.

A thorough look (detecting.py) takes two minutes of pulses to judge the last of them, and with every
batch again: at a thousand sensors it costs more than the batch is worth. So new pulses get a glance at
once, over no more than they need, that may only add events; the thorough look follows when they have
settled, revises what the glance said and withdraws what does not stand.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F

from sensors.actions.detecting import (
    BEFORE_NS,
    NS_PER_S,
    Detected,
    detect_next,
    find,
    next_windows,
    waiting,
    work_alone,
)
from sensors.actions.events import save_first_versions
from sensors.models import DirtyWindow
from sensors.payloads.daylight import since_epoch_ns

logger = logging.getLogger(__name__)

GLANCE_REACH_NS = 8 * NS_PER_S
"""An incident that began longer before its newest pulse waits for the thorough look: sound needs 4 s
to cross the hearing range, and a burst that has gone on for longer was seen when it began."""
GLANCE_AGE_NS = 20 * NS_PER_S
"""Pulses that come later than this are no news; they go to the thorough look at once."""
SETTLE = timedelta(seconds=2.5)
"""How long after its first new pulse a fresh window is looked at thoroughly: most bursts and their echoes
are over then."""
OVERDUE = 2 * SETTLE
"""From then on the thorough look goes first, so that a busy night of glances cannot put it off."""


def detect_live(*, clock: Callable[[], datetime], budget_s: float) -> Detected:
    """Detect over what has come in, the newest first: a glance at fresh pulses, then, once they have
    settled, the windows that they belong to. clock: read for every look, so that an event bears the
    time at which it was stored."""

    def is_due() -> bool:
        now = clock()
        return bool(_fresh(now)) or bool(next_windows(now, settle=SETTLE))

    return work_alone(
        lambda detected: look(detected, now=clock()), is_due=is_due, budget_s=budget_s
    )


def look(detected: Detected, *, now: datetime) -> bool:
    """The one look that is most needed now; False where none is."""
    overdue = next_windows(now, settle=OVERDUE, only_fresh=True)
    return (
        detect_next(detected, windows=overdue, now=now)
        or glance(detected, now=now)
        or detect_next(detected, windows=next_windows(now, settle=SETTLE), now=now)
    )


def glance(detected: Detected, *, now: datetime) -> bool:
    """A first look at the freshest pulses; False where there are none. It adds events and no more.

    Where the detector fails nothing is said of it: the thorough look will meet the same, and park.
    """
    marks = _fresh(now)
    if not marks:
        return False
    mine = DirtyWindow.objects.filter(pk__in=[pk for pk, _, _ in marks])
    mine.update(attempts=F("attempts") + 1)  # committed: if it kills us, it is not glanced at again
    low = max(min(first for _, first, _ in marks), _since_ns(now)) - GLANCE_REACH_NS
    high = max(last for _, _, last in marks) + 1
    try:
        found = find([(low - BEFORE_NS, high)])
        with transaction.atomic():
            detected.add(save_first_versions(found, (low, high), now=now))
            mine.update(is_glanced=True, attempts=0)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.warning("could not glance at pulses after %d ns", low, exc_info=True)
        mine.update(is_glanced=True, attempts=0)
        return True
    detected.n_glances += 1
    return True


def _fresh(now: datetime) -> list[tuple[int, int, int]]:
    """(id, first_ns, last_ns) of marks of pulses just heard that nobody has looked at."""
    marks = waiting().filter(is_glanced=False, attempts=0, last_ns__gte=_since_ns(now))
    return [
        (pk, first, last)
        for pk, first, last in marks.values_list("pk", "first_ns", "last_ns")
        if first is not None and last is not None
    ]


def _since_ns(now: datetime) -> int:
    return since_epoch_ns(now) - GLANCE_AGE_NS
