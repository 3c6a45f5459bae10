"""What another mind's messages leak: written by hand, before a look at the rules."""

from __future__ import annotations

from collections import Counter

import pytest

from community.redaction import Findings, Gazetteer, find_personal_data
from community.redaction.spans import covered
from tests.reference.second_adversary import (
    DISGUISES,
    PLACES,
    STREETS,
    Message,
    disguised,
    harmless,
    messages,
)

CITY = Gazetteer.of(streets=STREETS, places=PLACES)
MOST_LEAKED_DISGUISED = 0.01
MOST_HARMLESS_HELD = 0.05


def shows(message: Message, findings: Findings) -> bool:
    """Whether a letter or digit of a secret is left, and nobody is asked to look."""
    hidden = covered(findings.spans, len(message.text))
    left = any(
        message.text[i].isalnum() and not hidden[i]
        for start, end in message.secrets
        for i in range(start, end)
    )
    return left and not findings.hold_for_human


@pytest.mark.parametrize("city", [CITY, None], ids=["with the city's streets", "without"])
def test_no_message_of_the_second_adversary_leaks(city: Gazetteer | None) -> None:
    through = [
        (message.kind, message.text)
        for message in messages()
        if shows(message, find_personal_data(message.text, gazetteer=city))
    ]

    assert through == []


def test_hardly_any_of_its_disguises_leaks() -> None:
    tried, through = Counter[str](), Counter[str]()
    for name, message in disguised(every=4):
        tried[name] += 1
        through[name] += shows(message, find_personal_data(message.text, gazetteer=CITY))

    assert set(tried) == set(DISGUISES)
    assert through.total() / tried.total() <= MOST_LEAKED_DISGUISED, through
    assert not through["nothing between"] + through["bold"] + through["cyrillic"]


def test_messages_that_tell_of_nobody_pass() -> None:
    found = {text: find_personal_data(text, gazetteer=CITY) for text in harmless()}

    assert {text for text, findings in found.items() if findings.spans} == set()
    held = [text for text, findings in found.items() if findings.hold_for_human]
    assert len(held) / len(found) <= MOST_HARMLESS_HELD, held


def test_every_message_holds_a_secret_that_rules_must_find() -> None:
    planted = list(messages())

    assert all(message.secrets and shows(message, Findings(())) for message in planted)
    assert {message.language for message in planted} == {"en", "es"}
    assert min(Counter(message.kind for message in planted).values()) >= 9
