"""Open data: the list of datasets and a page for each."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from portal import components, queries
from portal.city import the_city
from portal.feeds.dictionary import DATASETS
from portal.feeds.files import FilesAbsentError, manifest_of
from portal.feeds.renderers import FORMATS, csv_cell, formats_of
from portal.feeds.rows import rows_of
from portal.feeds.specs import DatasetSpec
from portal.models import Release
from portal.views.caching import public_page

PREVIEW_ROWS = 5
RELEASES_SHOWN = 20
TYPES = {
    "string": gettext_noop("text"),
    "integer": gettext_noop("whole number"),
    "number": gettext_noop("number"),
    "datetime": gettext_noop("date and time"),
    "date": gettext_noop("date"),
}
FORMAT_NAMES = {suffix: form.name for suffix, form in FORMATS.items()}
GOOD_FOR = {
    "csv": gettext_noop("for spreadsheets, R and Python"),
    "json": gettext_noop("for programs"),
    "ndjson": gettext_noop("for programs that read row by row"),
    "geojson": gettext_noop("for maps, with the outline of each place"),
    "parquet": gettext_noop("for analysis: small, typed, with the outline of each place"),
}


@public_page
def dataset_list(request: HttpRequest) -> HttpResponse:
    datasets = [
        {
            "spec": spec,
            "release": queries.current_release(slug),
            "files": [(FORMAT_NAMES[suffix], suffix) for suffix in formats_of(spec)],
        }
        for slug, spec in DATASETS.items()
    ]
    return render(request, "portal/data/list.html", {"datasets": datasets})


@public_page
def dataset_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """Dictionary, licence, releases, files, a few rows, how to cite."""
    spec = DATASETS.get(slug)
    if spec is None:
        raise Http404
    release = queries.current_release(slug)
    context: dict[str, Any] = {
        "spec": spec,
        "dataset_release": release,
        "dictionary": dictionary_table(spec),
        "releases": releases_table(slug),
    }
    if release:
        context |= {
            "files": files_of(release),
            "permanent_url": permanent_url(request, release),
            "preview": preview_table(spec, release),
            "verification": release.verification,
        }
    return render(request, "portal/data/detail.html", context)


def dictionary_table(spec: DatasetSpec) -> dict[str, Any]:
    heads = (_("Column"), _("Type"), _("Meaning"), _("An empty cell means"))
    rows = [
        (
            field.name,
            _(TYPES[field.type]),
            _(field.description),
            _(field.missing) if field.missing else _("never empty"),
        )
        for field in spec.fields
    ]
    columns = [components.Column(head) for head in heads]
    return components.table(_("Columns of this dataset"), columns, rows, absent="")


def releases_table(slug: str) -> dict[str, Any]:
    columns = [
        components.Column(_("Release")),
        components.Column(_("Speaks for")),
        components.Column(_("Rows"), is_number=True),
        components.Column(_("New"), is_number=True),
        components.Column(_("Retired"), is_number=True),
        components.Column(_("State")),
    ]
    rows = [
        (
            link_to(release),
            spoken_for(release),
            release.n_rows,
            release.n_added,
            release.n_retired,
            state_of(release),
        )
        for release in queries.releases(slug)[:RELEASES_SHOWN]
    ]
    return components.table(_("Releases, newest first"), columns, rows, absent="")


def spoken_for(release: Release) -> str:
    """The day and hour in the city up to which a release could know."""
    local = release.as_of.astimezone(the_city().zone)
    return f"{formats.date_format(local, 'DATE_FORMAT')}, {local:%H:%M}"


def state_of(release: Release) -> str:
    if release.state == Release.State.WITHDRAWN:
        return _("withdrawn: %(reason)s") % {"reason": release.withdrawn_reason}
    return _("published")


def link_to(release: Release) -> components.Link | str:
    if release.state == Release.State.WITHDRAWN:
        return str(release.number)
    slug = release.dataset.slug
    href = reverse("feeds:release-file", args=[slug, release.number, slug, "csv"])
    return components.Link(_("%(number)s (CSV)") % {"number": release.number}, href)


def files_of(release: Release) -> list[dict[str, Any]]:
    """Every file of a release with its size and hash, by its current and its permanent address.

    None of them while the worker prepares them anew; the page is worth reading without.
    """
    slug = release.dataset.slug
    try:
        files = manifest_of(release)["files"]
    except FilesAbsentError:
        return []
    return [
        {
            "suffix": suffix,
            "name": FORMAT_NAMES[suffix],
            "good_for": _(GOOD_FOR[suffix]),
            "bytes": file["bytes"],
            "sha256": file["sha256"],
            "url": reverse("feeds:dataset-file", args=[slug, suffix]),
            "permanent_url": reverse(
                "feeds:release-file", args=[slug, release.number, slug, suffix]
            ),
        }
        for suffix, file in files.items()
    ]


def permanent_url(request: HttpRequest, release: Release) -> str:
    """The address under which this release can be had for good, to cite."""
    slug = release.dataset.slug
    path = reverse("feeds:release-manifest", args=[slug, release.number])
    return request.build_absolute_uri(path)


def preview_table(spec: DatasetSpec, release: Release) -> dict[str, Any]:
    """The first rows of the file, each cell as it is in the CSV."""
    columns = [
        components.Column(field.name, is_number=field.type in ("integer", "number"))
        for field in spec.fields
    ]
    rows = [
        tuple(csv_cell(row[field.name]) for field in spec.fields)
        for row, _footprint in rows_of(release, first=PREVIEW_ROWS)
    ]
    return components.table(
        _("The first rows of the CSV file"), columns, rows, absent="", scrolls=True
    )
