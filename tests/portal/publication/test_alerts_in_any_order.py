"""Whatever happens to alerts, in whatever order: answers come late and change, records come in beside them and are
sealed; releases are made, rejected, die and are withdrawn. After each step what readers have keeps its promises.

The officer hours of alert k are two to the power of k: a total tells whose hours are in it.
"""

from __future__ import annotations

import datetime as dt
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar
from unittest.mock import patch

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from incidents.models import Address, AlertResponse, Incident
from portal.models import Dataset, PublishedFigure, PublishedGunfire, PublishedOutcome, Release
from portal.publication import releases, signing, verification
from portal.publication.disclosure import Rules
from portal.publication.models import Assignment
from portal.publication.releases import release_due, withdraw
from portal.publication.verification import Check
from sensors.models import AcousticEvent
from tests.conftest import empty_every_table
from tests.factories.gunfire import response
from tests.factories.private import NOW, gunshot, incident, private_city
from tests.portal.publication.test_releases import CITY, DAY
from tests.reference.subtraction import few_left

DATASETS = ("incidents", "gunfire", "gunfire-ledger")
LEAST = 3
TOLD = ("evidence", "unconfirmed", "unfounded")
FACE = ("precision", "place_code", "cell_code", "district_slug", "period")
HOURS = ("officer_hours", "officer_hours_unconfirmed")
# Records beside an alert: may its outcome be told? A theft on the street is where and when the alert is.
SECRET: dict[str, dict[str, Any]] = {
    "sealed": {"category": "theft", "tier": "0a", "is_sealed": True},
    "domestic": {"category": "domestic", "tier": "2", "location_type": "apartment"},
    "assault": {"category": "assault", "tier": "1"},  # alone in its cell and week
}
which = st.integers(0, 10**6)
words = st.sampled_from(["evidence", "unconfirmed", "unconfirmed", "unfounded", "unknown"])
datasets = st.sampled_from(["gunfire", "gunfire-ledger"])


