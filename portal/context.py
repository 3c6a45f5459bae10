"""What every public page knows: which city, which release it shows, and where it is in other languages."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import translate_url
from django.utils import translation

from portal import queries
from portal.city import the_city
from portal.models import Release


def public_page(request: HttpRequest) -> dict[str, Any]:
    """The city; the newest release of incidents and the page in other languages, asked for once if at all."""
    return {
        "city": the_city(),
        "release": cache(newest_release),
        "language_links": cache(partial(language_links, request)),
    }


def newest_release() -> Release | None:
    """Templates call it only where they show it, so that the desk and the admin ask nothing."""
    return queries.current_release("incidents")


def language_links(request: HttpRequest) -> list[dict[str, Any]]:
    """This page in each language the city offers; empty where the address has no language."""
    match = request.resolver_match
    # What is asked of the public pages is part of the page; what is typed at others is not repeated.
    is_public = match is not None and match.namespace == "portal"
    here = request.build_absolute_uri(request.get_full_path() if is_public else request.path)
    current = translation.get_language()
    links = [
        {
            "code": code,
            "name": name,
            "url": here if code == current else translate_url(here, code),
            "is_current": code == current,
        }
        for code, name in settings.LANGUAGES
        if code in the_city().languages
    ]
    return links if len({link["url"] for link in links}) > 1 else []
