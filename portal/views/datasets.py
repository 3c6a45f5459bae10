"""Open data: the list of datasets and a page for each."""

from __future__ import annotations

from itertools import islice
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from portal import components, queries
from portal.feeds.dictionary import DATASETS, DatasetSpec
from portal.feeds.files import manifest_of
from portal.feeds.renderers import formats_of, plain
from portal.feeds.rows import rows_of
from portal.models import Release

PREVIEW_ROWS = 5
RELEASES_SHOWN = 20


@require_safe
def dataset_list(request: HttpRequest) -> HttpResponse:
    datasets = [
        {"spec": spec, "release": queries.current_release(slug), "formats": formats_of(spec)}
        for slug, spec in DATASETS.items()
    ]
    return render(request, "portal/data/list.html", {"datasets": datasets})


@require_safe
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
            "preview": preview_table(spec, release),
            "verification": release.verification,
        }
    return render(request, "portal/data/detail.html", context)


def dictionary_table(spec: DatasetSpec) -> dict[str, Any]:
    columns = [
        components.Column(_(head)) for head in ("Column", "Type", "Meaning", "An empty cell means")
    ]
    rows = [
        (field.name, field.type, field.description, field.missing or _("never empty"))
        for field in spec.fields
    ]
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
            plain(release.as_of),
            release.n_rows,
            release.n_added,
            release.n_retired,
            _("withdrawn: %(reason)s") % {"reason": release.withdrawn_reason}
            if release.state == Release.State.WITHDRAWN
            else _("published"),
        )
        for release in queries.releases(slug)[:RELEASES_SHOWN]
    ]
    return components.table(_("Releases, newest first"), columns, rows, absent="")


def link_to(release: Release) -> components.Link | str:
    if release.state == Release.State.WITHDRAWN:
        return str(release.number)
    slug = release.dataset.slug
    href = reverse("portal:release-file", args=[slug, release.number, slug, "csv"])
    return components.Link(str(release.number), href)


def files_of(release: Release) -> list[dict[str, Any]]:
    """Every file of a release with its size and hash, by its current and its permanent address."""
    slug = release.dataset.slug
    return [
        {
            "suffix": suffix,
            "bytes": file["bytes"],
            "sha256": file["sha256"],
            "url": reverse("portal:dataset-file", args=[slug, suffix]),
            "permanent_url": reverse(
                "portal:release-file", args=[slug, release.number, slug, suffix]
            ),
        }
        for suffix, file in manifest_of(release)["files"].items()
    ]


def preview_table(spec: DatasetSpec, release: Release) -> dict[str, Any]:
    """The first rows of the file, as they are in it."""
    columns = [
        components.Column(field.name, is_number=field.type in ("integer", "number"))
        for field in spec.fields
    ]
    rows = [
        tuple(
            _cell(row[field.name], is_number=field.type in ("integer", "number"))
            for field in spec.fields
        )
        for row, _footprint in islice(rows_of(release), PREVIEW_ROWS)
    ]
    return components.table(_("The first rows"), columns, rows, absent="")


def _cell(value: Any, *, is_number: bool) -> Any:
    if is_number:
        return value
    return "" if value is None else str(plain(value))
