"""A rule is loosened only by a decision that is signed, public first, and over after a year."""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import CommandError, call_command
from django.test import Client
from freezegun import freeze_time

from portal import checks
from portal.city import City, read_city
from portal.feeds.chain import promised_rules
from portal.feeds.files import manifest_of
from portal.models import ChainEntry, PublishedIncident, Release
from portal.publication import signing
from portal.publication.disclosure import FLOORS, Override, Rules, RulesError, threshold_names
from portal.publication.overrides import as_toml, rules_of, signed
from portal.publication.releases import release_due
from tests.factories.private import NOW, incident, private_city

PROJECT = Path(__file__).resolve().parents[3]
CITY_FILE = 'name = "T"\ndepartment_name = "P"\ntimezone = "UTC"\nlon = 0.0\nlat = 0.0\n'
TODAY = dt.date(2026, 11, 16)
END = dt.date(2027, 6, 30)
WAITED_H = 30  # longer than the override's delay, shorter than the default


def override(**values: Any) -> Override:
    defaults = {
        "rule": "low_delay_h",
        "value": 24,
        "reason": 'The council wants "today\'s" thefts\nby tomorrow',
        "decided_by": "City Council, resolution 14",
        "decided_on": TODAY,
        "expires_on": END,
    }
    return Override(**{**defaults, **values})


def city_with(*overrides: Override, **gate: Any) -> City:
    """A city as its file says it: through TOML, as an operator pastes it."""
    text = "".join(as_toml(each) for each in overrides)
    tables = tuple(tomllib.loads(text).get("gate_override", ()))
    return City(
        "Testville", "Testville Police", "America/Chicago", lon=-98.6, lat=39.8, gate=gate,
        gate_override=tables,
    )  # fmt: skip


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Ed25519PrivateKey:
    """This installation's, with a folder of secrets of its own."""
    monkeypatch.setenv("DAYLIGHT_HOME", str(tmp_path))
    settings.LAYOUT = replace(settings.LAYOUT, home=tmp_path)
    return signing.signing_key("")


def test_a_signed_override_loosens_its_rule_and_no_other(key: Ed25519PrivateKey) -> None:
    rules = rules_of(city_with(signed(override(), key)), on=TODAY)

    assert rules.low_delay_h == 24
    others = [name for name in threshold_names() if name != "low_delay_h"]
    assert [getattr(rules, name) for name in others] == [getattr(Rules(), n) for n in others]


def test_it_stands_beside_stricter_rules(key: Ed25519PrivateKey) -> None:
    rules = rules_of(city_with(signed(override(), key), place_addresses=40), on=TODAY)

    assert (rules.low_delay_h, rules.place_addresses) == (24, 40)


@pytest.mark.parametrize("on", [TODAY, END])
def test_it_applies_from_its_first_day_to_its_last(key: Ed25519PrivateKey, on: dt.date) -> None:
    assert rules_of(city_with(signed(override(), key)), on=on).low_delay_h == 24


def test_an_unsigned_one_is_refused(key: Ed25519PrivateKey) -> None:
    table = override().words | {"value": 24, "decided_on": TODAY, "expires_on": END}
    city = replace(city_with(), gate_override=(table,))

    with pytest.raises(RulesError, match="without key, signature"):
        rules_of(city, on=TODAY)
    with pytest.raises(RulesError, match="not this installation's"):
        rules_of(city_with(override()), on=TODAY)


@pytest.mark.parametrize(
    "altered",
    [
        {"value": 25},
        {"reason": "something nicer"},
        {"decided_by": "Nobody"},
        {"decided_on": TODAY - dt.timedelta(days=1)},
        {"expires_on": END + dt.timedelta(days=1)},
        {"rule": "ledger_delay_d"},
        {"signature": "AAAA"},
        {"signature": "not base64 at all"},
    ],
)
def test_one_that_was_altered_by_a_letter_is_refused(
    key: Ed25519PrivateKey, altered: dict[str, Any]
) -> None:
    good = signed(override(), key)

    with pytest.raises(RulesError, match="altered after it was signed"):
        rules_of(city_with(replace(good, **altered)), on=TODAY)


def test_one_signed_elsewhere_is_refused(key: Ed25519PrivateKey) -> None:
    elsewhere = signed(override(), Ed25519PrivateKey.generate())

    with pytest.raises(RulesError, match="not this installation's"):
        rules_of(city_with(elsewhere), on=TODAY)


def test_a_release_signature_is_no_signature_of_an_override(key: Ed25519PrivateKey) -> None:
    from portal.publication.chain_text import canonical

    good = signed(override(), key)
    stolen = replace(good, signature=signing.sign(key, signing.RELEASE, canonical(good.words)))

    with pytest.raises(RulesError, match="altered"):
        rules_of(city_with(stolen), on=TODAY)


