"""Personal data in what residents write, found by rules that fail closed. Pure.

No language model: none can be had offline, and a rule can be read by whoever doubts it. What is found
is masked; what is doubtful is masked and held for a person; nothing is published on these rules alone.
"""

from __future__ import annotations

from collections.abc import Iterable

from community.redaction.doubts import PLACE_DOUBT, find_doubts
from community.redaction.names import find_names
from community.redaction.numbers import find_numbers
from community.redaction.online import find_online
from community.redaction.places import Gazetteer, find_places
from community.redaction.plain import Plain, tidy
from community.redaction.references import find_references
from community.redaction.second_look import SecondLook, says_something, seal_of, whole_lines
from community.redaction.spans import LABEL, Findings, Span, marked, mask, merged

__all__ = [
    "PLACE_DOUBT",
    "Findings",
    "Gazetteer",
    "SecondLook",
    "Span",
    "find_personal_data",
    "look_again",
    "marked",
    "mask",
    "says_something",
    "seal_of",
    "whole_lines",
]


def find_personal_data(text: str, *, gazetteer: Gazetteer | None = None) -> Findings:
    """Where personal data is, and whether a person must look before anything is published.

    ``text`` is the resident's own, English or Spanish. ``gazetteer`` holds the city's street and place
    names. Spans are in characters of ``text``, in order, without overlap. ``reasons`` says why a
    person must look, ``doubts`` where; ``hold_for_human`` is whether there is any reason.
    """
    gazetteer = gazetteer or Gazetteer()
    plain = Plain(tidy(LABEL.sub(lambda label: "§" * len(label.group()), text)))
    spans = [
        *find_online(plain),
        *find_places(plain, gazetteer),
        *find_numbers(plain),
        *find_references(plain),
    ]
    names, name_reasons = find_names(plain, gazetteer, known=merged(spans))
    spans = merged([*spans, *names])
    doubts, reasons = find_doubts(plain, spans, gazetteer)
    return Findings(
        _in_original(plain, spans),
        reasons=tuple(sorted(reasons | name_reasons)),
        doubts=_in_original(plain, doubts),
    )


def _in_original(plain: Plain, spans: Iterable[Span]) -> tuple[Span, ...]:
    """One sign of the original may be several of ours ("¼" is "1/4"), so spans can meet on the way back."""
    return tuple(merged(plain.in_original(span) for span in merged(spans)))


def look_again(text: str, answer: str, *, gazetteer: Gazetteer | None = None) -> SecondLook:
    """The same rules over what a person would publish of a message and of its answer."""
    found = [find_personal_data(words, gazetteer=gazetteer) for words in (text, answer)]
    return SecondLook(found[0], found[1], seal=seal_of(text, answer))
