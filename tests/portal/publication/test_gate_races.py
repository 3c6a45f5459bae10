"""Two at the gate at once, and a gate whose power fails: whatever the order, nothing half is public and nothing returns."""

from __future__ import annotations

import datetime as dt
import io
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from incidents.models import Incident
from portal.feeds.files import folder_of
from portal.management.commands import verify as verify_command
from portal.models import ChainEntry, Dataset, PublishedIncident, Release
from portal.publication import chain, releases, signing
from portal.publication.custody import chain_here, check_custody
from portal.publication.disclosure.overrides import Override
from portal.publication.disclosure.rules import RulesError
from portal.publication.models import Assignment
from portal.publication.overrides import _insist, signed
from portal.publication.releases import ReleaseBusyError, release_due, withdraw
from tests.factories.private import NOW, incident, private_city
from tests.portal.publication.test_releases import CITY, DAY

QUARTER = 60 * DAY  # January: a quarter began
TODAY = NOW.date()


@pytest.fixture(autouse=True)
def city(city_db: None, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.FILES = tmp_path / "files"
    monkeypatch.setenv("DAYLIGHT_SIGNING_KEY_FILE", str(tmp_path / "signing"))
    monkeypatch.setattr(signing, "public_keys_file", lambda: tmp_path / "signing.pub")
    monkeypatch.setattr(releases, "RECORDS", ("incidents",))
    private_city()


def thefts(n: int) -> list[Incident]:
    return [incident(occurred_from=NOW - (20 + i) * DAY) for i in range(n)]


def edition(number: int) -> Release:
    return Release.objects.select_related("dataset").get(dataset__slug="incidents", number=number)


def shown() -> set[str]:
    """Public ids in what readers get now."""
    current = Dataset.objects.get(slug="incidents").current
    if current is None:
        return set()
    rows = PublishedIncident.objects.filter(first_release__lte=current.number)
    gone = rows.filter(retired_release__lte=current.number)
    return set(rows.values_list("public_id", flat=True)) - set(
        gone.values_list("public_id", flat=True)
    )


def faults() -> list[str]:
    found = chain_here()
    check_custody(found)
    return found.damage


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """What each returned or raised; all begin together, each with connections of its own."""
    start = threading.Barrier(len(works))
    results: list[Any] = [None] * len(works)

    def work(n: int) -> None:
        try:
            start.wait()
            results[n] = works[n]()
        except Exception as error:  # noqa: BLE001 - handed to the test
            results[n] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def while_building(monkeypatch: pytest.MonkeyPatch, do: Callable[[], Any]) -> list[Any]:
    """What something returned or raised that another process did between building and verifying a release."""
    describe = releases._describe
    results: list[Any] = []

    def pause(release: Release) -> None:
        if release.dataset.slug == "incidents" and not results:
            results.extend(at_once(do))
        describe(release)

    monkeypatch.setattr(releases, "_describe", pause)
    release_due(CITY, as_of=NOW + DAY)
    monkeypatch.setattr(releases, "_describe", describe)
    return results


def dies_in(monkeypatch: pytest.MonkeyPatch, where: Any, name: str, as_of: dt.datetime) -> None:
    def die(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(where, name, die)
        with pytest.raises(KeyboardInterrupt):
            release_due(CITY, as_of=as_of)


# --- two at once ---


def test_of_two_releases_at_once_one_is_made() -> None:
    thefts(6)

    results = at_once(*[lambda: release_due(CITY, as_of=NOW)] * 2)

    refused = [one for one in results if isinstance(one, ReleaseBusyError)]
    made = [one for one in results if isinstance(one, list)]
    assert len(refused) + len(made) == 2, results
    assert sorted(len(one) for one in made) in ([4], [0, 4])  # the map and the incidents, once
    assert len(shown()) == 6
    assert faults() == []


def test_nothing_is_withdrawn_and_no_key_changes_while_a_release_is_built(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    thefts(6)
    release_due(CITY, as_of=NOW)
    incident()
    key = signing.key_file().read_text()

    [withdrawn] = while_building(monkeypatch, lambda: withdraw(edition(1), reason="x"))
    incident()
    [rotated] = while_building(
        monkeypatch,
        lambda: call_command("rotate_key", reason="x", stdout=io.StringIO()),
    )

    assert isinstance(withdrawn, ReleaseBusyError)
    assert isinstance(rotated, CommandError)
    assert "another release is being built" in str(rotated)
    assert signing.key_file().read_text() == key
    assert edition(1).state == Release.State.ACTIVE
    assert faults() == []


def test_a_release_that_is_made_while_the_chain_is_verified_is_no_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    thefts(6)
    release_due(CITY, as_of=NOW)
    incident()
    read, said = verify_command.chain_here, io.StringIO()

    def slowly() -> Any:
        found = read()
        [made] = at_once(lambda: release_due(CITY, as_of=NOW + DAY))
        assert [release.state for release in made] == [Release.State.ACTIVE]
        return found

    monkeypatch.setattr(verify_command, "chain_here", slowly)
    call_command("verify", stdout=said, stderr=said)

    assert "everything that was looked at is as it was signed" in said.getvalue()
    assert len(shown()) == 7


def test_an_edition_is_withdrawn_once_however_many_ask() -> None:
    thefts(6)
    release_due(CITY, as_of=NOW)
    first, second = edition(1), edition(1)  # both read before either acts

    withdraw(first, reason="wrong")
    with pytest.raises(ValueError, match="withdrawn; wanted an active one"):
        withdraw(second, reason="wrong again", retire_rows=True)

    assert ChainEntry.objects.filter(kind="withdrawal").count() == 1
    assert edition(1).withdrawn_reason == "wrong"
    assert PublishedIncident.objects.filter(retired_release__isnull=False).count() == 0
    assert faults() == []


# --- a process that dies ---


@pytest.mark.parametrize(
    ("where", "name"),
    [
        (releases, "_describe"),  # rows are written
        (releases, "verify"),  # and files
        (releases, "audit"),
        (chain, "record_release"),  # half of the activation
    ],
)
def test_of_a_release_that_dies_halfway_nothing_is_public_and_nothing_stays(
    where: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = thefts(40)
    release_due(CITY, as_of=NOW)
    before = shown()
    Incident.objects.filter(pk=records[5].pk).update(is_sealed=True)
    incident()

    dies_in(monkeypatch, where, name, NOW + QUARTER)

    assert shown() == before
    assert faults() == []
    release_due(CITY, as_of=NOW + QUARTER)
    assert edition(2).state == Release.State.REJECTED
    assert not folder_of(edition(2)).exists()
    assert len(shown()) == len(before) + 1 - 3
    fates = Assignment.objects.exclude(fate="published").values_list("fate", "retired_release")
    assert sorted(fates) == [("cover", 3), ("cover", 3), ("removed", 3)]
    assert faults() == []


def test_rows_that_were_wrong_do_not_come_again_with_a_build_that_had_died(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The dead build had retired three of them; taking it back made them public again."""
    records = thefts(40)
    release_due(CITY, as_of=NOW)
    wrong = shown()
    Incident.objects.filter(pk=records[5].pk).update(is_sealed=True)
    dies_in(monkeypatch, releases, "_describe", NOW + QUARTER)
    Incident.objects.update(is_sealed=False)  # nor for that reason

    withdraw(edition(1), reason="exact places", retire_rows=True)
    incident()
    release_due(CITY, as_of=NOW + QUARTER)

    assert shown() & wrong == set()
    assert len(shown()) == 1
    assert faults() == []


def test_the_files_of_an_edition_whose_withdrawal_died_go_with_the_next_release(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    thefts(6)
    release_due(CITY, as_of=NOW)

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(releases, "remove_files", die)
        with pytest.raises(KeyboardInterrupt):
            withdraw(edition(1), reason="wrong")
    assert edition(1).state == Release.State.WITHDRAWN
    assert folder_of(edition(1)).exists()
    incident()

    release_due(CITY, as_of=NOW + DAY)

    assert not folder_of(edition(1)).exists()
    assert len(shown()) == 7
    assert faults() == []


# --- keys ---


def test_a_key_that_somebody_else_put_in_place_first_is_in_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever signs an override meets the announced key between its entry and its file, and puts it there."""
    thefts(2)
    release_due(CITY, as_of=NOW)
    adopt = signing.adopt_next_key

    def after_another() -> None:
        with monkeypatch.context() as other:
            other.setattr(signing, "adopt_next_key", adopt)
            signing.signing_key(chain.key_in_force())
        adopt()

    with monkeypatch.context() as late:
        late.setattr(signing, "adopt_next_key", after_another)
        fingerprint = chain.rotate(reason="once a year", on=TODAY)

    standing = signing.signing_key(chain.key_in_force())
    assert fingerprint == signing.fingerprint(signing.public_of(standing))
    assert faults() == []


def test_a_lost_key_signs_no_override_even_where_the_rotation_was_cut_short(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    thefts(2)
    release_due(CITY, as_of=NOW)
    stolen = signing.signing_key(chain.key_in_force())
    override = signed(
        Override(
            rule="low_delay_h",
            value=24,
            reason="x",
            decided_by="x",
            decided_on=TODAY,
            expires_on=TODAY + 30 * DAY,
        ),
        stolen,
    )
    _insist(override, on=TODAY)

    def die() -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(signing, "adopt_next_key", die)
        with pytest.raises(KeyboardInterrupt):
            chain.rotate(reason="stolen", on=TODAY, lost=True)
    incident()
    release_due(CITY, as_of=NOW + DAY)

    with pytest.raises(RulesError, match="not this installation's"):
        _insist(override, on=TODAY)
    assert faults() == []
