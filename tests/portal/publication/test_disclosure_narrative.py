from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.publication.disclosure import is_sensitive_text

SENSITIVE = """
Victim stated she was raped by an unknown male
Suspect exposed himself to passers-by and masturbated
Reporting party was groped on the train
complainant's ex boyfriend kicked the door
R/P's husband took her phone
Argument between roommates
Violated a protective order
14 year old struck by a ball
Victim, age 9, had his scooter taken
fourteen-year-old cyclist injured
Theft from a student's locker
baby left in vehicle
Subject attempted suicide by overdose
Male threatened to jump off the bridge
She wanted to kill herself
Narcan administered, subject transported
Welfare check, subject with dementia
Swastika painted on garage
Called him a racial slur
Possible human trafficking at motel
Confidential informant advised
La víctima fue violada
Abuso sexual
Tocamientos a una pasajera
Su marido la golpeó
Violencia de género
El niño de 8 años fue herido
Una menor extraviada
Intento de suicidio
Se encontró inconsciente por sobredosis
Trata de personas
Pintas de odio
la expareja rompió la ventana
""".strip().splitlines()

PLAIN = """
Vehicle taken from street overnight, no suspects
Unknown persons broke the rear window and took a radio
Two vehicles collided at the intersection, minor damage, no injuries
Graffiti on the wall of the underpass
Loud music from a car at 23:10
Bicycle stolen from rack outside the library, lock cut
Shots heard, three casings recovered
Catalytic converter removed in the parking lot
Suspect drove off without paying for gasoline
Se robaron el auto de la calle
Rompieron el vidrio y se llevaron el radio
Grapes, drapes and a therapist's sign were damaged
Officer responded to case #1234, unit 5B
Package taken from the lobby, 12 items
""".strip().splitlines()

HIDDEN = [
    "s3xual assault",
    "r@p3d",
    "r a p e",
    "R.A.P.E.",
    "r*pe",
    "sex-\nual assault",
    "RÁPED",
    "ｓｅｘｕａｌ",
    "s\u200be\u200bxual",
    "su\u00adicide",
    "5u1c1de",
    "изнасилование",
    "强奸",
    "rаped",  # a Cyrillic letter
    "the victim xxxxxxx was",
    "[redacted] was hurt",
    "ni\ufffdo",
]


@pytest.mark.parametrize("text", SENSITIVE)
def test_it_catches(text):
    assert is_sensitive_text(text)


@pytest.mark.parametrize("text", HIDDEN)
def test_it_catches_the_hidden(text):
    assert is_sensitive_text(text)


@pytest.mark.parametrize("text", PLAIN)
def test_it_lets_pass(text):
    assert not is_sensitive_text(text)


@given(
    st.sampled_from(PLAIN),
    st.sampled_from(["rape", "niña", "wife", "suicide", "esposa", "child", "overdose"]),
    st.sampled_from([" ", "\n", ", ", "; ", "/"]),
    st.sampled_from([str.upper, str.lower, str.title]),
    st.integers(0, 20),
)
def test_a_sensitive_word_is_caught_wherever_it_stands(text, word, gap, case, at):
    words = text.split()
    words.insert(min(at, len(words)), gap + case(word) + gap)

    assert is_sensitive_text(" ".join(words))


@pytest.mark.parametrize("nothing", [None, "", "  ", "."])
def test_nothing_written_is_no_sign(nothing):
    assert not is_sensitive_text(nothing)
