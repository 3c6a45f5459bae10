"""With the other ``*_sources`` the only module that reads the private apps. It hands arrays to the gate and writes nothing.

Everything is read as ``daylight_publisher``, in the transaction of the release that is being built.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import islice
from typing import Any, Final, Self, TypeVar

import numpy as np
from django.db import connections
from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from numpy.typing import NDArray

from incidents.codes import CATEGORIES
from incidents.models import Address, Area, Incident
from portal.publication.models import Assignment
from sensors.models import AcousticEvent

INCIDENTS, GUNFIRE, CALLS = "incidents", "gunfire", "calls"
# The vocabulary's word on each category: no record of it may be handled with less care.
LEAST_TIER: Final = {slug: category.tier for slug, category in CATEGORIES.items()}
# In which of the four groups the incidents of a sensitive category are counted.
SENSITIVE_GROUP: Final = {
    slug: category.group for slug, category in CATEGORIES.items() if category.tier == "2"
}


@dataclass(frozen=True)
class Table:
    """Columns of equal length, in the order of the first field."""

    def __len__(self) -> int:
        return len(getattr(self, fields(self)[0].name))

    def where(self, keep: NDArray[np.bool_] | NDArray[np.intp]) -> Self:
        return type(self)(**{f.name: getattr(self, f.name)[keep] for f in fields(self)})

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """One table after the other; at least one."""
        names = [f.name for f in fields(cls)]
        return cls(**{name: np.concatenate([getattr(p, name) for p in parts]) for name in names})


@dataclass(frozen=True)
class Addresses(Table):
    """Public addresses. lon, lat: degrees; stands_for: addresses; district, beat: slugs ('' outside)."""

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    stands_for: NDArray[np.int64]
    district: NDArray[np.object_]
    beat: NDArray[np.object_]
    street: NDArray[np.object_]
    number_from: NDArray[np.float64]
    number_to: NDArray[np.float64]


@dataclass(frozen=True)
class AreaRow:
    """An area as the gate needs it."""

    slug: str
    kind: str
    code: str
    name: str
    parent_slug: str
    geometry: dict[str, Any]
    population: int | None


@dataclass(frozen=True)
class Incidents(Table):
    """Private incidents. lon, lat: degrees or NaN; occurred_s, known_s (first learnt): UTC seconds since 1970;
    texts: str ('' missing)."""

    record_id: NDArray[np.int64]
    occurred_s: NDArray[np.int64]
    known_s: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    district: NDArray[np.object_]
    category: NDArray[np.object_]
    code_tier: NDArray[np.object_]
    location_type: NDArray[np.object_]
    victim_flags: NDArray[np.object_]
    relationship: NDArray[np.object_]
    narrative: NDArray[np.object_]
    address_text: NDArray[np.object_]
    is_sealed: NDArray[np.bool_]


@dataclass(frozen=True)
class Located(Table):
    """Something that has a place and a time. occurred_s: UTC seconds; lon, lat: degrees or NaN."""

    record_id: NDArray[np.int64]
    occurred_s: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]


@dataclass(frozen=True)
class Gunfire(Table):
    """Acoustic events. occurred_s, known_s (detected): UTC seconds; probability, n_shots: NaN where not given."""

    record_id: NDArray[np.int64]
    occurred_s: NDArray[np.int64]
    known_s: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    kind: NDArray[np.object_]
    probability: NDArray[np.float64]
    n_shots: NDArray[np.float64]
    is_multiple: NDArray[np.bool_]
    provider: NDArray[np.object_]


@dataclass(frozen=True)
class Nearby(Table):
    """Records with a point, and how each is public; tier: '' where it is not, and then so is the rest.

    public_id: of the public row; occurred_s: of the record, or of its report.
    """

    record_id: NDArray[np.int64]
    occurred_s: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    tier: NDArray[np.object_]
    precision: NDArray[np.object_]
    place_code: NDArray[np.object_]
    cell_code: NDArray[np.object_]
    district: NDArray[np.object_]
    beat: NDArray[np.object_]
    period: NDArray[np.object_]
    starts_at: NDArray[np.object_]
    ends_at: NDArray[np.object_]
    public_id: NDArray[np.object_]


@dataclass(frozen=True)
class Assigned(Table):
    """What a release decided, from the escrow. tier: its label; cell_code, period: '' where none."""

    record_id: NDArray[np.int64]
    tier: NDArray[np.object_]
    cell_code: NDArray[np.object_]
    period: NDArray[np.object_]


OBJECT, FLOAT, INT, BOOL = object, np.float64, np.int64, np.bool_
SECONDS = np.datetime64  # an instant, to be held as whole UTC seconds
# Tuples are ten times the size of the arrays made of them: so many at once, and no more.
CHUNK = 50_000
T = TypeVar("T", bound=Table)


def _chunks(
    rows: QuerySet[Any, tuple[Any, ...]], table: type[T], dtypes: Iterable[Any]
) -> Iterator[T]:
    """The rows as one table after the other, so that memory does not grow with the city; at least one."""
    stream, wanted = rows.iterator(chunk_size=20_000), list(dtypes)
    while True:
        tuples = list(islice(stream, CHUNK))
        yield table(*columns_of(tuples, wanted))
        if len(tuples) < CHUNK:
            return


def columns_of(rows: list[tuple[Any, ...]], dtypes: list[Any]) -> list[NDArray[Any]]:
    """Tuples to arrays. None becomes NaN in a float column and '' in a text column."""
    table = list(zip(*rows, strict=True)) or [()] * len(dtypes)
    return [_column(values, dtype) for values, dtype in zip(table, dtypes, strict=True)]


def _column(values: tuple[Any, ...], dtype: Any) -> NDArray[Any]:
    if dtype is SECONDS:
        return np.fromiter((int(at.timestamp()) for at in values), np.int64, count=len(values))
    if dtype is not OBJECT:
        return np.array(values, dtype=dtype)
    once: dict[str, str] = {}  # a word that is repeated in a thousand rows is kept once
    column = np.empty(len(values), object)
    column[:] = ["" if value is None else once.setdefault(value, value) for value in values]
    return column


def _unassigned(model: type[Model], dataset: str) -> QuerySet[Any]:
    """Rows that no release has decided about yet."""
    decided = Assignment.objects.filter(dataset_slug=dataset, record_id=OuterRef("pk"))
    return model._default_manager.using("publisher").filter(~Exists(decided))


def addresses() -> Addresses:
    """All public addresses, ordered by the city's own key so that a rebuild gives the same partition."""
    rows = (
        Address.objects.using("publisher")
        .order_by("source_id")
        .values_list(
            "lon",
            "lat",
            "stands_for",
            "district__slug",
            "beat__slug",
            "street",
            "number_from",
            "number_to",
        )
    )
    dtypes = [FLOAT, FLOAT, INT, OBJECT, OBJECT, OBJECT, FLOAT, FLOAT]
    return Addresses.joined(list(_chunks(rows, Addresses, dtypes)))


