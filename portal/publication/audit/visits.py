"""Where readers meet a dataset: the addresses that are asked in a rehearsal, and what each of them answers."""

from __future__ import annotations

import html
import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Final, cast
from urllib.parse import unquote_to_bytes, urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.db import DatabaseError, transaction
from django.http.request import validate_host
from django.urls import reverse

from portal.city import the_city
from portal.feeds.dictionary import DATASETS
from portal.feeds.reading import groupable_of
from portal.models import PublishedArea, Release
from portal.publication import sources
from portal.publication.audit.rehearsal import rehearsal

logger = logging.getLogger(__name__)

# Pages and feeds that tell of several datasets. Each is asked for every dataset that it may show.
GENERAL: Final = (
    "portal:home", "portal:map", "portal:area-list", "portal:incident-list", "portal:gunfire",
    "portal:gunfire-methods", "portal:dataset-list", "portal:release-list", "portal:corrections",
    "portal:privacy", "portal:privacy-audit", "portal:methods", "portal:about", "history:corrections",
    "news:corrections-json", "news:corrections-atom", "feeds:data-json", "api:dataset-list", "ogc:collections",
)  # fmt: skip
OF_AREA: Final = ("portal:area-detail", "news:area-json", "news:area-atom")
OF_DATASET: Final = (
    "portal:dataset-detail", "portal:dataset-difference", "history:difference", "news:dataset-json",
    "news:dataset-atom", "feeds:data-package", "feeds:table-schema", "feeds:csv-metadata", "feeds:croissant",
)  # fmt: skip
OF_RELEASE: Final = ("feeds:release-data-package",)
OF_API: Final = ("detail", "rows", "count", "groups", "facets", "releases", "release")
BROKEN: Final = 500
# The client of another portal reads incidents only.
OF_INCIDENTS: Final = (
    "crimes-street-dates", "crime-last-updated", "crimes-at-location?lat={lat}&lng={lon}",
    "crimes-no-location?category=all-crime",
)  # fmt: skip
MOST_ROWS: Final = 1_000
MOST_FEATURES: Final = 100  # each with its footprint
MOST_FIGURES: Final = 4  # links to a figure counted anew, of those that the pages have


@dataclass(frozen=True)
class Answer:
    """What an address answered."""

    path: str
    status: int
    media_type: str
    headers: str
    body: bytes

    @property
    def kind(self) -> str:
        return "pages" if self.media_type == "text/html" else "answers"

    @property
    def holds_rows(self) -> bool:
        """Whether its objects are rows, or features, of the dataset."""
        return self.path.partition("?")[0].endswith(("/rows", "/items"))


def answers(release: Release, *, zone: ZoneInfo) -> list[Answer]:
    """What the addresses that may show a release answer once it is out; asked while nobody else sees it."""
    site = WSGIHandler()
    with rehearsal(release, zone=zone):
        found = [_ask(site, path) for path in addresses(release)]
        figures = sorted({path for answer in found for path in _figures_on(answer)})
        return found + [_ask(site, path) for path in figures[:MOST_FIGURES]]


def addresses(release: Release) -> Iterator[str]:
    """Every address that is asked. Tests hold the list against all addresses of the site."""
    slug, spec = release.dataset.slug, DATASETS[release.dataset.slug]
    yield from map(reverse, GENERAL)
    for name in OF_AREA:
        yield from (reverse(name, args=[area]) for area in _areas())
    yield from (reverse(name, args=[slug]) for name in OF_DATASET)
    yield from (reverse(name, args=[slug, release.number]) for name in OF_RELEASE)
    for door in OF_API:
        numbered = [release.number] if door == "release" else []
        yield reverse(f"api:{slug}-{door}", args=numbered) + _question(slug, door)
    if spec.has_geometry:
        yield reverse("ogc:collection", args=[slug])
        yield reverse("ogc:items", args=[slug]) + f"?limit={MOST_FEATURES}"
    if slug == sources.INCIDENTS:
        city = the_city()
        root = reverse("api:police-uk")
        yield from (root + each.format(lat=city.lat, lon=city.lon) for each in OF_INCIDENTS)


def _areas() -> list[str]:
    """The city, and one of each other kind."""
    areas = PublishedArea.objects.filter(kind__in=("city", "district", "beat"))
    kinds = areas.order_by("kind", "slug").distinct("kind")
    return list(kinds.values_list("slug", flat=True))


def _question(slug: str, door: str) -> str:
    if door == "rows":
        return f"?limit={MOST_ROWS}"
    return f"?by={groupable_of(slug)[0]}" if door == "groups" else ""


def _figures_on(answer: Answer) -> Iterator[str]:
    """Links to a figure that is counted anew, or stands in a frame."""
    if answer.kind == "pages":
        for link in re.findall(rb'href="(/(?:verify|embed)/[^"?#]+)', answer.body):
            yield html.unescape(link.decode())


def _ask(site: WSGIHandler, path: str) -> Answer:
    """As a reader's request, through all that a request passes."""
    try:
        with transaction.atomic(using="publisher"):
            response = site.get_response(_request(path))
            # It is not closed: the signal of that would close the connection under the rehearsal.
            body = b"".join(cast("Iterable[bytes]", response))
    except DatabaseError:
        logger.exception("%s could not be read in a rehearsal", path)
        return Answer(path, BROKEN, "text/html", "", b"")
    headers = "\n".join(f"{name}: {value}" for name, value in response.items())
    media_type = response.headers.get("Content-Type", "").partition(";")[0]
    return Answer(path, response.status_code, media_type, headers, body)


def _request(path: str) -> WSGIRequest:
    """A stranger's, over a safe connection."""
    where = urlsplit(path)
    return WSGIRequest(
        {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": unquote_to_bytes(where.path).decode("latin-1"),  # as servers pass bytes on
            "QUERY_STRING": where.query,
            "SERVER_NAME": _host(),
            "SERVER_PORT": "443",
            "HTTP_X_FORWARDED_PROTO": "https",
            "wsgi.url_scheme": "https",
            "wsgi.input": BytesIO(),
        }
    )


def _host() -> str:
    """A name under which the site answers."""
    names = (urlsplit(settings.SITE_URL).hostname or "", *settings.ALLOWED_HOSTS)
    return next(
        (name for name in names if validate_host(name, settings.ALLOWED_HOSTS)), "localhost"
    )
