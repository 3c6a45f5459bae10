from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import RequestFactory

from community import abuse
from portal import counting

NOW = datetime(2026, 11, 17, 15, 0, tzinfo=UTC)


@pytest.fixture
def store(redis_url: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    import redis

    settings.REDIS_URL = redis_url
    monkeypatch.setattr(counting, "_day_key", None)  # it was in what is flushed
    client = redis.Redis.from_url(redis_url)
    client.flushdb()
    return client


def tries(n: int, *, address: str = "203.0.113.7", now: datetime = NOW, purpose: str = "x") -> int:
    """Of n tries within the hour at most 3 pass: how many did."""
    request = RequestFactory().get("/", REMOTE_ADDR=address)
    window = timedelta(hours=1)
    return sum(
        abuse.may_go_on(request, purpose=purpose, limit=3, window=window, now=now) for _ in range(n)
    )


class TestRate:
    def test_a_network_may_go_on_up_to_the_limit(self, store: Any) -> None:
        assert tries(5) == 3

    def test_neighbours_in_a_network_share_it_and_others_do_not(self, store: Any) -> None:
        tries(3)

        assert tries(1, address="203.0.113.250") == 0
        assert tries(1, address="203.0.114.7") == 1
        assert tries(4, address="2001:db8:1:2::1") == 3
        assert tries(1, address="2001:db8:1:ffff::1") == 0

    def test_on_a_socket_for_both_protocols_each_network_still_stands_for_itself(
        self, store: Any
    ) -> None:
        tries(3, address="::ffff:203.0.113.7")

        assert tries(1, address="203.0.113.250") == 0
        assert tries(1, address="::ffff:198.51.100.1") == 1
        assert tries(5, address="::ffff:127.0.0.1") == 5

    def test_it_begins_anew_after_the_window_and_for_another_purpose(self, store: Any) -> None:
        tries(3)

        assert tries(1, now=NOW + timedelta(hours=1)) == 1
        assert tries(1, purpose="other") == 1

    def test_without_redis_everybody_may_go_on(self, settings: Any) -> None:
        settings.REDIS_URL = "unix:///nowhere/redis.sock"

        assert tries(5) == 5

    @pytest.mark.parametrize("address", ["127.0.0.1", "::1", "", "unix", "testserver"])
    def test_who_has_no_address_may_go_on(self, store: Any, address: str) -> None:
        assert tries(5, address=address) == 5


class TestToken:
    def test_it_says_when_the_form_was_shown(self) -> None:
        token = abuse.read_token(abuse.new_token(NOW))

        assert token is not None
        assert token.shown_at == NOW

    @pytest.mark.parametrize("forged", ["", "x", "e30:x", "{}"])
    def test_a_forged_one_is_none(self, forged: str) -> None:
        assert abuse.read_token(forged) is None

    def test_one_signed_for_something_else_is_none(self) -> None:
        from django.core import signing

        other = signing.Signer(salt="other").sign_object({"n": "0", "t": NOW.isoformat()})
        assert abuse.read_token(other) is None

    def test_too_fast_and_too_old(self) -> None:
        token = abuse.Token("0", NOW)

        assert abuse.is_too_fast(token, NOW + timedelta(seconds=2))
        assert not abuse.is_too_fast(token, NOW + timedelta(seconds=3))
        assert not abuse.is_too_old(token, NOW + timedelta(hours=24))
        assert abuse.is_too_old(token, NOW + timedelta(hours=24, seconds=1))
        assert abuse.is_too_old(token, NOW - timedelta(hours=1))

    def test_the_receipt_depends_on_the_form_and_on_the_words(self) -> None:
        one, other = abuse.Token("a", NOW), abuse.Token("b", NOW)

        assert abuse.receipt_for(one, {"text": "x"}) == abuse.receipt_for(one, {"text": "x"})
        assert abuse.receipt_for(one, {"text": "x"}) != abuse.receipt_for(one, {"text": "y"})
        assert abuse.receipt_for(one, {"text": "x"}) != abuse.receipt_for(other, {"text": "x"})
