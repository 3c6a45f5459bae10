"""What has just come in is glanced at, and looked at thoroughly once it has settled."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sensors import actions
from sensors.actions import detecting, glancing
from sensors.detection.atmosphere import Soundings
from sensors.models import AcousticEvent, AcousticEventRevision, DirtyWindow, Sensor, Source
from sensors.payloads import daylight
from tests.sensors.deliveries import accept
from tests.sensors.field import T0_NS, shot

pytestmark = pytest.mark.django_db

S = 1_000_000_000
SHOT_AT = datetime.fromtimestamp(T0_NS // S, UTC)


def at(seconds: float) -> datetime:
    return SHOT_AT + timedelta(seconds=seconds)


class Live:
    """Pulses come in and the detector looks, at instants counted from the first shot."""

    def __init__(self, source: Source) -> None:
        self.source = source

    def hear(self, pulses: list[daylight.Pulse], *, after_s: float) -> None:
        accept(self.source, daylight.encode(pulses), received_at=at(after_s))
        actions.drain(now=at(after_s))

    def look(self, after_s: float) -> actions.Detected:
        return actions.detect_live(clock=lambda: at(after_s), budget_s=30.0)


@pytest.fixture
def live(source: Source, microphones: list[Sensor]) -> Live:
    return Live(source)


def test_an_event_is_stored_at_the_first_glance_and_bears_that_time(live: Live) -> None:
    live.hear(shot(x_m=130.0, y_m=-70.0), after_s=3.0)

    looked = live.look(3.2)

    assert (looked.n_glances, looked.n_windows, looked.n_new) == (1, 0, 1)
    event = AcousticEvent.objects.get()
    assert (event.detected_at, event.last_pulse_at, event.revision) == (at(3.2), at(3.0), 1)
    assert event.reasons["n_sensors"] >= 4
    assert set(event.reasons["kind_probs"]) == {"gunfire", "firework", "impulse"}
    assert event.classifier_version
    assert DirtyWindow.objects.get().is_glanced
    assert live.look(3.3).n_glances == 0


def test_the_thorough_look_follows_and_changes_nothing_where_the_glance_was_right(
    live: Live,
) -> None:
    live.hear(shot(x_m=130.0, y_m=-70.0), after_s=3.0)
    live.look(3.2)
    before = list(AcousticEvent.objects.values())

    looked = live.look(6.0)

    assert (looked.n_windows, looked.n_new, looked.n_revised, looked.n_withdrawn) == (1, 0, 0, 0)
    assert list(AcousticEvent.objects.values()) == before
    assert not DirtyWindow.objects.exists()


def test_more_of_a_burst_revises_the_event_with_history(live: Live) -> None:
    pulses = shot(x_m=130.0, y_m=-70.0, rounds=5)
    early = [pulse for pulse in pulses if pulse.at_ns < T0_NS + 2 * S]
    live.hear(early, after_s=2.1)
    live.look(2.2)
    first = AcousticEvent.objects.get()
    live.hear([pulse for pulse in pulses if pulse not in early], after_s=6.0)

    glanced = live.look(6.1)
    live.look(8.7)

    event = AcousticEvent.objects.get()
    assert glanced.n_new == 0
    assert (event.pk, event.detected_at, event.n_shots) == (first.pk, at(2.2), 5)
    assert first.n_shots < 5
    assert event.last_pulse_at == at(6.0)
    was = AcousticEventRevision.objects.get(event_id=event.pk, revision=1).was
    assert was["last_pulse_at"] == at(2.1).isoformat()
    assert was["reasons"] == first.reasons


def test_a_glance_leaves_known_events_alone(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even one that it does not find: it sees too little to say so."""
    live.hear(shot(x_m=130.0, y_m=-70.0), after_s=3.0)
    live.look(3.2)
    live.look(6.0)
    before = list(AcousticEvent.objects.values())
    live.hear(shot(x_m=-600.0, y_m=600.0, t_ns=T0_NS + 5 * S, reach_m=450.0)[:2], after_s=7.0)
    real_detect = detecting.detect

    def blind(pulses: Any, sensors: Any, **how: Any) -> Any:
        found = real_detect(pulses, sensors, **how)
        return replace(found, events=(), soundings=Soundings.of([], [], []))

    monkeypatch.setattr(detecting, "detect", blind)

    assert live.look(7.1).n_glances == 1
    assert list(AcousticEvent.objects.values()) == before


def test_late_pulses_are_no_news_and_go_to_the_thorough_look(live: Live) -> None:
    live.hear(shot(x_m=130.0, y_m=-70.0), after_s=45.0)

    assert live.look(45.1).n_glances == 0
    looked = live.look(48.0)

    assert (looked.n_glances, looked.n_windows, looked.n_new) == (0, 1, 1)


def test_old_windows_wait_for_nothing(live: Live) -> None:
    live.hear(shot(x_m=130.0, y_m=-70.0), after_s=3_600.0)

    assert live.look(3_600.0).n_new == 1


def test_a_stream_of_glances_cannot_put_off_the_thorough_look(live: Live) -> None:
    live.hear(shot(x_m=130.0, y_m=-70.0), after_s=3.0)
    live.look(3.2)
    live.hear(shot(x_m=130.0, y_m=-70.0, t_ns=T0_NS + 5 * S), after_s=8.5)
    detected = actions.Detected()

    glancing.look(detected, now=at(8.6))

    assert (detected.n_windows, detected.n_glances) == (1, 0)


def test_where_a_glance_fails_the_thorough_look_parks(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    def poison(*args: Any, **how: Any) -> Any:
        raise FloatingPointError("singular")

    monkeypatch.setattr(detecting, "detect", poison)
    monkeypatch.setattr(detecting.logger, "exception", lambda *args: None)
    monkeypatch.setattr(glancing.logger, "warning", lambda *args, **how: None)
    live.hear(shot(x_m=130.0, y_m=-70.0), after_s=3.0)

    assert live.look(3.2).n_glances == 0
    looked = live.look(6.0)

    assert (looked.n_parked, looked.n_new) == (1, 0)
    assert DirtyWindow.objects.get().parked_because == "FloatingPointError: singular"


def test_a_glance_that_killed_the_process_is_not_had_again(live: Live) -> None:
    live.hear(shot(x_m=130.0, y_m=-70.0), after_s=3.0)
    DirtyWindow.objects.update(attempts=1)  # as a glance leaves it that never ended

    assert live.look(3.2).n_glances == 0
    assert live.look(6.0).n_new == 1
