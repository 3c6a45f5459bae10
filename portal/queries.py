"""What the pages read: rows of the schema ``release`` as plain lists, and nothing else.

Every count comes from ``PublishedTally``, which is summed from published rows when a release is
activated, so that a page costs the same in a large city as in a small one.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Max, Min, Q, QuerySet, Sum

from portal.feeds.rows import in_release
from portal.models import (
    Dataset,
    PublishedArea,
    PublishedCell,
    PublishedCount,
    PublishedGunfire,
    PublishedIncident,
    PublishedPlace,
    PublishedRow,
    PublishedStreet,
    PublishedTally,
    Release,
)


def current_release(slug: str) -> Release | None:
    """The newest active release of a dataset, None before the first."""
    dataset = Dataset.objects.select_related("current").filter(slug=slug).first()
    return dataset.current if dataset else None


def releases(slug: str) -> QuerySet[Release]:
    """Every release a reader may know of, newest first: active and withdrawn."""
    known = (Release.State.ACTIVE, Release.State.WITHDRAWN)
    return Release.objects.filter(dataset__slug=slug, state__in=known).order_by("-number")


def areas(*kinds: str) -> list[PublishedArea]:
    """Areas of some kinds as of the current release of the areas, by kind and name."""
    release = current_release("areas")
    if release is None:
        return []
    rows = in_release(PublishedArea.objects.filter(kind__in=kinds), release.number)
    return sorted(rows, key=lambda area: (kinds.index(area.kind), _natural(area.name)))


def area(slug: str) -> PublishedArea | None:
    release = current_release("areas")
    if release is None:
        return None
    return in_release(PublishedArea.objects.filter(slug=slug), release.number).first()


def cells(level: int | None = None) -> list[PublishedCell]:
    """Cells of the current release, leaves and the larger ones above them."""
    release = current_release("cells")
    if release is None:
        return []
    rows = in_release(PublishedCell.objects.all(), release.number)
    return list(
        rows.order_by("code") if level is None else rows.filter(level=level).order_by("code")
    )


def places(*, district: str = "") -> list[PublishedPlace]:
    release = current_release("places")
    if release is None:
        return []
    rows = in_release(PublishedPlace.objects.all(), release.number).order_by("code")
    return list(rows.filter(district_slug=district) if district else rows)


def _natural(name: str) -> list[tuple[int, int, str]]:
    """A key that puts Beat 2 before Beat 10."""
    parts = re.findall(r"\d+|\D+", name)
    return [(0, int(part), "") if part.isdigit() else (1, 0, part.casefold()) for part in parts]


@dataclass(frozen=True)
class Slice:
    """Which published rows a page speaks of. Empty means all."""

    district: str = ""
    beat: str = ""
    category: str = ""
    since: dt.date | None = None  # first day of a month
    until: dt.date | None = None  # first day of the month after the last

    def tallies(self, release: Release) -> QuerySet[PublishedTally]:
        rows = PublishedTally.objects.filter(
            dataset_slug=release.dataset.slug, release_number=release.number
        )
        wanted = {"district_slug": self.district, "beat_slug": self.beat, "category": self.category}
        rows = rows.filter(**{column: value for column, value in wanted.items() if value})
        if self.since:
            rows = rows.filter(month__gte=self.since)
        return rows.filter(month__lt=self.until) if self.until else rows


def total(release: Release, of: Slice) -> int:
    return of.tallies(release).aggregate(n=Sum("n"))["n"] or 0


def count_by(release: Release, column: str, of: Slice) -> dict[Any, int]:
    """Counts by "month", "category", "district_slug" or "beat_slug". A key that is absent has no row."""
    rows = of.tallies(release).values(column).annotate(count=Sum("n")).order_by(column)
    return {row[column]: row["count"] for row in rows}


def count_by_two(
    release: Release, first: str, second: str, of: Slice
) -> dict[tuple[Any, Any], int]:
    """Counts by two columns of the tally."""
    rows = (
        of.tallies(release).values(first, second).annotate(count=Sum("n")).order_by(first, second)
    )
    return {(row[first], row[second]): row["count"] for row in rows}


def months_covered(release: Release) -> list[dt.date]:
    """Every month from the first to the last with a row, without gaps."""
    span = Slice().tallies(release).aggregate(first=Min("month"), last=Max("month"))
    if span["first"] is None:
        return []
    months, month = [], span["first"]
    while month <= span["last"]:
        months.append(month)
        month = next_month(month)
    return months


def next_month(month: dt.date) -> dt.date:
    return (month.replace(day=1) + dt.timedelta(days=32)).replace(day=1)


@dataclass(frozen=True)
class Page:
    """Some rows, newest first, and the key of the next page ('' at the end)."""

    rows: list[PublishedRow]
    next_key: str


def page_of_rows(release: Release, of: Slice, *, after: str = "", size: int = 50) -> Page:
    """Published incidents or gunfire by start of period, then id; keyset, so that page 1,000 costs as page 1."""
    model: type[PublishedRow] = (
        PublishedIncident if release.dataset.slug == "incidents" else PublishedGunfire
    )
    rows = in_release(model._default_manager.all(), release.number)
    wanted = {"district_slug": of.district, "beat_slug": of.beat}
    if model is PublishedIncident:
        wanted["category"] = of.category
    rows = rows.filter(**{column: value for column, value in wanted.items() if value})
    if after:
        starts_at, public_id = _read_key(after)
        rows = rows.filter(
            Q(starts_at__lt=starts_at) | Q(starts_at=starts_at, public_id__gt=public_id)
        )
    found = list(rows.order_by("-starts_at", "public_id")[: size + 1])
    more = len(found) > size
    last = found[size - 1] if more else None
    key = f"{last.starts_at:%Y%m%dT%H%M%S}-{last.public_id}" if last else ""
    return Page(found[:size], key)


class PageKeyError(ValueError):
    """A page key that this site did not make."""


def _read_key(key: str) -> tuple[dt.datetime, str]:
    match = re.fullmatch(r"(\d{8}T\d{6})-([0-9a-f]{24})", key)
    if not match:
        raise PageKeyError(f"got page key {key[:40]!r}; wanted one from a 'next' link")
    try:
        return dt.datetime.strptime(match[1], "%Y%m%dT%H%M%S").replace(tzinfo=dt.UTC), match[2]
    except ValueError as error:
        raise PageKeyError(str(error)) from error


def sensitive_totals(*, district: str | None = None) -> list[PublishedCount]:
    """Quarterly noisy totals, newest first; a district's, the city's ('') or all (None)."""
    release = current_release("sensitive-totals")
    if release is None:
        return []
    rows = in_release(PublishedCount.objects.all(), release.number)
    if district is not None:
        rows = rows.filter(district_slug=district)
    return list(rows.order_by("-quarter", "district_slug"))


_SUFFIXES = {
    "street": "st", "avenue": "ave", "av": "ave", "road": "rd", "boulevard": "blvd", "drive": "dr",
    "lane": "ln", "court": "ct", "place": "pl", "terrace": "ter", "parkway": "pkwy", "highway": "hwy",
    "square": "sq", "circle": "cir", "north": "n", "south": "s", "east": "e", "west": "w",
    "calle": "c",
}  # fmt: skip


def street_key(words: str) -> str:
    """A street's name as it is compared: no case, no accents, no dots, usual words short."""
    plain = unicodedata.normalize("NFKD", words.casefold())
    letters = "".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))
    return " ".join(_SUFFIXES.get(word, word) for word in letters.split())


