from __future__ import annotations

import threading
import time
from collections.abc import Callable

from portal.runtime.watch import Watch


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def test_it_gives_the_answer_without_waiting_for_it() -> None:
    released = threading.Event()
    asked = threading.Event()

    def question() -> bool:
        asked.set()
        return released.wait(60)

    watch = Watch(question, every_s=0.01)

    assert watch() is False
    assert asked.wait(60)
    assert watch() is False
    released.set()
    wait_until(watch)


def test_a_question_that_fails_is_no_answer_and_is_asked_again() -> None:
    asked = []

    def question() -> bool:
        asked.append(None)
        if len(asked) < 3:
            raise ConnectionError("the database is away")
        return True

    watch = Watch(question, every_s=0.01)

    assert watch() is False
    wait_until(watch)
    assert len(asked) >= 3
