"""Every attack on a built release, before it goes out. What one of them may not reach stops it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from django.db import connections
from django.utils import timezone

from portal.city import City
from portal.models import Release
from portal.publication import sources
from portal.publication.audit.attacks.limits import Finding
from portal.publication.audit.leaks import Public, leaks
from portal.publication.audit.ledger_sums import ledger_sums
from portal.publication.audit.pages import leaks_on_pages
from portal.publication.audit.reading import World
from portal.publication.audit.records import ATTACKS
from portal.publication.audit.results import SLUG as RESULTS
from portal.publication.audit.telling import told
from portal.publication.audit.totals import noisy_counts, redrawn_map
from portal.publication.doors import Doors
from portal.publication.overrides import rules_of
from portal.publication.verification import Standard
from sensors.geodesy import LocalPlane


def audit(release: Release, standard: Standard, *, whole: bool = False) -> list[Finding]:
    """What each attack on the release reached. standard.previous: the release before, None for the first.

    whole: files that were read when the release before was audited are read again.
    """
    if (
        release.dataset.slug == RESULTS
    ):  # else each release of the results would make another one due
        return []
    slug = release.dataset.slug
    public = Public(release, standard.zone)
    found = [
        *leaks(public, None if whole else standard.previous),
        *leaks_on_pages(release, public),
    ]
    if slug == "sensitive-totals":
        found += noisy_counts(release, standard.previous)
    if slug == "gunfire-ledger":
        found += ledger_sums(release, standard, again=whole)
    if attacks := ATTACKS.get(slug):
        found += redrawn_map()
        world = World(release, standard)
        with _unhurried():
            for attack in attacks:
                found += attack(world)
    return found


@contextmanager
def _unhurried() -> Iterator[None]:
    """An attacker may ask as long as he likes; a page may not."""
    with connections["public"].cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        try:
            yield
        finally:
            cursor.execute("RESET statement_timeout")


def audit_again(slug: str, city: City) -> Iterator[tuple[Release, Finding]]:
    """The same of the release that is out now, against the vault as it is today. Raises RulesError."""
    releases = Release.objects.using("publisher").filter(
        dataset__slug=slug, state=Release.State.ACTIVE
    )
    newest = list(releases.select_related("dataset").order_by("-number")[:2])
    if not newest:
        return
    plane = LocalPlane(city.lon, city.lat)
    standard = Standard(
        rules=rules_of(city, on=timezone.now().astimezone(city.zone).date()),
        zone=city.zone,
        previous=newest[1] if len(newest) > 1 else None,
        doors=Doors.of(sources.addresses(), plane),
    )
    yield from ((newest[0], finding) for finding in audit(newest[0], standard, whole=True))


def as_check(found: list[Finding]) -> dict[str, Any]:
    """All findings as one of the checks that are kept with a release; ``audit`` is what builds the dataset."""
    found = [public for finding in found if (public := told(finding))]
    stopping = [finding for finding in found if finding.stops]
    words = "; ".join(map(in_words, stopping)) or "none learns more"
    return {
        "check": "no attack learns more than its limit",
        "passed": not stopping,
        "detail": f"{len(found)} measured: {words}",
        "audit": [asdict(finding) for finding in found],
    }


def in_words(finding: Finding) -> str:
    """An attack and what it reached, for a log or a terminal."""
    name = " ".join(part for part in (finding.attack, finding.subject) if part)
    if finding.measured is None:
        return f"{name}: {finding.status}"
    sign = {"at_most": "at most", "at_least": "at least", "": ""}[finding.direction]
    limit = "" if finding.limit is None else f", {sign} {finding.limit:g}"
    return f"{name}: {finding.measured:.4g} of {finding.n}{limit}"