class TheAlerts(RuleBasedStateMachine):
    """Alerts by their number, and what editions ever said of them."""

    folder: ClassVar[Path]

    @initialize()
    def open(self) -> None:
        private_city()
        self.now = NOW
        self.events: list[int] = []  # by number
        self.secret: set[int] = set()  # alerts beside a record that may not be told
        self.faces: dict[str, tuple[Any, ...]] = {}
        self.gone: set[str] = set()
        self.said: dict[str, str] = {}
        self.sums: set[frozenset[int]] = set()
        self.final: dict[tuple[str, str, str], tuple[Any, ...]] = {}
        for days in (60, 95):
            self._alerts(8, "N", days, "unconfirmed")
            self._alerts(3, "N", days - 1, "evidence")  # of two of them hours are known
        self.release(0)

    # --- the vault ---

    @rule(n=st.integers(1, 5), side=st.sampled_from("NS"), days=st.integers(5, 80), word=words)
    @precondition(lambda self: len(self.events) < 47)
    def alerts(self, n: int, side: str, days: int, word: str) -> None:
        self._alerts(n, side, days, word)

    def _alerts(self, n: int, side: str, days: int, word: str) -> None:
        """At as many doors, an hour and a half between them: no two are one event."""
        for one in range(n):
            door = Address.objects.get(source_id=f"{side}-{37 * (len(self.events) + one) % 500}")
            at = self.now - days * DAY + one * dt.timedelta(minutes=90)
            event = gunshot(occurred_at=at, detected_at=at, lon=door.lon, lat=door.lat)
            hours = 2.0 ** len(self.events)
            response(event, word, officer_minutes=60 * hours if one % 4 else None)
            self.events.append(event.pk)

    @rule(pick=which, word=words, has_hours=st.booleans())
    @precondition(lambda self: self.events)
    def answer_again(self, pick: int, word: str, has_hours: bool) -> None:
        number = pick % len(self.events)
        AlertResponse.objects.filter(event_id=self.events[number]).update(
            disposition=word, officer_minutes=60 * 2.0**number if has_hours else None
        )

    @rule(pick=which, kind=st.sampled_from(sorted(SECRET)))
    @precondition(lambda self: self.events)
    def record_beside(self, pick: int, kind: str) -> None:
        event = AcousticEvent.objects.get(pk=self.events[pick % len(self.events)])
        incident(
            occurred_from=event.occurred_at, lon=event.lon, lat=event.lat, source=f"beside-{event.pk}",
            first_seen_at=self.now, **{"location_type": "street", **SECRET[kind]},
        )  # fmt: skip
        self.secret.add(event.pk)

    @rule(pick=which)
    @precondition(lambda self: self.secret)
    def delete_the_record(self, pick: int) -> None:
        event = sorted(self.secret)[pick % len(self.secret)]
        Incident.objects.filter(source=f"beside-{event}").delete()
        self.secret.discard(event)

    # --- the gate ---

    @rule(days=st.integers(0, 40))
    def release(self, days: int) -> None:
        self._release(self.now + days * DAY)

    @rule()
    def release_when_a_quarter_began(self) -> None:
        self._release(self.now + 92 * DAY)

    def _release(self, as_of: dt.datetime) -> None:
        self.now = as_of
        for release in release_due(CITY, as_of=as_of):
            failed = [check for check in release.verification if not check["passed"]]
            assert release.state == Release.State.ACTIVE, failed
        self._learn()

    @rule(dataset=datasets)
    def release_that_is_rejected(self, dataset: str) -> None:
        checks = [*verification.CHECKS[dataset], lambda release, standard: Check("no", False, "")]
        with patch.dict(verification.CHECKS, {dataset: checks}):
            release_due(CITY, as_of=self.now)
        self._learn()

    @rule(dataset=datasets, stage=st.sampled_from(["_describe", "verify", "_activate"]))
    def release_that_dies(self, dataset: str, stage: str) -> None:
        stands = getattr(releases, stage)

        def die(release: Release, *rest: Any, **options: Any) -> Any:
            if release.dataset.slug == dataset:
                raise KeyboardInterrupt
            return stands(release, *rest, **options)

        with patch.object(releases, stage, die), suppress(KeyboardInterrupt):
            release_due(CITY, as_of=self.now + DAY)
        self._learn()

    @rule(dataset=datasets, with_rows=st.booleans())
    def withdraw_the_newest(self, dataset: str, with_rows: bool) -> None:
        active = Release.objects.filter(dataset__slug=dataset, state="active")
        newest = active.select_related("dataset").order_by("-number").first()
        if newest is None:
            return
        withdraw(newest, reason="wrong", retire_rows=with_rows)
        if dataset == "gunfire-ledger" and with_rows:  # the next one counts anew, as it is told to
            self.sums, self.final = set(), {}
        if dataset == "gunfire" and with_rows:
            rows = PublishedGunfire.objects.filter(first_release=newest.number)
            self.gone |= set(rows.values_list("public_id", flat=True)) & self.faces.keys()

    # --- what readers have ---

    def _edition(self, slug: str, model: Any, *columns: str) -> list[tuple[Any, ...]]:
        """The rows of the edition that readers get now."""
        dataset = Dataset.objects.select_related("current").filter(slug=slug).first()
        if dataset is None or dataset.current is None:
            return []
        number = dataset.current.number
        rows = model.objects.filter(first_release__lte=number).exclude(retired_release__lte=number)
        return list(rows.values_list(*columns))

    def _learn(self) -> None:
        """Note what an edition showed first, and hold it to what others said."""
        for public_id, *face in self._edition("gunfire", PublishedGunfire, "public_id", *FACE):
            assert self.faces.setdefault(public_id, tuple(face)) == tuple(face)
            assert public_id not in self.gone
        record = dict(
            Assignment.objects.filter(dataset_slug="gunfire").values_list("public_id", "record_id")
        )
        for public_id, word in self._edition("gunfire", PublishedOutcome, "public_id", "outcome"):
            before = self.said.get(public_id, "")
            assert before != "withheld" or word == "withheld"  # for good
            assert before not in TOLD or word != "withheld"  # an old copy has it
            if word in TOLD and before not in TOLD:
                assert record[public_id] not in self.secret
            self.said[public_id] = word
        self._learn_sums()

    def _learn_sums(self) -> None:
        columns = ("period", "district_slug", "measure", "status", "value", "n")
        counts: dict[tuple[str, str, str], float] = {}
        for *cell, status, value, n in self._edition("gunfire-ledger", PublishedFigure, *columns):
            period, _, measure = key = (cell[0], cell[1], cell[2])
            assert (value is None) == (status != "told")
            counts[key] = value or 0
            if measure not in HOURS or status != "told":
                continue
            self.sums.add(frozenset(k for k in range(53) if int(value) >> k & 1))
            assert n >= LEAST
            if "/" not in period:
                assert self.final.setdefault(key, (value, n)) == (value, n)  # told once
        for (period, district, measure), n in counts.items():
            if measure == "alerts" and not district and "/" not in period:
                parts = [counts[period, slug, measure] for slug in ("north", "south")]
                assert sum(parts) <= n

    @invariant()
    def no_sums_leave_a_few(self) -> None:
        if hasattr(self, "sums"):
            assert few_left(self.sums, least=LEAST) is None

    def teardown(self) -> None:
        empty_every_table()
        shutil.rmtree(self.folder, ignore_errors=True)


def test_whatever_happens_to_alerts_readers_have_what_was_promised(
    city_db: None, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.FILES = TheAlerts.folder = tmp_path / "files"
    monkeypatch.setenv("DAYLIGHT_SIGNING_KEY_FILE", str(tmp_path / "signing"))
    monkeypatch.setattr(signing, "public_keys_file", lambda: tmp_path / "signing.pub")
    monkeypatch.setattr(releases, "RECORDS", DATASETS)
    rules = Rules()
    object.__setattr__(rules, "ledger_alerts", LEAST)  # fewer than any city may ask for
    monkeypatch.setattr(releases, "rules_of", lambda city, on: rules)
    monkeypatch.setattr(releases, "audit", lambda release, standard: [])  # it has tests of its own
    run_state_machine_as_test(TheAlerts, settings=EFFORT)


# No shrinking: a fault is told at once, and not after minutes.
EFFORT = settings(
    max_examples=3, stateful_step_count=8, deadline=None, suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
)  # fmt: skip
