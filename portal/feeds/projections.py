"""What each column of each dataset is, as SQL over the schema ``release``: the one place that files, pages and APIs read from.

A projection names public columns alone, so that nothing else can be selected, filtered or sorted by.
``%(release)s`` stands for the number of the release that is read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from portal.feeds.specs import DatasetSpec


@dataclass(frozen=True)
class Projection:
    """SQL of one dataset. columns: in the dictionary's order; order: of the files, unique, telling nothing."""

    table: str  # with its alias, which is r
    columns: dict[str, str]
    order: tuple[str, ...]
    joins: str = ""
    where: str = ""
    footprint: str = "NULL::jsonb"
    # The same for files, where a footprint stands in many rows: its name in each, and all of them once.
    shape: str = "NULL::text"
    shapes: str = ""  # a statement that gives name and GeoJSON
    # The last columns where they follow from the shape alone, and every shape once, as a row of nothing else.
    of_shape: tuple[str, ...] = ()
    each_shape: str = ""
    key: str = ""  # the column that is unique in the table, whatever the release; '' where none is
    in_order: str = ""  # the place's code as the indexes by time have it; '' where they have none
    is_monthly: bool = False  # rows have a period, and files come by the month in which it starts

    def select(self, what: str, *, where: str = "", order: str = "", limit: str = "") -> str:
        """A statement over the rows that were public in release ``%(release)s``: added by then, not yet retired."""
        conditions = [public("r"), *(part for part in (self.where, where) if part)]
        # A table that nothing is taken from still keeps the planner from counting in an index alone.
        said = f"{what} {where} {order}"
        is_used = any(re.search(rf"\b{name}\.", said) for name in _ALIAS.findall(self.joins))
        joins = self.joins if is_used else ""
        parts = [
            f"SELECT {what} FROM {self.table} {joins} WHERE {' AND '.join(conditions)}",  # noqa: S608 - our own text
            f"ORDER BY {order}" if order else "",
            f"LIMIT {limit}" if limit else "",
        ]
        return " ".join(part for part in parts if part)

    def page(
        self, what: str, *, where: str, order: str, limit: str, counted: str | None = None
    ) -> str:
        """A statement over the first of those rows: what else is said of them is looked up for these alone.

        counted: a condition; the last column is the number of all rows that meet it.
        """
        first = self.select("r.*", where=where, order=order, limit=limit)
        total = f", ({self.select('count(*)', where=counted)})" if counted is not None else ""
        return f"SELECT {what}{total} FROM ({first}) AS r {self.joins} ORDER BY {order}"  # noqa: S608 - our own text

    def page_of_few(
        self, what: str, *, where: str, order: str, limit: str, is_whole: bool = False
    ) -> str:
        """The same where all rows are found for their number's sake: it is the last column.

        An index tells which they are, and those of the page are looked up. is_whole: each is read as it is
        found, which is less work where the page shows most of them.
        """
        found = f"{'r.*' if is_whole else f'r.{self.key}'}, count(*) OVER () AS n_meant"
        first = self.select(found, where=where, order=order, limit=limit)
        looked_up = f"({first}) AS found JOIN {self.table} USING ({self.key})"
        rows = f"({first}) AS r" if is_whole else looked_up
        return f"SELECT {what}, n_meant FROM {rows} {self.joins} ORDER BY {order}"  # noqa: S608 - our own text

    @property
    def changes_beside(self) -> bool:
        """Whether some columns stand in rows of other tables, which come and go while the row stays."""
        return ".retired_release" in " ".join([self.joins, *self.columns.values()])

    @property
    def file_order(self) -> str:
        return ", ".join(self.order)

    def bare(self, column: str) -> str:
        """A column as it is stored, for an index to help: '' where nothing is said."""
        found = _OR_NULL.fullmatch(self.columns[column])
        return found[1] if found else self.columns[column]

    def wire(self, spec: DatasetSpec) -> dict[str, str]:
        """Each column as it goes into text: instants in UTC with a Z, as in every file."""
        return {
            field.name: _instant(self.columns[field.name])
            if field.type == "datetime"
            else self.columns[field.name]
            for field in spec.fields
        }


