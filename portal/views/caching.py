"""Public pages are the same for everybody: no cookie, no session, cached for a minute, 304 when nothing was released."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import cache, wraps
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import condition, require_safe

from portal import queries

View = Callable[..., HttpResponse]

MAX_AGE_S = 60
# What pages are made of besides the released rows.
SOURCES = ("portal", "templates", "static/build")


def public_page(view: View, *, also: Callable[[], object] = str) -> View:
    """Mark a view as a page that shows released rows, its address and its language, and nothing else.

    also: what else it shows, as something that changes when that does.
    """

    @wraps(view)
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        editions = queries.editions()
        tag = edition_tag(request, [*editions, (f"also {also()}", None, 0)])
        response = condition(etag_func=lambda *_, **__: tag)(view)(request, *args, **kwargs)
        # Who waits for the first release wants to see it when it is there.
        is_out = any(number for _slug, number, _withdrawn in editions)
        patch_cache_control(response, public=True, max_age=MAX_AGE_S if is_out else 0)
        patch_vary_headers(response, ["Accept-Encoding"])
        return response

    marked: View = require_safe(gzip_page(page))
    return marked


def edition_tag(request: HttpRequest, editions: Sequence[tuple[str, int | None, int]]) -> str:
    """Changes when a release, the address, the language or the software does."""
    parts = [code_tag(), translation.get_language(), request.get_full_path(), *editions]
    digest = hashlib.sha256("\n".join(str(part) for part in parts).encode())
    return f'"{digest.hexdigest()[:32]}"'


@cache
def code_tag() -> str:
    """The state of everything that pages are made of, by name, size and time of change."""
    digest = hashlib.sha256()
    for folder in SOURCES:
        for path in sorted(Path(settings.BASE_DIR, folder).rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                state = path.stat()
                digest.update(f"{path} {state.st_size} {state.st_mtime_ns}\n".encode())
    return digest.hexdigest()
