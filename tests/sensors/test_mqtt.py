"""Messages by MQTT, from a real broker, end in the inbox once and are acknowledged after that."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from paho.mqtt.enums import CallbackAPIVersion

from sensors import actions, mqtt
from sensors.models import IngestBatch
from sensors.payloads.daylight import encode
from tests.ports import free_port
from tests.sensors.elsewhere import PATIENCE_S, PROJECT, environment, until
from tests.sensors.field import NOW, shot

BODY = encode(shot(x_m=0.0, y_m=0.0))


MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@pytest.fixture(scope="module")
def broker() -> Iterator[str]:
    """Mosquitto where the machine has it, else the one of the development requirements."""
    port = free_port()
    here = [sys.executable, str(Path(__file__).with_name("broker.py"))]
    program = [MOSQUITTO, "-p", str(port)] if MOSQUITTO else [*here, str(port)]
    with subprocess.Popen(
        program, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        assert until(lambda: listens(port))
        yield f"mqtt://field:a-password@127.0.0.1:{port}"
        process.kill()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def gateway(city_db: None) -> None:
    actions.create_source(slug="gateway", name="A gateway", now=NOW)


@contextmanager
def listening(broker: str, *, client_id: str) -> Iterator[mqtt.Listener]:
    listener = mqtt.Listener(broker, client_id=client_id, on_accepted=lambda: None)

    def run() -> None:
        try:
            listener.run()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert listener.is_subscribed.wait(PATIENCE_S)
        yield listener
    finally:
        listener.stop()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


def publish(broker: str, topic: str, payload: bytes, *, retain: bool = False) -> None:
    address = mqtt.broker_address(broker)
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.username_pw_set(address.username, address.password)
    client.connect(address.hostname or "", address.port or 0)
    client.loop_start()
    client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(PATIENCE_S)
    client.disconnect()
    client.loop_stop()


def test_a_message_ends_in_the_inbox_once_however_often_it_comes(
    broker: str, gateway: None
) -> None:
    with listening(broker, client_id="once") as listener:
        publish(broker, "daylight/v1/gateway/pulses", BODY)
        publish(broker, "daylight/v1/gateway/pulses", BODY)
        assert until(lambda: listener.tally.n_repeated == 1)

    batch = IngestBatch.objects.get()
    assert (bytes(batch.body), batch.channel, batch.message_kind) == (BODY, "mqtt", "pulses")
    assert listener.tally == mqtt.Tally(n_accepted=1, n_repeated=1)


def test_what_comes_while_nobody_listens_is_kept_by_the_broker(broker: str, gateway: None) -> None:
    with listening(broker, client_id="persistent"):
        pass

    publish(broker, "daylight/v1/gateway/pulses", BODY)

    with listening(broker, client_id="persistent") as listener:
        assert until(lambda: listener.tally.n_accepted == 1)
    assert IngestBatch.objects.count() == 1


@pytest.fixture
def outage(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """While it is set, the database is away."""
    away = threading.Event()

    def unreliable(**batch: Any) -> actions.Receipt:
        if away.is_set():
            raise OperationalError("the database is away")
        return actions.accept_batch(**batch)

    monkeypatch.setattr(mqtt, "accept_batch", unreliable)
    monkeypatch.setattr(mqtt, "SHORTEST_PAUSE_S", 0.05)
    away.set()
    return away


def test_a_message_waits_out_an_outage_of_the_database(
    broker: str, gateway: None, outage: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    with listening(broker, client_id="patient") as listener:
        publish(broker, "daylight/v1/gateway/pulses", BODY)
        assert until(lambda: "will try again" in caplog.text)
        outage.clear()
        assert until(lambda: listener.tally.n_accepted == 1)

    assert IngestBatch.objects.count() == 1


@pytest.mark.skipif(
    not MOSQUITTO, reason="needs mosquitto; amqtt forgets what was not acknowledged"
)
def test_a_listener_that_ends_before_it_stored_is_sent_the_message_again(
    broker: str, gateway: None, outage: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    with listening(broker, client_id="cut-short"):
        publish(broker, "daylight/v1/gateway/pulses", BODY)
        assert until(lambda: "will try again" in caplog.text)
    outage.clear()

    with listening(broker, client_id="cut-short") as listener:
        assert until(lambda: listener.tally.n_accepted == 1)

    assert IngestBatch.objects.count() == 1


def test_a_message_for_no_source_is_dropped_and_counted(broker: str, gateway: None) -> None:
    with listening(broker, client_id="strict") as listener:
        publish(broker, "daylight/v1/stranger/pulses", BODY)
        publish(broker, "daylight/v1/gateway/gossip", BODY)
        assert until(lambda: listener.tally.n_dropped == 2)

    assert not IngestBatch.objects.exists()


def test_a_message_that_is_not_json_is_kept_and_quarantined_whole(
    broker: str, gateway: None
) -> None:
    with listening(broker, client_id="garbled") as listener:
        publish(broker, "daylight/v1/gateway/observations", b"\x00\xffnot json")
        assert until(lambda: listener.tally.n_accepted == 1)

    drained = actions.drain(now=NOW)

    assert (drained.n_messages, drained.n_quarantined) == (1, 1)
    assert IngestBatch.objects.get().quarantined.get().reason == "not_json"


@pytest.mark.parametrize("url", ["", "127.0.0.1:1883", "http://broker"])
def test_an_address_that_is_no_brokers_is_refused_with_the_wanted_form(url: str) -> None:
    with pytest.raises(mqtt.BrokerAddressError, match="wanted mqtt://"):
        mqtt.Listener(url, client_id="x", on_accepted=lambda: None)


def test_a_broker_that_is_away_is_tried_again_until_told_to_stop(
    gateway: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(mqtt, "SHORTEST_PAUSE_S", 0.01)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound and not listening: refused
        url = f"mqtt://127.0.0.1:{nobody.getsockname()[1]}"
        listener = mqtt.Listener(url, client_id="hopeful", on_accepted=lambda: None)
        thread = threading.Thread(target=listener.run)
        thread.start()
        assert until(lambda: caplog.text.count("no broker at 127.0.0.1") >= 3)
        listener.stop()
        thread.join(PATIENCE_S)

    assert not thread.is_alive()


def test_the_command_listens_until_it_is_terminated(broker: str, gateway: None) -> None:
    program = [sys.executable, "manage.py", "listen_mqtt", "--broker", broker, "--client-id", "cmd"]
    with subprocess.Popen(
        program, cwd=PROJECT, env=environment(), stdout=subprocess.PIPE, text=True
    ) as command:
        # retained, so that it does not matter who is first
        publish(broker, "daylight/v1/gateway/pulses", BODY, retain=True)
        assert until(lambda: IngestBatch.objects.exists())
        command.terminate()
        said, _ = command.communicate(timeout=PATIENCE_S)
    publish(broker, "daylight/v1/gateway/pulses", b"", retain=True)

    assert command.returncode == 0
    assert said == "1 accepted, 0 repeated, 0 dropped.\n"


def test_the_command_wants_the_address_of_a_broker() -> None:
    with pytest.raises(CommandError, match="wanted mqtt://"):
        call_command("listen_mqtt", "--broker", "")
