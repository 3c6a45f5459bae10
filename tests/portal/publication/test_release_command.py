"""`manage.py release`: what an operator types, and what is refused in a sentence."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from freezegun import freeze_time

from portal.models import Release
from tests.factories.private import NOW, incident, private_city


@pytest.fixture(autouse=True)
def city(city_db: None, tmp_path: Path, settings: Any) -> None:
    settings.FILES = tmp_path
    private_city()


def said(*arguments: str) -> str:
    out = io.StringIO()
    with freeze_time(NOW):
        call_command("release", *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def test_it_releases_what_is_due_and_says_so() -> None:
    incident()

    assert "incidents 1 active: 1 rows, 1 new, 0 retired" in said()
    assert said() == "nothing is due\n"


def test_an_instant_to_come_is_refused_for_it_would_skip_every_delay() -> None:
    incident(occurred_from=NOW - dt.timedelta(hours=1))

    with pytest.raises(CommandError, match="still to come"):
        said("--as-of", "2027-01-01T06:00")

    assert not Release.objects.exists()


@pytest.mark.parametrize("instant", ["yesterday", "2026-13-01T00:00"])
def test_an_instant_that_is_none_is_refused(instant: str) -> None:
    with pytest.raises((CommandError, ValueError), match="instant"):
        said("--as-of", instant)


def test_an_edition_is_withdrawn_with_its_reason() -> None:
    incident()
    said()

    assert (
        said("--withdraw", "incidents/1", "--reason", "wrong borders") == "withdrew incidents/1\n"
    )
    assert Release.objects.get(dataset__slug="incidents").withdrawn_reason == "wrong borders"
    with pytest.raises(CommandError, match="wanted a release such as"):
        said("--withdraw", "incidents/77", "--reason", "no such")