def public(alias: str) -> str:
    """The condition under which a row is public in release ``%(release)s``."""
    return (
        f"{alias}.first_release <= %(release)s AND "
        f"({alias}.retired_release IS NULL OR {alias}.retired_release > %(release)s)"
    )


def _instant(column: str) -> str:
    return f"""to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""


_ALIAS: Final = re.compile(r"JOIN \S+ (\w+) ON")
_OR_NULL: Final = re.compile(r"nullif\((.+), ''\)")


def _or_null(column: str) -> str:
    """Nothing said is null, in every format."""
    return f"nullif({column}, '')"


_WHEN: Final = {name: f"r.{name}" for name in ("period", "starts_at", "ends_at")}
_WHERE: Final = {
    "precision": "r.precision",
    "place_code": _or_null("r.place_code"),
    "cell_code": _or_null("r.cell_code"),
    "district": _or_null("r.district_slug"),
    "beat": _or_null("r.beat_slug"),
    "longitude": "coalesce(p.lon, c.lon)",
    "latitude": "coalesce(p.lat, c.lat)",
    "stands_for_addresses": "coalesce(p.stands_for_addresses, c.n_addresses)",
}
_PLACE_IN_ORDER: Final = "(r.place_code || '')"  # see portal.models.records
# Places and cells are never changed, so their codes need no release.
_SHAPES: Final = (
    "LEFT JOIN release.place p ON p.code = r.place_code AND r.place_code <> '' "
    "LEFT JOIN release.cell c ON c.code = r.cell_code AND r.cell_code <> ''"
)
_SHAPE_NAME: Final = (
    "CASE WHEN r.place_code <> '' THEN 'place ' || r.place_code "
    "WHEN r.cell_code <> '' THEN 'cell ' || r.cell_code END"
)
_OF_SHAPE: Final = ("longitude", "latitude", "stands_for_addresses")
_EACH_SHAPE: Final = (
    "(SELECT code AS place_code, '' AS cell_code FROM release.place "  # noqa: S608 - our own text
    f"UNION ALL SELECT '', code FROM release.cell UNION ALL SELECT '', '') AS r {_SHAPES}"
)
_SHAPES_BY_NAME: Final = (
    "SELECT 'place ' || code, footprint::text FROM release.place "
    "UNION ALL SELECT 'cell ' || code, footprint::text FROM release.cell"
)


def _records(table: str, own: dict[str, str], *, joins: str = "", in_order: str = "") -> Projection:
    """A dataset of records that have a place and a period; sorted by random id, so that the order tells nothing."""
    return Projection(
        table=f"release.{table} r",
        columns={"public_id": "r.public_id", **own, **_WHEN, **_WHERE},
        order=("r.public_id",),
        joins=f"{_SHAPES} {joins}".rstrip(),
        footprint="coalesce(p.footprint, c.footprint)",
        shape=_SHAPE_NAME,
        shapes=_SHAPES_BY_NAME,
        of_shape=_OF_SHAPE,
        each_shape=_EACH_SHAPE,
        key="public_id",
        in_order=in_order,
        is_monthly=True,
    )


def _plain(names: str) -> dict[str, str]:
    return {name: f"r.{name}" for name in names.split()}


PROJECTIONS: Final[dict[str, Projection]] = {
    "incidents": _records("incident", {"category": "r.category"}, in_order=_PLACE_IN_ORDER),
    "gunfire": _records(
        "gunfire",
        {**_plain("kind rounds confidence_pct provider"), "outcome": "o.outcome"},
        joins=f"LEFT JOIN release.gunfire_outcome o ON o.public_id = r.public_id AND {public('o')}",
    ),
    "calls": _records("call", {"category": "r.category"}, in_order=_PLACE_IN_ORDER),
    "feedback": Projection(
        table="release.feedback r",
        columns={
            "public_id": "r.public_id",
            **_WHEN,
            "district": _or_null("r.district_slug"),
            **_plain("kind topic"),
            "text": _or_null("r.text"),
            "answer": _or_null("r.answer"),
            "answer_days": "r.answer_days",
            "about_public_id": _or_null("r.about_public_id"),
            "photos": "(SELECT string_agg('/data/feedback/photos/' || shown.public_id || '.jpg', ' ' "  # noqa: S608
            "ORDER BY shown.public_id) FROM release.feedback_photo shown "
            f"WHERE shown.feedback_public_id = r.public_id AND {public('shown')})",
        },
        order=("r.public_id",),
        key="public_id",
        is_monthly=True,
    ),
    "gunfire-ledger": Projection(
        table="release.gunfire_figure r",
        columns={
            "period": "r.period",
            "district": _or_null("r.district_slug"),
            **_plain("measure unit status value low high count n"),
        },
        order=("r.period", "r.district_slug", "r.measure"),
    ),
    "gunfire-calibration": Projection(
        table="release.gunfire_calibration r",
        columns=_plain(
            "period stated_from_pct stated_to_pct stated_pct n n_evidence n_unconfirmed observed_pct low_pct high_pct"
        ),
        order=("r.period", "r.stated_from_pct"),
    ),
    "sensitive-totals": Projection(
        table="release.sensitive_count r",
        columns={
            **_plain("statistic period"),
            "district": _or_null("r.district_slug"),
            "category_group": "r.category_group",
            "count": "greatest(r.noisy_count, 0)",
            **_plain("low high epsilon"),
        },
        order=("r.period", "r.statistic", "r.district_slug", "r.category_group"),
    ),
    "privacy-budget": Projection(
        table="release.privacy_charge r",
        columns={
            **_plain("statistic period"),
            "unit": "'one incident'::text",
            **_plain("epsilon share spent lifetime"),
        },
        order=("r.period", "r.statistic"),
    ),
    "privacy-audit": Projection(
        table="release.audit_result r",
        columns={
            **_plain("audited_dataset audited_release attack"),
            "subject": _or_null("r.subject"),
            "measured": "r.measured",
            "threshold": "r.limit",
            "direction": _or_null("r.direction"),
            **_plain("n status"),
        },
        order=("r.audited_dataset", "r.audited_release", "r.attack", "r.subject"),
    ),
    "places": Projection(
        table="release.place r",
        columns={
            "place_code": "r.code",
            "longitude": "r.lon",
            "latitude": "r.lat",
            **_plain("stands_for_addresses max_displacement_m"),
            "district": _or_null("r.district_slug"),
            "beat": _or_null("r.beat_slug"),
        },
        order=("r.code",),
        footprint="r.footprint",
        shape="r.code",
        shapes="SELECT code, footprint::text FROM release.place",
    ),
    "cells": Projection(
        table="release.cell r",
        columns={
            "cell_code": "r.code",
            "parent_code": _or_null("r.parent_code"),
            "level": "r.level",
            "district": _or_null("r.district_slug"),
            "n_addresses": "r.n_addresses",
        },
        order=("r.code",),
        footprint="r.footprint",
        shape="r.code",
        shapes="SELECT code, footprint::text FROM release.cell",
    ),
    "areas": Projection(
        table="release.area r",
        columns={
            **_plain("slug kind code name"),
            "parent": _or_null("r.parent_slug"),
            **_plain("n_addresses population"),
        },
        order=("r.slug",),
        where="r.kind <> 'street'",  # lines that orient on a map; not rows
        footprint="r.geometry",
        shape="r.slug",
        shapes="SELECT slug, geometry::text FROM release.area WHERE kind <> 'street'",
    ),
}
