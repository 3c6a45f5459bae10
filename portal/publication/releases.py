"""Releases: built inactive, verified, activated in one transaction, kept; withdrawn on record.

A release that fails a check leaves nothing behind but its number and the reason. Building twice at
the same instant changes nothing.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from zoneinfo import ZoneInfo

from django.db import connections, transaction
from django.utils import timezone

from portal.city import City, the_city
from portal.feeds.as_of import retired_and_withdrawn
from portal.feeds.building import build_files
from portal.feeds.contract import schema_version
from portal.feeds.files import manifest_sha256_of, remove_files
from portal.models import Dataset, Release
from portal.publication import builders, chain, sources
from portal.publication.activation import let_out, newest
from portal.publication.audit.auditing import as_check, audit
from portal.publication.audit.results import build_results
from portal.publication.decisions import Gate
from portal.publication.doors import Doors
from portal.publication.geography import Frozen
from portal.publication.models import Assignment, Heartbeat
from portal.publication.overrides import rules_of
from portal.publication.tallying import tallies, tally
from portal.publication.verification import Standard, verify
from portal.publication.voices import build_voices
from portal.publication.writing import TABLES, count_rows
from sensors.geodesy import LocalPlane

logger = logging.getLogger(__name__)

GATE_LOCK = 0x0DA7_6A7E  # an advisory lock: one release at a time
RELEASE_HOUR = 6
MAP = ("areas", "places", "cells")
AUDIT = "privacy-audit"
# In this order: alerts and calls follow their records, the ledgers follow what they count, the audit follows all.
RECORDS = (
    "incidents",
    "gunfire",
    "calls",
    "feedback",
    "gunfire-ledger",
    "gunfire-calibration",
    "sensitive-totals",
    "privacy-budget",
    AUDIT,
)


class ReleaseBusyError(Exception):
    """Another process is building a release."""


class NothingToReleaseError(Exception):
    """The build changed nothing, so that no release is made."""


def release_due(city: City, *, as_of: dt.datetime, correct: bool = False) -> list[Release]:
    """Build every dataset that has something due at ``as_of``. Returns the new releases, rejected ones too.

    correct: make removals now although it is no correction day (a court order). Raises
    ReleaseBusyError, GeographyError, PartitionError, RulesError, SigningKeyError.
    """
    today = timezone.now().astimezone(city.zone).date()
    rules = rules_of(city, on=today)
    plane = LocalPlane(city.lon, city.lat)
    with gate_lock():
        discard_unfinished()
        chain.prepare(city, rules.overrides, on=today)
        doors = Doors.of(sources.addresses(), plane)
        standard = Standard(rules, city.zone, previous=None, doors=doors)
        made = _release_map(standard, as_of)
        if any(release.state == Release.State.REJECTED for release in made):
            return made
        made += _release_records(standard, as_of, correct=correct)
    return made


def release_on_schedule(city: City, *, now: dt.datetime) -> list[Release]:
    """Work through the newest 06:00 (city time) of the calendar, once. A missed day is caught up by the next."""
    slot = newest_slot(city, now)
    worked = Heartbeat.objects.using("publisher").filter(name="release", ticked_at__gte=slot)
    if worked.exists() or not sources.has_addresses():
        return []
    made = release_due(city, as_of=slot)
    Heartbeat.objects.using("publisher").update_or_create(
        name="release", defaults={"ticked_at": slot}
    )
    return made


def newest_slot(city: City, now: dt.datetime) -> dt.datetime:
    """The last 06:00 in the city at or before ``now``."""
    local = now.astimezone(city.zone)
    day = local.date() if local.hour >= RELEASE_HOUR else local.date() - dt.timedelta(days=1)
    return dt.datetime.combine(day, dt.time(RELEASE_HOUR), tzinfo=city.zone)


@contextmanager
def gate_lock() -> Iterator[None]:
    """One builder at a time, across processes; freed by PostgreSQL if we die."""
    with connections["publisher"].cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [GATE_LOCK])
        if not cursor.fetchone()[0]:
            raise ReleaseBusyError("another release is being built; try again when it is done")
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [GATE_LOCK])


def _release_map(standard: Standard, as_of: dt.datetime) -> list[Release]:
    """The public map, unless it was released before: it is frozen then."""
    active = Release.objects.using("publisher").filter(state=Release.State.ACTIVE)
    missing = [slug for slug in MAP if not active.filter(dataset__slug=slug).exists()]
    if not missing:
        return []
    builds = builders.build_geography(standard.doors.plane, standard.rules)
    made = [_release(slug, builds[slug], standard, as_of) for slug in missing]
    return [release for release in made if release]


def _release_records(standard: Standard, as_of: dt.datetime, *, correct: bool) -> list[Release]:
    rules, zone, doors = standard.rules, standard.zone, standard.doors
    frozen = Frozen.read(doors.plane)
    made: list[Release] = []
    for slug in RECORDS:
        if slug != AUDIT and _lacks_its_records(made):
            continue
        last = _newest_seen(slug)
        gate = Gate(rules, zone, as_of, frozen, doors, is_first=last is None)
        correcting = correct or builders.is_correction_day(newest(slug) or last, as_of, gate)
        # Rows of an edition that was withdrawn come again now; none whose record became a secret since.
        removing = correcting or (last is not None and last.state == Release.State.WITHDRAWN)
        builds: dict[str, builders.Builder] = {
            "incidents": builders.build_incidents(gate, remove=removing),
            "gunfire": builders.build_gunfire(gate, remove=removing, correct=correcting),
            "calls": builders.build_calls(gate, remove=removing),
            "feedback": build_voices(gate),
            "gunfire-ledger": builders.build_ledger(gate, newest("gunfire"), correct=correcting),
            "gunfire-calibration": builders.build_calibration(gate, newest("gunfire")),
            "sensitive-totals": builders.build_totals(gate),
            "privacy-budget": builders.build_budget(gate),
            AUDIT: build_results(),
        }
        release = _release(slug, builds[slug], standard, as_of)
        if release:
            made.append(release)
    return made


def _lacks_its_records(made: list[Release]) -> bool:
    """Whether the incidents of this run were rejected. What follows them waits with them: calls that
    went a day before their sealed record would point at it."""
    return any(
        release.dataset.slug == sources.INCIDENTS and release.state == Release.State.REJECTED
        for release in made
    )


def _newest_seen(slug: str) -> Release | None:
    """The newest release that anybody may hold, withdrawn ones included."""
    seen = (Release.State.ACTIVE, Release.State.WITHDRAWN)
    releases = Release.objects.using("publisher").filter(dataset__slug=slug, state__in=seen)
    return releases.order_by("-number").first()


def _release(
    slug: str, build: builders.Builder, standard: Standard, as_of: dt.datetime
) -> Release | None:
    previous = newest(slug)
    try:
        release = _build(slug, build, as_of)
    except NothingToReleaseError:
        return None
    _describe(release)
    against = replace(standard, previous=previous)
    release.verification = [*verify(release, against), as_check(audit(release, against))]
    if all(check["passed"] for check in release.verification):
        _activate(release, zone=standard.zone)
    else:
        reject(release)
    return release


@transaction.atomic(using="publisher")
def _build(slug: str, build: builders.Builder, as_of: dt.datetime) -> Release:
    """Rows under the next number, invisible until it is activated."""
    dataset, _ = Dataset.objects.using("publisher").get_or_create(slug=slug)
    last = dataset.releases.using("publisher").order_by("-number").first()
    number = last.number + 1 if last else 1
    changes = build(number)
    if not changes and not _has_unseen_rows(dataset):
        raise NothingToReleaseError  # "not released yet" is not the same as "none"
    return Release.objects.using("publisher").create(
        dataset=dataset,
        number=number,
        state=Release.State.BUILT,
        as_of=as_of,
        n_added=changes.added,
        n_retired=changes.retired,
        made_with=changes.made_with,
        schema_version=schema_version(slug, as_of.date()),
    )


def _has_unseen_rows(dataset: Dataset) -> bool:
    """Whether rows stand that no edition shows: an edition that was withdrawn is all they were in."""
    shown = dataset.current.number if dataset.current else 0
    unseen = {"first_release__gt": shown, "retired_release": None}
    tables = [model._default_manager.using("publisher") for model in TABLES[dataset.slug]]
    return any(rows.filter(**unseen).exists() for rows in tables)


def _describe(release: Release) -> None:
    """Count the rows and write the files, as the public will read them."""
    release.n_rows = count_rows(release.dataset.slug, release.number)
    release.sha256 = build_files(release)["files"]["csv"]["sha256"]
    release.manifest_sha256 = manifest_sha256_of(release)


@transaction.atomic(using="publisher")
def _activate(release: Release, *, zone: ZoneInfo) -> None:
    let_out(release, zone=zone)
    chain.record_release(release)
    logger.info(
        "released %s %s: %s rows, %s new, %s retired",
        release.dataset.slug,
        release.number,
        release.n_rows,
        release.n_added,
        release.n_retired,
    )


@transaction.atomic(using="publisher")
def reject(release: Release) -> None:
    """Take back everything the release wrote; its number and the failed checks stay on record."""
    _take_back(release)
    release.state = Release.State.REJECTED
    release.save(using="publisher", update_fields=["state", "verification"])
    failed = [check["check"] for check in release.verification if not check["passed"]]
    remove_files(release)
    logger.error("rejected %s %s: %s", release.dataset.slug, release.number, "; ".join(failed))


def _take_back(release: Release) -> None:
    slug, number = release.dataset.slug, release.number
    for model in TABLES[slug]:
        rows = model._default_manager.using("publisher")
        rows.filter(first_release=number).delete()
        rows.filter(retired_release=number).update(retired_release=None)
    escrow = Assignment.objects.using("publisher").filter(dataset_slug=slug)
    escrow.filter(first_release=number).delete()
    escrow.filter(retired_release=number).update(
        retired_release=None, fate=Assignment.Fate.PUBLISHED
    )


def discard_unfinished() -> None:
    """A builder that died between building and activating left an inactive release; nobody saw it.

    A withdrawal that died left its files.
    """
    unfinished = Release.objects.using("publisher").filter(state=Release.State.BUILT)
    for release in unfinished.select_related("dataset"):
        release.verification = [
            {"check": "the build was finished", "passed": False, "detail": "it was interrupted"}
        ]
        reject(release)
    withdrawn = Release.objects.using("publisher").filter(state=Release.State.WITHDRAWN)
    for release in withdrawn.select_related("dataset"):
        remove_files(release)


def withdraw(release: Release, *, reason: str, retire_rows: bool = False) -> None:
    """Take an edition and its files off the site; the withdrawal stays on record.

    The edition before becomes current, unless the withdrawn one had retired rows: those must not
    come back, so that there is none until the next release. The rows that the withdrawn one added
    come again in the next release, with the same ids, but for those whose record must go by then;
    retire_rows: none ever does (say so where the rows themselves are wrong). Only the newest active
    edition can go with its rows, for they stand in the signed files of later ones. Raises ValueError,
    ReleaseBusyError, SigningKeyError.
    """
    slug, city = release.dataset.slug, the_city()
    if slug in MAP:
        raise ValueError(f"got {slug}; every public record refers to the map, which stays as it is")
    if not reason.strip():
        raise ValueError("got no reason; wanted a sentence that readers will see")
    with gate_lock():
        discard_unfinished()  # which may have retired rows of this one
        with transaction.atomic(using="publisher"):
            release.refresh_from_db(using="publisher")  # somebody else may have been quicker
            if release.state != Release.State.ACTIVE:
                raise ValueError(f"got a release that is {release.state}; wanted an active one")
            if retire_rows:
                _refuse_under_later(release)
            chain.begin(city, on=timezone.now().astimezone(city.zone).date())
            _withdraw(release, reason=reason.strip(), retire_rows=retire_rows)
        remove_files(release)  # no door serves what is not active; so nothing of it lies behind one


def _refuse_under_later(release: Release) -> None:
    """Files of later editions hold the rows of this one and cannot change. Raises ValueError."""
    slug = release.dataset.slug
    later = Release.objects.using("publisher").filter(
        dataset__slug=slug, state=Release.State.ACTIVE, number__gt=release.number
    )
    numbers = later.order_by("-number").values_list("number", flat=True)
    if names := ", ".join(f"{slug}/{number}" for number in numbers):
        raise ValueError(
            f"got {slug}/{release.number}, whose rows stand in the files of later editions too; "
            f"withdraw the later ones first, newest first: {names}"
        )


def _withdraw(release: Release, *, reason: str, retire_rows: bool) -> None:
    release.state = Release.State.WITHDRAWN
    release.withdrawn_at = timezone.now()
    release.withdrawn_reason = reason
    release.save(using="publisher", update_fields=["state", "withdrawn_at", "withdrawn_reason"])
    if retire_rows:
        _retire_added(release)
    dataset = Dataset.objects.using("publisher").get(pk=release.dataset_id)
    if dataset.current_id == release.pk:
        _make_current(dataset, _newest_without_retired(dataset.slug))
    chain.record_withdrawal(release, rows_retired=retire_rows)


def _retire_added(release: Release) -> None:
    """Every row that a release added, for good. They go in company of each other and need no cover."""
    slug, number = release.dataset.slug, release.number
    rows = {"first_release": number, "retired_release": None}
    escrow = Assignment.objects.using("publisher").filter(dataset_slug=slug, **rows)
    escrow.update(retired_release=number, fate=Assignment.Fate.REMOVED)
    TABLES[slug][0]._default_manager.using("publisher").filter(**rows).update(
        retired_release=number
    )


def _newest_without_retired(slug: str) -> Release | None:
    """The newest active release, None where one that was withdrawn after it had retired rows."""
    found = newest(slug)
    of_it = Release.objects.using("publisher").filter(dataset__slug=slug)
    if found and retired_and_withdrawn(of_it).filter(number__gt=found.number).exists():
        return None
    return found


def _make_current(dataset: Dataset, release: Release | None) -> None:
    """Pages read tallies, and only the newest releases have theirs."""
    dataset.current = release
    dataset.save(using="publisher", update_fields=["current"])
    if release and not tallies(dataset.slug).filter(release_number=release.number).exists():
        tally(release, the_city().zone)
