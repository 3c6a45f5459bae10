"""Telling the worker that rows wait, without ever making a request wait for the broker.

A daemon thread publishes at most four times a second; wishes in between are one wish. When the
broker is away a wake-up is lost, and the sweep that beat makes finds the rows all the same.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import time

from celery import current_app
from kombu.exceptions import KombuError
from redis import RedisError

logger = logging.getLogger(__name__)

SHORTEST_PAUSE_S = 0.25
DRAIN = "sensors.drain"


class Waker:
    """One thread, one waiting wish. Started on the first wish, and again in a forked child."""

    def __init__(self, task: str) -> None:
        self._task = task
        self._wishes: queue.Queue[None] = queue.Queue(maxsize=1)
        self._starting = threading.Lock()
        self._process: int | None = None

    def wake(self) -> None:
        """Ask for the task to be run soon. Returns at once, whatever the broker does."""
        if self._process != os.getpid():
            self._start()
        try:
            self._wishes.put_nowait(None)
        except queue.Full:
            return  # somebody asked already

    def _start(self) -> None:
        with self._starting:
            if self._process == os.getpid():
                return
            self._process = os.getpid()
            threading.Thread(target=self._publish_for_ever, name="wake-up", daemon=True).start()

    def _publish_for_ever(self) -> None:
        was_reached = True
        while True:
            self._wishes.get()
            is_reached = self._publish()
            if was_reached and not is_reached:
                logger.warning("no broker for %s; the sweep will find the rows", self._task)
            was_reached = is_reached
            time.sleep(SHORTEST_PAUSE_S)

    def _publish(self) -> bool:
        try:
            current_app.send_task(self._task, retry=False, expires=2, ignore_result=True)
        except (OSError, KombuError, RedisError):
            return False
        return True


drain_soon = Waker(DRAIN).wake
