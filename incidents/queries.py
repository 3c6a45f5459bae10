"""Private rows as arrays and lists. The only place where the ORM of this app meets NumPy."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from itertools import islice
from typing import Any

import numpy as np
from django.db import connections
from django.db.models import Q, QuerySet
from numpy.typing import NDArray

from incidents.models import (
    Address,
    AlertResponse,
    Area,
    ImportedFile,
    Incident,
    Unlinked,
)
from sensors.geodesy import LocalPlane
from sensors.models import AcousticEvent

# Rows that travel at once: 20,000 tuples of ten values are about 5 MB.
ROWS_AT_ONCE = 20_000
CHI2_2_95 = 5.991  # squared radii inside the 95 % ellipse: chi-square with two degrees of freedom


@dataclass(frozen=True)
class IncidentArrays:
    """Incidents by ``id``; all arrays of shape (n,).

    occurred_us: microseconds since 1970 UTC. lon, lat: degrees, NaN where a row could not be
    geocoded. district_id, beat_id: 0 for none. category, tier: as in ``incidents.codes``.
    """

    id: NDArray[np.int64]
    occurred_us: NDArray[np.int64]
    category: NDArray[np.str_]
    tier: NDArray[np.str_]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    district_id: NDArray[np.int64]
    beat_id: NDArray[np.int64]


@dataclass(frozen=True)
class AddressArrays:
    """Addresses by ``source_id``; all arrays of shape (n,). number_from, number_to: 0 where not given;
    district_id, beat_id: 0 for none. stands_for: addresses.
    """

    id: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    stands_for: NDArray[np.int64]
    number_from: NDArray[np.int64]
    number_to: NDArray[np.int64]
    street: NDArray[np.str_]
    use: NDArray[np.str_]
    district_id: NDArray[np.int64]
    beat_id: NDArray[np.int64]


def incident_arrays(
    *,
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
    sources: Iterable[str] | None = None,
) -> IncidentArrays:
    """Incidents that are not sealed and began in [since, until), of some sources or of all."""
    chosen = Q(is_sealed=False)
    chosen &= Q(occurred_from__gte=since) if since else Q()
    chosen &= Q(occurred_from__lt=until) if until else Q()
    chosen &= Q(source__in=list(sources)) if sources is not None else Q()
    rows = Incident.objects.filter(chosen).order_by("id").values_list(
        "id", "occurred_from", "category", "tier", "lon", "lat", "district_id", "beat_id"
    )  # fmt: skip
    dtypes = [np.int64, "M8[us]", "U32", "U2", float, float, np.int64, np.int64]
    columns = _columns(rows, dtypes)
    columns[1] = columns[1].astype(np.int64)
    return IncidentArrays(*columns)


def address_arrays() -> AddressArrays:
    """All addresses, in the order of the city's own keys."""
    rows = Address.objects.order_by("source_id").values_list(
        "id", "lon", "lat", "stands_for", "number_from", "number_to", "street", "use",
        "district_id", "beat_id",
    )  # fmt: skip
    dtypes = [np.int64, float, float, *[np.int64] * 3, "U120", "U32", np.int64, np.int64]
    return AddressArrays(*_columns(rows, dtypes))


