"""Counts of sensitive incidents: each vector drawn once, in one draw per statistic, within a lifetime."""

from __future__ import annotations

import csv
import datetime as dt
import random
import secrets
from collections import Counter
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from django.db import connections, transaction

from incidents.codes import CATEGORIES
from incidents.models import Area, Incident
from portal.city import City
from portal.feeds.files import file_of
from portal.models import PublishedCharge, PublishedCount, PublishedIncident, Release
from portal.publication import budget_checks, totals
from portal.publication.budget import public_charges
from portal.publication.builders import build_budget
from portal.publication.decisions import Gate
from portal.publication.disclosure import GROUPS, Purpose, Rules, sensitive_groups
from portal.publication.models import CountedIncident, NoiseDraw
from portal.publication.releases import release_due
from portal.publication.sources import SENSITIVE_GROUP
from portal.publication.verification import CHECKS, Check
from tests.factories.private import NOW, incident, many_incidents, private_city
from tests.portal.publication.spoiling import release_with
from tests.reference import budget as reference
from tests.reference.disclosure import sum_margin as reference_margin

CITY = City("Testville", "Testville Police", "America/Chicago", lon=-98.6, lat=39.8)
DAY = dt.timedelta(days=1)


def utc(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=dt.UTC)  # type: ignore[arg-type,misc]


DRAW = ("statistic", "period", "district_slug", "category_group")


@pytest.fixture(autouse=True)
def city(city_db: None, tmp_path: Path, settings: Any) -> None:
    settings.FILES = tmp_path
    private_city()


