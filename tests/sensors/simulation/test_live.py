import datetime as dt
import itertools
import json

import numpy as np
import pytest

from sensors.kinds import OBSERVATIONS, PULSES
from sensors.payloads.daylight import parse
from sensors.simulation.acoustic import place_sensors
from sensors.simulation.assets import place_assets
from sensors.simulation.live import LiveRates, live_messages

START = dt.datetime(2026, 11, 20, 2, 55, 30, tzinfo=dt.UTC)
BUSY = LiveRates(shootings_per_hour=12.0, fireworks_per_hour=12.0, noise_per_sensor_hour=3.0)


@pytest.fixture(scope="module")
def devices(full_city):
    return place_sensors(full_city), place_assets(full_city)


def sent(city, devices, *, start, end, seed=11, rates=BUSY):
    return live_messages(city, *devices, seed=seed, start=start, end=end, rates=rates)


def test_the_same_seed_and_interval_give_the_same_messages(full_city, devices):
    end = START + dt.timedelta(minutes=7)
    first, again = (sent(full_city, devices, start=START, end=end) for _ in range(2))
    other = sent(full_city, devices, start=START, end=end, seed=12)

    assert first.pulses == again.pulses
    assert first.observations == again.observations
    assert other.pulses != first.pulses


def test_an_interval_sends_what_its_parts_send(full_city, devices):
    cuts = [START + dt.timedelta(seconds=s) for s in (0, 10, 271, 620, 1_300)]
    whole = sent(full_city, devices, start=cuts[0], end=cuts[-1])
    parts = [sent(full_city, devices, start=a, end=b) for a, b in itertools.pairwise(cuts)]

    assert [m for part in parts for m in part.pulses] == whole.pulses
    assert [m for part in parts for m in part.observations] == whole.observations
    assert len(whole.pulses) > 1_000


def test_every_message_falls_in_the_interval(full_city, devices):
    end = START + dt.timedelta(minutes=5)
    messages = sent(full_city, devices, start=START, end=end)
    from_ns, to_ns = (round(t.timestamp() * 1e9) for t in (START, end))

    assert all(from_ns <= m["t_ns"] < to_ns for m in messages.pulses)
    assert all(START <= dt.datetime.fromisoformat(m["t"]) < end for m in messages.observations)


def test_bangs_come_at_the_stated_rate(full_city, devices):
    quiet = LiveRates(shootings_per_hour=2.0, fireworks_per_hour=1.0, noise_per_sensor_hour=0.0)
    day = sent(full_city, devices, start=START, end=START + dt.timedelta(days=3), rates=quiet)
    kinds = np.concatenate([events.kind for events in day.events])

    assert np.sum(kinds == "gunfire") == pytest.approx(144, abs=36)
    assert np.sum(kinds == "firework") == pytest.approx(72, abs=26)


def test_no_event_outlasts_the_window_that_is_looked_back_over(full_city, devices):
    day = sent(full_city, devices, start=START, end=START + dt.timedelta(hours=12))
    longest = max(int(r[-1] - r[0]) for events in day.events for r in events.rounds_t_ns)

    assert longest / 1e9 + 10.0 < 120.0


def test_our_own_parser_takes_every_message(full_city, devices):
    messages = sent(full_city, devices, start=START, end=START + dt.timedelta(minutes=20))

    for kind, lot in ((PULSES, messages.pulses), (OBSERVATIONS, messages.observations)):
        parsed = parse(kind, json.dumps(lot).encode())
        assert parsed.faults == []
        assert len(parsed.messages) == len(lot) > 200
