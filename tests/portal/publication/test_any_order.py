"""Whatever happens at the gate, in whatever order: records come, change, are sealed and deleted; releases are made,
rejected, die and are withdrawn. After each step what readers have keeps its promises, counted by loops of its own."""

from __future__ import annotations

import datetime as dt
import shutil
from collections import Counter, defaultdict
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

from incidents.models import Address, CallForService, Incident
from portal.models import Dataset, PublishedCall, PublishedIncident, Release
from portal.publication import releases, signing, verification
from portal.publication.custody import chain_here, check_custody
from portal.publication.models import Assignment
from portal.publication.releases import release_due, withdraw
from portal.publication.verification import Check
from tests.conftest import empty_every_table
from tests.factories.private import NOW, call, incident, private_city
from tests.portal.publication.test_releases import CITY, DAY

ORDER = ("0a", "0b", "1", "2", "3")
# What is written down of a record, and the tier that this must have, by hand.
KINDS: dict[str, dict[str, Any]] = {
    "0a": {"category": "theft", "tier": "0a", "location_type": "street"},
    "0b": {"category": "burglary", "tier": "0b", "location_type": "apartment"},
    "1": {"category": "assault", "tier": "1", "location_type": "street"},
    "2": {"category": "domestic", "tier": "2", "location_type": "apartment"},
    "3": {"is_sealed": True},
}
MODELS: dict[str, Any] = {"incidents": PublishedIncident, "calls": PublishedCall}
FACE = ("precision", "place_code", "cell_code", "district_slug", "beat_slug", "period", "category")
doors = st.integers(0, 11)
tiers = st.sampled_from(["0a", "0a", "0b", "1", "1", "2", "3"])
days_ago = st.integers(16, 30)
which = st.integers(0, 10**6)
datasets = st.sampled_from(["incidents", "calls"])


def quarter_of(at: dt.datetime) -> tuple[int, int]:
    local = at.astimezone(CITY.zone)
    return local.year, (local.month - 1) // 3


def faults() -> list[str]:
    found = chain_here()
    check_custody(found)
    return found.damage


