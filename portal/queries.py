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
from functools import reduce
from operator import or_
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import shapely
from django.db.models import Count, Model, Q, QuerySet, Subquery, Sum
from shapely.geometry import shape

from portal.feeds.editions import editions as known_editions
from portal.feeds.rows import in_release
from portal.models import (
    Dataset,
    PublishedArea,
    PublishedCell,
    PublishedCount,
    PublishedGunfire,
    PublishedIncident,
    PublishedOutcome,
    PublishedPlace,
    PublishedRow,
    PublishedStreet,
    PublishedTally,
    Release,
)

M = TypeVar("M", bound=Model)


def current_release(slug: str) -> Release | None:
    """The newest active release of a dataset, None before the first."""
    dataset = Dataset.objects.select_related("current").filter(slug=slug).first()
    if dataset is None or dataset.current is None:
        return None
    dataset.current.dataset = dataset
    return dataset.current


def editions() -> list[tuple[str, int | None, int]]:
    """Slug, number of the current release and of releases withdrawn, of every dataset.

    Pages show nothing else that changes, so that two answers with the same editions are the same. Known
    for a second, so that a page that a reader has costs no query.
    """
    return [(known.slug, known.number, known.withdrawn) for known in known_editions().values()]


def releases(slug: str) -> QuerySet[Release]:
    """Every release a reader may know of, newest first: active and withdrawn."""
    known = (Release.State.ACTIVE, Release.State.WITHDRAWN)
    return (
        Release.objects.filter(dataset__slug=slug, state__in=known)
        .select_related("dataset")
        .order_by("-number")
    )


def in_current(rows: QuerySet[M], slug: str) -> QuerySet[M]:
    """Those of the current release of a dataset; none before the first."""
    number = Subquery(Dataset.objects.filter(slug=slug).values("current__number")[:1])
    return rows.filter(
        Q(retired_release__isnull=True) | Q(retired_release__gt=number), first_release__lte=number
    )


def areas(*kinds: str, shapes: bool = True) -> list[PublishedArea]:
    """Areas of some kinds as of the current release of the areas, by kind and name.

    shapes: whether their geometry is read too, which is most of their weight.
    """
    rows = in_current(PublishedArea.objects.filter(kind__in=kinds), "areas")
    rows = rows if shapes else rows.defer("geometry")
    return sorted(rows, key=lambda area: (kinds.index(area.kind), _natural(area.name)))


def area(slug: str) -> PublishedArea | None:
    return in_current(PublishedArea.objects.filter(slug=slug), "areas").first()


def cells(*, shapes: bool = True) -> list[PublishedCell]:
    """Cells of the current release, leaves and the larger ones above them, largest first."""
    rows = in_current(PublishedCell.objects.all(), "cells").order_by("level", "code")
    return list(rows if shapes else rows.defer("footprint"))


def addresses_stood_for(rows: Iterable[PublishedRow]) -> dict[str, int]:
    """How many addresses each place and cell that some rows name stands for, by code."""
    rows = list(rows)
    places = PublishedPlace.objects.filter(code__in={row.place_code for row in rows} - {""})
    cells = PublishedCell.objects.filter(code__in={row.cell_code for row in rows} - {""})
    return {
        **dict(places.values_list("code", "stands_for_addresses")),
        **dict(cells.values_list("code", "n_addresses")),
    }


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
    """Counts by "month", "category", "district_slug" or "beat_slug" ('' is not known). An absent key has no row."""
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


def count_by_cell(release: Release, of: Slice, zone: ZoneInfo) -> dict[str, int]:
    """Incidents published for a cell, a district or the city instead of a place, by cell code ('': the city)."""
    rows = in_release(PublishedIncident.objects.all(), release.number)
    rows = rows.exclude(precision=PublishedRow.Precision.PLACE)
    if of.category:
        rows = rows.filter(category=of.category)
    if of.since:
        rows = rows.filter(starts_at__gte=_midnight(of.since, zone))
    if of.until:
        rows = rows.filter(starts_at__lt=_midnight(of.until, zone))
    counted = rows.values("cell_code").annotate(count=Count("id")).order_by("cell_code")
    return {row["cell_code"]: row["count"] for row in counted}