@dataclass(frozen=True, eq=False)
class AlertLives:
    """What became of each acoustic event, all columns of shape (n,), in order of time and id.

    Every event that is not withdrawn is a row; an alert is one whose ``kind`` is gunfire. Instants
    are int64 nanoseconds since 1970 UTC; lags are seconds after ``occurred_ns``, minutes and metres
    floats, and NaN where nothing is known. ``id``, places and instants are the vault's: the gate
    coarsens them.

    kind, probability: what the machine says now; probability and said_probability NaN where none.
    detected_s: until our own detector stored it; NaN for a vendor's alert.
    finding: of the reviewers, as in ``AcousticReview.Finding``; "" not reviewed, "disputed" where
    their newest findings differ. n_reviewers: people who judged it. is_override: a reviewer's newest
    finding says otherwise than the machine said to them. said_probability: what it said to the first.
    n_responses: dispatch events about it (0: none is known). dispatched_s, on_scene_s: the first of
    them. officer_minutes: all of them together. disposition: the strongest, as in
    ``AlertResponse.Disposition``, in the order evidence, unfounded, unconfirmed, unknown; "" for none.
    evidence_m: from the stated place to the evidence. evidence_in_ellipse: 1 where that lies in the
    95 % ellipse, 0 where not, -1 where there is no ellipse or no evidence place.
    incident_id: the police record it became, by report number or by place and time; -1 for none.
    """

    id: NDArray[np.int64]
    occurred_ns: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    provider: NDArray[np.str_]
    kind: NDArray[np.str_]
    probability: NDArray[np.float64]
    detected_s: NDArray[np.float64]
    finding: NDArray[np.str_]
    n_reviewers: NDArray[np.int64]
    is_override: NDArray[np.bool_]
    said_probability: NDArray[np.float64]
    n_responses: NDArray[np.int64]
    dispatched_s: NDArray[np.float64]
    on_scene_s: NDArray[np.float64]
    officer_minutes: NDArray[np.float64]
    disposition: NDArray[np.str_]
    evidence_m: NDArray[np.float64]
    evidence_in_ellipse: NDArray[np.int8]
    incident_id: NDArray[np.int64]

    def __len__(self) -> int:
        return int(self.id.size)


@dataclass(frozen=True, eq=False)
class Shootings:
    """Confirmed shootings, all columns of shape (n,), in order of time and id.

    event_id: the alert of it, -1 for none. incident_id, call_id: the record that stands for it; one
    of the two is -1. is_covered: inside the array as it stood then. unlinked_because: "" where there
    is an alert, else as in ``incidents.models.Unlinked``; only "no_alert" says that there was none.
    """

    id: NDArray[np.int64]
    occurred_ns: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    is_covered: NDArray[np.bool_]
    event_id: NDArray[np.int64]
    incident_id: NDArray[np.int64]
    call_id: NDArray[np.int64]
    unlinked_because: NDArray[np.str_]
    n_records: NDArray[np.int64]

    def __len__(self) -> int:
        return int(self.id.size)

    @property
    def is_missed(self) -> NDArray[np.bool_]:
        """Covered, and no alert came; an ambiguous or vague record is neither found nor missed."""
        return np.asarray(self.is_covered & (self.unlinked_because == Unlinked.NO_ALERT.value))

    def where(self, keep: NDArray[np.bool_]) -> Shootings:
        """Some of them."""
        return Shootings(*(getattr(self, f.name)[keep] for f in fields(self)))


_LIVES = """
    WITH chosen AS (
        SELECT * FROM sensors_acousticevent WHERE withdrawn_at IS NULL
            AND occurred_at >= coalesce(%(since)s, '-infinity'::timestamptz)
            AND occurred_at < coalesce(%(until)s, 'infinity'::timestamptz)
    ), response AS (
        SELECT event_id, count(*) AS n, min(dispatched_at) AS dispatched_at,
               min(on_scene_at) AS on_scene_at, sum(officer_minutes) AS officer_minutes,
               min(array_position(%(dispositions)s::varchar[], disposition)) AS disposition,
               min(incident_id) AS incident_id,
               (array_agg(evidence_lon ORDER BY id) FILTER (WHERE evidence_lon IS NOT NULL))[1] AS lon,
               (array_agg(evidence_lat ORDER BY id) FILTER (WHERE evidence_lon IS NOT NULL))[1] AS lat
        FROM incidents_alertresponse WHERE event_id IN (SELECT id FROM chosen) GROUP BY event_id
    ), newest AS (
        SELECT DISTINCT ON (event_id, reviewer_id) event_id, finding, said_kind
        FROM sensors_acousticreview WHERE event_id IN (SELECT id FROM chosen)
        ORDER BY event_id, reviewer_id, reviewed_at DESC, id DESC
    ), first AS (
        SELECT DISTINCT ON (event_id) event_id, said_probability
        FROM sensors_acousticreview WHERE event_id IN (SELECT id FROM chosen)
        ORDER BY event_id, reviewed_at, id
    ), review AS (
        SELECT event_id, count(*) AS n,
               CASE WHEN count(DISTINCT finding) > 1 THEN 'disputed' ELSE min(finding) END AS finding,
               bool_or(CASE WHEN said_kind = 'gunfire' THEN finding IN ('unfounded', 'firework')
                            ELSE finding = 'evidence' END) AS is_override
        FROM newest GROUP BY event_id
    ), shooting AS (
        SELECT event_id, min(incident_id) AS incident_id
        FROM incidents_confirmedshooting WHERE event_id IN (SELECT id FROM chosen) GROUP BY event_id
    )
    SELECT e.id, e.occurred_at, e.lon, e.lat, e.provider, e.kind, e.probability,
           CASE WHEN e.provider = %(own)s THEN extract(epoch FROM e.detected_at - e.occurred_at)::float8
           END, v.finding, v.n, coalesce(v.is_override, false), f.said_probability, r.n,
           extract(epoch FROM r.dispatched_at - e.occurred_at)::float8,
           extract(epoch FROM r.on_scene_at - e.occurred_at)::float8, r.officer_minutes,
           (%(dispositions)s::varchar[])[r.disposition], r.lon, r.lat,
           e.cov_xx_m2, e.cov_xy_m2, e.cov_yy_m2, coalesce(r.incident_id, s.incident_id, -1)
    FROM chosen e
        LEFT JOIN response r ON r.event_id = e.id
        LEFT JOIN review v ON v.event_id = e.id
        LEFT JOIN first f ON f.event_id = e.id
        LEFT JOIN shooting s ON s.event_id = e.id
    ORDER BY e.occurred_at, e.id
    """
