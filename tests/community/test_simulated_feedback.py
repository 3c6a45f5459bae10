import collections
import datetime as dt

import pytest

from community.simulation import simulate_feedback
from community.simulation.english import VOICES as ENGLISH
from community.simulation.spanish import VOICES as SPANISH
from sensors.simulation.city import SMALL_CITY, build_city

UNTIL = dt.datetime(2026, 11, 20, 6, 13, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def city():
    return build_city(7, plan=SMALL_CITY)


@pytest.fixture(scope="module")
def messages(city):
    return simulate_feedback(city, 7, until=UNTIL)


def test_the_same_seed_gives_the_same_messages(city, messages):
    assert simulate_feedback(city, 7, until=UNTIL) == messages
    assert simulate_feedback(city, 8, until=UNTIL) != messages


def test_there_are_150_different_texts_of_every_kind_in_both_languages(messages):
    pairs = collections.Counter((message.kind, message.language) for message in messages)

    assert len({message.text for message in messages}) == 150
    assert set(pairs) == {
        (kind, language)
        for kind in ("report", "question", "praise", "complaint")
        for language in ("en", "es")
    }
    assert 40 <= sum(n for (_, language), n in pairs.items() if language == "es") <= 70


def test_texts_hold_no_unfilled_braces_and_fit_the_form(messages):
    for message in messages:
        assert "{" not in message.text + message.answer
        assert 20 <= len(message.text) <= 4_000
        assert message.text[0].isupper() or not message.text[0].isalpha()


def test_they_come_in_order_within_the_time_asked_for(messages):
    times = [message.created_at for message in messages]

    assert times == sorted(times)
    assert times[0] > UNTIL - dt.timedelta(days=183)
    assert times[-1] < UNTIL


def test_most_are_answered_after_they_were_written(messages):
    answered = [message for message in messages if message.answered_at]

    assert 0.6 < len(answered) / len(messages) < 0.9
    assert all(m.created_at < m.answered_at < UNTIL and m.answer for m in answered)
    assert all(m.answer == "" for m in messages if m.answered_at is None)


def test_made_up_personal_data_is_in_the_text_and_is_told_apart(messages):
    with_some = [message for message in messages if message.personal]

    assert 0.15 < len(with_some) / len(messages) < 0.6
    for message in with_some:
        assert all(found in message.text for found in message.personal)
    for message in messages:
        assert ("555-01" in message.text) == any("555-01" in p for p in message.personal)
        assert ("@" in message.text) == any("@" in p for p in message.personal)


def test_home_addresses_given_away_do_not_exist(city, messages):
    real = set(city.address_text.tolist())

    assert not any(found in real for message in messages for found in message.personal)


def test_only_complaints_are_about_an_officer(messages):
    about = [message for message in messages if message.about_officer]

    assert {message.kind for message in about} == {"complaint"}
    assert {message.topic for message in about} == {"conduct"}
    assert len(about) >= 5


def test_each_belongs_to_a_district_of_the_city(city, messages):
    assert {message.district for message in messages} <= {area.code for area in city.districts}


def test_no_two_voices_say_the_same():
    texts = [voice.text for voice in ENGLISH + SPANISH]

    assert len(set(texts)) == len(texts) >= 95