@pytest.fixture
def without_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts as they are, so that what is counted can be checked."""
    monkeypatch.setattr(totals, "draw_discrete_laplace", lambda counts, epsilon: np.array(counts))


def collected(*, since: dt.datetime, until: dt.datetime) -> None:
    """Public rows of every day of a span, by which the gate knows that it was collected."""
    days = (until - since).days
    PublishedIncident.objects.bulk_create(
        PublishedIncident(
            public_id=secrets.token_hex(12),
            category="theft",
            precision="city",
            period=f"{at:%Y-%m-%d}T12/PT6H",
            starts_at=at,
            ends_at=at + dt.timedelta(hours=6),
            first_release=1,
        )
        for at in (since + n * DAY for n in range(days))
    )


def gate_of(as_of: dt.datetime, **rules: Any) -> Gate:
    districts: Any = SimpleNamespace(cell_district=["", "north", "south"])
    nothing: Any = None
    return Gate(Rules(**rules), CITY.zone, as_of, districts, nothing, is_first=False)


def tell(as_of: dt.datetime, **rules: float) -> None:
    """What a release of that day adds to the totals, without the rest of a release."""
    rows = totals.due_totals(gate_of(as_of, **rules))
    for row in rows:
        row.first_release = 1
    PublishedCount.objects.bulk_create(rows)


def counts_of(statistic: str, period: str) -> dict[tuple[str, str], int]:
    rows = PublishedCount.objects.filter(statistic=statistic, period=period)
    return {(row.district_slug, row.category_group): row.noisy_count for row in rows}


def by_dataset(made: list[Release]) -> dict[str, Release]:
    return {release.dataset.slug: release for release in made}


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
    lost = incident(category="domestic", tier="2", occurred_from=utc(2026, 8, 3))
    Incident.objects.filter(pk=lost.pk).update(district=None)
    collected(since=utc(2024, 12, 1), until=NOW)

    tell(NOW)

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

    by_district, by_group = {"by_district": True, "by_group": False}, {"by_group": True}
    for statistic, period, year, months, how in (
        ("district-quarter", "2026-Q3", 2026, range(7, 10), by_district),
        ("groups", "2026-Q3", 2026, range(7, 10), by_district | by_group),
        ("city-month", "2026-09", 2026, range(9, 10), by_group | {"by_district": False}),
        ("revision", "2025", 2025, range(1, 13), by_district),
    ):
        wanted, found = Counter(recount(year, months, **how)), counts_of(statistic, period)
        if how == by_district:
            assert found.pop(("", "sensitive")) == sum(wanted.values())
            del wanted["-", "sensitive"]
        assert sum(found.values()) > 2
        assert +Counter(found) == +wanted, statistic
    assert {group for _, group in counts_of("groups", "2026-Q3")} == set(GROUPS)


@pytest.mark.parametrize(
    ("day", "due"),
    [
        (utc(2026, 6, 14, 20), {"city-month": "2026-03", "district-quarter": "2026-Q1"}),
        (utc(2026, 6, 15, 20), {"city-month": "2026-04", "district-quarter": "2026-Q1"}),
        (utc(2026, 6, 29, 20), {"city-month": "2026-04", "revision": None}),
        (utc(2026, 6, 30, 20), {"city-month": "2026-04", "revision": "2025"}),
        (utc(2026, 8, 14, 20), {"city-month": "2026-05", "groups": "2026-Q1"}),
        (utc(2026, 8, 15, 20), {"city-month": "2026-06", "groups": "2026-Q2"}),
    ],
)
def test_a_period_is_counted_when_it_is_due_and_not_before(
    day: dt.datetime, due: dict[str, str | None]
) -> None:
    collected(since=utc(2024, 12, 1), until=day)

    tell(day)

    for statistic, newest in due.items():
        periods = PublishedCount.objects.filter(statistic=statistic).values_list(
            "period", flat=True
        )
        assert max(periods, default=None) == newest


def test_a_month_or_year_that_was_not_collected_whole_is_not_counted() -> None:
    collected(since=utc(2025, 2, 20), until=utc(2026, 3, 10))

    tell(NOW)

    periods = set(PublishedCount.objects.values_list("statistic", "period"))
    assert ("revision", "2025") not in periods  # its first quarter was not
    months = sorted(period for statistic, period in periods if statistic == "city-month")
    assert (months[0], months[-1]) == ("2025-03", "2026-02")


# --- once, and never again ---


def test_totals_are_drawn_once_and_add_up() -> None:
    many_incidents(600)
    made = by_dataset(release_due(CITY, as_of=NOW))
    assert made["sensitive-totals"].state == Release.State.ACTIVE
    columns = (*DRAW, "noisy_count", "low", "high", "epsilon")
    before = set(PublishedCount.objects.values_list(*columns))
    quarterly = {row[1] for row in before if row[0] == "district-quarter"}
    assert quarterly == {"2026-Q1", "2026-Q2", "2026-Q3"}

    many_incidents(150, until=NOW + 45 * DAY, days=46)
    collected(since=NOW - 20 * DAY, until=NOW + 60 * DAY)
    tell(NOW + 100 * DAY)

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
    collected(since=NOW - 365 * DAY, until=NOW + 60 * DAY)
    tell(NOW)
    quarter = CountedIncident.objects.filter(statistic="district-quarter", period="2026-Q3")
    moved = quarter.earliest("record_id").record_id
    Incident.objects.filter(pk=moved).update(occurred_from=NOW - 20 * DAY)

    tell(NOW + 100 * DAY)

    periods = CountedIncident.objects.filter(record_id=moved).values_list("statistic", "period")
    assert dict(periods)["district-quarter"] == "2026-Q3"
    assert NoiseDraw.objects.filter(period="2026-Q4", statistic="district-quarter").count() == 3


def test_the_yearly_revision_takes_in_what_came_late_or_was_reclassified(
    without_noise: None,
) -> None:
    many_incidents(1_000, days=800)
    collected(since=utc(2024, 12, 1), until=NOW)
    tell(utc(2026, 4, 1))
    before = counts_of("district-quarter", "2025-Q4")
    incident(
        category="domestic", tier="2", occurred_from=utc(2025, 11, 5), first_seen_at=utc(2026, 4, 2)
    )
    thefts = Incident.objects.filter(category="theft", occurred_from__year=2025)
    reclassified = thefts.filter(district__slug="north").earliest("pk")
    Incident.objects.filter(pk=reclassified.pk).update(victim_flags="juvenile")

    tell(utc(2026, 7, 10))

    assert counts_of("district-quarter", "2025-Q4") == before
    in_2025 = [
        row for row in Incident.objects.filter(district__slug="north")
        if row.occurred_from.astimezone(CITY.zone).year == 2025
    ]  # fmt: skip
    sensitive = [
        row for row in in_2025 if row.category in ("domestic", "sexual-offence", "mystery")
    ]
    assert counts_of("revision", "2025")["north", "sensitive"] == len(sensitive) + 1


# --- the budget ---


@pytest.mark.parametrize("seed", range(2))
def test_whatever_happens_to_records_none_spends_more_than_its_lifetime(seed: int) -> None:
    """Late arrivals, other dates, other districts, other categories, and a city that changes its mind."""
    chance = random.Random(seed)
    districts = list(Area.objects.filter(kind="district"))
    many_incidents(500, days=720, seed=seed)
    collected(since=utc(2024, 12, 1), until=NOW + 300 * DAY)
    shares = [f"epsilon_{purpose.name.lower()}" for purpose in Purpose]
    for n in range(9):
        strict = dict.fromkeys(shares, 0.2) | {"epsilon_lifetime": 0.8}
        rules = strict if n in (2, 5) else {"epsilon_groups": 0.25} if n == 3 else {}
        tell(NOW - (420 - 75 * n) * DAY, **rules)
        moved = chance.sample(list(Incident.objects.all()), 150)
        for row in moved:
            row.occurred_from += chance.choice([-400, -90, -30, 30, 90, 200]) * DAY
            row.category = chance.choice(["domestic", "sexual-offence", "theft", "overdose"])
            row.tier = "2" if row.category != "theft" else "0a"
            row.district = chance.choice(districts)
        Incident.objects.bulk_update(moved, ["occurred_from", "category", "tier", "district"])
        many_incidents(40, until=NOW - (350 - 75 * n) * DAY, days=300, seed=100 * seed + n)

    spent = spent_again()
    assert Fraction(3, 2) < max(spent.values()) <= 2  # some were in every kind of draw
    once = CountedIncident.objects.values("record_id", "statistic").distinct().count()
    assert once == CountedIncident.objects.count()
    statistics = NoiseDraw.objects.values_list("statistic", flat=True).distinct()
    assert set(statistics) == {purpose.value for purpose in Purpose}


def test_a_city_that_became_stricter_draws_nothing_for_those_who_spent_more() -> None:
    """Some were counted under looser rules; another period's draw leaves them out, whoever they are."""
    many_incidents(600, days=500)
    collected(since=utc(2024, 12, 1), until=NOW + 300 * DAY)
    tell(NOW - 100 * DAY)
    spenders = spent_again()
    Incident.objects.update(
        occurred_from=NOW + 5 * DAY
    )  # a clerk's mistake: all of another quarter
    Incident.objects.filter(pk__in=list(spenders)).update(category="domestic", tier="2")
    CountedIncident.objects.filter(
        statistic="groups"
    ).delete()  # as if they had never been in these

    tell(NOW + 120 * DAY, epsilon_lifetime=0.8, epsilon_district_quarter=0.2, epsilon_groups=0.2,
         epsilon_city_month=0.2, epsilon_revision=0.2)  # fmt: skip

    counted = CountedIncident.objects.filter(statistic="groups", period="2026-Q4")
    assert counted.exists()
    assert not set(counted.values_list("record_id", flat=True)) & set(spenders)


