"""What staff see of devices: everything but secrets, and nothing a device said can be edited."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.urls import reverse

from sensors import actions
from sensors.authentication import unseal
from sensors.models import DeviceKey, IngestBatch, Pulse, Quarantined, Sensor, Source
from sensors.payloads.daylight import encode
from tests.sensors.deliveries import accept, pulse, reading
from tests.sensors.field import NOW, entry, shot

if TYPE_CHECKING:
    from django.test import Client

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.sensors.admin_urls")]

READ_ONLY = ("devicekey", "ingestbatch", "quarantined", "acousticevent", "observation")
EDITABLE = ("source", "sensor")


@pytest.fixture
def admin(client: Client) -> Client:
    user = get_user_model().objects.create_superuser("admin", "admin@city.example", "a-password")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def vault(source: Source, microphones: list[Sensor]) -> None:
    actions.register_sensors(entries=[entry("BIN-1", "bin")], now=NOW)
    actions.issue_key(source=source, now=NOW)
    accept(source, encode(shot(x_m=0.0, y_m=0.0)))
    accept(source, [reading(0.4)], "observations")
    accept(source, [pulse(0, sensor="LATE"), pulse(1, sensor="NEVER")])
    actions.drain(now=NOW)
    actions.detect_dirty(now=NOW)


@pytest.mark.parametrize("model", READ_ONLY + EDITABLE)
def test_every_list_and_every_row_can_be_looked_at(admin: Client, vault: None, model: str) -> None:
    listed = admin.get(reverse(f"admin:sensors_{model}_changelist"))
    assert listed.status_code == 200

    row = listed.context["cl"].result_list[0]
    assert admin.get(reverse(f"admin:sensors_{model}_change", args=[row.pk])).status_code == 200


@pytest.mark.parametrize("model", READ_ONLY)
def test_what_devices_said_cannot_be_edited_added_or_deleted(
    admin: Client, vault: None, model: str
) -> None:
    row = admin.get(reverse(f"admin:sensors_{model}_changelist")).context["cl"].result_list[0]

    answers = [
        admin.post(reverse(f"admin:sensors_{model}_change", args=[row.pk]), {"reason": "none"}),
        admin.get(reverse(f"admin:sensors_{model}_add")),
        admin.post(reverse(f"admin:sensors_{model}_delete", args=[row.pk]), {"post": "yes"}),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]


def test_no_page_shows_a_secret(admin: Client, vault: None) -> None:
    key = DeviceKey.objects.get()
    page = admin.get(reverse("admin:sensors_devicekey_change", args=[key.pk])).content.decode()

    assert key.key_id in page
    assert "sealed" not in page
    assert unseal(bytes(key.sealed_secret)) not in page


def test_a_key_is_retired_by_hand(admin: Client, vault: None) -> None:
    admin.post(
        reverse("admin:sensors_devicekey_changelist"),
        {"action": "retire", "_selected_action": [DeviceKey.objects.get().pk]},
    )

    assert DeviceKey.objects.get().retired_at is not None


def test_quarantined_messages_are_put_through_again_by_hand(admin: Client, vault: None) -> None:
    actions.register_sensor(entry=entry("LATE", "acoustic"), now=NOW)

    answer = admin.post(
        reverse("admin:sensors_quarantined_changelist"),
        {
            "action": "replay",
            "_selected_action": list(Quarantined.objects.values_list("pk", flat=True)),
        },
        follow=True,
    )

    assert "1 stored, 0 were stored already, 1 are still refused." in answer.content.decode()
    assert Pulse.objects.filter(sensor__serial="LATE").exists()


def test_parked_batches_are_tried_again_by_hand(admin: Client, vault: None) -> None:
    IngestBatch.objects.update(state="parked", attempts=5)

    admin.post(
        reverse("admin:sensors_ingestbatch_changelist"),
        {
            "action": "try_again",
            "_selected_action": list(IngestBatch.objects.values_list("pk", flat=True)),
        },
    )

    assert set(IngestBatch.objects.values_list("state", "attempts")) == {("waiting", 0)}


def test_who_may_only_look_is_offered_no_action(client: Client, vault: None) -> None:
    user = get_user_model().objects.create_user(
        "clerk", "clerk@city.example", "a-password", is_staff=True
    )
    user.user_permissions.add(Permission.objects.get(codename="view_quarantined"))
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    chosen = {"action": "replay", "_selected_action": [Quarantined.objects.first().pk]}

    page = client.get(reverse("admin:sensors_quarantined_changelist"))
    client.post(reverse("admin:sensors_quarantined_changelist"), chosen)

    assert page.status_code == 200
    assert "Put the selected messages through again" not in page.content.decode()
    assert not Quarantined.objects.filter(replayed_at__isnull=False).exists()


def test_a_source_made_by_hand_bears_the_time_of_its_making(admin: Client) -> None:
    admin.post(
        reverse("admin:sensors_source_add"), {"slug": "south", "name": "South", "is_active": "on"}
    )

    assert Source.objects.get().created_at is not None


def test_sensors_of_known_kinds_alone_can_be_made_by_hand(admin: Client, source: Source) -> None:
    wanted = {"serial": "B-9", "source": source.pk, "lon": 1, "lat": 2, "z_m": 0, "is_active": "on"}

    admin.post(reverse("admin:sensors_sensor_add"), wanted | {"kind": "toaster"})
    assert not Sensor.objects.exists()
    admin.post(reverse("admin:sensors_sensor_add"), wanted | {"kind": "bin"})
    assert Sensor.objects.get().kind == "bin"