def test_an_expired_one_is_refused_and_not_left_out_silently(key: Ed25519PrivateKey) -> None:
    with pytest.raises(RulesError, match="expired on 2027-06-30; take it out"):
        rules_of(city_with(signed(override(), key)), on=END + dt.timedelta(days=1))


def test_one_decided_in_the_future_is_refused(key: Ed25519PrivateKey) -> None:
    with pytest.raises(RulesError, match="still to come"):
        rules_of(city_with(signed(override(), key)), on=TODAY - dt.timedelta(days=1))


@pytest.mark.parametrize("name", sorted(FLOORS))
def test_no_override_goes_beyond_its_floor(key: Ed25519PrivateKey, name: str) -> None:
    floor, default = FLOORS[name], getattr(Rules, name)
    is_epsilon = name.startswith("epsilon_")
    beyond = floor * 1.01 if is_epsilon else floor - 1
    room = [] if name == "epsilon_lifetime" or not is_epsilon else [signed(_lifetime(), key)]

    assert getattr(Rules.from_mapping({}, [override(rule=name, value=floor), *room]), name) == floor
    with pytest.raises(RulesError, match="no override can go further"):
        signed(override(rule=name, value=beyond), key)
    with pytest.raises(RulesError, match="stricter values belong in"):
        signed(override(rule=name, value=default), key)


def _lifetime() -> Override:
    return override(rule="epsilon_lifetime", value=4.0)


@pytest.mark.parametrize("name", [*sorted(set(threshold_names()) - set(FLOORS)), "nonsense"])
def test_some_rules_nobody_may_loosen(key: Ed25519PrivateKey, name: str) -> None:
    with pytest.raises(RulesError, match="nobody may loosen that"):
        signed(override(rule=name, value=1), key)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"value": 24.5}, "wanted a number such as 48"),
        ({"value": True}, "wanted a number such as 48"),
        ({"reason": " "}, "without a reason"),
        ({"decided_by": ""}, "without a reason or without who decided it"),
        ({"expires_on": TODAY}, "wanted an end within 366 days"),
        ({"expires_on": TODAY + dt.timedelta(days=367)}, "wanted an end within 366 days"),
    ],
)
def test_one_that_says_too_little_or_too_much_is_refused(
    key: Ed25519PrivateKey, values: dict[str, Any], told: str
) -> None:
    with pytest.raises(RulesError, match=told):
        signed(override(**values), key)


def test_a_rule_is_named_once(key: Ed25519PrivateKey) -> None:
    good = signed(override(), key)

    with pytest.raises(RulesError, match=r"in \[gate\] and in an override"):
        rules_of(city_with(good, low_delay_h=72), on=TODAY)
    with pytest.raises(RulesError, match="two overrides of one rule"):
        rules_of(city_with(good, signed(override(value=36), key)), on=TODAY)


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"rule": "low_delay_h", "colour": "red"}, "got colour"),
        ({**override().__dict__, "expires_on": "2027-06-30"}, "wanted a date"),
        ({**override().__dict__, "reason": 7}, "wanted a text"),
        ("rule", "wanted \\[\\[gate_override\\]\\]"),
    ],
)
def test_a_table_with_a_mistake_is_refused_in_a_sentence(table: Any, told: str) -> None:
    with pytest.raises(RulesError, match=told):
        rules_of(replace(city_with(), gate_override=(table,)), on=TODAY)


