"""A receiver on this machine subscribes, is told every release once and in order, and checks with a library of others."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import logging
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import import_module
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from portal.models import ChainEntry
from portal.webhooks import actions, calling
from portal.webhooks.actions import (
    PAUSES,
    UNREACHED,
    SubscriptionRefusedError,
    call_those_due,
    subscribe,
)
from portal.webhooks.calling import (
    AddressRefusedError,
    CallFailedError,
    checked,
    is_public,
    public_address,
)
from portal.webhooks.models import Subscription

NOW = dt.datetime.now(dt.UTC)
SITE = "http://testserver"


class Receiver(BaseHTTPRequestHandler):
    """Echoes challenges, keeps what it is told, answers with the status the test wants."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        message = json.loads(body)
        server: Any = self.server
        server.got.append((dict(self.headers), body))
        is_confirmation = message["type"] == "subscription.confirm"
        self.send_response(200 if is_confirmation and server.confirms else server.status)
        self.end_headers()
        if is_confirmation and server.confirms:
            self.wfile.write(json.dumps(message["data"]).encode())

    def log_message(self, *_: Any) -> None:
        """Silent."""


@pytest.fixture
def receiver(settings: Any) -> Iterator[Any]:
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    server: Any = HTTPServer(("127.0.0.1", 0), Receiver)
    server.got, server.status, server.confirms = [], 204, True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{server.server_port}/hook"
    yield server
    server.shutdown()
    server.server_close()
    thread.join(timeout=10)


def entry(number: int, *, dataset: str = "incidents", kind: str = "release") -> ChainEntry:
    return ChainEntry.objects.create(
        number=number,
        kind=kind,
        dataset_slug=dataset,
        release_number=number,
        body=json.dumps({"dataset": dataset, "release": number}),
        sha256=f"{number:064x}",
        signature="x",
        key_id="k",
    )


def told(receiver: Any) -> list[dict[str, Any]]:
    messages = [json.loads(body) for _, body in receiver.got]
    return [m for m in messages if m["type"] != "subscription.confirm"]


def active(receiver: Any, **values: Any) -> tuple[Subscription, str]:
    made, secret = subscribe(url=receiver.url, datasets=[], site=SITE, now=NOW, **values)
    call_those_due(now=NOW)
    made.refresh_from_db()
    assert made.state == "active", made.disabled_because
    return made, secret


@pytest.mark.usefixtures("city_db")
def test_a_receiver_is_told_every_release_in_order_and_can_check_it(receiver: Any) -> None:
    entry(1)
    _, secret = active(receiver)
    entry(2)
    entry(3, kind="withdrawal")

    call_those_due(now=NOW)
    call_those_due(now=NOW)

    assert [(m["type"], m["data"]["chain_entry"]) for m in told(receiver)] == [
        ("release.activated", 2),
        ("release.withdrawn", 3),
    ]
    for headers, body in receiver.got:
        assert Webhook(secret).verify(body, headers) == json.loads(body)


@pytest.mark.usefixtures("city_db")
def test_only_the_datasets_that_were_asked_for(receiver: Any) -> None:
    made, _ = active(receiver)
    Subscription.objects.filter(pk=made.pk).update(datasets=["gunfire"])
    entry(1, dataset="incidents")
    entry(2, dataset="gunfire")
    entry(3, kind="key", dataset="")

    call_those_due(now=NOW)

    assert [m["data"]["dataset"] for m in told(receiver)] == ["gunfire"]
    made.refresh_from_db()
    assert made.last_entry == 3


@pytest.mark.usefixtures("city_db")
def test_what_failed_is_told_again_with_the_same_id_and_nothing_is_skipped(receiver: Any) -> None:
    made, _ = active(receiver)
    entry(1)
    entry(2)
    receiver.status = 500
    call_those_due(now=NOW)
    call_those_due(now=NOW)  # too early
    assert len(told(receiver)) == 1

    receiver.status = 200
    call_those_due(now=NOW + PAUSES[0])

    ids = [headers["webhook-id"] for headers, _ in receiver.got[1:]]
    assert ids == ["entry_1", "entry_1", "entry_2"]
    made.refresh_from_db()
    assert (made.n_failures, made.last_entry) == (0, 2)


@pytest.mark.usefixtures("city_db")
def test_who_never_answers_is_left_alone_in_the_end(receiver: Any) -> None:
    made, _ = active(receiver)
    entry(1)
    receiver.status = 503
    now = NOW
    for pause in (*PAUSES, dt.timedelta()):
        call_those_due(now=now)
        now += pause

    made.refresh_from_db()
    assert made.state == "disabled"
    assert "503" in made.disabled_because
    n = len(receiver.got)
    call_those_due(now=now + dt.timedelta(days=9))
    assert len(receiver.got) == n