class TheGate(RuleBasedStateMachine):
    """Records by primary key with the tier that they have by hand, and what readers ever saw of each."""

    folder: ClassVar[Path]

    @initialize()
    def open(self) -> None:
        private_city()
        self.now = NOW
        self.tier: dict[int, str] = {}
        self.faces: dict[str, tuple[Any, ...]] = {}
        self.of: dict[str, tuple[str, int]] = {}
        self.gone: set[str] = set()
        self._insert("0a", [0, 1, 2, 3, 4, 5, 6, 7], 20)
        self.release(1)

    # --- the vault ---

    @rule(tier=tiers, at=st.lists(doors, min_size=1, max_size=7), ago=days_ago)
    def insert(self, tier: str, at: list[int], ago: int) -> None:
        self._insert(tier, at, ago)

    def _insert(self, tier: str, at: list[int], ago: int) -> None:
        for n, door in enumerate(at):
            kind = dict(KINDS[tier])
            if tier == "1" and n % 2:
                kind["category"] = "robbery"
            when = self.now - ago * DAY + n * dt.timedelta(hours=3)
            address = Address.objects.get(source_id=f"N-{door}")
            record = incident(address=address, occurred_from=when, first_seen_at=when, **kind)
            self.tier[record.pk] = tier

    @rule(pick=which, later=st.integers(-50, 50), kind=st.sampled_from(["theft", "assistance", "assault", "domestic"]))  # fmt: skip
    @precondition(lambda self: self.tier)
    def call_about(self, pick: int, later: int, kind: str) -> None:
        record = Incident.objects.get(pk=self._one(pick))
        tier = {"theft": "0a", "domestic": "2"}.get(kind, "1")
        call(
            category=kind, call_type=kind.upper(), tier=tier, lon=record.lon, lat=record.lat,
            received_at=record.occurred_from + dt.timedelta(minutes=later),
        )  # fmt: skip

    @rule(pick=which, tier=st.sampled_from(ORDER))
    @precondition(lambda self: self.tier)
    def reclassify(self, pick: int, tier: str) -> None:
        """Also sealing, and taking a seal off."""
        record = self._one(pick)
        values = {"is_sealed": False, **KINDS["0a"], **KINDS[tier]}
        Incident.objects.filter(pk=record).update(**values)
        self.tier[record] = tier

    @rule(pick=which, door=doors, hours=st.integers(-40, 40))
    @precondition(lambda self: self.tier)
    def correct(self, pick: int, door: int, hours: int) -> None:
        """Where and when it was. A row that is out stays as it is."""
        record = Incident.objects.get(pk=self._one(pick))
        address = Address.objects.get(source_id=f"S-{door}")
        Incident.objects.filter(pk=record.pk).update(
            lon=address.lon, lat=address.lat, district=address.district, beat=address.beat,
            occurred_from=record.occurred_from + dt.timedelta(hours=hours),
        )  # fmt: skip

    @rule(pick=which)
    @precondition(lambda self: self.tier)
    def delete(self, pick: int) -> None:
        record = self._one(pick)
        Incident.objects.filter(pk=record).delete()
        del self.tier[record]

    def _one(self, pick: int) -> int:
        return sorted(self.tier)[pick % len(self.tier)]

    # --- the gate ---

    @rule(days=st.integers(1, 9))
    def release(self, days: int) -> None:
        self._release(self.now + days * DAY)

    @rule()
    def release_when_a_quarter_began(self) -> None:
        self._release(self.now + 92 * DAY)

    @rule()
    def release_by_order_of_a_court(self) -> None:
        self._release(self.now + DAY, correct=True)

    def _release(self, as_of: dt.datetime, *, correct: bool = False) -> None:
        before = self._shown("incidents")
        seen = Release.objects.filter(dataset__slug="incidents", state__in=["active", "withdrawn"])
        newest = seen.order_by("-number").first()
        active = seen.filter(state="active").order_by("-number").first() or newest
        began = active is not None and quarter_of(active.as_of) < quarter_of(as_of)
        removes = correct or began or (newest is not None and newest.state == "withdrawn")
        self.now = as_of
        made = {one.dataset.slug: one for one in release_due(CITY, as_of=as_of, correct=correct)}
        for release in made.values():
            failed = [check for check in release.verification if not check["passed"]]
            assert release.state == Release.State.ACTIVE, failed
        self._learn()
        if removes:
            assert self._must_go() == set()
        if "incidents" in made:
            self._check_incidents(made["incidents"], before, removes)
        if "calls" in made:
            self._check_calls()
        assert faults() == []

    @rule(dataset=datasets, correct=st.booleans())
    def release_that_is_rejected(self, dataset: str, correct: bool) -> None:
        escrow = sorted(Assignment.objects.values_list())
        checks = [*verification.CHECKS[dataset], lambda release, standard: Check("no", False, "")]
        other = {"incidents": "calls", "calls": "incidents"}[dataset]
        others = [*verification.CHECKS[other], lambda release, standard: Check("no", False, "")]
        with patch.dict(verification.CHECKS, {dataset: checks, other: others}):
            made = release_due(CITY, as_of=self.now, correct=correct)

        assert {release.state for release in made} <= {Release.State.REJECTED}
        assert [row[1:] for row in sorted(Assignment.objects.values_list())] == [
            row[1:] for row in escrow
        ]

    @rule(dataset=datasets, stage=st.sampled_from(["_describe", "verify", "_activate"]))
    def release_that_dies(self, dataset: str, stage: str) -> None:
        stands = getattr(releases, stage)

        def die(release: Release, *rest: Any, **options: Any) -> Any:
            if release.dataset.slug == dataset:
                raise KeyboardInterrupt
            return stands(release, *rest, **options)

        with patch.object(releases, stage, die), suppress(KeyboardInterrupt):
            release_due(CITY, as_of=self.now)
        self._learn()

    @rule(dataset=datasets, with_rows=st.booleans())
    def withdraw_the_newest(self, dataset: str, with_rows: bool) -> None:
        active = Release.objects.filter(dataset__slug=dataset, state="active")
        newest = active.select_related("dataset").order_by("-number").first()
        if newest is None:
            return
        withdraw(newest, reason="wrong", retire_rows=with_rows)
        if with_rows:
            rows = MODELS[dataset].objects.filter(first_release=newest.number)
            self.gone |= set(rows.values_list("public_id", flat=True)) & self.faces.keys()
        assert faults() == []

    # --- what readers have ---

    def _shown(self, slug: str) -> dict[str, tuple[Any, ...]]:
        dataset = Dataset.objects.select_related("current").filter(slug=slug).first()
        if dataset is None or dataset.current is None:
            return {}
        number = dataset.current.number
        rows = MODELS[slug].objects.values_list(
            "public_id", "first_release", "retired_release", *FACE
        )
        return {
            one: tuple(face)
            for one, first, retired, *face in rows
            if first <= number and (retired is None or retired > number)
        }

    def _learn(self) -> None:
        """Note what an edition showed first, and what it took away for good."""
        for slug in MODELS:
            now = self._shown(slug)
            for one, face in now.items():
                if one not in self.faces:
                    escrow = Assignment.objects.get(public_id=one)
                    self.faces[one], self.of[one] = face, (slug, escrow.record_id)
            active = Release.objects.filter(dataset__slug=slug, state="active")
            newest = active.order_by("-number").first()
            if newest:
                rows = MODELS[slug].objects.filter(retired_release__lte=newest.number)
                self.gone |= set(rows.values_list("public_id", flat=True))

    def _must_go(self) -> set[str]:
        """Rows that are shown although their record is gone, or is stricter than a low harm and than its row."""
        published = dict(Assignment.objects.values_list("public_id", "tier"))
        return {
            one
            for one in self._shown("incidents")
            if (now := self.tier.get(self.of[one][1], "3")) >= "1"
            and ORDER.index(now) > ORDER.index(published[one])
        }

    def _check_incidents(
        self, release: Release, before: dict[str, tuple[Any, ...]], removes: bool
    ) -> None:
        escrow = Assignment.objects.filter(dataset_slug="incidents")
        left = Counter(escrow.filter(retired_release=release.number).values_list("tier", "fate"))
        public = Counter(
            escrow.filter(first_release__lt=release.number)
            .exclude(retired_release__lt=release.number)
            .values_list("tier", flat=True)
        )
        assert removes or not left
        for tier in ORDER:
            removed, cover = left[tier, "removed"], left[tier, "cover"]
            # Twice as many; where too few stand alike, with what else could not stay.
            assert min(2 * removed, public[tier] - removed) <= cover <= 7 * removed
        groups: dict[tuple[str, str], list[Incident]] = defaultdict(list)
        for one in escrow.filter(first_release=release.number):
            assert self.tier[one.record_id] == one.tier != "2"
            if one.tier == "1":
                groups[one.cell_code, one.period].append(Incident.objects.get(pk=one.record_id))
        for members in groups.values():
            assert len(members) >= 5
            assert len({record.category for record in members}) >= 2
            assert len({(record.lon, record.lat) for record in members}) >= 3

    def _check_calls(self) -> None:
        """Calls of the newest edition that follow a record say no more than it, and none stands beside a secret."""
        newest = Release.objects.filter(dataset__slug="calls", state="active").latest("number")
        shown = self._shown("incidents")
        for one in Assignment.objects.filter(dataset_slug="calls", fate="published"):
            if one.public_id not in self._shown("calls"):
                continue
            face = self.faces[one.public_id]
            if one.follows in self.of and self.of[one.follows][0] == "incidents":
                assert one.follows not in self.gone
                assert face[:-1] == self.faces[one.follows][:-1]
            if one.first_release == newest.number:
                call = CallForService.objects.get(pk=one.record_id)
                for record in self._beside(call):
                    ids = [k for k, of in self.of.items() if of == ("incidents", record.pk)]
                    assert set(ids) & shown.keys()
                if call.tier == "1" and one.tier != "1":
                    assert face == self.faces[one.follows]

    def _beside(self, call: CallForService) -> list[Incident]:
        """Records of the same door, by their day or their hour: the machine has no others near a call."""
        near = Incident.objects.filter(lon=call.lon, lat=call.lat)
        return [
            record
            for record in near
            if abs((record.occurred_from - call.received_at).total_seconds()) <= 3_600
        ]

    @invariant()
    def readers_have_what_was_promised(self) -> None:
        if not hasattr(self, "faces"):
            return
        for slug in MODELS:
            dataset = Dataset.objects.select_related("current").filter(slug=slug).first()
            assert not dataset or not dataset.current or dataset.current.state == "active"
            now = self._shown(slug)
            assert {one: self.faces[one] for one in now} == now  # assigned once
            assert not now.keys() & self.gone  # for good
            assert len({self.of[one] for one in now}) == len(now)  # one row for a record, ever

    def teardown(self) -> None:
        empty_every_table()
        shutil.rmtree(self.folder, ignore_errors=True)


def test_whatever_happens_in_whatever_order_readers_have_what_was_promised(
    city_db: None, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.FILES = TheGate.folder = tmp_path / "files"
    monkeypatch.setenv("DAYLIGHT_SIGNING_KEY_FILE", str(tmp_path / "signing"))
    monkeypatch.setattr(signing, "public_keys_file", lambda: tmp_path / "signing.pub")
    monkeypatch.setattr(releases, "RECORDS", ("incidents", "calls"))
    monkeypatch.setattr(releases, "audit", lambda release, standard: [])  # it has tests of its own
    run_state_machine_as_test(TheGate, settings=EFFORT)


# No shrinking: a fault is told at once, and not after minutes.
EFFORT = settings(
    max_examples=4, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
)  # fmt: skip
