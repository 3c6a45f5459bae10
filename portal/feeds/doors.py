"""What every machine door has in common: open to scripts of any site, one shape of error, safe methods only."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

OPEN_TO_ALL = {"Access-Control-Allow-Origin": "*"}
METHODS = "GET, HEAD, OPTIONS"
# What a script may read of an answer, and what it may ask with.
EXPOSED = (
    "Accept-Ranges, Content-Digest, Content-Disposition, Content-Encoding, Content-Length, "
    "Content-Location, Content-Range, Daylight-Release, Daylight-Rows, ETag, Link, Repr-Digest, Retry-After"
)
ASKED_WITH = "Accept, Accept-Encoding, If-Match, If-None-Match, If-Range, Range"
DAY_S = "86400"

View = Callable[..., HttpResponseBase]


def problem(status: HTTPStatus, title: str, detail: str) -> JsonResponse:
    """RFC 9457."""
    return JsonResponse(
        {"type": "about:blank", "title": title, "status": status.value, "detail": detail},
        status=status,
        content_type="application/problem+json",
        headers=OPEN_TO_ALL,
    )


def open_door(view: View) -> View:
    """GET and HEAD for anybody's script; OPTIONS is answered here, anything else refused."""

    @wraps(view)
    def door(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "OPTIONS":
            return _preflight()
        if request.method not in ("GET", "HEAD"):
            refusal = problem(
                HTTPStatus.METHOD_NOT_ALLOWED,
                "Method not allowed",
                f"Got {request.method}; this address is for reading: {METHODS}.",
            )
            refusal.headers["Allow"] = METHODS
            return refusal
        # No door tells a time of change, and without one this is to be ignored (RFC 9110, 13.1.4).
        request.META.pop("HTTP_IF_UNMODIFIED_SINCE", None)
        response = view(request, *args, **kwargs)
        response.headers.setdefault("Access-Control-Allow-Origin", "*")
        response.headers.setdefault("Access-Control-Expose-Headers", EXPOSED)
        return response

    # What is refused needs no cookie to be refused, and is told as a problem and not as a page.
    return csrf_exempt(door)


def _preflight() -> HttpResponse:
    return HttpResponse(
        status=HTTPStatus.NO_CONTENT,
        headers={
            **OPEN_TO_ALL,
            "Access-Control-Allow-Methods": METHODS,
            "Access-Control-Allow-Headers": ASKED_WITH,
            "Access-Control-Max-Age": DAY_S,
            "Allow": METHODS,
        },
    )
