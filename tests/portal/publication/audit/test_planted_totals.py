"""Counts of sensitive incidents: noise drawn again, and counts without any, stop the release."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path

import pytest

from portal.models import Release
from portal.publication.disclosure import GROUPS, sensitive_groups
from portal.publication.releases import release_due
from portal.publication.sources import SENSITIVE_GROUP
from tests.factories.private import NOW, many_incidents, private_city
from tests.portal.publication.audit.planting import (
    CITY,
    execute,
    kept,
    release_with,
    select,
    stopped_by,
)

LATER = NOW + dt.timedelta(days=60)


@pytest.fixture(scope="module", autouse=True)
def town(module_db: Path) -> None:
    private_city()
    many_incidents(900, days=640)
    made = release_due(CITY, as_of=NOW)
    assert {release.state for release in made} == {"active"}
    many_incidents(150, seed=5, until=LATER, days=60)


def test_a_count_that_was_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with kept("release.sensitive_count", "noisy_count"):
        release = release_with(
            monkeypatch,
            "sensitive-totals",
            rows="UPDATE release.sensitive_count SET noisy_count = greatest(noisy_count, 0) + 1 WHERE first_release = 1",
            as_of=LATER,
        )

    assert "sensitive-totals drawn-again" in stopped_by(release)


def test_counts_without_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = (
        "(SELECT count(*) FROM vault.publication_countedincident c "
        "JOIN vault.incidents_incident i ON i.id = c.record_id "
        "JOIN vault.incidents_area a ON a.id = i.district_id WHERE c.statistic = r.statistic "
        "AND c.period = r.period AND a.slug = r.district_slug)"
    )

    def plain(release: Release) -> None:
        assert execute(
            f"UPDATE release.sensitive_count r SET noisy_count = {exact} "
            "WHERE statistic = 'district-quarter' AND district_slug <> ''"
        )

    with kept("release.sensitive_count", "noisy_count"):
        release = release_with(monkeypatch, "sensitive-totals", rows=plain, as_of=LATER)

    assert "sensitive-totals exact" in stopped_by(release)


@pytest.mark.parametrize("statistic", ["groups", "city-month"])
def test_counts_of_one_kind_without_noise(statistic: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other kinds have theirs, and are many more."""

    def plain(release: Release) -> None:
        rows = select(
            "SELECT c.period, coalesce(a.slug, ''), i.category, i.victim_flags, i.relationship "
            "FROM vault.publication_countedincident c JOIN vault.incidents_incident i ON i.id = c.record_id "
            "LEFT JOIN vault.incidents_area a ON a.id = i.district_id WHERE c.statistic = %s",
            [statistic],
        )
        counted: Counter[tuple[str, str, str]] = Counter()
        for period, district, category, flags, relationship in rows:
            (kind,) = sensitive_groups(
                [category], [flags], [relationship], of_category=SENSITIVE_GROUP
            )
            counted[period, district if statistic == "groups" else "", GROUPS[kind]] += 1
        execute(
            "UPDATE release.sensitive_count SET noisy_count = 0 WHERE statistic = %s", [statistic]
        )
        for (period, district, kind), n in counted.items():
            execute(
                "UPDATE release.sensitive_count SET noisy_count = %s WHERE statistic = %s "
                "AND period = %s AND district_slug = %s AND category_group = %s",
                [n, statistic, period, district, kind],
            )

    with kept("release.sensitive_count", "noisy_count"):
        release = release_with(monkeypatch, "sensitive-totals", rows=plain, as_of=LATER)

    assert "sensitive-totals exact" in stopped_by(release)
