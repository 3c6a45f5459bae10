"""Street addresses: a number with a street. A street alone says where, not who, unless somebody is told of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from community.redaction.plain import Plain, tidy
from community.redaction.spans import Span
from community.redaction.vocabulary import is_ordinary

_NUMBER_WORD: Final = (
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|"
    r"sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred)"
)
# "12", "12B", "12-14", "1 2 3", "12O", "twenty three"
_NUMBER: Final = (
    rf"(?:#\s*)?\b(?:\d(?:[ ]?[\dOo]){{0,5}}(?:\s?[-/&]\s?\d{{1,6}})?(?:\s?[a-z])?"
    rf"|{_NUMBER_WORD}(?:[\s-]+(?:and\s+)?{_NUMBER_WORD}){{0,4}})\b,?"
)
_STREET_TYPES: Final = """
    street st avenue ave av road rd boulevard blvd lane ln drive dr court ct place pl terrace ter terr
    parkway pkwy circle cir square sq highway hwy alley aly wharf row path park way crescent cres loop
    trail trl turnpike tpke plaza plz point walk broadway
"""
STREET_TYPES: Final = tuple(_STREET_TYPES.split())
_TYPE: Final = rf"(?:{'|'.join(sorted(STREET_TYPES, key=len, reverse=True))})"
_DIRECTION: Final = r"(?:(?:north|south|east|west|northeast|northwest|southeast|southwest|ne|nw|se|sw|n|s|e|w)\b\.?\s+)?"
# Words that stand between a count and a street without being its name: "3 cars on this street".
_NOT_A_NAME: Final = """
    a an the this that these those my our your his her their its on in at of off from to and or by for
    is are was were has have had with near next across along down up over under behind between cars
    car trucks people men women kids days day weeks week months month years year hours hour minutes
    minute min mins feet ft foot inches miles mile blocks block times time way ways lane lanes street
    streets houses house lights light signs am pm more other different dogs st nd rd
    th every each all same whole both many few several of out off parking spots spaces
    con hay hace desde por en que de la el los las un una y o carros personas horas dias casas
"""
_NAME_WORD: Final = rf"(?!(?:{'|'.join(_NOT_A_NAME.split())})\b)[\w'.-]+"
_UNIT: Final = r"(?:[\s,]+(?:#|\b(?:apt|apartment|unit|suite|ste|floor|fl|rm|room|apto|depto|piso)\b\.?)\s*#?\s*[\w-]{1,6})?"

_ENGLISH: Final = re.compile(
    rf"{_NUMBER}\s*(?<=[\s,]){_DIRECTION}(?:{_NAME_WORD}\s+){{1,4}}?{_TYPE}\b(?!\s+(?:lights?|lamps?|signs?)\b)"
    rf"\.?{_UNIT}"
)
_SPANISH: Final = re.compile(
    r"\b(?:calle|c/|avenida|avda|av|camino|paseo|callej[oó]n|bulevar|carretera|privada|cerrada|pasaje)\.?\s*"
    r"(?:(?!(?:con|hay|hace|desde|por|en|que|y|a|una?|tiene|est[aá]n?|son|sin|para)\b)[^\W\d][\w'.]*[\s,]+){1,6}?"
    rf"(?:#|n[oº°]\.?|num\.?|n[uú]mero|numeral)?\s*\d{{1,6}}[a-z]?\b{_UNIT}"
)
_OTHER: Final = [
    re.compile(
        rf"{_NAME_WORD}\s+{_TYPE}\.?\s*,?\s*(?:#|no\.|number|n[uú]mero|at number)\s*\d{{1,6}}\b"
    ),
    re.compile(
        r"\b(?:apt|apartment|unit|suite|ste|apto|apartamento|departamento|depto|piso)\b\.?\s*(?:#|no\.?|number|n[uú]mero)?\s*(?:\d{1,5}(?:\s?-?\s?[a-z])?|[a-z]\s?-?\s?\d{0,4})\b"
    ),
    re.compile(
        r"\b(?:house|home|building|bldg|casa|edificio|address|direcci[oó]n|domicilio)\s*(?:is|es|:|#|no\.?|number|num\.?|n[uú]mero)+\s*#?\s*\d{1,6}\b"
    ),
    re.compile(r"\b\d{2,5}\s+(?:hundred\s+)?block\s+of\s+(?:\w+\s+){0,3}?[\w']+"),
    re.compile(r"\bp\.?\s?o\.?\s?box\s*\d+"),
    re.compile(r"-?\b\d{1,3}\.\d{4,}\b"),  # a coordinate
    re.compile(r"\b(?:zip|zip\s?code|c[oó]digo postal|cp|[a-z]{2})\s*:?\s+\d{5}(?:-\d{4})?\b"),
]
# The full stop of "St." is the abbreviation's, that of "Street." the sentence's.
_SENTENCE_ENDS: Final = tuple(
    f"{word}." for word in STREET_TYPES if len(word) > 4 and word[-1] != "y"
)
_NUMBER_AHEAD: Final = re.compile(rf"{_NUMBER}\s*(?<=[\s,]){_DIRECTION}$")
_WORDS: Final = re.compile(r"[\w'.-]+")
_LONGEST_STREET_WORDS: Final = 6


def _folded(name: str) -> str:
    return " ".join(_WORDS.findall(tidy(name).text.lower().replace(".", "")))


def _without_type(name: str) -> str:
    words = name.split()
    return " ".join(words[:-1] if len(words) > 1 and words[-1] in STREET_TYPES else words)


@dataclass(frozen=True)
class Gazetteer:
    """The city's own names, folded: ``streets`` with their type ("elm st"), ``places`` of any kind."""

    streets: frozenset[str] = frozenset()
    places: frozenset[str] = frozenset()

    @classmethod
    def of(cls, *, streets: Iterable[str] = (), places: Iterable[str] = ()) -> Gazetteer:
        return cls(frozenset(map(_folded, streets)), frozenset(map(_folded, places)))

    @cached_property
    def telling_names(self) -> frozenset[str]:
        """Street names that tell a street also without their type: not "park", not "way"."""
        names = {_without_type(street) for street in self.streets} | self.streets
        return frozenset(n for n in names if n and not all(map(is_ordinary, n.split())))

    @cached_property
    def words(self) -> frozenset[str]:
        """Each word of any of the city's names."""
        return frozenset(word for name in self.streets | self.places for word in name.split())

    @cached_property
    def allowed_phrases(self) -> frozenset[str]:
        """Names that are not people's when capitalised: places, and streets with their type."""
        return self.streets | self.places


