"""A window on which the detector fails is set aside with its reason, and stops no other."""

from __future__ import annotations

import io
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import OperationalError, connections, transaction
from django.urls import reverse

from sensors import actions, queries
from sensors.actions import detecting
from sensors.models import AcousticEvent, DirtyWindow, Sensor, Source
from sensors.payloads.daylight import encode
from tests.sensors.deliveries import accept
from tests.sensors.elsewhere import PROJECT, environment, until
from tests.sensors.field import NOW, T0_NS, microphone_entries, shot

if TYPE_CHECKING:
    from django.test import Client

S = 1_000_000_000
LATER = NOW + timedelta(minutes=1)
POISON_MINUTE = 30


@pytest.fixture
def poisoned(
    source: Source, microphones: list[Sensor], monkeypatch: pytest.MonkeyPatch
) -> dict[str, bool]:
    """A shot every ten minutes for an hour; the detector cannot bear the one of POISON_MINUTE."""
    for minute in range(0, 60, 10):
        hear(source, minute)
    poison_ns = T0_NS - POISON_MINUTE * 60 * S
    real_detect, mood = detecting.detect, {"is_well": False}

    def squeamish(pulses: Any, sensors: Any, **how: Any) -> object:
        is_poison = (abs(pulses.t_ns - poison_ns) < 10 * S).any()
        if is_poison and not mood["is_well"]:
            raise FloatingPointError("singular in a way nobody thought of")
        return real_detect(pulses, sensors, **how)

    monkeypatch.setattr(detecting, "detect", squeamish)
    monkeypatch.setattr(detecting.logger, "exception", lambda *args: None)
    return mood


def hear(source: Source, minute: int, *, x_m: float = 130.0) -> None:
    accept(source, encode(shot(x_m=x_m, y_m=-70.0, t_ns=T0_NS - 60 * minute * S)))
    actions.drain(now=NOW)


