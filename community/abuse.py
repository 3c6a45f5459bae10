"""Against machines that fill in forms, without ever shutting out a person and without remembering one.

The form carries a signed token that says when it was shown. How often one network writes is counted in
Redis under a keyed hash whose key is random, lives in Redis alone and is gone after two days, so that
nobody, we included, can tell later who wrote. Where Redis cannot be reached, everybody may write.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

import redis
from django.conf import settings
from django.core import signing
from django.http import HttpRequest

from community import receipts
from community.keys import derived_key

_TOKEN = signing.Signer(salt="community.form-token")
FASTEST = timedelta(seconds=3)  # nobody reads and fills in the form in less
SLOWEST = timedelta(hours=24)  # a page older than this came from a saved copy
_CLOCK_SLACK = timedelta(minutes=5)  # between two web servers
_KEY_LIVES_S = 2 * 24 * 3600


@dataclass(frozen=True)
class Token:
    """When a form was shown, and a number of its own."""

    nonce: str
    shown_at: datetime


def new_token(now: datetime) -> str:
    return _TOKEN.sign_object({"n": secrets.token_hex(16), "t": now.isoformat()})


def read_token(signed: str) -> Token | None:
    """What the token says; None when it is not one of ours."""
    try:
        said = _TOKEN.unsign_object(signed)
        return Token(said["n"], datetime.fromisoformat(said["t"]))
    except (signing.BadSignature, KeyError, ValueError, TypeError):
        return None


def is_too_fast(token: Token, now: datetime) -> bool:
    return now - token.shown_at < FASTEST


def is_too_old(token: Token, now: datetime) -> bool:
    return not -_CLOCK_SLACK <= now - token.shown_at <= SLOWEST


def receipt_for(token: Token, words: Mapping[str, object]) -> str:
    """The receipt of this form with these words: the same on a second click, another for other words."""
    told = json.dumps([token.nonce, sorted((k, str(v)) for k, v in words.items())])
    digest = hmac.new(derived_key("form-receipt"), told.encode(), hashlib.sha256).digest()
    return receipts.code_from(digest)


def client_address(request: HttpRequest) -> str:
    """Where the request came from. Behind a proxy ``settings.CLIENT_ADDRESS_HEADER`` names the header it
    sets ("HTTP_X_FORWARDED_FOR"); the last entry is the one our own proxy wrote."""
    return str(request.META.get(settings.CLIENT_ADDRESS_HEADER, "")).rpartition(",")[2].strip()


def network_of(address: str) -> str | None:
    """The network, /24 or /48, never the address. None for this machine and for what is no address."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return None
    # A socket for both protocols tells of IPv4 as ::ffff:192.0.2.1: one /48 would hold everybody.
    ip = getattr(ip, "ipv4_mapped", None) or ip
    if ip.is_loopback:
        return None
    prefix = 24 if ip.version == 4 else 48
    return str(ipaddress.ip_network(f"{ip}/{prefix}", strict=False))


def may_go_on(
    request: HttpRequest, *, purpose: str, limit: int, window: timedelta, now: datetime
) -> bool:
    """Whether this network did this fewer than ``limit`` times in the window. True when in doubt."""
    network = network_of(client_address(request))
    if network is None:
        return True
    seconds = int(window.total_seconds())
    try:
        store = _store(settings.REDIS_URL)
        told = f"{purpose}|{int(now.timestamp()) // seconds}|{network}"
        name = hmac.new(_key_of_the_day(store, now), told.encode(), hashlib.sha256).hexdigest()
        counter = f"daylight:rate:{name}"
        pipe = store.pipeline()
        pipe.incr(counter)
        pipe.expire(counter, 2 * seconds)
        count, _ = pipe.execute()
    except redis.RedisError:
        return True
    return int(count) <= limit


def _key_of_the_day(store: redis.Redis, now: datetime) -> bytes:
    """Random, made by whoever needs it first, kept in Redis only."""
    name = f"daylight:rate-key:{now:%Y-%m-%d}"
    store.set(name, secrets.token_hex(32), nx=True, ex=_KEY_LIVES_S)
    key = store.get(name)
    return key if isinstance(key, bytes) else str(key).encode()


@cache
def _store(url: str) -> redis.Redis:
    # A form must not wait for a counter.
    return redis.Redis.from_url(url, socket_timeout=0.3, socket_connect_timeout=0.3)