def test_the_public_budget_tells_every_charge_and_what_is_left() -> None:
    many_incidents(600)

    made = by_dataset(release_due(CITY, as_of=NOW))

    with file_of(made["privacy-budget"], "csv").open(newline="") as file:
        rows = {(row["statistic"], row["period"]): row for row in csv.DictReader(file)}
    quarter = rows["groups", "2026-Q2"]
    assert (quarter["unit"], quarter["epsilon"], quarter["share"]) == ("one incident", "0.5", "0.5")
    assert (float(quarter["spent"]), float(quarter["lifetime"])) == (1.5, 2.0)
    assert len(rows) == NoiseDraw.objects.values("statistic", "period").distinct().count()
    again = by_dataset(release_due(CITY, as_of=NOW + DAY))
    assert not {"sensitive-totals", "privacy-budget"} & set(again)


def test_a_charge_says_what_has_been_spent_since() -> None:
    many_incidents(300, days=800)
    collected(since=utc(2024, 12, 1), until=NOW)
    for number, day in ((1, utc(2026, 6, 1)), (2, utc(2026, 7, 18))):
        tell(day)
        build_budget(gate_of(day))(number)

    charges = PublishedCharge.objects.filter(statistic="groups", period="2025-Q4")
    assert sorted(charges.values_list("spent", "retired_release")) == [(1.5, 2), (2.0, None)]


