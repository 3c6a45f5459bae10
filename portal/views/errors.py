"""Pages for when something is not there, not allowed or broken: what happened, and what to do next."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import loader

from portal.api.middleware import MACHINES
from portal.api.problems import bare
from portal.city import the_city


def bad_request(request: HttpRequest, exception: Any) -> HttpResponse:
    """Without context processors: the name of the host may be what is wrong, and they ask for it."""
    if request.path_info.startswith(MACHINES):
        return bare(HTTPStatus.BAD_REQUEST)
    return _alone("400.html", HTTPStatus.BAD_REQUEST)


def refused(request: HttpRequest, exception: Any) -> HttpResponse:
    return render(request, "403.html", status=HTTPStatus.FORBIDDEN)


def not_found(request: HttpRequest, exception: Any) -> HttpResponse:
    if request.path_info.startswith(MACHINES):
        return bare(HTTPStatus.NOT_FOUND)
    return render(request, "404.html", status=HTTPStatus.NOT_FOUND)


def too_many_requests(request: HttpRequest, *, retry_after_s: int) -> HttpResponse:
    response = render(request, "429.html", status=HTTPStatus.TOO_MANY_REQUESTS)
    response.headers["Retry-After"] = str(retry_after_s)
    return response


def broken(request: HttpRequest) -> HttpResponse:
    """Without context processors: the database may be what is broken."""
    if request.path_info.startswith(MACHINES):
        return bare(HTTPStatus.INTERNAL_SERVER_ERROR)
    return _alone("500.html", HTTPStatus.INTERNAL_SERVER_ERROR)


def _alone(page: str, status: HTTPStatus) -> HttpResponse:
    return HttpResponse(loader.get_template(page).render({"city": the_city()}), status=status)
