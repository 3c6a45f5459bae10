"""What a network does is counted, and nobody can tell later which one it was."""

from __future__ import annotations

from typing import Any

import pytest
import redis
from django.test import RequestFactory

from portal import counting

DAY_S = 86_400
NOW = 1_800_000_001.0


@pytest.fixture
def store(redis_url: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> redis.Redis:
    settings.REDIS_URL = redis_url
    monkeypatch.setattr(counting, "_day_key", None)
    client = redis.Redis.from_url(redis_url)
    client.flushdb()
    return client


def count(network: str | None = "203.0.113.0/24", *, purpose: str = "x", now: float = NOW, **values: Any) -> int | None:  # fmt: skip
    return counting.times(network, purpose=purpose, window_s=60, now=now, **values)


def names(store: redis.Redis) -> set[str]:
    return {key.decode() for key in store.keys("daylight:rate:*")}


def test_it_counts_in_a_window_by_network_and_purpose(store: redis.Redis) -> None:
    assert [count() for _ in range(3)] == [1, 2, 3]
    assert count(cost=20) == 23
    assert count("198.51.100.0/24") == 1
    assert count(purpose="y") == 1
    assert count(now=NOW + 60) == 1


def test_no_network_is_stored_and_all_is_gone_after_two_days(store: redis.Redis) -> None:
    count()

    for key in store.keys("*"):
        assert b"203.0.113" not in key + store.get(key)
        assert 0 < store.ttl(key) <= 2 * DAY_S
    assert len(names(store)) == 1


def test_the_same_network_has_another_name_every_day(store: redis.Redis) -> None:
    for day in (0, 1):  # of one window, so that nothing but the key differs
        counting.times("203.0.113.0/24", purpose="x", window_s=10 * DAY_S, now=NOW + day * DAY_S)

    assert len(names(store)) == 2
    assert [store.get(name) for name in names(store)] == [b"1", b"1"]


def test_another_process_counts_under_the_same_key(
    store: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    count()
    monkeypatch.setattr(counting, "_day_key", None)

    assert count() == 2


def test_without_redis_or_a_network_nothing_is_counted(settings: Any) -> None:
    settings.REDIS_URL = "unix:///nowhere/redis.sock"

    assert count() is None
    assert count(None) is None


@pytest.mark.parametrize(
    ("said", "address", "neighbours"),
    [
        ("203.0.113.7", "203.0.113.7/32", "203.0.113.0/24"),
        ("10.0.0.1, 203.0.113.7", "203.0.113.7/32", "203.0.113.0/24"),
        ("::ffff:203.0.113.7", "203.0.113.7/32", "203.0.113.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        *((said, None, None) for said in ("127.0.0.1", "::1", "::ffff:127.0.0.1", "", "unix", "1.2.3")),
    ],
)  # fmt: skip
def test_a_network_is_as_wide_as_one_asks(
    said: str, address: str | None, neighbours: str | None
) -> None:
    request = RequestFactory().get("/", REMOTE_ADDR=said)

    assert counting.network_of(request, bits_v4=32, bits_v6=64) == address
    assert counting.network_of(request, bits_v4=24, bits_v6=48) == neighbours


def test_behind_a_proxy_its_own_last_entry_counts(settings: Any) -> None:
    settings.CLIENT_ADDRESS_HEADER = "HTTP_X_FORWARDED_FOR"
    request = RequestFactory().get("/", headers={"x-forwarded-for": "6.6.6.6, 203.0.113.7"})

    assert counting.network_of(request, bits_v4=32, bits_v6=64) == "203.0.113.7/32"
