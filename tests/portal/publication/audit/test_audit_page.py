"""The page and the command that tell what an attacker could learn."""

from __future__ import annotations

import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client

from incidents.models import Incident
from portal.models import PublishedAuditResult, Release
from portal.publication.releases import release_due
from portal.views.privacy_audit import as_printed, outcome
from tests.factories.private import NOW, group_of_assaults, incident, private_city
from tests.portal.publication.audit.planting import CITY, release_with


@pytest.fixture(scope="module", autouse=True)
def town(module_db: Path) -> None:
    private_city()
    incident()
    group_of_assaults(6)
    release_due(CITY, as_of=NOW)


def rows(**wanted: Any) -> list[PublishedAuditResult]:
    return list(PublishedAuditResult.objects.filter(**wanted))


def test_what_was_measured_of_every_dataset_is_a_dataset() -> None:
    found = {row.audited_dataset for row in rows(first_release=1)}

    assert {"areas", "places", "cells", "incidents"} <= found
    assert "privacy-audit" not in found
    of = {"audited_dataset": "incidents", "audited_release": 1}
    (least,) = rows(**of, attack="place-size", subject="least")
    assert (least.status, least.limit, least.direction) == ("passed", 20, "at_least")


def test_another_run_with_nothing_due_makes_no_release() -> None:
    assert release_due(CITY, as_of=NOW) == []


def test_the_page_says_what_the_attacker_does_and_how_far_he_got(client: Client) -> None:
    page = client.get("/privacy/audit/").content.decode()

    assert "What an attacker could learn" in page
    assert "Takes the dot for the place where it happened." in page
    assert "at most 0.2%" in page
    assert "at least 20" in page
    assert "What we do not promise" in page
    assert re.search(r"\d+ numbers have a limit, and none missed it\.", page)


def test_the_page_is_there_before_the_first_release(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.queries.current_release", lambda slug: None)

    page = client.get("/privacy/audit/")

    assert page.status_code == 200
    assert "Not released yet" in page.content.decode()


def test_a_rejected_release_is_told_with_what_it_failed_in(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    group_of_assaults(6, when=NOW.replace(month=9))
    release = release_with(
        monkeypatch,
        "incidents",
        rows="UPDATE release.incident SET category = 'narrative' WHERE first_release > 1",
    )
    assert release.state == Release.State.REJECTED

    # nothing of it is public, and the next run, which goes out, tells of both
    release_due(CITY, as_of=NOW)

    (leak,) = rows(audited_release=release.number, attack="leak", subject="csv")
    assert leak.status == "failed"
    of_nobody = rows(audited_dataset="incidents", audited_release=release.number)
    assert len(of_nobody) > 10
    assert all(
        row.n is None for row in of_nobody
    )  # nobody has its rows, so their number is private
    page = client.get("/privacy/audit/").content.decode()
    assert "rejected: nothing of it is public" in page


def result(
    attack: str, measured: float | None, limit: float | None, **more: Any
) -> PublishedAuditResult:
    """As it is read."""
    return PublishedAuditResult(
        **{"direction": "at_most", "status": "passed", "n": 12}
        | {"attack": attack, "measured": measured, "limit": limit}
        | more
    )


@pytest.mark.parametrize(
    ("attack", "value", "printed"),
    [
        ("nearest-address", 0.125, "12.5%"),
        ("nearest-address", 0.1249, "12.5%"),
        ("exact-point", 0.002, "0.2%"),
        ("exact-point", 0.0002, "0.02%"),
        ("sealed", 1 / 3, "33.3%"),
        ("scanner", 0.1, "10%"),
        ("box-difference", 0.17, "0.17"),
    ],
)
def test_numbers_are_printed_so_that_a_limit_is_itself(
    attack: str, value: float, printed: str
) -> None:
    assert as_printed(result(attack, value, 0.1), value) == printed


def test_a_number_above_its_limit_is_not_said_to_be_within() -> None:
    above = "above, but of so few tries that it may be chance"

    assert outcome(result("box-difference", 0.17, 0.1)) == above
    assert outcome(result("place-size", 19, 20, direction="at_least")) == above
    assert outcome(result("box-difference", 0.1, 0.1)) == "within the limit"
    assert outcome(result("neighbour", None, 0.1)) == "within the limit"
    assert outcome(result("box-difference", 0.17, 0.1, status="failed")) == "missed"
    assert outcome(result("density", 0.4, 0.95, direction="at_least", status="failed")) == (
        "missed, and told"
    )


def test_the_command_attacks_again_and_finds_the_same() -> None:
    out = StringIO()

    call_command("audit", "incidents", "--json", stdout=out)

    again = {
        (row["attack"], row["subject"]): row["measured"]
        for row in map(json.loads, out.getvalue().splitlines())
    }
    newest = Release.objects.filter(dataset__slug="incidents", state="active").latest("number")
    told = {
        (row.attack, row.subject): row.measured
        for row in rows(audited_dataset="incidents", audited_release=newest.number)
        if row.measured is not None  # of private records less is told than is measured
    }
    assert told == {name: value for name, value in again.items() if name in told}
    assert len(told) > 10
    assert told.keys() < again.keys()


def test_the_command_prints_lines_for_people() -> None:
    out = StringIO()

    call_command("audit", "places", stdout=out)

    assert "places 1         passed  leak csv: 0 of 1, at most 0" in out.getvalue()


def test_the_command_fails_where_an_attack_now_learns_more() -> None:
    before = list(Incident.objects.values_list("pk", "tier"))
    Incident.objects.update(tier="2")
    try:
        with pytest.raises(CommandError, match="learn more"):
            call_command("audit", "incidents", stdout=StringIO())
    finally:
        for tier in {tier for _pk, tier in before}:
            of_it = [pk for pk, own in before if own == tier]
            Incident.objects.filter(pk__in=of_it).update(tier=tier)


def test_the_command_says_what_it_does_not_know() -> None:
    with pytest.raises(CommandError, match="got nothing-such"):
        call_command("audit", "nothing-such")
