"""End to end: pulses of a shot are posted, drained, detected; the event is where the shot was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from freezegun import freeze_time

from sensors import actions
from sensors.models import AcousticEvent, DirtyWindow, Sensor
from tests.sensors.field import NOW, PLANE, T0_NS, shot

if TYPE_CHECKING:
    from tests.sensors.conftest import Post

pytestmark = pytest.mark.django_db


def test_a_posted_shot_becomes_an_event_at_its_place(post: Post, microphones: list[Sensor]) -> None:
    with freeze_time(NOW):
        answer = post(shot(x_m=130.0, y_m=-70.0, rounds=3))
        drained = actions.drain(now=NOW)
        detected = actions.detect_dirty(now=NOW)

    assert answer.status_code == 202
    assert drained.n_stored == drained.n_messages == answer.json()["messages"]
    assert (detected.n_new, detected.n_revised) == (1, 0)
    event = AcousticEvent.objects.get()
    x_m, y_m = PLANE.to_xy(event.lon, event.lat)
    assert float(np.hypot(x_m - 130.0, y_m + 70.0)) < 3.0
    assert abs(event.t_ns - T0_NS) < 20_000_000
    assert (event.n_shots, event.is_multiple) == (3, True)
    assert not DirtyWindow.objects.exists()
