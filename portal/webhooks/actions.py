"""Subscribing, confirming, being told. The only writers of subscriptions."""

from __future__ import annotations

import base64
import datetime as dt
import json
import logging
import secrets
from time import monotonic
from typing import Any, Final

from django.conf import settings
from django.db.models import Max, Q

from portal.feeds.dictionary import DATASETS
from portal.models import ChainEntry
from portal.webhooks.calling import (
    SECRET_PREFIX,
    AddressRefusedError,
    Answer,
    CallFailedError,
    call,
    checked,
    host_of,
)
from portal.webhooks.models import Subscription
from sensors.authentication import seal, unseal

logger = logging.getLogger(__name__)

KINDS: Final = {"release": "release.activated", "withdrawal": "release.withdrawn"}
# After each failure in a row; after the last one the subscription is disabled, three days in all.
PAUSES: Final = tuple(
    dt.timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360, 720, 1_440, 1_440)
)
SWEEP_S: Final = 20.0  # the worker has other work: who is left is first in the next sweep
CLAIM: Final = dt.timedelta(minutes=1)  # longer than a sweep and its last call may take
CONFIRM_WITHIN: Final = dt.timedelta(days=1)
KEPT_DISABLED: Final = dt.timedelta(days=7)  # time enough for a subscriber to read why
TOLD_AT_ONCE: Final = 10
MOST_SUBSCRIPTIONS: Final = 5_000
MOST_OF_A_HOST: Final = 20
# Who waits to be confirmed may be anybody's address: few are called for a stranger.
MOST_PENDING: Final = 200
MOST_PENDING_OF_A_HOST: Final = 5
# All a subscriber is told of an address that was not reached: why would map the network this runs in.
UNREACHED: Final = "the address could not be called"


class SubscriptionRefusedError(ValueError):
    """The message says what was got and what was wanted."""


def subscribe(
    *, url: str, datasets: list[str], site: str, now: dt.datetime
) -> tuple[Subscription, str]:
    """A subscription that waits to be confirmed, and its secret, which is told this once."""
    try:
        host = host_of(checked(url, allow_private=settings.WEBHOOKS_ALLOW_PRIVATE))
    except AddressRefusedError as error:
        raise SubscriptionRefusedError(str(error)) from error
    if unknown := sorted(set(datasets) - set(DATASETS)):
        raise SubscriptionRefusedError(
            f"got datasets {', '.join(unknown)}; wanted some of {', '.join(DATASETS)}"
        )
    _refuse_too_many(host)
    secret = SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()
    made = Subscription.objects.create(
        url=url,
        host=host,
        sealed_secret=seal(secret),
        challenge=secrets.token_urlsafe(32),
        site=site,
        datasets=sorted(set(datasets)),
        last_entry=ChainEntry.objects.aggregate(last=Max("number"))["last"] or 0,
        due_at=now,
        created_at=now,
    )
    return made, secret


def _refuse_too_many(host: str) -> None:
    known = Subscription.objects.exclude(state=Subscription.State.DISABLED)
    pending = known.filter(state=Subscription.State.PENDING)
    if (
        known.filter(host=host).count() >= MOST_OF_A_HOST
        or pending.filter(host=host).count() >= MOST_PENDING_OF_A_HOST
        or known.count() >= MOST_SUBSCRIPTIONS
        or pending.count() >= MOST_PENDING
    ):
        raise SubscriptionRefusedError(
            f"got one too many; wanted at most {MOST_OF_A_HOST} subscriptions of a host, "
            f"{MOST_PENDING_OF_A_HOST} of them unconfirmed, {MOST_SUBSCRIPTIONS} in all, "
            f"{MOST_PENDING} of them unconfirmed"
        )


def unsubscribe(subscription: Subscription) -> None:
    subscription.delete()


def call_those_due(*, now: dt.datetime) -> int:
    """Confirm who is new, tell who is behind, who waited longest first. Returns how many were called."""
    until = monotonic() + SWEEP_S
    _forget(now)
    last = ChainEntry.objects.aggregate(last=Max("number"))["last"] or 0
    is_behind = Q(state=Subscription.State.PENDING) | Q(last_entry__lt=last)
    waiting = Subscription.objects.exclude(state=Subscription.State.DISABLED).filter(
        is_behind, due_at__lte=now
    )
    n_called = 0
    for subscription in waiting.order_by("due_at", "created_at"):
        if monotonic() >= until:
            break
        if _claimed(subscription, now):
            _serve(subscription, now, until=until)
            n_called += 1
    return n_called


