"""Incidents, addresses and areas as arrays and lists."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from django.db.models import Q
from numpy.typing import NDArray

from incidents.models import Address, Area, ImportedFile, Incident
from incidents.queries.columns import columns_of


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
    columns = columns_of(rows, dtypes)
    columns[1] = columns[1].astype(np.int64)
    return IncidentArrays(*columns)


def address_arrays() -> AddressArrays:
    """All addresses, in the order of the city's own keys."""
    rows = Address.objects.order_by("source_id").values_list(
        "id", "lon", "lat", "stands_for", "number_from", "number_to", "street", "use",
        "district_id", "beat_id",
    )  # fmt: skip
    dtypes = [np.int64, float, float, *[np.int64] * 3, "U120", "U32", np.int64, np.int64]
    return AddressArrays(*columns_of(rows, dtypes))


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
