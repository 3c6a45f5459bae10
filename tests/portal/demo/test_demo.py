"""The demonstration city, loaded whole through the doors that a real city uses; small, and with no worker beside it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.db import connections
from django.db.models import QuerySet, Sum
from django.test import override_settings
from django.utils import timezone

from community.models import Feedback, Response
from community.roles import BY_SLUG, Desk, Permission
from incidents.models import (
    Address,
    AlertResponse,
    Area,
    CallForService,
    ConfirmedShooting,
    ImportedFile,
    Incident,
    LinkRun,
)
from incidents.queries import alert_lives
from portal.city import the_city
from portal.demo.gateway import Gateway
from portal.demo.loading import ACOUSTIC, ASSETS, Loader, past_ends_at
from portal.demo.outcomes import REVIEWERS, alerted
from portal.demo.people import ACCOUNTS
from portal.demo.world import World
from portal.management.commands.demo import Command
from portal.models import PublishedGunfire, PublishedIncident, Release
from sensors import actions
from sensors.detection.propagation import atmosphere_at
from sensors.detection.second_pass import VAGUE_C_SD_MPS
from sensors.knowledge import weather_arrays
from sensors.models import (
    AcousticEvent,
    AcousticReview,
    DirtyWindow,
    IngestBatch,
    Observation,
    Pulse,
    Quarantined,
    Sensor,
)
from sensors.simulation.plan import SMALL_CITY
from tests.conftest import empty_every_table
from tests.serving import served

IMPORTED = ("demo-areas", "demo-addresses", "demo-incidents", "demo-calls", "demo-responses")


class WorkerInside(Loader):
    """Drains and detects itself before it looks whether the worker is done.

    stored_before_pulses: what was so when the first pulse was about to be sent, for other tests send
    the weather again.
    """

    stored_before_pulses: bool | None = None

    def post_past(self, acoustic: Gateway, assets: Gateway) -> None:
        weather = IngestBatch.objects.filter(idempotency_key__startswith="past-weather")
        states = set(weather.values_list("state", flat=True))
        self.stored_before_pulses = states == {"drained"} and not Pulse.objects.exists()
        super().post_past(acoustic, assets)

    def wait_until_drained(self) -> None:
        actions.drain(now=timezone.now(), budget_s=float("inf"))
        super().wait_until_drained()

    def wait_until_detected(self) -> None:
        actions.drain(now=timezone.now(), budget_s=float("inf"))
        actions.detect_dirty(now=timezone.now(), budget_s=float("inf"))
        super().wait_until_detected()


@pytest.fixture(scope="module")
def demo(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WorkerInside]:
    """The loader, when it has loaded."""
    folder: Path = tmp_path_factory.mktemp("demo")
    changed = override_settings(
        FILES=folder / "files",
        ALLOWED_HOSTS=["127.0.0.1"],
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    )
    patched = pytest.MonkeyPatch()
    patched.setattr("sensors.api.drain_soon", lambda: None)  # there is no broker
    with django_db_blocker.unblock(), changed:
        try:
            with served() as site:
                loader = loader_at(site, folder)
                loader.load()
                yield loader
        finally:
            patched.undo()
            empty_every_table()


def loader_at(site: str, folder: Path) -> WorkerInside:
    city = the_city()
    world = World(until=past_ends_at(city), plan=SMALL_CITY)
    return WorkerInside(world=world, city=city, site=site, folder=folder, say=lambda _: None)


def rows_of_every_table() -> dict[str, int]:
    """Schema and table -> its number of rows, as the owner of both sees it."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT schemaname || '.' || tablename FROM pg_tables"
            " WHERE schemaname IN ('vault', 'release') ORDER BY 1"
        )
        tables = [name for (name,) in cursor.fetchall()]
        counts = {}
        for table in tables:
            cursor.execute(f"SELECT count(*) FROM {table}")
            (counts[table],) = cursor.fetchone()
    return counts


def test_its_files_are_imported_and_every_row_is_stored_or_refused(demo: Loader) -> None:
    files = {file.source: file for file in ImportedFile.objects.all()}

    assert sorted(files) == sorted(IMPORTED)
    for file in files.values():
        assert file.state == ImportedFile.State.STORED
        assert file.rows_in == file.rows_new + file.rows_refused > 0
    assert Area.objects.count() == files["demo-areas"].rows_new
    assert Address.objects.count() == files["demo-addresses"].rows_new
    assert Incident.objects.count() == files["demo-incidents"].rows_new
    assert CallForService.objects.count() == files["demo-calls"].rows_new