def test_a_total_tells_the_error_of_its_noise() -> None:
    many_incidents(300)
    collected(since=NOW - 365 * DAY, until=NOW)

    tell(NOW)

    margins = {draws: reference_margin(0.5, 0.95, draws) for draws in (1, 3)}
    for row in PublishedCount.objects.all():
        is_sum = row.statistic in ("district-quarter", "revision") and not row.district_slug
        margin = margins[3 if is_sum else 1]
        assert (row.low, row.high) == tuple(max(row.noisy_count + m, 0) for m in (-margin, margin))


TOTAL, CHARGE = "release.sensitive_count", "release.privacy_charge"
AS_DRAWN, ERROR = "every total is a draw", "every total tells its"
CHARGED, LIFETIME = "every draw is in", "no incident has spent"
DEFECTS = [
    (f"UPDATE {TOTAL} SET noisy_count = noisy_count + 1", AS_DRAWN),
    (f"UPDATE {TOTAL} SET epsilon = 1", AS_DRAWN),
    ("UPDATE vault.publication_noisedraw SET epsilon = 1", AS_DRAWN),
    (f"DELETE FROM {TOTAL} WHERE district_slug = '' AND period = '2026-Q3'", AS_DRAWN),
    (f"DELETE FROM {TOTAL} WHERE category_group = 'sexual' AND period = '2026-09'", AS_DRAWN),
    (f"UPDATE {TOTAL} SET low = high + 1", ERROR),  # whatever was drawn
    (f"DELETE FROM {CHARGE} WHERE statistic = 'groups'", CHARGED),
    (f"UPDATE {CHARGE} SET epsilon = 0.1", CHARGED),
    (f"UPDATE {CHARGE} SET spent = 2.5", LIFETIME),
    ("UPDATE vault.publication_countedincident SET epsilon = 0.9", LIFETIME),
]


def failing() -> list[str]:
    release: Any = SimpleNamespace(number=1)
    verdicts = [
        budget_checks.totals_are_as_drawn(release, Rules()),
        budget_checks.totals_tell_their_error(release),
        budget_checks.every_draw_is_charged(release),
        budget_checks.nobody_spends_more_than_a_lifetime(release, Rules()),
    ]
    return [check for check, passed, _ in verdicts if not passed]


def test_each_check_catches_its_defect() -> None:
    many_incidents(300)
    collected(since=NOW - 365 * DAY, until=NOW)
    tell(NOW)
    charges = public_charges(Rules())
    for charge in charges:
        charge.first_release = 1
    PublishedCharge.objects.bulk_create(charges)
    assert not failing()

    for defect, check in DEFECTS:
        with transaction.atomic(using="publisher"):
            with connections["publisher"].cursor() as cursor:
                cursor.execute(defect)
                assert cursor.rowcount > 0, defect
            assert any(name.startswith(check) for name in failing()), defect
            transaction.set_rollback(True, using="publisher")


@pytest.mark.parametrize(("lifetime", "is_kept"), [(3.0, True), (2.0, False)])
def test_what_an_override_let_an_incident_spend_stays_spent_and_told(
    lifetime: float, is_kept: bool
) -> None:
    PublishedCharge.objects.create(
        statistic="groups", period="2026-Q2", epsilon=1.0, share=1.0, spent=2.5, lifetime=lifetime,
        first_release=1,
    )  # fmt: skip
    later: Any = SimpleNamespace(number=2)

    _, passed, _ = budget_checks.nobody_spends_more_than_a_lifetime(later, Rules())

    assert passed == is_kept


@pytest.mark.parametrize(
    ("dataset", "defect"), [("sensitive-totals", DEFECTS[0][0]), ("privacy-budget", DEFECTS[8][0])]
)
def test_a_spoilt_total_or_charge_does_not_go_out(
    dataset: str, defect: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    many_incidents(300)

    release = release_with(defect, dataset, monkeypatch)

    assert release.state == Release.State.REJECTED
