"""A source with a key, its microphones, and a device that signs and sends.

Django is imported inside the fixtures, so that the tests of the pure core run without it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from tests.sensors.field import NOW, microphone_entries

if TYPE_CHECKING:
    from django.http import HttpResponse
    from django.test import Client

    from sensors.actions import IssuedKey
    from sensors.models import Sensor, Source

    Post = Callable[..., HttpResponse]


@pytest.fixture
def source(db: None) -> Source:
    from sensors import actions

    return actions.create_source(slug="gateway", name="A gateway", now=NOW)


@pytest.fixture
def key(source: Source) -> IssuedKey:
    from sensors import actions

    return actions.issue_key(source=source, now=NOW)


@pytest.fixture
def microphones(source: Source) -> list[Sensor]:
    from sensors import actions
    from sensors.models import Sensor

    actions.register_sensors(entries=microphone_entries(), now=NOW)
    return list(Sensor.objects.filter(kind="acoustic").order_by("serial"))


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Wake-ups that were asked for, instead of a broker."""
    asked: list[str] = []
    monkeypatch.setattr("sensors.api.drain_soon", lambda: asked.append("drain"))
    return asked


@pytest.fixture
def post(client: Client, key: IssuedKey, woken: list[str]) -> Post:
    """Sign as a device does, and send. Any part of what is signed or sent can be replaced."""
    from sensors.authentication import sign

    def send(
        what: Any,
        *,
        to: str = "pulses",
        idempotency_key: str = "k-1",
        timestamp: int | None = None,
        content_type: str = "application/json",
        secret: str = key.secret,
        headers: dict[str, str] | None = None,
    ) -> HttpResponse:
        body = what if isinstance(what, bytes) else msgspec.json.encode(what)
        stamp = str(int(datetime.now(UTC).timestamp()) if timestamp is None else timestamp)
        signature = sign(secret, timestamp=stamp, idempotency_key=idempotency_key, body=body)
        signed = {
            "Daylight-Key": key.key_id,
            "Daylight-Timestamp": stamp,
            "Daylight-Idempotency-Key": idempotency_key,
            "Daylight-Signature": signature,
        }
        wanted = {name: value for name, value in (signed | (headers or {})).items() if value}
        return client.post(f"/ingest/v1/{to}", body, content_type, headers=wanted)

    return send
