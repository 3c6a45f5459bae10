"""`/api/v1/webhooks/`: subscribe, look, unsubscribe. No account: the secret is the proof."""

from __future__ import annotations

import hmac
import json
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from portal.api.limits import standing_of
from portal.feeds.doors import problem
from portal.webhooks.actions import SubscriptionRefusedError, subscribe, unsubscribe
from portal.webhooks.models import Subscription
from sensors.authentication import unseal

MOST_BYTES = 4_096
# A subscription costs as much of a reader's allowance as so many questions.
COSTS = 20


@csrf_exempt  # no cookie is read
def subscriptions(request: HttpRequest) -> HttpResponseBase:
    """POST {"url": ..., "datasets": [...]}: a subscription with its secret, told this once."""
    if request.method != "POST":
        return _refused_method("POST")
    standing = standing_of(request, cost=COSTS)
    if standing and standing.is_refused:
        answer = problem(HTTPStatus.TOO_MANY_REQUESTS, "Too many requests", "Wanted a pause.")
        answer.headers["Retry-After"] = str(standing.reset_s)
        return answer
    try:
        url, datasets = _read(request.body if len(request.body) <= MOST_BYTES else b"")
        site = request.build_absolute_uri("/").rstrip("/")
        made, secret = subscribe(url=url, datasets=datasets, site=site, now=timezone.now())
    except SubscriptionRefusedError as error:
        return problem(HTTPStatus.BAD_REQUEST, "This cannot be subscribed", str(error))
    told = {**_told(made), "secret": secret}
    location = request.build_absolute_uri(reverse("webhooks:subscription", args=[made.id]))
    return JsonResponse(
        told, status=HTTPStatus.CREATED, headers={"Location": location, "Cache-Control": "no-store"}
    )


@csrf_exempt  # no cookie is read
def subscription(request: HttpRequest, subscription_id: UUID) -> HttpResponseBase:
    """GET or DELETE with `Authorization: Bearer <secret>`. An unknown id and a wrong secret are one answer."""
    if request.method not in ("GET", "HEAD", "DELETE"):
        return _refused_method("GET, HEAD, DELETE")
    found = Subscription.objects.filter(pk=subscription_id).first()
    given = request.headers.get("Authorization", "").removeprefix("Bearer ").encode()
    if found is None or not hmac.compare_digest(unseal(bytes(found.sealed_secret)).encode(), given):
        return problem(
            HTTPStatus.NOT_FOUND,
            "No such subscription",
            "Wanted its id, and its secret as the bearer.",
        )
    if request.method == "DELETE":
        unsubscribe(found)
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    return JsonResponse(_told(found), headers={"Cache-Control": "no-store"})


def _read(body: bytes) -> tuple[str, list[str]]:
    try:
        asked = json.loads(body)
    except ValueError as error:
        raise SubscriptionRefusedError(
            'got no JSON; wanted {"url": "https://...", "datasets": []}'
        ) from error
    unknown = sorted(set(asked) - {"url", "datasets"}) if isinstance(asked, dict) else ["a list"]
    if unknown:
        raise SubscriptionRefusedError(f"got {', '.join(unknown)}; wanted url and datasets")
    url, datasets = asked.get("url"), asked.get("datasets", [])
    is_list = isinstance(datasets, list) and all(isinstance(slug, str) for slug in datasets)
    if not isinstance(url, str) or len(url) > 500 or not is_list:
        raise SubscriptionRefusedError("wanted url, a text, and datasets, a list of texts")
    return url, datasets


def _told(found: Subscription) -> dict[str, Any]:
    return {
        "id": str(found.id),
        "url": found.url,
        "datasets": found.datasets,
        "state": found.state,
        "disabled_because": found.disabled_because or None,
        "last_chain_entry": found.last_entry,
        "failures_in_a_row": found.n_failures,
    }


def _refused_method(allowed: str) -> HttpResponse:
    answer = problem(HTTPStatus.METHOD_NOT_ALLOWED, "Method not allowed", f"Wanted {allowed}.")
    answer.headers["Allow"] = allowed
    return answer
