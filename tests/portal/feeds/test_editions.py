"""What follows from the present releases is kept while they are, and no longer."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from portal.feeds.editions import Edition, Memory, editions, forget
from portal.models import Release
from tests.factories.released import AS_OF, release_of

pytestmark = pytest.mark.usefixtures("city_db")
NOW = {"incidents": Edition("incidents", 1, 0, AS_OF, 19)}
LATER = {"incidents": Edition("incidents", 2, 0, AS_OF, 20)}


@pytest.fixture(autouse=True)
def kept_for_a_minute(settings: Any) -> Any:
    settings.EDITIONS_KEPT_S = 60
    forget()
    yield
    forget()


def test_the_current_releases_are_asked_for_once() -> None:
    release_of("gunfire")

    with CaptureQueriesContext(connections["public"]) as queries:
        first = editions()
        assert editions() is first

    assert first["gunfire"].number == 1
    assert len(queries) == 1


def test_a_release_and_a_withdrawal_are_known_at_once() -> None:
    release_of("gunfire")
    assert editions()["gunfire"].number == 1

    second = release_of("gunfire", number=2)
    assert editions()["gunfire"].number == 2

    second.state, second.withdrawn_reason = Release.State.WITHDRAWN, "wrong"
    second.save(using="publisher")
    assert editions()["gunfire"].withdrawn == 1


def test_what_is_kept_is_forgotten_when_something_is_released() -> None:
    memory: Memory[str] = Memory(1_000, len)
    memory.put("question", "answer", NOW)

    assert memory.get("question", dict(NOW)) == "answer"
    assert memory.get("question", LATER) is None
    assert memory.get("question", NOW) is None


def test_a_memory_keeps_to_its_bound_and_forgets_what_was_longest_unused() -> None:
    memory: Memory[str] = Memory(80, len)
    for n in range(8):
        memory.put(n, "x" * 10, NOW)
    memory.get(0, NOW)

    memory.put(8, "x" * 10, NOW)
    memory.put("too large", "x" * 11, NOW)
    memory.put(8, "y" * 10, NOW)

    kept = [key for key in (*range(9), "too large") if memory.get(key, NOW)]
    assert kept == [0, 2, 3, 4, 5, 6, 7, 8]


def test_nothing_is_kept_while_the_editions_are_not(settings: Any) -> None:
    settings.EDITIONS_KEPT_S = 0
    memory: Memory[str] = Memory(80, len)

    memory.put("question", "answer", NOW)

    assert memory.get("question", NOW) is None


def test_a_memory_of_few_keeps_one_that_takes_nearly_all_of_it() -> None:
    memory: Memory[str] = Memory(80, len, holds_few=True)
    memory.put("large", "x" * 70, NOW)
    assert memory.get("large", NOW)

    memory.put("other", "y" * 70, NOW)
    memory.put("too large", "z" * 81, NOW)

    kept = [key for key in ("large", "other", "too large") if memory.get(key, NOW)]
    assert kept == ["other"]
