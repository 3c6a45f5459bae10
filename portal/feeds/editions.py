"""Which release of each dataset is current, known to each process for a second, and what follows from it.

Pages and answers show nothing else that changes. So a question that was answered while the editions
were the same has the same answer, and neither needs a query. A process of ours that releases or
withdraws forgets at once; the others learn it within the second.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q

from portal.models import Dataset, Release

T = TypeVar("T")


@dataclass(frozen=True)
class Edition:
    """The current release of a dataset; number None: there is none. withdrawn: how many ever were."""

    slug: str
    number: int | None
    withdrawn: int
    as_of: dt.datetime | None
    n_rows: int | None


Editions = dict[str, Edition]

_lock = threading.Lock()
_known: tuple[float, Editions] | None = None
_keeps: ContextVar[bool] = ContextVar("keeps", default=True)


@contextmanager
def nothing_kept() -> Iterator[None]:
    """Inside, what this thread reads is not kept for others, and it is told nothing that others kept."""
    token = _keeps.set(False)
    try:
        yield
    finally:
        _keeps.reset(token)


def editions() -> Editions:
    """Every dataset's, by slug."""
    global _known
    if not _keeps.get():
        return _read()
    known = _known
    if known and time.monotonic() - known[0] < settings.EDITIONS_KEPT_S:
        return known[1]
    asked_at = time.monotonic()
    found = _read()
    with _lock:
        _known = (asked_at, found)
    return found


def _read() -> Editions:
    withdrawn = Count("releases", filter=Q(releases__state=Release.State.WITHDRAWN))
    columns = ("slug", "current__number", "withdrawn", "current__as_of", "current__n_rows")
    rows = Dataset.objects.annotate(withdrawn=withdrawn).order_by("slug").values_list(*columns)
    return {row[0]: Edition(*row) for row in rows}


def forget(**_signal: Any) -> None:
    """Ask again next time."""
    global _known
    with _lock:
        _known = None


def forget_on_commit(*, using: str = "publisher", **_signal: Any) -> None:
    """Connected to every saved release: a reader must not be kept in what was before."""
    transaction.on_commit(forget, using=using)


class Memory(Generic[T]):
    """What was worked out from the present editions: at most so many bytes, the longest unused go first.

    Nothing is kept while editions are not. weigh: bytes of a value. holds_few: one value may take all there
    is; else none may take more than an eighth, so that it does not drive out everything.
    """

    def __init__(
        self, max_bytes: int, weigh: Callable[[T], int], *, holds_few: bool = False
    ) -> None:
        self._max_bytes, self._weigh = max_bytes, weigh
        self._most = max_bytes if holds_few else max_bytes // 8
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, T] = OrderedDict()
        self._bytes = 0
        self._of: Editions = {}

    def get(self, key: Hashable, now: Editions) -> T | None:
        if not _keeps.get():
            return None
        with self._lock:
            self._turn_to(now)
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def put(self, key: Hashable, value: T, now: Editions) -> None:
        weight = self._weigh(value)
        is_kept = settings.EDITIONS_KEPT_S and _keeps.get()
        if not is_kept or weight > self._most:
            return
        with self._lock:
            self._turn_to(now)
            replaced = self._kept.pop(key, None)
            if replaced is not None:
                self._bytes -= self._weigh(replaced)
            self._kept[key] = value
            self._bytes += weight
            while self._bytes > self._max_bytes:
                _, gone = self._kept.popitem(last=False)
                self._bytes -= self._weigh(gone)

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()
            self._bytes = 0

    def _turn_to(self, now: Editions) -> None:
        if now is self._of:
            return
        if now != self._of:
            self._kept.clear()
            self._bytes = 0
        self._of = now