def test_its_devices_are_registered_and_what_they_sent_is_stored_or_refused(demo: Loader) -> None:
    assert Sensor.objects.filter(source__slug=ACOUSTIC).count() == len(
        demo.world.microphones.serial
    )
    assert Sensor.objects.filter(source__slug=ASSETS).exists()
    for kind, stored in (("pulses", Pulse.objects), ("observations", Observation.objects)):
        batches = IngestBatch.objects.filter(message_kind=kind)
        sums = batches.aggregate(
            **{n: Sum(f"n_{n}") for n in ("messages", "stored", "repeated", "quarantined")}
        )
        refused = Quarantined.objects.filter(batch__in=batches).count()
        assert set(batches.values_list("state", "channel")) == {("drained", "http")}
        assert (sums["stored"], sums["quarantined"]) == (stored.count(), refused)
        assert sums["messages"] == sums["stored"] + sums["repeated"] + sums["quarantined"] > 0


def test_its_gunshots_are_located_where_they_were_fired(demo: Loader) -> None:
    assert not DirtyWindow.objects.exists()
    fired = demo.world.bangs.t_ns[demo.world.bangs.kind == "gunfire"]
    found = AcousticEvent.objects.filter(kind="gunfire", withdrawn_at=None)

    known = sorted(found.values_list("t_ns", flat=True))

    near = sum(any(abs(t - int(shot)) < 1_000_000_000 for shot in fired) for t in known)
    assert near > 0.9 * len(known) > 0


def test_the_weather_of_every_bang_was_known_before_it_was_heard(demo: WorkerInside) -> None:
    doubts = [
        atmosphere_at(weather_arrays([(t, t)]), t).c_sd_mps for t in demo.world.bangs.t_ns.tolist()
    ]

    assert max(doubts) < 1.0 < VAGUE_C_SD_MPS
    assert demo.stored_before_pulses


def test_its_alerts_have_a_life_that_agrees_with_what_happened(demo: Loader) -> None:
    lives, alerts = alert_lives(), alerted(demo.world)[0]
    told = demo.world.responses(alerts)

    assert AlertResponse.objects.count() == len(told.alert) > 0
    linked = AlertResponse.objects.filter(event__isnull=False)
    assert linked.count() >= 0.95 * len(told.alert)
    of_event = dict(linked.values_list("source_id", "event__provider_event_id"))
    truth = dict(zip(told.columns["EVENT_NUMBER"], alerts.number[told.alert].tolist(), strict=True))
    assert {number: truth[number] for number in of_event} == of_event
    assert (lives.n_responses > 0).sum() == linked.values("event").distinct().count()
    assert np.nanmedian(lives.on_scene_s) > np.nanmedian(lives.dispatched_s) > 30
    # The few confirmed shootings of a small city may all have left nothing that was found.
    evidence_m = lives.evidence_m[~np.isnan(lives.evidence_m)]
    proven = linked.filter(disposition="evidence", evidence_lon__isnull=False)
    assert evidence_m.size == proven.values("event").distinct().count()
    assert not evidence_m.size or np.median(evidence_m) < 20
    assert 0 < lives.n_calls.sum() <= np.isin(lives.kind, ["gunfire", "firework"]).sum() * 3
    assert LinkRun.objects.count() == 1


def test_its_two_reviewers_say_why(demo: Loader) -> None:
    reviews = AcousticReview.objects.all()

    assert reviews.exists()
    assert set(reviews.values_list("reviewer__username", flat=True)) <= set(REVIEWERS)
    assert all(review.reason and review.reviewed_at < timezone.now() for review in reviews)


def test_its_confirmed_shootings_are_those_of_the_records(demo: Loader) -> None:
    confirmed = demo.world.bangs.t_ns[demo.world.bangs.is_confirmed] / 1e9

    shootings = list(ConfirmedShooting.objects.order_by("occurred_at"))

    at = np.array([shooting.occurred_at.timestamp() for shooting in shootings])
    near = np.abs(at[:, None] - confirmed[None, :]).min(axis=1) < 3_700  # autumn's hour comes twice
    assert 0.9 * len(confirmed) <= len(shootings) <= len(confirmed) + 3
    assert near.mean() > 0.9
    assert np.mean([shooting.event_id is not None for shooting in shootings]) > 0.5


