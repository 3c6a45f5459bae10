"""Faults of microphones are found from stored incidents, kept, mended, cleared; and told in words."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.urls import reverse
from freezegun import freeze_time

from sensors import actions, knowledge
from sensors.actions import detecting
from sensors.fault_wording import sentence, what_is_done
from sensors.models import AcousticEvent, AssetFault, Sensor, SensorHour, Source
from sensors.payloads import daylight
from tests.sensors.deliveries import accept
from tests.sensors.field import NOW, T0_NS, entry, shot

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db

S = 1_000_000_000
PLACES = [
    *((130.0, -70.0), (-300.0, 410.0), (410.0, 390.0), (-420.0, -80.0), (60.0, 510.0)),
    *((-160.0, -350.0), (330.0, -290.0), (-90.0, 170.0), (250.0, 150.0), (-230.0, 60.0)),
]
OFFSET_S = 0.080


def shots(
    *, first: int = 0, off_s: float = OFFSET_S, sensor: str = "MIC-22"
) -> list[list[daylight.Pulse]]:
    """A shot at each place, two minutes apart, heard over paths of uneven length; one clock is off."""
    heard = []
    for n, (x_m, y_m) in enumerate(PLACES):
        rng = np.random.default_rng(n)
        t_ns = T0_NS - (20 - n) * 120 * S + first * S
        heard.append(
            [
                daylight.Pulse(
                    sensor=one.sensor,
                    pulse_id=f"{one.pulse_id}-{first}",
                    t_ns=one.at_ns
                    + int(rng.normal(0.0, 7.5e6))
                    + round(off_s * S) * (one.sensor == sensor),
                    peak_db=one.peak_db,
                )
                for one in shot(x_m=x_m, y_m=y_m, t_ns=t_ns)
            ]
        )
    return heard


def hear(source: Source, heard: list[list[daylight.Pulse]]) -> None:
    accept(source, daylight.encode([pulse for one in heard for pulse in one]))
    actions.drain(now=NOW)
    actions.detect_dirty(now=NOW)


@pytest.fixture
def ill(source: Source, microphones: list[Sensor]) -> Source:
    hear(source, shots())
    assert AcousticEvent.objects.count() == len(PLACES)
    return source


def test_a_clock_that_is_off_is_named_with_its_evidence(ill: Source) -> None:
    found = actions.find_faults(now=NOW)

    assert found == actions.FaultsFound(n_opened=1, n_kept=0, n_cleared=0)
    fault = AssetFault.objects.get()
    assert (fault.sensor.serial, fault.kind, fault.found_at) == ("MIC-22", "clock_offset", NOW)
    assert fault.size == pytest.approx(OFFSET_S, abs=0.012)
    assert fault.evidence["n"] >= 5


def test_a_fault_that_still_stands_is_kept_and_seen_again(ill: Source) -> None:
    actions.find_faults(now=NOW)
    later = NOW + timedelta(hours=1)

    assert actions.find_faults(now=later) == actions.FaultsFound(0, 1, 0)

    fault = AssetFault.objects.get()
    assert (fault.found_at, fault.seen_at, fault.cleared_at) == (NOW, later, None)


def test_the_detector_is_told_and_corrects_the_clock(
    ill: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    actions.find_faults(now=NOW)
    told: list[Any] = []
    real_detect = detecting.detect

    def watched(pulses: Any, sensors: Any, **how: Any) -> Any:
        told.append(real_detect(pulses, sensors, **how))
        return told[-1]

    monkeypatch.setattr(detecting, "detect", watched)
    hear(ill, [shots(first=45)[0]])

    [detection] = told
    assert [(fault.sensor_id, fault.kind) for fault in detection.health] == [
        ("MIC-22", "clock_offset")
    ]
    event = AcousticEvent.objects.latest("t_ns")
    mine = [one for one in event.participants if one["sensor"] == "MIC-22"]
    assert [abs(one["residual_s"]) < 0.03 for one in mine] == [True]


def test_a_fault_is_cleared_when_the_sensor_did_well_often_enough(ill: Source) -> None:
    actions.find_faults(now=NOW)
    AcousticEvent.objects.update(withdrawn_at=NOW)
    hear(ill, shots(first=45, off_s=0.0)[:3])
    assert actions.find_faults(now=NOW).n_cleared == 0  # too little to go by

    hear(ill, shots(first=45, off_s=0.0)[3:])
    later = NOW + timedelta(hours=1)

    assert actions.find_faults(now=later) == actions.FaultsFound(0, 0, 1)
    assert AssetFault.objects.get().cleared_at == later


def test_what_a_person_declared_repaired_is_left_alone_while_the_record_remembers(
    ill: Source,
) -> None:
    actions.find_faults(now=NOW)

    assert actions.declare_repaired(ids=[AssetFault.objects.get().pk], now=NOW) == 1

    assert actions.find_faults(now=NOW + timedelta(hours=1)) == actions.FaultsFound(0, 0, 0)
    assert knowledge.known_faults(set()) == []
    assert actions.find_faults(now=NOW + timedelta(days=4)).n_opened == 0  # the record is empty


def test_a_sensor_that_moved_is_misplaced_no_more(microphones: list[Sensor]) -> None:
    for kind in ("misplaced", "deaf"):
        AssetFault.objects.create(
            sensor=microphones[0], kind=kind, evidence={}, found_at=NOW, seen_at=NOW
        )
    actions.register_sensors(entries=[entry("MIC-00", "acoustic", x_m=-700.0)], now=NOW)

    assert [f.kind for f in AssetFault.objects.filter(cleared_at__isnull=True)] == ["deaf"]


def quiet_since(microphones: list[Sensor], hours: int, *, serial: str = "MIC-00") -> None:
    """Everybody usually sends 40 an hour; one stopped."""
    Sensor.objects.update(background_per_h=40.0)
    hour = NOW.replace(minute=0)
    SensorHour.objects.bulk_create(
        SensorHour(
            sensor=one,
            hour=hour - timedelta(hours=hours if one.serial == serial else 0),
            n_pulses=40,
        )
        for one in microphones
    )


def test_a_sensor_that_has_gone_silent_is_named_though_nothing_happened(
    microphones: list[Sensor],
) -> None:
    quiet_since(microphones, 5)

    assert actions.find_faults(now=NOW).n_opened == 1
    fault = AssetFault.objects.get()
    assert (fault.sensor.serial, fault.kind, fault.size) == ("MIC-00", "silent", 4.5)
    assert sentence(fault) == (
        "Nothing was heard from it for 4.5 hours, where 40 pulses an hour are usual."
    )
    assert [one.sensor_id for one in knowledge.known_faults(set())] == ["MIC-00"]
    assert knowledge.known_faults({"MIC-00"}) == []  # it was heard just now

    SensorHour.objects.create(sensor=fault.sensor, hour=NOW.replace(minute=0), n_pulses=1)

    assert actions.find_faults(now=NOW) == actions.FaultsFound(0, 0, 1)


def test_a_short_silence_is_no_fault(microphones: list[Sensor]) -> None:
    quiet_since(microphones, 3)

    assert actions.find_faults(now=NOW).n_opened == 0


def test_while_all_are_silent_it_is_not_the_sensors(microphones: list[Sensor]) -> None:
    quiet_since(microphones, 5)

    assert actions.find_faults(now=NOW + timedelta(hours=9)).n_opened == 0


@pytest.mark.parametrize(
    ("kind", "size", "sd", "evidence", "said", "done"),
    [
        (
            *("clock_offset", 0.0424, 0.0031, {"n": 9}),
            "Its clock says everything 42 ms too late (give or take 3 ms); from 9 incidents at"
            " different places.",
            "Its times are corrected.",
        ),
        (
            *("clock_drift", -0.12, 0.02, {"n": 12, "late_s": -0.3}),
            "Its clock runs slow: 120 ms a day (give or take 20 ms), 300 ms behind when last seen;"
            " from 12 incidents at different places.",
            "Its times are corrected.",
        ),
        (
            *("clock_drift", 6.486, 0.74, {"late_s": 0.086}),
            "Its clock runs fast: 6.5 s a day (give or take 740 ms), 86 ms ahead when last seen.",
            "Its times are corrected.",
        ),
        (
            *("misplaced", 50.0, 4.0, {"n": 7, "dx_m": 30.0, "dy_m": -40.0}),
            "It stands 50 m (give or take 4 m) from where the register has it: 30 m east and 40 m"
            " south of there; from 7 incidents at different places.",
            "It is taken to stand where its sounds put it.",
        ),
        (
            *("misplaced", 400.0, 60.0, {"dx_m": -300.0, "dy_m": 260.0}),
            "It stands 400 m (give or take 60 m) from where the register has it: 300 m west and"
            " 260 m north of there.",
            "It is set aside: neither its pulses nor its silence count.",
        ),
        (
            *("deaf", 0.1, 0.05, {"n": 14, "heard": 1, "expected": 11.2}),
            "It heard 1 of the 11 incidents that it should have heard; from 14 incidents at"
            " different places.",
            "It is set aside: neither its pulses nor its silence count.",
        ),
        (
            *("spoofed", 0.4, 0.1, {"replayed": 12, "lonely": 3, "contradicted": 0}),
            "Pulses under its name look forged: 12 repeat an earlier pulse to the last digit, 3 came"
            " where every neighbour kept silent.",
            "It is set aside: neither its pulses nor its silence count.",
        ),
    ],
)
def test_a_fault_is_told_in_a_sentence(
    kind: str, size: float, sd: float, evidence: dict[str, Any], said: str, done: str
) -> None:
    fault = AssetFault(kind=kind, size=size, size_sd=sd, evidence=evidence)

    assert sentence(fault) == said
    assert what_is_done(fault) == done


@pytest.mark.urls("tests.sensors.admin_urls")
def test_staff_read_the_faults_and_declare_them_repaired(ill: Source, client: Client) -> None:
    user = get_user_model().objects.create_superuser("admin", "admin@city.example", "a-password")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    actions.find_faults(now=NOW)
    fault = AssetFault.objects.get()
    url = reverse("admin:sensors_assetfault_changelist")

    page = client.get(url).content.decode()
    one = client.get(reverse("admin:sensors_assetfault_change", args=[fault.pk])).content.decode()
    client.post(url, {"action": "repaired", "_selected_action": [fault.pk]})

    assert "Its clock says everything" in page
    assert "Its times are corrected." in one
    fault.refresh_from_db()
    assert fault.cleared_at is not None
    assert what_is_done(fault) == "Nothing: the fault is over."


def test_the_command_looks_for_faults_and_lists_them(ill: Source) -> None:
    said = io.StringIO()

    with freeze_time(NOW):
        call_command("sensors", "find-faults", stdout=said)

    first, fault = said.getvalue().splitlines()
    assert first == "1 opened, 0 still stand, 0 cleared."
    assert fault.startswith("MIC-22\tIts clock says everything")
    assert fault.endswith("\tIts times are corrected.")
