"""Pages and documents that work something out for each question: one network asks as often as of the API.

What a reader has already (304) is free.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from portal.api.limits import Standing, refusal_of, standing_of
from portal.api.middleware import EXPOSED
from portal.views.caching import View, public_page
from portal.views.errors import too_many_requests


class TooManyError(Exception):
    """More was asked than may be."""

    def __init__(self, standing: Standing) -> None:
        super().__init__(f"got more questions than the policy allows; wait {standing.reset_s} s")
        self.standing = standing


def counted_page(view: View) -> View:
    """A public page whose questions are counted. A refusal has no tag: it is no answer to keep."""
    shown = public_page(_counted(view))

    @wraps(view)
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return shown(request, *args, **kwargs)
        except TooManyError as error:
            return _refused(request, error.standing)

    return page


def counted_document(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """The same for a machine door."""
    counted = _counted(view)

    @wraps(view)
    def document(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            response: HttpResponseBase = counted(request, *args, **kwargs)
        except TooManyError as error:
            response = refusal_of(error.standing)
        response.headers["Access-Control-Expose-Headers"] = EXPOSED
        return response

    return document


def _counted(view: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        standing = standing_of(request)
        if standing and standing.is_refused:
            raise TooManyError(standing)
        response = view(request, *args, **kwargs)
        for name, value in (standing.headers if standing else {}).items():
            response.headers[name] = value
        return response

    return answer


def _refused(request: HttpRequest, standing: Standing) -> HttpResponse:
    if request.GET.get("format") == "json":
        return refusal_of(standing)
    response = too_many_requests(request, retry_after_s=standing.reset_s)
    for name, value in {**standing.headers, "Cache-Control": "no-store"}.items():
        response.headers[name] = value
    return response
