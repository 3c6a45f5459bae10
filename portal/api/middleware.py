"""Before anything else looks at a machine's question: what was answered already is answered again.

Also what every answer under /api/ carries, whatever became of the question: open to other sites'
scripts, and no page of HTML where something went wrong.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Final, cast

from django.core.handlers.exception import convert_exception_to_response
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from django.urls import resolve

from portal.api.memory import ANSWERS, Kept, key_of, tags_in
from portal.api.problems import answer_to, problem
from portal.feeds.editions import editions

Handler = Callable[[HttpRequest], HttpResponse]

PREFIX: Final = "/api/"
# Below these addresses machines ask, and are told in their own way.
MACHINES: Final = (PREFIX, "/ogc/")
# Bytes. Half of what the server reads at all: beyond that it answers itself, with the status alone.
LONGEST_ADDRESS: Final = 32_768
EXPOSED: Final = (
    "Content-Length, Deprecation, ETag, Link, RateLimit, RateLimit-Policy, Retry-After, Sunset, "
    "X-Release, X-Returned-Count, X-Total-Count, X-Truncated"
)
_SMALLEST_TO_PRESS: Final = 2_000


def machine_doors(get_response: Handler) -> Handler:
    door = cast(Handler, convert_exception_to_response(_past_people))

    def respond(request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(MACHINES) and is_too_long(request):
            return problem("too-long", f"Got an address of more than {LONGEST_ADDRESS} bytes.")
        if not request.path_info.startswith(PREFIX):
            return get_response(request)
        response = _answered_before(request, door)
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Expose-Headers"] = EXPOSED
        response.headers["Vary"] = "Accept, Accept-Encoding"
        return response

    return respond


def is_too_long(request: HttpRequest) -> bool:
    path, query = request.META.get("PATH_INFO", ""), request.META.get("QUERY_STRING", "")
    return len(path) + len(query) > LONGEST_ADDRESS


def _past_people(request: HttpRequest) -> HttpResponse:
    """To the door at once: sessions, languages, forms and signing in are for people, and a door looks at none."""
    request.get_host()  # refuses a name that is not ours
    request.resolver_match = match = resolve(request.path_info)
    response: HttpResponse = match.func(request, *match.args, **match.kwargs)
    response.headers["Content-Length"] = str(len(response.content))
    return response


def _answered_before(request: HttpRequest, get_response: Handler) -> HttpResponse:
    if request.method not in ("GET", "HEAD"):
        return get_response(request)
    try:
        now = editions()
    except DatabaseError as error:
        return answer_to(error, {"request": request})
    may_press = "gzip" in request.headers.get("Accept-Encoding", "")
    key = key_of(
        request.is_secure(),
        request.META.get("HTTP_HOST"),
        request.get_full_path(),
        request.META.get("HTTP_ACCEPT"),
        may_press,
    )
    kept = ANSWERS.get(key, now)
    if kept is None:
        response = get_response(request)
        if not response.headers.get("ETag") or response.status_code != 200:
            return response
        kept = _pressed(response) if may_press else Kept(response.content, dict(response.headers))
        ANSWERS.put(key, kept.for_everybody(), now)
        if kept.body is response.content and not request.META.get("HTTP_IF_NONE_MATCH"):
            return response
    if kept.headers["ETag"] in tags_in(request):
        return HttpResponse(status=304, headers=kept.headers_of_304())
    headers = {**kept.headers, "Content-Length": str(len(kept.body))}
    return HttpResponse(kept.body, headers=headers)


def _pressed(response: HttpResponse) -> Kept:
    headers, body = dict(response.headers), response.content
    if len(body) < _SMALLEST_TO_PRESS or "Content-Encoding" in headers:
        return Kept(body, headers)
    # The fastest level: most of what there is to win, in a quarter of a millisecond.
    return Kept(gzip.compress(body, 1, mtime=0), {**headers, "Content-Encoding": "gzip"})
