"""What the API says of itself, of datasets and of releases."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from portal.api import answers
from portal.api.parameters import filters_of
from portal.api.problems import ProblemError
from portal.api.releases import edition_of
from portal.feeds.dictionary import DATASETS
from portal.feeds.editions import Editions
from portal.feeds.files import FilesAbsentError, manifest_of
from portal.feeds.reading import categorical_of, groupable_of, sorts_of
from portal.feeds.renderers import formats_of, plain
from portal.feeds.specs import Field
from portal.models import Release
from portal.queries import releases as known_releases

DOORS = ("rows", "count", "groups", "facets", "releases")


def index(request: HttpRequest) -> dict[str, Any]:
    def at(name: str) -> str:
        return request.build_absolute_uri(reverse(f"api:{name}"))

    return {
        "datasets": at("dataset-list"),
        "docs": at("docs"),
        "openapi": {"json": at("openapi-json"), "yaml": at("openapi-yaml")},
        "police_uk": at("police-uk"),
        "ogc": request.build_absolute_uri(reverse("ogc:landing")),
        "webhooks": request.build_absolute_uri(reverse("webhooks:subscriptions")),
    }


def summary(request: HttpRequest, slug: str, now: Editions) -> dict[str, Any]:
    spec, edition = DATASETS[slug], now.get(slug)
    has_release = edition is not None and edition.number is not None
    return {
        "slug": slug,
        "title": spec.title,
        "summary": spec.summary,
        "one_row_is": spec.one_row_is,
        "updated": spec.updated,
        "release": edition.number if edition and has_release else None,
        "as_of": plain(edition.as_of) if edition and has_release else None,
        "rows": edition.n_rows if edition and has_release else None,
        "url": request.build_absolute_uri(reverse(f"api:{slug}-detail")),
        "page": request.build_absolute_uri(reverse("portal:dataset-detail", args=[slug])),
    }


def detail(request: HttpRequest, slug: str, now: Editions) -> dict[str, Any]:
    spec = DATASETS[slug]
    doors = {door: request.build_absolute_uri(reverse(f"api:{slug}-{door}")) for door in DOORS}
    return {
        **summary(request, slug, now),
        "caveats": list(spec.caveats),
        "key": list(spec.key),
        "columns": [_column(column) for column in spec.fields],
        "filters": list(filters_of(slug)),
        "sorts": list(sorts_of(slug)),
        "groups": list(groupable_of(slug)),
        "facets": list(categorical_of(slug)),
        "doors": doors,
        "files": {
            suffix: request.build_absolute_uri(reverse("feeds:dataset-file", args=[slug, suffix]))
            for suffix in formats_of(spec)
        },
    }


def _column(column: Field) -> dict[str, Any]:
    told = {
        "name": column.name,
        "type": column.type,
        "description": column.description,
        "empty_means": column.missing or None,
        "unit": column.unit or None,
        "references": column.references or None,
        "values": {value: str(words) for value, words in column.values.items()} or None,
        "example": column.example or None,
    }
    return {name: value for name, value in told.items() if value is not None}


def releases(request: HttpRequest, slug: str) -> dict[str, Any]:
    return {
        "dataset": slug,
        "releases": [_release(request, release) for release in known_releases(slug)],
    }


def _release(request: HttpRequest, release: Release) -> dict[str, Any]:
    slug, number = release.dataset.slug, release.number
    return {
        "number": number,
        "state": str(release.state),
        "as_of": plain(release.as_of),
        "rows": release.n_rows,
        "added": release.n_added,
        "retired": release.n_retired,
        "sha256": release.sha256 or None,
        "withdrawn_reason": release.withdrawn_reason or None,
        "url": request.build_absolute_uri(reverse(f"api:{slug}-release", args=[number])),
    }


def release_detail(request: HttpRequest, release: Release) -> dict[str, Any]:
    slug, number = release.dataset.slug, release.number
    try:
        manifest = manifest_of(release)
    except FilesAbsentError as error:
        raise ProblemError(
            "unavailable", "The files of the release are being built again."
        ) from error
    files = [
        {
            **file,
            "url": request.build_absolute_uri(
                reverse("feeds:release-file", args=[slug, number, slug, suffix])
            ),
        }
        for suffix, file in manifest["files"].items()
    ]
    return {
        **answers.about(edition_of(release)),
        **_release(request, release),
        "schema_version": release.schema_version,
        "verification": release.verification,
        "files": files,
        "manifest": request.build_absolute_uri(
            reverse("feeds:release-manifest", args=[slug, number])
        ),
    }
