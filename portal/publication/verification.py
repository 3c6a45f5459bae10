"""What must be true of a release before it goes out. Each check is code, and its result is kept with the release.

The checks read what was written, not what was meant: the tables of ``release`` and the escrow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from django.db import connections

from portal.feeds.dictionary import DATASETS
from portal.feeds.files import file_of
from portal.feeds.rows import rows_of
from portal.models import PublishedCall, PublishedGunfire, PublishedIncident, PublishedRow, Release
from portal.publication import budget_checks, call_checks, ledger_checks, sources, voice_checks
from portal.publication.audit.results import missing_results
from portal.publication.calls import patient
from portal.publication.decisions import tiers_of, utc
from portal.publication.disclosure import Grain, Rules, Tier, code_interval, time_code
from portal.publication.doors import Doors
from portal.publication.writing import count_rows, table_of

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
    "calls": PublishedCall,
}
OWN_COLUMNS = {
    "incidents": {"category"},
    "gunfire": {"kind", "rounds", "confidence_pct", "provider"},
    "calls": {"category"},
}


@dataclass(frozen=True)
class Check:
    """One sentence that holds or does not, with what was found. Readers see it: it names no record."""

    check: str
    passed: bool
    detail: str


@dataclass(frozen=True)
class Standard:
    """What a release is held against."""

    rules: Rules
    zone: ZoneInfo
    previous: Release | None
    doors: Doors


def verify(release: Release, standard: Standard) -> list[dict[str, Any]]:
    """Every check that applies to the release's dataset."""
    found = [check(release, standard) for check in CHECKS[release.dataset.slug]]
    return [asdict(result) for result in found]


def rows_match_files(release: Release, standard: Standard) -> Check:
    """The number of rows adds up from the release before, and the files hold as many."""
    slug, number = release.dataset.slug, release.number
    before = count_rows(slug, number - 1)
    last, last_rows = (
        (standard.previous.number, standard.previous.n_rows) if standard.previous else (0, 0)
    )
    # A withdrawn release between the two leaves its rows for this one to carry.
    withdrawn = Release.objects.using("publisher").filter(
        dataset__slug=slug, state=Release.State.WITHDRAWN, number__gt=last, number__lt=number
    )
    expected = before + release.n_added - release.n_retired
    with file_of(release, "csv").open("rb") as lines:
        in_files = sum(line.endswith(b"\r\n") for line in lines) - 1  # the first names the columns
    return Check(
        "rows = rows before + added - retired, in tables and files alike",
        expected == release.n_rows == in_files and (before == last_rows or withdrawn.exists()),
        f"{before} + {release.n_added} - {release.n_retired} = {expected}; release {release.n_rows}, files {in_files}",
    )


def columns_are_public(release: Release, standard: Standard) -> Check:
    """The table has the columns it should have and no other, and so have the files."""
    slug = release.dataset.slug
    schema, table = table_of(RECORD_MODELS[slug])
    rows = _query(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = %s AND table_name = %s",
        schema,
        table,
    )
    extra = {name for (name,) in rows} ^ (RECORD_COLUMNS | OWN_COLUMNS[slug])
    first = next(rows_of(release, first=1), (dict.fromkeys(DATASETS[slug].columns), None))[0]
    stray = set(first) ^ set(DATASETS[slug].columns)
    return Check(
        "no column but the public ones",
        not extra | stray,
        f"differing: {', '.join(sorted(extra | stray)) or 'none'}",
    )


def places_stand_for_enough(release: Release, standard: Standard) -> Check:
    """No row's place stands for fewer addresses than promised (0: open land)."""
    table, rules = table_of(RECORD_MODELS[release.dataset.slug])[1], standard.rules
    ((places, cells, districts),) = _query(
        "SELECT count(*) FILTER (WHERE r.place_code <> '' AND (p.code IS NULL OR "  # noqa: S608
        "(p.stands_for_addresses < %s AND p.stands_for_addresses <> 0))), "
        "count(*) FILTER (WHERE r.cell_code <> '' AND (c.code IS NULL OR c.n_addresses < %s)), "
        "count(*) FILTER (WHERE r.precision = 'district' AND coalesce(d.n_addresses, 0) < %s) "
        f"FROM release.{table} r LEFT JOIN release.place p ON p.code = r.place_code "
        "LEFT JOIN release.cell c ON c.code = r.cell_code "
        "LEFT JOIN release.area d ON d.slug = r.district_slug AND d.kind = 'district' "
        "WHERE r.first_release = %s",
        rules.place_addresses,
        rules.cell_addresses,
        rules.place_addresses,
        release.number,
    )
    return Check(
        f"every place stands for {rules.place_addresses} addresses or none, every cell for {rules.cell_addresses}",
        places == cells == districts == 0,
        f"{places} places, {cells} cells and {districts} districts do not",
    )