@pytest.mark.usefixtures("city_db")
def test_gone_ends_a_subscription_at_once(receiver: Any) -> None:
    made, _ = active(receiver)
    entry(1)
    receiver.status = 410

    call_those_due(now=NOW)

    made.refresh_from_db()
    assert made.state == "disabled"


@pytest.mark.usefixtures("city_db")
def test_nobody_can_subscribe_somebody_else(receiver: Any) -> None:
    receiver.confirms = False
    made, _ = subscribe(url=receiver.url, datasets=[], site=SITE, now=NOW)
    entry(1)

    call_those_due(now=NOW)
    call_those_due(now=NOW + dt.timedelta(hours=1))

    made.refresh_from_db()
    assert made.state == "disabled"
    assert len(receiver.got) == 1
    assert told(receiver) == []


@pytest.mark.usefixtures("city_db")
def test_a_sweep_ends_in_time_and_the_next_begins_with_who_waited_longest(
    receiver: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    hours = [dt.timedelta(hours=n) for n in (1, 3, 2)]
    made = [subscribe(url=f"{receiver.url}/{h.seconds // 3_600}", datasets=[], site=SITE, now=NOW - h)[0] for h in hours]  # fmt: skip
    clock = count(0, 15)  # seconds: time for two calls
    monkeypatch.setattr(actions, "monotonic", lambda: float(next(clock)))

    assert call_those_due(now=NOW) == 1
    states = dict(Subscription.objects.values_list("pk", "state"))
    assert [states[s.pk] for s in made] == ["pending", "active", "pending"]
    assert call_those_due(now=NOW) == 1
    states = dict(Subscription.objects.values_list("pk", "state"))
    assert [states[s.pk] for s in made] == ["pending", "active", "active"]


@pytest.mark.usefixtures("city_db")
def test_a_sweep_ends_between_two_messages_and_skips_none(
    receiver: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    active(receiver)
    for number in (1, 2, 3):
        entry(number)
    clock = count(0, 15)
    monkeypatch.setattr(actions, "monotonic", lambda: float(next(clock)))

    call_those_due(now=NOW)
    assert [m["data"]["chain_entry"] for m in told(receiver)] == [1]
    call_those_due(now=NOW)
    call_those_due(now=NOW)

    assert [m["data"]["chain_entry"] for m in told(receiver)] == [1, 2, 3]


@pytest.mark.usefixtures("city_db")
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[fec0::1]", "nowhere.invalid"])
def test_a_subscriber_learns_nothing_of_our_names(
    host: str, caplog: pytest.LogCaptureFixture
) -> None:
    made, _ = subscribe(url=f"https://{host}/", datasets=[], site=SITE, now=NOW)

    with caplog.at_level(logging.INFO, logger="portal.webhooks"):
        call_those_due(now=NOW)

    made.refresh_from_db()
    assert (made.state, made.disabled_because) == ("disabled", UNREACHED)
    assert "was not reached: " in caplog.text
    assert host.strip("[]") not in caplog.text
    assert "127.0.0.1" not in caplog.text


@pytest.mark.usefixtures("city_db")
def test_two_sweeps_at_once_call_once(receiver: Any) -> None:
    made, _ = active(receiver)
    entry(1)
    from portal.webhooks.actions import _claimed

    stale = Subscription.objects.get(pk=made.pk)
    assert _claimed(stale, NOW)

    assert not _claimed(stale, NOW)
    assert call_those_due(now=NOW) == 0


@pytest.mark.parametrize(
    "url",
    ["http://example.org/", "https://u:p@example.org/", "https://example.org:8443/", "ftp://example.org/",
     "https:///x", "https://exämple.org/", "https://example.org/#x", "https://[::1", "javascript:alert(1)"],
)  # fmt: skip
def test_an_address_that_is_no_plain_https_is_refused(url: str) -> None:
    with pytest.raises(AddressRefusedError, match="wanted"):
        checked(url)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "10.1.2.3", "192.168.0.1", "169.254.169.254", "::1", "fe80::1",
     "::ffff:127.0.0.1", "0.0.0.0", "100.64.0.1", "224.0.0.1", "2130706433"],
)  # fmt: skip
def test_our_own_network_is_never_called(host: str) -> None:
    with pytest.raises((AddressRefusedError, CallFailedError)):
        public_address(host, 443)


