"""`/api/v1/webhooks/`: subscribe, look, unsubscribe. No account: the secret is the proof."""

from __future__ import annotations

import hmac
import json
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.views import APIView

from portal.api.doors import Plain
from portal.api.limits import refusal_of, standing_of
from portal.api.problems import ProblemError
from portal.webhooks.actions import SubscriptionRefusedError, subscribe, unsubscribe
from portal.webhooks.models import Subscription
from sensors.authentication import unseal

MOST_BYTES = 4_096
# A subscription costs as much of a reader's allowance as so many questions.
COSTS = 20
NOT_KEPT = {"Cache-Control": "no-store"}


class WebhookDoor(APIView):
    """No cookie is read, and whatever goes wrong is told as everywhere under /api/."""

    renderer_classes: Any = (Plain,)


class Subscriptions(WebhookDoor):
    http_method_names = ["post"]

    def post(self, request: Request) -> HttpResponse:
        """{"url": ..., "datasets": [...]}: a subscription with its secret, told this once."""
        standing = standing_of(request._request, cost=COSTS)
        if standing and standing.is_refused:
            return refusal_of(standing)
        url, datasets = _read(request.body)
        site = request.build_absolute_uri("/").rstrip("/")
        try:
            made, secret = subscribe(url=url, datasets=datasets, site=site, now=timezone.now())
        except SubscriptionRefusedError as error:
            raise ProblemError("question", str(error)) from error
        here = request.build_absolute_uri(reverse("webhooks:subscription", args=[made.id]))
        return JsonResponse(
            {**_told(made), "secret": secret},
            status=HTTPStatus.CREATED,
            headers={"Location": here, **NOT_KEPT},
        )


class OneSubscription(WebhookDoor):
    """With `Authorization: Bearer <secret>`. An unknown id and a wrong secret are one answer."""

    http_method_names = ["get", "head", "delete"]

    def get(self, request: Request, subscription_id: UUID) -> HttpResponse:
        return JsonResponse(_told(_found(request, subscription_id)), headers=NOT_KEPT)

    def delete(self, request: Request, subscription_id: UUID) -> HttpResponse:
        unsubscribe(_found(request, subscription_id))
        return HttpResponse(status=HTTPStatus.NO_CONTENT)


def _found(request: Request, subscription_id: UUID) -> Subscription:
    found = Subscription.objects.filter(pk=subscription_id).first()
    given = request.headers.get("Authorization", "").removeprefix("Bearer ").encode()
    if found is None or not hmac.compare_digest(unseal(bytes(found.sealed_secret)).encode(), given):
        raise ProblemError(
            "not-found", "Got no subscription; wanted its id, and its secret as the bearer."
        )
    return found


def _read(body: bytes) -> tuple[str, list[str]]:
    if len(body) > MOST_BYTES:
        raise ProblemError("too-large", f"Got {len(body)} bytes; wanted at most {MOST_BYTES}.")
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError) as error:
        wanted = 'wanted {"url": "https://...", "datasets": []}'
        raise ProblemError("question", f"got no JSON; {wanted}") from error
    if not isinstance(asked, dict):
        raise ProblemError("question", "got no object; wanted url and datasets")
    if unknown := sorted(set(asked) - {"url", "datasets"}):
        raise ProblemError("question", f"got {', '.join(unknown)}; wanted url and datasets")
    url, datasets = asked.get("url"), asked.get("datasets", [])
    is_list = isinstance(datasets, list) and all(isinstance(slug, str) for slug in datasets)
    if not isinstance(url, str) or len(url) > 500 or not is_list:
        raise ProblemError("question", "wanted url, a text, and datasets, a list of texts")
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