def test_the_first_release_has_the_incidents_and_the_second_the_gunfire(demo: Loader) -> None:
    releases = Release.objects.using("public").order_by("pk")

    made = list(releases.values_list("dataset__slug", "number", "state"))

    assert ("incidents", 1, "active") in made
    assert ("gunfire", 1, "active") in made
    assert made.index(("incidents", 1, "active")) < made.index(("gunfire", 1, "active"))
    assert {state for _, _, state in made} == {"active"}
    assert PublishedIncident.objects.using("public").exists()
    assert PublishedGunfire.objects.using("public").exists()


def test_every_resident_is_answered_by_those_who_may(demo: Loader) -> None:
    told = {voice.text: voice for voice in demo.world.voices}
    threads = list(Feedback.objects.all())
    assert sorted(thread.text for thread in threads) == sorted(told)

    for thread in threads:
        answers = list(
            Response.objects.filter(feedback=thread).select_related("author", "approver")
        )
        wanted = [told[thread.text].answer] if told[thread.text].answered_at else []
        assert [answer.text for answer in answers] == wanted
        for answer in answers:
            assert answer.state == Response.State.APPROVED
            assert answer.approver is not None
            assert answer.approver != answer.author
            assert Feedback.objects.workable_by(answer.author).filter(pk=thread.pk).exists()
            assert Feedback.objects.workable_by(answer.approver).filter(pk=thread.pk).exists()
            assert answer.approver.may(Permission.APPROVE)
            assert Desk(thread.desk) in BY_SLUG[answer.author_role].acts_on


def test_there_is_an_account_for_every_role(demo: Loader) -> None:
    assert {role for role, _ in ACCOUNTS.values()} == set(BY_SLUG)


def test_a_second_start_changes_nothing(demo: Loader) -> None:
    before = rows_of_every_table()

    loader_at(demo.site, demo.folder).load()

    after = rows_of_every_table()
    keys = "vault.sensors_devicekey"  # fresh ones at every start
    assert after.pop(keys) > before.pop(keys)
    assert after == before


def test_a_start_that_was_cut_short_sends_the_rest(demo: Loader) -> None:
    before = rows_of_every_table()
    batches = IngestBatch.objects.filter(idempotency_key__startswith="past-").exclude(
        idempotency_key__startswith="past-pulses"
    )
    batches = batches.order_by("id")
    kept = batches.first()
    assert kept is not None
    Observation.objects.filter(received_at__gt=kept.received_at).delete()
    batches.filter(pk__gt=kept.pk).delete()
    cut = rows_of_every_table()

    loader_at(demo.site, demo.folder).load()

    after = rows_of_every_table()
    keys, readings = "vault.sensors_devicekey", "vault.sensors_observation"
    assert cut[readings] < before[readings]
    assert after | {keys: 0} == before | {keys: 0}


def test_what_was_said_while_the_door_was_shut_is_said_later_and_once(demo: Loader) -> None:
    acoustic, assets = demo.gateways()
    start = demo.world.until - dt.timedelta(days=1)
    half_an_hour = dt.timedelta(minutes=30)
    n_before = Pulse.objects.count()

    # The first time only the pulses got through; the next breath covers a longer time.
    Command().say_once(demo, acoustic, assets, start, start + half_an_hour)
    Command().say_once(demo, acoustic, assets, start, start + 2 * half_an_hour)
    actions.drain(now=timezone.now())

    said = IngestBatch.objects.filter(idempotency_key__startswith="live-")
    first, second = said.filter(message_kind="pulses").order_by("id")
    assert 0 < first.n_messages < second.n_messages
    assert (first.n_repeated, second.n_repeated) == (0, first.n_messages)
    assert Pulse.objects.count() - n_before == second.n_messages
    forget(said)


def forget(batches: QuerySet[IngestBatch]) -> None:
    """As if they had never come, for the other tests' sake."""
    Pulse.objects.filter(received_at__in=batches.values("received_at")).delete()
    DirtyWindow.objects.all().delete()
    batches.delete()
