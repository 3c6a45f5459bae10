"""A receiver on this machine subscribes, is told every release once and in order, and checks with a library of others."""

from __future__ import annotations

import datetime as dt
import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import import_module
from itertools import count
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from standardwebhooks import Webhook

from portal.models import ChainEntry
from portal.webhooks import actions
from portal.webhooks.actions import (
    CLAIM,
    KEPT_DISABLED,
    PAUSES,
    UNREACHED,
    SubscriptionRefusedError,
    call_those_due,
    subscribe,
    unsubscribe,
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
        self.send_header("Location", f"{server.url}/elsewhere")
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
def test_a_worker_that_dies_after_a_call_tells_it_again_with_the_same_id(
    receiver: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    active(receiver)
    for number in (1, 2):
        entry(number)
    really = actions._told

    def die(*args: Any) -> bool:
        really(*args)
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(actions, "_told", die)
        with pytest.raises(SystemExit):
            call_those_due(now=NOW)
    assert call_those_due(now=NOW) == 0  # it is claimed yet
    call_those_due(now=NOW + CLAIM)

    heard = [headers for headers, _ in receiver.got[1:]]
    assert [headers["webhook-id"] for headers in heard] == ["entry_1", "entry_1", "entry_2"]
    first, again, _ = (int(headers["webhook-timestamp"]) for headers in heard)
    assert again - first == CLAIM.total_seconds()  # signed anew, or it would look like a replay


@pytest.mark.usefixtures("city_db")
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_nobody_is_led_elsewhere(receiver: Any, status: int) -> None:
    made, _ = active(receiver)
    entry(1)
    receiver.status = status

    call_those_due(now=NOW)

    assert len(told(receiver)) == 1
    made.refresh_from_db()
    assert (made.state, made.n_failures, made.last_entry) == ("active", 1, 0)


@pytest.mark.usefixtures("city_db")
def test_a_secret_is_changed_by_subscribing_anew_before_the_old_one_ends(receiver: Any) -> None:
    old, one = active(receiver)
    _, other = active(receiver)
    entry(1)

    call_those_due(now=NOW)
    unsubscribe(old)
    entry(2)
    call_those_due(now=NOW)

    ids = [headers["webhook-id"] for headers, _ in receiver.got if "entry" in headers["webhook-id"]]
    assert ids == ["entry_1", "entry_1", "entry_2"]
    *both, last = receiver.got[-3:]
    for secret, (headers, body) in zip((one, other, other), (*both, last), strict=True):
        assert Webhook(secret).verify(body, headers)


@pytest.mark.usefixtures("city_db")
def test_who_ends_a_subscription_while_it_is_called_disturbs_nobody(
    receiver: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, _ = active(receiver)
    active(receiver)
    entry(1)

    def ended(*_: Any) -> None:
        Subscription.objects.filter(pk=made.pk).delete()

    monkeypatch.setattr(actions, "_answer", ended)

    assert call_those_due(now=NOW) == 2


@pytest.mark.usefixtures("city_db")
def test_who_was_disabled_is_forgotten_in_the_end(receiver: Any) -> None:
    made, _ = active(receiver)
    entry(1)
    receiver.status = 410
    call_those_due(now=NOW)

    call_those_due(now=NOW + KEPT_DISABLED)
    assert Subscription.objects.filter(pk=made.pk).exists()
    call_those_due(now=NOW + KEPT_DISABLED + CLAIM + dt.timedelta(seconds=1))
    assert not Subscription.objects.exists()


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


def refused(answer: Any, status: int) -> str:
    assert answer.status_code == answer.json()["status"] == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "/api/v1/docs/#problem-" in answer.json()["type"]
    assert Subscription.objects.count() == 0
    detail: str = answer.json()["detail"]
    return detail


@pytest.mark.usefixtures("city_db")
@pytest.mark.parametrize(
    "body", ["", "[]", "{}", "[" * 4_000, '{"url": 1}', '{"url": "https://example.org/", "secret": "x"}',
             '{"url": "https://example.org/", "datasets": ["secrets"]}', '{"url": "http://example.org/"}',
             r'{"url": "https://example.org/\u0000"}', r'{"\ud800": 1}', r'{"url": "https://example.org/", "datasets": ["\ud800"]}'],
)  # fmt: skip
def test_what_cannot_be_subscribed_is_a_problem(body: str) -> None:
    answer = Client().post("/api/v1/webhooks/", body, content_type="application/json")

    assert "wanted" in refused(answer, 400)


@pytest.mark.usefixtures("city_db")
def test_every_other_refusal_is_a_problem_too(settings: Any) -> None:
    client, json_type = Client(), "application/json"
    here = f"/api/v1/webhooks/{uuid4()}/"

    assert "POST" in refused(client.get("/api/v1/webhooks/"), 405)
    assert "DELETE" in refused(client.post(here, "{}", content_type=json_type), 405)
    refused(client.get(here), 404)
    refused(client.get("/api/v1/webhooks/1/"), 404)
    assert "4096" in refused(client.post("/api/v1/webhooks/", "x" * 5_000, content_type=json_type), 413)  # fmt: skip
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    refused(client.post("/api/v1/webhooks/", "x" * 200, content_type=json_type), 413)


@pytest.mark.usefixtures("city_db")
def test_subscribing_costs_as_much_as_many_questions(redis_url: str, settings: Any) -> None:
    settings.REDIS_URL = redis_url
    answers = [
        Client().post("/api/v1/webhooks/", "", content_type="application/json", REMOTE_ADDR="203.0.113.99")
        for _ in range(8)
    ]  # fmt: skip

    limited = [answer for answer in answers if answer.status_code == 429]
    assert len(limited) >= 2  # of three in six seconds; the clock may have turned over in between
    refused(limited[0], 429)
    assert 1 <= int(limited[0].headers["Retry-After"]) <= 6
    assert limited[0].headers["RateLimit"].startswith('"reads";r=0;t=')


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


@pytest.mark.usefixtures("city_db")
def test_the_hosts_of_those_who_came_before_are_filled_in() -> None:
    made, _ = subscribe(url="https://Hooks.Example.ORG./x", datasets=[], site=SITE, now=NOW)
    Subscription.objects.update(host="")

    import_module("portal.webhooks.migrations.0002_host").fill(
        apps, SimpleNamespace(connection=connection)
    )

    made.refresh_from_db()
    assert made.host == "hooks.example.org"
