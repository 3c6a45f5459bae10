"""What must be true of a release before it goes out. Each check is code, and its result is kept with the release.

The checks read what was written, not what was meant: the tables of ``release`` and the escrow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from django.db import connections

from portal.feeds.dictionary import DATASETS
from portal.feeds.files import manifest_of
from portal.feeds.rows import rows_of
from portal.models import PublishedGunfire, PublishedIncident, PublishedRow, Release
from portal.publication import sources
from portal.publication.decisions import address_numbers
from portal.publication.disclosure import Rules, Tier
from portal.publication.writing import table_of

# The columns of a public record table, whatever the dataset; a new one must be named here on purpose.
RECORD_COLUMNS = {
    "id",
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
    "retired_release",
}
RECORD_MODELS: dict[str, type[PublishedRow]] = {
    "incidents": PublishedIncident,
    "gunfire": PublishedGunfire,
}
OWN_COLUMNS = {
    "incidents": {"category"},
    "gunfire": {"kind", "rounds", "confidence_pct", "provider"},
}


@dataclass(frozen=True)
class Check:
    """One sentence that holds or does not, with what was found."""

    check: str
    passed: bool
    detail: str


def verify(release: Release, rules: Rules, *, previous: Release | None) -> list[dict[str, Any]]:
    """Every check that applies to the release's dataset."""
    found = [check(release, rules, previous) for check in CHECKS[release.dataset.slug]]
    return [asdict(result) for result in found]


def rows_match_files(release: Release, rules: Rules, previous: Release | None) -> Check:
    """The number of rows adds up from the release before, and the files hold as many."""
    before = previous.n_rows if previous else 0
    expected = before + release.n_added - release.n_retired
    in_files = manifest_of(release)["rows"]
    return Check(
        "rows = rows before + added - retired, in tables and files alike",
        expected == release.n_rows == in_files == sum(1 for _ in rows_of(release)),
        f"{before} + {release.n_added} - {release.n_retired} = {expected}; release {release.n_rows}, files {in_files}",
    )


def columns_are_public(release: Release, rules: Rules, previous: Release | None) -> Check:
    """The table has the columns it should have and no other, and so have the files."""
    slug = release.dataset.slug
    schema, table = table_of(RECORD_MODELS[slug])
    rows = _query(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = %s AND table_name = %s",
        schema,
        table,
    )
    extra = {name for (name,) in rows} ^ (RECORD_COLUMNS | OWN_COLUMNS[slug])
    first = next(rows_of(release), (dict.fromkeys(DATASETS[slug].columns), None))[0]
    stray = set(first) ^ set(DATASETS[slug].columns)
    return Check(
        "no column but the public ones", not extra | stray, f"differing: {sorted(extra | stray)}"
    )


def places_stand_for_enough(release: Release, rules: Rules, previous: Release | None) -> Check:
    """No row's place stands for fewer addresses than promised (0: open land)."""
    table = table_of(RECORD_MODELS[release.dataset.slug])[1]
    ((small,),) = _query(
        f"SELECT count(*) FROM release.{table} r LEFT JOIN release.place p ON p.code = r.place_code "  # noqa: S608
        "WHERE r.first_release = %s AND r.place_code <> '' AND "
        "(p.code IS NULL OR (p.stands_for_addresses < %s AND p.stands_for_addresses <> 0))",
        release.number,
        rules.place_addresses,
    )
    ((thin,),) = _query(
        f"SELECT count(*) FROM release.{table} r LEFT JOIN release.cell c ON c.code = r.cell_code "  # noqa: S608
        "WHERE r.first_release = %s AND r.cell_code <> '' AND (c.code IS NULL OR c.n_addresses < %s)",
        release.number,
        rules.cell_addresses,
    )
    return Check(
        f"every place stands for {rules.place_addresses} addresses or none, every cell for {rules.cell_addresses}",
        small == thin == 0,
        f"{small} places and {thin} cells do not",
    )


def no_sensitive_rows(release: Release, rules: Rules, previous: Release | None) -> Check:
    """Nothing of tier 2 or 3 is a row, and no crime against a person stands at a place."""
    ((sensitive, exposed),) = _query(
        "SELECT count(*) FILTER (WHERE tier NOT IN ('0a', '0b', '1')), "
        "count(*) FILTER (WHERE tier = '1' AND place_code <> '') "
        "FROM vault.publication_assignment WHERE dataset_slug = %s AND first_release = %s",
        release.dataset.slug,
        release.number,
    )
    return Check(
        "no sensitive incident is a row, no crime against a person is at a place",
        sensitive == exposed == 0,
        f"{sensitive} sensitive rows, {exposed} placed",
    )


