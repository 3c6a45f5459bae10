"""`feed.atom` and `feed.json` of datasets, areas and corrections."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import translation
from django.views.decorators.http import condition

from portal import queries
from portal.api.memory import key_of
from portal.city import the_city
from portal.feeds import syndication
from portal.feeds.dictionary import DATASETS
from portal.feeds.doors import open_door, problem
from portal.feeds.editions import Memory, editions
from portal.views.caching import MAX_AGE_S, edition_tag
from portal.views.overview import WITH_PAGES

Source = Callable[..., syndication.News | None]
# Some 10 kB a feed. What a release added is counted among all rows: once, however many readers ask.
_memory: Memory[bytes] = Memory(8_000_000, len)


def feed(source: Source, form: str) -> Callable[..., HttpResponse]:
    """A door to one kind of news in one form; 304 while nothing was released."""
    media_type, write = syndication.FORMS[form]

    def written(request: HttpRequest, **names: Any) -> bytes | None:
        here, now = request.build_absolute_uri(request.path), editions()
        key = key_of(here)
        body = _memory.get(key, now)
        if body is None:
            with translation.override("en"):
                if (news := source(**names)) is None:
                    return None
                body = write(
                    news,
                    here=here,
                    absolute=request.build_absolute_uri,
                    author=the_city().department_name,
                    rights=the_city().licence,
                )
            _memory.put(key, body, now)
        return body

    def answer(request: HttpRequest, **names: Any) -> HttpResponse:
        body = written(request, **names)
        if body is None:
            return problem(HTTPStatus.NOT_FOUND, "No such feed", "There is nothing by that name.")
        headers = {"Cache-Control": f"public, max-age={MAX_AGE_S}"}
        return HttpResponse(body, content_type=media_type, headers=headers)

    def respond(request: HttpRequest, **names: Any) -> HttpResponse:
        tag = edition_tag(request, queries.editions())
        found: HttpResponse = condition(etag_func=lambda *_, **__: tag)(answer)(request, **names)
        return found

    return open_door(respond)  # type: ignore[return-value]


def dataset_news(slug: str) -> syndication.News | None:
    return syndication.of_dataset(slug) if slug in DATASETS else None


def area_news(slug: str) -> syndication.News | None:
    area = queries.area(slug)
    if area is None or area.kind not in WITH_PAGES:
        return None
    return syndication.of_area(area)


def addresses(form: str) -> list[Any]:
    """Feeds in one form. Names: dataset-feed-atom, area-feed-json, ..."""
    return [
        path(f"data/corrections/feed.{form}", feed(syndication.of_corrections, form), name=f"corrections-{form}"),
        path(f"data/<slug:slug>/feed.{form}", feed(dataset_news, form), name=f"dataset-{form}"),
        path(f"areas/<slug:slug>/feed.{form}", feed(area_news, form), name=f"area-{form}"),
    ]  # fmt: skip


urlpatterns = ([*addresses("atom"), *addresses("json")], "news")
