"""The HTTP doors: what is acknowledged, and how each refusal is told."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from django.db import OperationalError

from sensors import actions
from sensors.models import DeviceKey, IngestBatch, Sensor, Source
from tests.sensors.field import NOW, shot

if TYPE_CHECKING:
    from django.http import HttpResponse
    from django.test import Client

    from sensors.actions import IssuedKey
    from tests.sensors.conftest import Post

pytestmark = pytest.mark.django_db

PULSES = shot(x_m=0.0, y_m=0.0)


def is_problem(answer: HttpResponse, status: int, code: str) -> bool:
    told = answer.json()
    assert answer["Content-Type"] == "application/problem+json"
    assert told["detail"]
    assert told["status"] == answer.status_code
    return (answer.status_code, told["type"]) == (status, f"urn:daylight:ingest:{code}")


def test_a_signed_body_is_committed_whole_and_acknowledged(post: Post, woken: list[str]) -> None:
    answer = post(PULSES)

    batch = IngestBatch.objects.get()
    assert answer.status_code == 202
    assert answer.json() == {
        "receipt": str(batch.pk),
        "messages": len(PULSES),
        "received_at": batch.received_at.isoformat().replace("+00:00", "Z"),
        "repeated": False,
        "refused": [],
    }
    assert (batch.state, batch.message_kind, batch.channel) == ("waiting", "pulses", "http")
    assert woken == ["drain"]


def test_a_repeat_gets_the_first_receipt_and_is_stored_once(post: Post) -> None:
    first = post(PULSES).json()

    again = post(PULSES)

    assert again.status_code == 202
    assert again.json() == first | {"repeated": True}
    assert IngestBatch.objects.count() == 1


def test_a_used_idempotency_key_on_another_body_is_refused_and_not_swallowed(post: Post) -> None:
    post(PULSES[:1])

    answer = post(PULSES[1:])

    assert is_problem(answer, 409, "key-reused")


def test_another_source_may_use_the_same_idempotency_key(post: Post) -> None:
    post(PULSES)
    other = actions.create_source(slug="other", name="", now=NOW)
    key = actions.issue_key(source=other, now=NOW)

    answer = post(PULSES, secret=key.secret, headers={"Daylight-Key": key.key_id})

    assert (answer.status_code, answer.json()["repeated"]) == (202, False)


def test_what_is_malformed_at_sight_is_told_and_the_rest_is_taken(post: Post) -> None:
    answer = post([PULSES[0], {"sensor": "MIC-00"}])

    assert answer.status_code == 202
    assert answer.json()["messages"] == 2
    [refused] = answer.json()["refused"]
    assert (refused["position"], refused["reason"]) == (1, "malformed")


def test_lines_of_ndjson_are_messages(post: Post) -> None:
    from sensors.payloads.daylight import encode_lines

    answer = post(encode_lines(PULSES), content_type="application/x-ndjson")

    assert (answer.status_code, answer.json()["messages"]) == (202, len(PULSES))


def test_observations_have_a_door_of_their_own(post: Post) -> None:
    answer = post(
        {"sensor": "BIN-1", "property": "fillingLevel", "t": "2026-03-14T22:00:00Z", "value": 0.4},
        to="observations",
    )

    assert answer.status_code == 202
    assert IngestBatch.objects.get().message_kind == "observations"


@pytest.mark.parametrize("body", [b" ", b"hello", b"[]", b'[{"sensor":'])
def test_a_body_that_is_not_json_at_all_is_refused(post: Post, body: bytes) -> None:
    answer = post(body)

    assert is_problem(answer, 400, "not-json")
    assert not IngestBatch.objects.exists()


@pytest.mark.parametrize(
    "header",
    ["Daylight-Key", "Daylight-Timestamp", "Daylight-Idempotency-Key", "Daylight-Signature"],
)
def test_a_missing_header_is_named(post: Post, header: str) -> None:
    answer = post(PULSES, headers={header: ""})

    assert is_problem(answer, 401, "headers")
    assert header in answer.json()["detail"]
    assert answer["WWW-Authenticate"]


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Daylight-Timestamp", "noon"),
        ("Daylight-Timestamp", "-5"),
        ("Daylight-Timestamp", "٣"),
        ("Daylight-Idempotency-Key", "a b"),
        ("Daylight-Idempotency-Key", "x" * 129),
    ],
)
def test_a_header_of_another_form_is_refused(post: Post, header: str, value: str) -> None:
    assert is_problem(post(PULSES, headers={header: value}), 401, "headers")


@pytest.mark.parametrize("skew_s", [-301, 301])
def test_a_stale_timestamp_is_refused_and_our_time_is_told(post: Post, skew_s: int) -> None:
    answer = post(PULSES, timestamp=int(time.time()) + skew_s)

    assert is_problem(answer, 401, "stale-timestamp")
    assert "our clock" in answer.json()["detail"]


@pytest.mark.parametrize("skew_s", [-298, 298])
def test_a_clock_that_is_a_little_off_is_forgiven(post: Post, skew_s: int) -> None:
    assert post(PULSES, timestamp=int(time.time()) + skew_s).status_code == 202


def test_nobody_learns_why_they_were_not_recognised(post: Post, key: IssuedKey) -> None:
    """Unknown key, wrong secret, changed body, retired key, source switched off: one answer."""
    unknown = post(PULSES, headers={"Daylight-Key": "dk_0000000000000000"})
    wrong = post(PULSES, secret="guessed")
    garbled = post(PULSES, headers={"Daylight-Signature": "v1=ü"})
    Source.objects.update(is_active=False)
    switched_off = post(PULSES)
    Source.objects.update(is_active=True)
    actions.retire_key(key_id=key.key_id, now=NOW)
    retired = post(PULSES)

    answers = [unknown, wrong, garbled, switched_off, retired]
    assert all(is_problem(answer, 401, "not-recognised") for answer in answers)
    assert len({answer.content for answer in answers}) == 1
    assert not IngestBatch.objects.exists()


def test_a_signature_covers_the_idempotency_key_and_the_time(post: Post) -> None:
    other_key = post(PULSES, headers={"Daylight-Idempotency-Key": "k-2"})
    other_time = post(PULSES, headers={"Daylight-Timestamp": str(int(time.time()) + 7)})

    assert is_problem(other_key, 401, "not-recognised")
    assert is_problem(other_time, 401, "not-recognised")


def test_both_active_keys_are_good(post: Post, source: Source) -> None:
    second = actions.issue_key(source=source, now=NOW)

    assert post(PULSES).status_code == 202
    answer = post(
        PULSES,
        idempotency_key="k-2",
        secret=second.secret,
        headers={"Daylight-Key": second.key_id},
    )
    assert answer.status_code == 202


def test_a_body_over_the_cap_is_refused_before_it_is_read(post: Post, settings: Any) -> None:
    settings.INGEST_MAX_BODY_BYTES = 100

    assert is_problem(post(PULSES), 413, "too-large")


@pytest.mark.parametrize("length", ["", "many", "-1", "9" * 5000])
def test_a_length_is_required(client: Client, post: Post, length: str) -> None:
    answer = client.post("/ingest/v1/pulses", b"[]", "application/json", CONTENT_LENGTH=length)

    assert is_problem(answer, 411, "length-required")


@pytest.mark.parametrize("content_type", ["text/csv", "application/x-www-form-urlencoded"])
def test_another_content_type_is_refused_with_the_wanted_ones(
    post: Post, content_type: str
) -> None:
    answer = post(PULSES, content_type=content_type)

    assert is_problem(answer, 415, "content-type")
    assert "application/x-ndjson" in answer.json()["detail"]


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_another_method_is_refused(client: Client, post: Post, method: str) -> None:
    answer = getattr(client, method)("/ingest/v1/pulses")

    assert is_problem(answer, 405, "method")
    assert answer["Allow"] == "POST"


def test_devices_are_told_to_wait_when_the_inbox_is_deep(post: Post, settings: Any) -> None:
    settings.INGEST_MAX_WAITING = 2
    assert [post(PULSES, idempotency_key=f"k-{n}").status_code for n in range(2)] == [202, 202]

    answer = post(PULSES, idempotency_key="k-3")

    assert is_problem(answer, 429, "busy")
    assert int(answer["Retry-After"]) > 0
    assert IngestBatch.objects.count() == 2


def test_room_in_the_inbox_opens_the_door_again(
    post: Post, settings: Any, microphones: list[Sensor]
) -> None:
    settings.INGEST_MAX_WAITING = 1
    post(PULSES)
    actions.drain(now=NOW)

    assert post(PULSES, idempotency_key="k-2").status_code == 202


def test_an_outage_of_the_database_is_told_as_one(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(**batch: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr("sensors.api.accept_batch", away)

    answer = post(PULSES)

    assert is_problem(answer, 503, "no-database")
    assert answer["Retry-After"]
    assert "refused" not in answer.json()["detail"]


def test_the_door_needs_no_csrf_token(key: IssuedKey, post: Post) -> None:
    from django.test import Client

    answer = Client(enforce_csrf_checks=True).post("/ingest/v1/pulses", b"[]", "application/json")

    assert is_problem(answer, 401, "headers")


def test_a_secret_is_nowhere_in_clear(key: IssuedKey) -> None:
    stored = DeviceKey.objects.get()

    assert key.secret.encode() not in bytes(stored.sealed_secret)
    assert key.secret not in repr(key)