_LIFE_DTYPES: list[Any] = [
    np.int64, "M8[us]", float, float, "U32", "U16", float, float, "U16", np.int64, bool, float,
    np.int64, float, float, float, "U16", float, float, float, float, float, np.int64,
]  # fmt: skip
# Strongest first: what one of several responses found is not undone by another that found nothing.
_DISPOSITIONS = [
    str(word)
    for word in (
        AlertResponse.Disposition.EVIDENCE,
        AlertResponse.Disposition.UNFOUNDED,
        AlertResponse.Disposition.UNCONFIRMED,
        AlertResponse.Disposition.UNKNOWN,
    )
]


def alert_lives(
    *,
    occurred_from: dt.datetime | None = None,
    occurred_before: dt.datetime | None = None,
    using: str = "default",
) -> AlertLives:
    """Events with occurred_from <= occurred_at < occurred_before, and what became of each."""
    parameters = {
        "since": occurred_from,
        "until": occurred_before,
        "dispositions": _DISPOSITIONS,
        "own": AcousticEvent.OWN,
    }
    (
        id_, occurred, lon, lat, provider, kind, probability, detected_s, finding, n_reviewers,
        is_override, said, n_responses, dispatched_s, on_scene_s, minutes, disposition,
        evidence_lon, evidence_lat, xx, xy, yy, incident_id,
    ) = _selected(_LIVES, parameters, _LIFE_DTYPES, using=using)  # fmt: skip
    evidence_m, in_ellipse = _against_evidence(lon, lat, evidence_lon, evidence_lat, xx, xy, yy)
    return AlertLives(
        id_, _ns(occurred), lon, lat, provider, kind, probability, detected_s, finding,
        n_reviewers, is_override, said, n_responses, dispatched_s, on_scene_s, minutes,
        disposition, evidence_m, in_ellipse, incident_id,
    )  # fmt: skip


def _against_evidence(
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    evidence_lon: NDArray[np.float64],
    evidence_lat: NDArray[np.float64],
    xx: NDArray[np.float64],
    xy: NDArray[np.float64],
    yy: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.int8]]:
    """Metres to the evidence, and whether it lies in the 95 % ellipse (-1: cannot be said)."""
    if not lon.size:
        return np.empty(0), np.empty(0, np.int8)
    plane = LocalPlane.around(lon, lat)
    x, y = plane.to_xy(lon, lat)
    found_x, found_y = plane.to_xy(evidence_lon, evidence_lat)
    dx, dy = found_x - x, found_y - y
    with np.errstate(divide="ignore", invalid="ignore"):
        d2 = (yy * dx**2 - 2 * xy * dx * dy + xx * dy**2) / (xx * yy - xy**2)
    inside = np.where(np.isfinite(d2), d2 <= CHI2_2_95, -1).astype(np.int8)
    return np.hypot(dx, dy), inside


