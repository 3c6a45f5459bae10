"""`manage.py verify` at home: the chain in the database against rows, releases and files; and keys that change."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import io
import json
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connections

from portal.feeds.files import folder_of
from portal.models import ChainEntry, Release
from portal.publication import chain, releases, signing
from portal.publication.releases import release_due, withdraw
from portal.publication.signing import SigningKeyError
from tests.factories.private import NOW, incident, private_city
from tests.portal.publication.test_releases import CITY, DAY

TODAY = dt.date(2026, 11, 16)


@pytest.fixture(autouse=True)
def city(city_db: None, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.FILES = tmp_path / "files"
    monkeypatch.setenv("DAYLIGHT_SIGNING_KEY_FILE", str(tmp_path / "keys" / "signing"))
    private_city()
    incident()
    release_due(CITY, as_of=NOW)


def verdict(*options: str) -> str:
    words = io.StringIO()
    try:
        call_command("verify", *options, stdout=words, stderr=words)
    except CommandError as error:
        return f"{words.getvalue()}\n{error}"
    return words.getvalue()


GOOD = "everything that was looked at is as it was signed"


def as_owner(statement: str, *parameters: Any) -> None:
    """What somebody with the database's own password can do, the trigger notwithstanding."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE release.chain_entry DISABLE TRIGGER chain_entry_append_only")
        cursor.execute(statement, parameters)
        cursor.execute("ALTER TABLE release.chain_entry ENABLE TRIGGER chain_entry_append_only")


def events() -> list[tuple[str, str]]:
    """Kind and subject of each entry; the audit's own dataset follows every release and is left out."""
    told = [json.loads(entry.body) for entry in ChainEntry.objects.order_by("number")]
    found = [(words["kind"], words.get("event", words.get("dataset", ""))) for words in told]
    return [event for event in found if event != ("release", "privacy-audit")]


def length() -> int:
    return ChainEntry.objects.count()


def edition(number: int) -> Release:
    return Release.objects.select_related("dataset").get(dataset__slug="incidents", number=number)


def test_what_was_released_is_as_it_was_signed() -> None:
    words = verdict()

    assert GOOD in words
    assert f"{length()} entries, {length() - 1} releases, 0 of them withdrawn" in words
    assert "0 files compared" not in words