def rows_say_no_more_than_their_place(release: Release, standard: Standard) -> Check:
    """District and beat are those of the place or cell; a row without one names no beat."""
    table = table_of(RECORD_MODELS[release.dataset.slug])[1]
    ((more,),) = _query(
        f"SELECT count(*) FROM release.{table} r LEFT JOIN release.place p ON p.code = r.place_code "  # noqa: S608
        "LEFT JOIN release.cell c ON c.code = r.cell_code WHERE r.first_release = %s AND NOT "
        "CASE r.precision "
        "WHEN 'place' THEN r.cell_code = '' AND (r.district_slug, r.beat_slug) = (p.district_slug, p.beat_slug) "
        "WHEN 'cell' THEN r.place_code = r.beat_slug AND r.beat_slug = '' AND r.district_slug = c.district_slug "
        "WHEN 'district' THEN r.place_code = '' AND r.beat_slug = '' AND r.district_slug <> '' "
        "ELSE r.place_code = '' AND r.cell_code = '' AND r.beat_slug = '' AND r.district_slug = '' END",
        release.number,
    )
    return Check("no row says more than its place does", more == 0, f"{more} do")


def tiers_still_hold(release: Release, standard: Standard) -> Check:
    """Read from the vault again: nothing of tier 2 or 3 is a row, and no crime against a person stands at a place."""
    escrow = sources.added_assignments(release.dataset.slug, release.number)
    published = np.array([int(Tier.of_label(label)) for label in escrow.tier], np.int64)
    risen = int(np.count_nonzero(published > Tier.PERSON))
    for records in sources.added_incidents(release.number):
        at = np.searchsorted(escrow.record_id, records.record_id)
        risen += int(np.count_nonzero(tiers_of(records) > published[at]))
    ((placed,),) = _query(
        "SELECT count(*) FROM vault.publication_assignment "
        "WHERE dataset_slug = %s AND first_release = %s AND tier = %s AND place_code <> ''",
        release.dataset.slug,
        release.number,
        Tier.PERSON.label,
    )
    return Check(
        "no sensitive incident is a row, no crime against a person is at a place",
        risen == placed == 0,
        f"{risen} rows too sensitive for their place, {placed} placed",
    )


def groups_are_large_enough(release: Release, standard: Standard) -> Check:
    """Every cell and week that gains crimes against people gains enough of them to hide in."""
    rules = standard.rules
    escrow = sources.added_assignments(release.dataset.slug, release.number)
    person = escrow.where(escrow.tier == Tier.PERSON.label)
    gathered: dict[str, tuple[list[int], set[str], set[int]]] = {}
    for records in sources.added_incidents(release.number):
        members = records.where(np.isin(records.record_id, person.record_id))
        at = np.searchsorted(person.record_id, members.record_id)
        address = standard.doors.numbers(members.lon, members.lat)
        for i, row in enumerate(at.tolist()):
            key = f"{person.cell_code[row]} {person.period[row]}"
            rows, categories, addresses = gathered.setdefault(key, ([], set(), set()))
            rows.append(row)
            categories.add(members.category[i])
            addresses.add(int(address[i]))
    small = sum(
        len(rows) < rules.group_records
        or len(categories) < rules.group_categories
        or len(addresses - {-1}) < rules.group_addresses
        for rows, categories, addresses in gathered.values()
    )
    return Check(
        f"crimes against people come in groups of {rules.group_records} of {rules.group_categories} kinds "
        f"from {rules.group_addresses} addresses",
        small == 0,
        f"{len(gathered)} groups, {small} too small",
    )


_GRAINS = {"0a": "low_public_grain", "0b": "low_dwelling_grain", "1": "person_grain"}


def periods_are_whole(release: Release, standard: Standard) -> Check:
    """Every row has the period of its tier, and begins and ends with it: no minute, no day of the week."""
    slug = release.dataset.slug
    rows = _query(
        f"SELECT DISTINCT a.tier, r.period, r.starts_at, r.ends_at FROM release.{table_of(RECORD_MODELS[slug])[1]} r "  # noqa: S608
        "JOIN vault.publication_assignment a USING (public_id) WHERE r.first_release = %s",
        release.number,
    )
    wrong = 0
    for tier, code, *instants in rows:
        try:
            start, end = code_interval(code)
        except ValueError:
            wrong += 1
            continue
        if tier not in _GRAINS:
            wrong += 1
            continue
        grain = Grain(getattr(standard.rules, _GRAINS[tier]))
        spoken = [utc(at, standard.zone) for at in (start, end)]
        wrong += instants != spoken or time_code(start, grain).item() != code
    return Check("every period is a whole one of its kind", wrong == 0, f"{wrong} are not")


def delays_are_kept(release: Release, standard: Standard) -> Check:
    """Nothing is newer than the calendar allows."""
    table, rules = table_of(RECORD_MODELS[release.dataset.slug])[1], standard.rules
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


