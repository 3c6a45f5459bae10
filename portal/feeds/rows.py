"""The rows of a dataset in one release: the single place that every format, page and API reads.

Read as ``daylight_public`` from the schema ``release``; ordered by public id or code, so that the
order tells nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet

from portal.models import (
    PublishedArea,
    PublishedCalibration,
    PublishedCell,
    PublishedCount,
    PublishedFigure,
    PublishedGunfire,
    PublishedIncident,
    PublishedOutcome,
    PublishedPlace,
    PublishedRow,
    Release,
)

Row = dict[str, Any]
Geometry = dict[str, Any] | None
Found = tuple[Row, Geometry]
M = TypeVar("M", bound=Model)

# How many rows a cursor of the database hands over at once: memory stays flat for any city.
CHUNK = 5_000


def in_release(rows: QuerySet[M], number: int) -> QuerySet[M]:
    """Those that were public in release ``number``: added by then and not yet retired."""
    return rows.filter(
        Q(retired_release__isnull=True) | Q(retired_release__gt=number), first_release__lte=number
    )


def rows_of(release: Release, *, first: int | None = None) -> Iterator[Found]:
    """Every row of a release, or the first few, with its footprint (None where no place is given)."""
    yield from READERS[release.dataset.slug](release.number, first)


def _incidents(number: int, first: int | None) -> Iterator[Found]:
    for found, row in _placed(PublishedIncident.objects.all(), number, first):
        yield {"public_id": row.public_id, "category": row.category, **found[0]}, found[1]


def _gunfire(number: int, first: int | None) -> Iterator[Found]:
    told = in_release(PublishedOutcome.objects.all(), number)
    outcomes = dict(told.values_list("public_id", "outcome")) if first is None else None
    for found, row in _placed(PublishedGunfire.objects.all(), number, first):
        own = {
            "public_id": row.public_id,
            "kind": row.kind,
            "rounds": row.rounds,
            "confidence_pct": row.confidence_pct,
            "provider": row.provider,
            "outcome": outcome_in(told, row) if outcomes is None else outcomes.get(row.public_id),
        }
        yield {**own, **found[0]}, found[1]


def outcome_in(told: QuerySet[PublishedOutcome], row: PublishedGunfire) -> str | None:
    return told.filter(public_id=row.public_id).values_list("outcome", flat=True).first()


R = TypeVar("R", bound=PublishedRow)


def _placed(rows: QuerySet[R], number: int, first: int | None) -> Iterator[tuple[Found, R]]:
    """The part that all records share: when, where, and the footprint."""
    wanted = in_release(rows, number).order_by("public_id")[:first]
    all_places, all_cells = PublishedPlace.objects.all(), PublishedCell.objects.all()
    if first is not None:
        all_places = all_places.filter(code__in=[row.place_code for row in wanted])
        all_cells = all_cells.filter(code__in=[row.cell_code for row in wanted])
    places = {place.code: place for place in all_places}
    cells = {cell.code: cell for cell in all_cells}
    for row in wanted.iterator(chunk_size=CHUNK):
        place, cell = places.get(row.place_code), cells.get(row.cell_code)
        lon = lat = stands_for = footprint = None
        if place is not None:
            lon, lat, stands_for = place.lon, place.lat, place.stands_for_addresses
            footprint = place.footprint
        elif cell is not None:
            lon, lat = middle(cell.footprint)
            stands_for, footprint = cell.n_addresses, cell.footprint
        shared = {
            "period": row.period,
            "starts_at": row.starts_at,
            "ends_at": row.ends_at,
            "precision": row.precision,
            "place_code": row.place_code or None,
            "cell_code": row.cell_code or None,
            "district": row.district_slug or None,
            "beat": row.beat_slug or None,
            "longitude": lon,
            "latitude": lat,
            "stands_for_addresses": stands_for,
        }
        yield (shared, footprint), row


def _sensitive_totals(number: int, first: int | None) -> Iterator[Found]:
    rows = in_release(PublishedCount.objects.all(), number)
    for row in rows.order_by("quarter", "district_slug", "category_group")[:first]:
        yield (
            {
                "district": row.district_slug or None,
                "quarter": row.quarter,
                "category_group": row.category_group,
                "count": max(row.noisy_count, 0),
                "epsilon": row.epsilon,
            },
            None,
        )


def _figures(number: int, first: int | None) -> Iterator[Found]:
    rows = in_release(PublishedFigure.objects.all(), number)
    for row in rows.order_by("period", "district_slug", "measure")[:first]:
        yield (
            {
                "period": row.period,
                "district": row.district_slug or None,
                "measure": row.measure,
                "unit": row.unit,
                "status": row.status,
                "value": row.value,
                "low": row.low,
                "high": row.high,
                "count": row.count,
                "n": row.n,
            },
            None,
        )


def _calibration(number: int, first: int | None) -> Iterator[Found]:
    rows = in_release(PublishedCalibration.objects.all(), number)
    columns = [field.name for field in PublishedCalibration._meta.concrete_fields]
    internal = {"id", "first_release", "retired_release"}
    for row in rows.order_by("period", "stated_from_pct")[:first]:
        yield {name: getattr(row, name) for name in columns if name not in internal}, None


def _places(number: int, first: int | None) -> Iterator[Found]:
    for row in in_release(PublishedPlace.objects.all(), number).order_by("code")[:first]:
        yield (
            {
                "place_code": row.code,
                "longitude": row.lon,
                "latitude": row.lat,
                "stands_for_addresses": row.stands_for_addresses,
                "max_displacement_m": row.max_displacement_m,
                "district": row.district_slug,
                "beat": row.beat_slug or None,
            },
            row.footprint,
        )


def _cells(number: int, first: int | None) -> Iterator[Found]:
    for row in in_release(PublishedCell.objects.all(), number).order_by("code")[:first]:
        yield (
            {
                "cell_code": row.code,
                "parent_code": row.parent_code or None,
                "level": row.level,
                "district": row.district_slug or None,
                "n_addresses": row.n_addresses,
            },
            row.footprint,
        )


def _areas(number: int, first: int | None) -> Iterator[Found]:
    rows = in_release(PublishedArea.objects.exclude(kind="street"), number)
    for row in rows.order_by("slug")[:first]:
        yield (
            {
                "slug": row.slug,
                "kind": row.kind,
                "code": row.code,
                "name": row.name,
                "parent": row.parent_slug or None,
                "n_addresses": row.n_addresses,
                "population": row.population,
            },
            row.geometry,
        )


def middle(footprint: dict[str, Any]) -> tuple[float, float]:
    """The middle of a polygon's bounding box: a label point that depends on public borders alone."""
    polygons = footprint["coordinates"]
    if footprint["type"] == "Polygon":
        polygons = [polygons]
    points = [point for polygon in polygons for point in polygon[0]]
    lons, lats = [p[0] for p in points], [p[1] for p in points]
    return round((min(lons) + max(lons)) / 2, 6), round((min(lats) + max(lats)) / 2, 6)


READERS: dict[str, Callable[[int, int | None], Iterator[Found]]] = {
    "incidents": _incidents,
    "gunfire": _gunfire,
    "gunfire-ledger": _figures,
    "gunfire-calibration": _calibration,
    "sensitive-totals": _sensitive_totals,
    "places": _places,
    "cells": _cells,
    "areas": _areas,
}
