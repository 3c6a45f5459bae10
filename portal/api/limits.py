"""How often one client may ask: counted in Redis under a keyed hash, and published in each answer.

The hash's key is random, lives in Redis alone and is gone after two days, so that nobody, we
included, can tell later who asked. Where Redis cannot be reached everybody may read. What need not
be worked out again, a 304 or an answer that somebody had just now, is not counted.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
import time
from dataclasses import dataclass
from functools import cache
from typing import Final

import redis
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from portal.api.problems import problem

# Sixty at once, ten a second for as long as one likes: a map that loads at once, a script in a loop.
QUOTA: Final = 60
WINDOW_S: Final = 6
POLICY: Final = f'"reads";q={QUOTA};w={WINDOW_S}'
_KEY_LIVES_S: Final = 2 * 24 * 3600


@dataclass(frozen=True)
class Standing:
    """remaining: questions left in this window, below zero where it is used up."""

    remaining: int
    reset_s: int

    @property
    def is_refused(self) -> bool:
        return self.remaining < 0

    @property
    def headers(self) -> dict[str, str]:
        return {
            "RateLimit-Policy": POLICY,
            "RateLimit": f'"reads";r={max(0, self.remaining)};t={self.reset_s}',
        }


def standing_of(request: HttpRequest, *, cost: int = 1) -> Standing | None:
    """Count this question, as ``cost`` of them. None where nothing is counted: this machine itself, or no Redis."""
    client = client_of(request)
    if client is None:
        return None
    now = time.time()
    window = int(now) // WINDOW_S
    try:
        store = _store(settings.REDIS_URL)
        told = f"api|{window}|{client}"
        name = hmac.new(_key_of_the_day(store, now), told.encode(), hashlib.sha256).hexdigest()
        pipe = store.pipeline(transaction=False)
        pipe.incrby(f"daylight:rate:{name}", cost)
        pipe.expire(f"daylight:rate:{name}", 2 * WINDOW_S)
        count, _ = pipe.execute()
    except redis.RedisError:
        return None
    return Standing(QUOTA - int(count), (window + 1) * WINDOW_S - int(now))


def refusal_of(standing: Standing) -> HttpResponse:
    """What somebody is told who asked more than the policy allows."""
    response = problem(
        "too-many", f"Got more than the policy allows; wanted a pause of {standing.reset_s} s."
    )
    for name, value in {**standing.headers, "Retry-After": str(standing.reset_s)}.items():
        response.headers[name] = value
    return response


def client_of(request: HttpRequest) -> str | None:
    """One address, of IPv6 a home's network. None for this machine and for what is no address."""
    said = str(request.META.get(settings.CLIENT_ADDRESS_HEADER, ""))
    try:
        ip = ipaddress.ip_address(said.rpartition(",")[2].strip())
    except ValueError:
        return None
    ip = getattr(ip, "ipv4_mapped", None) or ip
    if ip.is_loopback:
        return None
    return str(ip) if ip.version == 4 else str(ipaddress.ip_network(f"{ip}/64", strict=False))


_day_key: tuple[int, str, bytes] | None = None


def _key_of_the_day(store: redis.Redis, now: float) -> bytes:
    """Random, made by whoever needs it first, kept in Redis and in the memory of its readers."""
    global _day_key
    day = int(now) // 86_400
    if _day_key and _day_key[:2] == (day, settings.REDIS_URL):
        return _day_key[2]
    name = f"daylight:api-rate-key:{day}"
    store.set(name, secrets.token_hex(32), nx=True, ex=_KEY_LIVES_S)
    found = store.get(name)
    key = found if isinstance(found, bytes) else str(found).encode()
    _day_key = (day, settings.REDIS_URL, key)
    return key


@cache
def _store(url: str) -> redis.Redis:
    # An answer must not wait for a counter.
    return redis.Redis.from_url(url, socket_timeout=0.2, socket_connect_timeout=0.2)
