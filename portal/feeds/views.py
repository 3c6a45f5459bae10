"""Downloads: `/data/<dataset>.<suffix>` and the same of any release, complete or an error."""

from __future__ import annotations

from http import HTTPStatus

from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotModified,
    JsonResponse,
)
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_safe

from portal.feeds.dictionary import DATASETS
from portal.feeds.files import MANIFEST, file_of, folder_of, manifest_of
from portal.feeds.renderers import FORMATS, formats_of
from portal.models import Dataset, Release

FOREVER = "public, max-age=31536000, immutable"
SOON = "public, max-age=300"


@require_safe
def current_file(request: HttpRequest, slug: str, suffix: str) -> HttpResponseBase:
    """The newest active release, in one format."""
    dataset = get_object_or_404(Dataset.objects.select_related("current"), slug=slug)
    if dataset.current is None:
        return problem(
            HTTPStatus.NOT_FOUND, "Not released yet", f"The dataset {slug} has no release yet."
        )
    dataset.current.dataset = dataset
    return send(request, dataset.current, suffix, cache=SOON)


@require_safe
def release_file(
    request: HttpRequest, slug: str, number: int, name: str, suffix: str
) -> HttpResponseBase:
    """One release, in one format. What it holds never changes."""
    if name != slug:
        raise Http404
    release = get_object_or_404(
        Release.objects.select_related("dataset"), dataset__slug=slug, number=number
    )
    if release.state == Release.State.WITHDRAWN:
        return problem(
            HTTPStatus.GONE,
            "Withdrawn",
            f"Release {number} of {slug} was withdrawn: {release.withdrawn_reason}",
        )
    if release.state != Release.State.ACTIVE:
        raise Http404
    return send(request, release, suffix, cache=FOREVER)


@require_safe
def manifest(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Rows, bytes and SHA-256 of the files of a release, in the very bytes that the chain of releases signs."""
    release = get_object_or_404(
        Release.objects.select_related("dataset"),
        dataset__slug=slug,
        number=number,
        state=Release.State.ACTIVE,
    )
    manifest_of(release)
    return HttpResponse(
        (folder_of(release) / MANIFEST).read_bytes(),
        content_type="application/json",
        headers={"Cache-Control": FOREVER, **OPEN_TO_ALL},
    )


OPEN_TO_ALL = {"Access-Control-Allow-Origin": "*"}


def send(request: HttpRequest, release: Release, suffix: str, *, cache: str) -> HttpResponseBase:
    """The file with its length, hash and licence; no modification time, for it would tell when rows came."""
    spec = DATASETS[release.dataset.slug]
    if suffix not in formats_of(spec):
        raise Http404
    known = manifest_of(release)["files"][suffix]
    headers = {"ETag": f'"{known["sha256"]}"', "Cache-Control": cache, **OPEN_TO_ALL}
    if request.headers.get("If-None-Match") == headers["ETag"]:
        return HttpResponseNotModified(headers=headers)
    media_type, _ = FORMATS[suffix]
    response = FileResponse(
        file_of(release, suffix).open("rb"),
        as_attachment=suffix == "csv",
        filename=f"{release.dataset.slug}-{release.number}.{suffix}",
        content_type=media_type,
        headers=headers,
    )
    response.headers["Content-Length"] = str(known["bytes"])
    response.headers["Link"] = (
        f'<{request.build_absolute_uri(page_of(release))}>; rel="describedby"'
    )
    return response


def page_of(release: Release) -> str:
    return reverse("portal:dataset-detail", args=[release.dataset.slug])


def problem(status: HTTPStatus, title: str, detail: str) -> JsonResponse:
    """RFC 9457."""
    return JsonResponse(
        {"type": "about:blank", "title": title, "status": status.value, "detail": detail},
        status=status,
        content_type="application/problem+json",
    )
