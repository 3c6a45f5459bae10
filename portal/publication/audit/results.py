"""The dataset privacy-audit: what was measured of each release, rejected ones included."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from portal.models import PublishedAuditResult, Release
from portal.publication.builders import Builder, Changes

SLUG = "privacy-audit"


def build_results() -> Builder:
    """The results of every release that has some and of which nothing was told yet."""

    def build(number: int) -> Changes:
        rows = [row for release in _untold() for row in _rows_of(release, number)]
        PublishedAuditResult.objects.using("publisher").bulk_create(rows, batch_size=2_000)
        return Changes(added=len(rows))

    return build


def missing_results(release: Release) -> int:
    """Findings on record that a release of this dataset does not tell."""
    told = PublishedAuditResult.objects.using("publisher").filter(first_release=release.number)
    audited = set(told.values_list("audited_dataset", "audited_release").distinct())
    on_record = {
        (found.dataset.slug, found.number, row["attack"], row["subject"], row["measured"])
        for found in _releases(only=audited)
        for row in findings_of(found)
    }
    names = ("audited_dataset", "audited_release", "attack", "subject", "measured")
    return len(on_record ^ set(told.values_list(*names))) + len(list(_untold()))


def findings_of(release: Release) -> list[dict[str, Any]]:
    """What was measured, as :class:`Finding` has it."""
    return [finding for check in release.verification for finding in check.get("audit", [])]


def _untold() -> Iterator[Release]:
    told = PublishedAuditResult.objects.using("publisher")
    known = set(told.values_list("audited_dataset", "audited_release").distinct())
    return (release for release in _releases(but=known) if findings_of(release))


def _releases(
    *, only: set[tuple[str, int]] | None = None, but: Collection[tuple[str, int]] = ()
) -> Iterator[Release]:
    """Releases that went out or were rejected, one after the other: what is on record of each is long."""
    releases = Release.objects.using("publisher").exclude(state=Release.State.BUILT)
    names = releases.order_by("dataset__slug", "number").values_list(
        "pk", "dataset__slug", "number"
    )
    for pk, *name in names:
        if tuple(name) not in but and (only is None or tuple(name) in only):
            yield releases.select_related("dataset").get(pk=pk)


def _rows_of(release: Release, number: int) -> Iterator[PublishedAuditResult]:
    for finding in findings_of(release):
        yield PublishedAuditResult(
            audited_dataset=release.dataset.slug,
            audited_release=release.number,
            attack=finding["attack"],
            subject=finding["subject"],
            measured=finding["measured"],
            limit=finding["limit"],
            direction=finding["direction"],
            # Of a release that nobody has, every row that was tried is a private one.
            n=None if release.state == Release.State.REJECTED else finding["n"],
            status=finding["status"],
            first_release=number,
        )
