"""Feedback of the synthetic city's residents in English and Spanish, with the answers of its officers."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np

from community.simulation import english, spanish
from community.simulation.voice import Voice
from sensors.simulation.city import City
from sensors.simulation.names import SURNAMES
from sensors.simulation.randomness import part_generator

DAYS: Final = 180
COUNT: Final = 150
ANSWERED_SHARE: Final = 0.85  # of those whose voice has an answer, if they are not quite new
_LANGUAGES: Final[dict[str, Any]] = {"en": english, "es": spanish}
_PERSONAL: Final = ("phone", "email", "name", "surname", "plate", "home")
_GIVEN: Final = (
    "Alma", "Andre", "Beatriz", "Carla", "Darnell", "Elena", "Frank", "Grace", "Hector", "Irene",
    "James", "Keisha", "Luis", "Marisol", "Nadia", "Omar", "Paula", "Ruth", "Samuel", "Teresa",
)  # fmt: skip
_WEEKDAYS: Final = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "es": ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
}


@dataclass(frozen=True)
class SimulatedFeedback:
    """One message of a resident, and its answer where there is one yet. Instants are aware UTC."""

    kind: str
    topic: str
    language: str
    text: str
    about_officer: bool
    district: str  # code of the district
    place_words: str  # what the resident typed as the place, or ""
    created_at: dt.datetime
    answer: str  # "" while it waits
    answered_at: dt.datetime | None
    personal: tuple[str, ...]  # the truth: what in the text a redaction has to find


def simulate_feedback(
    city: City, seed: int, *, until: dt.datetime, count: int = COUNT, days: int = DAYS
) -> list[SimulatedFeedback]:
    """Messages of the ``days`` before ``until`` (aware), in order of time; no two texts are alike."""
    rng = part_generator(seed, 140)
    voices = [(tag, voice) for tag, module in _LANGUAGES.items() for voice in module.VOICES]
    order = np.concatenate([rng.permutation(len(voices)) for _ in range(-(-count // len(voices)))])
    messages: list[SimulatedFeedback] = []
    seen: set[str] = set()
    for when, pick in zip(
        _instants(city, rng, until=until, count=count, days=days), order, strict=False
    ):
        language, voice = voices[pick]
        message = _message(city, rng, voice, language=language, created_at=when, until=until)
        while message.text in seen:
            message = _message(city, rng, voice, language=language, created_at=when, until=until)
        seen.add(message.text)
        messages.append(message)
    return messages


def _instants(
    city: City, rng: np.random.Generator, *, until: dt.datetime, count: int, days: int
) -> list[dt.datetime]:
    """Any day, mostly between breakfast and midnight, growing a little as the portal becomes known."""
    back = days * (1.0 - np.sqrt(rng.uniform(0.0, 1.0, count)))
    hour = np.clip(rng.normal(16.5, 4.0, count), 0.2, 23.8)
    zone, instants = ZoneInfo(city.plan.time_zone), []
    today = until.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    for day, at in zip(back, hour, strict=True):
        local = (today - dt.timedelta(days=1 + int(day))) + dt.timedelta(minutes=int(at * 60))
        instants.append(local.astimezone(dt.UTC))
    return sorted(instants)


def _message(
    city: City,
    rng: np.random.Generator,
    voice: Voice,
    *,
    language: str,
    created_at: dt.datetime,
    until: dt.datetime,
) -> SimulatedFeedback:
    module, door = _LANGUAGES[language], int(rng.integers(len(city.lon)))
    words = _words(city, rng, door=door, language=language)
    template = str(rng.choice(module.OPENINGS)) + voice.text + str(rng.choice(module.CLOSINGS))
    text = template.format(**words)
    personal = tuple(words[name] for name in _PERSONAL if re.search(rf"{{{name}}}", template))
    answered_at = _answered_at(rng, voice, created_at=created_at, until=until)
    return SimulatedFeedback(
        kind=voice.kind, topic=voice.topic, language=language, text=text[:1].upper() + text[1:],
        about_officer=voice.about_officer,
        district=city.districts[city.address_district[door]].code,
        place_words=words["street"] if "{street}" in template and rng.random() < 0.7 else "",
        created_at=created_at,
        answer=voice.answer.format(**words) if answered_at else "",
        answered_at=answered_at, personal=personal,
    )  # fmt: skip


def _answered_at(
    rng: np.random.Generator, voice: Voice, *, created_at: dt.datetime, until: dt.datetime
) -> dt.datetime | None:
    """Within a few days as a rule, praise sooner than complaints; None where it has not come yet."""
    median_days = {"praise": 1.5, "question": 1.8, "report": 2.6, "complaint": 5.0}[voice.kind]
    after = dt.timedelta(days=float(rng.lognormal(np.log(median_days), 0.7)))
    comes = voice.answer != "" and rng.random() < ANSWERED_SHARE
    return created_at + after if comes and created_at + after < until else None


def _words(city: City, rng: np.random.Generator, *, door: int, language: str) -> dict[str, str]:
    """What goes into the braces; numbers are of the range kept for fiction, addresses do not exist."""
    street = str(city.addresses.street[door])
    surname, given = str(rng.choice(SURNAMES)), str(rng.choice(_GIVEN))
    letters = "".join(chr(65 + n) for n in rng.integers(26, size=3))
    evening = f"{rng.integers(5, 12)}:{rng.integers(6)}0"
    park = city.parks[int(rng.integers(len(city.parks)))][0]
    return {
        "street": street,
        "district": city.districts[city.address_district[door]].name,
        "park": park,
        "days": str(rng.integers(3, 15)),
        "time": f"{evening} pm" if language == "en" else evening,
        "weekday": str(rng.choice(_WEEKDAYS[language])),
        "name": f"{given} {surname}",
        "surname": surname,
        "phone": f"({rng.integers(201, 989)}) 555-01{rng.integers(100):02d}",
        "email": f"{given}.{surname}{rng.integers(10, 99)}@example.org".lower(),
        "plate": f"{letters} {rng.integers(1000, 9999)}",
        "home": f"{int(city.addresses.number[door]) + 20_000} {street}",
    }
