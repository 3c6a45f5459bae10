"""A first look at what a resident wrote: is somebody in danger, is it about how staff acted? Pure.

Both err on one side. A needless "call 911" costs one more button; a missed one may cost a life. A report
that wrongly goes to oversight is sent on by them; a complaint that wrongly goes to the officer's own
line cannot be taken back.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_SENTENCE_END: Final = re.compile(r"[.!?\n]+(?:\s|$)")


def _any_of(*phrases: str) -> re.Pattern[str]:
    return re.compile(r"\b(?:" + "|".join(phrases) + r")\b")


# Matched on lower-case text without accents.
_EMERGENCY: Final = _any_of(
    r"right now",
    r"happening now",
    r"at this (?:very )?moment",
    r"help me",
    r"emergency",
    r"(?:has|have|with|pulled|holding) (?:a|an|his|her|the)? ?(?:gun|knife|weapon|rifle|pistol)",
    r"(?:is|are|keeps?|started) shooting",
    r"(?:hear|hearing) (?:gun ?)?shots?",
    r"shots? (?:being )?fired",
    r"being (?:attacked|beaten|robbed|followed|stabbed|raped|shot)",
    r"(?:not|isnt|isn.t) breathing",
    r"unconscious",
    r"bleeding",
    r"overdos\w+",
    r"on fire",
    r"smell (?:of )?gas",
    r"kill (?:me|myself|him|her|himself|herself|us|them)",
    r"suicid\w*",
    r"end my life",
    r"ahora mismo",
    r"en este momento",
    r"ayudenme",
    r"auxilio",
    r"emergencia",
    r"(?:tiene|con|saco) (?:un|una|el|la) (?:arma|pistola|cuchillo|navaja|rifle)",
    r"disparando",
    r"(?:hay|escucho|oigo|se oyen|se escuchan) (?:una? )?(?:balacera|tiroteo|balazos|disparos|tiros)",
    r"me (?:siguen|estan siguiendo|atacan|estan atacando|golpean|esta golpeando|quiere matar)",
    r"no respira",
    r"inconsciente",
    r"sangrando",
    r"sobredosis",
    r"incendio",
    r"huele a gas",
    r"matarme",
    r"suicid\w*",
    r"quitarme la vida",
)

_STAFF: Final = _any_of(
    r"officers?",
    r"cops?",
    r"police ?m[ae]n",
    r"police ?wom[ae]n",
    r"deputy",
    r"deputies",
    r"detectives?",
    r"sergeant",
    r"sgt",
    r"lieutenant",
    r"dispatcher",
    r"badge",
    r"(?:the|a) police",
    r"employees?",
    r"(?:city|public works|311) (?:worker|crew|driver|staff)s?",
    r"oficial(?:es)?",
    r"agentes?",
    r"policias?",
    r"sargento",
    r"detective",
    r"empleados?",
)

_CONDUCT: Final = _any_of(
    r"rude\w*",
    r"disrespect\w*",
    r"unprofessional\w*",
    r"yell\w*",
    r"shout\w*",
    r"curs(?:e|ed|ing)",
    r"sw(?:ore|earing)",
    r"insult\w*",
    r"threaten\w*",
    r"harass\w*",
    r"profil(?:ed|ing)",
    r"discriminat\w*",
    r"racis[tm]\w*",
    r"slur\w*",
    r"excessive",
    r"force",
    r"beat(?:en|ing)?",
    r"punch\w*",
    r"kick\w*",
    r"chok\w*",
    r"slamm\w*",
    r"shov\w*",
    r"grabb\w*",
    r"tas(?:ed|ered|er)",
    r"handcuff\w*",
    r"searched (?:me|my)",
    r"pulled me over",
    r"stopped me",
    r"arrested me",
    r"lied",
    r"refus\w+",
    r"ignored (?:me|us|my)",
    r"laugh\w*",
    r"mock\w*",
    r"touch\w*",
    r"misconduct",
    r"abus\w*",
    r"brib\w*",
    r"corrupt\w*",
    r"on (?:his|her|their) phone",
    r"grit\w*",
    r"amenaz\w*",
    r"groser\w*",
    r"malt?rat\w*",
    r"golpe\w*",
    r"empuj\w*",
    r"pate\w*",
    r"acos\w*",
    r"humill\w*",
    r"falta de respeto",
    r"mala conducta",
    r"se burl\w*",
    r"se nego",
    r"me (?:paro|detuvo|arresto|registro)",
    r"soborn\w*",
    r"menti(?:o|r|ra|ras)",
)


def _plain(text: str) -> str:
    """Lower case without accents, with straight apostrophes gone."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c)).replace("’", "'")


def mentions_emergency(text: str) -> bool:
    """Whether the person should be told to call the emergency number before going on."""
    return bool(_EMERGENCY.search(_plain(text)))


def describes_staff_conduct(text: str) -> bool:
    """Whether a sentence tells how an officer or another employee acted, whatever the form was told."""
    return any(
        _STAFF.search(sentence) and _CONDUCT.search(sentence)
        for sentence in _SENTENCE_END.split(_plain(text))
    )
