"""Headers that every answer carries."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

# Scripts, styles and images come from our own host alone: nobody learns where a reader looks.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
PERMISSIONS_POLICY = "camera=(), microphone=(), geolocation=(self), interest-cohort=()"

# Their length would be that of what is not sent (RFC 9110, 8.6); Django writes 0.
_WITHOUT_LENGTH = (204, 304)

Handler = Callable[[HttpRequest], HttpResponse]


def security_headers(get_response: Handler) -> Handler:
    def respond(request: HttpRequest) -> HttpResponse:
        # What a page's address says of the language ends with the page: a thread serves many.
        with translation.override(settings.LANGUAGE_CODE):
            response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        say_what_it_varies_on(response)
        if response.status_code in _WITHOUT_LENGTH:
            response.headers.pop("Content-Length", None)
        return response

    return respond


def say_what_it_varies_on(response: HttpResponse) -> None:
    """The language is in the address, never guessed from the browser, so caches need not tell readers apart."""
    varies = [part.strip() for part in response.headers.get("Vary", "").split(",")]
    kept = [part for part in varies if part and part.lower() != "accept-language"]
    if kept:
        response.headers["Vary"] = ", ".join(kept)
    else:
        response.headers.pop("Vary", None)
