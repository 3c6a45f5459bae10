import collections
import csv
import datetime as dt
import io
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from shapely import Point

from incidents.codes import CATEGORIES
from incidents.simulation import (
    CALL_TYPES,
    OFFENSES,
    SENSITIVE_CATEGORIES,
    simulate_calls,
    simulate_incidents,
)
from sensors.simulation.city import FULL_CITY, SMALL_CITY, build_city
from sensors.simulation.gunfire import loud_events

UNTIL = dt.datetime(2026, 11, 20, 6, 13, tzinfo=dt.UTC)
ZONE = ZoneInfo("America/Chicago")
SHARED_VOCABULARY = {
    "theft", "vehicle-theft", "theft-from-vehicle", "burglary", "robbery", "assault", "vandalism",
    "drugs", "weapons", "fraud", "disorder", "noise", "traffic-collision", "gunfire", "trespass",
    "other", "homicide", "sexual-offence", "domestic", "child", "suicide-self-harm", "mental-health",
    "overdose", "trafficking", "hate",
}  # fmt: skip


@pytest.fixture(scope="module")
def city():
    return build_city(7, plan=FULL_CITY)


@pytest.fixture(scope="module")
def events(city):
    return loud_events(city, 7, until=UNTIL)


@pytest.fixture(scope="module")
def incidents(city, events):
    return simulate_incidents(city, 7, until=UNTIL, events=events)


@pytest.fixture(scope="module")
def calls(city, events, incidents):
    return simulate_calls(city, 7, until=UNTIL, events=events, incidents=incidents)


@pytest.fixture(scope="module")
def small():
    """Everything twice for a small city."""

    def make():
        city = build_city(3, plan=SMALL_CITY)
        events = loud_events(city, 3, until=UNTIL)
        incidents = simulate_incidents(city, 3, until=UNTIL, events=events)
        return incidents, simulate_calls(city, 3, until=UNTIL, events=events, incidents=incidents)

    return make(), make()


def local_times(instants):
    return [dt.datetime.fromtimestamp(int(t), ZONE) for t in instants]


def as_csv(columns):
    out = io.StringIO()
    csv.writer(out).writerows(zip(*columns.values(), strict=True))
    return out.getvalue()


def test_the_code_table_speaks_the_shared_vocabulary():
    codes = [offense.code for offense in OFFENSES]

    assert {offense.category for offense in OFFENSES} == SHARED_VOCABULARY
    assert set(CATEGORIES) >= SHARED_VOCABULARY
    assert len(set(codes)) == len(codes)
    for offense in OFFENSES:
        assert offense.is_sensitive == (CATEGORIES[offense.category].tier == "2")
        assert offense.is_sensitive == (offense.category in SENSITIVE_CATEGORIES)


def test_the_same_seed_gives_the_same_bytes(small):
    (incidents, calls), (incidents_again, calls_again) = small

    assert as_csv(incidents.columns) == as_csv(incidents_again.columns)
    assert as_csv(calls.columns) == as_csv(calls_again.columns)
    assert len(incidents.category) == pytest.approx(700, rel=0.1)


def test_there_are_as_many_rows_as_a_city_of_that_size_has(incidents, calls):
    assert 12_000 <= len(incidents.category) <= 16_000
    assert len(calls.received_s) == pytest.approx(60_000, rel=0.02)
    for columns in (incidents.columns, calls.columns):
        assert len({len(column) for column in columns.values()}) == 1
        assert all(isinstance(value, str) for column in columns.values() for value in column[:50])


def test_rows_come_in_order_of_report_and_numbers_do_not_repeat(incidents, calls):
    numbers = incidents.columns["REPORT_NUMBER"]

    assert (np.diff(incidents.reported_s) >= -3600).all()  # the hour that occurs twice in autumn
    assert (np.diff(calls.received_s) >= -3600).all()
    assert numbers == sorted(numbers)
    assert len(set(numbers)) == len(numbers)
    assert len(set(calls.columns["CALL_NUMBER"])) == len(calls.received_s)


def test_nothing_is_reported_in_the_future_or_before_it_happened(incidents, calls):
    assert incidents.reported_s.max() <= UNTIL.timestamp()
    assert (incidents.reported_s >= incidents.occurred_s - 3600).all()
    assert incidents.occurred_s.min() > (UNTIL - dt.timedelta(days=733)).timestamp()
    assert calls.received_s.max() <= UNTIL.timestamp()
    latest = UNTIL.astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S")
    for stage in ("RECEIVED", "DISPATCHED", "ARRIVED", "CLEARED"):
        assert max(calls.columns[stage]) <= latest


