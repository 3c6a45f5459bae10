import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from sensors.simulation.gunfire import loud_events, shooting_weights

UNTIL = dt.datetime(2026, 11, 1, 6, tzinfo=dt.UTC)
ZONE = ZoneInfo("America/Chicago")


@pytest.fixture(scope="module")
def events(full_city):
    return loud_events(full_city, 7, until=UNTIL)


def local_times(t_ns):
    return [dt.datetime.fromtimestamp(t / 1e9, ZONE) for t in t_ns]


def test_there_are_about_500_shootings_and_some_fireworks_in_order_within_two_years(events):
    assert np.sum(events.kind == "gunfire") == 500
    assert np.sum(events.kind == "firework") == 420
    assert (np.diff(events.t_ns) >= 0).all()
    assert events.t_ns[-1] / 1e9 < UNTIL.timestamp()
    assert events.t_ns[0] / 1e9 > (UNTIL - dt.timedelta(days=732)).timestamp()
    assert len(set(events.event_id)) == len(events.event_id)


def test_the_same_seed_gives_the_same_events(full_city, events):
    again = loud_events(full_city, 7, until=UNTIL)

    assert all((a == b).all() for a, b in zip(again.rounds_t_ns, events.rounds_t_ns, strict=True))
    assert (again.x == events.x).all()
    assert (again.is_confirmed == events.is_confirmed).all()
    assert not np.array_equal(loud_events(full_city, 8, until=UNTIL).x, events.x)


def test_shootings_gather_in_a_few_areas(full_city, events):
    shots = events.kind == "gunfire"
    beat = np.bincount(full_city.address_beat[events.address[shots]], minlength=40)

    assert np.sort(beat)[-10:].sum() > 0.7 * shots.sum()
    assert np.unique(full_city.addresses.building[events.address[shots]]).size < 0.9 * shots.sum()
    assert shooting_weights(full_city).sum() == pytest.approx(1.0)


def test_shootings_come_at_night_and_on_weekends(events):
    times = local_times(events.t_ns[events.kind == "gunfire"])
    night = np.mean([t.hour >= 20 or t.hour < 4 for t in times])
    weekend = np.mean([(t - dt.timedelta(hours=6)).weekday() >= 4 for t in times])

    assert night > 0.6
    assert weekend > 3 / 7 * 1.15


def test_most_fireworks_are_around_independence_day_and_the_new_year(events):
    times = local_times(events.t_ns[events.kind == "firework"])
    july = np.mean([t.month == 7 and t.day <= 8 for t in times])
    turn = np.mean([(t.month, t.day) in {(12, 31), (1, 1), (1, 2)} for t in times])

    assert 0.5 < july < 0.85
    assert 0.05 < turn < 0.3
    assert np.mean([t.hour >= 19 or t.hour < 2 for t in times]) > 0.85


def test_strings_of_crackers_are_longer_and_faster_than_shootings(events):
    rounds = np.array([len(r) for r in events.rounds_t_ns])
    shots = events.kind == "gunfire"

    assert rounds.min() == 1
    assert rounds[shots].max() <= 24
    assert np.percentile(rounds[~shots], 90) > 40
    assert all((np.diff(r) > 0).all() for r in events.rounds_t_ns)
    assert all(r[0] == t for r, t in zip(events.rounds_t_ns, events.t_ns, strict=True))


def test_only_shootings_are_confirmed_and_fewer_than_half(events):
    confirmed = events.is_confirmed

    assert not confirmed[events.kind == "firework"].any()
    assert 0.3 < confirmed[events.kind == "gunfire"].mean() < 0.55


def test_a_bang_is_beside_its_address(full_city, events):
    a = full_city.addresses
    gap = np.hypot(events.x - a.x[events.address], events.y - a.y[events.address])

    assert gap.max() < 60.0
