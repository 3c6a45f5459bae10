"""What readers see of each row that is public now: two schemas, joined by the escrow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from portal.publication.disclosure import Rules, Seen
from portal.publication.sources import (
    BOOL,
    CALLS,
    FLOAT,
    INCIDENTS,
    INT,
    OBJECT,
    SECONDS,
    Table,
    columns_of,
    select,
)
from sensors.geodesy import LocalPlane

MOST_LOSSES = 3  # a place that lost more rows is as one that lost so many


@dataclass(frozen=True)
class PublicRows(Table):
    """Rows that are public now, by public id, as everybody sees them.

    tier: published label; starts_s: start of the period, UTC; face: where and when each is said to be;
    spot_lon, spot_lat: middle of its place or cell, NaN where it has none; n_lost: rows that left there before;
    is_unseen: only editions that were withdrawn had it; is_followed: another public row is of its event.
    """

    record_id: NDArray[np.int64]
    tier: NDArray[np.object_]
    category: NDArray[np.object_]
    starts_s: NDArray[np.int64]
    face: NDArray[np.object_]
    spot_lon: NDArray[np.float64]
    spot_lat: NDArray[np.float64]
    n_lost: NDArray[np.int64]
    is_unseen: NDArray[np.bool_]
    is_followed: NDArray[np.bool_]

    def seen(self, kind: NDArray[np.int64], plane: LocalPlane, *more: NDArray[np.bool_]) -> Seen:
        """As numbers. kind: see :class:`Seen`; more: what else tells rows apart."""
        category, face = (
            np.unique(column.astype(str), return_inverse=True)[1]
            for column in (self.category, self.face)
        )
        mark = np.minimum(self.n_lost, MOST_LOSSES)
        for told in (self.is_unseen, self.is_followed, *more):
            mark = 2 * mark + told
        spot = np.column_stack(plane.to_xy(self.spot_lon, self.spot_lat))
        return Seen(kind, category, self.starts_s, mark, face, spot)

    def cover_of(
        self, removed: NDArray[np.int64], cover: NDArray[np.int64], rules: Rules
    ) -> NDArray[np.int64]:
        """The cover, and where withdrawn editions added too few of a tier to hide one, all the others.

        Whoever kept it sees which of its rows never come again.
        """
        for tier in np.unique(self.tier[removed].astype(str)):
            unseen = np.flatnonzero(self.is_unseen & (self.tier == tier))
            others = np.setdiff1d(unseen, removed)
            if others.size < rules.covers_per_removal * (unseen.size - others.size):
                cover = np.union1d(cover, others)
        return cover


@dataclass(frozen=True)
class PublicIncidents(PublicRows):
    """occurred_s, lon, lat: where and when it was, NaN where it is gone."""

    occurred_s: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]


@dataclass(frozen=True)
class PublicCalls(PublicRows):
    """follows: public id of the row whose place and time each has, '' none."""

    public_id: NDArray[np.object_]
    follows: NDArray[np.object_]


# Where and when a public row r is said to be, as one text; the middle of its place or cell.
FACE: Final = "concat_ws(' ', r.place_code, r.cell_code, r.district_slug, r.period)"
SPOT: Final = "coalesce(p.lon, q.lon), coalesce(p.lat, q.lat)"
ITS_SPOT: Final = (
    "LEFT JOIN release.place p ON p.code = r.place_code "
    "LEFT JOIN release.cell q ON q.code = r.cell_code"
)
# Public rows r and their escrow a; two parameters, both the dataset's slug.
_ROWS: Final = (
    f"SELECT a.record_id, a.tier, r.category, r.starts_at, {FACE}, {SPOT}, coalesce(l.n, 0), "  # noqa: S608 - our own text
    "r.first_release > (SELECT coalesce(max(e.number), 0) FROM release.release e "
    "JOIN release.dataset d ON d.id = e.dataset_id WHERE d.slug = %s AND e.state = 'active'), "
    "f.follows IS NOT NULL, {more} "
    f"FROM vault.publication_assignment a JOIN release.{{table}} r USING (public_id) {ITS_SPOT} "
    "LEFT JOIN (SELECT place_code, cell_code, district_slug, count(*) AS n FROM release.{table} "
    "WHERE retired_release IS NOT NULL GROUP BY 1, 2, 3) l "
    "ON (l.place_code, l.cell_code, l.district_slug) = (r.place_code, r.cell_code, r.district_slug) "
    "LEFT JOIN (SELECT DISTINCT follows FROM vault.publication_assignment WHERE fate = 'published') f "
    "ON f.follows = a.public_id {joined}"
    "WHERE a.dataset_slug = %s AND a.fate = 'published' ORDER BY public_id"
)
_DTYPES: Final = [INT, OBJECT, OBJECT, SECONDS, OBJECT, FLOAT, FLOAT, INT, BOOL, BOOL]


def public_incidents() -> PublicIncidents:
    rows = select(
        _ROWS.format(
            table="incident",
            more="coalesce(i.occurred_from, r.starts_at), i.lon, i.lat",
            joined="LEFT JOIN vault.incidents_incident i ON i.id = a.record_id ",
        ),
        INCIDENTS,
        INCIDENTS,
    )
    dtypes = [*_DTYPES, SECONDS, FLOAT, FLOAT]
    return PublicIncidents.joined([PublicIncidents(*columns_of(chunk, dtypes)) for chunk in rows])


def public_calls() -> PublicCalls:
    rows = select(
        _ROWS.format(table="call", more="a.public_id, a.follows", joined=""), CALLS, CALLS
    )
    dtypes = [*_DTYPES, OBJECT, OBJECT]
    return PublicCalls.joined([PublicCalls(*columns_of(chunk, dtypes)) for chunk in rows])
