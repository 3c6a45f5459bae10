"""The only module that reads the private apps. It hands arrays to the gate and writes nothing.

Everything is read as ``daylight_publisher``, in the transaction of the release that is being built.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from numpy.typing import NDArray

from incidents.models import Address, Area, Incident
from portal.publication.models import Assignment
from sensors.models import AcousticEvent

INCIDENTS, GUNFIRE = "incidents", "gunfire"


@dataclass(frozen=True)
class Table:
    """Columns of equal length, in the order of the first field."""

    def __len__(self) -> int:
        return len(getattr(self, fields(self)[0].name))

    def where(self, keep: NDArray[np.bool_] | NDArray[np.intp]) -> Self:
        return type(self)(**{f.name: getattr(self, f.name)[keep] for f in fields(self)})


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


_OBJECT, _FLOAT, _INT, _BOOL = object, np.float64, np.int64, np.bool_


def _columns(rows: Iterable[tuple[Any, ...]], dtypes: list[Any]) -> list[NDArray[Any]]:
    """Tuples to arrays. None becomes NaN in a float column and '' in a text column."""
    table = list(zip(*rows, strict=True)) or [()] * len(dtypes)
    columns = []
    for values, dtype in zip(table, dtypes, strict=True):
        if dtype is _OBJECT:
            column = np.empty(len(values), object)
            column[:] = ["" if value is None else value for value in values]
        else:
            column = np.array(values, dtype=dtype)
        columns.append(column)
    return columns


def _stream(rows: QuerySet[Any, tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    return rows.iterator(chunk_size=20_000)


def _seconds(rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """The second and third column, instants, as whole UTC seconds."""
    for key, occurred, known, *rest in rows:
        yield (key, int(occurred.timestamp()), int(known.timestamp()), *rest)


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
    dtypes = [_FLOAT, _FLOAT, _INT, _OBJECT, _OBJECT, _OBJECT, _FLOAT, _FLOAT]
    return Addresses(*_columns(_stream(rows), dtypes))


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
    "id": _INT,
    "occurred_from": _INT,
    "first_seen_at": _INT,
    "lon": _FLOAT,
    "lat": _FLOAT,
    "district__slug": _OBJECT,
    "category": _OBJECT,
    "tier": _OBJECT,
    "location_type": _OBJECT,
    "victim_flags": _OBJECT,
    "relationship": _OBJECT,
    "narrative": _OBJECT,
    "address_text": _OBJECT,
    "is_sealed": _BOOL,
}


def _incident_table(rows: QuerySet[Incident]) -> Incidents:
    values = _stream(rows.order_by("id").values_list(*_INCIDENT_COLUMNS))
    return Incidents(*_columns(_seconds(values), list(_INCIDENT_COLUMNS.values())))


def new_incidents(*, before: dt.datetime) -> Incidents:
    """Incidents that happened before an instant and that no release has decided about."""
    rows: QuerySet[Incident] = _unassigned(Incident, INCIDENTS)
    return _incident_table(rows.filter(occurred_from__lt=before))


def published_incidents() -> Incidents:
    """Incidents that are public now, as the vault knows them today: some may have been sealed since."""
    public = Assignment.objects.filter(
        dataset_slug=INCIDENTS, record_id=OuterRef("pk"), fate=Assignment.Fate.PUBLISHED
    )
    return _incident_table(Incident.objects.using("publisher").filter(Exists(public)))


def incidents_between(start: dt.datetime, end: dt.datetime) -> Incidents:
    """Every incident of a span, for the totals of a quarter."""
    rows = Incident.objects.using("publisher").filter(
        occurred_from__gte=start, occurred_from__lt=end
    )
    return _incident_table(rows)


def first_incident_at() -> dt.datetime | None:
    return (
        Incident.objects.using("publisher")
        .order_by("occurred_from")
        .values_list("occurred_from", flat=True)
        .first()
    )


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
    dtypes = [_INT, _INT, _INT, _FLOAT, _FLOAT, _OBJECT, _FLOAT, _FLOAT, _BOOL, _OBJECT]
    return Gunfire(*_columns(_seconds(_stream(rows)), dtypes))


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


def group_members(release: int) -> Incidents:
    """The private rows behind the crimes against people that a release adds, for its verification."""
    added = Assignment.objects.filter(
        dataset_slug=INCIDENTS, record_id=OuterRef("pk"), first_release=release, tier="1"
    )
    return _incident_table(Incident.objects.using("publisher").filter(Exists(added)))
