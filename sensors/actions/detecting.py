"""Dirty windows -> pulses -> the acoustic core -> events that keep their identity.

A window is detected over with margins, because sound and bursts cross its borders, and only
events that begin inside its core are made or withdrawn. The core reaches back before the window:
a pulse heard just after midnight may belong to a shot just before it. So every incident has a
window that sees it whole, and being seen by two changes nothing.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import connection, transaction

from sensors.actions.events import Changes, save_events
from sensors.actions.landing import WINDOW_NS
from sensors.detection import detect
from sensors.kinds import ACOUSTIC
from sensors.models import DirtyWindow
from sensors.payloads.daylight import since_epoch_ns
from sensors.queries import pulse_arrays, sensor_arrays

NS_PER_S = 1_000_000_000

REACH_NS = 30 * NS_PER_S
"""How long before a pulse the first round of its burst may have been: the core reaches back so far."""
BEFORE_NS, AFTER_NS = 15 * NS_PER_S, 45 * NS_PER_S
"""What the detector wants to see around the core (docs/detection.md): a burst that begins at its end goes
on for up to 30 s, and its echoes longer."""
CHUNK_WINDOWS = 64
"""Windows that are detected over in one call: a second or two of work, so that today's pulses never
wait long behind last year's."""

# Only one detection at a time: it reads events, thinks, and writes them (any constant will do).
DETECT_LOCK = 0x0DA7_11D7

Span = tuple[int, int]


@dataclass
class Detected:
    """What one run did. is_busy: another run holds the lock, and nothing was done."""

    n_windows: int = 0
    n_pulses: int = 0
    n_new: int = 0
    n_revised: int = 0
    n_withdrawn: int = 0
    is_busy: bool = False

    def add(self, changes: Changes) -> None:
        self.n_new += changes.n_new
        self.n_revised += changes.n_revised
        self.n_withdrawn += changes.n_withdrawn


def detect_dirty(*, now: datetime, budget_s: float = 30.0) -> Detected:
    """Detect over dirty windows, the newest first, until none is left or the time is used up.

    A rerun over unchanged pulses changes nothing. Marks that are set while a chunk is detected
    over survive it, and their windows are taken again.
    """
    detected = Detected()
    deadline = time.monotonic() + budget_s
    with _alone() as is_alone:
        detected.is_busy = not is_alone
        while is_alone and (marks := _newest_marks()) and time.monotonic() < deadline:
            _detect_chunk(marks, detected, now)
    return detected


def _newest_marks() -> dict[datetime, list[int]]:
    """Window -> its marks, for the newest dirty windows."""
    found = (
        DirtyWindow.objects.values("starts_at")
        .annotate(marks=ArrayAgg("id"))
        .order_by("-starts_at")[:CHUNK_WINDOWS]
    )
    return {row["starts_at"]: row["marks"] for row in found}


def _detect_chunk(marks: dict[datetime, list[int]], detected: Detected, now: datetime) -> None:
    cores = core_spans([since_epoch_ns(starts_at) for starts_at in marks])
    heard = pulse_arrays(merged([(low - BEFORE_NS, high + AFTER_NS) for low, high in cores]))
    found = detect(heard.pulses, sensor_arrays(ACOUSTIC, heard)) if len(heard) else None
    with transaction.atomic():
        detected.add(save_events(found, heard, cores, now=now))
        done = [mark for window_marks in marks.values() for mark in window_marks]
        DirtyWindow.objects.filter(pk__in=done).delete()
    detected.n_windows += len(marks)
    detected.n_pulses += len(heard)


def core_spans(starts_ns: Sequence[int]) -> list[Span]:
    """The spans in which windows that begin at ``starts_ns`` make and withdraw events; disjoint."""
    return merged([(start - REACH_NS, start + WINDOW_NS) for start in starts_ns])


def merged(spans: Sequence[Span]) -> list[Span]:
    """The same stretches of time as disjoint spans in order; touching ones become one."""
    joined: list[Span] = []
    for low, high in sorted(spans):
        if joined and low <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], high))
        else:
            joined.append((low, high))
    assert all(left[1] < right[0] for left, right in pairwise(joined))
    return joined


@contextlib.contextmanager
def _alone() -> Iterator[bool]:
    """Whether this connection holds the detection lock. Given back at the end, or when it dies."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [DETECT_LOCK])
        (is_alone,) = cursor.fetchone()
    try:
        yield is_alone
    finally:
        if is_alone:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [DETECT_LOCK])
