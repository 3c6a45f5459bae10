"""`/healthz`, asked again and again by somebody who wants to know when shots are heard."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from portal import health


def told() -> dict[str, Any]:
    found: dict[str, Any] = Client().get("/healthz").json()
    return found


@pytest.mark.parametrize(
    ("waiting", "said"), [(0, 0), (1, 0), (999, 0), (1_000, 1_000), (20_999, 20_000)]
)
def test_single_batches_that_wait_are_not_told(
    city_db: None, monkeypatch: pytest.MonkeyPatch, waiting: int, said: int
) -> None:
    """Devices send when they hear something: the second of a shot, of which an alert tells six hours."""
    monkeypatch.setattr(health, "inbox_depth", lambda: waiting)

    assert told()["inbox_depth"] == said


def test_it_is_said_what_does_not_work(city_db: None) -> None:
    answer = Client().get("/healthz")

    assert answer.status_code == 503
    assert answer.json()["status"] == "degraded"
    assert answer.json()["worker_tick_age_s"] is None
