"""Calls for service as the gate reads them, and what stands beside them: records, alerts, other calls.

With ``sources`` and ``alert_sources`` the only modules that read the private apps. It hands arrays
to the gate and writes nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from portal.publication.linking import Named
from portal.publication.models import Assignment
from portal.publication.sources import (
    CALLS,
    FACE_DTYPES,
    FACES,
    FLOAT,
    GUNFIRE,
    INCIDENTS,
    INT,
    OBJECT,
    SECONDS,
    Nearby,
    Table,
    columns_of,
    select,
)

_KNOWN = "coalesce(f.started_at, c.received_at)"
_CALLS = (
    f"SELECT c.id, c.received_at, {_KNOWN}, c.lon, c.lat, c.category, c.tier, "  # noqa: S608 - our own text
    "concat_ws(' ', c.call_type, c.call_type_label, c.disposition) "
    "FROM vault.incidents_callforservice c LEFT JOIN vault.incidents_importedfile f "
    "ON f.id = c.imported_file_id "
)
_DTYPES = [INT, SECONDS, SECONDS, FLOAT, FLOAT, OBJECT, OBJECT, OBJECT]
# Of the escrow: whether a call was ever decided about.
_DECIDED = "SELECT 1 FROM vault.publication_assignment a WHERE a.dataset_slug = %s AND a.record_id = {0}.id"

# Alerts that are public, or may become so (sources.new_gunfire), or were.
_ALERTS = (
    "(SELECT e.id, e.occurred_at AS occurred_from, e.lon, e.lat FROM vault.sensors_acousticevent e "
    "WHERE (e.withdrawn_at IS NULL AND (e.kind = 'gunfire' OR e.provider <> 'daylight')) "
    "OR EXISTS (SELECT 1 FROM vault.publication_assignment a WHERE a.dataset_slug = 'gunfire' "
    "AND a.record_id = e.id))"
)


@dataclass(frozen=True)
class Calls(Table):
    """Private calls. occurred_s (received), known_s (of the newest file that told of it): UTC seconds;
    lon, lat: degrees, NaN without a point; words: what dispatch wrote about it, for the screen."""

    record_id: NDArray[np.int64]
    occurred_s: NDArray[np.int64]
    known_s: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    category: NDArray[np.object_]
    code_tier: NDArray[np.object_]
    words: NDArray[np.object_]


def new_calls(*, before: dt.datetime) -> Iterator[Calls]:
    """Calls with a point that came before an instant and that no release has decided about."""
    where = (
        f"WHERE c.received_at < %s AND c.lon IS NOT NULL AND NOT EXISTS ({_DECIDED.format('c')})"
    )
    rows = select(f"{_CALLS}{where} ORDER BY c.id", before, CALLS)
    return (Calls(*columns_of(chunk, _DTYPES)) for chunk in rows)


def all_calls() -> Iterator[Calls]:
    """Every call with a point, public or not, as the vault knows it today."""
    rows = select(f"{_CALLS}WHERE c.lon IS NOT NULL ORDER BY c.id")
    return (Calls(*columns_of(chunk, _DTYPES)) for chunk in rows)


def added_calls(release: int) -> Iterator[Calls]:
    """The private rows behind what a release adds, as the vault knows them now, for its verification."""
    where = f"WHERE EXISTS ({_DECIDED.format('c')} AND a.first_release = %s)"
    rows = select(f"{_CALLS}{where} ORDER BY c.id", CALLS, release)
    return (Calls(*columns_of(chunk, _DTYPES)) for chunk in rows)


def gone_calls() -> set[int]:
    """Record ids that are public now although the private row no longer exists."""
    rows = select(
        "SELECT a.record_id FROM vault.publication_assignment a WHERE a.dataset_slug = %s "
        "AND a.fate = 'published' AND NOT EXISTS "
        "(SELECT 1 FROM vault.incidents_callforservice c WHERE c.id = a.record_id)",
        CALLS,
    )
    return {record for chunk in rows for (record,) in chunk}


def said_by_their_records() -> NDArray[np.int64]:
    """Record ids of the calls whose row, public or retired, says what the row of its record says and no more."""
    rows = select(
        "SELECT a.record_id FROM vault.publication_assignment a JOIN release.call r USING (public_id) "  # noqa: S608 - our own text
        "JOIN release.incident i ON i.public_id = a.follows AND i.category = r.category "
        f"WHERE a.dataset_slug = %s AND ({_face('r')})::text = ({_face('i')})::text",
        CALLS,
    )
    return np.array([record for chunk in rows for (record,) in chunk], np.int64)


def renamed_calls(release: int) -> NDArray[np.int64]:
    """Record ids of the calls that a release adds under another category than they came in."""
    rows = select(
        "SELECT a.record_id FROM vault.publication_assignment a JOIN release.call r USING (public_id) "
        "JOIN vault.incidents_callforservice c ON c.id = a.record_id AND c.category <> r.category "
        "WHERE a.dataset_slug = %s AND a.first_release = %s",
        CALLS,
        release,
    )
    return np.array([record for chunk in rows for (record,) in chunk], np.int64)


def categories_of(public_ids: Iterable[str]) -> dict[str, str]:
    """What some public incidents are, by public id."""
    rows = select(
        "SELECT public_id, category FROM release.incident WHERE public_id = ANY(%s)",
        list(public_ids),
    )
    return {public_id: category for chunk in rows for public_id, category in chunk}


def ever_public_records() -> NDArray[np.int64]:
    """Ids of the incidents that were ever released, retired ones included."""
    known = Assignment.objects.using("publisher").filter(dataset_slug=INCIDENTS)
    return np.fromiter(known.values_list("record_id", flat=True), np.int64)


def retired_followed() -> dict[str, str]:
    """The fate of every retired incident or call that a public call follows, by public id."""
    rows = select(
        "SELECT DISTINCT gone.public_id, gone.fate FROM vault.publication_assignment gone "
        "JOIN vault.publication_assignment call ON call.follows = gone.public_id "
        "WHERE call.dataset_slug = %s AND call.fate = 'published' AND gone.fate <> 'published' "
        "AND gone.dataset_slug <> %s",
        CALLS,
        GUNFIRE,
    )
    return {public_id: fate for chunk in rows for public_id, fate in chunk}


def records_near(start_s: int, end_s: int) -> Iterator[Nearby]:
    """Every police record with a point, as of when it happened and as of when it was reported.

    start_s, end_s: the span, UTC seconds. A theft that is found out in the morning is called in then.
    """
    table = (
        "(SELECT id, occurred_from, lon, lat FROM vault.incidents_incident UNION ALL "
        "SELECT id, reported_at, lon, lat FROM vault.incidents_incident) i"
    )
    return _faces(table, INCIDENTS, "incident", start_s, end_s)


def alerts_near(start_s: int, end_s: int) -> Iterator[Nearby]:
    """Every gunfire alert that is public or may still become so."""
    return _faces(f"{_ALERTS} i", GUNFIRE, "gunfire", start_s, end_s)


def decided_calls_near(start_s: int, end_s: int) -> Iterator[Nearby]:
    """Every call that is public, or was."""
    table = (
        "(SELECT c.id, c.received_at AS occurred_from, c.lon, c.lat FROM vault.incidents_callforservice c "
        "WHERE EXISTS (SELECT 1 FROM vault.publication_assignment a WHERE a.dataset_slug = 'calls' "
        "AND a.record_id = c.id)) i"
    )
    return _faces(table, CALLS, "call", start_s, end_s)


def _faces(table: str, dataset: str, public: str, start_s: int, end_s: int) -> Iterator[Nearby]:
    rows = select(
        FACES.format(more="", table=table, public=public)
        + "WHERE i.occurred_from BETWEEN to_timestamp(%s) AND to_timestamp(%s) AND i.lon IS NOT NULL",
        dataset,
        start_s,
        end_s,
    )
    return (Nearby(*columns_of(chunk, FACE_DTYPES)) for chunk in rows)


def named_alerts() -> Named:
    """The alerts that linking says some calls were about, wherever they are."""
    rows = select(
        FACES.format(
            more=", n.call_id",
            table=f"vault.incidents_alertcall n JOIN {_ALERTS} i ON i.id = n.event_id",
            public="gunfire",
        ),
        GUNFIRE,
    )
    tables = [columns_of(chunk, [*FACE_DTYPES, INT]) for chunk in rows]
    records = Nearby.joined([Nearby(*columns[:-1]) for columns in tables])
    return Named(np.concatenate([columns[-1] for columns in tables]), records)


def following(release: int) -> list[int]:
    """Record ids of the calls that a release adds and that follow another row."""
    rows = select(
        "SELECT record_id FROM vault.publication_assignment "
        "WHERE dataset_slug = %s AND first_release = %s AND follows <> ''",
        CALLS,
        release,
    )
    return [record for chunk in rows for (record,) in chunk]


def count_apart(release: int) -> int:
    """How many calls that a release adds stand elsewhere than the row that they follow, or follow none that is there."""
    everywhere = " UNION ALL ".join(
        f"SELECT public_id, ({_face('t')})::text AS face FROM release.{table} t"  # noqa: S608 - our own text
        for table in ("incident", "gunfire", "call")
    )
    (((n,),),) = select(
        "SELECT count(*) FROM vault.publication_assignment a JOIN release.call r USING (public_id) "  # noqa: S608
        f"LEFT JOIN ({everywhere}) t ON t.public_id = a.follows "
        "WHERE a.dataset_slug = %s AND a.first_release = %s AND a.follows <> '' "
        f"AND ({_face('r')})::text IS DISTINCT FROM t.face",
        CALLS,
        release,
    )
    return int(n)


def _face(alias: str) -> str:
    names = "precision place_code cell_code district_slug beat_slug period starts_at ends_at"
    return ", ".join(f"{alias}.{name}" for name in names.split())
