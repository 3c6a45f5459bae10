"""The schema contract: no released column disappears, changes its name or its type without 90 days of notice.

A change is announced by a line in CHANGES. From then on it is on the page, in the feed and in the
headers of every file of the dataset; until its day, the old column stays beside the new one. What
was ever released is kept in docs/released-columns.json, which `manage.py document` adds to and never
takes from; a test compares.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from django.conf import settings
from django.utils import timezone
from django.utils.http import http_date

from portal.feeds.specs import DatasetSpec

NOTICE: Final = dt.timedelta(days=90)
SNAPSHOT: Final = "released-columns.json"
# dataset: column: type
Columns = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Change:
    """One announced change of one column.

    added: ``column`` is new, from announced_on. renamed: ``new`` carries what ``column`` did; retyped:
    ``new`` carries it in another type; removed: nothing does. The last three end ``column`` on effective_on.
    """

    dataset: str
    kind: Literal["added", "renamed", "retyped", "removed"]
    column: str
    announced_on: dt.date
    effective_on: dt.date
    why: str
    new: str = ""

    @property
    def is_end(self) -> bool:
        return self.kind != "added"

    @property
    def id(self) -> str:
        return f"{self.announced_on}:{self.dataset}.{self.column}:{self.kind}"


# Newest first. Write the date of the release that will carry the line, not the day it was typed.
CHANGES: Final[tuple[Change, ...]] = ()


def today() -> dt.date:
    return timezone.now().date()


def pending(slug: str, day: dt.date | None = None) -> list[Change]:
    """Announced ends of columns of a dataset that are still to come, soonest first."""
    day = day or today()
    found = [
        change
        for change in CHANGES
        if change.dataset == slug
        and change.is_end
        and change.announced_on <= day < change.effective_on
    ]
    return sorted(found, key=lambda change: change.effective_on)


def ending(slug: str, column: str, day: dt.date | None = None) -> Change | None:
    """The announced end of a column, None where it stays."""
    return next((change for change in pending(slug, day) if change.column == column), None)


def headers_of(slug: str, day: dt.date | None = None) -> dict[str, str]:
    """``Deprecation`` (RFC 9745) and ``Sunset`` (RFC 8594) of a dataset with a column that ends; else nothing."""
    changes = pending(slug, day)
    if not changes:
        return {}
    since = min(change.announced_on for change in changes)
    return {
        "Deprecation": f"@{midnight(since).timestamp():.0f}",
        "Sunset": http_date(midnight(changes[0].effective_on).timestamp()),
    }


def midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC)


def schema_version(slug: str, day: dt.date | None = None) -> str:
    """Of a dataset's columns on a day: the first number grows when one ends, the second when one is added."""
    day = day or today()
    own = [change for change in CHANGES if change.dataset == slug]
    ended = [change for change in own if change.is_end and change.effective_on <= day]
    last = max((change.effective_on for change in ended), default=dt.date.min)
    added = [change for change in own if not change.is_end and last < change.announced_on <= day]
    return f"{1 + len(ended)}.{len(added)}" if added else str(1 + len(ended))


def sentence(change: Change) -> str:
    """What happens, in English: feeds are in one language."""
    where = f"{change.dataset}.{change.column}"
    if not change.is_end:
        return f"{where} is added on {change.announced_on}"
    instead = f"; use {change.new}" if change.new else ""
    return f"{where} ends on {change.effective_on}{instead}"


def as_json(change: Change) -> dict[str, str]:
    told = {
        "dataset": change.dataset,
        "kind": change.kind,
        "column": change.column,
        "announcedOn": change.announced_on.isoformat(),
        "effectiveOn": change.effective_on.isoformat(),
        "why": change.why,
    }
    return {**told, "new": change.new} if change.new else told


def columns_of(datasets: Mapping[str, DatasetSpec]) -> Columns:
    return {
        slug: {field.name: field.type for field in spec.fields} for slug, spec in datasets.items()
    }


def released_columns() -> Columns:
    """Every column that was ever released and has not ended."""
    path = Path(settings.BASE_DIR) / "docs" / SNAPSHOT
    columns: Columns = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return columns


def violations(
    released: Columns,
    current: Columns,
    changes: Sequence[Change],
    day: dt.date,
) -> list[str]:
    """What breaks the promise, in sentences; empty where it is kept."""
    found = [*_broken_lines(current, changes, day)]
    for slug, columns in released.items():
        for column, kind in columns.items():
            now = current.get(slug, {}).get(column)
            if now == kind or _has_ended(slug, column, changes, day):
                continue
            what = "disappeared" if now is None else f"was {kind} and is {now}"
            found.append(
                f"{slug}.{column} {what} without notice: announce it in portal/feeds/contract.py, "
                f"and keep it for {NOTICE.days} days"
            )
    return found


def _has_ended(slug: str, column: str, changes: Sequence[Change], day: dt.date) -> bool:
    return any(
        change.is_end
        and (change.dataset, change.column) == (slug, column)
        and change.effective_on <= day
        for change in changes
    )


def _broken_lines(current: Columns, changes: Sequence[Change], day: dt.date) -> Iterator[str]:
    """Announcements that are no notice."""
    for change in changes:
        columns = current.get(change.dataset, {})
        if change.is_end and change.effective_on - change.announced_on < NOTICE:
            yield f"{change.id}: got {(change.effective_on - change.announced_on).days} days of notice; wanted {NOTICE.days}"
        if change.kind in ("renamed", "retyped") and not change.new:
            yield f"{change.id}: got no new column; wanted the one that carries the same"
        if change.announced_on > day:
            continue
        beside = [change.column, *([change.new] if change.new else [])]
        if change.is_end and day < change.effective_on:
            for name in (name for name in beside if name not in columns):
                yield f"{change.id}: {change.dataset}.{name} is not there; until {change.effective_on} both columns are"


def merged(released: Columns, current: Columns, changes: Sequence[Change], day: dt.date) -> Columns:
    """The snapshot with what is new; without what has ended in an announced way."""
    return {
        slug: {
            name: kind
            for name, kind in {**current.get(slug, {}), **released.get(slug, {})}.items()
            if not _has_ended(slug, name, changes, day)
        }
        for slug in {**released, **current}
    }


def document() -> dict[str, Any]:
    """``/data/schema-changes.json``."""
    return {
        "noticeDays": NOTICE.days,
        "changes": [as_json(change) for change in CHANGES],
    }
