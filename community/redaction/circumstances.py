"""What tells who or where somebody is without a name: ages, homes described, offices held. Pure.

None of it is masked, for it is also what makes a message worth reading; a person decides. Patterns are
over the text in lower case, what was masked in it included: half an age beside a label is still an age.
"""

from __future__ import annotations

import re
from typing import Final

_KIN: Final = (
    r"(?:(?:great|step|god)?-?(?:grand)?(?:son|daughter|child|children|kids?|mother|father|mom|dad|ma|pa|ny|boys?|girls?|"
    r"parents?)|twins?|wife|husband|partner|sister|brother|niece|nephew|aunt|uncle|cousin|baby|toddler|teen\w*|"
    r"widow(?:er)?|neighbou?r|niet[oa]s?|hij[oa]s?|niñ[oa]s?|espos[oa]|marido|mujer|herman[oa]s?|abuel(?:it)?[oa]s?|"
    r"madre|padre|mam[aá]|pap[aá]|sobrin[oa]s?|prim[oa]s?|beb[eé]|gemel[oa]s|viud[oa]|suegr[oa]|vecin[oa])"
)
_COUNT: Final = (
    r"(?:[lo\d]{1,3}|(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|[^\W_]{3,5}teen|"
    r"(?:twen|thir|for|fif|six|seven|eigh|nine)ty(?:-\w{3,5})?|diez|once|doce|trece|catorce|quince|"
    r"(?:vein|trein|cuaren|cincuen|sesen|seten|ochen|noven)t[ae](?: y \w{3,6})?))"
)
_HOME: Final = r"(?:house|home|apartment|flat|condo|trailer|porch|door|casa|departamento|apartamento|depa|edificio|puerta)"
_BESIDE: Final = (
    r"(?:next (?:door )?to|across (?:from|the street)|behind|beside|above|below|in front of|near|opposite|fac(?:es|ing)|"
    r"backs? (?:onto|up to)|"
    r"with the|on the (?:corner|hill)|junto (?:a|al)|frente (?:a|al)|atr[aá]s de|detr[aá]s de|arriba de|al lado de|"
    r"con (?:la|el)|en la esquina)"
)
_LOOK: Final = (
    r"(?:yellow|blue|red|green|white|black|brown|pink|purple|orange|gr[ae]y|brick|wooden|big|small|old|abandoned|"
    r"corner|only|first|second|third|last|two.story|three.story)"
)
_COLOUR_ES: Final = (
    r"(?:amarill[oa]|azul|roj[oa]|verde|blanc[oa]|negr[oa]|caf[eé]|rosa|morad[oa]|gris)"
)
# "I live here", "lives in fear", "live in this city" tell no place.
_NOWHERE: Final = (
    r"(?!(?:here|there|fear|peace|in (?:fear|peace|this|the (?:city|area|district|neighbou?rhood))|"
    r"en (?:esta|este|paz|la ciudad))\b)"
)

CIRCUMSTANCES: Final = {
    "an age": re.compile(
        rf"\b{_COUNT}[ -]?(?:years?|yrs?|months?|años|anos|meses)[ -](?:old|of age|de edad)\b"
        rf"|\b{_COUNT}[ -]?(?:yo|y/o)\b|\b(?:aged?|edad(?: de)?) {_COUNT}\b|\b[fm]\s?/\s?\d|\d\s?/\s?[fm]\b"
        rf"|\b{_KIN}(?: is| de|,)? \(?{_COUNT}(?:\)|,| (?:años|anos)\b|[.!?]|$)"
        rf"|\b{_KIN} is {_COUNT} and\b|\b(?:turn(?:ing|ed|s)(?: sweet)?|cumpl[eoií]\w*|tengo) {_COUNT}\b"
        rf"|\bi(?:'m| am) {_COUNT}(?: and|[,.!?]|$)"
        rf"|\b{_COUNT}[ -]years?-old\b|\b(?:viud[oa]|señora?|mujer|hombre|anciano?a?) de {_COUNT}\b"
    ),
    "a home described": re.compile(
        # "88 rose", and nothing else.
        r"^\W*\d{1,5}[a-z]?\s+[^\W\d_]+(?:\s+[^\W\d_]+)?\W*$|"
        rf"\b{_LOOK} (?:\w+ )?{_HOME}\b|\b{_HOME} (?:de )?(?:color )?{_COLOUR_ES}\b"
        rf"|\b(?:my|our|mi|nuestr[oa]) \w+ {_BESIDE}\b"
        rf"|\b{_HOME}s?\b[^.!?\n]{{0,20}}? {_BESIDE}\b"
        r"|\b(?:lives?|living|lived|stays|resides?|vive[ns]?|vivo|vivimos|viv[ií]a)\s+"
        rf"(?:right |just |directly |justo )?{_NOWHERE}(?:in|at|on|above|below|behind|next|across|over|under|by|near|"
        r"beside|opposite|two|three|\w+ doors?|en|arriba|abajo|atr[aá]s|detr[aá]s|frente|junto|al|a)\b"
        r"|\b(?:my|our|his|her|their|the) (?:house|home|place|building) is\b|\bdoors? (?:down|up|over)\b"
        r"|\bmi casa (?:es|est[aá])\b|\b(?:we|i|they|he|she)(?:'re|'m|'s| are| am| is) at #?\d"
    ),
    "the only one of a kind": re.compile(
        r"\b(?:the|la|el|los|las) (?:only|single|sole|[uú]nic[oa]s?)\b(?: [\w-]+){0,3}? "
        r"(?:family|families|household|person|people|man|woman|couple|kid|one|familias?|persona|hombre|mujer|"
        r"pareja)\b"
    ),
    "what somebody does": re.compile(
        r"\bi(?:'m| am) the \w+(?: \w+)? (?:who|that)\b|\bsoy (?:el|la) que\b|\bi was the (?:one|only one|first)\b|"
        r"\bi(?:'m| am)? work(?:ing)? (?:as|at|for|in)\b|\b(?:he|she) works? (?:as|at|for|in)\b|"
        r"\btrabaj[oa] (?:como|en|de|para)\b|\w's (?:wife|husband|son|daughter|mother|father|brother|sister|"
        r"girlfriend|boyfriend|ex)\b|\b(?:man|woman|guy|lady|señora?|mujer|hombre) (?:who|that|que) (?:runs?|owns?|"
        r"works?|cleans?|drives?|sells?|tiene|trabaja|vende|maneja)\b"
    ),
    "a number in words": re.compile(
        r"\b(?:plates?|tags?|placas?)\b[^.\n]{0,30}\b(?:something|algo)\b|"
        r"\b(?:(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|cero|uno|dos|tres|cuatro|cinco|seis|siete|"
        r"ocho|nueve)\b[\s,.-]{0,3}){3,}"
    ),
    "signs inside a word": re.compile(r"[^\W\d_][@$|+*~^!]+[^\W_]|_|[@$|+!][^\W\d_]{2}"),
    "letters spelled out one by one": re.compile(
        r"(?<![\w'])(?:[^\W\d_][\s.*_/•~|,-]{1,3}){2,}[^\W\d_](?![\w'])"
    ),
    "signs written in code": re.compile(r"&#?\w{2,8};|%[0-9a-f]{2}(?!\w)|\\[ux][0-9a-f]{2,4}"),
    "words joined by dots": re.compile(r"(?<![\w.])[^\W\d_]{3,}(?:\.[^\W\d_]{3,}){2,}(?![\w.]*@)"),
}
