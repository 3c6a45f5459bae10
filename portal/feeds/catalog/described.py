"""One release of a dataset with all that a catalogue says of it: its words, its files, its extent, its addresses."""

from __future__ import annotations

import datetime as dt
import statistics
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from django.urls import reverse
from django.utils import translation

from portal import queries
from portal.city import City, the_city
from portal.feeds.asking import fetch
from portal.feeds.dictionary import DATASETS
from portal.feeds.files import manifest_of
from portal.feeds.projections import PROJECTIONS
from portal.feeds.renderers import FORMATS, plain
from portal.feeds.specs import DatasetSpec
from portal.models import PublishedArea, PublishedAuditResult, PublishedPlace, Release

LONGEST_PERIOD = "1 year"  # of a row: a city may coarsen time up to that
TABULAR = ("csv", "json", "ndjson")


@dataclass(frozen=True)
class File:
    """One file of a release, under its address for good."""

    name: str
    suffix: str
    media_type: str
    bytes: int
    sha256: str
    url: str
    month: str = ""  # 2026-10: a part; empty: the whole

    @property
    def format_name(self) -> str:
        return FORMATS[self.suffix].name


@dataclass(frozen=True)
class Described:
    """One release, as it is described to machines. ``base`` is the address of the installation."""

    spec: DatasetSpec
    release: Release
    base: str

    def address(self, name: str, *args: object) -> str:
        """The absolute address of a page or file; of pages, the one in English."""
        with translation.override("en"):
            return self.base + reverse(name, args=args)

    @property
    def city(self) -> City:
        return the_city()

    @property
    def page(self) -> str:
        return self.address("portal:dataset-detail", self.spec.slug)

    @property
    def manifest_url(self) -> str:
        return self.address("feeds:release-manifest", self.spec.slug, self.release.number)

    @property
    def as_of(self) -> str:
        return str(plain(self.release.as_of))

    @property
    def description(self) -> str:
        """Summary, what a row is, and what to know before use."""
        row = f"One row is {self.spec.one_row_is}."
        return " ".join([self.spec.summary, row, *self.spec.caveats])

    @cached_property
    def files(self) -> tuple[File, ...]:
        """The whole release in each format."""
        return self._files(manifest_of(self.release)["files"])

    @cached_property
    def parts(self) -> tuple[File, ...]:
        """The same by month, oldest first, of a dataset that comes so."""
        months = manifest_of(self.release)["parts"]
        return tuple(
            file for part in months for file in self._files(part["files"], month=part["month"])
        )

    def _files(self, known: dict[str, Any], *, month: str = "") -> tuple[File, ...]:
        slug, number = self.spec.slug, self.release.number
        return tuple(
            File(
                name=file["name"],
                suffix=suffix,
                media_type=file["media_type"].partition(";")[0],
                bytes=file["bytes"],
                sha256=file["sha256"],
                url=self.address(
                    "feeds:release-file",
                    slug,
                    number,
                    file["name"].removesuffix(f".{suffix}"),
                    suffix,
                ),
                month=month,
            )
            for suffix, file in known.items()
        )

    def file(self, suffix: str) -> File:
        """The whole release in one format."""
        return next(file for file in self.files if file.suffix == suffix)

    @cached_property
    def span(self) -> tuple[dt.datetime, dt.datetime] | None:
        """From the first start to the last end of what the rows tell of; None where rows have no period, or there are none."""
        if not {"starts_at", "ends_at"} <= set(self.spec.columns):
            return None
        projection = PROJECTIONS[self.spec.slug]
        # Both by the index on starts: a count of ten million rows would take seconds.
        first = projection.select("r.starts_at", order="r.starts_at", limit="1")
        newest = projection.select("r.starts_at", order="r.starts_at DESC", limit="1")
        last = projection.select(
            "max(r.ends_at)", where=f"r.starts_at > ({newest}) - interval '{LONGEST_PERIOD}'"
        )
        ((begins, ends),) = fetch(f"SELECT ({first}), ({last})", {"release": self.release.number})
        return (begins, ends) if begins and ends else None

    @cached_property
    def box(self) -> tuple[float, float, float, float] | None:
        """West, south, east, north of the city, None before its areas are released."""
        cities = queries.in_current(PublishedArea.objects.filter(kind="city"), "areas")
        return cities.values_list("west", "south", "east", "north").first()

    @cached_property
    def resolution_m(self) -> int | None:
        """How far, for half of the places, the farthest address lies from the point; None where rows have no place."""
        if "place_code" not in self.spec.columns:
            return None
        places = queries.in_current(PublishedPlace.objects.all(), "places")
        reach = list(places.values_list("max_displacement_m", flat=True))
        return round(statistics.median(reach)) if reach else None

    @cached_property
    def audited(self) -> list[PublishedAuditResult]:
        """What was measured when the release was attacked before it went out."""
        rows = PublishedAuditResult.objects.filter(
            audited_dataset=self.spec.slug, audited_release=self.release.number
        )
        return list(queries.in_current(rows, "privacy-audit").order_by("attack", "subject"))

    @cached_property
    def earlier(self) -> list[Release]:
        """Active releases before this one, newest first."""
        rows = queries.releases(self.spec.slug).filter(number__lt=self.release.number)
        return list(rows.filter(state=Release.State.ACTIVE))


def described(slug: str, base: str, *, number: int | None = None) -> Described | None:
    """The current release of a dataset, or one by its number; None where there is none that may be read."""
    if number is None:
        release = queries.current_release(slug)
    else:
        rows = queries.releases(slug).filter(number=number, state=Release.State.ACTIVE)
        release = rows.first()
    spec = _as_released(release) if release else None
    return Described(spec, release, base) if release and spec else None


def _as_released(release: Release) -> DatasetSpec | None:
    """The dictionary's words on the columns that the files have: a release is older than a column added since.

    None where a column has ended since, so that the dictionary knows it no more.
    """
    spec = DATASETS[release.dataset.slug]
    known = {field.name: field for field in spec.fields}
    columns = [column["name"] for column in manifest_of(release)["columns"]]
    if not known.keys() >= set(columns):
        return None
    return replace(spec, fields=tuple(known[column] for column in columns))


def all_described(base: str) -> list[Described]:
    """Every dataset that has a release, in the order of the dictionary."""
    found = (described(slug, base) for slug in DATASETS)
    return [one for one in found if one]


def referred(one: Described) -> list[Described]:
    """The datasets whose keys the rows name, and those that these name; none that is not released."""
    found: dict[str, Described] = {}
    waiting = [slug for slug, _column in one.spec.references.values()]
    while waiting:
        slug = waiting.pop(0)
        if slug == one.spec.slug or slug in found:
            continue
        if other := described(slug, one.base):
            found[slug] = other
            waiting += [slug for slug, _column in other.spec.references.values()]
    return list(found.values())