def test_the_portal_does_not_start_with_a_bad_one(
    key: Ed25519PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = signed(override(), key)
    found = {}
    for name, city in (
        ("good", city_with(good)),
        ("altered", city_with(replace(good, value=30))),
        ("looser without", city_with(low_delay_h=24)),
    ):
        monkeypatch.setattr(checks, "the_city", lambda city=city: city)
        with freeze_time(NOW):
            found[name] = checks.gate_is_no_looser_than_promised()

    assert found["good"] == []
    assert [error.id for error in found["altered"]] == ["portal.E003"]
    assert "altered after it was signed" in found["altered"][0].msg
    assert "signed override" in found["looser without"][0].msg


def test_neither_does_the_supervisor_start_it(tmp_path: Path) -> None:
    """`manage.py up` begins with this step, and ends when it fails."""
    path = tmp_path / "city.toml"
    path.write_text(CITY_FILE + "[gate]\nlow_delay_h = 12\n")

    done = subprocess.run(
        [sys.executable, "-m", "portal.runtime.prepare"],
        env={**os.environ, "DAYLIGHT_CITY": str(path), "DAYLIGHT_HOME": str(tmp_path)},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "got low_delay_h = 12; wanted at least 48" in done.stderr
    assert "Traceback" not in done.stderr


# What follows is released from a real database.


@pytest.fixture
def released_under(city_db: None, key: Ed25519PrivateKey, tmp_path: Path, settings: Any) -> City:
    """A theft of thirty hours ago, released although the default would let it wait."""
    settings.FILES = tmp_path / "files"
    private_city()
    city = city_with(signed(override(), key))
    incident(occurred_from=NOW - dt.timedelta(hours=WAITED_H + 6))
    incident()
    with freeze_time(NOW):
        release_due(city, as_of=NOW)
    return city


def kinds() -> list[str]:
    return list(ChainEntry.objects.order_by("number").values_list("kind", flat=True))


def edition(number: int) -> Release:
    return Release.objects.select_related("dataset").get(dataset__slug="incidents", number=number)


def test_it_is_public_before_the_first_release_under_it(released_under: City) -> None:
    assert kinds()[:3] == ["key", "override", "release"]
    said = json.loads(ChainEntry.objects.get(number=2).body)
    assert (said["rule"], said["value"], said["default"]) == ("low_delay_h", "24", "48")
    assert said["decided_by"] == "City Council, resolution 14"
    assert PublishedIncident.objects.count() == 2  # it takes effect


def test_it_stands_in_every_manifest_made_under_it(released_under: City) -> None:
    (told,) = manifest_of(edition(1))["overrides"]

    assert (told["entry"], told["rule"], told["value"], told["expires_on"]) == (
        2, "low_delay_h", "24", "2027-06-30",
    )  # fmt: skip


def test_it_is_announced_once_and_its_end_too(released_under: City) -> None:
    with freeze_time(NOW + dt.timedelta(days=1)):
        incident()
        release_due(released_under, as_of=NOW + dt.timedelta(days=1))
    assert kinds().count("override") == 1

    with freeze_time(NOW + dt.timedelta(days=2)):
        incident()
        release_due(city_with(), as_of=NOW + dt.timedelta(days=2))

    ending = ChainEntry.objects.get(kind="override-end")
    assert json.loads(ending.body)["reason"] == "taken back"
    assert ChainEntry.objects.get(dataset_slug="incidents", release_number=3).number > ending.number
    assert manifest_of(edition(3))["overrides"] == []
    assert manifest_of(edition(2))["overrides"] != []


def test_a_release_under_an_expired_one_does_not_happen(released_under: City) -> None:
    before = kinds()
    with freeze_time("2027-07-01T15:00"), pytest.raises(RulesError, match="expired"):
        release_due(released_under, as_of=NOW + dt.timedelta(days=1))

    assert kinds() == before


@pytest.mark.parametrize("address", ["/privacy/", "/data/releases/"])
def test_readers_are_told_in_plain_words(released_under: City, address: str) -> None:
    page = Client().get(address).content.decode()

    assert "Rules that the city loosened" in page
    assert "Hours before an incident of low harm appears, at least: 24 instead of 48" in page
    assert "City Council, resolution 14" in page
    assert "2027-06-30" in page


def test_pages_promise_no_more_than_was_kept_even_when_it_is_over(released_under: City) -> None:
    with freeze_time(NOW + dt.timedelta(days=2)):
        release_due(city_with(), as_of=NOW + dt.timedelta(days=2))

    assert promised_rules(city_with()).low_delay_h == 24
    assert promised_rules(city_with(low_delay_h=72)).low_delay_h == 24
    page = Client().get("/privacy/").content.decode()
    assert "Nothing appears before 24 hours have passed" in page
    assert "no longer in force" in page


def test_the_command_prints_what_a_city_file_takes(
    city_db: None, key: Ed25519PrivateKey, tmp_path: Path
) -> None:
    text, aside = io.StringIO(), io.StringIO()
    with freeze_time(NOW):
        call_command(
            "sign_override", "epsilon_lifetime", "2.5", "--reason", 'wanted "more" \\ less',
            "--decided-by", "Council", "--expires-on", "2027-01-31", stdout=text, stderr=aside,
        )  # fmt: skip
    path = tmp_path / "city.toml"
    path.write_text(CITY_FILE + text.getvalue())

    rules = rules_of(read_city(path), on=TODAY)

    assert rules.epsilon_lifetime == 2.5
    assert "2.0 by default and 2.5 until 2027-01-31" in aside.getvalue()


@pytest.mark.parametrize(
    ("rule", "value", "told"),
    [
        ("low_delay_h", "soon", "wanted a number"),
        ("low_delay_h", "12", "no override can go further"),
        ("place_points", "2", "nobody may loosen that"),
    ],
)
def test_the_command_signs_nothing_that_could_not_count(
    city_db: None, key: Ed25519PrivateKey, rule: str, value: str, told: str
) -> None:
    with pytest.raises(CommandError, match=told):
        call_command(
            "sign_override", rule, value, "--reason", "r", "--decided-by", "d",
            "--expires-on", "2027-01-31", stdout=io.StringIO(), stderr=io.StringIO(),
        )  # fmt: skip
