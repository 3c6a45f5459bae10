"""The doors for devices: cap, authenticate, check, commit one inbox row, answer 202.

Nothing here waits for anything but that one commit. Every refusal is one RFC 9457 problem.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import NamedTuple

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from sensors.actions import IdempotencyKeyReused, InboxFull, Receipt, accept_batch
from sensors.authentication import (
    Credentials,
    HeaderMissing,
    NotRecognised,
    StaleTimestamp,
    authenticate,
)
from sensors.kinds import OBSERVATIONS, PULSES, MessageKind
from sensors.models import IngestBatch
from sensors.payloads.daylight import CONTENT_TYPES, PayloadError
from sensors.wakeup import drain_soon


class MethodNotAllowed(Exception):  # noqa: N818
    """These doors take POST."""


class UnsupportedType(Exception):  # noqa: N818
    """The content type is neither JSON nor NDJSON."""


class LengthRequired(Exception):  # noqa: N818
    """Without a length the cap could not be kept before reading."""


class Refused(NamedTuple):
    """How a failure is answered. An empty detail: the exception says it better."""

    status: HTTPStatus
    code: str
    detail: str = ""
    headers: Mapping[str, str] = {}


_LENGTH = re.compile(r"[0-9]{1,15}")
_SIGN = {"WWW-Authenticate": "Daylight-HMAC-SHA256"}
_LATER = {"Retry-After": "5"}

REFUSALS: Mapping[type[Exception], Refused] = {
    MethodNotAllowed: Refused(
        HTTPStatus.METHOD_NOT_ALLOWED, "method", "This door takes POST.", {"Allow": "POST"}
    ),
    UnsupportedType: Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "content-type"),
    LengthRequired: Refused(
        HTTPStatus.LENGTH_REQUIRED,
        "length-required",
        "Send a Content-Length; it may not be left out.",
    ),
    RequestDataTooBig: Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large"),
    UnreadablePostError: Refused(
        HTTPStatus.BAD_REQUEST, "cut-short", "The body ended before its Content-Length."
    ),
    HeaderMissing: Refused(HTTPStatus.UNAUTHORIZED, "headers", headers=_SIGN),
    StaleTimestamp: Refused(HTTPStatus.UNAUTHORIZED, "stale-timestamp", headers=_SIGN),
    NotRecognised: Refused(
        HTTPStatus.UNAUTHORIZED,
        "not-recognised",
        "The key is not known or the signature does not fit.",
        _SIGN,
    ),
    PayloadError: Refused(HTTPStatus.BAD_REQUEST, "not-json"),
    IdempotencyKeyReused: Refused(
        HTTPStatus.CONFLICT,
        "key-reused",
        "This idempotency key belongs to an earlier, different message; use a new key.",
    ),
    InboxFull: Refused(
        HTTPStatus.TOO_MANY_REQUESTS,
        "busy",
        "More waits than we can store now; send it again.",
        _LATER,
    ),
    OperationalError: Refused(
        HTTPStatus.SERVICE_UNAVAILABLE, "no-database", "Nothing was stored; send it again.", _LATER
    ),
    InterfaceError: Refused(
        HTTPStatus.SERVICE_UNAVAILABLE, "no-database", "Nothing was stored; send it again.", _LATER
    ),
}


def _door(kind: MessageKind) -> Callable[[HttpRequest], HttpResponse]:
    @csrf_exempt  # devices sign; they hold no cookie that a stranger's page could ride on
    def door(request: HttpRequest) -> HttpResponse:
        try:
            return _receive(request, kind)
        except tuple(REFUSALS) as failure:
            return problem(failure)

    return door


pulses = _door(PULSES)
observations = _door(OBSERVATIONS)


def _receive(request: HttpRequest, kind: MessageKind) -> JsonResponse:
    now = timezone.now()
    content_type = _check_envelope(request)
    credentials = Credentials.from_headers(request.headers, now=now)
    source_id = authenticate(credentials, request.body)
    receipt = accept_batch(
        source_id=source_id,
        kind=kind,
        body=request.body,
        content_type=content_type,
        idempotency_key=credentials.idempotency_key,
        channel=IngestBatch.Channel.HTTP,
        received_at=now,
    )
    drain_soon()
    return JsonResponse(_told(receipt), status=HTTPStatus.ACCEPTED)


def _check_envelope(request: HttpRequest) -> str:
    """All that can be refused before a byte of the body is read. Gives the content type."""
    if request.method != "POST":
        raise MethodNotAllowed
    if (content_type := CONTENT_TYPES.get(request.content_type or "")) is None:
        raise UnsupportedType(
            f"got {request.content_type or 'no content type'}; "
            "wanted application/json or application/x-ndjson"
        )
    length = request.META.get("CONTENT_LENGTH") or ""
    if not _LENGTH.fullmatch(length):
        raise LengthRequired
    if int(length) > settings.INGEST_MAX_BODY_BYTES:
        raise RequestDataTooBig(
            f"got {length} bytes; wanted at most {settings.INGEST_MAX_BODY_BYTES}: send it in parts"
        )
    return content_type


def _told(receipt: Receipt) -> dict[str, object]:
    return {
        "receipt": receipt.receipt,
        "messages": receipt.n_messages,
        "received_at": receipt.received_at.isoformat().replace("+00:00", "Z"),
        "repeated": receipt.is_repeated,
        "refused": [
            {"position": fault.position, "reason": fault.reason, "detail": fault.detail}
            for fault in receipt.faults
        ],
    }


def problem(failure: Exception) -> JsonResponse:
    """RFC 9457 for a failure that REFUSALS knows."""
    refused = next(told for kind, told in REFUSALS.items() if isinstance(failure, kind))
    return JsonResponse(
        {
            "type": f"urn:daylight:ingest:{refused.code}",
            "title": refused.status.phrase,
            "status": refused.status.value,
            "detail": refused.detail or str(failure),
        },
        status=refused.status,
        content_type="application/problem+json",
        headers=dict(refused.headers),
    )
