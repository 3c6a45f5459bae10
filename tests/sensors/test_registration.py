"""Sources, keys and the register of sensors."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.utils import timezone

from sensors import actions
from sensors.authentication import seal, unseal
from sensors.models import DeviceKey, Sensor, Source
from sensors.payloads.daylight import PayloadError
from sensors.payloads.register import SensorEntry, read_register
from tests.sensors.field import NOW, entry

CSV = """serial,kind,lon,lat,z,source,name,installed_on
MIC-1,acoustic,-79.99,40.44,12.5,north,Fifth and Main,2025-06-01
BIN-1,bin,-79.98,40.45,,north,,
"""
GEOJSON = """{"type": "FeatureCollection", "features": [
  {"type": "Feature", "geometry": {"type": "Point", "coordinates": [-79.99, 40.44, 12.5]},
   "properties": {"serial": "MIC-1", "kind": "acoustic", "source": "north",
                  "name": "Fifth and Main", "installed_on": "2025-06-01"}},
  {"type": "Feature", "geometry": {"type": "Point", "coordinates": [-79.98, 40.45]},
   "properties": {"serial": "BIN-1", "kind": "bin", "source": "north"}}]}"""


def test_a_table_and_a_map_layer_say_the_same() -> None:
    assert read_register(CSV) == read_register(GEOJSON)
    first, second = read_register(CSV)
    assert (first.serial, first.z_m, first.name) == ("MIC-1", 12.5, "Fifth and Main")
    assert (second.z_m, second.name, second.installed_on) == (0.0, "", None)


def test_a_source_stands_in_where_a_row_names_none() -> None:
    [one] = read_register("serial,kind,lon,lat\nA,bin,1,2\n", source="south")

    assert one.source == "south"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("serial,kind,lon,lat,source\n", "no sensor"),
        ("serial,kind,lon,lat,source\nA,toaster,1,2,s\n", "row 1: got kind 'toaster'"),
        ("serial,kind,lon,lat,source\nA,bin,1,2,s\nB,bin,181,2,s\n", "row 2"),
        ("serial,kind,lon,lat,source\nA,bin,east,2,s\n", "row 1"),
        ("serial,kind,lon,lat\nA,bin,1,2\n", "source"),
        ("serial,kind,lon,lat,source\nA,bin,1,2,s\nA,bin,1,3,s\n", "'A' twice"),
        ("{}", "FeatureCollection"),
        ("{", "FeatureCollection"),
        ('{"features": [{"geometry": null, "properties": {}}]}', "row 1: got no coordinates"),
        ('{"features": null}', "FeatureCollection"),
        ('{"features": [{"geometry": {"type": "Point", "coordinates": [1, 2]}}]}', "row 1"),
        (
            '{"features": [{"geometry": {"type": "Point", "coordinates": [1, 2]}, "properties": null}]}',
            "row 1: ",
        ),
        (
            '{"features": [{"geometry": {"type": "Point", "coordinates": [1, 2]}, "properties": [1]}]}',
            "row 1: got list",
        ),
        ("serial,kind,lon,lat,z,source\nA,bin,1,2,nan,s\n", "row 1"),
        ("serial,kind,lon,lat,z,source\nA,bin,1,2,inf,s\n", "row 1"),
        ("serial,kind,lon,lat,source\nA\0,bin,1,2,s\n", "row 1: got a NUL"),
        (
            '{"features": [{"geometry": {"type": "LineString", "coordinates": [[0, 0], [1, 1]]}, "properties": {}}]}',
            "row 1: got LineString",
        ),
    ],
)
def test_a_register_is_refused_whole_and_its_first_bad_row_named(text: str, told: str) -> None:
    with pytest.raises(PayloadError, match=told.replace("(", r"\(")):
        read_register(text)


def test_sensors_are_added_moved_and_never_removed(db: None) -> None:
    entries = read_register(CSV)
    first = actions.register_sensors(entries=entries, now=NOW)
    same = actions.register_sensors(entries=entries, now=NOW)
    moved = actions.register_sensor(
        entry=entry("MIC-1", "acoustic", x_m=50.0, source="north"), now=NOW
    )

    assert (first.n_created, first.new_sources) == (2, ["north"])
    assert (same.n_created, same.n_changed, same.n_unchanged) == (0, 0, 2)
    assert (moved.n_changed, Sensor.objects.count()) == (1, 2)
    assert Sensor.objects.get(serial="MIC-1").lon != pytest.approx(-79.99)


def test_a_sensor_that_was_taken_out_of_service_stays_so(db: None) -> None:
    actions.register_sensor(entry=entry("A", "bin"), now=NOW)
    Sensor.objects.update(is_active=False)

    actions.register_sensor(entry=entry("A", "bin", x_m=9.0), now=NOW)

    assert not Sensor.objects.get().is_active


def test_a_third_active_key_is_refused_until_one_is_retired(source: Source) -> None:
    first, _ = actions.issue_key(source=source, now=NOW), actions.issue_key(source=source, now=NOW)
    with pytest.raises(actions.RegistrationError, match=f"two active keys, {first.key_id} and"):
        actions.issue_key(source=source, now=NOW)

    actions.retire_key(key_id=first.key_id, now=NOW)

    assert actions.issue_key(source=source, now=NOW).key_id != first.key_id


def test_retiring_a_key_again_changes_nothing(source: Source) -> None:
    key = actions.issue_key(source=source, now=NOW)
    actions.retire_key(key_id=key.key_id, now=NOW)

    actions.retire_key(key_id=key.key_id, now=NOW + timedelta(days=1))

    assert DeviceKey.objects.get().retired_at == NOW


def test_a_key_that_never_was_cannot_be_retired(db: None) -> None:
    with pytest.raises(actions.RegistrationError, match="no key 'dk_0'"):
        actions.retire_key(key_id="dk_0", now=NOW)


def test_a_source_is_made_once_and_under_a_plain_name(source: Source) -> None:
    with pytest.raises(actions.RegistrationError, match="exists already"):
        actions.create_source(slug="gateway", name="", now=NOW)
    with pytest.raises(ValidationError):
        actions.create_source(slug="a b", name="", now=NOW)


def test_secrets_survive_a_rotation_of_the_keyring(settings: object) -> None:
    from cryptography.fernet import Fernet

    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.DEVICE_KEYRING = old  # type: ignore[attr-defined]
    sealed = seal("secret")
    settings.DEVICE_KEYRING = f"{new},{old}"  # type: ignore[attr-defined]

    assert unseal(sealed) == "secret"
    settings.DEVICE_KEYRING = new  # type: ignore[attr-defined]
    with pytest.raises(RuntimeError, match="DAYLIGHT_DEVICE_KEYRING"):
        unseal(sealed)


def test_the_commands_register_issue_list_and_retire(
    db: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    register = tmp_path / "sensors.geojson"
    register.write_text(GEOJSON)

    call_command("sensors", "register", str(register))
    call_command("sensors", "issue-key", "north")
    key = DeviceKey.objects.get()
    call_command("sensors", "sources")
    call_command("sensors", "retire-key", key.key_id)

    told = capsys.readouterr().out
    assert "2 sensors added, 0 changed, 0 as before." in told
    assert "issue-key north" in told
    assert f"key:    {key.key_id}" in told
    assert f"secret: {unseal(bytes(key.sealed_secret))}" in told
    assert "north\t2 sensors\t1 active keys" in told
    key.refresh_from_db()
    assert key.retired_at is not None
    assert key.retired_at <= timezone.now()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("issue-key", "nobody"), "wanted one of: none yet"),
        (("retire-key", "dk_0"), "no key"),
        (("register", "/nowhere/at/all.csv"), "No such file"),
    ],
)
def test_the_commands_say_what_is_wrong(db: None, arguments: tuple[str, ...], told: str) -> None:
    with pytest.raises(CommandError, match=told):
        call_command("sensors", *arguments)


def test_a_register_in_another_encoding_is_refused_in_words(tmp_path: Path) -> None:
    register = tmp_path / "register.csv"
    register.write_bytes("serial,kind,lon,lat,name\nA,bin,1,2,Plaza Ibáñez\n".encode("latin-1"))

    with pytest.raises(CommandError, match="UTF-8"):
        call_command("sensors", "register", str(register), "--source", "s")


def test_an_entry_is_frozen() -> None:
    one = entry("A", "bin")

    assert isinstance(one, SensorEntry)
    with pytest.raises(AttributeError):
        one.lon = 0.0  # type: ignore[misc]