@given(st.ip_addresses(v=4))
def test_only_global_addresses_are_public(ip: Any) -> None:
    try:
        assert public_address(str(ip), 443) == str(ip)
    except AddressRefusedError:
        assert not ip.is_global or ip.is_multicast
    else:
        assert ip.is_global


def packed(prefix: str, v4: ipaddress.IPv4Address, *, shift: int) -> ipaddress.IPv6Address:
    return ipaddress.IPv6Address(int(ipaddress.IPv6Address(prefix)) | int(v4) << shift)


INSIDE = st.sampled_from(
    ["10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "192.168.0.0/16", "100.64.0.0/10", "224.0.0.0/4"]
).flatmap(lambda network: st.ip_addresses(network=network))  # fmt: skip


@given(INSIDE, st.integers(0, 2**80 - 1))
def test_an_inner_address_is_not_public_however_it_is_packed(v4: Any, rest: int) -> None:
    ways = [
        packed("::ffff:0:0", v4, shift=0),
        packed("::", v4, shift=0),
        packed("64:ff9b::", v4, shift=0),
        packed("64:ff9b:1::", v4, shift=0),
        ipaddress.IPv6Address(int(packed("2002::", v4, shift=80)) | rest),
        packed("2001::", v4, shift=64),  # Teredo: the server
        packed("2001:0:808:808::", ipaddress.IPv4Address(int(v4) ^ 0xFFFF_FFFF), shift=0),
    ]

    assert [str(way) for way in ways if is_public(way)] == []


@given(st.ip_addresses(v=4))
def test_what_is_packed_for_a_translator_is_as_public_as_what_is_in_it(v4: Any) -> None:
    for prefix, shift in (("::ffff:0:0", 0), ("64:ff9b::", 0), ("2002::", 80)):
        assert is_public(packed(prefix, v4, shift=shift)) == is_public(v4)


@given(
    st.sampled_from(["fec0::/10", "fe80::/10", "fc00::/7", "ff00::/8", "2001::/32", "::/96"]).flatmap(
        lambda network: st.ip_addresses(network=network)
    )
)  # fmt: skip
def test_what_is_not_global_unicast_is_not_public(ip: Any) -> None:
    assert not is_public(ip)


def test_a_common_address_of_ipv6_is_public() -> None:
    assert is_public(ipaddress.ip_address("2606:4700::6810:84e5"))


def test_a_name_that_also_leads_inside_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def two(*_: Any, **__: Any) -> Any:
        return [(0, 0, 0, "", ("93.184.216.34", 443)), (0, 0, 0, "", ("10.0.0.1", 443))]

    monkeypatch.setattr(calling.socket, "getaddrinfo", two)

    with pytest.raises(AddressRefusedError, match="leads inside"):
        public_address("example.org", 443)


# --- slow servers ---

# What a server says at once, before it drips.
SLOW = {
    "status line": b"",
    "headers": b"HTTP/1.1 200 OK\r\n",
    "body": b"HTTP/1.1 200 OK\r\n\r\n",
    "body of a known length": b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n",
    "handshake": b"\x16\x03\x03\x40\x00",
}


@pytest.fixture
def dripping() -> Iterator[Any]:
    """Says something, then a letter now and then, until the test is over or two seconds have passed."""
    server = socket.create_server(("127.0.0.1", 0))
    is_over = threading.Event()

    def drip(said: bytes) -> None:
        accepted, _ = server.accept()
        with accepted:
            try:
                accepted.sendall(said)
                for _ in range(200):
                    if is_over.wait(0.01):
                        break
                    accepted.sendall(b"a")
            except OSError:
                return  # hung up, as it should be

    threads: list[threading.Thread] = []

    def start(said: bytes) -> str:
        threads.append(threading.Thread(target=drip, args=(said,), daemon=True))
        threads[-1].start()
        return f"127.0.0.1:{server.getsockname()[1]}"

    yield start
    is_over.set()
    for thread in threads:
        thread.join(timeout=10)
    server.close()


@pytest.mark.parametrize("part", SLOW)
def test_a_server_that_drips_is_left_at_the_deadline(part: str, dripping: Any) -> None:
    scheme = "https" if part == "handshake" else "http"

    with pytest.raises(CallFailedError, match="TimeoutError"):
        called(f"{scheme}://{dripping(SLOW[part])}/", within_s=0.1)


def test_a_name_that_is_looked_up_slowly_is_left_at_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    is_over = threading.Event()

    def slow(*_: Any, **__: Any) -> Any:
        is_over.wait(2)
        return [(0, 0, 0, "", ("127.0.0.1", 9))]

    monkeypatch.setattr(calling.socket, "getaddrinfo", slow)

    with pytest.raises(CallFailedError, match="in time"):
        called("http://example.org/", within_s=0.05)
    is_over.set()


def called(url: str, *, within_s: float) -> calling.Answer:
    return calling.call(url, b"{}", secret="whsec_eA==", message_id="1", timestamp_s=1,
                        within_s=within_s, allow_private=True)  # fmt: skip


# --- the door ---


@pytest.mark.usefixtures("city_db")
def test_the_secret_is_told_once_and_proves_whose_it_is(receiver: Any) -> None:
    client = Client()
    made = client.post("/api/v1/webhooks/", {"url": receiver.url, "datasets": ["incidents"]},
                       content_type="application/json")  # fmt: skip
    assert made.status_code == 201
    here, secret = made.headers["Location"], made.json()["secret"]
    bearer = {"headers": {"Authorization": f"Bearer {secret}"}}

    seen = client.get(here, **bearer)

    assert seen.json()["state"] == "pending"
    assert "secret" not in seen.json()
    stranger = client.get(here, headers={"Authorization": "Bearer whsec_x"})
    nobody = client.get(here[:-3] + "00/", **bearer)
    assert stranger.status_code == nobody.status_code == 404
    assert stranger.content == nobody.content
    assert secret.encode() not in bytes(Subscription.objects.get().sealed_secret)
    assert client.delete(here, **bearer).status_code == 204
    assert Subscription.objects.count() == 0


@pytest.mark.usefixtures("city_db")
@pytest.mark.parametrize(
    "body", ["", "[]", "{}", '{"url": 1}', '{"url": "https://example.org/", "secret": "x"}',
             '{"url": "https://example.org/", "datasets": ["secrets"]}', '{"url": "http://example.org/"}'],
)  # fmt: skip
def test_what_cannot_be_subscribed_is_a_problem(body: str) -> None:
    answer = Client().post("/api/v1/webhooks/", body, content_type="application/json")

    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert Subscription.objects.count() == 0


SPELLINGS = (
    "hooks.example.org",
    "HOOKS.example.org",
    "Hooks.Example.Org.",
    "hooks.example.ORG:443",
)


def flood(n: int, *, state: str) -> None:
    for i in range(n):
        made, _ = subscribe(url=f"https://{SPELLINGS[i % 4]}/{i}", datasets=[], site=SITE, now=NOW)
        Subscription.objects.filter(pk=made.pk).update(state=state)


@pytest.mark.usefixtures("city_db")
@pytest.mark.parametrize(("n", "state"), [(20, "active"), (5, "pending")])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_one_host_cannot_be_flooded_however_it_is_spelt(n: int, state: str, spelling: str) -> None:
    flood(n, state=state)

    with pytest.raises(SubscriptionRefusedError, match="wanted at most 20 subscriptions of a host"):
        subscribe(url=f"https://{spelling}/", datasets=[], site=SITE, now=NOW)
    subscribe(url="https://not-hooks.example.org/", datasets=[], site=SITE, now=NOW)


@pytest.mark.usefixtures("city_db")
def test_few_are_called_for_strangers_at_a_time() -> None:
    made, _ = subscribe(url="https://example.org/", datasets=[], site=SITE, now=NOW)
    values = {
        field: getattr(made, field)
        for field in ("sealed_secret", "challenge", "site", "last_entry", "due_at", "created_at")
    }
    Subscription.objects.bulk_create(
        Subscription(url=f"https://{n}.example.org/", host=f"{n}.example.org", **values)
        for n in range(198)
    )

    subscribe(url="https://example.com/", datasets=[], site=SITE, now=NOW)
    with pytest.raises(SubscriptionRefusedError, match="200 of them unconfirmed"):
        subscribe(url="https://example.net/", datasets=[], site=SITE, now=NOW)


@pytest.mark.parametrize(
    ("url", "host"),
    [("https://EXAMPLE.org./x", "example.org"), ("https://[2606:4700:0:0::1]/", "2606:4700::1")],
)
def test_a_host_has_one_spelling(url: str, host: str) -> None:
    assert calling.host_of(checked(url)) == host


@pytest.mark.usefixtures("city_db")
def test_the_hosts_of_those_who_came_before_are_filled_in() -> None:
    made, _ = subscribe(url="https://Hooks.Example.ORG./x", datasets=[], site=SITE, now=NOW)
    Subscription.objects.update(host="")

    import_module("portal.webhooks.migrations.0002_host").fill(
        apps, SimpleNamespace(connection=connection)
    )

    made.refresh_from_db()
    assert made.host == "hooks.example.org"
