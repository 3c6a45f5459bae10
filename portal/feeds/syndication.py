"""News of releases as Atom (RFC 4287) and JSON Feed 1.1: what a reader who subscribes is told, from public rows alone.

An entry never changes once it is there: it says what a release added then, whatever was retired since.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice

from django.db.models import Count
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import ngettext

from portal.feeds.dictionary import DATASETS
from portal.feeds.history import corrections
from portal.models import (
    PublishedArea,
    PublishedCall,
    PublishedGunfire,
    PublishedIncident,
    PublishedRow,
    Release,
)
from portal.vocabulary import category_label, kind_label

ENTRIES = 30
ATOM, JSON = "application/atom+xml; charset=utf-8", "application/feed+json"
Absolute = Callable[[str], str]  # a path of this site -> its address


@dataclass(frozen=True)
class Entry:
    """key: what names it for good, below the feed's address."""

    key: str
    title: str
    text: str
    path: str
    at: dt.datetime


@dataclass(frozen=True)
class News:
    """path: of the page it belongs to."""

    title: str
    text: str
    path: str
    entries: list[Entry]


# --- what is told ---


def of_dataset(slug: str) -> News:
    """The newest releases and withdrawals of a dataset; an old release may have been withdrawn today."""
    spec = DATASETS[slug]
    known = (Release.State.ACTIVE, Release.State.WITHDRAWN)
    releases = Release.objects.filter(dataset__slug=slug, state__in=known)
    withdrawn = releases.filter(withdrawn_at__isnull=False).order_by("-withdrawn_at")
    newest = {*releases.order_by("-number")[:ENTRIES], *withdrawn[:ENTRIES]}
    entries = sorted((e for release in newest for e in _of_release(slug, release)), key=_newest)
    path = reverse("portal:dataset-detail", args=[slug])
    return News(spec.title, spec.summary, path, entries[:ENTRIES])


def _of_release(slug: str, release: Release) -> Iterable[Entry]:
    title = f"{DATASETS[slug].title}, release {release.number}"
    added = ngettext("%(n)s new row", "%(n)s new rows", release.n_added) % {"n": release.n_added}
    gone = ngettext("%(n)s removed", "%(n)s removed", release.n_retired) % {"n": release.n_retired}
    path = reverse("portal:dataset-difference", args=[slug])
    yield Entry(
        f"release-{release.number}",
        title,
        f"{added}, {gone}; {release.n_rows} rows in all. SHA-256 of the CSV file: {release.sha256}.",
        f"{path}?to={release.number}",
        release.as_of,
    )
    if release.withdrawn_at:
        yield Entry(
            f"withdrawal-{release.number}",
            f"{title}: withdrawn",
            release.withdrawn_reason,
            reverse("portal:corrections"),
            release.withdrawn_at,
        )


_RECORDS: tuple[tuple[str, type[PublishedRow], str, Callable[[str], str]], ...] = (
    ("incidents", PublishedIncident, "category", category_label),
    ("gunfire", PublishedGunfire, "kind", kind_label),
    ("calls", PublishedCall, "category", category_label),
)


def of_area(area: PublishedArea) -> News:
    """What each release added in the city, a district or a beat, by kind."""
    entries: list[Entry] = []
    for slug, model, column, label in _RECORDS:
        active = Release.objects.filter(dataset__slug=slug, state=Release.State.ACTIVE)
        releases = {release.number: release for release in active.order_by("-number")[:ENTRIES]}
        # The first release holds the whole past; to count it would be no news.
        releases.pop(1, None)
        added = _added(model, column, area, list(releases))
        for number, counts in added.items():
            n = sum(counts.values())
            kinds = ", ".join(f"{label(kind)} {count}" for kind, count in sorted(counts.items()))
            entries.append(
                Entry(
                    f"{slug}-{number}",
                    f"{area.name}: {n} new in {DATASETS[slug].title}, release {number}",
                    kinds,
                    reverse("portal:area-detail", args=[area.slug]),
                    releases[number].as_of,
                )
            )
    path = reverse("portal:area-detail", args=[area.slug])
    entries = sorted(entries, key=_newest)[:ENTRIES]
    return News(area.name, f"What was newly released in {area.name}.", path, entries)


def _added(
    model: type[PublishedRow], column: str, area: PublishedArea, numbers: list[int]
) -> dict[int, dict[str, int]]:
    """Rows that each release added, by release and kind; nothing where it added none."""
    rows = model._default_manager.filter(first_release__in=numbers)
    if area.kind in ("district", "beat"):
        rows = rows.filter(**{f"{area.kind}_slug": area.slug})
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for row in rows.values("first_release", column).annotate(n=Count("id")).order_by(column):
        found[row["first_release"]][row[column]] = row["n"]
    return found


def of_corrections() -> News:
    """Removals and withdrawals of every dataset."""
    path = reverse("portal:corrections")
    entries = [
        Entry(
            f"{found.dataset}-{found.release}-{found.kind}",
            f"{DATASETS[found.dataset].title}, release {found.release}: {found.n_rows} rows, {found.kind}",
            found.reason,
            f"{reverse('portal:dataset-difference', args=[found.dataset])}?to={found.release}"
            if found.kind == "removal"
            else path,
            found.at,
        )
        for found in islice(corrections(), ENTRIES)
    ]
    text = "Rows that were removed, and releases that were withdrawn."
    return News("Corrections", text, path, entries)


def _newest(entry: Entry) -> tuple[float, str]:
    return -entry.at.timestamp(), entry.key


# --- how it is written ---


def as_atom(news: News, *, here: str, absolute: Absolute, author: str, rights: str) -> bytes:
    feed = Atom1Feed(
        title=news.title,
        link=absolute(news.path),
        description=news.text,
        subtitle=news.text,
        language="en",
        feed_url=here,
        feed_guid=here,
        author_name=author,
        feed_copyright=rights,
    )
    for entry in news.entries:
        feed.add_item(
            title=entry.title,
            link=absolute(entry.path),
            description=entry.text,
            unique_id=f"{here}#{entry.key}",
            pubdate=entry.at,
            updateddate=entry.at,
        )
    return feed.writeString("utf-8").encode()


def as_json(news: News, *, here: str, absolute: Absolute, author: str, rights: str) -> bytes:
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": news.title,
        "description": news.text,
        "home_page_url": absolute(news.path),
        "feed_url": here,
        "language": "en",
        "authors": [{"name": author}],
        "_licence": rights,
        "items": [
            {
                "id": f"{here}#{entry.key}",
                "url": absolute(entry.path),
                "title": entry.title,
                "content_text": entry.text or entry.title,
                "date_published": entry.at.astimezone(dt.UTC).isoformat(),
            }
            for entry in news.entries
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"


FORMS = {"atom": (ATOM, as_atom), "json": (JSON, as_json)}
