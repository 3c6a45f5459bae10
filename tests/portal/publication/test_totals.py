"""Counts of sensitive incidents: each vector drawn once, in one draw per statistic, within a lifetime."""

from __future__ import annotations

import csv
import datetime as dt
import random
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from incidents.codes import CATEGORIES
from incidents.models import Area, Incident
from portal.city import City
from portal.feeds.files import file_of
from portal.models import PublishedCharge, PublishedCount, Release
from portal.publication import totals
from portal.publication.disclosure import GROUPS, Purpose, sensitive_groups
from portal.publication.models import CountedIncident, NoiseDraw
from portal.publication.releases import release_due
from portal.publication.sources import SENSITIVE_GROUP
from portal.publication.verification import CHECKS, Check
from tests.factories.private import NOW, incident, many_incidents, private_city
from tests.portal.publication.spoiling import release_with
from tests.reference import budget as reference

CITY = City("Testville", "Testville Police", "America/Chicago", lon=-98.6, lat=39.8)
DAY = dt.timedelta(days=1)
DRAW = ("statistic", "period", "district_slug", "category_group")


@pytest.fixture(autouse=True)
def city(city_db: None, tmp_path: Path, settings: Any) -> None:
    settings.FILES = tmp_path
    private_city()


@pytest.fixture
def without_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts as they are, so that what is counted can be checked."""
    monkeypatch.setattr(totals, "draw_discrete_laplace", lambda counts, epsilon: np.array(counts))


def by_dataset(made: list[Release]) -> dict[str, Release]:
    return {release.dataset.slug: release for release in made}


def counts_of(statistic: str, period: str) -> dict[tuple[str, str], int]:
    rows = PublishedCount.objects.filter(statistic=statistic, period=period)
    return {(row.district_slug, row.category_group): row.noisy_count for row in rows}


def spent_again() -> dict[int, Fraction]:
    return reference.spent_by_record(
        CountedIncident.objects.values_list("record_id", "statistic", "period"),
        NoiseDraw.objects.values_list(*DRAW, "epsilon"),
    )


# --- the four groups ---


def test_every_sensitive_category_has_exactly_one_group() -> None:
    sensitive = {slug for slug, category in CATEGORIES.items() if category.tier == "2"}

    assert set(SENSITIVE_GROUP) == sensitive
    assert set(SENSITIVE_GROUP.values()) == set(GROUPS)


@pytest.mark.parametrize(
    ("category", "flags", "relationship", "group"),
    [
        ("sexual-offence", "juvenile", "father", "sexual"),
        ("child", "", "", "family"),
        ("overdose", "", "", "crisis"),
        ("hate", "", "", "other"),
        ("assault", "", "SPOUSE", "family"),
        ("assault", "adult juvenile", "stranger", "family"),
        ("assault", "suicide", "", "crisis"),
        ("assault", "", "stranger", "other"),
        ("nobody-knows", "", "", "other"),
        ("unclassified", "", "", "other"),
    ],
)
def test_a_group_is_that_of_the_category_or_of_what_made_it_sensitive(
    category: str, flags: str, relationship: str, group: str
) -> None:
    (found,) = sensitive_groups([category], [flags], [relationship], of_category=SENSITIVE_GROUP)

    assert GROUPS[found] == group


# --- what is counted ---


def test_each_statistic_counts_what_it_says(without_noise: None) -> None:
    many_incidents(1_500, days=800)
    lost = incident(
        category="domestic", tier="2", occurred_from=dt.datetime(2026, 8, 3, tzinfo=dt.UTC)
    )
    Incident.objects.filter(pk=lost.pk).update(district=None)

    release_due(CITY, as_of=NOW)

    districts = ["north", "south"]
    sensitive = {"domestic": "family", "sexual-offence": "sexual", "mystery": "other"}
    rows = [
        (
            row.occurred_from.astimezone(CITY.zone),
            row.district.slug if row.district else "",
            sensitive[row.category],
        )
        for row in Incident.objects.filter(category__in=sensitive).select_related("district")
    ]

    def recount(year: int, months: range, **how: bool) -> dict[tuple[str, str], int]:
        inside = [(d, g) for at, d, g in rows if at.year == year and at.month in months]
        return reference.counts(inside, districts=districts, **how)

    for statistic, period, year, months, how in (
        (
            "district-quarter",
            "2026-Q3",
            2026,
            range(7, 10),
            {"by_district": True, "by_group": False},
        ),
        ("groups", "2026-Q3", 2026, range(7, 10), {"by_district": True, "by_group": True}),
        ("city-month", "2026-09", 2026, range(9, 10), {"by_district": False, "by_group": True}),
        ("revision", "2025", 2025, range(1, 13), {"by_district": True, "by_group": False}),
    ):
        wanted, found = Counter(recount(year, months, **how)), counts_of(statistic, period)
        if statistic in ("district-quarter", "revision"):
            assert found.pop(("", "sensitive")) == sum(wanted.values())
            del wanted["-", "sensitive"]
        assert sum(found.values()) > 2
        assert +Counter(found) == +wanted, statistic
    assert {key[1] for key in counts_of("groups", "2026-Q3")} == set(GROUPS)


def test_a_period_is_not_counted_before_its_time() -> None:
    many_incidents(1_500, days=800)

    release_due(CITY, as_of=dt.datetime(2026, 6, 28, 12, tzinfo=dt.UTC))
    assert not PublishedCount.objects.filter(period="2026-05").exists()
    assert not PublishedCount.objects.filter(period="2025").exists()  # its revision: 180 days

    release_due(CITY, as_of=dt.datetime(2026, 7, 18, 12, tzinfo=dt.UTC))
    assert PublishedCount.objects.filter(period="2026-05", statistic="city-month").count() == 4
    assert PublishedCount.objects.filter(period="2025", statistic="revision").count() == 3


# --- once, and never again ---


def test_totals_are_drawn_once_and_add_up() -> None:
    many_incidents(600)
    release_due(CITY, as_of=NOW)
    columns = (*DRAW, "noisy_count", "low", "high", "epsilon")
    before = set(PublishedCount.objects.values_list(*columns))
    quarterly = {row[1] for row in before if row[0] == "district-quarter"}
    assert quarterly == {"2026-Q1", "2026-Q2", "2026-Q3"}

    many_incidents(150, until=NOW + 45 * DAY, days=46)
    release_due(CITY, as_of=NOW + 100 * DAY)

    assert before < set(PublishedCount.objects.values_list(*columns))
    assert NoiseDraw.objects.count() == NoiseDraw.objects.values(*DRAW).distinct().count()
    for quarter in quarterly:
        drawn = NoiseDraw.objects.filter(period=quarter, statistic="district-quarter")
        assert counts_of("district-quarter", quarter)["", "sensitive"] == sum(
            drawn.values_list("noisy_count", flat=True)
        )


def test_a_rejected_total_is_published_later_from_the_same_draw(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    many_incidents(300)
    refusal = Check("a promise holds", passed=False, detail="it does not")
    monkeypatch.setitem(CHECKS, "sensitive-totals", [lambda release, standard: refusal])
    release_due(CITY, as_of=NOW)
    drawn = set(NoiseDraw.objects.values_list(*DRAW, "noisy_count"))
    assert not PublishedCount.objects.exists()
    monkeypatch.undo()

    release_due(CITY, as_of=NOW)

    assert drawn
    assert set(NoiseDraw.objects.values_list(*DRAW, "noisy_count")) == drawn
    assert len(counts_of("district-quarter", "2026-Q3")) == 3


def test_no_incident_is_in_two_draws_of_a_statistic() -> None:
    many_incidents(900)
    release_due(CITY, as_of=NOW)
    quarter = CountedIncident.objects.filter(statistic="district-quarter", period="2026-Q3")
    moved = quarter.earliest("record_id").record_id
    Incident.objects.filter(pk=moved).update(occurred_from=NOW - 20 * DAY)
    many_incidents(200, until=NOW + 45 * DAY, days=46)

    release_due(CITY, as_of=NOW + 100 * DAY)

    periods = CountedIncident.objects.filter(record_id=moved).values_list("statistic", "period")
    assert dict(periods)["district-quarter"] == "2026-Q3"
    assert NoiseDraw.objects.filter(period="2026-Q4", statistic="district-quarter").count() == 3


def test_the_yearly_revision_takes_in_what_came_late_or_was_reclassified(
    without_noise: None,
) -> None:
    many_incidents(1_500, days=800)
    as_of = dt.datetime(2026, 4, 1, 12, tzinfo=dt.UTC)
    Incident.objects.filter(occurred_from__gt=as_of).delete()
    release_due(CITY, as_of=as_of)
    before = counts_of("district-quarter", "2025-Q4")
    when = dt.datetime(2025, 11, 5, tzinfo=dt.UTC)
    incident(category="domestic", tier="2", occurred_from=when, first_seen_at=as_of + DAY)
    theft = Incident.objects.filter(
        category="theft", occurred_from__year=2025, district__slug="north"
    ).first()
    assert theft is not None
    Incident.objects.filter(pk=theft.pk).update(victim_flags="juvenile")

    release_due(CITY, as_of=as_of + 100 * DAY)

    assert counts_of("district-quarter", "2025-Q4") == before
    year, quarters = (
        sum(n for (d, _), n in counts_of(s, p).items() if d == "north")
        for s, p in (("revision", "2025"), ("district-quarter", "2025-Q4"))
    )
    in_year = Incident.objects.filter(
        district__slug="north", occurred_from__range=(
            dt.datetime(2025, 1, 1, 6, tzinfo=dt.UTC), dt.datetime(2026, 1, 1, 6, tzinfo=dt.UTC)
        ), category__in=("domestic", "sexual-offence", "mystery", "theft"),
    )  # fmt: skip
    sensitive = in_year.exclude(category="theft").count() + 1
    assert year == sensitive > quarters


# --- the budget ---


def test_whatever_happens_to_records_none_spends_more_than_its_lifetime() -> None:
    """Late arrivals, other dates, other districts, other categories, and a city that changes its mind."""
    chance = random.Random(5)
    districts = list(Area.objects.filter(kind="district"))
    many_incidents(900, days=720)
    for n in range(7):
        rules = {"epsilon_groups": 0.25} if n in (2, 3) else {}
        if n == 5:
            rules = {
                f"epsilon_{name}": 0.2
                for name in ("district_quarter", "groups", "city_month", "revision")
            }
            rules["epsilon_lifetime"] = 0.8
        now = NOW - (300 - 75 * n) * DAY
        made = by_dataset(release_due(replace(CITY, gate=rules), as_of=now))
        assert all(release.state == Release.State.ACTIVE for release in made.values())
        for row in chance.sample(list(Incident.objects.all()), 150):
            row.occurred_from += chance.choice([-400, -90, -30, 30, 90, 200]) * DAY
            row.category = chance.choice(
                ["domestic", "sexual-offence", "mystery", "theft", "overdose"]
            )
            row.district = chance.choice(districts)
            row.save(update_fields=["occurred_from", "category", "district"])
        many_incidents(60, until=now + 70 * DAY, days=300, seed=n)

    spent = spent_again()
    assert max(spent.values()) <= 2
    assert sorted(set(spent.values()))[-1] > Fraction(3, 2)  # some were in every kind of draw
    once = CountedIncident.objects.values("record_id", "statistic").distinct().count()
    assert once == CountedIncident.objects.count()
    vectors = NoiseDraw.objects.values_list("statistic", "period").distinct()
    charges = PublishedCharge.objects.filter(retired_release__isnull=True)
    assert set(charges.values_list("statistic", "period")) == set(vectors)
    assert {purpose.value for purpose in Purpose} == {statistic for statistic, _ in vectors}


def test_the_public_budget_tells_every_charge_and_what_is_left() -> None:
    many_incidents(600)

    made = by_dataset(release_due(CITY, as_of=NOW))

    with file_of(made["privacy-budget"], "csv").open(newline="") as file:
        rows = {(row["statistic"], row["period"]): row for row in csv.DictReader(file)}
    quarter = rows["groups", "2026-Q2"]
    assert (quarter["unit"], quarter["epsilon"], quarter["share"]) == ("one incident", "0.5", "0.5")
    assert (float(quarter["spent"]), float(quarter["lifetime"])) == (1.5, 2.0)
    assert len(rows) == NoiseDraw.objects.values("statistic", "period").distinct().count()


def test_a_charge_says_what_has_been_spent_since() -> None:
    many_incidents(1_500, days=800)
    release_due(CITY, as_of=dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC))
    assert PublishedCharge.objects.get(statistic="groups", period="2025-Q4").spent == 1.5

    release_due(CITY, as_of=dt.datetime(2026, 7, 18, 12, tzinfo=dt.UTC))

    charges = PublishedCharge.objects.filter(statistic="groups", period="2025-Q4")
    assert sorted(charges.values_list("spent", "retired_release")) == [(1.5, 2), (2.0, None)]


DEFECTS = [
    ("sensitive-totals", "UPDATE release.sensitive_count SET noisy_count = noisy_count + 1", "every total is a draw"),
    ("sensitive-totals", "UPDATE vault.publication_noisedraw SET epsilon = 1", "every total is a draw"),
    ("sensitive-totals", "DELETE FROM release.sensitive_count WHERE district_slug = ''", "every total is a draw"),
    ("sensitive-totals", "DELETE FROM release.sensitive_count WHERE category_group = 'sexual'", "every total is a draw"),
    ("sensitive-totals", "UPDATE release.sensitive_count SET low = high", "every total tells its"),
    ("privacy-budget", "DELETE FROM release.privacy_charge WHERE statistic = 'groups'", "every draw is in"),
    ("privacy-budget", "UPDATE release.privacy_charge SET epsilon = 0.1", "every draw is in"),
    ("privacy-budget", "UPDATE release.privacy_charge SET spent = 2.5", "no incident has spent"),
    ("privacy-budget", "UPDATE vault.publication_countedincident SET epsilon = 0.9", "no incident has spent"),
]  # fmt: skip


@pytest.mark.parametrize(("dataset", "defect", "check"), DEFECTS)
def test_a_spoilt_total_or_charge_does_not_go_out(
    dataset: str, defect: str, check: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    many_incidents(500)

    release = release_with(defect, dataset, monkeypatch)

    assert release.state == Release.State.REJECTED
    failed = [found["check"] for found in release.verification if not found["passed"]]
    assert any(name.startswith(check) for name in failed), failed


def test_a_period_tells_the_error_of_its_noise() -> None:
    many_incidents(600)
    release_due(CITY, as_of=NOW)

    def width(row: PublishedCount) -> int:
        return row.high - row.low if row.noisy_count >= 20 else 0

    month = PublishedCount.objects.filter(statistic="city-month")
    assert all(row.high == max(row.noisy_count + 6, 0) for row in month)
    assert all(row.low == max(row.noisy_count - 6, 0) for row in month)
    city = PublishedCount.objects.filter(district_slug="", statistic="district-quarter")
    assert {width(row) for row in city if row.noisy_count >= 20} <= {20}  # three draws


def test_a_gate_of_another_day_draws_nothing_anew() -> None:
    many_incidents(400)
    release_due(CITY, as_of=NOW)
    before = sorted(NoiseDraw.objects.values_list(*DRAW, "noisy_count"))

    made = by_dataset(release_due(CITY, as_of=NOW + DAY))

    assert not {"sensitive-totals", "privacy-budget"} & set(made)
    assert sorted(NoiseDraw.objects.values_list(*DRAW, "noisy_count")) == before