def groups_are_large_enough(release: Release, rules: Rules, previous: Release | None) -> Check:
    """Every cell and week that gains crimes against people gains enough of them to hide in."""
    members = sources.group_members(release.number)
    groups = dict(
        _query(
            "SELECT record_id, cell_code || ' ' || period FROM vault.publication_assignment "
            "WHERE dataset_slug = 'incidents' AND first_release = %s AND tier = %s",
            release.number,
            Tier.PERSON.label,
        )
    )
    address = address_numbers(members)
    gathered: dict[str, list[int]] = {}
    for i, record in enumerate(members.record_id.tolist()):
        gathered.setdefault(groups[record], []).append(i)
    small = [
        group
        for group, rows in gathered.items()
        if len(rows) < rules.group_records
        or len(set(members.category[rows])) < rules.group_categories
        or len(set(address[rows].tolist()) - {-1}) < rules.group_addresses
    ]
    return Check(
        f"crimes against people come in groups of {rules.group_records} of {rules.group_categories} kinds "
        f"from {rules.group_addresses} addresses",
        not small,
        f"{len(gathered)} groups, {len(small)} too small",
    )


def delays_are_kept(release: Release, rules: Rules, previous: Release | None) -> Check:
    """Nothing is newer than the calendar allows."""
    table = table_of(RECORD_MODELS[release.dataset.slug])[1]
    ((early,),) = _query(
        f"SELECT count(*) FROM release.{table} r JOIN vault.publication_assignment a USING (public_id) "  # noqa: S608
        "WHERE r.first_release = %s AND a.dataset_slug = %s AND r.ends_at > %s - "
        "CASE WHEN a.tier = '1' THEN make_interval(days => %s) ELSE make_interval(hours => %s) END",
        release.number,
        release.dataset.slug,
        release.as_of,
        rules.person_delay_d,
        rules.low_delay_h,
    )
    return Check(
        "no period ended later than the delay before the release", early == 0, f"{early} did"
    )


def no_category_vanished(release: Release, rules: Rules, previous: Release | None) -> Check:
    """A kind of incident that was there is still there."""
    if previous is None:
        return Check("no category vanished", True, "first release")
    rows = _query(
        "SELECT category FROM release.incident WHERE first_release <= %s "
        "AND (retired_release IS NULL OR retired_release > %s) "
        "EXCEPT SELECT category FROM release.incident WHERE first_release <= %s "
        "AND (retired_release IS NULL OR retired_release > %s)",
        previous.number,
        previous.number,
        release.number,
        release.number,
    )
    gone = sorted(category for (category,) in rows)
    return Check("no category vanished", not gone, f"vanished: {gone}")


def places_keep_the_floor(release: Release, rules: Rules, previous: Release | None) -> Check:
    """Of the public map itself: no place below the floor."""
    found = [row["stands_for_addresses"] for row, _ in rows_of(release)]
    built = [n for n in found if n]
    least = min(built, default=0)
    median = float(np.median(built)) if built else 0.0
    return Check(
        f"every place stands for {rules.place_addresses} addresses or none",
        least >= rules.place_addresses,
        f"{len(found)} places; least {least}, median {median:.0f}",
    )


def cells_keep_the_floor(release: Release, rules: Rules, previous: Release | None) -> Check:
    """Of the public map itself: no cell below the floor, save the city where it is small."""
    found = [row["n_addresses"] for row, _ in rows_of(release) if row["parent_code"]]
    least = min(found, default=rules.cell_addresses)
    return Check(
        f"every cell holds {rules.cell_addresses} addresses",
        least >= rules.cell_addresses,
        f"{len(found)} cells; least {least}",
    )


def _query(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with connections["publisher"].cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


Verifier = Callable[[Release, Rules, Release | None], Check]

_RECORDS: list[Verifier] = [
    rows_match_files,
    columns_are_public,
    places_stand_for_enough,
    no_sensitive_rows,
    delays_are_kept,
]
CHECKS: dict[str, list[Verifier]] = {
    "incidents": [*_RECORDS, groups_are_large_enough, no_category_vanished],
    "gunfire": _RECORDS,
    "sensitive-totals": [rows_match_files],
    "areas": [rows_match_files],
    "places": [rows_match_files, places_keep_the_floor],
    "cells": [rows_match_files, cells_keep_the_floor],
}