def test_local_times_agree_with_the_instants(incidents):
    shown = incidents.columns["REPORTED"]

    for row in range(0, len(shown), 500):
        local = local_times([incidents.reported_s[row]])[0]
        assert local.strftime("%m/%d/%Y %H:%M") == shown[row]


def test_about_a_tenth_is_of_sensitive_categories(incidents):
    share = np.mean(np.isin(incidents.category, list(SENSITIVE_CATEGORIES)))

    assert 0.08 < share < 0.12
    assert set(incidents.category) >= SENSITIVE_CATEGORIES


def test_some_doors_see_far_more_than_their_share(city, incidents):
    at_door = incidents.address[incidents.address >= 0]
    count = np.bincount(at_door, minlength=len(city.lon))

    assert count.max() >= 20
    assert np.sum(count > 0) < 0.2 * len(count)  # most doors see nothing in two years
    assert np.sort(count)[-len(count) // 20 :].sum() > 0.45 * count.sum()


def test_burglaries_come_again_soon_and_near(incidents):
    rows = np.flatnonzero(incidents.category == "burglary")
    x, y, day = incidents.x[rows], incidents.y[rows], incidents.occurred_s[rows] / 86_400
    near = np.hypot(x[:, None] - x, y[:, None] - y) < 150.0
    soon = np.abs(day[:, None] - day) < 14.0
    pairs = ~np.eye(len(rows), dtype=bool)

    observed = np.sum(near & soon & pairs)
    expected = np.sum(near & pairs) * np.sum(soon & pairs) / pairs.sum()  # Knox, if independent
    assert observed > 2.0 * expected


def test_weeks_days_and_seasons_have_their_pattern(incidents):
    times = np.array(local_times(incidents.occurred_s))
    hour = np.array([t.hour for t in times])
    weekday = np.array([t.weekday() for t in times])
    month = np.array([t.month for t in times])
    fights = incidents.category == "assault"
    collisions = incidents.category == "traffic-collision"
    homes = incidents.category == "burglary"

    assert np.mean(np.isin(weekday[fights], [4, 5, 6])) > 3 / 7 * 1.2
    assert np.mean((hour[fights] >= 20) | (hour[fights] < 3)) > 0.4
    assert np.mean(np.isin(hour[collisions], [7, 8, 16, 17])) > 0.25
    assert np.mean(np.isin(weekday[collisions], [5, 6])) < 2 / 7 * 0.9
    assert np.sum(np.isin(month[fights], [6, 7, 8])) > 1.2 * np.sum(
        np.isin(month[fights], [12, 1, 2])
    )
    assert np.mean((hour[homes] >= 8) & (hour[homes] < 18)) > 0.4


def test_offences_happen_where_such_things_happen(city, incidents):
    use, code = city.addresses.use, np.array(incidents.columns["OFFENSE_CODE"])
    place = np.array(incidents.columns["LOCATION_TYPE"])

    assert (use[incidents.address[code == "2301"]] == "shop").mean() > 0.9
    assert (use[incidents.address[code == "2201"]] == "dwelling").mean() > 0.9
    assert (place[code == "5401"] == "INTERSECTION").mean() > 0.95
    assert {"POLICE STATION", "SHELTER", "SCHOOL", "APARTMENT", "PARK"} <= set(place)


def test_every_confirmed_shooting_has_its_report_and_no_other_has(events, incidents, city):
    gunfire = np.flatnonzero(incidents.category == "gunfire")
    event = incidents.event[gunfire]
    gap_m = np.hypot(incidents.x[gunfire] - events.x[event], incidents.y[gunfire] - events.y[event])
    gap_s = np.abs(incidents.occurred_s[gunfire] - events.t_ns[event] / 1e9)

    assert (event >= 0).all()
    assert events.is_confirmed[event].all()
    assert len(set(event)) == len(event) >= 0.97 * events.is_confirmed.sum()
    assert gap_m.max() < 60.0
    assert gap_s.max() < 3_601.0
    assert {"homicide", "assault"} <= set(incidents.category[incidents.event >= 0])


def test_dirt_is_there_but_rare(incidents):
    columns = incidents.columns
    known = {offense.code for offense in OFFENSES}
    n = len(columns["ADDRESS"])
    is_bad_date = []
    for text in columns["OCCURRED_FROM"]:
        try:
            is_bad_date.append(
                dt.datetime.strptime(text, "%m/%d/%Y %H:%M") > UNTIL.replace(tzinfo=None)
            )
        except ValueError:
            is_bad_date.append(True)

    for share in (
        columns["ADDRESS"].count("") / n,
        columns["LON"].count("") / n,
        sum(code not in known for code in columns["OFFENSE_CODE"]) / n,
        sum(is_bad_date) / n,
    ):
        assert 0.0005 < share < 0.03


def test_rows_lie_in_the_beat_and_district_they_name(city, incidents):
    codes = {beat.code: beat for beat in city.beats}
    for row in range(0, len(incidents.category), 200):
        beat = codes.get(incidents.columns["BEAT"][row])
        if beat is None or not incidents.columns["LON"][row].startswith("-98"):
            continue
        x, y = city.plane.to_xy(
            float(incidents.columns["LON"][row]), float(incidents.columns["LAT"][row])
        )
        assert beat.polygon.distance(Point(float(x), float(y))) < 15.0
        assert beat.parent == incidents.columns["DISTRICT"][row]


def test_victims_relationships_and_restrictions_are_told_apart(incidents):
    columns = {name: np.array(column) for name, column in incidents.columns.items()}
    domestic = columns["DOMESTIC"] == "Y"

    assert (incidents.category[domestic] == "domestic").sum() < domestic.sum()  # some assaults too
    assert domestic[incidents.category == "domestic"].all()
    assert (columns["JUVENILE_VICTIM"][incidents.category == "child"] == "Y").all()
    assert set(columns["RELATIONSHIP"][domestic]).isdisjoint({"", "STRANGER"})
    assert 0.001 < np.mean(columns["RESTRICTED"] != "") < 0.01
    assert {"CLEARED BY ARREST", "OPEN", "UNFOUNDED"} <= set(columns["DISPOSITION"])


def test_calls_pass_through_their_stages_in_order(calls):
    stages = ["RECEIVED", "DISPATCHED", "ARRIVED", "CLEARED"]
    rows = list(zip(*(calls.columns[stage] for stage in stages), strict=True))

    assert all(row == tuple(sorted(row)) for row in rows if all(row))
    assert 0.03 < np.mean([row[2] == "" for row in rows]) < 0.12
    assert min(map(int, calls.columns["UNITS"])) == 1


def test_urgent_calls_are_answered_sooner(calls):
    minutes = collections.defaultdict(list)
    pattern = "%Y-%m-%d %H:%M:%S"
    for row in range(0, len(calls.received_s), 7):
        received, arrived = calls.columns["RECEIVED"][row], calls.columns["ARRIVED"][row]
        if arrived and calls.columns["SOURCE"][row] != "OFFICER":
            gap = dt.datetime.strptime(arrived, pattern) - dt.datetime.strptime(received, pattern)
            minutes[calls.columns["PRIORITY"][row]].append(gap.total_seconds() / 60)
    medians = [float(np.median(minutes[priority])) for priority in "1234"]

    assert medians == sorted(medians)
    assert 4.0 < medians[0] < 9.0
    assert medians[3] > 25.0


def test_calls_name_the_report_that_came_of_them(incidents, calls):
    named = [number for number in calls.columns["REPORT_NUMBER"] if number]
    rows = np.flatnonzero(calls.incident >= 0)

    assert len(set(named)) == len(named)
    assert set(named) <= set(incidents.columns["REPORT_NUMBER"])
    assert 0.5 < len(named) / len(incidents.category) < 0.75
    lead_s = incidents.reported_s[calls.incident[rows]] - calls.received_s[rows]
    since_s = calls.received_s[rows] - incidents.occurred_s[calls.incident[rows]]
    assert lead_s.min() >= -3_600  # the hour that occurs twice in autumn
    assert np.mean(lead_s < 0) < 0.001
    assert since_s.min() >= -3_600
    assert np.mean(since_s < 0) < 0.001


def test_shots_and_fireworks_are_reported_by_sensors_and_residents(events, calls):
    name = np.array([call_type.name for call_type in CALL_TYPES])[calls.call_type]
    alerts, about = name == "ACOUSTIC ALERT", calls.event >= 0

    assert 0.75 < alerts.sum() / np.sum(events.kind == "gunfire") < 0.95
    assert set(events.kind[calls.event[alerts]]) == {"gunfire"}
    assert np.sum((name == "SHOTS FIRED") & about & (events.kind[calls.event] == "firework")) > 20
    delay = calls.received_s[about] - events.t_ns[calls.event[about]] / 1e9
    assert delay.min() > 0
    assert delay.max() < 600


def test_nearly_all_burglar_alarms_are_false(calls):
    is_alarm = np.array([t.startswith("ALARM") for t in calls.columns["CALL_TYPE"]])
    false = np.array(calls.columns["DISPOSITION"])[is_alarm] == "FALSE ALARM"

    assert 0.9 < false.mean() < 0.99
    assert 0.07 < is_alarm.mean() < 0.16
