"""A receiver on this machine subscribes, is told every release once and in order, and checks with a library of others."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from portal.models import ChainEntry
from portal.webhooks import calling
from portal.webhooks.actions import PAUSES, SubscriptionRefusedError, call_those_due, subscribe
from portal.webhooks.calling import AddressRefusedError, CallFailedError, checked, public_address
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


def test_a_name_that_also_leads_inside_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def two(*_: Any, **__: Any) -> Any:
        return [(0, 0, 0, "", ("93.184.216.34", 443)), (0, 0, 0, "", ("10.0.0.1", 443))]

    monkeypatch.setattr(calling.socket, "getaddrinfo", two)

    with pytest.raises(AddressRefusedError, match=r"at 10\.0\.0\.1"):
        public_address("example.org", 443)


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


@pytest.mark.usefixtures("city_db")
def test_one_host_cannot_be_flooded(receiver: Any) -> None:
    for _ in range(20):
        subscribe(url=receiver.url, datasets=[], site=SITE, now=NOW)

    with pytest.raises(SubscriptionRefusedError, match="wanted at most 20"):
        subscribe(url=receiver.url, datasets=[], site=SITE, now=NOW)
