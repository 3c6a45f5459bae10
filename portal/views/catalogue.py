"""Catalogues and descriptions for machines, and the announced changes of columns."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import formats, translation
from django.utils.feedgenerator import Atom1Feed
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from portal import components, queries
from portal.api.memory import key_of
from portal.city import the_city
from portal.feeds import contract
from portal.feeds.as_of import NoReleaseError, WithdrawnError, release_numbered, why_none_now
from portal.feeds.catalog import croissant, csvw, dcat, dcat_us_1, frictionless
from portal.feeds.catalog.described import Described, all_described, described
from portal.feeds.dictionary import DATASETS
from portal.feeds.doors import View as Door
from portal.feeds.doors import open_door, problem
from portal.feeds.editions import Memory, editions
from portal.feeds.files import FilesAbsentError
from portal.feeds.views import COME_AGAIN_S
from portal.views.caching import public_page

# A catalogue of a dozen datasets is some 300 kB, a description 20 kB.
_memory: Memory[bytes] = Memory(16_000_000, len)

# Of one dataset, by the name of its address: media type and what writes it.
DESCRIPTIONS: dict[str, tuple[str, Callable[[Described], dict[str, Any]]]] = {
    "data-package": ("application/json", frictionless.data_package),
    "table-schema": ("application/json", frictionless.table_schema),
    "csv-metadata": ("application/csvm+json", csvw.csv_metadata),
    "croissant": ("application/ld+json", croissant.croissant),
}
# Of all of them.
CATALOGUES: dict[str, tuple[str, Callable[[list[Described], str], bytes]]] = {
    "data-json": ("application/json", lambda found, base: as_bytes(dcat_us_1.data_json(found))),
    "catalog-jsonld": (
        "application/ld+json",
        lambda found, base: as_bytes(dcat.catalog(found, base)),
    ),
    "catalog-turtle": (
        "text/turtle; charset=utf-8",
        lambda found, base: dcat.turtle(dcat.catalog(found, base)),
    ),
}


TITLES = {
    "data-package": "Data Package (Frictionless)",
    "table-schema": "Table Schema",
    "csv-metadata": "CSV on the Web",
    "croissant": "schema.org and Croissant",
}
WORDS = {
    "added": gettext_noop("it is new"),
    "renamed": gettext_noop("it is called %(new)s"),
    "retyped": gettext_noop("%(new)s carries it in another type"),
    "removed": gettext_noop("it ends"),
}


class NotDescribedError(Exception):
    """No such dataset, no release that may be read, or one with columns that the dictionary knows no more."""


def as_bytes(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"


def written(request: HttpRequest, name: str, *, slug: str = "", number: int | None = None) -> bytes:
    """A catalogue, or a description of one dataset, with the addresses of the installation that was asked.

    Written once for each release: they are the same for everybody. Raises NotDescribedError, NoReleaseError,
    FilesAbsentError.
    """
    base = request.build_absolute_uri("/").rstrip("/")
    now = editions()
    key = key_of(name, slug, number, base)
    body = _memory.get(key, now)
    if body is None:
        body = _write(name, slug, number, base)
        _memory.put(key, body, now)
    return body


def _write(name: str, slug: str, number: int | None, base: str) -> bytes:
    with translation.override("en"):  # a file is the same in every language
        if not slug:
            return CATALOGUES[name][1](all_described(base), base)
        one = described(slug, base, number=number) if slug in DATASETS else None
        if one is None:
            raise _undescribed(slug, number)
        return as_bytes(DESCRIPTIONS[name][1](one))


def _undescribed(slug: str, number: int | None) -> NotDescribedError | NoReleaseError:
    """Why there is no description of a dataset, or of one release of it."""
    if slug not in DATASETS:
        return NotDescribedError(f"There is no dataset {slug}.")
    if number is None and queries.current_release(slug) is None:
        return NotDescribedError(why_none_now(slug))
    try:
        of = slug if number is None else f"{slug}, release {release_numbered(slug, number).number}"
    except NoReleaseError as error:
        return error
    return NotDescribedError(f"The site has no description of {of} as it was released.")


def description(name: str) -> Door:
    """The door of one description of a dataset: of its current release, or of one by number."""
    media_type, _write = DESCRIPTIONS[name]

    def door(request: HttpRequest, slug: str, number: int | None = None) -> HttpResponse:
        try:
            body = written(request, name, slug=slug, number=number)
        except WithdrawnError as error:
            return problem(HTTPStatus.GONE, "Withdrawn", str(error))
        except (NotDescribedError, NoReleaseError) as error:
            return problem(HTTPStatus.NOT_FOUND, "Not described", str(error))
        except FilesAbsentError:
            return _come_again(slug)
        headers = contract.headers_of(slug)
        return HttpResponse(body, content_type=media_type, headers=headers)

    return open_door(public_page(door))


def catalogue(name: str) -> Door:
    media_type, _write = CATALOGUES[name]

    def door(request: HttpRequest) -> HttpResponse:
        try:
            return HttpResponse(written(request, name), content_type=media_type)
        except FilesAbsentError:
            return _come_again("a dataset")

    return open_door(public_page(door))


def _come_again(slug: str) -> HttpResponse:
    """The worker builds lost files again; a catalogue without them would say that there are none."""
    told = problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Files are being built",
        f"The files of {slug} are being built again; ask later.",
    )
    told.headers["Retry-After"] = COME_AGAIN_S
    return told


def machine_readable(request: HttpRequest, slug: str) -> dict[str, Any]:
    """For `portal/data/_machine_readable.html` in the head of a dataset's page: links, licence, schema.org."""
    base = request.build_absolute_uri("/").rstrip("/")
    links = [
        {
            "rel": "alternate" if name == "croissant" else "describedby",
            "type": DESCRIPTIONS[name][0],
            "title": title,
            "href": base + reverse(f"feeds:{name}", args=[slug]),
        }
        for name, title in TITLES.items()
    ]
    found: dict[str, Any] = {"links": links, "licence": the_city().licence_url}
    # A page can do without: before the first release, and while lost files are built again.
    with suppress(NotDescribedError, FilesAbsentError):
        found["structured_data"] = _in_html(written(request, "croissant", slug=slug))
    return found


