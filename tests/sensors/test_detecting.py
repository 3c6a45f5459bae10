"""Dirty windows become events that keep their identity, whatever order their pulses come in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from sensors import actions
from sensors.actions import detecting
from sensors.actions.detecting import core_spans, merged
from sensors.models import (
    AcousticEvent,
    AcousticEventRevision,
    DirtyWindow,
    Pulse,
    Sensor,
    Source,
)
from sensors.payloads import daylight
from tests.sensors.deliveries import accept
from tests.sensors.field import NOW, PLANE, T0_NS, entry, shot

pytestmark = pytest.mark.django_db

S = 1_000_000_000
WINDOW_NS = 60 * S
BORDER_NS = T0_NS // WINDOW_NS * WINDOW_NS + WINDOW_NS
LATER = NOW + timedelta(minutes=1)


def hear(source: Source, *pulses: list[daylight.Pulse]) -> None:
    accept(source, daylight.encode([one for some in pulses for one in some]))
    actions.drain(now=NOW)


def error_m(event: AcousticEvent, x_m: float, y_m: float) -> float:
    return float(
        np.hypot(
            *(a - b for a, b in zip(PLANE.to_xy(event.lon, event.lat), (x_m, y_m), strict=True))
        )
    )


def everything() -> list[dict[str, object]]:
    return list(AcousticEvent.objects.order_by("id").values())


def mark_all_dirty() -> None:
    starts = {t_ns // WINDOW_NS for t_ns in Pulse.objects.values_list("t_ns", flat=True)}
    DirtyWindow.objects.bulk_create(
        DirtyWindow(starts_at=datetime.fromtimestamp(60 * start, UTC), touched_at=NOW)
        for start in starts
    )


def test_an_event_tells_its_doubt_and_what_it_rests_on(
    source: Source, microphones: list[Sensor]
) -> None:
    pulses = shot(x_m=130.0, y_m=-70.0, rounds=2)
    hear(source, pulses)

    actions.detect_dirty(now=NOW)

    event = AcousticEvent.objects.get()
    assert (event.provider, event.revision, event.detected_at) == ("daylight", 1, NOW)
    assert event.cov_xx_m2 * event.cov_yy_m2 > event.cov_xy_m2**2 > 0
    assert event.core_version
    assert 0 <= event.probability <= 1
    assert event.occurred_at == daylight.EPOCH + timedelta(microseconds=event.t_ns // 1000)
    known = {(pulse.sensor, pulse.pulse_id) for pulse in pulses}
    heard = {(one["sensor"], one["pulse"]) for one in event.participants}
    assert heard <= known
    assert len(heard) > 0.8 * len(known)
    assert {one["round"] for one in event.participants} == {0, 1}
    assert max(abs(one["residual_s"]) for one in event.participants) < 0.02


def test_a_rerun_changes_nothing(source: Source, microphones: list[Sensor]) -> None:
    hear(source, shot(x_m=130.0, y_m=-70.0), shot(x_m=-300.0, y_m=410.0, t_ns=T0_NS + 20 * S))
    actions.detect_dirty(now=NOW)
    before = everything()
    mark_all_dirty()

    again = actions.detect_dirty(now=LATER)

    assert (again.n_windows, again.n_new, again.n_revised, again.n_withdrawn) == (1, 0, 0, 0)
    assert everything() == before
    assert len(before) == 2


def test_looking_again_in_other_company_changes_nothing(
    source: Source, microphones: list[Sensor]
) -> None:
    """What is heard later tells of the air, and would move earlier events a little."""
    for n, (x_m, y_m) in enumerate([(130.0, -70.0), (-300.0, 410.0), (410.0, 390.0), (-420.0, 0)]):
        rng = np.random.default_rng(n)
        pulses = shot(x_m=x_m, y_m=y_m, t_ns=T0_NS + 90 * n * S)
        off_ns = {one.sensor: int(rng.normal(0, 7.5e6)) for one in pulses}
        hear(
            source,
            [
                daylight.Pulse(
                    sensor=p.sensor, pulse_id=p.pulse_id, t_ns=p.at_ns + off_ns[p.sensor]
                )
                for p in pulses
            ],
        )
        actions.detect_dirty(now=NOW)
    before = everything()
    mark_all_dirty()

    again = actions.detect_dirty(now=LATER)

    assert (again.n_new, again.n_revised, again.n_withdrawn) == (0, 0, 0)
    assert everything() == before
    assert len(before) == 4


def test_what_earlier_events_said_of_the_air_is_told_to_later_ones(
    source: Source, microphones: list[Sensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[list[int]] = []
    real_detect = detecting.detect

    def watched(pulses: Any, sensors: Any, **how: Any) -> object:
        told.append(how["soundings"].t_ns.tolist())
        return real_detect(pulses, sensors, **how)

    monkeypatch.setattr(detecting, "detect", watched)
    for minute in (0, 30, 50, 10):
        hear(source, shot(x_m=10.0 * minute, y_m=-70.0, t_ns=T0_NS - 60 * (50 - minute) * S))
        actions.detect_dirty(now=NOW)

    first, late, third, last = AcousticEvent.objects.order_by("t_ns").values_list("t_ns", flat=True)
    assert [sorted(one) for one in told] == [[], [first], [first, third], [first]]
    assert first < late < third < last


def test_late_pulses_revise_an_event_that_keeps_its_id(
    source: Source, microphones: list[Sensor]
) -> None:
    pulses = shot(x_m=130.0, y_m=-70.0, rounds=3)
    hear(source, pulses[::2])
    actions.detect_dirty(now=NOW)
    before = AcousticEvent.objects.get()
    hear(source, pulses[1::2])

    detected = actions.detect_dirty(now=LATER)

    after = AcousticEvent.objects.get()
    assert (detected.n_new, detected.n_revised) == (0, 1)
    assert (after.pk, after.provider_event_id) == (before.pk, before.provider_event_id)
    assert (after.revision, after.revised_at, after.detected_at) == (2, LATER, NOW)
    assert len(after.participants) > len(before.participants)
    history = AcousticEventRevision.objects.get()
    assert (history.event_id, history.revision, history.replaced_at) == (before.pk, 1, LATER)
    assert history.was["participants"] == before.participants
    assert history.was["lon"] == before.lon


def test_an_earlier_round_that_comes_late_moves_the_event_and_not_its_id(
    source: Source, microphones: list[Sensor]
) -> None:
    first = shot(x_m=130.0, y_m=-70.0)
    rest = shot(x_m=130.0, y_m=-70.0, t_ns=T0_NS + 2 * S, rounds=2)
    hear(source, rest)
    actions.detect_dirty(now=NOW)
    before = AcousticEvent.objects.get()
    hear(source, first)

    actions.detect_dirty(now=LATER)

    after = AcousticEvent.objects.get()
    assert (after.pk, after.n_shots, before.n_shots) == (before.pk, 3, 2)
    assert before.t_ns - after.t_ns == pytest.approx(2 * S, abs=0.02 * S)


def test_an_event_whose_pulses_are_gone_is_withdrawn_and_comes_back_under_its_id(
    source: Source, microphones: list[Sensor]
) -> None:
    pulses = shot(x_m=130.0, y_m=-70.0)
    hear(source, pulses)
    actions.detect_dirty(now=NOW)
    before = AcousticEvent.objects.get()
    mark_all_dirty()
    Pulse.objects.all().delete()

    gone = actions.detect_dirty(now=LATER)
    withdrawn = AcousticEvent.objects.get()
    hear(source, pulses)
    back = actions.detect_dirty(now=LATER + timedelta(minutes=1))

    assert (gone.n_withdrawn, withdrawn.withdrawn_at, withdrawn.revision) == (1, LATER, 2)
    assert (back.n_new, back.n_revised) == (0, 1)
    after = AcousticEvent.objects.get()
    assert (after.pk, after.withdrawn_at, after.revision) == (before.pk, None, 3)
    assert AcousticEventRevision.objects.count() == 2


@pytest.mark.parametrize("offset_ns", [-5 * S, -S, -S // 2, -1, 0, 1, S // 2, S])
@pytest.mark.parametrize("is_together", [True, False])
def test_a_shot_at_the_border_of_two_windows_is_found_once(
    source: Source, microphones: list[Sensor], offset_ns: int, is_together: bool
) -> None:
    """Its pulses lie on both sides, and come together or one window after the other."""
    pulses = shot(x_m=130.0, y_m=-70.0, t_ns=BORDER_NS + offset_ns, rounds=3)
    left = [pulse for pulse in pulses if pulse.at_ns < BORDER_NS]
    right = [pulse for pulse in pulses if pulse.at_ns >= BORDER_NS]
    for part in [pulses] if is_together else [left, right]:
        if part:
            hear(source, part)
            actions.detect_dirty(now=NOW)
    mark_all_dirty()
    actions.detect_dirty(now=LATER)

    event = AcousticEvent.objects.get(withdrawn_at=None)
    assert error_m(event, 130.0, -70.0) < 3.0
    assert event.n_shots == 3
    assert AcousticEvent.objects.count() == 1


def test_windows_that_are_dirty_by_turns_withdraw_nothing_of_their_neighbours(
    source: Source, microphones: list[Sensor]
) -> None:
    for minute in range(4):
        for second in (2, 20, 40, 55):
            hear(
                source,
                shot(
                    x_m=10.0 * second,
                    y_m=100.0 * minute,
                    t_ns=BORDER_NS + (60 * minute + second) * S,
                ),
            )
    actions.detect_dirty(now=NOW)
    n_events = AcousticEvent.objects.count()
    for minute in (2, 0, 3, 1):
        DirtyWindow.objects.create(
            starts_at=datetime.fromtimestamp(BORDER_NS // S + 60 * minute, UTC), touched_at=NOW
        )
        detected = actions.detect_dirty(now=LATER)
        assert (detected.n_new, detected.n_withdrawn) == (0, 0)

    assert n_events == 16
    assert not AcousticEvent.objects.exclude(withdrawn_at=None).exists()


def test_a_backlog_is_detected_over_in_chunks_the_newest_first(
    source: Source, microphones: list[Sensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detecting, "CHUNK_WINDOWS", 2)
    for minute in (0, 1, 2, 60, 600):
        hear(source, shot(x_m=130.0, y_m=-70.0, t_ns=T0_NS - 60 * minute * S))
    real_detect, newest = detecting.detect, []

    def watched(pulses: Any, sensors: Any, **how: Any) -> object:
        newest.append(int(pulses.t_ns.max()))
        return real_detect(pulses, sensors, **how)

    monkeypatch.setattr(detecting, "detect", watched)

    detected = actions.detect_dirty(now=NOW)

    assert (detected.n_windows, detected.n_new) == (5, 5)
    assert len(newest) == 3
    assert newest == sorted(newest, reverse=True)


def test_a_run_out_of_time_leaves_the_rest_dirty(source: Source, microphones: list[Sensor]) -> None:
    hear(source, shot(x_m=130.0, y_m=-70.0))

    assert actions.detect_dirty(now=NOW, budget_s=0.0).n_windows == 0
    assert DirtyWindow.objects.exists()


def test_a_mark_that_is_set_while_the_detector_thinks_survives(
    source: Source, microphones: list[Sensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    pulses = shot(x_m=130.0, y_m=-70.0, rounds=2)
    hear(source, pulses[:20])
    real_detect = detecting.detect

    def slow(heard: Any, sensors: Any, **how: Any) -> object:
        found = real_detect(heard, sensors, **how)
        if Pulse.objects.count() == 20:
            hear(source, pulses[20:])
        return found

    monkeypatch.setattr(detecting, "detect", slow)

    detected = actions.detect_dirty(now=NOW)

    assert detected.n_windows == 2
    assert AcousticEvent.objects.get().n_shots == 2


def test_a_sensor_that_was_moved_is_heard_from_where_it_stood(
    source: Source, microphones: list[Sensor]
) -> None:
    hear(source, shot(x_m=130.0, y_m=-70.0))
    moved = [
        entry(one.serial, "acoustic", x_m=5000.0 + 50 * number)
        for number, one in enumerate(microphones[10:15])
    ]
    actions.register_sensors(entries=moved, now=NOW)

    actions.detect_dirty(now=NOW)

    event = AcousticEvent.objects.get()
    assert error_m(event, 130.0, -70.0) < 3.0
    assert {one["sensor"] for one in event.participants} & {
        one.serial for one in microphones[10:15]
    }


def test_noise_alone_is_no_event(source: Source, microphones: list[Sensor]) -> None:
    generator = np.random.default_rng(5)
    serials = [one.serial for one in microphones]
    noise = [
        daylight.Pulse(
            sensor=str(generator.choice(serials)), pulse_id=str(n), t_ns=T0_NS + int(t_ns)
        )
        for n, t_ns in enumerate(generator.uniform(0, 60 * S, 100))
    ]
    hear(source, noise)

    detected = actions.detect_dirty(now=NOW)

    assert detected.n_pulses == 100
    assert detected.n_new == 0


def test_a_vendors_alert_is_nobody_elses_to_revise(
    source: Source, microphones: list[Sensor]
) -> None:
    AcousticEvent.objects.create(
        provider="vendor",
        provider_event_id="1",
        occurred_at=daylight.EPOCH + timedelta(seconds=T0_NS / S),
        t_ns=T0_NS,
        lon=-79.99,
        lat=40.44,
        kind="gunfire",
        is_multiple=False,
        detected_at=NOW,
    )
    hear(source, shot(x_m=0.0, y_m=0.0))

    actions.detect_dirty(now=NOW)

    assert sorted(AcousticEvent.objects.values_list("provider", "revision")) == [
        ("daylight", 1),
        ("vendor", 1),
    ]


def test_the_core_of_a_window_reaches_back_to_the_first_round_of_a_burst() -> None:
    assert core_spans([600 * S]) == [(570 * S, 660 * S)]
    assert core_spans([600 * S, 660 * S, 960 * S]) == [(570 * S, 720 * S), (930 * S, 1020 * S)]


def test_spans_that_touch_become_one() -> None:
    assert merged([(5, 7), (0, 3), (3, 4), (6, 9)]) == [(0, 4), (5, 9)]
    assert merged([]) == []
