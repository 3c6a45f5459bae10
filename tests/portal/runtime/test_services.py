from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from portal.celery import app
from portal.heartbeat import LIVE, OLDEST_HEALTHY_TICK_S, WORKER, is_healthy, record_tick
from portal.runtime import services
from portal.runtime.layout import Layout
from portal.runtime.supervisor import Child

LONG_AGO_S = 600


@pytest.fixture
def children(tmp_path: Any) -> dict[str, Child]:
    doorstep = services.Doorstep(host="127.0.0.1", port=8000, workers=1)
    listed = services.children(Layout(tmp_path), doorstep, with_demo=True)
    return {child.name: child for child in listed}


def queue_of(task: str, **options: Any) -> str:
    return str(app.amqp.router.route(options, task)["queue"].name)


def was_long_ago(name: str) -> None:
    record_tick(name)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE publication_heartbeat SET ticked_at = now() - %s * interval '1 second'"
            " WHERE name = %s",
            [LONG_AGO_S, name],
        )


def busy(monkeypatch: pytest.MonkeyPatch, active: dict[str, list[str]] | None) -> None:
    monkeypatch.setattr(
        app.control, "inspect", lambda timeout: SimpleNamespace(active=lambda: active)
    )


def test_what_devices_wait_for_shares_no_queue_with_long_tasks() -> None:
    app.loader.import_default_modules()

    queues = {task: queue_of(task) for task in app.tasks if not task.startswith("celery.")}

    assert {task for task, queue in queues.items() if queue == "live"} == {
        "sensors.drain",
        "sensors.detect",
    }
    assert set(queues.values()) == {"live", "celery"}
    keys = {queue.name: queue.routing_key for queue in app.amqp.queues.values()}
    assert keys == {"live": "live", "celery": "celery"}


def test_every_queue_has_a_worker_that_takes_nothing_else(children: dict[str, Child]) -> None:
    taken = {
        name: [word for word in children[name].command if word.startswith("--queues")]
        for name in (LIVE, WORKER)
    }

    assert taken == {LIVE: ["--queues=live"], WORKER: ["--queues=celery"]}


def test_a_tick_travels_through_every_queue() -> None:
    ticks = [e for e in settings.CELERY_BEAT_SCHEDULE.values() if e["task"] == "portal.tick"]

    told = {
        (*tick.get("args", (WORKER,)), queue_of("portal.tick", **tick["options"])) for tick in ticks
    }

    assert told == {(WORKER, "celery"), (LIVE, "live")}


@pytest.mark.parametrize("name", [LIVE, WORKER])
def test_a_worker_is_stuck_when_it_neither_ticks_nor_works(
    name: str, city_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = {LIVE: WORKER, WORKER: LIVE}[name]
    was_long_ago(name)
    record_tick(other)

    busy(monkeypatch, {f"{name}@here": [], f"{other}@here": ["portal.release_due"]})
    assert services.is_stuck(name)
    busy(monkeypatch, None)
    assert services.is_stuck(name)
    busy(monkeypatch, {f"{name}@here": ["portal.release_due"]})
    assert not services.is_stuck(name)
    record_tick(name)
    busy(monkeypatch, None)
    assert not services.is_stuck(name)


def test_the_live_worker_is_missed_after_a_minute_and_the_other_once_no_task_may_last_so_long() -> (
    None
):
    assert not is_healthy(LIVE, None)
    assert is_healthy(LIVE, 30.0)
    assert not is_healthy(LIVE, 90.0)
    assert is_healthy(WORKER, settings.CELERY_TASK_TIME_LIMIT)
    assert not is_healthy(WORKER, OLDEST_HEALTHY_TICK_S[WORKER])
