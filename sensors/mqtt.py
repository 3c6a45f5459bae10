"""Listening to an MQTT broker: QoS 1, a persistent session, acknowledged after the commit.

The broker keeps what comes while we are away and sends again what we did not acknowledge. It may
send twice; a message's key is its content, so twice is once. Topics are
``daylight/v1/<source>/pulses`` and ``.../observations``; who may publish where is the broker's list.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import paho.mqtt.client as paho
from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections
from django.utils import timezone
from paho.mqtt.enums import CallbackAPIVersion

from sensors.actions import InboxFull, accept_batch, content_key
from sensors.kinds import OBSERVATIONS, PULSES, MessageKind
from sensors.models import IngestBatch, Source
from sensors.payloads.daylight import JSON, NDJSON

logger = logging.getLogger(__name__)

TOPICS = "daylight/v1/+/+"
_TOPIC = re.compile(r"daylight/v1/(?P<source>[A-Za-z0-9_-]{1,64})/(?P<kind>pulses|observations)")
QOS = 1
KEEPALIVE_S = 60
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0


class BrokerAddressError(ValueError):
    """The address of the broker cannot be used."""


@dataclass
class Tally:
    """What was heard since the start."""

    n_accepted: int = 0
    n_repeated: int = 0
    n_dropped: int = 0


def broker_address(url: str) -> SplitResult:
    """mqtt://user:password@host:1883, or mqtts:// for TLS."""
    address = urlsplit(url)
    if address.scheme not in ("mqtt", "mqtts") or not address.hostname:
        raise BrokerAddressError(f"got {url!r}; wanted mqtt://user:password@host:1883 or mqtts://")
    return address


class Listener:
    """One client. ``run`` blocks until ``stop``; an outage of broker or database only delays."""

    def __init__(self, url: str, *, client_id: str, on_accepted: Callable[[], None]) -> None:
        self._address = broker_address(url)
        self._on_accepted = on_accepted
        self._stopping = threading.Event()
        self._pause_s = SHORTEST_PAUSE_S
        self.is_subscribed = threading.Event()
        self.tally = Tally()
        self._client = self._make_client(client_id)

    def _make_client(self, client_id: str) -> Any:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=False,
            manual_ack=True,
        )
        if self._address.username:
            password = unquote(self._address.password or "")
            client.username_pw_set(unquote(self._address.username), password)
        if self._address.scheme == "mqtts":
            client.tls_set()
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_message = self._heard
        return client

    def run(self) -> None:
        """Listen until stopped. After each outage the wait doubles, up to a minute."""
        port = self._address.port or (8883 if self._address.scheme == "mqtts" else 1883)
        while not self._stopping.is_set():
            try:
                self._client.connect(self._address.hostname, port, KEEPALIVE_S)
                while self._client.loop(timeout=0.2) == paho.MQTT_ERR_SUCCESS:
                    if self._stopping.is_set():
                        self._client.disconnect()
            except OSError as error:
                logger.warning("no broker at %s:%s: %s", self._address.hostname, port, error)
            if not self._stopping.wait(self._pause_s):
                self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)

    def stop(self) -> None:
        """End ``run`` soon. May be called from a signal handler or another thread."""
        self._stopping.set()

    def _connected(self, client: Any, data: Any, flags: Any, reason: Any, props: Any) -> None:
        if reason.is_failure:
            logger.warning("the broker refused us: %s", reason)
            return
        self._pause_s = SHORTEST_PAUSE_S
        client.subscribe(TOPICS, qos=QOS)

    def _subscribed(self, client: Any, data: Any, mid: int, reasons: Any, props: Any) -> None:
        self.is_subscribed.set()

    def _heard(self, client: Any, data: Any, message: Any) -> None:
        """Store, then acknowledge. While the database is away this message waits, and so do all others."""
        pause_s = SHORTEST_PAUSE_S
        while not self._stopping.is_set():
            try:
                self._accept(message.topic, message.payload)
            except (OperationalError, InterfaceError, InboxFull) as error:
                logger.warning("cannot store what comes by MQTT, will try again: %r", error)
                close_old_connections()
                self._stopping.wait(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            else:
                client.ack(message.mid, message.qos)
                return
        # Stopped before it was stored: not acknowledged, so the broker sends it again next time.

    def _accept(self, topic: str, payload: bytes) -> None:
        address = _TOPIC.fullmatch(topic)
        source = address and Source.objects.filter(slug=address["source"], is_active=True).first()
        if not address or source is None:
            return self._drop(topic, "no such source")
        if len(payload) > settings.INGEST_MAX_BODY_BYTES:
            return self._drop(topic, f"{len(payload)} bytes are too many")
        kind: MessageKind = PULSES if address["kind"] == PULSES else OBSERVATIONS
        receipt = accept_batch(
            source_id=source.pk,
            kind=kind,
            body=payload,
            content_type=_content_type(payload),
            idempotency_key=content_key(kind, payload),
            channel=IngestBatch.Channel.MQTT,
            received_at=timezone.now(),
        )
        self.tally.n_accepted += not receipt.is_repeated
        self.tally.n_repeated += receipt.is_repeated
        self._on_accepted()
        return None

    def _drop(self, topic: str, why: str) -> None:
        """Nobody can be answered, and nobody is known to keep it for: all that is left is to say so."""
        self.tally.n_dropped += 1
        logger.error("dropped a message on %s: %s; mend the broker's list", topic, why)


def _content_type(payload: bytes) -> str:
    """MQTT 3.1.1 carries none. More than one line that begins an object is NDJSON."""
    lines = payload.strip().splitlines()
    is_lines = len(lines) > 1 and all(line.lstrip()[:1] == b"{" for line in lines if line.strip())
    return NDJSON if is_lines else JSON
