"""What every machine door does before and after its own work: count, choose a release, tell whether anything is new."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from django.http import HttpResponse, HttpResponseNotModified
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from portal.api.answers import Answer
from portal.api.limits import standing_of
from portal.api.memory import tags_in
from portal.api.problems import answer_to
from portal.feeds.contract import headers_of
from portal.feeds.editions import Editions, editions
from portal.views.caching import MAX_AGE_S, code_tag

FOREVER: Final = "public, max-age=31536000, immutable"
SOON: Final = f"public, max-age={MAX_AGE_S}"


ANYTHING: Final = "*/*"


class Plain(BaseRenderer):
    """Names a form that answers come in; the bytes are made elsewhere."""

    media_type = "application/json"
    format = "json"
    charset = None


class Negotiation(DefaultContentNegotiation):
    """The Accept header, unless the address itself names a form."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:
        named = request.query_params.get("format")
        for renderer in renderers:
            if renderer.format == named:
                return renderer, renderer.media_type
        accepts = request.META.get("HTTP_ACCEPT", ANYTHING)
        # The rest is to be refused, with the others that cannot be asked.
        if named is not None or accepts == ANYTHING:
            return renderers[0], renderers[0].media_type
        return super().select_renderer(request, renderers, format_suffix)


class Door(APIView):
    """A door for readers: no key, no cookie, the same answer for everybody.

    slug: of the dataset it belongs to, '' for the doors to all of them.
    """

    http_method_names = ["get", "head", "options"]
    renderer_classes: Any = (Plain,)
    content_negotiation_class = Negotiation
    authentication_classes: Any = ()
    permission_classes: Any = ()
    slug = ""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.now: Editions = editions()
        self.standing = standing_of(request._request) if request.method != "OPTIONS" else None
        if self.standing and self.standing.is_refused:
            raise self.standing.refusal

    def finalize_response(  # type: ignore[override]  # bytes are made here, not by a renderer
        self, request: Request, response: HttpResponse, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        standing = getattr(self, "standing", None)
        told = {**(standing.headers if standing else {}), **self.notices()}
        for name, value in told.items():
            response.headers[name] = value
        return response

    def notices(self) -> dict[str, str]:
        """What is announced of the dataset's columns."""
        return headers_of(self.slug) if self.slug else {}

    def get_exception_handler(self) -> Any:
        return answer_to

    def options(  # type: ignore[override]
        self, request: Request, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """What a browser asks before another site's script may ask."""
        allowed = ", ".join(self.allowed_methods)
        headers = {
            "Allow": allowed,
            "Access-Control-Allow-Methods": allowed,
            "Access-Control-Allow-Headers": "Accept, Content-Type, If-None-Match",
            "Access-Control-Max-Age": "86400",
        }
        return HttpResponse(status=HTTPStatus.NO_CONTENT, headers=headers)

    def tag(self, *parts: object) -> str:
        """A weak tag: it changes with the software, the address, the areas' names and the parts."""
        areas = self.now.get("areas")
        asked = [code_tag(), self.request.path, areas and areas.number, *parts]
        digest = hashlib.sha256("\n".join(map(str, asked)).encode())
        return f'W/"{digest.hexdigest()[:32]}"'

    def known(self, tag: str, *, is_pinned: bool = False) -> HttpResponse | None:
        """304 where the reader has what would be sent; nothing was read for it but the question."""
        if tag not in tags_in(self.request):
            return None
        return HttpResponseNotModified(headers=_kept_as(tag, is_pinned=is_pinned))

    def send(self, answer: Answer, tag: str, *, is_pinned: bool = False) -> HttpResponse:
        headers = {**_kept_as(tag, is_pinned=is_pinned), **answer.headers}
        return HttpResponse(answer.body, content_type=answer.media_type, headers=headers)


def _kept_as(tag: str, *, is_pinned: bool) -> Mapping[str, str]:
    return {"ETag": tag, "Cache-Control": FOREVER if is_pinned else SOON}