def has_addresses() -> bool:
    """Whether the city supplied the addresses from which the public map is made."""
    return Address.objects.using("publisher").exists()


def areas() -> list[AreaRow]:
    """City, districts, beats, neighbourhoods, parks, water and street lines; blocks stay inside."""
    rows = (
        Area.objects.using("publisher")
        .exclude(kind=Area.Kind.BLOCK)
        .order_by("kind", "slug")
        .values_list("slug", "kind", "code", "name", "parent__slug", "geometry", "population")
    )
    return [AreaRow(*row[:4], row[4] or "", *row[5:]) for row in rows]


_INCIDENT_COLUMNS = {
    "id": INT,
    "occurred_from": SECONDS,
    "first_seen_at": SECONDS,
    "lon": FLOAT,
    "lat": FLOAT,
    "district__slug": OBJECT,
    "category": OBJECT,
    "tier": OBJECT,
    "location_type": OBJECT,
    "victim_flags": OBJECT,
    "relationship": OBJECT,
    "narrative": OBJECT,
    "address_text": OBJECT,
    "is_sealed": BOOL,
}


def _incident_tables(rows: QuerySet[Incident]) -> Iterator[Incidents]:
    values = rows.order_by("id").values_list(*_INCIDENT_COLUMNS)
    return _chunks(values, Incidents, _INCIDENT_COLUMNS.values())


def new_incidents(*, before: dt.datetime) -> Iterator[Incidents]:
    """Incidents that happened before an instant and that no release has decided about."""
    rows: QuerySet[Incident] = _unassigned(Incident, INCIDENTS)
    return _incident_tables(rows.filter(occurred_from__lt=before))


def published_incidents() -> Iterator[Incidents]:
    """Incidents that are public now, as the vault knows them today: some may have been sealed since."""
    public = Assignment.objects.filter(
        dataset_slug=INCIDENTS, record_id=OuterRef("pk"), fate=Assignment.Fate.PUBLISHED
    )
    return _incident_tables(Incident.objects.using("publisher").filter(Exists(public)))


