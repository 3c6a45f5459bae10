"""The wake-up never makes anybody wait, and the tasks are doors to the actions."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from kombu.exceptions import OperationalError

from sensors import actions, tasks, wakeup
from sensors.models import AcousticEvent, Sensor, Source
from sensors.payloads.daylight import encode
from sensors.wakeup import Waker
from tests.sensors.deliveries import accept, pulse
from tests.sensors.elsewhere import until
from tests.sensors.field import NOW, shot


class Broker:
    """Counts what is published; can be away, or frozen until it is let go."""

    def __init__(self) -> None:
        self.published: list[str] = []
        self.is_away = False
        self.is_entered = threading.Event()
        self.go = threading.Event()
        self.go.set()

    def send_task(self, name: str, **options: Any) -> None:
        assert options["retry"] is False
        self.is_entered.set()
        self.go.wait(10)
        if self.is_away:
            raise OperationalError("connection refused")
        self.published.append(name)


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    broker = Broker()
    monkeypatch.setattr(wakeup, "current_app", broker)
    monkeypatch.setattr(wakeup, "SHORTEST_PAUSE_S", 0.01)
    return broker


def test_a_wish_is_published(broker: Broker) -> None:
    Waker("sensors.drain").wake()

    assert until(lambda: broker.published == ["sensors.drain"])


def test_wishes_made_while_the_broker_hangs_return_at_once_and_are_one(broker: Broker) -> None:
    broker.go.clear()
    waker = Waker("sensors.drain")
    waker.wake()
    assert broker.is_entered.wait(10)
    for _ in range(1000):
        waker.wake()
    assert broker.published == []

    broker.go.set()

    # the one that hung, and one for all that came meanwhile
    assert until(lambda: len(broker.published) == 2)
    time.sleep(0.05)
    assert len(broker.published) == 2


def test_a_broker_that_is_away_costs_nothing_and_is_used_again(
    broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    broker.is_away = True
    waker = Waker("sensors.drain")
    waker.wake()
    assert until(lambda: "the sweep will find the rows" in caplog.text)
    broker.is_away = False

    waker.wake()

    assert until(lambda: broker.published == ["sensors.drain"])


def test_a_wish_reaches_a_real_broker(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import redis
    from celery import Celery

    app = Celery(broker=redis_url.replace("unix://", "redis+socket://"), set_as_current=False)
    monkeypatch.setattr(wakeup, "current_app", app)

    Waker("sensors.drain").wake()

    with redis.Redis.from_url(redis_url) as client:
        assert until(lambda: client.llen("celery") == 1)
    app.close()


@pytest.mark.django_db
def test_the_drain_task_drains_and_detects_where_pulses_came(
    source: Source,
    microphones: list[Sensor],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    accept(source, encode(shot(x_m=0.0, y_m=0.0)))

    first, second = tasks.drain.apply().get(), tasks.drain.apply().get()

    assert first["n_stored"] == first["n_pulses"] > 0
    assert second["n_batches"] == 0
    assert AcousticEvent.objects.count() == 1


@pytest.mark.django_db
def test_the_detect_task_detects(source: Source, microphones: list[Sensor]) -> None:
    accept(source, encode(shot(x_m=0.0, y_m=0.0)))
    actions.drain(now=NOW)

    detected = tasks.detect.apply().get()

    assert detected["n_new"] == AcousticEvent.objects.count() == 1


@pytest.mark.django_db
def test_a_detection_that_ran_out_of_time_asks_for_another(
    source: Source, microphones: list[Sensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(tasks.detect, "delay_on_commit", lambda: asked.append("detect"))
    accept(source, encode(shot(x_m=0.0, y_m=0.0)))
    actions.drain(now=NOW)

    monkeypatch.setattr(tasks, "DETECT_BUDGET_S", 0.0)
    cut_short = tasks.detect.apply().get()
    monkeypatch.setattr(tasks, "DETECT_BUDGET_S", 30.0)
    whole = tasks.detect.apply().get()

    assert (cut_short["is_cut_short"], whole["is_cut_short"]) == (True, False)
    assert asked == ["detect"]


@pytest.mark.django_db
def test_the_tasks_by_the_clock_are_doors(microphones: list[Sensor]) -> None:
    assert tasks.learn_background.apply().get() == 0
    assert tasks.find_faults.apply().get() == {"n_opened": 0, "n_kept": 0, "n_cleared": 0}


@pytest.mark.django_db
def test_messages_that_are_no_pulses_ask_for_no_detection(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(tasks, "detect", lambda: asked.append("detect"))
    accept(source, [pulse(0)])

    tasks.drain.apply().get()

    assert asked == []