def find_places(plain: Plain, gazetteer: Gazetteer) -> list[Span]:
    """Spans of kind address."""
    found = [
        Span(match.start(), match.end(), "address")
        for pattern in (_ENGLISH, _SPANISH, *_OTHER)
        for match in pattern.finditer(plain.lower)
    ]
    return [_within_sentence(plain, span) for span in (*found, *_by_gazetteer(plain, gazetteer))]


def _within_sentence(plain: Plain, span: Span) -> Span:
    ends_sentence = plain.lower[span.start : span.end].endswith(_SENTENCE_ENDS)
    return Span(span.start, span.end - ends_sentence, span.kind)


def _by_gazetteer(plain: Plain, gazetteer: Gazetteer) -> Iterator[Span]:
    """A number right before a street of this city, whatever follows: "20 grove", "20 Martin Luther King"."""
    if not gazetteer.telling_names:
        return
    words = list(_WORDS.finditer(plain.lower))
    for i, word in enumerate(words):
        ahead = _NUMBER_AHEAD.search(plain.lower, max(0, word.start() - 40), word.start())
        if ahead is None:
            continue
        for length in range(min(_LONGEST_STREET_WORDS, len(words) - i), 0, -1):
            phrase = " ".join(w.group().replace(".", "") for w in words[i : i + length])
            if phrase in gazetteer.telling_names:
                yield Span(ahead.start(), words[i + length - 1].end(), "address")
                break


_SOMEBODY: Final = re.compile(
    r"\b(?:my|our|house|home|live[sd]?|living|neighbou?rs?|he|she|his|her|him|man|woman|guy|lady|boy|girl|kids?|"
    r"officers?|badge|report|case|incident|complaint|arrest\w*|mi|nuestr[oa]|casa|viv[eío]\w*|vecin[oa]s?|[eé]l|ella|"
    r"hombre|mujer|señora?|oficial(?:es)?|agente|reporte|caso|expediente|denuncia)\b"
)
_CROSSING: Final = re.compile(
    r"\b(?:corner|intersection|junction|esquina|cruce)\s+(?:of|de|con)\s+(?:the\s+)?[\w']+(?:\s+[\w']+)?\s*"
    r"(?:\band\b|&|/|\by\b|\bcon\b)\s*[\w']+"
)
_NAMED_CROSSING: Final = re.compile(
    rf"\b([A-Z][\w']+)(?:\s+{_TYPE}\b\.?)?\s*(?:&|/|@|\band\b|\by\b|\bx\b|\bat\b)\s*([A-Z][\w']+)",
)
_LOWER_CROSSING: Final = re.compile(
    r"\b([^\W\d_]{3,})\s*(?:&|/|@|\band\b|\bx\b|\by\b)\s*(?:san |santa |la |el )?([^\W\d_]{3,})"
)
_NAMED_STREET: Final = re.compile(rf"\b(?:[A-Z][\w']+\s+){{1,3}}(?i:{_TYPE})\b")


def doubtful_places(plain: Plain, gazetteer: Gazetteer) -> list[Span]:
    """Crossings, and the streets of a message that tells of somebody: who lives there may be known."""
    found = [match.span() for match in _CROSSING.finditer(plain.lower)]
    found += [
        match.span()
        for match in _NAMED_CROSSING.finditer(plain.text)
        if any(name.lower() in gazetteer.words for name in match.groups())
    ]
    found += [
        match.span()
        for match in _LOWER_CROSSING.finditer(plain.lower)
        if all(name in gazetteer.words for name in match.groups())
    ]
    if _SOMEBODY.search(plain.lower):
        found += [match.span() for match in _NAMED_STREET.finditer(plain.text)]
        found += _streets_of(plain, gazetteer)
    return [Span(start, end, "doubt") for start, end in found]


def _streets_of(plain: Plain, gazetteer: Gazetteer) -> Iterator[tuple[int, int]]:
    """Streets of this city, with their type or, where no ordinary word is called so, without."""
    words = list(_WORDS.finditer(plain.lower))
    named = gazetteer.streets | gazetteer.telling_names
    for i in range(len(words)):
        for length in range(min(_LONGEST_STREET_WORDS, len(words) - i), 0, -1):
            phrase = " ".join(w.group().replace(".", "") for w in words[i : i + length])
            if phrase in named:
                yield words[i].start(), words[i + length - 1].end()
                break
