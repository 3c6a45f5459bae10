"""What changed between two releases, row by row, and why; and every correction there ever was.

The reasons are made from public rows alone. A row that was sealed and one that was taken out at random
to hide it carry the same word, and of both only the id is said.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_noop as _

from portal.feeds.asking import fetch
from portal.feeds.dictionary import DATASETS
from portal.feeds.projections import PROJECTIONS, Projection
from portal.models import Release

ADDED, REMOVED, CHANGED = "added", "removed", "changed"
REASONS: Final = {
    "released": _("The record came due and was released."),
    "removed_or_cover": _(
        "The record was removed (sealed, expunged, or found to be more sensitive than thought),"
        " or taken out at random so that nobody can tell which one was. It does not come back."
    ),
    "taken_back": _(
        "The message was taken back, or the public record that it is about is no longer told. It does not come back."
    ),
    "photos_changed": _("A photo was let through, or taken back."),
    "outcome_told": _("What was found was told for the first time."),
    "outcome_corrected": _("What was found was corrected."),
    "recounted": _("The number was counted anew, with what has become known since."),
    "redrawn": _("The map was drawn anew."),
    "no_longer_told": _("The number is no longer told; a newer one stands for it."),
}
# Datasets of records, whose removals must not be told apart.
RECORDS: Final = frozenset(slug for slug in DATASETS if DATASETS[slug].columns[0] == "public_id")
MAP: Final = frozenset({"areas", "places", "cells"})
MOST = 10_000


@dataclass(frozen=True)
class Change:
    """key: the values that name the row; before, after: what differs, empty where a row came or went."""

    change: str
    reason: str
    key: dict[str, Any]
    before: dict[str, Any]
    after: dict[str, Any]


@dataclass(frozen=True)
class Correction:
    """Something that a careful reader of an older release must know. at: when it was told first."""

    dataset: str
    release: int
    as_of: dt.datetime
    at: dt.datetime
    kind: str  # removal, withdrawal
    n_rows: int
    reason: str


def counts_of_changes(slug: str, since: int, until: int) -> dict[str, int]:
    """How many rows were added, removed and changed from one release to a later one."""
    statement, parameters = _compared(slug, since, until)
    rows = fetch(f"SELECT change, count(*) FROM ({statement}) AS c GROUP BY 1", parameters)  # noqa: S608 - our own text
    return {ADDED: 0, REMOVED: 0, CHANGED: 0} | dict(rows)


def changes(
    slug: str, since: int, until: int, *, limit: int = MOST, after: str = ""
) -> tuple[list[Change], str]:
    """Changes in the order of their keys, which tells nothing, and where to go on ('' at the end)."""
    statement, parameters = _compared(slug, since, until)
    beyond = "WHERE key > %(after)s" if after else ""
    rows = fetch(
        f"SELECT key, change, old, new FROM ({statement}) AS c {beyond} ORDER BY key LIMIT %(limit)s",  # noqa: S608 - our own text
        {**parameters, "after": after, "limit": limit + 1},
    )
    shown = rows[:limit]
    found = [_change(slug, change, _load(old), _load(new)) for _key, change, old, new in shown]
    return found, shown[-1][0] if len(rows) > limit else ""


def corrections() -> Iterator[Correction]:
    """Releases that took rows away, and withdrawals, the newest of these events first."""
    known = Q(state=Release.State.ACTIVE, n_retired__gt=0) | Q(state=Release.State.WITHDRAWN)
    releases = Release.objects.filter(known).select_related("dataset")
    for release in releases.order_by(Coalesce("withdrawn_at", "as_of").desc(), "-pk"):
        slug = release.dataset.slug
        if release.state == Release.State.WITHDRAWN:
            kind, n_rows, reason = "withdrawal", release.n_rows, release.withdrawn_reason
        elif slug in RECORDS:
            kind, n_rows, reason = "removal", release.n_retired, REASONS[_removal(slug)]
        else:
            continue
        at = release.withdrawn_at or release.as_of
        yield Correction(slug, release.number, release.as_of, at, kind, n_rows, reason)


def _compared(slug: str, since: int, until: int) -> tuple[str, dict[str, Any]]:
    """Rows of two releases laid side by side by their key, those that differ."""
    projection = PROJECTIONS[slug]
    before, after = (
        projection.select(
            f"{_key(projection)} AS key, {_object(slug, projection)} AS row", where=where
        ).replace("%(release)s", f"%({name})s")
        for name, where in (
            ("since", _gone(slug)),
            ("until", _come(slug)),
        )
    )
    statement = (
        'SELECT coalesce(a.key, b.key) COLLATE "C" AS key, a.row AS old, b.row AS new, '  # noqa: S608 - our own text
        f"CASE WHEN a.key IS NULL THEN '{ADDED}' WHEN b.key IS NULL THEN '{REMOVED}' ELSE '{CHANGED}' END AS change "
        f"FROM ({before}) AS a FULL JOIN ({after}) AS b ON a.key = b.key "
        "WHERE a.row IS DISTINCT FROM b.row"
    )
    return statement, {"since": since, "until": until}


def _gone(slug: str) -> str:
    """Rows of the older release that can differ: retired since, where nothing changes beside them."""
    return "" if PROJECTIONS[slug].changes_beside else "r.retired_release <= %(until)s"


def _come(slug: str) -> str:
    return "" if PROJECTIONS[slug].changes_beside else "r.first_release > %(since)s"


def _key(projection: Projection) -> str:
    return f"concat_ws('|', {', '.join(projection.order)})"


def _object(slug: str, projection: Projection) -> str:
    wire = projection.wire(DATASETS[slug])
    pairs = ", ".join(f"'{name}', {expression}" for name, expression in wire.items())
    return f"jsonb_build_object({pairs})"


def _change(
    slug: str, change: str, old: dict[str, Any] | None, new: dict[str, Any] | None
) -> Change:
    row = new or old or {}
    key = {name: row[name] for name in _key_columns(slug)}
    if old is None or new is None:
        return Change(change, _reason(slug, change, {}, {}), key, {}, {})
    differing = [name for name in DATASETS[slug].columns if old[name] != new[name]]
    before, after = ({name: side[name] for name in differing} for side in (old, new))
    return Change(change, _reason(slug, change, before, after), key, before, after)


def _key_columns(slug: str) -> tuple[str, ...]:
    projection = PROJECTIONS[slug]
    columns = {projection.bare(name): name for name in projection.columns}
    return tuple(columns[key] for key in projection.order)


def _reason(slug: str, change: str, before: dict[str, Any], after: dict[str, Any]) -> str:
    if slug in MAP:
        return "redrawn"
    if change == ADDED:
        return "released"
    if change == REMOVED:
        return _removal(slug)
    if "photos" in after:
        return "photos_changed"
    if "outcome" in after:
        return "outcome_told" if before["outcome"] is None else "outcome_corrected"
    return "recounted"


def _removal(slug: str) -> str:
    """Why rows of a dataset go. Of records that others hide there is one word."""
    if slug not in RECORDS:
        return "no_longer_told"
    return "taken_back" if slug == "feedback" else "removed_or_cover"


def _load(value: Any) -> dict[str, Any] | None:
    found: dict[str, Any] | None = json.loads(value) if isinstance(value, str) else value
    return found
