"""Every error of the machine doors has one shape (RFC 9457): which kind, what was got, what was wanted.

The words come from here and from the question; never from the database, and they name public columns alone.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import DataError
from django.db import Error as DatabaseError
from django.http import Http404, HttpResponse
from rest_framework import exceptions

from portal.feeds.selection import SelectionError

logger = logging.getLogger(__name__)

MEDIA_TYPE: Final = "application/problem+json"


@dataclass(frozen=True)
class Kind:
    """One kind of error, explained on the page that its type points at."""

    status: HTTPStatus
    title: str
    meaning: str


KINDS: Final = {
    "question": Kind(
        HTTPStatus.BAD_REQUEST,
        "This cannot be asked",
        "A parameter is not known, or its value is not one that can be asked for. The detail says what was got and "
        "what was wanted; parameter names it.",
    ),
    "not-found": Kind(
        HTTPStatus.NOT_FOUND,
        "Not found",
        "There is nothing public at this address. Whether there ever was is not told.",
    ),
    "method": Kind(
        HTTPStatus.METHOD_NOT_ALLOWED,
        "Method not allowed",
        "The header Allow names the methods this address answers to.",
    ),
    "not-acceptable": Kind(
        HTTPStatus.NOT_ACCEPTABLE,
        "No such form",
        "The answer does not come in any of the forms the Accept header names.",
    ),
    "withdrawn": Kind(
        HTTPStatus.GONE,
        "Withdrawn",
        "The release was taken off the site. The detail says why.",
    ),
    "too-large": Kind(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "Too large",
        "The request is larger than this address takes.",
    ),
    "too-long": Kind(
        HTTPStatus.REQUEST_URI_TOO_LONG,
        "Address too long",
        "The question does not fit into an address. Ask in parts, or read the file of the whole dataset.",
    ),
    "media-type": Kind(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "Unsupported media type",
        "The request comes in a form that this address cannot read.",
    ),
    "too-many": Kind(
        HTTPStatus.TOO_MANY_REQUESTS,
        "Too many requests",
        "The header Retry-After says in how many seconds to go on. Files of whole datasets are not limited.",
    ),
    "broken": Kind(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "Broken",
        "The fault is ours. It was noted, without what was asked.",
    ),
    "crowded": Kind(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Too many rows",
        "The shape of police.uk holds 10,000 crimes at the most. Ask for a smaller area.",
    ),
    "unavailable": Kind(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Not available now",
        "The answer took too long, or the database cannot be reached. Ask for less, or again.",
    ),
}


class ProblemError(Exception):
    """An error to be told. extra: further members, such as the parameter that was wrong."""

    def __init__(self, kind: str, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.kind, self.detail, self.extra = kind, detail, extra


def type_of(kind: str) -> str:
    return f"{settings.SITE_URL}/api/v1/docs/#problem-{kind}"


def problem(kind: str, detail: str, **extra: Any) -> HttpResponse:
    """The answer. It may be read by anybody's script, and by nobody's cache."""
    known = KINDS[kind]
    body = {
        "type": type_of(kind),
        "title": known.title,
        "status": known.status.value,
        "detail": detail,
        **extra,
    }
    return HttpResponse(
        # What was asked is said again, and may hold halves of characters.
        json.dumps(body, ensure_ascii=False).encode(errors="replace"),
        status=known.status,
        content_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store", "Access-Control-Allow-Origin": "*"},
    )


def bare(status: HTTPStatus) -> HttpResponse:
    """Without a word of what was asked."""
    return problem(*_SAID[status])


_SAID: Final = {
    HTTPStatus.BAD_REQUEST: ("question", "The request cannot be read."),
    HTTPStatus.NOT_FOUND: ("not-found", "There is nothing at this address."),
    HTTPStatus.NOT_ACCEPTABLE: (
        "not-acceptable",
        "Got an Accept header that names no form of this answer.",
    ),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("too-large", "The request is too large."),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: (
        "media-type",
        "Wanted application/x-www-form-urlencoded or multipart/form-data.",
    ),
    HTTPStatus.INTERNAL_SERVER_ERROR: ("broken", "Something went wrong on our side."),
}


def answer_to(error: Exception, context: dict[str, Any]) -> HttpResponse:
    """What a reader is told of an exception (REST framework's EXCEPTION_HANDLER)."""
    if isinstance(error, ProblemError):
        return problem(error.kind, error.detail, **error.extra)
    if isinstance(error, SelectionError):
        return problem("question", str(error))
    if isinstance(error, exceptions.MethodNotAllowed):
        return _not_allowed(context)
    if isinstance(error, Http404):
        return bare(HTTPStatus.NOT_FOUND)
    if isinstance(error, RequestDataTooBig):
        return bare(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    if isinstance(error, SuspiciousOperation):
        return bare(HTTPStatus.BAD_REQUEST)
    if isinstance(error, exceptions.APIException) and error.status_code in _SAID:
        return bare(HTTPStatus(error.status_code))
    if isinstance(error, DataError | UnicodeEncodeError):  # zero bytes, halves of characters
        return problem("question", "Got a value that PostgreSQL cannot hold, so no row has it.")
    if isinstance(error, DatabaseError):
        # The text of a database's error may hold what was asked: its class is enough for a log.
        logger.error("the database could not answer: %s", type(error).__name__)
        response = problem("unavailable", "The answer took too long, or cannot be had now.")
        response.headers["Retry-After"] = "5"
        return response
    logger.error("a question broke us", exc_info=error)
    return bare(HTTPStatus.INTERNAL_SERVER_ERROR)


def _not_allowed(context: dict[str, Any]) -> HttpResponse:
    allowed = ", ".join(context["view"].allowed_methods)
    response = problem(
        "method", f"Got {context['request'].method}; this address answers to {allowed}."
    )
    response.headers["Allow"] = allowed
    return response
