"""Public pages are the same for everybody: no cookie, no session, cached for a minute, 304 when nothing was released."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.views.decorators.cache import cache_control
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import condition, require_safe
from django.views.decorators.vary import vary_on_headers

from portal import queries

View = Callable[..., HttpResponse]

MAX_AGE_S = 60
# What pages are made of besides the released rows.
SOURCES = ("portal", "templates", "static/build")


def public_page(view: View) -> View:
    """Mark a view as a page that shows released rows, its address and its language, and nothing else."""
    kept = cache_control(public=True, max_age=MAX_AGE_S)(condition(etag_func=edition_tag)(view))
    compressed = vary_on_headers("Accept-Encoding")(gzip_page(kept))
    page: View = wraps(view)(require_safe(compressed))
    return page


def edition_tag(request: HttpRequest, *args: Any, **kwargs: Any) -> str:
    """Changes when a release, the address, the language or the software does."""
    parts = [
        code_tag(),
        translation.get_language(),
        request.get_full_path(),
        *map(str, queries.editions()),
    ]
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
