"""Numbers of the gunfire ledger that leave a few alerts when taken off each other: planted, and not let out."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.models import AlertResponse
from portal.models import PublishedFigure, Release
from portal.publication import releases
from portal.publication.audit.attacks.subtraction import fewest_left
from portal.publication.numbers import Number, share_of, total_of
from portal.publication.releases import release_due
from sensors.models import AcousticEvent
from tests.factories.gunfire import response, review
from tests.factories.private import NOW, SOUTH, gunshot, private_city
from tests.portal.publication.audit.planting import CITY, Plant, execute, release_with, stopped_by
from tests.reference.subtraction import few_left

DAY = dt.timedelta(days=1)
BEFORE = NOW - 20 * DAY  # September is not told yet
HOURS, PART = "officer_hours", "officer_hours_unconfirmed"


@pytest.fixture(scope="module", autouse=True)
def town(module_db: Path) -> None:
    """August is told; September's alerts and outcomes are, and its ledger is due."""
    private_city()
    _august()
    _september()
    assert {release.state for release in release_due(CITY, as_of=BEFORE)} == {"active"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(releases, "RECORDS", ("gunfire",))
        assert {release.state for release in release_due(CITY, as_of=NOW)} == {"active"}


def alert(month: int, n: int, *, in_south: bool = True) -> AcousticEvent:
    at = dt.datetime(2026, month, 2, 17, tzinfo=dt.UTC) + n * DAY
    return gunshot(occurred_at=at, lat=SOUTH + (0.01 if in_south else 0.03))


def _august() -> None:
    """Nine alerts without a finding, one more whose hours come in late, and ten with one."""
    for n in range(20):
        minutes = None if n == 0 else 60.0 * n
        response(alert(8, n), "unconfirmed" if n < 10 else "evidence", officer_minutes=minutes)


def _september() -> None:
    """Fifteen alerts in the south, with a finding at one; five in the north. Nine and four were reviewed."""
    for n in range(20):
        in_south = n < 15
        event = alert(9, n, in_south=in_south)
        response(event, "evidence" if n == 14 else "unconfirmed", officer_minutes=60.0 * (n + 1))
        if n < 9 or n >= 16:
            review(event, "no_evidence")


def tell(measure: str, period: str, number: Number) -> str:
    """A number of the city where the gate tells none."""
    values = {"value": number.value, "low": number.low, "high": number.high, "count": number.count,
              "n": number.n}  # fmt: skip
    told = ", ".join(f"{k} = {'NULL' if v is None else v}" for k, v in values.items())
    return (
        f"UPDATE release.gunfire_figure SET status = 'told', {told} WHERE measure = '{measure}' "
        f"AND period = '{period}' AND district_slug = '' AND retired_release IS NULL AND status = 'suppressed'"
    )


def ledger_with(monkeypatch: pytest.MonkeyPatch, rows: Plant | str | None) -> Release:
    return release_with(monkeypatch, "gunfire-ledger", rows=rows, as_of=NOW)


def test_hours_that_leave_those_of_one_alert(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fourteen of the fifteen alerts of the south."""
    leaky = total_of(np.arange(1.0, 15.0), step=1.0)

    assert stopped_by(ledger_with(monkeypatch, tell(PART, "2026-09", leaky))) == {"ledger-sums"}


def test_reviews_that_leave_those_of_a_few_alerts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirteen were reviewed, nine of the south as everybody is told: so four of the north."""
    leaky = share_of(np.zeros(13, bool))

    assert stopped_by(ledger_with(monkeypatch, tell("overridden", "2026-09", leaky))) == {
        "ledger-sums"
    }


def test_a_number_that_its_alerts_do_not_give(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = (
        "UPDATE release.gunfire_figure SET value = value + 1 WHERE measure = 'officer_hours' "
        "AND period = '2026-09' AND retired_release IS NULL AND status = 'told'"
    )

    assert stopped_by(ledger_with(monkeypatch, wrong)) == {"ledger-sums"}


def test_hours_that_came_in_since_the_others_were_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Told with nine and ten, August now has ten and ten; the new number would tell that one alert's hours."""
    late = AlertResponse.objects.filter(event__occurred_at__month=8, officer_minutes=None)
    (pk,) = late.values_list("pk", flat=True)
    late.update(officer_minutes=480.0)
    leaky = total_of(np.array([8.0, *range(1, 10)]), step=1.0)

    def plant(release: Release) -> None:
        its_own = f"measure = '{PART}' AND period = '2026-08' AND district_slug = ''"
        columns = "period, district_slug, measure, status, unit"
        execute(
            f"UPDATE release.gunfire_figure SET retired_release = {release.number} WHERE {its_own}"
        )
        execute(
            f"INSERT INTO release.gunfire_figure ({columns}, first_release) "
            f"SELECT {columns}, {release.number} FROM release.gunfire_figure WHERE {its_own}"
        )
        execute(tell(PART, "2026-08", leaky))

    try:
        release = ledger_with(monkeypatch, plant)
    finally:
        AlertResponse.objects.filter(pk=pk).update(officer_minutes=None)

    assert stopped_by(release) == {"ledger-sums"}


def test_the_same_ledger_as_the_gate_makes_it_goes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[tuple[str, str], int | None] = {}

    def take_back(release: Release, **_: object) -> None:
        figures = PublishedFigure.objects.filter(
            retired_release=None, district_slug="", status="told"
        )
        told.update({(figure.period, figure.measure): figure.n for figure in figures})
        releases.reject(release)  # the others find the town as it was

    with monkeypatch.context() as patch:
        patch.setattr(releases, "_activate", take_back)
        release = ledger_with(monkeypatch, None)

    assert told["2026-08", HOURS] == 19
    assert told["2026-09", HOURS] == 15
    assert told["2026-09", "reviewed"] == 15
    assert not {(f"2026-0{month}", name) for month in (8, 9) for name in (PART, "overridden")} & {
        *told
    }
    (found,) = [
        row
        for check in release.verification
        for row in check.get("audit", [])
        if row["attack"] == "ledger-sums"
    ]
    assert (found["status"], found["measured"], found["n"]) == ("passed", None, None)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.integers(-1, 2), st.integers(-1, 3)), min_size=1, max_size=14),
)
def test_the_attack_leaves_as_few_as_trying_finds(alerts: list[tuple[int, int]]) -> None:
    one, other = (np.array(part) for part in zip(*alerts, strict=True))

    found = fewest_left(one, other, judged=np.ones(len(one), bool))

    told = [
        *((one == n).nonzero()[0] for n in range(3)),
        *((other == n).nonzero()[0] for n in range(4)),
    ]
    sums = [set(each.tolist()) for each in told if each.size]
    enough = next((n for n in range(1, len(one) + 2) if few_left(sums, least=n)), None)
    assert found == (None if enough is None else enough - 1)