def test_activation_and_entry_stand_or_fall_together(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(release: Release) -> None:
        raise DatabaseError("no room for the entry")

    before = length()
    incident()
    monkeypatch.setattr(chain, "record_release", fail)
    with pytest.raises(DatabaseError):
        release_due(CITY, as_of=NOW + DAY)
    monkeypatch.undo()

    assert edition(2).state != Release.State.ACTIVE
    assert length() == before


def test_a_rejected_release_is_no_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    from portal.publication.verification import CHECKS, Check

    incident()
    never = [lambda release, standard: Check("never", False, "")]
    monkeypatch.setitem(CHECKS, "incidents", never)

    release_due(CITY, as_of=NOW + DAY)

    assert Release.objects.get(dataset__slug="incidents", number=2).state == "rejected"
    assert ChainEntry.objects.filter(dataset_slug="incidents").count() == 1


def test_a_withdrawal_is_an_entry_with_its_reason_and_the_rest_still_holds() -> None:
    incident()
    release_due(CITY, as_of=NOW + DAY)

    withdraw(edition(1), reason="wrong borders")

    last = json.loads(ChainEntry.objects.order_by("number").last().body)
    assert (last["kind"], last["release"], last["reason"]) == ("withdrawal", 1, "wrong borders")
    assert GOOD in verdict()


def test_later_releases_hold_although_an_earlier_one_took_its_rows_along(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is refused now; a chain from before it was may say so."""
    monkeypatch.setattr(releases, "_refuse_under_later", lambda release: None)
    incident()
    release_due(CITY, as_of=NOW + DAY)

    withdraw(edition(1), reason="exact places", retire_rows=True)

    assert GOOD in verdict()


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        (
            "UPDATE release.chain_entry SET body = replace(body, '\"rows\":1', '\"rows\":2') WHERE dataset_slug = 'incidents'",
            "entry 5 was edited",
        ),
        ("DELETE FROM release.chain_entry WHERE number = 3", "in place 3 stands entry 4"),
        (
            "DELETE FROM release.chain_entry WHERE number = 5",
            "incidents 1 is public and in no entry",
        ),
        (
            "UPDATE release.release SET n_added = 7",
            "was changed in the database after it was signed",
        ),
        (
            "UPDATE release.incident SET category = 'fraud'",
            "incidents 1: the rows in the database are not those of the released file",
        ),
        (
            "DELETE FROM release.incident",
            "incidents 1 has 0 rows in the database, 1 were signed",
        ),
        (
            "UPDATE release.release SET state = 'withdrawn', withdrawn_at = now() WHERE n_rows = 1",
            "withdrawn in the database and not withdrawn in the chain",
        ),
        (
            "UPDATE release.release SET number = 9 WHERE n_rows = 1",
            "the chain has incidents 1; the database has no such release",
        ),
    ],
)
def test_tampering_in_the_database_is_told(statement: str, told: str) -> None:
    as_owner(statement)

    words = verdict()

    assert told in words
    assert GOOD not in words


def test_a_changed_file_is_told() -> None:
    manifest = folder_of(edition(1)) / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"licence"', '"licenceX"', 1))

    assert "the manifest of incidents 1 is not the one that was signed" in verdict()


def test_neither_publisher_nor_application_can_rewrite_an_entry() -> None:
    before = list(ChainEntry.objects.order_by("number").values())
    for alias in ("publisher", "default", "public"):
        for statement in (
            "DELETE FROM release.chain_entry",
            "UPDATE release.chain_entry SET body = ''",
        ):
            with pytest.raises(DatabaseError), connections[alias].cursor() as cursor:
                cursor.execute(statement)

    assert list(ChainEntry.objects.order_by("number").values()) == before


def test_the_private_key_is_readable_by_its_owner_alone_and_not_in_the_database() -> None:
    path = signing.key_file()
    secret = path.read_text().strip()

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    raw = base64.urlsafe_b64decode(secret)
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT string_agg(e::text, '') FROM release.chain_entry e")
        (everything,) = cursor.fetchone()
    assert secret not in everything
    assert raw.hex() not in everything
    assert base64.b64encode(raw).decode() not in everything


def test_a_new_key_is_announced_by_the_old_one_and_signs_what_follows() -> None:
    old = signing.key_file().read_text()

    call_command("rotate_key", reason="once a year", stdout=io.StringIO())
    incident()
    release_due(CITY, as_of=NOW + DAY)

    assert signing.key_file().read_text() != old
    assert not signing.key_file().with_name("signing.next").exists()
    assert events()[5:] == [("key", "rotation"), ("release", "incidents")]
    announced = ChainEntry.objects.filter(kind="key").order_by("number").last().number
    keys = dict(ChainEntry.objects.values_list("number", "key_id"))
    assert keys[announced] == keys[1] != keys[announced + 1]
    assert GOOD in verdict()


def test_what_the_old_key_signs_after_its_end_is_refused() -> None:
    old = signing.key_file().read_text()
    call_command("rotate_key", reason="once a year", stdout=io.StringIO())
    signing.key_file().write_text(old)
    incident()

    with pytest.raises(SigningKeyError, match="put that key back"):
        release_due(CITY, as_of=NOW + DAY)

    entry = ChainEntry.objects.order_by("number").last()
    number, key = entry.number + 1, signing.signing_key("")
    forged = entry.body.replace(f'"number":{entry.number}', f'"number":{number}').replace(
        entry.previous_sha256, entry.sha256
    )
    ChainEntry.objects.using("publisher").create(
        number=number,
        kind="key",
        body=forged,
        previous_sha256=entry.sha256,
        sha256=hashlib.sha256(forged.encode()).hexdigest(),
        signature=signing.sign(key, signing.RELEASE, forged),
        key_id=signing.key_id(signing.public_of(key)),
    )
    words = verdict()
    assert f"entry {number} is signed with the key" in words
    assert f"entry {number} was not signed by the city" in words


def test_a_rotation_that_was_cut_short_between_entry_and_file_is_finished(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def die() -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as interrupted:
        interrupted.setattr(signing, "adopt_next_key", die)
        with pytest.raises(KeyboardInterrupt):
            chain.rotate(reason="once a year", on=TODAY)
    incident()

    release_due(CITY, as_of=NOW + DAY)

    assert events()[5:] == [("key", "rotation"), ("release", "incidents")]
    assert GOOD in verdict()


def test_a_lost_key_stops_every_release_until_that_is_said() -> None:
    signing.key_file().unlink()
    incident()

    with pytest.raises(SigningKeyError, match="say that it is lost"):
        release_due(CITY, as_of=NOW + DAY)
    assert not signing.key_file().exists()  # and no other is made silently

    call_command("rotate_key", reason="the disk died", lost=True, stdout=io.StringIO())
    release_due(CITY, as_of=NOW + DAY)

    words = verdict()
    assert GOOD in words
    assert "the city says that it lost its key (the disk died)" in words
    assert len(signing.known_keys()) == 1


def test_a_key_needs_a_reason_to_change() -> None:
    with pytest.raises(CommandError, match="wanted a sentence"):
        call_command("rotate_key", reason=" ", stdout=io.StringIO())

    assert events()[-1] == ("release", "incidents")


def test_releases_from_before_there_was_a_chain_are_taken_into_it(settings: Any) -> None:
    settings.FILES_ON_DEMAND = False
    shutil.rmtree(folder_of(edition(1)))
    as_owner("DELETE FROM release.chain_entry")
    Release.objects.update(manifest_sha256="")
    incident()

    release_due(CITY, as_of=NOW + DAY)

    assert [slug for kind, slug in events() if kind == "release"] == [
        "areas", "places", "cells", "incidents", "incidents",
    ]  # fmt: skip
    assert GOOD in verdict()


def test_a_key_that_others_may_read_is_warned_of() -> None:
    from portal.checks import signing_key_is_private

    assert signing_key_is_private() == []
    signing.key_file().chmod(0o644)

    (warning,) = signing_key_is_private()
    assert warning.id == "portal.W003"
    assert "chmod 600" in warning.hint


def test_a_file_that_was_cut_is_told() -> None:
    path = max(folder_of(edition(1)).glob("*.csv"), key=lambda path: path.stat().st_size)
    path.write_bytes(path.read_bytes()[:-10])

    words = verdict()

    assert "incidents 1" in words
    assert GOOD not in words