def _in_html(document: bytes) -> SafeString:
    """JSON as it may stand in a script element: nothing in it can end the element."""
    text = document.decode()
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return mark_safe(text)  # noqa: S308 - the three signs that HTML reads are escaped above


@public_page
def schema_changes(request: HttpRequest) -> HttpResponse:
    """Announced changes of columns, for people."""
    heads = (_("Column"), _("What changes"), _("Announced"), _("Takes effect"), _("Why"))
    rows = [
        (
            f"{change.dataset}.{change.column}",
            _(WORDS[change.kind]) % {"new": change.new},
            formats.date_format(change.announced_on, "DATE_FORMAT"),
            formats.date_format(change.effective_on, "DATE_FORMAT"),
            change.why,
        )
        for change in contract.CHANGES
    ]
    columns = [components.Column(head) for head in heads]
    context = {
        "changes": components.table(_("Changes, newest first"), columns, rows, absent=""),
        "notice_days": contract.NOTICE.days,
        "trail": [{"label": _("Data"), "href": reverse("portal:dataset-list")}],
    }
    return render(request, "portal/data/schema_changes.html", context)


@open_door
@public_page
def schema_changes_json(request: HttpRequest) -> HttpResponse:
    body = as_bytes(contract.document())
    return HttpResponse(body, content_type="application/json")


@open_door
@public_page
def schema_changes_atom(request: HttpRequest) -> HttpResponse:
    """The same for feed readers."""
    page = request.build_absolute_uri(reverse("portal:schema-changes"))
    feed = Atom1Feed(
        title=f"{the_city().name} open data: changes of columns",
        link=page,
        description=f"Announced {contract.NOTICE.days} days or more before they take effect.",
        language="en",
        author_name=the_city().department_name,
        feed_url=request.build_absolute_uri(),
        feed_guid=page,
    )
    for change in contract.CHANGES:
        feed.add_item(
            title=contract.sentence(change),
            link=f"{page}#{change.id}",
            description=change.why,
            unique_id=f"{page}#{change.id}",
            pubdate=contract.midnight(change.announced_on),
            updateddate=contract.midnight(change.announced_on),
        )
    body = feed.writeString("utf-8")
    return HttpResponse(body, content_type="application/atom+xml; charset=utf-8")


@public_page
def sitemap(request: HttpRequest) -> HttpResponse:
    """The pages of the datasets, for search engines; those read the embedded descriptions."""
    with translation.override("en"):
        paths = [reverse("portal:home"), reverse("portal:dataset-list")]
        paths += [reverse("portal:dataset-detail", args=[slug]) for slug in DATASETS]
    lines = [f"<url><loc>{request.build_absolute_uri(path)}</loc></url>" for path in paths]
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        + "\n".join(lines)
        + "\n</urlset>\n"
    )
    return HttpResponse(body, content_type="application/xml")