_SHOOTINGS = """
    SELECT id, occurred_at, lon, lat, is_covered, coalesce(event_id, -1),
           coalesce(incident_id, -1), coalesce(call_id, -1), unlinked_because, n_records
    FROM incidents_confirmedshooting
    WHERE occurred_at >= coalesce(%(since)s, '-infinity'::timestamptz)
      AND occurred_at < coalesce(%(until)s, 'infinity'::timestamptz)
    ORDER BY occurred_at, id
    """


def confirmed_shootings(
    *,
    occurred_from: dt.datetime | None = None,
    occurred_before: dt.datetime | None = None,
    using: str = "default",
) -> Shootings:
    """Confirmed shootings with occurred_from <= occurred_at < occurred_before, alerted or not."""
    dtypes: list[Any] = [
        np.int64, "M8[us]", float, float, bool, np.int64, np.int64, np.int64, "U16", np.int64,
    ]  # fmt: skip
    parameters = {"since": occurred_from, "until": occurred_before}
    columns = _selected(_SHOOTINGS, parameters, dtypes, using=using)
    columns[1] = _ns(columns[1])
    return Shootings(*columns)


def misses(
    *,
    occurred_from: dt.datetime | None = None,
    occurred_before: dt.datetime | None = None,
    using: str = "default",
) -> Shootings:
    """Confirmed shootings inside the array of which no alert came."""
    found = confirmed_shootings(
        occurred_from=occurred_from, occurred_before=occurred_before, using=using
    )
    return found.where(found.is_missed)


def _ns(instants: NDArray[Any]) -> NDArray[np.int64]:
    return instants.astype("M8[ns]").astype(np.int64)


def _selected(
    sql: str, parameters: dict[str, Any], dtypes: list[Any], *, using: str
) -> list[NDArray[Any]]:
    """The rows of a statement as columns."""
    with connections[using].cursor() as cursor:
        cursor.execute(sql, parameters)
        chunks = iter(lambda: cursor.fetchmany(ROWS_AT_ONCE), [])
        return _arrays(chunks, dtypes)


def areas(kind: str) -> list[Area]:
    """Areas of one kind with their parents, by code."""
    return list(Area.objects.filter(kind=kind).select_related("parent").order_by("code"))


def known_sources() -> list[str]:
    """Sources that something was imported from, by name."""
    return list(ImportedFile.objects.order_by("source").values_list("source", flat=True).distinct())


def open_uploads() -> list[int]:
    """Ids of uploads that wait for a worker or may have lost theirs, the oldest first."""
    state = ImportedFile.State
    found = ImportedFile.objects.filter(state__in=[state.WAITING, state.RUNNING], spooled_as__gt="")
    return list(found.order_by("id").values_list("id", flat=True))


def _columns(rows: QuerySet[Any, tuple[Any, ...]], dtypes: list[Any]) -> list[NDArray[Any]]:
    """Tuples to arrays, chunk by chunk; None becomes NaN, 0 or ""."""
    return _arrays(_chunks(rows.iterator(chunk_size=ROWS_AT_ONCE)), dtypes)


def _arrays(chunks: Iterable[list[tuple[Any, ...]]], dtypes: list[Any]) -> list[NDArray[Any]]:
    missing = [_missing(dtype) for dtype in dtypes]
    parts: list[list[NDArray[Any]]] = [[np.empty(0, dtype)] for dtype in dtypes]
    for chunk in chunks:
        for part, values, dtype, none in zip(
            parts, zip(*chunk, strict=True), dtypes, missing, strict=True
        ):
            part.append(np.array([none if v is None else _plain(v) for v in values], dtype))
    return [np.concatenate(part) for part in parts]


def _chunks(rows: Iterator[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    while chunk := list(islice(rows, ROWS_AT_ONCE)):
        yield chunk


def _missing(dtype: Any) -> Any:
    kind = np.dtype(dtype).kind
    return {"f": np.nan, "U": "", "M": np.datetime64("NaT")}.get(kind, 0)


def _plain(value: Any) -> Any:
    """NumPy's instants know no zones; ours are UTC."""
    return value.replace(tzinfo=None) if isinstance(value, dt.datetime) else value