def _midnight(day: dt.date, zone: ZoneInfo) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=zone)


def next_month(month: dt.date) -> dt.date:
    return (month.replace(day=1) + dt.timedelta(days=32)).replace(day=1)


@dataclass(frozen=True)
class Page:
    """Some rows, newest first, and the key of the next page ('' at the end)."""

    rows: list[PublishedRow]
    next_key: str


def page_of_rows(release: Release, of: Slice, *, after: str = "", size: int = 25) -> Page:
    """Published incidents or gunfire by start of period, then id; keyset, so that page 1,000 costs as page 1."""
    model = _record_model(release)
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


def _record_model(release: Release) -> type[PublishedRow]:
    return PublishedIncident if release.dataset.slug == "incidents" else PublishedGunfire


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


def alerts(release: Release, of: Slice, zone: ZoneInfo) -> list[PublishedGunfire]:
    """Published gunfire alerts of some months, oldest first."""
    rows = in_release(PublishedGunfire.objects.all(), release.number)
    if of.since:
        rows = rows.filter(starts_at__gte=_midnight(of.since, zone))
    if of.until:
        rows = rows.filter(starts_at__lt=_midnight(of.until, zone))
    return list(rows.order_by("starts_at", "public_id"))


def outcomes(rows: Iterable[PublishedRow]) -> dict[str, str]:
    """What is told now of some alerts, by public id; those of which nothing is told yet are absent."""
    ids = [row.public_id for row in rows]
    told = in_current(PublishedOutcome.objects.filter(public_id__in=ids), "gunfire")
    return dict(told.values_list("public_id", "outcome"))


def sensitive_totals(*, district: str) -> list[PublishedCount]:
    """Quarterly noisy totals of a district, or of the city (''), newest first."""
    quarterly = PublishedCount.objects.filter(statistic="district-quarter")
    rows = in_current(quarterly.filter(district_slug=district), "sensitive-totals")
    return list(rows.order_by("-period"))


def draws_in(district: str) -> int:
    """Random errors inside one sensitive total: one for a district; the city sums them and that of no district."""
    if district:
        return 1
    quarterly = PublishedCount.objects.filter(statistic="district-quarter")
    rows = in_current(quarterly.exclude(district_slug=""), "sensitive-totals")
    return rows.values("district_slug").distinct().count() + 1


_SUFFIXES = {
    "street": "st", "avenue": "ave", "av": "ave", "road": "rd", "boulevard": "blvd", "drive": "dr",
    "lane": "ln", "court": "ct", "place": "pl", "terrace": "ter", "parkway": "pkwy", "highway": "hwy",
    "square": "sq", "circle": "cir", "north": "n", "south": "s", "east": "e", "west": "w",
    "trail": "trl", "alley": "aly", "northeast": "ne", "northwest": "nw", "southeast": "se",
    "southwest": "sw", "saint": "st", "calle": "c",
}  # fmt: skip


_DIRECTIONS = ("n", "ne", "e", "se", "s", "sw", "w", "nw")
_STREET_KINDS = {
    "st", "ave", "rd", "blvd", "dr", "ln", "ct", "pl", "ter", "pkwy", "hwy", "sq", "cir", "way", "trl", "aly",
}  # fmt: skip
# What follows a house and its street: a flat, a floor.
_UNIT = re.compile(r"(\b(apartment|apt|unit|suite|ste|floor|fl|room|rm|apto|depto|piso)\b|#).*$")
_LONGEST_SEARCH = 120


