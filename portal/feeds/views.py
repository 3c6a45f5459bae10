"""Downloads: `/data/<dataset>.<suffix>` and the same of any release and month, complete or an error."""

from __future__ import annotations

import base64
import re
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.cache import get_conditional_response

from portal.city import the_city
from portal.feeds import contract
from portal.feeds.as_of import (
    AsOfError,
    NoReleaseError,
    WithdrawnError,
    release_as_of,
    release_numbered,
    why_none_now,
)
from portal.feeds.assembly import Assembly, DamagedError
from portal.feeds.dictionary import DATASETS
from portal.feeds.doors import OPEN_TO_ALL, open_door, problem
from portal.feeds.files import FilesAbsentError, file_of, signed_manifest
from portal.feeds.ranges import OutOfRangeError, byte_range, takes_gzip
from portal.feeds.renderers import FORMATS
from portal.models import Dataset, Release

__all__ = ["OPEN_TO_ALL", "current_file", "manifest", "no_such_file", "problem", "release_file"]

FOREVER = "public, max-age=31536000, immutable"
SOON = "public, max-age=300"
COME_AGAIN_S = "300"  # by then the worker has looked after the files
SAVED = ("csv", "ndjson", "parquet")  # what a browser should rather keep than show
_NAME = re.compile(r"(.+?)(?:-(\d{4}-\d{2}))?", re.ASCII)


class NotThereError(Exception):
    """Nothing to send, and the problem that says why."""

    def __init__(self, status: HTTPStatus, title: str, detail: str) -> None:
        super().__init__(detail)
        self.problem = problem(status, title, detail)


@open_door
def current_file(request: HttpRequest, slug: str, suffix: str) -> HttpResponseBase:
    """The newest release, or with ``as_of`` the one of a number, day or instant. slug: may end in a month."""
    name = slug
    slug, month = _split(name)
    try:
        if "as_of" in request.GET:
            number = _release(slug, request.GET["as_of"]).number
            return _see(reverse("feeds:release-file", args=[slug, number, name, suffix]))
        response = _send(request, _current(slug), month, suffix, cache=SOON)
    except NotThereError as error:
        return error.problem
    for header, value in contract.headers_of(slug).items():
        response.headers[header] = value
    return response


@open_door
def release_file(
    request: HttpRequest, slug: str, number: int, name: str, suffix: str
) -> HttpResponseBase:
    """One release, whole or a month of it. What it holds never changes."""
    of, month = _split(name)
    try:
        if of != slug:
            raise _no_file(f"Release {number} of {slug} has no file {name}.{suffix}.")
        return _send(request, _release(slug, number), month, suffix, cache=FOREVER)
    except NotThereError as error:
        return error.problem


@open_door
def manifest(request: HttpRequest, slug: str, number: int) -> HttpResponseBase:
    """Rows, bytes and SHA-256 of the files of a release, in the very bytes that the chain of releases signs."""
    try:
        release = _release(slug, number)
        content = signed_manifest(release)
    except NotThereError as error:
        return error.problem
    except FilesAbsentError:
        return _come_again(slug, number)
    headers = {"Cache-Control": FOREVER, "Link": _links(slug, number)}
    return HttpResponse(content, content_type="application/json", headers=headers)


@open_door
def no_such_file(request: HttpRequest) -> HttpResponseBase:
    """Everything below /data/ that looks like a file and is none."""
    suffixes = ", ".join(FORMATS)
    return problem(
        HTTPStatus.NOT_FOUND,
        "No such file",
        f"There is no {request.path}. Files are /data/<dataset>.<suffix>, with a suffix of {suffixes}.",
    )


def _split(name: str) -> tuple[str, str]:
    """Dataset and month: incidents-2026-10 is October of incidents."""
    found = _NAME.fullmatch(name)
    assert found  # it matches whatever is not empty
    return found[1], found[2] or ""


def _no_file(detail: str) -> NotThereError:
    return NotThereError(HTTPStatus.NOT_FOUND, "No such file", detail)


def _current(slug: str) -> Release:
    if slug not in DATASETS:
        raise _no_file(f"There is no dataset {slug}.")
    dataset = Dataset.objects.select_related("current").filter(slug=slug).first()
    if dataset is None or dataset.current is None:
        raise NotThereError(HTTPStatus.NOT_FOUND, "No release now", why_none_now(slug))
    dataset.current.dataset = dataset
    return dataset.current


def _release(slug: str, as_of: int | str) -> Release:
    """The release of that number, or the newest that speaks for that day or instant."""
    if slug not in DATASETS:
        raise _no_file(f"There is no dataset {slug}.")
    try:
        if isinstance(as_of, int):
            return release_numbered(slug, as_of)
        return release_as_of(slug, as_of)
    except WithdrawnError as error:
        raise NotThereError(HTTPStatus.GONE, "Withdrawn", str(error)) from error
    except NoReleaseError as error:
        raise _no_file(str(error)) from error
    except AsOfError as error:
        title = "as_of is not understood"
        raise NotThereError(HTTPStatus.BAD_REQUEST, title, str(error)) from error


