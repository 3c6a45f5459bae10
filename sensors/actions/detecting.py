"""Dirty windows -> pulses -> the acoustic core -> events that keep their identity.

A window is detected over with margins, because sound and bursts cross its borders, and only
events that begin inside its core are made or withdrawn. The core reaches back before the window:
a pulse heard just after midnight may belong to a shot just before it. So every incident has a
window that sees it whole, and being seen by two changes nothing. Nothing waits for a margin to
fill: an event is made of what is there, and revised when more comes.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F, Max, Min, Q, QuerySet

from sensors.actions.events import Changes, Found, save_events
from sensors.actions.landing import WINDOW_NS
from sensors.actions.parking import park_window
from sensors.detection import detect
from sensors.kinds import ACOUSTIC
from sensors.knowledge import known_faults, soundings_before, weather_arrays
from sensors.models import DirtyWindow
from sensors.payloads.daylight import since_epoch_ns
from sensors.queries import current_classifier, pulse_arrays, sensor_arrays

logger = logging.getLogger(__name__)

NS_PER_S = 1_000_000_000

REACH_NS = 30 * NS_PER_S
"""How long before a pulse the first round of its burst may have been: the core reaches back so far."""
BEFORE_NS, AFTER_NS = 15 * NS_PER_S, 45 * NS_PER_S
"""What the detector wants to see around the core (docs/detection.md): a burst that begins at its end goes
on for up to 30 s, and its echoes longer."""
CHUNK_WINDOWS = 16
"""Windows that are detected over in one call: half a second of work for a thousand sensors, so that
today's pulses never wait long behind last year's."""
FRESH = timedelta(minutes=5)
"""Windows that began so lately are detected over without older company: somebody waits for them."""
MAX_ATTEMPTS = 3
"""A window that was being detected over when the process or the database died, so often, is parked."""

# Only one detection at a time: it reads events, thinks, and writes them (any constant will do).
DETECT_LOCK = 0x0DA7_11D7

Span = tuple[int, int]


class Window(NamedTuple):
    """A dirty window and its marks. attempts: of those that were begun and never ended."""

    starts_at: datetime
    marks: list[int]
    attempts: int


@dataclass
class Detected:
    """What one run did. is_busy: another run holds the lock, and nothing was done. is_cut_short: the time
    was used up and there is more to do."""

    n_windows: int = 0
    n_pulses: int = 0
    n_new: int = 0
    n_revised: int = 0
    n_withdrawn: int = 0
    n_parked: int = 0
    n_glances: int = 0
    is_busy: bool = False
    is_cut_short: bool = False

    def add(self, changes: Changes) -> None:
        self.n_new += changes.n_new
        self.n_revised += changes.n_revised
        self.n_withdrawn += changes.n_withdrawn


def detect_dirty(*, now: datetime, budget_s: float = 30.0) -> Detected:
    """Detect over dirty windows, the newest first, until none is left or the time is used up.

    A rerun over unchanged pulses changes nothing. Marks that are set while a chunk is detected
    over survive it, and their windows are taken again. A window on which the detector fails is
    parked with the reason and stops no other.
    """
    return work_alone(
        lambda detected: detect_next(detected, windows=next_windows(now), now=now),
        is_due=lambda: bool(next_windows(now)),
        budget_s=budget_s,
    )


def work_alone(
    work: Callable[[Detected], bool], *, is_due: Callable[[], bool], budget_s: float
) -> Detected:
    """Work piece by piece, each telling whether there was any, while this process alone detects."""
    detected = Detected()
    deadline = time.monotonic() + budget_s
    # Looked for again once the lock is given back: who came while it was held went away.
    while time.monotonic() < deadline and not detected.is_busy and is_due():
        with _alone() as is_alone:
            detected.is_busy = not is_alone
            while is_alone and time.monotonic() < deadline and work(detected):
                pass
    detected.is_cut_short = time.monotonic() >= deadline and not detected.is_busy and is_due()
    return detected


def detect_next(detected: Detected, *, windows: Sequence[Window], now: datetime) -> bool:
    """Detect over some dirty windows; False where there are none."""
    if windows:
        _begin(windows)
        _detect_or_halve(windows, detected, now)
    return bool(windows)


def waiting() -> QuerySet[DirtyWindow]:
    """Marks that are not parked."""
    return DirtyWindow.objects.filter(parked_at__isnull=True)


def next_windows(
    now: datetime, *, settle: timedelta = timedelta(0), only_fresh: bool = False
) -> list[Window]:
    """The newest windows that never failed; then those that did, one at a time.

    Fresh ones come alone, and only where a mark of theirs is as old as ``settle``.
    """
    fresh_from = now - FRESH
    is_settled = Q(starts_at__gte=fresh_from, oldest__lte=now - settle)
    due = is_settled if only_fresh else is_settled | Q(starts_at__lt=fresh_from)
    found = (
        waiting()
        .values("starts_at")
        .annotate(marks=ArrayAgg("id"), tried=Max("attempts"), oldest=Min("touched_at"))
        .filter(due)
        .order_by("tried", "-starts_at")
        .values_list("starts_at", "marks", "tried")[:CHUNK_WINDOWS]
    )
    windows = [Window(*row) for row in found]
    if not windows or windows[0].attempts:
        return windows[:1]
    is_fresh = windows[0].starts_at >= fresh_from
    return [
        window
        for window in windows
        if not window.attempts and (window.starts_at >= fresh_from) == is_fresh
    ]


def _begin(windows: Sequence[Window]) -> None:
    """Count the attempt, and commit it before anything is tried."""
    DirtyWindow.objects.filter(pk__in=_marks(windows)).update(attempts=F("attempts") + 1)


def _detect_or_halve(windows: Sequence[Window], detected: Detected, now: datetime) -> None:
    """All at once; where the detector fails, halves, until the poison stands alone and is parked."""
    [first, *others] = windows
    if not others and first.attempts >= MAX_ATTEMPTS:
        _park(first, f"begun {first.attempts} times and never ended", detected, now)
        return
    try:
        _detect(windows, detected, now)
    except (OperationalError, InterfaceError):
        raise  # the database is away; the marks wait for it
    except Exception as error:
        if not others:
            logger.exception("could not detect over %s; parked", first.starts_at)
            _park(first, f"{type(error).__name__}: {error}", detected, now)
            return
        middle = len(windows) // 2
        _detect_or_halve(windows[:middle], detected, now)
        _detect_or_halve(windows[middle:], detected, now)


def _park(window: Window, reason: str, detected: Detected, now: datetime) -> None:
    park_window(starts_at=window.starts_at, marks=window.marks, reason=reason, now=now)
    detected.n_parked += 1


def _detect(windows: Sequence[Window], detected: Detected, now: datetime) -> None:
    cores = core_spans([since_epoch_ns(window.starts_at) for window in windows])
    found = find([(low - BEFORE_NS, high + AFTER_NS) for low, high in cores])
    with transaction.atomic():
        changes = save_events(found, cores, now=now)
        # A window that was parked before and is not any more needs no person any more.
        mine = Q(pk__in=_marks(windows))
        parked = Q(starts_at__in=[window.starts_at for window in windows], parked_at__isnull=False)
        DirtyWindow.objects.filter(mine | parked).delete()
    detected.add(changes)
    detected.n_windows += len(windows)
    detected.n_pulses += len(found.heard)


def find(spans: Sequence[Span], *, is_mended: bool = True) -> Found:
    """What the core makes of the pulses of these spans. is_mended: with known faults corrected."""
    spans = merged(spans)
    heard = pulse_arrays(spans)
    sensors = sensor_arrays(ACOUSTIC, heard)
    if not len(heard):
        return Found(heard, sensors, None)
    detection = detect(
        heard.pulses,
        sensors,
        weather=weather_arrays(spans),
        soundings=soundings_before(spans[0][0]),
        faults=known_faults(set(heard.serial.tolist())) if is_mended else (),
        classifier=current_classifier(),
    )
    return Found(heard, sensors, detection)


def _marks(windows: Sequence[Window]) -> list[int]:
    return [mark for window in windows for mark in window.marks]


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