def street_key(words: str) -> str:
    """A street's name as it is compared: no case, no accents, no dots, usual words short."""
    plain = unicodedata.normalize("NFKD", words.casefold().replace("'", "").replace("\u2019", ""))
    letters = "".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))
    return " ".join(_SUFFIXES.get(word, word) for word in letters.split())


def search(words: str, *, limit: int = 12) -> list[PublishedArea]:
    """Areas that a name or an address points at, best first. The words are not kept anywhere."""
    line = words[:_LONGEST_SEARCH].casefold().partition(",")[0]
    asked = street_key(_UNIT.sub("", line)).split()
    if not asked:
        return []
    known = areas("district", "beat", "city", "neighbourhood", "park", shapes=False)
    by_slug = {found.slug: found for found in known}
    for key in _readings(asked):
        named, is_exact = _slugs_named(key, known)
        slugs = named if is_exact else named + _slugs_of_street(key)
        if slugs:
            return [by_slug[slug] for slug in dict.fromkeys(slugs) if slug in by_slug][:limit]
    return []


def _readings(asked: list[str]) -> list[str]:
    """What was typed, then without what follows the kind of street: a town, a state, a postcode.

    Never fewer words than that: who asks for Oak Street must not be led to Oak Lane.
    """
    ends = []
    for at in range(len(asked) - 1, 0, -1):
        if asked[at] in _STREET_KINDS and not asked[at - 1].isdecimal():
            has_direction = asked[at + 1 : at + 2] and asked[at + 1] in _DIRECTIONS
            ends.append(at + 2 if has_direction else at + 1)
    return [" ".join(asked[:end]) for end in dict.fromkeys([len(asked), *ends])]


def _slugs_named(key: str, known: list[PublishedArea]) -> tuple[list[str], bool]:
    """The area of that very name and True, else those whose name holds it.

    For a park or neighbourhood, which has no page, the beat around its middle.
    """
    keys = {found.slug: street_key(found.name) for found in known}
    exact = [found for found in known if keys[found.slug] == key]
    named = exact or [found for found in known if f" {key}" in f" {keys[found.slug]}"]
    have_pages = [found.slug for found in named if found.kind in ("district", "beat", "city")]
    around = _slugs_around([found for found in named if found.slug not in have_pages])
    return have_pages + around, bool(exact)


def _slugs_around(landmarks: list[PublishedArea]) -> list[str]:
    if not landmarks:
        return []
    middles = [shapely.point_on_surface(shape(landmark.geometry)) for landmark in landmarks]
    for kind in ("beat", "district"):
        outlines = [(area.slug, shape(area.geometry)) for area in areas(kind)]
        if slugs := [slug for slug, outline in outlines if any(map(outline.covers, middles))]:
            return slugs
    return []


def _slugs_of_street(key: str) -> list[str]:
    """Beats (else districts) of a street; of the one stretch where a house number is given."""
    number, _, name = key.partition(" ")
    if not number.isdecimal() or not name:
        return _slugs_of(_streets_named(key))
    rows = _streets_named(name)
    exact = rows.filter(number_from__lte=int(number), number_to__gte=int(number))
    return _slugs_of(exact) or _slugs_of(rows)


def _streets_named(name: str) -> QuerySet[PublishedStreet]:
    """Streets of that name, else those whose name begins so; a direction may lead: "cedar" is "n cedar st" too."""
    names = [name, *(f"{direction} {name}" for direction in _DIRECTIONS)]
    exact = PublishedStreet.objects.filter(street_key__in=names)
    if in_current(exact, "areas").exists():
        return exact
    begins = [Q(street_key__startswith=begin) for begin in names]
    return PublishedStreet.objects.filter(reduce(or_, begins))


def _slugs_of(rows: QuerySet[PublishedStreet]) -> list[str]:
    found: Iterable[tuple[str, str]] = (
        in_current(rows, "areas")
        .order_by("street_key", "number_from")
        .values_list("beat_slug", "district_slug")[:50]
    )
    return [beat or district for beat, district in found]
