"""How often a network does something, counted without remembering which one.

Counted in Redis under a keyed hash. The key is random, lives in Redis and in the memory of those who count,
and is gone after two days, so that nobody, we included, can tell later who did what. Where Redis cannot be
reached nobody is counted. Of the project's own rooms this knows none, so that every one of them may count.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
from functools import cache
from typing import Final

import redis
from django.conf import settings
from django.http import HttpRequest

_KEY_LIVES_S: Final = 2 * 24 * 3600
PATIENCE_S = 0.2  # neither an answer nor a form must wait for a counter


def network_of(request: HttpRequest, *, bits_v4: int, bits_v6: int) -> str | None:
    """The network a request comes from. None for this machine and for what is no address.

    Behind a proxy ``settings.CLIENT_ADDRESS_HEADER`` names the header it sets ("HTTP_X_FORWARDED_FOR");
    the last entry is the one our own proxy wrote.
    """
    said = str(request.META.get(settings.CLIENT_ADDRESS_HEADER, ""))
    try:
        ip = ipaddress.ip_address(said.rpartition(",")[2].strip())
    except ValueError:
        return None
    # A socket for both protocols tells of IPv4 as ::ffff:192.0.2.1: one network would hold everybody.
    ip = getattr(ip, "ipv4_mapped", None) or ip
    if ip.is_loopback:
        return None
    bits = bits_v4 if ip.version == 4 else bits_v6
    return str(ipaddress.ip_network(f"{ip}/{bits}", strict=False))


def times(
    network: str | None, *, purpose: str, window_s: int, now: float, cost: int = 1
) -> int | None:
    """How often this was done in the present window, this time (as ``cost`` times) included.

    None where it is not counted: no network, or no Redis.
    """
    if network is None:
        return None
    told = f"{purpose}|{int(now) // window_s}|{network}"
    try:
        store = _store(settings.REDIS_URL)
        name = hmac.new(_key_of_the_day(store, now), told.encode(), hashlib.sha256).hexdigest()
        pipe = store.pipeline(transaction=False)
        pipe.incrby(f"daylight:rate:{name}", cost)
        pipe.expire(f"daylight:rate:{name}", 2 * window_s)
        count, _ = pipe.execute()
    except redis.RedisError:
        return None
    return int(count)


_day_key: tuple[int, str, bytes] | None = None


def _key_of_the_day(store: redis.Redis, now: float) -> bytes:
    """Made by whoever needs it first."""
    global _day_key
    day = int(now) // 86_400
    if _day_key and _day_key[:2] == (day, settings.REDIS_URL):
        return _day_key[2]
    name = f"daylight:rate-key:{day}"
    store.set(name, secrets.token_hex(32), nx=True, ex=_KEY_LIVES_S)
    found = store.get(name)
    key = found if isinstance(found, bytes) else str(found).encode()
    _day_key = (day, settings.REDIS_URL, key)
    return key


@cache
def _store(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=PATIENCE_S, socket_connect_timeout=PATIENCE_S)
