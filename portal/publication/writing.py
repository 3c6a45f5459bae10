"""Rows into ``release`` and the escrow, at COPY speed, as the publisher."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connections
from django.db.models import Model
from psycopg import sql

from portal.feeds.rows import in_release
from portal.models import (
    PublishedArea,
    PublishedAuditResult,
    PublishedCalibration,
    PublishedCall,
    PublishedCell,
    PublishedCharge,
    PublishedCount,
    PublishedFeedback,
    PublishedFigure,
    PublishedGunfire,
    PublishedIncident,
    PublishedOutcome,
    PublishedPhoto,
    PublishedPlace,
    PublishedStreet,
)
from portal.publication.decisions import Decisions
from portal.publication.disclosure import Tier

# Where the rows of each dataset are; the first table is what readers get as rows.
TABLES: dict[str, tuple[type[Model], ...]] = {
    "areas": (PublishedArea, PublishedStreet),
    "places": (PublishedPlace,),
    "cells": (PublishedCell,),
    "incidents": (PublishedIncident,),
    "gunfire": (PublishedGunfire, PublishedOutcome),
    "calls": (PublishedCall,),
    "feedback": (PublishedFeedback, PublishedPhoto),
    "gunfire-ledger": (PublishedFigure,),
    "gunfire-calibration": (PublishedCalibration,),
    "sensitive-totals": (PublishedCount,),
    "privacy-budget": (PublishedCharge,),
    "privacy-audit": (PublishedAuditResult,),
}

ROW_COLUMNS = (
    "public_id",
    "precision",
    "place_code",
    "cell_code",
    "district_slug",
    "beat_slug",
    "period",
    "starts_at",
    "ends_at",
    "first_release",
)
ESCROW_COLUMNS = (
    "dataset_slug",
    "record_id",
    "public_id",
    "tier",
    "place_code",
    "cell_code",
    "period",
    "follows",
    "first_release",
    "fate",
)


def copy_rows(model: type[Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """COPY rows into a model's table; returns how many."""
    table = sql.SQL(".").join(sql.Identifier(part) for part in table_of(model))
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        table, sql.SQL(", ").join(sql.Identifier(column) for column in columns)
    )
    n = 0
    with connections["publisher"].cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
            n += 1
    return n


def count_rows(dataset: str, number: int) -> int:
    """Rows that readers of a release get; street lines are drawn on maps and are no rows."""
    rows = in_release(TABLES[dataset][0]._default_manager.using("publisher"), number)
    return (rows.exclude(kind="street") if dataset == "areas" else rows).count()


def table_of(model: type[Model]) -> tuple[str, str]:
    """Schema and table; a table without a schema in its name is in the vault."""
    schema, _, table = model._meta.db_table.replace('"', "").rpartition(".")
    return schema or "vault", table


def public_columns(
    decisions: Decisions, ids: Sequence[str], release: int
) -> Iterable[tuple[Any, ...]]:
    """The values of ``ROW_COLUMNS`` of each row."""
    return zip(
        ids,
        decisions.precision,
        decisions.place_code,
        decisions.cell_code,
        decisions.district,
        decisions.beat,
        decisions.period,
        decisions.starts_at,
        decisions.ends_at,
        [release] * len(ids),
        strict=True,
    )


def escrow_columns(
    dataset: str, decisions: Decisions, ids: Sequence[str], release: int
) -> Iterable[tuple[Any, ...]]:
    """The values of ``ESCROW_COLUMNS`` of each row."""
    return zip(
        [dataset] * len(ids),
        decisions.record_id.tolist(),
        ids,
        [Tier(int(tier)).label for tier in decisions.tier],
        decisions.place_code,
        decisions.cell_code,
        decisions.period,
        decisions.follows,
        [release] * len(ids),
        ["published"] * len(ids),
        strict=True,
    )
