from __future__ import annotations

import pytest

from community.triage import describes_staff_conduct, mentions_emergency


@pytest.mark.parametrize(
    "text",
    [
        "A man has a gun outside the school",
        "Someone is being attacked RIGHT NOW",
        "she isn't breathing",
        "I want to kill myself",
        "I smell gas in the hallway",
        "I hear gunshots on Quay Street",
        "Se oyen balazos en la esquina",
        "Alguien está disparando en la calle",
        "Un hombre tiene una pistola",
        "me están siguiendo",
        "Mi vecina no respira",
        "quiere quitarme la vida",
    ],
)
def test_danger_is_heard(text: str) -> None:
    assert mentions_emergency(text)


@pytest.mark.parametrize(
    "text",
    [
        "The street light is out",
        "Why did burglaries rise last year?",
        "Gracias por arreglar la luz",
        "I begin my walk at the gunnery museum",
        "Do the gunshot microphones record what we say?",
        "Anoche se oyeron seis balazos. ¿Sí fueron balazos?",
    ],
)
def test_ordinary_words_are_no_danger(text: str) -> None:
    assert not mentions_emergency(text)


@pytest.mark.parametrize(
    "text",
    [
        "The officer was rude to my mother",
        "I was stopped and a cop searched me without asking",
        "City worker yelled at us",
        "Two policemen grabbed my son",
        "El agente me insultó",
        "La policía me detuvo y se burló de mí",
        "Badge 4432 refused to give me a report number",
    ],
)
def test_conduct_of_staff_is_heard(text: str) -> None:
    assert describes_staff_conduct(text)


@pytest.mark.parametrize(
    "text",
    [
        "Please send an officer to the park",
        "My neighbor yells all night. The police should come by.",
        "La policía llegó pronto, gracias",
        "Cars ignore the stop sign",
    ],
)
def test_asking_for_an_officer_is_no_complaint_about_one(text: str) -> None:
    assert not describes_staff_conduct(text)