def _forget(now: dt.datetime) -> None:
    """Who never confirmed, and who was disabled long ago. Of these due_at is when they were called last."""
    Subscription.objects.filter(
        state=Subscription.State.PENDING, created_at__lt=now - CONFIRM_WITHIN
    ).delete()
    Subscription.objects.filter(
        state=Subscription.State.DISABLED, due_at__lt=now - KEPT_DISABLED
    ).delete()


def _claimed(subscription: Subscription, now: dt.datetime) -> bool:
    """One sweep at a time serves a subscription; one that died lets go after a minute."""
    mine = Subscription.objects.filter(pk=subscription.pk, due_at=subscription.due_at)
    return mine.update(due_at=now + CLAIM) == 1


def _serve(subscription: Subscription, now: dt.datetime, *, until: float) -> None:
    if subscription.state == Subscription.State.PENDING:
        _confirm(subscription, now)
        return
    entries = ChainEntry.objects.filter(number__gt=subscription.last_entry).order_by("number")
    for entry in entries[:TOLD_AT_ONCE]:
        if _is_wanted(entry, subscription) and not _told(entry, subscription, now):
            return
        Subscription.objects.filter(pk=subscription.pk).update(
            last_entry=entry.number, n_failures=0
        )
        if monotonic() >= until:
            break
    Subscription.objects.filter(pk=subscription.pk).update(due_at=now)


def _is_wanted(entry: ChainEntry, subscription: Subscription) -> bool:
    of_these = not subscription.datasets or entry.dataset_slug in subscription.datasets
    return entry.kind in KINDS and of_these


def _told(entry: ChainEntry, subscription: Subscription, now: dt.datetime) -> bool:
    data = {
        **json.loads(entry.body),
        "chain_entry": entry.number,
        "chain_sha256": entry.sha256,
        "page": f"{subscription.site}/data/{entry.dataset_slug}/",
        "manifest": f"{subscription.site}/data/{entry.dataset_slug}/releases/{entry.release_number}/manifest.json",
    }
    message = {"type": KINDS[entry.kind], "timestamp": now.isoformat(), "data": data}
    # The same id each time it is tried, so that a receiver knows a repeat.
    answer = _answer(subscription, f"entry_{entry.number}", message, now)
    if answer and answer.is_success:
        return True
    if answer is None:
        _failed(subscription, UNREACHED, now)
    elif answer.status == 410:  # "Gone": the receiver wants no more, says the standard
        _disable(subscription, "the receiver answered 410 Gone")
    else:
        _failed(subscription, f"the receiver answered {answer.status}", now)
    return False


def _confirm(subscription: Subscription, now: dt.datetime) -> None:
    """Called once with a challenge: who echoes it wants to be called; nobody can subscribe somebody else."""
    message = {
        "type": "subscription.confirm",
        "timestamp": now.isoformat(),
        "data": {"challenge": subscription.challenge},
    }
    answer = _answer(subscription, f"confirm_{subscription.id}", message, now)
    if answer is None:
        _disable(subscription, UNREACHED)
        return
    if not (answer.is_success and subscription.challenge.encode() in answer.body):
        _disable(subscription, f"got {answer.status} and no challenge; wanted it echoed")
        return
    Subscription.objects.filter(pk=subscription.pk).update(
        state=Subscription.State.ACTIVE, due_at=now
    )


def _answer(
    subscription: Subscription, message_id: str, message: dict[str, Any], now: dt.datetime
) -> Answer | None:
    """None where the address was not reached; why is for the operator's log."""
    try:
        return call(
            subscription.url,
            json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode(),
            secret=unseal(bytes(subscription.sealed_secret)),
            message_id=message_id,
            timestamp_s=int(now.timestamp()),
            allow_private=settings.WEBHOOKS_ALLOW_PRIVATE,
        )
    except (CallFailedError, AddressRefusedError) as error:
        logger.info("webhook subscription %s was not reached: %s", subscription.pk, error)
        return None


def _failed(subscription: Subscription, why: str, now: dt.datetime) -> None:
    mine = Subscription.objects.filter(pk=subscription.pk)
    n = mine.values_list("n_failures", flat=True).first()
    if n is None:
        return  # ended by its owner while it was called
    if n >= len(PAUSES):
        _disable(subscription, f"{why}, {n + 1} times in a row")
        return
    mine.update(n_failures=n + 1, due_at=now + PAUSES[n])


def _disable(subscription: Subscription, why: str) -> None:
    logger.info("webhook subscription %s ends: %s", subscription.pk, why)
    Subscription.objects.filter(pk=subscription.pk).update(
        state=Subscription.State.DISABLED, disabled_because=why[:200]
    )
