"""Windows on which the detector fails: set aside with the reason, until a person or new pulses say so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction

from sensors.models import DirtyWindow

LONGEST_REASON = 2_000


@transaction.atomic
def park_window(*, starts_at: datetime, marks: Sequence[int], reason: str, now: datetime) -> None:
    """Keep one of the marks with the reason, and drop the others, also those that were parked before.

    Marks that were set meanwhile stay: more pulses may be what it takes.
    """
    first, *others = sorted(marks)
    DirtyWindow.objects.filter(starts_at=starts_at, parked_at__isnull=False).delete()
    DirtyWindow.objects.filter(pk__in=others).delete()
    DirtyWindow.objects.filter(pk=first).update(
        parked_at=now, parked_because=reason[:LONGEST_REASON]
    )


def unpark_windows(*, ids: Iterable[int]) -> int:
    """Let the detector try parked windows again; the number of windows."""
    parked = DirtyWindow.objects.filter(pk__in=list(ids), parked_at__isnull=False)
    return parked.update(parked_at=None, parked_because="", attempts=0)