def retirements_are_on_record(release: Release, standard: Standard) -> Check:
    """A row leaves the public only with its escrow; nothing is dropped by accident."""
    table = table_of(RECORD_MODELS[release.dataset.slug])[1]
    ((rows, recorded),) = _query(
        f"SELECT count(*), count(a.id) FROM release.{table} r LEFT JOIN vault.publication_assignment a "  # noqa: S608
        "ON a.public_id = r.public_id AND a.retired_release = r.retired_release WHERE r.retired_release = %s",
        release.number,
    )
    return Check(
        "every retired row is on record",
        rows == recorded == release.n_retired,
        f"{rows} retired, {recorded} on record",
    )


def places_keep_the_floor(release: Release, standard: Standard) -> Check:
    """Of the public map itself: no place below the floor."""
    floor = standard.rules.place_addresses
    found = [row["stands_for_addresses"] for row, _ in rows_of(release)]
    built = [n for n in found if n]
    least = min(built, default=0)
    median = float(np.median(built)) if built else 0.0
    return Check(
        f"every place stands for {floor} addresses or none",
        least >= floor,
        f"{len(found)} places; least {least}, median {median:.0f}",
    )


def cells_keep_the_floor(release: Release, standard: Standard) -> Check:
    """Of the public map itself: no cell below the floor, save the city where it is small."""
    floor = standard.rules.cell_addresses
    found = [row["n_addresses"] for row, _ in rows_of(release) if row["parent_code"]]
    least = min(found, default=floor)
    return Check(
        f"every cell holds {floor} addresses", least >= floor, f"{len(found)} cells; least {least}"
    )


def _query(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with connections["publisher"].cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


def results_are_complete(release: Release, standard: Standard) -> Check:
    """What the attacks on other releases measured is told, all of it, and as it was measured."""
    missing = missing_results(release)
    return Check(
        "every result of an attack is told as measured", missing == 0, f"{missing} are not"
    )


Verifier = Callable[[Release, Standard], Check]


def of(verdict: Callable[[Release, Standard], ledger_checks.Verdict]) -> Verifier:
    """A check of a ledger as one of a release."""
    return lambda release, standard: Check(*verdict(release, standard))


_RECORDS: list[Verifier] = [
    rows_match_files,
    columns_are_public,
    places_stand_for_enough,
    rows_say_no_more_than_their_place,
    periods_are_whole,
    retirements_are_on_record,
]
CHECKS: dict[str, list[Verifier]] = {
    "incidents": [*_RECORDS, delays_are_kept, tiers_still_hold, groups_are_large_enough],
    "gunfire": [
        *_RECORDS,
        delays_are_kept,
        of(lambda release, to: ledger_checks.no_outcome_betrays_a_record(release, to.doors.plane)),
        of(
            lambda release, to: ledger_checks.withheld_outcomes_have_cover(
                release, to.doors.plane, to.rules
            )
        ),
    ],
    "calls": [
        *_RECORDS,
        lambda release, to: delays_are_kept(release, replace(to, rules=patient(to.rules))),
        of(lambda release, to: call_checks.no_call_tells_of_a_secret(release, to.doors.plane)),
        of(lambda release, to: call_checks.calls_stand_with_their_records(release, to.doors.plane)),
        of(lambda release, to: call_checks.calls_come_in_groups(release, to.doors, to.rules)),
    ],
    "feedback": [
        rows_match_files,
        of(lambda release, to: voice_checks.columns_are_known(release)),
        of(lambda release, to: voice_checks.words_were_let_through(release)),
        of(lambda release, to: voice_checks.the_wall_holds(release)),
        of(lambda release, to: voice_checks.messages_have_company(release, to.rules)),
        of(lambda release, to: voice_checks.periods_are_whole_and_over(release, to.rules, to.zone)),
        of(lambda release, to: voice_checks.nothing_taken_back_is_public(release)),
        of(lambda release, to: voice_checks.messages_stand_with_their_records(release)),
        of(lambda release, to: voice_checks.photos_were_let_through(release)),
    ],
    "gunfire-ledger": [
        rows_match_files,
        of(lambda release, to: ledger_checks.ledger_counts_public_rows(release, to.zone)),
        of(lambda release, to: ledger_checks.figures_have_company(release, to.rules)),
        of(lambda release, to: ledger_checks.what_was_final_stayed(release)),
    ],
    "gunfire-calibration": [
        rows_match_files,
        of(lambda release, to: ledger_checks.calibration_counts_public_rows(release)),
    ],
    "sensitive-totals": [
        rows_match_files,
        of(lambda release, to: budget_checks.totals_are_as_drawn(release, to.rules)),
        of(lambda release, to: budget_checks.totals_tell_their_error(release)),
    ],
    "privacy-budget": [
        rows_match_files,
        of(lambda release, to: budget_checks.every_draw_is_charged(release)),
        of(lambda release, to: budget_checks.nobody_spends_more_than_a_lifetime(release, to.rules)),
    ],
    "privacy-audit": [rows_match_files, results_are_complete],
    "areas": [rows_match_files],
    "places": [rows_match_files, places_keep_the_floor],
    "cells": [rows_match_files, cells_keep_the_floor],
}