# A record i as the vault knows it and as it is public; one parameter, the dataset's slug.
FACES: Final = (
    "SELECT i.id, i.occurred_from, i.lon, i.lat, a.tier, r.precision, r.place_code, r.cell_code, "
    "r.district_slug, r.beat_slug, r.period, r.starts_at, r.ends_at, a.public_id{more} "
    "FROM {table} LEFT JOIN vault.publication_assignment a "
    "ON a.dataset_slug = %s AND a.record_id = i.id AND a.fate = 'published' "
    "LEFT JOIN release.{public} r USING (public_id) "
)
FACE_DTYPES: Final = [INT, SECONDS, FLOAT, FLOAT, *[OBJECT] * 10]


def nearby_incidents(start_s: int, end_s: int) -> Iterator[Nearby]:
    """Every incident with a point that happened within a span (UTC seconds), and its public face."""
    rows = select(
        FACES.format(more="", table="vault.incidents_incident i", public="incident")
        + "WHERE i.occurred_from BETWEEN to_timestamp(%s) AND to_timestamp(%s) AND i.lon IS NOT NULL",
        INCIDENTS,
        start_s,
        end_s,
    )
    return (Nearby(*columns_of(chunk, FACE_DTYPES)) for chunk in rows)


def select(statement: str, *parameters: Any) -> Iterator[list[tuple[Any, ...]]]:
    """The rows of a query in chunks; at least one chunk."""
    with connections["publisher"].cursor() as cursor:
        cursor.execute(statement, parameters)
        while True:
            rows = cursor.fetchmany(CHUNK)
            yield rows
            if len(rows) < CHUNK:
                return


def incidents_between(start: dt.datetime, end: dt.datetime) -> Iterator[Incidents]:
    """Every incident of a span, for the totals of a quarter."""
    rows = Incident.objects.using("publisher").filter(
        occurred_from__gte=start, occurred_from__lt=end
    )
    return _incident_tables(rows)


def every_incident() -> Iterator[Incidents]:
    """Every incident, as the vault knows it today."""
    return _incident_tables(Incident.objects.using("publisher").all())


def new_gunfire(*, before: dt.datetime) -> Gunfire:
    """Events before an instant, still standing, likelier gunfire than not, not decided about."""
    names = (
        "id",
        "occurred_at",
        "detected_at",
        "lon",
        "lat",
        "kind",
        "probability",
        "n_shots",
        "is_multiple",
        "provider",
    )
    rows = (
        _unassigned(AcousticEvent, GUNFIRE)
        .filter(Q(kind=AcousticEvent.Kind.GUNFIRE) | ~Q(provider=AcousticEvent.OWN))
        .filter(occurred_at__lt=before, withdrawn_at__isnull=True)
        .order_by("id")
        .values_list(*names)
    )
    dtypes = [INT, SECONDS, SECONDS, FLOAT, FLOAT, OBJECT, FLOAT, FLOAT, BOOL, OBJECT]
    return Gunfire.joined(list(_chunks(rows, Gunfire, dtypes)))


def gone_incidents() -> NDArray[np.int64]:
    """Record ids that are public now although the private row no longer exists."""
    return _public_without(Incident.objects.using("publisher"), INCIDENTS)


def gone_gunfire() -> NDArray[np.int64]:
    """Record ids that are public now although the row is gone or the detector, run again, no longer finds it."""
    standing = AcousticEvent.objects.using("publisher").filter(withdrawn_at__isnull=True)
    return _public_without(standing, GUNFIRE)


def _public_without(standing: QuerySet[Any], dataset: str) -> NDArray[np.int64]:
    there = standing.filter(pk=OuterRef("record_id"))
    public = Assignment.objects.using("publisher").filter(
        ~Exists(there), dataset_slug=dataset, fate=Assignment.Fate.PUBLISHED
    )
    return np.array(sorted(public.values_list("record_id", flat=True)), dtype=np.int64)


def added_incidents(release: int) -> Iterator[Incidents]:
    """The private rows behind what a release adds, as the vault knows them now, for its verification."""
    added = Assignment.objects.filter(
        dataset_slug=INCIDENTS, record_id=OuterRef("pk"), first_release=release
    )
    return _incident_tables(Incident.objects.using("publisher").filter(Exists(added)))


def added_assignments(dataset: str, release: int) -> Assigned:
    """What a release decided about the rows that it adds, by record id."""
    rows = (
        Assignment.objects.using("publisher")
        .filter(dataset_slug=dataset, first_release=release)
        .order_by("record_id")
        .values_list("record_id", "tier", "cell_code", "period")
    )
    return Assigned.joined(list(_chunks(rows, Assigned, [INT, OBJECT, OBJECT, OBJECT])))
