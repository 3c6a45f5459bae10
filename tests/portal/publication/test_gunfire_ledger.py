"""The gunfire ledger and the outcomes of alerts, from the vault to the files, against plain recounts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from incidents.models import (
    Address,
    AlertCall,
    AlertResponse,
    CallForService,
    ConfirmedShooting,
    Incident,
)
from portal.city import City
from portal.feeds.files import file_in
from portal.models import (
    Dataset,
    PublishedCalibration,
    PublishedFigure,
    PublishedGunfire,
    PublishedOutcome,
    Release,
)
from portal.publication.models import Assignment
from portal.publication.releases import release_due, withdraw
from sensors.models import AcousticEvent
from tests.factories.gunfire import answered_alerts, microphones, response, shooting
from tests.factories.private import (
    NOW,
    SOUTH,
    group_of_assaults,
    gunshot,
    incident,
    many_incidents,
    private_city,
)
from tests.portal.publication.spoiling import release_with
from tests.reference import aggregation as intervals
from tests.reference import ledger as reference

CITY = City("Testville", "Testville Police", "America/Chicago", lon=-98.6, lat=39.8)
DAY = dt.timedelta(days=1)
CORRECTION = dt.datetime(2027, 1, 4, 15, tzinfo=dt.UTC)  # a Monday, a quarter has begun

pytestmark = pytest.mark.usefixtures("city")


@pytest.fixture
def city(city_db: None, tmp_path: Path, settings: Any) -> None:
    settings.FILES = tmp_path
    private_city()


def release(as_of: dt.datetime, **options: Any) -> dict[str, Release]:
    made = release_due(CITY, as_of=as_of, **options)
    failed = [check for each in made for check in each.verification if not check["passed"]]
    assert not failed
    return {each.dataset.slug: each for each in made}


def rows(slug: str, folder: Path) -> list[dict[str, str]]:
    current = Dataset.objects.get(slug=slug).current
    assert current is not None
    return reference.read(file_in(folder / slug / str(current.number), "csv"))


def figures(folder: Path) -> dict[tuple[str, str, str], dict[str, str]]:
    lines = rows("gunfire-ledger", folder)
    return {(line["period"], line["district"], line["measure"]): line for line in lines}


def outcome(event: AcousticEvent) -> str | None:
    link = Assignment.objects.get(dataset_slug="gunfire", record_id=event.pk)
    told = PublishedOutcome.objects.filter(public_id=link.public_id, retired_release__isnull=True)
    return told.values_list("outcome", flat=True).first()


# --- outcomes on the rows ---


def test_outcomes_of_a_month_are_told_together_four_weeks_after_its_end() -> None:
    old = gunshot(occurred_at=dt.datetime(2026, 9, 30, 12, tzinfo=dt.UTC))
    young = gunshot(occurred_at=dt.datetime(2026, 10, 1, 12, tzinfo=dt.UTC))
    for event in (old, young):
        response(event, "evidence")

    release(NOW)
    assert (outcome(old), outcome(young)) == ("evidence", None)

    release(NOW + 12 * DAY)  # 28 November, 09:00: October ended 28 days ago at midnight
    release(NOW + 13 * DAY)
    assert outcome(young) == "evidence"


def test_what_comes_later_waits_for_a_correction_day() -> None:
    silent = gunshot(occurred_at=NOW - 60 * DAY)
    changed = gunshot(occurred_at=NOW - 60 * DAY)
    response(changed, "unfounded")
    release(NOW)
    assert (outcome(silent), outcome(changed)) == ("not_reported", "unfounded")

    response(silent, "unconfirmed")
    AlertResponse.objects.filter(event=changed).update(disposition="evidence")
    late = gunshot(occurred_at=NOW - 58 * DAY, detected_at=NOW)
    response(late, "evidence")
    release(NOW + 3 * DAY)
    assert (outcome(silent), outcome(changed)) == ("not_reported", "unfounded")
    assert outcome(late) is None

    release(CORRECTION)
    assert (outcome(silent), outcome(changed)) == ("unconfirmed", "evidence")
    assert outcome(late) == "evidence"


def test_the_first_day_on_which_a_city_supplies_outcomes_waits_for_no_quarter(
    tmp_path: Path,
) -> None:
    events = [gunshot(occurred_at=NOW - (50 + n) * DAY) for n in range(40)]
    release(NOW)
    assert figures(tmp_path)["2026-09", "", "evidence"]["status"] == "not_collected"

    for event in events:
        response(event, "unconfirmed")
    release(NOW + DAY)

    assert {outcome(event) for event in events} == {"unconfirmed"}
    line = figures(tmp_path)["2026-09", "", "evidence"]
    assert (line["status"], line["count"]) == ("told", "0")


def test_alerts_out_of_an_archive_have_no_latency(tmp_path: Path) -> None:
    for n in range(30):
        at = NOW - (50 + n) * DAY
        gunshot(occurred_at=at, detected_at=NOW - DAY)
    release(NOW)

    assert figures(tmp_path)["2026-09", "", "latency"]["status"] == "not_collected"


def test_an_old_edition_still_says_what_it_said(tmp_path: Path) -> None:
    event = gunshot(occurred_at=NOW - 60 * DAY)
    release(NOW)
    response(event, "evidence")
    release(NOW + DAY)

    both = [reference.read(file_in(tmp_path / "gunfire" / str(n), "csv")) for n in (1, 2)]
    assert [lines[0]["outcome"] for lines in both] == ["not_reported", "evidence"]


def test_the_strongest_word_of_several_is_told() -> None:
    from tests.factories.gunfire import review

    dispatch_only, reviewed_only, both, at_odds = (
        gunshot(occurred_at=NOW - 60 * DAY, lat=SOUTH + 0.01 + n / 1_000) for n in range(4)
    )
    response(dispatch_only, "unconfirmed")
    review(reviewed_only, "firework")
    response(both, "unconfirmed")
    review(both, "evidence")
    review(at_odds, "evidence")
    review(at_odds, "unfounded", "reviewer-two")

    release(NOW)

    assert [outcome(event) for event in (dispatch_only, reviewed_only, both, at_odds)] == [
        "unconfirmed",
        "unfounded",
        "evidence",
        "not_reported",
    ]


# --- records that may not be told ---


def late_record(event: AcousticEvent, **values: Any) -> Incident:
    """A record of the same shots that came in after the alert had been released."""
    return incident(
        occurred_from=event.occurred_at,
        lon=event.lon,
        lat=event.lat,
        first_seen_at=NOW,
        **values,
    )


@pytest.mark.parametrize(
    "secret",
    [
        {"category": "domestic", "tier": "2", "location_type": "residence"},
        {"category": "assault", "tier": "1", "is_sealed": True},
        {"category": "assault", "tier": "1"},  # without company: withheld by the group rule
    ],
)
def test_an_outcome_that_would_betray_a_record_is_withheld_and_covered(
    secret: dict[str, Any],
) -> None:
    events = answered_alerts(months=3, a_month=30, until=NOW)
    release(NOW - 70 * DAY)  # the alerts go out, their outcomes do not yet
    public = Assignment.objects.filter(dataset_slug="gunfire").values_list("record_id", flat=True)
    known = [event for event in events if event.pk in set(public)]
    hidden = next(event for event in known if AlertResponse.objects.filter(event=event))
    AlertResponse.objects.filter(event=hidden).update(disposition="evidence")
    late_record(hidden, **secret)

    release(NOW)

    assert outcome(hidden) == "withheld"
    told = PublishedOutcome.objects.filter(retired_release__isnull=True)
    assert told.filter(outcome="withheld").count() == 3
    release(CORRECTION)
    assert outcome(hidden) == "withheld"
    assert told.filter(outcome="withheld").count() == 3


def test_a_record_that_dispatch_names_decides_wherever_it_is() -> None:
    """Four hundred metres off, an hour later: no rule of place and time would find it."""
    event = gunshot(occurred_at=NOW - 60 * DAY)
    assault = group_of_assaults(6, when=event.occurred_at + dt.timedelta(hours=1))[0]
    secret = incident(category="domestic", tier="2", occurred_from=NOW - 60 * DAY)
    other = gunshot(occurred_at=NOW - 60 * DAY, lon=event.lon + 0.01)
    response(event, "evidence", incident=assault)
    response(other, "evidence", incident=secret)

    release(NOW)

    row = PublishedGunfire.objects.get()
    assert row.period == "2026-W38"
    assert not row.place_code
    assert not Assignment.objects.filter(dataset_slug="gunfire", record_id=other.pk).exists()
    assert outcome(event) == "evidence"


def test_sealing_a_record_later_changes_no_outcome_and_no_figure(tmp_path: Path) -> None:
    answered_alerts(months=3)
    many_incidents(400, days=120)
    september = dt.datetime(2026, 9, 2, 12, tzinfo=dt.UTC), dt.datetime(2026, 9, 25, tzinfo=dt.UTC)
    chosen = list(Incident.objects.filter(tier="1", occurred_from__range=september))
    assert len(chosen) > 8
    for record in chosen:
        shooting(record)
    release(NOW)
    before = figures(tmp_path)
    told = dict(PublishedOutcome.objects.values_list("public_id", "outcome"))
    missed = {key: line for key, line in before.items() if key[2] == "missed"}
    assert any(line["value"] for line in missed.values())

    Incident.objects.filter(pk__in=[record.pk for record in chosen[:4]]).update(is_sealed=True)
    release(CORRECTION)

    now = figures(tmp_path)
    assert {key: now[key] for key in missed if "/" not in key[0]} == {
        key: line for key, line in missed.items() if "/" not in key[0]
    }
    after = PublishedOutcome.objects.filter(retired_release__isnull=True)
    assert told.items() <= dict(after.values_list("public_id", "outcome")).items()


# --- the figures ---


def test_every_figure_is_what_a_plain_recount_finds(tmp_path: Path) -> None:
    answered_alerts(months=14)
    release(NOW)

    lines, found = rows("gunfire", tmp_path), figures(tmp_path)
    words = reference.outcomes(lines, CITY.zone)
    months = sorted({month for month, _, _ in found if len(month) == 7})
    assert (months[0], months[-1]) == ("2025-10", "2026-09")
    for month in months:
        for district in ("", "north", "south"):
            said = words[month, district]
            assert int(found[month, district, "alerts"]["count"]) == len(said)
            for measure, (count, n) in reference.shares(said).items():
                line = found[month, district, measure]
                if n:
                    assert (int(line["count"]), int(line["n"])) == (count, n)
                    assert float(line["value"]) == pytest.approx(count / n, abs=1e-4)
                    assert float(line["low"]) <= count / n <= float(line["high"])
                else:
                    assert line["status"] == "none"


def test_every_interval_is_what_trying_finds(tmp_path: Path) -> None:
    answered_alerts(months=4)
    release(NOW)

    lines = [line for line in rows("gunfire-ledger", tmp_path) if line["status"] == "told"]
    counts = [line for line in lines if line["measure"] == "alerts"]
    shares = [line for line in lines if line["unit"] == "share"]
    assert len(counts) > 8
    assert len(shares) > 20
    for line in counts:
        low, high = intervals.poisson_interval(int(line["count"]), 0.95)
        assert float(line["low"]) == pytest.approx(low, abs=0.006)
        assert float(line["high"]) == pytest.approx(high, abs=0.006)
    for line in shares:
        low, high = intervals.wilson_interval(int(line["count"]), int(line["n"]), 1.959964)
        assert float(line["low"]) == pytest.approx(low, abs=1e-4)
        assert float(line["high"]) == pytest.approx(high, abs=1e-4)


def known_of_rows(
    lines: list[dict[str, str]], of: Callable[[AlertResponse], float]
) -> list[tuple[str, str, float]]:
    """Month and district as published, and something that the vault knows of the same alert."""
    record = dict(
        Assignment.objects.filter(dataset_slug="gunfire").values_list("public_id", "record_id")
    )
    answers = {answer.event_id: answer for answer in AlertResponse.objects.select_related("event")}
    return [
        (
            reference.month_of(line, CITY.zone),
            line["district"],
            of(answers[record[line["public_id"]]]),
        )
        for line in lines
        if record[line["public_id"]] in answers and line["outcome"] not in ("", "withheld")
    ]


def test_minutes_and_hours_are_told_in_company_only(tmp_path: Path) -> None:
    answered_alerts(months=14, a_month=24)
    release(NOW)

    lines, found = rows("gunfire", tmp_path), figures(tmp_path)
    minutes = known_of_rows(
        lines, lambda a: (a.on_scene_at - a.event.occurred_at).total_seconds() / 60
    )
    hours = known_of_rows(lines, lambda a: a.officer_minutes / 60)
    _, known = reference.amounts(minutes, 10)
    wanted_medians = reference.medians(known, 10)
    wanted_totals, _ = reference.amounts(hours, 10)
    cells = [key[:2] for key in found if len(key[0]) == 7 and key[2] == "response"]
    assert {found[(*cell, "response")]["status"] for cell in cells} == {"told", "suppressed"}
    for cell in cells:
        median, total = (found[(*cell, measure)] for measure in ("response", "officer_hours"))
        assert (median["status"] == "told") == (cell in wanted_medians)
        assert (total["status"] == "told") == (cell in wanted_totals)
        if cell in wanted_medians:
            assert float(median["value"]) == pytest.approx(wanted_medians[cell], abs=0.26)
            assert float(median["low"]) <= float(median["value"]) <= float(median["high"])
        if cell in wanted_totals:
            assert float(total["value"]) == pytest.approx(wanted_totals[cell], abs=0.51)


def test_what_a_small_city_lacks_in_a_month_it_is_told_of_the_year(tmp_path: Path) -> None:
    answered_alerts(months=23, a_month=4)
    release(NOW)

    found = figures(tmp_path)
    of_year = found["2025", "", "officer_hours"]
    assert of_year["status"] == "told"
    assert int(of_year["n"]) >= 20
    monthly = [
        line for key, line in found.items() if key[2] == "officer_hours" and len(key[0]) == 7
    ]
    assert {line["status"] for line in monthly} <= {"suppressed", "none", "not_supplied"}
    assert ("2026", "", "officer_hours") not in found  # it is not over


def test_a_city_without_dispositions_reads_not_collected_and_never_zero(tmp_path: Path) -> None:
    for n in range(40):
        gunshot(occurred_at=NOW - (50 + n) * DAY)
    release(NOW)

    found = figures(tmp_path)
    for measure in ("evidence", "unfounded", "response", "officer_hours", "missed", "uptime"):
        lines = [line for key, line in found.items() if key[2] == measure]
        assert {line["status"] for line in lines} == {"not_collected"}, measure
        assert {line["value"] for line in lines} == {""}
    assert found["2026-09", "", "alerts"]["value"] != ""


def test_the_ledger_changes_with_a_new_month_and_on_no_other_day(tmp_path: Path) -> None:
    answered_alerts(months=4)
    release(NOW)
    before = figures(tmp_path)
    AlertResponse.objects.update(officer_minutes=600.0)

    assert "gunfire-ledger" not in release(NOW + DAY)
    made = release(NOW + 14 * DAY)  # October is told
    assert "gunfire-ledger" in made
    now = figures(tmp_path)
    assert ("2026-10", "", "alerts") in now
    # And what dispatch corrected of September is not: the difference would be that correction.
    hours = [("2026-09", district, "officer_hours") for district in ("", "south")]
    assert {before[cell]["status"] for cell in hours} == {"told"}
    assert [now[cell] for cell in hours] == [before[cell] for cell in hours]


def test_misses_are_counted_by_their_public_records_alone(tmp_path: Path) -> None:
    answered_alerts(months=3)
    many_incidents(500, days=150)
    when = dt.datetime(2026, 9, 10, tzinfo=dt.UTC)
    public = list(
        Incident.objects.filter(tier="1", occurred_from__range=(when - 5 * DAY, when + 12 * DAY))
    )
    secret = list(Incident.objects.filter(tier="2", occurred_from__gt=NOW - 100 * DAY))
    heard = gunshot(occurred_at=NOW - 90 * DAY)
    for n, record in enumerate([*public, *secret]):
        shooting(record, heard if n % 3 == 0 else None)
    release(NOW)

    told = set(
        Assignment.objects.filter(dataset_slug="incidents").values_list("record_id", flat=True)
    )
    may = [record for record in public if record.pk in told]
    line = figures(tmp_path)["2026-09", "", "missed"]
    assert len(secret) > 5
    assert int(line["n"]) <= len(may)
    assert line["status"] == "told"
    assert int(line["n"]) >= 5


def test_misses_that_were_plainly_wrong_are_counted_anew_after_a_withdrawal(tmp_path: Path) -> None:
    answered_alerts(months=3)
    many_incidents(500, days=120)
    september = dt.datetime(2026, 9, 2, 12, tzinfo=dt.UTC), dt.datetime(2026, 9, 25, tzinfo=dt.UTC)
    wrong = [
        shooting(record)
        for record in Incident.objects.filter(tier="1", occurred_from__range=september)
    ]
    made = release(NOW)["gunfire-ledger"]
    before = figures(tmp_path)["2026-09", "", "missed"]
    assert before["count"] == before["n"] != ""

    heard = gunshot(occurred_at=NOW - 90 * DAY)
    ConfirmedShooting.objects.filter(pk__in=[one.pk for one in wrong]).update(
        event=heard, unlinked_because=""
    )
    withdraw(made, reason="the alerts had not been linked", retire_rows=True)
    release(NOW + DAY)

    after = figures(tmp_path)["2026-09", "", "missed"]
    assert (after["count"], after["n"]) == ("0", before["n"])


def test_uptime_is_told_where_there_are_many_sensors_and_in_hundredths(tmp_path: Path) -> None:
    answered_alerts(months=4)
    start = dt.datetime(2026, 9, 1, 5, tzinfo=dt.UTC)  # midnight in the city
    microphones(9, lat=SOUTH + 0.005, start=start, days=31, silent_from_day=10)
    microphones(5, lat=SOUTH + 0.025, start=start, days=31)
    release(NOW)

    found = figures(tmp_path)
    south, north, city = (found["2026-09", slug, "uptime"] for slug in ("south", "north", ""))
    # The first of nine fell silent after ten of thirty days.
    assert float(south["value"]) == round(1 - 20 / 30 / 9, 2)
    assert north["status"] == "suppressed"
    assert city["value"] == south["value"]  # five sensors are too few to be added
    assert int(city["n"]) == 30
    assert found["2026-08", "", "uptime"]["status"] == "not_supplied"


def test_no_alert_where_no_microphone_listened_is_not_none(tmp_path: Path) -> None:
    for n in range(30):
        gunshot(occurred_at=NOW - (45 + 2 * n) * DAY, lat=SOUTH + 0.03)
    august, september = (dt.datetime(2026, month, 1, 5, tzinfo=dt.UTC) for month in (8, 9))
    microphones(8, lat=SOUTH + 0.005, start=august, days=20)
    microphones(8, lat=SOUTH + 0.025, start=september, days=30)
    release(NOW)

    found = figures(tmp_path)
    south, north = (found["2026-09", slug, "alerts"] for slug in ("south", "north"))
    assert found["2026-09", "south", "uptime"]["value"] == "0"
    assert (south["status"], south["value"], south["count"]) == ("sensor_down", "", "")
    assert north["status"] == "told"


def test_the_curve_is_what_a_reader_counts_in_the_file(tmp_path: Path) -> None:
    answered_alerts(months=13)
    release(NOW)

    curve = rows("gunfire-calibration", tmp_path)
    first, last = curve[0]["period"].split("/")
    lines = [
        line
        for line in rows("gunfire", tmp_path)
        if line["outcome"] and first <= reference.month_of(line, CITY.zone) <= last
    ]
    assert len(curve) == 5
    for step in curve:
        low, high = int(step["stated_from_pct"]), int(step["stated_to_pct"])
        mine = [line["outcome"] for line in lines if low <= int(line["confidence_pct"]) <= high]
        assert int(step["n_evidence"]) == mine.count("evidence")
        assert int(step["n"]) == mine.count("evidence") + mine.count("unfounded")
        assert int(step["n_unconfirmed"]) == mine.count("unconfirmed")
        share = 100 * int(step["n_evidence"]) / int(step["n"])
        assert float(step["observed_pct"]) == pytest.approx(share, abs=0.06)
        assert float(step["low_pct"]) <= share <= float(step["high_pct"])


def test_a_city_whose_provider_states_no_probability_has_no_curve() -> None:
    for n in range(30):
        event = gunshot(provider="vendor", probability=None, occurred_at=NOW - (50 + n) * DAY)
        response(event, "evidence")

    assert "gunfire-calibration" not in release(NOW)
    assert not PublishedCalibration.objects.exists()


def test_alerts_about_which_somebody_called_are_told_as_a_share(tmp_path: Path) -> None:
    events = [gunshot(occurred_at=NOW - (50 + n) * DAY) for n in range(24)]
    for event in events[:6]:
        call = CallForService.objects.create(
            source="calls",
            source_id=f"c{event.pk}",
            call_type="SHOTS",
            received_at=event.occurred_at,
        )
        AlertCall.objects.create(call=call, event=event, separation_m=40.0, separation_s=30.0)
    release(NOW)

    line = figures(tmp_path)["2026-09", "", "called"]
    september = [event for event in events if event.occurred_at.month == 9]
    assert int(line["n"]) == len(september)
    assert int(line["count"]) == sum(event in events[:6] for event in september)


def test_the_release_says_what_the_alerts_were_made_with() -> None:
    answered_alerts(months=3)
    AcousticEvent.objects.update(core_version="0.2.0", classifier_version="here-4")

    made = release(NOW)["gunfire-ledger"]

    assert made.made_with == {"detector": ["0.2.0"], "classifier": ["here-4"]}
    assert PublishedFigure.objects.filter(first_release=made.number).count() == made.n_added
    assert Address.objects.exists()


# --- each check catches the defect that it is there for ---


OUTCOME = "UPDATE release.gunfire_outcome SET outcome = "
FIGURE = "UPDATE release.gunfire_figure SET "
DEFECTS = [
    ("gunfire", OUTCOME + "'evidence' WHERE outcome = 'withheld'", "no outcome is told beside"),
    (
        "gunfire",
        "DELETE FROM release.gunfire_outcome WHERE outcome = 'withheld' AND public_id NOT IN "
        "(SELECT public_id FROM vault.publication_assignment WHERE dataset_slug = 'gunfire' "
        "AND record_id = (SELECT event_id FROM vault.incidents_alertresponse WHERE source_id = 'secret'))",
        "each outcome that is withheld",
    ),
    (
        "gunfire-ledger",
        FIGURE + "count = count + 1 WHERE measure = 'evidence' AND status = 'told'",
        "the ledger counts",
    ),
    (
        "gunfire-ledger",
        FIGURE + "n = 9 WHERE measure = 'response' AND status = 'told'",
        "no number rests on fewer",
    ),
    (
        "gunfire-ledger",
        FIGURE
        + "n = n + 4 WHERE measure = 'officer_hours' AND district_slug = '' AND status = 'told'",
        "no number rests on fewer",
    ),
    (
        "gunfire-ledger",
        FIGURE + "status = 'told', value = 0.9876, n = 30 WHERE measure = 'uptime'",
        "no number rests on fewer",
    ),
    (
        "gunfire-calibration",
        "UPDATE release.gunfire_calibration SET n_evidence = n_evidence + 3",
        "each step of the curve",
    ),
]


@pytest.mark.parametrize(("dataset", "defect", "check"), DEFECTS)
def test_a_spoilt_ledger_does_not_go_out(
    dataset: str, defect: str, check: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = answered_alerts(months=3)
    release_due(CITY, as_of=NOW - 70 * DAY)
    public = set(
        Assignment.objects.filter(dataset_slug="gunfire").values_list("record_id", flat=True)
    )
    hidden = next(
        event
        for event in events
        if event.pk in public and AlertResponse.objects.filter(event=event).exists()
    )
    AlertResponse.objects.filter(event=hidden).update(disposition="evidence", source_id="secret")
    late_record(hidden, category="domestic", tier="2")

    made = release_with(defect, dataset, monkeypatch, as_of=NOW, city=CITY)

    assert made.state == Release.State.REJECTED
    failed = [found["check"] for found in made.verification if not found["passed"]]
    assert any(name.startswith(check) for name in failed), failed


@pytest.mark.parametrize("measure", ["missed", "officer_hours"])
def test_what_was_told_once_and_changes_does_not_go_out(
    measure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered_alerts(months=3)
    many_incidents(500, days=120)
    for record in Incident.objects.filter(tier="1", occurred_from__lt=NOW - 50 * DAY):
        shooting(record)
    release(NOW)
    assert PublishedFigure.objects.filter(measure=measure, status="told").exists()
    forget = f"{FIGURE} retired_release = 2 WHERE measure = '{measure}' AND status = 'told'"

    made = release_with(forget, "gunfire-ledger", monkeypatch, as_of=CORRECTION, city=CITY)

    assert made.state == Release.State.REJECTED
    failed = [found["check"] for found in made.verification if not found["passed"]]
    assert "what can be told once stays as it is" in failed