def search(words: str, *, limit: int = 12) -> list[PublishedArea]:
    """Areas that a name or an address points at, best first. The words are not kept anywhere."""
    key = street_key(words[:120])
    if not key:
        return []
    everything = areas("district", "beat", "neighbourhood", "park", "city")
    by_slug = {found.slug: found for found in everything}
    named = [
        found for found in everything if found.kind != "park" and key in street_key(found.name)
    ]
    slugs = [found.slug for found in named] + _slugs_of_street(key)
    return [by_slug[slug] for slug in dict.fromkeys(slugs) if slug in by_slug][:limit]


def _slugs_of_street(key: str) -> list[str]:
    """Beats (else districts) of a street; of the one stretch where a house number is given."""
    number, _, name = key.partition(" ")
    if not number.isdigit() or not name:
        return _areas_of(PublishedStreet.objects.filter(street_key__startswith=key))
    rows = PublishedStreet.objects.filter(street_key__startswith=name)
    exact = rows.filter(number_from__lte=int(number), number_to__gte=int(number))
    return _areas_of(exact) or _areas_of(rows)


def _areas_of(rows: QuerySet[PublishedStreet]) -> list[str]:
    release = current_release("areas")
    if release is None:
        return []
    found: Iterable[tuple[str, str]] = (
        in_release(rows, release.number)
        .order_by("street_key", "number_from")
        .values_list("beat_slug", "district_slug")[:50]
    )
    return [beat or district for beat, district in found]