@pytest.mark.django_db
def test_poison_is_found_by_halving_and_parked_and_its_neighbours_are_detected(
    poisoned: dict[str, bool],
) -> None:
    detected = actions.detect_dirty(now=NOW)

    assert (detected.n_windows, detected.n_new, detected.n_parked) == (5, 5, 1)
    window = DirtyWindow.objects.get()
    at = datetime.fromtimestamp(T0_NS // S - POISON_MINUTE * 60, UTC)
    assert window.starts_at == at.replace(second=0)
    assert window.parked_at == NOW
    assert window.parked_because == "FloatingPointError: singular in a way nobody thought of"
    assert (queries.dirty_count(), queries.parked_window_count()) == (0, 1)


@pytest.mark.django_db
def test_what_is_parked_is_not_tried_again_by_itself(poisoned: dict[str, bool]) -> None:
    actions.detect_dirty(now=NOW)
    poisoned["is_well"] = True

    assert actions.detect_dirty(now=LATER).n_windows == 0


@pytest.mark.django_db
def test_new_pulses_try_a_parked_window_again_and_it_is_parked_once(
    poisoned: dict[str, bool], source: Source
) -> None:
    actions.detect_dirty(now=NOW)
    hear(source, POISON_MINUTE, x_m=-330.0)

    assert actions.detect_dirty(now=LATER).n_parked == 1
    assert DirtyWindow.objects.get().parked_at == LATER

    poisoned["is_well"] = True
    hear(source, POISON_MINUTE, x_m=330.0)

    assert actions.detect_dirty(now=LATER).n_new > 0
    assert not DirtyWindow.objects.exists()


@pytest.mark.django_db
def test_a_person_lets_a_parked_window_be_tried_again(poisoned: dict[str, bool]) -> None:
    actions.detect_dirty(now=NOW)
    poisoned["is_well"] = True

    assert actions.unpark_windows(ids=DirtyWindow.objects.values_list("pk", flat=True)) == 1

    assert actions.detect_dirty(now=LATER).n_new == 1
    assert not DirtyWindow.objects.exists()


@pytest.mark.django_db
@pytest.mark.urls("tests.sensors.admin_urls")
def test_staff_see_the_parked_window_and_its_reason_and_try_it_again(
    poisoned: dict[str, bool], client: Client
) -> None:
    user = get_user_model().objects.create_superuser("admin", "admin@city.example", "a-password")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    actions.detect_dirty(now=NOW)
    url = reverse("admin:sensors_dirtywindow_changelist")

    page = client.get(url, {"parked_at__isempty": "0"}).content.decode()
    answer = client.post(
        url, {"action": "try_again", "_selected_action": [DirtyWindow.objects.get().pk]}
    )

    assert "singular in a way nobody thought of" in page
    assert answer.status_code == 302
    assert queries.parked_window_count() == 0


@pytest.mark.django_db
def test_the_command_says_what_is_parked_and_why(poisoned: dict[str, bool]) -> None:
    actions.detect_dirty(now=NOW)
    said = io.StringIO()

    call_command("sensors", "status", stdout=said)

    assert said.getvalue().splitlines() == [
        "inbox: 0 batches wait, 0 are parked",
        "quarantine: 0 messages",
        "detector: 0 windows wait, 1 are parked",
        "  2026-03-14T21:53:00Z: FloatingPointError: singular in a way nobody thought of",
        "faults: 0 open",
    ]


@pytest.mark.django_db
def test_a_database_that_goes_away_parks_nothing(
    source: Source, microphones: list[Sensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    hear(source, 0)

    def gone(*args: Any, **how: Any) -> object:
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(detecting, "save_events", gone)

    with pytest.raises(OperationalError):
        actions.detect_dirty(now=NOW)

    assert DirtyWindow.objects.get().parked_at is None


@pytest.mark.django_db
def test_a_window_that_was_begun_and_never_ended_goes_last_and_alone_and_is_parked_in_the_end(
    source: Source, microphones: list[Sensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    for minute in (0, 10, 20):
        hear(source, minute)
    newest = DirtyWindow.objects.latest("starts_at")
    DirtyWindow.objects.filter(pk=newest.pk).update(attempts=2)
    real_detect, asked = detecting.detect, []

    def watched(pulses: Any, sensors: Any, **how: Any) -> object:
        asked.append(int(pulses.t_ns.max()))
        return real_detect(pulses, sensors, **how)

    monkeypatch.setattr(detecting, "detect", watched)
    assert actions.detect_dirty(now=NOW).n_new == 3
    assert len(asked) == 2
    assert asked[1] > asked[0]

    hear(source, 0, x_m=-330.0)
    DirtyWindow.objects.update(attempts=3)

    assert actions.detect_dirty(now=LATER).n_parked == 1
    assert DirtyWindow.objects.get().parked_because == "begun 3 times and never ended"


def test_a_detection_killed_in_the_middle_is_counted_and_loses_nothing(city_db: None) -> None:
    """It is stopped by a lock when it wants to write, killed there, and another takes over."""
    source = actions.create_source(slug="gateway", name="", now=NOW)
    actions.register_sensors(entries=microphone_entries(), now=NOW)
    hear(source, 0)
    with transaction.atomic(using="owner"), connections["owner"].cursor() as owner:
        owner.execute("LOCK TABLE vault.sensors_acousticevent IN EXCLUSIVE MODE")
        with subprocess.Popen(
            [sys.executable, "-c", DETECT], cwd=PROJECT, env=environment()
        ) as victim:
            assert until(lambda: is_waiting_to_write(owner))
            victim.kill()

    assert [mark.attempts for mark in DirtyWindow.objects.all()] == [1]
    assert until(lambda: actions.detect_dirty(now=NOW).n_new == 1)
    event = AcousticEvent.objects.get()
    assert (event.revision, DirtyWindow.objects.count()) == (1, 0)


DETECT = """
import django
django.setup()
from django.utils import timezone
from sensors import actions
actions.detect_dirty(now=timezone.now())
"""


def is_waiting_to_write(cursor: Any) -> bool:
    cursor.execute(
        "SELECT EXISTS (SELECT FROM pg_locks"
        " WHERE NOT granted AND relation = 'vault.sensors_acousticevent'::regclass)"
    )
    return bool(cursor.fetchone()[0])