def _see(address: str) -> HttpResponse:
    return HttpResponse(
        status=HTTPStatus.FOUND, headers={"Location": address, "Cache-Control": SOON}
    )


def _send(
    request: HttpRequest, release: Release, month: str, suffix: str, *, cache: str
) -> HttpResponseBase:
    """A file with its length and hash; no modification time, for it would tell when rows came."""
    slug = release.dataset.slug
    wants_range = request.method == "GET" and "Range" in request.headers
    # A range is of the plain bytes, whoever asks: those are what a reader goes on with after a break.
    packed = (
        bool(FORMATS[suffix].frame)
        and not wants_range
        and takes_gzip(request.headers.get("Accept-Encoding", ""))
    )
    try:
        file = file_of(release, suffix, month=month, packed=packed)
        file.check()
    except KeyError:
        raise _no_file(_why_not(slug, release.number, month, suffix)) from None
    except (FilesAbsentError, DamagedError):
        return _come_again(slug, release.number)
    headers = _headers(release, month, suffix, file, packed=packed) | {"Cache-Control": cache}
    response = _answer(request, file, headers, wants_range=wants_range)
    response.headers.setdefault("Access-Control-Allow-Origin", "*")
    return response


def _answer(
    request: HttpRequest, file: Assembly, headers: dict[str, str], *, wants_range: bool
) -> HttpResponseBase:
    """All of the file, the part that was asked for, or that the reader has it already."""
    conditional = get_conditional_response(
        request, etag=headers["ETag"], response=HttpResponse(headers=headers)
    )
    assert conditional is not None
    if conditional.status_code == HTTPStatus.NOT_MODIFIED:
        return conditional
    if conditional.status_code == HTTPStatus.PRECONDITION_FAILED:
        return problem(
            HTTPStatus.PRECONDITION_FAILED, "The file is another", f"It is {headers['ETag']} now."
        )
    stretch = None
    if wants_range and request.headers.get("If-Range", headers["ETag"]) == headers["ETag"]:
        try:
            stretch = byte_range(request.headers["Range"], file.size)
        except OutOfRangeError as error:
            refusal = problem(
                HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, "Out of range", f"{error}.".capitalize()
            )
            refusal.headers["Content-Range"] = f"bytes */{file.size}"
            return refusal
    if stretch is None:
        length, status = file.size, HTTPStatus.OK
        headers["Content-Digest"] = headers["Repr-Digest"]
    else:
        length, status = stretch[1] - stretch[0], HTTPStatus.PARTIAL_CONTENT
        headers["Content-Range"] = f"bytes {stretch[0]}-{stretch[1] - 1}/{file.size}"
    headers["Content-Length"] = str(length)
    if request.method == "HEAD":
        return HttpResponse(status=status, headers=headers)
    return StreamingHttpResponse(file.chunks(*(stretch or ())), status=status, headers=headers)


def _headers(
    release: Release, month: str, suffix: str, file: Assembly, *, packed: bool
) -> dict[str, str]:
    slug, number = release.dataset.slug, release.number
    stem = f"{slug}-{month}" if month else slug
    sha256 = base64.b64encode(bytes.fromhex(file.sha256)).decode()
    saved_as = f"{stem}.{suffix}" if month else f"{stem}-{number}.{suffix}"
    kept = "attachment" if suffix in SAVED else "inline"
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Disposition": f'{kept}; filename="{saved_as}"',
        "Content-Location": reverse("feeds:release-file", args=[slug, number, stem, suffix]),
        "Content-Type": FORMATS[suffix].media_type,
        "Daylight-Release": str(number),
        "Daylight-Rows": str(file.n_rows),
        "ETag": f'"{file.sha256}"',
        "Link": _links(slug, number),
        "Repr-Digest": f"sha-256=:{sha256}:",
    }
    if FORMATS[suffix].frame:
        headers["Vary"] = "Accept-Encoding"
    if packed:
        headers["Content-Encoding"] = "gzip"
    return headers


def _links(slug: str, number: int) -> str:
    """Under which licence, and where every column is described: to people, as CSVW, as Table Schema."""
    page = reverse("portal:dataset-detail", args=[slug])
    csvw, package = (
        reverse(f"feeds:release-{name}", args=[slug, number])
        for name in ("csv-metadata", "data-package")
    )
    return (
        f'<{the_city().licence_url}>; rel="license", <{page}>; rel="describedby"; type="text/html", '
        f'<{csvw}>; rel="describedby"; type="application/csvm+json", '
        f'<{package}>; rel="describedby"; type="application/json"'
    )


def _why_not(slug: str, number: int, month: str, suffix: str) -> str:
    if month:
        return f"Release {number} of {slug} holds no row of {month}, or does not come by month or as {suffix}."
    return f"{slug} does not come as {suffix}: its rows have no place."


def _come_again(slug: str, number: int) -> HttpResponse:
    """Not whole on our disk: nothing is better than something cut."""
    refusal = problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Being prepared",
        f"The files of release {number} of {slug} are being prepared. Please come again in some minutes.",
    )
    refusal.headers["Retry-After"] = COME_AGAIN_S
    refusal.headers["Cache-Control"] = "no-store"
    return refusal
