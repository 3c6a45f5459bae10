"""Sums of the released rows, made when a release goes out, so that pages and totals cost the same in any city.

Each night they are counted again from the rows. They cannot differ; where they do, the rows are right:
the sums are made anew and the log tells the fault.
"""

from __future__ import annotations

import logging
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db import connections, transaction
from django.db.models import QuerySet

from portal.models import Dataset, PublishedTally, Release

logger = logging.getLogger(__name__)

# Table of the rows, and the column that is tallied as the category.
TALLIED: Final = {
    "incidents": ("incident", "category"),
    "gunfire": ("gunfire", "kind"),
    "calls": ("call", "category"),
}
_COLUMNS: Final = "month, last_month, category, district_slug, beat_slug, precision, n"


def tallies(slug: str) -> QuerySet[PublishedTally]:
    return PublishedTally.objects.using("publisher").filter(dataset_slug=slug)


def tally(release: Release, zone: ZoneInfo) -> None:
    """By the months in which a period starts and ends; nothing of a dataset that has no tallies."""
    if release.dataset.slug not in TALLIED:
        return
    statement = (
        f"INSERT INTO release.tally (dataset_slug, release_number, {_COLUMNS}) "  # noqa: S608 - our own text
        f"SELECT %(slug)s, %(number)s, counted.* FROM ({_counted(release)}) AS counted"
    )
    with connections["publisher"].cursor() as cursor:
        cursor.execute(statement, _parameters(release, zone))


def differing(release: Release, zone: ZoneInfo) -> int:
    """How many sums of a release are missing, wrong or of nothing."""
    if release.dataset.slug not in TALLIED:
        return 0
    kept = (
        f"SELECT {_COLUMNS} FROM release.tally "  # noqa: S608 - our own text
        "WHERE dataset_slug = %(slug)s AND release_number = %(number)s"
    )
    counted = _counted(release)
    statement = f"SELECT count(*) FROM (({kept} EXCEPT ALL {counted}) UNION ALL ({counted} EXCEPT ALL {kept})) AS d"  # noqa: S608 - our own text
    with connections["publisher"].cursor() as cursor:
        cursor.execute(statement, _parameters(release, zone))
        return int(cursor.fetchone()[0])


@transaction.atomic(using="publisher")
def recount(zone: ZoneInfo) -> int:
    """Hold the sums that pages read against the rows, and make those anew that differ. Returns how many did."""
    wrong = 0
    current = Release.objects.using("publisher").filter(
        pk__in=Dataset.objects.using("publisher").values("current")
    )
    for release in current.select_related("dataset"):
        if n := differing(release, zone):
            wrong += n
            logger.error("%s of the sums of %s differed from its rows", n, release)
            tallies(release.dataset.slug).filter(release_number=release.number).delete()
            tally(release, zone)
    return wrong


def _counted(release: Release) -> str:
    table, column = TALLIED[release.dataset.slug]
    return (
        "SELECT date_trunc('month', starts_at AT TIME ZONE %(zone)s)::date, "  # noqa: S608 - our own text
        "date_trunc('month', (ends_at - interval '1 microsecond') AT TIME ZONE %(zone)s)::date, "
        f"{column}, district_slug, beat_slug, precision, count(*)::integer FROM release.{table} "
        "WHERE first_release <= %(number)s AND (retired_release IS NULL OR retired_release > %(number)s) "
        "GROUP BY 1, 2, 3, 4, 5, 6"
    )


def _parameters(release: Release, zone: ZoneInfo) -> dict[str, Any]:
    return {"slug": release.dataset.slug, "number": release.number, "zone": str(zone)}
